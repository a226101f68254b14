//! Patterns with numbers in them, and phrases, at one place of a question.

use crate::query::question::spec::Comparison;
use crate::query::question::time::TimeUnit;
use crate::query::question::units::{Quantity, Unit};
use crate::query::question::vocabulary::DEGREES;
use crate::query::question::words::Word;

use super::deadlines::Punctuality;
use super::phrases::PHRASES;
use super::pieces::{Computed, Kind};
struct At<'a> {
    words: &'a [Word],
    at: usize,
}

impl At<'_> {
    fn text(&self, ahead: usize) -> &str {
        self.words
            .get(self.at + ahead)
            .map_or("", |word| if word.quoted { "" } else { word.text.as_str() })
    }

    /// "outside Germany", "outside of the city", and not "outside contractors".
    fn is_before_place(&self) -> bool {
        self.words.get(self.at + 1).is_some_and(|next| {
            next.raw.starts_with(char::is_uppercase) || matches!(next.text.as_str(), "the" | "of" | "our")
        })
    }

    fn unit(&self, ahead: usize) -> Option<(usize, Unit)> {
        let words = self.words.get(self.at + ahead..)?;
        words.first().filter(|word| !word.quoted)?;
        Unit::named(words)
    }

    fn number(&self, ahead: usize) -> Option<f64> {
        self.words.get(self.at + ahead).and_then(Word::number)
    }

    fn is(&self, phrase: &str) -> Option<usize> {
        let mut length = 0;
        for word in phrase.split(' ') {
            if self.text(length) != word {
                return None;
            }
            length += 1;
        }
        Some(length)
    }

    fn any(&self, phrases: &[&str]) -> Option<usize> {
        phrases.iter().filter_map(|phrase| self.is(phrase)).max()
    }
}

/// The pattern at a place: how many words, how strong, what it means.
pub(super) fn pattern(words: &[Word], at: usize) -> Option<(usize, f32, Kind)> {
    let here = At { words, at };
    if let Some((length, kind)) = comparison(&here)
        .or_else(|| quantile(&here))
        .or_else(|| ranked(&here))
        .or_else(|| told(&here))
        .or_else(|| counted(&here))
        .or_else(|| never(&here))
        .or_else(|| passed(&here))
        .or_else(|| awaited(&here))
    {
        return Some((length, 1.7 + 0.2 * length as f32, kind));
    }
    let longest = PHRASES
        .iter()
        .filter_map(|(phrases, kind)| here.any(phrases).map(|length| (length, kind.clone())))
        .filter(|(length, _)| *length > 1 || here.text(0) != "outside" || here.is_before_place())
        .max_by_key(|(length, _)| *length);
    let degree = DEGREES.iter().find(|(word, ..)| here.text(0) == *word);
    if longest.is_none()
        && let Some((length, unit)) = here.unit(0)
        && (words[at].text.ends_with('s') || unit.quantity != Quantity::Time)
        && words[at].text.len() > 1
    {
        let base = if unit.quantity == Quantity::Time {
            0.65
        } else {
            0.95
        };
        return Some((length, base + 0.5 * (length as f32 - 1.0), Kind::Unit(unit)));
    }
    match (longest, degree) {
        (Some((length, kind)), _) if length > 1 || degree.is_none() => {
            let strength = match kind {
                Kind::And | Kind::Or | Kind::That | Kind::Show => 0.6,
                // A column or a value of that name outdoes it.
                // "open" outdoes the verb of a time of opening, and no value.
                Kind::Punctuality(Punctuality::Ongoing) if here.text(length - 1) == "open" => 1.15,
                // "on loan", "out right now": no other words say that.
                Kind::Punctuality(Punctuality::Ongoing)
                    if length > 1 && matches!(here.text(0), "on" | "out") =>
                {
                    1.4
                }
                Kind::Punctuality(Punctuality::Ongoing) => 0.75,
                Kind::Punctuality(_) => 0.9,
                _ => 1.4,
            };
            Some((length, strength + 0.3 * (length as f32 - 1.0), kind))
        }
        (_, Some((_, concepts, descending))) => Some((1, 1.4, Kind::Superlative(concepts, *descending))),
        _ => None,
    }
}

