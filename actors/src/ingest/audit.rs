//! Proof that nothing was lost or doubled: the journal tiles the offsets, and what it counts is in
//! the tables.
//!
//! For every partition of a generation the audit requires that
//! 1. the journal's ranges follow each other without gap or overlap, and each accounts for all its
//!    offsets;
//! 2. the rows with an offset in the journaled stretch are as many as the journal says, and all
//!    distinct; likewise the dead letters;
//! 3. no offset is both a row and a dead letter, but for rows that say of themselves that they were made of a dead letter
//!    ([`retry`]): these are counted apart, each distinct and with its letter.
//!
//! Distinct and as many as the journal says, out of a stretch that adds up, means exactly once. It is
//! counted by ClickHouse in the tables, not taken from what a node remembers. The same predicate, [`judge`],
//! serves `aurora verify`, production, the tests and the simulation of the protocol.

use std::collections::BTreeMap;

use aurora_cluster::{Generation, Partition, StreamId};
use clickhouse::Row;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::dead_letters::retry;
use super::ownership::StreamTarget;
use crate::store::sql::literal;
use crate::store::{Store, StoreError};

/// Offsets that one counting query looks at. Exact distinct counts take memory in proportion.
const SLICE: u64 = 5_000_000;
/// Partitions that one counting query looks at: each is a range in its condition.
const COUNTED_TOGETHER: usize = 64;

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditReport {
    /// The stream.
    #[schema(value_type = String)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
    /// Rows that were made of dead letters since; they come on top of `rows_found`.
    #[serde(default)]
    pub retried: u64,
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
    let has_retried = retry::has_column(store, &target.table).await?;
    let report = audit_as(store, target, has_retried).await?;
    // The first letter of the table may have been made a row between the two; then it looked like any other row.
    if !report.clean && !has_retried && retry::has_column(store, &target.table).await? {
        return audit_as(store, target, true).await;
    }
    Ok(report)
}

/// Audits a table of which it is known whether it may have rows made of dead letters.
async fn audit_as(
    store: &Store,
    target: &StreamTarget,
    has_retried: bool,
) -> Result<AuditReport, StoreError> {
    let mut report = AuditReport {
        stream: target.stream.clone(),
        generation: target.generation,
        clean: true,
        checked_at: jiff::Timestamp::now(),
        problems: Vec::new(),
        partitions: Vec::new(),
    };
    let journal = journal(store, target).await?;
    let counted = count(store, target, &journal, has_retried).await?;
    for row in journal {
        let counted = counted.get(&row.partition).copied().unwrap_or_default();
        report.problems.extend(judge(&row, &counted));
        report.partitions.push(PartitionAudit {
            partition: row.partition,
            first: row.first,
            last: row.last,
            rows: row.rows,
            rows_found: counted.rows.all,
            dead: row.dead,
            dead_found: counted.dead.all,
            retried: counted.retried.all,
            skipped: row.skipped,
            absent: row.absent,
            expired: row.expired,
        });
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
    /// Rows in the stream's table, as they came from Kafka.
    pub rows: Count,
    /// Rows in it that were made of dead letters.
    pub retried: Count,
    /// Of these, those with their dead letter.
    pub retried_with_letter: u64,
    /// Dead letters.
    pub dead: Count,
    /// Offsets that are a dead letter, and a row as it came from Kafka.
    pub both: u64,
}

/// Some offsets of a partition, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    partition: Partition,
    from: u64,
    to: u64,
}

/// The journaled stretches, cut and put together so that no query looks at more than [`SLICE`] offsets or
/// [`COUNTED_TOGETHER`] partitions.
fn slices(journal: &[Journaled]) -> Vec<Vec<Stretch>> {
    let mut slices: Vec<Vec<Stretch>> = Vec::new();
    let mut room = 0;
    for row in journal {
        let mut from = row.first;
        while from <= row.last {
            let to = row.last.min(from + (SLICE - 1));
            let stretch = Stretch {
                partition: row.partition,
                from,
                to,
            };
            let size = to - from + 1;
            match slices.last_mut() {
                Some(slice) if size <= room && slice.len() < COUNTED_TOGETHER => {
                    slice.push(stretch);
                    room -= size;
                }
                _ => {
                    slices.push(vec![stretch]);
                    room = SLICE - size;
                }
            }
            from = to + 1;
        }
    }
    slices
}

