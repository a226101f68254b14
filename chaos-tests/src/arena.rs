//! Three nodes in namespaces of their own, three brokers and a ClickHouse behind proxies: where schedules of faults
//! are carried out, under load, and judged.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aurora_actors::store::Login;
use aurora_cluster::ClusterKey;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::clickhouse::ClickHouse;
use crate::cluster::{CLUSTER, Cluster, Finished, Flow, Standstill};
use crate::faults::{BROKERS, Fault, FaultKind, Schedule, ScheduledFault};
use crate::kafka::{Kafka, KafkaOptions, quick_homecoming};
use crate::netns::Network;
use crate::node::{GossipOptions, NodeOptions, stream_id};
use crate::sandbox::{Sandbox, eventually};
use crate::toxiproxy::{Proxy, Toxiproxy, bootstrap_servers};
use crate::udp_relay::{UdpFaults, UdpRelay};

/// Nodes of the arena.
pub const NODES: usize = 3;
/// Partitions of each run's topic.
pub const PARTITIONS: i32 = 6;
/// Events a second.
const RATE: u32 = 2_000;
/// Enough for a quarter of an hour; a run stops it when it is over.
const MOST_EVENTS: u64 = 15 * 60 * RATE as u64;
/// What a node sends to clients, and they to it: it serves an address that is not loopback.
const TOKEN: &str = "chaos";
const GOSSIP_PORT: u16 = 7_946;
/// How long everything may take to come to rest after the last fault.
const REST: Duration = Duration::from_secs(180);

/// How gossip travels. What drops packets between namespaces cannot see through relays, and there is no other way to
/// delay datagrams: so each run has one or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gossip {
    /// From namespace to namespace.
    Direct,
    /// Through a relay before each node.
    Relayed,
}

/// What a run came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// What decided the faults.
    pub seed: u64,
    /// How gossip travelled.
    pub gossip: Gossip,
    /// The faults.
    pub schedule: Schedule,
    /// Events produced.
    pub events: u64,
    /// Offsets that are neither a row nor a dead letter.
    pub lost: u64,
    /// Rows and dead letters beyond the first of an offset.
    pub doubled: u64,
    /// When each fault of the schedule began and was over, in milliseconds of the run; `None` for one that was left
    /// out. What has been restarted is back at the end.
    pub inflicted_ms: Vec<Option<(u64, u64)>>,
    /// The longest that a partition stood still: from when to when, in milliseconds of the run.
    pub standstill_ms: (u64, u64),
    /// Which partition that was.
    pub standstill_of: i32,
    /// Epochs that were taken.
    pub epochs: u64,
}

impl Report {
    /// How long the longest standstill was, in milliseconds.
    pub fn standstill_length_ms(&self) -> u64 {
        self.standstill_ms.1 - self.standstill_ms.0
    }

    /// For how much of the longest standstill ClickHouse was killed, frozen or cut off, in milliseconds.
    pub fn without_clickhouse_ms(&self) -> u64 {
        let (from, to) = self.standstill_ms;
        let is_away = |fault: &Fault| {
            matches!(
                fault,
                Fault::ClickHouseKill | Fault::ClickHousePause | Fault::ClickHouseCut
            )
        };
        let faults = self.schedule.faults.iter().zip(&self.inflicted_ms);
        let mut away: Vec<(u64, u64)> = faults
            .filter(|(scheduled, _)| is_away(&scheduled.fault))
            .filter_map(|(_, times)| *times)
            .map(|(start, end)| (start.max(from), end.min(to)))
            .filter(|(start, end)| start < end)
            .collect();
        away.sort_unstable();
        let (mut covered, mut until) = (0, from);
        for (start, end) in away {
            covered += end.saturating_sub(start.max(until));
            until = until.max(end);
        }
        covered
    }

    /// The faults that fell into the longest standstill, a line each.
    pub fn around_standstill(&self) -> String {
        let (from, to) = self.standstill_ms;
        let seconds = |ms: u64| ms as f64 / 1_000.0;
        let faults = self.schedule.faults.iter().zip(&self.inflicted_ms);
        faults
            .filter_map(|(fault, times)| times.map(|(start, end)| (fault, start, end)))
            .filter(|(_, start, end)| *start < to && *end > from)
            .map(|(fault, start, end)| {
                format!(
                    "{:8.1} s to {:6.1} s  {}\n",
                    seconds(start),
                    seconds(end),
                    fault.fault
                )
            })
            .collect()
    }
}

