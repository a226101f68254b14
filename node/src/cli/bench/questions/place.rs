//! Where questions are asked: a node, and the ClickHouse behind it, which knows the right answers.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use aurora_actors::store::sql::ident;
use reqwest::Url;
use serde::Deserialize;
use tempfile::TempDir;
use tokio::time::Instant;

use super::super::super::output;
use super::super::services;
use super::compare::ResultRow;
use super::set::{Set, statements};
use crate::embedded::process::ChildProcess;

/// The first start fetches ClickHouse.
const START_TIMEOUT: Duration = Duration::from_secs(600);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// What would make the node another one than is to be measured.
const NOT_INHERITED: [&str; 10] = [
    "AURORA_KAFKA",
    "AURORA_TOPIC",
    "AURORA_NODES",
    "AURORA_RATE",
    "AURORA_NO_DEMO",
    "AURORA_DATA_DIR",
    "AURORA_HTTP",
    "AURORA_TOKEN",
    "AURORA_EXPOSE",
    "AURORA_LOG_FORMAT",
];
/// What makes a node ask a model.
const MODEL_VARIABLES: [&str; 3] = ["OPENAI_BASE_URL", "OPENAI_API_KEY", MODEL_NAME];
const MODEL_NAME: &str = "AURORA_MODEL";

/// Which model the node that is started asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Model {
    /// The one that the environment names, if any.
    AsEnvironmentSays,
    /// This one.
    Named(String),
    /// None.
    Without,
}

/// `aurora up` in a process of its own, with all its files in a directory that goes when it does.
#[derive(Debug)]
pub(super) struct OwnServices {
    process: ChildProcess,
    directory: TempDir,
    /// Where the node answers.
    pub(super) http: String,
    /// ClickHouse, with the writer's login.
    pub(super) clickhouse: String,
}

/// The line that `aurora up --json` prints.
#[derive(Deserialize)]
struct Ready {
    http: String,
    clickhouse: String,
}

impl OwnServices {
    /// Starts a node that lets queries read `database`.
    pub(super) async fn start(database: &str, model: &Model) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("aurora-bench-")
            .tempdir()
            .context("no directory for temporary files; point TMPDIR to one")?;
        let program = std::env::current_exe().context("the path of this program is not known")?;
        let command = command(&program, directory.path(), database, model);
        let mut process = ChildProcess::spawn(directory.path(), "aurora-up", command)?;
        match ready(&mut process).await {
            Ok(Ready { http, clickhouse }) => Ok(Self {
                process,
                directory,
                http,
                clickhouse,
            }),
            Err(error) => {
                process.stop(STOP_TIMEOUT).await;
                services::remove(directory).await;
                Err(error)
            }
        }
    }

    /// Ends it, and removes its files.
    pub(super) async fn stop(self) {
        self.process.stop(STOP_TIMEOUT).await;
        services::remove(self.directory).await;
    }
}

fn command(program: &Path, directory: &Path, database: &str, model: &Model) -> Command {
    let mut command = Command::new(program);
    command
        .args([
            "up",
            "--no-demo",
            "--json",
            "--http",
            "127.0.0.1:0",
            "--expose",
            database,
        ])
        .arg("--data-dir")
        .arg(directory.join("data"));
    for variable in NOT_INHERITED {
        command.env_remove(variable);
    }
    match model {
        Model::AsEnvironmentSays => {}
        Model::Named(name) => {
            command.env(MODEL_NAME, name);
        }
        Model::Without => {
            for variable in MODEL_VARIABLES {
                command.env_remove(variable);
            }
        }
    }
    command
}

