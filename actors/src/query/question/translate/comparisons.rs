//! `more than 12 purchases`, `risk score above 0.9`: conditions with numbers, on rows and on groups.

use super::measures::is_additive;
use crate::query::question::catalog::Role;
use crate::query::question::link::{Target, likeness};
use crate::query::question::spec::{
    Aggregate, Comparison, Dimension, Expression, Filter, Groups, Having, Measure, Test,
};
use crate::query::question::units::{Quantity, Unit};
use crate::query::question::words::{identifier_words, words};

use super::build::Builder;
use super::existence::is_there;
use super::pieces::Kind;
impl Builder<'_> {
    /// `more than 12 purchases`, `risk score above 0.9`.
    pub(super) fn comparisons(&mut self) {
        for at in 0..self.pieces.len() {
            let (comparison, value, unit, times, between) = match self.kind(at) {
                Some(Kind::Compare(comparison, value, unit, times)) => {
                    (*comparison, *value, *unit, *times, None)
                }
                Some(Kind::Between(from, to)) => (Comparison::AtLeast, *from, None, false, Some(*to)),
                _ => continue,
            };
            if !self.is_free(at) {
                continue;
            }
            // "renewed at least twice" where rows count their renewals.
            if times
                && let Some(before) = at.checked_sub(1)
                && let Some(column) = self
                    .linked(before)
                    .filter(|column| self.column(*column).role == Role::Measure && self.is_free(before))
            {
                self.use_piece(at);
                self.use_piece(before);
                let name = self.column(column).name.clone();
                self.add_filter(at, Filter::new(&name, Test::Compare(comparison, value)));
                continue;
            }
            // "was late at least once but never lost": it says no more than that it was late.
            let once = comparison == Comparison::AtLeast && value == 1.0;
            if times && once && self.has_never() {
                self.use_piece(at);
                continue;
            }
            if times {
                self.use_piece(at);
                self.having(Measure::count(), comparison, value);
                continue;
            }
            // "at least one diversion": it says no more than the flag.
            let of_flag = once
                && self
                    .linked(at + 1)
                    .is_some_and(|column| self.column(column).role == Role::Flag);
            if of_flag {
                self.use_piece(at);
                continue;
            }
            if let Some((place, column)) = self.list_behind(at) {
                self.use_piece(at);
                self.use_piece(place);
                let name = self.column(column).name.clone();
                self.add_filter(at, Filter::new(&name, Test::Length(comparison, value)));
                continue;
            }
            let compared = self.codes_compared(at).or_else(|| self.compared(at, unit));
            match compared {
                Some(Compared::Row(place, column)) => {
                    self.use_piece(at);
                    if let Some(place) = place {
                        self.use_piece(place);
                    }
                    let (value, to) = (
                        self.in_unit_of(column, value, unit),
                        between.map(|to| self.in_unit_of(column, to, unit)),
                    );
                    let test = match to {
                        Some(to) => Test::Between(value, to),
                        None => Test::Compare(comparison, value),
                    };
                    let name = self.column(column).name.clone();
                    self.add_filter(at, Filter::new(&name, test));
                }
                Some(Compared::Group(place, measure)) => {
                    self.use_piece(at);
                    if let Some(place) = place {
                        self.use_piece(place);
                    }
                    self.having(measure, comparison, value);
                }
                None => {}
            }
        }
    }

    /// Whether a piece names rows: the table's noun, or that of a column that every row has another value of.
    pub(super) fn names_rows(&self, at: usize) -> bool {
        let is_own = |column: usize| {
            let column = self.column(column);
            column.role == Role::Id
                && column.distinct.saturating_mul(100) >= self.table.rows.saturating_mul(97)
        };
        match self.kind(at) {
            Some(Kind::Link(Target::Rows)) => true,
            Some(Kind::Link(Target::Column(column))) => is_own(*column),
            _ => false,
        }
    }

    /// The number that a comparison names.
    fn compared_value(&self, at: usize) -> f64 {
        match self.kind(at) {
            Some(Kind::Compare(_, value, ..)) => *value,
            Some(Kind::Between(from, _)) => *from,
            _ => 0.0,
        }
    }

    /// "at least one tag": the length of a list.
    pub(super) fn list_behind(&self, at: usize) -> Option<(usize, usize)> {
        let next = (at + 1..at + 3).find(|next| self.linked(*next).is_some())?;
        let column = self.linked(next)?;
        (self.column(column).role == Role::List && self.is_free(next)).then_some((next, column))
    }

    /// "a server error (5xx)": the numbers of a status or a code.
    fn codes_compared(&self, at: usize) -> Option<Compared> {
        let is_code = self.last_word(at)?.text.ends_with("xx");
        let column = self.table.columns.iter().position(|column| {
            column.is_number()
                && identifier_words(&column.name)
                    .iter()
                    .any(|word| matches!(word.text.as_str(), "status" | "code"))
        })?;
        is_code.then_some(Compared::Row(None, column))
    }

    /// "more than six people" where a number of each row is, by its comment, a number of people.
    fn counter_of(&self, noun: usize) -> Option<usize> {
        let stem = &self.last_word(noun).filter(|_| self.is_free(noun))?.stem;
        self.table.columns.iter().position(|column| {
            let said = words(&column.comment);
            column.role == Role::Measure
                && said.windows(3).any(|said| {
                    matches!(said[0].text.as_str(), "number" | "count")
                        && said[1].text == "of"
                        && said[2].stem == *stem
                })
        })
    }

    /// What a comparison is about: what follows it, or what precedes it.
    fn compared(&self, at: usize, unit: Option<Unit>) -> Option<Compared> {
        let total = self
            .words
            .iter()
            .any(|word| matches!(word.text.as_str(), "total" | "altogether" | "overall" | "sum"));
        let averaged = self
            .words
            .iter()
            .any(|word| matches!(word.text.as_str(), "average" | "mean" | "avg"));
        let numeric = |next: usize| {
            self.linked(next).filter(|column| {
                let column = self.column(*column);
                column.role == Role::Measure
                    || column.role != Role::Flag && super::build::is_countable_number(column)
            })
        };
        let has_entity = self.entity.is_some() || self.counted_entity().is_some();
        if !has_entity && let Some(column) = self.counter_of(at + 1) {
            return Some(Compared::Row(Some(at + 1), column));
        }
        let group_of = |column: usize| {
            let of = Some(Expression::Column(self.column(column).name.clone()));
            let aggregate = if averaged {
                Aggregate::Average
            } else {
                Aggregate::Sum
            };
            Measure::of(aggregate, of)
        };
        let mut next = at + 1;
        while next < self.pieces.len() && next <= at + 4 {
            match self.kind(next) {
                // "below 15 in readings from this week" counts no readings.
                Some(Kind::Link(Target::Rows))
                    if next > at + 1 && self.last_word(next - 1).is_some_and(|word| word.text == "in") =>
                {
                    break;
                }
                Some(Kind::Link(Target::Rows)) if has_entity => {
                    return Some(Compared::Group(Some(next), Measure::count()));
                }
                // "more than 5 finished lessons and never": how many of one kind, where another must be none.
                Some(Kind::Link(Target::Value(..)))
                    if has_entity && numeric(next + 1).is_none() && self.has_never() =>
                {
                    let only = self.row_condition(next).into_iter().collect();
                    let measure = Measure {
                        only,
                        ..Measure::count()
                    };
                    return Some(Compared::Group(Some(next), measure));
                }
                Some(Kind::Link(Target::Value(..))) if has_entity && numeric(next + 1).is_none() => {
                    return Some(Compared::Group(None, Measure::count()));
                }
                // "more than 500 won bids"
                Some(Kind::Link(Target::Column(column))) if self.column(*column).role == Role::Flag => {
                    next += 1;
                }
                // "at least 50 rated rides": rides that have a rating.
                Some(Kind::Link(Target::Column(column)))
                    if has_entity
                        && self.last_word(next).is_some_and(|word| word.is_participle())
                        && self.names_rows(next + 1)
                        && self.column(*column).is_nullable() =>
                {
                    let only = is_there(self.column(*column)).into_iter().collect();
                    return Some(Compared::Group(
                        Some(next),
                        Measure {
                            only,
                            ..Measure::count()
                        },
                    ));
                }
                Some(Kind::Link(Target::Column(_))) => {
                    if let Some(column) = numeric(next) {
                        return Some(if has_entity && total && is_additive(self.column(column)) {
                            Compared::Group(Some(next), group_of(column))
                        } else {
                            Compared::Row(Some(next), column)
                        });
                    }
                    let column = self.linked(next)?;
                    // "users with more than 2 devices"
                    if has_entity && self.column(column).role != Role::Time && unit.is_none() {
                        let of = Some(Expression::Column(self.column(column).name.clone()));
                        let counts_rows = self.column(column).role == Role::Id
                            && self.column(column).distinct.saturating_mul(100)
                                >= self.table.rows.saturating_mul(97);
                        // "more than 10 mails" where there is a mail client: not what is counted.
                        // Nothing can have more different values than there are.
                        let too_many = self.compared_value(at) > self.column(column).distinct as f64;
                        let measure = if counts_rows || too_many || self.pieces[next].strength < 0.6 {
                            Measure::count()
                        } else {
                            Measure::of(Aggregate::Distinct, of)
                        };
                        return Some(Compared::Group(Some(next), measure));
                    }
                    break;
                }
                Some(
                    Kind::Filler
                    | Kind::Modifier
                    | Kind::Link(Target::Value(..))
                    | Kind::Aggregate(_)
                    | Kind::Unknown,
                ) => {
                    next += 1;
                }
                _ => break,
            }
        }
        // "risk score above 0.9", "trips longer than 30 minutes"
        let mut before = at;
        while let Some(previous) = before.checked_sub(1).filter(|previous| at - previous <= 4) {
            if let Some(column) = numeric(previous) {
                let groups = self.spec.by.iter().any(|by| matches!(by, Dimension::Column(_)));
                return Some(if (total || averaged) && groups {
                    Compared::Group(Some(previous), group_of(column))
                } else {
                    Compared::Row(Some(previous), column)
                });
            }
            if matches!(self.kind(previous), Some(Kind::Compare(..) | Kind::Time(_))) {
                break;
            }
            before = previous;
        }
        let column = self.of_degree(at, unit)?;
        // "which plants made more than 900 kWh in total"
        let of_group = total && self.entity.is_some() && is_additive(self.column(column));
        Some(if of_group && self.in_unit_of(column, 1.0, unit) == 1.0 {
            Compared::Group(None, group_of(column))
        } else {
            Compared::Row(None, column)
        })
    }

    /// "longer than", "over 30 minutes": the column that such a comparison can only mean.
    pub(super) fn of_degree(&self, at: usize, unit: Option<Unit>) -> Option<usize> {
        let said = self.words[self.pieces[at].words.clone()]
            .iter()
            .map(|word| word.text.as_str())
            .collect::<Vec<_>>();
        let other = unit.filter(|unit| unit.quantity != Quantity::Time);
        if let Some(unit) = other {
            return self.measured_in(unit.quantity);
        }
        let concepts: &[&str] = match () {
            () if said.contains(&"older") || said.contains(&"younger") => &["age", "years"],
            () if unit.is_some() => &[
                "duration",
                "seconds",
                "minutes",
                "hours",
                "milliseconds",
                "time",
                "latency",
                "delay",
                "length",
                "wait",
            ],
            () if said.contains(&"longer") || said.contains(&"shorter") => &[
                "duration",
                "length",
                "distance",
                "seconds",
                "minutes",
                "milliseconds",
            ],
            () if said.contains(&"heavier") || said.contains(&"lighter") => &["weight", "kilograms", "mass"],
            () if said.contains(&"warmer") || said.contains(&"hotter") || said.contains(&"colder") => {
                &["temperature"]
            }
            () if said.contains(&"cheaper") || said.contains(&"expensive") => {
                &["price", "cost", "amount", "fee"]
            }
            () if said.contains(&"farther") => &["distance"],
            () => &[],
        };
        let rank = |at: usize| {
            let column = self.column(at);
            let words = crate::query::question::words::identifier_words(&column.name);
            (column.role == Role::Measure).then(|| {
                concepts
                    .iter()
                    .position(|concept| words.iter().any(|word| word.text == *concept))
            })?
        };
        // "arrived 15 minutes late": of several delays that of the arrival.
        let is_said = |at: usize| {
            identifier_words(&self.column(at).name)
                .iter()
                .filter(|named| !concepts.contains(&named.text.as_str()))
                .any(|named| self.words.iter().any(|word| likeness(word, named) >= 0.85))
        };
        let best = (0..self.table.columns.len())
            .filter_map(|at| rank(at).map(|rank| (rank, !is_said(at), at)))
            .min();
        if let Some((.., at)) = best {
            return Some(at);
        }
        // "between 100 and 200 pounds" speaks of money, not of pounds.
        let of_currency = self.is_currency(at + 1);
        let next_is_thing = !of_currency && matches!(self.kind(at + 1), Some(Kind::Unknown | Kind::Link(_)));
        (unit.is_none() && !next_is_thing)
            .then(|| self.main_measure())
            .flatten()
    }

    /// The thing that is counted, when it is something that has many rows.
    pub(super) fn counted_entity(&self) -> Option<usize> {
        self.spec
            .measures
            .iter()
            .find_map(|measure| match (&measure.aggregate, &measure.of) {
                (Aggregate::Distinct, Some(Expression::Column(name))) => {
                    self.table.columns.iter().position(|column| column.name == *name)
                }
                _ => None,
            })
    }

    /// A condition on groups: on those that are answered, or on the things that are counted.
    pub(super) fn having(&mut self, measure: Measure, comparison: Comparison, value: f64) {
        let having = Having {
            measure,
            comparison,
            value,
        };
        if let Some(entity) = self.counted_entity() {
            let by = vec![self.dimension(entity)];
            self.spec
                .measures
                .retain(|measure| measure.aggregate != Aggregate::Distinct);
            self.spec.measures.push(Measure::count());
            self.spec.over = Some(Groups {
                by,
                measure: None,
                having: vec![having],
            });
            return;
        }
        self.spec.having.push(having);
    }
}

/// What a comparison is about.
enum Compared {
    /// A column of each row; the piece that names it.
    Row(Option<usize>, usize),
    /// A measure of a group; the piece that names it.
    Group(Option<usize>, Measure),
}
