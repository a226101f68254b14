//! `aurora status`

use std::process::ExitCode;

use aurora_actors::ingest::status::{ArrivalKind, State};
use clap::Args;

use super::client::ListArgs;
use super::output;
use crate::http::cluster::{ClusterStatus, OwnedPartition};

/// Show the cluster: its nodes, and who owns which partition.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    how: ListArgs,
    /// Instead of a node, ask AWS how the machines of the deployment are that --file describes
    #[cfg(feature = "aws")]
    #[arg(long)]
    deployment: bool,
    /// With --deployment, list everything that it is made of
    #[cfg(feature = "aws")]
    #[arg(long, requires = "deployment")]
    resources: bool,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    tools: super::deployment::Tools,
}

pub(super) async fn run(args: &StatusArgs) -> anyhow::Result<ExitCode> {
    #[cfg(feature = "aws")]
    if args.deployment {
        return super::deployment::status(&args.tools, args.resources, args.how.is_json()).await;
    }
    let status: ClusterStatus = args.how.client()?.get("/api/v1/cluster").await?;
    if args.how.is_json() {
        output::json(&status)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut nodes = output::table(&["node", "state", "http", "version", "capacity", "partitions", "up"]);
    for node in &status.nodes {
        nodes.add_row(vec![
            comfy_table::Cell::new(if node.is_self {
                format!("{} (asked)", node.id)
            } else {
                node.id.clone()
            }),
            output::verdict(&node.state, node.state == "ready"),
            comfy_table::Cell::new(&node.http),
            comfy_table::Cell::new(&node.version),
            output::number(node.capacity.to_string()),
            output::number(node.partitions.to_string()),
            output::number(duration(node.uptime_s)),
        ]);
    }
    output::line(&nodes.to_string());
    let mut partitions = output::table(&[
        "stream",
        "partition",
        "owner",
        "state",
        "epoch",
        "position",
        "lag",
        "last handover",
    ]);
    for partition in &status.partitions {
        partitions.add_row(vec![
            comfy_table::Cell::new(&partition.stream),
            output::number(partition.partition.to_string()),
            comfy_table::Cell::new(owner(partition)),
            output::verdict(state_name(partition.state), partition.state == State::Running),
            output::number(partition.epoch.to_string()),
            output::number(&partition.position),
            output::number(output::thousands(partition.lag)),
            comfy_table::Cell::new(last_handover(partition)),
        ]);
    }
    output::line(&partitions.to_string());
    Ok(ExitCode::SUCCESS)
}

fn owner(partition: &OwnedPartition) -> String {
    let owner = partition.owner.as_deref().unwrap_or("nobody");
    match partition.planned.as_deref() {
        Some(planned) if planned != owner => format!("{owner} → {planned}"),
        _ => owner.to_owned(),
    }
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Starting => "starting",
        State::Settling => "settling",
        State::Running => "running",
        State::Waiting => "waiting",
        State::Stopped => "stopped",
        State::Paused => "paused",
    }
}

fn last_handover(partition: &OwnedPartition) -> String {
    let Some(arrival) = &partition.last_handover else {
        return "–".to_owned();
    };
    let from = arrival
        .from
        .as_ref()
        .map_or_else(|| "nobody".to_owned(), ToString::to_string);
    let how = match arrival.kind {
        ArrivalKind::New => "new".to_owned(),
        ArrivalKind::Resumed => "resumed".to_owned(),
        ArrivalKind::HandedOver => format!("handed over by {from}"),
        ArrivalKind::TakenOver => format!("taken over from {from}"),
    };
    let age = jiff::Timestamp::now().duration_since(arrival.at).as_secs();
    format!("{how}, {} ago", duration(u64::try_from(age).unwrap_or(0)))
}

/// Seconds as people say them.
fn duration(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
