//! Words of a question tied to what a table has: columns, values, its rows.
//!
//! Every tie has a strength; overlapping ones compete and the strongest stay ([`strongest`]).

mod codes;
mod glosses;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use self::codes::code_links;
use self::glosses::gloss_links;
use super::catalog::{Column, Role, Table};
use super::vocabulary::{FAMILIES, FILLERS, HARMLESS};
use super::words::{Word, identifier_words, stem};

/// Words tied to something.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Which words.
    pub words: Range<usize>,
    /// To what.
    pub target: Target,
    /// How surely: about 1 for one exact word, more for more words.
    pub strength: f32,
}

/// What words are tied to.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// A column, by its place.
    Column(usize),
    /// A value of a column.
    Value(usize, String),
    /// The rows of the table.
    Rows,
    /// SQL that the team's glossary gives.
    Formula(String),
}

/// What a name can end with and mean no more by it.
const DIMENSION_ENDINGS: [&str; 15] = [
    "id", "ids", "uuid", "guid", "key", "no", "number", "code", "name", "nr", "sku", "type", "kind", "cd",
    "nm",
];

/// A column's name, prepared for comparing.
struct Name {
    /// Its words that carry meaning.
    words: Vec<Word>,
    /// Units and endings that may be said too.
    extra: Vec<Word>,
}

