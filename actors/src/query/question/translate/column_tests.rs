//! What questions about several columns of a row mean, over a table of guided tours.

use super::phrase_tests::{all_in, column, read_in};
use crate::query::question::catalog::{Catalog, Table, role};
use crate::query::question::translate::Reading;

fn tours() -> Catalog {
    let text = "LowCardinality(String)";
    let mut table = Table {
        database: "travel".to_owned(),
        name: "tours".to_owned(),
        rows: 100_000,
        columns: vec![
            column("tour_id", "UInt64", 100_000, &[], ""),
            column("started_at", "DateTime", 90_000, &[], ""),
            column("guide_id", "UInt32", 40, &[], ""),
            column("guide_name", text, 40, &[], ""),
            column("start_square", text, 3, &["Market", "Castle", "Harbour"], ""),
            column("end_square", text, 3, &["Market", "Castle", "Harbour"], ""),
            column("ticket_kind", text, 2, &["day_pass", "single"], ""),
            column(
                "outcome",
                text,
                3,
                &["tour_finished", "cancelled", "refunded"],
                "",
            ),
            column("entry_fee", "Float64", 900, &[], ""),
            column("guide_fee", "Nullable(Float64)", 900, &[], ""),
            column("ticket_revenue", "Float64", 4_000, &[], ""),
            column("wages", "Float64", 4_000, &[], ""),
            column("rain_mm", "Float64", 300, &[], ""),
            column("is_confirmed", "UInt8", 2, &[], ""),
            column("radio_used", "UInt8", 2, &[], ""),
            column("ended_at", "Nullable(DateTime)", 80_000, &[], ""),
        ],
        ..Table::default()
    };
    for column in &mut table.columns {
        column.role = role(column, 100_000);
    }
    Catalog {
        version: String::new(),
        tables: vec![table],
    }
}

fn read(question: &str) -> (Reading, String) {
    read_in(&tours(), question)
}

/// Each question with a part that its SQL must have, and nothing left over.
fn all(cases: &[(&str, &str)]) {
    for (question, part) in cases {
        all_in(&tours(), &[(question, &[part])]);
    }
}

#[test]
fn columns_of_a_row_are_compared() {
    all(&[
        (
            "How many tours have a guide fee above the entry fee?",
            "WHERE guide_fee > entry_fee",
        ),
        (
            "What share of tours ends at the square where it started?",
            "countIf(end_square = start_square) / count()",
        ),
        (
            "How many tours start and end at the same square?",
            "WHERE end_square = start_square",
        ),
        (
            "Which guides have wages that exceed the ticket revenue?",
            "HAVING sum(wages) / sum(ticket_revenue) > 1",
        ),
        (
            "Which guides have wages of at least half the ticket revenue?",
            "HAVING sum(wages) / sum(ticket_revenue) >= 0.5",
        ),
    ]);
}

#[test]
fn columns_of_a_row_are_added() {
    all(&[
        (
            "Total of entry fee plus guide fee per start square",
            "sum(entry_fee + ifNull(guide_fee, 0))",
        ),
        (
            "What is the average of the entry fee and the guide fee together?",
            "avg(entry_fee + ifNull(guide_fee, 0))",
        ),
        ("Wages divided by 12 per end square", "sum(wages) / 12"),
    ]);
}

#[test]
fn parts_of_a_sum_are_shares() {
    all(&[(
        "How much of the total ticket revenue comes from the castle?",
        "sumIf(ticket_revenue, ",
    )]);
}

#[test]
fn names_stand_for_ids() {
    all(&[
        ("Number of tours per guide", "GROUP BY guide_name"),
        ("Number of tours per guide id", "GROUP BY guide_id"),
    ]);
}

#[test]
fn small_words_do_not_choose() {
    let (_, sql) = read("How many guides used a day pass yesterday?");
    assert!(sql.contains("ticket_kind = 'day_pass'"), "{sql}");
    assert!(!sql.contains("radio_used") && !sql.contains("GROUP BY"), "{sql}");
}

#[test]
fn what_cannot_be_is_declined() {
    for question in [
        "What share of cancelled tours were refunded?",
        "10 most booked tours this week",
        "How many tours of the student kind were there?",
    ] {
        let (reading, sql) = read(question);
        assert!(!reading.is_complete(), "{question}\n  {sql}");
    }
}
