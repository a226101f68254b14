//! A question cut into pieces, each of which has one meaning for one table.

use std::ops::Range;

use super::{Hint, Hints};
use crate::query::question::catalog::Table;
use crate::query::question::link::{self, Target};
use crate::query::question::spec::Comparison;
use crate::query::question::time::{self, Meaning, TimeUnit};
use crate::query::question::vocabulary::{DEGREES, FILLERS, HARMLESS};
use crate::query::question::words::Word;

/// A piece of a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// Which words.
    pub(super) words: Range<usize>,
    /// What they mean.
    pub(super) kind: Kind,
    /// Something was made of it.
    pub(super) used: bool,
    /// How surely it means that.
    pub(super) strength: f32,
}

/// What a piece means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Something about time.
    Time(Meaning),
    /// `more than 12`; the unit is one of time; `12 times` counts rows.
    Compare(Comparison, f64, Option<TimeUnit>, bool),
    /// `between 5 and 10`
    Between(f64, f64),
    /// A number by itself.
    Number(f64),
    /// `top 5`, `bottom three`, `top`
    Top(Option<u64>, bool),
    /// A way to compute something.
    Aggregate(Computed),
    /// `largest`: what it may measure, and whether the largest is wanted.
    Superlative(&'static [&'static str], bool),
    /// `most common`, `busiest`; or the opposite.
    Frequent(bool),
    /// `per`, `for each`
    Per,
    /// `by`, which groups or ranks
    By,
    /// `not`, `except`
    Not,
    /// `but never`
    Never,
    /// `without`, `no`
    Without,
    /// `which`, `what`, `who`
    Which,
    /// `latest` (true), `first`
    Latest(bool),
    /// `highest first`
    Sort(bool),
    /// `compare`, `versus`
    Versus,
    /// `list`, `show`
    Show,
    /// `and`, a comma
    And,
    /// `or`
    Or,
    /// `anomalies`, `outliers`, `unusual`
    Outliers,
    /// `both`
    Both,
    /// `difference`, `gap`, `range`
    Spread,
    /// `running total`
    Cumulative,
    /// `others`, `rest`
    Others,
    /// `ratio`
    Ratio,
    /// `who`, `that`, `which were`: what follows is said of what precedes.
    That,
    /// Tied to the table.
    Link(Target),
    /// Means nothing here.
    Filler,
    /// Means something that is not known.
    Unknown,
}

/// How something is computed, as a question says it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Computed {
    /// `how many`
    Many,
    /// `how much`
    Much,
    /// `total`
    Total,
    /// `average`
    Average,
    /// `median`, `95th percentile`
    Quantile(f64),
    /// `maximum`
    Maximum,
    /// `minimum`
    Minimum,
    /// `unique`
    Distinct,
    /// `share`
    Share,
    /// `standard deviation`
    Deviation,
}

/// Cuts the words into pieces for a table.
pub(super) fn pieces(words: &[Word], table: &Table, hints: &Hints) -> Vec<Piece> {
    let mut candidates: Vec<(Range<usize>, f32, Kind)> = Vec::new();
    for mention in time::mentions(words) {
        let base = match mention.meaning {
            Meaning::Unit(_) => 0.9,
            _ => 2.0,
        };
        let length = mention.words.len() as f32;
        candidates.push((mention.words, base + 0.3 * (length - 1.0), Kind::Time(mention.meaning)));
    }
    for at in 0..words.len() {
        if let Some((length, strength, kind)) = pattern(words, at) {
            candidates.push((at..at + length, strength, kind));
        }
    }
    for link in link::links(words, table) {
        candidates.push((link.words, link.strength, Kind::Link(link.target)));
    }
    for hint in &hints.meanings {
        hinted(words, table, hint, &mut candidates);
    }
    let chosen = link::strongest(candidates);
    let mut pieces = Vec::new();
    let mut at = 0;
    let single = |from: usize, to: usize, pieces: &mut Vec<Piece>| {
        for at in from..to {
            let kind = if let Some(number) = words[at].number() {
                Kind::Number(number)
            } else if (FILLERS.contains(&words[at].text.as_str()) || HARMLESS.contains(&words[at].text.as_str()) || hints.harmless.contains(&words[at].text)) && !words[at].quoted {
                Kind::Filler
            } else {
                Kind::Unknown
            };
            pieces.push(Piece { words: at..at + 1, kind, used: false, strength: 0.0 });
        }
    };
    for (range, strength, kind) in chosen {
        single(at, range.start, &mut pieces);
        at = range.end;
        pieces.push(Piece { words: range, kind, used: false, strength });
    }
    single(at, words.len(), &mut pieces);
    pieces
}

