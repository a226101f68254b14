//! Words of a question tied to what a table has: columns, values, its rows.
//!
//! Every tie has a strength; overlapping ones compete and the strongest stay ([`strongest`]).

mod acronyms;
mod actual;
mod codes;
mod glosses;
mod likeness;
mod names;
mod phrasal;
mod preferences;
mod states;
mod values;

use std::ops::Range;

use self::acronyms::acronym_links;
use self::actual::prefer_actual;
use self::glosses::gloss_links;
pub use self::likeness::likeness;
use self::names::Name;
use self::phrasal::phrasal_links;
use self::preferences::{
    money_links, opposite_links, prefer_actors, prefer_directions, prefer_main_time, prefer_named_values,
};
use self::states::state_links;
pub use self::states::state_without;
pub use self::values::done_in;
use self::values::value_links;
use super::catalog::{Column, Role, Table};
use super::vocabulary::{FILLERS, HARMLESS};
use super::words::Word;

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

/// All ties of the words to the table, overlapping as they may.
pub fn links(words: &[Word], table: &Table) -> Vec<Link> {
    let mut links = Vec::new();
    for (at, column) in table.columns.iter().enumerate() {
        column_links(words, at, column, &mut links);
        value_links(words, at, column, &mut links);
        opposite_links(words, at, column, &mut links);
        gloss_links(words, at, column, &mut links);
        phrasal_links(words, at, column, &mut links);
        acronym_links(words, at, column, &mut links);
        state_links(words, at, column, &mut links);
    }
    row_links(words, table, &mut links);
    money_links(words, table, &mut links);
    prefer_named_values(words, table, &mut links);
    prefer_actors(words, table, &mut links);
    prefer_directions(words, table, &mut links);
    prefer_main_time(words, table, &mut links);
    prefer_actual(words, table, &mut links);
    links
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
        // "used" by itself is no word of a flag that says what was used.
        let is_light = column.role == Role::Flag
            && name.words.len() > 1
            && HARMLESS.contains(&words[start].text.as_str());
        // "add-ons" of a column that is called addons
        if let Some(next) = words.get(start + 1)
            && words[start].stop.is_none()
            && !words[start].quoted
            && name.words.iter().any(|named| {
                let joined = format!("{}{}", words[start].text, next.text);
                named.text.len() > 4 && super::words::stem(&joined) == named.stem
            })
        {
            push(start..start + 2, 1.2);
        }
        if is_filler(&words[start]) || is_light {
            continue;
        }
        // One of its words: the last says most.
        let one = name.words.iter().enumerate().map(|(place, named)| {
            let is_last = place + 1 == name.words.len();
            // "units" are no unit cost.
            let many = words[start].text.ends_with('s') && words[start].text != named.text;
            let weight = match (is_last, many) {
                (true, _) => 0.8,
                (false, true) => 0.4,
                (false, false) => 0.55,
            };
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
    let is_name = |word: &Word| name.words.iter().any(|named| named.stem == word.stem);
    let knows = |word: &Word| {
        let is_named = is_name(word);
        !is_filler(word)
            && (is_named || !HARMLESS.contains(&word.text.as_str()))
            && !column
                .values
                .iter()
                .any(|value| value.eq_ignore_ascii_case(&word.text))
            && (is_named || said.iter().any(|said| said.stem == word.stem))
    };
    for start in 0..words.len().saturating_sub(1) {
        let [a, b] = &words[start..start + 2] else {
            continue;
        };
        // "guests reserved" is who did what, and names no time.
        let is_clause = column.role == Role::Time && a.text.ends_with('s') && b.is_participle();
        if a.stop.is_none() && a.stem != b.stem && knows(a) && knows(b) && !is_clause {
            links.push(Link {
                words: start..start + 2,
                target: Target::Column(at),
                // "fire station" for a station: the noun is the name.
                strength: if is_name(b) { 1.25 } else { 1.2 },
            });
        }
    }
}

/// What a column's comment says counts less than its name.
fn comment_likeness(word: &Word, column: &Column) -> f32 {
    let is_number = word.number().is_some();
    if column.comment.is_empty() || is_number || word.text.len() < 4 || HARMLESS.contains(&word.text.as_str())
    {
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
            .any(|word| matches!(word.text.as_str(), "type" | "kind" | "code" | "reason"));
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
    let numbered = numbered_things(table);
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
        if numbered.contains(&word.stem) {
            push(start..start + 1, 0.9);
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
            let likeness = likeness(word, named);
            if likeness > 0.9 {
                push(start..start + 1, 0.6);
            } else if likeness > 0.5 && word.text.ends_with('s') {
                // "emails" of newsletter_sends
                push(start..start + 1, 0.45);
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
            "units"
                | "items"
                | "pieces"
                | "cases"
                | "instances"
                | "occurrences"
                | "readings"
                | "measurements"
                | "samples"
        ) {
            push(start..start + 1, 0.35);
        }
    }
}

/// What rows are by the comment of the column that numbers them: "unique number of the reservation".
fn numbered_things(table: &Table) -> Vec<String> {
    const NUMBERING: [&str; 9] = [
        "unique",
        "number",
        "identifier",
        "id",
        "key",
        "code",
        "primary",
        "internal",
        "reference",
    ];
    let is_unique = |column: &&Column| column.distinct.saturating_mul(100) >= table.rows.saturating_mul(97);
    let things = table.with_role(Role::Id).filter(is_unique).filter_map(|column| {
        let mut said = super::words::words(&column.comment)
            .into_iter()
            .filter(|word| !is_filler(word) && !NUMBERING.contains(&word.text.as_str()));
        said.next().filter(|_| said.next().is_none())
    });
    things.map(|word| word.stem).collect()
}
