//! What this process uses of its machine.

use std::fmt;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};
use utoipa::ToSchema;

/// How long a look is good for; the load is an average over at least as long.
const AGE: Duration = Duration::from_secs(2);

/// What a node's process uses. What it starts, such as an embedded ClickHouse, is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = MachineUsage)]
pub struct Usage {
    /// Cores it has kept busy lately: 1.5 is one and a half.
    pub cpu_cores: f64,
    /// Cores its machine has.
    pub machine_cores: u32,
    /// Bytes of memory it has.
    pub memory_bytes: u64,
    /// Bytes of memory its machine has.
    pub machine_memory_bytes: u64,
}

/// Looks now and then.
pub struct Gauge(Mutex<Looked>);

struct Looked {
    system: System,
    this: Option<Pid>,
    at: Instant,
    usage: Option<Usage>,
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gauge")
    }
}

impl Default for Gauge {
    fn default() -> Self {
        let mut looked = Looked {
            system: System::new(),
            this: sysinfo::get_current_pid().ok(),
            at: Instant::now(),
            usage: None,
        };
        looked.look();
        Self(Mutex::new(looked))
    }
}

impl Gauge {
    /// What is used now, or was a moment ago; `None` where the system does not tell.
    pub fn read(&self) -> Option<Usage> {
        let mut looked = self.0.lock();
        if looked.at.elapsed() > AGE {
            looked.look();
        }
        looked.usage
    }
}

impl Looked {
    fn look(&mut self) {
        self.at = Instant::now();
        self.usage = self.this.and_then(|this| {
            let what = ProcessRefreshKind::nothing().with_cpu().with_memory();
            self.system.refresh_memory();
            self.system
                .refresh_processes_specifics(ProcessesToUpdate::Some(&[this]), false, what);
            let process = self.system.process(this)?;
            Some(Usage {
                cpu_cores: f64::from(process.cpu_usage()) / 100.0,
                machine_cores: std::thread::available_parallelism()
                    .ok()
                    .and_then(|cores| u32::try_from(cores.get()).ok())
                    .unwrap_or(1),
                memory_bytes: process.memory(),
                machine_memory_bytes: self.system.total_memory(),
            })
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_works_is_seen_to() {
        let gauge = Gauge::default();
        let until = Instant::now() + AGE + Duration::from_millis(200);
        let mut sum = 0u64;
        while Instant::now() < until {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let usage = gauge.read().expect("this system tells");
        assert!(usage.cpu_cores > 0.01, "{usage:?}");
        assert!(
            usage.memory_bytes > 1 << 20 && usage.memory_bytes < usage.machine_memory_bytes,
            "{usage:?}"
        );
        assert!(usage.machine_cores >= 1);
    }
}