/// Ties that the glossary or a model has stated outdo all others.
fn hinted(words: &[Word], table: &Table, hint: &Hint, candidates: &mut Vec<(Range<usize>, f32, Kind)>) {
    let here = hint.table.is_empty() || hint.table == table.name || hint.table.split_once('.') == Some((&table.database, &table.name));
    let column = hint.column.as_ref().and_then(|name| table.columns.iter().position(|column| column.name == *name));
    let target = match (&hint.formula, column, &hint.value) {
        (Some(formula), ..) => Target::Formula(formula.clone()),
        (None, Some(column), Some(value)) => Target::Value(column, value.clone()),
        (None, Some(column), None) => Target::Column(column),
        (None, None, _) => return,
    };
    let phrase = crate::query::question::words::words(&hint.phrase);
    if !here || phrase.is_empty() {
        return;
    }
    for start in 0..(words.len() + 1).saturating_sub(phrase.len()) {
        let same = words[start..start + phrase.len()].iter().zip(&phrase).all(|(word, wanted)| word.text == wanted.text || word.stem == wanted.stem);
        if same {
            candidates.push((start..start + phrase.len(), 3.0 + phrase.len() as f32, Kind::Link(target.clone())));
        }
    }
}

struct At<'a> {
    words: &'a [Word],
    at: usize,
}

