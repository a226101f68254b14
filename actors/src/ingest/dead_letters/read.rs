//! Dead letters, as people look at them: those that no row was made of yet.

use std::fmt;
use std::str::FromStr;

use aurora_cluster::{Generation, Partition, StreamId};
use clickhouse::Row;
use serde::Deserialize;

use super::retry::Outstanding;
use crate::store::sql::literal;
use crate::store::{Store, StoreError};

/// Bytes of a payload, and of a key, that are shown.
const SHOWN_PAYLOAD_BYTES: usize = 8 << 10;
const SHOWN_KEY_BYTES: usize = 1 << 10;

/// Where a dead letter stands among those of its stream, the latest first: in later generations, then by time. Written
/// `GENERATION.MILLISECONDS.PARTITION.OFFSET`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its generation.
    pub generation: Generation,
    /// When Kafka got it, milliseconds since 1970.
    pub timestamp_ms: i64,
    /// Its partition.
    pub partition: Partition,
    /// Its offset there.
    pub offset: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            generation,
            timestamp_ms,
            partition,
            offset,
        } = self;
        write!(f, "{generation}.{timestamp_ms}.{partition}.{offset}")
    }
}

/// A text that is no [`Place`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no place in a list of dead letters")]
pub struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let mut parts = text.split('.');
        let mut part = || parts.next().ok_or(NoPlace);
        let place = Self {
            generation: part()?.parse().map_err(|_| NoPlace)?,
            timestamp_ms: part()?.parse().map_err(|_| NoPlace)?,
            partition: part()?.parse().map_err(|_| NoPlace)?,
            offset: part()?.parse().map_err(|_| NoPlace)?,
        };
        parts.next().map_or(Ok(place), |_| Err(NoPlace))
    }
}

/// How often there was a reason.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct ReasonCount {
    /// The reason, in short.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// When Kafka got the latest, milliseconds since 1970.
    pub latest_ms: i64,
}

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct DeadLetter {
    /// Its generation.
    pub generation: Generation,
    /// Its partition.
    pub partition: Partition,
    /// Its offset there.
    pub offset: u64,
    /// When Kafka got it, milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The reason, in short.
    pub reason: String,
    /// The reason, as a sentence.
    pub detail: String,
    /// Whether it has a key.
    pub has_key: u8,
    /// The beginning of its key.
    pub key: String,
    /// The beginning of its payload; in base64 when that is no UTF-8.
    pub payload: String,
    /// Whether it is in base64.
    pub is_base64: u8,
    /// Bytes of the whole payload.
    pub payload_bytes: u64,
}

impl DeadLetter {
    /// Where it stands.
    pub fn place(&self) -> Place {
        Place {
            generation: self.generation,
            timestamp_ms: self.timestamp_ms,
            partition: self.partition,
            offset: self.offset,
        }
    }

    /// Whether only the beginning of its payload is shown.
    pub fn is_cut(&self) -> bool {
        self.payload_bytes > SHOWN_PAYLOAD_BYTES as u64
    }
}

/// The reasons for a stream's outstanding dead letters, the most frequent first.
pub async fn reasons(
    store: &Store,
    stream: &StreamId,
    outstanding: &Outstanding,
) -> Result<Vec<ReasonCount>, StoreError> {
    store
        .rows(&format!(
            "SELECT toString(reason) AS reason, count() AS count, max(toUnixTimestamp64Milli(timestamp)) AS latest_ms \
             FROM aurora.dead_letters AS letters WHERE stream = {} AND {} GROUP BY reason ORDER BY count DESC, reason",
            literal(&stream.to_string()),
            outstanding.condition("letters")
        ))
        .await
}

/// Some of a stream's outstanding dead letters, the latest first: those after `before` in that order, and for `reason`, if they are
/// given.
pub async fn list(
    store: &Store,
    stream: &StreamId,
    outstanding: &Outstanding,
    reason: Option<&str>,
    before: Option<Place>,
    limit: usize,
) -> Result<Vec<DeadLetter>, StoreError> {
    let mut conditions = vec![
        format!("letters.stream = {}", literal(&stream.to_string())),
        outstanding.condition("letters"),
    ];
    conditions.extend(reason.map(|reason| format!("letters.reason = {}", literal(reason))));
    conditions.extend(before.map(|place| {
        let Place {
            generation,
            timestamp_ms,
            partition,
            offset,
        } = place;
        format!(
            "(toInt64(letters.generation), toUnixTimestamp64Milli(letters.timestamp), toInt64(letters.partition), \
             letters.offset) < ({generation}, {timestamp_ms}, {partition}, {offset})"
        )
    }));
    store
        .rows(&format!(
            "SELECT letters.generation AS generation, letters.partition AS partition, letters.offset AS offset, \
             toUnixTimestamp64Milli(letters.timestamp) AS timestamp_ms, toString(letters.reason) AS reason, \
             letters.detail AS detail, toUInt8(isNotNull(letters.key)) AS has_key, \
             toValidUTF8(substring(ifNull(letters.key, ''), 1, {SHOWN_KEY_BYTES})) AS key, \
             if(isValidUTF8(letters.payload), toValidUTF8(substring(letters.payload, 1, {SHOWN_PAYLOAD_BYTES})), \
             base64Encode(substring(letters.payload, 1, {SHOWN_PAYLOAD_BYTES}))) AS payload, \
             toUInt8(NOT isValidUTF8(letters.payload)) AS is_base64, length(letters.payload) AS payload_bytes \
             FROM aurora.dead_letters AS letters WHERE {} \
             ORDER BY letters.generation DESC, letters.timestamp DESC, letters.partition DESC, letters.offset DESC \
             LIMIT {limit}",
            conditions.join(" AND ")
        ))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_and_read() {
        let place = Place {
            generation: 2,
            timestamp_ms: -5,
            partition: 3,
            offset: u64::MAX,
        };
        assert_eq!(place.to_string().parse(), Ok(place));
        for text in [
            "",
            "1",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.-4",
            "a.2.3.4",
            "1.2.3.4 OR 1",
        ] {
            assert_eq!(text.parse::<Place>(), Err(NoPlace), "{text}");
        }
    }
}
