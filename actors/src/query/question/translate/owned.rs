//! What somebody has: `which plant has the hottest inverters` asks for plants.

use super::build::Builder;
use super::pieces::Kind;

impl Builder<'_> {
    /// Whether an adjective describes what the things that are asked for have; then it chooses no things of its own.
    pub(super) fn is_owned(&self, adjective: usize) -> bool {
        let asks = self
            .pieces
            .iter()
            .take(adjective)
            .any(|piece| piece.kind == Kind::Which);
        let before = (0..adjective).rev().find(|before| {
            let text = self.word_text(*before);
            !matches!(text, "the" | "its" | "their")
        });
        let has = before.is_some_and(|before| matches!(self.word_text(before), "has" | "have" | "had"));
        asks && has && !self.spec.by.is_empty()
    }

    fn word_text(&self, at: usize) -> &str {
        self.last_word(at).map_or("", |word| word.text.as_str())
    }
}