const UNITS: [&str; 45] = [
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
const FLAG_STARTS: [&str; 8] = ["is", "has", "was", "can", "did", "should", "had", "are"];
const ID_ENDINGS: [&str; 11] = [
    "id", "ids", "uuid", "guid", "key", "no", "number", "code", "name", "nr", "sku",
];

impl Name {
    fn of(column: &Column) -> Self {
        let all = identifier_words(&column.name);
        let strip: &[&str] = match column.role {
            Role::Dimension | Role::Text => &DIMENSION_ENDINGS,
            Role::Id => &ID_ENDINGS,
            Role::Time => &TIME_ENDINGS,
            Role::Measure => &UNITS,
            Role::Flag | Role::List => &[],
        };
        let keep = |at: usize, word: &Word| match column.role {
            Role::Flag => at > 0 || !FLAG_STARTS.contains(&word.text.as_str()),
            Role::Measure => at == 0 || !strip.contains(&word.text.as_str()),
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

/// How well a word of the question fits a word of a name: 1 is the same, 0 not at all.
pub fn likeness(asked: &Word, named: &Word) -> f32 {
    if asked.text == named.text {
        return 1.0;
    }
    if asked.stem == named.stem {
        return 0.95;
    }
    if are_family(&asked.stem, &named.text) {
        return 0.6;
    }
    let long = asked.stem.len() >= 5 && named.stem.len() >= 5;
    if long && strsim::damerau_levenshtein(&asked.text, &named.text) == 1 {
        return 0.8;
    }
    // usage / used, delivery / delivered
    let shorter = asked.stem.len().min(named.stem.len());
    if shorter >= 5 && (asked.stem.starts_with(&named.stem) || named.stem.starts_with(&asked.stem)) {
        return 0.75;
    }
    0.0
}

/// Whether a word of the question, by its stem, and a word of a name are in one family. The name's word counts as it is:
/// an application is no applicant.
fn are_family(asked_stem: &str, named: &str) -> bool {
    static OF_STEM: LazyLock<HashMap<String, Vec<usize>>> = LazyLock::new(|| {
        let mut families: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, family) in FAMILIES.iter().enumerate() {
            for member in *family {
                families.entry(stem(member)).or_default().push(at);
            }
        }
        families
    });
    let Some(families) = OF_STEM.get(asked_stem) else {
        return false;
    };
    let singular = named.strip_suffix('s').unwrap_or(named);
    families.iter().any(|family| {
        FAMILIES[*family]
            .iter()
            .any(|member| *member == named || *member == singular)
    })
}

/// All ties of the words to the table, overlapping as they may.
pub fn links(words: &[Word], table: &Table) -> Vec<Link> {
    let mut links = Vec::new();
    for (at, column) in table.columns.iter().enumerate() {
        column_links(words, at, column, &mut links);
        value_links(words, at, column, &mut links);
        gloss_links(words, at, column, &mut links);
    }
    row_links(words, table, &mut links);
    prefer_main_time(words, table, &mut links);
    links
}

/// Whatever is in a table of applications was applied for: the verb of the main time says nothing about a state.
fn prefer_main_time(words: &[Word], table: &Table, links: &mut [Link]) {
    let Some(main) = table
        .main_time()
        .and_then(|name| table.columns.iter().position(|column| column.name == name))
    else {
        return;
    };
    let stems: Vec<String> = Name::of(&table.columns[main])
        .words
        .into_iter()
        .map(|word| word.stem)
        .collect();
    for link in links {
        let is_verb = link.words.len() == 1
            && words[link.words.start].text.ends_with("ed")
            && stems.contains(&words[link.words.start].stem);
        if is_verb && link.target == Target::Column(main) {
            link.strength += 0.5;
        }
    }
}

/// The strongest of them that do not overlap, in the order of the words.
pub fn strongest<T>(mut candidates: Vec<(Range<usize>, f32, T)>) -> Vec<(Range<usize>, f32, T)> {
    candidates.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.start.cmp(&b.0.start)));
    let mut chosen: Vec<(Range<usize>, f32, T)> = Vec::new();
    for (words, strength, item) in candidates {
        if chosen
            .iter()
            .all(|(taken, ..)| words.end <= taken.start || words.start >= taken.end)
        {
            chosen.push((words, strength, item));
        }
    }
    chosen.sort_by_key(|(words, ..)| words.start);
    chosen
}

fn is_filler(word: &Word) -> bool {
    !word.quoted && FILLERS.contains(&word.text.as_str())
}

fn column_links(words: &[Word], at: usize, column: &Column, links: &mut Vec<Link>) {
    let name = Name::of(column);
    if name.words.is_empty() {
        return;
    }
    let mut push = |range: Range<usize>, strength: f32| {
        links.push(Link {
            words: range,
            target: Target::Column(at),
            strength,
        });
    };
    for start in 0..words.len() {
        // All words of the name, in any order, with nothing but fillers between.
        for length in (1..=(name.words.len() + name.extra.len() + 1).min(words.len() - start)).rev() {
            let window = &words[start..start + length];
            if let Some(strength) = covers(window, &name) {
                // "a patient" is somebody, even where a value of another column is called so too.
                let is_thing = column.role == Role::Id && start > 0 && words[start - 1].text != "by";
                push(start..start + length, strength + if is_thing { 0.1 } else { 0.0 });
                break;
            }
        }
        if is_filler(&words[start]) {
            continue;
        }
        // One of its words: the last says most.
        let one = name.words.iter().enumerate().map(|(place, named)| {
            let weight = if place + 1 == name.words.len() { 0.8 } else { 0.55 };
            weight * likeness(&words[start], named)
        });
        let best = one.fold(0.0, f32::max);
        let unit = name
            .extra
            .iter()
            .map(|unit| {
                if unit.stem == words[start].stem && unit.text.len() > 1 {
                    0.7
                } else {
                    0.0
                }
            })
            .fold(0.0, f32::max);
        let comment = comment_likeness(&words[start], column);
        let strength = best.max(unit).max(comment);
        if strength >= 0.3 && name.words.len() + name.extra.len() > 1 || strength >= 0.5 {
            push(start..start + 1, strength - 0.1);
        }
    }
}

/// What a column's comment says counts less than its name.
fn comment_likeness(word: &Word, column: &Column) -> f32 {
    if column.comment.is_empty() || word.text.len() < 4 || HARMLESS.contains(&word.text.as_str()) {
        return 0.0;
    }
    let said = super::words::words(&column.comment);
    let hit = said
        .iter()
        .take(30)
        .any(|said| said.stem == word.stem && !is_filler(said));
    if hit { 0.55 } else { 0.0 }
}

fn covers(window: &[Word], name: &Name) -> Option<f32> {
    let mut used = vec![false; name.words.len()];
    let mut total = 0.0;
    let mut extra = 0.0;
    for (place, word) in window.iter().enumerate() {
        let best = name
            .words
            .iter()
            .enumerate()
            .filter(|(at, _)| !used[*at])
            .map(|(at, named)| (at, likeness(word, named)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        match best {
            Some((at, likeness)) if likeness > 0.5 => {
                used[at] = true;
                total += likeness;
            }
            _ if name.extra.iter().any(|unit| unit.stem == word.stem) => extra += 0.2,
            // "number of items", never at the rims.
            _ if place > 0 && place + 1 < window.len() && matches!(word.text.as_str(), "of" | "the") => {}
            _ => return None,
        }
    }
    if used.iter().any(|used| !used) {
        return None;
    }
    let count = used.len() as f32;
    // The name itself outdoes whatever has the same stems.
    let exact = if count > 1.0 && total == count { 0.2 } else { 0.0 };
    Some(total / count + 0.4 * (count - 1.0) + extra + 0.15 + exact)
}

fn row_links(words: &[Word], table: &Table, links: &mut Vec<Link>) {
    let name = Name {
        words: table.words(),
        extra: Vec::new(),
    };
    let mut push = |range: Range<usize>, strength| {
        links.push(Link {
            words: range,
            target: Target::Rows,
            strength,
        });
    };
    let said = super::words::words(&table.comment);
    for start in 0..words.len() {
        for length in (1..=(name.words.len() + 1).min(words.len() - start)).rev() {
            if let Some(strength) = covers(&words[start..start + length], &name) {
                push(start..start + length, strength);
                break;
            }
        }
        let word = &words[start];
        if !is_filler(word) && word.text.len() > 3 && said.iter().any(|said| said.stem == word.stem) {
            push(start..start + 1, 0.45);
        }
        if let Some(last) = name.words.last() {
            let likeness = likeness(word, last);
            if likeness > 0.7 {
                push(start..start + 1, 0.95 * likeness);
            } else if likeness > 0.5 {
                push(start..start + 1, 0.5);
            }
        }
        for named in name.words.iter().rev().skip(1) {
            if likeness(word, named) > 0.9 {
                push(start..start + 1, 0.6);
            }
        }
        if matches!(
            word.stem.as_str(),
            "row" | "record" | "entri" | "event" | "messag" | "observ" | "datapoint"
        ) {
            push(start..start + 1, 0.65);
        }
    }
}

fn value_links(words: &[Word], at: usize, column: &Column, links: &mut Vec<Link>) {
    if !matches!(column.role, Role::Dimension | Role::Id | Role::List | Role::Text) || column.is_number() {
        return;
    }
    // Most values have nothing to do with the question; that is seen without taking them apart.
    let starts: Vec<String> = words
        .iter()
        .map(|word| word.text.chars().take(3).collect())
        .collect();
    for value in &column.values {
        let lower = value.to_lowercase();
        if !starts.iter().any(|start| lower.contains(start.as_str())) {
            continue;
        }
        for (range, strength) in value_matches(words, value) {
            links.push(Link {
                words: range,
                target: Target::Value(at, value.clone()),
                strength,
            });
        }
    }
    if matches!(column.role, Role::Dimension | Role::List) {
        code_links(words, at, column, links);
    }
}

fn value_matches(words: &[Word], value: &str) -> Vec<(Range<usize>, f32)> {
    let mut found = Vec::new();
    let lower = value.trim().to_lowercase();
    if lower.is_empty() {
        return found;
    }
    // "AirOne Pro" is written in two words, "addToCart" in one.
    let parts: Vec<Word> = if value.contains([' ', '_', '-']) {
        super::words::words(&value.replace(['_', '-'], " "))
    } else {
        identifier_words(value)
    };
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
        if word.text == lower {
            // Short codes and everyday words must be written as the value is.
            let everyday = is_filler(word) || lower.len() <= 2;
            if !everyday || word.raw == value.trim() && word.is_upper() || word.quoted {
                found.push((start..start + 1, if word.quoted { 3.0 } else { 1.2 }));
                continue;
            }
        }
        if word.quoted || meaning.is_empty() {
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
        if let Some(range) = spread(words, start, &meaning) {
            found.push((range, 1.1 + 0.4 * (meaning.len() as f32 - 1.0)));
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
fn likeness_of_value(asked: &Word, named: &Word) -> f32 {
    match () {
        () if asked.text == named.text => 1.0,
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

/// All parts of a value from `start` on, in any order, with few words between.
fn spread(words: &[Word], start: usize, parts: &[&Word]) -> Option<Range<usize>> {
    let mut left: Vec<&Word> = parts.to_vec();
    let mut gaps = 0;
    for (at, word) in words.iter().enumerate().skip(start) {
        if let Some(found) = left.iter().position(|part| likeness_of_value(word, part) > 0.0) {
            left.remove(found);
            if left.is_empty() {
                return Some(start..at + 1);
            }
        } else if at == start {
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
