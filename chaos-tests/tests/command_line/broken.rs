//! What breaks off, or is ended by Ctrl-C, leaves nothing that looks whole, and nothing that runs.

use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::terminal::CTRL_C;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Child;
use tokio::sync::Notify;

use super::{Bench, PATIENCE, endless, names_in, require_failure};

/// Some fifteen megabytes that cannot be compressed away.
const LONG: &str = "SELECT number, hex(SHA512(toString(number))) AS text FROM numbers(100000)";
/// At a row in the middle it fails.
const FAILS: &str = "SELECT n, s, throwIf(n = 95000) FROM slow ORDER BY n";
const FORMATS: [&str; 4] = ["csv", "jsonlines", "parquet", "arrow"];

/// What happens to an answer when so much of it has passed.
#[derive(Debug, Clone)]
enum Fate {
    /// The connection ends.
    Cut,
    /// The rest waits until it is let through.
    Hold(Arc<Notify>),
}

/// Lets connections through, each up to so many bytes of an answer. It ends with the test's runtime.
struct Proxy {
    address: String,
}

/// How much passes.
const PASSED: u64 = 400_000;

impl Proxy {
    async fn start(bench: &Bench, fate: Fate) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let upstream = bench.node.api().base().trim_start_matches("http://").to_owned();
        tokio::spawn(async move {
            while let Ok((inside, _)) = listener.accept().await {
                tokio::spawn(pass(inside, upstream.clone(), fate.clone()));
            }
        });
        Ok(Self { address })
    }

    /// Runs a command whose node is this.
    async fn run(&self, bench: &Bench, arguments: &[&str]) -> Result<Output> {
        let command = bench.command_to(&self.address, arguments).await?;
        bench.run_with(command, "").await
    }
}

async fn pass(inside: TcpStream, upstream: String, fate: Fate) -> std::io::Result<()> {
    let outside = TcpStream::connect(upstream).await?;
    let (mut from_client, mut to_client) = inside.into_split();
    let (mut from_node, mut to_node) = outside.into_split();
    let asking = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_node).await });
    tokio::io::copy(&mut (&mut from_node).take(PASSED), &mut to_client).await?;
    if let Fate::Hold(gate) = fate {
        gate.notified().await;
        tokio::io::copy(&mut from_node, &mut to_client).await?;
    }
    asking.abort();
    Ok(())
}

