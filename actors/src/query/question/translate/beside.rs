//! Answers that stand beside each other: `how many did each have`, `this month compared with last month`, `number and total
//! amount`.

use super::build::{Builder, computed};
use super::pieces::{Computed, Kind};
use crate::query::question::time::Meaning;

impl Builder<'_> {
    /// "French or German plates: how many did each have": "each" is of what was listed when no noun follows it.
    pub(super) fn asks_of_each(&self) -> bool {
        (0..self.pieces.len()).any(|at| {
            let each = self
                .last_word(at)
                .is_some_and(|word| matches!(word.text.as_str(), "each" | "respectively"));
            each && matches!(self.kind(at), Some(Kind::Per | Kind::Filler))
                && !matches!(
                    self.kind(at + 1),
                    Some(Kind::Link(_) | Kind::Unknown | Kind::Modifier | Kind::Number(_) | Kind::Time(_))
                )
        })
    }

    /// Whether more than one span of time is named.
    pub(super) fn names_spans(&self) -> bool {
        let spans = self
            .pieces
            .iter()
            .filter(|piece| matches!(piece.kind, Kind::Time(Meaning::Range(_))));
        spans.count() > 1
    }

    /// "number and total amount of loans": both are asked for.
    pub(super) fn number_beside(&mut self) {
        for at in 0..self.pieces.len() {
            let is_number = self
                .last_word(at)
                .is_some_and(|word| matches!(word.text.as_str(), "number" | "count"))
                && matches!(self.kind(at), Some(Kind::Filler | Kind::Unknown));
            let amount = matches!(
                self.kind(at + 2).and_then(computed),
                Some(Computed::Total | Computed::Average | Computed::Quantile(_))
            );
            if is_number && amount && self.kind(at + 1) == Some(&Kind::And) {
                self.pieces[at].kind = Kind::Aggregate(Computed::Many);
            }
        }
    }
}
