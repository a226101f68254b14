use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::ingest::schema::{ColumnType, Scalar};

fn schema(columns: &[(&[&str], ColumnType)]) -> Arc<TableSchema> {
    let mut schema = TableSchema::default();
    for (path, column_type) in columns {
        let path: Vec<String> = path.iter().map(|key| (*key).to_owned()).collect();
        schema.add(&path, *column_type).unwrap();
    }
    Arc::new(schema)
}

fn shop() -> Arc<TableSchema> {
    let scalar = ColumnType::Scalar;
    schema(&[
        (&["id"], scalar(Scalar::Int64)),
        (&["kind"], ColumnType::LowCardinality),
        (&["price"], scalar(Scalar::Float64)),
        (&["at"], scalar(Scalar::DateTime(3))),
        (&["user", "name"], scalar(Scalar::String)),
        (&["user", "ok"], scalar(Scalar::Bool)),
        (
            &["tags"],
            ColumnType::Array {
                element: Scalar::String,
                nullable: false,
            },
        ),
        (
            &["sizes"],
            ColumnType::Array {
                element: Scalar::Int64,
                nullable: true,
            },
        ),
        (&["big"], scalar(Scalar::Int128)),
    ])
}

fn decode(message: &[u8], unfit: Unfit) -> (Result<Decoded, RejectReason>, Columns) {
    let schema = shop();
    let mut columns = Columns::new(schema.clone());
    let outcome = Decoder::new(schema).decode(message, &mut columns, unfit);
    (outcome, columns)
}

fn whole(columns: &Columns) -> bool {
    columns
        .fields
        .iter()
        .chain([&columns.rest])
        .all(|column| column.rows() == columns.rows)
}

fn code(message: &[u8]) -> &'static str {
    let (outcome, columns) = decode(message, Unfit::Settle);
    assert!(whole(&columns) && columns.rows == 0);
    outcome.unwrap_err().code()
}

