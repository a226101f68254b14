//! Readings of questions over a table of parcels, and what no question may do.

use proptest::prelude::*;

use crate::query::question::catalog::{Catalog, Column, Table, role};
use crate::query::question::compile;
use crate::query::question::translate::{Hint, Hints, Reading, readings};

fn column(name: &str, column_type: &str, distinct: u64, values: &[&str]) -> Column {
    Column {
        name: name.to_owned(),
        column_type: column_type.to_owned(),
        distinct,
        nulls: if column_type.starts_with("Nullable") {
            10
        } else {
            0
        },
        min: "0".to_owned(),
        max: distinct.saturating_sub(1).to_string(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        values_complete: true,
        ..Column::default()
    }
}

fn catalog() -> Catalog {
    let mut parcels = Table {
        database: "post".to_owned(),
        name: "parcels".to_owned(),
        rows: 100_000,
        columns: vec![
            column("sent_at", "DateTime64(3)", 90_000, &[]),
            column("delivered_at", "Nullable(DateTime64(3))", 80_000, &[]),
            column("parcel_id", "UInt64", 100_000, &[]),
            column("sender_id", "UInt32", 5_000, &[]),
            column(
                "status",
                "LowCardinality(String)",
                4,
                &["delivered", "in_transit", "lost", "returned"],
            ),
            column("service", "LowCardinality(String)", 2, &["express", "standard"]),
            column("country", "LowCardinality(String)", 3, &["AT", "DE", "CH"]),
            column("weight_kg", "Float64", 4_000, &[]),
            column("duration_s", "UInt32", 9_000, &[]),
            column("is_insured", "UInt8", 2, &[]),
        ],
        ..Table::default()
    };
    let rows = parcels.rows;
    for column in &mut parcels.columns {
        column.role = role(column, rows);
    }
    let mut doors = Table {
        database: "post".to_owned(),
        name: "door_events".to_owned(),
        rows: 10_000,
        columns: vec![
            column("ts", "DateTime", 9_000, &[]),
            column("door", "LowCardinality(String)", 9, &["north gate", "south gate"]),
        ],
        ..Table::default()
    };
    for column in &mut doors.columns {
        column.role = role(column, 10_000);
    }
    Catalog {
        version: String::new(),
        tables: vec![parcels, doors],
    }
}

fn read(question: &str, hints: &Hints) -> Option<(Reading, String)> {
    let catalog = catalog();
    let (table, reading) = readings(question, &catalog, hints).into_iter().next()?;
    let sql = compile::sql(&reading.spec, table)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    Some((reading, sql))
}

fn sql(question: &str) -> String {
    let (reading, sql) =
        read(question, &Hints::default()).unwrap_or_else(|| panic!("{question}: no reading"));
    assert_eq!(reading.residue, Vec::<String>::new(), "{question}: {sql}");
    sql
}

#[test]
fn common_questions_become_the_sql_that_answers_them() {
    for (question, wanted) in [
        (
            "How many parcels are there?",
            "SELECT count() AS number FROM post.parcels",
        ),
        (
            "How many parcels were lost yesterday?",
            "SELECT count() AS number FROM post.parcels WHERE status = 'lost' AND sent_at >= yesterday() AND sent_at < today()",
        ),
        (
            "how many unique senders",
            "SELECT uniqExact(sender_id) AS distinct_sender_id FROM post.parcels",
        ),
        (
            "Average weight per country",
            "SELECT country, avg(weight_kg) AS average_weight_kg FROM post.parcels GROUP BY country ORDER BY country",
        ),
        (
            "top 3 countries by number of returned parcels",
            "SELECT country, count() AS number FROM post.parcels WHERE status = 'returned' GROUP BY country ORDER BY number DESC, country LIMIT 3",
        ),
        (
            "Share of insured parcels per service",
            "SELECT service, countIf(is_insured = 1) / count() AS share FROM post.parcels GROUP BY service ORDER BY service",
        ),
        (
            "Which senders sent more than 12 parcels this week?",
            "SELECT sender_id, count() AS number FROM post.parcels WHERE sent_at >= toStartOfWeek(now(), 1) GROUP BY sender_id HAVING count() > 12 ORDER BY sender_id",
        ),
        (
            "How many senders sent express but never standard?",
            "SELECT count() AS number FROM ( SELECT sender_id FROM post.parcels GROUP BY sender_id HAVING countIf(service = 'standard') = 0 AND countIf(service = 'express') > 0 )",
        ),
        (
            "median duration in minutes for parcels to Germany",
            "SELECT quantileExact(0.5)(duration_s) / 60 AS median_duration_s FROM post.parcels WHERE country = 'DE'",
        ),
        (
            "parcels per hour over the last 24 hours",
            "SELECT toStartOfHour(sent_at) AS hour, count() AS number FROM post.parcels WHERE sent_at >= now() - INTERVAL 24 HOUR GROUP BY hour ORDER BY hour",
        ),
        (
            "How many parcels have a duration above 2 hours?",
            "SELECT count() AS number FROM post.parcels WHERE duration_s > 7200",
        ),
        (
            "How many parcels are not yet delivered?",
            "SELECT count() AS number FROM post.parcels WHERE status != 'delivered'",
        ),
    ] {
        let got = sql(question);
        assert!(
            got.starts_with(wanted) || got == wanted,
            "{question}\n  {got}\n  {wanted}"
        );
    }
}

#[test]
fn the_table_that_explains_the_most_is_asked() {
    assert!(sql("How many door events per door today?").contains("post.door_events"));
    assert!(sql("How many events at the north gate in the last hour?").contains("door = 'north gate'"));
}

#[test]
fn what_is_not_known_is_said() {
    for (question, word) in [
        ("How many blue parcels are there?", "blue"),
        ("How many parcels did drones carry to Vienna?", "Vienna"),
        ("What is the average happiness per country?", "happiness"),
    ] {
        let (reading, sql) = read(question, &Hints::default()).unwrap();
        assert!(
            reading.residue.contains(&word.to_owned()),
            "{question}: {:?} {sql}",
            reading.residue
        );
    }
    assert!(read("What is the meaning of life?", &Hints::default()).is_none());
}

#[test]
fn the_glossary_teaches_words() {
    let hint = |phrase: &str, column: Option<&str>, value: Option<&str>, formula: Option<&str>| Hint {
        phrase: phrase.to_owned(),
        table: "parcels".to_owned(),
        column: column.map(str::to_owned),
        value: value.map(str::to_owned),
        formula: formula.map(str::to_owned),
    };
    let hints = Hints {
        meanings: vec![
            hint("gone", Some("status"), Some("lost"), None),
            hint(
                "loss rate",
                None,
                None,
                Some("countIf(status = 'lost') / count()"),
            ),
        ],
        harmless: Vec::new(),
    };
    let (reading, sql) = read("How many parcels are gone?", &hints).unwrap();
    assert!(reading.is_complete() && sql.contains("status = 'lost'"), "{sql}");
    let (reading, sql) = read("loss rate per country", &hints).unwrap();
    assert!(
        reading.is_complete() && sql.contains("country, countIf(status = 'lost') / count()"),
        "{sql}"
    );
}

#[test]
fn values_cannot_leave_their_quotes() {
    let mut catalog = catalog();
    catalog.tables[0].columns[4]
        .values
        .push("x' OR 1=1 --".to_owned());
    let (table, reading) = readings("How many parcels \"x' OR 1=1 --\"?", &catalog, &Hints::default())
        .into_iter()
        .next()
        .unwrap();
    let sql = compile::sql(&reading.spec, table);
    assert!(
        !sql.contains("x' OR") && (!sql.contains("OR 1") || sql.contains("'x\\' OR 1=1 --'")),
        "{sql}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_question_breaks_the_translator(question in "\\PC{0,120}") {
        let _ = read(&question, &Hints::default());
    }

    #[test]
    fn no_order_of_known_words_breaks_it(picked in proptest::collection::vec(0..WORDS.len(), 0..14)) {
        let question = picked.iter().map(|at| WORDS[*at]).collect::<Vec<_>>().join(" ");
        let _ = read(&question, &Hints::default());
    }
}

/// Words that start something in the translator.
const WORDS: [&str; 74] = [
    "how",
    "many",
    "number",
    "of",
    "average",
    "median",
    "p95",
    "95th",
    "percentile",
    "total",
    "share",
    "rate",
    "ratio",
    "parcels",
    "senders",
    "sender",
    "weight",
    "duration",
    "country",
    "per",
    "by",
    "each",
    "for",
    "top",
    "5",
    "most",
    "fewest",
    "more",
    "than",
    "less",
    "between",
    "and",
    "or",
    "not",
    "never",
    "but",
    "without",
    "no",
    "last",
    "week",
    "this",
    "past",
    "3",
    "days",
    "ago",
    "since",
    "Monday",
    "yesterday",
    "today",
    "in",
    "March",
    "2024",
    "minutes",
    "hours",
    "at",
    "9",
    "am",
    "latest",
    "first",
    "compare",
    "vs",
    "lost",
    "express",
    "delivered",
    "insured",
    "Germany",
    "both",
    "others",
    "running",
    "outliers",
    "difference",
    "highest",
    "lowest",
    "times",
];
