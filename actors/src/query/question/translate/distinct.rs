//! What is different: `how many different plates`, `unique customers`.
//!
//! Rows all differ, so counting them says nothing about different things: what is named must be in a column, or the question
//! is not understood.

use super::build::Builder;
use super::measures::Subject;
use super::pieces::{Computed, Kind};
use crate::query::question::catalog::Role;
use crate::query::question::link::Target;
use crate::query::question::words::{identifier_words, words};

impl Builder<'_> {
    /// What is counted once each, when it was said that it is different and nothing but rows was found; with the piece that
    /// names it.
    ///
    /// When nothing has a name of what is different, the word for it is left over.
    pub(super) fn different_things(
        &mut self,
        at: usize,
        before: &[Computed],
        how: Computed,
        subject: Subject,
    ) -> Option<(usize, usize)> {
        let different = how == Computed::Distinct || before.contains(&Computed::Distinct);
        if !different || matches!(subject, Subject::Column(_)) || self.people_meant(how, subject).is_some() {
            return None;
        }
        let noun = self.noun_behind(at);
        if let Some((noun, column)) = noun.and_then(|noun| Some((noun, self.thing_named(noun)?))) {
            return Some((column, noun));
        }
        if !noun.is_some_and(|noun| self.differs_by_row(noun)) {
            self.pieces[at].kind = Kind::Unknown;
        }
        None
    }

    /// The noun that a phrase from a place on ends with.
    fn noun_behind(&self, at: usize) -> Option<usize> {
        const MOST_BETWEEN: usize = 5;
        (at + 1..self.pieces.len().min(at + 1 + MOST_BETWEEN)).find(|next| {
            let is_column = self
                .linked(*next)
                .is_some_and(|column| self.column(column).role != Role::Time);
            is_column || self.kind(*next) == Some(&Kind::Link(Target::Rows))
        })
    }

    /// Whether a noun is what the table's name ends with: such things differ from row to row.
    fn differs_by_row(&self, noun: usize) -> bool {
        let said = self.last_word(noun).map_or("", |word| word.stem.as_str());
        self.kind(noun) == Some(&Kind::Link(Target::Rows))
            && self.table.words().last().is_some_and(|last| last.stem == said)
    }

    /// The column that tells things of a noun apart: one the noun is tied to, or an id that is called or explained so.
    fn thing_named(&self, noun: usize) -> Option<usize> {
        let tells_apart = |column: usize| {
            matches!(
                self.column(column).role,
                Role::Id | Role::Dimension | Role::Text | Role::List
            )
        };
        if let Some(column) = self.linked(noun) {
            return Some(column).filter(|column| tells_apart(*column) && self.is_free(noun));
        }
        if self.differs_by_row(noun) {
            return None;
        }
        let said = &self.last_word(noun)?.stem;
        (0..self.table.columns.len()).find(|at| {
            let column = self.column(*at);
            column.role == Role::Id
                && identifier_words(&column.name)
                    .iter()
                    .chain(&words(&column.comment))
                    .any(|word| word.stem == *said)
        })
    }
}
