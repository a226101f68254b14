//! The built-in translator: a question becomes a reading without a model.
//!
//! For each table the question is cut into [`pieces`], and the pieces are put together to a [`Spec`] ([`build`]). The
//! table that explains most of the question wins. Words that carry meaning and were not understood are
//! kept as [`Reading::residue`]: with any of them the reading is not to be trusted.

mod build;
mod filters;
mod groups;
mod measures;
mod pieces;
mod ranking;

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

/// Reads the question for every table, the best reading first. Tables that have nothing to do with it are left out.
pub fn readings<'a>(question: &str, catalog: &'a Catalog) -> Vec<(&'a Table, Reading)> {
    let words: Vec<Word> = words(question);
    let mut readings: Vec<(&Table, Reading)> = catalog
        .tables
        .iter()
        .filter_map(|table| Some((table, build::read(&words, table)?)))
        .collect();
    readings.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
    readings
}
