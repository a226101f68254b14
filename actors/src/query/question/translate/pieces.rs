//! A question cut into pieces, each of which has one meaning for one table.

use std::ops::Range;

use super::column_pairs::ColumnPair;
use super::deadlines::{self, Punctuality};
use super::patterns::pattern;
use super::{Hint, Hints};
use crate::query::question::catalog::{Role, Table};
use crate::query::question::link::{self, Target};
use crate::query::question::spec::Comparison;
use crate::query::question::time::{self, Meaning};
use crate::query::question::units::{Quantity, Unit};
use crate::query::question::vocabulary::{FILLERS, HARMLESS};
use crate::query::question::words::Word;

/// A piece of a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// Which words.
    pub(super) words: Range<usize>,
    /// What they mean.
    pub(super) kind: Kind,
    /// Something was made of it.
    pub(super) used: bool,
    /// How surely it means that.
    pub(super) strength: f32,
}

/// What a piece means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Something about time.
    Time(Meaning),
    /// `more than 12`, with a unit; `12 times` counts rows.
    Compare(Comparison, f64, Option<Unit>, bool),
    /// `between 5 and 10`
    Between(f64, f64),
    /// A number by itself.
    Number(f64),
    /// `top 5`, `bottom three`, `top`
    Top(Option<u64>, bool),
    /// A way to compute something.
    Aggregate(Computed),
    /// `largest`: what it may measure, and whether the largest is wanted.
    Superlative(&'static [&'static str], bool),
    /// `most common`, `busiest`; or the opposite.
    Frequent(bool),
    /// `kilowatt hours`, which may be what is measured.
    Unit(Unit),
    /// `in kilometres`: how the answer is told.
    Told(Unit),
    /// `how long`: a duration is asked for.
    HowLong,
    /// `per`, `for each`
    Per,
    /// `by`, which groups or ranks
    By,
    /// `not`, `except`
    Not,
    /// `but never`
    Never,
    /// `without`, `no`
    Without,
    /// `which`, `what`, `who`
    Which,
    /// `latest` (true), `first`
    Latest(bool),
    /// `highest first`
    Sort(bool),
    /// `compare`, `versus`
    Versus,
    /// `list`, `show`
    Show,
    /// `and`, a comma
    And,
    /// `or`
    Or,
    /// `anomalies`, `outliers`, `unusual`
    Outliers,
    /// `both`
    Both,
    /// `difference`, `gap`, `range`
    Spread,
    /// `running total`
    Cumulative,
    /// `others`, `rest`
    Others,
    /// `ratio`
    Ratio,
    /// `divided by`
    Divided,
    /// `who`, `that`, `which were`: what follows is said of what precedes.
    That,
    /// Tied to the table.
    Link(Target),
    /// `late`, `overdue`, `on time`
    Punctuality(Punctuality),
    /// `still inside`: this time has not come yet.
    Unfilled(usize),
    /// `the paid amount exceeds the estimate`: two columns of a row against each other.
    Columns(ColumnPair),
    /// A noun that says what kind of thing the noun behind it is: "food orders".
    Modifier,
    /// Means nothing here.
    Filler,
    /// Means something that is not known.
    Unknown,
}

/// How something is computed, as a question says it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Computed {
    /// `how many`
    Many,
    /// `how much`
    Much,
    /// `total`
    Total,
    /// `average`
    Average,
    /// `median`, `95th percentile`
    Quantile(f64),
    /// `maximum`
    Maximum,
    /// `minimum`
    Minimum,
    /// `unique`
    Distinct,
    /// `share`
    Share,
    /// `standard deviation`
    Deviation,
}

