//! How long something took, where no column tells it: `hours between landing and sale`, `the average parking time`, `how long
//! do builds wait in the queue`. It is the time from one moment of a row to another.

use std::ops::Range;

use super::build::{Builder, computed};
use super::measures::aggregate;
use super::pieces::{Computed, Kind};
use crate::query::question::catalog::{Column, Role};
use crate::query::question::link::Target;
use crate::query::question::spec::{Expression, Filter, Measure, Test};
use crate::query::question::time::{Meaning, TimeUnit};
use crate::query::question::units::{Quantity, Unit};
use crate::query::question::vocabulary::{BEGINNINGS, COURSES, ENDINGS};
use crate::query::question::words::identifier_words;

/// The words that name a moment are not many.
const LONGEST: usize = 8;
/// From how strong a tie on a time is named.
const SURE_TIE: f32 = 0.5;
/// Words that say that something waits.
const WAITING: [&str; 7] = [
    "wait", "waits", "waited", "waiting", "queue", "queueing", "queuing",
];
/// Verbs of being somewhere for a while.
const STAYING: [&str; 7] = [
    "stay", "stays", "stayed", "staying", "remain", "remained", "parked",
];
/// Words behind which no moment is named any more.
const BREAKS: [&str; 16] = [
    "by", "per", "for", "in", "on", "at", "each", "during", "this", "last", "with", "over", "across",
    "split", "within", "since",
];

/// A span of time that words speak of.
struct Stretch {
    /// Which words.
    words: Range<usize>,
    /// The time at which it begins.
    from: String,
    /// The time at which it ends.
    to: String,
}

