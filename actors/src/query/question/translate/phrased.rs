//! Measures that whole phrases ask for: `how many X a Y has on average`, `the difference between the highest and the lowest`,
//! `where X is A times B`.

use super::build::{Builder, computed};
use super::measures::{Subject, aggregate};
use super::pieces::{Computed, Kind};
use crate::query::question::catalog::Role;
use crate::query::question::link::Target;
use crate::query::question::spec::{Aggregate, Expression, Measure};

impl Builder<'_> {
    /// "how many X does a Y have on average": the mean over Ys of a count.
    pub(super) fn on_average(&mut self) -> bool {
        let counts = (0..self.pieces.len()).any(|at| {
            // "how many minutes" asks for an amount.
            let amount = matches!(self.kind(at + 1), Some(Kind::Unit(_) | Kind::HowLong));
            self.kind(at).and_then(computed) == Some(Computed::Many) && !amount
        });
        let average = self.pieces.iter().position(|piece| {
            computed(&piece.kind) == Some(Computed::Average)
                && self.words[piece.words.clone()]
                    .iter()
                    .any(|word| word.text == "on")
        });
        let Some(average) = average.filter(|_| counts) else {
            return false;
        };
        if self.spec.by.is_empty() {
            let thing = (1..self.pieces.len()).find(|at| {
                let article = matches!(
                    self.words[self.pieces[at - 1].words.start].text.as_str(),
                    "a" | "an" | "one"
                );
                article && self.is_free(*at) && self.linked(*at).is_some_and(|column| self.can_group(column))
            });
            let Some((at, column)) = thing.and_then(|at| Some((at, self.linked(at)?))) else {
                return false;
            };
            self.use_piece(at);
            let dimension = self.dimension(column);
            self.group_by(dimension);
        }
        self.use_piece(average);
        true
    }

    /// "fees on average: A versus B": what is averaged was said before.
    pub(super) fn averaged_before(&self, at: usize) -> Option<(Subject, Option<usize>)> {
        let is_behind = self.text(&self.pieces[at]).eq_ignore_ascii_case("on average");
        let follows = matches!(self.subject(at).0, Subject::Column(_));
        let before = (0..at).rev().take(3).find(|before| {
            self.is_free(*before)
                && self
                    .linked(*before)
                    .is_some_and(|column| self.column(column).role == Role::Measure)
        });
        let place = before.filter(|_| is_behind && !follows)?;
        Some((Subject::Column(self.linked(place)?), Some(place)))
    }

    /// "the difference between the highest and the lowest X"
    pub(super) fn spread(&mut self) {
        let Some(at) = self.pieces.iter().position(|piece| piece.kind == Kind::Spread) else {
            return;
        };
        let ends = self
            .pieces
            .iter()
            .filter(|piece| {
                matches!(
                    piece.kind,
                    Kind::Superlative(..) | Kind::Aggregate(Computed::Maximum | Computed::Minimum)
                )
            })
            .count();
        let number = (at + 1..self.pieces.len()).find_map(|at| {
            let column = self
                .linked(at)
                .filter(|column| self.column(*column).role == Role::Measure)?;
            Some((at, column))
        });
        let Some((place, column)) = number.filter(|_| ends >= 2) else {
            return;
        };
        self.use_piece(at);
        self.use_piece(place);
        for piece in &mut self.pieces {
            if matches!(
                piece.kind,
                Kind::Superlative(..) | Kind::Aggregate(Computed::Maximum | Computed::Minimum)
            ) {
                piece.kind = Kind::Filler;
            }
        }
        let of = Expression::Column(self.column(column).name.clone());
        self.spec.measures.push(Measure::of(Aggregate::Spread, Some(of)));
    }

    /// `X is A times B`: the question says itself what it means by X.
    pub(super) fn defined(&mut self) {
        let times = (0..self.words.len()).find(|at| {
            matches!(
                self.words[*at].text.as_str(),
                "times" | "multiplied" | "*" | "x" | "×"
            )
        });
        let Some(times) = times else { return };
        let numeric = |builder: &Self, at: usize| {
            builder
                .linked(at)
                .filter(|column| builder.column(*column).role == Role::Measure)
        };
        let left = (0..self.pieces.len())
            .filter(|at| self.pieces[*at].words.end <= times)
            .rev()
            .find_map(|at| numeric(self, at).map(|column| (at, column)));
        let right = (0..self.pieces.len())
            .filter(|at| self.pieces[*at].words.start > times)
            .find_map(|at| numeric(self, at).map(|column| (at, column)));
        let (Some((a_at, a)), Some((b_at, b))) = (left, right) else {
            return;
        };
        let product = Expression::Product(self.column(a).name.clone(), self.column(b).name.clone());
        let how = self
            .pieces
            .iter()
            .filter_map(|piece| computed(&piece.kind))
            .find(|how| !matches!(how, Computed::Many | Computed::Distinct | Computed::Share))
            .unwrap_or(Computed::Total);
        self.spec
            .measures
            .push(Measure::of(aggregate(how), Some(product)));
        // All from the name that is defined to its definition is said.
        let defined = self.pieces[..a_at]
            .iter()
            .rposition(|piece| matches!(piece.kind, Kind::Unknown | Kind::Link(_)));
        let word = defined
            .and_then(|at| self.last_word(at))
            .map(|word| word.stem.clone());
        for at in 0..self.pieces.len() {
            let same = word
                .as_ref()
                .is_some_and(|word| self.last_word(at).is_some_and(|last| last.stem == *word));
            let within = (a_at..=b_at).contains(&at);
            let is_how = self.kind(at).and_then(computed) == Some(how);
            let is_value = matches!(self.kind(at), Some(Kind::Link(Target::Value(..))));
            if (same || within || is_how) && !is_value {
                self.pieces[at].used = true;
                if self.pieces[at].kind == Kind::Unknown {
                    self.pieces[at].kind = Kind::Filler;
                }
            }
        }
    }

    /// "the latest battery level of sensor 7", "the lowest battery in their most recent reading": the value at the latest time.
    pub(super) fn latest_value(&mut self) {
        if self.words.iter().any(|word| word.text == "when") || self.time_column().is_none() {
            return;
        }
        let Some(at) = (0..self.pieces.len()).find(|at| matches!(self.kind(*at), Some(Kind::Latest(_))))
        else {
            return;
        };
        let Some(Kind::Latest(last)) = self.kind(at).cloned() else {
            return;
        };
        let is_measure = |builder: &Self, piece: usize| {
            builder
                .linked(piece)
                .filter(|column| builder.is_free(piece) && builder.column(*column).role == Role::Measure)
        };
        let mut next = at + 1;
        while self.kind(next) == Some(&Kind::Modifier) {
            next += 1;
        }
        // "… in their most recent reading" says it of what was named before.
        let of_rows = matches!(self.kind(next), Some(Kind::Link(Target::Rows))) && !self.is_plural(next);
        let found = match is_measure(self, next) {
            Some(column) => Some((next, column)),
            None if of_rows => (0..at).find_map(|piece| Some((piece, is_measure(self, piece)?))),
            None => None,
        };
        let Some((piece, column)) = found else { return };
        self.use_piece(at);
        self.use_piece(piece);
        // "battery level": what follows a number's name only says that it is one.
        if self.is_measured(piece + 1) {
            self.use_piece(piece + 1);
        }
        let aggregate = if last {
            Aggregate::Latest
        } else {
            Aggregate::Earliest
        };
        let of = Expression::Column(self.column(column).name.clone());
        self.spec.measures.push(Measure::of(aggregate, Some(of)));
    }
}
