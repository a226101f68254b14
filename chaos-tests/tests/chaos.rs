//! Faults of all kinds, several at once, under load, decided by a seed; and every event is there exactly once.
//!
//! `AURORA_CHAOS_RUNS` says how many runs (two by default), `AURORA_CHAOS_SEED` the seed of the first; the others
//! follow it. `AURORA_CHAOS_SECONDS` says how long faults go on in each. `AURORA_CHAOS_REPORT` names a file to which a
//! line of JSON is added for each run; the tables of `docs/chaos.md` are made of those, by the example `chaos_table`.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use aurora_chaos_tests::arena::{Arena, Report};
use aurora_chaos_tests::sandbox::Sandbox;

/// After so many runs the services are new ones.
const RUNS_PER_ARENA: u64 = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_every_event_is_there_once() -> Result<()> {
    let runs = variable("AURORA_CHAOS_RUNS")?.unwrap_or(2);
    let seconds = variable("AURORA_CHAOS_SECONDS")?.unwrap_or(45);
    let first = match variable("AURORA_CHAOS_SEED")? {
        Some(seed) => seed,
        None => u64::from(rand::random::<u32>()),
    };
    let seeds: Vec<u64> = (first..first + runs).collect();
    for seeds in seeds.chunks(usize::try_from(RUNS_PER_ARENA)?) {
        Sandbox::run("chaos", async |sandbox| {
            let arena = Arena::start(sandbox).await?;
            for seed in seeds {
                let report = arena.run(*seed, Duration::from_secs(seconds)).await.with_context(|| {
                    format!("in the run with AURORA_CHAOS_SEED={seed} AURORA_CHAOS_RUNS=1 AURORA_CHAOS_SECONDS={seconds}")
                })?;
                note(&report)?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

fn note(report: &Report) -> Result<()> {
    eprintln!(
        "seed {}: {} faults, {} events, {} lost, {} doubled, {} epochs, longest standstill {} ms ({:?}, of partition {}), \
         of which without ClickHouse {} ms\n{}",
        report.seed,
        report.schedule.faults.len(),
        report.events,
        report.lost,
        report.doubled,
        report.epochs,
        report.standstill_length_ms(),
        report.standstill_ms,
        report.standstill_of,
        report.without_clickhouse_ms(),
        report.around_standstill()
    );
    let Some(path) = env::var_os("AURORA_CHAOS_REPORT").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    writeln!(file, "{}", serde_json::to_string(report)?)?;
    Ok(())
}

fn variable(name: &str) -> Result<Option<u64>> {
    let Some(text) = env::var_os(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let text = text.to_string_lossy();
    let number = text.parse();
    number
        .map(Some)
        .with_context(|| format!("{name}={text} is no number"))
}
