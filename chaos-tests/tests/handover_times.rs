//! How long partitions stand still when a node of three dies, and when one is told to end: figures, not a judgement.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::cluster::{Cluster, Flow, Standstill};
use aurora_chaos_tests::node::stream_id;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::shared;
use aurora_chaos_tests::stack::PATIENCE;

const TOPIC: &str = "handover-times";
const PARTITIONS: usize = 6;
const RATE: u32 = 2_000;
const ROUNDS: usize = 20;

/// How a node goes.
#[derive(Debug, Clone, Copy)]
enum Leaving {
    Killed,
    Told,
}

/// What one leaving came to.
struct Figures {
    /// The longest that any partition stood still.
    standstill: Duration,
    /// From the signal until the other two work on all partitions, in the eyes of both; looked for every 0.2 s.
    all_work: Duration,
}

/// Kills a node 20 times and tells one to end 20 times, by turns, under a steady load of 2,000 events a
/// second on 6 partitions, and prints a table:
///
///     cargo test --workspace --test handover_times -- --ignored --nocapture
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some eight minutes, and says something only on a quiet machine"]
async fn takeover_and_drain_twenty_times_each() -> Result<()> {
    Sandbox::run(TOPIC, async |sandbox| {
        let kafka = shared::kafka().await?;
        let sample = Flow::prepare(kafka, TOPIC, i32::try_from(PARTITIONS)?).await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let cluster = Cluster::start(sandbox, kafka, &clickhouse, &[TOPIC], 3).await?;
        cluster.until_balanced(3, PARTITIONS).await?;
        let stream = cluster.any()?.api().stream(&stream_id(TOPIC)).await?;
        let table = stream.table.context("the stream has no table")?;
        let flow = Flow::start(kafka, sample, 3_600 * u64::from(RATE), RATE)?;
        until_flowing(&flow).await?;
        let mut figures: [Vec<Figures>; 2] = Default::default();
        for round in 0..ROUNDS {
            for (leaving, figures) in [Leaving::Killed, Leaving::Told].into_iter().zip(&mut figures) {
                let its = leave(&cluster, round % 3, leaving, &clickhouse, &table, &flow).await?;
                eprintln!(
                    "{leaving:?} {round}: standstill {:?}, all work after {:?}",
                    its.standstill, its.all_work
                );
                figures.push(its);
            }
        }
        let [killed, told] = figures;
        let rows = row("takeover after `kill -9`", &killed) + &row("drain (SIGTERM)", &told);
        let finished = flow.stop().await?;
        let table = finished.until_journaled(&cluster, kafka, &clickhouse).await?;
        finished.require_exactly_once(&cluster, &clickhouse, &table).await?;
        eprintln!(
            "\n| {ROUNDS} times each | longest standstill of a partition, median | worst | all partitions work, median | \
             worst |\n|---|---|---|---|---|\n{rows}\n{} events, each exactly once",
            finished.events()
        );
        Ok(())
    })
    .await
}

/// Lets a node go, waits until the others have its partitions, and brings it back.
async fn leave(
    cluster: &Cluster,
    index: usize,
    leaving: Leaving,
    clickhouse: &ClickHouse,
    table: &str,
    flow: &Flow,
) -> Result<Figures> {
    let standstill = Standstill::watch(clickhouse, table);
    let started = Instant::now();
    let node = &cluster.nodes[index];
    match leaving {
        Leaving::Killed => node.kill9()?,
        Leaving::Told => {
            let status = node.terminate().await?;
            ensure!(status.success(), "{} ended with {status}", node.id());
        }
    }
    cluster.until_balanced(2, PARTITIONS).await?;
    let all_work = started.elapsed();
    until_flowing(flow).await?;
    // A partition that stands still has no figure yet: each has moved by now, or the wait would go on.
    eventually("every partition's figure", PATIENCE, async || {
        standstill.longest().len() == PARTITIONS
    })
    .await?;
    let worst = standstill.worst_length();
    drop(standstill);
    node.start_again().await?;
    cluster.until_balanced(3, PARTITIONS).await?;
    until_flowing(flow).await?;
    Ok(Figures {
        standstill: worst,
        all_work,
    })
}

/// Waits until a second's load more is with the brokers.
async fn until_flowing(flow: &Flow) -> Result<()> {
    flow.until_more(u64::from(RATE)).await
}

fn row(name: &str, figures: &[Figures]) -> String {
    let median_and_worst = |of: fn(&Figures) -> Duration| {
        let mut all: Vec<Duration> = figures.iter().map(of).collect();
        all.sort_unstable();
        let worst = all.last().copied().unwrap_or_default();
        let middle = all.len() / 2;
        let median = (all[(all.len() - 1) / 2] + all[middle]) / 2;
        format!("{:.1} s | {:.1} s", median.as_secs_f64(), worst.as_secs_f64())
    };
    format!(
        "| {name} | {} | {} |\n",
        median_and_worst(|its| its.standstill),
        median_and_worst(|its| its.all_work)
    )
}
