//! Spans of time: which rows, or which of them beside each other.

use crate::query::question::catalog::Role;
use crate::query::question::link::Target;
use crate::query::question::spec::{Dimension, Filter, Test};
use crate::query::question::time::{DayPart, Meaning};
use crate::query::question::units::Quantity;
use crate::query::question::words::{POSSESSIVE, identifier_words};

use super::build::Builder;
use super::pieces::Kind;
impl Builder<'_> {
    /// "delivered yesterday": when there is a time of delivery, that is meant, not what was begun yesterday and has been
    /// delivered since.
    pub(super) fn verbs_with_times(&mut self) {
        let main = self.time_column();
        for at in 0..self.pieces.len() {
            let Some(Kind::Link(Target::Value(..))) = self.kind(at) else {
                continue;
            };
            let Some(verb) = self.last_word(at).filter(|word| word.is_participle()) else {
                continue;
            };
            let time = self.table.columns.iter().position(|column| {
                column.role == Role::Time
                    && Some(&column.name) != main.as_ref()
                    && identifier_words(&column.name)
                        .iter()
                        .any(|word| word.stem == verb.stem)
            });
            if let Some(time) = time.filter(|_| self.says_when(at)) {
                self.pieces[at].kind = Kind::Link(Target::Column(time));
            }
        }
    }

    /// Whether a span of time follows a verb, with no other time or denial before it.
    fn says_when(&self, at: usize) -> bool {
        // "until it is delivered": a span of time is asked for, between two times.
        let spans = self.pieces.iter().any(|piece| {
            piece.kind == Kind::HowLong
                || matches!(piece.kind, Kind::Unit(unit) if unit.quantity == Quantity::Time)
        }) && self.words.iter().any(|word| {
            matches!(
                word.text.as_str(),
                "between" | "until" | "till" | "take" | "takes" | "pass"
            )
        });
        if spans {
            return true;
        }
        let denied = at > 0 && matches!(self.kind(at - 1), Some(Kind::Not | Kind::Never | Kind::Without));
        let next = (at + 1..self.pieces.len()).find(|next| match self.kind(*next) {
            Some(Kind::Time(Meaning::Range(_))) => true,
            Some(Kind::Link(Target::Column(column))) => self.column(*column).role == Role::Time,
            _ => false,
        });
        !denied && next.is_some_and(|next| matches!(self.kind(next), Some(Kind::Time(_))))
    }

    /// Spans of time become conditions, or stand beside each other when there are several.
    pub(super) fn times(&mut self) {
        let mut ranges = Vec::new();
        for at in 0..self.pieces.len() {
            match self.kind(at) {
                Some(Kind::Time(Meaning::Range(range))) => {
                    let range = range.clone();
                    let column = if range.is_ahead() {
                        self.time_ahead(at)
                    } else {
                        self.time_near(at)
                    };
                    if let Some(column) = column {
                        self.use_piece(at);
                        ranges.push((column, range));
                    }
                }
                Some(Kind::Time(Meaning::Only(part, values))) => {
                    let (part, values) = (*part, values.clone());
                    if let Some(column) = self.time_column() {
                        self.use_piece(at);
                        let negated = self.is_negated(at);
                        if part == DayPart::HourOfDay {
                            self.assumptions
                                .push(format!("hours of the day: {}", spans(&values)));
                        }
                        self.add_filter(
                            at,
                            Filter {
                                negated,
                                ..Filter::new(&column, Test::PartIn(part, values))
                            },
                        );
                    }
                }
                _ => {}
            }
        }
        let compares = self
            .pieces
            .iter()
            .any(|piece| matches!(piece.kind, Kind::Versus | Kind::And));
        // "opened per hour over the last 12 hours": by the hour of the opening.
        if let [(column, _)] = ranges.as_slice() {
            for by in &mut self.spec.by {
                if let Dimension::Time { column: of, .. } | Dimension::Part { column: of, .. } = by {
                    of.clone_from(column);
                }
            }
        }
        match ranges.as_slice() {
            [(column, _), (same, _), ..] if column == same && (compares || ranges.len() == 2) => {
                let column = column.clone();
                let ranges = ranges.iter().map(|(_, range)| range.clone()).collect();
                self.group_by(Dimension::Periods { ranges, column });
            }
            ranges => {
                for (column, range) in ranges {
                    self.add_filter(0, Filter::new(column, Test::During(range.clone())));
                }
            }
        }
    }

    /// The time that a span is of: the column of time that is said right before or after it, else the main one.
    pub(super) fn time_near(&mut self, at: usize) -> Option<String> {
        // "yesterday's calls" are those of yesterday, whatever is said of them.
        let owns_rows = self
            .last_word(at)
            .is_some_and(|word| word.stop == Some(POSSESSIVE))
            && (at + 1..at + 3).any(|next| self.kind(next) == Some(&Kind::Link(Target::Rows)));
        if owns_rows {
            return self.time_column();
        }
        for near in [
            at.checked_sub(1),
            at.checked_sub(2),
            at.checked_sub(3),
            Some(at + 1),
        ]
        .into_iter()
        .flatten()
        {
            if let Some(column) = self
                .linked(near)
                .filter(|column| self.column(*column).role == Role::Time)
            {
                self.use_piece(near);
                return Some(self.column(column).name.clone());
            }
        }
        let anywhere = (0..self.pieces.len()).find_map(|near| {
            let column = self
                .linked(near)
                .filter(|column| self.is_free(near) && self.column(*column).role == Role::Time)?;
            Some((near, column))
        });
        if let Some((near, column)) = anywhere {
            self.use_piece(near);
            return Some(self.column(column).name.clone());
        }
        self.time_column()
    }
}

fn spans(values: &[u32]) -> String {
    match (values.first(), values.last()) {
        (Some(first), Some(last)) => format!("{first}:00 to {}:00", last + 1),
        _ => "none".to_owned(),
    }
}
