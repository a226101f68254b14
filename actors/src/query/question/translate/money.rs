//! The amount that a question means without naming its column.

use super::build::Builder;
use super::measures::is_additive;
use super::pieces::Kind;
use crate::query::question::catalog::Role;
use crate::query::question::spec::{Aggregate, Expression, Measure};
use crate::query::question::words::identifier_words;

impl Builder<'_> {
    /// "average order value", "typical basket size": what each row is worth.
    pub(super) fn speaks_of_value(&self) -> bool {
        self.words
            .iter()
            .any(|word| matches!(word.text.as_str(), "value" | "worth" | "size" | "amount"))
    }

    /// The number that a table is about, if there is one only that can be meant.
    pub(super) fn main_measure(&self) -> Option<usize> {
        let measures: Vec<usize> = (0..self.table.columns.len())
            .filter(|at| self.column(*at).role == Role::Measure)
            .collect();
        let is_named = |at: &usize, names: &[&str]| {
            identifier_words(&self.column(*at).name)
                .iter()
                .any(|word| names.contains(&word.text.as_str()))
        };
        if let [only] = measures.as_slice() {
            return Some(*only);
        }
        [
            &["amount", "total", "revenue", "value", "price", "cost"][..],
            &["duration", "distance", "score", "quantity"],
        ]
        .iter()
        .find_map(|names| measures.iter().find(|at| is_named(at, names)).copied())
    }

    /// The amount that a question names somewhere: "how much did we spend".
    pub(super) fn named_amount(&mut self) -> Option<Measure> {
        let (at, column) = (0..self.pieces.len()).find_map(|at| {
            let column = self.linked(at).filter(|column| {
                self.is_free(at)
                    && self.column(*column).role == Role::Measure
                    && is_additive(self.column(*column))
                    && self.pieces[at].strength >= 0.7
            })?;
            Some((at, column))
        })?;
        let compared = at > 0 && matches!(self.kind(at - 1), Some(Kind::Compare(..)))
            || matches!(self.kind(at + 1), Some(Kind::Compare(..) | Kind::Between(..)));
        if compared {
            return None;
        }
        self.use_piece(at);
        let of = Some(Expression::Column(self.column(column).name.clone()));
        Some(Measure::of(Aggregate::Sum, of))
    }

    /// The column of money, when money is asked for in general.
    pub(super) fn money(&self) -> Option<Measure> {
        let asks = self.words.iter().any(|word| {
            matches!(
                word.stem.as_str(),
                "money"
                    | "charg"
                    | "euro"
                    | "dollar"
                    | "pound"
                    | "revenu"
                    | "spend"
                    | "earn"
                    | "pay"
                    | "incom"
                    | "sell"
                    | "sale"
            )
        });
        let column = (0..self.table.columns.len()).find(|at| {
            let column = self.column(*at);
            column.role == Role::Measure
                && identifier_words(&column.name).iter().any(|word| {
                    matches!(
                        word.text.as_str(),
                        "amount" | "revenue" | "total" | "price" | "cost" | "fee" | "paid"
                    )
                })
        })?;
        asks.then(|| {
            Measure::of(
                Aggregate::Sum,
                Some(Expression::Column(self.column(column).name.clone())),
            )
        })
    }
}
