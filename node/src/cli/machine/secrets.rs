//! `aurora machine secrets`

use std::collections::BTreeSet;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;

use super::new_file::{self, Ownership};
use crate::aws::secrets::patiently;
use crate::cli::output;
use crate::config::Secret;

/// Read secrets of AWS, and put each into a file.
///
/// All are read before any file is written, and each file is put in its place whole. A reference is
/// secretsmanager:NAME_OR_ARN, secretsmanager:NAME_OR_ARN#JSON_KEY or ssm:PARAMETER.
#[derive(Debug, Args)]
pub(super) struct SecretsArgs {
    /// The directory of the files; made for its owner alone if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The access mode of the files
    #[arg(long, default_value = "0400", value_parser = new_file::mode)]
    mode: u32,
    #[command(flatten)]
    ownership: Ownership,
    /// How long to go on trying while AWS cannot be reached, or does not know this machine's role yet
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    wait: u64,
    /// A file's name, and what is to be in it
    // Read by hand: the error of the library would repeat what was typed, which may be a secret.
    #[arg(required = true, value_name = "NAME=REFERENCE")]
    files: Vec<String>,
}

/// A file that is to hold a secret.
#[derive(Debug, Clone)]
struct Wanted {
    name: String,
    secret: Secret,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // What is wrong may be a secret, which the error must not repeat.
        let (name, reference) = text
            .split_once('=')
            .ok_or("write NAME=REFERENCE, such as key=secretsmanager:aurora/prod/cluster-key")?;
        let is_name_character = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.starts_with('.') || !name.chars().all(is_name_character) {
            return Err(
                "a file's name is made of letters, digits, `-`, `_` and `.`, and does not begin with `.`"
                    .to_owned(),
            );
        }
        if !Secret::is_in_aws(reference) {
            return Err(format!(
                "{name}: after `=` comes secretsmanager:NAME_OR_ARN or ssm:PARAMETER; a secret itself does not belong on \
                 a command line, which other users can read"
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            secret: Secret::new(reference),
        })
    }
}

pub(super) async fn run(args: &SecretsArgs) -> anyhow::Result<()> {
    let files = args
        .files
        .iter()
        .map(|file| file.parse().map_err(anyhow::Error::msg));
    let files: Vec<Wanted> = files.collect::<Result<_, _>>()?;
    let mut names = BTreeSet::new();
    if let Some(twice) = files.iter().find(|file| !names.insert(&file.name)) {
        bail!("the file {} is named twice", twice.name);
    }
    let owner = args.ownership.look_up()?;
    let limit = Duration::from_secs(args.wait);
    let mut read = Vec::new();
    for wanted in &files {
        let text = patiently(limit, async || wanted.secret.resolve().await).await;
        read.push((&wanted.name, text.with_context(|| wanted.name.clone())?));
    }
    make_directory(&args.out)?;
    for (name, text) in &read {
        new_file::put(&args.out.join(name), text.as_bytes(), args.mode, owner)?;
    }
    output::note(&format!("{} secrets are in {}", read.len(), args.out.display()));
    Ok(())
}

fn make_directory(path: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
        .create(path)
        .with_context(|| format!("the directory {} cannot be made", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_references_are_taken_and_no_secret_is_repeated() {
        assert!("key=secretsmanager:aurora/prod/key#a=b".parse::<Wanted>().is_ok());
        assert!("grafana.ini=ssm:/aurora/prod".parse::<Wanted>().is_ok());
        for text in [
            "hunter2",
            "key=hunter2",
            "key=file:/etc/hunter2",
            "../hunter2=ssm:a",
            "a/b=ssm:hunter2",
            ".hunter2=ssm:a",
            "=ssm:hunter2",
        ] {
            let error = text.parse::<Wanted>().unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