#[test]
fn what_is_no_row_is_rejected_with_its_reason() {
    assert_eq!(code(b""), "empty");
    assert_eq!(code(&vec![b' '; MAX_MESSAGE_BYTES + 1]), "too_large");
    assert_eq!(code(b"{\"id\":\xff}"), "invalid_utf8");
    assert_eq!(code(b"{\"id\":1"), "invalid_json");
    assert_eq!(code(b"{\"id\":1} x"), "invalid_json");
    assert_eq!(code(b"[1]"), "not_an_object");
    assert_eq!(code(b"null"), "not_an_object");
    assert_eq!(code(br#"{"id":"one"}"#), "wrong_type");
    assert_eq!(code(br#"{"id":1.5}"#), "wrong_type");
    assert_eq!(code(br#"{"id":9223372036854775808}"#), "wrong_type");
    assert_eq!(code(br#"{"price":9007199254740993}"#), "wrong_type");
    assert_eq!(code(br#"{"price":1e999}"#), "wrong_type");
    assert_eq!(code(br#"{"at":"yesterday"}"#), "wrong_type");
    assert_eq!(code(br#"{"at":"2026-11-22T10:00:00.123456Z"}"#), "wrong_type");
    assert_eq!(code(br#"{"user":{"ok":1}}"#), "wrong_type");
    assert_eq!(code(br#"{"tags":["a",null]}"#), "wrong_type");
    assert_eq!(code(br#"{"sizes":[1,"two"]}"#), "wrong_type");
    assert_eq!(code(br#"{"id":{"x":{"y":"#), "invalid_json");
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(1_000), "]".repeat(1_000));
    assert_eq!(code(deep.as_bytes()), "too_deep");
}

#[test]
fn a_wrong_value_takes_the_whole_row_back() {
    let schema = shop();
    let mut columns = Columns::new(schema.clone());
    let mut decoder = Decoder::new(schema);
    let good = br#"{"id":1,"kind":"a","tags":["x","y"],"sizes":[1,null],"user":{"name":"n","ok":true}}"#;
    let bad = br#"{"id":2,"kind":"b","tags":["z"],"sizes":[7],"user":{"name":"m","ok":"no"}}"#;
    let before = |columns: &Columns| format!("{columns:?}").len();
    assert_eq!(decoder.decode(good, &mut columns, Unfit::Ask), Ok(Decoded::Row));
    let size = columns.bytes();
    let shape = before(&columns);
    assert!(decoder.decode(bad, &mut columns, Unfit::Settle).is_err());
    assert!(whole(&columns) && columns.rows == 1);
    // Only the dictionary may have grown, by the one byte of "b".
    assert_eq!(columns.bytes(), size + 1);
    assert!(before(&columns) >= shape);
}

#[test]
fn unknown_fields_ask_first_and_are_kept_when_there_is_no_column_for_them() {
    let message = br#"{"id":1,"new":{"a":[1]},"user":{"name":"n","age":7},"nothing":null,"empty":{}}"#;
    assert_eq!(decode(message, Unfit::Ask).0, Ok(Decoded::NeedsSchema));
    let (outcome, columns) = decode(message, Unfit::Settle);
    assert_eq!(outcome, Ok(Decoded::Row));
    let ColumnBuilder::Text(rest) = &columns.rest else {
        panic!()
    };
    assert_eq!(&rest.data[1..], br#"{"new":{"a":[1]},"user.age":7}"#);
    assert_eq!(
        decode(br#"{"nothing":null,"empty":[ ]}"#, Unfit::Ask).0,
        Ok(Decoded::Row)
    );
}

#[test]
fn what_is_left_out_is_skipped_whatever_it_is() {
    let mut schema = TableSchema::clone(&schema(&[
        (&["id"], ColumnType::Scalar(Scalar::Int64)),
        (&["user", "name"], ColumnType::Scalar(Scalar::String)),
    ]));
    let path = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    schema.left_out = vec![
        path(&["secret"]),
        path(&["user", "mail"]),
        path(&["only", "this"]),
    ];
    let schema = Arc::new(schema);
    let mut decoder = Decoder::new(schema.clone());
    let mut columns = Columns::new(schema);
    let mut outcome = |message: &str, unfit| decoder.decode(message.as_bytes(), &mut columns, unfit);
    for value in ["1", "null", "\"x\"", "[1,[2]]", "{\"deep\":{\"er\":1}}"] {
        let message = format!(
            r#"{{"secret":{value},"id":1,"user":{{"mail":{value},"name":"n"}},"only":{{"this":{value}}}}}"#
        );
        assert_eq!(outcome(&message, Unfit::Ask), Ok(Decoded::Row), "{message}");
    }
    assert_eq!(
        outcome(r#"{"secret":1,"only":{"this":1,"that":2}}"#, Unfit::Ask),
        Ok(Decoded::NeedsSchema)
    );
    assert_eq!(
        outcome(r#"{"secret":1,"only":{"this":1,"that":2}}"#, Unfit::Settle),
        Ok(Decoded::Row)
    );
    assert_eq!(
        outcome(r#"{"secret":{"broken"}}"#, Unfit::Settle)
            .unwrap_err()
            .code(),
        "invalid_json"
    );
    assert!(whole(&columns));
    let ColumnBuilder::Text(rest) = &columns.rest else {
        panic!()
    };
    assert!(rest.data.ends_with(br#"{"only.that":2}"#));
}

#[test]
fn the_last_of_equal_keys_counts() {
    let (outcome, columns) = decode(
        br#"{"id":1,"id":2,"tags":["a"],"tags":[],"kind":"a","kind":null}"#,
        Unfit::Ask,
    );
    assert_eq!(outcome, Ok(Decoded::Row));
    let ColumnBuilder::Fixed(id) = &columns.fields[0] else {
        panic!()
    };
    assert_eq!(id.data, 2i64.to_le_bytes());
    let ColumnBuilder::Dictionary(kind) = &columns.fields[1] else {
        panic!()
    };
    assert_eq!(kind.keys, [0]);
    let ColumnBuilder::Array(tags) = &columns.fields[6] else {
        panic!()
    };
    assert_eq!((tags.ends.as_slice(), tags.data.len()), ([0].as_slice(), 0));
}

#[test]
fn keys_may_come_in_any_order_and_spelling() {
    let schema = shop();
    let mut columns = Columns::new(schema.clone());
    let mut decoder = Decoder::new(schema);
    for message in [
        r#"{"id":1,"kind":"a"}"#,
        r#"{"kind":"a","id":1}"#,
        r#" { "k\u0069nd" : "a" , "id" : 1 } "#,
        r#"{"id":1,"price":1,"kind":"a"}"#,
    ] {
        assert_eq!(
            decoder.decode(message.as_bytes(), &mut columns, Unfit::Ask),
            Ok(Decoded::Row),
            "{message}"
        );
    }
    let ColumnBuilder::Fixed(id) = &columns.fields[0] else {
        panic!()
    };
    assert_eq!(id.data, 1i64.to_le_bytes().repeat(4));
    let ColumnBuilder::Dictionary(kind) = &columns.fields[1] else {
        panic!()
    };
    assert_eq!(kind.keys, [1; 4]);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_leave_half_a_row(
        messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 1..8)
    ) {
        let schema = shop();
        let mut columns = Columns::new(schema.clone());
        let mut decoder = Decoder::new(schema);
        for message in messages {
            let _ = decoder.decode(&message, &mut columns, Unfit::Settle);
            prop_assert!(whole(&columns));
        }
    }

    #[test]
    fn no_json_makes_it_panic_or_leave_half_a_row(
        messages in proptest::collection::vec(
            "\\{(\"(id|kind|price|at|tags|sizes|user|new|big)\":(1|-2.5|\"x\"|null|true|\\[1,\"a\",null\\]|\\{\"name\":1,\"ok\":true\\}|[{\\[\"]),?){0,5}\\}?",
            1..8,
        )
    ) {
        let schema = shop();
        let mut columns = Columns::new(schema.clone());
        let mut decoder = Decoder::new(schema);
        for message in messages {
            for unfit in [Unfit::Ask, Unfit::Settle] {
                let rows = columns.rows;
                let outcome = decoder.decode(message.as_bytes(), &mut columns, unfit);
                prop_assert!(whole(&columns));
                prop_assert_eq!(columns.rows - rows, usize::from(outcome == Ok(Decoded::Row)));
                let is_object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&message).is_ok();
                prop_assert!(is_object || outcome.is_err());
            }
        }
    }
}
