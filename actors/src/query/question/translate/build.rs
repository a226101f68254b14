//! Puts pieces together.

use super::pieces::{Computed, Kind, Piece, pieces};
use super::{Hints, Reading};
use crate::query::question::catalog::{Column, Role, Table};
use crate::query::question::link::Target;
use crate::query::question::spec::{Aggregate, Dimension, Measure, OrderBy, Spec};
use crate::query::question::time::Meaning;
use crate::query::question::units::Unit;
use crate::query::question::vocabulary::{FAMILIES, HARMLESS};
use crate::query::question::words::{POSSESSIVE, Word};

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
    builder.attach_nouns();
    builder.participles();
    builder.done_amounts();
    builder.names_of_things();
    builder.tolerate();
    builder.compounds();
    builder.top_values();
    builder.verbs_with_times();
    builder.told();
    builder.groups();
    builder.heads();
    builder.measures();
    builder.conditions();
    builder.settle_share();
    builder.times();
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
        score: score - 0.6 * residue.len() as f32 - 0.5 * builder.let_go as f32,
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
                _ => 0.0,
            };
        }
        score
    }

    /// Words that carry meaning and were not used.
    fn residue(&self) -> Vec<String> {
        self.pieces
            .iter()
            .filter(|piece| match &piece.kind {
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
                | Kind::Told(_)
                | Kind::HowLong
                | Kind::Outliers => !piece.used,
                Kind::Link(Target::Value(..)) | Kind::Latest(_) | Kind::Superlative(..) => !piece.used,
                // What is only alike, and nothing was made of it, is not known.
                Kind::Link(Target::Column(column)) if !piece.used && piece.strength < 0.4 => {
                    !HARMLESS.contains(&self.words[piece.words.start].text.as_str())
                        && !self.spec.mentions(&self.column(*column).name)
                }
                // A number of the row that nothing was made of.
                Kind::Link(Target::Column(column)) => {
                    !piece.used && piece.strength >= 0.65 && self.column(*column).role == Role::Measure
                }
                Kind::Time(Meaning::Range(_) | Meaning::Every(..) | Meaning::By(_) | Meaning::Only(..)) => {
                    !piece.used
                }
                Kind::Aggregate(_)
                | Kind::Others
                | Kind::Ratio
                | Kind::Divided
                | Kind::Spread
                | Kind::Cumulative => !piece.used,
                _ => false,
            })
            .map(|piece| self.text(piece))
            .chain(self.empty_share())
            .chain(self.ungrouped())
            .collect()
    }

    /// "Which … has the most …" has an answer only when it is known what "which" asks for.
    fn ungrouped(&self) -> Option<String> {
        if self.ungrouped {
            return Some("each".to_owned());
        }
        let asks = self.words.iter().any(|word| word.text == "which");
        let ranks = self.has_ranking() && self.spec.by.is_empty() && self.spec.over.is_none();
        (asks && ranks && self.spec.order.is_none()).then(|| "which".to_owned())
    }

    /// The share of everything in everything is no answer: the words that say of what were not understood.
    fn empty_share(&self) -> Option<String> {
        let is_empty = self
            .spec
            .measures
            .iter()
            .any(|measure| measure.aggregate == Aggregate::ShareOfTotal);
        let is_rate = self.words.iter().any(|word| word.text == "rate");
        (is_empty && (self.spec.by.is_empty() || is_rate)).then(|| "what the share is of".to_owned())
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
            word.text.ends_with('s') && !word.text.ends_with("ss") && !word.text.ends_with("us")
                || word.text == "people"
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
            _ => Dimension::Column(column.name.clone()),
        }
    }

    pub(super) fn group_by(&mut self, dimension: Dimension) {
        if !self.spec.by.contains(&dimension) {
            self.spec.by.push(dimension);
        }
    }

    /// A noun right behind a value that says what the value is of says nothing more: "visa cards",
    /// "mobile devices", "urgent priority".
    fn attach_nouns(&mut self) {
        for at in 0..self.pieces.len() {
            let Some(Kind::Link(Target::Value(column, _))) = self.kind(at) else {
                continue;
            };
            let column = *column;
            for next in [Some(at + 1), at.checked_sub(1)].into_iter().flatten() {
                if self.linked(next) == Some(column) && self.is_free(next) {
                    self.use_piece(next);
                }
            }
        }
    }
}