/// Cuts the words into pieces for a table.
pub(super) fn pieces(words: &[Word], table: &Table, hints: &Hints) -> Vec<Piece> {
    let mut candidates: Vec<(Range<usize>, f32, Kind)> = Vec::new();
    let links = link::links(words, table);
    for mention in time::mentions(words) {
        let base = match mention.meaning {
            Meaning::Unit(_) => 0.9,
            Meaning::Every(..) | Meaning::Only(..) if is_named_value(words, &mention.words, &links) => 0.9,
            _ => 2.0,
        };
        let length = mention.words.len() as f32;
        candidates.push((
            mention.words,
            base + 0.3 * (length - 1.0),
            Kind::Time(mention.meaning),
        ));
    }
    for at in 0..words.len() {
        if let Some((length, strength, kind)) = pattern(words, at).filter(|(.., kind)| can_be(kind, table)) {
            candidates.push((at..at + length, strength, kind));
        }
    }
    for link in links {
        candidates.push((link.words, link.strength, Kind::Link(link.target)));
    }
    for hint in &hints.meanings {
        hinted(words, table, hint, &mut candidates);
    }
    let chosen = link::strongest(candidates);
    let mut pieces = Vec::new();
    let mut at = 0;
    let single = |from: usize, to: usize, pieces: &mut Vec<Piece>| {
        for (at, word) in words.iter().enumerate().take(to).skip(from) {
            let kind = if let Some(number) = word.number() {
                Kind::Number(number)
            } else if (FILLERS.contains(&word.text.as_str())
                || HARMLESS.contains(&word.text.as_str())
                || hints.harmless.contains(&word.text))
                && !word.quoted
            {
                Kind::Filler
            } else {
                Kind::Unknown
            };
            pieces.push(Piece {
                words: at..at + 1,
                kind,
                used: false,
                strength: 0.0,
            });
        }
    };
    for (range, strength, kind) in chosen {
        single(at, range.start, &mut pieces);
        at = range.end;
        pieces.push(Piece {
            words: range,
            kind,
            used: false,
            strength,
        });
    }
    single(at, words.len(), &mut pieces);
    pieces
}

/// "annual and casual members", "a monthly renewal": where there is a value that is called like a span of time, and articles or
/// other values around it.
fn is_named_value(words: &[Word], place: &Range<usize>, links: &[link::Link]) -> bool {
    let text = |at: Option<usize>| {
        at.and_then(|at| words.get(at))
            .map_or("", |word| word.text.as_str())
    };
    let is_sure = |link: &link::Link| matches!(link.target, Target::Value(..)) && link.strength >= 1.0;
    // "a day pass" is no pass per day.
    let goes_on = |link: &link::Link| {
        (place.start..place.end).contains(&link.words.start) && link.words.end > place.end
    };
    if links.iter().any(|link| is_sure(link) && goes_on(link)) {
        return true;
    }
    let is_value = links.iter().any(|link| link.words == *place && is_sure(link));
    is_value
        && place.len() == 1
        && (matches!(text(place.start.checked_sub(1)), "a" | "an" | "and" | "or" | "of")
            || matches!(text(Some(place.end)), "and" | "or"))
}

/// Whether a piece can mean that in a table: "meters" are a unit only where something is measured in it.
fn can_be(kind: &Kind, table: &Table) -> bool {
    match kind {
        Kind::Unit(unit) if unit.quantity != Quantity::Time => table.with_role(Role::Measure).any(|column| {
            Unit::of_column(&column.name, &column.comment).is_some_and(|of| of.quantity == unit.quantity)
        }),
        Kind::Punctuality(how) => deadlines::can_be(*how, table),
        _ => true,
    }
}

/// Ties that the glossary or a model has stated outdo all others.
fn hinted(words: &[Word], table: &Table, hint: &Hint, candidates: &mut Vec<(Range<usize>, f32, Kind)>) {
    let here = hint.table.is_empty()
        || hint.table == table.name
        || hint.table.split_once('.') == Some((&table.database, &table.name));
    let column = hint
        .column
        .as_ref()
        .and_then(|name| table.columns.iter().position(|column| column.name == *name));
    let target = match (&hint.formula, column, &hint.value) {
        (Some(formula), ..) => Target::Formula(formula.clone()),
        (None, Some(column), Some(value)) => Target::Value(column, value.clone()),
        (None, Some(column), None) => Target::Column(column),
        (None, None, _) => return,
    };
    let phrase = crate::query::question::words::words(&hint.phrase);
    if !here || phrase.is_empty() {
        return;
    }
    for start in 0..(words.len() + 1).saturating_sub(phrase.len()) {
        let same = words[start..start + phrase.len()]
            .iter()
            .zip(&phrase)
            .all(|(word, wanted)| word.text == wanted.text || word.stem == wanted.stem);
        if same {
            candidates.push((
                start..start + phrase.len(),
                3.0 + phrase.len() as f32,
                Kind::Link(target.clone()),
            ));
        }
    }
}
