//! A schema as a ClickHouse table, and back.
//!
//! The table itself is the only record of a schema: every column's comment holds the path of its
//! field as JSON, `{"path":["customer","region"]}`, so that any node can read it back; `"chosen":true` with it says that
//! somebody has chosen the type. Fields that get no column stand in
//! the table's comment, `{"left_out":[["customer","email"]]}`, before which people may write what they like.

use clickhouse::Row;
use serde::{Deserialize, Serialize};

use super::evolve::Changes;
use super::{Column, ColumnType, METADATA_COLUMNS, Path, REST_COLUMN, Scalar, TableSchema};
use crate::store::sql::{TableName, ident, literal};
use crate::store::{Store, StoreError};

#[derive(Serialize, Deserialize)]
struct Comment {
    path: Path,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    chosen: bool,
}

#[derive(Serialize, Deserialize)]
struct TableComment {
    left_out: Vec<Path>,
}

/// How Aurora's part of a table's comment begins.
const LEFT_OUT: &str = "{\"left_out\":";

/// What people say of a table in its comment, without what Aurora keeps there.
pub fn said_by_people(comment: &str) -> &str {
    comment.split(LEFT_OUT).next().unwrap_or_default().trim_end()
}

fn left_out(comment: &str) -> Vec<Path> {
    let Some(at) = comment.find(LEFT_OUT) else {
        return Vec::new();
    };
    let mut found = serde_json::Deserializer::from_str(&comment[at..]).into_iter::<TableComment>();
    found
        .next()
        .and_then(Result::ok)
        .map_or_else(Vec::new, |comment| comment.left_out)
}

fn table_comment(left_out: &[Path]) -> String {
    if left_out.is_empty() {
        return String::new();
    }
    let comment = TableComment {
        left_out: left_out.to_vec(),
    };
    let text = serde_json::to_string(&comment).unwrap_or_default();
    format!("\nCOMMENT {}", literal(&text))
}

fn comment(column: &Column) -> String {
    let comment = Comment {
        path: column.path.clone(),
        chosen: column.is_chosen,
    };
    literal(&serde_json::to_string(&comment).unwrap_or_default())
}

fn definition(column: &Column) -> String {
    format!(
        "{} {} COMMENT {}",
        ident(&column.name),
        column.column_type,
        comment(column)
    )
}

/// The statement that makes a stream's table, ordered by the columns named `keys` and then time.
pub fn create_statement(table: &TableName, schema: &TableSchema, keys: &[String]) -> String {
    let fields: String = schema
        .columns
        .iter()
        .map(|column| format!("    {},\n", definition(column)))
        .collect();
    let keys: String = keys.iter().map(|key| format!("{}, ", ident(key))).collect();
    // Offsets and timestamps rise slowly from row to row: their differences compress to little.
    format!(
        "CREATE TABLE IF NOT EXISTS {table} (\n{fields}\
    _topic LowCardinality(String) COMMENT 'the Kafka topic',
    _partition Int32 COMMENT 'the Kafka partition',
    _offset UInt64 COMMENT 'the offset in the partition' CODEC(Delta, LZ4),
    _timestamp DateTime64(3, 'UTC') COMMENT 'when Kafka got the message' CODEC(Delta, LZ4),
    _generation UInt32 COMMENT 'the life of the topic that the offset belongs to',
    {REST_COLUMN} Nullable(String) COMMENT 'fields without a column of their own, as JSON',
    INDEX _offset_range _offset TYPE minmax
) ENGINE = MergeTree
PARTITION BY toYYYYMM(_timestamp)
ORDER BY ({keys}_timestamp)
SETTINGS allow_nullable_key = 1{}",
        table_comment(&schema.left_out)
    )
}

#[derive(Row, Deserialize)]
struct ColumnRow {
    name: String,
    column_type: String,
    comment: String,
    table_comment: String,
}

/// Reads the schema of a table; `None` when there is no such table. Columns that Aurora did not
/// make, of types it does not write, are none of its fields.
pub async fn read(store: &Store, table: &TableName) -> Result<Option<TableSchema>, StoreError> {
    let rows: Vec<ColumnRow> = store
        .rows(&format!(
            "SELECT name, type AS column_type, comment,
                 ifNull((SELECT any(comment) FROM system.tables WHERE database = {database} AND name = {name}), '') AS table_comment
             FROM system.columns
             WHERE database = {database} AND table = {name} AND default_kind IN ('', 'DEFAULT') ORDER BY position",
            database = literal(&table.database),
            name = literal(&table.table)
        ))
        .await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let left_out = left_out(&first.table_comment);
    if !rows.iter().any(|row| row.name == "_offset") {
        return Err(StoreError::Answer(format!(
            "a table {table} exists that is not one of Aurora's (it has no column _offset); rename it, or let Aurora use another database"
        )));
    }
    let fields = rows
        .into_iter()
        .filter(|row| !METADATA_COLUMNS.contains(&row.name.as_str()));
    let columns = fields.filter_map(|row| {
        let column_type = ColumnType::parse(&row.column_type)?;
        let comment = serde_json::from_str::<Comment>(&row.comment).unwrap_or_else(|_| Comment {
            path: row.name.split('.').map(str::to_owned).collect(),
            chosen: false,
        });
        Some(Column {
            name: row.name,
            path: comment.path,
            column_type,
            is_chosen: comment.chosen,
        })
    });
    Ok(Some(TableSchema {
        columns: columns.collect(),
        left_out,
    }))
}

