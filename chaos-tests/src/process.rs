//! Child processes that a test can kill, pause and resume, and that never outlive it.
//!
//! Everything the sandbox starts (brokers, ClickHouse, proxies, nodes) is a [`Process`]. Its output goes to a
//! log file in the sandbox, it leads a process group of its own, and it dies with the test, whichever way the
//! test dies.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use anyhow::{Context, Result, anyhow, bail};
use nix::libc;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

/// A running (or ended) child process with its log.
///
/// Signals go to the process itself, as an operating system's service manager would send them; only
/// [`Process::kill9_group`] and dropping reach what it has started, too.
#[derive(Debug)]
pub struct Process {
    name: String,
    log: PathBuf,
    log_start: u64,
    pid: Pid,
    child: Child,
}

impl Process {
    /// Starts `command` with stdout and stderr appended to `NAME.log` in `directory` and nothing on stdin.
    pub fn spawn(directory: &Path, name: &str, mut command: Command) -> Result<Self> {
        let (log, output) = open_log(directory, name)?;
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output.try_clone()?)
            .process_group(0);
        Self::start(name, log, &output, command)
    }

    /// Starts `command`, which leads a process group and has its streams, and whose log begins where the file ends.
    pub(crate) fn start(name: &str, log: PathBuf, output: &File, command: Command) -> Result<Self> {
        let log_start = output.metadata()?.len();
        let program = command.get_program().to_string_lossy().into_owned();
        let child = spawn_on_lasting_thread(command)
            .with_context(|| format!("cannot start {name}: running the program `{program}` failed"))?;
        let pid = Pid::from_raw(i32::try_from(child.id()).context("a process id beyond 2^31")?);
        Ok(Self {
            name: name.to_owned(),
            log,
            log_start,
            pid,
            child,
        })
    }

    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id, which is also the id of its process group.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Where its output goes.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// `kill -9`, and waits until the kernel has ended it. What it has started lives on.
    pub fn kill9(&self) -> Result<()> {
        self.signal(Signal::SIGKILL)?;
        self.peek(libc::WEXITED).map(drop)
    }

    /// `kill -9` for it and everything it has started, as when the machine goes away.
    pub fn kill9_group(&self) -> Result<()> {
        self.kill_group();
        self.peek(libc::WEXITED).map(drop)
    }

    /// Sends SIGTERM, and does not wait.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::SIGTERM)
    }

    /// Sends SIGINT, and does not wait.
    pub fn interrupt(&self) -> Result<()> {
        self.signal(Signal::SIGINT)
    }

    /// Freezes it (SIGSTOP), and waits until it stands still: sockets stay open and nobody answers, as in a
    /// long pause of a virtual machine.
    pub fn pause(&self) -> Result<()> {
        self.signal(Signal::SIGSTOP)?;
        // A signal sent meanwhile could overtake: the kernel delivers pending ones by number.
        self.peek(libc::WEXITED | libc::WSTOPPED).map(drop)
    }

    /// Ends a [`Process::pause`].
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::SIGCONT)
    }

    /// Whether it has not ended yet. A paused process is running.
    pub fn is_running(&self) -> bool {
        matches!(self.peek(libc::WEXITED | libc::WNOHANG), Ok(None))
    }

    /// How it ended, or `None` while it runs.
    pub fn exit_status(&self) -> Result<Option<ExitStatus>> {
        self.peek(libc::WEXITED | libc::WNOHANG)
    }

    /// Waits until it ends by itself.
    pub async fn wait(&self, timeout: Duration) -> Result<ExitStatus> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.peek(libc::WEXITED | libc::WNOHANG)? {
                return Ok(status);
            }
            if started.elapsed() >= timeout {
                bail!(
                    "{} (pid {}) is still running after {timeout:?}. The end of its log, {}:\n{}",
                    self.name,
                    self.pid,
                    self.log.display(),
                    self.log_tail(20)
                );
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    /// The last `lines` lines of its log, for error messages.
    pub fn log_tail(&self, lines: usize) -> String {
        let log = self.log_since_start();
        let all: Vec<&str> = log.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// The first line of its log that contains `text`. Lines of earlier processes of the same name do not
    /// count.
    pub fn find_in_log(&self, text: &str) -> Option<String> {
        self.log_since_start()
            .lines()
            .find(|line| line.contains(text))
            .map(str::to_owned)
    }

    fn log_since_start(&self) -> String {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = File::open(&self.log)?;
            file.seek(SeekFrom::Start(self.log_start))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        match read() {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => format!("(the log {} cannot be read: {error})", self.log.display()),
        }
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        kill(self.pid, signal)
            .with_context(|| format!("cannot send {signal} to {} (pid {})", self.name, self.pid))
    }

    fn kill_group(&self) {
        // ESRCH, the only possible error, says that nobody is left. On a zombie the signal has no effect.
        let _ = killpg(self.pid, Signal::SIGKILL);
    }

    /// Looks at the status but leaves the zombie in place (WNOWAIT), so that its pid, which is the
    /// group's id as well, cannot pass to a stranger before `drop` has killed the group. No signal of ours
    /// can hit another process.
    fn peek(&self, options: i32) -> Result<Option<ExitStatus>> {
        let options = options | libc::WNOWAIT;
        loop {
            // SAFETY: siginfo_t is plain data for which all zeroes are a valid value.
            let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
            // SAFETY: `info` is a live, writable siginfo_t; the call keeps no pointer to it.
            let result =
                unsafe { libc::waitid(libc::P_PID, self.child.id() as libc::id_t, &raw mut info, options) };
            if result == 0 {
                // SAFETY: after a successful waitid these fields are filled in, or zero where nothing has
                // happened.
                let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
                return Ok((pid != 0).then(|| ExitStatus::from_raw(wait_status(info.si_code, status))));
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error)
                    .with_context(|| format!("cannot wait for {} (pid {})", self.name, self.pid));
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_group();
        let _ = self.child.wait();
    }
}

/// The log file of a process of that name, to be appended to.
pub(crate) fn open_log(directory: &Path, name: &str) -> Result<(PathBuf, File)> {
    let log = directory.join(format!("{name}.log"));
    let output = OpenOptions::new().create(true).append(true).open(&log);
    let output = output.with_context(|| format!("cannot open the log file {} of {name}", log.display()))?;
    Ok((log, output))
}

/// waitid reports code and status apart; [`ExitStatus`] wants them packed the way wait(2) does.
fn wait_status(code: i32, status: i32) -> i32 {
    match code {
        libc::CLD_EXITED => (status & 0xff) << 8,
        libc::CLD_DUMPED => status | 0x80,
        _ => status,
    }
}

type SpawnRequest = (Command, mpsc::Sender<io::Result<Child>>);

/// Spawns on a thread that lives as long as this process.
///
/// PR_SET_PDEATHSIG has the kernel kill the child when its parent dies, even of a `kill -9` that leaves no
/// time for any destructor. But "parent" means the *thread* that forked: were it a test's own thread or a
/// runtime's worker, the child would die when that thread ends, at a moment nobody expects. Hence one thread
/// that never ends.
///
/// The signal reaches the child alone. What the child starts has to take care of itself, or to be reached by
/// the process group, which `Drop` does but a `kill -9` of the test cannot.
fn spawn_on_lasting_thread(mut command: Command) -> io::Result<Child> {
    static SPAWNER: Mutex<Option<mpsc::Sender<SpawnRequest>>> = Mutex::new(None);
    die_with_parent(&mut command);
    let gone = || io::Error::other("the spawner thread has ended");
    let (reply, answer) = mpsc::channel();
    {
        let mut spawner = SPAWNER.lock().unwrap_or_else(PoisonError::into_inner);
        if spawner.is_none() {
            let (requests, inbox) = mpsc::channel::<SpawnRequest>();
            thread::Builder::new()
                .name("sandbox-spawner".to_owned())
                .spawn(move || {
                    for (mut command, reply) in inbox {
                        let _ = reply.send(command.spawn());
                    }
                })?;
            *spawner = Some(requests);
        }
        let requests = spawner.as_ref().ok_or_else(gone)?;
        requests.send((command, reply)).map_err(|_| gone())?;
    }
    answer.recv().map_err(|_| gone())?
}

#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command) {
    let parent = std::process::id();
    let die_with_parent = move || {
        // SAFETY: prctl(PR_SET_PDEATHSIG) takes no pointers and is async-signal-safe, as code after a fork
        // must be.
        if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // A parent that died before the call above sends no signal any more.
        if std::os::unix::process::parent_id() != parent {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    };
    // SAFETY: the closure only makes system calls; it allocates nothing and takes no lock.
    unsafe { command.pre_exec(die_with_parent) };
}

/// Only Linux has a parent-death signal. Elsewhere `Drop` has to do.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: &mut Command) {}

/// Ports are handed out below the range from which Linux (32768 on) and macOS (49152 on) take the local ports
/// of outgoing connections. A broker that is down for a while must find its port free when it returns, and
/// with a port out of that range any client on the machine could be sitting on it.
const FIRST_PORT: u16 = 12_000;
const PORTS_PER_BLOCK: u16 = 50;
const BLOCKS: u16 = 400;

/// The block of ports that this process holds, by a lock on a file that lasts as long as the process.
struct PortBlock {
    _lock: File,
    next: u16,
    end: u16,
}

/// A port on loopback, free for TCP and UDP, that no other caller gets: not in this process, nor in another
/// test process of the same user, as long as that lives.
///
/// What is left is the race with strangers, programs with fixed ports between 12,000 and 32,000 that start
/// between this call and the child's bind. The child then fails with "address in use", and says so in its
/// log.
pub fn free_port() -> Result<u16> {
    static BLOCK: Mutex<Option<PortBlock>> = Mutex::new(None);
    let mut held = BLOCK.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let block = match held.take() {
            Some(block) if block.next < block.end => held.insert(block),
            Some(used_up) => {
                // Its ports stay in use by children of ours, so its lock must stay, too.
                std::mem::forget(used_up);
                held.insert(lock_port_block()?)
            }
            None => held.insert(lock_port_block()?),
        };
        let port = block.next;
        block.next += 1;
        let address = (Ipv4Addr::LOCALHOST, port);
        if TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok() {
            return Ok(port);
        }
    }
}

fn lock_port_block() -> Result<PortBlock> {
    // SAFETY: geteuid has no preconditions and cannot fail.
    let user = unsafe { libc::geteuid() };
    let directory = env::temp_dir().join(format!("aurora-sandbox-ports-{user}"));
    fs::create_dir_all(&directory).with_context(|| {
        format!(
            "cannot create the directory of port locks {}",
            directory.display()
        )
    })?;
    // Parallel tests start apart, so that they do not queue for the same few files, and a block is not reused
    // at once.
    let start = std::process::id() % u32::from(BLOCKS);
    for step in 0..u32::from(BLOCKS) {
        let block = u16::try_from((start + step) % u32::from(BLOCKS))?;
        let path = directory.join(block.to_string());
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = file.with_context(|| format!("cannot open the port lock {}", path.display()))?;
        if file.try_lock().is_ok() {
            let next = FIRST_PORT + block * PORTS_PER_BLOCK;
            return Ok(PortBlock {
                _lock: file,
                next,
                end: next + PORTS_PER_BLOCK,
            });
        }
    }
    Err(anyhow!(
        "all {BLOCKS} blocks of test ports are taken, by test processes that hold the locks in {}. \
         Run fewer of them at a time",
        directory.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn exit_status_and_log_are_seen_more_than_once() -> Result<()> {
        let directory = tempfile::tempdir()?;
        let process = Process::spawn(directory.path(), "three", shell("echo out; echo err >&2; exit 3"))?;
        assert_eq!(process.wait(Duration::from_secs(10)).await?.code(), Some(3));
        assert_eq!(process.wait(Duration::from_secs(10)).await?.code(), Some(3));
        assert!(!process.is_running());
        assert_eq!(process.log_tail(10), "out\nerr");
        process.terminate()?;

        let again = Process::spawn(directory.path(), "three", shell("echo again"))?;
        again.wait(Duration::from_secs(10)).await?;
        assert_eq!(again.find_in_log("out"), None);
        assert_eq!(again.find_in_log("aga").as_deref(), Some("again"));
        Ok(())
    }

    #[tokio::test]
    async fn signals_do_what_their_names_say() -> Result<()> {
        let directory = tempfile::tempdir()?;
        let process = Process::spawn(directory.path(), "sleeper", shell("exec sleep 300"))?;
        process.pause()?;
        process.terminate()?;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(process.is_running(), "a paused process does not act on SIGTERM");
        process.resume()?;
        let status = process.wait(Duration::from_secs(10)).await?;
        assert_eq!(status.signal(), Some(libc::SIGTERM));
        Ok(())
    }

    #[tokio::test]
    async fn dropping_ends_what_the_child_started_too() -> Result<()> {
        let directory = tempfile::tempdir()?;
        let process = Process::spawn(
            directory.path(),
            "parent",
            shell("sleep 300 & echo grandchild $!; wait"),
        )?;
        let line = crate::sandbox::eventually("the grandchild's pid", Duration::from_secs(10), async || {
            process.find_in_log("grandchild")
        });
        let grandchild: i32 = line.await?.rsplit(' ').next().unwrap_or_default().parse()?;
        process.kill9()?;
        assert!(
            kill(Pid::from_raw(grandchild), None).is_ok(),
            "kill9 leaves the grandchild alone"
        );
        drop(process);
        crate::sandbox::eventually("the grandchild's end", Duration::from_secs(10), async || {
            has_ended(grandchild)
        })
        .await
    }

    /// An orphan may stay a zombie for as long as nobody reaps it, which in containers can be for ever.
    fn has_ended(pid: i32) -> bool {
        fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
    }

    #[test]
    fn a_missing_program_is_named() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let error = Process::spawn(directory.path(), "ghost", Command::new("no-such-program"))
            .expect_err("cannot run");
        assert!(format!("{error:#}").contains("no-such-program"), "{error:#}");
    }

    #[test]
    fn ports_are_distinct() -> Result<()> {
        let ports = (0..120).map(|_| free_port()).collect::<Result<HashSet<_>>>()?;
        assert_eq!(ports.len(), 120);
        Ok(())
    }
}
