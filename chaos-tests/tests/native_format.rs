//! What the decoder writes is what ClickHouse reads: every column type, NULLs, empty and large values, several
//! batches in one block, through the Native encoder into a real table and back.

use std::sync::Arc;

use anyhow::{Result, ensure};
use aurora_actors::ingest::batch::{PartitionBatch, block_shape, encode_block};
use aurora_actors::ingest::decode::{Decoded, Decoder, Unfit};
use aurora_actors::ingest::schema::{ColumnType, Scalar, TableSchema};
use aurora_actors::store::Store;
use aurora_actors::store::sql::{ident, literal};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::sandbox::Sandbox;
use serde_json::{Value, json};

fn schema() -> Arc<TableSchema> {
    let scalars = [
        ("bool", Scalar::Bool),
        ("int", Scalar::Int64),
        ("uint", Scalar::UInt64),
        ("huge", Scalar::Int128),
        ("float", Scalar::Float64),
        ("text", Scalar::String),
        ("ms", Scalar::DateTime(3)),
        ("us", Scalar::DateTime(6)),
        ("ns", Scalar::DateTime(9)),
    ];
    let mut schema = TableSchema::default();
    schema.add(&["low".to_owned()], ColumnType::LowCardinality);
    schema.add(&["wide".to_owned()], ColumnType::LowCardinality);
    for (name, scalar) in scalars {
        schema.add(&[name.to_owned()], ColumnType::Scalar(scalar));
        let array = |nullable| ColumnType::Array {
            element: scalar,
            nullable,
        };
        schema.add(&[format!("{name}_list")], array(false));
        schema.add(&[format!("{name}_nulls")], array(true));
    }
    Arc::new(schema)
}

/// The value of row `n` for a scalar, as an event spells it, which is also how ClickHouse prints it.
fn value(kind: &str, n: u64) -> Value {
    let spread = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let time = |digits: usize| {
        json!(format!(
            "2026-11-22T10:{:02}:{:02}.{:0digits$}Z",
            n % 60,
            spread % 60,
            n % 1_000
        ))
    };
    match kind {
        "bool" => json!(n.is_multiple_of(2)),
        "int" => json!(spread as i64),
        "uint" => json!(spread),
        // Beyond what a JSON number of serde_json holds: sent bare, see `message`.
        "huge" => json!(format!("-{}{:018}", 170_141_183, n)),
        // Exact in few digits: the JSON reader of this test rounds the last one.
        "float" => json!((spread >> 40) as f64 / 64.0),
        "text" => json!(match n % 4 {
            0 => String::new(),
            1 => "ü\n\"\\\u{1F600}".to_owned(),
            2 => "x".repeat(300),
            _ => format!("text {n}"),
        }),
        "ms" => time(3),
        "us" => time(6),
        _ => time(9),
    }
}

/// What row `n` holds, by column. Every third value is NULL or an empty list.
fn row(schema: &TableSchema, n: u64) -> serde_json::Map<String, Value> {
    let mut row = serde_json::Map::new();
    for (index, column) in schema.columns.iter().enumerate() {
        let given = !(n + index as u64).is_multiple_of(3);
        let kind = column.name.split('_').next().unwrap_or_default();
        let list = |nulls: bool| -> Value {
            let one = |m: u64| {
                if nulls && m % 2 == 1 {
                    Value::Null
                } else {
                    value(kind, n + m)
                }
            };
            (0..n % 4).map(one).collect()
        };
        let value = match (column.column_type, column.name.as_str()) {
            (ColumnType::Array { nullable, .. }, _) if given => list(nullable),
            (ColumnType::Array { .. }, _) => json!([]),
            (_, _) if !given => Value::Null,
            (_, "low") => json!(["", "a", "b"][n as usize % 3]),
            // More than 256 distinct values: keys of two bytes.
            (_, "wide") => json!(format!("key {}", n % 700)),
            _ => value(kind, n),
        };
        row.insert(column.name.clone(), value);
    }
    row
}

