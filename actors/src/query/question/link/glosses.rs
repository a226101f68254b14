//! Codes that a column's comment explains: `EXP express, STD standard`, `1 with cargo, 0 empty`.

use super::values::{likeness_of_value, value_matches};
use super::{Link, Target, is_filler};
use crate::query::question::catalog::{Column, Role};
use crate::query::question::vocabulary::HARMLESS;
use crate::query::question::words::{Word, words};

/// Words of an explanation that are read.
const MOST_WORDS: usize = 5;

/// Ties to values by what the column's comment calls them.
pub(super) fn gloss_links(asked: &[Word], at: usize, column: &Column, links: &mut Vec<Link>) {
    if column.comment.is_empty() || !matches!(column.role, Role::Dimension | Role::Flag | Role::Id) {
        return;
    }
    for (value, phrase) in glosses(column) {
        // "used" may be what a code stands for, and says nothing by itself; "travel" says something.
        if HARMLESS.contains(&phrase.as_str()) && words(&phrase).iter().all(Word::is_participle) {
            continue;
        }
        let mut matches = value_matches(asked, &phrase);
        matches.extend(derived(asked, &phrase));
        for (words, strength) in matches {
            links.push(Link {
                words,
                target: Target::Value(at, value.clone()),
                strength,
            });
        }
    }
}

/// "northern" for what is called north.
fn derived(asked: &[Word], phrase: &str) -> Vec<(std::ops::Range<usize>, f32)> {
    let named: Vec<Word> = words(phrase)
        .into_iter()
        .filter(|word| !is_filler(word))
        .collect();
    let [only] = named.as_slice() else {
        return Vec::new();
    };
    let is_derived = |word: &Word| {
        only.text.len() >= 4
            && word.text.len() <= only.text.len() + 4
            && word.text.starts_with(&only.text)
            && likeness_of_value(word, only) == 0.0
    };
    asked
        .iter()
        .enumerate()
        .filter(|(_, word)| is_derived(word))
        .map(|(start, _)| (start..start + 1, 0.9))
        .collect()
}

/// The values that a comment explains, each with its explanation: words behind the value up to the next value or stop.
pub(super) fn glosses(column: &Column) -> Vec<(String, String)> {
    let flags = ["0".to_owned(), "1".to_owned()];
    let values: &[String] = if column.role == Role::Flag {
        &flags
    } else {
        &column.values
    };
    let said = words(&column.comment);
    let value_at = |word: &Word| {
        values.iter().find(|value| {
            let value = value.trim();
            word.raw == value || value.len() > 3 && word.text == value.to_lowercase()
        })
    };
    let mut found = Vec::new();
    for (place, word) in said.iter().enumerate() {
        let Some(value) = value_at(word).filter(|_| !ends(word)) else {
            continue;
        };
        let mut phrase = Vec::new();
        for next in said.iter().skip(place + 1).take(MOST_WORDS) {
            if value_at(next).is_some() {
                break;
            }
            if next.text != "=" {
                phrase.push(next.text.as_str());
            }
            if ends(next) {
                break;
            }
        }
        // "1 if it came back", "1 when the alarm was on" state a condition, which is no name.
        let is_name = phrase
            .first()
            .is_some_and(|first| !matches!(*first, "if" | "when" | "or" | "and" | "to" | "for" | "means"));
        if is_name {
            found.push((value.clone(), phrase.join(" ")));
        }
    }
    found
}

/// Whether an explanation ends with this word.
fn ends(word: &Word) -> bool {
    matches!(word.stop, Some(',' | ';' | '.' | '('))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(comment: &str, role: Role, values: &[&str]) -> Vec<(String, String)> {
        glosses(&Column {
            name: "code".to_owned(),
            comment: comment.to_owned(),
            role,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            ..Column::default()
        })
    }

    #[test]
    fn explanations_of_codes_are_found() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            of(
                "EXP express, STD standard mail; ECO = economy",
                Role::Dimension,
                &["EXP", "STD", "ECO"]
            ),
            [
                pair("EXP", "express"),
                pair("STD", "standard mail"),
                pair("ECO", "economy")
            ]
        );
        assert_eq!(
            of("grid region: N north, S south", Role::Dimension, &["N", "S"]),
            [pair("N", "north"), pair("S", "south")]
        );
        assert_eq!(
            of("1 with cargo, 0 empty", Role::Flag, &[]),
            [pair("1", "with cargo"), pair("0", "empty")]
        );
        assert_eq!(of("1 if it came back", Role::Flag, &[]), []);
        assert_eq!(
            of("peak, day or night", Role::Dimension, &["peak", "day", "night"]),
            []
        );
    }
}
