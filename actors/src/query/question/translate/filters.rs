//! Which rows count, and which groups.

use super::build::Builder;
use super::measures::is_additive;
use super::pieces::Kind;
use crate::query::question::catalog::Role;
use crate::query::question::link::Target;
use crate::query::question::spec::{Aggregate, Comparison, Dimension, Expression, Filter, Groups, Having, Measure, Test};
use crate::query::question::time::{DayPart, Meaning, TimeUnit};

impl Builder<'_> {
    /// The condition that a piece states of a row, if it states one.
    pub(super) fn row_condition(&self, at: usize) -> Option<Filter> {
        match self.kind(at)? {
            Kind::Link(Target::Value(column, value)) => {
                let column = self.column(*column);
                let test = match column.role {
                    Role::List => Test::Has(vec![value.clone()]),
                    _ => Test::In(vec![value.clone()]),
                };
                Some(Filter::new(&column.name, test))
            }
            Kind::Link(Target::Column(column)) => {
                let column = self.column(*column);
                match column.role {
                    Role::Flag => Some(Filter::new(&column.name, Test::IsTrue)),
                    // "resolved" is said of what has a time of resolution.
                    Role::Time if column.is_nullable() => Some(Filter {
                        negated: true,
                        ..Filter::new(&column.name, Test::Missing)
                    }),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Conditions on rows and groups.
    pub(super) fn conditions(&mut self) {
        self.comparisons();
        self.differences_of_sets();
        self.both();
        self.missing();
        self.numbered();
        for at in 0..self.pieces.len() {
            if !self.is_free(at) {
                continue;
            }
            let Some(mut filter) = self.row_condition(at) else { continue };
            if matches!(self.kind(at), Some(Kind::Link(Target::Column(_)))) && self.is_about_time(at) {
                continue;
            }
            filter.negated ^= self.is_negated(at);
            self.use_piece(at);
            self.add_filter(at, filter);
        }
        self.others();
        self.comparing();
    }

    /// A column of time that a span follows says which time the span is of.
    fn is_about_time(&self, at: usize) -> bool {
        let is_time = self.linked(at).is_some_and(|column| self.column(column).role == Role::Time);
        is_time && self.pieces.iter().any(|piece| matches!(piece.kind, Kind::Time(Meaning::Range(_))))
    }

    /// "not", "except" and the like before it, with nothing but small words between. Values that are listed after it
    /// ("not A or B") are meant too.
    fn is_negated(&mut self, at: usize) -> bool {
        let mut before = at;
        while let Some(previous) = before.checked_sub(1) {
            match self.kind(previous) {
                Some(Kind::Not | Kind::Without) => {
                    self.use_piece(previous);
                    return true;
                }
                Some(Kind::Filler | Kind::That | Kind::Or) => before = previous,
                Some(Kind::Link(Target::Column(_))) if at - previous <= 2 => before = previous,
                Some(Kind::Link(Target::Value(..))) if matches!(self.kind(previous + 1), Some(Kind::Or)) => before = previous,
                _ => return false,
            }
        }
        false
    }

    /// Values of one column that are not denied are alternatives.
    ///
    /// What is said behind the verb of a share is about its part.
    pub(super) fn add_filter(&mut self, at: usize, filter: Filter) {
        let is_part = self.part_from.is_some_and(|from| at > from) && !matches!(filter.test, Test::During(_) | Test::PartIn(..));
        if is_part && let Some(share) = self.spec.measures.iter_mut().find(|measure| measure.aggregate == Aggregate::Share) {
            add_to(&mut share.only, filter);
        } else {
            add_to(&mut self.spec.filters, filter);
        }
    }

    /// "premium players and the others": both sides of a flag stand beside each other.
    fn others(&mut self) {
        let others = self.pieces.iter().position(|piece| piece.kind == Kind::Others);
        let versus = self.pieces.iter().any(|piece| piece.kind == Kind::Versus);
        let flags = |filters: &[Filter], negated: bool| -> Vec<String> {
            let flags = filters.iter().filter(|filter| matches!(filter.test, Test::IsTrue) && filter.negated == negated);
            flags.map(|filter| filter.column.clone()).collect()
        };
        let (yes, no) = (flags(&self.spec.filters, false), flags(&self.spec.filters, true));
        let beside: Vec<String> = yes.iter().filter(|flag| no.contains(flag) || others.is_some() || versus).cloned().collect();
        if !beside.is_empty() {
            if let Some(at) = others {
                self.use_piece(at);
            }
            self.spec.filters.retain(|filter| !beside.contains(&filter.column));
            for column in beside {
                self.group_by(Dimension::Column(column));
            }
        }
    }

    /// `more than 12 purchases`, `risk score above 0.9`.
    fn comparisons(&mut self) {
        for at in 0..self.pieces.len() {
            let (comparison, value, unit, times, between) = match self.kind(at) {
                Some(Kind::Compare(comparison, value, unit, times)) => (*comparison, *value, *unit, *times, None),
                Some(Kind::Between(from, to)) => (Comparison::AtLeast, *from, None, false, Some(*to)),
                _ => continue,
            };
            if times {
                self.use_piece(at);
                self.having(Measure::count(), comparison, value);
                continue;
            }
            if let Some((place, column)) = self.list_behind(at) {
                self.use_piece(at);
                self.use_piece(place);
                let name = self.column(column).name.clone();
                self.add_filter(at, Filter::new(&name, Test::Length(comparison, value)));
                continue;
            }
            match self.compared(at, unit) {
                Some(Compared::Row(place, column)) => {
                    self.use_piece(at);
                    if let Some(place) = place {
                        self.use_piece(place);
                    }
                    let (value, to) = (self.in_unit_of(column, value, unit), between.map(|to| self.in_unit_of(column, to, unit)));
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

    /// "at least one tag": the length of a list.
    fn list_behind(&self, at: usize) -> Option<(usize, usize)> {
        let next = (at + 1..at + 3).find(|next| self.linked(*next).is_some())?;
        let column = self.linked(next)?;
        (self.column(column).role == Role::List && self.is_free(next)).then_some((next, column))
    }

    /// What a comparison is about: what follows it, or what precedes it.
    fn compared(&self, at: usize, unit: Option<TimeUnit>) -> Option<Compared> {
        let total = self.words.iter().any(|word| matches!(word.text.as_str(), "total" | "altogether" | "overall" | "sum"));
        let averaged = self.words.iter().any(|word| matches!(word.text.as_str(), "average" | "mean" | "avg"));
        let numeric = |next: usize| self.linked(next).filter(|column| self.column(*column).role == Role::Measure || super::build::is_countable_number(self.column(*column)));
        let has_entity = self.entity.is_some() || self.counted_entity().is_some();
        let group_of = |column: usize| {
            let of = Some(Expression::Column(self.column(column).name.clone()));
            let aggregate = if averaged { Aggregate::Average } else { Aggregate::Sum };
            Measure::of(aggregate, of)
        };
        let mut next = at + 1;
        while next < self.pieces.len() && next <= at + 4 {
            match self.kind(next) {
                Some(Kind::Link(Target::Rows)) if has_entity => return Some(Compared::Group(Some(next), Measure::count())),
                Some(Kind::Link(Target::Value(..))) if has_entity && numeric(next + 1).is_none() => return Some(Compared::Group(None, Measure::count())),
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
                        let counts_rows = self.column(column).role == Role::Id && self.column(column).distinct.saturating_mul(100) >= self.table.rows.saturating_mul(97);
                        let measure = if counts_rows { Measure::count() } else { Measure::of(Aggregate::Distinct, of) };
                        return Some(Compared::Group(Some(next), measure));
                    }
                    break;
                }
                Some(Kind::Filler | Kind::Link(Target::Value(..)) | Kind::Aggregate(_) | Kind::Unknown) => next += 1,
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
        Some(Compared::Row(None, column))
    }

    /// "longer than", "over 30 minutes": the column that such a comparison can only mean.
    fn of_degree(&self, at: usize, unit: Option<TimeUnit>) -> Option<usize> {
        let said = self.words[self.pieces[at].words.clone()].iter().map(|word| word.text.as_str()).collect::<Vec<_>>();
        let concepts: &[&str] = match () {
            () if unit.is_some() => &["duration", "seconds", "minutes", "hours", "milliseconds", "time", "latency", "delay", "length", "wait"],
            () if said.contains(&"longer") || said.contains(&"shorter") => &["duration", "length", "distance", "seconds", "minutes", "milliseconds"],
            () if said.contains(&"older") || said.contains(&"younger") => &["age", "years"],
            () if said.contains(&"heavier") || said.contains(&"lighter") => &["weight", "kilograms", "mass"],
            () if said.contains(&"warmer") || said.contains(&"hotter") || said.contains(&"colder") => &["temperature"],
            () if said.contains(&"cheaper") || said.contains(&"expensive") => &["price", "cost", "amount", "fee"],
            () if said.contains(&"farther") => &["distance"],
            () => &[],
        };
        let rank = |at: usize| {
            let column = self.column(at);
            let words = crate::query::question::words::identifier_words(&column.name);
            (column.role == Role::Measure).then(|| concepts.iter().position(|concept| words.iter().any(|word| word.text == *concept)))?
        };
        let best = (0..self.table.columns.len()).filter_map(|at| rank(at).map(|rank| (rank, at))).min();
        if let Some((_, at)) = best {
            return Some(at);
        }
        let next_is_thing = matches!(self.kind(at + 1), Some(Kind::Unknown | Kind::Link(_)));
        (unit.is_none() && !next_is_thing).then(|| self.main_measure()).flatten()
    }

    /// A number that is given in one unit, in the unit of the column.
    fn in_unit_of(&self, column: usize, value: f64, unit: Option<TimeUnit>) -> f64 {
        match (unit, self.unit_of(column)) {
            (Some(unit), Some(of)) => value * unit.seconds() / of,
            _ => value,
        }
    }

    /// The unit of a duration, in seconds.
    pub(super) fn unit_of(&self, column: usize) -> Option<f64> {
        let column = self.column(column);
        let words = crate::query::question::words::identifier_words(&column.name);
        let comment = crate::query::question::words::words(&column.comment);
        words.iter().rev().chain(&comment).find_map(|word| match word.text.as_str() {
            "milliseconds" | "millis" | "millisecond" => Some(0.001),
            text => TimeUnit::named(text).filter(|unit| *unit <= TimeUnit::Week).map(TimeUnit::seconds),
        })
    }

    /// The thing that is counted, when it is something that has many rows.
    fn counted_entity(&self) -> Option<usize> {
        self.spec.measures.iter().find_map(|measure| match (&measure.aggregate, &measure.of) {
            (Aggregate::Distinct, Some(Expression::Column(name))) => self.table.columns.iter().position(|column| column.name == *name),
            _ => None,
        })
    }

    /// A condition on groups: on those that are answered, or on the things that are counted.
    fn having(&mut self, measure: Measure, comparison: Comparison, value: f64) {
        let having = Having { measure, comparison, value };
        if let Some(entity) = self.counted_entity() {
            let by = vec![self.dimension(entity)];
            self.spec.measures.retain(|measure| measure.aggregate != Aggregate::Distinct);
            self.spec.measures.push(Measure::count());
            self.spec.over = Some(Groups { by, measure: None, having: vec![having] });
            return;
        }
        self.spec.having.push(having);
    }

    /// `users who did A but never B`
    fn differences_of_sets(&mut self) {
        let Some(never) = self.pieces.iter().position(|piece| piece.kind == Kind::Never) else { return };
        let Some(denied) = (never + 1..self.pieces.len()).find(|at| matches!(self.kind(*at), Some(Kind::Link(Target::Value(..))))) else { return };
        let counted = self.counted_entity();
        let Some(entity) = counted.or(self.entity).or_else(|| self.mentioned_entity()) else { return };
        let Some(filter) = self.row_condition(denied) else { return };
        self.use_piece(never);
        self.use_piece(denied);
        let mut having = vec![none_of(filter.clone())];
        for at in 0..never {
            if let Some(Kind::Link(Target::Value(column, _))) = self.kind(at)
                && self.column(*column).name == filter.column
                && self.is_free(at)
                && let Some(wanted) = self.row_condition(at)
            {
                self.use_piece(at);
                having.push(some_of(wanted));
            }
        }
        if counted.is_some() {
            let by = vec![self.dimension(entity)];
            self.spec.measures = vec![Measure::count()];
            self.spec.over = Some(Groups { by, measure: None, having });
        } else {
            let dimension = self.dimension(entity);
            self.group_by(dimension);
            self.spec.having.extend(having);
        }
    }

    /// "users who bought both A and B"
    fn both(&mut self) {
        let Some(both) = self.pieces.iter().position(|piece| piece.kind == Kind::Both) else { return };
        let values: Vec<usize> = (both + 1..self.pieces.len())
            .filter(|at| self.is_free(*at) && matches!(self.kind(*at), Some(Kind::Link(Target::Value(..)))))
            .take(2)
            .collect();
        let conditions: Vec<Filter> = values.iter().filter_map(|at| self.row_condition(*at)).collect();
        let [a, b] = conditions.as_slice() else { return };
        if a.column != b.column {
            self.use_piece(both);
            return;
        }
        for at in values {
            self.use_piece(at);
        }
        self.use_piece(both);
        if let (Test::Has(a_values), Test::Has(b_values)) = (&a.test, &b.test) {
            let all = a_values.iter().chain(b_values).cloned().collect();
            let filter = Filter::new(&a.column, Test::HasAll(all));
            self.add_filter(both, filter);
            return;
        }
        let having = vec![some_of(a.clone()), some_of(b.clone())];
        if let Some(entity) = self.counted_entity() {
            let by = vec![self.dimension(entity)];
            self.spec.measures = vec![Measure::count()];
            self.spec.over = Some(Groups { by, measure: None, having });
        } else {
            self.spec.having.extend(having);
        }
    }

    fn mentioned_entity(&self) -> Option<usize> {
        (0..self.pieces.len()).find_map(|at| self.linked(at).filter(|column| self.column(*column).role == Role::Id))
    }

    /// `not yet resolved`, `without a code`, `no rating`
    fn missing(&mut self) {
        for at in 0..self.pieces.len() {
            if !matches!(self.kind(at), Some(Kind::Without | Kind::Not | Kind::Never)) || !self.is_free(at) {
                continue;
            }
            let mut next = at + 1;
            while matches!(self.kind(next), Some(Kind::Filler | Kind::That)) {
                next += 1;
            }
            let Some(column) = self.linked(next) else { continue };
            let column = self.column(column);
            let can_be_missing = column.is_nullable() || column.is_text() && column.values.iter().any(String::is_empty);
            let name = column.name.clone();
            if column.role != Role::Flag && can_be_missing {
                self.use_piece(at);
                self.use_piece(next);
                self.add_filter(at, Filter::new(&name, Test::Missing));
            }
        }
    }

    /// `product 42`, `rating 5`, `gate B12`
    fn numbered(&mut self) {
        self.rated();
        for at in 0..self.pieces.len() {
            let Some(column) = self.linked(at) else { continue };
            let Some(value) = self.pieces.get(at + 1).filter(|piece| !piece.used) else { continue };
            let column = self.column(column);
            let text = self.text(value);
            let word = &self.words[value.words.start];
            let names_thing = match &value.kind {
                Kind::Number(_) => column.is_number() || matches!(column.role, Role::Id | Role::Dimension),
                Kind::Unknown => !column.is_number() && (word.quoted || text.chars().any(|c| c.is_ascii_digit()) || word.is_upper()) && matches!(column.role, Role::Id | Role::Dimension | Role::Text),
                _ => false,
            };
            if !names_thing || column.role == Role::Time {
                continue;
            }
            let test = match value.kind {
                Kind::Number(number) if column.is_number() => Test::Compare(Comparison::Equal, number),
                _ => Test::In(vec![text]),
            };
            let name = column.name.clone();
            if self.spec.by.last() == Some(&Dimension::Column(name.clone())) {
                self.spec.by.pop();
            }
            self.use_piece(at);
            self.use_piece(at + 1);
            self.add_filter(at, Filter::new(&name, test));
        }
    }

    /// `4 or 5 stars`, `5-star`: numbers before what they are of.
    fn rated(&mut self) {
        for at in 1..self.pieces.len() {
            let Some(column) = self.linked(at).filter(|column| self.is_free(at) && super::build::is_countable_number(self.column(*column))) else { continue };
            let mut numbers = Vec::new();
            let mut before = at;
            while let Some(previous) = before.checked_sub(1) {
                match self.kind(previous) {
                    Some(Kind::Number(number)) if self.is_free(previous) => numbers.push((previous, *number)),
                    Some(Kind::Or | Kind::And) if !numbers.is_empty() => {}
                    _ => break,
                }
                before = previous;
            }
            if numbers.is_empty() || self.has_ranking() {
                continue;
            }
            let name = self.column(column).name.clone();
            self.use_piece(at);
            for (place, number) in numbers {
                self.use_piece(place);
                self.add_filter(at, Filter::new(&name, Test::In(vec![number.to_string()])));
            }
        }
    }

    /// `A versus B`: values that are compared stand beside each other.
    fn comparing(&mut self) {
        let Some(_) = self.pieces.iter().position(|piece| piece.kind == Kind::Versus) else { return };
        let listed: Vec<String> = self
            .spec
            .filters
            .iter()
            .filter(|filter| matches!(&filter.test, Test::In(values) if values.len() > 1) && !filter.negated)
            .map(|filter| filter.column.clone())
            .collect();
        for column in listed {
            self.group_by(Dimension::Column(column));
        }
        // "compare X of mobile users with others"
        if self.spec.by.is_empty() {
            let dimension = (0..self.pieces.len()).find_map(|at| {
                let column = self.linked(at).filter(|column| self.is_free(at) && self.can_group(*column) && self.column(*column).role != Role::Id)?;
                Some((at, self.dimension(column)))
            });
            if let Some((at, dimension)) = dimension {
                self.use_piece(at);
                self.group_by(dimension);
            }
        }
    }

    /// Spans of time become conditions, or stand beside each other when there are several.
    pub(super) fn times(&mut self) {
        let mut ranges = Vec::new();
        for at in 0..self.pieces.len() {
            match self.kind(at) {
                Some(Kind::Time(Meaning::Range(range))) => {
                    let range = range.clone();
                    let column = self.time_near(at);
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
                            self.assumptions.push(format!("hours of the day: {}", spans(&values)));
                        }
                        self.add_filter(at, Filter { negated, ..Filter::new(&column, Test::PartIn(part, values)) });
                    }
                }
                Some(Kind::Time(Meaning::Told(unit))) => self.told = Some(*unit),
                _ => {}
            }
        }
        let compares = self.pieces.iter().any(|piece| matches!(piece.kind, Kind::Versus | Kind::And));
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
    fn time_near(&mut self, at: usize) -> Option<String> {
        for near in [at.checked_sub(1), at.checked_sub(2), at.checked_sub(3), Some(at + 1)].into_iter().flatten() {
            if let Some(column) = self.linked(near).filter(|column| self.column(*column).role == Role::Time) {
                self.use_piece(near);
                return Some(self.column(column).name.clone());
            }
        }
        let anywhere = (0..self.pieces.len()).find_map(|near| {
            let column = self.linked(near).filter(|column| self.is_free(near) && self.column(*column).role == Role::Time)?;
            Some((near, column))
        });
        if let Some((near, column)) = anywhere {
            self.use_piece(near);
            return Some(self.column(column).name.clone());
        }
        self.time_column()
    }
}

/// Adds a condition; values of one column are alternatives.
fn add_to(filters: &mut Vec<Filter>, filter: Filter) {
    if let Test::In(values) | Test::Has(values) = &filter.test
        && let Some(same) = filters.iter_mut().find(|same| same.column == filter.column && same.negated == filter.negated)
        && let Test::In(listed) | Test::Has(listed) = &mut same.test
    {
        for value in values {
            if !listed.contains(value) {
                listed.push(value.clone());
            }
        }
        return;
    }
    if !filters.contains(&filter) {
        filters.push(filter);
    }
}

/// What a comparison is about.
enum Compared {
    /// A column of each row; the piece that names it.
    Row(Option<usize>, usize),
    /// A measure of a group; the piece that names it.
    Group(Option<usize>, Measure),
}

fn none_of(filter: Filter) -> Having {
    Having {
        measure: Measure { only: vec![filter], ..Measure::count() },
        comparison: Comparison::Equal,
        value: 0.0,
    }
}

fn some_of(filter: Filter) -> Having {
    Having {
        comparison: Comparison::Above,
        ..none_of(filter)
    }
}

fn spans(values: &[u32]) -> String {
    match (values.first(), values.last()) {
        (Some(first), Some(last)) => format!("{first}:00 to {}:00", last + 1),
        _ => "none".to_owned(),
    }
}
