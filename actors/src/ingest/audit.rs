//! Proof that nothing was lost or doubled: the journal tiles the offsets, and what it counts is in
//! the tables.
//!
//! For every partition of a generation the audit requires that
//! 1. the journal's ranges follow each other without gap or overlap, and each accounts for all its
//!    offsets;
//! 2. the rows with an offset in the journaled stretch are as many as the journal says, and all
//!    distinct; likewise the dead letters;
//! 3. no offset is both a row and a dead letter.
//!
//! Distinct and as many as the journal says, out of a stretch that adds up, means exactly once. It is
//! counted by ClickHouse in the tables, not taken from what a node remembers. The same predicate, [`judge`],
//! serves `aurora verify`, production, the tests and the simulation of the protocol.

use aurora_cluster::{Generation, Partition, StreamId};
use clickhouse::Row;
use serde::{Deserialize, Serialize};

use super::ownership::StreamTarget;
use crate::store::sql::literal;
use crate::store::{Store, StoreError};

/// Offsets that one counting query looks at. Exact distinct counts take memory in proportion.
const SLICE: u64 = 5_000_000;

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditReport {
    /// The stream.
    pub stream: StreamId,
    /// The generation.
    pub generation: Generation,
    /// Whether everything holds.
    pub clean: bool,
    /// When it was looked at.
    pub checked_at: jiff::Timestamp,
    /// What does not hold, in words.
    pub problems: Vec<String>,
    /// What was counted.
    pub partitions: Vec<PartitionAudit>,
}

/// What an audit counted in one partition, over the journaled stretch of offsets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionAudit {
    /// The partition.
    pub partition: Partition,
    /// The first journaled offset.
    pub first: u64,
    /// The last journaled offset.
    pub last: u64,
    /// Rows by the journal.
    pub rows: u64,
    /// Rows in the table.
    pub rows_found: u64,
    /// Dead letters by the journal.
    pub dead: u64,
    /// Dead letters in their table.
    pub dead_found: u64,
    /// Skips by the journal.
    pub skipped: u64,
    /// Offsets that do not exist in Kafka.
    pub absent: u64,
    /// Offsets that Kafka deleted before they were read.
    pub expired: u64,
}

/// What the journal says of a partition, summed up over its ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Row, Deserialize)]
pub struct Journaled {
    /// The partition.
    pub partition: Partition,
    /// The first journaled offset.
    pub first: u64,
    /// The last journaled offset.
    pub last: u64,
    /// Offsets that are rows.
    pub rows: u64,
    /// Offsets that are dead letters.
    pub dead: u64,
    /// Messages skipped on purpose.
    pub skipped: u64,
    /// Offsets that do not exist in Kafka.
    pub absent: u64,
    /// Offsets that Kafka deleted before they were read.
    pub expired: u64,
    /// Ranges that do not begin where the one before ends.
    pub gaps: u64,
    /// Ranges that do not account for each of their offsets.
    pub unaccounted: u64,
}

/// How many offsets a table holds of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Row, Deserialize)]
pub struct Count {
    /// All of them.
    pub all: u64,
    /// The same, each only once.
    pub distinct: u64,
}

/// Audits a stream's generation. The journal is read first: what lands meanwhile lies beyond it.
pub async fn audit(store: &Store, target: &StreamTarget) -> Result<AuditReport, StoreError> {
    let mut report = AuditReport {
        stream: target.stream.clone(),
        generation: target.generation,
        clean: true,
        checked_at: jiff::Timestamp::now(),
        problems: Vec::new(),
        partitions: Vec::new(),
    };
    for row in journal(store, target).await? {
        let mut partition = PartitionAudit {
            partition: row.partition,
            first: row.first,
            last: row.last,
            rows: row.rows,
            rows_found: 0,
            dead: row.dead,
            dead_found: 0,
            skipped: row.skipped,
            absent: row.absent,
            expired: row.expired,
        };
        let counted = count(store, target, &mut partition).await?;
        report.problems.extend(judge(&row, &counted));
        report.partitions.push(partition);
    }
    report.clean = report.problems.is_empty();
    Ok(report)
}

async fn journal(store: &Store, target: &StreamTarget) -> Result<Vec<Journaled>, StoreError> {
    // A range that begins where the one before ends is no gap; nor is the first one.
    let query = format!(
        "SELECT partition, min(first) AS first, max(last) AS last, sum(rows) AS rows, sum(dead) AS dead,
            sum(skipped) AS skipped, sum(absent) AS absent, sum(expired) AS expired,
            countIf(before IS NOT NULL AND before + 1 != start) AS gaps,
            countIf(end + 1 - start != rows_here + dead_here + skipped_here + absent_here + expired_here) AS unaccounted
         FROM (
            SELECT partition, first, last, rows, dead, skipped, absent, expired, first AS start, last AS end,
                rows AS rows_here, dead AS dead_here, skipped AS skipped_here, absent AS absent_here,
                expired AS expired_here,
                lagInFrame(toNullable(last)) OVER (PARTITION BY partition ORDER BY first, last) AS before
            FROM aurora.journal WHERE stream = {} AND generation = {}
         ) GROUP BY partition ORDER BY partition SETTINGS prefer_column_name_to_alias = 1",
        literal(&target.stream.to_string()),
        target.generation
    );
    store.rows(&query).await
}

