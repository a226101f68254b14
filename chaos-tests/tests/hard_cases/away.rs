//! ClickHouse is away for a minute.

use std::time::{Duration, Instant};

use anyhow::Result;
use aurora_chaos_tests::cluster::Standstill;
use aurora_chaos_tests::sandbox::Sandbox;
use aurora_chaos_tests::toxiproxy::Toxiproxy;

use crate::{Ground, lead_through};

const PARTITIONS: i32 = 6;
const RATE: u32 = 2_000;
const AWAY: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_minute_without_clickhouse_is_caught_up() -> Result<()> {
    Sandbox::run("hard-away", async |sandbox| {
        let ground = Ground::prepare(sandbox, "hard-away", PARTITIONS).await?;
        let toxiproxy = Toxiproxy::start(sandbox).await?;
        let proxy = toxiproxy.before_clickhouse(&ground.clickhouse).await?;
        let mut nodes = ground.nodes(3)?;
        nodes.iter_mut().for_each(|node| lead_through(&proxy, node));
        let scene = ground.start(sandbox, &nodes, RATE).await?;
        scene.until_flowing().await?;
        let standstill = Standstill::watch(&scene.clickhouse, &scene.table);
        let killed = Instant::now();
        // What was under way dies with the server. It comes back within a second or two; for the nodes, only when
        // its address answers again, which is also what a server does that is not started for a minute.
        scene.clickhouse.kill9().await?;
        proxy.cut().await?;
        tokio::time::sleep(AWAY.saturating_sub(killed.elapsed())).await;
        scene.clickhouse.until_up().await?;
        proxy.restore().await?;
        let back = Instant::now();
        scene.cluster.until_balanced(3, scene.partitions).await?;
        eprintln!(
            "all partitions work {:?} after ClickHouse came back",
            back.elapsed()
        );
        scene.until_flowing().await?;
        eprintln!("all has flown {:?} after that", back.elapsed());
        eprintln!("longest standstill {:?}", standstill.worst_length());
        drop(standstill);
        scene.require_exactly_once().await
    })
    .await
}
