//! `aurora bench`

use std::process::ExitCode;

use clap::Args;

/// Measure Aurora on this machine.
#[derive(Debug, Args)]
pub(super) struct BenchArgs {}

pub(super) async fn run(_args: BenchArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("bench is being built")
}
