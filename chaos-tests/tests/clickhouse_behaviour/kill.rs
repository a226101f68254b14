//! What `KILL QUERY … SYNC` has done when it returns: the protocol's step *settle*.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use aurora_actors::ingest::ownership::{Fence, Settled};
use aurora_chaos_tests::raw_insert::{RawAnswer, RawInsert};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_cluster::Partition;
use rand::RngExt;
use tokio::task::JoinHandle;

use super::{BLOCK_ROWS, Bench, PATIENCE, Rows, size};

/// *Settle*: whatever is left of an insert's body when the KILL marks it, and whether the rest comes or never
/// does: the KILL returns when the insert has ended, and nothing of it lands. It runs as the embedded
/// ClickHouse's writer, which needs no more rights for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_returns_when_the_insert_has_ended_and_nothing_of_it_lands() -> Result<()> {
    Sandbox::run("kill-stalled", async |sandbox| {
        let bench = Arc::new(Bench::start(sandbox).await?);
        let body = Rows::new(0, 0, BLOCK_ROWS).block();
        // In the middle, a byte before the end of the block, and with only the end of the body missing.
        for sent in [body.len() / 2, body.len() - 1, body.len()] {
            for rest_comes in [true, false] {
                let fence = bench.fence(&[(0, bench.acquire(0).await?)]);
                let id = fence.query_id("rows");
                let mut insert = bench.begin(&fence, &id, &[]).await?;
                insert.send(&body[..sent]).await?;
                bench.until_past_its_fence(&id).await?;

                let taking_over = take_over(&bench, 0);
                until_cancelled(&bench, &id).await?;
                if rest_comes {
                    let answer = insert.complete(&body[sent..]).await;
                    ensure!(
                        !answer.as_ref().is_ok_and(RawAnswer::is_ok),
                        "it went on: {answer:?}"
                    );
                } else {
                    drop(insert);
                }
                let settled = taking_over.await??;
                ensure!(
                    !bench.is_listed(&id).await?,
                    "killed after {sent} bytes, it still runs"
                );
                ensure!(settled.rows.is_empty() && settled.dead.is_empty(), "{settled:?}");
                ensure!(
                    bench.rows().await? == 0,
                    "killed after {sent} bytes, it has landed"
                );
            }
        }
        Ok(())
    })
    .await
}

/// *Settle*: a KILL of an insert whose client says nothing any more, as one that is frozen, takes as long as ClickHouse
/// waits for data: `http_receive_timeout` of its default profile, 30 s unless set, 4 s in the embedded one. What an
/// insert's own settings say about it does not count.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_of_an_insert_that_stands_still_returns_when_clickhouse_has_given_it_up() -> Result<()> {
    Sandbox::run("kill-silent", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let fence = bench.fence(&[(0, bench.acquire(0).await?)]);
        let id = fence.query_id("rows");
        let mut insert = bench.begin(&fence, &id, &[]).await?;
        let (begun, rest) = Rows::new(0, 0, BLOCK_ROWS).cut_block();
        insert.send(&begun).await?;
        bench.until_past_its_fence(&id).await?;
        // Fails after a minute, which is how long Aurora waits for a statement.
        let settled = bench.take_over(0).await?;
        ensure!(settled.rows.is_empty() && !bench.is_listed(&id).await?);
        let answer = insert.complete(&rest).await;
        ensure!(
            !answer.as_ref().is_ok_and(RawAnswer::is_ok),
            "it went on: {answer:?}"
        );
        ensure!(bench.rows().await? == 0);
        Ok(())
    })
    .await
}

/// *Settle*: only inserts that carry the partition under a lower epoch are ended. Others go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_leaves_inserts_of_other_partitions_alone() -> Result<()> {
    Sandbox::run("kill-others", async |sandbox| {
        let bench = Arc::new(Bench::start(sandbox).await?);
        // Partition 1 is one of the first insert's, and how the second's begins.
        let with_1 = bench.fence(&[(1, bench.acquire(1).await?), (2, bench.acquire(2).await?)]);
        let with_11 = bench.fence(&[(11, bench.acquire(11).await?)]);
        let (begun, rest) = Rows::new(11, 0, BLOCK_ROWS).cut_block();
        let (id_1, id_11) = (with_1.query_id("rows"), with_11.query_id("rows"));
        let mut insert_1 = bench.begin(&with_1, &id_1, &[]).await?;
        let mut insert_11 = bench.begin(&with_11, &id_11, &[]).await?;
        for (insert, id) in [(&mut insert_1, &id_1), (&mut insert_11, &id_11)] {
            insert.send(&begun).await?;
            bench.until_past_its_fence(id).await?;
        }
        let taking_over = take_over(&bench, 1);
        until_cancelled(&bench, &id_1).await?;
        let answer = insert_11.complete(&rest).await?;
        ensure!(answer.is_ok() && bench.rows().await? == BLOCK_ROWS, "{answer:?}");
        drop(insert_1);
        taking_over.await??;
        ensure!(!bench.is_listed(&id_1).await? && bench.rows().await? == BLOCK_ROWS);
        Ok(())
    })
    .await
}

