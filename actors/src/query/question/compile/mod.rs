//! A reading becomes SQL. Pure: the same reading always gives the same text.

mod conditions;
mod measures;

use self::measures::{divided, measure_name};
use std::fmt::Write as _;

use super::catalog::{Column, Epoch, Role, Table};
use super::spec::{
    Aggregate, Comparison, Dimension, Expression, Filter, Groups, Having, Measure, OrderBy, Spec, Test,
};
use super::time::{DayPart, Moment, TimeRange, TimeUnit};
use crate::store::sql::{ident, literal};

/// Rows that are shown when a question says no number.
const LISTED_ROWS: u64 = 100;
/// Above so many rows quantiles are estimated, which takes less memory.
const EXACT_QUANTILE_ROWS: u64 = 20_000_000;

/// The SQL of a reading of a question about `table`.
pub fn sql(spec: &Spec, table: &Table) -> String {
    Compiler { table }.spec(spec)
}

/// A column's name as SQL can use it.
pub fn name(name: &str) -> String {
    let plain = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain && !RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
        name.to_owned()
    } else {
        ident(name)
    }
}

const RESERVED: [&str; 28] = [
    "select", "from", "where", "group", "order", "by", "limit", "having", "as", "and", "or", "not", "in",
    "is", "null", "case", "when", "then", "else", "end", "distinct", "with", "union", "join", "on",
    "interval", "between", "like",
];

struct Compiler<'a> {
    table: &'a Table,
}

