//! `resolved within 2 hours`, `reported more than 14 days after the incident`, `more than 5 minutes late`: conditions on how
//! long it took from one time of a row to another.

use super::build::Builder;
use super::deadlines::Punctuality;
use super::measures::aggregate;
use super::pieces::Kind;
use crate::query::question::catalog::Role;
use crate::query::question::spec::{Expression, Filter, Measure, Test};
use crate::query::question::units::Quantity;

/// How many pieces from a comparison its times may stand.
const NEAR: usize = 5;

impl Builder<'_> {
    /// Comparisons with a span of time, where the two times are named.
    pub(super) fn spans(&mut self) {
        for at in 0..self.pieces.len() {
            let Some(Kind::Compare(comparison, value, Some(unit), false)) = self.kind(at) else {
                continue;
            };
            if unit.quantity != Quantity::Time || !self.is_free(at) {
                continue;
            }
            let (comparison, seconds) = (*comparison, value * unit.factor);
            let Some((from, to)) = self.late_by(at).or_else(|| self.between_times(at)) else {
                continue;
            };
            self.use_piece(at);
            let test = Test::Elapsed {
                from,
                comparison,
                seconds,
            };
            self.add_filter(at, Filter::new(&to, test));
        }
    }

    /// "average arrival delay": from what was promised to what was done, where no column tells it.
    pub(super) fn delays(&mut self) {
        let said = self
            .words
            .iter()
            .position(|word| matches!(word.text.as_str(), "delay" | "delays" | "lateness"));
        let (Some(said), None) = (said, self.delay()) else {
            return;
        };
        let Some((from, to)) = self.promised_and_done() else {
            return;
        };
        let Some(how) = self.way_to_compute() else {
            return;
        };
        for at in 0..self.pieces.len() {
            let words = self.pieces[at].words.clone();
            // "arrival delay": which of them is in the names of both times.
            let is_kind = words.end == said && matches!(self.kind(at), Some(Kind::Link(_) | Kind::Unknown));
            if words.contains(&said) || is_kind {
                self.pieces[at].kind = Kind::Filler;
            } else if matches!(self.kind(at), Some(Kind::Aggregate(_))) {
                self.use_piece(at);
            }
        }
        let of = Expression::Elapsed { from, to };
        self.spec.measures.push(Measure::of(aggregate(how), Some(of)));
    }

    /// "more than 5 minutes late": after what was promised.
    fn late_by(&mut self, at: usize) -> Option<(String, String)> {
        let late = self.kind(at + 1) == Some(&Kind::Punctuality(Punctuality::Late));
        // A column that tells the delay says it better.
        let times = self
            .promised_and_done()
            .filter(|_| late && self.delay().is_none())?;
        self.use_piece(at + 1);
        Some(times)
    }

    /// The time that the verb before a comparison names, and the one behind "after" or "of"; the main time if none is.
    fn between_times(&mut self, at: usize) -> Option<(String, String)> {
        let main = self.time_column()?;
        let behind = self.named_time(at + 1..at + 1 + NEAR);
        let before = self.named_time(at.saturating_sub(NEAR)..at);
        let name = |builder: &Self, (_, column): (usize, usize)| builder.column(column).name.clone();
        let to = before.map_or_else(|| main.clone(), |named| name(self, named));
        let from = behind.map_or_else(|| main.clone(), |named| name(self, named));
        let links = self
            .words
            .get(self.pieces[at].words.end)
            .map(|word| word.text.as_str());
        let says_from = matches!(links, Some("after" | "of" | "from" | "since" | "later"));
        let says_before = matches!(links, Some("before" | "ahead"));
        // Without "after", only what the verb names is sure.
        if from == to
            || behind.is_some() && !says_from && !says_before
            || before.is_none() && behind.is_none()
        {
            return None;
        }
        for (place, _) in [before, behind].into_iter().flatten() {
            self.use_piece(place);
        }
        // "after" and "before" are said with this.
        if (says_from || says_before) && !matches!(self.kind(at + 1), Some(Kind::Link(_))) {
            self.pieces[at + 1].kind = Kind::Filler;
        }
        Some(if says_before { (to, from) } else { (from, to) })
    }

    /// The time of a row that is named in a place and of which nothing was made.
    fn named_time(&self, place: std::ops::Range<usize>) -> Option<(usize, usize)> {
        let is_time = |at: &usize| {
            self.linked(*at)
                .filter(|column| self.column(*column).role == Role::Time && self.is_free(*at))
        };
        place
            .filter(|at| *at < self.pieces.len())
            .find_map(|at| Some((at, is_time(&at)?)))
    }
}
