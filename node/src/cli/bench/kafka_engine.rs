//! ClickHouse's own way to read Kafka: a table of the Kafka engine, and a materialized view that moves its
//! rows into a table like Aurora's.

use aurora_actors::ingest::schema::METADATA_COLUMNS;
use aurora_actors::store::Store;
use aurora_actors::store::sql::{TableName, ident, literal};
use clickhouse::Row;
use serde::Deserialize;

use super::topic::Topic;

/// How the engine is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EngineSettings {
    pub(super) name: &'static str,
    settings: &'static [(&'static str, u32)],
}

/// Blocks of a million rows, visible after 7.5 s at the latest.
pub(super) const DEFAULT: EngineSettings = EngineSettings {
    name: "defaults",
    settings: &[],
};

/// Smaller blocks, so that reading, parsing and writing overlap, and a flush twice a second.
pub(super) const TUNED: EngineSettings = EngineSettings {
    name: "tuned",
    settings: &[
        ("kafka_max_block_size", 131_072),
        ("kafka_poll_max_batch_size", 65_536),
        ("kafka_flush_interval_ms", 500),
        ("kafka_poll_timeout_ms", 100),
    ],
};

/// The engine at work on one topic.
#[derive(Debug)]
pub(super) struct KafkaEngine {
    store: Store,
    database: String,
    table: TableName,
}

#[derive(Row, Deserialize)]
struct Column {
    name: String,
    column_type: String,
}

impl KafkaEngine {
    /// Starts to read `topic` from its beginning, in the new `database`, into a table made like `model`.
    pub(super) async fn start(
        store: &Store,
        database: &str,
        topic: &Topic,
        model: &TableName,
        settings: EngineSettings,
    ) -> anyhow::Result<Self> {
        let engine = Self {
            store: store.clone(),
            database: database.to_owned(),
            table: TableName {
                database: database.to_owned(),
                table: "events".to_owned(),
            },
        };
        let columns: Vec<Column> = store
            .rows(&format!(
                "SELECT name, type AS column_type FROM system.columns WHERE database = {} AND table = {} ORDER BY position",
                literal(&model.database),
                literal(&model.table)
            ))
            .await?;
        let statements = [
            format!("CREATE DATABASE {}", ident(database)),
            format!("CREATE TABLE {} AS {model}", engine.table),
            source_statement(database, topic, &columns, settings),
            view_statement(database, &engine.table, &columns),
        ];
        for statement in &statements {
            store.execute(statement).await?;
        }
        Ok(engine)
    }

    /// Where the events go.
    pub(super) fn table(&self) -> &TableName {
        &self.table
    }

    /// Ends reading; the table stays.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        for table in ["to_events", "source"] {
            let drop = format!("DROP TABLE {}.{table} SYNC", ident(&self.database));
            self.store.execute(&drop).await?;
        }
        Ok(())
    }
}

fn fields(columns: &[Column]) -> impl Iterator<Item = &Column> {
    columns
        .iter()
        .filter(|column| !METADATA_COLUMNS.contains(&column.name.as_str()))
}

/// The engine appends message by message, which takes several times as long into LowCardinality columns. So it
/// reads plain ones, and the view makes them what the table wants, block by block.
fn plain(column_type: &str) -> &str {
    column_type
        .strip_prefix("LowCardinality(")
        .and_then(|inner| inner.strip_suffix(')'))
        .unwrap_or(column_type)
}

fn source_statement(database: &str, topic: &Topic, columns: &[Column], settings: EngineSettings) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let consumers = cores.min(topic.partitions as usize);
    let columns: Vec<String> = fields(columns)
        .map(|column| format!("{} {}", ident(&column.name), plain(&column.column_type)))
        .collect();
    let more: String = settings
        .settings
        .iter()
        .map(|(name, value)| format!(", {name} = {value}"))
        .collect();
    format!(
        "CREATE TABLE {database}.source ({columns}) ENGINE = Kafka SETTINGS kafka_broker_list = {brokers}, \
         kafka_topic_list = {name}, kafka_group_name = {group}, kafka_format = 'JSONEachRow', \
         kafka_num_consumers = {consumers}, kafka_thread_per_consumer = 1, \
         date_time_input_format = 'best_effort'{more}",
        columns = columns.join(", "),
        database = ident(database),
        brokers = literal(&topic.brokers),
        name = literal(&topic.name),
        // A group of its own begins at the topic's beginning.
        group = literal(&format!("{}-{database}", topic.name)),
    )
}

fn view_statement(database: &str, table: &TableName, columns: &[Column]) -> String {
    let names: Vec<String> = fields(columns).map(|column| ident(&column.name)).collect();
    format!(
        "CREATE MATERIALIZED VIEW {database}.to_events TO {table} AS SELECT {names}, _topic, \
         toInt32(_partition) AS _partition, _offset, \
         toDateTime64(assumeNotNull(_timestamp_ms), 3, 'UTC') AS _timestamp, toUInt32(1) AS _generation \
         FROM {database}.source",
        names = names.join(", "),
        database = ident(database),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_cardinality_is_left_to_the_view() {
        assert_eq!(plain("LowCardinality(Nullable(String))"), "Nullable(String)");
        assert_eq!(plain("Nullable(Int64)"), "Nullable(Int64)");
    }

    #[test]
    fn the_source_has_the_fields_and_the_table_everything() {
        let column = |name: &str| Column {
            name: name.to_owned(),
            column_type: "Int64".to_owned(),
        };
        let columns = [column("a.b"), column("_offset")];
        let topic = Topic {
            brokers: "127.0.0.1:1".to_owned(),
            name: "t".to_owned(),
            partitions: 1,
        };
        let source = source_statement("db", &topic, &columns, TUNED);
        assert!(
            source.starts_with("CREATE TABLE `db`.source (`a.b` Int64) ENGINE"),
            "{source}"
        );
        assert!(source.contains("kafka_num_consumers = 1,"), "{source}");
        assert!(source.ends_with("kafka_poll_timeout_ms = 100"), "{source}");
        let table = TableName::for_topic("db", "events");
        let view = view_statement("db", &table, &columns);
        assert!(view.contains("TO db.events AS SELECT `a.b`, _topic,"), "{view}");
    }
}
