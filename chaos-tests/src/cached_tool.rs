//! Tools that are built once a machine and kept in the cache directory.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_node::embedded::clickhouse::default_cache_dir;

use crate::process::Process;

/// Downloads and builds on a busy machine.
const BUILD_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// The program `program` of the Go module `package` in `version`, built with `go install` unless the cache has it.
/// `name` is what its directory there is called.
///
/// Several processes may ask at the same time: a lock on a file lets one build while the others wait, and the
/// finished program appears in one step.
pub async fn go_tool(name: &str, package: &str, version: &str, program: &str) -> Result<PathBuf> {
    let cache = default_cache_dir();
    let directory = cache.join(format!("{name}-{version}"));
    let tool = directory.join(program);
    if tool.is_file() {
        return Ok(tool);
    }
    fs::create_dir_all(&cache).with_context(|| {
        format!(
            "cannot create the cache directory {}. Point AURORA_CACHE to a writable one",
            cache.display()
        )
    })?;
    let lock_path = cache.join(format!("{name}-{version}.lock"));
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .with_context(|| format!("cannot open the lock file {}", lock_path.display()))?;
    // Held until the file is closed, by the end of the process as well.
    let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await?;
    let _lock = lock.with_context(|| format!("cannot lock {}", lock_path.display()))?;
    if !tool.is_file() {
        build(&cache, &directory, &format!("{package}@v{version}"), program).await?;
    }
    Ok(tool)
}

async fn build(cache: &Path, directory: &Path, module: &str, program: &str) -> Result<()> {
    eprintln!("building {module} with go into {} (once)", directory.display());
    // In the cache, and not in the system's temporary directory: a rename works within one file system only.
    let work = tempfile::Builder::new().prefix("go-install-").tempdir_in(cache)?;
    let bin = work.path().join("bin");
    let mut go = Command::new("go");
    go.args(["install", module])
        .env("GOBIN", &bin)
        .env("CGO_ENABLED", "0")
        // Where a module file of somebody else's is must not matter.
        .env("GOFLAGS", "")
        .current_dir(work.path());
    let go = Process::spawn(work.path(), "go", go).with_context(|| {
        format!(
            "{module} is built with Go. Install it (from https://go.dev/dl, or a package such as `golang-go`)"
        )
    })?;
    let status = go.wait(BUILD_TIMEOUT).await?;
    ensure!(
        status.success() && bin.join(program).is_file(),
        "go install {module} ended with {status}:\n{}\nCheck that Go reaches its module proxy (`go env GOPROXY`)",
        go.log_tail(20)
    );
    fs::rename(&bin, directory).with_context(|| format!("cannot move {module} to {}", directory.display()))
}
