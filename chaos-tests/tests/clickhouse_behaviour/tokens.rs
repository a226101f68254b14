//! Deduplication tokens as a compare-and-set: the protocol's step *own*.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use tokio::task::JoinSet;

use super::{Bench, PATIENCE};

const WRITERS: i32 = 12;
const ROUNDS: u64 = 60;
/// The pause before a restart grows from kill to kill.
const KILLS: u64 = 5;

/// A row of `aurora.owners` under a token, which is what taking over inserts, with a claim of the caller's.
fn claim_epoch(epoch: u64, claim: &str) -> String {
    format!(
        "INSERT INTO aurora.owners SETTINGS async_insert = 0, insert_deduplicate = 1,
         insert_deduplication_token = 'own/tokens/{epoch}'
         VALUES ('tokens', 1, 0, {epoch}, '{claim}', 'n1', now64(3))"
    )
}

fn claims_of(epoch: u64) -> String {
    format!("SELECT claim FROM aurora.owners WHERE stream = 'tokens' AND epoch = {epoch}")
}

/// *Own*: of many nodes that insert the same epoch at the same time, exactly one has its row in the table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_concurrent_inserts_under_one_token_exactly_one_row_stays() -> Result<()> {
    Sandbox::run("tokens-race", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        for epoch in 1..=ROUNDS {
            let mut writers = JoinSet::new();
            for writer in 0..WRITERS {
                let store = bench.store.clone();
                let statement = claim_epoch(epoch, &format!("claim-{writer}"));
                writers.spawn(async move { store.execute(&statement).await });
            }
            while let Some(written) = writers.join_next().await {
                // Those whose row was dropped are told that all is well.
                written??;
            }
            let claims = bench.clickhouse.lines(&claims_of(epoch)).await?;
            ensure!(claims.len() == 1, "in round {epoch} stayed {claims:?}");
            bench.store.execute(&claim_epoch(epoch, "late")).await?;
            let after = bench.clickhouse.lines(&claims_of(epoch)).await?;
            ensure!(after == claims, "a late row came to {claims:?}: {after:?}");
        }
        Ok(())
    })
    .await
}

/// *Own*: nodes that take a partition at the same time all get an epoch, and no two the same one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_nodes_get_epochs_of_their_own() -> Result<()> {
    Sandbox::run("epochs-race", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let mut nodes = JoinSet::new();
        for node in 0..WRITERS {
            let taker = bench.taker(&format!("n{node}").parse()?);
            nodes.spawn(async move { taker.acquire(&[(0, None)]).await });
        }
        let mut epochs = BTreeSet::new();
        while let Some(epoch) = nodes.join_next().await {
            let epoch = epoch??[&0];
            ensure!(epochs.insert(epoch), "two nodes own the epoch {epoch}");
        }
        let rows = bench
            .clickhouse
            .number("SELECT count() FROM aurora.owners")
            .await?;
        ensure!(
            epochs.len() as u64 == rows,
            "{} epochs and {rows} rows",
            epochs.len()
        );
        Ok(())
    })
    .await
}

/// *Own*: an epoch that a node was given stays its own when ClickHouse is killed right after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_whose_insert_was_acknowledged_survives_a_kill() -> Result<()> {
    Sandbox::run("tokens-kill", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        for kill in 0..KILLS {
            // Several, so that the log of tokens is being written to when the kill comes.
            let epochs = kill * 20 + 1..=kill * 20 + 20;
            for epoch in epochs.clone() {
                bench.store.execute(&claim_epoch(epoch, "first")).await?;
            }
            bench.clickhouse.kill9().await?;
            bench.clickhouse.until_up().await?;
            for epoch in epochs {
                bench.store.execute(&claim_epoch(epoch, "second")).await?;
                let claims = bench.clickhouse.lines(&claims_of(epoch)).await?;
                ensure!(claims == ["first"], "after a kill epoch {epoch} has {claims:?}");
            }
        }
        Ok(())
    })
    .await
}

/// *Own*: a node that got no answer may try again: never do two rows stay. But there may be none! A kill between
/// the note of a token and the commit of its row leaves a token that refuses every retry (seen with 26.7.2, in
/// about one of a hundred unanswered inserts). Such a number is spent, and whoever finds no row under it has
/// to go on with the number after it, which works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_a_retry_leaves_at_most_one_row_and_the_next_number_works() -> Result<()> {
    Sandbox::run("tokens-retry", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let mut next = 0;
        for _ in 0..KILLS {
            let unanswered = claim_until_killed(&bench, next).await?;
            for epoch in &unanswered {
                bench.store.execute(&claim_epoch(*epoch, "second")).await?;
                let claims = bench.clickhouse.lines(&claims_of(*epoch)).await?;
                ensure!(claims.len() <= 1, "epoch {epoch} has {claims:?} after its retry");
                if claims.is_empty() {
                    eprintln!("epoch {epoch} is spent: its token has outlived its row");
                }
            }
            next = unanswered.into_iter().max().unwrap_or(next) + 1;
            bench.store.execute(&claim_epoch(next, "next")).await?;
            let claims = bench.clickhouse.lines(&claims_of(next)).await?;
            ensure!(claims == ["next"], "epoch {next} has {claims:?}");
            next += 1;
        }
        Ok(())
    })
    .await
}

/// Claims epochs from `first` on, several at a time, kills ClickHouse while they flow, and returns those that were
/// not answered.
async fn claim_until_killed(bench: &Bench, first: u64) -> Result<Vec<u64>> {
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        let store = bench.store.clone();
        writers.spawn(async move {
            // Each writer has epochs of its own. The last one has no answer.
            let mut epoch = first + writer;
            while store.execute(&claim_epoch(epoch, "first")).await.is_ok() {
                epoch += 4;
            }
            epoch
        });
    }
    let landed = format!("SELECT count() FROM aurora.owners WHERE epoch >= {first}");
    eventually("claims to flow", PATIENCE, async || {
        bench.clickhouse.number(&landed).await.map(|rows| rows > 40)
    })
    .await?;
    bench.clickhouse.kill9().await?;
    let unanswered = writers.join_all().await;
    bench.clickhouse.until_up().await?;
    Ok(unanswered)
}

/// *Own*: a crash of ClickHouse can leave a token whose row is lost. An epoch like that is passed over.
#[tokio::test]
async fn a_node_passes_over_an_epoch_that_is_spent() -> Result<()> {
    Sandbox::run("epoch-spent", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        bench.acquire(0).await?;
        bench
            .clickhouse
            .execute("DELETE FROM aurora.owners WHERE epoch = 1 SETTINGS lightweight_deletes_sync = 2")
            .await?;
        let next = tokio::time::timeout(PATIENCE, bench.acquire(0)).await??;
        ensure!(next == 2, "the epoch {next}");
        Ok(())
    })
    .await
}

/// *Own*: who planned on an epoch that is no longer the highest gets nothing, and disturbs nobody.
#[tokio::test]
async fn a_plan_made_on_an_earlier_epoch_takes_nothing() -> Result<()> {
    Sandbox::run("epoch-outrun", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        ensure!(bench.acquire(0).await? == 1);
        let late = bench.taker(&"n2".parse()?);
        let taken = late.acquire(&[(0, Some(0)), (1, Some(0))]).await?;
        ensure!(taken == BTreeMap::from([(1, 1)]), "{taken:?}");
        let taken = late.acquire(&[(0, Some(1))]).await?;
        ensure!(taken == BTreeMap::from([(0, 2)]), "{taken:?}");
        Ok(())
    })
    .await
}
