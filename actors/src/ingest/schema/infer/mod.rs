//! Types from a sample of messages.
//!
//! Every field of every message is looked at; the narrowest type that holds all values seen wins,
//! and a field that mixes kinds becomes text, which holds anything. See [`Inference::propose`].

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::{ColumnType, Path, Scalar, time};
use crate::ingest::json::{JsonError, Kind, MAX_DEPTH, Number, Reader};

/// Objects nested deeper than this stay text in one column.
pub(super) const MAX_FLATTENED_LEVELS: usize = 8;
/// Longest path that gets a column, in bytes of its keys; longer ones stay in the catch-all.
pub(super) const MAX_PATH_BYTES: usize = 200;
/// Distinct texts that are remembered of a field, and the most a low-cardinality column may have.
const MAX_DISTINCT: usize = 1_000;
/// Fewer texts than this say nothing about cardinality.
const MIN_TEXTS_FOR_CARDINALITY: u64 = 50;
/// One value in so many may be of another kind than the rest.
const STRAY_SHARE: u64 = 100;
const MAX_EXAMPLES: usize = 3;
const MAX_EXAMPLE_CHARS: usize = 60;

/// What was seen of a sample so far.
#[derive(Debug, Default)]
pub struct Inference {
    fields: BTreeMap<Path, FieldStats>,
    order: Vec<Path>,
    messages: u64,
    unfit: u64,
}

/// A column that is proposed, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    /// The field.
    pub path: Path,
    /// Its type.
    #[serde(serialize_with = "as_text")]
    pub column_type: ColumnType,
    /// Messages that have a value there.
    pub seen: u64,
    /// What the sample showed, for people.
    pub evidence: String,
    /// Some of its values.
    pub examples: Vec<String>,
    /// For a text that every message has: how many distinct ones there are, unless they are too many to count.
    pub distinct: Option<usize>,
}

fn as_text<S: serde::Serializer>(column_type: &ColumnType, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(column_type)
}

#[derive(Debug, Default)]
struct FieldStats {
    nulls: u64,
    booleans: u64,
    integers: u64,
    min: i128,
    max: i128,
    /// Integers beyond 128 bits.
    huge: u64,
    floats: u64,
    texts: u64,
    moments: u64,
    /// Numbers that would be a moment close to the message's broker timestamp.
    near_now: u64,
    precision: u8,
    distinct: HashSet<Vec<u8>>,
    distinct_overflow: bool,
    /// Distinct texts when half of the texts seen so far had been seen; see `is_low_cardinality`.
    growth: Vec<(u64, usize)>,
    arrays: u64,
    objects: u64,
    elements: Option<Box<FieldStats>>,
    examples: Vec<String>,
}

impl Inference {
    /// Looks at one message. `timestamp_ms` is the broker's, in milliseconds since 1970.
    pub fn observe(&mut self, payload: &[u8], timestamp_ms: i64) {
        self.messages += 1;
        let is_text = simdutf8::basic::from_utf8(payload).is_ok();
        if !is_text || self.message(payload, timestamp_ms).is_err() {
            self.unfit += 1;
        }
    }

    /// Messages looked at, and how many of them are no JSON objects.
    pub fn seen(&self) -> (u64, u64) {
        (self.messages, self.unfit)
    }

    fn message(&mut self, payload: &[u8], timestamp_ms: i64) -> Result<(), JsonError> {
        // Checked as a whole first, so that a broken message leaves no trace.
        let mut check = Reader::new(payload);
        check.skip(0)?;
        check.finish()?;
        let mut reader = Reader::new(payload);
        if reader.peek()? != Kind::Object {
            return Err(JsonError::Unexpected { at: 0 });
        }
        self.object(&mut reader, &mut Path::new(), timestamp_ms)
    }

