//! Which time `when` asks for: "when did the last train arrive" is answered with an arrival.

use super::build::Builder;
use super::pieces::Kind;
use crate::query::question::catalog::Role;
use crate::query::question::link::Target;
use crate::query::question::vocabulary::MOMENTS;

impl Builder<'_> {
    /// "when did it finish" where a comment says "end of the roast": ties the verb to the time.
    pub(super) fn asked_moments(&mut self) {
        if !self.asks_when_last() {
            return;
        }
        for at in 0..self.pieces.len() {
            if self.kind(at) != Some(&Kind::Unknown) || !self.is_verb_of_moment(at) {
                continue;
            }
            let time = self.moment_of(self.pieces[at].words.clone());
            let place =
                time.and_then(|time| self.table.columns.iter().position(|column| column.name == time));
            if let Some(column) = place {
                self.pieces[at].kind = Kind::Link(Target::Column(column));
                self.pieces[at].strength = 0.6;
            }
        }
    }

    /// The time that the verb of a question for the latest or first time names, or the main one.
    pub(super) fn asked_time(&self) -> Option<String> {
        let named = (0..self.pieces.len()).rev().find_map(|at| {
            let column = self.column(self.linked(at)?);
            (column.role == Role::Time && self.pieces[at].strength >= 0.5 && self.is_verb_of_moment(at))
                .then(|| column.name.clone())
        });
        named
            .filter(|_| self.asks_when_last())
            .or_else(|| self.time_column())
    }

    fn asks_when_last(&self) -> bool {
        let asks = self.words.iter().any(|word| word.text == "when");
        asks && self
            .pieces
            .iter()
            .any(|piece| matches!(piece.kind, Kind::Latest(_)))
    }

    /// Whether a piece is what somebody did: "paid", or "arrive" behind "did".
    fn is_verb_of_moment(&self, at: usize) -> bool {
        let start = self.pieces[at].words.start;
        let did = self.words[..start].iter().any(|word| word.text == "did");
        self.last_word(at).is_some_and(|word| {
            let is_base = MOMENTS.iter().any(|family| family[0] == word.text);
            word.is_participle() || did && is_base
        })
    }
}