impl At<'_> {
    fn text(&self, ahead: usize) -> &str {
        self.words.get(self.at + ahead).map_or("", |word| if word.quoted { "" } else { word.text.as_str() })
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

const PHRASES: &[(&[&str], Kind)] = &[
    (
        &["how many", "number of", "numbers of", "count of", "counts of", "how often", "how many times", "the count", "amount of times"],
        Kind::Aggregate(Computed::Many),
    ),
    (&["how much"], Kind::Aggregate(Computed::Much)),
    (&["total", "sum", "sum of", "totals", "combined", "in total", "total of", "summed"], Kind::Aggregate(Computed::Total)),
    (&["average", "avg", "mean", "typical", "on average", "averages", "average of"], Kind::Aggregate(Computed::Average)),
    (&["median", "median of"], Kind::Aggregate(Computed::Quantile(0.5))),
    (&["maximum", "max", "peak", "maximal"], Kind::Aggregate(Computed::Maximum)),
    (&["minimum", "min", "minimal"], Kind::Aggregate(Computed::Minimum)),
    (&["distinct", "unique", "different", "individual", "number of different", "number of distinct", "number of unique", "how many different", "how many distinct", "how many unique"], Kind::Aggregate(Computed::Distinct)),
    (&["share", "share of", "percentage", "percentage of", "percent of", "what percent", "proportion", "proportion of", "fraction", "fraction of", "rate", "what part of", "% of"], Kind::Aggregate(Computed::Share)),
    (&["standard deviation", "stddev", "standard deviation of"], Kind::Aggregate(Computed::Deviation)),
    (&["most common", "most frequent", "most popular", "most often", "most frequently", "most used", "most active", "busiest", "commonest", "most commonly"], Kind::Frequent(true)),
    (&["least common", "least frequent", "least popular", "least often", "rarest", "least used", "least active", "quietest"], Kind::Frequent(false)),
    (&["most"], Kind::Superlative(&[], true)),
    (&["fewest", "least"], Kind::Superlative(&[], false)),
    (&["top"], Kind::Top(None, true)),
    (&["bottom"], Kind::Top(None, false)),
    (&["per", "for each", "for every", "each", "every", "in each", "of each", "in every", "at each", "from each", "with each"], Kind::Per),
    (&["by", "grouped by", "broken down by", "split by", "group by", "by each", "by the", "depending on", "across", "breakdown by", "breakdown of", "sorted by", "ranked by", "ordered by"], Kind::By),
    (
        &["not", "except", "except for", "excluding", "other than", "isn't", "aren't", "wasn't", "weren't", "non", "outside", "outside of", "apart from", "are not", "is not", "not from", "didn't", "doesn't", "don't", "haven't", "hasn't"],
        Kind::Not,
    ),
    (&["never", "but never", "but not", "but did not", "but didn't", "but have not", "but haven't", "but has not", "without ever", "but no"], Kind::Never),
    (&["nobody", "no one", "none", "without", "without any", "without a", "without an", "no", "missing", "lack", "lacking", "have no", "has no", "with no", "had no", "not have", "not have a", "not have an"], Kind::Without),
    (&["which", "what", "who", "whose", "what are the", "what is the"], Kind::Which),
    (&["latest", "most recent", "newest", "last", "last time", "most recently"], Kind::Latest(true)),
    (&["earliest", "first", "oldest", "first time"], Kind::Latest(false)),
    (&["highest first", "largest first", "biggest first", "descending", "in descending order", "most first", "from highest to lowest", "from most to least", "starting with the highest", "best first"], Kind::Sort(true)),
    (&["lowest first", "smallest first", "ascending", "in ascending order", "fewest first", "from lowest to highest", "from least to most"], Kind::Sort(false)),
    (&["compare", "versus", "vs", "compared to", "compared with", "against", "comparison of", "comparison between", "compare between", "comparing", "in comparison to"], Kind::Versus),
    (&["show", "show me", "list", "list all", "give me", "display", "show all"], Kind::Show),
    (&["and", "as well as", "together with", "along with", "plus"], Kind::And),
    (&["or"], Kind::Or),
    (&["both"], Kind::Both),
    (&["others", "the others", "the rest", "all others", "everyone else", "everybody else"], Kind::Others),
    (&["running total", "running total of", "cumulative", "cumulative sum", "cumulative number of", "cumulated", "running count", "running sum"], Kind::Cumulative),
    (&["ratio"], Kind::Ratio),
    (&["difference", "gap", "spread", "range"], Kind::Spread),
    (&["anomalies", "anomaly", "outliers", "outlier", "unusual", "abnormal", "anomalous", "spikes"], Kind::Outliers),
    (&["that", "that are", "that were", "who are", "which are", "which were", "that have", "who have", "are", "were", "is", "was", "that is", "that was", "have", "has", "had", "who", "did", "get", "got", "ended in", "end in"], Kind::That),
];

/// The pattern at a place: how many words, how strong, what it means.
fn pattern(words: &[Word], at: usize) -> Option<(usize, f32, Kind)> {
    let here = At { words, at };
    if let Some((length, kind)) = comparison(&here).or_else(|| quantile(&here)).or_else(|| ranked(&here)) {
        return Some((length, 1.7 + 0.2 * length as f32, kind));
    }
    let longest = PHRASES
        .iter()
        .filter_map(|(phrases, kind)| here.any(phrases).map(|length| (length, kind.clone())))
        .max_by_key(|(length, _)| *length);
    let degree = DEGREES.iter().find(|(word, ..)| here.text(0) == *word);
    match (longest, degree) {
        (Some((length, kind)), _) if length > 1 || degree.is_none() => {
            let strength = match kind {
                Kind::And | Kind::Or | Kind::That | Kind::Show => 0.6,
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
        "bottom" => false,
        _ => return None,
    };
    let count = here.number(1).filter(|count| *count >= 1.0 && *count <= 10_000.0)?;
    Some((2, Kind::Top(Some(count as u64), descending)))
}

fn quantile(here: &At<'_>) -> Option<(usize, Kind)> {
    let level = |level: f64| (level > 0.0 && level < 100.0).then_some(Kind::Aggregate(Computed::Quantile(level / 100.0)));
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
        (&["at least", "no less than", "not less than", "minimum of", "a minimum of", "no fewer than"], AtLeast),
        (&["at most", "up to", "no more than", "not more than", "maximum of", "a maximum of"], AtMost),
        (
            &[
                "more than", "over", "above", "greater than", "higher than", "larger than", "bigger than", "longer than", "exceeding", "exceed", "exceeds", "exceeded",
                "older than", "heavier than", "better than", "in excess of", "farther than", "warmer than", "hotter than", "upwards of", "later than", "slower than", "is over", "was over", "is above", "was above", "expensive than", "more expensive than",
            ],
            Above,
        ),
        (
            &[
                "less than", "fewer than", "under", "below", "lower than", "smaller than", "shorter than", "cheaper than", "younger than", "lighter than", "worse than", "colder than", "within",
                "is under", "is below", "was below", "was under", "faster than",
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
        let often = matches!(here.text(lead), "once" | "twice") && !matches!(here.text(lead + 1), "what" | "as" | "the" | "their" | "its");
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
    let value = here.number(0)?;
    let unit = usize::from(TimeUnit::named(here.text(1)).is_some() || matches!(here.text(1), "times" | "%"));
    if here.text(1 + unit) == "or" {
        let comparison = match here.text(2 + unit) {
            "more" | "higher" | "above" | "longer" | "greater" | "over" => AtLeast,
            "less" | "fewer" | "lower" | "below" | "shorter" | "under" => AtMost,
            _ => return None,
        };
        let (_, kind) = with_unit(here, 1, comparison, value);
        return Some((3 + unit, kind));
    }
    None
}

fn with_unit(here: &At<'_>, length: usize, comparison: Comparison, value: f64) -> (usize, Kind) {
    let text = here.text(length);
    if let Some(unit) = TimeUnit::named(text) {
        return (length + 1, Kind::Compare(comparison, value, Some(unit), false));
    }
    match text {
        "times" | "time" => (length + 1, Kind::Compare(comparison, value, None, true)),
        "%" | "percent" | "euros" | "euro" | "dollars" | "dollar" | "pounds" | "degrees" | "eur" | "usd" | "gbp" | "€" | "$" | "kwh" | "km" | "kg" | "points" => {
            (length + 1, Kind::Compare(comparison, value, None, false))
        }
        _ => (length, Kind::Compare(comparison, value, None, false)),
    }
}
