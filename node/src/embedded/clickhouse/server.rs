//! One ClickHouse child: started, waited for, ended.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::Instant;

use super::error::EmbeddedError;
use super::layout::Layout;
use aurora_actors::store::Login;

use super::CHILD_SUBCOMMAND;
use super::sandbox::PASSED_VARIABLES;

/// Long, because tables with many parts take a while to load; a child that fails ends the wait at once
/// anyway.
const START_TIMEOUT: Duration = Duration::from_secs(300);
const STILL_STARTING_INTERVAL: Duration = Duration::from_secs(10);
const PROBE_INTERVAL: Duration = Duration::from_millis(50);
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// The output file starts anew past this size.
const MAX_OUTPUT_BYTES: u64 = 1 << 20;
const MAX_REASON_BYTES: u64 = 8 << 10;
const MAX_REASON_CHARS: usize = 500;

/// What it takes to start a child, again and again with the same port.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) program: PathBuf,
    pub(super) library: PathBuf,
    pub(super) layout: Layout,
    pub(super) port: u16,
    pub(super) writer: Login,
    pub(super) http: reqwest::Client,
}

/// A loopback port that is free now.
pub(super) fn pick_port() -> io::Result<u16> {
    Ok(bind(0)?.local_addr()?.port())
}

/// Whether another process holds the port.
pub(super) fn is_taken(port: u16) -> bool {
    bind(port).is_err()
}

fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

/// A running child. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    /// The pipe that the child watches, open as long as it shall live. Apart from `child`, whose `wait` would
    /// close it.
    _life_line: Option<ChildStdin>,
    output: PathBuf,
    /// Where in the output file this child's own words begin.
    output_start: u64,
    logs: PathBuf,
}

impl Server {
    /// Starts a child and waits until it serves.
    pub(super) async fn start(recipe: &Recipe) -> Result<Self, EmbeddedError> {
        let mut server = Self::spawn(recipe)?;
        server.wait_until_ready(recipe).await?;
        Ok(server)
    }

    fn spawn(recipe: &Recipe) -> Result<Self, EmbeddedError> {
        let layout = &recipe.layout;
        let at_output = |error| EmbeddedError::data_dir(&layout.output, error);
        let (output, output_start) = open_output(&layout.output).map_err(at_output)?;
        let mut child = Command::new(&recipe.program)
            .arg(CHILD_SUBCOMMAND)
            .arg("--library")
            .arg(&recipe.library)
            .arg("--config")
            .arg(&layout.config)
            .arg("--data")
            .arg(&layout.data)
            .current_dir(&layout.data)
            .env_clear()
            .envs(
                PASSED_VARIABLES
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .stdin(Stdio::piped())
            .stdout(output.try_clone().map_err(at_output)?)
            .stderr(output)
            // Ctrl-C in a terminal reaches the whole foreground group, and it is the parent who ends
            // ClickHouse, last.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|cause| EmbeddedError::Spawn {
                program: recipe.program.clone(),
                cause,
            })?;
        let life_line = child.stdin.take();
        Ok(Self {
            child,
            _life_line: life_line,
            output: layout.output.clone(),
            output_start,
            logs: layout.logs.clone(),
        })
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ready means that the writer can log in: `/ping` alone could come from whoever else has the port.
    async fn wait_until_ready(&mut self, recipe: &Recipe) -> Result<(), EmbeddedError> {
        let started = Instant::now();
        let mut next_note = STILL_STARTING_INTERVAL;
        loop {
            tokio::select! {
                status = self.child.wait() => return Err(self.exited(status)),
                ready = is_ready(&recipe.http, &recipe.writer) => if ready { return Ok(()) },
            }
            let waited = started.elapsed();
            if waited >= START_TIMEOUT {
                return Err(EmbeddedError::NoAnswer {
                    waited: START_TIMEOUT,
                    log_dir: self.logs.clone(),
                });
            }
            if waited >= next_note {
                tracing::info!(waited_s = waited.as_secs(), logs = %self.logs.display(), "clickhouse is still starting");
                next_note += STILL_STARTING_INTERVAL;
            }
            tokio::time::sleep(PROBE_INTERVAL).await;
        }
    }

