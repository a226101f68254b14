//! What the child process does: become a ClickHouse server, and end with its parent.

use std::ffi::{CString, c_char, c_int};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::sandbox;

/// Listens, then keeps the session that listens busy for ever. A row a second, so that SIGTERM is noticed
/// within one.
const SERVE_QUERY: &str = "SYSTEM START LISTEN HTTP; SELECT sleepEachRow(1) FROM system.numbers SETTINGS max_block_size=1, \
    function_sleep_max_microseconds_per_block=0, max_rows_to_read=0 FORMAT Null";

/// libchdb's entry point, which is clickhouse-local's `main`.
type QueryCmdline = unsafe extern "C" fn(c_int, *mut *mut c_char) -> c_int;

/// Runs ClickHouse in this process until it ends. To be called before any async runtime is started, with a
/// pipe from the parent as standard input.
pub fn run_child(library: &Path, config: &Path, data: &Path) -> anyhow::Result<ExitCode> {
    end_with_parent().context("cannot watch the parent process")?;
    raise_open_files_limit();
    // Before the library is loaded: it may start threads, and a thread keeps what it had.
    sandbox::enter(library, config).context("cannot give up the rights that ClickHouse does not need")?;
    let arguments = arguments(config, data)?;
    let mut argv: Vec<*mut c_char> = arguments
        .iter()
        .map(|argument| argument.as_ptr().cast_mut())
        .collect();
    let argument_count = c_int::try_from(argv.len()).context("too many arguments")?;
    argv.push(std::ptr::null_mut());

    // SAFETY: loading runs the library's initialisers. It is the verified libchdb, or the file that the user
    // named.
    let library_handle = unsafe { libloading::Library::new(library) }
        // One line, because the parent shows the last thing that the child said.
        .map_err(|error| {
            anyhow!(
                "cannot load {}: {:#}",
                library.display(),
                anyhow::Error::from(error)
            )
        })?;
    // SAFETY: the symbol is a C function that takes what `main` takes, and returns its exit code.
    let query_cmdline = unsafe { library_handle.get::<QueryCmdline>(b"chdb_query_cmdline\0") }
        .with_context(|| format!("{} is not a libchdb with a command line", library.display()))?;
    // SAFETY: argv holds `argument_count` pointers to NUL-terminated strings and a null at its end, as main's
    // would. They outlive the call, and it does not write through them.
    let code = unsafe { query_cmdline(argument_count, argv.as_mut_ptr()) };
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)))
}

fn arguments(config: &Path, data: &Path) -> anyhow::Result<Vec<CString>> {
    let option = |name: &str, value: &[u8]| {
        let mut bytes = name.as_bytes().to_vec();
        bytes.extend_from_slice(value);
        CString::new(bytes).context("a path has a NUL byte in it")
    };
    Ok(vec![
        option("clickhouse", b"")?,
        option("--config-file=", config.as_os_str().as_bytes())?,
        option("--path=", data.as_os_str().as_bytes())?,
        option("--query=", SERVE_QUERY.as_bytes())?,
    ])
}

/// Starts a thread that waits for the end of standard input, a pipe that only the parent holds open. The
/// kernel closes it however the parent ends, `kill -9` included; PR_SET_PDEATHSIG would fire when the
/// parent's *thread* ends.
fn end_with_parent() -> anyhow::Result<()> {
    let mut pipe = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    // clickhouse-local may read standard input; it must not compete for the pipe.
    let nothing = File::open("/dev/null")?;
    // SAFETY: both descriptors are open, and nothing in this process holds a safe handle that owns descriptor
    // 0.
    if unsafe { libc::dup2(nothing.as_raw_fd(), libc::STDIN_FILENO) } < 0 {
        bail!(io::Error::last_os_error());
    }
    std::thread::Builder::new()
        .name("parent-watch".into())
        .spawn(move || {
            let mut ignored = [0; 64];
            loop {
                match pipe.read(&mut ignored) {
                    Ok(count) if count > 0 => {}
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // Not SIGTERM: nobody is left to wait for an orderly end, and the next start waits for
                    // this process.
                    Ok(_) | Err(_) => {
                        let _ = kill(Pid::this(), Signal::SIGKILL);
                    }
                }
            }
        })?;
    Ok(())
}

/// ClickHouse keeps many files open, and desktops start programs with a soft limit of 256 or 1024. Failing is
/// no reason not to start.
fn raise_open_files_limit() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is a valid rlimit that lives through the call.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return;
    }
    // macOS reports "no limit" as hard limit but refuses to set it: what fails is tried again with a number
    // it takes.
    for soft_limit in [limit.rlim_max, limit.rlim_max.min(10_240)] {
        let wanted = libc::rlimit {
            rlim_cur: soft_limit.max(limit.rlim_cur),
            rlim_max: limit.rlim_max,
        };
        // SAFETY: `wanted` is a valid rlimit that lives through the call.
        if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const wanted) } == 0 {
            return;
        }
    }
}
