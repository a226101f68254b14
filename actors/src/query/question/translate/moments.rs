//! Words tied to the times of a row: "the decision" is when it was decided, "buying a ticket" when one was sold.

use std::ops::Range;

use super::build::Builder;
use crate::query::question::catalog::{Column, Role};
use crate::query::question::link::likeness;
use crate::query::question::vocabulary::{FILLERS, MOMENTS};
use crate::query::question::words::{Word, identifier_words, stem, words};

/// Words of the names of times that only say that they are times.
const TIME_WORDS: [&str; 8] = ["at", "on", "time", "timestamp", "date", "datetime", "utc", "for"];
/// What a time must have to do with words at least.
const SURE: f32 = 0.5;

impl Builder<'_> {
    /// The time that words speak of, if one of the row's has clearly more to do with them than the others.
    pub(super) fn moment_of(&self, range: Range<usize>) -> Option<String> {
        let mut scored: Vec<(f32, f32, &Column)> = self
            .table
            .with_role(Role::Time)
            .map(|column| {
                let scores = self.words[range.clone()]
                    .iter()
                    .filter(|word| !FILLERS.contains(&word.text.as_str()))
                    .map(|word| self.speaks_of(word, column));
                let (best, sum) = scores.fold((0.0, 0.0), |(best, sum), score| {
                    (f32::max(best, score), sum + score)
                });
                (best, sum, column)
            })
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
        let (best, sum, column) = scored.first()?;
        let is_tied = scored
            .get(1)
            .is_some_and(|(second, other, _)| second == best && other == sum);
        (*best >= SURE && !is_tied).then(|| column.name.clone())
    }

    /// How much a word has to do with a time: with its name, or what is said of it. What is said of several times counts less.
    fn speaks_of(&self, word: &Word, column: &Column) -> f32 {
        let times = || self.table.with_role(Role::Time);
        let by_name = name_likeness(word, column);
        let names = times().filter(|other| name_likeness(word, other) > 0.5).count();
        let by_comment = comment_likeness(word, column);
        let comments = times()
            .filter(|other| comment_likeness(word, other) > 0.0)
            .count();
        let rare = |score: f32, count: usize| if count > 1 { score * 0.5 } else { score };
        let is_defined = by_comment > 0.7;
        let by_comment = if is_defined {
            by_comment
        } else {
            rare(by_comment, comments)
        };
        rare(by_name, names).max(by_comment)
    }
}

fn name_likeness(word: &Word, column: &Column) -> f32 {
    identifier_words(&column.name)
        .iter()
        .filter(|named| !TIME_WORDS.contains(&named.text.as_str()))
        .map(|named| {
            if named.stem == word.stem {
                1.0
            } else if are_one_moment(word, named) {
                0.9
            } else {
                Some(likeness(word, named))
                    .filter(|like| *like > 0.7)
                    .unwrap_or(0.0)
            }
        })
        .fold(0.0, f32::max)
}

/// "time of sale", "start of the screening" say what the time is of; other words of a comment may be anything around it. What
/// it says of rows without the time is left out.
fn comment_likeness(word: &Word, column: &Column) -> f32 {
    let said: Vec<Word> = words(&column.comment)
        .into_iter()
        .take_while(|said| !EMPTY.contains(&said.text.as_str()))
        .collect();
    let is_definition = |at: usize| {
        let before = |back: usize| at.checked_sub(back).map_or("", |at| said[at].text.as_str());
        let of = if before(1) == "the" { 3 } else { 2 };
        before(of - 1) == "of" && matches!(before(of), "time" | "date" | "moment")
    };
    said.iter()
        .enumerate()
        .filter(|(_, said)| !FILLERS.contains(&said.text.as_str()))
        .map(|(at, said)| {
            let is_same = said.stem == word.stem;
            match (is_same || are_one_moment(word, said), is_definition(at)) {
                (true, true) => 0.8,
                (true, false) if is_same => 0.6,
                (true, false) => 0.55,
                _ => 0.0,
            }
        })
        .fold(0.0, f32::max)
}

/// Words with which a comment begins to say when there is no value.
pub(super) const EMPTY: [&str; 6] = ["empty", "null", "missing", "blank", "unset", "none"];

/// Whether two words name the same moment: "sale" and "bought".
pub(super) fn are_one_moment(one: &Word, other: &Word) -> bool {
    let is_in = |family: &[&str], word: &Word| {
        family
            .iter()
            .any(|member| *member == word.text || stem(member) == word.stem)
    };
    MOMENTS
        .iter()
        .any(|family| is_in(family, one) && is_in(family, other))
}
