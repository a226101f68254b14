//! A Debian 13 as machines of a deployment have it, made of Debian's own packages once a computer and kept in the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::cached_tool::cached;
use crate::process::Process;

/// What is in it besides what every Debian has: what the official image for EC2 has and machines use, and what tests look at
/// sources with.
const PACKAGES: &str =
    "systemd,systemd-sysv,dbus,udev,cloud-init,curl,ca-certificates,iproute2,e2fsprogs,shellcheck";
/// Changed with what is done to it below.
const NAME: &str = "debian-13-1";
/// Downloads and installs on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// Where cloud-init looks for what it is to do: at the instance metadata service, whatever the hardware says.
const CLOUD_INIT: &str = "datasource_list: [ Ec2 ]\ndatasource: { Ec2: { strict_id: false, max_wait: 60, timeout: 10 } }\n\
                          network: { config: disabled }\n";
const NEEDS: &str = "tests of machines make a Debian and start it: run them as root, and install the packages mmdebstrap and \
                     systemd-container";

/// The directory that holds it. Nothing may be changed in there: machines write into a layer of their own.
pub async fn debian() -> Result<PathBuf> {
    let marker = cached(NAME, "etc/aurora-test-root", build).await?;
    let root = marker.ancestors().nth(2).context("it has no directory")?;
    Ok(root.to_owned())
}

async fn build(cache: &Path, directory: &Path) -> Result<()> {
    eprintln!("making a Debian 13 in {} (once)", directory.display());
    let work = tempfile::Builder::new().prefix("debian-").tempdir_in(cache)?;
    let root = work.path().join("root");
    let mut command = Command::new("mmdebstrap");
    command
        .args(["--variant=apt", "--mode=root", "--dpkgopt=force-unsafe-io"])
        .arg(format!("--include={PACKAGES}"))
        .arg("trixie")
        .arg(&root);
    let mmdebstrap = Process::spawn(work.path(), "mmdebstrap", command).context(NEEDS)?;
    let status = mmdebstrap.wait(TIMEOUT).await?;
    ensure!(
        status.success(),
        "mmdebstrap ended with {status}:\n{}\n{NEEDS}",
        mmdebstrap.log_tail(20)
    );
    // A machine that starts for the first time: what is there of an identity goes.
    fs::write(root.join("etc/machine-id"), "")?;
    fs::write(root.join("etc/cloud/cloud.cfg.d/99_test.cfg"), CLOUD_INIT)?;
    // Of Debian's own timers none may reach out from a test.
    for timer in ["apt-daily.timer", "apt-daily-upgrade.timer"] {
        let mask = root.join("etc/systemd/system").join(timer);
        std::os::unix::fs::symlink("/dev/null", mask)?;
    }
    fs::write(root.join("etc/aurora-test-root"), NAME)?;
    fs::rename(&root, directory).with_context(|| format!("cannot move it to {}", directory.display()))
}

/// Runs a program of the Debian with some files in place, to look at them: nothing of what it writes stays.
pub async fn run(files: &Path, program: &[&str]) -> Result<Output> {
    let mut command = tokio::process::Command::new("systemd-nspawn");
    command
        .args([
            "--quiet",
            "--register=no",
            "--keep-unit",
            "--volatile=overlay",
            "--pipe",
        ])
        .args([
            "--private-network",
            "--resolv-conf=off",
            "--timezone=off",
            "--link-journal=no",
        ])
        .arg(format!("--machine=look-{}", uuid()))
        .arg(format!("--directory={}", debian().await?.display()))
        .arg(format!("--bind-ro={}:/mnt", files.display()))
        .args(program)
        .kill_on_drop(true);
    let mut output = tokio::time::timeout(Duration::from_secs(120), command.output())
        .await
        .context("it has not ended after two minutes")?
        .context(NEEDS)?;
    // Outside of a systemd systemd-nspawn complains about a directory of its own.
    let errors = String::from_utf8_lossy(&output.stderr);
    let others = errors
        .lines()
        .filter(|line| !line.contains("/run/systemd/nspawn/"));
    output.stderr = others
        .map(|line| format!("{line}\n"))
        .collect::<String>()
        .into_bytes();
    Ok(output)
}

/// A name that no other machine has.
pub(super) fn uuid() -> String {
    format!("{:016x}", rand::random::<u64>())
}
