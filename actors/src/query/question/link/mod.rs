//! Words of a question tied to what a table has: columns, values, its rows.
//!
//! Every tie has a strength; overlapping ones compete and the strongest stay ([`strongest`]).

mod codes;
mod glosses;
mod names;
mod values;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use self::glosses::gloss_links;
use self::names::Name;
use self::values::value_links;
use super::catalog::{Column, Role, Table};
use super::vocabulary::{FAMILIES, FILLERS, HARMLESS, OPPOSITES};
use super::words::{Word, stem};

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
    if abbreviates(&named.text, &asked.text) {
        return 0.85;
    }
    // tech / technology
    if named.text.len() >= 4
        && asked.text.len() >= named.text.len() + 4
        && asked.text.starts_with(&named.text)
        && !HARMLESS.contains(&asked.text.as_str())
    {
        return 0.75;
    }
    let long = asked.stem.len() >= 5 && named.stem.len() >= 5;
    if long && strsim::damerau_levenshtein(&asked.text, &named.text) == 1 {
        return 0.8;
    }
    // usage / used, delivery / delivered
    let shorter = asked.stem.len().min(named.stem.len());
    if shorter >= 5
        && !HARMLESS.contains(&asked.text.as_str())
        && (asked.stem.starts_with(&named.stem) || named.stem.starts_with(&asked.stem))
    {
        return 0.75;
    }
    0.0
}

/// Whether a part of a name is a word without its vowels: `trk` for truck, `rgn` for region, `drv` for driver.
fn abbreviates(short: &str, long: &str) -> bool {
    let is_vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u');
    if !(2..=5).contains(&short.len()) || short.chars().skip(1).any(is_vowel) || long.len() <= short.len() {
        return false;
    }
    let long = long.strip_suffix('s').unwrap_or(long);
    let mut letters = long.chars();
    let skeleton: String = letters
        .next()
        .into_iter()
        .chain(letters.filter(|c| !is_vowel(*c)))
        .collect();
    if skeleton == short {
        return true;
    }
    let mut rest = skeleton.chars();
    let is_within = short.chars().all(|wanted| rest.any(|c| c == wanted));
    short.len() >= 3
        && short.chars().next() == skeleton.chars().next()
        && (skeleton.starts_with(short) || is_within && skeleton.chars().last() == short.chars().last())
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
        opposite_links(words, at, column, &mut links);
        gloss_links(words, at, column, &mut links);
    }
    row_links(words, table, &mut links);
    money_links(words, table, &mut links);
    prefer_named_values(words, table, &mut links);
    prefer_directions(words, table, &mut links);
    prefer_main_time(words, table, &mut links);
    links
}

/// "rejected" where a flag says what was accepted.
fn opposite_links(words: &[Word], at: usize, column: &Column, links: &mut Vec<Link>) {
    if column.role != Role::Flag {
        return;
    }
    let named: Vec<Word> = Name::of(column).words;
    for (start, word) in words.iter().enumerate() {
        let is_opposite = OPPOSITES.iter().any(|(a, b)| {
            let other = match word.stem.as_str() {
                said if said == stem(a) => b,
                said if said == stem(b) => a,
                _ => return false,
            };
            named.last().is_some_and(|last| last.stem == stem(other))
        });
        if is_opposite && !is_filler(word) {
            links.push(Link {
                words: start..start + 1,
                target: Target::Value(at, "0".to_owned()),
                strength: 0.95,
            });
        }
    }
}

/// "revenue", "income", "money": the column of money that is most likely meant, if no other is named.
fn money_links(words: &[Word], table: &Table, links: &mut Vec<Link>) {
    const EARNED: [&str; 11] = [
        "revenue", "income", "sales", "turnover", "earnings", "earned", "earn", "takings", "proceeds",
        "money", "charged",
    ];
    const SPENT: [&str; 5] = ["spend", "spent", "spending", "expenses", "expenditure"];
    const NAMES: [&str; 11] = [
        "revenue", "sales", "amount", "total", "price", "fare", "paid", "fee", "cost", "spend", "value",
    ];
    let place = |at: usize| {
        let named = super::words::identifier_words(&table.columns[at].name);
        NAMES
            .iter()
            .position(|name| named.iter().any(|word| word.text == *name))
    };
    let money = (0..table.columns.len()).filter(|at| table.columns[*at].role == Role::Measure);
    let Some((_, column)) = money.filter_map(|at| Some((place(at)?, at))).min() else {
        return;
    };
    for (start, word) in words.iter().enumerate() {
        if EARNED.contains(&word.text.as_str()) || SPENT.contains(&word.text.as_str()) {
            links.push(Link {
                words: start..start + 1,
                target: Target::Column(column),
                strength: 0.42,
            });
        }
    }
}

