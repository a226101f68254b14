use proptest::prelude::*;

use super::*;

const NOW_MS: i64 = 1_795_367_045_000;

fn sample(messages: &[&str]) -> Inference {
    let mut sample = Inference::default();
    messages
        .iter()
        .for_each(|message| sample.observe(message.as_bytes(), NOW_MS));
    sample
}

fn chosen(text: &str) -> Result<Choices, ChoiceMistake> {
    Choices::check(&serde_json::from_str::<Vec<ColumnChoice>>(text).unwrap())
}

fn columns(plan: &Plan) -> Vec<(String, String)> {
    let columns = plan.schema.columns.iter();
    columns
        .map(|column| (column.name.clone(), column.column_type.to_string()))
        .collect()
}

fn named(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, column_type)| ((*name).to_owned(), (*column_type).to_owned()))
        .collect()
}

#[test]
fn types_are_taken_with_and_without_what_every_column_has() {
    let same = [
        ("Int64", "Nullable(Int64)"),
        ("Nullable(Int64)", "Nullable(Int64)"),
        (" LowCardinality(String) ", "LowCardinality(Nullable(String))"),
        ("DateTime64(6)", "Nullable(DateTime64(6, 'UTC'))"),
        ("DateTime64(6, 'UTC')", "Nullable(DateTime64(6, 'UTC'))"),
        (
            "Array(Nullable(DateTime64(3)))",
            "Array(Nullable(DateTime64(3, 'UTC')))",
        ),
    ];
    for (said, meant) in same {
        assert_eq!(chosen_type(said).unwrap().to_string(), meant, "{said}");
    }
    for wrong in [
        "",
        "int64",
        "Decimal(10, 2)",
        "DateTime64(4)",
        "Array(Array(Int64))",
        "Nullable(Array(Int64))",
    ] {
        assert_eq!(chosen_type(wrong), None, "{wrong}");
    }
}

