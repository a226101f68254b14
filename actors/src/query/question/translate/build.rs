//! Puts pieces together.

use super::pieces::{Computed, Kind, Piece, pieces};
use super::{Hints, Reading};
use crate::query::question::catalog::{Column, Role, Table};
use crate::query::question::link::Target;
use crate::query::question::spec::{Aggregate, Dimension, Measure, OrderBy, Spec};
use crate::query::question::time::Meaning;
use crate::query::question::units::Unit;
use crate::query::question::vocabulary::HARMLESS;
use crate::query::question::words::Word;

/// A sentence under construction. Each step takes pieces and marks them used.
pub(super) struct Builder<'a> {
    pub(super) table: &'a Table,
    pub(super) words: &'a [Word],
    pub(super) pieces: Vec<Piece>,
    pub(super) spec: Spec,
    pub(super) assumptions: Vec<String>,
    /// The things that are counted or listed, when they are no rows: `users`.
    pub(super) entity: Option<usize>,
    /// `which D has the most …`: one answer is wanted, the first.
    pub(super) wants_first: Option<bool>,
    /// The plural was used of what is ranked.
    pub(super) wants_many: bool,
    /// The unit in which the answer is told.
    pub(super) told: Option<Unit>,
    /// Average over groups was asked for ("average number of X per Y").
    pub(super) average_of_counts: bool,
    /// Groups were asked for that are not known.
    pub(super) ungrouped: bool,
    /// Words that were let go.
    pub(super) let_go: usize,
    /// Conditions stated behind this piece make the part of a share, not the whole.
    pub(super) part_from: Option<usize>,
}

/// Reads a question for one table; nothing when nothing in it has to do with the table.
pub(super) fn read(words: &[Word], table: &Table, hints: &Hints) -> Option<Reading> {
    let mut builder = Builder {
        table,
        words,
        pieces: pieces(words, table, hints),
        spec: Spec {
            database: table.database.clone(),
            table: table.name.clone(),
            ..Spec::default()
        },
        assumptions: Vec::new(),
        entity: None,
        wants_first: None,
        wants_many: false,
        told: None,
        average_of_counts: false,
        ungrouped: false,
        let_go: 0,
        part_from: None,
    };
    let score = builder.score();
    if score <= 0.0 {
        return None;
    }
    // What the pieces are, by those around them: nouns that describe others, words that do not matter, times of verbs.
    builder.column_pairs();
    builder.states();
    builder.durations();
    builder.asked_moments();
    builder.nouns();
    builder.portions();
    builder.verbs_with_times();
    builder.told();
    // What comes back, what is computed, of which rows.
    builder.groups();
    builder.heads();
    builder.measures();
    builder.conditions();
    builder.settle_share();
    builder.times();
    // What is left over has a place, or is residue.
    builder.leftovers();
    builder.ranking();
    builder.over_groups();
    builder.units();
    builder.without_missing_groups();
    let residue = builder.residue();
    if builder.spec.measures.is_empty()
        && builder.spec.order.is_none()
        && builder.spec.limit.is_none()
        && builder.spec.by.is_empty()
    {
        return None;
    }
    if builder.spec.measures.is_empty() && !builder.spec.by.is_empty() {
        builder.spec.measures.push(Measure::count());
        builder
            .spec
            .order
            .get_or_insert(crate::query::question::spec::Order {
                by: OrderBy::Measure(0),
                descending: true,
            });
    }
    Some(Reading {
        score: score + 0.5 * f32::from(builder.has_duration())
            - 0.6 * residue.len() as f32
            - 0.5 * builder.let_go as f32,
        spec: builder.spec,
        residue,
        assumptions: builder.assumptions,
    })
}

impl<'a> Builder<'a> {
    /// How much the table has to do with the question.
    fn score(&self) -> f32 {
        let mut score = 0.0;
        for piece in &self.pieces {
            let length = piece.words.len() as f32;
            score += match &piece.kind {
                Kind::Link(Target::Rows) => {
                    let generic = matches!(
                        self.words[piece.words.start].stem.as_str(),
                        "row" | "record" | "entri" | "event" | "messag"
                    );
                    let named = self
                        .table
                        .words()
                        .last()
                        .is_some_and(|last| last.stem == self.words[piece.words.end - 1].stem);
                    match (named, generic) {
                        (true, _) => 1.6 + 0.5 * (length - 1.0),
                        (false, true) => 0.3,
                        (false, false) => 0.7,
                    }
                }
                // What is only alike counts less.
                Kind::Link(Target::Column(_)) if piece.strength < 0.55 => 0.6,
                Kind::Link(Target::Column(_) | Target::Formula(_)) => 1.0 + 0.5 * (length - 1.0),
                Kind::Link(Target::Value(..)) if piece.strength < 0.8 => 0.7,
                Kind::Link(Target::Value(..)) => 1.1 + 0.4 * (length - 1.0),
                // "on loan" in a table of loans.
                Kind::Punctuality(_)
                    if self.words[piece.words.clone()]
                        .iter()
                        .any(|word| self.is_rows_noun(word)) =>
                {
                    1.6
                }
                _ => 0.0,
            };
        }
        score
    }

