//! Machines of a deployment: a Debian 13 of its own with systemd as its first process, in a network namespace, that starts as
//! an instance of EC2 does: cloud-init asks the metadata service for user-data and does what it says.
//!
//! What is real: Debian, systemd, cloud-init, curl, the units, scripts and user-data, the program aurora, S3's, Secrets
//! Manager's and CloudWatch's protocols (by [`moto`](crate::moto)), file systems on block devices. What is not: the kernel is
//! this computer's and has no memory limits for the machine, the metadata service is [`metadata`], and the server of the
//! archive that stands for ClickHouse's is libchdb (`clickhouse_archive`).
//!
//! It takes root, and the packages mmdebstrap and systemd-container.

pub mod archive;
pub mod aws;
pub mod metadata;
pub mod root;
pub mod volume;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::netns::Member;
use crate::process::Process;
use crate::sandbox::{Sandbox, eventually};
use metadata::{Identity, Metadata};

/// Starting takes some seconds on a quiet computer.
const BOOT_TIMEOUT: Duration = Duration::from_secs(120);
/// A command on the machine.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(120);

/// What a machine is started with.
#[derive(Debug, Clone)]
pub struct MachineOptions {
    /// What it is called in the sandbox.
    pub name: String,
    /// The network namespace that it is in.
    pub member: Member,
    /// Who it is, and what it is told to do.
    pub identity: Identity,
    /// Names that it knows: lines of /etc/hosts.
    pub hosts: Vec<String>,
    /// Files of this computer that it sees, and where; not to be written to.
    pub files: Vec<(PathBuf, String)>,
    /// Devices of this computer that it may use.
    pub devices: Vec<PathBuf>,
}

/// A machine that runs. Dropping it is as if it were terminated: what it wrote is gone, but for its devices.
pub struct Machine {
    name: String,
    process: Process,
    init: i32,
    metadata: Metadata,
}

impl Machine {
    /// Starts a machine, and waits until its systemd answers.
    pub async fn boot(sandbox: &Sandbox, options: &MachineOptions) -> Result<Self> {
        let root = root::debian().await?;
        let member = &options.member;
        member.add_address("169.254.169.254/32")?;
        let metadata = Metadata::start(member.listen(metadata::place()?)?, &options.identity)?;
        let mut hosts = vec!["127.0.0.1 localhost".to_owned()];
        hosts.extend(options.hosts.clone());
        let hosts = sandbox.write(format!("{}.hosts", options.name), hosts.join("\n") + "\n")?;

        // The first process of a namespace of processes takes all others along, those of the machine too, however it ends. Of
        // systemd-nspawn alone the machine would be left.
        let mut command = Command::new("unshare");
        command
            .env("UNIFIED_CGROUP_HIERARCHY", "1")
            .args([
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "systemd-nspawn",
            ])
            .args(["--quiet", "--boot", "--volatile=overlay", "--console=read-only"])
            .args([
                "--register=no",
                "--keep-unit",
                "--resolv-conf=off",
                "--timezone=off",
                "--link-journal=no",
            ])
            .arg(format!("--machine={}-{}", options.name, root::uuid()))
            .arg(format!("--directory={}", root.display()))
            .arg(format!(
                "--network-namespace-path={}",
                member.namespace_path().display()
            ))
            .arg(format!("--bind-ro={}:/etc/hosts", hosts.display()));
        for (from, to) in &options.files {
            command.arg(format!("--bind-ro={}:{to}", from.display()));
        }
        for device in &options.devices {
            command.arg(format!("--bind={}", device.display()));
        }
        let process = Process::spawn(sandbox.directory(), &options.name, command)
            .context("is the package systemd-container installed, and is this root?")?;
        let what = format!("the machine {} to start", options.name);
        let init = eventually(&what, BOOT_TIMEOUT, async || {
            ensure!(process.is_running(), "it has ended:\n{}", process.log_tail(30));
            Ok(first_process(process.pid()))
        })
        .await?;
        let machine = Self {
            name: options.name.clone(),
            process,
            init,
            metadata,
        };
        eventually(&what, BOOT_TIMEOUT, async || {
            let process = &machine.process;
            ensure!(process.is_running(), "it has ended:\n{}", process.log_tail(30));
            let state = machine.run(&["systemctl", "is-system-running"]).await?;
            let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
            ensure!(!state.is_empty() && state != "offline", "it is {state:?}");
            anyhow::Ok(true)
        })
        .await?;
        Ok(machine)
    }

    /// Runs a program on the machine.
    pub async fn run(&self, program: &[&str]) -> Result<Output> {
        let mut command = tokio::process::Command::new("nsenter");
        command
            .arg(format!("--target={}", self.init))
            .args([
                "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd=/", "--",
            ])
            .args([
                "env",
                "-i",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ])
            .args(program)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = tokio::time::timeout(COMMAND_TIMEOUT, command.output()).await;
        output
            .with_context(|| format!("{program:?} has not ended on {}", self.name))?
            .with_context(|| format!("{program:?} cannot be run on {}", self.name))
    }

    /// What a program prints that has to succeed.
    pub async fn output(&self, program: &[&str]) -> Result<String> {
        let output = self.run(program).await?;
        ensure!(
            output.status.success(),
            "{program:?} ended on {} with {}:\n{}{}",
            self.name,
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// A property of a unit, as `systemctl show` tells it.
    pub async fn property(&self, unit: &str, name: &str) -> Result<String> {
        self.output(&["systemctl", "show", "--value", "--property", name, unit])
            .await
    }

    /// Waits until a unit is in a state such as `active`.
    pub async fn until_unit(&self, unit: &str, state: &str, limit: Duration) -> Result<()> {
        let waited = eventually(&format!("{unit} to be {state}"), limit, async || {
            let is = self.property(unit, "ActiveState").await?;
            ensure!(is == state, "it is {is}");
            anyhow::Ok(true)
        })
        .await;
        match waited {
            Ok(()) => Ok(()),
            Err(error) => {
                let log = self.journal(&[]).await.unwrap_or_default();
                let lines: Vec<&str> = log.lines().collect();
                let end = lines[lines.len().saturating_sub(60)..].join("\n");
                Err(error.context(format!("the end of the journal of {}:\n{end}", self.name)))
            }
        }
    }

    /// The journal, or that of some units, with everything that they have said so far.
    pub async fn journal(&self, units: &[&str]) -> Result<String> {
        // A machine that is about to go need not do it.
        let _ = self.output(&["journalctl", "--sync"]).await;
        let mut program = vec!["journalctl", "--no-pager", "--output=short"];
        for unit in units {
            program.extend(["--unit", unit]);
        }
        self.output(&program).await
    }

    /// What asks it for metadata.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// As if the machine was terminated, or its host had failed: at once, and nobody on it notices.
    pub async fn terminate(self) -> Result<()> {
        self.process.kill9_group()?;
        // What takes its place has its address.
        self.metadata.stop().await;
        Ok(())
    }
}

/// The first process of the machine: the one, of those that have `ancestor`, that is the first of a namespace in a namespace.
fn first_process(ancestor: i32) -> Option<i32> {
    let children = |parent: i32| -> Vec<i32> {
        let path = format!("/proc/{parent}/task/{parent}/children");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .collect()
    };
    let mut open = children(ancestor);
    while let Some(pid) = open.pop() {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
        let ids: Vec<&str> = ids.unwrap_or_default().split_whitespace().collect();
        if ids.len() > 2 && ids.last() == Some(&"1") {
            return Some(pid);
        }
        open.extend(children(pid));
    }
    None
}
