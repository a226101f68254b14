//! Spans that begin or end at a distance from now: `the next 3 days`, `more than 2 days ago`.

use super::reader::Reader;
use super::{Meaning, Moment, TimeUnit};

impl Reader<'_> {
    /// `next 24 hours`, `within the next week`: from now on.
    pub(super) fn next(&self) -> Option<(usize, Meaning)> {
        let lead = match (self.text(0), self.text(1)) {
            ("in" | "within" | "for" | "over" | "during", "the") => 2,
            ("within", _) => 1,
            _ => 0,
        };
        if !matches!(self.text(lead), "next" | "coming") {
            return None;
        }
        let (count, unit) = match (self.whole(lead + 1), TimeUnit::named(self.text(lead + 1))) {
            // "next week" is the calendar's; "the next week" is seven days.
            (None, Some(unit)) if lead > 0 => (1, unit),
            (Some(count), _) => (count, TimeUnit::named(self.text(lead + 2))?),
            _ => return None,
        };
        let length = lead + 2 + usize::from(self.whole(lead + 1).is_some());
        self.range(
            length,
            Some(Moment::Ago(0, TimeUnit::Second)),
            Some(Moment::Ahead(count, unit)),
        )
    }

    /// `more than 2 days ago`, `less than an hour ago`.
    pub(super) fn beyond(&self) -> Option<(usize, Meaning)> {
        let (lead, is_before) = match (self.text(0), self.text(1)) {
            ("more" | "longer" | "earlier", "than") => (2, true),
            ("less" | "fewer", "than") => (2, false),
            ("over", _) => (1, true),
            _ => return None,
        };
        let is_one = matches!(self.text(lead), "a" | "an");
        let count = if is_one { 1 } else { self.whole(lead)? };
        let unit = TimeUnit::named(self.text(lead + 1))?;
        let distance = Some(Moment::Ago(count, unit));
        match (self.text(lead + 2), is_before) {
            ("ago", true) => self.range(lead + 3, None, distance),
            ("ago", false) => self.range(lead + 3, distance, None),
            _ => None,
        }
    }
}
