//! How far something is, on standard error, for a person who waits. It is gone when it is done.

use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Deserialize;

use super::output::{self, thousands};

/// What is done sooner than this is not worth a look.
const QUIET: Duration = Duration::from_millis(400);
/// How often it moves.
const TICK: Duration = Duration::from_millis(120);

/// How far a statement is, as nodes tell it.
#[derive(Debug, Deserialize)]
pub(super) struct HowFar {
    rows_read: String,
    bytes_read: String,
    percent: Option<f64>,
}

/// A line on standard error that moves. Where nobody looks there is none.
#[derive(Debug)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// One that nobody sees yet.
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}");
        // The template is right, as its test says; without it the bar is only less beautiful.
        Self(match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    /// Shows it when it takes long; never ends.
    pub(super) async fn appear(&self) -> ! {
        tokio::time::sleep(QUIET).await;
        self.0.set_draw_target(ProgressDrawTarget::stderr());
        self.0.enable_steady_tick(TICK);
        std::future::pending().await
    }

    /// Writes a line that stays, above the one that moves.
    pub(super) fn above(&self, text: &str) {
        self.0.suspend(|| output::note(text));
    }

    /// Says what is going on.
    pub(super) fn say(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl HowFar {
    /// In words.
    pub(super) fn words(&self) -> String {
        let number = |text: &str| text.parse().unwrap_or_default();
        let percent = match self.percent {
            Some(percent) => format!("{percent:.0} %, "),
            None => String::new(),
        };
        format!(
            "{percent}{} rows and {} read",
            thousands(number(&self.rows_read)),
            HumanBytes(number(&self.bytes_read))
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_is_can_be_read_by_people() {
        let read = |text: &str| serde_json::from_str::<HowFar>(text).unwrap().words();
        assert_eq!(
            read(r#"{"rows_read":"1500000","bytes_read":"3145728","total_rows":"3000000","percent":50.049}"#),
            "50 %, 1,500,000 rows and 3.00 MiB read"
        );
        assert_eq!(
            read(r#"{"rows_read":"0","bytes_read":"0","total_rows":"0","percent":null}"#),
            "0 rows and 0 B read"
        );
    }

    #[test]
    fn the_line_has_a_style() {
        assert!(ProgressStyle::with_template("{spinner} {elapsed} {msg}").is_ok());
    }
}
