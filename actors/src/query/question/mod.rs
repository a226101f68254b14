//! Plain language, answered.
//!
//! ```text
//! question ─▶ words ─▶ links: each word tied to a time, value, column, table, measure ─▶ Spec ─▶ SQL ─▶ rows ─▶ chart
//!                          ▲ catalog: schema, ranges, values        │ typed, checked        │ guard, reader
//!                          └ glossary, confirmed questions          └ what is left over? ─▶ a model, or an honest no
//! ```
//!
//! The reading of a question is a [`spec::Spec`], which one program compiles, so that what is shown as the reading is what
//! ran. The built-in translator ([`translate`]) makes it: it ties words to what is known and gives up when words that carry
//! meaning are left over. A language model, when one is configured, is asked what those mean, and the translator reads
//! again. Only when that does not do either the model writes the statement itself; then there is no reading to show.
//!
//! **Invariant:** nothing that a model writes is ever executed but SQL, as the reading user, behind the
//! guard. Sample values and rows are data, never instructions.

pub mod ask;
pub mod catalog;
pub mod chart;
pub mod compile;
pub mod corrections;
mod follow_up;
mod gather;
pub mod link;
pub mod model;
mod prompt;
pub mod reading;
pub mod spec;
pub mod time;
pub mod translate;
pub mod units;
pub mod vocabulary;
pub mod words;
