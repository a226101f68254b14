//! What came out, for people and for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::super::output;
use super::super::measure::median;
use super::asking::Notes;
use super::set::Question;

/// How one question went, once.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Outcome {
    pub(super) id: String,
    pub(super) kind: String,
    /// Which time it was asked, from 1.
    pub(super) round: usize,
    pub(super) right: bool,
    pub(super) reply: ReplyKind,
    /// From asking to the whole reply.
    pub(super) seconds: f64,
    pub(super) engine: Option<String>,
    pub(super) attempts: Option<u64>,
    /// Left out of sets that are kept secret, with what follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) details: Option<Details>,
}

/// What tells about the question.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Details {
    pub(super) question: String,
    pub(super) sql: Option<String>,
    /// Why it is wrong.
    pub(super) why: Option<String>,
}

impl Outcome {
    pub(super) fn new(question: &Question, round: usize, seconds: f64, judged: Judged) -> Self {
        Self {
            id: question.id.clone(),
            kind: question.kind().to_owned(),
            round,
            right: judged.why.is_none(),
            reply: judged.reply,
            seconds,
            engine: judged.notes.engine,
            attempts: judged.notes.attempts,
            details: Some(Details {
                question: question.question.clone(),
                sql: judged.sql,
                why: judged.why,
            }),
        }
    }

    /// Prints it on a line, and beneath it what went wrong.
    pub(super) fn show(&self, verbose: bool) {
        let verdict = if self.right { "ok   " } else { "WRONG" };
        let engine = self.engine.as_deref().unwrap_or("-");
        let question = self
            .details
            .as_ref()
            .map_or("", |details| details.question.as_str());
        let line = format!(
            "{verdict} {:<5} {:6.1} s  {engine:<10} {question}",
            self.id, self.seconds
        );
        output::line(line.trim_end());
        if let Some(details) = self.details.as_ref().filter(|_| verbose || !self.right) {
            let sql = details.sql.as_deref().unwrap_or("-");
            let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
            let why = details.why.as_deref().unwrap_or("");
            output::line(&format!(
                "        {sql}{}{why}",
                if why.is_empty() { "" } else { "  | " }
            ));
        }
    }
}

/// What came back, whether that was right or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReplyKind {
    /// Rows.
    Answered,
    /// A question back, or a refusal.
    Declined,
    /// Nothing of use.
    #[default]
    Failed,
}

/// A reply that was looked at.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) reply: ReplyKind,
    /// `None` if it is right.
    pub(super) why: Option<String>,
    pub(super) sql: Option<String>,
    pub(super) notes: Notes,
}

/// Right ones of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Share {
    right: usize,
    total: usize,
}

impl Share {
    fn count(&mut self, right: bool) {
        self.right += usize::from(right);
        self.total += 1;
    }
}

/// A whole run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    version: &'static str,
    set: String,
    right: usize,
    total: usize,
    /// Questions that were answered rightly every time they were asked.
    always_right: Share,
    by_kind: BTreeMap<String, Share>,
    by_engine: BTreeMap<String, Share>,
    by_reply: BTreeMap<ReplyKind, Share>,
    median_seconds: Option<f64>,
    max_seconds: Option<f64>,
    outcomes: Vec<Outcome>,
}

impl Report {
    pub(super) fn new(set: &str, outcomes: Vec<Outcome>) -> Self {
        let mut by_kind: BTreeMap<String, Share> = BTreeMap::new();
        let mut by_engine: BTreeMap<String, Share> = BTreeMap::new();
        let mut by_reply: BTreeMap<ReplyKind, Share> = BTreeMap::new();
        let mut by_question: BTreeMap<&str, bool> = BTreeMap::new();
        let mut all = Share::default();
        for outcome in &outcomes {
            all.count(outcome.right);
            by_kind
                .entry(outcome.kind.clone())
                .or_default()
                .count(outcome.right);
            let engine = outcome.engine.as_deref().unwrap_or("-");
            by_engine
                .entry(engine.to_owned())
                .or_default()
                .count(outcome.right);
            by_reply.entry(outcome.reply).or_default().count(outcome.right);
            *by_question.entry(&outcome.id).or_insert(true) &= outcome.right;
        }
        let mut always_right = Share::default();
        for right in by_question.into_values() {
            always_right.count(right);
        }
        Self {
            version: env!("CARGO_PKG_VERSION"),
            set: set.to_owned(),
            right: all.right,
            total: all.total,
            always_right,
            by_kind,
            by_engine,
            by_reply,
            median_seconds: median(outcomes.iter().map(|outcome| outcome.seconds)),
            max_seconds: outcomes.iter().map(|outcome| outcome.seconds).reduce(f64::max),
            outcomes,
        }
    }

