//! Several nodes, a load through them, and how long each partition stands still.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aurora_actors::ingest::status::State;
use aurora_cluster::ClusterKey;
use aurora_node::http::cluster::{ClusterStatus, OwnedPartition};
use tokio::task::JoinHandle;

use crate::clickhouse::ClickHouse;
use crate::invariants::require_exactly_once;
use crate::kafka::Kafka;
use crate::load::{Load, PacedLoad, Produced};
use crate::node::{GossipOptions, Node, NodeOptions, stream_id};
use crate::process::free_port;
use crate::sandbox::{Sandbox, eventually};
use crate::stack::PATIENCE;

/// The name of the cluster of every test.
pub const CLUSTER: &str = "test";
/// How often standstill is looked for; it is measured to within this and the time between two inserts.
const PROBE_INTERVAL: Duration = Duration::from_millis(50);

/// What the nodes of a cluster have in common.
pub fn gossip_options(count: usize) -> Result<Vec<GossipOptions>> {
    let key = ClusterKey::generate().expose_base64().to_string();
    let addresses: Vec<SocketAddr> = (0..count)
        .map(|_| Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?))))
        .collect::<Result<_>>()?;
    let seeds: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
    let options = addresses.iter().map(|address| GossipOptions {
        name: CLUSTER.to_owned(),
        key: key.clone(),
        listen: *address,
        advertise: *address,
        seeds: seeds.clone(),
        capacity: 1,
    });
    Ok(options.collect())
}

/// Nodes that share the partitions of some topics.
pub struct Cluster {
    /// In the order of their names, `node-1` and so on.
    pub nodes: Vec<Node>,
}

impl Cluster {
    /// Starts `count` nodes that ingest `topics` and waits until they have shared out the partitions of
    /// those that exist.
    pub async fn start(
        sandbox: &Sandbox,
        kafka: &Kafka,
        clickhouse: &ClickHouse,
        topics: &[&str],
        count: usize,
    ) -> Result<Self> {
        let common = NodeOptions::new(kafka, clickhouse, topics);
        let gossip = gossip_options(count)?;
        let options = gossip.into_iter().enumerate().map(|(index, gossip)| NodeOptions {
            id: format!("node-{}", index + 1),
            cluster: Some(gossip),
            ..common.clone()
        });
        Self::with_options(sandbox, &options.collect::<Vec<_>>()).await
    }

    /// Starts nodes as they are described, all at once, and waits until each answers.
    pub async fn with_options(sandbox: &Sandbox, options: &[NodeOptions]) -> Result<Self> {
        let mut nodes = Vec::new();
        for options in options {
            nodes.push(Node::start(sandbox, options).await?);
        }
        Ok(Self { nodes })
    }

    /// The cluster as the first node that runs sees it.
    pub async fn status(&self) -> Result<ClusterStatus> {
        self.any()?.api().cluster().await
    }

    /// A node that runs.
    pub fn any(&self) -> Result<&Node> {
        let running = |node: &&Node| node.process().is_some_and(|process| process.is_running());
        self.nodes.iter().find(running).context("no node runs")
    }

    /// Waits until exactly `ready` nodes are ready and every one of `partitions` partitions works on the node
    /// that it is assigned to, in the eyes of every node that runs.
    pub async fn until_balanced(&self, ready: usize, partitions: usize) -> Result<ClusterStatus> {
        self.until_balanced_within(ready, partitions, PATIENCE).await
    }

    /// The same with a patience of one's own.
    pub async fn until_balanced_within(
        &self,
        ready: usize,
        partitions: usize,
        patience: Duration,
    ) -> Result<ClusterStatus> {
        let what = format!("{ready} nodes to share {partitions} partitions");
        eventually(&what, patience, async || {
            let mut last = None;
            for node in &self.nodes {
                if !node.process().is_some_and(|process| process.is_running()) {
                    continue;
                }
                let status = node.api().cluster().await?;
                let is_ready = status.nodes.iter().filter(|node| node.state == "ready").count() == ready
                    && status.nodes.len() == ready;
                let works = status.partitions.iter().filter(|partition| works(partition));
                ensure!(
                    is_ready && works.count() == partitions && status.partitions.len() == partitions,
                    "{} sees {}",
                    node.id(),
                    brief(&status)
                );
                last = Some(status);
            }
            anyhow::Ok(last)
        })
        .await
    }
}

