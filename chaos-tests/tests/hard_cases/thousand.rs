//! A thousand partitions are taken over at once.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use aurora_chaos_tests::cluster::Standstill;
use aurora_chaos_tests::kafka::{Kafka, KafkaOptions};
use aurora_chaos_tests::sandbox::Sandbox;

use crate::Ground;

const PARTITIONS: i32 = 1_000;
const RATE: u32 = 2_000;
/// Far longer than it should take: two cores and a busy machine are no reason to fail.
const LIMIT: Duration = Duration::from_secs(240);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_partitions_outlive_one_of_two_nodes() -> Result<()> {
    Sandbox::run("hard-thousand", async |sandbox| {
        let options = KafkaOptions {
            heap_mb: 512,
            ..KafkaOptions::default()
        };
        let kafka = Kafka::start(sandbox, options).await?;
        let started = Instant::now();
        let ground = Ground::on(&kafka, sandbox, "hard-thousand", PARTITIONS).await?;
        eprintln!(
            "topic, sample and ClickHouse are there after {:?}",
            started.elapsed()
        );
        let started = Instant::now();
        let nodes = ground.nodes(2)?;
        let scene = ground.start(sandbox, &nodes, RATE).await?;
        eprintln!(
            "two nodes share {PARTITIONS} partitions after {:?}",
            started.elapsed()
        );
        scene.until_flowing_within(LIMIT).await?;
        let owners = scene.owners().await?;
        let share = owners.values().filter(|owner| *owner == "node-1").count();
        ensure!((450..=550).contains(&share), "node-1 has {share} partitions");

        let standstill = Standstill::watch(&scene.clickhouse, &scene.table);
        let killed = Instant::now();
        scene.cluster.nodes[0].kill9()?;
        scene.until_taken_from(&["node-1"]).await?;
        eprintln!("node-2 owns all partitions {:?} after the kill", killed.elapsed());
        scene
            .cluster
            .until_balanced_within(1, scene.partitions, LIMIT)
            .await?;
        eprintln!("node-2 works on all {:?} after the kill", killed.elapsed());
        scene.until_flowing_within(LIMIT).await?;
        eprintln!(
            "all partitions flow {:?} after the kill; longest standstill {:?}",
            killed.elapsed(),
            standstill.worst_length()
        );
        drop(standstill);
        scene.require_exactly_once().await
    })
    .await
}
