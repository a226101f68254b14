//! Days, dates, and parts of days and weeks.

use super::reader::Reader;
use super::{DayPart, Meaning, Moment, TimeUnit};
use std::ops::Range;

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

pub(super) fn weekday(text: &str) -> Option<u32> {
    let short = text.len() == 3;
    let at = WEEKDAYS
        .iter()
        .position(|day| *day == text || short && day.starts_with(text) && text != "sun" && text != "sat")?;
    u32::try_from(at + 1).ok()
}

pub(super) fn month(text: &str) -> Option<u32> {
    let short = text.len() == 3 && text != "may" && text != "mar";
    let at = MONTHS
        .iter()
        .position(|month| *month == text || short && month.starts_with(text))?;
    u32::try_from(at + 1).ok()
}

/// The year in which that day was last.
pub(super) fn this_year(month: u32, day: i8) -> i16 {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let is_ahead = (u32::try_from(today.month()).unwrap_or(1), today.day()) < (month, day);
    today.year() - i16::from(is_ahead)
}

impl Reader<'_> {
    /// Parts of the day and the week.
    pub(super) fn part(&self) -> Option<(usize, Meaning)> {
        let only = |length, part, values: &[u32]| Some((length, Meaning::Only(part, values.to_vec())));
        let lead = usize::from(matches!(self.text(0), "on" | "at" | "in" | "during"));
        let lead = lead + usize::from(lead > 0 && self.text(lead) == "the");
        if let Some(hours) = self.clock() {
            return Some(hours);
        }
        // "price per night": that is no time of the day.
        if lead == 0 && matches!(self.before(1), "per" | "each" | "every") {
            return None;
        }
        // "how long a stay is, in nights": that is what they are counted in.
        let counted_in = self.text(0) == "in" && self.text(1) == "nights";
        if counted_in || self.text(0) == "nights" && self.before(1) == "in" {
            return None;
        }
        match self.text(lead) {
            "weekend" | "weekends" => only(lead + 1, DayPart::DayOfWeek, &[6, 7]),
            "weekdays" | "workdays" => only(lead + 1, DayPart::DayOfWeek, &[1, 2, 3, 4, 5]),
            "working" | "business" if self.text(lead + 1) == "days" => {
                only(lead + 2, DayPart::DayOfWeek, &[1, 2, 3, 4, 5])
            }
            "morning" | "mornings" => only(lead + 1, DayPart::HourOfDay, &[6, 7, 8, 9, 10, 11]),
            "afternoon" | "afternoons" => only(lead + 1, DayPart::HourOfDay, &[12, 13, 14, 15, 16, 17]),
            "evening" | "evenings" => only(lead + 1, DayPart::HourOfDay, &[18, 19, 20, 21, 22, 23]),
            "night" | "nights" => only(lead + 1, DayPart::HourOfDay, &[0, 1, 2, 3, 4, 5]),
            text => {
                let day = weekday(text.strip_suffix('s').filter(|day| WEEKDAYS.contains(day))?)?;
                only(lead + 1, DayPart::DayOfWeek, &[day])
            }
        }
    }

    /// `between 8 and 10 am`, `after 18:00`, `before 9 am`.
    pub(super) fn clock(&self) -> Option<(usize, Meaning)> {
        let at = |ahead: usize| -> Option<(usize, u32)> {
            let text = self.text(ahead);
            let (hour, minute) = text.split_once(':').unwrap_or((text, "00"));
            let bare = hour.trim_end_matches(['a', 'p', 'm']);
            let mut hour_of_day: u32 = bare.parse().ok().filter(|hour| *hour <= 24)?;
            let suffix = &hour[bare.len()..];
            let next = self.text(ahead + 1);
            let (marker, length) = match (suffix, next) {
                ("am" | "pm", _) => (suffix, 1),
                (_, "am" | "pm" | "o'clock" | "oclock") => (next, 2),
                _ if text.contains(':') && minute == "00" => ("", 1),
                _ => return None,
            };
            if marker == "pm" && hour_of_day < 12 {
                hour_of_day += 12;
            } else if marker == "am" && hour_of_day == 12 {
                hour_of_day = 0;
            }
            Some((length, hour_of_day))
        };
        let hours =
            |length, range: Range<u32>| Some((length, Meaning::Only(DayPart::HourOfDay, range.collect())));
        match self.text(0) {
            "after" | "from" | "since" => {
                let (length, hour) = at(1)?;
                if matches!(self.text(1 + length), "to" | "until" | "till" | "and") {
                    let (more, end) = at(2 + length)?;
                    return hours(2 + length + more, hour..end);
                }
                hours(1 + length, hour..24)
            }
            "before" | "until" => {
                let (length, hour) = at(1)?;
                hours(1 + length, 0..hour)
            }
            "between" if self.text(2) == "and" => {
                let (length, end) = at(3)?;
                let start = at(1).map(|(_, hour)| hour).or_else(|| self.whole(1))?;
                let start = if end > 12 && start < 12 && self.text(4) == "pm" {
                    start + 12
                } else {
                    start
                };
                hours(3 + length, start..end)
            }
            _ => None,
        }
    }

    /// A day, month or year: how many words, its begin and its end.
    pub(super) fn day(&self) -> Option<(usize, Moment, Moment)> {
        let first = self.text(0);
        match first {
            "today" | "tonight" => {
                return Some((
                    1,
                    Moment::Start(TimeUnit::Day, 0),
                    Moment::Start(TimeUnit::Day, 1),
                ));
            }
            "yesterday" => {
                return Some((
                    1,
                    Moment::Start(TimeUnit::Day, -1),
                    Moment::Start(TimeUnit::Day, 0),
                ));
            }
            "midnight" if self.before(1) == "since" => {
                return Some((
                    1,
                    Moment::Start(TimeUnit::Day, 0),
                    Moment::Start(TimeUnit::Day, 1),
                ));
            }
            // "the last hour with the hour before"
            unit if self.text(1) == "before"
                && self.before(1) == "the"
                && TimeUnit::named(unit).is_some_and(|unit| unit != TimeUnit::Day)
                && !unit.ends_with('s') =>
            {
                let unit = TimeUnit::named(unit)?;
                let rolling = (0..self.at).any(|at| matches!(self.words[at].text.as_str(), "last" | "past"))
                    && unit <= TimeUnit::Hour;
                let (from, to) = if rolling {
                    (Moment::Ago(2, unit), Moment::Ago(1, unit))
                } else {
                    let last = (0..self.at).any(|at| self.words[at].text == "last");
                    let ago = if last { -2 } else { -1 };
                    (Moment::Start(unit, ago), Moment::Start(unit, ago + 1))
                };
                return Some((2, from, to));
            }
            // "yesterday and the day before"
            "day" if self.text(1) == "before" && self.text(2) != "yesterday" && self.before(1) == "the" => {
                let today = (0..self.at).any(|at| self.words[at].text == "today");
                let ago = if today { -1 } else { -2 };
                return Some((
                    2,
                    Moment::Start(TimeUnit::Day, ago),
                    Moment::Start(TimeUnit::Day, ago + 1),
                ));
            }
            "day" if self.text(1) == "before" && self.text(2) == "yesterday" => {
                return Some((
                    3,
                    Moment::Start(TimeUnit::Day, -2),
                    Moment::Start(TimeUnit::Day, -1),
                ));
            }
            _ => {}
        }
        if let Some(day) = weekday(first) {
            return Some((1, Moment::Weekday(day, 0), Moment::Weekday(day, 1)));
        }
        if let Ok(date) = first.parse::<jiff::civil::Date>() {
            let next = date.tomorrow().ok()?;
            return Some((1, Moment::Date(date.to_string()), Moment::Date(next.to_string())));
        }
        self.named_date().or_else(|| self.year())
    }

    /// `May 1st, 2024`, `1 May`, `March 2024`, `in March`.
    pub(super) fn named_date(&self) -> Option<(usize, Moment, Moment)> {
        let ordinal = |ahead: usize| -> Option<i8> {
            let text = self.text(ahead);
            let digits = text.trim_end_matches(['s', 't', 'n', 'd', 'r', 'h']);
            digits.parse::<i8>().ok().filter(|day| (1..=31).contains(day))
        };
        let year = |ahead: usize| {
            self.text(ahead)
                .parse::<i16>()
                .ok()
                .filter(|year| (1970..2200).contains(year))
        };
        let first = month(self.text(0));
        let (month_number, day, mut length) = match first {
            Some(number) => match ordinal(1) {
                Some(day) => (number, Some(day), 2),
                None => (number, None, 1),
            },
            None => {
                let day = ordinal(0)?;
                let of = usize::from(self.text(1) == "of");
                (month(self.text(1 + of))?, Some(day), 2 + of)
            }
        };
        // "may" and "march" are verbs too.
        if matches!(self.text(0), "may" | "march")
            && day.is_none()
            && year(1).is_none()
            && !matches!(self.before(1), "in" | "of" | "during" | "since" | "last" | "this")
        {
            return None;
        }
        let year = year(length).inspect(|_| length += 1);
        let Some(day) = day else {
            let Some(year) = year else {
                return Some((
                    length,
                    Moment::MonthOfYear(month_number, 0),
                    Moment::MonthOfYear(month_number, 1),
                ));
            };
            let start = jiff::civil::Date::new(year, i8::try_from(month_number).ok()?, 1).ok()?;
            let end = start.last_of_month().tomorrow().ok()?;
            return Some((
                length,
                Moment::Date(start.to_string()),
                Moment::Date(end.to_string()),
            ));
        };
        let year = year.unwrap_or_else(|| this_year(month_number, day));
        let date = jiff::civil::Date::new(year, i8::try_from(month_number).ok()?, day).ok()?;
        Some((
            length,
            Moment::Date(date.to_string()),
            Moment::Date(date.tomorrow().ok()?.to_string()),
        ))
    }

    /// `in 2024`.
    pub(super) fn year(&self) -> Option<(usize, Moment, Moment)> {
        let year = self
            .text(0)
            .parse::<i16>()
            .ok()
            .filter(|year| (1970..2100).contains(year))?;
        if self.text(0).len() != 4
            || !matches!(
                self.before(1),
                "in" | "since"
                    | "during"
                    | "of"
                    | "year"
                    | "from"
                    | "to"
                    | "before"
                    | "after"
                    | "between"
                    | "and"
            )
        {
            return None;
        }
        Some((
            1,
            Moment::Date(format!("{year}-01-01")),
            Moment::Date(format!("{}-01-01", year + 1)),
        ))
    }

    /// `in minutes`, `which hour`.
    pub(super) fn unit(&self) -> Option<(usize, Meaning)> {
        if self.text(0) == "in" {
            let unit = TimeUnit::named(self.text(1))?;
            return self.text(1).ends_with('s').then_some((2, Meaning::Told(unit)));
        }
        let unit = TimeUnit::named(self.text(0))?;
        (!self.text(0).ends_with('s')).then_some((1, Meaning::Unit(unit)))
    }
}