    /// Whether a word is the noun of the table's name.
    fn is_rows_noun(&self, word: &Word) -> bool {
        self.table
            .words()
            .last()
            .is_some_and(|last| last.stem == word.stem)
    }

    /// Words that carry meaning and were not used.
    fn residue(&self) -> Vec<String> {
        self.pieces
            .iter()
            .enumerate()
            .filter(|(at, piece)| match &piece.kind {
                Kind::Unknown => true,
                Kind::Number(_) if self.text(piece).starts_with("one") => false,
                Kind::Compare(..)
                | Kind::Between(..)
                | Kind::Number(_)
                | Kind::Never
                | Kind::Not
                | Kind::Without
                | Kind::Unit(_)
                | Kind::Punctuality(_)
                | Kind::Columns(_)
                | Kind::Unfilled(_)
                | Kind::Told(_)
                | Kind::HowLong
                | Kind::Outliers => !piece.used,
                Kind::Link(Target::Value(..)) | Kind::Latest(_) | Kind::Superlative(..) => !piece.used,
                // What is only alike, and nothing was made of it, is not known.
                Kind::Link(Target::Column(column)) if !piece.used && piece.strength < 0.4 => {
                    // "Danish boats": what is chosen has been understood.
                    let is_chosen = *at > 0
                        && self.pieces[at - 1].used
                        && matches!(self.kind(at - 1), Some(Kind::Link(Target::Value(..))));
                    !is_chosen
                        && !HARMLESS.contains(&self.words[piece.words.start].text.as_str())
                        && !self.spec.mentions(&self.column(*column).name)
                }
                // A number of the row that nothing was made of.
                Kind::Link(Target::Column(column)) => {
                    let column = self.column(*column);
                    // "how hot was it? the highest temperature …": said by the adjective already.
                    let restated = self.spec.mentions(&column.name)
                        && at
                            .checked_sub(1)
                            .is_some_and(|before| matches!(self.kind(before), Some(Kind::Superlative(..))));
                    !piece.used && piece.strength >= 0.65 && column.role == Role::Measure && !restated
                }
                Kind::Time(
                    Meaning::Range(_)
                    | Meaning::Every(..)
                    | Meaning::By(_)
                    | Meaning::Only(..)
                    | Meaning::Told(_),
                ) => !piece.used,
                Kind::Aggregate(_)
                | Kind::Others
                | Kind::Ratio
                | Kind::Divided
                | Kind::Spread
                | Kind::Cumulative => !piece.used,
                _ => false,
            })
            .map(|(_, piece)| self.text(piece))
            .chain(self.empty_share())
            .chain(self.ungrouped())
            .collect()
    }

    /// "Which … has the most …" has an answer only when it is known what "which" asks for.
    fn ungrouped(&self) -> Option<String> {
        if self.ungrouped {
            return Some("what \"each\" is of".to_owned());
        }
        if let Some(count) = self.unranked() {
            return Some(count);
        }
        let asks = self.words.iter().any(|word| word.text == "which");
        let ranks = self.has_ranking() && self.spec.by.is_empty() && self.spec.over.is_none();
        (asks && ranks && self.spec.order.is_none()).then(|| "what \"which\" asks for".to_owned())
    }

    /// "10 most viewed pages" are no single number: what is ranked was not understood.
    fn unranked(&self) -> Option<String> {
        let nothing = self.spec.by.is_empty()
            && self.spec.over.is_none()
            && self.spec.order.is_none()
            && self.spec.limit.is_none()
            && !self.spec.measures.is_empty();
        let count = self
            .pieces
            .iter()
            .enumerate()
            .position(|(at, piece)| match piece.kind {
                Kind::Top(Some(count), _) => count > 1,
                Kind::Number(count) => {
                    count > 1.0
                        && matches!(self.kind(at + 1), Some(Kind::Superlative(..) | Kind::Frequent(_)))
                }
                _ => false,
            });
        count
            .filter(|_| nothing)
            .map(|at| format!("what the {} are", self.text(&self.pieces[at])))
    }

