//! Tools that are built, or installed, once a machine and kept in the cache directory.

use std::fs::{self, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_node::embedded::clickhouse::default_cache_dir;

use crate::process::Process;

/// Downloads and builds on a busy machine.
const BUILD_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// A program that others publish as a package of a Go module.
#[derive(Debug, Hash)]
pub struct GoTool {
    /// What its directory in the cache is called, before a hash of all this.
    pub name: &'static str,
    /// The module's path.
    pub module: &'static str,
    /// The package's path in the module. Its last part is what the program is called.
    pub package: &'static str,
    /// The module's version, without the `v`.
    pub version: &'static str,
    /// What we mend in its source.
    pub amendment: Option<Amendment>,
}

/// A change to the source of a Go module.
#[derive(Debug, Hash)]
pub struct Amendment {
    /// The file's path in the module.
    pub file: &'static str,
    /// What is there once.
    pub before: &'static str,
    /// What is to be there instead.
    pub after: &'static str,
}

impl GoTool {
    /// The program, built unless the cache has it.
    pub async fn built(&self) -> Result<PathBuf> {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        let directory = format!("{}-{}-{:016x}", self.name, self.version, hasher.finish());
        let program = self.package.rsplit('/').next().unwrap_or(self.package);
        cached(&directory, program, async |cache, directory| {
            let module = format!("{}@v{}", self.module, self.version);
            eprintln!("building {module} with go into {} (once)", directory.display());
            // In the cache, and not in the system's temporary directory: a rename works within one file system only.
            let work = tempfile::Builder::new().prefix("go-build-").tempdir_in(cache)?;
            let source = work.path().join("source");
            download(&module, work.path(), &source).await?;
            if let Some(amendment) = &self.amendment {
                amendment.apply(&source)?;
            }
            let bin = work.path().join("bin");
            let mut go = Command::new("go");
            go.args(["build", "-o"])
                .arg(bin.join(program))
                .arg(format!("./{}", self.package))
                .current_dir(&source);
            run_go(go, work.path(), &module, &bin.join(program)).await?;
            fs::rename(&bin, directory)
                .with_context(|| format!("cannot move {module} to {}", directory.display()))
        })
        .await
    }
}

/// Puts the source of `module`, with its version, to `destination`, which is not there yet.
async fn download(module: &str, work: &Path, destination: &Path) -> Result<()> {
    let answer = work.join("download.json");
    let mut go = Command::new("sh");
    go.args(["-c", "exec go mod download -json \"$1\" > \"$2\"", "sh", module])
        .arg(&answer)
        .current_dir(work);
    run_go(go, work, module, &answer).await?;
    let answer: serde_json::Value = serde_json::from_slice(&fs::read(&answer)?)?;
    let kept = answer["Dir"].as_str().context("go names no directory")?;
    // Go's own copy is nobody's to write to.
    let copied = Command::new("cp")
        .args(["-r", "--no-preserve=mode", kept])
        .arg(destination)
        .status()?;
    ensure!(copied.success(), "cannot copy {kept}");
    Ok(())
}

impl Amendment {
    fn apply(&self, source: &Path) -> Result<()> {
        let file = source.join(self.file);
        let text = fs::read_to_string(&file)?;
        ensure!(
            text.matches(self.before).count() == 1,
            "{} has changed: see whether the amendment is needed still",
            self.file
        );
        fs::write(&file, text.replacen(self.before, self.after, 1))?;
        Ok(())
    }
}

/// The program of a Go module of ours, which is these files, built unless the cache has it. It is called `name`. `build`
/// says what `go build` is to build, and how: `.` for the module's own package.
pub async fn go_program(name: &str, files: &[(&str, &str)], build: &[&str]) -> Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    (files, build).hash(&mut hasher);
    let directory = format!("{name}-{:016x}", hasher.finish());
    cached(&directory, name, async |cache, directory| {
        eprintln!("building {name} with go into {} (once)", directory.display());
        let work = tempfile::Builder::new().prefix("go-build-").tempdir_in(cache)?;
        for (file, content) in files {
            fs::write(work.path().join(file), content)?;
        }
        let bin = work.path().join("bin");
        let mut go = Command::new("go");
        go.args(["build", "-o"])
            .arg(bin.join(name))
            .args(build)
            .current_dir(work.path());
        run_go(go, work.path(), name, &bin.join(name)).await?;
        fs::rename(&bin, directory).with_context(|| format!("cannot move {name} to {}", directory.display()))
    })
    .await
}

