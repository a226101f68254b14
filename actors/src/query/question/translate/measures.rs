//! What is computed.

use super::build::{Builder, computed};
use super::pieces::{Computed, Kind};
use crate::query::question::catalog::{Column, Role};
use crate::query::question::link::{Target, likeness};
use crate::query::question::spec::{Aggregate, Dimension, Expression, Filter, Measure, Test};
use crate::query::question::time::Meaning;
use crate::query::question::vocabulary::INTENSIVE;
use crate::query::question::words::identifier_words;

/// What an aggregate is of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Subject {
    Rows,
    Column(usize),
    Value(usize),
    None,
}

/// Whether adding a column's values up over rows says something.
pub(super) fn is_additive(column: &Column) -> bool {
    let words = identifier_words(&column.name);
    !words.iter().any(|word| INTENSIVE.contains(&word.text.as_str()))
}

impl Builder<'_> {
    pub(super) fn measures(&mut self) {
        if self.has_duration() {
            return;
        }
        self.formulas();
        self.defined();
        if self.lists_latest() {
            return;
        }
        self.column_sums();
        self.worth();
        self.named_rates();
        self.divided();
        self.as_part_of();
        self.relative();
        self.cost_of_one();
        self.ratio();
        self.spread();
        self.delays();
        self.amounts();
        self.how_long();
        self.latest_value();
        self.number_beside();
        let on_average = self.on_average();
        let mut pending: Vec<Computed> = Vec::new();
        let mut last_subject = Subject::None;
        for at in 0..self.pieces.len() {
            let Some(how) = self.kind(at).and_then(computed).filter(|_| self.is_free(at)) else {
                continue;
            };
            if how == Computed::Share {
                self.share(at);
                continue;
            }
            // "more than 600 different conversations" is a condition, which counts what is different.
            if how == Computed::Distinct
                && at
                    .checked_sub(1)
                    .is_some_and(|before| matches!(self.kind(before), Some(Kind::Compare(..))))
            {
                self.use_piece(at);
                continue;
            }
            let (subject, place) = self.averaged_before(at).unwrap_or_else(|| self.subject(at));
            // "minimum and maximum price", "average number of …"
            if subject == Subject::None && self.next_aggregate(at) {
                pending.push(how);
                self.use_piece(at);
                continue;
            }
            let (subject, place) = match self.different_things(at, &pending, how, subject) {
                Some((column, noun)) => (Subject::Column(column), Some(noun)),
                None => (subject, place),
            };
            self.use_piece(at);
            if let Some(place) = place {
                self.use_piece(place);
                self.use_modifiers(place);
            }
            let subject = if subject == Subject::None {
                last_subject
            } else {
                subject
            };
            last_subject = subject;
            self.compute(how, subject, &pending);
            pending.clear();
        }
        if on_average && !self.spec.by.is_empty() {
            self.average_of_counts = true;
        }
        self.elapsed();
        if self.spec.measures.is_empty() {
            self.implied();
        }
    }

    /// "energy cost", "card payments": a noun right before the noun that is meant says what kind of it.
    fn use_modifiers(&mut self, noun: usize) {
        let mut before = noun;
        while let Some(previous) = before.checked_sub(1) {
            let is_noun = self.linked(previous).is_some_and(|column| {
                matches!(
                    self.column(column).role,
                    Role::Id | Role::Dimension | Role::Measure | Role::Text
                )
            });
            if !is_noun || !self.is_free(previous) || self.is_plural(previous) {
                return;
            }
            self.use_piece(previous);
            before = previous;
        }
    }

    /// What the glossary says how to compute.
    pub(super) fn formulas(&mut self) {
        for at in 0..self.pieces.len() {
            if let Some(Kind::Link(Target::Formula(sql))) = self.kind(at) {
                let of = Expression::Glossary(sql.clone());
                self.use_piece(at);
                self.spec.measures.push(Measure::of(Aggregate::Sum, Some(of)));
                for piece in &mut self.pieces {
                    if matches!(piece.kind, Kind::Aggregate(_)) {
                        piece.used = true;
                    }
                }
            }
        }
    }

    /// Whether another way to compute follows, with nothing but "and", commas and fillers before it.
    pub(super) fn next_aggregate(&self, at: usize) -> bool {
        let mut next = at + 1;
        while matches!(
            self.kind(next),
            Some(Kind::Filler | Kind::And | Kind::Time(Meaning::Every(..)))
        ) {
            next += 1;
        }
        self.kind(next).and_then(computed).is_some()
    }

    /// What follows a way to compute: the noun of the phrase.
    pub(super) fn subject(&self, at: usize) -> (Subject, Option<usize>) {
        // "how many refunds new customers received": the first noun is what is counted.
        let counted = self.words[self.pieces[at].words.clone()]
            .iter()
            .any(|word| matches!(word.text.as_str(), "many" | "number"));
        if counted
            && matches!(self.kind(at + 1), Some(Kind::Link(Target::Value(..))))
            && self.is_plural(at + 1)
            && !matches!(
                self.kind(at + 2),
                Some(Kind::Link(Target::Rows | Target::Column(_)) | Kind::Modifier)
            )
        {
            return (Subject::Value(at + 1), None);
        }
        let mut value = None;
        let mut column = None;
        let mut next = at + 1;
        while next < self.pieces.len() {
            match self.kind(next) {
                // "payment amount", "API users": the noun is the last.
                Some(Kind::Link(Target::Rows)) if self.is_head_noun(self.behind_modifiers(next + 1)) => {}
                Some(Kind::Link(Target::Rows)) => return (Subject::Rows, Some(next)),
                Some(Kind::Link(Target::Column(found))) => {
                    let found = *found;
                    let used = !self.is_free(next);
                    if used && value.is_none() && column.is_none() {
                        // The noun of a group is no subject.
                        break;
                    }
                    if !used {
                        // "user sessions", "food orders": the last noun counts, unless a number came first ("duration of
                        // calls").
                        if let Some((before, place)) = column
                            && place + 1 != next
                            && self.column(before).is_number()
                            && self.column(before).role == Role::Measure
                        {
                            break;
                        }
                        column = Some((found, next));
                        // "how many campaigns bid": a verb follows, and what is counted are campaigns.
                        let is_subject = self.is_plural(next) && self.column(found).role == Role::Id;
                        if is_subject || !self.is_noun(next + 1) && !self.is_measured(next + 1) {
                            return (Subject::Column(found), Some(next));
                        }
                    }
                }
                Some(Kind::Link(Target::Value(..))) => value = Some(next),
                Some(Kind::Modifier) => {}
                Some(Kind::Aggregate(Computed::Distinct | Computed::Many | Computed::Total))
                    if next == at + 1 =>
                {
                    return (Subject::None, None);
                }
                Some(Kind::Superlative(_, _) | Kind::Number(_)) if next == at + 1 => {}
                Some(Kind::Not) if next == at + 1 => {}
                Some(Kind::Filler) if next == at + 1 && self.is_article(next) => {}
                Some(Kind::Filler)
                    if value.is_none()
                        && column.is_none()
                        && (self.is_article(next) || self.is_adjective(next)) => {}
                // A word that is not known may be an adjective; what it means is told apart.
                Some(Kind::Unknown) if value.is_none() && column.is_none() => {}
                Some(Kind::Time(Meaning::Every(..))) if next == at + 1 => {}
                _ => break,
            }
            next += 1;
        }
        match (column, value) {
            (Some((column, place)), _) => (Subject::Column(column), Some(place)),
            (None, Some(value)) => (Subject::Value(value), None),
            (None, None) => match self.counted_in(at) {
                Some((column, place)) => (Subject::Column(column), Some(place)),
                None => (Subject::None, None),
            },
        }
    }

    /// Whether a piece can be the noun that a phrase ends with: surely tied, and no verb in the past.
    pub(super) fn is_noun(&self, at: usize) -> bool {
        let Some(piece) = self.pieces.get(at) else {
            return false;
        };
        let verb = self.last_word(at).is_some_and(|word| word.is_participle());
        !piece.used
            && !verb
            && match &piece.kind {
                Kind::Link(Target::Column(column)) => {
                    piece.strength >= 0.6 && self.column(*column).role != Role::Time
                }
                Kind::Link(_) => true,
                _ => false,
            }
    }

    fn behind_modifiers(&self, mut at: usize) -> usize {
        while self.kind(at) == Some(&Kind::Modifier) {
            at += 1;
        }
        at
    }

    /// Whether a piece right behind the table's own noun is the noun that is meant: a number, or the name of things.
    pub(super) fn is_head_noun(&self, at: usize) -> bool {
        let strong = self.pieces.get(at).is_some_and(|piece| piece.strength >= 0.6);
        self.is_free(at)
            && self
                .linked(at)
                .is_some_and(|column| match self.column(column).role {
                    Role::Measure => true,
                    Role::Id => strong,
                    _ => false,
                })
    }

    /// A noun that is a number, however weakly it is tied: "match length", "order value". Verbs are none.
    pub(super) fn is_measured(&self, at: usize) -> bool {
        const VERBS: [&str; 18] = [
            "take", "takes", "took", "last", "lasts", "cost", "costs", "spend", "spent", "use", "used",
            "pay", "paid", "earn", "earned", "sell", "run", "runs",
        ];
        let verb = self
            .last_word(at)
            .is_some_and(|word| VERBS.contains(&word.text.as_str()) || word.is_participle());
        self.is_free(at)
            && !verb
            && self.pieces[at].strength >= 0.35
            && self
                .linked(at)
                .is_some_and(|column| self.column(column).role == Role::Measure)
    }

    /// A word that means nothing right before a noun that is known: "travel cards".
    fn is_adjective(&self, at: usize) -> bool {
        let word = &self.words[self.pieces[at].words.start].text;
        let known = self.linked(at + 1).is_some() || matches!(self.kind(at + 1), Some(Kind::Link(_)));
        known && !crate::query::question::vocabulary::FILLERS.contains(&word.as_str())
    }

    pub(super) fn is_article(&self, at: usize) -> bool {
        let word = &self.words[self.pieces[at].words.start].text;
        matches!(
            word.as_str(),
            "the" | "of" | "a" | "an" | "all" | "our" | "any" | "did" | "for" | "each" | "from"
        )
    }

    pub(super) fn compute(&mut self, how: Computed, subject: Subject, before: &[Computed]) {
        // "average number of X per Y", "average daily X"
        let averaged = before.iter().find(|how| {
            matches!(
                how,
                Computed::Average | Computed::Quantile(_) | Computed::Maximum | Computed::Minimum
            )
        });
        let counts = matches!(how, Computed::Many | Computed::Distinct | Computed::Total);
        if let (Computed::Many, Subject::Column(column), Some(averaged)) = (how, subject, averaged)
            && self.is_number_of_rows(column)
        {
            // "average number of attempts per country": each row has its number.
            let of = Some(Expression::Column(self.column(column).name.clone()));
            self.spec.measures.push(Measure::of(aggregate(*averaged), of));
            return;
        }
        if counts && averaged.is_some() {
            self.average_of_counts = *averaged.unwrap_or(&Computed::Average) == Computed::Average;
        }
        if let Some(people) = self.people_meant(how, subject) {
            self.spec.measures.push(people);
            return;
        }
        let measure = match (how, subject) {
            (Computed::Many | Computed::Distinct, Subject::Column(column)) => {
                let distinct = how == Computed::Distinct || before.contains(&Computed::Distinct);
                if distinct || !self.names_kind(column) && !self.numbers_events(column) {
                    self.count_of(column, distinct)
                } else {
                    Measure::count()
                }
            }
            // "how many dollars"
            (Computed::Many | Computed::Much, Subject::Value(place)) if self.is_currency(place) => {
                let Some(column) = self.main_measure() else { return };
                Measure::of(
                    Aggregate::Sum,
                    Some(Expression::Column(self.column(column).name.clone())),
                )
            }
            (
                Computed::Many | Computed::Distinct | Computed::Much | Computed::Total,
                Subject::Rows | Subject::Value(_) | Subject::None,
            ) => match how {
                Computed::Much | Computed::Total => self
                    .named_amount()
                    .or_else(|| self.money())
                    .unwrap_or_else(Measure::count),
                _ => Measure::count(),
            },
            (Computed::Total | Computed::Much, Subject::Column(column))
                if self.column(column).role != Role::Measure =>
            {
                self.count_of(column, false)
            }
            (Computed::Average, Subject::Rows | Subject::Value(_))
                if !self.spec.by.is_empty() && !self.speaks_of_value() && !self.asks_what_was_paid() =>
            {
                self.average_of_counts = true;
                Measure::count()
            }
            (how, Subject::Column(column)) => {
                let aggregate = aggregate(how);
                let number = self.number_of(column);
                match number {
                    Some(of) => Measure::of(aggregate, Some(of)),
                    None if how == Computed::Average => {
                        self.average_of_counts = !self.spec.by.is_empty();
                        self.count_of(column, false)
                    }
                    None if matches!(how, Computed::Maximum | Computed::Minimum)
                        && self.column(column).role == Role::Time =>
                    {
                        Measure::of(
                            aggregate,
                            Some(Expression::Column(self.column(column).name.clone())),
                        )
                    }
                    None => return,
                }
            }
            (how, Subject::Rows | Subject::Value(_)) => match self.main_measure() {
                Some(column) => {
                    self.assumptions
                        .push(format!("{} is what is measured", self.column(column).name));
                    Measure::of(
                        aggregate(how),
                        Some(Expression::Column(self.column(column).name.clone())),
                    )
                }
                None => return,
            },
            (_, Subject::None) => return,
        };
        if self.spec.measures.contains(&measure) {
            return;
        }
        let of = measure.of.clone();
        if before.contains(&Computed::Many) && of.is_some() && !self.average_of_counts {
            self.spec.measures.push(Measure::count());
        }
        for how in before.iter().filter(|how| **how != Computed::Many) {
            if !self.average_of_counts && *how != Computed::Distinct && of.is_some() {
                self.spec.measures.push(Measure::of(aggregate(*how), of.clone()));
            }
        }
        self.spec.measures.push(measure);
    }

    /// "tests" where there is a test code, "flights" where there are flight numbers in a table of flights: rows are counted,
    /// not their codes.
    pub(super) fn names_kind(&self, column: usize) -> bool {
        let column = self.column(column);
        let words = identifier_words(&column.name);
        let Some(last) = words.last().filter(|_| words.len() > 1) else {
            return false;
        };
        let of_table = self
            .table
            .words()
            .iter()
            .any(|word| likeness(word, &words[0]) >= 0.8);
        let is_numbering = of_table && matches!(last.text.as_str(), "number" | "no" | "nr" | "code");
        match column.role {
            Role::Dimension => {
                is_numbering
                    || matches!(
                        last.text.as_str(),
                        "code" | "type" | "kind" | "status" | "state" | "condition" | "mode" | "reason"
                    )
            }
            Role::Id => is_numbering,
            _ => false,
        }
    }

    /// Whether a column holds a number that every row has, and groups are no things that have many rows each.
    fn is_number_of_rows(&self, column: usize) -> bool {
        let things = self.spec.by.iter().any(|by| match by {
            Dimension::Column(name) => self
                .table
                .column(name)
                .is_some_and(|column| column.role == Role::Id),
            Dimension::Time { .. } => true,
            _ => false,
        });
        self.column(column).role == Role::Measure && !things
    }

    /// Counting a column: numbers are added, names are counted once each, what names every row is rows.
    pub(super) fn count_of(&self, at: usize, distinct: bool) -> Measure {
        let column = self.column(at);
        let of = Some(Expression::Column(column.name.clone()));
        match column.role {
            Role::Measure if !distinct && is_additive(column) => Measure::of(Aggregate::Sum, of),
            Role::Flag => Measure {
                only: vec![Filter::new(&column.name, Test::IsTrue)],
                ..Measure::count()
            },
            Role::Time => Measure::count(),
            Role::Id if !distinct && self.names_kind(at) => Measure::count(),
            Role::Id
                if !distinct && column.distinct.saturating_mul(100) >= self.table.rows.saturating_mul(97) =>
            {
                Measure::count()
            }
            Role::List if !distinct => {
                Measure::of(Aggregate::Sum, Some(Expression::Length(column.name.clone())))
            }
            _ => Measure::of(Aggregate::Distinct, of),
        }
    }

    /// A column as a number.
    pub(super) fn number_of(&self, at: usize) -> Option<Expression> {
        let column = self.column(at);
        match column.role {
            Role::Measure => Some(Expression::Column(column.name.clone())),
            Role::List => Some(Expression::Length(column.name.clone())),
            Role::Flag => Some(Expression::Column(column.name.clone())),
            _ => None,
        }
    }
}

pub(super) fn aggregate(how: Computed) -> Aggregate {
    match how {
        Computed::Many => Aggregate::Count,
        Computed::Much | Computed::Total => Aggregate::Sum,
        Computed::Average => Aggregate::Average,
        Computed::Quantile(level) => Aggregate::Quantile(level),
        Computed::Maximum => Aggregate::Maximum,
        Computed::Minimum => Aggregate::Minimum,
        Computed::Distinct => Aggregate::Distinct,
        Computed::Share => Aggregate::Share,
        Computed::Deviation => Aggregate::Deviation,
    }
}
