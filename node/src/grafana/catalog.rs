//! Which streams there are, and the columns of their tables: what dashboards are made of.
//!
//! It is read from ClickHouse, the registry among it, and not from what a node works on: so a stream that is paused keeps its
//! dashboard, and one that a node has not heard of yet does not lose it.

use std::collections::BTreeMap;

use aurora_actors::store::sql::{TableName, literal};
use aurora_actors::store::{Store, StoreError};
use aurora_cluster::StreamId;
use clickhouse::Row;
use serde::Deserialize;

use super::dashboards::{Column, StreamTable};

/// Most columns of a table that are looked at.
const MOST_COLUMNS: usize = 1_000;

#[derive(Row, Deserialize)]
struct TableRow {
    stream: String,
    table_name: String,
}

#[derive(Row, Deserialize)]
struct ColumnRow {
    table: String,
    name: String,
    column_type: String,
}

/// The tables of those of `streams` that have one, in order of their names.
pub async fn read(
    store: &Store,
    database: &str,
    streams: &[StreamId],
) -> Result<Vec<StreamTable>, StoreError> {
    if streams.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = streams.iter().map(|id| literal(&id.to_string())).collect();
    let rows: Vec<TableRow> = store
        .rows(&format!(
            "SELECT stream, table_name FROM aurora.generations WHERE stream IN ({}) \
             ORDER BY stream, generation DESC LIMIT 1 BY stream",
            ids.join(", ")
        ))
        .await?;
    let tables: BTreeMap<String, String> = rows.into_iter().map(|row| (row.stream, row.table_name)).collect();
    let mut columns = columns(store, database, tables.values()).await?;
    let mut found = Vec::new();
    for id in streams {
        // A generation is noted before its table is made.
        let table = tables.get(&id.to_string());
        if let Some(table) = table
            && let Some(columns) = columns.remove(table)
        {
            found.push(StreamTable {
                id: id.clone(),
                table: TableName {
                    database: database.to_owned(),
                    table: table.clone(),
                },
                columns,
            });
        }
    }
    found.sort_by_key(|stream| stream.id.to_string());
    Ok(found)
}

async fn columns(
    store: &Store,
    database: &str,
    tables: impl Iterator<Item = &String>,
) -> Result<BTreeMap<String, Vec<Column>>, StoreError> {
    let tables: Vec<String> = tables.map(|table| literal(table)).collect();
    if tables.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<ColumnRow> = store
        .rows(&format!(
            "SELECT table, name, type AS column_type FROM system.columns WHERE database = {} AND table IN ({}) \
             ORDER BY table, position LIMIT {MOST_COLUMNS} BY table",
            literal(database),
            tables.join(", ")
        ))
        .await?;
    let mut columns: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for row in rows {
        columns.entry(row.table).or_default().push(Column {
            name: row.name,
            column_type: row.column_type,
        });
    }
    Ok(columns)
}