async fn ready(process: &mut ChildProcess) -> anyhow::Result<Ready> {
    let started = Instant::now();
    loop {
        process.ensure_running()?;
        let log = std::fs::read_to_string(process.log()).unwrap_or_default();
        if let Some(ready) = log
            .lines()
            .find_map(|line| serde_json::from_str::<Ready>(line).ok())
        {
            return Ok(ready);
        }
        if started.elapsed() > START_TIMEOUT {
            bail!(
                "the node was not ready within {} s:\n{}",
                START_TIMEOUT.as_secs(),
                process.log_tail(15)
            );
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// A database in ClickHouse, as whoever wrote it sees it.
#[derive(Debug)]
pub(super) struct Database {
    http: reqwest::Client,
    url: Url,
    name: String,
}

/// What ClickHouse returns in the format `JSONCompact`.
#[derive(Deserialize)]
struct Rows {
    data: Vec<ResultRow>,
}

impl Database {
    /// The database `name` of the ClickHouse at `url`, which holds a login if one is needed.
    pub(super) fn new(url: &str, name: &str) -> anyhow::Result<Self> {
        // The URL is not repeated: there may be a password in it.
        let url = Url::parse(url)
            .ok()
            .filter(|url| ["http", "https"].contains(&url.scheme()));
        let url = url.context("--clickhouse takes a URL such as http://user:password@127.0.0.1:8123")?;
        let http = reqwest::Client::builder()
            .timeout(STATEMENT_TIMEOUT)
            .build()
            .context("the HTTP client cannot start")?;
        Ok(Self {
            http,
            url,
            name: name.to_owned(),
        })
    }

    /// The rows of a SELECT.
    pub(super) async fn rows(&self, sql: &str) -> anyhow::Result<Vec<ResultRow>> {
        let body = self.run(sql, Some(&self.name)).await?;
        let rows: Rows =
            serde_json::from_slice(&body).context("ClickHouse answered something else than rows")?;
        Ok(rows.data)
    }

    /// Makes and fills the tables, unless the database has some.
    pub(super) async fn load(&self, set: &Set) -> anyhow::Result<()> {
        let Some(script) = &set.load else {
            return Ok(());
        };
        let create = format!("CREATE DATABASE IF NOT EXISTS {}", ident(&self.name));
        self.run(&create, None).await?;
        let tables = self
            .rows("SELECT name FROM system.tables WHERE database = currentDatabase() LIMIT 1")
            .await?;
        if !tables.is_empty() {
            output::note(&format!("the tables in {} stay as they are", self.name));
            return Ok(());
        }
        output::note(&format!("loading the tables of {}", set.name));
        let statements = statements(script);
        ensure!(
            !statements.is_empty(),
            "there is no statement among the tables of {}",
            set.name
        );
        for statement in statements {
            self.run(statement, Some(&self.name)).await?;
        }
        Ok(())
    }

    async fn run(&self, sql: &str, database: Option<&str>) -> anyhow::Result<Vec<u8>> {
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("default_format", "JSONCompact");
        if let Some(database) = database {
            url.query_pairs_mut().append_pair("database", database);
        }
        let response = self
            .http
            .post(url)
            .body(sql.to_owned())
            .send()
            .await
            .map_err(reqwest::Error::without_url)
            .context("ClickHouse does not answer")?;
        let status = response.status();
        let body = response.bytes().await.map_err(reqwest::Error::without_url)?;
        if !status.is_success() {
            let why: String = String::from_utf8_lossy(&body).chars().take(500).collect();
            bail!("ClickHouse refused a statement: {why}");
        }
        Ok(body.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsStr;

    use super::*;

    fn environment(model: &Model) -> BTreeMap<String, Option<String>> {
        let command = command(Path::new("aurora"), Path::new("/tmp"), "db", model);
        let text = |text: &OsStr| text.to_string_lossy().into_owned();
        command
            .get_envs()
            .map(|(name, value)| (text(name), value.map(text)))
            .collect()
    }

    #[test]
    fn the_model_is_the_one_that_was_asked_for() {
        assert!(!environment(&Model::AsEnvironmentSays).contains_key(MODEL_NAME));
        let named = environment(&Model::Named("small".to_owned()));
        assert_eq!(named[MODEL_NAME].as_deref(), Some("small"));
        assert!(!named.contains_key("OPENAI_BASE_URL"));
        let without = environment(&Model::Without);
        for variable in MODEL_VARIABLES {
            assert_eq!(without[variable], None, "{variable}");
        }
    }

    #[test]
    fn a_url_that_is_none_is_not_repeated() {
        let error = Database::new("user:secret@host", "db").unwrap_err();
        assert!(!format!("{error:#}").contains("secret"), "{error:#}");
    }
}
