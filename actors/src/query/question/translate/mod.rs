//! The built-in translator: a question becomes a reading without a model.
//!
//! For each table the question is cut into `pieces`, and the pieces are put together to a [`Spec`] (`build`). The
//! table that explains most of the question wins. Words that carry meaning and were not understood are
//! kept as [`Reading::residue`]: with any of them the reading is not to be trusted.

mod ahead;
mod amounts;
mod asked_time;
mod beside;
mod build;
#[cfg(test)]
mod code_tests;
mod column_pairs;
mod column_sums;
#[cfg(test)]
mod column_tests;
mod comparisons;
mod deadlines;
mod distinct;
#[cfg(test)]
mod duration_tests;
mod durations;
mod existence;
mod filters;
mod groups;
mod implied;
mod measures;
#[cfg(test)]
mod model_tests;
mod moments;
mod money;
mod nouns;
mod opposed;
mod owned;
mod pairs;
mod parts_of_names;
mod patterns;
mod people;
#[cfg(test)]
mod phrase_tests;
mod phrased;
mod phrases;
mod pieces;
mod quotients;
mod ranking;
mod rates;
mod sets;
mod shares;
mod sides;
mod spans;
mod states;
#[cfg(test)]
mod tests;
mod times;
mod tolerance;

use super::catalog::{Catalog, Table};
use super::spec::Spec;
use super::words::{Word, words};

/// How one table makes sense of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What would be asked of the table.
    pub spec: Spec,
    /// Words with a meaning that found no place in it.
    pub residue: Vec<String>,
    /// What was taken for granted.
    pub assumptions: Vec<String>,
    /// How much of the question it explains; comparable between tables.
    pub score: f32,
}

impl Reading {
    /// Whether all that the question says is in the reading.
    pub fn is_complete(&self) -> bool {
        self.residue.is_empty()
    }
}

/// What words mean beyond what names and values tell: from the glossary, or from a model that was asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hints {
    /// Phrases in lower case, what they mean, and in which table (`database.name`; in all when empty).
    pub meanings: Vec<Hint>,
    /// Words that mean nothing for the answer.
    pub harmless: Vec<String>,
}

/// What a phrase means.
#[derive(Debug, Clone, PartialEq)]
pub struct Hint {
    /// The phrase, in lower case.
    pub phrase: String,
    /// In which table; its plain name will do. Empty: in all.
    pub table: String,
    /// The column that is meant; none for a formula.
    pub column: Option<String>,
    /// The value of it that is meant.
    pub value: Option<String>,
    /// SQL that computes what is meant.
    pub formula: Option<String>,
}

/// Reads the question for every table, the best reading first. Tables that have nothing to do with it are left out.
pub fn readings<'a>(question: &str, catalog: &'a Catalog, hints: &Hints) -> Vec<(&'a Table, Reading)> {
    let words: Vec<Word> = words(question);
    let mut readings: Vec<(&Table, Reading)> = catalog
        .tables
        .iter()
        .filter_map(|table| Some((table, build::read(&words, table, hints)?)))
        .collect();
    readings.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
    readings
}
