//! Nodes on machines of AWS: secrets, what happens to a machine before it goes, figures, systemd, and the commands that
//! machines run. AWS is moto; the metadata service and lifecycle hooks, which it has not, are stand-ins.

mod calls;
mod commands;
mod figures;
mod journal;
mod lifecycle;
mod secrets;
mod systemd;

use std::process::Output;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::binary;
use aurora_chaos_tests::moto::AccessKey;
use tokio::process::Command;

/// What a command of a machine takes at most on a machine that is busy with builds.
const COMMAND_LIMIT: Duration = Duration::from_secs(120);

/// Somebody whom moto lets do everything while it enforces nothing.
fn anybody() -> AccessKey {
    AccessKey {
        id: "anybody".to_owned(),
        secret: "anything".to_owned(),
    }
}

/// Runs `aurora machine …` with this environment, to its end.
async fn machine(arguments: &[&str], environment: &[(String, String)]) -> Result<Output> {
    let all = ["machine"].into_iter().chain(arguments.iter().copied());
    let mut command = Command::from(binary::command(all).await?);
    command.envs(environment.iter().cloned());
    command.stdin(std::process::Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(COMMAND_LIMIT, command.output()).await;
    output
        .context("the command does not end")?
        .context("the command does not start")
}

/// The same, of a command that is to work; what it prints.
async fn printed(arguments: &[&str], environment: &[(String, String)]) -> Result<String> {
    let output = machine(arguments, environment).await?;
    ensure!(output.status.success(), "{arguments:?}: {}", said(&output));
    Ok(String::from_utf8(output.stdout)?)
}

/// What a command says on standard error.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