#[test]
fn mistakes_are_named_at_the_field() {
    let field = |text: &str| chosen(text).map_err(|mistake| mistake.field).unwrap_err();
    let long = format!(r#"[{{"path":["{}"],"type":"Bool"}}]"#, "x".repeat(201));
    let deep = r#"[{"path":["1","2","3","4","5","6","7","8","9"],"type":"Bool"}]"#;
    let wrong = [
        (
            r#"[{"path":["a"],"type":"Bool"},{"path":["b"],"type":"Money"}]"#,
            "columns.1.type",
        ),
        (r#"[{"path":["a"]}]"#, "columns.0.type"),
        (
            r#"[{"path":["a"],"type":"Bool","leave_out":true}]"#,
            "columns.0.type",
        ),
        (r#"[{"path":[],"type":"Bool"}]"#, "columns.0.path"),
        (
            r#"[{"path":["a"],"type":"Bool"},{"path":["a"],"leave_out":true}]"#,
            "columns.1.path",
        ),
        (
            r#"[{"path":["a","b"],"type":"Bool"},{"path":["a"],"leave_out":true}]"#,
            "columns.0.path",
        ),
        (
            r#"[{"path":["a"],"leave_out":true},{"path":["a","b"],"leave_out":true}]"#,
            "columns.1.path",
        ),
        (deep, "columns.0.path"),
        (&long, "columns.0.path"),
    ];
    for (text, expected) in wrong {
        assert_eq!(field(text), expected, "{text}");
    }
    let many: Vec<ColumnChoice> = (0..=MAX_COLUMNS)
        .map(|n| ColumnChoice {
            path: vec![n.to_string()],
            column_type: None,
            leave_out: true,
        })
        .collect();
    assert_eq!(Choices::check(&many).unwrap_err().field, "columns");
    assert!(chosen(r#"[{"path":["a"],"leave_out":true},{"path":["ab","c"],"type":"Bool"}]"#).is_ok());
}

#[test]
fn choices_come_first_and_the_rest_is_as_proposed() {
    let sample = sample(&[
        r#"{"n":1,"who":{"name":"ann","mail":"a@b"},"more":{"x":1}}"#,
        r#"{"n":2,"who":{"name":"bob"},"more":{"y":2}}"#,
    ]);
    let choices = chosen(
        r#"[{"path":["later","on"],"type":"Bool"},{"path":["n"],"type":"Float64"},
            {"path":["who","mail"],"leave_out":true},{"path":["more"],"type":"String"}]"#,
    )
    .unwrap();
    let plan = choices.plan(&sample);
    assert_eq!(
        columns(&plan),
        named(&[
            ("n", "Nullable(Float64)"),
            ("who.name", "Nullable(String)"),
            ("later.on", "Nullable(Bool)"),
            ("more", "Nullable(String)"),
        ])
    );
    assert_eq!(plan.schema.left_out, [vec!["who".to_owned(), "mail".to_owned()]]);
    assert_eq!(plan.proposals.len(), plan.schema.columns.len());
    assert_eq!(
        plan.proposals[0].as_ref().unwrap().column_type,
        ColumnType::Scalar(Scalar::Int64)
    );
    assert!(plan.proposals[2].is_none() && plan.proposals[3].is_none());
}

#[test]
fn an_object_is_taken_apart_where_there_are_texts_as_well_or_choices_beneath() {
    let mixed = sample(&[r#"{"a":"x"}"#, r#"{"a":{"b":1}}"#]);
    let text = r#"{"path":["a"],"type":"LowCardinality(String)"}"#;
    let names = |plan: Plan| {
        columns(&plan)
            .into_iter()
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(chosen(&format!("[{text}]")).unwrap().plan(&mixed)),
        ["a", "a.b"]
    );
    let objects = sample(&[r#"{"a":{"b":1,"c":2}}"#]);
    assert_eq!(names(chosen(&format!("[{text}]")).unwrap().plan(&objects)), ["a"]);
    let beneath = format!(r#"[{text},{{"path":["a","b"],"type":"Int128"}}]"#);
    assert_eq!(
        names(chosen(&beneath).unwrap().plan(&objects)),
        ["a.b", "a.c", "a"]
    );
}

#[test]
fn what_a_table_has_otherwise_is_named() {
    let choices = chosen(
        r#"[{"path":["n"],"type":"Float64"},{"path":["later"],"type":"Bool"},{"path":["secret"],"leave_out":true}]"#,
    )
    .unwrap();
    let sample = sample(&[r#"{"n":1,"secret":2}"#]);
    let other = Choices::default().plan(&sample).schema;
    let names = |schema: &TableSchema| {
        choices
            .not_in(schema)
            .iter()
            .map(|path| path.join("."))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&other), ["n", "later", "secret"]);
    assert_eq!(names(&choices.plan(&sample).schema), Vec::<String>::new());
}

#[test]
fn only_low_cardinality_sorts_and_a_chosen_column_has_its_place_among_too_many() {
    let wide: Vec<String> = (0..600).map(|n| format!(r#""f{n}":1"#)).collect();
    let wide = format!("{{{}}}", wide.join(","));
    let choices = chosen(
        r#"[{"path":["f599"],"type":"Bool"},{"path":["later"],"type":"Bool"},{"path":["f0"],"leave_out":true}]"#,
    );
    let plan = choices.unwrap().plan(&sample(&[&wide]));
    assert_eq!(plan.schema.columns.len(), MAX_COLUMNS);
    let has = |name: &str| plan.schema.columns.iter().any(|column| column.name == name);
    assert!(has("f1") && has("f498") && !has("f499") && has("f599") && has("later") && !has("f0"));

    let messages: Vec<String> = (0..100)
        .map(|n| format!(r#"{{"kind":"k{}","shop":"s{}"}}"#, n % 3, n % 5))
        .collect();
    let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
    let sample = sample(&messages);
    assert_eq!(Choices::default().plan(&sample).keys, ["kind", "shop"]);
    let choices = chosen(r#"[{"path":["kind"],"type":"String"}]"#).unwrap();
    assert_eq!(choices.plan(&sample).keys, ["shop"]);
}

fn any_choices() -> impl Strategy<Value = Vec<ColumnChoice>> {
    let path = prop::collection::vec("[a-c]", 1..3);
    let types = prop::sample::select(vec![
        "Int64",
        "String",
        "LowCardinality(String)",
        "Array(Float64)",
        "DateTime64(3)",
    ]);
    let choice = (path, prop::option::of(types)).prop_map(|(path, column_type)| ColumnChoice {
        path,
        leave_out: column_type.is_none(),
        column_type: column_type.map(str::to_owned),
    });
    prop::collection::vec(choice, 0..5)
}

/// Events of objects in objects.
fn any_message() -> impl Strategy<Value = String> {
    let scalar =
        prop::sample::select(vec!["1", "\"x\"", "true", "null", "[1]", "{}"]).prop_map(str::to_owned);
    let object = |inner: BoxedStrategy<String>| {
        prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(|fields| {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{key:?}:{value}"))
                .collect();
            format!("{{{}}}", fields.join(","))
        })
    };
    object(prop_oneof![scalar.clone(), object(scalar.boxed())].boxed())
}

proptest! {
    /// Whatever is chosen and whatever comes later: a table has each chosen column with its type, and never a column
    /// for what is left out.
    #[test]
    fn choices_hold_for_ever(
        choices in any_choices(),
        first in prop::collection::vec(any_message(), 0..4),
        later in prop::collection::vec(any_message(), 0..4),
    ) {
        let Ok(choices) = Choices::check(&choices) else { return Ok(()) };
        let kept: Choices = serde_json::from_str(&serde_json::to_string(&choices).unwrap()).unwrap();
        prop_assert_eq!(&kept, &choices);
        let texts = |messages: &[String]| sample(&messages.iter().map(String::as_str).collect::<Vec<_>>());
        let mut schema = choices.plan(&texts(&first)).schema;
        let mut seen = texts(&first);
        later.iter().for_each(|message| seen.observe(message.as_bytes(), NOW_MS));
        let changes = super::super::evolve::propose(&schema, &seen);
        for (index, column_type) in changes.widen {
            schema.columns[index].column_type = column_type;
        }
        for (path, column_type) in changes.add {
            schema.add(&path, column_type);
        }
        for (path, column_type) in &choices.typed {
            let column = schema.columns.iter().find(|column| column.path == *path);
            prop_assert_eq!(column.map(|column| column.column_type), Some(*column_type));
        }
        for column in &schema.columns {
            let is_left_out = choices.left_out.iter().any(|path| column.path.starts_with(path));
            prop_assert!(!is_left_out, "{:?}", &column.path);
        }
    }
}
