//! `aurora up` as a process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::api::Api;
use crate::binary;
use crate::process::Process;
use crate::sandbox::{Sandbox, eventually};

const READY_TIMEOUT: Duration = Duration::from_secs(120);
const STOP_TIMEOUT: Duration = Duration::from_secs(60);

/// An `aurora up --json` that is ready. Dropping it kills it.
pub struct Up {
    process: Process,
    ready: Value,
    api: Api,
}

impl Up {
    /// Starts it with the data directory `data` in the sandbox, on a free port, with further arguments, and
    /// waits for the line by which it says that it is ready.
    pub async fn start(sandbox: &Sandbox, arguments: &[&str]) -> Result<Self> {
        let data_dir = Self::data_dir(sandbox);
        let mut command = binary::command(["up", "--json", "--http", "127.0.0.1:0", "--data-dir"]).await?;
        command.arg(&data_dir).args(arguments);
        let process = Process::spawn(sandbox.directory(), "up", command)?;
        let line = eventually("aurora up to be ready", READY_TIMEOUT, async || {
            match process.find_in_log("{\"") {
                None if !process.is_running() => Some(None),
                line => line.map(Some),
            }
        });
        let Some(line) = line.await? else {
            bail!("aurora up ended while starting:\n{}", process.log_tail(20));
        };
        let ready: Value = serde_json::from_str(&line).with_context(|| format!("this is no JSON: {line}"))?;
        let http = ready["http"].as_str().context("the line names no http")?;
        Ok(Self {
            api: Api::new(http)?,
            process,
            ready,
        })
    }

    /// Where [`Up::start`] keeps everything.
    pub fn data_dir(sandbox: &Sandbox) -> PathBuf {
        sandbox.path("data")
    }

    /// The line by which it said that it is ready.
    pub fn ready(&self) -> &Value {
        &self.ready
    }

    /// Its API.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Ctrl-C, and waits for its end.
    pub async fn interrupt(self) -> Result<ExitStatus> {
        self.process.interrupt()?;
        self.process.wait(STOP_TIMEOUT).await
    }
}

/// The processes whose command line contains `path`.
pub fn processes_that_name(path: &Path) -> Result<Vec<u32>> {
    let path = path.to_string_lossy();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("there is no /proc here")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process that has ended meanwhile has no command line, nor has a zombie.
        let command_line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&command_line).contains(path.as_ref()) {
            found.push(pid);
        }
    }
    Ok(found)
}
