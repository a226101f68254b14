//! Names that stand for codes in a column.

use super::{Link, Target};
use crate::query::question::catalog::Column;
use crate::query::question::vocabulary::{CODES, COUNTRIES, STATES};
use crate::query::question::words::{self, Word, identifier_words};

/// Names that stand for codes: California for CA, Germany for DE, pounds for GBP.
pub(super) fn code_links(words: &[Word], at: usize, column: &Column, links: &mut Vec<Link>) {
    let has = |code: &str| {
        column
            .values
            .iter()
            .find(|value| value.eq_ignore_ascii_case(code))
    };
    let named = identifier_words(&column.name);
    let named = |wanted: &[&str]| named.iter().any(|word| wanted.contains(&word.text.as_str()));
    let is_country = named(&[
        "country",
        "nation",
        "market",
        "origin",
        "destination",
        "nationality",
        "land",
    ]);
    let is_state = named(&["state", "region", "province"]);
    let mut push = |name: &str, code: &str, bonus: f32| {
        let Some(value) = has(code) else { return };
        let parts: Vec<Word> = words::words(name);
        for start in 0..words.len().saturating_sub(parts.len() - 1) {
            let window = &words[start..start + parts.len()];
            let same = window.iter().zip(&parts).all(|(word, part)| {
                word.text == part.text || parts.len() == 1 && word.stem == part.stem && part.text.len() > 3
            });
            if same {
                links.push(Link {
                    words: start..start + parts.len(),
                    target: Target::Value(at, value.clone()),
                    strength: 1.0 + bonus + 0.3 * (parts.len() as f32 - 1.0),
                });
            }
        }
    };
    for (name, two, three, adjective) in COUNTRIES {
        let bonus = if is_country {
            0.15
        } else if is_state {
            -0.3
        } else {
            0.0
        };
        for name in [name, adjective] {
            push(name, two, bonus);
            push(name, three, bonus);
        }
    }
    for (name, code) in STATES {
        push(
            name,
            code,
            if is_state {
                0.15
            } else if is_country {
                -0.3
            } else {
                0.0
            },
        );
    }
    for (name, code) in CODES {
        push(name, code, 0.0);
    }
    initials(words, at, column, links);
    // Codes are known and their names are what the column has.
    for (name, two, three, adjective) in COUNTRIES {
        for (start, word) in words.iter().enumerate() {
            let code = word.raw == two && word.is_upper() || word.raw == three || word.text == adjective;
            if code && let Some(value) = has(name) {
                links.push(Link {
                    words: start..start + 1,
                    target: Target::Value(at, value.clone()),
                    strength: 1.0,
                });
            }
        }
    }
}

/// "Frankfurt" for FRA, "North America" for NA: names in capitals whose letters a code has, where only one code fits.
fn initials(words: &[Word], at: usize, column: &Column, links: &mut Vec<Link>) {
    let is_code = |value: &String| {
        (2..=4).contains(&value.len()) && value.bytes().all(|letter| letter.is_ascii_uppercase())
    };
    if column.values.is_empty() || !column.values.iter().all(is_code) {
        return;
    }
    let is_name = |word: &Word| word.raw.starts_with(char::is_uppercase) && !word.is_upper() && !word.quoted;
    let mut push = |range: std::ops::Range<usize>, fits: &dyn Fn(&str) -> bool| {
        let mut fitting = column.values.iter().filter(|value| fits(value.as_str()));
        if let (Some(value), None) = (fitting.next(), fitting.next()) {
            links.push(Link {
                strength: 0.6 + 0.4 * (range.len() as f32 - 1.0),
                words: range,
                target: Target::Value(at, value.clone()),
            });
        }
    };
    // The first word of a question is written large whatever it is.
    for start in 1..words.len() {
        if !is_name(&words[start]) {
            continue;
        }
        let name = words[start].raw.to_uppercase();
        push(start..start + 1, &|code| {
            let mut letters = name.chars();
            code.len() == 3
                && name.starts_with(&code[..1])
                && code.chars().all(|c| letters.any(|letter| letter == c))
        });
        if let Some(next) = words.get(start + 1).filter(|next| is_name(next)) {
            let both: String = [&words[start], next]
                .iter()
                .filter_map(|word| word.raw.chars().next())
                .collect();
            // "New York" for NY, and for NYC.
            push(start..start + 2, &|code| {
                code == both || code == format!("{both}C")
            });
        }
    }
}
