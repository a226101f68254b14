//! `aurora bench`: the measurements of Aurora's design, on this machine.
//!
//! | file | what it does |
//! |---|---|
//! | `ingest` | one run: catch-up by turns, then freshness |
//! | `services` | the ClickHouse and the Kafka that are measured on |
//! | `topic`, `event` | what is read: topics, and the events in them |
//! | `aurora_node`, `kafka_engine` | the two that are compared |
//! | `measure`, `freshness` | how they are measured, from outside and in the same way |
//! | `usage` | CPU and memory of processes |
//! | `report` | what came out, for people and for programs |
//! | `questions/` | another measurement: how many questions are answered rightly |
//! | `sql` | another: questions through a node, and of ClickHouse directly |

mod aurora_node;
mod event;
mod freshness;
mod ingest;
mod kafka_engine;
mod measure;
mod questions;
mod report;
mod services;
mod sql;
mod topic;
mod usage;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// Measure Aurora on this machine.
#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Read a topic into ClickHouse, with Aurora and with ClickHouse's own Kafka engine
    Ingest(ingest::IngestArgs),
    /// Ask questions whose answers are known, and count the right ones
    Questions(questions::QuestionsArgs),
    /// Ask questions through Aurora and of ClickHouse directly
    Sql(sql::SqlArgs),
}

pub(super) async fn run(args: BenchArgs) -> anyhow::Result<ExitCode> {
    match args.what {
        What::Ingest(args) => ingest::run(&args).await,
        What::Questions(args) => questions::run(&args).await,
        What::Sql(args) => sql::run(&args).await,
    }
}