impl Compiler<'_> {
    pub(super) fn spec(&self, spec: &Spec) -> String {
        let table = format!("{}.{}", name(&spec.database), name(&spec.table));
        if spec.measures.is_empty() {
            return self.listing(spec, &table);
        }
        match &spec.over {
            Some(groups) => self.over_groups(spec, groups, &table),
            None if spec.outliers => self.outliers(spec, &table),
            None => self.grouped(spec, &table),
        }
    }

    pub(super) fn listing(&self, spec: &Spec, table: &str) -> String {
        let columns = if spec.columns.is_empty() {
            "*".to_owned()
        } else {
            spec.columns
                .iter()
                .map(|column| name(column))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let mut sql = format!("SELECT {columns}\nFROM {table}");
        self.filter(&mut sql, &spec.filters);
        if let Some(order) = &spec.order
            && let OrderBy::Column(column) = &order.by
        {
            let _ = write!(sql, "\nORDER BY {}{}", name(column), direction(order.descending));
        }
        if !spec.limit_by.is_empty() {
            let _ = write!(
                sql,
                "\nLIMIT {} BY {}",
                spec.limit.unwrap_or(1),
                names(&spec.limit_by)
            );
            return sql;
        }
        let _ = write!(sql, "\nLIMIT {}", spec.limit.unwrap_or(LISTED_ROWS));
        sql
    }

    pub(super) fn grouped(&self, spec: &Spec, table: &str) -> String {
        let mut taken = Vec::new();
        let by: Vec<(String, String)> = spec.by.iter().map(|by| self.dimension(by, &mut taken)).collect();
        let mut measures: Vec<(String, String)> = spec
            .measures
            .iter()
            .map(|m| self.named_measure(m, &mut taken))
            .collect();
        if spec.cumulative
            && let Some((at, _)) = by.first()
        {
            for (measure, _) in &mut measures {
                *measure = format!("sum({measure}) OVER (ORDER BY {at})");
            }
        }
        let mut sql = format!("SELECT {}\nFROM {table}", select(by.iter().chain(&measures)));
        self.filter(&mut sql, &spec.filters);
        if let Some(Dimension::Periods { ranges, column }) =
            spec.by.iter().find(|by| matches!(by, Dimension::Periods { .. }))
        {
            let any = ranges
                .iter()
                .map(|range| format!("({})", self.during(column, range)))
                .collect::<Vec<_>>()
                .join(" OR ");
            let _ = write!(
                sql,
                "{}({any})",
                if spec.filters.is_empty() {
                    "\nWHERE "
                } else {
                    " AND "
                }
            );
        }
        if !by.is_empty() {
            let _ = write!(sql, "\nGROUP BY {}", aliases(&by));
        }
        self.having(&mut sql, &spec.having);
        self.order(&mut sql, spec, &by, &measures);
        sql
    }

    pub(super) fn over_groups(&self, spec: &Spec, groups: &Groups, table: &str) -> String {
        let mut taken = Vec::new();
        let outer: Vec<(String, String)> = spec.by.iter().map(|by| self.dimension(by, &mut taken)).collect();
        let inner_by: Vec<(String, String)> = groups
            .by
            .iter()
            .map(|by| self.dimension(by, &mut taken))
            .collect();
        let value = groups
            .measure
            .as_ref()
            .map(|measure| (self.measure(measure), "value".to_owned()));
        let by: Vec<(String, String)> = outer.iter().chain(&inner_by).cloned().collect();
        let mut inner = format!("SELECT {}\n  FROM {table}", select(by.iter().chain(&value)));
        self.filter(&mut inner, &spec.filters);
        let _ = write!(inner, "\nGROUP BY {}", aliases(&by));
        self.having(&mut inner, &groups.having);
        let measures: Vec<(String, String)> = spec
            .measures
            .iter()
            .map(|measure| {
                let of = match measure.aggregate {
                    Aggregate::Count => "count()".to_owned(),
                    aggregate => divided(format!("{}(value)", self.function(aggregate)), measure.divisor),
                };
                (of, unused(&mut taken, &measure_name(measure, self.table)))
            })
            .collect();
        let outer_names: Vec<(String, String)> = outer
            .iter()
            .map(|(_, alias)| (alias.clone(), alias.clone()))
            .collect();
        let mut sql = format!(
            "SELECT {}\nFROM (\n  {}\n)",
            select(outer_names.iter().chain(&measures)),
            inner.replace('\n', "\n  ")
        );
        if !outer.is_empty() {
            let _ = write!(sql, "\nGROUP BY {}", aliases(&outer));
        }
        self.order(&mut sql, spec, &outer, &measures);
        sql
    }

    /// Spans of time whose value lies beyond Tukey's fences; see `seriesOutliersDetectTukey`.
    pub(super) fn outliers(&self, spec: &Spec, table: &str) -> String {
        let plain = Spec {
            outliers: false,
            order: None,
            limit: None,
            ..spec.clone()
        };
        let mut taken = Vec::new();
        let by: Vec<String> = spec
            .by
            .iter()
            .map(|by| self.dimension(by, &mut taken).1)
            .collect();
        let measure = spec
            .measures
            .first()
            .map(|m| self.named_measure(m, &mut taken).1)
            .unwrap_or_default();
        let at = by.first().cloned().unwrap_or_default();
        let inner = self.grouped(&plain, table).replace('\n', "\n    ");
        format!(
            "SELECT {at}, {measure}, round(outlier, 2) AS outlier_score\nFROM (\n  SELECT groupArray({at}) AS times, groupArray(toFloat64({measure})) AS series\n  \
             FROM (\n    {inner}\n    ORDER BY {at}\n  )\n)\nARRAY JOIN times AS {at}, series AS {measure}, seriesOutliersDetectTukey(series) AS outlier\n\
             WHERE outlier != 0\nORDER BY abs(outlier) DESC"
        )
    }

    pub(super) fn order(
        &self,
        sql: &mut String,
        spec: &Spec,
        by: &[(String, String)],
        measures: &[(String, String)],
    ) {
        let alias = |list: &[(String, String)], at: usize| list.get(at).map(|(_, alias)| alias.clone());
        if let Some(order) = &spec.order {
            let key = match &order.by {
                OrderBy::Measure(at) => alias(measures, *at),
                OrderBy::Dimension(at) => alias(by, *at),
                OrderBy::Column(column) => Some(name(column)),
            };
            if let Some(key) = key {
                // What is equal comes in one order, so that an answer does not change from run to run.
                let ties = by
                    .iter()
                    .map(|(_, alias)| alias)
                    .filter(|alias| **alias != key)
                    .map(|alias| format!(", {alias}"))
                    .collect::<String>();
                let _ = write!(sql, "\nORDER BY {key}{}{ties}", direction(order.descending));
            }
        } else if !by.is_empty() {
            let _ = write!(sql, "\nORDER BY {}", aliases(by));
        }
        match (spec.limit, spec.limit_by.is_empty()) {
            (Some(limit), true) => _ = write!(sql, "\nLIMIT {limit}"),
            (limit, false) => _ = write!(sql, "\nLIMIT {} BY {}", limit.unwrap_or(1), names(&spec.limit_by)),
            (None, true) => {}
        }
    }

    /// The SQL of a dimension and its name in the answer.
    pub(super) fn dimension(&self, dimension: &Dimension, taken: &mut Vec<String>) -> (String, String) {
        match dimension {
            Dimension::Column(column) => {
                taken.push(name(column));
                (name(column), name(column))
            }
            Dimension::Item(column) => {
                let item = unused_in(self.table, taken, &format!("{}_item", plain(column)));
                (format!("arrayJoin({})", name(column)), item)
            }
            Dimension::Time { every, unit, column } => {
                let time = self.time(column);
                let sql = match (every, unit) {
                    (1, TimeUnit::Second) => format!("toStartOfSecond({time})"),
                    (1, TimeUnit::Day) if self.is_date(column) => time,
                    (1, TimeUnit::Day) => format!("toDate({time})"),
                    (1, TimeUnit::Week) => format!("toStartOfWeek({time}, 1)"),
                    (1, unit) => format!("toStartOf{}({time})", capitalized(unit.word())),
                    (every, unit) => format!("toStartOfInterval({time}, INTERVAL {every} {})", unit.sql()),
                };
                (sql, unused_in(self.table, taken, unit.word()))
            }
            Dimension::Part { part, column } => {
                let alias = match part {
                    DayPart::HourOfDay => "hour_of_day",
                    DayPart::DayOfWeek => "day_of_week",
                    DayPart::DayOfMonth => "day_of_month",
                    DayPart::MonthOfYear => "month_of_year",
                };
                (self.part(*part, column), unused_in(self.table, taken, alias))
            }
            Dimension::Periods { ranges, column } => {
                let cases: Vec<String> = ranges
                    .iter()
                    .map(|range| format!("{}, {}", self.during(column, range), literal(&range.label)))
                    .collect();
                let sql = format!("multiIf({}, 'other')", cases.join(", "));
                (sql, unused_in(self.table, taken, "period"))
            }
        }
    }
}