#[tokio::test]
async fn a_transfer_that_breaks_off_is_an_error_and_leaves_no_file() -> Result<()> {
    Sandbox::run("broken-transfer", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let proxy = Proxy::start(&bench, Fate::Cut).await?;
        std::fs::create_dir(bench.path("out"))?;
        std::fs::write(bench.path("out/there"), "what was there before")?;
        for format in FORMATS {
            let to = async |output: &[&str]| {
                let arguments = [&["sql", LONG, "--format", format], output].concat();
                proxy.run(&bench, &arguments).await
            };
            for file in ["out/new", "out/there"] {
                let output = to(&["--output", file]).await?;
                require_failure(&output, &["broke off"]).with_context(|| format!("{format} to {file}"))?;
                ensure!(output.stdout.is_empty(), "{output:?}");
            }
            ensure!(names_in(&bench.path("out"))? == ["there"], "{format}");
            ensure!(
                std::fs::read(bench.path("out/there"))? == b"what was there before",
                "{format}"
            );
            let output = to(&[]).await?;
            require_failure(&output, &["broke off"]).with_context(|| format!("{format} to a pipe"))?;
            ensure!(
                output.stdout.len() < PASSED as usize,
                "{} bytes",
                output.stdout.len()
            );
        }
        // JSON and tables come in one piece or not at all.
        for format in ["json", "table"] {
            let arguments = ["sql", LONG, "--format", format, "--limit", "100000"];
            let output = proxy.run(&bench, &arguments).await?;
            require_failure(&output, &["broke off"]).with_context(|| format.to_owned())?;
            ensure!(output.stdout.is_empty(), "{format}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_statement_that_fails_in_the_middle_leaves_no_file() -> Result<()> {
    Sandbox::run("failing-statement", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        bench
            .clickhouse
            .execute(
                "CREATE TABLE events.slow (n UInt64, s String) ENGINE = MergeTree ORDER BY n \
                 SETTINGS index_granularity = 1024 AS SELECT number, repeat('x', 300) FROM numbers(200000)",
            )
            .await?;
        std::fs::create_dir(bench.path("out"))?;
        for format in FORMATS {
            let output = bench
                .run(&["sql", FAILS, "--format", format, "--output", "out/new"])
                .await?;
            // Either before anything has come or after it, as it is with the format.
            require_failure(&output, &["broke off"])
                .or_else(|_| require_failure(&output, &["throwIf"]))
                .with_context(|| format.to_owned())?;
            ensure!(names_in(&bench.path("out"))?.is_empty(), "{format}");
        }
        // What cannot be written is told before anything runs.
        bench
            .fails(
                &["sql", "SELECT 1", "--output", "no/such/directory/a.csv"],
                &["cannot write"],
            )
            .await?;
        bench
            .fails(&["sql", "SELECT 1", "--output", "out"], &["is a directory"])
            .await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_file_is_there_once_it_is_whole() -> Result<()> {
    Sandbox::run("whole-file", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        std::fs::create_dir(bench.path("out"))?;
        std::fs::write(bench.path("out/a.csv"), "old")?;
        let gate = Arc::new(Notify::new());
        let proxy = Proxy::start(&bench, Fate::Hold(gate.clone())).await?;
        let arguments = ["sql", LONG, "--output", "out/a.csv"];
        let mut command = tokio::process::Command::from(bench.command_to(&proxy.address, &arguments).await?);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn()?;
        until_half(&bench).await?;
        ensure!(std::fs::read(bench.path("out/a.csv"))? == b"old");
        gate.notify_one();
        let status = tokio::time::timeout(PATIENCE, child.wait()).await??;
        ensure!(status.success(), "{status}");
        ensure!(names_in(&bench.path("out"))? == ["a.csv"]);
        let lines = std::fs::read_to_string(bench.path("out/a.csv"))?.lines().count();
        ensure!(lines == 100_001, "{lines} lines");
        Ok(())
    })
    .await
}

fn press_ctrl_c(child: &Child) -> Result<()> {
    let pid = child.id().context("it has ended already")?;
    Ok(kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGINT)?)
}

/// Sends Ctrl-C, and requires that it ends as it has to.
async fn interrupted(child: &mut Child) -> Result<()> {
    press_ctrl_c(child)?;
    let status = tokio::time::timeout(PATIENCE, child.wait()).await;
    let status = status.context("Ctrl-C does not end it")??;
    ensure!(status.code() == Some(130), "{status}");
    Ok(())
}

/// Starts a command, waits until its statement runs, and sends it Ctrl-C.
async fn interrupt(bench: &Bench, command: Command, marker: &str) -> Result<Output> {
    let mut command = tokio::process::Command::from(command);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let child = command.spawn()?;
    bench.until_running(marker, 1).await?;
    press_ctrl_c(&child)?;
    Ok(tokio::time::timeout(PATIENCE, child.wait_with_output()).await??)
}

/// Waits until something is written of a file that is not whole.
async fn until_half(bench: &Bench) -> Result<()> {
    eventually("half a file", PATIENCE, async || {
        let half = names_in(&bench.path("out"))?
            .into_iter()
            .find(|name| name.ends_with(".partial"));
        let half = half.context("nothing is written yet")?;
        let length = std::fs::metadata(bench.path("out").join(half))?.len();
        anyhow::Ok(length > 0)
    })
    .await
}

#[tokio::test]
async fn ctrl_c_in_the_middle_of_a_file_leaves_what_was_there() -> Result<()> {
    Sandbox::run("half-file", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        std::fs::create_dir(bench.path("out"))?;
        std::fs::write(bench.path("out/a.csv"), "old")?;
        let proxy = Proxy::start(&bench, Fate::Hold(Arc::default())).await?;
        let arguments = ["sql", LONG, "--output", "out/a.csv"];
        let mut command = tokio::process::Command::from(bench.command_to(&proxy.address, &arguments).await?);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn()?;
        until_half(&bench).await?;
        interrupted(&mut child).await?;
        ensure!(names_in(&bench.path("out"))? == ["a.csv"]);
        ensure!(std::fs::read(bench.path("out/a.csv"))? == b"old");
        Ok(())
    })
    .await
}

/// Whether a process does something of its own about Ctrl-C.
fn catches_ctrl_c(pid: u32) -> Result<bool> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught.context("no signals are listed")?.trim(), 16)?;
    Ok(caught & 1 << (Signal::SIGINT as u32 - 1) != 0)
}

