//! Times in questions: which span is meant, and which spans rows are grouped by.
//!
//! Weeks start on Monday. "In the last week" means seven days up to now; "last week" without an article is
//! the calendar's.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::words::Word;

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "they say what they are")]
pub enum TimeUnit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// A part of a time that comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayPart {
    /// 0 to 23.
    HourOfDay,
    /// 1 (Monday) to 7.
    DayOfWeek,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 12.
    MonthOfYear,
}

/// A point in time, relative to when the query runs or absolute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// So many units before now.
    Ago(u32, TimeUnit),
    /// The start of a unit, shifted by some of them: -1 is the one before this.
    Start(TimeUnit, i32),
    /// The latest such day of the week that has begun (1 is Monday), shifted by days.
    Weekday(u32, i32),
    /// The start of the latest such month that has begun, shifted by months.
    MonthOfYear(u32, i32),
    /// A day, `YYYY-MM-DD`.
    Date(String),
}

/// A span of time: from (inclusive) one moment to (exclusive) another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeRange {
    /// Its begin; nothing for "before".
    pub from: Option<Moment>,
    /// Its end; nothing for "up to now".
    pub to: Option<Moment>,
    /// As the question says it.
    pub label: String,
}

/// What some words say about time.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    /// A span that rows fall into.
    Range(TimeRange),
    /// Rows are grouped by spans of so many units.
    Every(u32, TimeUnit),
    /// Rows are grouped by a part of their time.
    By(DayPart),
    /// Only rows whose time has such a part.
    Only(DayPart, Vec<u32>),
    /// A unit by itself, as in "which hour".
    Unit(TimeUnit),
    /// Durations are to be told in this unit.
    Told(TimeUnit),
    /// Over time, with spans as fit.
    OverTime,
}

/// Words that speak of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    /// Which words.
    pub words: Range<usize>,
    /// What they say.
    pub meaning: Meaning,
}

impl TimeUnit {
    /// The unit that a word names, in singular or plural.
    pub fn named(text: &str) -> Option<Self> {
        Some(match text {
            "second" | "seconds" | "sec" | "secs" => Self::Second,
            "minute" | "minutes" | "min" | "mins" => Self::Minute,
            "hour" | "hours" | "hr" | "hrs" => Self::Hour,
            "day" | "days" => Self::Day,
            "week" | "weeks" => Self::Week,
            "month" | "months" => Self::Month,
            "quarter" | "quarters" => Self::Quarter,
            "year" | "years" => Self::Year,
            _ => return None,
        })
    }

    /// As SQL's INTERVAL names it.
    pub fn sql(self) -> &'static str {
        ["SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"][self as usize]
    }

    /// As people name it.
    pub fn word(self) -> &'static str {
        ["second", "minute", "hour", "day", "week", "month", "quarter", "year"][self as usize]
    }

    /// About how long it is, in seconds.
    pub fn seconds(self) -> f64 {
        [1.0, 60.0, 3_600.0, 86_400.0, 604_800.0, 2_629_746.0, 7_889_238.0, 31_556_952.0][self as usize]
    }
}

impl TimeRange {
    fn new(from: Option<Moment>, to: Option<Moment>, words: &[Word]) -> Self {
        let label = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        Self { from, to, label }
    }

    /// About how long it is, in seconds, if it is known without a clock.
    pub fn about_seconds(&self) -> Option<f64> {
        match (&self.from, &self.to) {
            (Some(Moment::Ago(count, unit)), _) => Some(f64::from(*count) * unit.seconds()),
            (Some(Moment::Start(unit, from)), Some(Moment::Start(_, to))) => Some(f64::from(to - from) * unit.seconds()),
            (Some(Moment::Start(unit, from)), None) => Some(f64::from(1 - from) * unit.seconds()),
            (Some(Moment::Weekday(..)), _) => Some(TimeUnit::Day.seconds()),
            (Some(Moment::MonthOfYear(..)), _) => Some(TimeUnit::Month.seconds()),
            _ => None,
        }
    }
}

