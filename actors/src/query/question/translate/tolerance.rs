//! Words that are in no table, and whose place in the sentence says that the answer is the same without them.
//!
//! "Support" in "support tickets" only says what kind of tickets a table of tickets has; "rented" in "riders who rented a bike"
//! is what riders do. Each such word is named among the assumptions, but for what is said aside ("For the board: …"). What stands
//! where the question says *what* is counted, grouped or chosen is never let go, nor are proper names, adjectives, participles
//! that describe something, or verbs that name a state.

use super::build::Builder;
use super::pieces::{Computed, Kind};
use crate::query::question::catalog::Role;
use crate::query::question::link::Target;
use crate::query::question::time::Meaning;
use crate::query::question::vocabulary::{ADJECTIVES, CODES, STATE_VERBS};
use crate::query::question::words::{Word, identifier_words};

/// Nouns that add nothing to the name of a column before them: "payment method".
const GENERIC: [&str; 17] = [
    "method", "type", "kind", "name", "code", "level", "class", "group", "mode", "category", "option",
    "model", "number", "provider", "status", "tier", "version",
];
/// Participles behind amounts that every such amount comes from; others choose, as in "amount refunded".
const SPENDING: [&str; 8] = [
    "burned",
    "burnt",
    "driven",
    "walked",
    "worked",
    "travelled",
    "traveled",
    "covered",
];
/// Words left over that are let go at most.
const MOST: usize = 3;

