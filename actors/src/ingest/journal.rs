//! What was written, in ranges of offsets.
//!
//! A [`Range`] says of an unbroken stretch of offsets how many became rows, dead letters and
//! skips, and how many never existed or were gone. The ranges of a partition tile its offsets; that
//! is what the audit checks and where a new owner starts. The journal may lag behind the tables;
//! it never leads.

use std::collections::HashMap;

use aurora_cluster::{Epoch, Generation, Partition, StreamId};
use clickhouse::Row;
use serde::Deserialize;

use super::ownership::Fence;
use crate::ingest::batch::column::push_text;
use crate::store::{Store, StoreError, sql::literal};

/// What the offsets from `first` up to, not including, `next` became.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    /// The first offset.
    pub first: u64,
    /// The offset after the last.
    pub next: u64,
    /// Offsets that are rows.
    pub rows: u64,
    /// Offsets that are dead letters.
    pub dead: u64,
    /// Messages skipped on purpose: tombstones.
    pub skipped: u64,
    /// Offsets that do not exist in Kafka: compacted away, or transaction markers.
    pub absent: u64,
    /// Offsets that Kafka deleted before they were read.
    pub expired: u64,
}

impl Range {
    /// The empty range at `first`.
    pub fn empty(first: u64) -> Self {
        Self {
            first,
            next: first,
            ..Self::default()
        }
    }

    /// Whether it holds no offset.
    pub fn is_empty(&self) -> bool {
        self.next == self.first
    }

    /// Takes the offsets before `offset` in as absent ones.
    pub fn skip_to(&mut self, offset: u64) {
        self.absent += offset.saturating_sub(self.next);
        self.next = self.next.max(offset);
    }

    /// Whether every offset is accounted for.
    pub fn adds_up(&self) -> bool {
        self.rows + self.dead + self.skipped + self.absent + self.expired == self.next - self.first
    }

    /// Appends the range that follows. False, and nothing done, when there is a gap between.
    pub fn append(&mut self, after: &Range) -> bool {
        if after.first != self.next {
            return false;
        }
        self.next = after.next;
        self.rows += after.rows;
        self.dead += after.dead;
        self.skipped += after.skipped;
        self.absent += after.absent;
        self.expired += after.expired;
        true
    }
}

/// How far a partition's journal goes, and what it counts up to there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The offset after the last journaled one; `None` when nothing is journaled.
    pub next: Option<u64>,
    /// Rows.
    pub rows: u64,
    /// Dead letters.
    pub dead: u64,
    /// Skips.
    pub skipped: u64,
}

#[derive(Row, Deserialize)]
struct PositionRow {
    partition: Partition,
    next: u64,
    rows: u64,
    dead: u64,
    skipped: u64,
}

/// Reads how far the journals of `partitions` go; those of which nothing is journaled are left out.
pub async fn positions(
    store: &Store,
    stream: &StreamId,
    generation: Generation,
    partitions: &[Partition],
) -> Result<HashMap<Partition, Position>, StoreError> {
    let list: Vec<String> = partitions.iter().map(Partition::to_string).collect();
    let query = format!(
        "SELECT partition, max(last) + 1 AS next, sum(rows) AS rows, sum(dead) AS dead, sum(skipped) AS skipped
         FROM aurora.journal WHERE stream = {} AND generation = {generation} AND partition IN ({})
         GROUP BY partition SETTINGS aggregate_functions_null_for_empty = 0",
        literal(&stream.to_string()),
        list.join(",")
    );
    let found: Vec<PositionRow> = store.rows(&query).await?;
    let position = |row: PositionRow| Position {
        next: Some(row.next),
        rows: row.rows,
        dead: row.dead,
        skipped: row.skipped,
    };
    Ok(found
        .into_iter()
        .map(|row| (row.partition, position(row)))
        .collect())
}

/// Writes `entries`, each a partition, the epoch that wrote it and a range, under the fence of those
/// epochs.
pub async fn write(
    store: &Store,
    fence: &Fence,
    entries: &[(Partition, Epoch, Range)],
    at_ms: i64,
) -> Result<(), StoreError> {
    debug_assert!(
        entries
            .iter()
            .all(|(_, _, range)| range.adds_up() && !range.is_empty())
    );
    let statement = format!(
        "INSERT INTO aurora.journal (stream, generation, partition, epoch, first, last, rows, dead, skipped, absent, expired, at)
         SELECT * FROM input('stream String, generation UInt32, partition Int32, epoch UInt64, first UInt64, last UInt64,
         rows UInt64, dead UInt64, skipped UInt64, absent UInt64, expired UInt64, at DateTime64(3, \\'UTC\\')')
         WHERE {} FORMAT RowBinary",
        fence.condition()
    );
    let mut body = Vec::with_capacity(entries.len() * 120);
    for (partition, epoch, range) in entries {
        push_text(&mut body, fence.stream().to_string().as_bytes());
        body.extend_from_slice(&fence.generation().to_le_bytes());
        body.extend_from_slice(&partition.to_le_bytes());
        for number in [
            *epoch,
            range.first,
            range.next - 1,
            range.rows,
            range.dead,
            range.skipped,
            range.absent,
            range.expired,
        ] {
            body.extend_from_slice(&number.to_le_bytes());
        }
        body.extend_from_slice(&at_ms.to_le_bytes());
    }
    store.insert(statement, &fence.query_id("journal"), body).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_join_only_without_a_gap() {
        let mut range = Range {
            first: 5,
            next: 8,
            rows: 3,
            ..Range::default()
        };
        assert!(!range.append(&Range {
            first: 9,
            next: 10,
            rows: 1,
            ..Range::default()
        }));
        assert!(range.append(&Range {
            first: 8,
            next: 10,
            dead: 1,
            skipped: 1,
            ..Range::default()
        }));
        assert_eq!(
            range,
            Range {
                first: 5,
                next: 10,
                rows: 3,
                dead: 1,
                skipped: 1,
                ..Range::default()
            }
        );
    }

    proptest! {
        #[test]
        fn offsets_with_gaps_always_add_up(gaps in proptest::collection::vec(0u64..5, 0..50)) {
            let mut range = Range::empty(7);
            let mut offset = 7;
            for gap in gaps {
                offset += gap;
                range.skip_to(offset);
                range.rows += 1;
                range.next += 1;
                offset += 1;
            }
            prop_assert!(range.adds_up());
            prop_assert_eq!(range.next, offset);
        }
    }
}
