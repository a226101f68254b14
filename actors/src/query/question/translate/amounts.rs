//! Amounts in units, and spans from one time to another.

use super::build::{Builder, computed};
use super::measures::aggregate;
use super::pieces::{Computed, Kind};
use crate::query::question::catalog::Role;
use crate::query::question::link::Target;
use crate::query::question::spec::{Aggregate, Expression, Measure};
use crate::query::question::time::{Meaning, TimeUnit};
use crate::query::question::units::{Quantity, Unit};
use crate::query::question::vocabulary::{FILLERS, HARMLESS};
use crate::query::question::words::{identifier_words, words};

/// Parts of a unit of money that amounts are kept in, by the names of columns, and how many make a whole.
const PARTS_OF_MONEY: [(&str, f64); 2] = [("cents", 100.0), ("micros", 1e6)];
/// The shortest year, in seconds.
const YEAR: f64 = 365.0 * 86_400.0;

impl Builder<'_> {
    /// `in minutes`, `in kilometres`: how the answer is told.
    pub(super) fn told(&mut self) {
        for at in 0..self.pieces.len() {
            let unit = match self.kind(at) {
                Some(Kind::Time(Meaning::Told(unit))) => Unit::of_time(*unit),
                Some(Kind::Told(unit)) => *unit,
                _ => continue,
            };
            // "amounts are stored in grams" says what they are now.
            if self.is_stored(self.pieces[at].words.start) {
                self.pieces[at].kind = Kind::Filler;
                continue;
            }
            self.told = Some(unit);
        }
    }

    /// "total kilowatt hours", "how many hours": the unit says what is measured.
    ///
    /// A column that is in another unit of the quantity is converted.
    pub(super) fn amounts(&mut self) {
        for at in 0..self.pieces.len() {
            let Some(Kind::Unit(unit)) = self.kind(at) else {
                continue;
            };
            let unit = *unit;
            // "sick days" are counted like anything else.
            let is_counted = at > 0
                && matches!(self.kind(at - 1), Some(Kind::Link(Target::Value(..))))
                && unit.quantity == Quantity::Time;
            if is_counted {
                self.pieces[at].kind = Kind::Filler;
                continue;
            }
            let Some(column) = self
                .amount_near(at, unit.quantity)
                .filter(|column| !self.is_of_years(*column) || unit.factor >= YEAR)
            else {
                // "how many days does it take": told of a span between two times.
                if let Some(before) = self
                    .aggregate_before(at)
                    .filter(|_| unit.quantity == Quantity::Time)
                {
                    self.told = Some(unit);
                    self.pieces[at].kind = Kind::HowLong;
                    if self.kind(before) == Some(&Kind::Aggregate(Computed::Many)) {
                        self.use_piece(before);
                    }
                }
                continue;
            };
            let before = self.aggregate_before(at);
            if unit.quantity == Quantity::Time {
                self.lasting_is_no_time();
            }
            self.told = Some(unit);
            self.use_piece(at);
            for piece in 0..self.pieces.len() {
                if self.linked(piece) == Some(column) {
                    self.use_piece(piece);
                }
            }
            // "total megawatt hours", "how many litres": added up, "average minutes": averaged.
            let how = before.and_then(|before| self.kind(before)).and_then(computed);
            if let Some(before) = before {
                self.use_piece(before);
            }
            // "how many litres in total"
            for piece in &mut self.pieces {
                if piece.kind == Kind::Aggregate(Computed::Total) {
                    piece.used = true;
                }
            }
            let averaged = self.other_aggregate(before);
            let how = match (how, averaged) {
                (Some(Computed::Many | Computed::Much | Computed::Total) | None, Some(averaged)) => averaged,
                (Some(Computed::Many | Computed::Much) | None, None) => Computed::Total,
                (Some(how), _) => how,
            };
            let of = Expression::Column(self.column(column).name.clone());
            self.spec.measures.push(Measure::of(aggregate(how), Some(of)));
        }
    }

    /// Years of age or of experience are told in years; days are asked of something else.
    fn is_of_years(&self, column: usize) -> bool {
        self.unit_of(column)
            .is_some_and(|unit| unit.quantity == Quantity::Time && unit.factor >= YEAR)
    }

    /// The way to compute right before a unit.
    fn aggregate_before(&self, at: usize) -> Option<usize> {
        let mut before = at;
        while let Some(previous) = before.checked_sub(1) {
            match self.kind(previous) {
                Some(Kind::Aggregate(_)) => return Some(previous),
                Some(Kind::Filler) => before = previous,
                _ => return None,
            }
        }
        None
    }

    /// "on average" and the like somewhere else in the question.
    fn other_aggregate(&mut self, but: Option<usize>) -> Option<Computed> {
        let found = (0..self.pieces.len()).find(|at| {
            Some(*at) != but
                && self.is_free(*at)
                && self
                    .kind(*at)
                    .and_then(computed)
                    .is_some_and(|how| matches!(how, Computed::Average | Computed::Quantile(_)))
        })?;
        self.use_piece(found);
        self.kind(found).and_then(computed)
    }

    /// The column that a unit speaks of: one that is named in the question, or the only one of the quantity.
    fn amount_near(&self, at: usize, quantity: Quantity) -> Option<usize> {
        let is_of = |column: usize| {
            self.column(column).role == Role::Measure
                && self.unit_of(column).is_some_and(|unit| unit.quantity == quantity)
        };
        let named = (0..self.pieces.len())
            .filter_map(|piece| Some((piece, self.linked(piece).filter(|column| is_of(*column))?)))
            .min_by_key(|(piece, _)| piece.abs_diff(at));
        if let Some((_, column)) = named {
            return Some(column);
        }
        // "from sending to delivery" is no duration that rows have, but a span between times.
        let main = self.time_column();
        let between_times = (0..self.pieces.len()).any(|piece| {
            self.linked(piece).is_some_and(|column| {
                self.column(column).role == Role::Time && Some(&self.column(column).name) != main.as_ref()
            })
        });
        if between_times && quantity == Quantity::Time {
            return None;
        }
        // Of durations a verb has to speak: "how many minutes does a visit last".
        (quantity != Quantity::Time || self.lasts())
            .then(|| self.measured_in(quantity))
            .flatten()
    }

    /// Whether a verb says that something takes time.
    fn lasts(&self) -> bool {
        const LASTING: [&str; 12] = [
            "last", "lasts", "lasted", "take", "takes", "took", "spend", "spent", "stay", "stayed", "run",
            "play",
        ];
        self.words
            .iter()
            .any(|word| LASTING.contains(&word.text.as_str()))
    }

    /// "how long does a visit last": the verb asks for no latest visit.
    fn lasting_is_no_time(&mut self) {
        for at in 1..self.pieces.len() {
            let is_verb = !matches!(
                self.kind(at + 1),
                Some(Kind::Link(_) | Kind::Number(_) | Kind::Unit(_))
            );
            if is_verb && matches!(self.kind(at), Some(Kind::Latest(true))) {
                self.pieces[at].kind = Kind::Filler;
            }
        }
    }

    /// The column of numbers that measures that: the only one, or the one that is called like the unit and nothing else.
    pub(super) fn measured_in(&self, quantity: Quantity) -> Option<usize> {
        let of: Vec<usize> = (0..self.table.columns.len())
            .filter(|column| {
                self.column(*column).role == Role::Measure
                    && self
                        .unit_of(*column)
                        .is_some_and(|unit| unit.quantity == quantity)
            })
            .collect();
        match of.as_slice() {
            [only] => Some(*only),
            several => {
                // A rate by the day measures no time.
                let mut plain = several.iter().filter(|column| {
                    let named = identifier_words(&self.column(**column).name);
                    named.len() == 1 || named[0].text == "duration"
                });
                plain
                    .next()
                    .copied()
                    .filter(|_| plain.next().is_none())
                    .or_else(|| self.most_spoken_of(several))
            }
        }
    }

    /// The one of some columns of whose comment and name the question says the most.
    fn most_spoken_of(&self, columns: &[usize]) -> Option<usize> {
        let said = |at: usize| {
            let column = self.column(at);
            let mut known = identifier_words(&column.name);
            known.extend(words(&column.comment));
            self.words
                .iter()
                .filter(|word| {
                    !HARMLESS.contains(&word.text.as_str())
                        && !FILLERS.contains(&word.text.as_str())
                        && known.iter().any(|known| known.stem == word.stem)
                })
                .count()
        };
        let mut ranked: Vec<(usize, usize)> = columns.iter().map(|at| (said(*at), *at)).collect();
        ranked.sort_unstable_by(|a, b| b.cmp(a));
        match ranked.as_slice() {
            [(most, at), (next, _), ..] if most > next => Some(*at),
            _ => None,
        }
    }

    /// A number that is given in one unit, in the unit of the column.
    pub(super) fn in_unit_of(&self, column: usize, value: f64, unit: Option<Unit>) -> f64 {
        match (unit, self.unit_of(column)) {
            (Some(unit), Some(of)) if unit.quantity == of.quantity => {
                // 0.1 + 0.2 and the like are not to show.
                let converted = value * unit.factor / of.factor;
                (converted * 1e9).round() / 1e9
            }
            _ => value,
        }
    }

    /// The unit of a column.
    pub(super) fn unit_of(&self, column: usize) -> Option<Unit> {
        let column = self.column(column);
        Unit::of_column(&column.name, &column.comment)
    }

    /// "how long do patients wait": a duration that rows have.
    pub(super) fn how_long(&mut self) {
        let Some(at) = self.pieces.iter().position(|piece| piece.kind == Kind::HowLong) else {
            return;
        };
        let is_duration = |column: &usize| {
            self.column(*column).role == Role::Measure
                && self
                    .unit_of(*column)
                    .is_some_and(|unit| unit.quantity == Quantity::Time)
        };
        let named = (0..self.pieces.len()).find_map(|piece| {
            let column = self
                .linked(piece)
                .filter(|column| self.is_free(piece) && is_duration(column))?;
            Some((piece, column))
        });
        let lasting = || Some((at, self.amount_near(at, Quantity::Time).filter(|_| self.lasts())?));
        let Some((piece, column)) = named.or_else(lasting) else {
            return;
        };
        self.lasting_is_no_time();
        self.use_piece(at);
        self.use_piece(piece);
        let how = self.way_to_compute().unwrap_or(Computed::Average);
        self.spec.measures.push(Measure::of(
            aggregate(how),
            Some(Expression::Column(self.column(column).name.clone())),
        ));
    }

    /// The way to compute that the question says, other than counting; all ways that it says are used up.
    pub(super) fn way_to_compute(&mut self) -> Option<Computed> {
        let how = self
            .pieces
            .iter()
            .filter_map(|piece| computed(&piece.kind))
            .find(|how| {
                !matches!(
                    how,
                    Computed::Many | Computed::Much | Computed::Total | Computed::Distinct | Computed::Share
                )
            });
        for piece in &mut self.pieces {
            if matches!(piece.kind, Kind::Aggregate(_) | Kind::HowLong) {
                piece.used = true;
            }
        }
        how
    }

    /// "how long does it take to resolve", "average time to first response", "hours between order and delivery": from one
    /// time to another; from the main time if only one is named.
    pub(super) fn elapsed(&mut self) {
        const ASKING: [&str; 12] = [
            "long", "time", "duration", "takes", "take", "took", "fastest", "slowest", "quickest", "longest",
            "shortest", "quickly",
        ];
        let asks = self.words.iter().any(|word| ASKING.contains(&word.text.as_str()))
            || self.pieces.iter().any(|piece| piece.kind == Kind::HowLong);
        let asks_when = self.words.iter().any(|word| word.text == "when")
            || self
                .pieces
                .iter()
                .any(|piece| matches!(piece.kind, Kind::Punctuality(_)) && piece.words.len() > 2);
        if !asks || asks_when || self.spec.measures.iter().any(|measure| measure.of.is_some()) {
            return;
        }
        let Some((from, to)) = self.two_times() else {
            return;
        };
        let grouped = !self.spec.by.is_empty();
        let longest = self.pieces.iter().find_map(|piece| match piece.kind {
            Kind::Superlative(_, descending) if !grouped => Some(if descending {
                Computed::Maximum
            } else {
                Computed::Minimum
            }),
            _ => None,
        });
        // Who is fast takes little time.
        for piece in &mut self.pieces {
            let said = self.words[piece.words.start].text.as_str();
            if let Kind::Superlative(_, descending) = &mut piece.kind
                && matches!(said, "fastest" | "slowest" | "quickest")
            {
                *descending = said == "slowest";
            }
        }
        // "how long are they kept before they come back": until then.
        for at in 0..self.pieces.len() {
            if self.kind(at) == Some(&Kind::Unknown)
                && self.last_word(at).is_some_and(|word| word.text == "before")
            {
                self.pieces[at].kind = Kind::Filler;
            }
        }
        self.spec.measures.clear();
        self.average_of_counts = false;
        let how = self.way_to_compute().or(longest).unwrap_or(Computed::Average);
        self.spec.measures.push(Measure::of(
            aggregate(how),
            Some(Expression::Elapsed { from, to }),
        ));
        if self.told.is_none() {
            self.told = Some(Unit::of_time(TimeUnit::Hour));
            self.assumptions.push("durations are told in hours".to_owned());
        }
    }

    /// The two times that a span lies between.
    fn two_times(&mut self) -> Option<(String, String)> {
        let main = self.time_column()?;
        let mut named: Vec<(usize, String)> = Vec::new();
        for at in 0..self.pieces.len() {
            let time = self
                .linked(at)
                .filter(|column| self.column(*column).role == Role::Time && self.is_free(at));
            if let Some(column) = time {
                let name = self.column(column).name.clone();
                if named.iter().all(|(_, other)| *other != name) {
                    named.push((at, name));
                }
            }
        }
        let (from, to) = match named.as_slice() {
            [(_, from), (_, to), ..] => (from.clone(), to.clone()),
            // What is booked is booked before it takes place.
            [(_, other)] if *other != main && comes_before(other, &main) => (other.clone(), main),
            [(_, to)] if *to != main => (main, to.clone()),
            _ => return None,
        };
        for (at, _) in named.iter().take(2) {
            self.use_piece(*at);
        }
        Some((from, to))
    }

    /// Cents and the like are told as the money they make, unless cents are asked for.
    fn whole_money(&mut self) {
        if self.asks_for_cents() {
            return;
        }
        for measure in &mut self.spec.measures {
            let Some(Expression::Column(name) | Expression::Quotient(name, _)) = &measure.of else {
                continue;
            };
            let Some((_, parts)) = PARTS_OF_MONEY
                .iter()
                .find(|(part, _)| identifier_words(name).iter().any(|word| word.text == *part))
            else {
                continue;
            };
            let is_money = !matches!(
                measure.aggregate,
                Aggregate::Distinct | Aggregate::Count | Aggregate::Share | Aggregate::ShareOfTotal
            );
            if is_money {
                measure.divisor = Some(*parts);
                self.assumptions.push(format!("{name} is divided by {parts}"));
            }
        }
    }

    /// "in cents"; "stored in cents" only says what they are now.
    fn asks_for_cents(&self) -> bool {
        self.words.iter().enumerate().any(|(at, word)| {
            word.text.starts_with("cent") && !at.checked_sub(1).is_some_and(|within| self.is_stored(within))
        })
    }

    /// Whether the words from one on only say how amounts are kept: "stored" before "in grams".
    fn is_stored(&self, at: usize) -> bool {
        let verb = at
            .checked_sub(1)
            .map_or("", |before| self.words[before].text.as_str());
        self.words[at].text == "in" && matches!(verb, "stored" | "kept" | "recorded" | "saved" | "held")
    }

    /// Amounts are told in the unit that was asked for.
    pub(super) fn units(&mut self) {
        self.whole_money();
        let Some(told) = self.told else { return };
        let mut changed = Vec::new();
        for (at, measure) in self.spec.measures.iter().enumerate() {
            let unit = match &measure.of {
                Some(Expression::Elapsed { .. }) => Some(Unit::of_time(TimeUnit::Second)),
                Some(Expression::Column(name)) => self
                    .table
                    .columns
                    .iter()
                    .position(|column| column.name == *name)
                    .and_then(|column| self.unit_of(column)),
                _ => None,
            };
            if let Some(unit) = unit.filter(|unit| unit.quantity == told.quantity) {
                changed.push((at, told.factor / unit.factor));
            }
        }
        if changed.is_empty() {
            return;
        }
        for (at, divisor) in changed {
            self.spec.measures[at].divisor = Some((divisor * 1e9).round() / 1e9);
        }
        for piece in &mut self.pieces {
            if matches!(piece.kind, Kind::Time(Meaning::Told(_)) | Kind::Told(_)) {
                piece.used = true;
            }
        }
    }
}

/// Whether the one time, by its name, is of a beginning, and the other is not.
fn comes_before(one: &str, other: &str) -> bool {
    const BEGINNINGS: [&str; 17] = [
        "started",
        "entered",
        "boarded",
        "booked",
        "created",
        "ordered",
        "requested",
        "queued",
        "submitted",
        "placed",
        "enrolled",
        "registered",
        "produced",
        "order",
        "request",
        "issued",
        "opened",
    ];
    let is_beginning = |name: &str| {
        identifier_words(name)
            .iter()
            .any(|word| BEGINNINGS.contains(&word.text.as_str()))
    };
    is_beginning(one) && !is_beginning(other)
}
