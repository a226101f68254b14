//! The tables of `docs/chaos.md`, from the reports of chaos runs: a line of JSON each, as `AURORA_CHAOS_REPORT` makes
//! them.
//!
//!     cargo run -p aurora-chaos-tests --example chaos_table -- chaos.jsonl

#![allow(clippy::print_stdout, reason = "it prints tables")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};
use aurora_chaos_tests::arena::Report;
use aurora_chaos_tests::faults::Fault;
use aurora_chaos_tests::netns::NetworkFault;

#[derive(Default)]
struct Row {
    runs: u64,
    times: u64,
    events: u64,
    lost: u64,
    doubled: u64,
    longest_ms: u64,
}

fn main() -> Result<()> {
    let path = std::env::args().nth(1).context("name a file of reports")?;
    let text = fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
    let reports: Vec<Report> = text
        .lines()
        .map(|line| serde_json::from_str(line).context("a line is no report"))
        .collect::<Result<_>>()?;
    println!(
        "| seed | gossip | faults | events | epochs | lost | doubled | longest standstill of a partition | of which ClickHouse was away |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for run in &reports {
        println!(
            "| {} | {:?} | {} | {} | {} | {} | {} | {:.1} s | {:.1} s |",
            run.seed,
            run.gossip,
            run.schedule.faults.len(),
            run.events,
            run.epochs,
            run.lost,
            run.doubled,
            run.standstill_length_ms() as f64 / 1_000.0,
            run.without_clickhouse_ms() as f64 / 1_000.0
        );
    }
    println!("\n| fault | runs | times | events | lost | doubled | longest standstill |");
    println!("|---|---|---|---|---|---|---|");
    for (fault, row) in by_fault(&reports) {
        println!(
            "| {fault} | {} | {} | {} | {} | {} | {:.0} s |",
            row.runs,
            row.times,
            row.events,
            row.lost,
            row.doubled,
            row.longest_ms as f64 / 1_000.0
        );
    }
    Ok(())
}

fn by_fault(reports: &[Report]) -> BTreeMap<&'static str, Row> {
    let mut rows: BTreeMap<&'static str, Row> = BTreeMap::new();
    for run in reports {
        let names: Vec<&'static str> = run
            .schedule
            .faults
            .iter()
            .map(|fault| name(&fault.fault))
            .collect();
        for fault in names.iter().collect::<BTreeSet<_>>() {
            let row = rows.entry(fault).or_default();
            row.runs += 1;
            row.times += names.iter().filter(|name| *name == fault).count() as u64;
            row.events += run.events;
            row.lost += run.lost;
            row.doubled += run.doubled;
            row.longest_ms = row.longest_ms.max(run.standstill_length_ms());
        }
    }
    rows
}

fn name(fault: &Fault) -> &'static str {
    match fault {
        Fault::NodeKill { .. } => "node killed with -9",
        Fault::NodePause { .. } => "node frozen (SIGSTOP)",
        Fault::NodeRestart { .. } => "node told to end (SIGTERM)",
        Fault::Gossip(NetworkFault::Split { .. }) => "gossip split in two",
        Fault::Gossip(NetworkFault::OneWay { .. }) => "gossip one way only",
        Fault::Gossip(NetworkFault::Loss { .. }) => "packets between nodes lost (5 to 59 %)",
        Fault::Gossip(NetworkFault::CutOff { .. }) => "node cut off from everything",
        Fault::GossipDelay { .. } => "gossip late (10 to 500 ms and more)",
        Fault::BrokerKill { .. } => "broker killed with -9",
        Fault::LeaderChange { .. } => "leader of a partition told to end",
        Fault::KafkaToxic { .. } => "broker behind a bad proxy",
        Fault::ClickHouseToxic { .. } => "ClickHouse behind a bad proxy",
        Fault::ClickHouseKill => "ClickHouse killed with -9",
        Fault::ClickHousePause => "ClickHouse frozen (SIGSTOP)",
        Fault::ClickHouseCut => "ClickHouse cut off",
    }
}
