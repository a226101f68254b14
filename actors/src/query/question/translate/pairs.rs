//! Two columns of a row held against each other: "dropped off at a different place than picked up", "end at the same station
//! where they started".

use super::build::Builder;
use super::column_pairs::ColumnPair;
use super::pieces::{Computed, Kind};
use crate::query::question::catalog::{Column, Role};
use crate::query::question::link::{Target, likeness};
use crate::query::question::spec::Comparison;
use crate::query::question::vocabulary::{DESTINATIONS, ORIGINS};
use crate::query::question::words::{Word, identifier_words};

/// Verbs that speak of the first of two places.
const STARTING: [&str; 6] = ["start", "begin", "depart", "leav", "pick", "origin"];
/// Verbs that speak of the second.
const ENDING: [&str; 7] = ["end", "finish", "arriv", "return", "drop", "stop", "termin"];

impl Builder<'_> {
    /// Settles which columns are held against each other ([`Kind::Columns`]); the words that say so mean nothing else.
    pub(super) fn pairs(&mut self) {
        for at in 1..self.pieces.len() {
            let Some(comparison) = self.says_pair(at) else {
                continue;
            };
            let Some((a, b)) = self.pair_of(at + 1) else {
                continue;
            };
            for piece in 0..self.pieces.len() {
                if self.is_said_of_pair(piece, &[a, b]) {
                    self.pieces[piece].kind = Kind::Filler;
                }
            }
            self.pieces[at].kind = Kind::Columns(ColumnPair::new(a, comparison, b));
        }
    }

    /// "at a different", "in the same", with an article or a preposition before it: no number of different things is asked for.
    fn says_pair(&self, at: usize) -> Option<Comparison> {
        let said = self.last_word(at)?.text.as_str();
        let before = self.last_word(at - 1)?.text.as_str();
        let is_free = matches!(
            self.kind(at)?,
            Kind::Filler | Kind::Unknown | Kind::Aggregate(Computed::Distinct)
        );
        let leads = matches!(before, "a" | "an" | "the" | "at" | "in" | "from" | "to");
        match said {
            _ if !is_free || !leads || self.pieces[at].words.len() > 1 => None,
            "different" | "another" => Some(Comparison::Unequal),
            "same" => Some(Comparison::Equal),
            _ => None,
        }
    }

    /// The two columns that a noun can mean, each of them said somewhere: the pick-up and the drop-off of a place.
    fn pair_of(&self, noun: usize) -> Option<(usize, usize)> {
        let noun = self.last_word(noun)?;
        let columns = 0..self.table.columns.len();
        columns
            .clone()
            .flat_map(|a| columns.clone().map(move |b| (a, b)))
            .find(|(a, b)| a < b && self.are_sides(self.column(*a), self.column(*b), noun))
    }

    /// Whether two columns are two sides of what a noun names, and the question says both.
    fn are_sides(&self, a: &Column, b: &Column, noun: &Word) -> bool {
        let is_name = |column: &Column| matches!(column.role, Role::Dimension | Role::Id | Role::Text);
        if !is_name(a) || !is_name(b) || a.plain_type() != b.plain_type() {
            return false;
        }
        let (a, b) = (identifier_words(&a.name), identifier_words(&b.name));
        let is_common = |word: &&Word| b.iter().any(|other| other.text == word.text);
        let named = a.iter().filter(is_common).any(|word| likeness(noun, word) > 0.5);
        let own = |of: &[Word], other: &[Word]| {
            let mut own = of
                .iter()
                .filter(|word| other.iter().all(|other| other.text != word.text));
            own.next().cloned().filter(|_| own.next().is_none())
        };
        let (Some(side), Some(other)) = (own(&a, &b), own(&b, &a)) else {
            return false;
        };
        named && self.says_side(&side) && self.says_side(&other)
    }

    /// Whether a word of the question speaks of a side: by its name, or by a verb of beginning or ending.
    fn says_side(&self, side: &Word) -> bool {
        let is_verb = |word: &Word, names: &[&str], verbs: &[&str]| {
            names.contains(&side.text.as_str()) && verbs.contains(&word.stem.as_str())
        };
        self.words.iter().any(|word| {
            word.stem == side.stem
                || is_verb(word, &ORIGINS, &STARTING)
                || is_verb(word, &DESTINATIONS, &ENDING)
        })
    }

    /// Whether a piece only says what the two columns are.
    fn is_said_of_pair(&self, at: usize, pair: &[usize]) -> bool {
        let Some(word) = self.last_word(at) else {
            return false;
        };
        let verb = STARTING.contains(&word.stem.as_str()) || ENDING.contains(&word.stem.as_str());
        match self.kind(at) {
            Some(Kind::Link(Target::Column(column))) => {
                pair.contains(column) || verb && self.column(*column).role == Role::Time
            }
            Some(Kind::Unknown) => verb || matches!(word.text.as_str(), "off" | "up" | "than"),
            _ => false,
        }
    }
}
