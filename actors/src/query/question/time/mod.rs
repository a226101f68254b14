//! Times in questions: which span is meant, and which spans rows are grouped by.
//!
//! Weeks start on Monday. "In the last week" means seven days up to now; "last week" without an article is
//! the calendar's.

mod days;
mod distances;
mod reader;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use self::reader::Reader;
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
    /// So many units after now.
    Ahead(u32, TimeUnit),
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
        [
            "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR",
        ][self as usize]
    }

    /// As people name it.
    pub fn word(self) -> &'static str {
        [
            "second", "minute", "hour", "day", "week", "month", "quarter", "year",
        ][self as usize]
    }

    /// About how long it is, in seconds.
    pub fn seconds(self) -> f64 {
        [
            1.0,
            60.0,
            3_600.0,
            86_400.0,
            604_800.0,
            2_629_746.0,
            7_889_238.0,
            31_556_952.0,
        ][self as usize]
    }
}

impl TimeRange {
    fn new(from: Option<Moment>, to: Option<Moment>, words: &[Word]) -> Self {
        let label = words
            .iter()
            .map(|word| word.text.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        Self { from, to, label }
    }

    /// Whether it ends in the future.
    pub fn is_ahead(&self) -> bool {
        matches!(self.to, Some(Moment::Ahead(..)))
    }

    /// About how long it is, in seconds, if it is known without a clock.
    pub fn about_seconds(&self) -> Option<f64> {
        match (&self.from, &self.to) {
            (_, Some(Moment::Ahead(count, unit))) => Some(f64::from(*count) * unit.seconds()),
            (Some(Moment::Ago(count, unit)), _) => Some(f64::from(*count) * unit.seconds()),
            (Some(Moment::Start(unit, from)), Some(Moment::Start(_, to))) => {
                Some(f64::from(to - from) * unit.seconds())
            }
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
                found.push(Mention {
                    words: at..at + length,
                    meaning,
                });
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

#[cfg(test)]
mod tests;
