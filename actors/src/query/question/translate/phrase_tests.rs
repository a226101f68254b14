//! What ways of asking mean, each over a table of parcels that has what they need.

use crate::query::question::catalog::{Catalog, Column, Table, role};
use crate::query::question::compile;
use crate::query::question::translate::{Hints, Reading, readings};

pub(super) fn column(name: &str, column_type: &str, distinct: u64, values: &[&str], comment: &str) -> Column {
    Column {
        name: name.to_owned(),
        column_type: column_type.to_owned(),
        distinct,
        nulls: u64::from(column_type.starts_with("Nullable")) * 10,
        min: "0".to_owned(),
        max: distinct.saturating_sub(1).to_string(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        values_complete: true,
        comment: comment.to_owned(),
        ..Column::default()
    }
}

fn parcels() -> Catalog {
    let text = "LowCardinality(String)";
    let mut table = Table {
        database: "post".to_owned(),
        name: "parcels".to_owned(),
        rows: 100_000,
        columns: vec![
            column("sent_at", "DateTime64(3)", 90_000, &[], ""),
            column("promised_by", "DateTime64(3)", 90_000, &[], ""),
            column("delivered_at", "Nullable(DateTime64(3))", 80_000, &[], ""),
            column("parcel_id", "UInt64", 100_000, &[], ""),
            column("sender_id", "UInt32", 5_000, &[], ""),
            column(
                "status",
                text,
                5,
                &["delivered", "in_transit", "lost", "returned", "no_show"],
                "",
            ),
            column("service", text, 2, &["EXP", "STD"], "EXP express, STD standard"),
            column("zone", text, 2, &["N", "S"], "N north, S south"),
            column("hub", text, 3, &["FRA", "VIE", "BER"], ""),
            column("from_city", text, 2, &["Bonn", "Ulm"], ""),
            column("to_city", text, 2, &["Bonn", "Ulm"], ""),
            column("weight_kg", "Float64", 4_000, &[], ""),
            column("fee_cents", "UInt32", 900, &[], ""),
            column("attempts", "UInt16", 60, &[], ""),
            column("is_insured", "UInt8", 2, &[], ""),
            column("note", "Nullable(String)", 40_000, &["fragile"], ""),
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
    read_in(&parcels(), question)
}

pub(super) fn read_in(catalog: &Catalog, question: &str) -> (Reading, String) {
    let (table, reading) = readings(question, catalog, &Hints::default())
        .into_iter()
        .next()
        .unwrap_or_else(|| panic!("{question}: no reading"));
    let sql = compile::sql(&reading.spec, table);
    (reading, sql.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn all(cases: &[(&str, &[&str])]) {
    all_in(&parcels(), cases);
}

/// Each question with parts that its SQL must have, and nothing left over.
pub(super) fn all_in(catalog: &Catalog, cases: &[(&str, &[&str])]) {
    for (question, parts) in cases {
        let (reading, sql) = read_in(catalog, question);
        assert!(
            reading.is_complete(),
            "{question}: {:?} in {sql}",
            reading.residue
        );
        for part in *parts {
            assert!(sql.contains(part), "{question}\n  lacks {part}\n  {sql}");
        }
    }
}

#[test]
fn a_comment_says_what_codes_stand_for() {
    all(&[
        (
            "How many express parcels were lost?",
            &["service = 'EXP' AND status = 'lost'"],
        ),
        (
            "How many parcels went to the northern zone?",
            &["count()", "zone = 'N'"],
        ),
    ]);
}

#[test]
fn values_are_found_as_people_write_them() {
    all(&[
        ("How many no-shows were there?", &["status = 'no_show'"]),
        ("How many parcels were sent back?", &["status = 'returned'"]),
        ("parcels that are on their way", &["status = 'in_transit'"]),
        (
            "How many parcels went through Vienna and Berlin?",
            &["hub IN ('VIE', 'BER')"],
        ),
        ("How many parcels went to Bonn?", &["to_city = 'Bonn'"]),
        ("How many parcels came from Bonn?", &["from_city = 'Bonn'"]),
    ]);
}

#[test]
fn what_was_done_is_held_against_what_was_promised() {
    all(&[
        (
            "What share of the delivered parcels came late, by zone?",
            &["countIf(delivered_at > promised_by) / count()", "GROUP BY zone"],
        ),
        ("How many parcels were on time?", &["delivered_at <= promised_by"]),
        (
            "How many parcels are overdue?",
            &["delivered_at IS NULL AND promised_by < now()"],
        ),
        (
            "How many parcels are there whose promised time has passed?",
            &["delivered_at IS NULL AND promised_by < now()"],
        ),
        ("How many parcels are still open?", &["delivered_at IS NULL"]),
        (
            "How many parcels were delivered yesterday?",
            &["WHERE delivered_at >= yesterday() AND delivered_at < today()"],
        ),
    ]);
}

#[test]
fn amounts_are_told_in_the_unit_that_is_asked_for() {
    all(&[
        ("Average weight in grams per service", &["avg(weight_kg) / 0.001"]),
        (
            "How many kilograms were sent in total this week?",
            &["SELECT sum(weight_kg) AS"],
        ),
        ("total fees per zone", &["sum(fee_cents) / 100"]),
        (
            "What did senders pay for parcels this month?",
            &["sum(fee_cents) / 100"],
        ),
        (
            "How many parcels weigh more than 500 grams?",
            &["weight_kg > 0.5"],
        ),
        (
            "How many hours does it take on average from sending to delivery?",
            &["avg(dateDiff('second', sent_at, delivered_at)) / 3600"],
        ),
    ]);
}

#[test]
fn what_rows_have_and_lack_is_a_condition() {
    all(&[
        ("parcels with a note per zone", &["count()", "note IS NOT NULL"]),
        ("How many parcels have no note?", &["note IS NULL"]),
        ("How many parcels had no attempts?", &["attempts = 0"]),
        ("How many uninsured parcels are there?", &["is_insured = 0"]),
        (
            "Share of parcels with a note",
            &["countIf(note IS NOT NULL) / count()"],
        ),
    ]);
}

#[test]
fn one_thing_is_divided_by_another() {
    all(&[
        (
            "Lost parcels per returned parcel for each zone",
            &[
                "countIf(status = 'lost') / countIf(status = 'returned')",
                "GROUP BY zone",
            ],
        ),
        (
            "Loss rate by zone, that is lost divided by delivered",
            &["countIf(status = 'lost') / countIf(status = 'delivered')"],
        ),
        ("fee per attempt", &["sum(fee_cents) / sum(attempts)"]),
    ]);
}

#[test]
fn things_are_ranked_and_listed() {
    all(&[
        (
            "five senders with the most lost parcels",
            &["GROUP BY sender_id ORDER BY number DESC, sender_id LIMIT 5"],
        ),
        (
            "senders with more than 12 parcels",
            &["GROUP BY sender_id HAVING count() > 12"],
        ),
        ("Top parcel weight by zone", &["max(weight_kg)"]),
        (
            "Show me the 5 most recent lost parcels",
            &["status = 'lost' ORDER BY sent_at DESC LIMIT 5"],
        ),
        (
            "What is the latest weight of sender 7?",
            &["argMax(weight_kg, sent_at)", "sender_id = 7"],
        ),
        (
            "top 3 routes by number of parcels",
            &["GROUP BY from_city, to_city", "LIMIT 3"],
        ),
        (
            "How many senders had a lost parcel but never a returned one?",
            &["countIf(status = 'returned') = 0 AND countIf(status = 'lost') > 0"],
        ),
    ]);
}

#[test]
fn words_that_change_nothing_are_let_go_and_named() {
    for (question, word) in [
        ("How many support parcels were lost?", "support"),
        ("How many senders chartered a lost parcel?", "chartered"),
    ] {
        let (reading, sql) = read(question);
        assert!(reading.is_complete(), "{question}: {:?} {sql}", reading.residue);
        assert!(
            reading.assumptions.iter().any(|said| said.contains(word)),
            "{question}: {:?}",
            reading.assumptions
        );
    }
}

#[test]
fn words_that_choose_are_never_let_go() {
    for (question, word) in [
        ("How many blue parcels were lost?", "blue"),
        ("Blue parcels: how many per zone?", "Blue"),
        ("How many refunded parcels are there?", "refunded"),
        ("How many parcels were refunded?", "refunded"),
        ("How many parcels went to Oslo?", "Oslo"),
        ("How many complaints were there per zone?", "complaints"),
        ("Which depot has the most parcels?", "depot"),
        ("average weight per depot", "what \"each\" is of"),
        ("How many parcels are bigger?", "bigger"),
    ] {
        let (reading, sql) = read(question);
        assert!(
            reading.residue.iter().any(|left| left == word),
            "{question}: {:?} {sql}",
            reading.residue
        );
    }
}