impl Builder<'_> {
    /// Lets go of words that do not matter.
    pub(super) fn tolerate(&mut self) {
        let unknown: Vec<usize> = (0..self.pieces.len())
            .filter(|at| self.kind(*at) == Some(&Kind::Unknown))
            .collect();
        if unknown.len() > MOST {
            return;
        }
        // From the right, so that "public transport lines" is seen from its noun.
        for at in unknown.into_iter().rev() {
            if self.is_proper(at) && !self.names_currency(at) || self.says_which_kind(at) {
                continue;
            }
            if self.is_aside(at) {
                self.pieces[at].kind = Kind::Filler;
                continue;
            }
            let describes = self.is_said_of_noun(at);
            if self.names_currency(at) || self.is_quantity_of(at) {
                self.pieces[at].kind = Kind::Filler;
            } else if describes || self.ends_compound(at) || self.is_active_verb(at) || self.is_manner(at) {
                self.pieces[at].kind = if describes { Kind::Modifier } else { Kind::Filler };
                self.let_go += 1;
                let word = self.text(&self.pieces[at]);
                self.assumptions
                    .push(format!("{word:?} is in no column; it is taken to change nothing"));
            }
        }
    }

    fn word(&self, at: usize) -> &str {
        self.last_word(at).map_or("", |word| word.text.as_str())
    }

    /// "Are we growing? Number of orders per week": a first question that the second one answers.
    fn is_aside(&self, at: usize) -> bool {
        let start = self.words.first().map_or("", |word| word.text.as_str());
        let end = self
            .words
            .iter()
            .position(|word| matches!(word.stop, Some('?' | '.' | '!')));
        // "For the board meeting: …"
        let heading = self.words.iter().position(|word| word.stop == Some(':'));
        if start == "for"
            && heading.is_some_and(|end| self.pieces[at].words.start <= end && end + 2 < self.words.len())
        {
            return true;
        }
        let occasion = matches!(
            self.word(at),
            "meeting" | "review" | "report" | "presentation" | "newsletter" | "board"
        ) || matches!(
            self.word(at + 1),
            "meeting" | "review" | "report" | "presentation" | "board"
        );
        if start == "for" && occasion && self.pieces[at].words.start < 5 {
            return true;
        }
        matches!(start, "are" | "is" | "do" | "does" | "did" | "have" | "has")
            && end.is_some_and(|end| self.pieces[at].words.start <= end && end + 2 < self.words.len())
    }

    /// Names, codes and quotations mean something of their own.
    fn is_proper(&self, at: usize) -> bool {
        let Some(word) = self.last_word(at) else {
            return true;
        };
        let capital = word.raw.starts_with(char::is_uppercase) && at > 0 && !word.is_upper();
        capital || word.quoted || !word.raw.chars().all(char::is_alphabetic) || !word.raw.is_ascii()
    }

    fn is_adjective_or_participle(&self, at: usize) -> bool {
        const ENDINGS: [&str; 12] = [
            "ed", "ing", "able", "ible", "ous", "ful", "less", "ive", "est", "ic", "ish", "er",
        ];
        const NOUNS: [&str; 12] = [
            "music", "traffic", "topic", "clinic", "logic", "metric", "fabric", "basic", "customer", "order",
            "user", "computer",
        ];
        let word = self.word(at);
        // "handling duration", "mailing list"
        let measured = word.ends_with("ing")
            && self
                .linked(at + 1)
                .is_some_and(|column| matches!(self.column(column).role, Role::Measure | Role::Dimension));
        if NOUNS.contains(&word) || measured {
            return false;
        }
        ADJECTIVES.contains(&word) || word.len() > 4 && ENDINGS.iter().any(|ending| word.ends_with(ending))
    }

    fn joins(&self, at: usize) -> bool {
        self.last_word(at).is_some_and(|word| word.stop.is_none())
    }

    /// "support tickets", "library fines", "HTTP method": a noun before a noun that is known.
    fn is_said_of_noun(&self, at: usize) -> bool {
        let known = match self.kind(at + 1) {
            Some(Kind::Link(Target::Rows)) => true,
            Some(Kind::Link(Target::Column(column))) => {
                matches!(
                    self.column(*column).role,
                    Role::Id | Role::Dimension | Role::Measure | Role::List
                )
            }
            // Seen from the right: it describes a noun itself, or is the first of several that do.
            Some(Kind::Modifier) => true,
            _ => false,
        };
        let verb_follows = self.last_word(at + 1).is_some_and(Word::is_participle);
        known
            && !verb_follows
            && self.joins(at)
            && !self.is_adjective_or_participle(at)
            && !self.is_plural(at)
    }

    /// "signal strength", "payment method", "the web shop": a noun behind one that says which column or table is meant.
    fn ends_compound(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).filter(|before| self.joins(*before)) else {
            return false;
        };
        let follows = match self.kind(before) {
            Some(Kind::Link(Target::Column(column))) => match self.column(*column).role {
                // "satisfaction score" is what satisfaction is told in, however the column is called.
                Role::Measure
                    if matches!(self.word(at), "score" | "rating" | "level" | "value" | "figure") =>
                {
                    true
                }
                // "hours worked", "calories burned": what amounts come from.
                Role::Measure if SPENDING.contains(&self.word(at)) => return true,
                Role::Measure => self.pieces[before].strength >= 0.6 && !self.is_plural(before),
                Role::Dimension => GENERIC.contains(&self.word(at)),
                // "different train numbers" where trains have numbers
                Role::Id => matches!(self.word(at), "number" | "numbers"),
                _ => false,
            },
            // A part of the table's name, no more: "web" of web_events.
            Some(Kind::Link(Target::Rows)) => self.pieces[before].strength <= 0.6 && !self.is_plural(before),
            // "for home insurance": the noun says what the value is of.
            Some(Kind::Link(Target::Value(..))) => {
                GENERIC.contains(&self.word(at)) || self.follows_preposition(before)
            }
            _ => false,
        };
        let behind_value = matches!(self.kind(before), Some(Kind::Link(Target::Value(..))));
        follows && (behind_value || !self.is_adjective_or_participle(at))
    }

    fn follows_preposition(&self, at: usize) -> bool {
        let before = (0..at)
            .rev()
            .find(|before| !matches!(self.word(*before), "the" | "a" | "an" | "our" | "all"));
        // "of the app and the web shop"
        if let Some(joint) = before
            && matches!(self.kind(joint), Some(Kind::And))
            && let Some(value) = joint.checked_sub(1)
            && matches!(self.kind(value), Some(Kind::Link(Target::Value(..))))
        {
            return self.follows_preposition(value);
        }
        before
            .map(|before| self.word(before))
            .is_some_and(|word| matches!(word, "for" | "in" | "on" | "with" | "from" | "at" | "of" | "to"))
    }

    /// "riders rented a bike", "do we ship parcels": what somebody does with what is known.
    fn is_active_verb(&self, at: usize) -> bool {
        let Some(word) = self.last_word(at) else {
            return false;
        };
        let is_preposition = matches!(word.text.as_str(), "above" | "below" | "beyond" | "against");
        if is_preposition
            || word.text.ends_with("ing") && word.stem != word.text
            || word.text.ends_with("est")
            || STATE_VERBS.contains(&word.stem.as_str())
        {
            return false;
        }
        // "which programs do people use": the verb is yet to come.
        let asks = self.words.get(self.pieces[at].words.end);
        let of_span = at > 0 && matches!(self.kind(at - 1), Some(Kind::Unit(_) | Kind::HowLong));
        if !of_span && asks.is_some_and(|next| matches!(next.text.as_str(), "do" | "does" | "did")) {
            return false;
        }
        let mut before = at;
        let subject = loop {
            let Some(previous) = before.checked_sub(1) else {
                break false;
            };
            match self.kind(previous) {
                Some(Kind::Link(Target::Rows | Target::Value(..))) => break true,
                Some(Kind::Link(Target::Column(column))) => {
                    break matches!(self.column(*column).role, Role::Id | Role::Dimension);
                }
                Some(Kind::Unit(_) | Kind::HowLong) => break true,
                Some(Kind::Which) => break self.word(previous) == "who",
                Some(Kind::Time(Meaning::Range(_))) => before = previous,
                // "which hour of the day sees the most calls"
                Some(Kind::Time(Meaning::By(_) | Meaning::Unit(_))) => break true,
                Some(Kind::Unknown) if self.has_fronted_object(at) => break self.is_plural(previous),
                // "did meter B-12 send": its number.
                Some(Kind::Unknown | Kind::Number(_))
                    if self.word(previous).contains(|c: char| c.is_ascii_digit()) =>
                {
                    before = previous;
                }
                Some(Kind::Filler | Kind::That) => match self.word(previous) {
                    "we" | "they" | "people" | "i" | "you" | "who" | "that" | "have" | "has" | "had" => {
                        break true;
                    }
                    "was" | "were" | "is" | "are" | "be" | "been" | "being" | "got" | "get" | "to" => {
                        break false;
                    }
                    _ => before = previous,
                },
                _ => break false,
            }
        };
        let mut next = at + 1;
        while matches!(self.kind(next), Some(Kind::Filler | Kind::Modifier)) {
            next += 1;
        }
        let object = matches!(
            self.kind(next),
            Some(
                Kind::Link(_)
                    | Kind::Aggregate(_)
                    | Kind::Compare(..)
                    | Kind::Number(_)
                    | Kind::Superlative(..)
                    | Kind::Frequent(_)
                    | Kind::Latest(_)
            )
        ) || self.has_fronted_object(at);
        // "shipped orders" are not what somebody ships.
        let attributive = word.is_participle()
            && next == at + 1
            && matches!(self.kind(next), Some(Kind::Link(Target::Rows)));
        subject && object && !attributive && !ADJECTIVES.contains(&word.text.as_str())
    }

    /// "how many bills did shops write this week": what is asked for stands before "did", and a verb that nothing but a time
    /// or nothing at all follows says what is done with it.
    fn has_fronted_object(&self, at: usize) -> bool {
        let next = (at + 1..self.pieces.len())
            .find(|next| self.kind(*next) != Some(&Kind::Filler))
            .unwrap_or(self.pieces.len());
        let ends = matches!(self.kind(next), None | Some(Kind::Time(Meaning::Range(_))));
        let does = (1..at).find(|before| matches!(self.word(*before), "did" | "do" | "does"));
        let fronted = does.is_some_and(|does| {
            self.pieces[..does]
                .iter()
                .any(|piece| piece.kind == Kind::Aggregate(Computed::Many))
                && self.pieces[..does]
                    .iter()
                    .any(|piece| matches!(piece.kind, Kind::Link(_)))
        });
        ends && fronted
    }

    /// "the total volume of transferred bytes": how numbers are spoken of.
    fn is_quantity_of(&self, at: usize) -> bool {
        let of_number = self.word(at + 1) == "of"
            && self
                .linked(at + 2)
                .is_some_and(|column| self.column(column).role == Role::Measure);
        of_number && matches!(self.word(at), "volume" | "amount" | "quantity" | "size" | "level")
    }

    /// "successfully collected": how something was done that is known.
    fn is_manner(&self, at: usize) -> bool {
        self.word(at).ends_with("ly") && matches!(self.kind(at + 1), Some(Kind::Link(_)))
    }

    /// "in Swiss francs" where amounts are in that currency.
    fn names_currency(&self, at: usize) -> bool {
        let Some(word) = self.last_word(at) else {
            return false;
        };
        let next = self.last_word(at + 1).map_or("", |word| word.stem.as_str());
        let code = CODES.iter().find(|(name, code)| {
            code.len() == 3
                && (*name == word.stem
                    || *name == format!("{} {next}", word.text)
                    || name.ends_with(&format!(" {}", word.stem)))
        });
        code.is_some_and(|(_, code)| {
            self.table.with_role(Role::Measure).any(|column| {
                identifier_words(&column.name)
                    .iter()
                    .any(|word| word.text.eq_ignore_ascii_case(code))
            })
        })
    }
}
