//! Two columns of a row against each other: `the paid amount exceeds the estimate`, `ends where it started`,
//! `earned less than twice what they cost`.

use std::ops::Range;

use super::build::Builder;
use super::measures::is_additive;
use super::pieces::{Kind, Piece};
use crate::query::question::catalog::Role;
use crate::query::question::link::Target;
use crate::query::question::spec::{Aggregate, Comparison, Expression, Filter, Having, Measure, Test};
use crate::query::question::vocabulary::{DESTINATIONS, ORIGINS};
use crate::query::question::words::{Word, identifier_words, number};

/// One column compared to a multiple of another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ColumnPair {
    left: usize,
    comparison: Comparison,
    factor: f64,
    right: usize,
}

impl ColumnPair {
    /// One column compared to another.
    pub(super) fn new(left: usize, comparison: Comparison, right: usize) -> Self {
        Self {
            left,
            comparison,
            factor: 1.0,
            right,
        }
    }
}

/// Words of a comparison that add nothing to it.
const SMALL: [&str; 17] = [
    "is", "are", "was", "were", "the", "its", "their", "they", "it", "a", "an", "what", "that", "of", "had",
    "has", "been",
];
const BEGINNING: [&str; 9] = [
    "start", "starts", "started", "begin", "begins", "began", "depart", "departed", "left",
];
const ENDING: [&str; 9] = [
    "end", "ends", "ended", "finish", "finishes", "finished", "return", "returned", "arrived",
];

impl Builder<'_> {
    /// Joins the words of such a comparison to one piece.
    pub(super) fn column_pairs(&mut self) {
        self.same_places();
        let mut at = 0;
        while at < self.pieces.len() {
            if let Some((right, pair)) = self.pair_from(at) {
                self.join_pieces(at..right + 1, Kind::Columns(pair));
            }
            at += 1;
        }
    }

    /// "the paid amount exceeds the estimate": what is said between two columns of one kind.
    fn pair_from(&self, at: usize) -> Option<(usize, ColumnPair)> {
        const FARTHEST: usize = 9;
        let role = |column: usize| self.column(column).role;
        let left = self
            .linked(at)
            .filter(|column| matches!(role(*column), Role::Measure | Role::Time))?;
        let right_at = (at + 1..self.pieces.len())
            .take(FARTHEST)
            .find(|next| matches!(self.kind(*next), Some(Kind::Link(_))))?;
        // "the claimed amount" of a claim
        let is_verb = self.kind(right_at) == Some(&Kind::Link(Target::Rows))
            && self.last_word(right_at).is_some_and(Word::is_participle);
        let last_small = self.pieces[right_at].words.start;
        let right_at = right_at + usize::from(is_verb);
        let right = self
            .linked(right_at)
            .filter(|column| *column != left && role(*column) == role(left))?;
        let between = self.pieces[at].words.end..last_small;
        if self.words[between.start - 1..between.end]
            .iter()
            .any(|word| word.stop.is_some() || word.quoted)
        {
            return None;
        }
        let said: Vec<&str> = self.words[between]
            .iter()
            .map(|word| word.text.as_str())
            .filter(|word| !SMALL.contains(word))
            .collect();
        let (comparison, factor) = compared(&said, role(left) == Role::Time)?;
        let units = (self.unit_of(left), self.unit_of(right));
        let same_unit = units.0.is_none() || units.1.is_none() || units.0 == units.1;
        same_unit.then_some((
            right_at,
            ColumnPair {
                left,
                comparison,
                factor,
                right,
            },
        ))
    }

    /// "ends at the station where it started", "start and end at the same station".
    fn same_places(&mut self) {
        let place_of = |words: &[&str]| {
            self.words
                .iter()
                .position(|word| words.contains(&word.text.as_str()))
        };
        let (Some(start), Some(end)) = (place_of(&BEGINNING), place_of(&ENDING)) else {
            return;
        };
        let said = |text: &str| self.words.iter().position(|word| word.text == text);
        let (link, comparison) = match (said("same"), said("different"), said("where")) {
            (Some(same), ..) => (same, Comparison::Equal),
            (_, Some(different), _) => (different, Comparison::Unequal),
            (.., Some(place)) if end < place && place < start => (place, Comparison::Equal),
            _ => return,
        };
        let Some((left, right, noun)) = self.ends_of_way(link) else {
            return;
        };
        let all = [start, end, link, noun.unwrap_or(link)];
        let (first, last) = (all.iter().min().copied(), all.iter().max().copied());
        let covers =
            |piece: &Piece, word: Option<usize>| word.is_some_and(|word| piece.words.contains(&word));
        let from = self.pieces.iter().position(|piece| covers(piece, first));
        let to = self.pieces.iter().position(|piece| covers(piece, last));
        if let (Some(from), Some(to)) = (from, to) {
            let pair = ColumnPair::new(left, comparison, right);
            self.join_pieces(from..to + 1, Kind::Columns(pair));
        }
    }

    /// Where something begins and ends: two columns whose names differ in that only, and the word of what they are both,
    /// which has to be said.
    fn ends_of_way(&self, near: usize) -> Option<(usize, usize, Option<usize>)> {
        let places = |names: &[&str]| -> Vec<(usize, Vec<String>)> {
            (0..self.table.columns.len())
                .filter(|at| matches!(self.column(*at).role, Role::Dimension | Role::Text | Role::Id))
                .filter_map(|at| {
                    let words = identifier_words(&self.column(at).name);
                    let (ends, rest): (Vec<_>, Vec<_>) = words
                        .into_iter()
                        .partition(|word| names.contains(&word.text.as_str()));
                    (!ends.is_empty()).then(|| (at, rest.into_iter().map(|word| word.stem).collect()))
                })
                .collect()
        };
        let (origins, destinations) = (places(&ORIGINS), places(&DESTINATIONS));
        origins.iter().find_map(|(from, what)| {
            let (to, _) = destinations.iter().find(|(_, other)| other == what)?;
            let Some(what) = what.first() else {
                let place = matches!(
                    self.words.get(near + 1)?.text.as_str(),
                    "place" | "point" | "location"
                );
                return place.then_some((*to, *from, Some(near + 1)));
            };
            let noun = self.words.iter().position(|word| word.stem == *what)?;
            Some((*to, *from, Some(noun)))
        })
    }

    fn join_pieces(&mut self, pieces: Range<usize>, kind: Kind) {
        let words = self.pieces[pieces.start].words.start..self.pieces[pieces.end - 1].words.end;
        let joined = Piece {
            words,
            kind,
            used: false,
            strength: 1.0,
        };
        self.pieces.splice(pieces, [joined]);
    }

    /// Conditions that compare columns: of rows, or of the sums of groups ("campaigns that cost more than they earned").
    pub(super) fn compare_pairs(&mut self) {
        for at in 0..self.pieces.len() {
            let Some(Kind::Columns(pair)) = self.kind(at).cloned() else {
                continue;
            };
            let name = |column: usize| self.column(column).name.clone();
            let (left, right) = (name(pair.left), name(pair.right));
            if self.is_of_groups(at, &pair) {
                self.use_piece(at);
                self.spec.having.push(Having {
                    measure: Measure::of(Aggregate::Sum, Some(Expression::Quotient(left, right))),
                    comparison: pair.comparison,
                    value: pair.factor,
                });
            } else if pair.factor == 1.0 {
                let negated = self.is_negated(at);
                self.use_piece(at);
                let test = Test::CompareColumn(pair.comparison, right);
                self.add_filter(
                    at,
                    Filter {
                        negated,
                        ..Filter::new(&left, test)
                    },
                );
            }
        }
    }

    /// Whether sums are compared: amounts of things that have many rows, and no rows are named before.
    fn is_of_groups(&self, at: usize, pair: &ColumnPair) -> bool {
        let of_group = (0..at)
            .rev()
            .find_map(|before| match self.kind(before) {
                Some(Kind::Link(Target::Rows)) => Some(false),
                Some(Kind::Link(Target::Column(column))) => {
                    Some(self.spec.by.contains(&self.dimension(*column)))
                }
                _ => None,
            })
            .unwrap_or(false);
        let additive =
            |column: usize| self.column(column).role == Role::Measure && is_additive(self.column(column));
        of_group && additive(pair.left) && additive(pair.right)
    }
}