    fn object(
        &mut self,
        reader: &mut Reader<'_>,
        path: &mut Path,
        timestamp_ms: i64,
    ) -> Result<(), JsonError> {
        reader.open();
        let mut first = true;
        while !reader.closes(b'}', first)? {
            first = false;
            let key = String::from_utf8_lossy(&reader.key()?.text()).into_owned();
            path.push(key);
            let fits = path.iter().map(String::len).sum::<usize>() <= MAX_PATH_BYTES;
            if fits && reader.peek()? == Kind::Object && path.len() < MAX_FLATTENED_LEVELS {
                self.field(path).objects += 1;
                self.object(reader, path, timestamp_ms)?;
            } else if fits {
                self.field(path).observe(reader, timestamp_ms)?;
            } else {
                reader.skip(0)?;
            }
            path.pop();
        }
        Ok(())
    }

    fn field(&mut self, path: &Path) -> &mut FieldStats {
        if !self.fields.contains_key(path) {
            self.order.push(path.clone());
        }
        self.fields.entry(path.clone()).or_default()
    }

    /// The columns that the sample asks for, in the order in which the fields came up. They may be more than a table
    /// gets.
    pub fn propose(&self) -> Vec<Proposal> {
        let fields = self
            .order
            .iter()
            .filter_map(|path| Some((path, self.fields.get(path)?)));
        fields
            .filter_map(|(path, stats)| {
                let column_type = stats.column_type(path.last().map_or("", String::as_str))?;
                let everywhere = stats.texts == self.messages - self.unfit && !stats.distinct_overflow;
                Some(Proposal {
                    path: path.clone(),
                    column_type,
                    seen: stats.present(),
                    evidence: stats.evidence(self.messages),
                    examples: stats.examples.clone(),
                    distinct: everywhere.then_some(stats.distinct.len()),
                })
            })
            .collect()
    }

    /// Messages that have a value there, and no object.
    pub fn present(&self, path: &[String]) -> u64 {
        self.fields.get(path).map_or(0, FieldStats::present)
    }

    /// Whether all that messages have there are objects.
    pub(super) fn has_only_objects(&self, path: &[String]) -> bool {
        let stats = self.fields.get(path);
        stats.is_some_and(|stats| stats.objects > 0 && stats.present() == 0)
    }

    /// Types that hold at least some of the values that messages have there: first those made for such values, then
    /// text, which holds anything.
    pub fn alternatives(&self, path: &[String]) -> Vec<ColumnType> {
        let Some(stats) = self.fields.get(path) else {
            return Vec::new();
        };
        let mut types: Vec<ColumnType> = stats.scalars().into_iter().map(ColumnType::Scalar).collect();
        if let Some(elements) = &stats.elements {
            let nullable = elements.nulls > 0;
            let scalars = elements.scalars().into_iter().chain([Scalar::String]);
            types.extend(scalars.map(|element| ColumnType::Array { element, nullable }));
        }
        types.extend([ColumnType::Scalar(Scalar::String), ColumnType::LowCardinality]);
        types
    }
}

impl FieldStats {
    fn observe(&mut self, reader: &mut Reader<'_>, timestamp_ms: i64) -> Result<(), JsonError> {
        let kind = reader.peek()?;
        let start = reader.position();
        match kind {
            Kind::Null => {
                self.nulls += 1;
                return reader.null();
            }
            Kind::Bool => {
                self.booleans += 1;
                reader.boolean()?;
            }
            Kind::Number => {
                let number = reader.number()?;
                self.number(number, timestamp_ms);
            }
            Kind::String => {
                let text = reader.string()?.text();
                self.text(&text);
            }
            Kind::Object => {
                self.texts += 1;
                self.distinct_overflow = true;
                reader.skip(0)?;
            }
            Kind::Array => {
                self.arrays += 1;
                self.array(reader, timestamp_ms)?;
            }
        }
        self.example(reader.since(start));
        Ok(())
    }