/// `top 5`, `5 largest` is read with what follows the number.
fn ranked(here: &At<'_>) -> Option<(usize, Kind)> {
    let descending = match here.text(0) {
        "top" => true,
        // "most refunded products, first 8"
        "first" if here.at > 1 && here.unit(2).is_none() => true,
        "bottom" => false,
        _ => return None,
    };
    let count = here
        .number(1)
        .filter(|count| *count >= 1.0 && *count <= 10_000.0)?;
    Some((2, Kind::Top(Some(count as u64), descending)))
}

/// `in kilometres`: the unit that the answer is told in.
fn told(here: &At<'_>) -> Option<(usize, Kind)> {
    let (length, unit) = here.unit(1).filter(|_| here.text(0) == "in")?;
    let last = here.text(length);
    if !last.ends_with('s') && last.len() > 4 {
        return None;
    }
    // "in minutes" is read with the times; "in m" may be anything.
    (TimeUnit::named(here.text(1)).is_none() && here.text(1).len() > 1)
        .then_some((1 + length, Kind::Told(unit)))
}

/// "count per type": what stands at the beginning of a request, with nothing to count named.
fn counted(here: &At<'_>) -> Option<(usize, Kind)> {
    let counts =
        matches!(here.text(0), "count" | "counts") && matches!(here.text(1), "per" | "by" | "for" | "of");
    counts.then_some((1, Kind::Aggregate(Computed::Many)))
}

/// "but were never": whatever auxiliary stands between.
fn never(here: &At<'_>) -> Option<(usize, Kind)> {
    let auxiliary = matches!(here.text(1), "were" | "was" | "are" | "have" | "has" | "had");
    (here.text(0) == "but" && auxiliary && here.text(2) == "never").then_some((3, Kind::Never))
}

/// "still waiting for approval": it has not come.
fn awaited(here: &At<'_>) -> Option<(usize, Kind)> {
    let length = here.any(&["awaiting", "still awaiting", "still waiting for"])?;
    Some((length, Kind::Without))
}

/// "although the promised time has passed"
fn passed(here: &At<'_>) -> Option<(usize, Kind)> {
    let is_over = here.any(&[
        "time has passed",
        "date has passed",
        "deadline has passed",
        "deadline is over",
    ]);
    is_over.map(|length| (length, Kind::Punctuality(Punctuality::Overdue)))
}

fn quantile(here: &At<'_>) -> Option<(usize, Kind)> {
    let level = |level: f64| {
        (level > 0.0 && level < 100.0).then_some(Kind::Aggregate(Computed::Quantile(level / 100.0)))
    };
    let text = here.text(0);
    if let Some(digits) = text.strip_prefix('p')
        && let Ok(value) = digits.parse::<f64>()
    {
        return Some((1, level(value)?));
    }
    let bare = text.trim_end_matches(['t', 'h', 's', 'n', 'd', 'r']);
    if let Ok(value) = bare.parse::<f64>()
        && matches!(here.text(1), "percentile" | "percentiles" | "pct" | "quantile")
    {
        return Some((2, level(value)?));
    }
    if text == "percentile"
        && let Some(value) = here.number(1)
    {
        return Some((2, level(value)?));
    }
    None
}

