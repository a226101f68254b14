//! Aurora as it runs in production: a node, in a process of its own.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, anyhow};
use aurora_actors::store::sql::TableName;

use super::services::Services;
use super::topic::Topic;
use crate::embedded::process::ChildProcess;

const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// A node that ingests one topic.
#[derive(Debug)]
pub(super) struct AuroraNode {
    process: ChildProcess,
    table: TableName,
}

impl AuroraNode {
    /// Starts a node that reads `topic` from its beginning into a table in `database`, which is new: so is the
    /// stream then, named by both.
    pub(super) fn start(
        services: &Services,
        directory: &Path,
        database: &str,
        topic: &Topic,
    ) -> anyhow::Result<Self> {
        let writer = services.writer();
        let config = format!(
            "\
[node]
id = \"bench\"
http = \"127.0.0.1:0\"
[clickhouse]
url = \"{url}\"
database = \"{database}\"
writer = {{ user = \"{user}\", password = \"env:AURORA_BENCH_PASSWORD\" }}
reader = {{ user = \"{user}\", password = \"env:AURORA_BENCH_PASSWORD\" }}
[[connections]]
name = \"{database}\"
brokers = \"{brokers}\"
[[streams]]
connection = \"{database}\"
topic = \"{topic}\"
",
            url = writer.url,
            user = writer.user,
            brokers = topic.brokers,
            topic = topic.name,
        );
        let path = directory.join(format!("{database}.toml"));
        fs::write(&path, config).with_context(|| format!("{} cannot be written", path.display()))?;
        let mut command = Command::new(&services.program);
        command
            .args(["node", "--config"])
            .arg(&path)
            .env("AURORA_BENCH_PASSWORD", &writer.password);
        Ok(Self {
            process: ChildProcess::spawn(directory, "aurora-node", command)?,
            table: TableName::for_topic(database, &topic.name),
        })
    }

    /// Where the events go.
    pub(super) fn table(&self) -> &TableName {
        &self.table
    }

    /// The node's process id.
    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Fails when the node has ended.
    pub(super) fn ensure_running(&mut self) -> anyhow::Result<()> {
        self.process.ensure_running()
    }

    /// An error, with what the node said last.
    pub(super) fn explain(&self, error: &anyhow::Error) -> anyhow::Error {
        anyhow!("{error:#}; the node said last:\n{}", self.process.log_tail(15))
    }

    /// Ends the node as a service manager would.
    pub(super) async fn stop(self) {
        self.process.stop(STOP_TIMEOUT).await;
    }
}
