//! Names that the first letters of words make: "operating system" for what is called `os`.

use super::names::Name;
use super::{Link, Target, is_filler};
use crate::query::question::catalog::{Column, Role};
use crate::query::question::words::Word;

/// Parts of names that are shortened words rather than first letters.
const SHORTENED: [&str; 10] = ["id", "no", "nr", "cd", "nm", "by", "cc", "wh", "op", "tx"];

/// Ties of words that follow each other to a column that has their first letters in its name, with another word of the name
/// before them: "runner operating system" for `runnerOs`.
pub(super) fn acronym_links(words: &[Word], at: usize, column: &Column, links: &mut Vec<Link>) {
    if column.role != Role::Dimension {
        return;
    }
    let name = Name::of(column).words;
    for (place, letters) in name.iter().map(|named| named.text.as_str()).enumerate() {
        let count = letters.len();
        if !(2..=4).contains(&count) || SHORTENED.contains(&letters) {
            continue;
        }
        for start in 0..(words.len() + 1).saturating_sub(count) {
            if !spells(&words[start..start + count], letters) {
                continue;
            }
            let before = start.checked_sub(1).filter(|before| {
                name.iter()
                    .enumerate()
                    .any(|(other, named)| other != place && named.stem == words[*before].stem)
            });
            links.push(Link {
                words: before.unwrap_or(start)..start + count,
                target: Target::Column(at),
                strength: if before.is_some() { 1.7 } else { 1.3 },
            });
        }
    }
}

/// Whether words, none of them small, begin with these letters.
fn spells(words: &[Word], letters: &str) -> bool {
    let joined = words[..words.len() - 1].iter().all(|word| word.stop.is_none());
    joined
        && words
            .iter()
            .zip(letters.chars())
            .all(|(word, letter)| word.text.len() > 3 && !is_filler(word) && word.text.starts_with(letter))
}
