//! One thing divided by another: `cost per conversion`, `opens per delivered mail`, `kill to death ratio`.

use super::build::{Builder, computed, is_countable_number};
use super::measures::{aggregate, is_additive};
use super::pieces::{Computed, Kind};
use crate::query::question::catalog::Role;
use crate::query::question::link::Target;
use crate::query::question::spec::{Aggregate, Expression, Filter, Measure};
use crate::query::question::words::{identifier_words, words};

impl Builder<'_> {
    /// "cost per conversion", "revenue for each euro of spend": one sum divided by another.
    pub(super) fn quotient(&mut self, at: usize) -> bool {
        let number = |builder: &Self, near: usize| {
            builder
                .linked(near)
                .filter(|column| builder.column(*column).role == Role::Measure && builder.is_free(near))
        };
        let Some((below_at, below)) = (at + 1..=at + 3)
            .find_map(|near| number(self, near).map(|column| (near, column)))
            // "per rating" and "per floor" make groups, "per night" divides.
            .filter(|(_, column)| {
                is_additive(self.column(*column)) && !is_countable_number(self.column(*column))
                    || self.column(*column).name.ends_with('s') && is_additive(self.column(*column))
            })
        else {
            return false;
        };
        if !(at + 1..below_at).all(|near| matches!(self.kind(near), Some(Kind::Filler | Kind::Unknown))) {
            return false;
        }
        let above = (at.saturating_sub(5)..at)
            .rev()
            .find_map(|near| number(self, near).map(|column| (near, column)));
        let Some((above_at, above)) = above else {
            return false;
        };
        self.push_quotient((above_at, above), (below_at, below));
        true
    }

    /// "the average consumption per reading": that is what an average over readings is.
    pub(super) fn is_per_row(&self, at: usize) -> bool {
        let averages = self.pieces[..at]
            .iter()
            .any(|piece| piece.kind == Kind::Aggregate(Computed::Average));
        averages
            && matches!(self.kind(at + 1), Some(Kind::Link(Target::Rows)))
            && self.pieces[at + 1].strength > 0.9
    }

    /// `kill to death ratio`, `ratio of A to B`
    pub(super) fn ratio(&mut self) {
        let Some(at) = self.pieces.iter().position(|piece| piece.kind == Kind::Ratio) else {
            return;
        };
        let near: Vec<(usize, usize)> = (at.saturating_sub(4)..(at + 6).min(self.pieces.len()))
            .filter(|near| self.is_free(*near))
            .filter_map(|near| {
                self.linked(near)
                    .filter(|column| self.column(*column).role == Role::Measure)
                    .map(|column| (near, column))
            })
            .collect();
        if let [above, below, ..] = near.as_slice() {
            self.use_piece(at);
            self.push_quotient(*above, *below);
        }
    }

    /// "paid amount as a percentage of the claimed amount": one sum divided by another.
    pub(super) fn as_part_of(&mut self) {
        let number = |builder: &Self, near: usize| {
            let column = builder.linked(near)?;
            (builder.column(column).role == Role::Measure && builder.is_free(near)).then_some((near, column))
        };
        let Some(at) = (0..self.pieces.len()).find(|at| {
            let start = self.pieces[*at].words.start;
            let leads = (start.saturating_sub(2)..start).any(|before| self.words[before].text == "as");
            self.kind(*at) == Some(&Kind::Aggregate(Computed::Share)) && leads
        }) else {
            return;
        };
        let above = (at.saturating_sub(5)..at)
            .rev()
            .find_map(|near| number(self, near));
        let below = (at + 1..at + 5).find_map(|near| number(self, near));
        if let (Some(above), Some(below)) = (above, below)
            && above.1 != below.1
        {
            self.use_piece(at);
            self.push_quotient(above, below);
        }
    }

    /// "price per kilogram", where the column before tells just that.
    pub(super) fn is_in_name(&self, at: usize) -> bool {
        let tells_rate = |column: usize| {
            let column = self.column(column);
            let mut said = identifier_words(&column.name);
            said.extend(words(&column.comment));
            said.iter().any(|word| word.text == "per")
        };
        matches!(self.kind(at + 1), Some(Kind::Unit(_)))
            && at
                .checked_sub(1)
                .and_then(|before| self.linked(before))
                .is_some_and(tells_rate)
    }

    fn push_quotient(&mut self, above: (usize, usize), below: (usize, usize)) {
        self.use_piece(above.0);
        self.use_piece(below.0);
        let of = Expression::Quotient(
            self.column(above.1).name.clone(),
            self.column(below.1).name.clone(),
        );
        // "average price per night" is that of a row, "cost per conversion" that of all.
        let of_row = self
            .pieces
            .iter()
            .any(|piece| piece.kind == Kind::Aggregate(Computed::Average));
        let aggregate = if of_row {
            Aggregate::Average
        } else {
            Aggregate::Sum
        };
        self.spec.measures.push(Measure::of(aggregate, Some(of)));
        for piece in &mut self.pieces {
            if matches!(piece.kind, Kind::Aggregate(_)) {
                piece.used = true;
            }
        }
    }

    /// "opens per delivered mail", "clicks per open": how many rows of one value there are for each of another.
    pub(super) fn values_divided(&mut self, at: usize) -> bool {
        let Some(above) = (at.saturating_sub(2)..at)
            .rev()
            .find_map(|near| self.value_condition(near))
        else {
            return false;
        };
        let below = (at + 1..at + 4)
            .take_while(|near| !matches!(self.kind(*near), Some(Kind::Link(Target::Column(_)))))
            .find_map(|near| self.value_condition(near));
        let Some(below) = below.filter(|below| below.1.column == above.1.column && below.1 != above.1) else {
            return false;
        };
        self.push_ratio(above, below);
        true
    }

    /// "refunds divided by purchases"; that says what a rate is, too.
    pub(super) fn divided(&mut self) {
        let Some(at) = self.pieces.iter().position(|piece| piece.kind == Kind::Divided) else {
            return;
        };
        let number = |builder: &Self, near: usize| {
            let column = builder.linked(near)?;
            (builder.column(column).role == Role::Measure && builder.is_free(near)).then_some((near, column))
        };
        let above = (at.saturating_sub(3)..at)
            .rev()
            .find_map(|near| self.value_condition(near));
        let below = (at + 1..at + 4).find_map(|near| self.value_condition(near));
        if let (Some(above), Some(below)) = (above, below) {
            // What was named before is what is defined here.
            for piece in 0..above.0 {
                if self
                    .value_condition(piece)
                    .is_some_and(|(_, filter)| filter == above.1 || filter == below.1)
                    || matches!(
                        self.kind(piece),
                        Some(Kind::Aggregate(_) | Kind::Ratio | Kind::Unknown)
                    )
                {
                    self.pieces[piece].kind = Kind::Filler;
                }
            }
            self.use_piece(at);
            self.push_ratio(above, below);
            return;
        }
        let above = (at.saturating_sub(3)..at)
            .rev()
            .find_map(|near| number(self, near));
        let below = (at + 1..at + 4).find_map(|near| number(self, near));
        if let (Some(above), Some(below)) = (above, below) {
            self.use_piece(at);
            self.push_quotient(above, below);
        } else if let Some(above) = above {
            self.divided_by_number(at, above);
        }
    }

    /// "spend is the price divided by 1000": it says, too, what was named before.
    fn divided_by_number(&mut self, at: usize, (place, column): (usize, usize)) {
        let Some(Kind::Number(divisor)) = self.kind(at + 1).cloned().filter(|_| self.is_free(at + 1)) else {
            return;
        };
        if divisor <= 0.0 {
            return;
        }
        for piece in [place, at, at + 1] {
            self.use_piece(piece);
        }
        let how = self.pieces.iter().find_map(|piece| computed(&piece.kind));
        for piece in 0..self.pieces.len() {
            let is_name = piece < place && self.pieces[piece].strength < 0.5 && self.linked(piece).is_some();
            if is_name || self.kind(piece).and_then(computed).is_some() {
                self.use_piece(piece);
            }
        }
        let aggregate = match how {
            Some(Computed::Many | Computed::Much) | None => Aggregate::Sum,
            Some(how) => aggregate(how),
        };
        let of = Some(Expression::Column(self.column(column).name.clone()));
        self.spec.measures.push(Measure {
            divisor: Some(divisor),
            ..Measure::of(aggregate, of)
        });
    }

    /// The condition of a value that nothing was made of.
    fn value_condition(&self, at: usize) -> Option<(usize, Filter)> {
        let is_value = matches!(self.kind(at), Some(Kind::Link(Target::Value(..))));
        let filter = self.row_condition(at).filter(|_| is_value && self.is_free(at))?;
        Some((at, filter))
    }

    fn push_ratio(&mut self, above: (usize, Filter), below: (usize, Filter)) {
        self.use_piece(above.0);
        self.use_piece(below.0);
        // "per delivered mail": the noun says what was delivered.
        let mut noun = below.0 + 1;
        while matches!(
            self.kind(noun),
            Some(Kind::Link(Target::Rows | Target::Column(_)))
        ) && self.is_free(noun)
        {
            self.use_piece(noun);
            noun += 1;
        }
        self.spec.measures.push(Measure {
            only: vec![above.1],
            against: vec![below.1],
            ..Measure::of(Aggregate::Ratio, None)
        });
    }

    /// "what does a conversion cost": money divided by what it is spent on.
    pub(super) fn cost_of_one(&mut self) {
        let Some(does) = self
            .words
            .iter()
            .position(|word| matches!(word.text.as_str(), "does" | "do" | "did"))
        else {
            return;
        };
        let cost = (0..self.pieces.len()).find(|at| {
            self.pieces[*at].words.start > does
                && self
                    .last_word(*at)
                    .is_some_and(|word| matches!(word.text.as_str(), "cost" | "costs"))
        });
        let Some(cost) = cost else { return };
        let is_measure = |builder: &Self, column: &usize| builder.column(*column).role == Role::Measure;
        let bought = (0..cost)
            .rev()
            .filter(|at| self.pieces[*at].words.start > does)
            .find_map(|at| {
                let column = match self.kind(at)? {
                    Kind::Unit(unit) => self.measured_in(unit.quantity),
                    _ => self.linked(at),
                };
                Some((
                    at,
                    column.filter(|column| self.is_free(at) && is_measure(self, column))?,
                ))
            });
        let money = self
            .linked(cost)
            .filter(|column| is_measure(self, column))
            .or_else(|| {
                (0..self.table.columns.len()).find(|column| {
                    is_measure(self, column)
                        && identifier_words(&self.column(*column).name).iter().any(|word| {
                            matches!(word.text.as_str(), "cost" | "spend" | "price" | "amount" | "fee")
                        })
                })
            });
        if let (Some(bought), Some(money)) = (bought, money)
            && bought.1 != money
        {
            // "on average" says nothing more of a quotient of sums.
            for piece in &mut self.pieces {
                if matches!(piece.kind, Kind::Aggregate(Computed::Average)) {
                    piece.kind = Kind::Filler;
                }
            }
            self.push_quotient((cost, money), bought);
            self.pieces[cost].kind = Kind::Filler;
        }
    }
}
