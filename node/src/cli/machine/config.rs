//! `aurora machine config`

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::new_file::{self, Ownership};
use crate::aws::Machine;
use crate::aws::secrets::{BOOT_LIMIT, patiently};
use crate::cli::output;
use crate::config::placeholders;

/// Longest template.
const MAX_TEMPLATE_BYTES: u64 = 4 << 20;

/// Show what the metadata service says of this machine, or fill a template with it.
///
/// {instance_id}, {private_ip}, {region}, {zone} and {instance_type} are replaced; every other brace stays as it is.
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    /// A file to fill, - for standard input; without one the facts are shown as JSON
    template: Option<PathBuf>,
    /// Where the result goes; standard output when not given
    #[arg(long, value_name = "FILE", requires = "template")]
    out: Option<PathBuf>,
    /// The access mode of that file
    #[arg(long, default_value = "0644", value_parser = new_file::mode)]
    mode: u32,
    #[command(flatten)]
    ownership: Ownership,
}

pub(super) async fn run(args: &ConfigArgs) -> anyhow::Result<()> {
    let owner = args.ownership.look_up()?;
    let template = args.template.as_deref().map(read).transpose()?;
    let machine = Machine::this();
    let facts = patiently(BOOT_LIMIT, async || Ok(machine.facts().await?)).await?;
    let Some(template) = template else {
        return output::json(&facts);
    };
    let filled = placeholders::fill(&template, |name| facts.value(name));
    match &args.out {
        Some(path) => new_file::put(path, filled.as_bytes(), args.mode, owner),
        None => output::print(filled.trim_end_matches('\n'), &Default::default()),
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let cannot = || format!("the template {} cannot be read", path.display());
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin()
            .take(MAX_TEMPLATE_BYTES + 1)
            .read_to_string(&mut text)
    } else {
        let file = std::fs::File::open(path).with_context(cannot)?;
        file.take(MAX_TEMPLATE_BYTES + 1).read_to_string(&mut text)
    };
    if read.with_context(cannot)? as u64 > MAX_TEMPLATE_BYTES {
        bail!("{}: it is longer than {MAX_TEMPLATE_BYTES} bytes", cannot());
    }
    Ok(text)
}
