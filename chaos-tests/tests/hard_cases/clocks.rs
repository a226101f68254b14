//! Clocks an hour apart. No node's clock is compared with another's, but incarnations come from the clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::clock;
use aurora_chaos_tests::node::Node;
use aurora_chaos_tests::sandbox::Sandbox;

use crate::{Ground, Scene};

const PARTITIONS: i32 = 6;
const RATE: u32 = 2_000;
const HOUR_S: i64 = 3_600;
/// Between a node's start and the look at what it says about it.
const TOLERANCE_S: i64 = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_whose_clocks_are_an_hour_apart_share_and_replace_each_other() -> Result<()> {
    Sandbox::run("hard-clocks", async |sandbox| {
        let scene = start(sandbox, "hard-clocks").await?;
        let ahead = &scene.cluster.nodes[0];
        ahead.kill9()?;
        scene.cluster.until_balanced(2, scene.partitions).await?;
        scene.until_flowing().await?;
        ahead.start_again().await?;
        scene.cluster.until_balanced(3, scene.partitions).await?;
        scene.until_flowing().await?;
        // And the one behind, in order.
        let behind = &scene.cluster.nodes[2];
        let status = behind.terminate().await?;
        ensure!(status.success(), "node-3 ended with {status}");
        scene.cluster.until_balanced(2, scene.partitions).await?;
        behind.start_again().await?;
        scene.cluster.until_balanced(3, scene.partitions).await?;
        scene.until_flowing().await?;
        scene.require_exactly_once().await
    })
    .await
}

/// To those who remember its last life, a node whose clock was set back comes from before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_clock_is_set_back_gets_its_place_again() -> Result<()> {
    Sandbox::run("hard-clock-back", async |sandbox| {
        let scene = start(sandbox, "hard-clock-back").await?;
        let node = &scene.cluster.nodes[0];
        node.kill9()?;
        scene.cluster.until_balanced(2, scene.partitions).await?;
        node.start_again_in(&clock::ahead(sandbox, 0)?).await?;
        let started = Instant::now();
        scene.cluster.until_balanced(3, scene.partitions).await?;
        eprintln!("set back, it has its place after {:?}", started.elapsed());
        require_clock(node, 0).await?;
        scene.until_flowing().await?;
        scene.require_exactly_once().await
    })
    .await
}

/// Three nodes that share: one an hour ahead, one right, one an hour behind.
async fn start(sandbox: &Sandbox, topic: &str) -> Result<Scene<'static>> {
    let ground = Ground::prepare(sandbox, topic, PARTITIONS).await?;
    let mut nodes = ground.nodes(3)?;
    let shifts = [HOUR_S, 0, -HOUR_S];
    for (node, shift) in nodes.iter_mut().zip(shifts) {
        node.environment = clock::ahead(sandbox, shift)?;
    }
    let scene = ground.start(sandbox, &nodes, RATE).await?;
    for (node, shift) in scene.cluster.nodes.iter().zip(shifts) {
        require_clock(node, shift).await?;
    }
    scene.until_flowing().await?;
    Ok(scene)
}

/// Requires that a node's clock is so many seconds ahead of ours.
async fn require_clock(node: &Node, ahead_s: i64) -> Result<()> {
    let status = node.api().cluster().await?;
    let itself = status.nodes.iter().find(|view| view.is_self);
    let started = itself
        .and_then(|view| view.started_at)
        .context("it does not say when it started")?;
    let now_s = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    let off_s = started.as_second() - now_s;
    ensure!(
        (off_s - ahead_s).abs() < TOLERANCE_S,
        "{} started {off_s} s from now, by its clock, and should be {ahead_s} s ahead",
        node.id()
    );
    Ok(())
}
