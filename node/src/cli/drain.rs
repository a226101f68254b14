//! `aurora drain`

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Args;

use super::client::{Client, NodeAddress};
use super::output;
use crate::http::cluster::ClusterStatus;

/// How long a node may take to hand over and go.
const LIMIT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Let a node hand its partitions over to the others, and end.
///
/// Each partition stands still for well under a second. What only the node itself can do, such as ending a
/// machine, is left to whoever started it.
#[derive(Debug, Args)]
pub(super) struct DrainArgs {
    /// The node's id, as `aurora status` shows it
    id: String,
    /// Do not wait until it has gone
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    address: NodeAddress,
}

pub(super) async fn run(args: &DrainArgs) -> anyhow::Result<ExitCode> {
    let client = Client::new(&args.address)?;
    let before: ClusterStatus = client.get("/api/v1/cluster").await?;
    let is_asked = before.nodes.iter().any(|node| node.is_self && node.id == args.id);
    if before.nodes.iter().all(|node| node.id == args.id) {
        output::note("this is the only node: until another starts, nothing is read any more");
    }
    let path = format!("/api/v1/cluster/nodes/{}/drain", args.id.replace('/', "%2F"));
    client.post_empty(&path).await?;
    if args.no_wait {
        return Ok(ExitCode::SUCCESS);
    }
    let started = Instant::now();
    let mut left = usize::MAX;
    loop {
        match client.get::<ClusterStatus>("/api/v1/cluster").await {
            Ok(status) => {
                let Some(node) = status.nodes.iter().find(|node| node.id == args.id) else {
                    break;
                };
                if node.partitions != left {
                    left = node.partitions;
                    output::note(&format!("{}: {}, {left} partitions left", node.id, node.state));
                }
            }
            // The node that was asked has gone itself.
            Err(_) if is_asked => break,
            Err(error) => return Err(error),
        }
        if started.elapsed() > LIMIT {
            bail!(
                "{} is still there after {} s; see its log",
                args.id,
                LIMIT.as_secs()
            );
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    output::note(&format!(
        "{} has gone after {:.1} s",
        args.id,
        started.elapsed().as_secs_f64()
    ));
    Ok(ExitCode::SUCCESS)
}
