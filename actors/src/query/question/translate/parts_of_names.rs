//! Words that say how something is computed elsewhere, and here are a part of a column's name: "discount percentage", "daily
//! rate"; and the other way round.

use super::build::Builder;
use super::pieces::{Computed, Kind};
use crate::query::question::catalog::Role;
use crate::query::question::link::Target;
use crate::query::question::time::Meaning;
use crate::query::question::words::identifier_words;

/// Words of names of numbers that are parts of something by themselves.
const PARTS: [&str; 7] = [
    "percent",
    "percentage",
    "rate",
    "share",
    "ratio",
    "fraction",
    "proportion",
];

impl Builder<'_> {
    /// Settles what "percentage", "rate" and "how often" are, by what stands around them.
    pub(super) fn parts_of_names(&mut self) {
        for at in 0..self.pieces.len() {
            if self.kind(at) != Some(&Kind::Aggregate(Computed::Share)) {
                continue;
            }
            if self.ends_name(at) {
                self.pieces[at].kind = Kind::Filler;
            }
        }
        self.kinds_of_things();
        self.named_peaks();
        self.periodic_rates();
        self.how_often_in_percent();
    }

    /// "discount percentage" where there is a column of discounts in percent: no share of anything is asked for.
    fn ends_name(&self, at: usize) -> bool {
        let computes = self.pieces[..at]
            .iter()
            .any(|piece| matches!(piece.kind, Kind::Aggregate(how) if how != Computed::Share));
        let named = at.checked_sub(1).and_then(|before| self.linked(before));
        computes
            && named.is_some_and(|column| {
                let column = self.column(column);
                let is_part = identifier_words(&column.name)
                    .iter()
                    .any(|word| PARTS.contains(&word.text.as_str()));
                column.role == Role::Measure && is_part
            })
    }

    /// "by type of event" where there is a column of events: its kinds are its values, whatever else has a type.
    fn kinds_of_things(&mut self) {
        for at in 0..self.pieces.len().saturating_sub(2) {
            let says_kind = self
                .last_word(at)
                .is_some_and(|word| matches!(word.text.as_str(), "type" | "types" | "kind" | "kinds"));
            let of = self.last_word(at + 1).is_some_and(|word| word.text == "of");
            let Some(thing) = self.last_word(at + 2).filter(|_| says_kind && of) else {
                continue;
            };
            let column = self.table.columns.iter().position(|column| {
                let named = identifier_words(&column.name);
                column.role == Role::Dimension && named.len() == 1 && named[0].stem == thing.stem
            });
            if let Some(column) = column {
                self.pieces[at].kind = Kind::Link(Target::Column(column));
                self.pieces[at].strength = 1.2;
                self.pieces[at + 2].kind = Kind::Modifier;
            }
        }
    }

    /// "highest peak load" where each row has its peak: the highest is asked for by the other word.
    fn named_peaks(&mut self) {
        for at in 1..self.pieces.len() {
            let Some(said) = self.last_word(at).filter(|word| word.text == "peak") else {
                continue;
            };
            let computes = matches!(
                self.kind(at - 1),
                Some(
                    Kind::Superlative(..)
                        | Kind::Aggregate(Computed::Average | Computed::Maximum | Computed::Quantile(_))
                )
            );
            let column = self.table.columns.iter().position(|column| {
                column.role == Role::Measure
                    && identifier_words(&column.name)
                        .iter()
                        .any(|word| word.stem == said.stem)
            });
            if let Some(column) = column.filter(|_| computes) {
                self.pieces[at].kind = Kind::Link(Target::Column(column));
                self.pieces[at].strength = 1.2;
            }
        }
    }

    /// "daily rate", "hourly wage" where a column has the unit in its name: a number of each row, no groups by day.
    fn periodic_rates(&mut self) {
        for at in 0..self.pieces.len().saturating_sub(1) {
            let Some(Kind::Time(Meaning::Every(1, unit))) = self.kind(at) else {
                continue;
            };
            let (unit, is_adverb) = (unit.word(), self.pieces[at].words.len() == 1);
            let Some(noun) = self.last_word(at + 1).filter(|_| is_adverb) else {
                continue;
            };
            let column = self.table.columns.iter().position(|column| {
                let named = identifier_words(&column.name);
                let has = |wanted: &dyn Fn(&str, &str) -> bool| {
                    named.iter().any(|word| wanted(&word.text, &word.stem))
                };
                column.role == Role::Measure
                    && has(&|text, _| text == unit)
                    && has(&|_, stem| stem == noun.stem)
            });
            if let Some(column) = column {
                self.pieces[at].kind = Kind::Modifier;
                self.pieces[at + 1].kind = Kind::Link(Target::Column(column));
                self.pieces[at + 1].strength = 1.2;
            }
        }
    }

    /// "how often does X happen, as a percentage": a share of the rows.
    fn how_often_in_percent(&mut self) {
        let in_percent = self.pieces.iter().any(|piece| {
            let said = self.text(piece).to_lowercase();
            matches!(said.as_str(), "as a percentage" | "in percent" | "as a share")
        });
        for at in 0..self.pieces.len() {
            if in_percent && self.text(&self.pieces[at]).eq_ignore_ascii_case("how often") {
                self.pieces[at].kind = Kind::Aggregate(Computed::Share);
            }
        }
    }

    /// "the average stay in nights": the number that the answer is counted in, where the noun before it is no column.
    pub(super) fn counted_in(&self, at: usize) -> Option<(usize, usize)> {
        (at + 2..at + 5).find_map(|place| {
            let column = self
                .linked(place)
                .filter(|_| self.is_free(place) && self.is_plural(place))?;
            let follows = self.last_word(place - 1).is_some_and(|word| word.text == "in");
            (follows && self.column(column).role == Role::Measure).then_some((column, place))
        })
    }
}
