//! Conditions and times as SQL.

use super::*;

impl Compiler<'_> {
    pub(super) fn filter(&self, sql: &mut String, filters: &[Filter]) {
        if !filters.is_empty() {
            let _ = write!(sql, "\nWHERE {}", self.all(filters));
        }
    }

    pub(super) fn having(&self, sql: &mut String, having: &[Having]) {
        if !having.is_empty() {
            let conditions: Vec<String> = having
                .iter()
                .map(|having| {
                    format!(
                        "{} {} {}",
                        self.measure(&having.measure),
                        having.comparison.sql(),
                        number(having.value)
                    )
                })
                .collect();
            let _ = write!(sql, "\nHAVING {}", conditions.join(" AND "));
        }
    }

    pub(super) fn all(&self, filters: &[Filter]) -> String {
        let conditions: Vec<String> = filters.iter().map(|filter| self.condition(filter)).collect();
        conditions.join(" AND ")
    }

    pub(super) fn condition(&self, filter: &Filter) -> String {
        let column = name(&filter.column);
        let not = if filter.negated { "NOT " } else { "" };
        match &filter.test {
            Test::In(values) => match (values.as_slice(), filter.negated) {
                ([value], false) => format!("{column} = {}", self.value(&filter.column, value)),
                ([value], true) => self.or_missing(
                    filter,
                    format!("{column} != {}", self.value(&filter.column, value)),
                ),
                (values, negated) => {
                    let list = values
                        .iter()
                        .map(|value| self.value(&filter.column, value))
                        .collect::<Vec<_>>()
                        .join(", ");
                    let condition = format!("{column} {not}IN ({list})");
                    if negated {
                        self.or_missing(filter, condition)
                    } else {
                        condition
                    }
                }
            },
            Test::Has(values) => match values.as_slice() {
                [value] => format!("{not}has({column}, {})", self.value(&filter.column, value)),
                values => {
                    let list = values
                        .iter()
                        .map(|value| self.value(&filter.column, value))
                        .collect::<Vec<_>>()
                        .join(", ");
                    format!("{not}hasAny({column}, [{list}])")
                }
            },
            Test::HasAll(values) => {
                let list = values
                    .iter()
                    .map(|value| self.value(&filter.column, value))
                    .collect::<Vec<_>>()
                    .join(", ");
                format!("{not}hasAll({column}, [{list}])")
            }
            Test::Length(comparison, value) => {
                format!("{not}length({column}) {} {}", comparison.sql(), number(*value))
            }
            Test::Compare(comparison, value) => {
                format!("{not}{column} {} {}", comparison.sql(), number(*value))
            }
            Test::Between(from, to) => format!("{column} {not}BETWEEN {} AND {}", number(*from), number(*to)),
            Test::CompareColumn(comparison, other) => {
                let (mut a, mut b) = (self.time(&filter.column), self.time(other));
                // A day is compared with days.
                match (self.is_date(&filter.column), self.is_date(other)) {
                    (true, false) => b = format!("toDate({b})"),
                    (false, true) => a = format!("toDate({a})"),
                    _ => {}
                }
                format!("{not}{a} {} {b}", comparison.sql())
            }
            Test::Elapsed {
                from,
                comparison,
                seconds,
            } => {
                let elapsed = format!(
                    "dateDiff('second', {}, {})",
                    self.time(from),
                    self.time(&filter.column)
                );
                format!("{not}({elapsed} {} {})", comparison.sql(), number(*seconds))
            }
            Test::Missing
                if self
                    .table
                    .column(&filter.column)
                    .is_some_and(|column| !column.is_nullable()) =>
            {
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
            Test::Contains(text) => format!(
                "{not}positionCaseInsensitiveUTF8({column}, {}) > 0",
                literal(text)
            ),
        }
    }

    /// "Not X" includes rows that have no value.
    pub(super) fn or_missing(&self, filter: &Filter, condition: String) -> String {
        if self.table.column(&filter.column).is_some_and(Column::is_nullable) {
            format!("({condition} OR {} IS NULL)", name(&filter.column))
        } else {
            condition
        }
    }

    pub(super) fn value(&self, column: &str, value: &str) -> String {
        let is_number = self
            .table
            .column(column)
            .is_some_and(|column| column.is_number() || column.plain_type() == "Bool");
        if is_number && value.parse::<f64>().is_ok() {
            value.to_owned()
        } else {
            literal(value)
        }
    }

    pub(super) fn during(&self, column: &str, range: &TimeRange) -> String {
        let is_date = self.is_date(column);
        let time = self.time(column);
        let moment = |moment: &Moment| moment_sql(moment, is_date);
        match (&range.from, &range.to) {
            (Some(Moment::Start(TimeUnit::Day, day)), Some(Moment::Start(TimeUnit::Day, next)))
                if next - day == 1 && is_date =>
            {
                format!("{time} = {}", moment(&Moment::Start(TimeUnit::Day, *day)))
            }
            (Some(from), Some(to)) => format!("{time} >= {} AND {time} < {}", moment(from), moment(to)),
            (Some(from), None) => format!("{time} >= {}", moment(from)),
            (None, Some(to)) => format!("{time} < {}", moment(to)),
            (None, None) => "1".to_owned(),
        }
    }

    pub(super) fn is_date(&self, column: &str) -> bool {
        self.table
            .column(column)
            .is_some_and(|column| matches!(column.plain_type(), "Date" | "Date32"))
    }

    /// A column as a time.
    pub(super) fn time(&self, column: &str) -> String {
        match self.table.column(column).and_then(Column::epoch) {
            Some(Epoch::Seconds) => format!("toDateTime({})", name(column)),
            Some(Epoch::Milliseconds) => format!("fromUnixTimestamp64Milli({})", name(column)),
            None => name(column),
        }
    }

    pub(super) fn part(&self, part: DayPart, column: &str) -> String {
        let function = match part {
            DayPart::HourOfDay => "toHour",
            DayPart::DayOfWeek => "toDayOfWeek",
            DayPart::DayOfMonth => "toDayOfMonth",
            DayPart::MonthOfYear => "toMonth",
        };
        format!("{function}({})", self.time(column))
    }
}

