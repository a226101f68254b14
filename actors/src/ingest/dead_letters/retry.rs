//! Dead letters tried again: what has changed since, a column that is wider now or a payload that somebody has put right,
//! may let them become rows.
//!
//! A row that is made of a dead letter says so itself, in [`RETRIED_COLUMN`], and the letter stays where it is, as the record
//! of what came and why it did not fit. So making rows of letters is *one* insert: there is no state between a letter and a
//! row that a crash could leave behind, nothing to be deleted, and nothing for the journal to correct. The
//! [audit](crate::ingest::audit) counts such rows apart from the others, and requires a letter for each.
//!
//! Exactly once comes from where it is done: in the pipeline that has the partition, under its epoch
//! (`pipeline/retry`). It looks which of the offsets have a row, writes the others under the
//! [fence](crate::ingest::ownership::Fence), and ends the epoch if it does not learn what became of that, as after any
//! insert. Inserts of earlier epochs have ended before an epoch begins, so what the look does not see will never come.
//!
//! Only letters that the journal knows are tried: where it ends, [settling](crate::ingest::ownership::takeover) counts
//! what it finds, and must not find an offset twice.

use std::collections::{BTreeSet, HashMap};

use aurora_cluster::{Generation, Partition, StreamId};
use clickhouse::Row;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::ingest::ownership::StreamTarget;
use crate::ingest::schema::RETRIED_COLUMN;
use crate::store::sql::{TableName, literal};
use crate::store::{Store, StoreError};

/// Some dead letters of one partition, to be tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Their offsets.
    pub offsets: Vec<u64>,
    /// What to make a row of in place of the payload that came; for a single letter.
    pub payload: Option<String>,
}

/// What became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retried {
    /// How many are rows now.
    pub rows: u64,
    /// How many were rows already.
    pub before: u64,
    /// Those that are dead letters still.
    pub failed: Vec<StillDead>,
}

/// A dead letter that did not become a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StillDead {
    /// Its offset.
    pub offset: u64,
    /// The reason, in short.
    pub reason: String,
    /// The reason, as a sentence.
    pub detail: String,
}

/// A dead letter as it came.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Letter {
    /// Its offset.
    pub offset: u64,
    /// When Kafka got it, milliseconds since 1970.
    pub timestamp_ms: i64,
    /// Its payload.
    pub payload: ByteBuf,
}

/// The condition for rows that were made of dead letters.
pub fn is_retried() -> String {
    format!("{RETRIED_COLUMN} > toDateTime64(0, 3, 'UTC')")
}

/// The same, told so that ClickHouse looks only where there is an offset of one of the stream's dead letters, by the index that
/// every table has of offsets: parts from before the column was there have no other.
fn is_retried_of(stream: &StreamId) -> String {
    format!(
        "{} AND _offset IN (SELECT offset FROM aurora.dead_letters WHERE stream = {})",
        is_retried(),
        literal(&stream.to_string())
    )
}

/// Whether the table has [`RETRIED_COLUMN`], and so perhaps rows that were made of dead letters.
pub async fn has_column(store: &Store, table: &TableName) -> Result<bool, StoreError> {
    let columns: u64 = store
        .row(&format!(
            "SELECT count() FROM system.columns WHERE database = {} AND table = {} AND name = '{RETRIED_COLUMN}'",
            literal(&table.database),
            literal(&table.table)
        ))
        .await?;
    Ok(columns > 0)
}

/// Gives the table [`RETRIED_COLUMN`], unless it has it.
pub async fn add_column(store: &Store, table: &TableName) -> Result<(), StoreError> {
    if has_column(store, table).await? {
        return Ok(());
    }
    store
        .execute(&format!(
            "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {RETRIED_COLUMN} DateTime64(3, 'UTC') \
             COMMENT 'when the row was made of a dead letter; 1970 for all others'"
        ))
        .await
}

/// How many rows each partition has that were made of dead letters.
pub async fn counts(store: &Store, target: &StreamTarget) -> Result<HashMap<Partition, u64>, StoreError> {
    let StreamTarget {
        table, generation, ..
    } = target;
    if !has_column(store, table).await? {
        return Ok(HashMap::new());
    }
    let counts: Vec<(Partition, u64)> = store
        .rows(&format!(
            "SELECT _partition, count() FROM {table} WHERE {} AND _generation = {generation} GROUP BY _partition",
            is_retried_of(&target.stream)
        ))
        .await?;
    Ok(counts.into_iter().collect())
}

