//! Every type crosses JSON exactly, as `aurora_actors::query::format` documents it.

use anyhow::{Result, ensure};
use aurora_chaos_tests::sandbox::Sandbox;
use serde_json::{Value, json};

use super::Bench;

/// An expression and what it is in JSON.
fn values() -> Vec<(&'static str, Value)> {
    vec![
        ("toInt8(-128)", json!(-128)),
        ("toUInt32(4294967295)", json!(4_294_967_295_u32)),
        ("toInt64(-9223372036854775808)", json!("-9223372036854775808")),
        ("toUInt64(18446744073709551615)", json!("18446744073709551615")),
        (
            "toInt128('-170141183460469231731687303715884105728')",
            json!("-170141183460469231731687303715884105728"),
        ),
        (
            "toUInt256('115792089237316195423570985008687907853269984665640564039457584007913129639935')",
            json!("115792089237316195423570985008687907853269984665640564039457584007913129639935"),
        ),
        ("toFloat32(0.1)", json!(0.1)),
        ("toFloat64('0.1') + 0.2", json!(0.1 + 0.2)),
        ("toFloat64('5e-324')", json!(5e-324)),
        ("toBFloat16(1.5)", json!(1.5)),
        ("nan", json!("nan")),
        ("inf", json!("inf")),
        ("-inf", json!("-inf")),
        ("toDecimal32('1.1', 2)", json!("1.10")),
        (
            "toDecimal64('-12345678901234.5678', 4)",
            json!("-12345678901234.5678"),
        ),
        (
            "toDecimal256('1.23456789012345678901234567890123456789', 39)",
            json!("1.234567890123456789012345678901234567890"),
        ),
        ("true", json!(true)),
        ("NULL", Value::Null),
        ("CAST(NULL, 'Nullable(Int64)')", Value::Null),
        ("CAST('7', 'Nullable(Int64)')", json!("7")),
        ("'a\"b\\\\\\n\\t\u{1F600}\\0'", json!("a\"b\\\n\t\u{1F600}\0")),
        ("unhex('61ff62')", json!("a\u{FFFD}b")),
        ("toFixedString('ab', 3)", json!("ab\0")),
        ("toDate('2024-02-29')", json!("2024-02-29")),
        ("toDate32('1910-01-01')", json!("1910-01-01")),
        ("toTime('12:00:01')", json!("12:00:01")),
        (
            "toDateTime('2024-02-29 12:00:00', 'Europe/Berlin')",
            json!("2024-02-29T11:00:00Z"),
        ),
        (
            "toDateTime('2024-02-29 12:00:00', 'UTC')",
            json!("2024-02-29T12:00:00Z"),
        ),
        // The hour that summer time's end has twice: two instants that read the same in Berlin.
        (
            "toTimeZone(toDateTime64('2024-10-27 00:30:00.123456789', 9, 'UTC'), 'Europe/Berlin')",
            json!("2024-10-27T00:30:00.123456789Z"),
        ),
        (
            "toTimeZone(toDateTime64('2024-10-27 01:30:00.123', 3, 'UTC'), 'Europe/Berlin')",
            json!("2024-10-27T01:30:00.123Z"),
        ),
        (
            "toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')",
            json!("61f0c404-5cb3-11e7-907b-a6006ad3dba0"),
        ),
        ("toIPv4('1.2.3.4')", json!("1.2.3.4")),
        ("toIPv6('2001:db8::1')", json!("2001:db8::1")),
        ("CAST('b', 'Enum8(\\'a\\' = 1, \\'b\\' = -2)')", json!("b")),
        ("toLowCardinality('x')", json!("x")),
        ("CAST([1, 2], 'Array(UInt64)')", json!(["1", "2"])),
        ("[[1.5, nan], []]", json!([[1.5, "nan"], []])),
        ("CAST([NULL, 'a'], 'Array(Nullable(String))')", json!([null, "a"])),
        ("map('k', toUInt64(1))", json!({ "k": "1" })),
        (
            "map(toUInt64(18446744073709551615), 1)",
            json!({ "18446744073709551615": 1 }),
        ),
        ("tuple(toUInt64(1), 'a', NULL)", json!(["1", "a", null])),
        (
            "CAST((1, 'x'), 'Tuple(n UInt64, s String)')",
            json!({ "n": "1", "s": "x" }),
        ),
        (
            "CAST([(1, 'a')], 'Nested(x UInt64, y String)')",
            json!([{ "x": "1", "y": "a" }]),
        ),
        (
            "[toDateTime('2024-02-29 12:00:00', 'Asia/Tokyo')]",
            json!(["2024-02-29T03:00:00Z"]),
        ),
        ("toIntervalDay(3)", json!("3")),
        ("CAST((1, 2), 'Point')", json!([1, 2])),
        (
            "CAST('{\"a\": {\"b\": 18446744073709551615}, \"c\": 1.5}', 'JSON')",
            json!({ "a": { "b": "18446744073709551615" }, "c": 1.5 }),
        ),
        ("CAST(toUInt64(42), 'Variant(UInt64, String)')", json!("42")),
        ("CAST('x', 'Dynamic')", json!("x")),
    ]
}

#[tokio::test]
async fn every_type_crosses_json_exactly() -> Result<()> {
    Sandbox::run("types", async |sandbox| {
        let bench = Bench::start(sandbox, &[]).await?;
        let api = bench.node.api();
        let values = values();
        let columns: Vec<String> = (0..)
            .zip(&values)
            .map(|(n, (sql, _))| format!("{sql} AS c{n}"))
            .collect();
        let row = api
            .sql(&format!("SELECT {}", columns.join(", ")))
            .await?
            .remove(0);
        ensure!(row.len() == values.len());
        for (got, (sql, wanted)) in row.iter().zip(&values) {
            ensure!(same(got, wanted), "{sql} came as {got}, and not as {wanted}");
        }
        // And the way in: parameters of every kind.
        let sql = "SELECT {text:String}, {big:UInt64}, {nothing:Nullable(String)}, {list:Array(String)}, \
                   {pairs:Map(String, UInt8)}, {at:DateTime64(3, 'UTC')}, {yes:Bool}, {d:Decimal(38, 4)}";
        let params = json!({
            "text": "it's\ta \\N \n{x}", "big": "18446744073709551615", "nothing": null,
            "list": ["it's", "a\\b", "\t"], "pairs": { "k'": 1 }, "at": "2024-02-29 12:00:00.5", "yes": true,
            "d": "1.1",
        });
        let answer = api
            .post("/api/v1/sql", &json!({ "sql": sql, "params": params }))
            .await?
            .json();
        let wanted = json!([[
            "it's\ta \\N \n{x}", "18446744073709551615", null, ["it's", "a\\b", "\t"], { "k'": 1 },
            "2024-02-29T12:00:00.500Z", true, "1.1000"
        ]]);
        ensure!(answer["rows"] == wanted, "{answer}");
        Ok(())
    })
    .await
}

/// Numbers are the same when they are the same number.
fn same(got: &Value, wanted: &Value) -> bool {
    match (got, wanted) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => got == wanted,
    }
}
