//! The journal, shipped to CloudWatch Logs. There is no journald where tests run: a script is in the place of journalctl
//! that gives out the lines of a file as it does, from where it is told.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::binary;
use aurora_chaos_tests::moto::Moto;
use aurora_chaos_tests::process::{Process, free_port};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::stack::PATIENCE;
use serde_json::{Value, json};

use super::anybody;

const GROUP: &str = "/aurora/test/peers";
/// More than AWS takes at once.
const MANY: usize = 10_500;

/// The cursor of an entry is the number of its line.
const JOURNALCTL: &str = r#"#!/bin/sh
first=1
for argument; do
  case $argument in --after-cursor=*) first=$((${argument#--after-cursor=} + 1)) ;; esac
done
exec tail -f -n +$first "$JOURNAL"
"#;

fn entries(from: usize, to: usize) -> String {
    let now_micros = jiff::Timestamp::now().as_microsecond();
    let entry = |number: usize| {
        let entry = json!({
            "__CURSOR": number.to_string(),
            "__REALTIME_TIMESTAMP": (now_micros + number as i64).to_string(),
            "MESSAGE": format!("entry {number}"),
            "SYSLOG_IDENTIFIER": "aurora",
        });
        format!("{entry}\n")
    };
    (from..=to).map(entry).collect()
}

async fn start(sandbox: &Sandbox, port: u16) -> Result<Process> {
    let path = std::env::var("PATH").unwrap_or_default();
    let state = sandbox.path("state").display().to_string();
    let arguments = [
        "machine", "logs", "--group", GROUP, "--stream", "i-1", "--state", &state,
    ];
    let mut command = binary::command(arguments).await?;
    command
        .envs(Moto::variables(&format!("http://127.0.0.1:{port}"), &anybody()))
        .env("PATH", format!("{}:{path}", sandbox.path("bin").display()))
        .env("JOURNAL", sandbox.path("journal"));
    Process::spawn(sandbox.directory(), "logs", command)
}

/// All messages of the group.
async fn messages(moto: &Moto) -> Result<Vec<String>> {
    let mut all = Vec::new();
    let mut token = Value::Null;
    loop {
        let mut question = json!({ "logGroupName": GROUP, "logStreamName": "i-1", "startFromHead": true });
        if !token.is_null() {
            question["nextToken"] = token.clone();
        }
        let page = moto.json("logs", "Logs_20140328.GetLogEvents", &question).await?;
        let events = page["events"].as_array().context("no events")?;
        all.extend(
            events
                .iter()
                .map(|event| event["message"].as_str().unwrap_or_default().to_owned()),
        );
        // The end is where the same token comes again.
        if events.is_empty() || page["nextForwardToken"] == token {
            return Ok(all);
        }
        token = page["nextForwardToken"].clone();
    }
}

async fn until_shipped(moto: &Moto, count: usize) -> Result<()> {
    let what = format!("{count} entries to be shipped");
    eventually(&what, PATIENCE, async || {
        let found = messages(moto).await?;
        ensure!(found.len() >= count, "there are {}", found.len());
        anyhow::Ok(true)
    })
    .await?;
    let expected: Vec<String> = (1..=count)
        .map(|number| format!("aurora: entry {number}"))
        .collect();
    ensure!(
        messages(moto).await? == expected,
        "they are others, or in another order"
    );
    Ok(())
}

fn append(journal: &Path, text: &str) -> Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(journal)?;
    Ok(std::io::Write::write_all(&mut file, text.as_bytes())?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_entry_is_shipped_once_whatever_is_away() -> Result<()> {
    Sandbox::run("aws-journal", async |sandbox| {
        let script = sandbox.write("bin/journalctl", JOURNALCTL)?;
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
        let journal = sandbox.path("journal");
        append(&journal, &entries(1, 3))?;

        // AWS is not there yet.
        let port = free_port()?;
        let logs = Arc::new(start(sandbox, port).await?);
        eventually("it to say so", PATIENCE, async || {
            logs.find_in_log("CloudWatch Logs cannot be reached").is_some()
        })
        .await?;
        let moto = Moto::start_at(sandbox, port).await?;
        moto.json(
            "logs",
            "Logs_20140328.CreateLogGroup",
            &json!({ "logGroupName": GROUP }),
        )
        .await?;
        until_shipped(&moto, 3).await?;
        append(&journal, &entries(4, MANY))?;
        until_shipped(&moto, MANY).await?;

        // Stopped in order, it ships what it has, and the next goes on there.
        append(&journal, &entries(MANY + 1, MANY + 2))?;
        eventually("it to have read them", PATIENCE, async || {
            messages(&moto).await.map(|found| found.len() == MANY + 2)
        })
        .await?;
        logs.terminate()?;
        ensure!(logs.wait(PATIENCE).await?.success(), "it does not end well");
        append(&journal, &entries(MANY + 3, MANY + 5))?;
        let logs = start(sandbox, port).await?;
        until_shipped(&moto, MANY + 5).await?;
        ensure!(logs.is_running(), "it has ended");
        Ok(())
    })
    .await
}
