//! `aurora machine`: what the machines of a deployment in AWS run, so that they need no other program that knows AWS.
//!
//! | command | for | asks AWS for |
//! |---|---|---|
//! | `aurora machine config [TEMPLATE]` | what the metadata service says, or a template filled with it | nothing but IMDSv2 |
//! | `aurora machine secrets --out DIR NAME=REFERENCE…` | programs that read secrets from files | `secretsmanager:GetSecretValue`, `ssm:GetParameter` |
//! | `aurora machine unhealthy` | a unit that has failed for good (`OnFailure=`) | `autoscaling:SetInstanceHealth` |
//! | `aurora machine disk --deployment NAME --role ROLE PATH` | a timer, once a minute | `cloudwatch:PutMetricData` |
//! | `aurora machine logs --group GROUP --state DIR` | a service that ships the journal | `logs:CreateLogStream`, `logs:PutLogEvents` |
//!
//! Region and credentials are found as the AWS SDKs find them. Each can be run again without harm; what fails says on
//! standard error what is missing, and ends with another code than 0.
//!
//! `aurora node` needs none of these: it fills the placeholders of its configuration, reads its secrets and minds the
//! machine's life by itself (`[aws]`, see [`crate::config`]).

mod config;
mod disk;
mod logs;
mod new_file;
mod secrets;
mod unhealthy;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::telemetry::{self, LogFormat};

/// What machines of a deployment in AWS run
#[derive(Debug, Args)]
pub(super) struct MachineArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what the metadata service says of this machine, or fill a template with it
    Config(config::ConfigArgs),
    /// Read secrets of AWS, and put each into a file
    Secrets(secrets::SecretsArgs),
    /// Have the Auto Scaling group replace this machine
    Unhealthy(unhealthy::UnhealthyArgs),
    /// Publish how full a disk is
    Disk(disk::DiskArgs),
    /// Ship the journal to CloudWatch Logs, until told to stop
    Logs(logs::LogsArgs),
}

pub(super) async fn run(args: MachineArgs) -> anyhow::Result<ExitCode> {
    // Where it runs the journal has the time of each line.
    telemetry::start(
        LogFormat::Text,
        "warn,aurora_node=info,aws_config=error,aws_runtime=error",
    );
    match args.command {
        Command::Config(args) => config::run(&args).await,
        Command::Secrets(args) => secrets::run(&args).await,
        Command::Unhealthy(args) => unhealthy::run(&args).await,
        Command::Disk(args) => disk::run(&args).await,
        Command::Logs(args) => logs::run(args).await,
    }
    .map(|()| ExitCode::SUCCESS)
}
