//! The hard cases, each by itself: what random faults meet seldom or never, made on purpose, under load. Each ends
//! with everything there exactly once.
//!
//! | module | case |
//! |---|---|
//! | `thousand` | a thousand partitions are taken over at once |
//! | `clocks` | clocks an hour apart, and one that is set back |
//! | `journal` | the journal cannot be written while rows land, and its writer is killed |
//! | `frozen` | nodes that freeze before, in the middle of and after an insert, for longer than every time-out |
//! | `away` | ClickHouse is away for a minute |
//! | `late` | an answer of ClickHouse that comes after the takeover, or never |
//!
//!     cargo test --workspace --test hard_cases
//!
//! What is left out for its length:
//!
//!     cargo test --workspace --test hard_cases -- --ignored --nocapture

mod away;
mod clocks;
mod frozen;
mod journal;
mod late;
mod thousand;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_actors::store::Login;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::cluster::{Cluster, Flow, gossip_options};
use aurora_chaos_tests::invariants::landed_past_journal;
use aurora_chaos_tests::kafka::Kafka;
use aurora_chaos_tests::load::{Load, Produced};
use aurora_chaos_tests::node::{NodeOptions, stream_id};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::shared;
use aurora_chaos_tests::stack::PATIENCE;
use aurora_chaos_tests::toxiproxy::Proxy;

/// More than any test takes; it stops the load when it has seen enough.
const LOAD_SECONDS: u64 = 900;

/// A topic with its sample, and a ClickHouse: what there is before the nodes.
struct Ground<'a> {
    kafka: &'a Kafka,
    clickhouse: ClickHouse,
    topic: String,
    partitions: i32,
    sample: (Load, Produced),
}

impl Ground<'static> {
    /// On the Kafka of all tests.
    async fn prepare(sandbox: &Sandbox, topic: &str, partitions: i32) -> Result<Self> {
        Self::on(shared::kafka().await?, sandbox, topic, partitions).await
    }
}

impl<'a> Ground<'a> {
    async fn on(kafka: &'a Kafka, sandbox: &Sandbox, topic: &str, partitions: i32) -> Result<Self> {
        Ok(Self {
            kafka,
            sample: Flow::prepare(kafka, topic, partitions).await?,
            clickhouse: ClickHouse::start(sandbox).await?,
            topic: topic.to_owned(),
            partitions,
        })
    }

    /// `node-1` and so on, of one cluster, to be changed before they start.
    fn nodes(&self, count: usize) -> Result<Vec<NodeOptions>> {
        let gossip = gossip_options(count)?.into_iter().enumerate();
        let options = gossip.map(|(index, gossip)| NodeOptions {
            id: format!("node-{}", index + 1),
            cluster: Some(gossip),
            ..NodeOptions::new(self.kafka, &self.clickhouse, &[&self.topic])
        });
        Ok(options.collect())
    }

    /// Starts the nodes, waits until they share the partitions, and begins the load of `rate` events a second.
    async fn start(self, sandbox: &Sandbox, nodes: &[NodeOptions], rate: u32) -> Result<Scene<'a>> {
        let cluster = Cluster::with_options(sandbox, nodes).await?;
        let partitions = usize::try_from(self.partitions)?;
        cluster
            .until_balanced_within(nodes.len(), partitions, 2 * PATIENCE)
            .await?;
        let stream = cluster.any()?.api().stream(&stream_id(&self.topic)).await?;
        Ok(Scene {
            kafka: self.kafka,
            cluster,
            flow: Flow::start(self.kafka, self.sample, LOAD_SECONDS * u64::from(rate), rate)?,
            clickhouse: self.clickhouse,
            table: stream.table.context("the stream has no table")?,
            topic: self.topic,
            partitions,
        })
    }
}

/// Nodes under load.
struct Scene<'a> {
    cluster: Cluster,
    kafka: &'a Kafka,
    clickhouse: ClickHouse,
    flow: Flow,
    table: String,
    topic: String,
    partitions: usize,
}

