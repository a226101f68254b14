//! A child process that does not outlive this one, however this one ends.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::Instant;

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A running child with its log. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct ChildProcess {
    name: String,
    child: Child,
    log: PathBuf,
}

impl ChildProcess {
    /// Starts `command` with its output in `directory/NAME.log` and nothing to read.
    pub(crate) fn spawn(directory: &Path, name: &str, mut command: Command) -> anyhow::Result<Self> {
        let log = directory.join(format!("{name}.log"));
        let output = File::create(&log)
            .with_context(|| format!("the log file {} cannot be written", log.display()))?;
        let program = command.get_program().to_string_lossy().into_owned();
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            // Ctrl-C at the terminal is for this process, which ends its children in order.
            .process_group(0);
        let child = spawn_bound(command).with_context(|| format!("the program `{program}` cannot be run"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log,
        })
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended; `None` while it runs.
    pub(crate) fn exit_status(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Fails, with the end of its log, when it runs no longer.
    pub(crate) fn ensure_running(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.exit_status()? {
            bail!(
                "{} ended unexpectedly, {status}:\n{}",
                self.name,
                self.log_tail(15)
            );
        }
        Ok(())
    }

    /// Waits until it ends by itself.
    pub(crate) async fn wait(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.exit_status()? {
                return Ok(status);
            }
            if started.elapsed() > limit {
                let (name, log) = (&self.name, self.log_tail(15));
                bail!("{name} did not end within {} s:\n{log}", limit.as_secs());
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Asks it to end, and kills it if it does not within `limit`.
    pub(crate) async fn stop(mut self, limit: Duration) {
        self.ask_to_end();
        // What does not end is killed by being dropped.
        let _ = self.wait(limit).await;
    }

    /// Asks it to end.
    pub(crate) fn ask_to_end(&self) {
        if let Ok(pid) = i32::try_from(self.pid()) {
            // Fails only when it has ended; its id is its own until it is waited for.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
    }

    /// Where its output goes.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// The last `lines` lines that it wrote.
    pub(crate) fn log_tail(&self, lines: usize) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let all: Vec<&str> = log.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Linux kills the child when its parent dies, `kill -9` included. But to the kernel "parent" is the
/// *thread* that forked, so one is kept that lives as long as the child does.
#[cfg(target_os = "linux")]
fn spawn_bound(mut command: Command) -> io::Result<Child> {
    use nix::sys::wait::{Id, WaitPidFlag, waitid};

    let parent = std::process::id();
    let die_with_parent = move || {
        // SAFETY: prctl(PR_SET_PDEATHSIG) takes no pointers and is async-signal-safe, as code between fork and
        // exec must be.
        if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // A parent that died before that call sends no signal any more.
        if std::os::unix::process::parent_id() != parent {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    };
    // SAFETY: the closure makes system calls only; it allocates nothing and takes no lock.
    unsafe { command.pre_exec(die_with_parent) };
    let (reply, spawned) = std::sync::mpsc::channel();
    std::thread::Builder::new()
        .name("child-keeper".to_owned())
        .spawn(move || {
            let child = command.spawn();
            let pid = child
                .as_ref()
                .ok()
                .and_then(|child| i32::try_from(child.id()).ok());
            if reply.send(child).is_ok()
                && let Some(pid) = pid
            {
                // The zombie is left to its owner, so that the id is nobody else's while it is in use.
                let ended = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
                while waitid(Id::Pid(Pid::from_raw(pid)), ended) == Err(nix::errno::Errno::EINTR) {}
            }
        })?;
    spawned
        .recv()
        .unwrap_or_else(|_| Err(io::Error::other("the thread that starts programs has ended")))
}

/// Elsewhere being dropped has to do.
#[cfg(not(target_os = "linux"))]
fn spawn_bound(mut command: Command) -> io::Result<Child> {
    command.spawn()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn says_how_it_ended_and_what_it_said() {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; exit 3"]);
        let mut child = ChildProcess::spawn(directory.path(), "shell", command).unwrap();
        let status = child.wait(Duration::from_secs(20)).await.unwrap();
        assert_eq!(status.code(), Some(3));
        assert_eq!(child.log_tail(1), "two");
        let error = child.ensure_running().unwrap_err();
        assert!(error.to_string().contains("one\ntwo"), "{error:#}");
    }

    #[tokio::test]
    async fn a_dropped_child_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("sleep");
        command.arg("1000");
        let child = ChildProcess::spawn(directory.path(), "sleep", command).unwrap();
        let pid = Pid::from_raw(i32::try_from(child.pid()).unwrap());
        assert!(kill(pid, None).is_ok());
        drop(child);
        assert!(kill(pid, None).is_err());
    }
}