    fn array(&mut self, reader: &mut Reader<'_>, timestamp_ms: i64) -> Result<(), JsonError> {
        let elements = self.elements.get_or_insert_default();
        reader.open();
        let mut first = true;
        while !reader.closes(b']', first)? {
            first = false;
            match reader.peek()? {
                // Arrays of arrays and of objects keep their elements as JSON text.
                Kind::Array | Kind::Object => {
                    elements.texts += 1;
                    elements.distinct_overflow = true;
                    reader.skip(MAX_DEPTH / 2)?;
                }
                _ => elements.observe(reader, timestamp_ms)?,
            }
        }
        Ok(())
    }

    fn number(&mut self, number: Number<'_>, timestamp_ms: i64) {
        let (value, moment) = match number {
            Number::Integer { negative, magnitude } => {
                let value = if negative {
                    -i128::from(magnitude)
                } else {
                    i128::from(magnitude)
                };
                (Some(value), i64::try_from(value).ok().and_then(time::from_epoch))
            }
            Number::BigInteger(text) => (std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()), None),
            Number::Float(text) => {
                self.floats += 1;
                let moment = time::from_decimal_epoch(text);
                self.note_moment(moment, timestamp_ms);
                return;
            }
        };
        match value {
            Some(value) if self.integers == 0 => (self.min, self.max) = (value, value),
            Some(value) => (self.min, self.max) = (self.min.min(value), self.max.max(value)),
            None => self.huge += 1,
        }
        self.integers += 1;
        self.note_moment(moment, timestamp_ms);
    }

    /// Numbers count as moments when they are near the time the broker got the message.
    fn note_moment(&mut self, moment: Option<time::Moment>, timestamp_ms: i64) {
        const NEAR_SECONDS: i64 = 400 * 86_400;
        let Some(moment) = moment else { return };
        if (moment.seconds - timestamp_ms / 1_000).abs() < NEAR_SECONDS {
            self.near_now += 1;
            self.precision = self.precision.max(moment.digits);
        }
    }

    fn text(&mut self, text: &[u8]) {
        self.texts += 1;
        if let Some(moment) = time::parse_iso(text) {
            self.moments += 1;
            self.precision = self.precision.max(moment.precision());
        }
        if self.distinct.len() <= MAX_DISTINCT && !self.distinct.contains(text) {
            self.distinct.insert(text.to_vec());
        }
        self.distinct_overflow |= self.distinct.len() > MAX_DISTINCT;
        if self.texts.is_power_of_two() {
            self.growth.push((self.texts, self.distinct.len()));
        }
    }

    fn example(&mut self, raw: &[u8]) {
        if self.examples.len() < MAX_EXAMPLES {
            let text: String = String::from_utf8_lossy(raw)
                .chars()
                .take(MAX_EXAMPLE_CHARS)
                .collect();
            if !self.examples.contains(&text) {
                self.examples.push(text);
            }
        }
    }

    /// The narrowest type that holds every value; `None` when there was none.
    fn column_type(&self, name: &str) -> Option<ColumnType> {
        let numbers = self.integers + self.floats;
        let all = self.booleans + numbers + self.texts + self.arrays;
        if all == 0 {
            return None;
        }
        // A stray value of another kind among many is a mistake of its message, which will be a dead
        // letter, and no reason to make text of a number.
        let nearly_all = |count: u64| count > 0 && (all - count) * STRAY_SHARE <= all;
        let scalar = if nearly_all(self.arrays) {
            return self.array_type(name);
        } else if nearly_all(self.booleans) {
            Scalar::Bool
        } else if nearly_all(numbers) {
            self.number_type(name)
        } else if nearly_all(self.moments) {
            Scalar::DateTime(self.precision.max(3))
        } else if self.texts == all && self.is_low_cardinality() {
            return Some(ColumnType::LowCardinality);
        } else {
            Scalar::String
        };
        Some(ColumnType::Scalar(scalar))
    }

    fn array_type(&self, name: &str) -> Option<ColumnType> {
        let elements = self.elements.as_ref()?;
        let element = match elements.column_type(name)? {
            ColumnType::Scalar(scalar) => scalar,
            ColumnType::LowCardinality | ColumnType::Array { .. } => Scalar::String,
        };
        Some(ColumnType::Array {
            element,
            nullable: elements.nulls > 0,
        })
    }

    fn number_type(&self, name: &str) -> Scalar {
        const MAX_EXACT_FLOAT: i128 = 1 << 53;
        let numbers = self.integers + self.floats;
        // Seconds look like any other number of ten digits; the name has to say so too.
        let sure = self.precision >= 3 && self.floats == 0 || names_a_time(name);
        if (numbers - self.near_now) * STRAY_SHARE <= numbers && sure {
            return Scalar::DateTime(match self.precision {
                0..=3 => 3,
                4..=6 => 6,
                _ => 9,
            });
        }
        let holds = |min: i128, max: i128| self.integers == 0 || (min <= self.min && self.max <= max);
        if self.huge > 0 {
            return Scalar::String;
        }
        if self.floats > 0 {
            let exact = holds(-MAX_EXACT_FLOAT, MAX_EXACT_FLOAT);
            return if exact { Scalar::Float64 } else { Scalar::String };
        }
        match () {
            () if holds(i128::from(i64::MIN), i128::from(i64::MAX)) => Scalar::Int64,
            () if holds(0, i128::from(u64::MAX)) => Scalar::UInt64,
            () => Scalar::Int128,
        }
    }

    /// Types other than text that were made for values of the kinds that were seen.
    fn scalars(&self) -> Vec<Scalar> {
        // Any number can be a moment. It is worth mentioning only where some are of these days.
        let has_moments = self.moments > 0 || self.near_now > 0;
        let mut scalars = Vec::new();
        if self.booleans > 0 {
            scalars.push(Scalar::Bool);
        }
        if self.integers + self.floats > 0 {
            scalars.extend([Scalar::Int64, Scalar::UInt64, Scalar::Int128, Scalar::Float64]);
        }
        if has_moments {
            scalars.extend([3, 6, 9].map(Scalar::DateTime));
        }
        scalars
    }

    /// Few distinct values, and hardly new ones in the second half: session ids repeat too, but
    /// they keep coming.
    fn is_low_cardinality(&self) -> bool {
        let count = self.distinct.len();
        if self.distinct_overflow || self.texts < MIN_TEXTS_FOR_CARDINALITY || count as u64 * 10 > self.texts
        {
            return false;
        }
        let half = self
            .growth
            .iter()
            .rev()
            .find(|(texts, _)| texts * 2 <= self.texts + 1);
        half.is_some_and(|(_, early)| count <= early + early / 2 + 1)
    }

    fn present(&self) -> u64 {
        self.booleans + self.integers + self.floats + self.texts + self.arrays
    }

    fn evidence(&self, messages: u64) -> String {
        let present = self.present();
        let mut evidence = format!("in {present} of {messages} messages");
        if self.integers > 0 && self.huge == 0 {
            evidence += &format!(", integers from {} to {}", self.min, self.max);
        }
        if self.floats > 0 {
            evidence += &format!(", {} with a fraction", self.floats);
        }
        if self.texts > 0 && self.distinct_overflow {
            evidence += &format!(", more than {MAX_DISTINCT} distinct texts");
        } else if self.texts > 0 {
            evidence += &format!(", {} distinct texts", self.distinct.len());
        }
        if self.nulls > 0 {
            evidence += &format!(", {} times null", self.nulls);
        }
        evidence
    }
}

fn names_a_time(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "ts"
        || name == "t"
        || ["time", "date", "stamp", "epoch", "created", "updated", "expires"]
            .iter()
            .any(|word| name.contains(word))
        || ["_ts", "_at"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests;