    /// The share of everything in everything is no answer: the words that say of what were not understood.
    fn empty_share(&self) -> Option<String> {
        let is_empty = self
            .spec
            .measures
            .iter()
            .any(|measure| measure.aggregate == Aggregate::ShareOfTotal);
        let is_rate = self.words.iter().any(|word| word.text == "rate");
        let is_empty = is_empty && (self.spec.by.is_empty() || is_rate);
        (is_empty || self.is_impossible_share()).then(|| "what the share is of".to_owned())
    }

    pub(super) fn text(&self, piece: &Piece) -> String {
        self.words[piece.words.clone()]
            .iter()
            .map(|word| word.raw.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    pub(super) fn column(&self, at: usize) -> &'a Column {
        &self.table.columns[at]
    }

    pub(super) fn kind(&self, at: usize) -> Option<&Kind> {
        self.pieces.get(at).map(|piece| &piece.kind)
    }

    /// The column a piece is tied to.
    pub(super) fn linked(&self, at: usize) -> Option<usize> {
        match self.kind(at)? {
            Kind::Link(Target::Column(column)) => Some(*column),
            _ => None,
        }
    }

    pub(super) fn use_piece(&mut self, at: usize) {
        if let Some(piece) = self.pieces.get_mut(at) {
            piece.used = true;
        }
    }

    pub(super) fn is_free(&self, at: usize) -> bool {
        self.pieces.get(at).is_some_and(|piece| !piece.used)
    }

    /// The last word of a piece.
    pub(super) fn last_word(&self, at: usize) -> Option<&Word> {
        self.words.get(self.pieces.get(at)?.words.end.checked_sub(1)?)
    }

    /// Whether a piece's noun is in the plural.
    pub(super) fn is_plural(&self, at: usize) -> bool {
        self.last_word(at).is_some_and(|word| {
            let singular = ["ss", "us", "sis"]
                .iter()
                .any(|ending| word.text.ends_with(ending));
            word.text.ends_with('s') && !singular || word.text == "people"
        })
    }

    /// The time column that questions about this table mean.
    pub(super) fn time_column(&self) -> Option<String> {
        self.table.main_time().map(str::to_owned)
    }

    /// Whether grouping by a column makes sense.
    pub(super) fn can_group(&self, at: usize) -> bool {
        let column = self.column(at);
        match column.role {
            Role::Dimension | Role::Id | Role::Flag | Role::List => true,
            Role::Text => column.distinct < self.table.rows / 2,
            Role::Measure => is_countable_number(column),
            Role::Time => false,
        }
    }

    pub(super) fn dimension(&self, at: usize) -> Dimension {
        let column = self.column(at);
        match column.role {
            Role::List => Dimension::Item(column.name.clone()),
            Role::Id => Dimension::Column(self.name_of_id(column).unwrap_or(&column.name).to_owned()),
            _ => Dimension::Column(column.name.clone()),
        }
    }

    /// "each campaign": by its name, if it has one and nobody speaks of ids.
    fn name_of_id(&self, id: &'a Column) -> Option<&'a str> {
        if self
            .words
            .iter()
            .any(|word| matches!(word.text.as_str(), "id" | "ids"))
        {
            return None;
        }
        let thing = id
            .name
            .strip_suffix("id")
            .or_else(|| id.name.strip_suffix("Id"))?;
        self.table
            .with_role(Role::Dimension)
            .find(|column| {
                column.distinct == id.distinct
                    && column
                        .name
                        .strip_prefix(thing)
                        .is_some_and(|rest| rest.eq_ignore_ascii_case("name"))
            })
            .map(|column| column.name.as_str())
    }

    pub(super) fn group_by(&mut self, dimension: Dimension) {
        if !self.spec.by.contains(&dimension) {
            self.spec.by.push(dimension);
        }
    }
}

/// Whole numbers of which there are few: ratings, floors, grades.
pub(super) fn is_countable_number(column: &Column) -> bool {
    let whole = column.plain_type().starts_with("Int") || column.plain_type().starts_with("UInt");
    whole && column.distinct <= 50
}

/// Whether a piece says how to compute something.
pub(super) fn computed(kind: &Kind) -> Option<Computed> {
    match kind {
        Kind::Aggregate(computed) => Some(*computed),
        _ => None,
    }
}
