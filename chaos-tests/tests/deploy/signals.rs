//! `aurora deploy` is told to stop, or killed.

use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::fake_aws::Fault;
use aurora_chaos_tests::moto::REGION;
use aurora_chaos_tests::sandbox::eventually;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use super::shell::{Shell, ensure_failed, said};

const LIMIT: Duration = Duration::from_secs(120);
/// What `aurora` ends with that was told to stop.
const INTERRUPTED: i32 = 130;

async fn begin(shell: &Shell, arguments: &[&str]) -> Result<Child> {
    let mut command = tokio::process::Command::from(shell.command(arguments).await?);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.kill_on_drop(true).spawn().context("aurora cannot be run")
}

fn pid(child: &Child) -> Result<Pid> {
    Ok(Pid::from_raw(i32::try_from(child.id().context("it has ended")?)?))
}

async fn end(child: Child) -> Result<Output> {
    Ok(tokio::time::timeout(LIMIT, child.wait_with_output()).await??)
}

async fn there(shell: &Shell, name: &str) -> Result<()> {
    eventually(name, LIMIT, async || {
        shell.aws.world().names().iter().any(|one| one == name)
    })
    .await
}

/// By a key, or because a terminal is closed.
#[tokio::test]
async fn who_is_told_to_stop_leaves_nothing_unknown() -> Result<()> {
    let shell = Shell::open().await?;
    std::fs::write(shell.file(), format!("name = \"prod\"\nregion = \"{REGION}\"\n"))?;
    for (signal, sign) in [
        (Signal::SIGINT, "Vpc network"),
        (Signal::SIGHUP, "LoadBalancer edge"),
    ] {
        shell.aws.world().break_down("create", sign, Fault::Waits);
        let mut deploying = begin(&shell, &["deploy", "--yes"]).await?;
        eventually(sign, LIMIT, async || shell.aws.world().is_waiting(sign)).await?;
        kill(pid(&deploying)?, signal)?;
        let mut stderr = BufReader::new(deploying.stderr.take().context("it is piped")?).lines();
        let reading = async {
            let mut told = Vec::new();
            while let Some(line) = stderr.next_line().await? {
                if line.contains("stopping: ") {
                    // The engine is told next.
                    tokio::time::sleep(Duration::from_secs(2)).await;
                    shell.aws.world().heal();
                }
                told.extend_from_slice(line.as_bytes());
                told.push(b'\n');
            }
            anyhow::Ok(told)
        };
        let (stopped, told) = tokio::join!(end(deploying), reading);
        let stopped = Output {
            stderr: told?,
            ..stopped?
        };
        ensure!(
            stopped.status.code() == Some(INTERRUPTED),
            "{:?} {}",
            stopped.status,
            said(&stopped)
        );
        for expected in ["stopping: what is being made is waited for", "goes on from here"] {
            ensure!(said(&stopped).contains(expected), "{}", said(&stopped));
        }
    }
    let deployed = shell.run(&["deploy", "--yes"]).await?;
    ensure!(deployed.status.success(), "{}", said(&deployed));
    ensure!(
        !said(&deployed).contains("cut off"),
        "something was unknown: {}",
        said(&deployed)
    );
    let networks = shell.aws.world().names();
    let networks = networks.iter().filter(|name| name.starts_with("Vpc "));
    ensure!(networks.count() == 1, "a second network");
    Ok(())
}

/// As when the machine loses its power.
#[tokio::test]
async fn who_is_killed_leaves_a_lock_that_says_whose_it_is() -> Result<()> {
    let shell = Shell::open().await?;
    std::fs::write(shell.file(), format!("name = \"prod\"\nregion = \"{REGION}\"\n"))?;
    let gateway = "NatGateway nat-0";
    shell
        .aws
        .world()
        .break_down("create", gateway, Fault::StandsStill);
    let deploying = begin(&shell, &["deploy", "--yes"]).await?;
    there(&shell, gateway).await?;
    // All else that can be made without it is there soon, and the engine only waits.
    let mut before = 0;
    eventually("nothing else to be made", LIMIT, async || {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let now = shell.aws.world().names().len();
        std::mem::replace(&mut before, now) == now
    })
    .await?;
    let aurora = pid(&deploying)?;
    let engines = children(aurora)?;
    ensure!(engines.len() == 1, "{engines:?}");
    kill(aurora, Signal::SIGKILL)?;
    for engine in engines {
        kill(engine, Signal::SIGKILL)?;
    }
    end(deploying).await?;
    // AWS had not begun.
    shell
        .aws
        .world()
        .delete_by_hand(gateway)
        .map_err(anyhow::Error::msg)?;
    shell.aws.world().heal();

    let refused = shell.run(&["deploy", "--yes"]).await?;
    ensure_failed(&refused, &["was cut off", "created by", "--unlock"])?;
    // Looking needs no lock.
    let looked = shell.run(&["preview"]).await?;
    ensure!(looked.status.success(), "{}", said(&looked));
    let deployed = shell.run(&["deploy", "--yes", "--unlock"]).await?;
    ensure!(deployed.status.success(), "{}", said(&deployed));
    for expected in ["nat-0 is not there, and will be made", "create"] {
        ensure!(
            said(&deployed).contains(expected),
            "{expected:?} is not in: {}",
            said(&deployed)
        );
    }
    let gateways = shell.aws.world().names();
    let gateways = gateways.iter().filter(|name| name.starts_with("NatGateway "));
    ensure!(gateways.count() == 1, "another number of gateways");
    Ok(())
}

/// The processes that another one has started, whichever thread of it did.
fn children(parent: Pid) -> Result<Vec<Pid>> {
    let mut found = Vec::new();
    for thread in std::fs::read_dir(format!("/proc/{parent}/task"))? {
        // A thread may be over by now.
        let ids = std::fs::read_to_string(thread?.path().join("children")).unwrap_or_default();
        for id in ids.split_whitespace() {
            found.push(Pid::from_raw(id.parse()?));
        }
    }
    Ok(found)
}
