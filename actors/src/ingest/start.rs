//! Where a stream that has never read anything begins.
//!
//! That is decided once for a generation, by compare-and-set in ClickHouse, so that every node and every later epoch
//! begins at the same offsets, whatever the topic's end has become meanwhile. A partition that a decision does not speak
//! of, since the topic got it later, begins at its first offset. Offsets before the beginning are none of the stream's:
//! its journal starts there, as it does at a partition's first offset that Kafka still has.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use aurora_cluster::Partition;
use clickhouse::Row;
use serde::{Deserialize, Serialize};

use super::ownership::StreamTarget;
use crate::store::sql::literal;
use crate::store::{Store, StoreError};

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Start {
    /// At the first message there is.
    #[default]
    Earliest,
    /// With what comes after the stream was added.
    Latest,
    /// With the first message that Kafka got at this time or later.
    At(jiff::Timestamp),
}

/// A text that says no beginning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stream starts at \"earliest\", \"latest\", or a time such as \"2026-11-01T00:00:00Z\"")]
pub struct NoStart;

impl FromStr for Start {
    type Err = NoStart;

    fn from_str(text: &str) -> Result<Self, NoStart> {
        match text {
            "earliest" => Ok(Self::Earliest),
            "latest" => Ok(Self::Latest),
            time => time.parse().map(Self::At).map_err(|_| NoStart),
        }
    }
}

impl TryFrom<String> for Start {
    type Error = NoStart;

    fn try_from(text: String) -> Result<Self, NoStart> {
        text.parse()
    }
}

impl From<Start> for String {
    fn from(start: Start) -> Self {
        start.to_string()
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Earliest => f.write_str("earliest"),
            Self::Latest => f.write_str("latest"),
            Self::At(time) => time.fmt(f),
        }
    }
}

/// The first offset of each partition that a decision speaks of.
pub type Beginnings = BTreeMap<Partition, u64>;

#[derive(Row, Deserialize)]
struct Decided {
    partitions: Vec<Partition>,
    firsts: Vec<u64>,
}

/// What has been decided; `None` if nothing has, and nothing was read yet of any generation.
pub(super) async fn decided(store: &Store, target: &StreamTarget) -> Result<Option<Beginnings>, StoreError> {
    // In this order: whoever has journaled something has seen a decision before, if there was one.
    let journaled: u64 = store
        .row(&format!(
            "SELECT count() FROM aurora.journal WHERE stream = {}",
            literal(&target.stream.to_string())
        ))
        .await?;
    let found = read(store, target).await?;
    Ok(found.or_else(|| (journaled > 0).then(Beginnings::new)))
}

async fn read(store: &Store, target: &StreamTarget) -> Result<Option<Beginnings>, StoreError> {
    let rows: Vec<Decided> = store
        .rows(&format!(
            "SELECT partitions, firsts FROM aurora.starts WHERE stream = {} AND generation = {} \
             ORDER BY number, claim LIMIT 1",
            literal(&target.stream.to_string()),
            target.generation
        ))
        .await?;
    let beginnings = |row: Decided| row.partitions.into_iter().zip(row.firsts).collect();
    Ok(rows.into_iter().next().map(beginnings))
}

/// Decides that the stream begins there, unless somebody else was faster. Returns what counts.
pub(super) async fn decide(
    store: &Store,
    target: &StreamTarget,
    beginnings: &Beginnings,
) -> Result<Beginnings, StoreError> {
    let list = |numbers: Vec<String>| numbers.join(",");
    let partitions = list(beginnings.keys().map(Partition::to_string).collect());
    let firsts = list(beginnings.values().map(u64::to_string).collect());
    let StreamTarget {
        stream, generation, ..
    } = target;
    // A crash of ClickHouse can leave a number that is nobody's for ever, and dropping a stream's data does: the one
    // after it is tried. The lowest that is there counts, and none lower can come.
    for number in 1_u32.. {
        store
            .execute(&format!(
                "INSERT INTO aurora.starts SETTINGS async_insert = 0, insert_deduplicate = 1, insert_deduplication_token = {} \
                 VALUES ({}, {generation}, {number}, [{partitions}], [{firsts}], '{}', now64(3))",
                literal(&format!("start/{stream}/{generation}/{number}")),
                literal(&stream.to_string()),
                uuid::Uuid::new_v4(),
            ))
            .await?;
        if let Some(found) = read(store, target).await? {
            return Ok(found);
        }
    }
    Ok(beginnings.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_survives_being_written_and_read() {
        for text in ["earliest", "latest", "2026-11-01T00:00:00Z"] {
            let start: Start = text.parse().unwrap();
            assert_eq!(start.to_string(), text);
            let json = serde_json::to_string(&start).unwrap();
            assert_eq!(serde_json::from_str::<Start>(&json).unwrap(), start);
        }
        for text in ["", "Latest", "yesterday", "2026-11-01", "1795367045"] {
            assert_eq!(text.parse::<Start>(), Err(NoStart), "{text}");
        }
    }
}