impl Scene<'_> {
    /// Waits until every partition has more rows than when this was called.
    async fn until_flowing(&self) -> Result<()> {
        self.until_flowing_within(PATIENCE).await
    }

    /// The same with a patience of one's own.
    async fn until_flowing_within(&self, patience: Duration) -> Result<()> {
        let before = self.last_offsets().await?;
        eventually("all partitions to flow", patience, async || {
            let now = self.last_offsets().await?;
            let moved = now
                .iter()
                .filter(|(partition, offset)| before.get(partition) < Some(offset));
            let moved = moved.count();
            ensure!(
                moved == self.partitions,
                "{moved} of {} partitions flow",
                self.partitions
            );
            anyhow::Ok(true)
        })
        .await
    }

    /// The highest offset of each partition of which there is a row.
    async fn last_offsets(&self) -> Result<BTreeMap<i32, u64>> {
        let query = format!("SELECT _partition, max(_offset) FROM {} GROUP BY 1", self.table);
        let mut offsets = BTreeMap::new();
        for line in self.clickhouse.lines(&query).await? {
            let (partition, offset) = line.split_once('\t').context("two columns")?;
            offsets.insert(partition.parse()?, offset.parse()?);
        }
        Ok(offsets)
    }

    /// Who holds the highest epoch of each partition.
    async fn owners(&self) -> Result<BTreeMap<i32, String>> {
        let query = format!(
            "SELECT partition, argMax(node, epoch) FROM aurora.owners WHERE stream = '{}' GROUP BY partition",
            stream_id(&self.topic)
        );
        let mut owners = BTreeMap::new();
        for line in self.clickhouse.lines(&query).await? {
            let (partition, node) = line.split_once('\t').context("two columns")?;
            owners.insert(partition.parse()?, node.to_owned());
        }
        Ok(owners)
    }

    /// The partitions that a node owns, as a list in SQL.
    async fn partitions_of(&self, node: &str) -> Result<String> {
        let owners = self.owners().await?;
        let its = owners.iter().filter(|(_, owner)| *owner == node);
        let its: Vec<String> = its.map(|(partition, _)| partition.to_string()).collect();
        ensure!(!its.is_empty(), "{node} owns nothing: {owners:?}");
        Ok(its.join(","))
    }

    /// Waits until no partition is owned by any of `nodes`.
    async fn until_taken_from(&self, nodes: &[&str]) -> Result<()> {
        let what = format!("everything to be taken from {nodes:?}");
        eventually(&what, PATIENCE, async || {
            let owners = self.owners().await?;
            let is_taken = owners.values().all(|owner| !nodes.contains(&owner.as_str()));
            ensure!(
                is_taken && owners.len() == self.partitions,
                "owners are {owners:?}"
            );
            anyhow::Ok(true)
        })
        .await
    }

    /// How many inserts of `kind` (`rows`, `dead`, `journal`) of a node ClickHouse works on, for at least so long.
    async fn inserts_under_way(&self, node: &str, kind: &str, at_least: Duration) -> Result<u64> {
        let query = format!(
            "SELECT count() FROM system.processes WHERE match(query_id, '^aurora/insert/{}/[0-9]+/{kind}/{node}/')
             AND elapsed >= {}",
            stream_id(&self.topic),
            at_least.as_secs_f64()
        );
        self.clickhouse.number(&query).await
    }

    /// Rows and dead letters of these partitions that have landed past the end of the journal.
    async fn past_journal(&self, partitions: &str) -> Result<u64> {
        let (table, stream) = (&self.table, stream_id(&self.topic));
        let query = format!(
            "SELECT count() FROM (
                SELECT _partition AS partition, _offset AS offset FROM {table}
                UNION ALL SELECT partition, offset FROM aurora.dead_letters WHERE stream = '{stream}'
             ) AS landed INNER JOIN (
                SELECT partition, max(last) + 1 AS next FROM aurora.journal WHERE stream = '{stream}' GROUP BY partition
             ) AS journal USING partition WHERE partition IN ({partitions}) AND offset >= next"
        );
        self.clickhouse.number(&query).await
    }

    /// Ends the load, waits until all of it is journaled, and requires that everything is there exactly once, and
    /// that nothing is past the journal.
    async fn require_exactly_once(self) -> Result<()> {
        ensure!(self.flow.is_running(), "the load ended before the test did");
        let flow = self.flow.stop().await?;
        let table = flow
            .until_journaled(&self.cluster, self.kafka, &self.clickhouse)
            .await?;
        flow.require_exactly_once(&self.cluster, &self.clickhouse, &table)
            .await?;
        let past = landed_past_journal(&self.clickhouse, &table, &stream_id(&self.topic)).await?;
        ensure!(past == 0, "{past} rows and dead letters are past the journal");
        eprintln!("{}: {} events, each exactly once", self.topic, flow.events());
        Ok(())
    }
}

/// Lets a node reach ClickHouse through a proxy only.
fn lead_through(proxy: &Proxy, node: &mut NodeOptions) {
    let lead = |login: &mut Login| login.url = format!("http://{}", proxy.address());
    lead(&mut node.writer);
    lead(&mut node.reader);
}
