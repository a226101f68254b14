//! Names of columns, prepared for comparing with words.

use crate::query::question::catalog::{Column, Role};
use crate::query::question::units::Unit;
use crate::query::question::words::{Word, identifier_words, words};

/// What a name can end with and mean no more by it.
const DIMENSION_ENDINGS: [&str; 15] = [
    "id", "ids", "uuid", "guid", "key", "no", "number", "code", "name", "nr", "sku", "type", "kind", "cd",
    "nm",
];

/// A column's name, prepared for comparing.
pub(super) struct Name {
    /// Its words that carry meaning.
    pub(super) words: Vec<Word>,
    /// Units and endings that may be said too.
    pub(super) extra: Vec<Word>,
}

const UNITS: [&str; 54] = [
    "amount",
    "seconds",
    "milliseconds",
    "minutes",
    "hours",
    "days",
    "kwh",
    "mwh",
    "kilometers",
    "kilograms",
    "percent",
    "c",
    "f",
    "celsius",
    "usd",
    "eur",
    "gbp",
    "chf",
    "sek",
    "nok",
    "dkk",
    "pln",
    "cad",
    "aud",
    "jpy",
    "cents",
    "bytes",
    "mb",
    "gb",
    "kb",
    "watts",
    "w",
    "kw",
    "mm",
    "cm",
    "m",
    "hpa",
    "ppm",
    "db",
    "us",
    "g",
    "t",
    "tons",
    "liters",
    "l",
    "ml",
    "kmh",
    "mph",
    "v",
    "a",
    "pa",
    "bar",
    "ns",
    "km2",
];
const TIME_ENDINGS: [&str; 11] = [
    "milliseconds",
    "seconds",
    "epoch",
    "at",
    "time",
    "timestamp",
    "date",
    "on",
    "utc",
    "day",
    "datetime",
];
const FLAG_ENDINGS: [&str; 4] = ["flag", "indicator", "ind", "yn"];
const FLAG_STARTS: [&str; 8] = ["is", "has", "was", "can", "did", "should", "had", "are"];
const ID_ENDINGS: [&str; 11] = [
    "id", "ids", "uuid", "guid", "key", "no", "number", "code", "name", "nr", "sku",
];

impl Name {
    pub(super) fn of(column: &Column) -> Self {
        let mut all = identifier_words(&column.name);
        // Both are common, and only one of them fits.
        for word in all.iter_mut().filter(|word| word.text == "st") {
            let of_state = column.comment.to_lowercase().contains("state");
            *word = words(if of_state { "state" } else { "status" }).swap_remove(0);
        }
        let strip: &[&str] = match column.role {
            Role::Dimension | Role::Text => &DIMENSION_ENDINGS,
            Role::Id => &ID_ENDINGS,
            Role::Time => &TIME_ENDINGS,
            Role::Measure => &UNITS,
            Role::Flag | Role::List => &[],
        };
        let keep = |at: usize, word: &Word| match column.role {
            Role::Flag if at == 0 => !FLAG_STARTS.contains(&word.text.as_str()),
            Role::Flag => at + 1 < all.len() || !FLAG_ENDINGS.contains(&word.text.as_str()),
            Role::Measure => {
                let is_unit = word.text.len() > 1 && Unit::named(std::slice::from_ref(word)).is_some();
                at == 0 || !is_unit && !strip.contains(&word.text.as_str())
            }
            _ => at == 0 || at + 1 < all.len() || !strip.contains(&word.text.as_str()),
        };
        let (words, extra): (Vec<_>, Vec<_>) = all
            .iter()
            .cloned()
            .enumerate()
            .partition(|(at, word)| keep(*at, word));
        let bare = |list: Vec<(usize, Word)>| list.into_iter().map(|(_, word)| word).collect();
        Self {
            words: bare(words),
            extra: bare(extra),
        }
    }
}
