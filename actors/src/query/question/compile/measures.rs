//! Measures as SQL, and what they are called in an answer.

use super::*;

impl Compiler<'_> {
    pub(super) fn named_measure(&self, measure: &Measure, taken: &mut Vec<String>) -> (String, String) {
        let alias = unused_in(self.table, taken, &measure_name(measure, self.table));
        (self.measure(measure), alias)
    }

    pub(super) fn function(&self, aggregate: Aggregate) -> String {
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
            Aggregate::Share | Aggregate::Ratio | Aggregate::ShareOfTotal | Aggregate::Spread => {
                "count".to_owned()
            }
        }
    }

    pub(super) fn measure(&self, measure: &Measure) -> String {
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
            Aggregate::Ratio => {
                let only = only.unwrap_or_else(|| "1".to_owned());
                format!("countIf({only}) / countIf({})", self.all(&measure.against))
            }
            Aggregate::Spread => {
                let of = of.map(|of| self.expression(of)).unwrap_or_default();
                format!("max({of}) - min({of})")
            }
            Aggregate::ShareOfTotal => {
                let part = self.plain_measure(
                    of.map_or(Aggregate::Count, |_| Aggregate::Sum),
                    of,
                    only.as_deref(),
                );
                format!("{part} / sum({part}) OVER ()")
            }
            aggregate => self.plain_measure(aggregate, of, only.as_deref()),
        };
        divided(sql, measure.divisor)
    }

    pub(super) fn plain_measure(
        &self,
        aggregate: Aggregate,
        of: Option<&Expression>,
        only: Option<&str>,
    ) -> String {
        if let Some(Expression::Quotient(above, below)) = of.filter(|_| aggregate == Aggregate::Sum) {
            return format!("{} / {}", self.sum(above), self.sum(below));
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
        let time = needs_time
            .then(|| self.table.main_time())
            .flatten()
            .map(|column| self.time(column));
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

    /// A sum to be divided: decimals keep no more places than they have when they are.
    fn sum(&self, column: &str) -> String {
        let sum = format!("sum({})", name(column));
        let is_decimal = self
            .table
            .column(column)
            .is_some_and(|column| column.plain_type().starts_with("Decimal"));
        if is_decimal {
            format!("toFloat64({sum})")
        } else {
            sum
        }
    }

    pub(super) fn expression(&self, expression: &Expression) -> String {
        match expression {
            Expression::Column(column) => name(column),
            Expression::Product(a, b) => format!("{} * {}", name(a), name(b)),
            Expression::Sum(a, b) => format!("{} + {}", self.addend(a), self.addend(b)),
            Expression::Difference(a, b) => format!("{} - {}", name(a), name(b)),
            // A row that has nothing below has no quotient.
            Expression::Quotient(a, b) => format!("toFloat64({}) / nullIf({}, 0)", name(a), name(b)),
            Expression::Elapsed { from, to } => {
                format!("dateDiff('second', {}, {})", self.time(from), self.time(to))
            }
            Expression::Length(column) => format!("length({})", name(column)),
            Expression::Glossary(sql) => sql.clone(),
        }
    }
}

impl Compiler<'_> {
    /// A column that is added to another.
    fn addend(&self, column: &str) -> String {
        match self.table.column(column) {
            Some(known) if known.is_nullable() => format!("ifNull({}, 0)", name(column)),
            _ => name(column),
        }
    }
}

/// What a measure is called in an answer.
pub(super) fn measure_name(measure: &Measure, table: &Table) -> String {
    let of = match &measure.of {
        None => plain(&table.name),
        Some(Expression::Column(column) | Expression::Length(column)) => plain(column),
        Some(
            Expression::Product(a, b)
            | Expression::Sum(a, b)
            | Expression::Difference(a, b)
            | Expression::Quotient(a, b),
        ) => {
            format!("{}_{}", plain(a), plain(b))
        }
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
        Aggregate::Ratio => "ratio".to_owned(),
        Aggregate::Latest => format!("latest_{of}"),
        Aggregate::Earliest => format!("earliest_{of}"),
    }
}

pub(super) fn divided(sql: String, divisor: Option<f64>) -> String {
    match divisor {
        Some(divisor) if divisor != 1.0 => format!("{sql} / {}", number(divisor)),
        _ => sql,
    }
}