/// The services and the network, for several runs.
pub struct Arena<'a> {
    sandbox: &'a Sandbox,
    proxies: Vec<Proxy>,
    clickhouse_proxy: Proxy,
    _toxiproxy: Toxiproxy,
    kafka: Kafka,
    clickhouse: ClickHouse,
    network: Network,
    key: String,
    turns: Turns,
}

/// Held by a fault while it lasts, so that nothing is broken twice.
#[derive(Default)]
struct Turns {
    nodes: [Mutex<()>; NODES],
    brokers: Mutex<()>,
    proxies: [Mutex<()>; BROKERS],
    clickhouse: Mutex<()>,
    clickhouse_proxy: Mutex<()>,
    links: Mutex<()>,
    datagrams: Mutex<()>,
}

impl Turns {
    fn of(&self, fault: &Fault) -> &Mutex<()> {
        match fault {
            Fault::NodeKill { node } | Fault::NodePause { node } | Fault::NodeRestart { node } => {
                &self.nodes[*node]
            }
            Fault::BrokerKill { .. } | Fault::LeaderChange { .. } => &self.brokers,
            Fault::ClickHouseKill | Fault::ClickHousePause => &self.clickhouse,
            Fault::ClickHouseToxic { .. } | Fault::ClickHouseCut => &self.clickhouse_proxy,
            Fault::Gossip(_) => &self.links,
            Fault::GossipDelay { .. } => &self.datagrams,
            Fault::KafkaToxic { broker, .. } => &self.proxies[*broker],
        }
    }
}

impl<'a> Arena<'a> {
    /// Starts the services.
    pub async fn start(sandbox: &'a Sandbox) -> Result<Self> {
        let network = Network::new(NODES)?;
        let options = KafkaOptions {
            brokers: BROKERS,
            proxy_host: network.host(),
            properties: quick_homecoming(),
            ..KafkaOptions::default()
        };
        let kafka = Kafka::start(sandbox, options).await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let toxiproxy = Toxiproxy::start(sandbox).await?;
        Ok(Self {
            sandbox,
            proxies: toxiproxy.before_kafka(&kafka).await?,
            clickhouse_proxy: toxiproxy
                .before_clickhouse_on(&clickhouse, network.host())
                .await?,
            _toxiproxy: toxiproxy,
            kafka,
            clickhouse,
            network,
            key: ClusterKey::generate().expose_base64().to_string(),
            turns: Turns::default(),
        })
    }

    /// Carries out the schedule of `seed`, `duration` long, on new nodes and a new topic, and judges what came of
    /// it. An error is one of the arena, or a judgement that is not that everything is there exactly once.
    pub async fn run(&self, seed: u64, duration: Duration) -> Result<Report> {
        let gossip = if seed.is_multiple_of(2) {
            Gossip::Direct
        } else {
            Gossip::Relayed
        };
        let schedule = Schedule::random(seed, duration, &kinds(gossip), NODES);
        eprintln!("{gossip:?} gossip, {schedule}");
        let topic = format!("chaos-{seed}");
        let sample = Flow::prepare(&self.kafka, &topic, PARTITIONS).await?;
        let relays = self.relays(gossip, seed).await?;
        let cluster = Cluster::with_options(self.sandbox, &self.nodes(&topic, &relays)).await?;
        cluster.until_balanced(NODES, PARTITIONS as usize).await?;
        let stream = cluster.any()?.api().stream(&stream_id(&topic)).await?;
        let table = stream.table.context("the stream has no table")?;
        let standstill = Standstill::watch(&self.clickhouse, &table);
        // Faults begin when the load does, and it outlasts them.
        let flow = Flow::start(&self.kafka, sample, MOST_EVENTS, RATE)?;
        let started = Instant::now();
        let faults = schedule.faults.iter().map(|fault| async {
            let what = fault.fault.to_string();
            self.inflict(&cluster, &relays, &topic, started, fault)
                .await
                .with_context(|| format!("when {what}"))
        });
        let inflicted_ms = try_join_all(faults).await?;
        self.network.heal()?;
        ensure!(flow.is_running(), "the load ended before the faults did");
        let flow = flow.stop().await?;
        eventually("all nodes to work", REST, async || {
            cluster
                .until_balanced(NODES, PARTITIONS as usize)
                .await
                .map(|_| true)
        })
        .await?;
        let (lost, doubled) = self.differences(&flow, &cluster, &topic).await?;
        ensure!(
            lost == 0 && doubled == 0,
            "{lost} events are lost and {doubled} doubled"
        );
        flow.require_exactly_once(&cluster, &self.clickhouse, &table)
            .await?;
        let epochs = format!(
            "SELECT count() FROM aurora.owners WHERE stream = '{}'",
            stream_id(&topic)
        );
        let (standstill_of, still) = standstill.worst().context("nothing was written")?;
        let ms = |at: Instant| u64::try_from(at.saturating_duration_since(started).as_millis());
        let report = Report {
            seed,
            gossip,
            events: flow.events(),
            lost,
            doubled,
            inflicted_ms,
            standstill_ms: (ms(still.from)?, ms(still.to)?),
            standstill_of,
            epochs: self.clickhouse.number(&epochs).await?,
            schedule,
        };
        // The nodes of the next run find what these have registered.
        let removed = cluster
            .any()?
            .api()
            .delete(&format!("/api/v1/streams/{}", stream_id(&topic)))
            .await?;
        ensure!(
            removed.status.is_success(),
            "the stream is not removed: {removed:?}"
        );
        for node in &cluster.nodes {
            node.terminate().await?;
        }
        Ok(report)
    }

