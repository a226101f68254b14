//! Verbs of two words: "came back" for what was returned, "called off" for what was cancelled.

use super::{Link, Target};
use crate::query::question::catalog::{Column, Role};
use crate::query::question::vocabulary::PHRASAL_VERBS;
use crate::query::question::words::{Word, identifier_words, stem};

/// Ties to columns of times and flags that are called by one verb where the question uses two words.
pub(super) fn phrasal_links(words: &[Word], at: usize, column: &Column, links: &mut Vec<Link>) {
    if !matches!(column.role, Role::Time | Role::Flag) {
        return;
    }
    let named = identifier_words(&column.name);
    for (first, second, verb) in PHRASAL_VERBS {
        let meant = stem(verb);
        if named.iter().all(|word| word.stem != meant) {
            continue;
        }
        for (start, pair) in words.windows(2).enumerate() {
            if first.contains(&pair[0].text.as_str()) && pair[1].text == *second {
                links.push(Link {
                    words: start..start + 2,
                    target: Target::Column(at),
                    strength: 1.1,
                });
            }
        }
    }
}
