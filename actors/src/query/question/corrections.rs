//! What else each part of a reading could be: to be chosen from where a part is wrong, and the rest is right.
//!
//! A correction is a whole reading. Choosing one asks the question again as it says ([`AskRequest::corrected`]); nothing
//! is translated anew, so that nothing else changes.
//!
//! [`AskRequest::corrected`]: super::ask::AskRequest::corrected

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::catalog::{Column, Role, Table};
use super::reading::{Chip, Part, parts};
use super::spec::{Aggregate, Dimension, Expression, Measure, OrderBy, Spec, Test};
use super::time::TimeUnit;

/// Most corrections of one part: what does not fit is better said in another way.
const MOST: usize = 18;
/// Most columns that are offered in the place of another.
const MOST_COLUMNS: usize = 10;
/// How many rows or groups an answer may be cut to.
const LIMITS: [u64; 4] = [1, 5, 10, 20];

/// A reading that differs from another in one part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Correction {
    /// The part as it would be, in words.
    pub text: String,
    /// All of the reading with that part, to be sent with the question.
    #[schema(value_type = Object)]
    pub reading: Spec,
}

/// The parts of a reading over `table`, each with what else it could be.
pub fn with_corrections(spec: &Spec, table: &Table) -> Vec<Chip> {
    let with = |(part, chip): (Part, Chip)| {
        let mut others = others(spec, table, part);
        others.retain(|other| other.reading != *spec && other.text != chip.text);
        others.truncate(MOST);
        Chip {
            corrections: others,
            ..chip
        }
    };
    parts(spec).into_iter().map(with).collect()
}

/// Whether a reading that came from outside is over `table`, and each of its parts is there.
pub fn is_sound(spec: &Spec, table: &Table) -> bool {
    let is_there = match spec.order.as_ref().map(|order| &order.by) {
        Some(OrderBy::Measure(at)) => *at < spec.measures.len(),
        Some(OrderBy::Dimension(at)) => *at < spec.by.len(),
        Some(OrderBy::Column(_)) | None => true,
    };
    is_there && spec.database == table.database && spec.table == table.name
}

fn others(spec: &Spec, table: &Table, part: Part) -> Vec<Correction> {
    match part {
        Part::Measure(at) => measures(spec, table, at),
        Part::By(at) => dimensions(spec, table, at),
        Part::Filter(at) => filters(spec, table, at),
        Part::Having(at) => {
            let mut without = spec.clone();
            without.having.remove(at);
            vec![left_out(without)]
        }
        Part::Order => orders(spec),
        // Another table is another question, and groups within groups are too much for a list.
        Part::Table | Part::Over | Part::OverHaving => Vec::new(),
    }
}

fn left_out(reading: Spec) -> Correction {
    Correction {
        text: "without this".to_owned(),
        reading,
    }
}

/// A reading with the words for one of its parts.
fn named(reading: Spec, part: Part) -> Option<Correction> {
    let (_, chip) = parts(&reading).into_iter().find(|(here, _)| *here == part)?;
    Some(Correction {
        text: chip.text,
        reading,
    })
}

fn measures(spec: &Spec, table: &Table, at: usize) -> Vec<Correction> {
    let measure = &spec.measures[at];
    let replaced = |other: Measure| {
        let mut reading = spec.clone();
        reading.measures[at] = other;
        named(reading, Part::Measure(at))
    };
    let aggregated = |aggregate: Aggregate, column: &str| Measure {
        aggregate,
        of: Some(Expression::Column(column.to_owned())),
        // The unit that was asked for is one of the column that was meant.
        divisor: None,
        ..measure.clone()
    };
    let mut others = Vec::new();
    match (&measure.of, measure.aggregate) {
        (Some(Expression::Column(name)), aggregate) if is_of_numbers(aggregate) => {
            let other_ways = [
                Aggregate::Sum,
                Aggregate::Average,
                Aggregate::Quantile(0.5),
                Aggregate::Minimum,
                Aggregate::Maximum,
            ];
            others.extend(other_ways.map(|aggregate| Measure {
                aggregate,
                ..measure.clone()
            }));
            let columns = columns(table, &[Role::Measure], name);
            others.extend(columns.map(|column| aggregated(aggregate, &column.name)));
            others.push(counted(measure));
        }
        (Some(Expression::Column(name)), Aggregate::Distinct) => {
            let columns = columns(table, &[Role::Id, Role::Dimension], name);
            others.extend(columns.map(|column| aggregated(Aggregate::Distinct, &column.name)));
            others.push(counted(measure));
        }
        (None, Aggregate::Count) => {
            let ids = columns(table, &[Role::Id], "").take(MOST_COLUMNS / 2);
            others.extend(ids.map(|column| aggregated(Aggregate::Distinct, &column.name)));
            let numbers = columns(table, &[Role::Measure], "").take(MOST_COLUMNS / 2);
            others.extend(numbers.map(|column| aggregated(Aggregate::Sum, &column.name)));
        }
        _ => {}
    }
    let mut corrections: Vec<Correction> = others.into_iter().filter_map(replaced).collect();
    if !measure.only.is_empty() && !matches!(measure.aggregate, Aggregate::Share | Aggregate::Ratio) {
        let all = Measure {
            only: Vec::new(),
            ..measure.clone()
        };
        corrections.extend(replaced(all));
    }
    corrections
}

