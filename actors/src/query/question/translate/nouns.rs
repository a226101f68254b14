//! What pieces are by those around them: which of several nouns is meant, which only describe it, which say nothing here.

use super::build::Builder;
use super::pieces::{Computed, Kind};
use crate::query::question::catalog::Role;
use crate::query::question::link::Target;
use crate::query::question::time::Meaning;
use crate::query::question::vocabulary::FAMILIES;
use crate::query::question::words::{POSSESSIVE, identifier_words, stem};

impl Builder<'_> {
    /// Settles what each piece is, before anything is made of it.
    pub(super) fn nouns(&mut self) {
        self.attach_nouns();
        self.named_by_time();
        self.opposed();
        self.pairs();
        self.parts_of_names();
        self.participles();
        self.single_ones();
        self.done_amounts();
        self.unknown_kinds();
        self.verbs_like_numbers();
        self.names_of_things();
        self.tolerate();
        self.compounds();
        self.top_values();
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
    /// "readings" where rows have a time of reading: what is called like the main time are the rows.
    fn named_by_time(&mut self) {
        let main = self.time_column();
        for at in 0..self.pieces.len() {
            let is_main = self
                .linked(at)
                .is_some_and(|column| Some(&self.column(column).name) == main.as_ref());
            let verb = self.last_word(at).is_some_and(|word| word.is_participle());
            if is_main && !verb && self.is_plural(at) && self.pieces[at].strength >= 1.1 {
                self.pieces[at].kind = Kind::Link(Target::Rows);
            }
        }
    }

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

    /// What is only alike to a column does not say of which kind things are.
    fn unknown_kinds(&mut self) {
        for at in 0..self.pieces.len() {
            if self.linked(at).is_some() && self.says_which_kind(at) {
                self.pieces[at].kind = Kind::Unknown;
            }
        }
    }

    /// "cards of the student type": of all types the one that is meant, which no value is called.
    pub(super) fn says_which_kind(&self, at: usize) -> bool {
        const KINDS: [&str; 6] = ["type", "kind", "category", "class", "sort", "variety"];
        let is_kind = self
            .last_word(at + 1)
            .is_some_and(|word| KINDS.contains(&word.text.as_str()));
        let first = self.pieces[at].words.start;
        let before = |back: usize| {
            first
                .checked_sub(back)
                .map_or("", |before| self.words[before].text.as_str())
        };
        let of = before(1) == "of" || before(1) == "the" && before(2) == "of";
        let noun = (0..at)
            .rev()
            .find(|before| !matches!(self.kind(*before), Some(Kind::Filler)));
        let of_noun = noun.is_some_and(|noun| matches!(self.kind(noun), Some(Kind::Link(_))));
        is_kind && of && of_noun && self.pieces[at].strength < 0.55
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

    /// "the biggest single order": it is of single rows that an extreme is told anyway.
    fn single_ones(&mut self) {
        for at in 1..self.pieces.len() {
            let follows = matches!(
                self.kind(at - 1),
                Some(Kind::Superlative(..) | Kind::Aggregate(Computed::Maximum | Computed::Minimum))
            );
            if follows
                && self.kind(at) == Some(&Kind::Unknown)
                && self.last_word(at).is_some_and(|word| word.text == "single")
            {
                self.pieces[at].kind = Kind::Filler;
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
                    .is_some_and(|word| FAMILIES[0].iter().any(|person| stem(person) == word.stem));
            // "bike sharing trips" of a table of bike trips
            let of_business = self.kind(at + 1) == Some(&Kind::Unknown)
                && self
                    .last_word(at + 1)
                    .is_some_and(|word| word.text.ends_with("ing"))
                && matches!(self.kind(at + 2), Some(Kind::Link(_)))
                && self.table.words().iter().any(|named| named.text == word);
            let is_recent =
                word == "new" && over_time && self.kind(at + 1) == Some(&Kind::Link(Target::Rows));
            if of_business {
                self.pieces[at + 1].kind = Kind::Modifier;
            }
            if of_thing || of_business || is_recent {
                self.pieces[at].kind = Kind::Modifier;
            }
        }
    }

    /// "how many viewers watched sports" where there is a number of seconds watched: who did what, and no number is asked for.
    fn verbs_like_numbers(&mut self) {
        let counts = self
            .pieces
            .iter()
            .position(|piece| piece.kind == Kind::Aggregate(Computed::Many));
        let Some(counts) = counts else { return };
        for at in counts + 2..self.pieces.len() {
            let role = |at: usize| self.linked(at).map(|column| self.column(column).role);
            let is_clause = role(at) == Some(Role::Measure)
                && role(at - 1) == Some(Role::Id)
                && self.is_plural(at - 1)
                && matches!(
                    self.kind(at + 1),
                    Some(Kind::Link(Target::Value(..)) | Kind::Filler)
                )
                && !self.is_plural(at);
            let object =
                (at + 1..at + 3).any(|next| matches!(self.kind(next), Some(Kind::Link(Target::Value(..)))));
            if is_clause && object {
                self.pieces[at].kind = Kind::Filler;
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
                    && identifier_words(&column.name)
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
