//! What has happened, and what was planned: of an actual and a planned arrival the actual one is meant, if nothing else is said.

use std::ops::Range;

use super::{Link, Target};
use crate::query::question::catalog::{Column, Role, Table};
use crate::query::question::vocabulary::PROMISED;
use crate::query::question::words::{Word, identifier_words};

/// Strengthens ties to times of what has happened where the same words are tied to a plan too.
pub(super) fn prefer_actual(words: &[Word], table: &Table, links: &mut [Link]) {
    if words.iter().any(|word| PROMISED.contains(&word.text.as_str())) {
        return;
    }
    let is_planned = |column: &Column| {
        identifier_words(&column.name)
            .iter()
            .any(|word| PROMISED.contains(&word.text.as_str()))
    };
    let time = |link: &Link| match link.target {
        Target::Column(at) => Some(&table.columns[at]).filter(|column| column.role == Role::Time),
        _ => None,
    };
    let planned: Vec<(Range<usize>, f32)> = links
        .iter()
        .filter(|link| time(link).is_some_and(is_planned))
        .map(|link| (link.words.clone(), link.strength))
        .collect();
    for link in links {
        let is_actual = time(link).is_some_and(|column| !is_planned(column));
        let has_plan = planned
            .iter()
            .any(|(words, strength)| *words == link.words && *strength == link.strength);
        if is_actual && has_plan {
            link.strength += 0.1;
        }
    }
}
