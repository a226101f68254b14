//! Words tied to values.

use std::ops::Range;

use super::codes::code_links;
use super::glosses::glosses;
use super::{Link, Target, is_filler};
use crate::query::question::catalog::{Column, Role};
use crate::query::question::vocabulary::DOINGS;
use crate::query::question::words::{self, Word, name_parts};

/// States that end the one of being open.
const ENDS: [&str; 6] = ["closed", "resolved", "solved", "pending", "waiting", "done"];

/// Ties to a column's values: as they are written, spelled out, or by names that stand for codes.
pub(super) fn value_links(words: &[Word], at: usize, column: &Column, links: &mut Vec<Link>) {
    if !matches!(column.role, Role::Dimension | Role::Id | Role::List | Role::Text) || column.is_number() {
        return;
    }
    // Most values have nothing to do with the question; that is seen without taking them apart.
    let many = column.values.len() > 100;
    let starts: Vec<String> = words
        .iter()
        .map(|word| word.text.chars().take(3).collect())
        .collect();
    for value in &column.values {
        let lower = value.to_lowercase();
        if many && !starts.iter().any(|start| lower.contains(start.as_str())) {
            continue;
        }
        // What was opened need not be open any more, where things close.
        let only_open = lower == "open"
            && column
                .values
                .iter()
                .any(|value| ENDS.contains(&value.to_lowercase().as_str()));
        for (range, strength) in value_matches(words, value) {
            if only_open && words[range.start].text != "open" {
                continue;
            }
            links.push(Link {
                words: range,
                target: Target::Value(at, value.clone()),
                strength,
            });
        }
    }
    if matches!(column.role, Role::Dimension | Role::List) {
        code_links(words, at, column, links);
        doing_links(words, at, column, links);
    }
}

/// "bought" for purchase, "American Express" for amex: values by what people say instead.
fn doing_links(words: &[Word], at: usize, column: &Column, links: &mut Vec<Link>) {
    let glosses = glosses(column);
    for (phrases, values) in DOINGS {
        // "on their way" for TRN, where that stands for "in transit".
        let explained = || {
            values.iter().find_map(|wanted| {
                let called = |(_, phrase): &&(String, String)| phrase.replace(' ', "_") == **wanted;
                glosses.iter().find(called).map(|(value, _)| value.as_str())
            })
        };
        let Some(value) = done_in(column, values).or_else(explained) else {
            continue;
        };
        for phrase in *phrases {
            let parts: Vec<&str> = phrase.split(' ').collect();
            for start in 0..(words.len() + 1).saturating_sub(parts.len()) {
                let window = &words[start..start + parts.len()];
                // What is for sale is not sold yet.
                let offered = *phrase == "sale" && start > 0 && words[start - 1].text == "for";
                if !offered
                    && window
                        .iter()
                        .zip(&parts)
                        .all(|(word, part)| !word.quoted && word.text == **part)
                {
                    links.push(Link {
                        words: start..start + parts.len(),
                        target: Target::Value(at, value.to_owned()),
                        strength: 0.78 + 0.5 * (parts.len() as f32 - 1.0),
                    });
                }
            }
        }
    }
}

/// The first of some values that a column has, however it is written.
pub fn done_in<'a>(column: &'a Column, values: &[&str]) -> Option<&'a str> {
    const MOST_VALUES: usize = 60;
    if column.values.len() > MOST_VALUES {
        return None;
    }
    values.iter().find_map(|wanted| {
        column
            .values
            .iter()
            .find(|value| value.to_lowercase().replace([' ', '-'], "_") == **wanted)
            .map(String::as_str)
    })
}