/// "less than twice": the comparison and the multiple that words between two columns state.
fn compared(said: &[&str], of_times: bool) -> Option<(Comparison, f64)> {
    const MULTIPLES: [&[&str]; 5] = [
        &["as", "much", "as"],
        &["as", "high", "as"],
        &["as", "long", "as"],
        &["as", "many", "as"],
        &[],
    ];
    if let Some(times) = said
        .iter()
        .position(|word| matches!(*word, "twice" | "double" | "half" | "times"))
    {
        let (lead, factor) = match said[times] {
            "half" => (times, 0.5),
            "times" => (times.checked_sub(1)?, number(said[times - 1])?),
            _ => (times, 2.0),
        };
        if !MULTIPLES.contains(&&said[times + 1..]) {
            return None;
        }
        let comparison = match &said[..lead] {
            [] | ["at", "least"] => Comparison::AtLeast,
            ["more", "than"] => Comparison::Above,
            ["less", "than"] => Comparison::Below,
            ["at", "most"] => Comparison::AtMost,
            _ => return None,
        };
        return Some((comparison, factor));
    }
    let comparison = match said {
        ["after"] | ["later", "than"] if of_times => Comparison::Above,
        ["before"] | ["earlier", "than"] if of_times => Comparison::Below,
        ["exceeds" | "exceed" | "exceeded" | "exceeding" | "above" | "surpassed" | "surpasses"]
        | [
            "higher" | "more" | "greater" | "larger" | "bigger" | "longer",
            "than",
        ] if !of_times => Comparison::Above,
        ["below"]
        | [
            "lower" | "less" | "fewer" | "smaller" | "shorter" | "cheaper",
            "than",
        ] if !of_times => Comparison::Below,
        ["equals" | "matches"] | ["equal", "to"] | ["same", "as"] => Comparison::Equal,
        ["differs", "from"] | ["differ", "from"] | ["different", "from"] => Comparison::Unequal,
        _ => return None,
    };
    Some((comparison, 1.0))
}
