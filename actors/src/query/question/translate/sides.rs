//! Words that are a value of one column, and name one of two sides in the names of others: in a table of matches, "home" can be
//! who won, and stands before the team, the coach and the shots of one side.

use super::build::Builder;
use super::pieces::Kind;
use crate::query::question::link::{Target, likeness};
use crate::query::question::spec::{Dimension, Expression};
use crate::query::question::words::{identifier_words, stem};

impl Builder<'_> {
    /// Whether a piece names a side rather than a value: the column that has it as a value is not spoken of.
    pub(super) fn names_side(&self, at: usize) -> bool {
        let Some(Kind::Link(Target::Value(column, _))) = self.kind(at) else {
            return false;
        };
        let values = &self.column(*column).values;
        let Some(side) = self.last_word(at).filter(|_| self.pieces[at].words.len() == 1) else {
            return false;
        };
        let names: Vec<Vec<String>> = self
            .table
            .columns
            .iter()
            .map(|column| identifier_words(&column.name))
            .filter(|named| named.len() > 1)
            .map(|named| named.into_iter().map(|word| word.text).collect())
            .collect();
        // home_team is one side of away_team, where both "home" and "away" can win.
        let sided = names.iter().filter(|one| {
            stem(&one[0]) == side.stem
                && names.iter().any(|other| {
                    other[0] != one[0]
                        && other[1..] == one[1..]
                        && values.iter().any(|value| value.eq_ignore_ascii_case(&other[0]))
                })
        });
        let named = identifier_words(&self.column(*column).name);
        let is_spoken_of = self.words.iter().any(|word| {
            named.iter().any(|named| {
                likeness(word, named) > 0.5 || word.text.len() > 2 && named.text.starts_with(&word.stem)
            })
        });
        sided.count() > 0 && !is_spoken_of
    }

    /// Sides of columns that are counted or grouped by already are said with them.
    pub(super) fn sides(&mut self) {
        for at in 0..self.pieces.len() {
            if self.is_free(at) && self.names_side(at) && self.is_side_of_answer(at) {
                self.use_piece(at);
            }
        }
    }

    fn is_side_of_answer(&self, at: usize) -> bool {
        let Some(side) = self.last_word(at) else {
            return false;
        };
        let counted = self.spec.measures.iter().filter_map(|measure| match &measure.of {
            Some(Expression::Column(name)) => Some(name),
            _ => None,
        });
        let grouped = self.spec.by.iter().filter_map(|by| match by {
            Dimension::Column(name) => Some(name),
            _ => None,
        });
        counted.chain(grouped).any(|name| {
            identifier_words(name)
                .first()
                .is_some_and(|first| first.stem == side.stem)
        })
    }
}
