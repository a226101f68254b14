//! `/etc/aurora/machine.env`: what scripts and units are told.
//!
//! Two programs read it, bash and systemd, and they agree on text in single quotes as long as it has no quote, no backslash
//! and no line break in it. So values with these are refused, whatever a check has let through.

use super::InvalidMachine;

/// Where it is.
pub const PATH: &str = "/etc/aurora/machine.env";

/// Variables in the order in which they were set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: Vec<(&'static str, String)>,
}

impl Environment {
    /// Sets a variable.
    pub fn set(&mut self, name: &'static str, value: &str) -> Result<(), InvalidMachine> {
        let is_plain = |c: char| matches!(c, ' '..='~') && !matches!(c, '\'' | '"' | '\\' | '`');
        if !value.chars().all(is_plain) {
            let value = value.chars().take(100).collect();
            return Err(InvalidMachine::Variable { name, value });
        }
        self.variables.push((name, value.to_owned()));
        Ok(())
    }

    /// The file's text.
    pub fn render(&self) -> String {
        let lines = self
            .variables
            .iter()
            .map(|(name, value)| format!("{name}='{value}'\n"));
        "# What this machine is. Read by systemd's units and by scripts.\n".to_owned()
            + &lines.collect::<String>()
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn rendered(value: &str) -> Option<String> {
        let mut environment = Environment::default();
        environment.set("VALUE", value).ok()?;
        environment.set("AFTER", "still here").ok()?;
        Some(environment.render())
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for value in [
            "it's", "a\nB=1", "a\\", "\"", "`id`", "\u{0}", "\u{7f}", "ü", "\u{2028}",
        ] {
            assert_eq!(rendered(value), None, "{value:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_shell_reads_what_was_set_and_runs_nothing(value in "[ -~]{0,40}") {
            let Some(text) = rendered(&value) else {
                prop_assert!(value.contains(['\'', '"', '\\', '`']));
                return Ok(());
            };
            let script = format!("set -eu\n{text}\nprintf '%s|%s' \"$VALUE\" \"$AFTER\"");
            let output = Command::new("sh").args(["-c", &script]).env_clear().output().unwrap();
            prop_assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
            prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{value}|still here"));
        }
    }
}
