//! In which order, how many, in which unit; and what is left over.

use super::build::Builder;
use super::pieces::Kind;
use crate::query::question::catalog::Role;
use crate::query::question::link::Target;
use crate::query::question::spec::{Aggregate, Dimension, Expression, Measure, Order, OrderBy};
use crate::query::question::time::TimeUnit;

/// Columns of a row that is shown.
const SHOWN_COLUMNS: usize = 12;
/// Groups that are shown of a ranking without a number, when there are very many.
const MANY_GROUPS: u64 = 10;

impl Builder<'_> {
    fn cumulative(&mut self) {
        if let Some(at) = self
            .pieces
            .iter()
            .position(|piece| piece.kind == Kind::Cumulative)
        {
            self.use_piece(at);
            self.spec.cumulative = true;
            if !self.spec.by.iter().any(|by| matches!(by, Dimension::Time { .. })) {
                self.group_by_time(1, TimeUnit::Day);
            }
        }
    }

    /// Columns that nothing was made of: they are shown beside the answer, or group it.
    pub(super) fn leftovers(&mut self) {
        self.cumulative();
        for at in 0..self.pieces.len() {
            let Some(column) = self.linked(at).filter(|_| self.is_free(at)) else {
                continue;
            };
            let known = self.column(column);
            let is_verb = self.last_word(at).is_some_and(|word| word.is_participle());
            let groups = known.role == Role::Dimension && self.can_group(column) && !is_verb;
            let asks_share = self
                .spec
                .measures
                .iter()
                .any(|measure| matches!(measure.aggregate, Aggregate::Share));
            if groups && self.spec.over.is_none() && !asks_share && self.is_group_word(at) {
                self.use_piece(at);
                let dimension = self.dimension(column);
                self.group_by(dimension);
            }
        }
        for at in 0..self.pieces.len() {
            if self.kind(at) == Some(&Kind::Outliers) {
                self.use_piece(at);
                self.spec.outliers = true;
                if !self.spec.by.iter().any(|by| matches!(by, Dimension::Time { .. })) {
                    self.group_by_time(1, TimeUnit::Hour);
                }
                if self.spec.measures.is_empty() {
                    self.spec.measures.push(Measure::count());
                }
                self.spec.by.retain(|by| matches!(by, Dimension::Time { .. }));
            }
        }
    }

    /// "distribution of X", "X breakdown", "for the different X": a word that asks for groups stands near.
    fn is_group_word(&self, at: usize) -> bool {
        let near = [at.checked_sub(1), at.checked_sub(2), Some(at + 1)];
        let asks = near
            .into_iter()
            .flatten()
            .filter_map(|near| self.pieces.get(near))
            .any(|piece| {
                self.words[piece.words.clone()].iter().any(|word| {
                    matches!(
                        word.stem.as_str(),
                        "distribut"
                            | "breakdown"
                            | "split"
                            | "differ"
                            | "each"
                            | "by"
                            | "across"
                            | "among"
                            | "between"
                    )
                })
            });
        let asks_when = self.words.iter().any(|word| word.text == "when");
        let compared = !self.spec.by.is_empty() && self.pieces.iter().any(|piece| piece.kind == Kind::Versus);
        let asks = asks && !compared;
        let alone = self.spec.measures.is_empty() && self.spec.by.is_empty() && !asks_when;
        asks || alone && self.pieces[at].strength >= 0.6
    }

    pub(super) fn ranking(&mut self) {
        let mut limit = None;
        let mut descending = None;
        for at in 0..self.pieces.len() {
            match self.kind(at).cloned() {
                Some(Kind::Top(count, down)) => {
                    descending = Some(down);
                    limit = count.or(limit);
                    self.use_piece(at);
                }
                Some(Kind::Number(count))
                    if (1.0..=10_000.0).contains(&count) && self.is_free(at) && self.is_of_rank(at) =>
                {
                    limit = Some(count as u64);
                    self.use_piece(at);
                }
                Some(Kind::Superlative(_, down) | Kind::Frequent(down)) => {
                    descending.get_or_insert(down);
                    self.use_piece(at);
                }
                Some(Kind::Sort(down)) => {
                    descending = Some(down);
                    self.wants_first = None;
                    self.use_piece(at);
                }
                _ => {}
            }
        }
        if self.spec.measures.is_empty() {
            self.list_rows(descending, limit);
            return;
        }
        let Some(descending) = descending.filter(|_| !self.spec.by.is_empty()) else {
            self.latest();
            return;
        };
        self.spec.order = Some(Order {
            by: OrderBy::Measure(0),
            descending,
        });
        let sorts_only = self
            .pieces
            .iter()
            .any(|piece| matches!(piece.kind, Kind::Sort(_)));
        let many = self.spec.by.iter().any(|by| match by {
            Dimension::Column(name) => self
                .table
                .column(name)
                .is_some_and(|column| column.distinct > 100),
            _ => false,
        });
        let wanted = match (self.wants_first, many) {
            (Some(true), _) => Some(1),
            (Some(false), true) if self.spec.having.is_empty() => Some(MANY_GROUPS),
            _ => None,
        };
        self.spec.limit = limit.or(wanted.filter(|_| !sorts_only));
        if limit.is_none() && self.spec.limit == Some(MANY_GROUPS) {
            self.assumptions
                .push(format!("the first {MANY_GROUPS} are shown"));
        }
    }

    /// Whether a number says how many of a ranking are wanted: "the 5 largest", "which 10".
    fn is_of_rank(&self, at: usize) -> bool {
        let before = matches!(
            self.kind(at + 1),
            Some(Kind::Superlative(..) | Kind::Frequent(_) | Kind::Latest(_))
        );
        before
            || self.counts_heads(at)
            || at.checked_sub(1).is_some_and(|before| {
                matches!(
                    self.kind(before),
                    Some(
                        Kind::Superlative(..)
                            | Kind::Latest(_)
                            | Kind::Top(None, _)
                            | Kind::Which
                            | Kind::Show
                    )
                )
            })
    }

    /// "when was the last X", "the latest status of each device".
    fn latest(&mut self) {
        let Some(at) = self
            .pieces
            .iter()
            .position(|piece| matches!(piece.kind, Kind::Latest(_)) && !piece.used)
        else {
            return;
        };
        let Some(Kind::Latest(last)) = self.kind(at).cloned() else {
            return;
        };
        let Some(time) = self.asked_time() else { return };
        let asks_when = self.words.iter().any(|word| word.text == "when");
        if asks_when {
            self.use_piece(at);
            let aggregate = if last {
                Aggregate::Maximum
            } else {
                Aggregate::Minimum
            };
            self.spec.measures = vec![Measure::of(aggregate, Some(Expression::Column(time)))];
        }
    }

    /// "show me the 5 most recent refunds with merchant and amount": rows are wanted, whatever columns are named.
    pub(super) fn lists_latest(&mut self) -> bool {
        let computes = self
            .pieces
            .iter()
            .any(|piece| matches!(piece.kind, Kind::Aggregate(_)))
            || self.words.iter().any(|word| word.text == "when");
        let Some(at) = (0..self.pieces.len()).find(|at| matches!(self.kind(*at), Some(Kind::Latest(_))))
        else {
            return false;
        };
        let numbered = at
            .checked_sub(1)
            .is_some_and(|before| matches!(self.kind(before), Some(Kind::Number(_))))
            || matches!(self.kind(at + 1), Some(Kind::Number(_)));
        let mut next = at + 1;
        let mut of_rows = false;
        while let Some(Kind::Number(_) | Kind::Modifier | Kind::Link(Target::Rows | Target::Value(..))) =
            self.kind(next)
        {
            of_rows = self.is_plural(next) && !matches!(self.kind(next), Some(Kind::Number(_)));
            next += 1;
        }
        if computes || !numbered || !of_rows {
            return false;
        }
        for piece in 0..self.pieces.len() {
            if self.linked(piece).is_some() {
                self.use_piece(piece);
            }
        }
        true
    }

    /// Rows themselves are wanted.
    fn list_rows(&mut self, descending: Option<bool>, limit: Option<u64>) {
        let latest = self
            .pieces
            .iter()
            .position(|piece| matches!(piece.kind, Kind::Latest(_)));
        let time = self.asked_time();
        if let (Some(at), Some(time)) = (latest, time) {
            let last = matches!(self.kind(at), Some(Kind::Latest(true)));
            self.use_piece(at);
            if self.words.iter().any(|word| word.text == "when") {
                let aggregate = if last {
                    Aggregate::Maximum
                } else {
                    Aggregate::Minimum
                };
                self.spec.measures = vec![Measure::of(aggregate, Some(Expression::Column(time)))];
                return;
            }
            self.spec.order = Some(Order {
                by: OrderBy::Column(time),
                descending: last,
            });
            self.spec.limit = limit.or(Some(if self.is_plural(at + 1) { 10 } else { 1 }));
            self.show_columns();
            return;
        }
        let asks = self
            .pieces
            .iter()
            .any(|piece| matches!(piece.kind, Kind::Show | Kind::Which));
        let about = self
            .pieces
            .iter()
            .any(|piece| matches!(piece.kind, Kind::Link(Target::Rows)));
        if asks && about && self.spec.by.is_empty() {
            if let (Some(descending), Some(column)) = (descending, self.main_measure()) {
                self.spec.order = Some(Order {
                    by: OrderBy::Column(self.column(column).name.clone()),
                    descending,
                });
            }
            self.spec.limit = limit.or(Some(100));
            self.show_columns();
        }
    }

    fn show_columns(&mut self) {
        self.spec.columns = self
            .table
            .columns
            .iter()
            .take(SHOWN_COLUMNS)
            .map(|column| column.name.clone())
            .collect();
    }
}