fn counted(measure: &Measure) -> Measure {
    Measure {
        only: measure.only.clone(),
        ..Measure::count()
    }
}

fn is_of_numbers(aggregate: Aggregate) -> bool {
    matches!(
        aggregate,
        Aggregate::Sum
            | Aggregate::Average
            | Aggregate::Minimum
            | Aggregate::Maximum
            | Aggregate::Quantile(_)
            | Aggregate::Spread
            | Aggregate::Deviation
    )
}

fn dimensions(spec: &Spec, table: &Table, at: usize) -> Vec<Correction> {
    let replaced = |other: Dimension| {
        let mut reading = spec.clone();
        reading.by[at] = other;
        named(reading, Part::By(at))
    };
    let mut corrections: Vec<Correction> = match &spec.by[at] {
        Dimension::Time { column, .. } => {
            let units = [
                TimeUnit::Minute,
                TimeUnit::Hour,
                TimeUnit::Day,
                TimeUnit::Week,
                TimeUnit::Month,
                TimeUnit::Year,
            ];
            let times = columns(table, &[Role::Time], column).map(|column| &column.name);
            let same_unit = |column: &String| match &spec.by[at] {
                Dimension::Time { every, unit, .. } => Some(Dimension::Time {
                    every: *every,
                    unit: *unit,
                    column: column.clone(),
                }),
                _ => None,
            };
            let other_unit = |unit| Dimension::Time {
                every: 1,
                unit,
                column: column.clone(),
            };
            let of_columns = times.filter_map(|name| {
                let mut correction = replaced(same_unit(name)?)?;
                // The words for a span of time do not say of which column.
                correction.text = format!("{} of {name}", correction.text);
                Some(correction)
            });
            units
                .into_iter()
                .filter_map(|unit| replaced(other_unit(unit)))
                .chain(of_columns)
                .collect()
        }
        Dimension::Column(name) => columns(table, &[Role::Dimension, Role::Flag, Role::Id], name)
            .filter_map(|column| replaced(Dimension::Column(column.name.clone())))
            .collect(),
        Dimension::Item(_) | Dimension::Part { .. } | Dimension::Periods { .. } => Vec::new(),
    };
    if !spec.measures.is_empty() {
        let mut without = spec.clone();
        without.by.remove(at);
        // An order by a group that is gone, or has moved, is none.
        if let Some(OrderBy::Dimension(_)) = without.order.as_ref().map(|order| &order.by) {
            without.order = None;
        }
        corrections.push(left_out(without));
    }
    corrections
}

fn filters(spec: &Spec, table: &Table, at: usize) -> Vec<Correction> {
    let filter = &spec.filters[at];
    let mut corrections = Vec::new();
    let mut without = spec.clone();
    without.filters.remove(at);
    corrections.push(left_out(without));
    let mut opposite = spec.clone();
    opposite.filters[at].negated = !filter.negated;
    corrections.extend(named(opposite, Part::Filter(at)));
    let others: Vec<&Column> = match &filter.test {
        // Columns in which the same values are.
        Test::In(values) => columns(
            table,
            &[Role::Dimension, Role::Id, Role::Text, Role::Flag],
            &filter.column,
        )
        .filter(|column| values.iter().all(|value| column.values.contains(value)))
        .collect(),
        Test::During(_) => columns(table, &[Role::Time], &filter.column).collect(),
        Test::Compare(..) | Test::Between(..) => columns(table, &[Role::Measure], &filter.column).collect(),
        _ => Vec::new(),
    };
    for column in others {
        let mut reading = spec.clone();
        reading.filters[at].column.clone_from(&column.name);
        corrections.extend(named(reading, Part::Filter(at)));
    }
    corrections
}

fn orders(spec: &Spec) -> Vec<Correction> {
    let Some(order) = &spec.order else {
        return Vec::new();
    };
    let mut reverse = spec.clone();
    let mut other = order.clone();
    other.descending = !order.descending;
    reverse.order = Some(other);
    let limited = LIMITS.iter().map(|limit| Spec {
        limit: Some(*limit),
        ..spec.clone()
    });
    let all = spec.limit.map(|_| Spec {
        limit: None,
        ..spec.clone()
    });
    [reverse]
        .into_iter()
        .chain(limited)
        .chain(all)
        .filter_map(|reading| named(reading, Part::Order))
        .collect()
}

