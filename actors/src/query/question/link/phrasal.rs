//! Verbs of two words: "came back" for what was returned, "called off" for what was cancelled.

use super::{Link, Target};
use crate::query::question::catalog::{Column, Role};
use crate::query::question::vocabulary::PHRASAL_VERBS;
use crate::query::question::words::{Word, identifier_words, stem};

/// Ties to times, flags and values that are called by one verb where the question uses two words.
pub(super) fn phrasal_links(words: &[Word], at: usize, column: &Column, links: &mut Vec<Link>) {
    for (first, second, verb) in PHRASAL_VERBS {
        let Some(target) = called(column, at, &stem(verb)) else {
            continue;
        };
        for (start, pair) in words.windows(2).enumerate() {
            if first.contains(&pair[0].text.as_str()) && pair[1].text == *second {
                links.push(Link {
                    words: start..start + 2,
                    target: target.clone(),
                    // More than the first of the words says alone.
                    strength: 1.8,
                });
            }
        }
    }
}

/// What of a column is called like a verb: a time or a flag itself, one of few values.
fn called(column: &Column, at: usize, verb: &str) -> Option<Target> {
    match column.role {
        Role::Time | Role::Flag => identifier_words(&column.name)
            .iter()
            .any(|word| word.stem == verb)
            .then_some(Target::Column(at)),
        Role::Dimension => column
            .values
            .iter()
            .take(60)
            .find(|value| stem(&value.to_lowercase()) == verb)
            .map(|value| Target::Value(at, value.clone())),
        _ => None,
    }
}