    /// How many answers were right.
    pub(super) fn right(&self) -> usize {
        self.right
    }

    /// Prints the figures.
    pub(super) fn show(&self) {
        let mut table = output::table(&["kind", "right", "of"]);
        for (kind, share) in &self.by_kind {
            table.add_row([
                comfy_table::Cell::new(kind),
                output::number(share.right.to_string()),
                output::number(share.total.to_string()),
            ]);
        }
        output::line(&table.to_string());
        let engines: Vec<String> = self
            .by_engine
            .iter()
            .map(|(engine, share)| format!("{engine} {} of {}", share.right, share.total))
            .collect();
        output::line(&format!("by engine: {}", engines.join(", ")));
        let wrong = |reply| {
            self.by_reply
                .get(&reply)
                .map_or(0, |share| share.total - share.right)
        };
        output::line(&format!(
            "wrong ones: {} answered, {} declined, {} failed",
            wrong(ReplyKind::Answered),
            wrong(ReplyKind::Declined),
            wrong(ReplyKind::Failed),
        ));
        let seconds =
            |seconds: Option<f64>| seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1}"));
        output::line(&format!(
            "{}: {} of {} right; median {} s, longest {} s",
            self.set,
            self.right,
            self.total,
            seconds(self.median_seconds),
            seconds(self.max_seconds),
        ));
        if self.always_right.total < self.total {
            let Share { right, total } = self.always_right;
            output::line(&format!("right every time: {right} of {total} questions"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(id: &str, kind: &str, round: usize, right: bool, seconds: f64) -> Outcome {
        Outcome {
            id: id.to_owned(),
            kind: kind.to_owned(),
            round,
            right,
            reply: if right {
                ReplyKind::Answered
            } else {
                ReplyKind::Declined
            },
            seconds,
            engine: right.then(|| "built-in".to_owned()),
            attempts: None,
            details: None,
        }
    }

    #[test]
    fn right_ones_are_counted_by_kind_engine_and_question() {
        let report = Report::new(
            "practice",
            vec![
                outcome("a", "count", 1, true, 1.0),
                outcome("a", "count", 2, false, 2.0),
                outcome("b", "sum", 1, true, 9.0),
                outcome("b", "sum", 2, true, 4.0),
            ],
        );
        assert_eq!((report.right, report.total), (3, 4));
        assert_eq!(report.always_right, Share { right: 1, total: 2 });
        assert_eq!(report.by_kind["count"], Share { right: 1, total: 2 });
        assert_eq!(report.by_engine["-"], Share { right: 0, total: 1 });
        assert_eq!(
            report.by_reply[&ReplyKind::Declined],
            Share { right: 0, total: 1 }
        );
        assert_eq!(report.max_seconds, Some(9.0));
        assert_eq!(report.median_seconds, Some(3.0));
    }

    #[test]
    fn what_is_secret_is_not_written_down() {
        let mut outcome = outcome("a", "count", 1, true, 1.0);
        let question = "How many?".to_owned();
        outcome.details = Some(Details {
            question,
            sql: None,
            why: None,
        });
        assert!(serde_json::to_string(&outcome).unwrap().contains("How many?"));
        outcome.details = None;
        assert!(!serde_json::to_string(&outcome).unwrap().contains("details"));
    }
}
