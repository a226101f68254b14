//! What else each part of a reading could be: to be chosen from where a part is wrong, and the rest is right.
//!
//! A choice is told in words, the part as it is and as it is to be ([`Choice`]); the question is read again, and the choices
//! are made in it one after the other. So nothing that comes from outside is ever a reading itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::catalog::{Column, Role, Table};
use super::reading::{Chip, Part, parts};
use super::spec::{Aggregate, Dimension, Expression, Measure, OrderBy, Spec, Test};
use super::time::TimeUnit;

/// Most choices that can be made in one reading.
pub const MAX_CHOICES: usize = 20;
/// Most corrections of one part: what does not fit is better said in another way.
const MOST: usize = 18;
/// Most columns that are offered in the place of another.
const MOST_COLUMNS: usize = 10;
/// How many rows or groups an answer may be cut to.
const LIMITS: [u64; 4] = [1, 5, 10, 20];

/// A part of a reading that is to be another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The part: its `text`.
    pub part: String,
    /// One of its `corrections`.
    pub to: String,
}

/// A reading that differs from another in one part.
#[derive(Debug, Clone, PartialEq)]
struct Correction {
    /// The part as it would be, in words.
    text: String,
    /// All of the reading with that part.
    reading: Spec,
}

/// The parts of a reading over `table`, each with what else it could be.
pub fn with_corrections(spec: &Spec, table: &Table) -> Vec<Chip> {
    let with = |(part, chip): (Part, Chip)| {
        let texts = corrections(spec, table, part, &chip).into_iter();
        Chip {
            corrections: texts.map(|correction| correction.text).collect(),
            ..chip
        }
    };
    parts(spec).into_iter().map(with).collect()
}

/// The reading with a part exchanged; `None` when it has no such part, or that cannot be this.
pub fn corrected(spec: &Spec, table: &Table, Choice { part, to }: &Choice) -> Option<Spec> {
    let (place, chip) = parts(spec).into_iter().find(|(_, chip)| chip.text == *part)?;
    let mut possible = corrections(spec, table, place, &chip).into_iter();
    possible
        .find(|correction| correction.text == *to)
        .map(|correction| correction.reading)
}

fn corrections(spec: &Spec, table: &Table, part: Part, chip: &Chip) -> Vec<Correction> {
    let mut others = others(spec, table, part);
    others.retain(|other| other.reading != *spec && other.text != chip.text);
    others.truncate(MOST);
    others
}

fn others(spec: &Spec, table: &Table, part: Part) -> Vec<Correction> {
    match part {
        // What is measured of groups within groups has no column of the table.
        Part::Measure(at) if spec.over.is_none() => measures(spec, table, at),
        Part::By(at) => dimensions(spec, table, at),
        Part::Filter(at) => filters(spec, table, at),
        Part::Having(at) => {
            let mut without = spec.clone();
            without.having.remove(at);
            vec![left_out(without)]
        }
        Part::Order => orders(spec),
        // Another table is another question, and groups within groups are too much for a list.
        Part::Measure(_) | Part::Table | Part::Over | Part::OverHaving => Vec::new(),
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
            // A day has no hours.
            let has_hours = table
                .column(column)
                .is_none_or(|column| !matches!(column.plain_type(), "Date" | "Date32"));
            let units = [
                TimeUnit::Minute,
                TimeUnit::Hour,
                TimeUnit::Day,
                TimeUnit::Week,
                TimeUnit::Month,
                TimeUnit::Year,
            ];
            let units = units
                .into_iter()
                .filter(|unit| has_hours || *unit >= TimeUnit::Day);
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
        // What stands out does so in a series, and what adds up does so over time.
        if without.by.is_empty() {
            (without.outliers, without.cumulative) = (false, false);
        }
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
    use super::super::spec::{Filter, Groups, Order};
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

    fn texts<'a>(chips: &'a [Chip], kind: &str) -> Vec<&'a [String]> {
        let of_kind = chips.iter().filter(|chip| chip.kind == kind);
        of_kind.map(|chip| &chip.corrections[..]).collect()
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
    fn a_correction_changes_its_part_alone() {
        let (spec, table) = (spec(), table());
        let before = with_corrections(&spec, &table);
        for chip in &before {
            for to in &chip.corrections {
                let choice = Choice {
                    part: chip.text.clone(),
                    to: to.clone(),
                };
                let now = parts(&corrected(&spec, &table, &choice).expect("it was offered"));
                for other in before.iter().filter(|other| other.text != chip.text) {
                    // An order by a group goes with that group, and is told in its words.
                    let stays = now.iter().any(|(_, now)| now.text == other.text);
                    assert!(stays || other.kind == "order", "{to}: {}", other.text);
                }
            }
        }
    }

    #[test]
    fn what_was_not_offered_is_not_done() {
        let choose = |part: &str, to: &str| {
            let (part, to) = (part.to_owned(), to.to_owned());
            corrected(&spec(), &table(), &Choice { part, to })
        };
        assert!(choose("total price", "average price").is_some());
        assert_eq!(choose("total price", "average secret"), None);
        assert_eq!(choose("total secret", "average price"), None);
        assert_eq!(choose("by day", "by country"), None);
    }

    #[test]
    fn measures_of_groups_within_groups_stay_and_a_series_that_goes_takes_what_needs_it_along() {
        let over = Spec {
            over: Some(Groups {
                by: vec![Dimension::Column("customer".to_owned())],
                measure: None,
                having: Vec::new(),
            }),
            ..spec()
        };
        assert_eq!(
            texts(&with_corrections(&over, &table()), "measure"),
            [&[] as &[String]]
        );
        let outliers = Spec {
            by: vec![spec().by[0].clone()],
            order: None,
            outliers: true,
            ..spec()
        };
        let choice = Choice {
            part: "by day".to_owned(),
            to: "without this".to_owned(),
        };
        assert!(!corrected(&outliers, &table(), &choice).unwrap().outliers);
    }
}
