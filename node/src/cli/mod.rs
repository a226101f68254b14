//! What `aurora` understands.

mod ask;
mod bench;
mod client;
mod connect;
#[cfg(feature = "aws")]
mod deployment;
mod doctor;
mod drain;
mod events;
mod glossary;
mod grafana;
mod history;
mod interrupt;
#[cfg(feature = "aws")]
mod machine;
mod new_file;
mod node;
mod on_aws;
mod output;
mod progress;
mod prompt;
mod retry;
mod rows;
mod saved;
mod sink;
mod sql;
mod status;
mod streams;
mod up;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::embedded::clickhouse as embedded_clickhouse;

/// Real-time analytics for Kafka: every event exactly once in ClickHouse, and answers about it from any node.
#[derive(Debug, Parser)]
#[command(name = "aurora", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run all of it here: ClickHouse, a demo stream or your Kafka, one node with its page
    Up(up::UpArgs),
    /// Run one node, as its configuration file says
    Node(node::NodeArgs),
    /// Ask a question in plain words, or have a conversation
    Ask(ask::AskArgs),
    /// Run a statement and show its rows, or type statements at a prompt
    Sql(sql::SqlArgs),
    /// Show, run and change queries with a name
    Saved(saved::SavedArgs),
    /// Show and change what words mean in questions
    Glossary(glossary::GlossaryArgs),
    /// Add a connection to a Kafka cluster, once it has been found to work
    Connect(connect::ConnectArgs),
    /// Show the streams: state, rate, freshness, lag; add, pause, resume or remove one
    Streams(streams::StreamsArgs),
    /// Show the cluster: its nodes, and who owns which partition
    Status(status::StatusArgs),
    /// Show who asked what, and what came of it
    History(history::HistoryArgs),
    /// Dashboards and alerts for a Grafana of your own
    Grafana(grafana::GrafanaArgs),
    /// Let a node hand its partitions over to the others, and end
    Drain(drain::DrainArgs),
    /// Prove that a stream's events are in ClickHouse exactly once
    Verify(verify::VerifyArgs),
    /// Show what a deployment in AWS would be, and what it would cost
    #[cfg(feature = "aws")]
    Preview(deployment::PreviewArgs),
    /// Make a deployment in AWS, or bring it to what its description says
    #[cfg(feature = "aws")]
    Deploy(deployment::DeployArgs),
    /// Change the number of a deployment's nodes
    #[cfg(feature = "aws")]
    Scale(deployment::ScaleArgs),
    /// Bring a backup of a deployment's database back, on a new volume
    #[cfg(feature = "aws")]
    Restore(deployment::RestoreArgs),
    /// Take a deployment down; its data is kept
    #[cfg(feature = "aws")]
    Destroy(deployment::DestroyArgs),
    /// Show what a deployment's machines say
    #[cfg(feature = "aws")]
    Logs(deployment::LogsArgs),
    /// Say what this machine lacks, and how to get it
    Doctor(doctor::DoctorArgs),
    /// Measure Aurora on this machine
    Bench(bench::BenchArgs),
    /// What machines of a deployment in AWS run
    #[cfg(feature = "aws")]
    #[command(hide = true)]
    Machine(machine::MachineArgs),
    /// What Pulumi starts when a deployment is changed without `aurora deploy`
    #[command(name = "internal-language-host", hide = true)]
    InternalLanguageHost,
    /// The embedded ClickHouse, as `up` starts it
    #[command(name = embedded_clickhouse::CHILD_SUBCOMMAND, hide = true)]
    InternalClickhouse {
        #[arg(long)]
        library: PathBuf,
        #[arg(long)]
        config: PathBuf,
        #[arg(long)]
        data: PathBuf,
    },
}

/// Runs the command line that the process was started with.
pub fn main() -> ExitCode {
    let command = match called_by_pulumi() {
        true => Command::InternalLanguageHost,
        false => Cli::parse().command,
    };
    // The embedded ClickHouse must be alone in its process: no runtime, no log.
    if let Command::InternalClickhouse {
        library,
        config,
        data,
    } = &command
    {
        return embedded_clickhouse::run_child(library, config, data).unwrap_or_else(|error| failed(&error));
    }
    // Fails only when one is set already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::Error::from(error).context("no threads could be started")),
    };
    let result = runtime
        .block_on(run(command))
        .and_then(|code| output::require_written().map(|()| code));
    // What blocks in the background must not keep the process alive.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    result.unwrap_or_else(|error| failed(&error))
}

/// Whether Pulumi has started us, under the name that it looks for.
fn called_by_pulumi() -> bool {
    const NAME: &str = "pulumi-language-aurora";
    let called = std::env::args_os().next().unwrap_or_default();
    std::path::Path::new(&called)
        .file_name()
        .is_some_and(|name| name == NAME)
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Up(args) => up::run(args).await,
        Command::Node(args) => node::run(&args).await,
        Command::Ask(args) => ask::run(args).await,
        Command::Sql(args) => sql::run(args).await,
        Command::Saved(args) => saved::run(args).await,
        Command::Glossary(args) => glossary::run(args).await,
        Command::Connect(args) => connect::run(&args).await,
        Command::Streams(args) => streams::run(&args).await,
        Command::Status(args) => status::run(&args).await,
        Command::History(args) => history::run(&args).await,
        Command::Grafana(args) => grafana::run(args).await,
        Command::Drain(args) => drain::run(&args).await,
        Command::Verify(args) => verify::run(&args).await,
        Command::Doctor(args) => doctor::run(&args).await,
        Command::Bench(args) => bench::run(args).await,
        #[cfg(feature = "aws")]
        Command::Preview(args) => deployment::preview(args).await,
        #[cfg(feature = "aws")]
        Command::Deploy(args) => deployment::deploy(args).await,
        #[cfg(feature = "aws")]
        Command::Scale(args) => deployment::scale(args).await,
        #[cfg(feature = "aws")]
        Command::Destroy(args) => deployment::destroy(args).await,
        #[cfg(feature = "aws")]
        Command::Restore(args) => deployment::restore(args).await,
        #[cfg(feature = "aws")]
        Command::Logs(args) => deployment::logs(args).await,
        #[cfg(feature = "aws")]
        Command::Machine(args) => machine::run(args).await,
        #[cfg(feature = "aws")]
        Command::InternalLanguageHost => deployment::serve_language().await,
        #[cfg(not(feature = "aws"))]
        Command::InternalLanguageHost => {
            anyhow::bail!("this build of Aurora cannot deploy: it was made without the feature `aws`")
        }
        Command::InternalClickhouse { .. } => Ok(ExitCode::FAILURE),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    output::error(&format!("{error:#}"));
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// Commands are otherwise put together only when they are used.
    #[test]
    fn no_command_has_an_option_twice() {
        Cli::command().debug_assert();
    }
}