/// Makes the table of a stream, unless it exists.
pub async fn create(
    store: &Store,
    table: &TableName,
    schema: &TableSchema,
    keys: &[String],
) -> Result<(), StoreError> {
    store.execute(&create_statement(table, schema, keys)).await
}

/// Changes the table as far as that is exact, and says what was refused. Others may change it at
/// the same time: statements are such that the second does no harm, and the table is read again
/// afterwards.
pub async fn apply(
    store: &Store,
    table: &TableName,
    schema: &TableSchema,
    changes: &Changes,
) -> Result<TableSchema, StoreError> {
    let mut grown = schema.clone();
    let mut actions = Vec::new();
    for (path, column_type) in &changes.add {
        let previous = grown.columns.last().map(|column| ident(&column.name));
        let Some(column) = grown.add(path, *column_type) else {
            continue;
        };
        let place = previous.map_or_else(|| " FIRST".to_owned(), |name| format!(" AFTER {name}"));
        actions.push(format!("ADD COLUMN IF NOT EXISTS {}{place}", definition(column)));
    }
    for (index, column_type) in &changes.widen {
        let column = &schema.columns[*index];
        if widening_is_exact(store, table, column, *column_type).await? {
            let wider = Column {
                column_type: *column_type,
                ..column.clone()
            };
            actions.push(format!("MODIFY COLUMN {}", definition(&wider)));
        }
    }
    if !actions.is_empty() {
        store
            .execute(&format!("ALTER TABLE {table} {}", actions.join(", ")))
            .await?;
    }
    Ok(read(store, table).await?.unwrap_or(grown))
}

async fn widening_is_exact(
    store: &Store,
    table: &TableName,
    column: &Column,
    wider: ColumnType,
) -> Result<bool, StoreError> {
    if column.column_type != ColumnType::Scalar(Scalar::Int64) || wider != ColumnType::Scalar(Scalar::Float64)
    {
        return Ok(true);
    }
    let name = ident(&column.name);
    let inexact: u64 = store
        .row(&format!(
            "SELECT countIf(abs({name}) > 9007199254740992) FROM {table}"
        ))
        .await?;
    Ok(inexact == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_found_in_the_comment_whatever_people_write_before_it() {
        let paths: Vec<Path> = vec![
            vec!["a'b\\".to_owned(), "{\"left_out\":".to_owned()],
            vec!["c".to_owned()],
        ];
        let mut schema = TableSchema::default();
        let table = TableName::for_topic("events", "t");
        assert!(create_statement(&table, &schema, &[]).ends_with("allow_nullable_key = 1"));
        schema.left_out.clone_from(&paths);
        let statement = create_statement(&table, &schema, &[]);
        let expected = format!(
            "COMMENT {}",
            literal(
                &serde_json::to_string(&TableComment {
                    left_out: paths.clone()
                })
                .unwrap()
            )
        );
        assert!(statement.ends_with(&expected), "{statement}");
        let kept = serde_json::to_string(&TableComment {
            left_out: paths.clone(),
        })
        .unwrap();
        for comment in [kept.clone(), format!("orders of the shop {kept} (do not change)")] {
            assert_eq!(left_out(&comment), paths, "{comment}");
        }
        assert_eq!(
            said_by_people(&format!("orders of the shop {kept}")),
            "orders of the shop"
        );
        for comment in ["", "orders of the shop", "{\"left_out\":[[1]]}", "{\"left_out\":"] {
            assert_eq!(left_out(comment), Vec::<Path>::new(), "{comment}");
        }
    }

    #[test]
    fn a_chosen_type_is_known_by_the_column_s_comment() {
        let mut schema = TableSchema::default();
        schema.add(&["n".to_owned()], ColumnType::Scalar(Scalar::Int64));
        let read = |column: &Column| {
            let definition = definition(column);
            let (_, text) = definition.split_once("COMMENT '").unwrap();
            serde_json::from_str::<Comment>(text.trim_end_matches('\''))
                .unwrap()
                .chosen
        };
        assert!(!read(&schema.columns[0]));
        schema.columns[0].is_chosen = true;
        assert!(read(&schema.columns[0]));
    }

    #[test]
    fn names_and_paths_are_quoted() {
        let mut schema = TableSchema::default();
        schema.add(&["a'`\\".to_owned()], ColumnType::LowCardinality);
        let table = TableName::for_topic("events", "t");
        let statement = create_statement(&table, &schema, &["a'`\\".to_owned()]);
        assert!(
            statement.contains(
                "`a'\\`\\\\` LowCardinality(Nullable(String)) COMMENT '{\"path\":[\"a\\'`\\\\\\\\\"]}'"
            ),
            "{statement}"
        );
        assert!(
            statement.contains("ORDER BY (`a'\\`\\\\`, _timestamp)"),
            "{statement}"
        );
    }
}
