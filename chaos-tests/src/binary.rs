//! The aurora binary under test, built when it is needed.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::sync::OnceCell;

/// Names a binary to test instead of the one that cargo builds, such as one that is to be released.
const BINARY_VARIABLE: &str = "AURORA_TEST_BINARY";

/// What a shell may have set for its own aurora, and what must not reach those of the tests, as must not its account
/// of AWS ([`FOREIGN_PREFIX`]). Where the library of ClickHouse is, and how much is logged, is the machine's business.
const FOREIGN_VARIABLES: [&str; 17] = [
    "AURORA_CONFIG",
    "AURORA_DATA_DIR",
    "AURORA_EXPOSE",
    "AURORA_GRAFANA_PASSWORD",
    "AURORA_GRAFANA_TOKEN",
    "AURORA_GRAFANA_URL",
    "AURORA_GRAFANA_USER",
    "AURORA_HTTP",
    "AURORA_KAFKA",
    "AURORA_LOG_FORMAT",
    "AURORA_NODE",
    "AURORA_NODES",
    "AURORA_NO_DEMO",
    "AURORA_RATE",
    "AURORA_SEED",
    "AURORA_TOKEN",
    "AURORA_TOPIC",
];

/// What the variables of the AWS SDK begin with.
const FOREIGN_PREFIX: &str = "AWS_";

/// The path of the aurora binary, of the same profile as the test that asks.
///
/// Cargo builds it, once a process, so that a test never runs against yesterday's binary, and needs nothing
/// built before. `AURORA_TEST_BINARY` names another one.
pub async fn aurora() -> Result<&'static Path> {
    static BINARY: OnceCell<PathBuf> = OnceCell::const_new();
    let built = BINARY.get_or_try_init(|| async {
        tokio::task::spawn_blocking(build)
            .await
            .context("the thread that ran cargo panicked")?
    });
    built.await.map(PathBuf::as_path)
}

/// An aurora command, with no settings but its arguments.
pub async fn command(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<Command> {
    let mut command = Command::new(aurora().await?);
    command.args(arguments);
    for variable in FOREIGN_VARIABLES {
        command.env_remove(variable);
    }
    let is_foreign = |name: &OsString| name.as_encoded_bytes().starts_with(FOREIGN_PREFIX.as_bytes());
    for (variable, _) in env::vars_os().filter(|(name, _)| is_foreign(name)) {
        command.env_remove(variable);
    }
    Ok(command)
}

/// Runs an aurora command that is to end by itself, at most for `limit`.
pub async fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, limit: Duration) -> Result<Output> {
    let mut command = tokio::process::Command::from(command(arguments).await?);
    command.stdin(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(limit, command.output()).await {
        Ok(output) => output.with_context(|| format!("cannot run {command:?}")),
        Err(_) => bail!("{command:?} has not ended after {limit:?}"),
    }
}

fn build() -> Result<PathBuf> {
    if let Some(given) = env::var_os(BINARY_VARIABLE).filter(|path| !path.is_empty()) {
        return Ok(given.into());
    }
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("the crate lies in no workspace")?;
    let mut build = Command::new(cargo);
    build.current_dir(workspace).args([
        "build",
        "-p",
        "aurora-node",
        "--bin",
        "aurora",
        "--message-format",
        "json-render-diagnostics",
    ]);
    match profile()?.as_str() {
        // The directory of the profile `dev` is called `debug`.
        "debug" => {}
        profile => drop(build.args(["--profile", profile])),
    }
    let output = build
        .stderr(Stdio::piped())
        .output()
        .with_context(|| format!("cannot run {build:?}"))?;
    ensure!(
        output.status.success(),
        "the aurora binary does not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(executable)
        .context("cargo built aurora and did not say where")
}

/// The directory that the test runs from is `TARGET/PROFILE/deps`.
fn profile() -> Result<String> {
    let test = env::current_exe().context("the path of this test is not known")?;
    let profile = test.ancestors().nth(2).and_then(Path::file_name);
    let name = profile.and_then(OsStr::to_str);
    Ok(name
        .with_context(|| format!("{} is in no directory of a profile", test.display()))?
        .to_owned())
}

/// The path in one of cargo's messages, if it is the one about the binary.
fn executable(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let target = message.get("target")?;
    let is_aurora = target["name"] == "aurora" && target["kind"][0] == "bin";
    let path = message.get("executable")?.as_str()?;
    is_aurora.then(|| path.into())
}
