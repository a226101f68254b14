//! The journal falls behind, and who should have written it is killed: whoever comes next settles by what has landed
//! past it.
//!
//! ClickHouse itself is made to refuse the journal's inserts, or to hold them up, by what it does to a table of which
//! too many parts wait to be merged. Rows and dead letters go into other tables.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::stack::PATIENCE;

use crate::{Ground, Scene};

const PARTITIONS: i32 = 4;
const RATE: u32 = 2_000;
/// Longer than a takeover should take, shorter than an insert may.
const HOLD_UP: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_far_past_a_journal_that_is_refused_are_settled() -> Result<()> {
    refused_for("hard-refused", Duration::from_secs(25)).await
}

/// The same for minutes:
///
///     cargo test --workspace --test hard_cases -- --ignored --nocapture minutes_past
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some four minutes"]
async fn rows_minutes_past_a_journal_that_is_refused_are_settled() -> Result<()> {
    refused_for("hard-refused-long", Duration::from_secs(120)).await
}

async fn refused_for(topic: &str, behind: Duration) -> Result<()> {
    Sandbox::run(topic, async |sandbox| {
        let scene = start(sandbox, topic).await?;
        let its = scene.partitions_of("node-1").await?;
        set(&scene, "parts_to_throw_insert = 1").await?;
        let refused = Instant::now();
        let landed = u64::from(RATE) * behind.as_secs() / 4;
        eventually(
            "rows to land past the journal",
            2 * behind + PATIENCE,
            async || {
                let past = scene.past_journal(&its).await?;
                ensure!(past >= landed && refused.elapsed() >= behind, "{past} have");
                anyhow::Ok(true)
            },
        )
        .await?;
        scene.cluster.nodes[0].kill9()?;
        let past = scene.past_journal(&its).await?;
        eprintln!(
            "after {:?} without a journal, {past} rows of node-1's partitions are past it",
            refused.elapsed()
        );
        let killed = Instant::now();
        scene.until_taken_from(&["node-1"]).await?;
        eprintln!("node-2 took over {:?} after the kill", killed.elapsed());
        set(&scene, "parts_to_throw_insert = 3000").await?;
        end(scene).await
    })
    .await
}

/// An insert into the journal is under way, all of it in ClickHouse's hands, when who sent it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_entry_held_up_while_its_writer_dies_lands_before_the_look_or_never() -> Result<()> {
    Sandbox::run("hard-held-up", async |sandbox| {
        let scene = start(sandbox, "hard-held-up").await?;
        let its = scene.partitions_of("node-1").await?;
        set(
            &scene,
            &format!(
                "parts_to_delay_insert = 1, min_delay_to_insert_ms = {}, max_delay_to_insert = {}",
                HOLD_UP.as_millis(),
                HOLD_UP.as_secs()
            ),
        )
        .await?;
        eventually("an entry to be held up past rows", PATIENCE, async || {
            let held_up = scene
                .inserts_under_way("node-1", "journal", Duration::from_secs(2))
                .await?;
            anyhow::Ok(held_up > 0 && scene.past_journal(&its).await? > 0)
        })
        .await?;
        let killed = Instant::now();
        scene.cluster.nodes[0].kill9()?;
        let past = scene.past_journal(&its).await?;
        scene.until_taken_from(&["node-1"]).await?;
        eprintln!(
            "{past} rows were past the journal; taken over {:?} after the kill",
            killed.elapsed()
        );
        set(&scene, "parts_to_delay_insert = 1000").await?;
        end(scene).await
    })
    .await
}

async fn start(sandbox: &Sandbox, topic: &str) -> Result<Scene<'static>> {
    let ground = Ground::prepare(sandbox, topic, PARTITIONS).await?;
    let nodes = ground.nodes(2)?;
    let scene = ground.start(sandbox, &nodes, RATE).await?;
    scene.until_flowing().await?;
    Ok(scene)
}

/// Changes settings of the journal's table.
async fn set(scene: &Scene<'_>, settings: &str) -> Result<()> {
    let statement = format!("ALTER TABLE aurora.journal MODIFY SETTING {settings}");
    scene.clickhouse.execute(&statement).await
}

async fn end(scene: Scene<'_>) -> Result<()> {
    scene.cluster.until_balanced(1, scene.partitions).await?;
    scene.until_flowing().await?;
    scene.require_exactly_once().await
}
