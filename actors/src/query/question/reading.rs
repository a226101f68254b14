//! A reading in words, as people check it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::compile::{self, comparison_words};
use super::spec::{Aggregate, Dimension, Expression, Filter, Having, Measure, OrderBy, Spec, Test};
use super::time::DayPart;

/// A part of how a question was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Chip {
    /// What the part is: `table`, `measure`, `by`, `filter`, `order`.
    pub kind: String,
    /// The part in words.
    pub text: String,
    /// What else it could be; see [`corrections`](super::corrections).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<String>,
}

/// Where in a reading a part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The table.
    Table,
    /// The measure of that place.
    Measure(usize),
    /// Groups whose measures are measured.
    Over,
    /// A condition on these.
    OverHaving,
    /// The group of that place.
    By(usize),
    /// The condition of that place.
    Filter(usize),
    /// The condition on groups of that place.
    Having(usize),
    /// The order and how many.
    Order,
}

/// The parts of a reading.
pub fn chips(spec: &Spec) -> Vec<Chip> {
    parts(spec).into_iter().map(|(_, chip)| chip).collect()
}

/// The parts of a reading, and where they stand.
pub(super) fn parts(spec: &Spec) -> Vec<(Part, Chip)> {
    let chip = |kind: &str, text: String| Chip {
        kind: kind.to_owned(),
        text,
        corrections: Vec::new(),
    };
    let mut parts = vec![(Part::Table, chip("table", compile::name(&spec.table)))];
    let measures = spec.measures.iter().enumerate();
    parts.extend(measures.map(|(at, of)| (Part::Measure(at), chip("measure", measure(of)))));
    if let Some(over) = &spec.over {
        let each = over.by.iter().map(dimension).collect::<Vec<_>>().join(", ");
        let inner = over
            .measure
            .as_ref()
            .map_or_else(String::new, |of| format!(", of each its {}", measure(of)));
        parts.push((Part::Over, chip("by", format!("over every {each}{inner}"))));
        let conditions = over.having.iter();
        parts.extend(conditions.map(|of| (Part::OverHaving, chip("filter", having(of)))));
    }
    let by = spec.by.iter().enumerate();
    parts.extend(by.map(|(at, by)| (Part::By(at), chip("by", format!("by {}", dimension(by))))));
    let filters = spec.filters.iter().enumerate();
    parts.extend(filters.map(|(at, of)| (Part::Filter(at), chip("filter", filter(of)))));
    let groups = spec.having.iter().enumerate();
    parts.extend(groups.map(|(at, of)| (Part::Having(at), chip("filter", having(of)))));
    if let Some(order) = &spec.order {
        let by = match &order.by {
            OrderBy::Measure(at) => spec.measures.get(*at).map(measure).unwrap_or_default(),
            OrderBy::Dimension(at) => spec.by.get(*at).map(dimension).unwrap_or_default(),
            OrderBy::Column(name) => name.clone(),
        };
        let first = if order.descending {
            "the largest"
        } else {
            "the smallest"
        };
        let count = spec
            .limit
            .map_or_else(String::new, |limit| format!(", {limit} at most"));
        parts.push((Part::Order, chip("order", format!("{first} {by} first{count}"))));
    }
    parts
}

/// The reading as one sentence.
pub fn sentence(spec: &Spec) -> String {
    chips(spec)
        .into_iter()
        .filter(|chip| chip.kind != "table")
        .map(|chip| chip.text)
        .collect::<Vec<_>>()
        .join("; ")
        + &format!(" (from {})", spec.table)
}