/// Pulumi's command, in the version that `pulumi-cli/go.mod` pins.
pub async fn pulumi() -> Result<PathBuf> {
    const FILES: [(&str, &str); 3] = [
        ("go.mod", include_str!("../pulumi-cli/go.mod")),
        ("go.sum", include_str!("../pulumi-cli/go.sum")),
        ("main.go", include_str!("../pulumi-cli/main.go")),
    ];
    // Without the flag the command does not know its own version.
    const VERSION: &str = "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=3.150.0";
    const PACKAGE: &str = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
    go_program("pulumi", &FILES, &["-ldflags", VERSION, PACKAGE]).await
}

/// The interpreter of a virtual environment of Python that holds exactly what `requirements` says, a file for pip in
/// which everything is pinned. The cache keeps one for each such file. `name` is what its directory there begins with.
pub async fn python(name: &str, requirements: &str) -> Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    requirements.hash(&mut hasher);
    let directory = format!("{name}-{:016x}", hasher.finish());
    cached(&directory, "bin/python", async |cache, directory| {
        pip_install(cache, directory, requirements).await
    })
    .await
}

/// The file `program` in the directory `name` of the cache, which `build` makes unless it is there. `build` is given
/// the cache and that directory, which it lets appear in one step, complete.
///
/// Several processes may ask at the same time: a lock on a file lets one build while the others wait.
pub(crate) async fn cached(
    name: &str,
    program: &str,
    build: impl AsyncFnOnce(&Path, &Path) -> Result<()>,
) -> Result<PathBuf> {
    let cache = default_cache_dir();
    let directory = cache.join(name);
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
    let lock_path = cache.join(format!("{name}.lock"));
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
        build(&cache, &directory).await?;
    }
    Ok(tool)
}

/// Runs a command of Go that is to make the file `made`.
async fn run_go(mut go: Command, work: &Path, what: &str, made: &Path) -> Result<()> {
    // What somebody has set for programs of their own must not matter.
    go.env("CGO_ENABLED", "0").env("GOFLAGS", "").env("GOWORK", "off");
    let go = Process::spawn(work, "go", go).with_context(|| {
        format!(
            "{what} is built with Go. Install it (from https://go.dev/dl, or a package such as `golang-go`)"
        )
    })?;
    let status = go.wait(BUILD_TIMEOUT).await?;
    ensure!(
        status.success() && made.is_file(),
        "go ended with {status} building {what}:\n{}\nCheck that Go reaches its module proxy (`go env GOPROXY`)",
        go.log_tail(20)
    );
    Ok(())
}

async fn pip_install(cache: &Path, directory: &Path, requirements: &str) -> Result<()> {
    eprintln!("making the Python environment {} (once)", directory.display());
    let work = tempfile::Builder::new().prefix("python-").tempdir_in(cache)?;
    let environment = work.path().join("environment");
    let list = work.path().join("requirements.txt");
    fs::write(&list, requirements)?;

    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(&environment);
    const NEEDED: &str = "The tests of AWS run an emulator in Python. Install Python 3.10 or later with its module venv \
                          (on Debian and Ubuntu the packages `python3` and `python3-venv`)";
    let venv = Process::spawn(work.path(), "venv", venv).context(NEEDED)?;
    let status = venv.wait(BUILD_TIMEOUT).await?;
    let said = || venv.log_tail(10);
    ensure!(
        status.success(),
        "python3 -m venv ended with {status}:\n{}\n{NEEDED}",
        said()
    );

    let mut pip = Command::new(environment.join("bin/python"));
    // Wheels only: nothing of what is installed runs while it is installed, and nothing has to be compiled.
    pip.args([
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
    ])
    .args(["--no-deps", "--only-binary", ":all:", "--requirement"])
    .arg(&list);
    let pip = Process::spawn(work.path(), "pip", pip)?;
    let status = pip.wait(BUILD_TIMEOUT).await?;
    ensure!(
        status.success(),
        "pip install ended with {status}:\n{}\nCheck that pip reaches its index (`python3 -m pip config list`), and that \
         Python is 3.10 or later",
        pip.log_tail(20)
    );
    // An interpreter finds its environment by where it is itself, so the environment can move. Its scripts could not.
    fs::rename(&environment, directory)
        .with_context(|| format!("cannot move the Python environment to {}", directory.display()))
}