    /// Waits until the child has ended and tells how and why. Can be dropped and called again.
    pub(super) async fn ended(&mut self) -> EmbeddedError {
        let status = self.child.wait().await;
        self.exited(status)
    }

    fn exited(&self, status: io::Result<ExitStatus>) -> EmbeddedError {
        let reason = last_words(&self.output, self.output_start).unwrap_or_default();
        if reason.contains("No space left on device") {
            return EmbeddedError::DiskFull {
                path: self.logs.parent().unwrap_or(&self.logs).to_owned(),
            };
        }
        EmbeddedError::Exited {
            status: status.map_or_else(|error| error.to_string(), describe),
            reason: if reason.is_empty() {
                "it gave no reason".to_owned()
            } else {
                reason
            },
            log_dir: self.logs.clone(),
        }
    }

    /// Asks the child to end, insists after a while, and reaps it. libchdb 26.7 leaves SIGTERM at its default, so
    /// queries under way are cut off; whoever writes must have finished before.
    pub(super) async fn stop(mut self) {
        if let Some(pid) = self.pid().and_then(|pid| i32::try_from(pid).ok()) {
            // It may have ended in between: then there is nothing left to ask.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        if tokio::time::timeout(STOP_TIMEOUT, self.child.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                waited_s = STOP_TIMEOUT.as_secs(),
                "clickhouse did not stop when asked, killing it"
            );
        }
        self.kill().await;
    }

    /// Ends the child at once, and reaps it.
    pub(super) async fn kill(&mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::warn!(%error, "clickhouse could not be killed");
        }
    }
}

async fn is_ready(http: &reqwest::Client, writer: &Login) -> bool {
    let answers = async {
        let ping = http
            .get(format!("{}/ping", writer.url))
            .send()
            .await?
            .error_for_status()?;
        drop(ping);
        http.post(&writer.url)
            .header("X-ClickHouse-User", &writer.user)
            .header("X-ClickHouse-Key", &writer.password)
            .body("SELECT 1")
            .send()
            .await?
            .error_for_status()
    };
    matches!(tokio::time::timeout(PROBE_TIMEOUT, answers).await, Ok(Ok(_)))
}

fn open_output(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let size_bytes = file.metadata()?.len();
    if size_bytes < MAX_OUTPUT_BYTES {
        return Ok((file, size_bytes));
    }
    file.set_len(0)?;
    Ok((file, 0))
}

/// The last line that says something, of what was written from `start` on.
fn last_words(output: &Path, start: u64) -> io::Result<String> {
    let mut file = File::open(output)?;
    let end = file.metadata()?.len();
    file.seek(SeekFrom::Start(start.max(end.saturating_sub(MAX_REASON_BYTES))))?;
    let mut bytes = Vec::new();
    file.take(MAX_REASON_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // ClickHouse announces its log file on the same stream.
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("Logging "));
    let lines: Vec<&str> = lines.collect();
    // An exception may span lines, of which the first has code and message; an error of our own is one line.
    let is_reason = |line: &&&str| line.contains("DB::Exception") || line.starts_with("Error: ");
    let exception = lines.iter().rev().find(is_reason);
    Ok(exception
        .or(lines.last())
        .map(|line| line.chars().take(MAX_REASON_CHARS).collect())
        .unwrap_or_default())
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_noticed() {
        let port = pick_port().unwrap();
        let holder = bind(port).unwrap();
        assert!(is_taken(port));
        drop(holder);
        assert!(!is_taken(port));
    }

    #[test]
    fn last_words_are_this_childs_own() {
        let path = std::env::temp_dir().join(format!("aurora-output-{}", std::process::id()));
        std::fs::write(&path, "Code: 1. DB::Exception: old\n").unwrap();
        let start = std::fs::metadata(&path).unwrap().len();
        assert_eq!(last_words(&path, start).unwrap(), "");
        std::fs::write(
            &path,
            "Code: 1. DB::Exception: old\nLogging warning to x\nCode: 2. DB::Exception: new\nmore\n",
        )
        .unwrap();
        assert_eq!(last_words(&path, start).unwrap(), "Code: 2. DB::Exception: new");
        std::fs::remove_file(&path).unwrap();
    }
}
