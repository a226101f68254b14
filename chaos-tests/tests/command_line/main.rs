//! The command line as people and scripts use it, against a real node on a real ClickHouse: what comes out, what is
//! left behind when something breaks, and prompts at a real pseudo-terminal.

mod ask;
mod broken;
mod formats;
mod memory;
mod prompt;
mod trust;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::binary;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::node::{Node, NodeOptions};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::terminal::Terminal;
use serde_json::Value;
use tokio::io::AsyncWriteExt;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A node that only answers, its ClickHouse with a table of parcels, and somebody with a home of their own.
struct Bench {
    clickhouse: ClickHouse,
    node: Node,
    directory: PathBuf,
}

impl Bench {
    async fn start(sandbox: &Sandbox) -> Result<Self> {
        Self::start_with(sandbox, &[]).await
    }

    /// The same with further variables in the node's environment.
    async fn start_with(sandbox: &Sandbox, environment: &[(&str, &str)]) -> Result<Self> {
        let clickhouse = ClickHouse::start(sandbox).await?;
        for statement in [
            "CREATE DATABASE IF NOT EXISTS events",
            "CREATE TABLE events.parcels (sent_at DateTime64(3), parcel_id UInt64, status LowCardinality(String), \
             country LowCardinality(String), weight_kg Nullable(Float64), note String) ENGINE = MergeTree ORDER BY parcel_id",
            "INSERT INTO events.parcels SELECT now64(3) - toIntervalMinute(number), number, \
             ['delivered', 'lost'][1 + (number % 10 = 0)], ['AT', 'DE', 'CH'][1 + number % 3], \
             if(number % 7 = 0, NULL, number / 8), concat('a;\\'\"\\n', char(27), '[2Jü', toString(number)) FROM numbers(3000)",
        ] {
            clickhouse.execute(statement).await?;
        }
        let environment = environment.iter();
        let options = NodeOptions {
            environment: environment
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..NodeOptions::without_kafka(&clickhouse)
        };
        let node = Node::start(sandbox, &options).await?;
        node.until_ready().await?;
        Ok(Self {
            clickhouse,
            node,
            directory: sandbox.directory().to_owned(),
        })
    }

    /// A command to this node, in the sandbox.
    async fn command(&self, arguments: &[&str]) -> Result<Command> {
        self.command_to(self.node.api().base(), arguments).await
    }

    async fn command_to(&self, address: &str, arguments: &[&str]) -> Result<Command> {
        let mut command = binary::command(arguments).await?;
        command
            .env("AURORA_NODE", address)
            .env("XDG_STATE_HOME", self.directory.join("state"))
            .current_dir(&self.directory);
        Ok(command)
    }

    /// Runs a command in a pipe, with nothing to read.
    async fn run(&self, arguments: &[&str]) -> Result<Output> {
        self.run_with(self.command(arguments).await?, "").await
    }

    /// Runs a command in a pipe.
    async fn run_with(&self, command: Command, input: &str) -> Result<Output> {
        self.run_into(command, input, Stdio::piped()).await
    }

    /// Runs a command that prints to somewhere.
    async fn run_into(&self, command: Command, input: &str, stdout: Stdio) -> Result<Output> {
        let mut command = tokio::process::Command::from(command);
        command.stdin(Stdio::piped()).stdout(stdout);
        command.stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let mut stdin = child.stdin.take().context("it reads nothing")?;
        // Who does not read it has ended, and says why.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
        Ok(output.with_context(|| format!("{command:?} has not ended"))??)
    }

    /// Runs a command that has to go well, and returns what it printed.
    async fn good(&self, arguments: &[&str]) -> Result<String> {
        let output = self.run(arguments).await?;
        ensure!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).context("it printed bytes that are no text")
    }

    /// The same, of which JSON comes.
    async fn json(&self, arguments: &[&str]) -> Result<Value> {
        let printed = self.good(arguments).await?;
        serde_json::from_str(&printed).with_context(|| format!("{arguments:?} printed {printed}"))
    }

    /// Runs a command that has to fail, in one sentence with these words.
    async fn fails(&self, arguments: &[&str], words: &[&str]) -> Result<()> {
        let output = self.run(arguments).await?;
        require_failure(&output, words).with_context(|| format!("{arguments:?}"))
    }

    /// Runs a command at a terminal.
    async fn terminal(&self, arguments: &[&str]) -> Result<Terminal> {
        let command = self.command(arguments).await?;
        Terminal::spawn(&self.directory, "terminal", command, PATIENCE)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// How many queries run in ClickHouse whose text contains `marker`, this one aside.
    async fn running(&self, marker: &str) -> Result<u64> {
        let reader = &self.clickhouse.reader().user;
        let marker = format!("position(query, '{marker}') > 0 AND NOT startsWith(query, 'EXPLAIN AST')");
        let query = format!("SELECT count() FROM system.processes WHERE user = '{reader}' AND {marker}");
        self.clickhouse.number(&query).await
    }

    async fn until_running(&self, marker: &str, count: u64) -> Result<()> {
        eventually(&format!("{count} queries {marker}"), PATIENCE, async || {
            self.running(marker).await.map(|running| running == count)
        })
        .await
    }
}

/// A statement that takes minutes, with a marker to find it by; it reads nothing but numbers.
fn endless(marker: &str) -> String {
    format!("SELECT '{marker}', sum(sipHash64(number)) FROM numbers(1000000000000)")
}

/// Requires that a command failed with the exit code 1, and one sentence.
fn require_failure(output: &Output, words: &[&str]) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(1), "it ended with {}", output.status);
    ensure!(
        said.starts_with("error: ") && words.iter().all(|word| said.contains(word)),
        "this is no sentence with {words:?}:\n{said}"
    );
    Ok(())
}

/// The names of what is in a directory.
fn names_in(directory: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
