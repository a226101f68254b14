//! Nodes that stand still at the worst moments, for longer than every time-out, and then go on.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::node::Node;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::stack::PATIENCE;
use aurora_chaos_tests::toxiproxy::{Direction, Toxic, Toxiproxy};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::{Ground, Scene, lead_through};

/// Two for each node.
const PARTITIONS: i32 = 10;
const NODES: usize = 5;
const RATE: u32 = 5_000;
/// A node waits 45 s for an insert.
const FREEZE: Duration = Duration::from_secs(60);
/// What a frozen node has handed to the kernel is with ClickHouse by then.
const ON_ITS_WAY: Duration = Duration::from_millis(500);
/// So little of an insert passes that it takes long enough to be seen.
const TRICKLE: Toxic = Toxic::Bandwidth {
    kilobytes_per_second: 40,
};
const SEED_VARIABLE: &str = "AURORA_CHAOS_SEED";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_frozen_before_in_the_middle_of_and_after_an_insert_write_nothing_that_counts() -> Result<()> {
    Sandbox::run("hard-frozen", async |sandbox| {
        freeze_all(sandbox, "hard-frozen", seed()).await
    })
    .await
}

/// The same with other moments, which follow from seeds; `AURORA_CHAOS_SEED` is the first one.
///
///     cargo test --workspace --test hard_cases -- --ignored --nocapture other_moments
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some twelve minutes"]
async fn nodes_frozen_at_other_moments_write_nothing_that_counts() -> Result<()> {
    for seed in (seed()..).take(5) {
        let topic = format!("hard-frozen-{seed}");
        Sandbox::run(&topic, async |sandbox| freeze_all(sandbox, &topic, seed).await).await?;
    }
    Ok(())
}

fn seed() -> u64 {
    let given = std::env::var(SEED_VARIABLE)
        .ok()
        .and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(rand::random)
}

async fn freeze_all(sandbox: &Sandbox, topic: &str, seed: u64) -> Result<()> {
    eprintln!("{SEED_VARIABLE}={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let ground = Ground::prepare(sandbox, topic, PARTITIONS).await?;
    let toxiproxy = Toxiproxy::start(sandbox).await?;
    let proxy = toxiproxy.before_clickhouse(&ground.clickhouse).await?;
    let mut nodes = ground.nodes(NODES)?;
    lead_through(&proxy, &mut nodes[2]);
    let scene = ground.start(sandbox, &nodes, RATE).await?;
    scene.until_flowing().await?;
    let [_, after, middle, before, before_too] = &scene.cluster.nodes[..] else {
        anyhow::bail!("there are not {NODES} nodes");
    };
    let trickle = proxy.add(TRICKLE, Direction::ToServer).await?;

    // Some of the load is being read or lies ready at any moment; none of it is on its way.
    for node in [before, before_too] {
        tokio::time::sleep(Duration::from_millis(random.random_range(0..1_500))).await;
        scene
            .freeze_when(node, "before an insert", async || {
                Ok(scene.inserts_under_way(node.id(), ".*", Duration::ZERO).await? == 0)
            })
            .await?;
    }
    let its = scene.partitions_of(after.id()).await?;
    scene
        .freeze_when(
            after,
            "after an insert and before its journal entry",
            async || {
                let none = scene.inserts_under_way(after.id(), ".*", Duration::ZERO).await? == 0;
                Ok(none && scene.past_journal(&its).await? > 0)
            },
        )
        .await?;
    scene
        .freeze_when(middle, "in the middle of an insert", async || {
            Ok(scene.inserts_under_way(middle.id(), "rows", ON_ITS_WAY).await? > 0)
        })
        .await?;
    let frozen = Instant::now();
    scene
        .until_taken_from(&["node-2", "node-3", "node-4", "node-5"])
        .await?;
    eprintln!(
        "node-1 has everything {:?} after the last freeze",
        frozen.elapsed()
    );
    scene.until_flowing().await?;
    let epochs = scene
        .clickhouse
        .number("SELECT max(epoch) FROM aurora.owners")
        .await?;
    tokio::time::sleep(FREEZE.saturating_sub(frozen.elapsed())).await;
    proxy.remove(&trickle).await?;
    for node in &scene.cluster.nodes[1..] {
        node.process().context("it was frozen, not ended")?.resume()?;
    }
    scene.cluster.until_balanced(NODES, scene.partitions).await?;
    let later = scene
        .clickhouse
        .number("SELECT max(epoch) FROM aurora.owners")
        .await?;
    ensure!(later > epochs, "those who came back got nothing");
    scene.until_flowing().await?;
    scene.require_exactly_once().await
}

impl Scene<'_> {
    /// Freezes a node at a moment of which `is_right` is true, and still is once nothing of the node is on its way.
    async fn freeze_when(
        &self,
        node: &Node,
        moment: &str,
        is_right: impl AsyncFn() -> Result<bool>,
    ) -> Result<()> {
        let process = node.process().context("it does not run")?;
        let mut tries = 0;
        eventually(
            &format!("{} to be frozen {moment}", node.id()),
            PATIENCE,
            async || {
                if !is_right().await? {
                    return Ok(false);
                }
                tries += 1;
                process.pause()?;
                tokio::time::sleep(ON_ITS_WAY).await;
                let is_still = is_right().await?;
                if !is_still {
                    process.resume()?;
                }
                anyhow::Ok(is_still)
            },
        )
        .await?;
        eprintln!("{} is frozen {moment}, at try {tries}", node.id());
        Ok(())
    }
}