    /// A relay before each node, if gossip is to travel through them.
    async fn relays(&self, gossip: Gossip, seed: u64) -> Result<Vec<UdpRelay>> {
        let mut relays = Vec::new();
        for member in self
            .network
            .members()
            .iter()
            .filter(|_| gossip == Gossip::Relayed)
        {
            let listen = SocketAddr::from((self.network.host(), 0));
            let target = SocketAddr::from((member.address(), GOSSIP_PORT));
            relays.push(UdpRelay::start(listen, target, seed).await?);
        }
        Ok(relays)
    }

    fn nodes(&self, topic: &str, relays: &[UdpRelay]) -> Vec<NodeOptions> {
        let through_proxy = |login: &Login| Login {
            url: format!("http://{}", self.clickhouse_proxy.address()),
            ..login.clone()
        };
        let members = self.network.members();
        let addresses: Vec<SocketAddr> = match relays {
            [] => members
                .iter()
                .map(|member| (member.address(), GOSSIP_PORT).into())
                .collect(),
            relays => relays.iter().map(UdpRelay::address).collect(),
        };
        let seeds: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
        let options = members.iter().zip(&addresses).enumerate();
        options
            .map(|(index, (member, advertise))| NodeOptions {
                id: format!("node-{index}"),
                writer: through_proxy(self.clickhouse.writer()),
                reader: through_proxy(self.clickhouse.reader()),
                brokers: bootstrap_servers(&self.proxies),
                token: Some(TOKEN.to_owned()),
                cluster: Some(GossipOptions {
                    name: CLUSTER.to_owned(),
                    key: self.key.clone(),
                    listen: (Ipv4Addr::UNSPECIFIED, GOSSIP_PORT).into(),
                    advertise: *advertise,
                    seeds: seeds.clone(),
                    capacity: 1,
                }),
                member: Some(member.clone()),
                ..NodeOptions::new(&self.kafka, &self.clickhouse, &[topic])
            })
            .collect()
    }

    /// Waits for a fault's time and makes it; from when to when it lasted, in milliseconds.
    async fn inflict(
        &self,
        cluster: &Cluster,
        relays: &[UdpRelay],
        topic: &str,
        started: Instant,
        scheduled: &ScheduledFault,
    ) -> Result<Option<(u64, u64)>> {
        let ScheduledFault { start, end, fault } = scheduled;
        tokio::time::sleep_until((started + *start).into()).await;
        // What a fault before has broken may take longer to come back than the schedule thought.
        let _turn = self.turns.of(fault).lock().await;
        if started.elapsed() >= *end {
            eprintln!("left out, since what it was to break was not back in time: {fault}");
            return Ok(None);
        }
        let now_ms = || u64::try_from(started.elapsed().as_millis());
        let begun = now_ms()?;
        self.make(cluster, relays, topic, fault, started + *end).await?;
        Ok(Some((begun, now_ms()?)))
    }

