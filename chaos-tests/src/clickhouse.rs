//! A real ClickHouse in the sandbox: the one that `aurora up` embeds, which comes back by itself when it is
//! killed.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aurora_actors::store::Login;
use aurora_node::embedded::clickhouse::{ClickHouseOptions, EmbeddedClickHouse, default_cache_dir};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::runtime::{Builder, Runtime};

use crate::api::http_client;
use crate::binary;
use crate::sandbox::{Sandbox, eventually};

/// A start takes 1 to 3 s on a quiet machine; after several kills, a restart waits for some more.
const READY_TIMEOUT: Duration = Duration::from_secs(120);

/// A ClickHouse that runs. Every method takes `&self`, so that faults can be injected while load runs.
/// Dropping it ends it in order.
pub struct ClickHouse {
    client: Client,
    reader: Login,
    grafana: Login,
    /// Whoever keeps the server running lives in a runtime that does not end with the test's.
    runtime: Option<Runtime>,
    embedded: Option<EmbeddedClickHouse>,
}

/// Asks ClickHouse as the writer.
#[derive(Debug, Clone)]
pub struct Client {
    writer: Login,
    http: reqwest::Client,
}

impl Client {
    /// Runs a query and returns its rows, columns separated by tabs, as `FORMAT TSVRaw` prints them: texts as
    /// they are, NULL as `\N`.
    pub async fn lines(&self, query: &str) -> Result<Vec<String>> {
        Ok(self.text(query).await?.lines().map(str::to_owned).collect())
    }

    async fn text(&self, query: &str) -> Result<String> {
        let request = self
            .http
            .post(format!(
                "{}/?default_format=TSVRaw&wait_end_of_query=1",
                self.writer.url
            ))
            .header("X-ClickHouse-User", &self.writer.user)
            .header("X-ClickHouse-Key", &self.writer.password)
            .body(query.to_owned());
        let response = request.send().await.context("ClickHouse does not answer")?;
        let status = response.status();
        let text = response.text().await.context("ClickHouse's answer broke off")?;
        if !status.is_success() {
            bail!("ClickHouse answered {status} to {query}: {}", text.trim());
        }
        Ok(text)
    }
}

impl ClickHouse {
    /// Starts a server with its data in the sandbox, and waits until it answers.
    ///
    /// The first call on a machine downloads the library.
    pub async fn start(sandbox: &Sandbox) -> Result<Self> {
        let options = ClickHouseOptions {
            data_dir: sandbox.path("clickhouse"),
            cache_dir: default_cache_dir(),
            exposed_databases: vec!["events".to_owned()],
            program: PathBuf::from(binary::aurora().await?),
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("no thread for ClickHouse could be started")?;
        let started = runtime.spawn(EmbeddedClickHouse::start(options)).await;
        let embedded = match started.context("the start of ClickHouse panicked")? {
            Ok(embedded) => embedded,
            Err(error) => {
                runtime.shutdown_background();
                return Err(error).context("the sandbox's ClickHouse does not start");
            }
        };
        Ok(Self {
            client: Client {
                writer: embedded.writer(),
                http: http_client()?,
            },
            reader: embedded.reader(),
            grafana: embedded.grafana(),
            runtime: Some(runtime),
            embedded: Some(embedded),
        })
    }

    /// A server that runs elsewhere, and is somebody else's to kill. A Grafana would ask as its reader.
    pub fn elsewhere(writer: Login, reader: Login) -> Result<Self> {
        Ok(Self {
            grafana: reader.clone(),
            client: Client {
                writer,
                http: http_client()?,
            },
            reader,
            runtime: None,
            embedded: None,
        })
    }

    /// The login of those who ingest.
    pub fn writer(&self) -> &Login {
        &self.client.writer
    }

    /// Somebody who asks as the writer, for tasks of their own.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The login of those who query.
    pub fn reader(&self) -> &Login {
        &self.reader
    }

    /// The login of a Grafana.
    pub fn grafana(&self) -> &Login {
        &self.grafana
    }

    /// `HOST:PORT`, the same after a restart.
    pub fn address(&self) -> &str {
        self.client.writer.url.trim_start_matches("http://")
    }

    /// `kill -9` for the server that runs now, or for the next one, if it is just being started. It comes back
    /// by itself, after a pause that grows from kill to kill.
    pub async fn kill9(&self) -> Result<()> {
        let embedded = self.embedded.as_ref().context("ClickHouse has been stopped")?;
        let pid = eventually("a ClickHouse to kill", READY_TIMEOUT, async || embedded.pid()).await?;
        kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGKILL)
            .with_context(|| format!("cannot kill ClickHouse (pid {pid})"))?;
        eventually("ClickHouse's end", READY_TIMEOUT, async || {
            embedded.pid() != Some(pid)
        })
        .await
    }

    /// SIGSTOP: connections stay, and nobody answers.
    pub async fn pause(&self) -> Result<()> {
        self.signal(Signal::SIGSTOP).await
    }

    /// SIGCONT.
    pub async fn resume(&self) -> Result<()> {
        self.signal(Signal::SIGCONT).await
    }

    async fn signal(&self, signal: Signal) -> Result<()> {
        let embedded = self.embedded.as_ref().context("ClickHouse has been stopped")?;
        let pid = eventually("a ClickHouse to signal", READY_TIMEOUT, async || embedded.pid()).await?;
        kill(Pid::from_raw(i32::try_from(pid)?), signal)
            .with_context(|| format!("ClickHouse (pid {pid}) takes no {signal}"))
    }

    /// How many times it has come back.
    pub fn restarts(&self) -> u64 {
        self.embedded.as_ref().map_or(0, EmbeddedClickHouse::restarts)
    }

    /// Waits until it answers.
    pub async fn until_up(&self) -> Result<()> {
        eventually("ClickHouse to answer", READY_TIMEOUT, async || {
            self.execute("SELECT 1").await.map(|()| true)
        })
        .await
    }

    /// Runs a statement as the writer.
    pub async fn execute(&self, statement: &str) -> Result<()> {
        self.client.text(statement).await.map(drop)
    }

    /// As [`Client::lines`].
    pub async fn lines(&self, query: &str) -> Result<Vec<String>> {
        self.client.lines(query).await
    }

    /// Runs a query of one row as the writer and returns the row.
    pub async fn line(&self, query: &str) -> Result<String> {
        match self.lines(query).await?.as_slice() {
            [line] => Ok(line.clone()),
            lines => bail!("{} rows instead of one from: {query}", lines.len()),
        }
    }

    /// Runs a query of one number as the writer and returns the number.
    pub async fn number(&self, query: &str) -> Result<u64> {
        let line = self.line(query).await?;
        line.parse()
            .with_context(|| format!("{line:?} is no number; it came from: {query}"))
    }
}

impl Drop for ClickHouse {
    fn drop(&mut self) {
        let (Some(runtime), Some(embedded)) = (self.runtime.take(), self.embedded.take()) else {
            return;
        };
        // A runtime can neither wait nor be dropped in a thread of another one.
        let stop = thread::spawn(move || {
            runtime.block_on(embedded.stop());
            drop(runtime);
        });
        if stop.join().is_err() {
            eprintln!("ClickHouse's end panicked");
        }
    }
}
