//! What the answer is grouped by.

use super::build::Builder;
use super::pieces::{Computed, Kind};
use crate::query::question::catalog::Role;
use crate::query::question::link::Target;
use crate::query::question::spec::{Aggregate, Dimension, Filter, Groups, Measure, Test};
use crate::query::question::time::{DayPart, Meaning, TimeUnit};
use crate::query::question::vocabulary::{DESTINATIONS, ORIGINS};
use crate::query::question::words::{POSSESSIVE, identifier_words};

impl Builder<'_> {
    /// `per region and device`, `by hour`.
    pub(super) fn groups(&mut self) {
        for at in 0..self.pieces.len() {
            let is_by = matches!(self.kind(at), Some(Kind::By));
            if !is_by && !matches!(self.kind(at), Some(Kind::Per)) {
                continue;
            }
            self.use_piece(at);
            if !is_by && self.is_in_name(at) {
                self.use_piece(at + 1);
                continue;
            }
            if is_by && self.is_agent(at) {
                continue;
            }
            if !is_by && (self.quotient(at) || self.values_divided(at)) {
                continue;
            }
            let before = self.spec.by.len();
            self.group_list(at + 1, is_by);
            // "in each greenhouse" where nothing is known of greenhouses.
            let names_thing = matches!(
                self.kind(at + 1),
                Some(Kind::Link(Target::Rows | Target::Column(_)) | Kind::Unknown | Kind::Modifier)
            );
            // "by reason" where no reason is known
            let names_kind = is_by && self.kind(at + 1) == Some(&Kind::Filler) && !self.has_ranking() && {
                self.last_word(at + 1)
                    .is_some_and(|word| matches!(word.text.as_str(), "reason" | "type" | "kind"))
            };
            let asks = !is_by && names_thing || names_kind;
            if asks && self.spec.by.len() == before && !self.is_per_row(at) {
                self.ungrouped = true;
            }
        }
        for at in 0..self.pieces.len() {
            match self.kind(at) {
                Some(Kind::Time(Meaning::Every(every, unit))) => {
                    let (every, unit) = (*every, *unit);
                    self.group_by_time(every, unit);
                    self.use_piece(at);
                }
                Some(Kind::Time(Meaning::By(part))) => {
                    let part = *part;
                    self.group_by_part(part);
                    self.use_piece(at);
                }
                Some(Kind::Time(Meaning::OverTime)) => {
                    self.group_over_time();
                    self.use_piece(at);
                }
                _ => {}
            }
        }
    }

    /// "placed by users": who did it. "placed by user" groups.
    fn is_agent(&mut self, at: usize) -> bool {
        let done = at
            .checked_sub(1)
            .and_then(|before| self.last_word(before))
            .is_some_and(|word| {
                word.is_participle()
                    || matches!(
                        word.text.as_str(),
                        "made" | "sent" | "bought" | "sold" | "paid" | "written"
                    )
            });
        let mut who = at + 1;
        while matches!(
            self.kind(who),
            Some(Kind::Filler | Kind::Modifier | Kind::Link(Target::Value(..)))
        ) {
            who += 1;
        }
        let is_agent = done
            && self.is_plural(who)
            && self
                .linked(who)
                .is_some_and(|column| self.column(column).role == Role::Id);
        if is_agent {
            self.use_piece(who);
        }
        // "done by outside contractors": a condition, where a flag says so.
        let is_told_by_flag = done
            && self.is_plural(who)
            && self
                .linked(who)
                .is_some_and(|column| self.column(column).role == Role::Flag);
        is_agent || is_told_by_flag
    }

    /// Columns from `at` on, joined by "and" or a comma.
    fn group_list(&mut self, mut at: usize, is_by: bool) {
        let mut any = false;
        loop {
            while matches!(self.kind(at), Some(Kind::Filler | Kind::And | Kind::Modifier)) {
                if any && matches!(self.kind(at), Some(Kind::Filler)) {
                    return;
                }
                at += 1;
            }
            // "relayed by a hub" says who did it.
            let of_flag = is_by
                && self
                    .linked(at)
                    .is_some_and(|column| self.column(column).role == Role::Flag)
                && at
                    .checked_sub(1)
                    .and_then(|before| self.last_word(before))
                    .is_some_and(|word| matches!(word.text.as_str(), "a" | "an" | "the"));
            if of_flag {
                return;
            }
            let is_verb = any && self.last_word(at).is_some_and(|word| word.is_participle());
            at = self.head_of(at);
            match self.kind(at) {
                Some(Kind::Link(Target::Column(column))) if self.is_free(at) => {
                    let column = *column;
                    // "by total amount" ranks, "by temperature" too; "per score" groups.
                    if is_verb
                        || self.pieces[at].strength < 0.4 && self.has_ranking()
                        || !self.can_group(column)
                        || is_by
                            && matches!(self.column(column).role, Role::Measure | Role::Flag)
                            && self.has_ranking()
                    {
                        return;
                    }
                    // "per day of stay": a value's own noun was used already.
                    self.use_piece(at);
                    let dimension = self.dimension(column);
                    self.group_by(dimension);
                    any = true;
                    let ends_list = self.pieces[at].words.end;
                    let comma = self
                        .words
                        .get(ends_list - 1)
                        .is_some_and(|word| word.stop == Some(','));
                    if !comma && !matches!(self.kind(at + 1), Some(Kind::And)) {
                        return;
                    }
                    at += 1;
                }
                Some(Kind::Time(Meaning::Unit(unit))) if any => {
                    let unit = *unit;
                    self.use_piece(at);
                    self.group_by_time(1, unit);
                    return;
                }
                _ => return,
            }
        }
    }

    /// "by booking channel", "per truck make": the last of the nouns is what groups.
    fn head_of(&self, at: usize) -> usize {
        let mut head = at;
        while matches!(
            self.kind(head),
            Some(Kind::Link(Target::Column(_) | Target::Rows))
        ) && matches!(
            self.words[self.pieces[head].words.end - 1].stop,
            None | Some(POSSESSIVE)
        ) && !self.is_plural(head)
            && self.is_free(head + 1)
            && self.pieces[head + 1].strength >= 0.6
            && self.linked(head + 1).is_some_and(|column| self.can_group(column))
            // "by passengers carried": what was done with them is no noun.
            && !self.last_word(head + 1).is_some_and(|word| word.is_participle())
        {
            head += 1;
        }
        head
    }

    pub(super) fn has_ranking(&self) -> bool {
        self.pieces.iter().any(|piece| {
            matches!(
                piece.kind,
                Kind::Top(..) | Kind::Superlative(..) | Kind::Frequent(_) | Kind::Sort(_)
            )
        })
    }

    pub(super) fn group_by_time(&mut self, every: u32, unit: TimeUnit) {
        if let Some(column) = self.time_column() {
            self.group_by(Dimension::Time { every, unit, column });
        }
    }

    pub(super) fn group_by_part(&mut self, part: DayPart) {
        if let Some(column) = self.time_column() {
            self.group_by(Dimension::Part { part, column });
        }
    }

    /// Spans that make a readable curve: by the range that is asked for.
    fn group_over_time(&mut self) {
        let seconds = self.pieces.iter().find_map(|piece| match &piece.kind {
            Kind::Time(Meaning::Range(range)) => range.about_seconds(),
            _ => None,
        });
        if self.spec.by.iter().any(|by| matches!(by, Dimension::Time { .. })) {
            return;
        }
        let unit = match seconds {
            Some(seconds) if seconds <= 2.0 * 3_600.0 => TimeUnit::Minute,
            Some(seconds) if seconds <= 3.0 * 86_400.0 => TimeUnit::Hour,
            Some(seconds) if seconds > 180.0 * 86_400.0 => TimeUnit::Month,
            _ => TimeUnit::Day,
        };
        self.group_by_time(1, unit);
        self.assumptions
            .push(format!("over time is shown per {}", unit.word()));
    }

    /// `which region`, `top 5 products`, `most common codes`: what is named is what comes back.
    pub(super) fn heads(&mut self) {
        for at in 0..self.pieces.len() {
            let starts = match self.kind(at) {
                Some(Kind::Which | Kind::Show) => true,
                Some(Kind::Top(..) | Kind::Frequent(_)) => true,
                // "the 5 largest customers", "the most expensive product"
                Some(Kind::Superlative(concepts, _)) => !concepts.is_empty() && !self.is_owned(at),
                Some(Kind::Number(_)) => {
                    matches!(self.kind(at + 1), Some(Kind::Superlative(..) | Kind::Frequent(_)))
                        || self.counts_heads(at)
                }
                _ => false,
            };
            if starts {
                self.head(at);
            }
        }
        self.opening_head();
    }

    /// "five doctors with the most …", "the 3 dishes that were ordered most": how many of a ranking are wanted.
    pub(super) fn counts_heads(&self, at: usize) -> bool {
        let mut noun = at + 1;
        while matches!(
            self.kind(noun),
            Some(Kind::Modifier | Kind::Link(Target::Value(..)))
        ) {
            noun += 1;
        }
        let ranked = (noun..self.pieces.len())
            .any(|later| matches!(self.kind(later), Some(Kind::Superlative(..) | Kind::Frequent(_))));
        ranked && self.is_plural(noun) && self.linked(noun).is_some_and(|column| self.can_group(column))
    }

    /// "Titles with more than 1,000 plays": what a question opens with is what comes back, when it is things that have
    /// something.
    fn opening_head(&mut self) {
        let asks_for_things = self.pieces.iter().any(|piece| {
            matches!(
                piece.kind,
                Kind::Compare(..) | Kind::Never | Kind::Both | Kind::Without
            )
        }) && !self
            .pieces
            .iter()
            .any(|piece| matches!(piece.kind, Kind::Aggregate(_)));
        let first = (0..self.pieces.len()).find(|at| {
            !matches!(
                self.kind(*at),
                Some(Kind::Filler | Kind::Modifier | Kind::Show | Kind::Which)
            )
        });
        let Some(first) = first.filter(|_| asks_for_things && self.spec.by.is_empty()) else {
            return;
        };
        let Some(column) = self.linked(first).filter(|column| self.can_group(*column)) else {
            return;
        };
        // "batches never cupped": no row has had anything twice.
        if self.names_rows(first) && self.has_never() {
            return;
        }
        let surely = match self.column(column).role {
            // "customers" of a table that calls them subscribers
            Role::Id => 0.35,
            _ => 0.6,
        };
        if self.is_free(first) && self.is_plural(first) && self.pieces[first].strength >= surely {
            self.use_piece(first);
            self.entity.get_or_insert(column);
            let dimension = self.dimension(column);
            self.group_by(dimension);
            self.wants_many = true;
        }
    }

    fn head(&mut self, at: usize) {
        let is_which = matches!(self.kind(at), Some(Kind::Which | Kind::Show));
        let ranked = self.has_ranking()
            || self
                .pieces
                .iter()
                .any(|piece| matches!(piece.kind, Kind::Compare(..) | Kind::Latest(_)));
        let mut next = at + 1;
        // Adjectives may stand between: "which german cities", "top 5 user actions".
        let mut candidate = None;
        while next < self.pieces.len() && next <= at + 5 {
            match self.kind(next) {
                // "highest skip rate" asks for no groups of skips.
                Some(Kind::Link(Target::Column(column)))
                    if matches!(self.kind(next + 1), Some(Kind::Aggregate(Computed::Share)))
                        || self.column(*column).role == Role::Flag =>
                {
                    break;
                }
                Some(Kind::Link(Target::Column(column))) if self.is_free(next) => {
                    if self.can_group(*column) {
                        candidate = Some(next);
                        // "which depot's trucks"
                        if self.last_word(next).is_some_and(|word| word.stop.is_some()) {
                            break;
                        }
                        next += 1;
                        // "dishes ordered most often": a verb is no noun.
                        if self.last_word(next).is_some_and(|word| word.is_participle()) {
                            break;
                        }
                        // The noun is the last of them: "user actions".
                        if self.linked(next).is_some_and(|column| {
                            self.can_group(column) && self.column(column).role != Role::Flag
                        }) && self.is_free(next)
                        {
                            continue;
                        }
                    }
                    break;
                }
                Some(
                    Kind::Link(Target::Value(..))
                    | Kind::Number(_)
                    | Kind::Superlative(..)
                    | Kind::Frequent(_)
                    | Kind::Modifier
                    | Kind::Top(..),
                ) => next += 1,
                Some(Kind::That)
                    if candidate.is_none()
                        && is_which
                        && self.last_word(next).is_some_and(|word| {
                            matches!(word.text.as_str(), "is" | "are" | "was" | "were")
                        }) =>
                {
                    next += 1;
                }
                Some(Kind::Filler)
                    if candidate.is_none()
                        && matches!(
                            self.words[self.pieces[next].words.start].text.as_str(),
                            "the" | "of" | "our" | "all" | "these" | "those" | "my" | "number"
                        ) =>
                {
                    next += 1;
                }
                Some(Kind::Time(Meaning::Unit(unit))) if candidate.is_none() && ranked => {
                    let unit = *unit;
                    let many = self.is_plural(next);
                    self.use_piece(next);
                    self.group_by_time(1, unit);
                    self.wants_first = Some(!many);
                    return;
                }
                Some(Kind::Time(Meaning::By(_))) if ranked => {
                    self.wants_first = Some(true);
                    return;
                }
                _ => break,
            }
        }
        let Some(found) = candidate else {
            if !self.things_of_value(at) {
                self.routes(at);
            }
            return;
        };
        if is_which && !ranked && !self.is_plural(found) {
            // "what category …" without a ranking: nothing to group for.
            return;
        }
        let Some(column) = self.linked(found) else { return };
        // A modifier before the noun belongs to it.
        for between in at + 1..found {
            if self.linked(between).is_some() {
                self.use_piece(between);
            }
        }
        self.use_piece(found);
        self.entity.get_or_insert(column);
        let dimension = self.dimension(column);
        let first_time = !self.spec.by.contains(&dimension);
        self.group_by(dimension);
        if is_which || first_time {
            self.wants_many |= self.is_plural(found);
            self.wants_first = Some(!self.wants_many);
        }
    }

    /// "the top 5 routes": from where to where.
    fn routes(&mut self, at: usize) {
        let Some(route) = (at + 1..at + 5).find(|next| {
            self.kind(*next) == Some(&Kind::Unknown)
                && self
                    .last_word(*next)
                    .is_some_and(|word| matches!(word.stem.as_str(), "rout" | "pair" | "connect"))
        }) else {
            return;
        };
        let named = |names: &[&str]| {
            self.table.with_role(Role::Dimension).find(|column| {
                identifier_words(&column.name)
                    .iter()
                    .any(|word| names.contains(&word.text.as_str()))
            })
        };
        let (Some(from), Some(to)) = (named(&ORIGINS), named(&DESTINATIONS)) else {
            return;
        };
        let ends = [from.name.clone(), to.name.clone()];
        self.pieces[route].kind = Kind::Filler;
        self.wants_many |= self.is_plural(route);
        self.wants_first = Some(!self.wants_many);
        // Their own words say nothing more.
        for piece in 0..self.pieces.len() {
            if self
                .linked(piece)
                .is_some_and(|column| ends.contains(&self.column(column).name))
            {
                self.use_piece(piece);
            }
        }
        for name in ends {
            self.group_by(Dimension::Column(name));
        }
    }

    /// Rows that have no value to be grouped by are no group of people or things.
    pub(super) fn without_missing_groups(&mut self) {
        let inner = self.spec.over.iter().flat_map(|groups| &groups.by);
        let missing: Vec<String> = self
            .spec
            .by
            .iter()
            .chain(inner)
            .filter_map(|by| match by {
                Dimension::Column(name) => self
                    .table
                    .column(name)
                    .filter(|column| column.is_nullable() && column.nulls > 0),
                _ => None,
            })
            .map(|column| column.name.clone())
            .collect();
        for name in missing {
            self.assumptions.push(format!("rows without {name} are left out"));
            let filter = Filter {
                negated: true,
                ..Filter::new(&name, Test::Missing)
            };
            if !self.spec.filters.iter().any(|filter| filter.column == name) {
                self.spec.filters.push(filter);
            }
        }
    }

    /// "average number of X per Y": the mean over groups of what each group has.
    pub(super) fn over_groups(&mut self) {
        if self.average_of_counts && !self.spec.by.is_empty() && self.spec.over.is_none() {
            let inner = std::mem::take(&mut self.spec.measures);
            let by = std::mem::take(&mut self.spec.by);
            self.spec.over = Some(Groups {
                by,
                measure: inner.into_iter().next(),
                having: std::mem::take(&mut self.spec.having),
            });
            self.spec.measures = vec![Measure::of(Aggregate::Average, None)];
            self.spec.order = None;
            self.spec.limit = None;
        }
    }
}
