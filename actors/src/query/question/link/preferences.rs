//! Ties that follow from others, and which of several are meant.

use std::ops::Range;

use super::likeness::likeness;
use super::names::Name;
use super::{Link, Target, is_filler};
use crate::query::question::catalog::{Column, Role, Table};
use crate::query::question::vocabulary::{DESTINATIONS, OPPOSITES, ORIGINS};
use crate::query::question::words::{Word, identifier_words, stem};

/// "rejected" where a flag says what was accepted.
pub(super) fn opposite_links(words: &[Word], at: usize, column: &Column, links: &mut Vec<Link>) {
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
        let is_denied = ["un", "in", "non"]
            .iter()
            .filter_map(|prefix| word.stem.strip_prefix(prefix))
            .any(|rest| rest.len() > 3 && named.last().is_some_and(|last| last.stem == rest));
        if (is_opposite || is_denied) && !is_filler(word) {
            links.push(Link {
                words: start..start + 1,
                target: Target::Value(at, "0".to_owned()),
                strength: 0.95,
            });
        }
    }
}

/// "revenue", "income", "money": the column of money that is most likely meant, if no other is named.
pub(super) fn money_links(words: &[Word], table: &Table, links: &mut Vec<Link>) {
    const MONEY: [&str; 16] = [
        "revenue",
        "income",
        "sales",
        "turnover",
        "earnings",
        "earned",
        "earn",
        "takings",
        "proceeds",
        "money",
        "charged",
        "spend",
        "spent",
        "spending",
        "expenses",
        "expenditure",
    ];
    const OURS: [&str; 10] = [
        "we",
        "our",
        "us",
        "ad",
        "ads",
        "advertising",
        "marketing",
        "media",
        "campaign",
        "campaigns",
    ];
    const NAMES: [&str; 11] = [
        "revenue", "sales", "amount", "total", "price", "fare", "paid", "fee", "cost", "spend", "value",
    ];
    let place = |at: usize| {
        let named = identifier_words(&table.columns[at].name);
        NAMES
            .iter()
            .position(|name| named.iter().any(|word| word.text == *name))
    };
    let money = (0..table.columns.len()).filter(|at| table.columns[*at].role == Role::Measure);
    let Some((_, column)) = money.filter_map(|at| Some((place(at)?, at))).min() else {
        return;
    };
    // What we spend is a cost to us; what customers spend is not.
    let ours = words.iter().any(|word| OURS.contains(&word.text.as_str()));
    let cost = (0..table.columns.len()).find(|at| {
        let named = identifier_words(&table.columns[*at].name);
        ours && table.columns[*at].role == Role::Measure
            && named
                .iter()
                .any(|word| matches!(word.stem.as_str(), "cost" | "spend" | "expens"))
    });
    for (start, word) in words.iter().enumerate() {
        if let Some(column) = cost
            && matches!(word.stem.as_str(), "spend" | "expens" | "expenditur")
        {
            links.push(Link {
                words: start..start + 1,
                target: Target::Column(column),
                strength: 0.9,
            });
        } else if MONEY.contains(&word.text.as_str()) {
            links.push(Link {
                words: start..start + 1,
                target: Target::Column(column),
                strength: 0.42,
            });
        }
    }
}

/// "night shift", "student type": a value beside the name of its column is a value of that.
pub(super) fn prefer_named_values(words: &[Word], table: &Table, links: &mut [Link]) {
    let names: Vec<Vec<Word>> = table
        .columns
        .iter()
        .map(|column| Name::of(column).words)
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
                    .last()
                    .is_some_and(|last| !is_filler(word) && likeness(word, last) >= 0.85)
            });
        // "booking source" names the column, not the value booking.com of it.
        let names_column = words[link.words.clone()]
            .iter()
            .all(|word| names[*at].iter().any(|named| named.stem == word.stem));
        if is_named && !names_column {
            link.strength += 1.6;
        }
    }
}

/// "messages from customers", "what customers wrote": where a column says who did it, somebody who does something is meant as
/// its value, though all rows have a customer.
pub(super) fn prefer_actors(words: &[Word], table: &Table, links: &mut [Link]) {
    const ROLES: [&str; 5] = ["role", "sender", "author", "actor", "initiator"];
    const DOING: [&str; 10] = [
        "send", "sent", "sends", "write", "wrote", "post", "posted", "say", "said", "reply",
    ];
    for link in links {
        let Target::Value(at, _) = &link.target else {
            continue;
        };
        let tells_who = identifier_words(&table.columns[*at].name)
            .iter()
            .any(|word| ROLES.contains(&word.text.as_str()));
        let text = |at: Option<usize>| {
            at.and_then(|at| words.get(at))
                .map_or("", |word| word.text.as_str())
        };
        let does = DOING.contains(&text(Some(link.words.end)));
        let by = matches!(text(link.words.start.checked_sub(1)), "by" | "from");
        if tells_who && (does || by) {
            link.strength += 0.4;
        }
    }
}

/// "to the airport", "from Berlin": where one value is in two columns the preposition says in which it is meant.
pub(super) fn prefer_directions(words: &[Word], table: &Table, links: &mut [Link]) {
    let is_called = |at: usize, names: &[&str]| {
        identifier_words(&table.columns[at].name)
            .iter()
            .any(|word| names.contains(&word.text.as_str()))
    };
    let said = |verbs: &[&str]| words.iter().any(|word| verbs.contains(&word.text.as_str()));
    let (starts, ends) = (
        said(&[
            "start", "starts", "started", "begin", "begins", "began", "depart", "departs",
        ]),
        said(&[
            "end", "ends", "ended", "finish", "finished", "arrive", "arrives", "arrived",
        ]),
    );
    for link in links {
        // "at which stations did trips end"
        if let Target::Column(at) = &link.target
            && starts != ends
            && is_called(*at, if ends { &DESTINATIONS } else { &ORIGINS })
            && table.columns[*at].role != Role::Time
        {
            link.strength += 0.2;
        }
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
                is_called(*at, &ORIGINS)
            }
            Some("to" | "into" | "ending" | "ended" | "end" | "ends" | "reaching" | "towards") => {
                is_called(*at, &DESTINATIONS)
            }
            _ => false,
        };
        if fits {
            link.strength += 0.3;
        }
    }
}

/// Whatever is in a table of applications was applied for: the verb of the main time says nothing about a state.
pub(super) fn prefer_main_time(words: &[Word], table: &Table, links: &mut [Link]) {
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
            && words[link.words.start].is_participle()
            && stems.contains(&words[link.words.start].stem);
        if is_verb && link.target == Target::Column(main) {
            link.strength += 0.5;
        }
    }
}