fn take_over(bench: &Arc<Bench>, partition: Partition) -> JoinHandle<Result<Settled>> {
    let bench = Arc::clone(bench);
    tokio::spawn(async move { bench.take_over(partition).await })
}

/// Waits until a KILL has marked a query, or has ended it already.
async fn until_cancelled(bench: &Bench, query_id: &str) -> Result<()> {
    let query =
        format!("SELECT count() FROM system.processes WHERE query_id = '{query_id}' AND NOT is_cancelled");
    eventually("the kill", PATIENCE, async || {
        bench
            .clickhouse
            .number(&query)
            .await
            .map(|going_on| going_on == 0)
    })
    .await
}

const ROUNDS: u64 = 25;
const INSERTS: u64 = 6;

/// *Settle*, as a whole: whatever inserts of the old epoch are doing when a partition is taken over, what the new
/// owner sees after the KILL is all that there will ever be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_nothing_lands_any_more_whatever_was_on_its_way() -> Result<()> {
    Sandbox::run("kill-race", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let (mut landed_before, mut refused) = (0, 0);
        for round in 0..ROUNDS {
            let fence = bench.fence(&[(0, bench.acquire(0).await?)]);
            let first = |insert| (round * INSERTS + insert) * BLOCK_ROWS;
            let inserts: Vec<_> = (0..INSERTS)
                .map(|insert| send_in_pieces(&bench, &fence, Rows::new(0, first(insert), BLOCK_ROWS)))
                .collect();
            // Somewhere on the way of all those inserts.
            pause(60).await;
            let seen = bench.take_over(0).await?.rows;

            for (insert, sent) in (0..).zip(inserts) {
                let of_insert = seen.count_within(first(insert), first(insert) + BLOCK_ROWS);
                match sent.await?.is_ok_and(|answer| answer.is_ok()) {
                    true => landed_before += 1,
                    false => refused += 1,
                }
                // One month, one block: all of it or nothing.
                ensure!(
                    of_insert == 0 || of_insert == BLOCK_ROWS,
                    "{of_insert} rows of an insert"
                );
            }
            let query = format!(
                "SELECT count() FROM {} WHERE _offset >= {}",
                bench.target.table,
                first(0)
            );
            let landed = bench.clickhouse.number(&query).await?;
            let seen = seen.count_within(first(0), u64::MAX);
            ensure!(
                landed == seen,
                "in round {round} {seen} rows had landed, and then {landed}"
            );
        }
        eprintln!("{landed_before} inserts had landed before the kill, {refused} never did");
        // Without both, the race was not one.
        ensure!(landed_before > 0 && refused > 0);
        ensure!(size(&bench.take_over(0).await?.rows) == bench.rows().await?);
        Ok(())
    })
    .await
}

fn send_in_pieces(bench: &Bench, fence: &Fence, rows: Rows) -> JoinHandle<Result<RawAnswer>> {
    let login = bench.clickhouse.writer().clone();
    let (statement, id) = (bench.statement(&fence.condition()), fence.query_id("rows"));
    tokio::spawn(async move {
        pause(30).await;
        let mut insert = RawInsert::connect(&login, &statement, &id, &[]).await?;
        pause(5).await;
        insert.begin().await?;
        let body = rows.block();
        for piece in body.chunks(body.len() / 4 + 1) {
            insert.send(piece).await?;
            pause(8).await;
        }
        insert.complete(&[]).await
    })
}

/// A random time, so that every round meets the inserts elsewhere.
async fn pause(up_to_ms: u64) {
    let pause = rand::rng().random_range(0..=up_to_ms);
    tokio::time::sleep(Duration::from_millis(pause)).await;
}