/// The table's columns of these roles, in the order of the roles, but for the one that is named.
fn columns<'a>(table: &'a Table, roles: &'a [Role], but: &'a str) -> impl Iterator<Item = &'a Column> {
    roles
        .iter()
        .flat_map(|role| table.with_role(*role))
        .filter(move |column| column.name != but)
        .take(MOST_COLUMNS)
}

#[cfg(test)]
mod tests {
    use super::super::compile;
    use super::super::spec::{Filter, Order};
    use super::*;

    fn column(name: &str, role: Role, values: &[&str]) -> Column {
        let column_type = match role {
            Role::Measure => "Float64",
            Role::Time => "DateTime",
            _ => "String",
        };
        Column {
            name: name.to_owned(),
            column_type: column_type.to_owned(),
            role,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            ..Column::default()
        }
    }

    fn table() -> Table {
        Table {
            database: "events".to_owned(),
            name: "orders".to_owned(),
            columns: vec![
                column("at", Role::Time, &[]),
                column("paid_at", Role::Time, &[]),
                column("price", Role::Measure, &[]),
                column("tax", Role::Measure, &[]),
                column("customer", Role::Id, &[]),
                column("country", Role::Dimension, &["DE", "FR"]),
                column("shipped_to", Role::Dimension, &["DE", "US"]),
                column("channel", Role::Dimension, &["web", "app"]),
            ],
            ..Table::default()
        }
    }

    fn spec() -> Spec {
        Spec {
            database: "events".to_owned(),
            table: "orders".to_owned(),
            measures: vec![Measure::of(
                Aggregate::Sum,
                Some(Expression::Column("price".to_owned())),
            )],
            by: vec![
                Dimension::Time {
                    every: 1,
                    unit: TimeUnit::Day,
                    column: "at".to_owned(),
                },
                Dimension::Column("channel".to_owned()),
            ],
            filters: vec![Filter::new("country", Test::In(vec!["DE".to_owned()]))],
            order: Some(Order {
                by: OrderBy::Dimension(1),
                descending: true,
            }),
            limit: Some(10),
            ..Spec::default()
        }
    }

    fn texts(chips: &[Chip], kind: &str) -> Vec<Vec<String>> {
        let of_kind = chips.iter().filter(|chip| chip.kind == kind);
        of_kind
            .map(|chip| chip.corrections.iter().map(|other| other.text.clone()).collect())
            .collect()
    }

    #[test]
    fn each_part_can_be_another() {
        let chips = with_corrections(&spec(), &table());
        assert_eq!(
            texts(&chips, "measure"),
            [[
                "average price",
                "median price",
                "smallest price",
                "largest price",
                "total tax",
                "number of rows"
            ]]
        );
        let by = texts(&chips, "by");
        assert_eq!(
            by[0],
            [
                "by minute",
                "by hour",
                "by week",
                "by month",
                "by year",
                "by day of paid_at",
                "without this"
            ]
        );
        assert_eq!(
            by[1],
            ["by country", "by shipped_to", "by customer", "without this"]
        );
        // Only a column that has the value can be meant by it.
        assert_eq!(
            texts(&chips, "filter"),
            [["without this", "country is not DE", "shipped_to is DE"]]
        );
        assert_eq!(
            texts(&chips, "order"),
            [[
                "the smallest channel first, 10 at most",
                "the largest channel first, 1 at most",
                "the largest channel first, 5 at most",
                "the largest channel first, 20 at most",
                "the largest channel first"
            ]]
        );
    }

    #[test]
    fn a_correction_changes_its_part_alone_and_makes_a_statement() {
        let (spec, table) = (spec(), table());
        for (at, chip) in with_corrections(&spec, &table).iter().enumerate() {
            for Correction { text, reading } in &chip.corrections {
                assert!(is_sound(reading, &table), "{text}");
                assert!(!compile::sql(reading, &table).is_empty());
                let now = parts(reading);
                for (other, (part, before)) in parts(&spec).into_iter().enumerate() {
                    // An order by a group goes with that group.
                    if other == at || part == Part::Order || text == "without this" {
                        continue;
                    }
                    assert!(
                        now.iter().any(|(_, chip)| chip.text == before.text),
                        "{text}: {}",
                        before.text
                    );
                }
                let json = serde_json::to_string(reading).unwrap();
                assert_eq!(
                    serde_json::from_str::<Spec>(&json).unwrap(),
                    *reading,
                    "as it comes back"
                );
            }
        }
    }

    #[test]
    fn a_reading_from_outside_must_hold_together() {
        assert!(is_sound(&spec(), &table()));
        let other_table = Spec {
            table: "users".to_owned(),
            ..spec()
        };
        assert!(!is_sound(&other_table, &table()));
        let nowhere = Spec {
            by: Vec::new(),
            ..spec()
        };
        assert!(
            !is_sound(&nowhere, &table()),
            "its order is by a group that is not there"
        );
    }
}