/// Which of `offsets` have a row.
pub async fn rows_among(
    store: &Store,
    target: &StreamTarget,
    partition: Partition,
    offsets: &[u64],
) -> Result<BTreeSet<u64>, StoreError> {
    let StreamTarget {
        table, generation, ..
    } = target;
    let rows: Vec<u64> = store
        .rows(&format!(
            "SELECT _offset FROM {table} WHERE _generation = {generation} AND _partition = {partition} \
             AND _offset IN ({})",
            list(offsets)
        ))
        .await?;
    Ok(rows.into_iter().collect())
}

/// The letters at `offsets`, ascending, with the bytes of their payloads; where there is none, none comes.
pub async fn sizes(
    store: &Store,
    target: &StreamTarget,
    partition: Partition,
    offsets: &[u64],
) -> Result<Vec<(u64, u64)>, StoreError> {
    if offsets.is_empty() {
        return Ok(Vec::new());
    }
    store
        .rows(&format!(
            "SELECT offset, length(payload) FROM aurora.dead_letters WHERE {} ORDER BY offset",
            at(target, partition, offsets)
        ))
        .await
}

/// The letters at `offsets`, ascending; where there is none, none comes.
pub async fn letters(
    store: &Store,
    target: &StreamTarget,
    partition: Partition,
    offsets: &[u64],
) -> Result<Vec<Letter>, StoreError> {
    store
        .rows(&format!(
            "SELECT offset, toUnixTimestamp64Milli(timestamp) AS timestamp_ms, payload FROM aurora.dead_letters \
             WHERE {} ORDER BY offset",
            at(target, partition, offsets)
        ))
        .await
}

fn at(target: &StreamTarget, partition: Partition, offsets: &[u64]) -> String {
    format!(
        "stream = {} AND generation = {} AND partition = {partition} AND offset IN ({})",
        literal(&target.stream.to_string()),
        target.generation,
        list(offsets)
    )
}

/// A dead letter that no row was made of yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Row, Deserialize)]
pub struct Candidate {
    /// Its partition.
    pub partition: Partition,
    /// Its offset there.
    pub offset: u64,
    /// Bytes of its payload.
    pub bytes: u64,
}

/// Some of the letters of a generation that no row was made of yet, by partition and offset: those past `after`, and
/// for `reason`, if they are given.
pub async fn candidates(
    store: &Store,
    stream: &StreamId,
    generation: Generation,
    reason: Option<&str>,
    after: Option<(Partition, u64)>,
    outstanding: &Outstanding,
    limit: usize,
) -> Result<Vec<Candidate>, StoreError> {
    let mut conditions = vec![
        format!(
            "stream = {} AND generation = {generation}",
            literal(&stream.to_string())
        ),
        outstanding.condition("aurora.dead_letters"),
    ];
    conditions.extend(reason.map(|reason| format!("reason = {}", literal(reason))));
    conditions
        .extend(after.map(|(partition, offset)| format!("(partition, offset) > ({partition}, {offset})")));
    store
        .rows(&format!(
            "SELECT partition, offset, length(payload) AS bytes FROM aurora.dead_letters WHERE {} \
             ORDER BY partition, offset LIMIT {limit}",
            conditions.join(" AND ")
        ))
        .await
}

/// How to tell the dead letters of a stream that are outstanding from those that rows were made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outstanding {
    /// The stream, and its table, which may have rows made of dead letters; `None` while there is none.
    table: Option<(StreamId, TableName)>,
}

#[derive(Row, Deserialize)]
struct NamedTable {
    name: String,
}

impl Outstanding {
    /// Finds it out for a stream, of which the table is in `database`.
    pub async fn of(store: &Store, stream: &StreamId, database: &str) -> Result<Self, StoreError> {
        let tables: Vec<NamedTable> = store
            .rows(&format!(
                "SELECT table_name AS name FROM aurora.generations WHERE stream = {} AND table_name IN \
                 (SELECT table FROM system.columns WHERE database = {} AND name = '{RETRIED_COLUMN}') \
                 ORDER BY generation DESC LIMIT 1",
                literal(&stream.to_string()),
                literal(database)
            ))
            .await?;
        Ok(Self {
            table: tables.into_iter().next().map(|found| {
                let table = TableName {
                    database: database.to_owned(),
                    table: found.name,
                };
                (stream.clone(), table)
            }),
        })
    }

    /// The condition for those of `letters`, a name of `aurora.dead_letters` in the query, that are outstanding.
    pub fn condition(&self, letters: &str) -> String {
        match &self.table {
            None => "1".to_owned(),
            Some((stream, table)) => format!(
                "({letters}.generation, {letters}.partition, {letters}.offset) NOT IN \
                 (SELECT _generation, _partition, _offset FROM {table} WHERE {})",
                is_retried_of(stream)
            ),
        }
    }
}

fn list(offsets: &[u64]) -> String {
    offsets.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}
