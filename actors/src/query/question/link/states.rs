//! States that last until a time: `empty while it is still inside`.

use super::{Link, Target, is_filler};
use crate::query::question::catalog::{Column, Role};
use crate::query::question::vocabulary::HARMLESS;
use crate::query::question::words::{Word, words};

/// Ties the word for a state to the time that ends it.
pub(super) fn state_links(asked: &[Word], at: usize, column: &Column, links: &mut Vec<Link>) {
    let Some(state) = state_without(column) else {
        return;
    };
    for (start, word) in asked.iter().enumerate() {
        if word.text == state.text && !word.quoted {
            links.push(Link {
                words: start..start + 1,
                target: Target::Column(at),
                strength: 1.15,
            });
        }
    }
}

/// The state that the comment of a time says rows are in as long as they do not have it.
pub fn state_without(column: &Column) -> Option<Word> {
    if column.role != Role::Time || !column.is_nullable() {
        return None;
    }
    let said = words(&column.comment);
    let lasts = said.windows(2).position(|pair| {
        matches!(pair[0].text.as_str(), "empty" | "missing" | "null")
            && matches!(pair[1].text.as_str(), "while" | "whilst")
    })?;
    let clause = &said[lasts + 2..];
    let end = clause
        .iter()
        .position(|word| word.stop.is_some())
        .map_or(clause.len(), |end| end + 1);
    // "while the patient is in hospital" names a place, which is no state.
    let (state, before) = clause[..end].split_last()?;
    let is_said = before
        .last()
        .is_none_or(|verb| matches!(verb.text.as_str(), "is" | "are" | "still"));
    (is_said && !is_filler(state) && !HARMLESS.contains(&state.text.as_str())).then(|| state.clone())
}
