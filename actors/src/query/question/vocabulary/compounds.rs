//! Names whose words are written without anything between them: `coursename`, `startedat`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::ABBREVIATIONS;

/// Common words in the order of their frequency, and behind an empty line words that would fall apart into those but are words
/// themselves. Made by `tools/words`.
const COMMON_WORDS: &str = include_str!("common_words.txt");
/// The shortest name that is taken apart.
const SHORTEST: usize = 6;
/// The longest word.
const LONGEST: usize = 16;
/// What each further word costs: names are of few words.
const COST: f32 = 5.0;
/// The cost of an abbreviation that names are known to have: that of a word of middling frequency.
const ABBREVIATION: f32 = 12.5;

struct Words {
    /// The cost of each common word: the logarithm of its rank, which by Zipf's law is that of its rarity.
    costs: HashMap<&'static str, f32>,
    whole: HashSet<&'static str>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let (common, whole) = COMMON_WORDS.split_once("\n\n").unwrap_or((COMMON_WORDS, ""));
    let abbreviations = ABBREVIATIONS
        .iter()
        .filter(|(short, _)| short.len() > 2)
        .map(|(short, _)| (*short, ABBREVIATION));
    Words {
        costs: abbreviations
            .chain(
                common
                    .lines()
                    .enumerate()
                    .map(|(at, word)| (word, ((at + 1) as f32).ln() + COST)),
            )
            .collect(),
        whole: whole.lines().collect(),
    }
});

/// The words of a name in lower case; the name itself when it is a word, or made of none that are known.
///
/// They are the ones with the lowest sum of costs, found from left to right (dynamic programming).
pub fn split(name: &str) -> Vec<&str> {
    let words = &*WORDS;
    if name.len() < SHORTEST
        || !name.bytes().all(|letter| letter.is_ascii_lowercase())
        || words.costs.contains_key(name)
        || words.whole.contains(name)
    {
        return vec![name];
    }
    // For each end of a beginning: the lowest cost, and where the last word of it starts.
    let mut best: Vec<Option<(f32, usize)>> = vec![None; name.len() + 1];
    best[0] = Some((0.0, 0));
    for end in 1..=name.len() {
        for start in end.saturating_sub(LONGEST)..end {
            let (Some((before, _)), Some(cost)) = (best[start], words.costs.get(&name[start..end])) else {
                continue;
            };
            if best[end].is_none_or(|(lowest, _)| before + cost < lowest) {
                best[end] = Some((before + cost, start));
            }
        }
    }
    let mut found = Vec::new();
    let mut end = name.len();
    while end > 0 {
        let Some((_, start)) = best[end] else {
            return vec![name];
        };
        found.push(&name[start..end]);
        end = start;
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_apart_into_words_and_words_do_not() {
        for (name, words) in [
            ("coursename", "course name"),
            ("userid", "user id"),
            ("custno", "cust no"),
            ("submittedat", "submitted at"),
            ("totalamountusd", "total amount usd"),
            ("timestamp", "timestamp"),
            ("information", "information"),
            ("outage", "outage"),
            ("xqzkwv", "xqzkwv"),
            ("émission", "émission"),
        ] {
            assert_eq!(split(name).join(" "), words);
        }
    }
}
