//! What follows from how data is modelled: sides, owners, units in names, what comments say, over voyages and matches.

use super::phrase_tests::{all_in, column};
use crate::query::question::catalog::{Catalog, Column, Table, role};

const TEXT: &str = "LowCardinality(String)";

fn table(name: &str, columns: Vec<Column>) -> Table {
    let mut table = Table {
        database: "club".to_owned(),
        name: name.to_owned(),
        rows: 100_000,
        columns,
        ..Table::default()
    };
    for column in &mut table.columns {
        column.role = role(column, 100_000);
    }
    table
}

fn club() -> Catalog {
    let voyages = table(
        "voyages",
        vec![
            column("begun_at", "DateTime", 90_000, &[], ""),
            column("ret_dt", "Nullable(DateTime)", 80_000, &[], ""),
            column("voyage_id", "UInt64", 100_000, &[], "unique number of the cruise"),
            column("skipper.id", "UInt32", 5_000, &[], ""),
            column("skipper.age_group", TEXT, 2, &["adult", "child"], ""),
            column("start_harbour", TEXT, 3, &["Kiel", "Bergen", "Visby"], ""),
            column("end_harbour", TEXT, 3, &["Kiel", "Bergen", "Visby"], ""),
            column("crew_size", "UInt16", 60, &[], "number of people on board"),
            column("rate_day", "Float64", 900, &[], ""),
            column("discount_pct", "UInt16", 60, &[], ""),
            column("duration_s", "UInt32", 9_000, &[], ""),
            column("water_l", "Float64", 4_000, &[], ""),
            column("stars", "UInt8", 5, &[], ""),
            column("device", TEXT, 2, &["desktop", "mobile"], ""),
            column(
                "alarm_code",
                "LowCardinality(Nullable(String))",
                2,
                &["LEAK", "FIRE"],
                "",
            ),
        ],
    );
    let matches = table(
        "matches",
        vec![
            column("played_at", "DateTime", 90_000, &[], ""),
            column("home_team", "String", 4_000, &["t1", "t2"], ""),
            column("away_team", "String", 4_000, &["t1", "t2"], ""),
            column("home_country", TEXT, 2, &["NO", "SE"], ""),
            column("winner", TEXT, 3, &["home", "away", "draw"], ""),
        ],
    );
    Catalog {
        version: String::new(),
        tables: vec![voyages, matches],
    }
}

#[test]
fn two_columns_are_held_against_each_other() {
    all_in(
        &club(),
        &[
            (
                "What share of the voyages ended in a different harbour than they started?",
                &["countIf(end_harbour != start_harbour) / count()"],
            ),
            (
                "How many voyages start and end in the same harbour?",
                &["count()", "end_harbour = start_harbour"],
            ),
        ],
    );
}

#[test]
fn names_have_units_and_parts() {
    all_in(
        &club(),
        &[
            (
                "What is the average daily rate of voyages?",
                &["SELECT avg(rate_day)"],
            ),
            ("average discount percentage of voyages", &["avg(discount_pct)"]),
            (
                "How long does a voyage last on average, in minutes?",
                &["avg(duration_s) / 60"],
            ),
            ("total water in cubic metres", &["sum(water_l) / 1000"]),
            (
                "Stars on average: mobile vs desktop voyages",
                &["avg(stars)", "GROUP BY device"],
            ),
        ],
    );
}

#[test]
fn comments_and_owners_say_what_is_counted() {
    all_in(
        &club(),
        &[
            (
                "How many voyages for more than six people were there?",
                &["crew_size > 6"],
            ),
            ("Number of cruises per device", &["count()", "GROUP BY device"]),
            (
                "Which adults booked more than 5 voyages?",
                &["GROUP BY `skipper.id` HAVING count() > 5", "'adult'"],
            ),
            (
                "How many children were there in voyages today?",
                &["uniqExact(`skipper.id`)", "'child'"],
            ),
            ("How many voyages have not come back yet?", &["ret_dt IS NULL"]),
            (
                "What proportion of the voyages carries an alarm?",
                &["countIf(alarm_code IS NOT NULL) / count()"],
            ),
        ],
    );
}

#[test]
fn sides_are_no_values_and_opposed_values_stand_beside_each_other() {
    all_in(
        &club(),
        &[
            (
                "How many different home teams from Norway have played?",
                &["uniqExact(home_team)", "WHERE home_country = 'NO'"],
            ),
            (
                "Do desktop users give better stars on average than mobile users?",
                &["avg(stars)", "GROUP BY device"],
            ),
        ],
    );
}