    /// Makes a fault, and makes it good again at `end`.
    async fn make(
        &self,
        cluster: &Cluster,
        relays: &[UdpRelay],
        topic: &str,
        fault: &Fault,
        end: Instant,
    ) -> Result<()> {
        let until = |at: Instant| tokio::time::sleep_until(at.into());
        match fault {
            Fault::NodeKill { node } => {
                cluster.nodes[*node].kill9()?;
                until(end).await;
                cluster.nodes[*node].start_again().await
            }
            Fault::NodeRestart { node } => {
                cluster.nodes[*node].terminate().await?;
                until(end).await;
                cluster.nodes[*node].start_again().await
            }
            Fault::NodePause { node } => {
                let process = cluster.nodes[*node].process().context("the node runs")?;
                process.pause()?;
                until(end).await;
                process.resume()
            }
            Fault::Gossip(fault) => {
                let id = self.network.add(fault.clone())?;
                until(end).await;
                self.network.remove(id)
            }
            Fault::GossipDelay { delay, jitter } => {
                let late = UdpFaults {
                    delay: *delay,
                    jitter: *jitter,
                    ..UdpFaults::default()
                };
                relays.iter().for_each(|relay| relay.set(late));
                until(end).await;
                relays.iter().for_each(|relay| relay.set(UdpFaults::default()));
                Ok(())
            }
            Fault::BrokerKill { broker } => {
                self.kafka.stop_broker(*broker)?;
                until(end).await;
                self.kafka.start_broker(*broker).await
            }
            Fault::LeaderChange { partition } => {
                let leader = self.kafka.leader(topic, *partition).await?;
                self.kafka.terminate_broker(leader).await?;
                until(end).await;
                self.kafka.start_broker(leader).await
            }
            Fault::KafkaToxic {
                broker,
                toxic,
                direction,
            } => {
                let proxy = &self.proxies[*broker];
                let id = proxy.add(*toxic, *direction).await?;
                until(end).await;
                proxy.remove(&id).await
            }
            Fault::ClickHouseToxic { toxic, direction } => {
                let id = self.clickhouse_proxy.add(*toxic, *direction).await?;
                until(end).await;
                self.clickhouse_proxy.remove(&id).await
            }
            Fault::ClickHouseKill => {
                self.clickhouse.kill9().await?;
                self.clickhouse.until_up().await
            }
            Fault::ClickHousePause => {
                self.clickhouse.pause().await?;
                until(end).await;
                self.clickhouse.resume().await
            }
            Fault::ClickHouseCut => {
                self.clickhouse_proxy.cut().await?;
                until(end).await;
                self.clickhouse_proxy.restore().await
            }
        }
    }

    /// How many offsets are missing, and how many are there more than once, once everything is consumed.
    async fn differences(&self, flow: &Finished, cluster: &Cluster, topic: &str) -> Result<(u64, u64)> {
        let table = flow
            .until_journaled(cluster, &self.kafka, &self.clickhouse)
            .await?;
        let query = format!(
            "SELECT count(), uniqExact(p, o) FROM (SELECT _partition AS p, _offset AS o FROM {table} UNION ALL
             SELECT partition, offset FROM aurora.dead_letters WHERE stream = '{}')",
            stream_id(topic)
        );
        let line = self.clickhouse.line(&query).await?;
        let (all, distinct) = line.split_once('\t').context("two numbers")?;
        let (all, distinct): (u64, u64) = (all.parse()?, distinct.parse()?);
        Ok((flow.events().saturating_sub(distinct), all - distinct))
    }
}

/// The faults that can be made.
fn kinds(gossip: Gossip) -> Vec<FaultKind> {
    let is_possible = |kind: &FaultKind| match kind {
        FaultKind::GossipSplit | FaultKind::GossipOneWay | FaultKind::GossipLoss => gossip == Gossip::Direct,
        FaultKind::GossipDelay => gossip == Gossip::Relayed,
        _ => true,
    };
    FaultKind::ALL.into_iter().filter(is_possible).collect()
}
