//! Which rows count, and which groups.

use super::build::Builder;
use super::existence::is_not_there;
use super::pieces::Kind;
use crate::query::question::catalog::{Column, Role};
use crate::query::question::link::{Target, state_without};
use crate::query::question::spec::{Aggregate, Comparison, Dimension, Filter, Test};
use crate::query::question::time::Meaning;

impl Builder<'_> {
    /// The condition that a piece states of a row, if it states one.
    pub(super) fn row_condition(&self, at: usize) -> Option<Filter> {
        match self.kind(at)? {
            Kind::Unfilled(column) => Some(Filter::new(&self.column(*column).name, Test::Missing)),
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
                    // A word that is only alike to a part of its name says nothing about it.
                    Role::Flag if self.pieces[at].strength < 0.4 => None,
                    Role::Flag => Some(Filter::new(&column.name, Test::IsTrue)),
                    // "still inside": a state that lasts until the time.
                    Role::Time if self.names_state(at, column) => {
                        Some(Filter::new(&column.name, Test::Missing))
                    }
                    // "resolved" is said of what has a time of resolution.
                    Role::Time if column.is_nullable() => self.has_come(at, column),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether a piece says the state that rows are in until a time.
    fn names_state(&self, at: usize, column: &Column) -> bool {
        let state = state_without(column);
        state.is_some_and(|state| self.last_word(at).is_some_and(|word| word.text == state.text))
    }

    /// Conditions on rows and groups.
    pub(super) fn conditions(&mut self) {
        self.spans();
        self.comparisons();
        self.beside_without();
        self.compare_pairs();
        self.differences_of_sets();
        self.both();
        self.deadlines();
        self.missing();
        self.existences();
        self.numbered();
        self.buyers();
        self.doubled_values();
        self.sides();
        for at in 0..self.pieces.len() {
            if !self.is_free(at) {
                continue;
            }
            let Some(mut filter) = self.row_condition(at) else {
                continue;
            };
            if matches!(self.kind(at), Some(Kind::Link(Target::Column(_)))) && self.is_about_time(at) {
                continue;
            }
            if self.is_heading_repeated(at) {
                self.use_piece(at);
                continue;
            }
            filter.negated ^= self.is_negated(at);
            self.use_piece(at);
            if !self.is_heading_of_groups(at, &filter) {
                self.add_filter(at, filter);
            }
        }
        self.others();
        self.comparing();
    }

    /// "Our hiring pipeline: how many are in each stage": what is said before the colon is no stage of those that are listed.
    fn is_heading_of_groups(&self, at: usize, filter: &Filter) -> bool {
        let end = self.words.iter().position(|word| word.stop == Some(':'));
        end.is_some_and(|end| self.pieces[at].words.start < end)
            && self.spec.by.contains(&Dimension::Column(filter.column.clone()))
    }

    /// "completed charging sessions": of two values of a column that nothing joins only one can be meant; the other says what
    /// the things are called.
    fn doubled_values(&mut self) {
        let joined = self.pieces.iter().any(|piece| {
            matches!(
                piece.kind,
                Kind::Or | Kind::And | Kind::Both | Kind::Versus | Kind::Not
            )
        }) || self.words.iter().any(|word| word.stop == Some(','));
        if joined {
            return;
        }
        let values: Vec<(usize, usize)> = (0..self.pieces.len())
            .filter_map(|at| match self.kind(at)? {
                Kind::Link(Target::Value(column, _)) if self.is_free(at) => Some((at, *column)),
                _ => None,
            })
            .collect();
        for (at, column) in &values {
            let is_doubled = values.iter().any(|(other, same)| same == column && other != at);
            let is_name = self.last_word(*at).is_some_and(|word| word.text.ends_with("ing"))
                && matches!(
                    self.kind(at + 1),
                    Some(Kind::Link(Target::Rows | Target::Column(_)) | Kind::Modifier)
                );
            if is_doubled && is_name && self.column(*column).role == Role::Dimension {
                self.pieces[*at].kind = Kind::Modifier;
            }
        }
    }

    /// "Refunds by shop: what share was refunded": a heading only names what is asked behind it.
    fn is_heading_repeated(&self, at: usize) -> bool {
        let Some(end) = self.words.iter().position(|word| word.stop == Some(':')) else {
            return false;
        };
        let words = self.pieces[at].words.clone();
        words.end <= end + 1
            && self.words[end + 1..].iter().any(|later| {
                self.words[words.clone()]
                    .iter()
                    .any(|word| word.stem == later.stem)
            })
    }

    /// A column of time that a span follows says which time the span is of.
    pub(super) fn is_about_time(&self, at: usize) -> bool {
        let is_time = self
            .linked(at)
            .is_some_and(|column| self.column(column).role == Role::Time);
        is_time
            && self
                .pieces
                .iter()
                .any(|piece| matches!(piece.kind, Kind::Time(Meaning::Range(_))))
    }

    /// "not", "except" and the like before it, with nothing but small words between. Values that are listed after it
    /// ("not A or B") are meant too.
    pub(super) fn is_negated(&mut self, at: usize) -> bool {
        let mut before = at;
        while let Some(previous) = before.checked_sub(1) {
            match self.kind(previous) {
                Some(Kind::Not | Kind::Without) => {
                    self.use_piece(previous);
                    return true;
                }
                Some(Kind::Filler | Kind::That | Kind::Or) => before = previous,
                Some(Kind::Link(Target::Column(_))) if at - previous <= 2 => before = previous,
                Some(Kind::Link(Target::Value(..))) if matches!(self.kind(previous + 1), Some(Kind::Or)) => {
                    before = previous;
                }
                _ if self.lists_same(previous, at) => before = previous,
                _ => return false,
            }
        }
        false
    }

    /// Whether a value, or an "and" behind one, belongs to a list of values of the column that is meant at `at`: "except A, B
    /// and C".
    fn lists_same(&self, place: usize, at: usize) -> bool {
        let column = |at: usize| match self.kind(at) {
            Some(Kind::Link(Target::Value(column, _))) => Some(*column),
            _ => None,
        };
        let listed = match self.kind(place) {
            Some(Kind::And) => place.checked_sub(1).and_then(column),
            _ => column(place),
        };
        listed.is_some() && listed == column(at)
    }

    /// Values of one column that are not denied are alternatives.
    ///
    /// What is said behind the verb of a share is about its part.
    pub(super) fn add_filter(&mut self, at: usize, filter: Filter) {
        let is_part = self.part_from.is_some_and(|from| at > from)
            && !matches!(filter.test, Test::During(_) | Test::PartIn(..));
        if is_part
            && let Some(share) = self
                .spec
                .measures
                .iter_mut()
                .find(|measure| measure.aggregate == Aggregate::Share)
        {
            add_to(&mut share.only, filter);
        } else {
            add_to(&mut self.spec.filters, filter);
        }
    }

    /// "premium players and the others": both sides of a flag stand beside each other.
    pub(super) fn others(&mut self) {
        let others = self.pieces.iter().position(|piece| piece.kind == Kind::Others);
        // What is compared may be listed: "compare won bids on iOS and Android".
        let lists = |filters: &[Filter]| {
            filters
                .iter()
                .any(|filter| matches!(&filter.test, Test::In(values) if values.len() > 1))
        };
        let spans = self
            .pieces
            .iter()
            .filter(|piece| matches!(piece.kind, Kind::Time(Meaning::Range(_))));
        let versus = spans.count() < 2
            && self.pieces.iter().any(|piece| piece.kind == Kind::Versus)
            && !lists(&self.spec.filters);
        let flags = |filters: &[Filter], negated: bool| -> Vec<String> {
            let flags = filters
                .iter()
                .filter(|filter| matches!(filter.test, Test::IsTrue) && filter.negated == negated);
            flags.map(|filter| filter.column.clone()).collect()
        };
        // "do insured parcels have a bigger share of losses than uninsured ones": the other side is no part of it.
        let parts = self.spec.measures.iter().flat_map(|measure| &measure.only);
        let said: Vec<Filter> = self.spec.filters.iter().chain(parts).cloned().collect();
        let (yes, no) = (flags(&self.spec.filters, false), flags(&said, true));
        let beside: Vec<String> = yes
            .iter()
            .filter(|flag| no.contains(flag) || others.is_some() || versus)
            .cloned()
            .collect();
        if !beside.is_empty() {
            if let Some(at) = others {
                self.use_piece(at);
            }
            self.spec
                .filters
                .retain(|filter| !beside.contains(&filter.column));
            for measure in &mut self.spec.measures {
                measure.only.retain(|filter| !beside.contains(&filter.column));
            }
            for column in beside {
                self.group_by(Dimension::Column(column));
            }
        }
    }

    /// `not yet resolved`, `without a code`, `no rating`
    pub(super) fn missing(&mut self) {
        for at in 0..self.pieces.len() {
            if !matches!(self.kind(at), Some(Kind::Without | Kind::Not | Kind::Never)) || !self.is_free(at) {
                continue;
            }
            let mut next = at + 1;
            while matches!(self.kind(next), Some(Kind::Filler | Kind::That)) {
                next += 1;
            }
            // "where the value of X is missing" says it behind.
            let is_behind = self.text(&self.pieces[at]).eq_ignore_ascii_case("missing");
            if is_behind && self.linked(next).is_none() {
                next = at;
                while next > 0 && (matches!(self.kind(next), Some(Kind::Filler | Kind::That)) || next == at) {
                    next -= 1;
                }
            }
            let Some(column) = self.linked(next) else { continue };
            let column = self.column(column);
            let is_empty = column.is_text() && column.values.iter().any(String::is_empty);
            let missing = match column.role {
                Role::Flag => None,
                _ if column.is_nullable() || is_empty => Some(Filter::new(&column.name, Test::Missing)),
                _ => is_not_there(column),
            };
            if let Some(missing) = missing {
                self.use_piece(at);
                self.use_piece(next);
                self.add_filter(at, missing);
            }
        }
    }

    /// `product 42`, `rating 5`, `gate B12`
    pub(super) fn numbered(&mut self) {
        self.rated();
        for at in 0..self.pieces.len() {
            let Some(column) = self.linked(at) else { continue };
            let Some(value) = self.pieces.get(at + 1).filter(|piece| !piece.used) else {
                continue;
            };
            let column = self.column(column);
            let text = self.text(value);
            let word = &self.words[value.words.start];
            let names_thing = match &value.kind {
                Kind::Number(_) => column.is_number() || matches!(column.role, Role::Id | Role::Dimension),
                Kind::Unknown => {
                    !column.is_number()
                        && (word.quoted || text.chars().any(|c| c.is_ascii_digit()) || word.is_upper())
                        && matches!(column.role, Role::Id | Role::Dimension | Role::Text)
                }
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
            if self.kind(at + 1) == Some(&Kind::Unknown) {
                self.pieces[at + 1].kind = Kind::Filler;
            }
            self.add_filter(at, Filter::new(&name, test));
        }
    }

    /// `4 or 5 stars`, `5-star`: numbers before what they are of.
    pub(super) fn rated(&mut self) {
        for at in 1..self.pieces.len() {
            let Some(column) = self
                .linked(at)
                .filter(|column| self.is_free(at) && super::build::is_countable_number(self.column(*column)))
            else {
                continue;
            };
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

    /// "the average amount for debit, credit and prepaid cards": averages of values that are listed stand beside each other.
    fn lists_groups(&self) -> bool {
        let averages = self.spec.measures.iter().any(|measure| {
            matches!(
                measure.aggregate,
                Aggregate::Average | Aggregate::Quantile(_) | Aggregate::Share | Aggregate::Ratio
            )
        });
        averages
            && self.pieces.iter().any(|piece| piece.kind == Kind::And)
            && !self.pieces.iter().any(|piece| piece.kind == Kind::Or)
    }

    /// `A versus B`: values that are compared stand beside each other.
    pub(super) fn comparing(&mut self) {
        // "for both variants"
        let of_both = (1..self.pieces.len()).any(|at| {
            self.kind(at - 1) == Some(&Kind::Both)
                && self
                    .linked(at)
                    .is_some_and(|column| self.column(column).role == Role::Dimension)
        });
        let versus = self.pieces.iter().any(|piece| piece.kind == Kind::Versus);
        if !versus && !of_both && !self.lists_groups() && !self.asks_of_each() {
            return;
        }
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
        // "what share is lost on 2G, 4G and 5G": the share of each, not of what is one of them.
        let mut parts = Vec::new();
        for measure in &mut self.spec.measures {
            if measure.aggregate == Aggregate::Share && measure.only.len() > 1 {
                let is_list = |filter: &Filter| {
                    matches!(&filter.test, Test::In(values) if values.len() > 1) && !filter.negated
                };
                parts.extend(measure.only.iter().filter(|filter| is_list(filter)).cloned());
                measure.only.retain(|filter| !is_list(filter));
            }
        }
        for part in parts {
            self.group_by(Dimension::Column(part.column.clone()));
            self.spec.filters.push(part);
        }
        // "compare X of mobile users with others"; spans that are compared stand beside each other themselves.
        if versus && self.spec.by.is_empty() && !self.names_spans() {
            let dimension = (0..self.pieces.len()).find_map(|at| {
                let column = self.linked(at).filter(|column| {
                    self.is_free(at) && self.can_group(*column) && self.column(*column).role != Role::Id
                })?;
                Some((at, self.dimension(column)))
            });
            if let Some((at, dimension)) = dimension {
                self.use_piece(at);
                self.group_by(dimension);
            }
        }
    }
}

/// Adds a condition; values of one column are alternatives.
fn add_to(filters: &mut Vec<Filter>, filter: Filter) {
    if let Test::In(values) | Test::Has(values) = &filter.test
        && let Some(same) = filters
            .iter_mut()
            .find(|same| same.column == filter.column && same.negated == filter.negated)
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