/// Where the words say a value, and how surely.
pub(super) fn value_matches(words: &[Word], value: &str) -> Vec<(Range<usize>, f32)> {
    let mut found = Vec::new();
    let lower = value.trim().to_lowercase();
    if lower.is_empty() {
        return found;
    }
    // "AirOne Pro" is written in two words, "addToCart" in one.
    let parts: Vec<Word> = if value.contains([' ', '_', '-']) {
        words::words(&value.replace(['_', '-'], " "))
    } else {
        name_parts(value)
    };
    // Nobody says the end of "yahoo.com".
    let is_host = value.contains('.') && !value.contains(' ');
    let parts: Vec<Word> = parts
        .into_iter()
        .filter(|part| {
            !(is_host && matches!(part.text.as_str(), "com" | "net" | "org" | "io" | "co" | "www"))
        })
        .collect();
    let meaning: Vec<&Word> = {
        let kept: Vec<&Word> = parts.iter().filter(|part| !is_filler(part)).collect();
        if kept.is_empty() {
            parts.iter().collect()
        } else {
            kept
        }
    };
    for start in 0..words.len() {
        let word = &words[start];
        // "ebike" is written "e-bike" or "e_bike" too.
        let is_joined = lower.len() == word.text.len() + 1
            && lower.as_bytes()[1..]
                .first()
                .is_some_and(|second| matches!(second, b'-' | b'_' | b' '))
            && lower.starts_with(&word.text[..1])
            && lower.ends_with(&word.text[1..]);
        if is_joined && word.text.is_ascii() {
            found.push((start..start + 1, 1.2));
            continue;
        }
        if word.text == lower {
            // Short codes and everyday words must be written as the value is.
            // "is ok": what is said of something is no code.
            let is_said =
                start > 0 && matches!(words[start - 1].text.as_str(), "is" | "are" | "was" | "were");
            let everyday = is_filler(word) || lower.len() <= 2 && !is_said;
            if !everyday || word.is_upper() && (word.raw == value.trim() || !is_filler(word)) || word.quoted {
                found.push((start..start + 1, if word.quoted { 3.0 } else { 1.2 }));
                continue;
            }
        }
        if word.quoted || meaning.is_empty() {
            continue;
        }
        // "e-commerce" is written in one word too.
        if let Some(next) = words.get(start + 1)
            && !next.quoted
            && lower.len() > 4
            && [&word.text, &word.stem].iter().any(|first| {
                lower.len() == first.len() + next.text.len() && lower.starts_with(first.as_str())
            })
            && lower.ends_with(&next.text)
        {
            found.push((start..start + 2, 1.5));
            continue;
        }
        if let [only] = meaning.as_slice() {
            if parts.len() == 1
                && !is_filler(word)
                && only.text.len() > 2
                && likeness_of_value(word, only) > 0.0
            {
                found.push((start..start + 1, 1.1 * likeness_of_value(word, only)));
            }
            continue;
        }
        if let [a, b] = meaning.as_slice() {
            found.extend(apart(words, start, [a, b]));
        }
        if let Some(range) = spread(words, start, &meaning, &parts) {
            // Small words between are said of it too: "cancelled by the rider".
            let between = (range.len() - meaning.len()) as f32;
            found.push((range, 1.1 + 0.4 * (meaning.len() as f32 - 1.0) + 0.15 * between));
        }
    }
    if parts.len() > 1 {
        found.extend(written_out(words, &parts));
    }
    found
}

/// The parts of a value as they are, one after the other: "no-shows", "us east", "in transit". Small words count here.
fn written_out(words: &[Word], parts: &[Word]) -> Vec<(Range<usize>, f32)> {
    let strength = 1.3 + 0.4 * (parts.len() as f32 - 1.0);
    words
        .windows(parts.len())
        .enumerate()
        .filter(|(_, window)| {
            window
                .iter()
                .zip(parts)
                .all(|(word, part)| !word.quoted && likeness_of_value(word, part) > 0.0)
        })
        .map(|(start, _)| (start..start + parts.len(), strength))
        .collect()
}

/// Values are names: their families do not count, their stems and small typing errors do.
pub(super) fn likeness_of_value(asked: &Word, named: &Word) -> f32 {
    let numbered = |word: &Word| word.text.ends_with(|c: char| c.is_ascii_digit());
    match () {
        () if asked.text == named.text => 1.0,
        // "players" are not all of them player1.
        () if numbered(named) && !numbered(asked) => 0.0,
        // "developers" are no branch that is called develop.
        () if is_doer_of(asked, named) => 0.0,
        () if asked.stem == named.stem => 0.95,
        () if asked.text.len() >= 6
            && named.text.len() >= 6
            && strsim::damerau_levenshtein(&asked.text, &named.text) == 1 =>
        {
            0.8
        }
        () => 0.0,
    }
}

/// Whether a word says who does what another one says: "developers" and "develop".
fn is_doer_of(asked: &Word, named: &Word) -> bool {
    let singular = asked.text.strip_suffix('s').unwrap_or(&asked.text);
    let doing = singular
        .strip_suffix("er")
        .or_else(|| singular.strip_suffix("or"));
    doing.is_some_and(|doing| named.text == doing || named.text.strip_suffix('e') == Some(doing))
}

/// "submitted more than 60 quizzes" for quiz_submitted: both parts, each by itself, with anything between.
fn apart(words: &[Word], start: usize, parts: [&Word; 2]) -> Option<(Range<usize>, f32)> {
    let is = |word: &Word, part: &Word| !word.quoted && likeness_of_value(word, part) > 0.9;
    let other = match parts {
        [a, b] if is(&words[start], a) => b,
        [a, b] if is(&words[start], b) => a,
        _ => return None,
    };
    let follows = words
        .iter()
        .enumerate()
        .any(|(at, word)| at != start && is(word, other));
    // Weaker than what is called by the word alone.
    follows.then_some((start..start + 1, 0.9))
}

/// All parts of a value from `start` on, in any order, with few words between.
fn spread(words: &[Word], start: usize, parts: &[&Word], value: &[Word]) -> Option<Range<usize>> {
    // What these join are two things, unless a value has them: "cancelled by the rider".
    const JOINTS: [&str; 9] = ["by", "per", "do", "does", "did", "with", "than", "each", "who"];
    let mut left: Vec<&Word> = parts.to_vec();
    let mut gaps = 0;
    for (at, word) in words.iter().enumerate().skip(start) {
        if let Some(found) = left.iter().position(|part| likeness_of_value(word, part) > 0.0) {
            left.remove(found);
            if left.is_empty() {
                return Some(start..at + 1);
            }
        } else if at == start
            || JOINTS.contains(&word.text.as_str()) && value.iter().all(|part| part.text != word.text)
        {
            return None;
        } else {
            gaps += if is_filler(word) { 1 } else { 2 };
            if gaps > 3 {
                return None;
            }
        }
    }
    None
}