fn comparison(here: &At<'_>) -> Option<(usize, Kind)> {
    use Comparison::{Above, AtLeast, AtMost, Below, Equal};
    const LEADS: [(&[&str], Comparison); 6] = [
        (
            &[
                "at least",
                "no less than",
                "not less than",
                "minimum of",
                "a minimum of",
                "no fewer than",
            ],
            AtLeast,
        ),
        (
            &[
                "at most",
                "up to",
                "no more than",
                "not more than",
                "maximum of",
                "a maximum of",
            ],
            AtMost,
        ),
        (
            &[
                "more than",
                "over",
                "above",
                "greater than",
                "higher than",
                "larger than",
                "bigger than",
                "longer than",
                "exceeding",
                "exceed",
                "exceeds",
                "exceeded",
                "older than",
                "heavier than",
                "better than",
                "in excess of",
                "farther than",
                "warmer than",
                "hotter than",
                "upwards of",
                "later than",
                "slower than",
                "is over",
                "was over",
                "is above",
                "was above",
                "expensive than",
                "more expensive than",
            ],
            Above,
        ),
        (
            &[
                "less than",
                "fewer than",
                "under",
                "below",
                "lower than",
                "smaller than",
                "shorter than",
                "cheaper than",
                "younger than",
                "lighter than",
                "worse than",
                "colder than",
                "within",
                "is under",
                "is below",
                "was below",
                "was under",
                "faster than",
            ],
            Below,
        ),
        (&["exactly", "equal to", "equals", "just", "only"], Equal),
        (&["of at least"], AtLeast),
    ];
    let lead = LEADS
        .iter()
        .filter_map(|(phrases, comparison)| here.any(phrases).map(|length| (length, *comparison)))
        .max_by_key(|(length, _)| *length)
        .or_else(|| match (here.text(0), here.text(1)) {
            (">", "=") => Some((2, AtLeast)),
            ("<", "=") => Some((2, AtMost)),
            (">", _) => Some((1, Above)),
            ("<", _) => Some((1, Below)),
            _ => None,
        });
    if let Some((lead, comparison)) = lead {
        let currency = usize::from(matches!(here.text(lead), "€" | "$" | "£"));
        let value = here.number(lead + currency)?;
        let often = matches!(here.text(lead), "once" | "twice")
            && !matches!(here.text(lead + 1), "what" | "as" | "the" | "their" | "its");
        if !often && matches!(here.text(lead), "once" | "twice" | "half" | "double") {
            return None;
        }
        if often {
            return Some((lead + 1, Kind::Compare(comparison, value, None, true)));
        }
        if matches!(here.text(0), "just" | "only") {
            return None;
        }
        return Some(with_unit(here, lead + currency + 1, comparison, value));
    }
    if here.text(0) == "between" && here.text(2) == "and" {
        let (from, to) = (here.number(1)?, here.number(3)?);
        return Some((4, Kind::Between(from.min(to), from.max(to))));
    }
    // "5xx": one of the hundreds, as codes of HTTP are named.
    if let Some(hundred) = here
        .text(0)
        .strip_suffix("xx")
        .and_then(|digit| digit.parse::<u32>().ok())
        && hundred < 10
    {
        let from = f64::from(hundred) * 100.0;
        return Some((1, Kind::Between(from, from + 99.0)));
    }
    let value = here.number(0)?;
    let unit = match here.unit(1) {
        Some((length, _)) => length,
        None => usize::from(matches!(here.text(1), "times" | "%")),
    };
    if here.text(1 + unit) == "+" {
        let (_, kind) = with_unit(here, 1, AtLeast, value);
        return Some((2 + unit, kind));
    }
    if matches!(here.text(1 + unit), "or" | "and") {
        let comparison = match here.text(2 + unit) {
            "up" | "upwards" | "older" | "more" | "higher" | "above" | "longer" | "greater" | "over" => {
                AtLeast
            }
            "less" | "fewer" | "lower" | "below" | "shorter" | "under" | "younger" | "down" => AtMost,
            _ => return None,
        };
        let (_, kind) = with_unit(here, 1, comparison, value);
        return Some((3 + unit, kind));
    }
    None
}

fn with_unit(here: &At<'_>, length: usize, comparison: Comparison, value: f64) -> (usize, Kind) {
    let text = here.text(length);
    if let Some((words, unit)) = here.unit(length) {
        return (
            length + words,
            Kind::Compare(comparison, value, Some(unit), false),
        );
    }
    match text {
        "times" | "time" => (length + 1, Kind::Compare(comparison, value, None, true)),
        // Not a currency: which one it is may be a condition of its own.
        "%" | "percent" | "points" => (length + 1, Kind::Compare(comparison, value, None, false)),
        _ => (length, Kind::Compare(comparison, value, None, false)),
    }
}
