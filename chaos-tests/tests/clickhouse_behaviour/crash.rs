//! What `kill -9` of the server leaves of inserts: what *settle* may rely on when it looks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::raw_insert::RawInsert;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use tokio::task::JoinSet;

use super::{Bench, PATIENCE, Rows, size};

const WRITERS: u64 = 3;
/// The pause before a restart grows from kill to kill.
const KILLS: u64 = 4;
const ROWS: u64 = 3_000;

/// *Settle*: a part is visible whole or not at all, and what was acknowledged is there, also after `kill -9` in the
/// middle of many inserts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_is_visible_whole_or_not_at_all_after_a_kill() -> Result<()> {
    Sandbox::run("crash-parts", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let query = format!(
            "SELECT intDiv(_offset, {ROWS}) AS insert, count(), uniqExact(_offset) FROM {} GROUP BY insert",
            bench.target.table
        );
        let mut acknowledged = BTreeSet::new();
        let mut next = 0;
        for _ in 0..KILLS {
            let answered = insert_until_killed(&bench, next, 1).await?;
            acknowledged.extend(answered.inserts);
            next = answered.next;
            let mut landed = BTreeSet::new();
            for line in bench.clickhouse.lines(&query).await? {
                let (insert, counts) = line.split_once('\t').context("three columns")?;
                ensure!(
                    counts == format!("{ROWS}\t{ROWS}"),
                    "insert {insert} has {counts} rows"
                );
                landed.insert(insert.parse()?);
            }
            ensure!(
                landed.is_superset(&acknowledged),
                "acknowledged and gone: {:?}",
                acknowledged.difference(&landed)
            );
        }
        Ok(())
    })
    .await
}

/// *Settle*, why it looks for offsets and not for a highest one: an insert over several months may land in part,
/// each month of it whole or not at all. What settling finds is exactly what has landed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_insert_over_months_may_land_in_part_and_settling_finds_which() -> Result<()> {
    const MONTHS: u64 = 60;
    Sandbox::run("crash-months", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let (mut next, mut torn) = (0, 0);
        for _ in 0..KILLS {
            next = insert_until_killed(&bench, next, MONTHS).await?.next;
            let settled = bench.take_over(0).await?;
            ensure!(size(&settled.rows) == bench.rows().await?);
            for insert in 0..next {
                let first = insert * ROWS;
                let per_month = ROWS / MONTHS;
                let months = (0..MONTHS).map(|month| first + month * per_month);
                let counts: BTreeSet<u64> = months
                    .map(|first| settled.rows.count_within(first, first + per_month))
                    .collect();
                ensure!(
                    counts.is_subset(&BTreeSet::from([0, per_month])),
                    "a month of insert {insert} is torn: {counts:?}"
                );
                torn += u64::from(counts.len() == 2);
            }
            let query = format!(
                "SELECT groupBitXor(_offset), sum(_offset) FROM {}",
                bench.target.table
            );
            let (xor, sum) = (0..next * ROWS)
                .filter(|offset| settled.rows.contains(*offset))
                .fold((0, 0), |(xor, sum), offset| (xor ^ offset, sum + offset));
            ensure!(bench.clickhouse.line(&query).await? == format!("{xor}\t{sum}"));
        }
        eprintln!("inserts that have landed in part, counted after each of {KILLS} kills: {torn}");
        ensure!(torn > 0, "no insert was torn, so this has shown nothing");
        Ok(())
    })
    .await
}

struct Answered {
    /// Inserts that were acknowledged.
    inserts: BTreeSet<u64>,
    /// The number of the insert after the last one that was begun.
    next: u64,
}

/// Inserts number after number, several at a time, each with the offsets from its number times [`ROWS`] on, until
/// ClickHouse is killed, which happens in the middle of it. Waits until it is back.
async fn insert_until_killed(bench: &Bench, next: u64, months: u64) -> Result<Answered> {
    let fence = bench.fence(&[(0, bench.acquire(0).await?)]);
    let next = Arc::new(AtomicU64::new(next));
    let acknowledged = Arc::new(AtomicU64::new(0));
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (fence, login) = (fence.clone(), bench.clickhouse.writer().clone());
        let statement = bench.statement(&fence.condition());
        let (next, acknowledged) = (Arc::clone(&next), Arc::clone(&acknowledged));
        writers.spawn(async move {
            let mut answered = BTreeSet::new();
            loop {
                let insert = next.fetch_add(1, Ordering::Relaxed);
                let rows = Rows {
                    months,
                    ..Rows::new(0, insert * ROWS, ROWS)
                };
                let sent = RawInsert::start(&login, &statement, &fence.query_id("rows"), &[]).await;
                let Ok(sent) = sent else { return Ok(answered) };
                match sent.complete(&rows.block()).await {
                    Ok(answer) if answer.is_ok() => answered.insert(insert),
                    Ok(answer) => anyhow::bail!("ClickHouse answered {answer:?}"),
                    Err(_) => return Ok(answered),
                };
                acknowledged.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    eventually("inserts to flow", PATIENCE, async || {
        acknowledged.load(Ordering::Relaxed) >= 2 * WRITERS
    })
    .await?;
    bench.clickhouse.kill9().await?;
    let mut inserts = BTreeSet::new();
    while let Some(answered) = writers.join_next().await {
        inserts.extend(answered??);
    }
    bench.clickhouse.until_up().await?;
    Ok(Answered {
        inserts,
        next: next.load(Ordering::Relaxed),
    })
}