/// "night shift", "student type": a value beside the name of its column is a value of that.
fn prefer_named_values(words: &[Word], table: &Table, links: &mut [Link]) {
    let names: Vec<(usize, Vec<Word>)> = table
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| (at, Name::of(column).words))
        .collect();
    for link in links {
        let Target::Value(at, _) = &link.target else {
            continue;
        };
        let beside = [link.words.start.checked_sub(1), Some(link.words.end)];
        let is_named = beside
            .into_iter()
            .flatten()
            .filter_map(|place| words.get(place))
            .any(|word| {
                names[*at]
                    .1
                    .last()
                    .is_some_and(|last| !is_filler(word) && likeness(word, last) >= 0.85)
            });
        // "booking source" names the column, not the value booking.com of it.
        let names_column = words[link.words.clone()]
            .iter()
            .all(|word| names[*at].1.iter().any(|named| named.stem == word.stem));
        if is_named && !names_column {
            link.strength += 1.6;
        }
    }
}

/// "to the airport", "from Berlin": where one value is in two columns the preposition says in which it is meant.
fn prefer_directions(words: &[Word], table: &Table, links: &mut [Link]) {
    const FROM: [&str; 9] = [
        "from",
        "origin",
        "source",
        "start",
        "pickup",
        "departure",
        "sender",
        "begin",
        "dep",
    ];
    const TO: [&str; 11] = [
        "to",
        "dest",
        "destination",
        "target",
        "end",
        "drop",
        "dropoff",
        "arrival",
        "recipient",
        "finish",
        "arr",
    ];
    let is_called = |at: usize, names: &[&str]| {
        super::words::identifier_words(&table.columns[at].name)
            .iter()
            .any(|word| names.contains(&word.text.as_str()))
    };
    for link in links {
        let Target::Value(at, _) = &link.target else {
            continue;
        };
        let mut before = words[..link.words.start]
            .iter()
            .rev()
            .map(|word| word.text.as_str());
        let direction = before
            .by_ref()
            .take(3)
            .find(|word| !matches!(*word, "the" | "a" | "an" | "at" | "in"));
        let fits = match direction {
            Some("from" | "starting" | "started" | "start" | "starts" | "leaving" | "begin" | "began") => {
                is_called(*at, &FROM)
            }
            Some("to" | "into" | "ending" | "ended" | "end" | "ends" | "reaching" | "towards") => {
                is_called(*at, &TO)
            }
            _ => false,
        };
        if fits {
            link.strength += 0.3;
        }
    }
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
    let others: Vec<(Range<usize>, f32)> = links
        .iter()
        .filter(|link| matches!(link.target, Target::Column(column) if column != main))
        .map(|link| (link.words.clone(), link.strength))
        .collect();
    for link in links {
        let is_verb = link.words.len() == 1
            && !others
                .iter()
                .any(|(words, strength)| *words == link.words && *strength > link.strength)
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
    pair_links(words, at, column, &name, links);
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

/// Two words that follow each other and that a column's name and comment have together: "departure airport", "clearing
/// price".
fn pair_links(words: &[Word], at: usize, column: &Column, name: &Name, links: &mut Vec<Link>) {
    if column.comment.is_empty() {
        return;
    }
    let said: Vec<Word> = super::words::words(&column.comment)
        .into_iter()
        .take(30)
        .filter(|word| !is_filler(word))
        .collect();
    let knows = |word: &Word| {
        !is_filler(word)
            && !HARMLESS.contains(&word.text.as_str())
            && !column
                .values
                .iter()
                .any(|value| value.eq_ignore_ascii_case(&word.text))
            && (said.iter().any(|said| said.stem == word.stem)
                || name.words.iter().any(|named| named.stem == word.stem))
    };
    for start in 0..words.len().saturating_sub(1) {
        let [a, b] = &words[start..start + 2] else {
            continue;
        };
        if a.stop.is_none() && a.stem != b.stem && knows(a) && knows(b) {
            links.push(Link {
                words: start..start + 2,
                target: Target::Column(at),
                strength: 1.2,
            });
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
    // "bounces" are not yet types of bounces.
    let of_kind = extra == 0.0
        && name
            .extra
            .iter()
            .any(|word| matches!(word.text.as_str(), "type" | "kind"));
    // What only means nearly the same is less sure than a word of the name.
    let alike = total / count < 0.7;
    let extra = extra - if of_kind { 0.2 } else { 0.0 } - if alike { 0.36 } else { 0.0 };
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
    // In match_players a player has many rows.
    let names_things = table.with_role(Role::Id).any(|column| {
        let called = Name::of(column).words;
        let repeats = column.distinct.saturating_mul(100) < table.rows.saturating_mul(97);
        repeats && called.len() == 1 && name.words.last().is_some_and(|last| last.stem == called[0].stem)
    });
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
            // "check-ins" of gym_checkins
            if let Some(next) = words.get(start + 1)
                && last.text.len() > 5
                && last.text.starts_with(&word.text)
                && (last.text.ends_with(&next.text) || last.text.ends_with(&next.stem))
                && last.text.len().abs_diff(word.text.len() + next.text.len()) <= 1
            {
                push(start..start + 2, 1.6);
            }
            let likeness = likeness(word, last);
            if likeness > 0.9 && !names_things {
                // "bookings" are the rows of hotel_bookings, though there is a time called booked_at.
                push(start..start + 1, 1.3 * likeness);
            } else if likeness > 0.7 {
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
        // Whatever is counted may be called so, if no column is.
        if matches!(
            word.text.as_str(),
            "units" | "items" | "pieces" | "cases" | "instances" | "occurrences"
        ) {
            push(start..start + 1, 0.2);
        }
    }
}
