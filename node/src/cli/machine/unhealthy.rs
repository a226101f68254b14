//! `aurora machine unhealthy`

use clap::Args;

use crate::aws::secrets::{BOOT_LIMIT, patiently};
use crate::aws::{self, Machine};
use crate::cli::output;

/// Have the Auto Scaling group replace this machine.
#[derive(Debug, Args)]
pub(super) struct UnhealthyArgs {
    /// Even within the time of grace that the group gives new machines
    #[arg(long)]
    now: bool,
}

pub(super) async fn run(args: &UnhealthyArgs) -> anyhow::Result<()> {
    let machine = Machine::this();
    let instance = patiently(BOOT_LIMIT, async || {
        let instance = machine.instance_id().await?;
        aws::ask(async |aws| aws.set_unhealthy(&instance, args.now).await).await?;
        Ok(instance)
    })
    .await?;
    output::note(&format!(
        "{instance} is marked as unhealthy; its Auto Scaling group replaces it"
    ));
    Ok(())
}