pub(super) fn number(value: f64) -> String {
    value.to_string()
}

pub(super) fn direction(descending: bool) -> &'static str {
    if descending { " DESC" } else { "" }
}

pub(super) fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

pub(super) fn names(columns: &[String]) -> String {
    columns
        .iter()
        .map(|column| name(column))
        .collect::<Vec<_>>()
        .join(", ")
}

pub(super) fn select<'a>(items: impl Iterator<Item = &'a (String, String)>) -> String {
    items
        .map(|(sql, alias)| {
            if sql == alias {
                sql.clone()
            } else {
                format!("{sql} AS {alias}")
            }
        })
        .collect::<Vec<_>>()
        .join(", ")
}

pub(super) fn aliases(items: &[(String, String)]) -> String {
    items
        .iter()
        .map(|(_, alias)| alias.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

/// A name for a result that no column of the table has: an alias of a column's name would mean the column.
pub(super) fn unused_in(table: &Table, taken: &mut Vec<String>, wanted: &str) -> String {
    let mut alias = wanted.to_owned();
    while table.column(&alias).is_some() || alias.starts_with('_') || RESERVED.contains(&alias.as_str()) {
        alias = format!("by_{}", alias.trim_start_matches('_'));
        if table.column(&alias).is_some() {
            alias.push('_');
        }
    }
    unused(taken, &alias)
}

pub(super) fn unused(taken: &mut Vec<String>, wanted: &str) -> String {
    let mut alias = wanted.to_owned();
    let mut next = 2;
    while taken.contains(&alias) {
        alias = format!("{wanted}_{next}");
        next += 1;
    }
    taken.push(alias.clone());
    alias
}

pub(super) fn plain(column: &str) -> String {
    column
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect()
}

/// Used by readings too: a comparison of a measure in words.
pub fn comparison_words(comparison: Comparison, value: f64) -> String {
    format!("{} {}", comparison.words(), number(value))
}