/// Whether a partition works where it should.
fn works(partition: &OwnedPartition) -> bool {
    partition.owner == partition.planned && partition.state == State::Running
}

/// What is worth reading of a cluster's status when something does not come true: the nodes, and the partitions that
/// do not work.
fn brief(status: &ClusterStatus) -> String {
    let mut text = String::new();
    for node in &status.nodes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{} {}; ", node.id, node.state);
    }
    for partition in status.partitions.iter().filter(|partition| !works(partition)) {
        let name = |node: &Option<String>| node.clone().unwrap_or_else(|| "nobody".to_owned());
        let (owner, planned) = (name(&partition.owner), name(&partition.planned));
        let _ = write!(
            text,
            "{} {owner} (planned {planned}) {:?}; ",
            partition.partition, partition.state
        );
    }
    text
}

/// A load on its way through a topic, with a first part that was there before the nodes.
pub struct Flow {
    first: Load,
    first_produced: Produced,
    rest: Load,
    load: PacedLoad,
}

impl Flow {
    /// Makes the topic, with what belongs in its sample.
    pub async fn prepare(kafka: &Kafka, topic: &str, partitions: i32) -> Result<(Load, Produced)> {
        kafka.create_topic(topic, partitions, &[]).await?;
        let first = Load {
            events: 5_000,
            malformed_per_mille: 10,
            ..Load::new(topic, partitions)
        };
        let produced = first.produce(kafka).await?;
        Ok((first, produced))
    }

    /// Goes on with `events` more, `rate` a second.
    pub fn start(kafka: &Kafka, (first, produced): (Load, Produced), events: u64, rate: u32) -> Result<Self> {
        let rest = Load {
            first: first.events,
            events,
            ..first.clone()
        };
        Ok(Self {
            load: rest.paced(kafka, rate)?,
            first,
            first_produced: produced,
            rest,
        })
    }

    /// How many events of the load the brokers have.
    pub fn acknowledged(&self) -> u64 {
        self.load.acknowledged()
    }

    /// Waits until the brokers have more than `events` more than now.
    pub async fn until_more(&self, events: u64) -> Result<()> {
        let before = self.acknowledged();
        eventually("the load", PATIENCE, async || {
            self.acknowledged() > before + events
        })
        .await
    }

    /// Whether the load is still under way.
    pub fn is_running(&self) -> bool {
        self.load.acknowledged() < self.rest.events
    }

    /// Waits until the brokers have the whole load.
    pub async fn finish(self) -> Result<Finished> {
        let produced = self.load.finished().await?;
        Ok(Finished::new(
            self.first,
            &self.first_produced,
            self.rest,
            produced,
        ))
    }

    /// Ends the load where it is, and waits until the brokers have all of that.
    pub async fn stop(self) -> Result<Finished> {
        let produced = self.load.stop().await?;
        let rest = Load {
            events: produced.total(),
            ..self.rest
        };
        Ok(Finished::new(self.first, &self.first_produced, rest, produced))
    }
}

/// A load that the brokers have.
pub struct Finished {
    loads: [Load; 2],
    produced: Produced,
}

impl Finished {
    fn new(first: Load, first_produced: &Produced, rest: Load, produced: Produced) -> Self {
        Self {
            loads: [first, rest],
            produced: produced.and(first_produced),
        }
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.produced.total()
    }

    /// Waits until everything is consumed and journaled, and returns the table.
    pub async fn until_journaled(
        &self,
        cluster: &Cluster,
        kafka: &Kafka,
        clickhouse: &ClickHouse,
    ) -> Result<String> {
        let stream = stream_id(&self.loads[0].topic);
        clickhouse.until_up().await?;
        let api = cluster.any()?.api();
        let consumed = api.until_consumed(kafka, &stream, PATIENCE).await?;
        let query = format!("SELECT sum(last + 1 - first) FROM aurora.journal WHERE stream = '{stream}'");
        eventually("the journal", PATIENCE, async || {
            clickhouse.number(&query).await.map(|sum| sum == self.events())
        })
        .await?;
        consumed.table.context("the stream has no table")
    }

