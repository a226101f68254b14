//! The amount that a question means without naming its column.

use super::build::Builder;
use super::measures::{aggregate, is_additive};
use super::pieces::{Computed, Kind};
use crate::query::question::catalog::Role;
use crate::query::question::link::{Target, done_in};
use crate::query::question::spec::{Aggregate, Expression, Filter, Measure, Test};
use crate::query::question::vocabulary::{BUYERS, CODES, DOINGS};
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

    /// Whether a piece is the name of a currency that is a value here.
    pub(super) fn is_currency(&self, at: usize) -> bool {
        matches!(
            self.kind(at),
            Some(Kind::Link(Target::Value(_, value))) if CODES.iter().any(|(_, code)| code == value && code.len() == 3)
        )
    }

    /// "revenue", "average order value" in a table of events that has prices and quantities: what purchases are worth.
    pub(super) fn worth(&mut self) {
        const SUMS: [&str; 9] = [
            "revenue", "income", "turnover", "earnings", "earned", "earn", "proceeds", "money", "spent",
        ];
        const SINGLE: [&str; 6] = ["order", "basket", "cart", "purchase", "sale", "sales"];
        let Some((price, quantity)) = self.price_and_quantity() else {
            return;
        };
        let sums = (0..self.words.len()).find(|at| SUMS.contains(&self.words[*at].text.as_str()));
        let single = (1..self.words.len()).find(|at| {
            matches!(
                self.words[*at].text.as_str(),
                "value" | "size" | "worth" | "volume"
            ) && SINGLE.contains(&self.words[at - 1].text.as_str())
        });
        let Some(word) = sums.or(single) else { return };
        // "revenue is price times quantity" says it itself.
        let defines = self
            .words
            .iter()
            .any(|word| matches!(word.text.as_str(), "times" | "multiplied" | "*" | "x"));
        if defines {
            return;
        }
        let first = if sums.is_some() { word } else { word - 1 };
        for piece in &mut self.pieces {
            if piece.words.start >= first && piece.words.end <= word + 1 {
                piece.kind = Kind::Filler;
            }
        }
        let mut how = if sums.is_some() {
            Computed::Total
        } else {
            Computed::Average
        };
        for piece in &mut self.pieces {
            if let Kind::Aggregate(said) = piece.kind
                && said != Computed::Share
            {
                piece.used = true;
                if !matches!(said, Computed::Many | Computed::Much | Computed::Distinct) {
                    how = said;
                }
            }
        }
        let of = Expression::Product(price.clone(), quantity.clone());
        self.spec.measures.push(Measure::of(aggregate(how), Some(of)));
        self.assumptions
            .push(format!("what is sold is worth {price} times {quantity}"));
        self.only_purchases();
    }

    /// Where events are of several kinds only purchases are worth something.
    pub(super) fn only_purchases(&mut self) {
        let Some((column, value)) = self.purchase() else {
            return;
        };
        let said = self
            .pieces
            .iter()
            .any(|piece| matches!(piece.kind, Kind::Link(Target::Value(of, _)) if of == column));
        if !said {
            let name = self.column(column).name.clone();
            self.assumptions
                .push(format!("only rows whose {name} is {value} count"));
            self.add_filter(0, Filter::new(&name, Test::In(vec![value])));
        }
    }

    /// The value that says that something was bought, in a table of things that are done.
    fn purchase(&self) -> Option<(usize, String)> {
        let (_, values) = DOINGS[0];
        (0..self.table.columns.len()).find_map(|at| {
            let column = self.column(at);
            let value = (column.role == Role::Dimension).then(|| done_in(column, values))??;
            Some((at, value.to_owned()))
        })
    }

    /// A price and a quantity, where no column has what they make.
    fn price_and_quantity(&self) -> Option<(String, String)> {
        const MADE: [&str; 8] = [
            "total", "amount", "revenue", "paid", "sales", "fare", "turnover", "income",
        ];
        let named = |names: &[&str]| {
            self.table.with_role(Role::Measure).find(|column| {
                identifier_words(&column.name)
                    .iter()
                    .any(|word| names.contains(&word.text.as_str()))
            })
        };
        if named(&MADE).is_some() {
            return None;
        }
        let (price, quantity) = (named(&["price"])?, named(&["quantity", "units", "items"])?);
        Some((price.name.clone(), quantity.name.clone()))
    }

    /// "buyers" are those who bought something, not all who are there.
    pub(super) fn buyers(&mut self) {
        let said = self.words.iter().any(|word| BUYERS.contains(&word.text.as_str()));
        if said
            && self
                .table
                .columns
                .iter()
                .all(|column| !column.name.contains("buyer"))
        {
            self.only_purchases();
        }
    }
}
