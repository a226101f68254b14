//! `aurora machine logs`

use std::future::pending;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::aws::Machine;
use crate::aws::secrets::{BOOT_LIMIT, patiently};
use crate::cli::interrupt::Interrupts;
use crate::machine::journal::{self, JournalOptions};
use crate::systemd::ServiceManager;

/// Ship the journal to CloudWatch Logs, until told to stop.
#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// The log group, such as /aurora/prod/peers; it has to be there
    #[arg(long)]
    group: String,
    /// The stream in it, which is made; this instance's id when not given
    #[arg(long)]
    stream: Option<String>,
    /// A directory in which to keep how far the journal has been shipped
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Only this unit; can be given several times
    #[arg(long = "unit", value_name = "UNIT")]
    units: Vec<String>,
}

pub(super) async fn run(args: LogsArgs) -> anyhow::Result<()> {
    let stream = match args.stream {
        Some(stream) => stream,
        None => {
            let machine = Machine::this();
            let instance = patiently(BOOT_LIMIT, async || Ok(machine.instance_id().await?)).await;
            instance.context("the stream's name")?
        }
    };
    let options = JournalOptions {
        group: args.group,
        stream,
        units: args.units,
        state: args.state,
    };
    let mut interrupts = Interrupts::listen_to_all();
    let stop = CancellationToken::new();
    let signals = {
        let stop = stop.clone();
        tokio::spawn(async move {
            interrupts.unless(pending::<()>()).await;
            stop.cancel();
        })
    };
    let manager = ServiceManager::of_this_process();
    let begun = || {
        if let Some(manager) = &manager {
            manager.ready();
        }
    };
    let shipped = journal::ship(&options, &stop, begun).await;
    signals.abort();
    shipped
}
