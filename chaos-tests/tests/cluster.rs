//! Several nodes share the partitions, hand them over, and take them from the dead, and every event is there
//! exactly once.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::cluster::{Cluster, Flow, Standstill};
use aurora_chaos_tests::kafka::Kafka;
use aurora_chaos_tests::node::stream_id;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::shared;
use aurora_chaos_tests::stack::PATIENCE;

const PARTITIONS: i32 = 6;
const RATE: u32 = 3_000;
/// Longer than any of this takes: the load is ended when the faults are over.
const LOAD_SECONDS: u64 = 900;

/// A standstill that somebody would notice, even on a machine that is busy.
const NOTICED: Duration = Duration::from_secs(30);

/// Three nodes under load.
struct Scene {
    kafka: &'static Kafka,
    cluster: Cluster,
    clickhouse: ClickHouse,
    flow: Flow,
    table: String,
    topic: String,
}

impl Scene {
    async fn start(sandbox: &Sandbox, topic: &str) -> Result<Self> {
        let kafka = shared::kafka().await?;
        let sample = Flow::prepare(kafka, topic, PARTITIONS).await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let cluster = Cluster::start(sandbox, kafka, &clickhouse, &[topic], 3).await?;
        cluster.until_balanced(3, PARTITIONS as usize).await?;
        let stream = cluster.any()?.api().stream(&stream_id(topic)).await?;
        let flow = Flow::start(kafka, sample, LOAD_SECONDS * u64::from(RATE), RATE)?;
        Ok(Self {
            kafka,
            cluster,
            clickhouse,
            flow,
            table: stream.table.context("the stream has no table")?,
            topic: topic.to_owned(),
        })
    }

    async fn until_flowing(&self) -> Result<()> {
        self.flow.until_more(u64::from(RATE)).await
    }

    async fn require_exactly_once(self) -> Result<()> {
        let flow = self.flow.stop().await?;
        let table = flow
            .until_journaled(&self.cluster, self.kafka, &self.clickhouse)
            .await?;
        flow.require_exactly_once(&self.cluster, &self.clickhouse, &table)
            .await?;
        eprintln!("{}: {} events, each exactly once", self.topic, flow.events());
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dead_are_replaced_and_the_returned_get_their_share() -> Result<()> {
    Sandbox::run("cluster-kill", async |sandbox| {
        let scene = Scene::start(sandbox, "cluster-kill").await?;
        scene.until_flowing().await?;
        let standstill = Standstill::watch(&scene.clickhouse, &scene.table);
        scene.cluster.nodes[1].kill9()?;
        let killed = Instant::now();
        scene.cluster.until_balanced(2, PARTITIONS as usize).await?;
        eprintln!("all partitions work again {:?} after the kill", killed.elapsed());
        scene.cluster.nodes[1].start_again().await?;
        let status = scene.cluster.until_balanced(3, PARTITIONS as usize).await?;
        ensure!(
            status.nodes.iter().all(|node| node.partitions == 2),
            "the shares are not even: {:?}",
            status.nodes
        );
        scene.until_flowing().await?;
        eprintln!("longest standstill: {:?}", standstill.longest());
        scene.require_exactly_once().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_under_load_goes_unnoticed() -> Result<()> {
    Sandbox::run("cluster-rolling", async |sandbox| {
        let scene = Scene::start(sandbox, "cluster-rolling").await?;
        scene.until_flowing().await?;
        let standstill = Standstill::watch(&scene.clickhouse, &scene.table);
        for node in &scene.cluster.nodes {
            let started = Instant::now();
            let status = node.terminate().await?;
            ensure!(
                status.success(),
                "asked to end, {} ended with {status}",
                node.id()
            );
            scene.cluster.until_balanced(2, PARTITIONS as usize).await?;
            eprintln!(
                "{} had gone after {:?}; standstill {:?}",
                node.id(),
                started.elapsed(),
                standstill.worst_length()
            );
            node.start_again().await?;
            scene.cluster.until_balanced(3, PARTITIONS as usize).await?;
        }
        scene.until_flowing().await?;
        let worst = standstill.worst_length();
        eprintln!("longest standstill: {:?}", standstill.longest());
        ensure!(worst < NOTICED, "events were late by {worst:?}");
        scene.require_exactly_once().await
    })
    .await
}

/// A node that stands still for longer than others wait for it, and then goes on as if nothing had been, must
/// write nothing that counts, and get back to work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_node_comes_back_to_find_others_at_its_work() -> Result<()> {
    Sandbox::run("cluster-pause", async |sandbox| {
        let scene = Scene::start(sandbox, "cluster-pause").await?;
        scene.until_flowing().await?;
        let paused = scene.cluster.nodes[2].process().context("node-3 runs")?;
        paused.pause()?;
        let others = [&scene.cluster.nodes[0], &scene.cluster.nodes[1]];
        eventually("the others to take over", PATIENCE, async || {
            let status = others[0].api().cluster().await?;
            let mine = |owner: &Option<String>| owner.as_deref().is_some_and(|owner| owner != "node-3");
            anyhow::Ok(status.nodes.len() == 2 && status.partitions.iter().all(|p| mine(&p.owner)))
        })
        .await?;
        scene.until_flowing().await?;
        paused.resume()?;
        scene.cluster.until_balanced(3, PARTITIONS as usize).await?;
        scene.until_flowing().await?;
        scene.require_exactly_once().await
    })
    .await
}
