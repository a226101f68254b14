//! `late`, `overdue`, `on time`: what was done against what had been promised.

use super::build::Builder;
use super::pieces::Kind;
use crate::query::question::catalog::{Column, Role, Table};
use crate::query::question::spec::{Comparison, Filter, Test};
use crate::query::question::time::{Moment, TimeRange, TimeUnit};
use crate::query::question::vocabulary::PROMISED;
use crate::query::question::words::identifier_words;

/// How a deadline was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Punctuality {
    /// Done, after it.
    Late,
    /// Done, not after it.
    OnTime,
    /// Not done yet, and it has passed.
    Overdue,
    /// Not done yet.
    Ongoing,
}

/// Words of the names of times at which something came to its end.
const ENDED: [&str; 26] = [
    "resolved",
    "closed",
    "ended",
    "end",
    "completed",
    "finished",
    "finish",
    "returned",
    "delivered",
    "left",
    "settled",
    "released",
    "done",
    "stopped",
    "stop",
    "departed",
    "received",
    "out",
    "cleared",
    "reported",
    "answered",
    "shipped",
    "exit",
    "exited",
    "checkout",
    "logout",
];
/// Words of the names of numbers that tell how late something was.
const DELAYS: [&str; 4] = ["delay", "late", "lateness", "overdue"];

impl Builder<'_> {
    /// Conditions of punctuality, where a table has what was promised and what was done.
    pub(super) fn deadlines(&mut self) {
        for at in 0..self.pieces.len() {
            let Some(Kind::Punctuality(how)) = self.kind(at).filter(|_| self.is_free(at)) else {
                continue;
            };
            let how = *how;
            // "more than 15 minutes late": the comparison says it.
            let is_measured = at > 0
                && matches!(self.kind(at - 1), Some(Kind::Compare(_, _, Some(_), _)))
                && !self.is_free(at - 1);
            if is_measured && how == Punctuality::Late && self.promised_and_done().is_none() {
                self.use_piece(at);
                continue;
            }
            if how == Punctuality::Ongoing {
                if self.waits_for_flag(at) {
                    continue;
                }
                if let Some(end) = end_of(self.table) {
                    let name = end.name.clone();
                    let negated = self.is_negated(at);
                    self.use_piece(at);
                    self.add_filter(
                        at,
                        Filter {
                            negated,
                            ..Filter::new(&name, Test::Missing)
                        },
                    );
                }
                continue;
            }
            let filters = match self.promised_and_done() {
                Some((promised, done)) => by_times(how, &promised, &done),
                None => match self.delay() {
                    Some(delay) => by_delay(how, &delay),
                    None => continue,
                },
            };
            let negated = self.is_negated(at);
            self.use_piece(at);
            for filter in filters {
                let negated = filter.negated ^ (negated && !matches!(filter.test, Test::Missing));
                self.add_filter(at, Filter { negated, ..filter });
            }
        }
    }

    /// "still waiting for approval": for a flag to be set.
    fn waits_for_flag(&mut self, at: usize) -> bool {
        let mut next = at + 1;
        while self.kind(next) == Some(&Kind::Filler) {
            next += 1;
        }
        let waits = self.text(&self.pieces[at]).to_lowercase().ends_with("waiting");
        let flag = self
            .linked(next)
            .map(|column| self.column(column))
            .filter(|column| waits && column.role == Role::Flag);
        let Some(flag) = flag else { return false };
        self.use_piece(at);
        self.use_piece(next);
        self.add_filter(
            at,
            Filter {
                negated: true,
                ..Filter::new(&flag.name, Test::IsTrue)
            },
        );
        true
    }

    /// The time that was promised, and the time at which it was done.
    pub(super) fn promised_and_done(&self) -> Option<(String, String)> {
        let is_promise = |column: &Column| is_called(column, &PROMISED);
        let promised = self
            .table
            .with_role(Role::Time)
            .find(|column| is_promise(column))?;
        let main = self.time_column();
        // What is done at last is not there from the beginning; the last such time is the end of it.
        let others = || {
            self.table
                .with_role(Role::Time)
                .filter(|column| !is_promise(column) && Some(&column.name) != main.as_ref())
        };
        let done = others()
            .filter(|column| column.is_nullable())
            .last()
            .or_else(|| others().last())?;
        Some((promised.name.clone(), done.name.clone()))
    }

    /// A number that tells how late something was.
    pub(super) fn delay(&self) -> Option<String> {
        self.table
            .with_role(Role::Measure)
            .find(|column| is_called(column, &DELAYS))
            .map(|column| column.name.clone())
    }
}

/// The time at which what a row tells of came to its end, if some have not.
pub(super) fn end_of(table: &Table) -> Option<&Column> {
    table
        .with_role(Role::Time)
        .filter(|column| column.is_nullable() && is_called(column, &ENDED))
        .last()
}

/// Whether a table can tell that: it has deadlines, tells delays, or has a time of the end.
pub(super) fn can_be(how: Punctuality, table: &Table) -> bool {
    if how == Punctuality::Ongoing {
        return end_of(table).is_some();
    }
    table
        .with_role(Role::Time)
        .any(|column| is_called(column, &PROMISED))
        || table
            .with_role(Role::Measure)
            .any(|column| is_called(column, &DELAYS))
}

pub(super) fn is_called(column: &Column, names: &[&str]) -> bool {
    identifier_words(&column.name)
        .iter()
        .any(|word| names.contains(&word.text.as_str()))
}

fn by_times(how: Punctuality, promised: &str, done: &str) -> Vec<Filter> {
    let is_done = Filter {
        negated: true,
        ..Filter::new(done, Test::Missing)
    };
    let compared = |comparison| Filter::new(done, Test::CompareColumn(comparison, promised.to_owned()));
    match how {
        Punctuality::Late => vec![compared(Comparison::Above)],
        Punctuality::OnTime => vec![compared(Comparison::AtMost)],
        Punctuality::Overdue => vec![
            Filter {
                negated: false,
                ..is_done
            },
            Filter::new(
                promised,
                Test::During(TimeRange {
                    from: None,
                    to: Some(Moment::Ago(0, TimeUnit::Second)),
                    label: "has passed".to_owned(),
                }),
            ),
        ],
        Punctuality::Ongoing => Vec::new(),
    }
}

fn by_delay(how: Punctuality, delay: &str) -> Vec<Filter> {
    let comparison = match how {
        Punctuality::Late | Punctuality::Overdue | Punctuality::Ongoing => Comparison::Above,
        Punctuality::OnTime => Comparison::AtMost,
    };
    vec![Filter::new(delay, Test::Compare(comparison, 0.0))]
}
