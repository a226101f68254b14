//! What rows have or lack: `with a promo code`, `had an outage`, `without a transfer`, `rated trips`.

use super::build::Builder;
use super::pieces::Kind;
use crate::query::question::catalog::{Column, Role};
use crate::query::question::link::Target;
use crate::query::question::spec::{Comparison, Filter, Test};
use crate::query::question::words::identifier_words;

/// Words that say that something is there.
const HAVING: [&str; 24] = [
    "with",
    "have",
    "has",
    "had",
    "having",
    "use",
    "used",
    "uses",
    "using",
    "got",
    "get",
    "gets",
    "include",
    "includes",
    "including",
    "contain",
    "contains",
    "involve",
    "involved",
    "carry",
    "carries",
    "carrying",
    "carried",
    "experienced",
];

impl Builder<'_> {
    /// Columns that nothing was made of and that rows are said to have.
    pub(super) fn existences(&mut self) {
        for at in 0..self.pieces.len() {
            if !self.is_free(at) || !(self.is_had(at) || self.is_had_by_participle(at)) {
                continue;
            }
            let Some(filter) = self.linked(at).and_then(|column| is_there(self.column(column))) else {
                continue;
            };
            self.use_piece(at);
            self.use_same(at);
            self.add_filter(at, filter);
        }
    }

    /// "with and without a guest": both sides of a flag stand beside each other.
    pub(super) fn beside_without(&mut self) {
        for at in 0..self.pieces.len() {
            let start = self.pieces[at].words.start;
            let said = |back: usize| {
                start
                    .checked_sub(back)
                    .and_then(|word| self.words.get(word))
                    .map_or("", |word| word.text.as_str())
            };
            let both = said(2) == "with" && matches!(said(1), "and" | "or" | "versus" | "vs");
            if !both || self.kind(at) != Some(&Kind::Without) {
                continue;
            }
            let flag = (at + 1..self.pieces.len().min(at + 4)).find_map(|next| {
                let column = self.linked(next)?;
                (self.column(column).role == Role::Flag && self.is_free(next)).then_some((next, column))
            });
            if let Some((next, column)) = flag {
                self.use_piece(at);
                self.use_piece(next);
                let dimension = self.dimension(column);
                self.group_by(dimension);
            }
        }
    }

    /// Whether what is said at a place is denied: "without a technician".
    pub(super) fn is_denied(&self, at: usize) -> bool {
        (0..at)
            .rev()
            .find(|before| !matches!(self.kind(*before), Some(Kind::Filler | Kind::That)))
            .is_some_and(|before| matches!(self.kind(before), Some(Kind::Without | Kind::Not | Kind::Never)))
    }

    /// "how many lessons were completed" where there is an event `lesson_completed`: what happened is counted, not which
    /// numbers lessons have.
    pub(super) fn numbers_events(&self, column: usize) -> bool {
        let words = identifier_words(&self.column(column).name);
        let [noun, end] = words.as_slice() else {
            return false;
        };
        let is_numbering = matches!(end.text.as_str(), "number" | "no" | "nr");
        is_numbering
            && self.pieces.iter().any(|piece| match &piece.kind {
                Kind::Link(Target::Value(_, value)) => {
                    let parts = identifier_words(value);
                    parts.len() > 1 && parts.iter().any(|part| part.stem == noun.stem)
                }
                _ => false,
            })
    }

    /// Further words for the same column right behind: "solar panels".
    fn use_same(&mut self, at: usize) {
        let column = self.linked(at);
        let mut next = at + 1;
        while self.linked(next).is_some() && self.linked(next) == column && self.is_free(next) {
            self.use_piece(next);
            next += 1;
        }
    }

    /// Whether a word that says that something is there precedes, with nothing but small words between.
    pub(super) fn is_had(&self, at: usize) -> bool {
        let mut before = at;
        while let Some(previous) = before.checked_sub(1) {
            let piece = &self.pieces[previous];
            if self.words[piece.words.clone()]
                .iter()
                .any(|word| HAVING.contains(&word.text.as_str()))
            {
                return true;
            }
            let small = match &piece.kind {
                Kind::Filler | Kind::That | Kind::Modifier => true,
                // "a power outage", where power is a word of the same column.
                Kind::Link(Target::Column(column)) => Some(*column) == self.linked(at),
                _ => false,
            };
            if !small {
                return false;
            }
            before = previous;
        }
        false
    }

    /// "rated trips" have a rating.
    fn is_had_by_participle(&self, at: usize) -> bool {
        let is_participle = self.last_word(at).is_some_and(|word| word.is_participle());
        let can_be_missing = self.linked(at).is_some_and(|column| {
            self.column(column).is_nullable() && self.column(column).role != Role::Time
        });
        is_participle && can_be_missing && matches!(self.kind(at + 1), Some(Kind::Link(Target::Rows)))
    }
}

/// The condition that a row has something in a column, where some rows can have nothing.
pub(super) fn is_there(column: &Column) -> Option<Filter> {
    let is_there = |test: Test, negated: bool| Filter {
        negated,
        ..Filter::new(&column.name, test)
    };
    match column.role {
        Role::Flag | Role::Time => None,
        _ if column.is_nullable() => Some(is_there(Test::Missing, true)),
        Role::List => Some(is_there(Test::Length(Comparison::Above, 0.0), false)),
        Role::Measure if column.min.parse::<f64>() == Ok(0.0) => {
            Some(is_there(Test::Compare(Comparison::Above, 0.0), false))
        }
        _ => None,
    }
}

/// The opposite.
pub(super) fn is_not_there(column: &Column) -> Option<Filter> {
    let there = is_there(column)?;
    Some(match there.test {
        Test::Length(..) => Filter::new(&column.name, Test::Length(Comparison::Equal, 0.0)),
        Test::Compare(..) => Filter::new(&column.name, Test::Compare(Comparison::Equal, 0.0)),
        _ => Filter {
            negated: !there.negated,
            ..there
        },
    })
}