/// What the words say about time, in their order, without overlaps.
pub fn mentions(words: &[Word]) -> Vec<Mention> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let reader = Reader { words, at };
        match reader.read() {
            Some((length, meaning)) => {
                found.push(Mention { words: at..at + length, meaning });
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const MONTHS: [&str; 12] = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
];

fn weekday(text: &str) -> Option<u32> {
    let short = text.len() == 3;
    let at = WEEKDAYS.iter().position(|day| *day == text || short && day.starts_with(text) && text != "sun" && text != "sat")?;
    u32::try_from(at + 1).ok()
}

fn month(text: &str) -> Option<u32> {
    let short = text.len() == 3 && text != "may" && text != "mar";
    let at = MONTHS.iter().position(|month| *month == text || short && month.starts_with(text))?;
    u32::try_from(at + 1).ok()
}

struct Reader<'a> {
    words: &'a [Word],
    at: usize,
}

impl Reader<'_> {
    fn text(&self, ahead: usize) -> &str {
        self.words.get(self.at + ahead).map_or("", |word| if word.quoted { "" } else { word.text.as_str() })
    }

    fn before(&self, back: usize) -> &str {
        self.at.checked_sub(back).and_then(|at| self.words.get(at)).map_or("", |word| word.text.as_str())
    }

    fn whole(&self, ahead: usize) -> Option<u32> {
        let number = self.words.get(self.at + ahead)?.number()?;
        (number.fract() == 0.0 && (0.0..1e6).contains(&number)).then_some(number as u32)
    }

    fn range(&self, length: usize, from: Option<Moment>, to: Option<Moment>) -> Option<(usize, Meaning)> {
        let end = (self.at + length).min(self.words.len());
        Some((length, Meaning::Range(TimeRange::new(from, to, &self.words[self.at..end]))))
    }

    fn read(&self) -> Option<(usize, Meaning)> {
        self.grouping()
            .or_else(|| self.last())
            .or_else(|| self.this())
            .or_else(|| self.since())
            .or_else(|| self.between())
            .or_else(|| self.ago())
            .or_else(|| self.part())
            .or_else(|| self.day().and_then(|(length, from, to)| self.range(length, Some(from), Some(to))))
            .or_else(|| self.unit())
    }

    /// `per hour`, `every 15 minutes`, `daily`, `hour of the day`, `over time`.
    fn grouping(&self) -> Option<(usize, Meaning)> {
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
            "trend" | "trends" | "timeline" | "evolution" | "development" => return Some((1, Meaning::OverTime)),
            "weekday" | "weekdays" if matches!(self.before(1), "per" | "by" | "each" | "which" | "what") => {
                return Some((1, Meaning::By(DayPart::DayOfWeek)));
            }
            _ => {}
        }
        if let Some(part) = self.part_of() {
            return Some(part);
        }
        let lead = match first {
            "a" | "an" if self.at > 0 && self.text(2) != "ago" && TimeUnit::named(self.text(1)).is_some_and(|unit| unit >= TimeUnit::Hour) => 1,
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
        let shifted = Reader { words: self.words, at: self.at + lead };
        if let Some((length, part)) = shifted.part_of() {
            return Some((lead + length, part));
        }
        if matches!(self.text(lead), "weekday" | "weekdays") {
            return Some((lead + 1, Meaning::By(DayPart::DayOfWeek)));
        }
        match (self.whole(lead), TimeUnit::named(self.text(lead + 1)), TimeUnit::named(self.text(lead))) {
            (Some(count), Some(unit), _) if count > 0 => Some((lead + 2, Meaning::Every(count, unit))),
            (_, _, Some(unit)) => Some((lead + 1, Meaning::Every(1, unit))),
            _ => None,
        }
    }

    /// `15-minute`, written as one word.
    fn compound(&self, ahead: usize) -> Option<(usize, Meaning)> {
        let count = self.whole(ahead)?;
        let unit = TimeUnit::named(self.text(ahead + 1))?;
        let spans = matches!(self.text(ahead + 2), "interval" | "intervals" | "bucket" | "buckets" | "window" | "windows" | "steps" | "blocks");
        (spans && count > 0).then_some((3, Meaning::Every(count, unit)))
    }

    /// `hour of the day`, `day of week`.
    fn part_of(&self) -> Option<(usize, Meaning)> {
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
    fn last(&self) -> Option<(usize, Meaning)> {
        let first = self.text(0);
        if !matches!(first, "last" | "past" | "previous" | "prior" | "trailing" | "preceding" | "latest" | "recent") {
            return None;
        }
        let filler = |ahead| usize::from(matches!(self.text(ahead), "full" | "whole" | "complete" | "few" | "couple"));
        if let Some(day) = weekday(self.text(1)).filter(|_| first != "latest") {
            return self.range(2, Some(Moment::Weekday(day, 0)), Some(Moment::Weekday(day, 1)));
        }
        if let Some(month) = month(self.text(1)).filter(|_| first == "last") {
            return self.range(2, Some(Moment::MonthOfYear(month, 0)), Some(Moment::MonthOfYear(month, 1)));
        }
        let vague = matches!(self.text(1), "few" | "couple");
        let of = usize::from(vague && self.text(2) == "of");
        if let (Some(count), Some(unit)) = (self.whole(1).or(vague.then_some(3)), TimeUnit::named(self.text(2 + of))) {
            let count = if self.text(1) == "couple" { 2 } else { count };
            // "the last 7 days against the previous 7 days"
            let again = (0..self.at).any(|at| matches!(self.words[at].text.as_str(), "last" | "past") && self.words.get(at + 2).and_then(|word| TimeUnit::named(&word.text)) == Some(unit));
            if again && matches!(first, "previous" | "prior" | "preceding") {
                return self.range(3 + of, Some(Moment::Ago(count.checked_mul(2)?, unit)), Some(Moment::Ago(count, unit)));
            }
            return self.range(3 + of, Some(Moment::Ago(count, unit)), None);
        }
        let full = filler(1);
        let unit = TimeUnit::named(self.text(1 + full))?;
        let rolling = first == "past"
            || first == "trailing"
            || unit <= TimeUnit::Hour
            || unit == TimeUnit::Day
            || self.before(1) == "the" && matches!(self.before(2), "in" | "over" | "during" | "within" | "for" | "of" | "from" | "across")
            || matches!(self.before(1), "over" | "within");
        if matches!(first, "latest" | "recent") {
            return None;
        }
        if rolling && full == 0 && first != "previous" && first != "prior" && first != "preceding" {
            return self.range(2, Some(Moment::Ago(1, unit)), None);
        }
        self.range(2 + full, Some(Moment::Start(unit, -1)), Some(Moment::Start(unit, 0)))
    }

    /// `this week`, `current month`, `year to date`, `this morning`.
    fn this(&self) -> Option<(usize, Meaning)> {
        let unit = |ahead| TimeUnit::named(self.text(ahead));
        match self.text(0) {
            "this" | "current" => self.range(2, Some(Moment::Start(unit(1)?, 0)), None),
            _ if self.text(1) == "to" && self.text(2) == "date" => self.range(3, Some(Moment::Start(unit(0)?, 0)), None),
            _ => None,
        }
    }

    /// `since Monday`, `until yesterday`, `after 2024-05-01`.
    fn since(&self) -> Option<(usize, Meaning)> {
        let first = self.text(0);
        if !matches!(first, "since" | "after" | "before" | "until" | "till" | "starting" | "from") {
            return None;
        }
        let skip = 1
            + usize::from(matches!(self.text(1), "the" | "on" | "last" | "from" | "this") && TimeUnit::named(self.text(2)).is_none());
        let start_of = matches!(self.text(skip), "start" | "beginning") && self.text(skip + 1) == "of";
        if start_of {
            let the = skip + 2 + usize::from(matches!(self.text(skip + 2), "the" | "this"));
            if let Some(unit) = TimeUnit::named(self.text(the)) {
                return self.range(the + 1, Some(Moment::Start(unit, 0)), None);
            }
        }
        if first == "since" && self.text(1) == "last" {
            if let Some(unit) = TimeUnit::named(self.text(2)) {
                return self.range(3, Some(Moment::Start(unit, -1)), None);
            }
        }
        let (length, from, to) = Reader { words: self.words, at: self.at + skip }.day()?;
        match first {
            "since" | "starting" => self.range(skip + length, Some(from), None),
            "from" => {
                let next = skip + length;
                if matches!(self.text(next), "to" | "until" | "till" | "through") {
                    let the = next + 1 + usize::from(self.text(next + 1) == "the");
                    let (more, _, end) = Reader { words: self.words, at: self.at + the }.day()?;
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
    fn between(&self) -> Option<(usize, Meaning)> {
        if self.text(0) != "between" {
            return None;
        }
        let (length, from, _) = Reader { words: self.words, at: self.at + 1 }.day()?;
        if self.text(1 + length) != "and" {
            return None;
        }
        let (more, _, to) = Reader { words: self.words, at: self.at + 2 + length }.day()?;
        self.range(2 + length + more, Some(from), Some(to))
    }

    /// `3 days ago`.
    fn ago(&self) -> Option<(usize, Meaning)> {
        let article = matches!(self.text(0), "a" | "an");
        let count = if article { 1 } else { self.whole(0)? };
        let unit = TimeUnit::named(self.text(1))?;
        if matches!(self.text(2), "before" | "earlier") && !article {
            let double = count.checked_mul(2)?;
            return self.range(3, Some(Moment::Ago(double, unit)), Some(Moment::Ago(count, unit)));
        }
        if self.text(2) != "ago" {
            return None;
        }
        let count = i32::try_from(count).ok()?;
        self.range(3, Some(Moment::Start(unit, -count)), Some(Moment::Start(unit, 1 - count)))
    }

    /// Parts of the day and the week.
    fn part(&self) -> Option<(usize, Meaning)> {
        let only = |length, part, values: &[u32]| Some((length, Meaning::Only(part, values.to_vec())));
        let lead = usize::from(matches!(self.text(0), "on" | "at" | "in" | "during"));
        let lead = lead + usize::from(lead > 0 && self.text(lead) == "the");
        if let Some(hours) = self.clock() {
            return Some(hours);
        }
        match self.text(lead) {
            "weekend" | "weekends" => only(lead + 1, DayPart::DayOfWeek, &[6, 7]),
            "weekdays" | "workdays" => only(lead + 1, DayPart::DayOfWeek, &[1, 2, 3, 4, 5]),
            "working" | "business" if self.text(lead + 1) == "days" => only(lead + 2, DayPart::DayOfWeek, &[1, 2, 3, 4, 5]),
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
    fn clock(&self) -> Option<(usize, Meaning)> {
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
        let hours = |length, range: Range<u32>| Some((length, Meaning::Only(DayPart::HourOfDay, range.collect())));
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
                let start = if end > 12 && start < 12 && self.text(4) == "pm" { start + 12 } else { start };
                hours(3 + length, start..end)
            }
            _ => None,
        }
    }

    /// A day, month or year: how many words, its begin and its end.
    fn day(&self) -> Option<(usize, Moment, Moment)> {
        let first = self.text(0);
        match first {
            "today" | "tonight" => return Some((1, Moment::Start(TimeUnit::Day, 0), Moment::Start(TimeUnit::Day, 1))),
            "yesterday" => return Some((1, Moment::Start(TimeUnit::Day, -1), Moment::Start(TimeUnit::Day, 0))),
            "day" if self.text(1) == "before" && self.text(2) == "yesterday" => {
                return Some((3, Moment::Start(TimeUnit::Day, -2), Moment::Start(TimeUnit::Day, -1)));
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
    fn named_date(&self) -> Option<(usize, Moment, Moment)> {
        let ordinal = |ahead: usize| -> Option<i8> {
            let text = self.text(ahead);
            let digits = text.trim_end_matches(['s', 't', 'n', 'd', 'r', 'h']);
            digits.parse::<i8>().ok().filter(|day| (1..=31).contains(day))
        };
        let year = |ahead: usize| self.text(ahead).parse::<i16>().ok().filter(|year| (1970..2200).contains(year));
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
        if matches!(self.text(0), "may" | "march") && day.is_none() && year(1).is_none() && !matches!(self.before(1), "in" | "of" | "during" | "since" | "last" | "this") {
            return None;
        }
        let year = year(length).inspect(|_| length += 1);
        let Some(day) = day else {
            let Some(year) = year else {
                return Some((length, Moment::MonthOfYear(month_number, 0), Moment::MonthOfYear(month_number, 1)));
            };
            let start = jiff::civil::Date::new(year, i8::try_from(month_number).ok()?, 1).ok()?;
            let end = start.last_of_month().tomorrow().ok()?;
            return Some((length, Moment::Date(start.to_string()), Moment::Date(end.to_string())));
        };
        let year = year.unwrap_or_else(|| this_year(month_number, day));
        let date = jiff::civil::Date::new(year, i8::try_from(month_number).ok()?, day).ok()?;
        Some((length, Moment::Date(date.to_string()), Moment::Date(date.tomorrow().ok()?.to_string())))
    }

    /// `in 2024`.
    fn year(&self) -> Option<(usize, Moment, Moment)> {
        let year = self.text(0).parse::<i16>().ok().filter(|year| (1970..2100).contains(year))?;
        if self.text(0).len() != 4 || !matches!(self.before(1), "in" | "since" | "during" | "of" | "year" | "from" | "to" | "before" | "after" | "between" | "and") {
            return None;
        }
        Some((1, Moment::Date(format!("{year}-01-01")), Moment::Date(format!("{}-01-01", year + 1))))
    }

    /// `in minutes`, `which hour`.
    fn unit(&self) -> Option<(usize, Meaning)> {
        if self.text(0) == "in" {
            let unit = TimeUnit::named(self.text(1))?;
            return self.text(1).ends_with('s').then_some((2, Meaning::Told(unit)));
        }
        let unit = TimeUnit::named(self.text(0))?;
        (!self.text(0).ends_with('s')).then_some((1, Meaning::Unit(unit)))
    }
}

/// The year in which that day was last.
fn this_year(month: u32, day: i8) -> i16 {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let is_ahead = (u32::try_from(today.month()).unwrap_or(1), today.day()) < (month, day);
    today.year() - i16::from(is_ahead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::question::words::words;

    fn meanings(question: &str) -> Vec<Meaning> {
        mentions(&words(question)).into_iter().map(|mention| mention.meaning).collect()
    }

    fn range(question: &str) -> (Option<Moment>, Option<Moment>) {
        match meanings(question).as_slice() {
            [Meaning::Range(range)] => (range.from.clone(), range.to.clone()),
            other => panic!("{question}: {other:?}"),
        }
    }

    #[test]
    fn spans_are_read() {
        use TimeUnit::{Day, Hour, Month, Week};
        let start = |unit, shift| Some(Moment::Start(unit, shift));
        for (question, expected) in [
            ("in the last 24 hours", (Some(Moment::Ago(24, Hour)), None)),
            ("during the past 3 days", (Some(Moment::Ago(3, Day)), None)),
            ("in the last week", (Some(Moment::Ago(1, Week)), None)),
            ("orders last week", (start(Week, -1), start(Week, 0))),
            ("sales last month", (start(Month, -1), start(Month, 0))),
            ("this month", (start(Month, 0), None)),
            ("visits yesterday", (start(Day, -1), start(Day, 0))),
            ("since yesterday", (start(Day, -1), None)),
            ("since Monday", (Some(Moment::Weekday(1, 0)), None)),
            ("2 days ago", (start(Day, -2), start(Day, -1))),
            ("in the last hour", (Some(Moment::Ago(1, Hour)), None)),
            ("on 2024-05-01", (Some(Moment::Date("2024-05-01".into())), Some(Moment::Date("2024-05-02".into())))),
            ("in March 2024", (Some(Moment::Date("2024-03-01".into())), Some(Moment::Date("2024-04-01".into())))),
            ("in February", (Some(Moment::MonthOfYear(2, 0)), Some(Moment::MonthOfYear(2, 1)))),
            ("before 2024-05-01", (None, Some(Moment::Date("2024-05-01".into())))),
            ("in 2023", (Some(Moment::Date("2023-01-01".into())), Some(Moment::Date("2024-01-01".into())))),
        ] {
            assert_eq!(range(question), expected, "{question}");
        }
    }

    #[test]
    fn groups_are_read() {
        for (question, expected) in [
            ("per hour", Meaning::Every(1, TimeUnit::Hour)),
            ("daily", Meaning::Every(1, TimeUnit::Day)),
            ("every 15 minutes", Meaning::Every(15, TimeUnit::Minute)),
            ("by hour of the day", Meaning::By(DayPart::HourOfDay)),
            ("for each day of the week", Meaning::By(DayPart::DayOfWeek)),
            ("over time", Meaning::OverTime),
            ("on weekends", Meaning::Only(DayPart::DayOfWeek, vec![6, 7])),
            ("on Mondays", Meaning::Only(DayPart::DayOfWeek, vec![1])),
            ("between 8 and 10 am", Meaning::Only(DayPart::HourOfDay, vec![8, 9])),
            ("after 22:00", Meaning::Only(DayPart::HourOfDay, vec![22, 23])),
            ("which hour", Meaning::Unit(TimeUnit::Hour)),
            ("in minutes", Meaning::Told(TimeUnit::Minute)),
        ] {
            assert_eq!(meanings(question), [expected], "{question}");
        }
        assert_eq!(meanings("this week compared to last week").len(), 2);
        assert!(meanings("how many may leave and march off").is_empty());
    }

    #[test]
    fn nothing_breaks_it() {
        for odd in ["last", "between and", "since", "99999999999 days ago", "31 february", "0 minute intervals", "last 0 days"] {
            let _ = meanings(odd);
        }
    }
}
