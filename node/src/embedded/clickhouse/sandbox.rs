//! What the child may touch of this machine's files: its own, and what any program needs.
//!
//! ClickHouse's scalar function `file()` reads any file that the process can, and neither grants nor
//! `user_files_path` bound it in clickhouse-local. The query guard refuses it; should something get past
//! the guard, the kernel refuses (Landlock, Linux 5.13 and newer). The passwords of Aurora's users lie
//! outside of what the child may read.

use std::path::Path;

use anyhow::Context;

/// Read by the C library for host names, time zones and certificates.
#[cfg(target_os = "linux")]
const SYSTEM_FILES: [&str; 13] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/zoneinfo",
    "/usr/share/ca-certificates",
    "/etc/ssl",
    "/etc/pki",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/localtime",
    "/sys",
];

/// The process itself, and the counters of the machine. Not all of /proc: it shows the environment of other
/// processes of the same user, the parent among them.
#[cfg(target_os = "linux")]
const PROC_FILES: [&str; 9] = [
    "/proc/self",
    "/proc/sys",
    "/proc/meminfo",
    "/proc/cpuinfo",
    "/proc/stat",
    "/proc/loadavg",
    "/proc/uptime",
    "/proc/vmstat",
    "/proc/filesystems",
];

/// Variables that the child gets; any other may be a secret of the parent's.
pub(super) const PASSED_VARIABLES: [&str; 5] = ["PATH", "TZ", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Gives up the right to any other file, for this process and for good. `config` lies beside what ClickHouse
/// writes: the directories `data`, `logs`, `user_files` and `format_schemas`. A kernel without Landlock
/// is told of in the log and otherwise accepted.
#[cfg(target_os = "linux")]
pub(super) fn enter(library: &Path, config: &Path) -> anyhow::Result<()> {
    use landlock::{
        ABI, Access, AccessFs, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, path_beneath_rules,
    };
    let root = config.parent().context("the configuration has no directory")?;
    let abi = ABI::V3;
    let own = ["data", "logs", "user_files", "format_schemas"].map(|name| root.join(name));
    let read = [library.to_owned(), config.to_owned(), root.join("users.xml")];
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .create()?
        .add_rules(path_beneath_rules(own, AccessFs::from_all(abi)))?
        .add_rules(path_beneath_rules(read, AccessFs::from_read(abi)))?
        .add_rules(path_beneath_rules(SYSTEM_FILES, AccessFs::from_read(abi)))?
        .add_rules(path_beneath_rules(PROC_FILES, AccessFs::from_read(abi)))?
        .add_rules(path_beneath_rules(
            ["/dev/null", "/dev/urandom", "/dev/random"],
            AccessFs::from_file(abi),
        ))?
        .restrict_self()?;
    if status.ruleset == RulesetStatus::NotEnforced {
        eprintln!("this kernel has no Landlock: files are guarded by the query checks alone");
    }
    Ok(())
}

/// Elsewhere the query guard stands alone.
#[cfg(not(target_os = "linux"))]
pub(super) fn enter(_library: &Path, _config: &Path) -> anyhow::Result<()> {
    Ok(())
}