/// What the tables hold of a partition's journaled stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Rows in the stream's table.
    pub rows: Count,
    /// Dead letters.
    pub dead: Count,
    /// Offsets that are both.
    pub both: u64,
}

async fn count(
    store: &Store,
    target: &StreamTarget,
    partition: &mut PartitionAudit,
) -> Result<Counted, StoreError> {
    let stream = literal(&target.stream.to_string());
    let (generation, number) = (target.generation, partition.partition);
    let mut counted = Counted::default();
    let mut from = partition.first;
    while from <= partition.last {
        let to = partition.last.min(from + (SLICE - 1));
        let rows = format!(
            "FROM {} WHERE _generation = {generation} AND _partition = {number} AND _offset BETWEEN {from} AND {to}",
            target.table
        );
        let dead = format!(
            "FROM aurora.dead_letters WHERE stream = {stream} AND generation = {generation} \
             AND partition = {number} AND offset BETWEEN {from} AND {to}"
        );
        let in_rows: Count = store
            .row(&format!(
                "SELECT count() AS all, uniqExact(_offset) AS distinct {rows}"
            ))
            .await?;
        let in_dead: Count = store
            .row(&format!(
                "SELECT count() AS all, uniqExact(offset) AS distinct {dead}"
            ))
            .await?;
        if in_dead.all > 0 {
            let both = format!("SELECT count() {rows} AND _offset IN (SELECT offset {dead})");
            counted.both += store.row::<u64>(&both).await?;
        }
        for (sum, part) in [(&mut counted.rows, in_rows), (&mut counted.dead, in_dead)] {
            sum.all += part.all;
            sum.distinct += part.distinct;
        }
        from = to + 1;
    }
    partition.rows_found = counted.rows.all;
    partition.dead_found = counted.dead.all;
    Ok(counted)
}

/// The predicate itself: what does not hold of a partition, in words. Nothing when all is well.
pub fn judge(journal: &Journaled, counted: &Counted) -> Vec<String> {
    let mut problems = Vec::new();
    let mut require = |holds: bool, problem: String| {
        if !holds {
            problems.push(format!("partition {}: {problem}", journal.partition));
        }
    };
    require(
        journal.gaps == 0,
        format!("{} gaps or overlaps in the journal", journal.gaps),
    );
    require(
        journal.unaccounted == 0,
        format!("{} journal entries do not add up", journal.unaccounted),
    );
    for (what, said, found) in [
        ("rows", journal.rows, &counted.rows),
        ("dead letters", journal.dead, &counted.dead),
    ] {
        let (all, distinct) = (found.all, found.distinct);
        require(all == distinct, format!("{} {what} are doubled", all - distinct));
        require(
            distinct >= said,
            format!("{} {what} are missing", said.saturating_sub(distinct)),
        );
        require(
            distinct <= said,
            format!("{} {what} are too many", distinct.saturating_sub(said)),
        );
    }
    require(
        counted.both == 0,
        format!("{} offsets are both rows and dead letters", counted.both),
    );
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> Journaled {
        Journaled {
            partition: 3,
            first: 0,
            last: 9,
            rows: 8,
            dead: 2,
            skipped: 0,
            absent: 0,
            expired: 0,
            gaps: 0,
            unaccounted: 0,
        }
    }

    fn counted(rows: (u64, u64), dead: (u64, u64), both: u64) -> Counted {
        let count = |(all, distinct)| Count { all, distinct };
        Counted {
            rows: count(rows),
            dead: count(dead),
            both,
        }
    }

    #[test]
    fn each_way_to_be_wrong_is_found() {
        let found = |counted: &Counted| judge(&journal(), counted);
        assert_eq!(found(&counted((8, 8), (2, 2), 0)), Vec::<String>::new());
        assert_eq!(
            found(&counted((9, 8), (2, 2), 0)),
            ["partition 3: 1 rows are doubled"]
        );
        assert_eq!(
            found(&counted((7, 7), (2, 2), 0)),
            ["partition 3: 1 rows are missing"]
        );
        assert_eq!(
            found(&counted((8, 8), (3, 3), 0)),
            ["partition 3: 1 dead letters are too many"]
        );
        assert_eq!(
            found(&counted((8, 8), (2, 2), 1)),
            ["partition 3: 1 offsets are both rows and dead letters"]
        );
        // One lost and one doubled keep the count, and are both found.
        let swapped = found(&counted((8, 7), (2, 2), 0));
        assert_eq!(
            swapped,
            [
                "partition 3: 1 rows are doubled",
                "partition 3: 1 rows are missing"
            ]
        );
        let holes = Journaled {
            gaps: 1,
            unaccounted: 2,
            ..journal()
        };
        assert_eq!(judge(&holes, &counted((8, 8), (2, 2), 0)).len(), 2);
    }
}
