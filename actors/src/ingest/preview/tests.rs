use super::*;

fn sampled(offset: i64, payload: &str) -> Sampled {
    Sampled {
        partition: 0,
        offset,
        key: None,
        payload: payload.as_bytes().to_vec(),
        timestamp_ms: 1_795_367_045_000 + offset,
    }
}

#[test]
fn columns_and_rejects_are_those_that_a_stream_would_have() {
    let mut messages: Vec<Sampled> = (0..300)
        .map(|n| sampled(n, &format!(r#"{{"n":{n},"who":{{"name":"ann"}}}}"#)))
        .collect();
    messages.push(sampled(300, r#"{"n":"many"}"#));
    messages.push(sampled(301, "broken"));
    messages.push(sampled(302, "[1]"));
    let (columns, _, rejected) = planned(&messages, &Choices::default());
    let columns: Vec<(&str, &str, u64, u64)> = columns
        .iter()
        .map(|column| {
            (
                column.name.as_str(),
                column.column_type.as_str(),
                column.seen,
                column.missing,
            )
        })
        .collect();
    assert_eq!(
        columns,
        [
            ("n", "Nullable(Int64)", 301, 0),
            ("who.name", "LowCardinality(Nullable(String))", 300, 1)
        ]
    );
    let rejected: Vec<(&str, u64, &str)> = rejected
        .iter()
        .map(|rejects| (rejects.reason.as_str(), rejects.count, rejects.example.as_str()))
        .collect();
    assert_eq!(
        rejected,
        [
            ("invalid_json", 1, "broken"),
            ("not_an_object", 1, "[1]"),
            ("wrong_type", 1, r#"{"n":"many"}"#)
        ]
    );
}

#[test]
fn the_latest_messages_are_shown_and_long_ones_are_cut() {
    let mut messages: Vec<Sampled> = (0..30).map(|n| sampled(n, "{}")).collect();
    messages.push(sampled(30, &"ä".repeat(3_000)));
    let shown = latest(&messages);
    assert_eq!(
        (shown.len(), shown[0].offset.as_str(), shown[19].offset.as_str()),
        (20, "30", "11")
    );
    assert_eq!(shown[0].payload, "ä".repeat(2_048));
    assert_eq!(super::shown("aä".as_bytes(), 2), "a");
}

fn choices(text: &str) -> Choices {
    serde_json::from_str(text).unwrap()
}

/// A column's name and type, and its choices with what they reject.
type Shown = (String, String, Vec<(String, u64)>);

fn shown_columns(columns: &[PreviewColumn]) -> Vec<Shown> {
    let choices = |column: &PreviewColumn| {
        let choices = column.choices.iter();
        choices
            .map(|choice| (choice.column_type.clone(), choice.rejects))
            .collect()
    };
    columns
        .iter()
        .map(|column| (column.name.clone(), column.column_type.clone(), choices(column)))
        .collect()
}

#[test]
fn each_column_says_which_types_it_could_have_and_what_they_would_cost() {
    let messages = [
        sampled(
            0,
            r#"{"n":1,"at":"2026-11-22T17:04:05Z","tags":["a"],"flag":true}"#,
        ),
        sampled(
            1,
            r#"{"n":2.5,"at":"2026-11-22T17:04:05.000001Z","tags":[],"flag":"no"}"#,
        ),
        sampled(2, r#"{"n":-3,"at":"soon","tags":["b"]}"#),
    ];
    let (columns, _, rejected) = planned(&messages, &Choices::default());
    assert_eq!(rejected, []);
    let found = shown_columns(&columns);
    let expect = |name: &str, column_type: &str, choices: &[(&str, u64)]| {
        let choices = choices
            .iter()
            .map(|(name, rejects)| ((*name).to_owned(), *rejects))
            .collect();
        (name.to_owned(), column_type.to_owned(), choices)
    };
    assert_eq!(
        found,
        [
            expect(
                "n",
                "Nullable(Float64)",
                &[
                    ("Nullable(Int64)", 1),
                    ("Nullable(UInt64)", 2),
                    ("Nullable(Int128)", 1),
                    ("Nullable(Float64)", 0),
                    ("Nullable(String)", 0),
                    ("LowCardinality(Nullable(String))", 0),
                ]
            ),
            expect(
                "at",
                "Nullable(String)",
                &[
                    ("Nullable(DateTime64(3, 'UTC'))", 2),
                    ("Nullable(DateTime64(6, 'UTC'))", 1),
                    ("Nullable(DateTime64(9, 'UTC'))", 1),
                    ("Nullable(String)", 0),
                    ("LowCardinality(Nullable(String))", 0),
                ]
            ),
            expect(
                "tags",
                "Array(String)",
                &[
                    ("Array(String)", 0),
                    ("Nullable(String)", 0),
                    ("LowCardinality(Nullable(String))", 0),
                ]
            ),
            expect(
                "flag",
                "Nullable(String)",
                &[
                    ("Nullable(Bool)", 1),
                    ("Nullable(String)", 0),
                    ("LowCardinality(Nullable(String))", 0),
                ]
            ),
        ]
    );
}

#[test]
fn what_somebody_chooses_is_what_is_shown() {
    let messages = [
        sampled(0, r#"{"n":1,"who":{"name":"ann","mail":"a@b"}}"#),
        sampled(1, r#"{"n":"two","who":{"name":"bob"}}"#),
        sampled(2, r#"{"n":3.5}"#),
    ];
    let chosen = choices(
        r#"[{"path":["n"],"type":"Int64"},{"path":["who","mail"],"leave_out":true},{"path":["later"],"type":"Bool"}]"#,
    );
    let (columns, left_out, rejected) = planned(&messages, &chosen);
    let shown: Vec<(&str, &str, Option<&str>, u64)> = columns
        .iter()
        .map(|column| {
            let proposed = column.proposed.as_deref();
            (
                column.name.as_str(),
                column.column_type.as_str(),
                proposed,
                column.seen,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("n", "Nullable(Int64)", Some("Nullable(String)"), 3),
            ("who.name", "Nullable(String)", Some("Nullable(String)"), 2),
            ("later", "Nullable(Bool)", None, 0),
        ]
    );
    let left_out: Vec<(String, u64)> = left_out
        .iter()
        .map(|field| (field.path.join("."), field.seen))
        .collect();
    assert_eq!(left_out, [("who.mail".to_owned(), 1)]);
    let rejected: Vec<(Option<&str>, u64, &str)> = rejected
        .iter()
        .map(|rejects| (rejects.column.as_deref(), rejects.count, rejects.example.as_str()))
        .collect();
    assert_eq!(rejected, [(Some("n"), 2, r#"{"n":"two","who":{"name":"bob"}}"#)]);
}

proptest::proptest! {
    /// What a choice of one column is said to reject is what becomes a dead letter once it is chosen.
    #[test]
    fn what_a_choice_would_reject_is_what_it_rejects(
        values in proptest::collection::vec(
            proptest::sample::select(vec![
                "1", "-1", "1.5", "true", "null", "\"x\"", "\"2026-11-22\"", "[1,2]", "[\"a\",null]", "{\"y\":1}",
                "18446744073709551615", "1795367045123", "9007199254740993", "[[1]]",
            ]),
            1..20,
        )
    ) {
        let messages: Vec<Sampled> = values
            .iter()
            .zip(0..)
            .map(|(value, offset)| sampled(offset, &format!(r#"{{"x":{value},"z":0}}"#)))
            .collect();
        let (columns, _, _) = planned(&messages, &Choices::default());
        for column in columns.iter().filter(|column| column.path == ["x"]) {
            for choice in &column.choices {
                let chosen = serde_json::json!([{"path": ["x"], "type": choice.column_type}]);
                let chosen: Choices = serde_json::from_value(chosen).unwrap();
                let (_, _, rejected) = planned(&messages, &chosen);
                let dead: u64 = rejected.iter().map(|rejects| rejects.count).sum();
                proptest::prop_assert_eq!(dead, choice.rejects, "{:?} as {}", &values, &choice.column_type);
            }
        }
    }
}
