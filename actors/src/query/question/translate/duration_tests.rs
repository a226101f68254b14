//! Readings of questions over a table of ferry crossings: how long things take, what has not come yet, what lies ahead.

use crate::query::question::catalog::{Catalog, Column, Table, role};
use crate::query::question::compile;
use crate::query::question::translate::{Hints, readings};

fn time(name: &str, column_type: &str, max: &str, comment: &str) -> Column {
    Column {
        name: name.to_owned(),
        column_type: column_type.to_owned(),
        comment: comment.to_owned(),
        distinct: 9_000,
        nulls: u64::from(column_type.starts_with("Nullable")),
        min: "2026-01-01 00:00:00".to_owned(),
        max: max.to_owned(),
        ..Column::default()
    }
}

fn crossings() -> Table {
    let now = "2026-05-01 12:00:00";
    let mut table = Table {
        database: "port".to_owned(),
        name: "crossings".to_owned(),
        rows: 10_000,
        columns: vec![
            time("booked_at", "DateTime", now, "when the ticket was bought"),
            time("sails_at", "DateTime", "2026-05-20 08:00:00", "planned sailing"),
            time("boarded_at", "Nullable(DateTime)", now, ""),
            time(
                "left_ship_at",
                "Nullable(DateTime)",
                now,
                "when the vehicle drove off, empty while it is still aboard",
            ),
            Column {
                name: "route".to_owned(),
                column_type: "LowCardinality(String)".to_owned(),
                distinct: 2,
                values: vec!["Calais".to_owned(), "Dieppe".to_owned()],
                values_complete: true,
                ..Column::default()
            },
        ],
        ..Table::default()
    };
    for column in &mut table.columns {
        column.role = role(column, table.rows);
    }
    table
}

fn sql(question: &str) -> Option<String> {
    let catalog = Catalog {
        version: String::new(),
        tables: vec![crossings()],
    };
    let (table, reading) = readings(question, &catalog, &Hints::default())
        .into_iter()
        .next()?;
    reading.is_complete().then(|| {
        compile::sql(&reading.spec, table)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    })
}

#[test]
fn spans_lie_between_the_moments_that_are_named() {
    let hours = "avg(dateDiff('second', booked_at, boarded_at)) / 3600";
    for question in [
        "How many hours pass on average between buying the ticket and boarding?",
        "average hours from booking to boarding",
    ] {
        let sql = sql(question).unwrap_or_default();
        assert!(sql.contains(hours), "{question}: {sql}");
    }
    let by_route = sql("median number of minutes between boarding and leaving, by route").unwrap_or_default();
    assert!(
        by_route.contains("quantileExact(0.5)(dateDiff('second', boarded_at, left_ship_at)) / 60")
            && by_route.contains("GROUP BY route"),
        "{by_route}"
    );
}

#[test]
fn courses_go_from_the_beginning_to_the_end() {
    let of_trip = "dateDiff('second', boarded_at, left_ship_at)";
    for question in [
        "average length of a trip in hours by route",
        "average travel time in minutes by route",
        "longest trip time by vehicle on the Calais route",
        "Which route has the longest average travel time?",
        "how many minutes do they stay aboard on average?",
        "how many crossings had vehicles staying longer than 3 hours?",
    ] {
        let sql = sql(question).unwrap_or_default();
        assert!(sql.contains(of_trip), "{question}: {sql}");
    }
}

#[test]
fn what_is_still_going_on_has_no_end() {
    for question in [
        "How many crossings to Calais are still aboard?",
        "How many crossings are still on the Calais route?",
        "number of crossings awaiting departure",
    ] {
        let sql = sql(question).unwrap_or_default();
        assert!(
            sql.contains("left_ship_at IS NULL") && !sql.contains("NOT NULL"),
            "{question}: {sql}"
        );
    }
}

#[test]
fn spans_ahead_are_of_what_is_planned() {
    let ahead = "sails_at >= now() AND sails_at < now() + INTERVAL 3 DAY";
    for question in [
        "number of crossings in the next 3 days",
        "how many crossings are planned within the next 3 days?",
    ] {
        let sql = sql(question).unwrap_or_default();
        assert!(sql.contains(ahead), "{question}: {sql}");
    }
}

#[test]
fn distances_from_now_are_spans() {
    let old = sql("how many crossings were booked more than 2 days ago?").unwrap_or_default();
    assert!(old.contains("WHERE booked_at < now() - INTERVAL 2 DAY"), "{old}");
}

#[test]
fn when_asks_for_the_time_of_the_verb() {
    for (question, time) in [
        (
            "When did the last vehicle leave the ship on the Calais route?",
            "max(left_ship_at)",
        ),
        ("When was the last crossing to Dieppe booked?", "max(booked_at)"),
    ] {
        let sql = sql(question).unwrap_or_default();
        assert!(sql.contains(time), "{question}: {sql}");
    }
}
