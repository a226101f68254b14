//! Aurora's own tables: what there is to do, who owns what, what has been written, what could not be.

use super::{Store, StoreError};

/// The database of Aurora's own tables.
pub const DATABASE: &str = "aurora";

/// Statements that make the tables. Each can be run again at any time.
const STATEMENTS: [&str; 7] = [
    "CREATE DATABASE IF NOT EXISTS aurora",
    // Which cluster works here; the first version counts.
    "CREATE TABLE IF NOT EXISTS aurora.cluster (
        version UInt32, name String, key_fingerprint String, at DateTime64(3, 'UTC')
    ) ENGINE = MergeTree ORDER BY version SETTINGS non_replicated_deduplication_window = 100",
    // What all nodes are to know: connections and streams, in versions numbered by compare-and-set.
    "CREATE TABLE IF NOT EXISTS aurora.registry (
        kind String, name String, version UInt64, body String, deleted UInt8, claim String, node String,
        at DateTime64(3, 'UTC')
    ) ENGINE = MergeTree ORDER BY (kind, name, version)
    SETTINGS non_replicated_deduplication_window = 10000",
    // The generations of every stream, numbered by compare-and-set: the first row under a
    // deduplication token stays, later ones are dropped.
    "CREATE TABLE IF NOT EXISTS aurora.generations (
        stream String, generation UInt32, topic_identity String, table_name String, claim String,
        at DateTime64(3, 'UTC')
    ) ENGINE = MergeTree ORDER BY (stream, generation)
    SETTINGS non_replicated_deduplication_window = 10000",
    // Who owns a partition since which epoch; likewise numbered by compare-and-set.
    "CREATE TABLE IF NOT EXISTS aurora.owners (
        stream String, generation UInt32, partition Int32, epoch UInt64, claim String, node String,
        at DateTime64(3, 'UTC')
    ) ENGINE = MergeTree ORDER BY (stream, generation, partition, epoch)
    SETTINGS non_replicated_deduplication_window = 10000",
    // What every offset became, in ranges that tile the partition. `absent` offsets do not exist in
    // Kafka (compaction, transaction markers); `expired` ones were deleted before they were read.
    "CREATE TABLE IF NOT EXISTS aurora.journal (
        stream String, generation UInt32, partition Int32, epoch UInt64, first UInt64, last UInt64,
        rows UInt64, dead UInt64, skipped UInt64, absent UInt64, expired UInt64,
        at DateTime64(3, 'UTC')
    ) ENGINE = MergeTree ORDER BY (stream, generation, partition, first)",
    "CREATE TABLE IF NOT EXISTS aurora.dead_letters (
        stream String, generation UInt32, partition Int32, offset UInt64,
        timestamp DateTime64(3, 'UTC'), key Nullable(String) CODEC(ZSTD), payload String CODEC(ZSTD),
        reason LowCardinality(String), detail String, at DateTime64(3, 'UTC')
    ) ENGINE = MergeTree PARTITION BY toYYYYMM(timestamp) ORDER BY (stream, generation, partition, offset)",
];

/// Makes what is missing of Aurora's own tables, and the database of the events.
pub async fn create(store: &Store, events_database: &str) -> Result<(), StoreError> {
    for statement in STATEMENTS {
        store.execute(statement).await?;
    }
    store
        .execute(&format!(
            "CREATE DATABASE IF NOT EXISTS {}",
            super::sql::ident(events_database)
        ))
        .await
}
