use super::*;

const NOW_MS: i64 = 1_795_367_045_000;

fn types(messages: &[&str]) -> Vec<(String, String)> {
    let mut inference = Inference::default();
    messages
        .iter()
        .for_each(|message| inference.observe(message.as_bytes(), NOW_MS));
    inference
        .propose()
        .into_iter()
        .map(|p| (p.path.join("."), p.column_type.to_string()))
        .collect()
}

fn type_of(values: &[&str]) -> Option<String> {
    let messages: Vec<String> = values.iter().map(|value| format!("{{\"x\":{value}}}")).collect();
    let texts: Vec<&str> = messages.iter().map(String::as_str).collect();
    types(&texts)
        .into_iter()
        .next()
        .map(|(_, column_type)| column_type)
}

#[test]
fn the_narrowest_type_that_holds_everything_wins() {
    let is = |values: &[&str], expected: &str| {
        assert_eq!(type_of(values).as_deref(), Some(expected), "{values:?}");
    };
    is(&["1", "-5"], "Nullable(Int64)");
    is(&["1", "1.5"], "Nullable(Float64)");
    is(&["9007199254740993", "1.5"], "Nullable(String)");
    is(&["18446744073709551615"], "Nullable(UInt64)");
    is(&["18446744073709551615", "-1"], "Nullable(Int128)");
    is(&["true", "null"], "Nullable(Bool)");
    is(&["true", "1"], "Nullable(String)");
    is(&["\"a\"", "1"], "Nullable(String)");
    is(&["\"2026-11-22T17:04:05Z\""], "Nullable(DateTime64(3, 'UTC'))");
    is(
        &["\"2026-11-22T17:04:05.123456Z\""],
        "Nullable(DateTime64(6, 'UTC'))",
    );
    is(&["\"2026-11-22T17:04:05Z\"", "\"soon\""], "Nullable(String)");
    is(&["1795367045123"], "Nullable(DateTime64(3, 'UTC'))");
    is(&["1795367045"], "Nullable(Int64)");
    is(&["[1,2]", "[]"], "Array(Int64)");
    is(&["[1,null]"], "Array(Nullable(Int64))");
    is(&["[{\"a\":1}]"], "Array(String)");
    is(&["[1]", "1"], "Nullable(String)");
    assert_eq!(type_of(&["null"]), None);
}

#[test]
fn a_stray_value_among_many_does_not_decide() {
    let mut values = vec!["1.5"; 200];
    values[7] = "\"a lot\"";
    assert_eq!(type_of(&values).as_deref(), Some("Nullable(Float64)"));
    values[8] = "\"more\"";
    values[9] = "\"most\"";
    assert_eq!(type_of(&values).as_deref(), Some("Nullable(String)"));
}

#[test]
fn objects_flatten_and_broken_messages_leave_no_trace() {
    let found = types(&[
        "{\"a\":{\"b\":1,\"c\":{\"d\":true}}}",
        "{\"z\":1",
        "5",
        "{\"created_at\":1795367045}",
    ]);
    let expected = [
        ("a.b", "Nullable(Int64)"),
        ("a.c.d", "Nullable(Bool)"),
        ("created_at", "Nullable(DateTime64(3, 'UTC'))"),
    ];
    assert_eq!(
        found,
        expected.map(|(name, column_type)| (name.to_owned(), column_type.to_owned()))
    );
}

#[test]
fn few_texts_are_low_cardinality_unless_new_ones_keep_coming() {
    let few: Vec<String> = (0..1_000).map(|n| format!("\"kind {}\"", n % 7)).collect();
    let ids: Vec<String> = (0..1_000).map(|n| format!("\"session {}\"", n / 40)).collect();
    let type_of =
        |values: &[String]| type_of(&values.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    assert_eq!(type_of(&few), "LowCardinality(Nullable(String))");
    assert_eq!(type_of(&ids), "Nullable(String)");
}
