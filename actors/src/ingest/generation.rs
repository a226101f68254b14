//! Which life of its topic a stream is in.
//!
//! Offsets mean messages only within one life of a topic: when it is deleted and made again, they
//! start anew. Each life is a generation, with owners and journal of its own. Which one is the latest
//! is decided like an epoch, by compare-and-set in ClickHouse, so that all nodes agree.

use aurora_cluster::{Generation, StreamId};
use clickhouse::Row;
use serde::Deserialize;

use super::ownership::StreamTarget;
use crate::store::sql::{TableName, literal};
use crate::store::{Store, StoreError};

#[derive(Row, Deserialize)]
struct Latest {
    generation: Generation,
    topic_identity: String,
    table_name: String,
}

/// The generation of `stream` whose topic is `topic_identity`, and its table in `database`: the
/// latest one if it is of that topic, otherwise the next.
pub async fn current(
    store: &Store,
    stream: &StreamId,
    topic_identity: &str,
    database: &str,
) -> Result<StreamTarget, StoreError> {
    let name = literal(&stream.to_string());
    // As with epochs, a crash of ClickHouse can leave a number that is nobody's for ever.
    let mut tried: Generation = 0;
    loop {
        let latest: Vec<Latest> = store
            .rows(&format!(
                "SELECT generation, topic_identity, table_name FROM aurora.generations
                 WHERE stream = {name} ORDER BY generation DESC LIMIT 1"
            ))
            .await?;
        let latest = latest.into_iter().next();
        if let Some(found) = latest
            .as_ref()
            .filter(|latest| latest.topic_identity == topic_identity)
        {
            let table = TableName {
                database: database.to_owned(),
                table: found.table_name.clone(),
            };
            return Ok(StreamTarget {
                stream: stream.clone(),
                generation: found.generation,
                table,
            });
        }
        let generation = latest.as_ref().map_or(0, |latest| latest.generation).max(tried) + 1;
        tried = generation;
        let table = match latest {
            Some(latest) => latest.table_name,
            None => free_table_name(store, stream, database).await?,
        };
        // The first claim under the token stays; whoever's it is, the next turn of the loop reads it.
        store
            .execute(&format!(
                "INSERT INTO aurora.generations SETTINGS async_insert = 0, insert_deduplicate = 1, insert_deduplication_token = {} \
                 VALUES ({name}, {generation}, {}, {}, '{}', now64(3))",
                literal(&format!("generation/{stream}/{generation}")),
                literal(topic_identity),
                literal(&table),
                uuid::Uuid::new_v4(),
            ))
            .await?;
    }
}

/// The table that `stream` has in `database`, or would have: it keeps one through all lives of its topic.
pub async fn table_of(store: &Store, stream: &StreamId, database: &str) -> Result<TableName, StoreError> {
    let known: Vec<String> = store
        .rows(&format!(
            "SELECT table_name FROM aurora.generations WHERE stream = {} ORDER BY generation DESC LIMIT 1",
            literal(&stream.to_string())
        ))
        .await?;
    let table = match known.into_iter().next() {
        Some(table) => table,
        None => free_table_name(store, stream, database).await?,
    };
    Ok(TableName {
        database: database.to_owned(),
        table,
    })
}

/// The topic's name as a table, with a number when another stream has it: `a.b` and `a-b` would
/// share one.
async fn free_table_name(store: &Store, stream: &StreamId, database: &str) -> Result<String, StoreError> {
    let wanted = TableName::for_topic(database, stream.topic()).table;
    let taken: Vec<String> = store
        .rows(&format!(
            "SELECT DISTINCT table_name FROM aurora.generations WHERE stream != {}",
            literal(&stream.to_string())
        ))
        .await?;
    let numbered = (2..).map(|number| format!("{wanted}_{number}"));
    let mut candidates = std::iter::once(wanted.clone()).chain(numbered);
    Ok(candidates.find(|name| !taken.contains(name)).unwrap_or(wanted))
}
