//! Codes, ids and states that only comments tell of, over a table of bicycle repairs.

use crate::query::question::catalog::{Catalog, Table, role};
use crate::query::question::translate::phrase_tests::{all_in, column};
use crate::query::question::translate::{Hints, readings};

const ROWS: u64 = 40_000;

fn repairs() -> Catalog {
    let text = "LowCardinality(String)";
    let mut table = Table {
        database: "workshop".to_owned(),
        name: "repairs".to_owned(),
        rows: ROWS,
        columns: vec![
            column("brought_at", "DateTime", 39_000, &[], ""),
            column(
                "ready_at",
                "Nullable(DateTime)",
                30_000,
                &[],
                "when it was done, empty while the repair is ongoing",
            ),
            column("slip", "UInt32", ROWS, &[], ""),
            column("bike_id", "UInt32", 9_000, &[], "the bicycle"),
            column("owner_ref", "UInt32", 7_000, &[], "customer who owns it"),
            column(
                "urgency",
                "UInt8",
                4,
                &[],
                "1 = safety critical, 2 = pressing, 3 = ordinary",
            ),
            column("work", text, 2, &["PAD", "GEA"], "PAD worn brake pads, GEA gears"),
            column(
                "frame",
                text,
                2,
                &["CRB", "STL"],
                "material: CRB (carbon), STL (steel)",
            ),
            column("branch", text, 3, &["harbour", "repair", "north"], ""),
            column("price", "Decimal(8, 2)", 3_000, &[], "in euro"),
        ],
        ..Table::default()
    };
    for column in &mut table.columns {
        column.role = role(column, ROWS);
    }
    Catalog {
        version: String::new(),
        tables: vec![table],
    }
}

#[test]
fn numbers_and_brackets_and_long_explanations_are_codes() {
    all_in(
        &repairs(),
        &[
            ("How many safety-critical repairs were there?", &["urgency = 1"]),
            ("How many carbon repairs did we have today?", &["frame = 'CRB'"]),
            ("brake pads repairs per day", &["work = 'PAD'"]),
        ],
    );
}

#[test]
fn what_is_different_is_counted_by_its_column() {
    all_in(
        &repairs(),
        &[
            (
                "How many different bicycles with steel frames were repaired?",
                &["uniqExact(bike_id)", "frame = 'STL'"],
            ),
            (
                "How many different customers were there?",
                &["uniqExact(owner_ref)"],
            ),
        ],
    );
    let catalog = repairs();
    let (_, reading) = readings("How many different steel mechanics?", &catalog, &Hints::default())
        .into_iter()
        .next()
        .unwrap_or_else(|| panic!("no reading"));
    assert!(!reading.is_complete(), "nothing tells mechanics apart");
}

#[test]
fn states_last_until_a_time() {
    all_in(
        &repairs(),
        &[("How many repairs are ongoing?", &["ready_at IS NULL"])],
    );
}

#[test]
fn answers_stand_beside_each_other() {
    all_in(
        &repairs(),
        &[
            (
                "Carbon or steel frames: how many repairs did each have yesterday?",
                &["GROUP BY frame", "IN ('CRB', 'STL')"],
            ),
            (
                "number and average price of repairs",
                &["count() AS number", "avg(price)"],
            ),
            (
                "Which branches, except harbour and north, have more than 20 repairs?",
                &["branch NOT IN ('harbour', 'north')", "count() > 20"],
            ),
        ],
    );
}
