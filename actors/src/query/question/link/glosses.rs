//! Codes that a column's comment explains: `EXP express, STD standard`, `1 with cargo, 0 empty`.

use std::ops::Range;

use super::values::{likeness_of_value, value_matches};
use super::{Link, Target, is_filler};
use crate::query::question::catalog::{Column, Role};
use crate::query::question::vocabulary::HARMLESS;
use crate::query::question::words::{Word, words};

/// Words of an explanation that are read.
const MOST_WORDS: usize = 5;

/// Ties to values by what the column's comment calls them.
pub(super) fn gloss_links(asked: &[Word], at: usize, column: &Column, links: &mut Vec<Link>) {
    let can_be_code = matches!(
        column.role,
        Role::Dimension | Role::Flag | Role::Id | Role::Measure
    );
    if column.comment.is_empty() || !can_be_code {
        return;
    }
    for (value, phrase) in glosses(column) {
        // "used" may be what a code stands for, and says nothing by itself; "travel" says something.
        if HARMLESS.contains(&phrase.as_str()) && words(&phrase).iter().all(Word::is_participle) {
            continue;
        }
        let mut matches = value_matches(asked, &phrase);
        matches.extend(derived(asked, &phrase));
        matches.extend(said_in_part(asked, &phrase));
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
fn derived(asked: &[Word], phrase: &str) -> Vec<(Range<usize>, f32)> {
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
    let numbers;
    let values: &[String] = if matches!(column.role, Role::Flag | Role::Measure) {
        numbers = numbered_codes(column);
        &numbers
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
        // "IMX (IMAX)" explains it in brackets.
        let in_brackets = word.stop == Some('(');
        let Some(value) = value_at(word).filter(|_| in_brackets || !ends(word)) else {
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
            if ends(next) || in_brackets && next.stop.is_some() {
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
    // "from 1 to 5 stars" tells a range: numbers are codes only when each of several is explained.
    if column.role == Role::Measure && found.len() < 2 {
        found.clear();
    }
    found
}

/// The numbers that can be codes: both sides of a flag, or a few whole numbers in a row.
fn numbered_codes(column: &Column) -> Vec<String> {
    const MOST_CODES: i64 = 12;
    if column.role == Role::Flag {
        return vec!["0".to_owned(), "1".to_owned()];
    }
    match (column.min.parse::<i64>(), column.max.parse::<i64>()) {
        (Ok(first), Ok(last)) if column.plain_type().contains("Int") && last - first < MOST_CODES => {
            (first..=last).map(|code| code.to_string()).collect()
        }
        _ => Vec::new(),
    }
}

/// "traffic collisions" for "road traffic collision": words of a longer explanation that follow each other, the last among
/// them.
fn said_in_part(asked: &[Word], phrase: &str) -> Vec<(Range<usize>, f32)> {
    let named: Vec<Word> = words(phrase)
        .into_iter()
        .filter(|word| !is_filler(word))
        .collect();
    if named.len() < 3 {
        return Vec::new();
    }
    let part = &named[named.len() - 2..];
    asked
        .windows(2)
        .enumerate()
        .filter(|(_, window)| {
            window[0].stop.is_none()
                && window
                    .iter()
                    .zip(part)
                    .all(|(word, part)| likeness_of_value(word, part) > 0.0)
        })
        .map(|(start, _)| (start..start + 2, 1.4))
        .collect()
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