impl Builder<'_> {
    /// Finds what is asked of how long something took, before anything else is made of its words.
    pub(super) fn durations(&mut self) {
        if self.limited_stay() || !self.asks_how_long() {
            return;
        }
        let stretch = self
            .between_moments()
            .or_else(|| self.course().filter(|_| !self.tells_durations()));
        let Some(stretch) = stretch else { return };
        let Some(how) = self.way_to_tell() else { return };
        self.take(stretch.words);
        self.name_of_duration();
        self.tell_duration();
        let (from, to) = (stretch.from, stretch.to);
        let of = Expression::Elapsed { from, to };
        self.spec.measures.push(Measure::of(aggregate(how), Some(of)));
    }

    /// How the durations of many rows become one; nothing if rows are ranked by them. "Which have the longest average time" ranks
    /// groups, which is done later.
    fn way_to_tell(&mut self) -> Option<Computed> {
        let total = self.has(|kind| *kind == Kind::Aggregate(Computed::Total));
        let averaged =
            self.has(|kind| matches!(kind, Kind::Aggregate(Computed::Average | Computed::Quantile(_))));
        let superlative = (0..self.pieces.len()).find_map(|at| match self.kind(at) {
            Some(Kind::Superlative(_, longest)) => Some((at, *longest)),
            _ => None,
        });
        if let Some((at, longest)) = superlative.filter(|_| !averaged) {
            if self.has(|kind| matches!(kind, Kind::Which | Kind::That | Kind::Number(_))) {
                return None;
            }
            self.pieces[at].kind = Kind::Filler;
            self.way_to_compute();
            return Some(if longest {
                Computed::Maximum
            } else {
                Computed::Minimum
            });
        }
        let otherwise = if total { Computed::Total } else { Computed::Average };
        Some(self.way_to_compute().unwrap_or(otherwise))
    }

    /// "staying longer than 24 hours": a condition on how long it took.
    fn limited_stay(&mut self) -> bool {
        let stay = (1..self.pieces.len()).find(|at| {
            self.last_word(at - 1)
                .is_some_and(|word| STAYING.contains(&word.text.as_str()))
                && matches!(self.kind(*at), Some(Kind::Compare(_, _, Some(unit), false)) if unit.quantity == Quantity::Time)
        });
        let (Some(at), Some((from, to))) = (stay, self.whole_course()) else {
            return false;
        };
        let Some(Kind::Compare(comparison, value, Some(unit), _)) = self.kind(at) else {
            return false;
        };
        let (comparison, seconds) = (*comparison, value * unit.factor);
        self.use_piece(at);
        self.pieces[at - 1].kind = Kind::Filler;
        // "after staying"
        if at > 1 && self.kind(at - 2) == Some(&Kind::Unknown) && self.text(&self.pieces[at - 2]) == "after" {
            self.pieces[at - 2].kind = Kind::Filler;
        }
        let test = Test::Elapsed {
            from,
            comparison,
            seconds,
        };
        self.spec.filters.push(Filter::new(&to, test));
        true
    }

    /// Whether it was found what is asked of how long something took.
    pub(super) fn has_duration(&self) -> bool {
        let mut measures = self.spec.measures.iter();
        measures.any(|measure| matches!(measure.of, Some(Expression::Elapsed { .. })))
    }

    fn has(&self, is: impl Fn(&Kind) -> bool) -> bool {
        self.pieces.iter().any(|piece| is(&piece.kind))
    }

    /// Whether a duration is asked for and nothing else is computed or ranked.
    fn asks_how_long(&self) -> bool {
        const TIMES: [&str; 5] = ["time", "times", "duration", "length", "long"];
        let counts_things = (0..self.pieces.len()).any(|at| {
            let counts = matches!(
                self.kind(at).and_then(computed),
                Some(Computed::Many | Computed::Distinct | Computed::Share)
            );
            counts && self.unit_behind(at).is_none()
        });
        let ranks_or_limits = self.has(|kind| {
            matches!(kind, Kind::Top(..))
                || matches!(kind, Kind::Compare(_, _, Some(unit), _) if unit.quantity == Quantity::Time)
        });
        let asks = self.asks_for_unit_of_time();
        let says = self.words.iter().any(|word| TIMES.contains(&word.text.as_str()));
        (asks || says) && !counts_things && !ranks_or_limits
    }

    /// "how long", "how many hours", "in minutes".
    fn asks_for_unit_of_time(&self) -> bool {
        self.has(|kind| match kind {
            Kind::HowLong | Kind::Time(Meaning::Told(_)) => true,
            Kind::Unit(unit) => unit.quantity == Quantity::Time,
            _ => false,
        })
    }

    /// "how many hours", "number of days": the unit that is counted.
    fn unit_behind(&self, at: usize) -> Option<usize> {
        (at + 1..self.pieces.len())
            .find(|next| self.kind(*next) != Some(&Kind::Filler))
            .filter(
                |next| matches!(self.kind(*next), Some(Kind::Unit(unit)) if unit.quantity == Quantity::Time),
            )
    }

    /// Whether a column holds durations itself.
    fn tells_durations(&self) -> bool {
        self.table.with_role(Role::Measure).any(|column| {
            Unit::of_column(&column.name, &column.comment).is_some_and(|unit| unit.quantity == Quantity::Time)
        })
    }

    fn text_at(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| word.text.as_str())
    }

    /// "between A and B", "from A to B", "from A until B", "after A do B".
    fn between_moments(&self) -> Option<Stretch> {
        (0..self.words.len()).find_map(|start| {
            let joints: &[&str] = match self.text_at(start) {
                "between" => &["and"],
                "from" => &["to", "until", "till"],
                "after" => &["do", "does", "did", "is", "are", "was", "were"],
                _ => return None,
            };
            let first_end = self.end_of_moment(start + 1, &[]);
            (start + 2..first_end.max(start + 2)).find_map(|joint| {
                if !joints.contains(&self.text_at(joint)) {
                    return None;
                }
                let end = self.end_of_moment(joint + 1, &BREAKS);
                let from = self.moment_of(start + 1..joint)?;
                let to = self.moment_of(joint + 1..end)?;
                (from != to).then_some(Stretch {
                    words: start..end,
                    from,
                    to,
                })
            })
        })
    }

    /// Where the words that can name a moment end.
    fn end_of_moment(&self, start: usize, breaks: &[&str]) -> usize {
        let most = (start + LONGEST).min(self.words.len());
        (start..most)
            .find(|at| {
                let is_break = *at > start && breaks.contains(&self.text_at(*at));
                is_break
                    || at
                        .checked_sub(1)
                        .is_some_and(|before| *at > start && self.words[before].stop.is_some())
            })
            .unwrap_or(most)
    }

    /// "parking time", "the length of a trip", "how many minutes do people stay", "how long do they wait in the queue".
    fn course(&self) -> Option<Stretch> {
        let named = |words: Range<usize>, times: Option<(String, String)>| {
            let (from, to) = times?;
            Some(Stretch { words, from, to })
        };
        let asks = self.asks_for_unit_of_time();
        (0..self.words.len()).find_map(|at| {
            let word = self.text_at(at);
            let is_time = matches!(self.text_at(at + 1), "time" | "times" | "duration");
            if WAITING.contains(&word) && (is_time || asks) {
                return named(at..at + 1 + usize::from(is_time), self.waiting());
            }
            if COURSES.contains(&word) && is_time {
                return named(at..at + 2, self.whole_course());
            }
            let is_all = matches!(word, "run" | "runs" | "take" | "last") && self.asks_only_how_long(at);
            if STAYING.contains(&word) && asks || is_all {
                return named(at..at + 1, self.whole_course());
            }
            let course = (word == "length" && self.text_at(at + 1) == "of")
                .then(|| (at + 2..at + 6).find(|at| COURSES.contains(&self.text_at(*at))))??;
            named(at..course + 1, self.whole_course())
        })
    }

    /// "how long do builds run", with no other moment named.
    fn asks_only_how_long(&self, at: usize) -> bool {
        let does = (0..at).any(|before| matches!(self.text_at(before), "do" | "does" | "did"));
        let names_moment = (0..self.pieces.len()).any(|at| {
            self.linked(at)
                .is_some_and(|column| self.column(column).role == Role::Time)
                && self.pieces[at].strength >= SURE_TIE
        });
        does && !names_moment && self.has(|kind| *kind == Kind::HowLong)
    }

    /// From the beginning to the end of what a row tells of.
    fn whole_course(&self) -> Option<(String, String)> {
        let from = self.first_called(&BEGINNINGS, None)?;
        let to = self.first_called(&ENDINGS, Some(from))?;
        Some((from.name.clone(), to.name.clone()))
    }

    /// From the time that is called like waiting to the next one.
    fn waiting(&self) -> Option<(String, String)> {
        let mut times = self.table.with_role(Role::Time).skip_while(|column| {
            !identifier_words(&column.name)
                .iter()
                .any(|word| word.stem == "queue" || word.stem == "queu" || word.stem == "wait")
        });
        Some((times.next()?.name.clone(), times.next()?.name.clone()))
    }

    /// The time that is called by the first of these words that any is called by.
    fn first_called(&self, names: &[&str], but: Option<&Column>) -> Option<&Column> {
        names.iter().find_map(|name| {
            self.table
                .with_role(Role::Time)
                .filter(|column| but.is_none_or(|but| but.name != column.name))
                .find(|column| {
                    identifier_words(&column.name)
                        .iter()
                        .any(|word| word.text == *name)
                })
        })
    }

    /// Marks the words that name the moments; values among them are conditions of their own.
    pub(super) fn take(&mut self, words: Range<usize>) {
        for piece in &mut self.pieces {
            let within = words.start <= piece.words.start && piece.words.end <= words.end;
            let is_naming = matches!(
                piece.kind,
                Kind::Link(Target::Column(_) | Target::Rows)
                    | Kind::Time(Meaning::Unit(_))
                    | Kind::Unknown
                    | Kind::Modifier
                    | Kind::And
                    | Kind::HowLong
                    | Kind::Without
            );
            if within && is_naming {
                piece.kind = Kind::Filler;
            }
        }
    }

    /// "response time from the call to the arrival": what the time is called adds nothing to its moments, nor
    /// does it that somebody waits for so long.
    fn name_of_duration(&mut self) {
        for at in 1..self.pieces.len() {
            let is_time = self
                .last_word(at)
                .is_some_and(|word| matches!(word.text.as_str(), "time" | "times" | "duration"));
            if is_time && self.kind(at - 1) == Some(&Kind::Unknown) {
                self.pieces[at - 1].kind = Kind::Modifier;
            }
            let is_verb = self
                .last_word(at)
                .is_some_and(|word| WAITING.contains(&word.text.as_str()));
            if is_verb && self.kind(at) == Some(&Kind::Unknown) {
                self.pieces[at].kind = Kind::Filler;
            }
        }
    }

    /// In which unit the duration is told.
    fn tell_duration(&mut self) {
        let mut is_told = false;
        for piece in &mut self.pieces {
            match &piece.kind {
                Kind::Unit(unit) if unit.quantity == Quantity::Time => {
                    self.told = Some(*unit);
                    piece.kind = Kind::HowLong;
                    piece.used = true;
                    is_told = true;
                }
                Kind::Time(Meaning::Told(_)) => is_told = true,
                _ => {}
            }
        }
        if !is_told {
            self.told = Some(Unit::of_time(TimeUnit::Hour));
            self.assumptions.push("durations are told in hours".to_owned());
        }
    }
}
