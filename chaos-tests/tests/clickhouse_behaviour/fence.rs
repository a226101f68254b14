//! When the fence is evaluated, and what it does: the protocol's step *write under the fence*.

use anyhow::{Result, ensure};
use aurora_actors::store::error::FENCED;
use aurora_chaos_tests::raw_insert::{RawAnswer, RawInsert};
use aurora_chaos_tests::sandbox::Sandbox;

use super::{BLOCK_ROWS, Bench, Rows};

/// `FUNCTION_THROW_IF_VALUE_IS_NON_ZERO`, which Aurora knows a fence by.
const THROWN: u32 = 395;

fn require_fenced(answer: &RawAnswer) -> Result<()> {
    ensure!(
        answer.code == Some(THROWN) && answer.text.contains(FENCED),
        "the fence answered {answer:?}"
    );
    Ok(())
}

/// *Write under the fence*: an epoch that is not the highest is refused before any block lands, also when the
/// insert has many blocks and only one of a hundred partitions has changed hands.
#[tokio::test]
async fn a_fence_throws_before_any_block_lands() -> Result<()> {
    Sandbox::run("fence", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let mut epochs = Vec::new();
        for partition in 0..100 {
            epochs.push((partition, bench.acquire(partition).await?));
        }
        let good = bench.fence(&epochs);
        let body = Rows::new(0, 0, 500).block();
        let statement = bench.statement(&good.condition());
        bench
            .store
            .insert(statement, &good.query_id("rows"), body.clone())
            .await?;
        ensure!(bench.rows().await? == 500, "what is not fenced lands");

        bench.acquire(99).await?;
        let statement = bench.statement(&good.condition());
        let refused = bench
            .store
            .insert(statement, &good.query_id("rows"), body.clone())
            .await;
        let error = refused.expect_err("one of the partitions has a new owner");
        ensure!(error.is_fenced() && error.surely_nothing_landed(), "{error:?}");

        // Each of these blocks would become a part of its own, at once.
        let at_once = [
            ("min_insert_block_size_rows", "1"),
            ("min_insert_block_size_bytes", "1"),
        ];
        let mut many = bench.begin(&good, &good.query_id("rows"), &at_once).await?;
        for block in 1..5 {
            // The refusal may come while there is more to send.
            if many.send(&Rows::new(0, block * 500, 500).block()).await.is_err() {
                break;
            }
        }
        require_fenced(&many.complete(&[]).await?)?;
        ensure!(bench.rows().await? == 500, "a fenced insert has left rows");
        Ok(())
    })
    .await
}

/// *Write under the fence*: the first block throws as soon as it is there, and before anything is done with it.
#[tokio::test]
async fn a_fence_throws_at_the_first_block() -> Result<()> {
    Sandbox::run("fence-first", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let lost = bench.fence(&[(0, bench.acquire(0).await?)]);
        bench.acquire(0).await?;
        let mut insert = bench.begin(&lost, &lost.query_id("rows"), &[]).await?;
        insert.send(&Rows::new(0, 0, BLOCK_ROWS).block()).await?;
        // The body is not complete: there might be more blocks.
        require_fenced(&insert.answer().await?)?;
        ensure!(bench.rows().await? == 0);
        Ok(())
    })
    .await
}

/// *Settle*: an insert is in the process list while its fence is being evaluated, and not only after, so that
/// the KILL finds whoever has seen the old epoch. The fence here takes for ever: whoever sees the insert
/// in the list sees it at its fence.
#[tokio::test]
async fn an_insert_is_in_the_process_list_before_its_fence_is_evaluated() -> Result<()> {
    Sandbox::run("fence-listed", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let fence = bench.fence(&[(0, bench.acquire(0).await?)]);
        let endless = "throwIf((SELECT sum(number) FROM system.numbers) = 1, 'never') = 0";
        let id = fence.query_id("rows");
        let statement = bench.statement(endless);
        let mut insert = RawInsert::start(bench.clickhouse.writer(), &statement, &id, &[]).await?;
        let (begun, rest) = Rows::new(0, 0, BLOCK_ROWS).cut_block();
        insert.send(&begun).await?;
        bench.until_listed(&id).await?;

        let settled = bench.take_over(0).await?;
        ensure!(settled.rows.is_empty() && !bench.is_listed(&id).await?);
        let answer = insert.complete(&rest).await?;
        ensure!(!answer.is_ok() && bench.rows().await? == 0, "{answer:?}");
        Ok(())
    })
    .await
}

/// *Settle*, why it has to kill: an insert that stands still in the middle of its body has evaluated its fence
/// already, and lands when it goes on, whoever owns the partition by then.
#[tokio::test]
async fn an_insert_that_stalls_has_its_fence_behind_it() -> Result<()> {
    Sandbox::run("fence-stalled", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let fence = bench.fence(&[(0, bench.acquire(0).await?)]);
        let id = fence.query_id("rows");
        let (begun, rest) = Rows::new(0, 0, BLOCK_ROWS).cut_block();
        let mut insert = bench.begin(&fence, &id, &[]).await?;
        insert.send(&begun).await?;
        bench.until_past_its_fence(&id).await?;
        bench.acquire(0).await?;
        let answer = insert.complete(&rest).await?;
        ensure!(answer.is_ok() && bench.rows().await? == BLOCK_ROWS, "{answer:?}");
        Ok(())
    })
    .await
}

/// *Settle*: what is not in the process list when the KILL looks has its fence before it, and meets the new
/// epoch there.
#[tokio::test]
async fn an_insert_that_is_not_in_the_list_yet_meets_the_new_epoch() -> Result<()> {
    Sandbox::run("fence-late", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let fence = bench.fence(&[(0, bench.acquire(0).await?)]);
        let id = fence.query_id("rows");
        let statement = bench.statement(&fence.condition());
        // On its way, with only the end of the head missing.
        let mut late = RawInsert::connect(bench.clickhouse.writer(), &statement, &id, &[]).await?;
        ensure!(!bench.is_listed(&id).await?);
        let settled = bench.take_over(0).await?;
        ensure!(settled.rows.is_empty());
        late.begin().await?;
        require_fenced(&late.complete(&Rows::new(0, 0, 1_000).block()).await?)?;
        ensure!(bench.rows().await? == 0);
        Ok(())
    })
    .await
}
