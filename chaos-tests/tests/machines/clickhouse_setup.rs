//! The scripts that make a machine ready for ClickHouse, each by itself: what they must never do.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::machine::volume::{Volume, may_grow_mounted};
use aurora_chaos_tests::sandbox::Sandbox;

use crate::sources::source;

const VOLUME: &str = "vol-0123456789abcdef0";
const BYTES: u64 = 64 << 20;

/// A source as a file in the sandbox.
fn script(sandbox: &Sandbox, path: &str) -> Result<std::path::PathBuf> {
    let file = sandbox.write(path, source(path)?)?;
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755))?;
    Ok(file)
}

/// Runs prepare-volume.sh in mounts of its own, and then `also` where the volume is mounted; `$GROW` is grow-volume.sh there.
fn prepare(sandbox: &Sandbox, device: &Path, also: &str) -> Result<Output> {
    let mountpoint = sandbox.path("mounted");
    let prepare = script(sandbox, "clickhouse/prepare-volume.sh")?;
    let grow = script(sandbox, "clickhouse/grow-volume.sh")?;
    let program = format!(
        "bash '{}' && cd '{}' && {also}",
        prepare.display(),
        mountpoint.display()
    );
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--propagation", "private", "bash", "-c", &program])
        .env("AURORA_VOLUME", VOLUME)
        .env("AURORA_DEVICE", device)
        .env("GROW", &grow)
        .env("AURORA_MOUNTPOINT", &mountpoint);
    command.output().context("unshare cannot be run: is this root?")
}

pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[tokio::test]
async fn a_blank_volume_gets_a_file_system_and_keeps_it() -> Result<()> {
    Sandbox::run("machines-blank", async |sandbox| {
        let volume = Volume::blank(sandbox, VOLUME, BYTES)?;
        let first = prepare(sandbox, volume.device(), "echo precious > data")?;
        ensure!(first.status.success(), "{}", said(&first));
        ensure!(said(&first).contains("is blank"), "{}", said(&first));
        for _ in 0..2 {
            let again = prepare(sandbox, volume.device(), "cat data")?;
            ensure!(again.status.success(), "{}", said(&again));
            ensure!(again.stdout.ends_with(b"\nprecious\n"), "{}", said(&again));
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_volume_that_has_grown_is_used_whole() -> Result<()> {
    Sandbox::run("machines-grown", async |sandbox| {
        let path = sandbox.path("grown.img");
        std::fs::File::create(&path)?.set_len(BYTES)?;
        let size = |volume: &Volume| -> Result<u64> {
            let output = prepare(sandbox, volume.device(), "df --output=size . | tail -n 1")?;
            ensure!(output.status.success(), "{}", said(&output));
            let text = String::from_utf8(output.stdout)?;
            let last = text.lines().last().context("no size")?;
            Ok(last.trim().parse()?)
        };
        let before = size(&Volume::of_file(&path, VOLUME)?)?;
        std::fs::OpenOptions::new()
            .write(true)
            .open(&path)?
            .set_len(4 * BYTES)?;
        let after = size(&Volume::of_file(&path, VOLUME)?)?;
        ensure!(after > 3 * before, "{before} KiB have become {after}");
        Ok(())
    })
    .await
}

/// Nobody can start the machine again, and the database is not to stand still for it.
#[tokio::test]
async fn a_volume_that_grows_while_it_is_in_use_is_used_whole() -> Result<()> {
    Sandbox::run("machines-grows", async |sandbox| {
        let volume = Volume::blank(sandbox, VOLUME, BYTES)?;
        let size = "df --output=size . | tail -n 1";
        // What has not grown is nothing to speak of.
        let before = prepare(sandbox, volume.device(), &format!("\"$GROW\" && {size}"))?;
        ensure!(
            before.status.success() && !said(&before).contains("grown"),
            "{}",
            said(&before)
        );
        let file = sandbox.path(format!("{VOLUME}.img"));
        let grow = format!(
            "{size} && echo precious > data && truncate --size={} '{}' && losetup --set-capacity '{}' && \"$GROW\" && {size} \
             && echo again && \"$GROW\" && cat data",
            4 * BYTES,
            file.display(),
            volume.device().display()
        );
        let output = prepare(sandbox, volume.device(), &grow)?;
        if !may_grow_mounted()? {
            // As far as it goes without that right: it is seen, and said.
            ensure!(
                !output.status.success() && said(&output).contains("its file system cannot grow with it"),
                "{}",
                said(&output)
            );
            return Ok(());
        }
        ensure!(output.status.success(), "{}", said(&output));
        let text = String::from_utf8(output.stdout)?;
        let sizes: Vec<u64> = text.lines().filter_map(|line| line.trim().parse().ok()).collect();
        ensure!(matches!(sizes[..], [before, after] if after > 3 * before), "{text}");
        ensure!(text.ends_with("\nagain\nprecious\n"), "{text}");
        Ok(())
    })
    .await
}

/// Makes something on a volume, and requires that it is refused and left as it is.
async fn is_left_alone(name: &str, make: &str) -> Result<()> {
    Sandbox::run(name, async |sandbox| {
        let volume = Volume::blank(sandbox, VOLUME, BYTES)?;
        let device = volume.device().display().to_string();
        let made = Command::new("bash")
            .args(["-c", make, "bash", &device])
            .output()?;
        ensure!(made.status.success(), "{}", said(&made));
        let image = sandbox.path(format!("{VOLUME}.img"));
        let before = std::fs::read(&image)?;
        let output = prepare(sandbox, volume.device(), "true")?;
        ensure!(!output.status.success(), "{}", said(&output));
        ensure!(said(&output).contains("left alone"), "{}", said(&output));
        ensure!(std::fs::read(&image)? == before, "the volume was written to");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn somebody_elses_file_system_is_left_alone() -> Result<()> {
    is_left_alone("machines-foreign", "mkfs.ext4 -q -L photos \"$1\"; sync").await
}

#[tokio::test]
async fn a_partition_table_is_left_alone() -> Result<()> {
    is_left_alone(
        "machines-partitions",
        "echo '2048,,L' | sfdisk --quiet --no-reread --no-tell-kernel \"$1\"; sync",
    )
    .await
}

#[tokio::test]
async fn data_without_any_signature_is_left_alone() -> Result<()> {
    is_left_alone(
        "machines-raw",
        "echo raw | dd of=\"$1\" bs=1 seek=5000 conv=notrunc status=none; sync",
    )
    .await
}

#[tokio::test]
async fn passwords_are_written_as_hashes_and_none_is_too_short() -> Result<()> {
    Sandbox::run("machines-passwords", async |sandbox| {
        let passwords = script(sandbox, "clickhouse/clickhouse-passwords.sh")?;
        let out = sandbox.path("passwords.xml");
        let run = || {
            let mut command = Command::new("bash");
            command.arg(&passwords).arg(sandbox.path("secrets")).arg(&out);
            command.output().context("bash cannot be run")
        };
        for user in ["writer", "reader", "grafana", "operator"] {
            sandbox.write(
                format!("secrets/clickhouse-{user}"),
                format!("hunter2 & <{user}>\n"),
            )?;
        }
        let output = run()?;
        ensure!(output.status.success(), "{}", said(&output));
        let xml = std::fs::read_to_string(&out)?;
        ensure!(!xml.contains("hunter2"), "{xml}");
        // printf %s 'hunter2 & <reader>' | sha256sum
        let hash = "5c879d22f7c3e1351ccb3e3072ad7d98600b00042700a5dc3d25513152d25c27";
        ensure!(
            xml.contains(&format!("<aurora_reader><password_sha256_hex>{hash}<")),
            "{xml}"
        );
        // What has not changed is not written: the server would read all of its users anew.
        let inode = || std::fs::metadata(&out).map(|found| std::os::unix::fs::MetadataExt::ino(&found));
        let first = inode()?;
        let again = run()?;
        ensure!(
            again.status.success() && again.stdout.is_empty(),
            "{}",
            said(&again)
        );
        ensure!(inode()? == first, "the same passwords were written again");
        sandbox.write("secrets/clickhouse-operator", "short")?;
        let refused = run()?;
        ensure!(
            !refused.status.success() && said(&refused).contains("clickhouse-operator"),
            "{}",
            said(&refused)
        );
        ensure!(std::fs::read_to_string(&out)? == xml, "what was there is gone");
        Ok(())
    })
    .await
}

/// A machine's type may change, and what it was told when it was made does not.
#[tokio::test]
async fn settings_for_little_memory_come_and_go_with_it() -> Result<()> {
    Sandbox::run("machines-memory", async |sandbox| {
        let memory = script(sandbox, "clickhouse/clickhouse-memory.sh")?;
        let small = sandbox.write("small.xml", source("clickhouse/small.xml")?)?;
        let out = sandbox.path("config.d/small.xml");
        // As machines of 4, 8 and 16 GiB say it, and one of 4 again.
        for (kib, is_small) in [
            (3_926_020_u32, true),
            (3_926_020, true),
            (7_944_432, false),
            (16_073_984, false),
            (3_926_020, true),
        ] {
            let meminfo = format!("MemTotal:       {kib} kB\nMemFree:          123456 kB\n");
            let output = Command::new("bash")
                .arg(&memory)
                .args([&small, &out])
                .env("AURORA_MEMINFO", sandbox.write("meminfo", meminfo)?)
                .output()?;
            ensure!(output.status.success(), "{}", said(&output));
            ensure!(out.exists() == is_small, "with {kib} KiB");
        }
        ensure!(
            std::fs::read(&out)? == std::fs::read(&small)?,
            "it is another file"
        );
        let unknown = Command::new("bash")
            .arg(&memory)
            .args([&small, &out])
            .env("AURORA_MEMINFO", sandbox.write("meminfo", "")?)
            .output()?;
        ensure!(!unknown.status.success() && out.exists(), "{}", said(&unknown));
        Ok(())
    })
    .await
}
