//! What happens on the way to an answer, told on standard error.

use serde::Deserialize;

use crate::cli::output::harmless;
use crate::cli::progress::Progress;

/// A step, as nodes tell it.
#[derive(Debug, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(super) enum Step {
    Context {
        tables: usize,
    },
    Reading {
        reading: Vec<Part>,
        unknown: Vec<String>,
    },
    Model {
        asked_for: String,
    },
    Running {
        sql: String,
    },
    Rejected {
        reason: String,
    },
}

/// A part of a question, as it was read.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    text: String,
}

/// Tells steps to whoever waits.
pub(super) struct Teller<'a> {
    /// Nothing when nobody is to be told.
    progress: Option<&'a Progress>,
    told_sql: Option<String>,
}

impl Step {
    /// In words.
    fn words(&self) -> String {
        match self {
            Self::Context { tables: 1 } => "There is one table.".to_owned(),
            Self::Context { tables } => format!("There are {tables} tables."),
            Self::Reading { reading, unknown } => {
                let parts: Vec<&str> = reading.iter().map(|part| part.text.as_str()).collect();
                let mut words = format!("Reading: {}", parts.join(" · "));
                if !unknown.is_empty() {
                    words.push_str(&format!("; not understood: {}", unknown.join(", ")));
                }
                words
            }
            Self::Model { asked_for } => format!("Asking the model for {asked_for}"),
            Self::Running { sql } => format!("Running: {sql}"),
            Self::Rejected { reason } => format!("That did not do: {reason}"),
        }
    }
}

impl<'a> Teller<'a> {
    /// One that tells above the line that moves.
    pub(super) fn new(progress: &'a Progress) -> Self {
        Self {
            progress: Some(progress),
            told_sql: None,
        }
    }

    /// One that tells nothing.
    pub(super) fn silent() -> Self {
        Self {
            progress: None,
            told_sql: None,
        }
    }

    pub(super) fn tell(&mut self, step: &Step) {
        let Some(progress) = self.progress else { return };
        progress.above(&harmless(&step.words()));
        if let Step::Running { sql } = step {
            self.told_sql = Some(sql.clone());
        }
    }

    /// Whether a statement was told as the last one that ran.
    pub(super) fn has_told(&self, sql: &str) -> bool {
        self.told_sql.as_deref() == Some(sql)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(json: &str) -> String {
        serde_json::from_str::<Step>(json).unwrap().words()
    }

    #[test]
    fn steps_are_told_in_words() {
        assert_eq!(words(r#"{"step":"context","tables":3}"#), "There are 3 tables.");
        assert_eq!(
            words(
                r#"{"step":"reading","reading":[{"kind":"table","text":"parcels"},{"kind":"measure","text":"count"}],"unknown":["purple"]}"#
            ),
            "Reading: parcels · count; not understood: purple"
        );
        assert_eq!(
            words(r#"{"step":"running","sql":"SELECT 1"}"#),
            "Running: SELECT 1"
        );
        assert_eq!(
            words(r#"{"step":"rejected","sql":"SELECT x","reason":"no x"}"#),
            "That did not do: no x"
        );
        assert!(serde_json::from_str::<Step>(r#"{"step":"something new"}"#).is_err());
    }

    #[test]
    fn the_statement_is_known_once_it_is_told() {
        let progress = Progress::new();
        let running: Step = serde_json::from_str(r#"{"step":"running","sql":"SELECT 1"}"#).unwrap();
        let (mut teller, mut silent) = (Teller::new(&progress), Teller::silent());
        teller.tell(&running);
        silent.tell(&running);
        assert!(teller.has_told("SELECT 1") && !teller.has_told("SELECT 2"));
        assert!(!silent.has_told("SELECT 1"));
    }
}
