//! `aurora machine disk`

use std::path::PathBuf;

use clap::Args;

use crate::aws;
use crate::machine::disk;

/// Publish how full a disk is, as `DiskUsedPercent` of the namespace Aurora.
#[derive(Debug, Args)]
pub(super) struct DiskArgs {
    /// The deployment's name
    #[arg(long)]
    deployment: String,
    /// What this machine is in it, such as clickhouse
    #[arg(long)]
    role: String,
    /// Any file or directory of the disk
    path: PathBuf,
}

pub(super) async fn run(args: &DiskArgs) -> anyhow::Result<()> {
    let figure = disk::figure(&args.path, &args.deployment, &args.role)?;
    aws::ask(async |aws| aws.publish(std::slice::from_ref(&figure)).await).await?;
    Ok(())
}
