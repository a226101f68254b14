//! States that a missing time tells: "still inside" is who has not left, "running at the moment" what has not finished.

use std::ops::Range;

use super::build::Builder;
use super::deadlines::end_of;
use super::moments::EMPTY;
use super::pieces::Kind;
use crate::query::question::catalog::{Column, Role};
use crate::query::question::link::Target;
use crate::query::question::spec::{Filter, Test};
use crate::query::question::vocabulary::FILLERS;
use crate::query::question::words::{Word, words};

/// Words that say that a state is that of now.
const NOW: [&str; 6] = ["still", "currently", "now", "moment", "presently", "yet"];
/// Words behind "still" that a place follows.
const PLACED: [&str; 5] = ["in", "inside", "at", "on", "within"];

impl Builder<'_> {
    /// Settles which words name the state of rows that a time is missing of.
    pub(super) fn states(&mut self) {
        let is_now = self.words.iter().any(|word| NOW.contains(&word.text.as_str()));
        for at in 0..self.pieces.len() {
            let is_open = match self.kind(at) {
                Some(Kind::Unknown | Kind::Filler) => true,
                Some(Kind::Link(Target::Column(_))) => self.pieces[at].strength < 0.7,
                // "parked" in a table of parkings
                Some(Kind::Link(Target::Rows)) => self.last_word(at).is_some_and(Word::is_participle),
                _ => false,
            };
            if let Some((time, noun)) = self.awaited_moment(at) {
                self.pieces[at].kind = Kind::Unfilled(time);
                self.take(noun);
            } else if is_now
                && is_open
                && let Some(time) = self.unfilled(at)
            {
                self.pieces[at].kind = Kind::Unfilled(time);
            }
        }
    }

    /// What a time that rows can be without says of them where a word is tied to it: that it has come, or, if its comment says
    /// so, that it has not. A noun that only its comment has says nothing.
    pub(super) fn has_come(&self, at: usize, column: &Column) -> Option<Filter> {
        let word = self.last_word(at)?;
        let is_named = self.pieces[at].strength >= 0.5;
        (is_named || word.is_participle()).then(|| Filter {
            negated: is_named || !says_while(column, word),
            ..Filter::new(&column.name, Test::Missing)
        })
    }

    /// The time of which its comment says that it is empty as long as a row is what the word says.
    fn unfilled(&self, at: usize) -> Option<usize> {
        let word = self.last_word(at)?;
        let before = self.words[..self.pieces[at].words.start]
            .iter()
            .rev()
            .map(|word| word.text.as_str());
        let is_said = before.take(1).any(|word| {
            matches!(
                word,
                "is" | "are" | "were" | "was" | "still" | "currently" | "not"
            )
        });
        let times = || {
            self.table
                .columns
                .iter()
                .enumerate()
                .filter(|(_, column)| column.role == Role::Time && column.is_nullable())
        };
        if let Some((time, _)) = times().find(|(_, column)| is_said && says_while(column, word)) {
            return Some(time);
        }
        let before = at.checked_sub(1).and_then(|before| self.last_word(before))?;
        let stays = match before.text.as_str() {
            "still" => PLACED.contains(&word.text.as_str()) || word.text == "parked",
            "currently" => word.text == "parked",
            _ => false,
        };
        let end = end_of(self.table).filter(|_| stays)?;
        times()
            .find(|(_, column)| column.name == end.name)
            .map(|(time, _)| time)
    }

    /// "still waiting for a decision": the time of the decision has not come; and the words that name it.
    fn awaited_moment(&self, at: usize) -> Option<(usize, Range<usize>)> {
        let is_filler = |word: &Word| FILLERS.contains(&word.text.as_str());
        let is_waiting = self.kind(at) == Some(&Kind::Without)
            && self
                .last_word(at)
                .is_some_and(|word| matches!(word.text.as_str(), "for" | "awaiting"));
        if !is_waiting {
            return None;
        }
        let after = self.pieces[at].words.end;
        let start = (after..self.words.len()).find(|at| !is_filler(&self.words[*at]))?;
        let ends = |at: &usize| is_filler(&self.words[*at]) || self.words[*at - 1].stop.is_some();
        let end = (start + 1..self.words.len())
            .find(ends)
            .unwrap_or(self.words.len());
        let name = self.moment_of(start..end)?;
        let time = self.table.columns.iter().position(|column| column.name == name)?;
        self.column(time).is_nullable().then_some((time, start..end))
    }
}

/// Whether a comment says that there is no value as long as something is what the word says: "empty while it is still inside",
/// "empty when the stop was cancelled".
fn says_while(column: &Column, word: &Word) -> bool {
    let said = words(&column.comment);
    let is = |said: &Word| said.stem == word.stem;
    let Some(empty) = said.iter().position(|said| EMPTY.contains(&said.text.as_str())) else {
        return false;
    };
    let clause = &said[empty + 1..];
    let holds_while = clause
        .first()
        .is_some_and(|first| matches!(first.text.as_str(), "while" | "when" | "if"));
    let is_end = |said: &&Word| !matches!(said.text.as_str(), "or" | "not" | "no" | "never");
    holds_while
        && !FILLERS.contains(&word.text.as_str())
        && !said[..empty].iter().any(is)
        && clause.iter().take_while(is_end).skip(1).any(is)
}
