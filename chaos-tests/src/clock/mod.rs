//! Clocks that are wrong: what a process takes for the time of day, shifted.
//!
//! Only the time of day: what is measured with a monotonic clock (every time-out of a node) goes on as it is.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::sandbox::Sandbox;

/// What a process loads before all else.
const LIBRARY: &str = include_str!("shift.c");
const LIBRARY_FILE: &str = "clock-shift.so";

/// The environment of a process whose clock is so many seconds ahead; behind, when negative. It takes Linux and a C
/// compiler, `cc`.
pub fn ahead(sandbox: &Sandbox, seconds: i64) -> Result<Vec<(String, String)>> {
    let library = sandbox.path(LIBRARY_FILE);
    if !library.exists() {
        compile(&sandbox.write("clock-shift.c", LIBRARY)?, &library)?;
    }
    let variable = |name: &str, value: String| (name.to_owned(), value);
    Ok(vec![
        variable("LD_PRELOAD", library.display().to_string()),
        variable("AURORA_CLOCK_SHIFT_S", seconds.to_string()),
    ])
}

fn compile(source: &Path, library: &Path) -> Result<()> {
    let mut compiler = Command::new("cc");
    compiler
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(library)
        .arg(source);
    let output = compiler.output().context("there is no C compiler, cc")?;
    ensure!(
        output.status.success(),
        "{compiler:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{SystemTime, UNIX_EPOCH};

    #[test]
    fn a_process_believes_what_it_is_told() -> Result<()> {
        let sandbox = Sandbox::new("clock")?;
        for shift in [-3_600, 0, 3_600] {
            let mut date = Command::new("date");
            let told = date.arg("+%s").envs(ahead(&sandbox, shift)?).output()?;
            let told: i64 = String::from_utf8(told.stdout)?.trim().parse()?;
            let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
            assert!(
                (told - now - shift).abs() < 60,
                "{told} is told at {now} with {shift}"
            );
        }
        Ok(())
    }
}
