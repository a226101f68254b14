//! What one query, and all of a node's queries together, may use.
//!
//! The first four bound a query inside ClickHouse: they are constraints of the reading user's profile
//! ([`wall`](super::wall)), so they hold however a query gets there. The others bound what waits and runs
//! on a node.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Rows that are returned when nothing else is said.
pub const DEFAULT_LIMIT: usize = 1_000;
/// The most rows that can be asked for in one answer. An export may have
/// [`max_result_rows`](QueryLimits::max_result_rows).
pub const MAX_LIMIT: usize = 100_000;
/// Most bytes of an answer's rows; what is beyond is left out, and the answer says so.
pub const MAX_ANSWER_BYTES: usize = 64 << 20;
/// Longest statement, in bytes.
pub const MAX_SQL_BYTES: usize = 256 << 10;

/// The limits of queries: `[queries]` of a node's configuration, and what `GET /api/v1/limits` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueryLimits {
    /// How long a query may take, waiting for its turn included, in seconds.
    pub max_seconds: u32,
    /// Memory that ClickHouse may use for one query, in bytes.
    pub max_memory_bytes: u64,
    /// Rows that ClickHouse may read for one query; 0 is no limit.
    pub max_rows_to_read: u64,
    /// Rows that an export may have. One that has more fails: half of a file must not look like all of it.
    pub max_result_rows: u64,
    /// Queries that run at once, on one node.
    pub concurrent: usize,
    /// Queries that wait for their turn, on one node; the next one is told to come back later.
    pub queue: usize,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            max_seconds: 30,
            max_memory_bytes: 2_000_000_000,
            max_rows_to_read: 0,
            max_result_rows: 1_000_000,
            concurrent: 16,
            queue: 1_000,
        }
    }
}

impl QueryLimits {
    /// The deadline of a query of which nothing else is said.
    pub fn time(&self) -> Duration {
        Duration::from_secs(u64::from(self.max_seconds))
    }

    /// What is wrong with them, if anything: 0 would be "no limit" to ClickHouse where it must not be.
    pub fn mistake(&self) -> Option<String> {
        let positive = [
            ("max_seconds", u64::from(self.max_seconds)),
            ("max_memory_bytes", self.max_memory_bytes),
            ("max_result_rows", self.max_result_rows),
            ("concurrent", self.concurrent as u64),
            ("queue", self.queue as u64),
        ];
        if let Some((name, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return Some(format!("{name} of [queries] is 0; it has to be 1 or more"));
        }
        let bounded = [
            ("max_seconds", u64::from(self.max_seconds), 86_400),
            ("concurrent", self.concurrent as u64, 1_000),
            ("queue", self.queue as u64, 100_000),
        ];
        bounded
            .iter()
            .find(|(_, value, most)| value > most)
            .map(|(name, _, most)| format!("{name} of [queries] is more than {most}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_would_be_none_are_a_mistake() {
        assert_eq!(QueryLimits::default().mistake(), None);
        let none = QueryLimits {
            max_memory_bytes: 0,
            ..QueryLimits::default()
        };
        assert!(none.mistake().unwrap().contains("max_memory_bytes"));
        let endless = QueryLimits {
            queue: usize::MAX,
            ..QueryLimits::default()
        };
        assert!(endless.mistake().unwrap().contains("queue"));
    }
}
