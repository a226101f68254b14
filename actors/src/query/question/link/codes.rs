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
