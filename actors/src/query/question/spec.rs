//! How a question was read: what is measured, of which rows, in which groups.
//!
//! A [`Spec`] can express what people mostly ask. [`super::translate`] fills it, and [`super::compile`] makes SQL of it.

use serde::{Deserialize, Serialize};

use super::time::{DayPart, TimeRange, TimeUnit};

/// The reading of a question over one table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spec {
    /// The table's database.
    pub database: String,
    /// The table.
    pub table: String,
    /// What is computed. None: rows are listed.
    pub measures: Vec<Measure>,
    /// What it is grouped by.
    pub by: Vec<Dimension>,
    /// Which rows count.
    pub filters: Vec<Filter>,
    /// Which groups count.
    pub having: Vec<Having>,
    /// Measures are over groups, not over rows.
    pub over: Option<Groups>,
    /// In which order.
    pub order: Option<Order>,
    /// How many at most.
    pub limit: Option<u64>,
    /// Of each of these groups, the first `limit`: "the top product of each region".
    pub limit_by: Vec<String>,
    /// Columns that are shown when rows are listed.
    pub columns: Vec<String>,
    /// Each span of time with all before it added.
    pub cumulative: bool,
    /// Look for values that stand out of the series (Tukey's fences).
    pub outliers: bool,
}

/// Something computed over rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// How.
    pub aggregate: Aggregate,
    /// Of what; nothing for rows.
    pub of: Option<Expression>,
    /// Only these rows; for [`Aggregate::Share`], the rows of the numerator.
    #[serde(default)]
    pub only: Vec<Filter>,
    /// For [`Aggregate::Ratio`], the rows of the denominator.
    #[serde(default)]
    pub against: Vec<Filter>,
    /// What it is divided by, to show it in the unit that was asked for.
    #[serde(default)]
    pub divisor: Option<f64>,
}

/// How a measure is computed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// Rows.
    Count,
    /// Different values.
    Distinct,
    /// The sum.
    Sum,
    /// The mean.
    Average,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
    /// A quantile, 0 to 1.
    Quantile(f64),
    /// The largest minus the smallest.
    Spread,
    /// The standard deviation of the sample.
    Deviation,
    /// Matching rows (or different names in them, or the sum of a number) divided by all.
    Share,
    /// Rows of one kind divided by rows of another.
    Ratio,
    /// This group's part of the sum (or count) of all groups.
    ShareOfTotal,
    /// The value at the latest time.
    Latest,
    /// The value at the earliest time.
    Earliest,
}

/// A number of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expression {
    /// A column.
    Column(String),
    /// Two columns multiplied.
    Product(String, String),
    /// Two columns added; one that is missing adds nothing.
    Sum(String, String),
    /// Two columns subtracted.
    Difference(String, String),
    /// One column divided by another, each summed up first.
    Quotient(String, String),
    /// Seconds from one time to another.
    Elapsed {
        /// The earlier.
        from: String,
        /// The later.
        to: String,
    },
    /// The length of a list.
    Length(String),
    /// SQL from the glossary, as its editor wrote it.
    Glossary(String),
}

/// What rows are grouped by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// A column's value.
    Column(String),
    /// An item of a list.
    Item(String),
    /// Spans of time.
    Time {
        /// How many units long.
        every: u32,
        /// The unit.
        unit: TimeUnit,
        /// Of which column.
        column: String,
    },
    /// The hour of the day, the day of the week and the like.
    Part {
        /// Which.
        part: DayPart,
        /// Of which column.
        column: String,
    },
    /// Several spans of time beside each other.
    Periods {
        /// Each of them.
        ranges: Vec<TimeRange>,
        /// Of which column.
        column: String,
    },
}

/// A condition on a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Filter {
    /// The column.
    pub column: String,
    /// What is asked of it.
    pub test: Test,
    /// The opposite is asked.
    #[serde(default)]
    pub negated: bool,
}