    /// Lets Aurora prove that everything is there exactly once, then proves it without Aurora.
    pub async fn require_exactly_once(
        &self,
        cluster: &Cluster,
        clickhouse: &ClickHouse,
        table: &str,
    ) -> Result<()> {
        let topic = &self.loads[0].topic;
        let report = cluster.any()?.api().audit(&stream_id(topic)).await?;
        ensure!(
            report.clean && !report.partitions.is_empty(),
            "the audit of {topic} says {:?} of {:?}",
            report.problems,
            report.partitions
        );
        self.require_rows(clickhouse, table).await
    }

    /// Proves it without Aurora.
    pub async fn require_rows(&self, clickhouse: &ClickHouse, table: &str) -> Result<()> {
        require_exactly_once(clickhouse, table, &self.loads, &self.produced).await
    }
}

/// From one insert into a partition to the next.
#[derive(Debug, Clone, Copy)]
pub struct Still {
    /// When the last row before was seen.
    pub from: Instant,
    /// When the next one was.
    pub to: Instant,
}

impl Still {
    /// How long it was.
    pub fn length(&self) -> Duration {
        self.to - self.from
    }
}

/// Watches how long the rows of each partition stand still while a load runs.
pub struct Standstill {
    longest: Arc<Mutex<BTreeMap<i32, Still>>>,
    task: JoinHandle<()>,
}

impl Standstill {
    /// Watches from now on. Partitions without a row are not watched yet.
    pub fn watch(clickhouse: &ClickHouse, table: &str) -> Self {
        let longest: Arc<Mutex<BTreeMap<i32, Still>>> = Arc::default();
        let query = format!("SELECT _partition, max(_offset) FROM {table} GROUP BY _partition");
        let (found, reader) = (longest.clone(), clickhouse.client());
        let task = tokio::spawn(async move {
            let mut seen: BTreeMap<i32, (i64, Instant)> = BTreeMap::new();
            loop {
                // While ClickHouse is away everything stands still, and that counts.
                let rows = reader.lines(&query).await.unwrap_or_default();
                let now = Instant::now();
                for (partition, offset) in rows.iter().filter_map(|row| pair(row)) {
                    let (last, since) = seen.entry(partition).or_insert((offset, now));
                    if offset > *last {
                        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                        let still = Still {
                            from: *since,
                            to: now,
                        };
                        let longest = found.entry(partition).or_insert(still);
                        if longest.length() < still.length() {
                            *longest = still;
                        }
                        (*last, *since) = (offset, now);
                    }
                }
                tokio::time::sleep(PROBE_INTERVAL).await;
            }
        });
        Self { longest, task }
    }

    /// The longest time that each partition has stood still between two of its inserts.
    pub fn longest(&self) -> BTreeMap<i32, Duration> {
        let longest = self.longest.lock().unwrap_or_else(PoisonError::into_inner);
        longest
            .iter()
            .map(|(partition, still)| (*partition, still.length()))
            .collect()
    }

    /// The longest of all partitions, and whose it was.
    pub fn worst(&self) -> Option<(i32, Still)> {
        let longest = self.longest.lock().unwrap_or_else(PoisonError::into_inner);
        let worst = longest.iter().max_by_key(|(_, still)| still.length());
        worst.map(|(partition, still)| (*partition, *still))
    }

    /// How long that was; nothing when no partition has had two inserts.
    pub fn worst_length(&self) -> Duration {
        self.worst().map(|(_, still)| still.length()).unwrap_or_default()
    }
}

impl Drop for Standstill {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn pair(row: &str) -> Option<(i32, i64)> {
    let (partition, offset) = row.split_once('\t')?;
    Some((partition.parse().ok()?, offset.parse().ok()?))
}
