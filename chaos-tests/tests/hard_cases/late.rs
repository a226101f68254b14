//! An answer of ClickHouse that comes late to one node only: after others have taken it for dead and replaced it. What
//! was asked has happened meanwhile, and who asked does not know.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use aurora_chaos_tests::process::free_port;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::stack::PATIENCE;
use aurora_chaos_tests::toxiproxy::{Direction, Proxy, Toxic, ToxicId, Toxiproxy};
use aurora_chaos_tests::udp_relay::{UdpFaults, UdpRelay};

use crate::{Ground, Scene, lead_through};

const PARTITIONS: i32 = 4;
const RATE: u32 = 2_000;
/// Longer than it takes to notice a death and to take over.
const LATE: Duration = Duration::from_secs(25);
/// How often it is tried.
const ROUNDS: u32 = 4;
/// A node that has written nothing for so long waits for an answer.
const DEAF: Duration = Duration::from_secs(2);

/// Two nodes that gossip through relays, of which the first reaches ClickHouse through a proxy.
struct Parted {
    scene: Scene<'static>,
    proxy: Proxy,
    relays: Vec<UdpRelay>,
    _toxiproxy: Toxiproxy,
}

impl Parted {
    async fn start(sandbox: &Sandbox, topic: &str) -> Result<Self> {
        let ground = Ground::prepare(sandbox, topic, PARTITIONS).await?;
        let toxiproxy = Toxiproxy::start(sandbox).await?;
        let proxy = toxiproxy.before_clickhouse(&ground.clickhouse).await?;
        let mut nodes = ground.nodes(2)?;
        let mut relays = Vec::new();
        for node in &mut nodes {
            let gossip = node.cluster.as_mut().context("the nodes are of a cluster")?;
            // Others look for it where the relay is; it listens elsewhere.
            let front = gossip.listen;
            gossip.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
            relays.push(UdpRelay::start(front, gossip.listen, 1).await?);
        }
        lead_through(&proxy, &mut nodes[0]);
        let scene = ground.start(sandbox, &nodes, RATE).await?;
        scene.until_flowing().await?;
        Ok(Self {
            scene,
            proxy,
            relays,
            _toxiproxy: toxiproxy,
        })
    }

    /// From now on answers come to node-1 as `toxic` says, and gossip to nobody. Returns once node-2 has all
    /// partitions, and node-1 still waits to hear of what it wrote. A machine that is too busy for that gets another try.
    async fn part(&self, toxic: Toxic, at_most: Duration) -> Result<ToxicId> {
        for _ in 0..ROUNDS {
            let (id, took) = self.try_to_part(toxic).await?;
            if took < at_most {
                return Ok(id);
            }
            eprintln!("the answer came before the takeover, which took {took:?}: once more");
            self.reunite(&id).await?;
        }
        bail!("answers came before the takeover, {ROUNDS} times");
    }

    /// The same, and how long it took.
    async fn try_to_part(&self, toxic: Toxic) -> Result<(ToxicId, Duration)> {
        let scene = &self.scene;
        let its = scene.partitions_of("node-1").await?;
        let count = format!("SELECT count() FROM {} WHERE _partition IN ({its})", scene.table);
        let parted = Instant::now();
        let toxic = self.proxy.add(toxic, Direction::ToClient).await?;
        // It writes ten times a second, as long as it hears.
        let mut last = (0, Instant::now());
        eventually("node-1 to wait for an answer", PATIENCE, async || {
            let landed = scene.clickhouse.number(&count).await?;
            if landed != last.0 {
                last = (landed, Instant::now());
            }
            anyhow::Ok(last.1.elapsed() > DEAF)
        })
        .await?;
        let unheard = scene.past_journal(&its).await?;
        self.gossip(1.0);
        scene.until_taken_from(&["node-1"]).await?;
        eprintln!(
            "node-2 has all {:?} after the toxic; {unheard} rows were past the journal",
            parted.elapsed()
        );
        Ok((toxic, parted.elapsed()))
    }

    fn gossip(&self, loss: f64) {
        for relay in &self.relays {
            relay.set(UdpFaults {
                loss,
                ..UdpFaults::default()
            });
        }
    }

    async fn reunite(&self, toxic: &ToxicId) -> Result<()> {
        self.gossip(0.0);
        self.proxy.remove(toxic).await?;
        self.scene
            .cluster
            .until_balanced(2, self.scene.partitions)
            .await?;
        self.scene.until_flowing().await
    }

    async fn heal(self, toxic: &ToxicId) -> Result<()> {
        self.reunite(toxic).await?;
        self.scene.require_exactly_once().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_comes_after_the_takeover_changes_nothing() -> Result<()> {
    Sandbox::run("hard-late", async |sandbox| {
        let parted = Parted::start(sandbox, "hard-late").await?;
        let started = Instant::now();
        let latency = Toxic::Latency {
            delay: LATE,
            jitter: Duration::ZERO,
        };
        let toxic = parted.part(latency, LATE).await?;
        // It learns that its insert has landed, and goes on, in an epoch that is over.
        let node = parted.scene.cluster.nodes[0].process().context("node-1 runs")?;
        eventually("node-1 to find its epoch over", PATIENCE, async || {
            node.find_in_log("the epoch has ended").is_some() || node.find_in_log("aurora-fenced").is_some()
        })
        .await?;
        ensure!(started.elapsed() >= LATE, "the answer was not late");
        eprintln!("node-1 found its epoch over after {:?}", started.elapsed());
        parted.heal(&toxic).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_never_comes_changes_nothing() -> Result<()> {
    Sandbox::run("hard-never", async |sandbox| {
        let parted = Parted::start(sandbox, "hard-never").await?;
        let started = Instant::now();
        let silence = Toxic::Timeout {
            after: Duration::ZERO,
        };
        let toxic = parted.part(silence, PATIENCE).await?;
        let node = parted.scene.cluster.nodes[0].process().context("node-1 runs")?;
        eventually("node-1 to give up waiting", PATIENCE, async || {
            // ClickHouse ends a connection on which nothing is asked for 30 s; without that, it would be 45 s.
            node.find_in_log("the epoch has ended")
        })
        .await?;
        eprintln!("node-1 gave up waiting after {:?}", started.elapsed());
        parted.heal(&toxic).await
    })
    .await
}