#[tokio::test]
async fn a_pipe_with_a_name_is_written_to_once_somebody_reads_it() -> Result<()> {
    Sandbox::run("named-pipe", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let made = Command::new("mkfifo").arg(bench.path("pipe")).status()?;
        ensure!(made.success(), "{made}");
        for (format, expected) in [("json", "[[1]]"), ("csv", "1\n")] {
            let start = async || -> Result<Child> {
                let arguments = ["sql", "SELECT 1 AS a", "--format", format, "--output", "pipe"];
                let mut command = tokio::process::Command::from(bench.command(&arguments).await?);
                command.stdin(Stdio::null()).kill_on_drop(true);
                Ok(command.spawn()?)
            };
            // Nobody reads it.
            let mut child = start().await?;
            let pid = child.id().context("it has ended already")?;
            eventually("Ctrl-C to be heard", PATIENCE, async || catches_ctrl_c(pid)).await?;
            interrupted(&mut child).await.with_context(|| format.to_owned())?;
            let mut child = start().await?;
            let read = tokio::fs::read_to_string(bench.path("pipe"));
            let read = tokio::time::timeout(PATIENCE, read).await??;
            ensure!(read.contains(expected), "{format}: {read:?}");
            ensure!(child.wait().await?.success());
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn ctrl_c_ends_the_statement_in_clickhouse_too() -> Result<()> {
    Sandbox::run("ctrl-c", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        std::fs::create_dir(bench.path("out"))?;
        for (marker, arguments) in [
            ("as-json", &["--format", "json"][..]),
            ("as-csv", &["--format", "csv"]),
            ("as-file", &["--output", "out/a.parquet"]),
        ] {
            let sql = endless(marker);
            let command = bench.command(&[&["sql", &sql], arguments].concat()).await?;
            let output = interrupt(&bench, command, marker).await?;
            ensure!(output.status.code() == Some(130), "{marker}: {output:?}");
            ensure!(output.stdout.is_empty(), "{marker}: {output:?}");
            bench.until_running(marker, 0).await?;
            ensure!(names_in(&bench.path("out"))?.is_empty());
        }
        // Half way through a transfer, which somebody reads slowly.
        let rows = "SELECT 'half-way', number, repeat('x', 1000) FROM numbers(900000)";
        let mut command =
            tokio::process::Command::from(bench.command(&["sql", rows, "--format", "csv"]).await?);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let mut first = [0; 1];
        let mut stdout = child.stdout.take().context("it prints nothing")?;
        stdout.read_exact(&mut first).await?;
        bench.until_running("half-way", 1).await?;
        interrupted(&mut child).await?;
        bench.until_running("half-way", 0).await?;
        // Nor does it matter that all rows have come, and only their reader is slow.
        let json = ["sql", LONG, "--format", "json", "--limit", "100000"];
        let mut command = tokio::process::Command::from(bench.command(&json).await?);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let mut stdout = child.stdout.take().context("it prints nothing")?;
        stdout.read_exact(&mut first).await?;
        interrupted(&mut child).await?;
        // Somebody who has read enough is no error.
        let mut command =
            tokio::process::Command::from(bench.command(&["sql", rows, "--format", "csv"]).await?);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        child
            .stdout
            .take()
            .context("it prints nothing")?
            .read_exact(&mut first)
            .await?;
        let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await??;
        ensure!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        bench.until_running("half-way", 0).await
    })
    .await
}

#[tokio::test]
async fn ctrl_c_at_a_terminal_ends_the_statement_and_not_the_prompt() -> Result<()> {
    Sandbox::run("ctrl-c-prompt", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let terminal = bench.terminal(&["sql", &endless("one-shot")]).await?;
        bench.until_running("one-shot", 1).await?;
        terminal.type_text(CTRL_C)?;
        ensure!(terminal.wait().await?.code() == Some(130));
        bench.until_running("one-shot", 0).await?;

        let terminal = bench.terminal(&["sql"]).await?;
        for marker in ["first-one", "second-one"] {
            terminal.until("sql> ").await?;
            terminal.enter(&format!("{};", endless(marker)))?;
            bench.until_running(marker, 1).await?;
            terminal.type_text(CTRL_C)?;
            terminal.until("was ended before it was done").await?;
            bench.until_running(marker, 0).await?;
        }
        terminal.until("sql> ").await?;
        terminal.enter("SELECT 40 + 2 AS it_goes_on;")?;
        terminal.until("1 row in").await?;
        terminal.until("sql> ").await?;
        terminal.enter("\\q")?;
        ensure!(terminal.wait().await?.success());
        Ok(())
    })
    .await
}
