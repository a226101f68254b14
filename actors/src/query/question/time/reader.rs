//! Reads what the words at one place say about time.

use super::days::{month, weekday};
use super::{DayPart, Meaning, Moment, TimeRange, TimeUnit};
use crate::query::question::words::Word;

pub(super) struct Reader<'a> {
    pub(super) words: &'a [Word],
    pub(super) at: usize,
}

impl Reader<'_> {
    pub(super) fn text(&self, ahead: usize) -> &str {
        self.words
            .get(self.at + ahead)
            .map_or("", |word| if word.quoted { "" } else { word.text.as_str() })
    }

    pub(super) fn before(&self, back: usize) -> &str {
        self.at
            .checked_sub(back)
            .and_then(|at| self.words.get(at))
            .map_or("", |word| word.text.as_str())
    }

    pub(super) fn whole(&self, ahead: usize) -> Option<u32> {
        let number = self.words.get(self.at + ahead)?.number()?;
        (number.fract() == 0.0 && (0.0..1e6).contains(&number)).then_some(number as u32)
    }

    pub(super) fn range(
        &self,
        length: usize,
        from: Option<Moment>,
        to: Option<Moment>,
    ) -> Option<(usize, Meaning)> {
        let end = (self.at + length).min(self.words.len());
        Some((
            length,
            Meaning::Range(TimeRange::new(from, to, &self.words[self.at..end])),
        ))
    }

    pub(super) fn read(&self) -> Option<(usize, Meaning)> {
        self.grouping()
            .or_else(|| self.next())
            .or_else(|| self.last())
            .or_else(|| self.this())
            .or_else(|| self.since())
            .or_else(|| self.between())
            .or_else(|| self.ago())
            .or_else(|| self.beyond())
            .or_else(|| self.part())
            .or_else(|| {
                self.day()
                    .and_then(|(length, from, to)| self.range(length, Some(from), Some(to)))
            })
            .or_else(|| self.unit())
    }

    /// `per hour`, `every 15 minutes`, `daily`, `hour of the day`, `over time`.
    pub(super) fn grouping(&self) -> Option<(usize, Meaning)> {
        let first = self.text(0);
        let every = |unit| Some((1, Meaning::Every(1, unit)));
        match first {
            "hourly" => return every(TimeUnit::Hour),
            "daily" => return every(TimeUnit::Day),
            "weekly" => return every(TimeUnit::Week),
            "monthly" => return every(TimeUnit::Month),
            "quarterly" => return every(TimeUnit::Quarter),
            "yearly" | "annually" | "annual" => return every(TimeUnit::Year),
            "over" if self.text(1) == "time" => return Some((2, Meaning::OverTime)),
            "trend" | "trends" | "timeline" | "evolution" | "development" => {
                return Some((1, Meaning::OverTime));
            }
            "weekday" | "weekdays" if matches!(self.before(1), "per" | "by" | "each" | "which" | "what") => {
                return Some((1, Meaning::By(DayPart::DayOfWeek)));
            }
            _ => {}
        }
        if let Some(part) = self.part_of() {
            return Some(part);
        }
        let lead = match first {
            "a" | "an"
                if self.at > 0
                    && self.text(2) != "ago"
                    && TimeUnit::named(self.text(1)).is_some_and(|unit| unit >= TimeUnit::Hour) =>
            {
                1
            }
            "per" | "by" | "each" | "every" => 1,
            "for" if matches!(self.text(1), "each" | "every") => 2,
            _ if TimeUnit::named(first).is_some() && self.text(1) == "by" && self.text(2) == first => {
                return Some((3, Meaning::Every(1, TimeUnit::named(first)?)));
            }
            _ if self.text(1) == "over" && self.text(2) == first && TimeUnit::named(first).is_some() => {
                return Some((3, Meaning::Every(1, TimeUnit::named(first)?)));
            }
            _ => return self.compound(0),
        };
        if let Some((length, meaning)) = self.compound(lead) {
            return Some((lead + length, meaning));
        }
        let lead = lead
            + usize::from(matches!(
                self.text(lead),
                "calendar" | "full" | "whole" | "single" | "given"
            ));
        let shifted = Reader {
            words: self.words,
            at: self.at + lead,
        };
        if let Some((length, part)) = shifted.part_of() {
            return Some((lead + length, part));
        }
        if matches!(self.text(lead), "weekday" | "weekdays") {
            return Some((lead + 1, Meaning::By(DayPart::DayOfWeek)));
        }
        match (
            self.whole(lead),
            TimeUnit::named(self.text(lead + 1)),
            TimeUnit::named(self.text(lead)),
        ) {
            (Some(count), Some(unit), _) if count > 0 => Some((lead + 2, Meaning::Every(count, unit))),
            (_, _, Some(unit)) => Some((lead + 1 + self.week_start(lead + 1), Meaning::Every(1, unit))),
            _ => None,
        }
    }

    /// How many words say that weeks start on Monday, as they do here anyway.
    fn week_start(&self, ahead: usize) -> usize {
        let on = usize::from(self.text(ahead + 1) == "on");
        if matches!(self.text(ahead), "starting" | "beginning" | "from")
            && self.text(ahead + 1 + on) == "monday"
        {
            2 + on
        } else {
            0
        }
    }

    /// `15-minute`, written as one word.
    pub(super) fn compound(&self, ahead: usize) -> Option<(usize, Meaning)> {
        let count = self.whole(ahead)?;
        let unit = TimeUnit::named(self.text(ahead + 1))?;
        let spans = matches!(
            self.text(ahead + 2),
            "interval" | "intervals" | "bucket" | "buckets" | "window" | "windows" | "steps" | "blocks"
        );
        (spans && count > 0).then_some((3, Meaning::Every(count, unit)))
    }

    /// `hour of the day`, `day of week`.
    pub(super) fn part_of(&self) -> Option<(usize, Meaning)> {
        if self.text(0) == "time" && self.text(1) == "of" && self.text(2) == "day" {
            return Some((3, Meaning::By(DayPart::HourOfDay)));
        }
        if self.text(1) != "of" {
            return None;
        }
        let article = usize::from(matches!(self.text(2), "the" | "a"));
        let part = match (self.text(0), self.text(2 + article)) {
            ("hour" | "hours", "day") => DayPart::HourOfDay,
            ("day" | "days", "week") => DayPart::DayOfWeek,
            ("day" | "days", "month") => DayPart::DayOfMonth,
            ("month" | "months", "year") => DayPart::MonthOfYear,
            _ => return None,
        };
        Some((3 + article, Meaning::By(part)))
    }

    /// `last 24 hours`, `past week`, `last month`.
    pub(super) fn last(&self) -> Option<(usize, Meaning)> {
        let first = self.text(0);
        if !matches!(
            first,
            "last" | "past" | "previous" | "prior" | "trailing" | "preceding" | "latest" | "recent"
        ) {
            return None;
        }
        let filler = |ahead| {
            usize::from(matches!(
                self.text(ahead),
                "full" | "whole" | "complete" | "few" | "couple"
            ))
        };
        if let Some(day) = weekday(self.text(1)).filter(|_| first != "latest") {
            return self.range(2, Some(Moment::Weekday(day, 0)), Some(Moment::Weekday(day, 1)));
        }
        if let Some(month) = month(self.text(1)).filter(|_| first == "last") {
            return self.range(
                2,
                Some(Moment::MonthOfYear(month, 0)),
                Some(Moment::MonthOfYear(month, 1)),
            );
        }
        let vague = matches!(self.text(1), "few" | "couple");
        let of = usize::from(vague && self.text(2) == "of");
        if let (Some(count), Some(unit)) = (
            self.whole(1).or(vague.then_some(3)),
            TimeUnit::named(self.text(2 + of)),
        ) {
            let count = if self.text(1) == "couple" { 2 } else { count };
            // "the last 7 days against the previous 7 days"
            let again = (0..self.at).any(|at| {
                matches!(self.words[at].text.as_str(), "last" | "past")
                    && self
                        .words
                        .get(at + 2)
                        .and_then(|word| TimeUnit::named(&word.text))
                        == Some(unit)
            });
            if again && matches!(first, "previous" | "prior" | "preceding") {
                return self.range(
                    3 + of,
                    Some(Moment::Ago(count.checked_mul(2)?, unit)),
                    Some(Moment::Ago(count, unit)),
                );
            }
            return self.range(3 + of, Some(Moment::Ago(count, unit)), None);
        }
        let full = filler(1);
        let unit = TimeUnit::named(self.text(1 + full))?;
        let rolling = first == "past"
            || first == "trailing"
            || unit <= TimeUnit::Hour
            || unit == TimeUnit::Day
            || self.before(1) == "the"
                && matches!(
                    self.before(2),
                    "in" | "over" | "during" | "within" | "for" | "of" | "from" | "across"
                )
            || matches!(self.before(1), "over" | "within");
        if matches!(first, "latest" | "recent") {
            return None;
        }
        if rolling && full == 0 && first != "previous" && first != "prior" && first != "preceding" {
            return self.range(2, Some(Moment::Ago(1, unit)), None);
        }
        self.range(
            2 + full,
            Some(Moment::Start(unit, -1)),
            Some(Moment::Start(unit, 0)),
        )
    }

    /// `this week`, `current month`, `year to date`, `this morning`.
    pub(super) fn this(&self) -> Option<(usize, Meaning)> {
        let unit = |ahead| TimeUnit::named(self.text(ahead));
        match self.text(0) {
            "this" | "current" => self.range(2, Some(Moment::Start(unit(1)?, 0)), None),
            _ if self.text(1) == "to" && self.text(2) == "date" => {
                self.range(3, Some(Moment::Start(unit(0)?, 0)), None)
            }
            _ => None,
        }
    }

    /// `since Monday`, `until yesterday`, `after 2024-05-01`.
    pub(super) fn since(&self) -> Option<(usize, Meaning)> {
        let first = self.text(0);
        if !matches!(
            first,
            "since" | "after" | "before" | "until" | "till" | "starting" | "from"
        ) || first == "starting" && self.before(1).starts_with("week")
        {
            return None;
        }
        let skip = 1 + usize::from(
            matches!(self.text(1), "the" | "on" | "last" | "from" | "this")
                && TimeUnit::named(self.text(2)).is_none(),
        );
        let start_of = matches!(self.text(skip), "start" | "beginning") && self.text(skip + 1) == "of";
        if start_of {
            let the = skip + 2 + usize::from(matches!(self.text(skip + 2), "the" | "this"));
            if let Some(unit) = TimeUnit::named(self.text(the)) {
                return self.range(the + 1, Some(Moment::Start(unit, 0)), None);
            }
        }
        if first == "since"
            && self.text(1) == "last"
            && let Some(unit) = TimeUnit::named(self.text(2))
        {
            return self.range(3, Some(Moment::Start(unit, -1)), None);
        }
        let (length, from, to) = Reader {
            words: self.words,
            at: self.at + skip,
        }
        .day()?;
        match first {
            "since" | "starting" => self.range(skip + length, Some(from), None),
            "from" => {
                let next = skip + length;
                if matches!(self.text(next), "to" | "until" | "till" | "through") {
                    let the = next + 1 + usize::from(self.text(next + 1) == "the");
                    let (more, _, end) = Reader {
                        words: self.words,
                        at: self.at + the,
                    }
                    .day()?;
                    return self.range(the + more, Some(from), Some(end));
                }
                self.range(next, Some(from), Some(to))
            }
            "after" => self.range(skip + length, Some(to), None),
            "before" => self.range(skip + length, None, Some(from)),
            _ => self.range(skip + length, None, Some(to)),
        }
    }

    /// `between Monday and Friday`, `between 2024-01-01 and 2024-02-01`.
    pub(super) fn between(&self) -> Option<(usize, Meaning)> {
        if self.text(0) != "between" {
            return None;
        }
        let (length, from, _) = Reader {
            words: self.words,
            at: self.at + 1,
        }
        .day()?;
        if self.text(1 + length) != "and" {
            return None;
        }
        let (more, _, to) = Reader {
            words: self.words,
            at: self.at + 2 + length,
        }
        .day()?;
        self.range(2 + length + more, Some(from), Some(to))
    }

    /// `3 days ago`.
    pub(super) fn ago(&self) -> Option<(usize, Meaning)> {
        let article = matches!(self.text(0), "a" | "an");
        let count = if article { 1 } else { self.whole(0)? };
        let unit = TimeUnit::named(self.text(1))?;
        // "3 days before the show" is counted from another time.
        let of_another = matches!(self.text(3), "the" | "a" | "an" | "their" | "its" | "it" | "they");
        if matches!(self.text(2), "before" | "earlier") && !article && !of_another {
            let double = count.checked_mul(2)?;
            return self.range(3, Some(Moment::Ago(double, unit)), Some(Moment::Ago(count, unit)));
        }
        if self.text(2) != "ago" {
            return None;
        }
        let count = i32::try_from(count).ok()?;
        self.range(
            3,
            Some(Moment::Start(unit, -count)),
            Some(Moment::Start(unit, 1 - count)),
        )
    }
}
