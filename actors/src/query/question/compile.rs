//! A reading becomes SQL. Pure: the same reading always gives the same text.

use std::fmt::Write as _;

use super::catalog::{Column, Epoch, Role, Table};
use super::spec::{Aggregate, Comparison, Dimension, Expression, Filter, Groups, Having, Measure, OrderBy, Spec, Test};
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
    "select", "from", "where", "group", "order", "by", "limit", "having", "as", "and", "or", "not", "in", "is", "null", "case", "when", "then", "else",
    "end", "distinct", "with", "union", "join", "on", "interval", "between", "like",
];

struct Compiler<'a> {
    table: &'a Table,
}

impl Compiler<'_> {
    fn spec(&self, spec: &Spec) -> String {
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

    fn listing(&self, spec: &Spec, table: &str) -> String {
        let columns = if spec.columns.is_empty() {
            "*".to_owned()
        } else {
            spec.columns.iter().map(|column| name(column)).collect::<Vec<_>>().join(", ")
        };
        let mut sql = format!("SELECT {columns}\nFROM {table}");
        self.filter(&mut sql, &spec.filters);
        if let Some(order) = &spec.order
            && let OrderBy::Column(column) = &order.by
        {
            let _ = write!(sql, "\nORDER BY {}{}", name(column), direction(order.descending));
        }
        if !spec.limit_by.is_empty() {
            let _ = write!(sql, "\nLIMIT {} BY {}", spec.limit.unwrap_or(1), names(&spec.limit_by));
            return sql;
        }
        let _ = write!(sql, "\nLIMIT {}", spec.limit.unwrap_or(LISTED_ROWS));
        sql
    }

    fn grouped(&self, spec: &Spec, table: &str) -> String {
        let mut taken = Vec::new();
        let by: Vec<(String, String)> = spec.by.iter().map(|by| self.dimension(by, &mut taken)).collect();
        let mut measures: Vec<(String, String)> = spec.measures.iter().map(|m| self.named_measure(m, &mut taken)).collect();
        if spec.cumulative
            && let Some((at, _)) = by.first()
        {
            for (measure, _) in &mut measures {
                *measure = format!("sum({measure}) OVER (ORDER BY {at})");
            }
        }
        let mut sql = format!("SELECT {}\nFROM {table}", select(by.iter().chain(&measures)));
        self.filter(&mut sql, &spec.filters);
        if let Some(Dimension::Periods { ranges, column }) = spec.by.iter().find(|by| matches!(by, Dimension::Periods { .. })) {
            let any = ranges.iter().map(|range| format!("({})", self.during(column, range))).collect::<Vec<_>>().join(" OR ");
            let _ = write!(sql, "{}({any})", if spec.filters.is_empty() { "\nWHERE " } else { " AND " });
        }
        if !by.is_empty() {
            let _ = write!(sql, "\nGROUP BY {}", aliases(&by));
        }
        self.having(&mut sql, &spec.having);
        self.order(&mut sql, spec, &by, &measures);
        sql
    }

    fn over_groups(&self, spec: &Spec, groups: &Groups, table: &str) -> String {
        let mut taken = Vec::new();
        let outer: Vec<(String, String)> = spec.by.iter().map(|by| self.dimension(by, &mut taken)).collect();
        let inner_by: Vec<(String, String)> = groups.by.iter().map(|by| self.dimension(by, &mut taken)).collect();
        let value = groups.measure.as_ref().map(|measure| (self.measure(measure), "value".to_owned()));
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
        let outer_names: Vec<(String, String)> = outer.iter().map(|(_, alias)| (alias.clone(), alias.clone())).collect();
        let mut sql = format!("SELECT {}\nFROM (\n  {}\n)", select(outer_names.iter().chain(&measures)), inner.replace('\n', "\n  "));
        if !outer.is_empty() {
            let _ = write!(sql, "\nGROUP BY {}", aliases(&outer));
        }
        self.order(&mut sql, spec, &outer, &measures);
        sql
    }

    /// Spans of time whose value lies beyond Tukey's fences; see `seriesOutliersDetectTukey`.
    fn outliers(&self, spec: &Spec, table: &str) -> String {
        let plain = Spec {
            outliers: false,
            order: None,
            limit: None,
            ..spec.clone()
        };
        let mut taken = Vec::new();
        let by: Vec<String> = spec.by.iter().map(|by| self.dimension(by, &mut taken).1).collect();
        let measure = spec.measures.first().map(|m| self.named_measure(m, &mut taken).1).unwrap_or_default();
        let at = by.first().cloned().unwrap_or_default();
        let inner = self.grouped(&plain, table).replace('\n', "\n    ");
        format!(
            "SELECT {at}, {measure}, round(outlier, 2) AS outlier_score\nFROM (\n  SELECT groupArray({at}) AS times, groupArray(toFloat64({measure})) AS series\n  \
             FROM (\n    {inner}\n    ORDER BY {at}\n  )\n)\nARRAY JOIN times AS {at}, series AS {measure}, seriesOutliersDetectTukey(series) AS outlier\n\
             WHERE outlier != 0\nORDER BY abs(outlier) DESC"
        )
    }

    fn order(&self, sql: &mut String, spec: &Spec, by: &[(String, String)], measures: &[(String, String)]) {
        let alias = |list: &[(String, String)], at: usize| list.get(at).map(|(_, alias)| alias.clone());
        if let Some(order) = &spec.order {
            let key = match &order.by {
                OrderBy::Measure(at) => alias(measures, *at),
                OrderBy::Dimension(at) => alias(by, *at),
                OrderBy::Column(column) => Some(name(column)),
            };
            if let Some(key) = key {
                // What is equal comes in one order, so that an answer does not change from run to run.
                let ties = by.iter().map(|(_, alias)| alias).filter(|alias| **alias != key).map(|alias| format!(", {alias}")).collect::<String>();
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

    fn filter(&self, sql: &mut String, filters: &[Filter]) {
        if !filters.is_empty() {
            let _ = write!(sql, "\nWHERE {}", self.all(filters));
        }
    }

    fn having(&self, sql: &mut String, having: &[Having]) {
        if !having.is_empty() {
            let conditions: Vec<String> = having
                .iter()
                .map(|having| format!("{} {} {}", self.measure(&having.measure), having.comparison.sql(), number(having.value)))
                .collect();
            let _ = write!(sql, "\nHAVING {}", conditions.join(" AND "));
        }
    }

    fn all(&self, filters: &[Filter]) -> String {
        let conditions: Vec<String> = filters.iter().map(|filter| self.condition(filter)).collect();
        conditions.join(" AND ")
    }

    fn condition(&self, filter: &Filter) -> String {
        let column = name(&filter.column);
        let not = if filter.negated { "NOT " } else { "" };
        match &filter.test {
            Test::In(values) => match (values.as_slice(), filter.negated) {
                ([value], false) => format!("{column} = {}", self.value(&filter.column, value)),
                ([value], true) => self.or_missing(filter, format!("{column} != {}", self.value(&filter.column, value))),
                (values, negated) => {
                    let list = values.iter().map(|value| self.value(&filter.column, value)).collect::<Vec<_>>().join(", ");
                    let condition = format!("{column} {not}IN ({list})");
                    if negated { self.or_missing(filter, condition) } else { condition }
                }
            },
            Test::Has(values) => match values.as_slice() {
                [value] => format!("{not}has({column}, {})", self.value(&filter.column, value)),
                values => {
                    let list = values.iter().map(|value| self.value(&filter.column, value)).collect::<Vec<_>>().join(", ");
                    format!("{not}hasAny({column}, [{list}])")
                }
            },
            Test::HasAll(values) => {
                let list = values.iter().map(|value| self.value(&filter.column, value)).collect::<Vec<_>>().join(", ");
                format!("{not}hasAll({column}, [{list}])")
            }
            Test::Length(comparison, value) => format!("{not}length({column}) {} {}", comparison.sql(), number(*value)),
            Test::Compare(comparison, value) => format!("{not}{column} {} {}", comparison.sql(), number(*value)),
            Test::Between(from, to) => format!("{column} {not}BETWEEN {} AND {}", number(*from), number(*to)),
            Test::CompareColumn(comparison, other) => format!("{not}{column} {} {}", comparison.sql(), name(other)),
            Test::Missing if self.table.column(&filter.column).is_some_and(|column| !column.is_nullable()) => {
                format!("{not}empty({column})")
            }
            Test::Missing => format!("{column} IS {not}NULL"),
            Test::IsTrue if filter.negated => format!("{column} = 0"),
            Test::IsTrue => format!("{column} = 1"),
            Test::During(range) if filter.negated => format!("NOT ({})", self.during(&filter.column, range)),
            Test::During(range) => self.during(&filter.column, range),
            Test::PartIn(part, values) => {
                let list = values.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
                format!("{} {not}IN ({list})", self.part(*part, &filter.column))
            }
            Test::Contains(text) => format!("{not}positionCaseInsensitiveUTF8({column}, {}) > 0", literal(text)),
        }
    }

    /// "Not X" includes rows that have no value.
    fn or_missing(&self, filter: &Filter, condition: String) -> String {
        if self.table.column(&filter.column).is_some_and(Column::is_nullable) {
            format!("({condition} OR {} IS NULL)", name(&filter.column))
        } else {
            condition
        }
    }

    fn value(&self, column: &str, value: &str) -> String {
        let is_number = self.table.column(column).is_some_and(|column| column.is_number() || column.plain_type() == "Bool");
        if is_number && value.parse::<f64>().is_ok() {
            value.to_owned()
        } else {
            literal(value)
        }
    }

    fn during(&self, column: &str, range: &TimeRange) -> String {
        let is_date = self.is_date(column);
        let time = self.time(column);
        let moment = |moment: &Moment| moment_sql(moment, is_date);
        match (&range.from, &range.to) {
            (Some(Moment::Start(TimeUnit::Day, day)), Some(Moment::Start(TimeUnit::Day, next))) if next - day == 1 && is_date => {
                format!("{time} = {}", moment(&Moment::Start(TimeUnit::Day, *day)))
            }
            (Some(from), Some(to)) => format!("{time} >= {} AND {time} < {}", moment(from), moment(to)),
            (Some(from), None) => format!("{time} >= {}", moment(from)),
            (None, Some(to)) => format!("{time} < {}", moment(to)),
            (None, None) => "1".to_owned(),
        }
    }

    fn is_date(&self, column: &str) -> bool {
        self.table
            .column(column)
            .is_some_and(|column| matches!(column.plain_type(), "Date" | "Date32"))
    }

    /// A column as a time.
    fn time(&self, column: &str) -> String {
        match self.table.column(column).and_then(Column::epoch) {
            Some(Epoch::Seconds) => format!("toDateTime({})", name(column)),
            Some(Epoch::Milliseconds) => format!("fromUnixTimestamp64Milli({})", name(column)),
            None => name(column),
        }
    }

    fn part(&self, part: DayPart, column: &str) -> String {
        let function = match part {
            DayPart::HourOfDay => "toHour",
            DayPart::DayOfWeek => "toDayOfWeek",
            DayPart::DayOfMonth => "toDayOfMonth",
            DayPart::MonthOfYear => "toMonth",
        };
        format!("{function}({})", self.time(column))
    }

    /// The SQL of a dimension and its name in the answer.
    fn dimension(&self, dimension: &Dimension, taken: &mut Vec<String>) -> (String, String) {
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

    fn named_measure(&self, measure: &Measure, taken: &mut Vec<String>) -> (String, String) {
        let alias = unused_in(self.table, taken, &measure_name(measure, self.table));
        (self.measure(measure), alias)
    }

    fn function(&self, aggregate: Aggregate) -> String {
        let exact = self.table.rows <= EXACT_QUANTILE_ROWS;
        match aggregate {
            Aggregate::Count => "count".to_owned(),
            Aggregate::Distinct => "uniqExact".to_owned(),
            Aggregate::Sum => "sum".to_owned(),
            Aggregate::Average => "avg".to_owned(),
            Aggregate::Minimum => "min".to_owned(),
            Aggregate::Maximum => "max".to_owned(),
            Aggregate::Quantile(level) if exact => format!("quantileExact({level})"),
            Aggregate::Quantile(level) => format!("quantileTDigest({level})"),
            Aggregate::Deviation => "stddevSamp".to_owned(),
            Aggregate::Latest => "argMax".to_owned(),
            Aggregate::Earliest => "argMin".to_owned(),
            Aggregate::Share | Aggregate::ShareOfTotal | Aggregate::Spread => "count".to_owned(),
        }
    }

    fn measure(&self, measure: &Measure) -> String {
        let only = (!measure.only.is_empty()).then(|| self.all(&measure.only));
        let of = measure.of.as_ref();
        let sql = match measure.aggregate {
            Aggregate::Share => {
                let only = only.unwrap_or_else(|| "1".to_owned());
                let adds = matches!(of, Some(Expression::Column(column)) if self.table.column(column).is_some_and(|column| column.role == Role::Measure));
                match of.map(|of| self.expression(of)) {
                    Some(of) if adds => format!("sumIf({of}, {only}) / sum({of})"),
                    Some(of) => format!("uniqExactIf({of}, {only}) / uniqExact({of})"),
                    None => format!("countIf({only}) / count()"),
                }
            }
            Aggregate::Spread => {
                let of = of.map(|of| self.expression(of)).unwrap_or_default();
                format!("max({of}) - min({of})")
            }
            Aggregate::ShareOfTotal => {
                let part = self.plain_measure(of.map_or(Aggregate::Count, |_| Aggregate::Sum), of, only.as_deref());
                format!("{part} / sum({part}) OVER ()")
            }
            aggregate => self.plain_measure(aggregate, of, only.as_deref()),
        };
        divided(sql, measure.divisor)
    }

    fn plain_measure(&self, aggregate: Aggregate, of: Option<&Expression>, only: Option<&str>) -> String {
        if let Some(Expression::Quotient(above, below)) = of {
            return format!("sum({}) / sum({})", name(above), name(below));
        }
        if let Some(Expression::Glossary(sql)) = of
            && aggregate == Aggregate::Sum
            && sql.contains('(')
        {
            return sql.clone();
        }
        let function = self.function(aggregate);
        let of = of.map(|of| self.expression(of));
        let needs_time = matches!(aggregate, Aggregate::Latest | Aggregate::Earliest);
        let time = needs_time.then(|| self.table.main_time()).flatten().map(|column| self.time(column));
        let arguments: Vec<String> = of.into_iter().chain(time).collect();
        match only {
            None => format!("{function}({})", arguments.join(", ")),
            Some(only) => {
                let (function, parameters) = match function.split_once('(') {
                    Some((function, parameters)) => (format!("{function}If"), format!("({parameters}")),
                    None => (format!("{function}If"), String::new()),
                };
                let arguments: Vec<String> = arguments.into_iter().chain([only.to_owned()]).collect();
                format!("{function}{parameters}({})", arguments.join(", "))
            }
        }
    }

    fn expression(&self, expression: &Expression) -> String {
        match expression {
            Expression::Column(column) => name(column),
            Expression::Product(a, b) => format!("{} * {}", name(a), name(b)),
            Expression::Difference(a, b) => format!("{} - {}", name(a), name(b)),
            Expression::Quotient(a, b) => format!("{} / {}", name(a), name(b)),
            Expression::Elapsed { from, to } => format!("dateDiff('second', {}, {})", self.time(from), self.time(to)),
            Expression::Length(column) => format!("length({})", name(column)),
            Expression::Glossary(sql) => sql.clone(),
        }
    }
}

fn moment_sql(moment: &Moment, is_date: bool) -> String {
    let shifted = |base: String, by: i32, unit: TimeUnit| match by {
        0 => base,
        by if by < 0 => format!("{base} - INTERVAL {} {}", -by, unit.sql()),
        by => format!("{base} + INTERVAL {by} {}", unit.sql()),
    };
    match moment {
        Moment::Ago(count, unit) if is_date && *unit < TimeUnit::Day => format!("toDate(now() - INTERVAL {count} {})", unit.sql()),
        Moment::Ago(count, unit) if is_date => format!("today() - INTERVAL {count} {}", unit.sql()),
        Moment::Ago(count, unit) => format!("now() - INTERVAL {count} {}", unit.sql()),
        Moment::Start(TimeUnit::Day, 0) => "today()".to_owned(),
        Moment::Start(TimeUnit::Day, -1) => "yesterday()".to_owned(),
        Moment::Start(TimeUnit::Day, by) => shifted("today()".to_owned(), *by, TimeUnit::Day),
        Moment::Start(TimeUnit::Week, by) => shifted("toStartOfWeek(now(), 1)".to_owned(), *by, TimeUnit::Week),
        Moment::Start(unit, by) => shifted(format!("toStartOf{}(now())", capitalized(unit.word())), *by, *unit),
        Moment::Weekday(day, by) => shifted(format!("(today() - (toDayOfWeek(today()) + {}) % 7)", 7 - day), *by, TimeUnit::Day),
        Moment::MonthOfYear(month, by) => shifted(
            format!("makeDate(toYear(today()) - (toMonth(today()) < {month}), {month}, 1)"),
            *by,
            TimeUnit::Month,
        ),
        Moment::Date(date) => format!("toDate('{date}')"),
    }
}

fn divided(sql: String, divisor: Option<f64>) -> String {
    match divisor {
        Some(divisor) if divisor != 1.0 => format!("{sql} / {}", number(divisor)),
        _ => sql,
    }
}

fn number(value: f64) -> String {
    value.to_string()
}

fn direction(descending: bool) -> &'static str {
    if descending { " DESC" } else { "" }
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn names(columns: &[String]) -> String {
    columns.iter().map(|column| name(column)).collect::<Vec<_>>().join(", ")
}

fn select<'a>(items: impl Iterator<Item = &'a (String, String)>) -> String {
    items
        .map(|(sql, alias)| if sql == alias { sql.clone() } else { format!("{sql} AS {alias}") })
        .collect::<Vec<_>>()
        .join(", ")
}

fn aliases(items: &[(String, String)]) -> String {
    items.iter().map(|(_, alias)| alias.as_str()).collect::<Vec<_>>().join(", ")
}

/// A name for a result that no column of the table has: an alias of a column's name would mean the column.
fn unused_in(table: &Table, taken: &mut Vec<String>, wanted: &str) -> String {
    let mut alias = wanted.to_owned();
    while table.column(&alias).is_some() || alias.starts_with('_') || RESERVED.contains(&alias.as_str()) {
        alias = format!("by_{}", alias.trim_start_matches('_'));
        if table.column(&alias).is_some() {
            alias.push('_');
        }
    }
    unused(taken, &alias)
}

fn unused(taken: &mut Vec<String>, wanted: &str) -> String {
    let mut alias = wanted.to_owned();
    let mut next = 2;
    while taken.contains(&alias) {
        alias = format!("{wanted}_{next}");
        next += 1;
    }
    taken.push(alias.clone());
    alias
}

fn plain(column: &str) -> String {
    column
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect()
}

/// What a measure is called in an answer.
fn measure_name(measure: &Measure, table: &Table) -> String {
    let of = match &measure.of {
        None => plain(&table.name),
        Some(Expression::Column(column) | Expression::Length(column)) => plain(column),
        Some(Expression::Product(a, b) | Expression::Difference(a, b) | Expression::Quotient(a, b)) => format!("{}_{}", plain(a), plain(b)),
        Some(Expression::Elapsed { from, to }) => format!("{}_to_{}", plain(from), plain(to)),
        Some(Expression::Glossary(_)) => "value".to_owned(),
    };
    match measure.aggregate {
        Aggregate::Count => "number".to_owned(),
        Aggregate::Distinct => format!("distinct_{of}"),
        Aggregate::Sum => format!("total_{of}"),
        Aggregate::Average => format!("average_{of}"),
        Aggregate::Minimum => format!("min_{of}"),
        Aggregate::Maximum => format!("max_{of}"),
        Aggregate::Quantile(0.5) => format!("median_{of}"),
        Aggregate::Quantile(level) => format!("p{}_{of}", (level * 100.0).round()),
        Aggregate::Deviation => format!("stddev_{of}"),
        Aggregate::Spread => format!("range_of_{of}"),
        Aggregate::Share | Aggregate::ShareOfTotal => "share".to_owned(),
        Aggregate::Latest => format!("latest_{of}"),
        Aggregate::Earliest => format!("earliest_{of}"),
    }
}

/// Used by readings too: a comparison of a measure in words.
pub fn comparison_words(comparison: Comparison, value: f64) -> String {
    format!("{} {}", comparison.words(), number(value))
}
