//! How well a word of a question fits a word of a name.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::query::question::vocabulary::{FAMILIES, FILLERS, HARMLESS};
use crate::query::question::words::{Word, stem};

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
    if abbreviates(&named.text, &asked.text) && !FILLERS.contains(&asked.text.as_str()) {
        return 0.85;
    }
    // tech / technology, chan / channel
    if named.text.len() >= 4
        && asked.text.len() >= named.text.len() + 3
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