fn measure(measure: &Measure) -> String {
    let of = measure.of.as_ref().map(expression);
    let name = of.clone().unwrap_or_else(|| "rows".to_owned());
    let base = match measure.aggregate {
        Aggregate::Count => "number of rows".to_owned(),
        Aggregate::Distinct => format!("number of different {name}"),
        Aggregate::Sum => format!("total {name}"),
        Aggregate::Average => of.map_or_else(|| "average".to_owned(), |of| format!("average {of}")),
        Aggregate::Minimum => format!("smallest {name}"),
        Aggregate::Maximum => format!("largest {name}"),
        Aggregate::Quantile(0.5) => format!("median {name}"),
        Aggregate::Quantile(level) => format!("{}th percentile of {name}", (level * 100.0).round()),
        Aggregate::Spread => format!("range of {name}"),
        Aggregate::Deviation => format!("standard deviation of {name}"),
        Aggregate::Share => format!("share of {name}"),
        Aggregate::ShareOfTotal => format!("share of all {name}"),
        Aggregate::Ratio => {
            let against = measure
                .against
                .iter()
                .map(filter)
                .collect::<Vec<_>>()
                .join(" and ");
            format!("ratio to rows with {against} of {name}")
        }
        Aggregate::Latest => format!("latest {name}"),
        Aggregate::Earliest => format!("earliest {name}"),
    };
    if measure.only.is_empty() {
        base
    } else {
        let only = measure.only.iter().map(filter).collect::<Vec<_>>().join(" and ");
        format!("{base} with {only}")
    }
}

fn expression(expression: &Expression) -> String {
    match expression {
        Expression::Column(name) => name.clone(),
        Expression::Product(a, b) => format!("{a} × {b}"),
        Expression::Sum(a, b) => format!("{a} + {b}"),
        Expression::Difference(a, b) => format!("{a} − {b}"),
        Expression::Quotient(a, b) => format!("{a} per {b}"),
        Expression::Elapsed { from, to } => format!("time from {from} to {to}"),
        Expression::Length(name) => format!("length of {name}"),
        Expression::Glossary(sql) => sql.clone(),
    }
}

fn dimension(dimension: &Dimension) -> String {
    match dimension {
        Dimension::Column(name) | Dimension::Item(name) => name.clone(),
        Dimension::Time { every: 1, unit, .. } => unit.word().to_owned(),
        Dimension::Time { every, unit, .. } => format!("{every} {}s", unit.word()),
        Dimension::Part { part, .. } => part_words(*part).to_owned(),
        Dimension::Periods { ranges, .. } => ranges
            .iter()
            .map(|range| range.label.as_str())
            .collect::<Vec<_>>()
            .join(" and "),
    }
}

fn part_words(part: DayPart) -> &'static str {
    match part {
        DayPart::HourOfDay => "hour of the day",
        DayPart::DayOfWeek => "day of the week (1 is Monday)",
        DayPart::DayOfMonth => "day of the month",
        DayPart::MonthOfYear => "month of the year",
    }
}

fn filter(filter: &Filter) -> String {
    let (column, not) = (&filter.column, if filter.negated { "not " } else { "" });
    match &filter.test {
        Test::In(values) | Test::Has(values) => format!("{column} is {not}{}", values.join(" or ")),
        Test::HasAll(values) => format!("{column} has {not}{}", values.join(" and ")),
        Test::Length(comparison, value) => format!(
            "{column} has {not}{} items",
            comparison_words(*comparison, *value)
        ),
        Test::Compare(comparison, value) => {
            format!("{column} is {not}{}", comparison_words(*comparison, *value))
        }
        Test::Between(from, to) => format!("{column} is {not}between {from} and {to}"),
        Test::CompareColumn(comparison, other) => format!("{column} {not}{} {other}", comparison.sql()),
        Test::Elapsed {
            from,
            comparison,
            seconds,
        } => format!(
            "the time from {from} to {column} is {not}{} seconds",
            comparison_words(*comparison, *seconds)
        ),
        Test::Missing => format!("{column} is {}", if filter.negated { "there" } else { "missing" }),
        Test::IsTrue => format!("{not}{column}"),
        Test::During(range) => format!("{column} {not}{}", range.label),
        Test::PartIn(part, values) => {
            let values = values.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
            format!("{} of {column} is {not}{values}", part_words(*part))
        }
        Test::Contains(text) => format!("{column} {not}contains {text:?}"),
    }
}

fn having(having: &Having) -> String {
    format!(
        "{} is {}",
        measure(&having.measure),
        comparison_words(having.comparison, having.value)
    )
}