impl Builder<'_> {
    /// "food orders", "API users", "truck make": of nouns that follow each other the last is meant, those before it say what
    /// kind of it.
    fn compounds(&mut self) {
        for at in (0..self.pieces.len()).rev() {
            let verb = self.last_word(at).is_some_and(|word| word.is_participle());
            if verb
                || !self.is_noun_piece(at)
                || !self.is_free(at)
                || self.is_plural(at)
                || !self.is_head(at + 1)
            {
                continue;
            }
            // "waiting time": the number is named before a word that only says that it is one.
            let is_number = |at: usize| {
                self.linked(at)
                    .is_some_and(|column| self.column(column).role == Role::Measure)
            };
            let names_number = is_number(at)
                && is_number(at + 1)
                && self.pieces[at].strength > 1.0
                && self.pieces[at + 1].strength < 1.0;
            self.pieces[at + usize::from(names_number)].kind = Kind::Modifier;
        }
    }

    fn is_noun_piece(&self, at: usize) -> bool {
        match self.kind(at) {
            // "resolving tickets" is what somebody does.
            Some(Kind::Link(Target::Column(column))) if self.column(*column).role == Role::Time => {
                !self.last_word(at).is_some_and(|word| word.text.ends_with("ing"))
            }
            Some(Kind::Link(Target::Column(column))) => {
                !matches!(self.column(*column).role, Role::Flag | Role::List)
            }
            Some(Kind::Link(Target::Rows)) => true,
            _ => false,
        }
    }

    /// Whether a piece can be the noun that one right before it describes.
    fn is_head(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).filter(|before| *before < self.pieces.len()) else {
            return false;
        };
        let follows = match self.last_word(before).and_then(|word| word.stop) {
            None => true,
            // "which depot's trucks" are asked for by depot.
            Some(POSSESSIVE) => before == 0 || !matches!(self.kind(before - 1), Some(Kind::Which)),
            Some(_) => false,
        };
        follows
            && self.is_free(at)
            && match self.kind(at) {
                Some(Kind::Link(Target::Rows) | Kind::Modifier) => {
                    !self.last_word(at).is_some_and(|word| word.is_participle())
                }
                Some(Kind::Link(Target::Column(column))) => match self.column(*column).role {
                    Role::Id | Role::Dimension => self.pieces[at].strength >= 0.6,
                    Role::Measure => self.is_measured(at),
                    _ => false,
                },
                _ => false,
            }
    }

    /// "most requested", "least read": how often, whatever the verb is.
    fn participles(&mut self) {
        for at in 0..self.pieces.len() {
            let Some(Kind::Superlative([], most)) = self.kind(at) else {
                continue;
            };
            let most = *most;
            let is_participle = matches!(
                self.kind(at + 1),
                Some(Kind::Unknown | Kind::Filler | Kind::Link(Target::Rows))
            ) && self.last_word(at + 1).is_some_and(|word| {
                word.is_participle()
                    || matches!(
                        word.text.as_str(),
                        "sold" | "bought" | "read" | "seen" | "chosen" | "driven"
                    )
            });
            if is_participle {
                self.pieces[at].kind = Kind::Frequent(most);
                self.pieces[at + 1].kind = Kind::Modifier;
            }
        }
    }

    /// "charging stations", "new orders per day": words that are values elsewhere, and here say what things are called.
    fn names_of_things(&mut self) {
        let over_time = self
            .pieces
            .iter()
            .any(|piece| matches!(piece.kind, Kind::Time(Meaning::Every(..))));
        for at in 0..self.pieces.len() {
            if !matches!(self.kind(at), Some(Kind::Link(Target::Value(..)))) {
                continue;
            }
            let word = self.last_word(at).map_or("", |word| word.text.as_str());
            let of_thing = word.ends_with("ing")
                && self
                    .linked(at + 1)
                    .is_some_and(|column| self.column(column).role == Role::Id)
                // "returning users" do return.
                && !self
                    .last_word(at + 1)
                    .is_some_and(|word| FAMILIES[0].iter().any(|person| crate::query::question::words::stem(person) == word.stem));
            let is_recent =
                word == "new" && over_time && self.kind(at + 1) == Some(&Kind::Link(Target::Rows));
            if of_thing || is_recent {
                self.pieces[at].kind = Kind::Modifier;
            }
        }
    }

    /// "how much have we paid": an amount that is called like what was done with it.
    fn done_amounts(&mut self) {
        let asks = self
            .pieces
            .iter()
            .any(|piece| matches!(piece.kind, Kind::Aggregate(Computed::Much | Computed::Total)));
        let named = (0..self.pieces.len()).any(|at| {
            self.linked(at)
                .is_some_and(|column| self.column(column).role == Role::Measure)
        });
        if !asks || named {
            return;
        }
        for at in 0..self.pieces.len() {
            let Some(Kind::Link(Target::Value(..))) = self.kind(at) else {
                continue;
            };
            let Some(stem) = self.last_word(at).map(|word| word.stem.clone()) else {
                continue;
            };
            let amount = self.table.columns.iter().position(|column| {
                column.role == Role::Measure
                    && crate::query::question::words::identifier_words(&column.name)
                        .iter()
                        .any(|word| word.stem == stem)
            });
            if let Some(amount) = amount {
                self.pieces[at].kind = Kind::Link(Target::Column(amount));
            }
        }
    }

    /// "top speed" is the highest; "top 5 speeds" and "top cities" are rankings.
    fn top_values(&mut self) {
        for at in 0..self.pieces.len() {
            let mut noun = at + 1;
            while self.kind(noun) == Some(&Kind::Modifier) {
                noun += 1;
            }
            let is_number = self
                .linked(noun)
                .is_some_and(|column| self.column(column).role == Role::Measure);
            if matches!(self.kind(at), Some(Kind::Top(None, true))) && is_number && !self.is_plural(noun) {
                self.pieces[at].kind = Kind::Aggregate(Computed::Maximum);
            }
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
