//! Things that did one and never, or also, another.

use crate::query::question::catalog::Role;
use crate::query::question::link::Target;
use crate::query::question::spec::{Comparison, Filter, Groups, Having, Measure, Test};
use crate::query::question::words::identifier_words;

use super::build::Builder;
use super::existence::is_there;
use super::pieces::Kind;
impl Builder<'_> {
    /// `users who did A but never B`
    pub(super) fn differences_of_sets(&mut self) {
        let Some(never) = self.pieces.iter().position(|piece| piece.kind == Kind::Never) else {
            return;
        };
        let Some((denied, filter)) = (never + 1..self.pieces.len()).find_map(|at| {
            let missing = || is_there(self.column(self.linked(at).filter(|_| self.is_free(at))?));
            Some((at, self.said_of_rows(at).or_else(missing)?))
        }) else {
            return;
        };
        let counted = self.counted_entity();
        // "went to more than 5 viewings and never …" has said already of what groups are.
        if self.spec.over.is_none()
            && counted
                .or(self.entity)
                .or_else(|| self.mentioned_entity())
                .is_none()
        {
            return;
        }
        self.use_piece(never);
        self.use_piece(denied);
        // "never called by phone" says it twice, and so does "never made an offer" of the time when an offer was made.
        let named = identifier_words(&filter.column);
        for at in denied + 1..self.pieces.len() {
            let is_object = self.linked(at).is_some()
                && self
                    .last_word(at)
                    .is_some_and(|word| named.iter().any(|named| named.stem == word.stem));
            if is_object || self.row_condition(at).is_some_and(|again| again == filter) {
                self.use_piece(at);
            }
        }
        let mut having = vec![none_of(filter.clone())];
        let wanted: Vec<(usize, Filter)> = (0..never)
            .filter(|at| self.is_free(*at))
            .filter_map(|at| Some((at, self.said_of_rows(at)?)))
            .collect();
        // "failed the Python exam but never passed it": what was done is of the same kind as what never was, all else says
        // of which rows.
        let has_same = wanted.iter().any(|(_, wanted)| wanted.column == filter.column);
        for (at, wanted) in wanted {
            self.use_piece(at);
            if has_same && wanted.column != filter.column {
                self.add_filter(at, wanted);
            } else {
                having.push(some_of(wanted));
            }
        }
        let entity = counted.or(self.entity).or_else(|| self.mentioned_entity());
        if let Some(over) = &mut self.spec.over {
            over.having.extend(having);
        } else if let Some(entity) = counted {
            let by = vec![self.dimension(entity)];
            self.spec.measures = vec![Measure::count()];
            self.spec.over = Some(Groups {
                by,
                measure: None,
                having,
            });
        } else if let Some(entity) = entity {
            let dimension = self.dimension(entity);
            self.group_by(dimension);
            self.spec.having.extend(having);
        }
    }

    /// Whether something is said never to have been.
    pub(super) fn has_never(&self) -> bool {
        self.pieces.iter().any(|piece| piece.kind == Kind::Never)
    }

    /// What a piece says of a row: a value, a flag, that something is there.
    fn said_of_rows(&self, at: usize) -> Option<Filter> {
        if let Some(filter) = self.row_condition(at).filter(|_| !self.names_side(at)) {
            return Some(filter);
        }
        let column = self.linked(at).filter(|_| self.is_free(at) && self.is_had(at))?;
        is_there(self.column(column))
    }

    /// "users who bought both A and B"
    pub(super) fn both(&mut self) {
        let Some(both) = self.pieces.iter().position(|piece| piece.kind == Kind::Both) else {
            return;
        };
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
            self.spec.over = Some(Groups {
                by,
                measure: None,
                having,
            });
        } else {
            self.spec.having.extend(having);
        }
    }

    pub(super) fn mentioned_entity(&self) -> Option<usize> {
        (0..self.pieces.len()).find_map(|at| {
            self.linked(at)
                .filter(|column| self.column(*column).role == Role::Id && !self.names_rows(at))
        })
    }
}

fn none_of(filter: Filter) -> Having {
    Having {
        measure: Measure {
            only: vec![filter],
            ..Measure::count()
        },
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
