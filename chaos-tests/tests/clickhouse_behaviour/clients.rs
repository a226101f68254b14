//! Clients that vanish, stall or dribble: what an insert without an answer can have become.

use anyhow::{Result, ensure};
use aurora_chaos_tests::raw_insert::RawInsert;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};

use super::{BLOCK_ROWS, Bench, PATIENCE, Rows};

/// ClickHouse's codes.
const TIMEOUT_EXCEEDED: u32 = 159;
const SOCKET_TIMEOUT: u32 = 209;

/// How a client goes away.
#[derive(Debug, Clone, Copy)]
enum End {
    /// It closes the connection, as the kernel does for a process that is killed.
    Close,
    /// It resets the connection, as the kernel does for one with unread answers, or a firewall.
    Reset,
}

impl End {
    fn of(self, insert: RawInsert) -> Result<()> {
        match self {
            Self::Close => {
                drop(insert);
                Ok(())
            }
            Self::Reset => insert.reset(),
        }
    }
}

/// *Write under the fence*: of an insert whose client vanished before the body's end nothing lands, not even if
/// it vanished at the end of a block, where the data alone looks complete.
#[tokio::test]
async fn an_insert_whose_client_vanished_in_its_body_lands_nothing() -> Result<()> {
    Sandbox::run("clients-vanish", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let body = Rows::new(0, 0, BLOCK_ROWS).block();
        let short = Rows::new(0, 0, 10).block();
        for end in [End::Close, End::Reset] {
            for sent in [&body[..body.len() / 2], &body[..body.len() - 1], &body, &short] {
                let fence = bench.fence(&[(0, bench.acquire(0).await?)]);
                let id = fence.query_id("rows");
                let mut insert = bench.begin(&fence, &id, &[]).await?;
                insert.send(sent).await?;
                if sent.len() > short.len() {
                    bench.until_past_its_fence(&id).await?;
                }
                end.of(insert)?;
                bench.until_gone(&id).await?;
                // The next epoch's kill waits for whatever is left of it.
                let settled = bench.take_over_after_a_reset(0).await?;
                let rows = bench.rows().await?;
                ensure!(
                    rows == 0 && settled.rows.is_empty(),
                    "{end:?} after {} of {} bytes left {rows} rows",
                    sent.len(),
                    body.len()
                );
            }
        }
        Ok(())
    })
    .await
}

/// *Settle*: an insert that was sent in full and never answered, because its client vanished, has landed whole or
/// not at all by the time a new owner has settled.
#[tokio::test]
async fn an_insert_whose_client_vanished_after_its_body_lands_whole_or_not_at_all() -> Result<()> {
    Sandbox::run("clients-unanswered", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let (mut landed, mut lost) = (0, 0);
        for round in 0..40 {
            let fence = bench.fence(&[(0, bench.acquire(0).await?)]);
            let first = round * BLOCK_ROWS;
            let mut insert = bench.begin(&fence, &fence.query_id("rows"), &[]).await?;
            insert.send(&Rows::new(0, first, BLOCK_ROWS).block()).await?;
            insert.finish().await?;
            match round % 2 {
                0 => End::Close.of(insert)?,
                _ => End::Reset.of(insert)?,
            }
            let settled = bench.take_over_after_a_reset(0).await?;
            match settled.rows.count_within(first, first + BLOCK_ROWS) {
                0 => lost += 1,
                BLOCK_ROWS => landed += 1,
                part => anyhow::bail!("{part} of {BLOCK_ROWS} rows have landed"),
            }
            ensure!(bench.rows().await? == landed * BLOCK_ROWS);
        }
        eprintln!("{landed} have landed, {lost} have not");
        Ok(())
    })
    .await
}

/// *Settle*: an insert whose body stands still ends by itself, so that a node that hangs does not hold a
/// connection of ClickHouse's for ever, and leaves nothing. The limit is `http_receive_timeout` of the server's
/// default profile, 30 s unless set, 4 s in the embedded one; an insert's own setting of that name changes nothing.
#[tokio::test]
async fn an_insert_whose_body_stands_still_is_given_up() -> Result<()> {
    Sandbox::run("clients-stall", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let fence = bench.fence(&[(0, bench.acquire(0).await?)]);
        let id = fence.query_id("rows");
        let mut insert = bench.begin(&fence, &id, &[]).await?;
        let (begun, _) = Rows::new(0, 0, BLOCK_ROWS).cut_block();
        insert.send(&begun).await?;
        bench.until_past_its_fence(&id).await?;
        bench.until_gone(&id).await?;
        let answer = insert.answer().await?;
        ensure!(answer.code == Some(SOCKET_TIMEOUT), "{answer:?}");
        ensure!(bench.rows().await? == 0);
        Ok(())
    })
    .await
}

/// *Settle*: `max_execution_time` refuses an insert whose body came too slowly. It does so when a block is
/// complete, not before: in the middle of one only the connection's own time-out counts.
#[tokio::test]
async fn an_insert_whose_body_took_too_long_is_refused() -> Result<()> {
    Sandbox::run("clients-slow", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let fence = bench.fence(&[(0, bench.acquire(0).await?)]);
        let id = fence.query_id("rows");
        let mut insert = bench.begin(&fence, &id, &[("max_execution_time", "1")]).await?;
        let (begun, rest) = Rows::new(0, 0, BLOCK_ROWS).cut_block();
        insert.send(&begun).await?;
        let over = format!("SELECT count() FROM system.processes WHERE query_id = '{id}' AND elapsed > 1.2");
        eventually("the time to be over", PATIENCE, async || {
            bench.clickhouse.number(&over).await.map(|count| count == 1)
        })
        .await?;
        let answer = insert.complete(&rest).await?;
        ensure!(answer.code == Some(TIMEOUT_EXCEEDED), "{answer:?}");
        ensure!(bench.rows().await? == 0);
        Ok(())
    })
    .await
}