/// The row as an event: integers that serde_json cannot hold stand bare.
fn message(row: &serde_json::Map<String, Value>) -> String {
    let text = Value::Object(row.clone()).to_string();
    let mut bare = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("\"-170141183") {
        let end = at + 1 + rest[at + 1..].find('"').unwrap_or_default();
        bare += &rest[..at];
        bare += &rest[at + 1..end];
        rest = &rest[end + 1..];
    }
    bare + rest
}

fn batch(schema: &Arc<TableSchema>, rows: std::ops::Range<u64>) -> Result<PartitionBatch> {
    let mut decoder = Decoder::new(schema.clone());
    let mut batch = PartitionBatch::new(schema.clone(), rows.start);
    for n in rows {
        let message = message(&row(schema, n));
        let decoded = decoder.decode(message.as_bytes(), &mut batch.columns, Unfit::Ask);
        ensure!(decoded == Ok(Decoded::Row), "{decoded:?}: {message}");
        batch.offsets.push(n);
        batch.timestamps_ms.push(1_795_000_000_000 + n as i64);
    }
    Ok(batch)
}

#[tokio::test]
async fn every_type_survives_the_way_into_clickhouse() -> Result<()> {
    Sandbox::run("native_format", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        let schema = schema();
        let shape = block_shape(&schema);
        let list = |of: &dyn Fn(&(&str, String)) -> String| shape.iter().map(of).collect::<Vec<_>>().join(", ");
        let columns = list(&|(name, _)| ident(name));
        let structure = list(&|(name, type_name)| format!("{} {type_name}", ident(name)));
        clickhouse.execute("CREATE DATABASE IF NOT EXISTS events").await?;
        clickhouse
            .execute(&format!("CREATE TABLE events.t ({structure}) ENGINE = MergeTree ORDER BY _offset"))
            .await?;
        // Unequal parts, one of them without a row: dictionaries and array ends have to be joined.
        let parts = [(0, batch(&schema, 0..1_500)?), (1, batch(&schema, 0..0)?), (2, batch(&schema, 1_500..2_000)?)];
        let parts: Vec<(i32, &PartitionBatch)> = parts.iter().map(|(partition, batch)| (*partition, batch)).collect();
        let statement = format!(
            "INSERT INTO events.t ({columns}) SELECT {columns} FROM input({}) FORMAT Native",
            literal(&structure)
        );
        Store::new(clickhouse.writer()).insert(statement, "test/native", encode_block(&parts)).await?;

        let lines = clickhouse
            .lines(
                "SELECT toJSONString(tuple(_partition, toInt64(_offset))), toUnixTimestamp64Milli(_timestamp), \
                 formatRowNoNewline('JSONEachRow', * EXCEPT (_partition, _offset, _timestamp, _rest)) FROM events.t ORDER BY _offset \
                 SETTINGS date_time_output_format = 'iso', output_format_json_quote_64bit_integers = 1",
            )
            .await?;
        ensure!(lines.len() == 2_000, "{} rows", lines.len());
        for (n, line) in (0..).zip(&lines) {
            let fields: Vec<&str> = line.split('\t').collect();
            let partition = if n < 1_500 { 0 } else { 2 };
            assert_eq!(fields[0].replace('"', ""), format!("[{partition},{n}]"));
            assert_eq!(fields[1], (1_795_000_000_000_u64 + n).to_string());
            let found: serde_json::Map<String, Value> = serde_json::from_str(fields[2])?;
            for (name, expected) in row(&schema, n) {
                assert!(same(&found[&name], &expected), "row {n}, {name}: {} is not {expected}", found[&name]);
            }
        }
        Ok(())
    })
    .await
}

/// ClickHouse quotes integers of 64 bits and more.
fn same(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len() && found.iter().zip(expected).all(|(f, e)| same(f, e))
        }
        (Value::String(found), Value::Number(expected)) => *found == expected.to_string(),
        (Value::Number(found), Value::Number(expected)) => found.as_f64() == expected.as_f64(),
        _ => found == expected,
    }
}
