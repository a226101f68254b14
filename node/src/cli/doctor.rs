//! `aurora doctor`

use std::path::Path;
use std::process::ExitCode;

use aurora_actors::query::wall::WallView;
use clap::Args;
use serde::{Deserialize, Serialize};

use super::client::{Client, NodeAddress};
use super::output;
use crate::embedded::clickhouse::{default_cache_dir, verify_library};

/// Say what this machine lacks, and how to get it.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// JSON instead of a table; the same when the output is no terminal
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    address: NodeAddress,
}

/// What the node, if there is one, says of its reading user.
#[derive(Debug, Deserialize)]
struct Limits {
    wall: WallView,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    what: &'static str,
    ok: bool,
    found: String,
    /// What to do when it is not well.
    hint: &'static str,
}

pub(super) async fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let mut checks = tokio::task::spawn_blocking(checks).await?;
    checks.push(queries(&args.address).await?);
    let well = checks.iter().all(|check| check.ok);
    if args.json || !output::is_terminal() {
        output::json(&serde_json::json!({ "ok": well, "checks": checks }))?;
    } else {
        let mut table = output::table(&["", "what", "found", "what to do"]);
        for check in &checks {
            let hint = if check.ok { "" } else { check.hint };
            table.add_row(vec![
                output::verdict(if check.ok { "ok" } else { "missing" }, check.ok),
                check.what.into(),
                check.found.as_str().into(),
                hint.into(),
            ]);
        }
        output::line(&table.to_string());
    }
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn checks() -> Vec<Check> {
    vec![platform(), library(), npm(), cache(), open_files(), memory()]
}

/// Whether the node serves queries. That there is no node is no fault of the machine.
async fn queries(address: &NodeAddress) -> anyhow::Result<Check> {
    let (ok, found) = match Client::new(address)?.get::<Limits>("/api/v1/limits").await {
        Err(error) => (true, format!("not asked: {error:#}")),
        Ok(Limits { wall }) if wall.stands => (true, format!("served as {}, who was verified", wall.reader)),
        Ok(Limits { wall }) => (
            false,
            format!(
                "no queries are served as {}: {}",
                wall.reader,
                wall.faults.join("; ")
            ),
        ),
    };
    Ok(Check {
        what: "queries of the node",
        ok,
        found,
        hint: "let Aurora make the reading user, by giving the writing user ACCESS MANAGEMENT, or drop the user and let it be made; or mend what is named",
    })
}

fn platform() -> Check {
    Check {
        what: "operating system and processor",
        ok: cfg!(any(target_os = "linux", target_os = "macos"))
            && cfg!(any(target_arch = "x86_64", target_arch = "aarch64")),
        found: format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH),
        hint: "the embedded ClickHouse runs on Linux and macOS, x86-64 and ARM; elsewhere use `aurora node` with a ClickHouse of your own",
    }
}

fn library() -> Check {
    let hint = "`aurora up` fetches it again; without network set AURORA_CLICKHOUSE_LIB to a libchdb.so, or AURORA_CACHE to a directory filled elsewhere";
    let (ok, found) = match verify_library(&default_cache_dir()) {
        Ok(Some(path)) => (true, format!("{}, checksum right", path.display())),
        Ok(None) => (true, "not fetched yet; `aurora up` will".to_owned()),
        Err(error) => (false, error.to_string()),
    };
    Check {
        what: "ClickHouse library",
        ok,
        found,
        hint,
    }
}

fn npm() -> Check {
    let version = std::process::Command::new("npm")
        .arg("--version")
        .output()
        .ok()
        .filter(|out| out.status.success());
    let fetched = matches!(verify_library(&default_cache_dir()), Ok(Some(_)));
    Check {
        what: "npm, to fetch the ClickHouse library",
        ok: version.is_some() || fetched,
        found: match version {
            Some(out) => String::from_utf8_lossy(&out.stdout).trim().to_owned(),
            None if fetched => "none, and none needed: the library is here".to_owned(),
            None => "none".to_owned(),
        },
        hint: "install Node.js, or set AURORA_NPM_REGISTRY to the address of a registry",
    }
}

fn cache() -> Check {
    let directory = default_cache_dir();
    let writable = std::fs::create_dir_all(&directory).and_then(|()| {
        let probe = directory.join(format!(".probe-{}", std::process::id()));
        std::fs::write(&probe, b"")?;
        std::fs::remove_file(&probe)
    });
    Check {
        what: "cache directory",
        ok: writable.is_ok(),
        found: match writable {
            Ok(()) => directory.display().to_string(),
            Err(error) => format!("{}: {error}", directory.display()),
        },
        hint: "make it writable, or set AURORA_CACHE to a directory that is",
    }
}

fn open_files() -> Check {
    let limit = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)
        .map_or(0, |(_, hard)| hard);
    Check {
        what: "open files allowed",
        ok: limit >= 4_096,
        found: limit.to_string(),
        hint: "raise the hard limit (ulimit -Hn) to 4096 or more: ClickHouse keeps many files open",
    }
}

fn memory() -> Check {
    let total_kib = std::fs::read_to_string(Path::new("/proc/meminfo"))
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        });
    Check {
        what: "memory",
        ok: total_kib.is_none_or(|kib| kib >= 2 << 20),
        found: total_kib.map_or_else(
            || "unknown".to_owned(),
            |kib| format!("{:.1} GiB", kib as f64 / (1u64 << 20) as f64),
        ),
        hint: "ClickHouse and a node want 2 GiB",
    }
}