#[derive(Row, Deserialize)]
struct RowCount {
    partition: Partition,
    all: u64,
    distinct: u64,
    retried: u64,
    retried_distinct: u64,
}

#[derive(Row, Deserialize)]
struct PartitionCount {
    partition: Partition,
    all: u64,
    distinct: u64,
}

/// What the tables hold of each partition's journaled stretch.
async fn count(
    store: &Store,
    target: &StreamTarget,
    journal: &[Journaled],
    has_retried: bool,
) -> Result<BTreeMap<Partition, Counted>, StoreError> {
    let is_retried = if has_retried {
        retry::is_retried()
    } else {
        "0".to_owned()
    };
    let stream = literal(&target.stream.to_string());
    let (generation, table) = (target.generation, &target.table);
    let mut counted: BTreeMap<Partition, Counted> = BTreeMap::new();
    for slice in slices(journal) {
        let within = |partition: &str, offset: &str| {
            let stretches: Vec<String> = slice
                .iter()
                .map(|stretch| {
                    let Stretch {
                        partition: number,
                        from,
                        to,
                    } = stretch;
                    format!("({partition} = {number} AND {offset} BETWEEN {from} AND {to})")
                })
                .collect();
            stretches.join(" OR ")
        };
        let rows = format!(
            "FROM {table} WHERE _generation = {generation} AND ({})",
            within("_partition", "_offset")
        );
        let dead = format!(
            "FROM aurora.dead_letters WHERE stream = {stream} AND generation = {generation} AND ({})",
            within("partition", "offset")
        );
        let in_rows: Vec<RowCount> = store
            .rows(&format!(
                "SELECT _partition AS partition, countIf(NOT is_retried) AS all, \
                 uniqExactIf(_offset, NOT is_retried) AS distinct, countIf(is_retried) AS retried, \
                 uniqExactIf(_offset, is_retried) AS retried_distinct FROM (SELECT _partition, _offset, \
                 {is_retried} AS is_retried {rows}) GROUP BY _partition"
            ))
            .await?;
        let in_dead: Vec<PartitionCount> = store
            .rows(&format!(
                "SELECT partition, count() AS all, uniqExact(offset) AS distinct {dead} GROUP BY partition"
            ))
            .await?;
        if !in_dead.is_empty() {
            let both: Vec<(Partition, u64, u64)> = store
                .rows(&format!(
                    "SELECT _partition, countIf(NOT is_retried), countIf(is_retried) FROM (SELECT _partition, \
                     {is_retried} AS is_retried {rows} AND (_partition, _offset) IN (SELECT partition, offset {dead})) \
                     GROUP BY _partition"
                ))
                .await?;
            for (partition, both, retried) in both {
                let counted = counted.entry(partition).or_default();
                counted.both += both;
                counted.retried_with_letter += retried;
            }
        }
        for count in in_rows {
            let counted = counted.entry(count.partition).or_default();
            counted.rows.add(count.all, count.distinct);
            counted.retried.add(count.retried, count.retried_distinct);
        }
        for count in in_dead {
            counted
                .entry(count.partition)
                .or_default()
                .dead
                .add(count.all, count.distinct);
        }
    }
    Ok(counted)
}

impl Count {
    fn add(&mut self, all: u64, distinct: u64) {
        self.all += all;
        self.distinct += distinct;
    }
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
    let Count { all, distinct } = counted.retried;
    require(
        all == distinct,
        format!(
            "{} rows made of dead letters are doubled",
            all.saturating_sub(distinct)
        ),
    );
    let without = all.saturating_sub(counted.retried_with_letter);
    require(
        without == 0,
        format!("{without} rows say that they were made of dead letters that are not there"),
    );
    problems
}

#[cfg(test)]
mod tests;