/// What is asked of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// It is one of these.
    In(Vec<String>),
    /// The list has one of these.
    Has(Vec<String>),
    /// The list has all of these.
    HasAll(Vec<String>),
    /// The list's length compares to a number.
    Length(Comparison, f64),
    /// It compares to a number.
    Compare(Comparison, f64),
    /// It is from one number to another.
    Between(f64, f64),
    /// It compares to another column.
    CompareColumn(Comparison, String),
    /// The time that has passed since another one compares to a number of seconds.
    Elapsed {
        /// The other one.
        from: String,
        /// How it compares.
        comparison: Comparison,
        /// To how many seconds.
        seconds: f64,
    },
    /// There is no value.
    Missing,
    /// It is true.
    IsTrue,
    /// The time is in this range.
    During(TimeRange),
    /// The hour, the weekday… is one of these.
    PartIn(DayPart, Vec<u32>),
    /// The text has this in it, in any case.
    Contains(String),
}

/// How numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "they say what they are")]
pub enum Comparison {
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
    Unequal,
}

/// A condition on a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Having {
    /// What is compared.
    pub measure: Measure,
    /// How.
    pub comparison: Comparison,
    /// To what.
    pub value: f64,
}

/// An inner grouping whose groups are measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Groups {
    /// What makes a group.
    pub by: Vec<Dimension>,
    /// What is computed of each group; nothing when groups are only counted.
    pub measure: Option<Measure>,
    /// Which groups count.
    pub having: Vec<Having>,
}

/// The order of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// By what.
    pub by: OrderBy,
    /// The largest first.
    pub descending: bool,
}

/// What an answer is ordered by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderBy {
    /// The measure of that place.
    Measure(usize),
    /// The dimension of that place.
    Dimension(usize),
    /// A column of the row.
    Column(String),
}

impl Spec {
    /// Whether a column has a part in it.
    pub fn mentions(&self, column: &str) -> bool {
        let of_measure = |measure: &Measure| {
            let of = match &measure.of {
                Some(Expression::Column(a) | Expression::Length(a)) => a == column,
                Some(
                    Expression::Product(a, b)
                    | Expression::Sum(a, b)
                    | Expression::Difference(a, b)
                    | Expression::Quotient(a, b),
                ) => a == column || b == column,
                Some(Expression::Elapsed { from, to }) => from == column || to == column,
                Some(Expression::Glossary(_)) | None => false,
            };
            of || measure
                .only
                .iter()
                .chain(&measure.against)
                .any(|filter| filter.column == column)
        };
        let of_dimension = |dimension: &Dimension| match dimension {
            Dimension::Column(name) | Dimension::Item(name) => name == column,
            Dimension::Time { column: of, .. }
            | Dimension::Part { column: of, .. }
            | Dimension::Periods { column: of, .. } => of == column,
        };
        let over = self.over.as_ref();
        let having = self
            .having
            .iter()
            .chain(over.iter().flat_map(|groups| &groups.having));
        self.measures
            .iter()
            .chain(having.map(|having| &having.measure))
            .any(of_measure)
            || over
                .and_then(|groups| groups.measure.as_ref())
                .is_some_and(of_measure)
            || self
                .by
                .iter()
                .chain(over.iter().flat_map(|groups| &groups.by))
                .any(of_dimension)
            || self.filters.iter().any(|filter| filter.column == column)
    }
}

impl Measure {
    /// The number of rows.
    pub fn count() -> Self {
        Self::of(Aggregate::Count, None)
    }

    /// That aggregate of that expression.
    pub fn of(aggregate: Aggregate, of: Option<Expression>) -> Self {
        Self {
            aggregate,
            of,
            only: Vec::new(),
            against: Vec::new(),
            divisor: None,
        }
    }
}

impl Filter {
    /// A condition that must hold.
    pub fn new(column: &str, test: Test) -> Self {
        Self {
            column: column.to_owned(),
            test,
            negated: false,
        }
    }
}

impl Comparison {
    /// As SQL writes it.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Equal => "=",
            Self::Unequal => "!=",
        }
    }

    /// As people say it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Above => "more than",
            Self::AtLeast => "at least",
            Self::Below => "less than",
            Self::AtMost => "at most",
            Self::Equal => "exactly",
            Self::Unequal => "other than",
        }
    }
}
