//! Streams that no node works on: what they have written so far, and how that is dropped.

use std::collections::{BTreeMap, BTreeSet};

use aurora_cluster::{Epoch, Generation, NodeId, Partition, StreamId};
use clickhouse::Row;
use serde::Deserialize;

use super::dead_letters::retry;
use super::ownership::StreamTarget;
use super::ownership::takeover::Taker;
use crate::store::sql::{TableName, literal};
use crate::store::{Store, StoreError};

/// What a stream has written in its latest generation, by its journal and what was made of dead letters since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The generation.
    pub generation: Generation,
    /// Its table.
    pub table: TableName,
    /// Rows.
    pub rows: u64,
    /// Dead letters.
    pub dead: u64,
    /// Skips.
    pub skipped: u64,
}

#[derive(Row, Deserialize)]
struct WrittenRow {
    stream: String,
    generation: Generation,
    table_name: String,
    rows: u64,
    dead: u64,
    skipped: u64,
}

/// What these streams have written; those that have never begun are left out.
pub async fn written(
    store: &Store,
    streams: &[StreamId],
    database: &str,
) -> Result<BTreeMap<StreamId, Written>, StoreError> {
    if streams.is_empty() {
        return Ok(BTreeMap::new());
    }
    let names: Vec<String> = streams.iter().map(|id| literal(&id.to_string())).collect();
    let names = names.join(",");
    let rows: Vec<WrittenRow> = store
        .rows(&format!(
            "SELECT g.stream AS stream, g.generation AS generation, g.table_name AS table_name, \
             toUInt64(j.rows) AS rows, toUInt64(j.dead) AS dead, toUInt64(j.skipped) AS skipped \
             FROM (SELECT stream, generation, table_name FROM aurora.generations WHERE stream IN ({names}) \
                   ORDER BY generation DESC LIMIT 1 BY stream) AS g \
             LEFT JOIN (SELECT stream, generation, sum(journal.rows) AS rows, sum(journal.dead) AS dead, \
                        sum(journal.skipped) AS skipped FROM aurora.journal AS journal WHERE stream IN ({names}) \
                        GROUP BY stream, generation) AS j ON g.stream = j.stream AND g.generation = j.generation \
             SETTINGS join_use_nulls = 0"
        ))
        .await?;
    let mut written = BTreeMap::new();
    for row in rows {
        // Names that are none cannot have been written by a node.
        let Ok(stream) = row.stream.parse::<StreamId>() else {
            continue;
        };
        let table = TableName {
            database: database.to_owned(),
            table: row.table_name,
        };
        let target = StreamTarget {
            stream: stream.clone(),
            generation: row.generation,
            table: table.clone(),
        };
        let retried: u64 = retry::counts(store, &target).await?.values().sum();
        let of_stream = Written {
            generation: row.generation,
            table,
            rows: row.rows + retried,
            dead: row.dead.saturating_sub(retried),
            skipped: row.skipped,
        };
        written.insert(stream, of_stream);
    }
    Ok(written)
}

/// Drops all that a stream has written, of all generations: journal, dead letters and table. Whoever may still be
/// writing is fenced off first, in the name of `node`, and what is on its way is ended.
///
/// The journal goes first. When this is cut off in the middle, what is left in the tables is what has landed past the
/// journal, as settling finds it; dropping again drops the rest.
pub async fn drop_all(
    store: &Store,
    node: &NodeId,
    stream: &StreamId,
    database: &str,
) -> Result<(), StoreError> {
    let name = literal(&stream.to_string());
    let generations: Vec<(Generation, String)> = store
        .rows(&format!(
            "SELECT DISTINCT generation, table_name FROM aurora.generations WHERE stream = {name} ORDER BY generation"
        ))
        .await?;
    let mut tables = BTreeSet::new();
    for (generation, table) in generations {
        let table = TableName {
            database: database.to_owned(),
            table,
        };
        fence_off(store, node, stream, generation, &table).await?;
        tables.insert(table.to_string());
    }
    for kept in ["journal", "starts", "dead_letters"] {
        store
            .execute(&format!(
                "ALTER TABLE aurora.{kept} DELETE WHERE stream = {name} SETTINGS mutations_sync = 1"
            ))
            .await?;
    }
    for table in tables {
        store
            .execute(&format!("DROP TABLE IF EXISTS {table} SYNC"))
            .await?;
    }
    Ok(())
}

async fn fence_off(
    store: &Store,
    node: &NodeId,
    stream: &StreamId,
    generation: Generation,
    table: &TableName,
) -> Result<(), StoreError> {
    let partitions: Vec<Partition> = store
        .rows(&format!(
            "SELECT DISTINCT partition FROM aurora.owners WHERE stream = {} AND generation = {generation}",
            literal(&stream.to_string())
        ))
        .await?;
    if partitions.is_empty() {
        return Ok(());
    }
    let taker = Taker {
        store: store.clone(),
        target: StreamTarget {
            stream: stream.clone(),
            generation,
            table: table.clone(),
        },
        node: node.clone(),
    };
    let wanted: Vec<(Partition, Option<Epoch>)> =
        partitions.into_iter().map(|number| (number, None)).collect();
    let epochs = taker.acquire(&wanted).await?;
    taker.end_inserts_before(&epochs).await
}