fn moment_sql(moment: &Moment, is_date: bool) -> String {
    let shifted = |base: String, by: i32, unit: TimeUnit| match by {
        0 => base,
        by if by < 0 => format!("{base} - INTERVAL {} {}", -by, unit.sql()),
        by => format!("{base} + INTERVAL {by} {}", unit.sql()),
    };
    match moment {
        Moment::Ago(0, _) => if is_date { "today()" } else { "now()" }.to_owned(),
        Moment::Ago(count, unit) if is_date && *unit < TimeUnit::Day => {
            format!("toDate(now() - INTERVAL {count} {})", unit.sql())
        }
        Moment::Ago(count, unit) if is_date => format!("today() - INTERVAL {count} {}", unit.sql()),
        Moment::Ago(count, unit) => format!("now() - INTERVAL {count} {}", unit.sql()),
        Moment::Ahead(count, unit) => {
            let now = if is_date && *unit >= TimeUnit::Day {
                "today()"
            } else {
                "now()"
            };
            format!("{now} + INTERVAL {count} {}", unit.sql())
        }
        Moment::Start(TimeUnit::Day, 0) => "today()".to_owned(),
        Moment::Start(TimeUnit::Day, -1) => "yesterday()".to_owned(),
        Moment::Start(TimeUnit::Day, by) => shifted("today()".to_owned(), *by, TimeUnit::Day),
        Moment::Start(TimeUnit::Week, by) => {
            shifted("toStartOfWeek(now(), 1)".to_owned(), *by, TimeUnit::Week)
        }
        Moment::Start(unit, by) => shifted(
            format!("toStartOf{}(now())", capitalized(unit.word())),
            *by,
            *unit,
        ),
        Moment::Weekday(day, by) => shifted(
            format!("(today() - (toDayOfWeek(today()) + {}) % 7)", 7 - day),
            *by,
            TimeUnit::Day,
        ),
        Moment::MonthOfYear(month, by) => shifted(
            format!("makeDate(toYear(today()) - (toMonth(today()) < {month}), {month}, 1)"),
            *by,
            TimeUnit::Month,
        ),
        Moment::Date(date) => format!("toDate('{date}')"),
    }
}
