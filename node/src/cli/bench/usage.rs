//! CPU and memory of processes, as Linux tells them.

use std::fs;

/// The processes whose use is measured.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pids {
    pub(super) node: Option<u32>,
    pub(super) clickhouse: Option<u32>,
    pub(super) broker: Option<u32>,
}

/// CPU seconds, of all threads and of children that have ended; `None` where it is not known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CpuSeconds {
    pub(super) node: Option<f64>,
    pub(super) clickhouse: Option<f64>,
    pub(super) broker: Option<f64>,
}

impl Pids {
    /// What they have used since they started.
    pub(super) fn cpu(&self) -> CpuSeconds {
        CpuSeconds {
            node: self.node.and_then(cpu_seconds),
            clickhouse: self.clickhouse.and_then(cpu_seconds),
            broker: self.broker.and_then(cpu_seconds),
        }
    }
}

impl CpuSeconds {
    /// What has been used since `before`. A process that was not there before has used all of it since.
    pub(super) fn since(&self, before: &Self) -> Self {
        let used = |now: Option<f64>, before: Option<f64>| Some(now? - before.unwrap_or(0.0));
        Self {
            node: used(self.node, before.node),
            clickhouse: used(self.clickhouse, before.clickhouse),
            broker: used(self.broker, before.broker),
        }
    }
}

fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // SAFETY: sysconf has no preconditions.
    let ticks_per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    Some(cpu_ticks(&stat)? as f64 / ticks_per_second as f64)
}

/// utime, stime, cutime and cstime: the fields 14 to 17, by proc(5). The name, field 2, may hold spaces and
/// parentheses.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    fields
        .get(11..15)?
        .iter()
        .map(|field| field.parse::<u64>().ok())
        .sum()
}

/// The most memory that a process has had resident, in bytes.
pub(super) fn peak_memory_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_parentheses_do_not_confuse() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 1 0 5 6 7";
        assert_eq!(cpu_ticks(stat), Some(127));
        assert_eq!(cpu_ticks("7 (a"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_uses_memory() {
        assert!(peak_memory_bytes(std::process::id()).unwrap() > 1 << 20);
        assert!(cpu_seconds(std::process::id()).is_some());
    }
}
