//! `share of X that are Y`, `approval rate`.

use crate::query::question::catalog::Role;
use crate::query::question::link::Target;
use crate::query::question::spec::{Aggregate, Dimension, Expression, Filter, Measure, Test};

use super::build::Builder;
use super::pieces::{Computed, Kind};
impl Builder<'_> {
    /// `share of X that are Y`, `approval rate`.
    pub(super) fn share(&mut self, at: usize) {
        self.use_piece(at);
        let is_rate = self.words[self.pieces[at].words.start].text == "rate";
        // "approval rate": what stands before it is the part.
        if is_rate
            && let Some(before) = self.said_before_rate(at)
            && let Some(part) = self.row_condition(before)
        {
            self.use_piece(before);
            self.push_share(vec![part], None);
            return;
        }
        // "decline rate": the noun of what became of them, though a column is called so too.
        if is_rate
            && let Some(before) = at.checked_sub(1)
            && let Some(part) = self.called(before)
        {
            self.use_piece(before);
            self.push_share(vec![part], None);
            return;
        }
        // What stands behind "are", "were", "have", "that" is the part; what stands before it is the whole.
        let verb = (at + 1..self.pieces.len()).find(|next| matches!(self.kind(*next), Some(Kind::That)));
        let of_rows = (at + 1..self.pieces.len()).find(|next| match self.kind(*next) {
            Some(Kind::Link(Target::Rows)) => true,
            Some(Kind::Link(Target::Column(column))) => {
                self.is_free(*next) && self.column(*column).role != Role::Flag
            }
            _ => false,
        });
        // "of the mails sent to Yahoo bounced": with no other verb the last one says the part.
        let last = (at + 1..self.pieces.len()).rev().find(|next| {
            matches!(self.kind(*next), Some(Kind::Link(Target::Value(..))))
                && self.last_word(*next).is_some_and(|word| word.is_participle())
        });
        let others = (at + 1..last.unwrap_or(at))
            .any(|next| matches!(self.kind(next), Some(Kind::Link(Target::Value(..)))));
        let last = last.filter(|_| others).map(|last| last - 1);
        let start = verb.or(last).or(of_rows).unwrap_or(at);
        let subject = (at + 1..start.max(at + 1) + 1).find_map(|next| {
            let column = self.linked(next).filter(|_| self.is_free(next))?;
            let known = self.column(column);
            let is_entity = known.role == Role::Id
                && !self.names_kind(column)
                && known.distinct.saturating_mul(100) < self.table.rows.saturating_mul(97);
            // "quizzes that scored below 50" are counted; what is compared is no sum.
            let is_compared = matches!(self.kind(next + 1), Some(Kind::Compare(..) | Kind::Between(..)));
            (is_entity || known.role == Role::Measure && !is_compared).then(|| (next, known.name.clone()))
        });
        if let Some((place, _)) = &subject {
            self.use_piece(*place);
        }
        self.part_from = Some(start);
        self.push_share(Vec::new(), subject.map(|(_, name)| Expression::Column(name)));
    }

    /// The value that has the stem of a piece's last word.
    fn called(&self, at: usize) -> Option<Filter> {
        let stem = &self.last_word(at)?.stem;
        self.linked(at)?;
        self.table.with_role(Role::Dimension).find_map(|column| {
            let value = column
                .values
                .iter()
                .take(60)
                .find(|value| crate::query::question::words::stem(&value.to_lowercase()) == *stem)?;
            Some(Filter::new(&column.name, Test::In(vec![value.clone()])))
        })
    }

    /// "dropped call rate": what stands before a rate and the noun between.
    fn said_before_rate(&self, at: usize) -> Option<usize> {
        let mut before = at.checked_sub(1)?;
        while matches!(
            self.kind(before),
            Some(Kind::Modifier | Kind::Link(Target::Rows | Target::Column(_)))
        ) && self.row_condition(before).is_none()
            && !self.is_plural(before)
        {
            before = before.checked_sub(1)?;
        }
        Some(before)
    }

    /// A share without a part is each group's share of all.
    pub(super) fn settle_share(&mut self) {
        let Some(start) = self.part_from else { return };
        let Some(share) = self
            .spec
            .measures
            .iter_mut()
            .find(|measure| measure.aggregate == Aggregate::Share)
        else {
            return;
        };
        if !share.only.is_empty() {
            return;
        }
        // "the share of mobile events": with no verb, the only condition is the part.
        let before: Vec<Filter> = self
            .spec
            .filters
            .iter()
            .filter(|filter| !matches!(filter.test, Test::During(_)))
            .cloned()
            .collect();
        if !before.is_empty() && self.spec.by.iter().all(|by| !matches!(by, Dimension::Column(_)))
            || before.len() == 1 && start > 0 && !before.is_empty()
        {
            share.only = before;
            self.spec
                .filters
                .retain(|filter| matches!(filter.test, Test::During(_)));
            return;
        }
        share.aggregate = Aggregate::ShareOfTotal;
        if let Some(Expression::Column(name)) = &share.of
            && self
                .table
                .column(name)
                .is_none_or(|column| column.role != Role::Measure)
        {
            share.of = None;
        }
    }

    /// A row has one value of a column: no part of those with one has another. Something else than rows was meant.
    pub(super) fn is_impossible_share(&self) -> bool {
        let chosen = |filter: &Filter| match &filter.test {
            Test::In(values) if !filter.negated => Some((filter.column.clone(), values.clone())),
            _ => None,
        };
        let whole: Vec<_> = self.spec.filters.iter().filter_map(chosen).collect();
        self.spec
            .measures
            .iter()
            .filter(|measure| measure.aggregate == Aggregate::Share)
            .flat_map(|measure| measure.only.iter().filter_map(chosen))
            .any(|(column, part)| {
                whole
                    .iter()
                    .any(|(same, all)| *same == column && part.iter().all(|value| !all.contains(value)))
            })
    }

    /// "most often, relative to how much they play": not how many there are, but which share they are.
    pub(super) fn relative(&mut self) {
        let Some(said) = self.words.windows(3).position(|words| {
            let text = |at: usize| words[at].text.as_str();
            matches!(text(0), "relative" | "compared" | "proportional")
                && text(1) == "to"
                && matches!(text(2), "how" | "all" | "their" | "its")
        }) else {
            return;
        };
        let ranks = self
            .pieces
            .iter()
            .any(|piece| matches!(piece.kind, Kind::Frequent(_)));
        let parts: Vec<usize> = (0..self.pieces.len())
            .filter(|at| {
                self.is_free(*at)
                    && self.pieces[*at].words.end <= said
                    && self
                        .row_condition(*at)
                        .is_some_and(|part| matches!(part.test, Test::IsTrue | Test::In(_)))
            })
            .collect();
        let [part] = parts.as_slice() else { return };
        let Some(filter) = self
            .row_condition(*part)
            .filter(|_| ranks && !self.spec.by.is_empty())
        else {
            return;
        };
        self.use_piece(*part);
        for piece in &mut self.pieces {
            if piece.words.start >= said {
                piece.kind = Kind::Filler;
            }
        }
        self.push_share(vec![filter], None);
    }

    /// "how much of our revenue comes from subscriptions": the part of a sum.
    pub(super) fn portions(&mut self) {
        for at in 0..self.pieces.len() {
            if self.kind(at) != Some(&Kind::Aggregate(Computed::Much)) {
                continue;
            }
            let rest = &self.words[self.pieces[at].words.end..];
            let text = |at: usize| rest.get(at).map_or("", |word| word.text.as_str());
            let of_all = text(0) == "of" && matches!(text(1), "the" | "our" | "all" | "total");
            let comes = rest
                .iter()
                .take(8)
                .any(|word| matches!(word.text.as_str(), "come" | "comes" | "came" | "stems"));
            let noun = (at + 1..self.pieces.len())
                .find(|next| {
                    // "of the claimed amount" of claims
                    let is_verb = self.last_word(*next).is_some_and(|word| word.is_participle());
                    matches!(self.kind(*next), Some(Kind::Link(_)))
                        && !(is_verb && self.linked(*next).is_none())
                })
                .filter(|noun| {
                    self.linked(*noun)
                        .is_some_and(|column| self.column(column).role == Role::Measure)
                });
            if let Some(noun) = noun.filter(|_| of_all && comes) {
                self.pieces[at].kind = Kind::Aggregate(Computed::Share);
                // "of the total revenue"
                for between in at + 1..noun {
                    self.pieces[between].kind = Kind::Filler;
                }
            }
        }
    }

    pub(super) fn push_share(&mut self, only: Vec<Filter>, of: Option<Expression>) {
        self.spec.measures.push(Measure {
            only,
            ..Measure::of(Aggregate::Share, of)
        });
    }
}
