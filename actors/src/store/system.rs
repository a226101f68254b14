//! Aurora's own tables: what there is to do, who owns what, what has been written, what could not be.

use super::{Store, StoreError};

/// The database of Aurora's own tables.
pub const DATABASE: &str = "aurora";

/// Statements that make the tables. Each can be run again at any time.
const STATEMENTS: [&str; 12] = [
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
    // Where a generation begins that does not begin at the first offsets; the lowest number counts.
    "CREATE TABLE IF NOT EXISTS aurora.starts (
        stream String, generation UInt32, number UInt32, partitions Array(Int32), firsts Array(UInt64), claim String,
        at DateTime64(3, 'UTC')
    ) ENGINE = MergeTree ORDER BY (stream, generation, number)
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
    // Who asked what. Ids are UUIDs of version 7, so that their order is that of time.
    "CREATE TABLE IF NOT EXISTS aurora.history (
        id String, at DateTime64(3, 'UTC'), user String, address String, node LowCardinality(String),
        kind LowCardinality(String), purpose LowCardinality(String) DEFAULT 'person',
        question String CODEC(ZSTD), sql String CODEC(ZSTD), params String CODEC(ZSTD),
        tables Array(String), engine LowCardinality(String), outcome LowCardinality(String), error String CODEC(ZSTD),
        rows UInt64, elapsed_ms Float64, rows_read UInt64, prompt_tokens UInt64, completion_tokens UInt64,
        cost Float64, complete_to Nullable(DateTime64(3, 'UTC'))
    ) ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY id TTL toDateTime(at) + INTERVAL 400 DAY
    SETTINGS ttl_only_drop_parts = 1",
    // Tables of earlier versions lack it.
    "ALTER TABLE aurora.history ADD COLUMN IF NOT EXISTS purpose LowCardinality(String) DEFAULT 'person' AFTER kind",
    // What is thought of answers; the latest of each counts, and an empty verdict is none.
    "CREATE TABLE IF NOT EXISTS aurora.verdicts (
        id String, at DateTime64(6, 'UTC'), verdict LowCardinality(String), user String,
        question String CODEC(ZSTD), sql String CODEC(ZSTD), tables Array(String)
    ) ENGINE = ReplacingMergeTree(at) ORDER BY id",
    // How ingest was doing on each node every few seconds, for dashboards and alerts: a row for each stream there, and one
    // for the node itself, whose stream is empty. Nothing depends on it. ClickHouse stamps the rows: so samples of nodes
    // whose clocks differ stand side by side. NULL is unknown.
    "CREATE TABLE IF NOT EXISTS aurora.samples (
        at DateTime64(3, 'UTC') DEFAULT now64(3), node LowCardinality(String), stream LowCardinality(String),
        state LowCardinality(String), partitions UInt32, waiting UInt32, lag UInt64, behind_ms Nullable(UInt64),
        events_per_s Float64, bytes_per_s Float64,
        freshness_p50_ms Nullable(Float64), freshness_p99_ms Nullable(Float64),
        audit LowCardinality(String), audit_at Nullable(DateTime64(3, 'UTC')),
        cpu_cores Nullable(Float64), memory_bytes Nullable(UInt64), buffer_bytes UInt64, disk_used_percent Nullable(Float64)
    ) ENGINE = MergeTree PARTITION BY toDate(at) ORDER BY (stream, at, node) TTL toDateTime(at) + INTERVAL 14 DAY
    SETTINGS ttl_only_drop_parts = 1",
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
