//! The container image, built by buildah and started: all of its definition but the stage that compiles, which takes a quarter of an
//! hour and is what every build does. No registry is asked: the Debian that it begins with is made of Debian's own packages.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::binary;
use aurora_chaos_tests::process::Process;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use serde_json::Value;

/// Packages are downloaded and installed, twice.
const BUILD_TIMEOUT: Duration = Duration::from_secs(10 * 60);
const PATIENCE: Duration = Duration::from_secs(60);
const NAME: &str = "aurora:test";
/// What runs a container: a network and mounts of its own.
const CONTAINER: &str = r#"root=$1; user=$2; directory=$3; shift 3; ip link set lo up; mount -t proc proc "$root/proc"
                           exec chroot --userspec="$user" "$root" env --chdir="$directory" "$@""#;

/// A buildah whose images lie in a directory of its own.
struct Buildah<'a> {
    sandbox: &'a Sandbox,
}

impl Buildah<'_> {
    /// vfs needs nothing of the kernel, and chroot no container runtime.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("buildah");
        command
            .arg("--root")
            .arg(self.sandbox.path("images"))
            .arg("--runroot")
            .arg(self.sandbox.path("run"))
            .args(["--storage-driver", "vfs"])
            .args(arguments)
            .env("BUILDAH_ISOLATION", "chroot")
            .current_dir(self.sandbox.directory());
        command
    }

    async fn run(&self, name: &str, arguments: &[&str]) -> Result<()> {
        let process = Process::spawn(self.sandbox.directory(), name, self.command(arguments))
            .context("the image is built by buildah: install the package of that name")?;
        let status = process.wait(BUILD_TIMEOUT).await?;
        ensure!(status.success(), "{name}: {status}\n{}", process.log_tail(30));
        Ok(())
    }

    fn output(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(arguments).output()?;
        ensure!(output.status.success(), "{arguments:?}: {output:?}");
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

/// The last stage of the definition, with `aurora` in the place of what the stages before it make.
fn last_stage() -> Result<(String, String)> {
    let definition = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/container/Dockerfile");
    let text = std::fs::read_to_string(definition)?;
    let (_, last) = text.rsplit_once("\nFROM ").context("there is one stage")?;
    let base = last.lines().next().context("it begins with nothing")?;
    Ok((
        base.to_owned(),
        format!("FROM scratch AS build\nCOPY aurora /aurora\nFROM {last}"),
    ))
}

#[tokio::test]
async fn the_image_holds_a_node_that_lives_and_ends_well() -> Result<()> {
    Sandbox::run("machines-image", async |sandbox| {
        let buildah = Buildah { sandbox };
        let config = build(&buildah).await?;
        ensure!(config["User"] == "701:701", "{config}");
        ensure!(config["StopSignal"] == "SIGTERM", "{config}");
        ensure!(
            config["ExposedPorts"]["8080/tcp"].is_object() && config["ExposedPorts"]["7946/udp"].is_object(),
            "{config}"
        );
        let container = buildah.output(&["from", "--pull-never", NAME])?;
        let root = PathBuf::from(buildah.output(&["mount", &container])?);
        let version = said(&in_root(&root, &config, &["/usr/local/bin/aurora", "--version"])?.output()?)?;
        ensure!(version.starts_with("aurora "), "{version}");
        lives(sandbox, &root, &config).await
    })
    .await
}

/// Builds it, and tells how it is to be run.
async fn build(buildah: &Buildah<'_>) -> Result<Value> {
    let sandbox = buildah.sandbox;
    let mut debian = Command::new("mmdebstrap");
    debian
        .args([
            "--variant=minbase",
            "--mode=root",
            "--dpkgopt=force-unsafe-io",
            "trixie",
        ])
        .arg(sandbox.path("debian.tar"));
    let debian = Process::spawn(sandbox.directory(), "mmdebstrap", debian)?;
    let status = debian.wait(BUILD_TIMEOUT).await?;
    ensure!(status.success(), "mmdebstrap: {status}\n{}", debian.log_tail(30));

    let (base, stage) = last_stage()?;
    std::fs::create_dir(sandbox.path("base"))?;
    sandbox.write("base/Dockerfile", "FROM scratch\nADD debian.tar /\n")?;
    std::fs::rename(sandbox.path("debian.tar"), sandbox.path("base/debian.tar"))?;
    buildah
        .run(
            "base",
            &["build", "--tag", &format!("docker.io/library/{base}"), "base"],
        )
        .await?;
    std::fs::create_dir(sandbox.path("context"))?;
    sandbox.write("context/Dockerfile", stage)?;
    let mut strip = Command::new("strip");
    strip
        .args(["--strip-debug", "-o"])
        .arg(sandbox.path("context/aurora"))
        .arg(binary::aurora().await?);
    said(&strip.output()?)?;
    // The format of the Open Container Initiative has no place for a health check.
    buildah
        .run(
            "image",
            &[
                "build",
                "--pull-never",
                "--format",
                "docker",
                "--tag",
                NAME,
                "context",
            ],
        )
        .await?;
    let inspected = buildah.output(&["inspect", "--type", "image", NAME])?;
    let inspected: Value = serde_json::from_str(&inspected)?;
    Ok(inspected["Docker"]["config"].clone())
}

/// It is started as it says, with nothing but its configuration, and asked how it is as it says.
async fn lives(sandbox: &Sandbox, root: &Path, config: &Value) -> Result<()> {
    // ClickHouse is away: a node lives all the same.
    let away = "url = \"http://127.0.0.1:1\"\nwriter = { user = \"w\", password = \"w\" }\n\
                reader = { user = \"r\", password = \"r\" }";
    let node = format!(
        "[node]\nid = \"c\"\nhttp = \"0.0.0.0:8080\"\ntoken = \"{}\"\n\n[clickhouse]\n{away}\n",
        "t".repeat(32)
    );
    let directory = root.join("etc/aurora");
    std::fs::create_dir_all(&directory)?;
    std::fs::write(directory.join("node.toml"), node)?;
    // Whatever the umask is: the container's user reads it.
    for (path, mode) in [(directory.clone(), 0o755), (directory.join("node.toml"), 0o644)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    let user = config["User"].as_str().context("no user")?;
    let command: Vec<&str> = ["Entrypoint", "Cmd"]
        .iter()
        .flat_map(|part| texts(&config[*part]))
        .collect();
    let mut container = in_root(root, config, &command)?;
    container.current_dir(sandbox.directory());
    let container = Process::spawn(sandbox.directory(), "container", container)?;
    let health = texts(&config["Healthcheck"]["Test"]);
    ensure!(health.first() == Some(&"CMD"), "{config}");
    let pid = container.pid().to_string();
    eventually("it to be well", PATIENCE, async || {
        ensure!(
            container.is_running(),
            "it has ended:\n{}",
            container.log_tail(20)
        );
        // Before it has a network of its own, this one's would be asked.
        let network = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/net"));
        ensure!(
            network(&pid)? != network("self")?,
            "it has no network of its own yet"
        );
        let mut ask = Command::new("nsenter");
        ask.args(["--target", &pid, "--net", "--mount", "chroot"])
            .args(["--userspec", user])
            .arg(root)
            .args(&health[1..]);
        said(&ask.output()?)?;
        anyhow::Ok(Some(()))
    })
    .await?;
    container.terminate()?;
    let status = container.wait(PATIENCE).await?;
    ensure!(status.success(), "{status}\n{}", container.log_tail(20));
    Ok(())
}

/// A program in a container, in a network of its own.
fn in_root(root: &Path, config: &Value, program: &[&str]) -> Result<Command> {
    let text = |name: &str| config[name].as_str().with_context(|| format!("no {name}"));
    let mut command = Command::new("unshare");
    command
        .args(["--net", "--mount", "sh", "-euc", CONTAINER, "container"])
        .arg(root)
        .args([text("User")?, text("WorkingDir")?])
        .args(program)
        .env_clear()
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        );
    Ok(command)
}

fn texts(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn said(output: &Output) -> Result<String> {
    ensure!(output.status.success(), "{output:?}");
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
