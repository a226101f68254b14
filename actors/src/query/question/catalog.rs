//! What is known of the tables: types, roles, ranges, counts and values.
//!
//! A [`Catalog`] is plain data; `gather` (which asks ClickHouse) makes it, everything else reads it.

use serde::{Deserialize, Serialize};

use super::words::{Word, identifier_words, words};
use crate::ingest::schema::RETRIED_COLUMN;

/// Columns that Aurora adds to every table of events; questions are not about them.
pub const SYSTEM_COLUMNS: [&str; 6] = [
    "_topic",
    "_partition",
    "_offset",
    "_timestamp",
    "_generation",
    RETRIED_COLUMN,
];

/// All tables that a question can be about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// ClickHouse's version.
    pub version: String,
    /// The tables.
    pub tables: Vec<Table>,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its database.
    pub database: String,
    /// Its name.
    pub name: String,
    /// What its makers say of it.
    pub comment: String,
    /// About how many rows it has.
    pub rows: u64,
    /// Its columns, in their order, without Aurora's own.
    pub columns: Vec<Column>,
    /// The column `_timestamp` is there, in case there is no other time.
    pub has_kafka_time: bool,
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name, as it is.
    pub name: String,
    /// Its ClickHouse type.
    pub column_type: String,
    /// What its makers say of it.
    pub comment: String,
    /// About how many different values it has.
    pub distinct: u64,
    /// How many rows have none.
    pub nulls: u64,
    /// The smallest value, as text.
    pub min: String,
    /// The largest value, as text.
    pub max: String,
    /// Its values, the most frequent first, when there are few; some of them otherwise.
    pub values: Vec<String>,
    /// Whether `values` are all there are.
    pub values_complete: bool,
    /// What the column is for.
    pub role: Role,
    /// Its values are not shown to a model.
    #[serde(default)]
    pub hidden: bool,
    /// Part of the table's sorting key.
    pub in_sorting_key: bool,
}

/// What a column is for, judged by type, name and values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A point in time.
    Time,
    /// A name for a thing, to be counted and grouped by, never added.
    Id,
    /// A number to calculate with.
    Measure,
    /// Few values, to group and filter by.
    Dimension,
    /// Yes or no.
    Flag,
    /// Several values in one row.
    List,
    /// Anything else: free text, maps.
    #[default]
    Text,
}

impl Catalog {
    /// The table `database.name`.
    pub fn table(&self, database: &str, name: &str) -> Option<&Table> {
        self.tables
            .iter()
            .find(|table| table.database == database && table.name == name)
    }
}

impl Table {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns of that role.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(move |column| column.role == role)
    }

    /// The column that says when a row's event happened, if nothing else is said.
    pub fn main_time(&self) -> Option<&str> {
        const EVENT_WORDS: [&str; 19] = [
            "timestamp",
            "time",
            "event",
            "occur",
            "created",
            "create",
            "date",
            "at",
            "start",
            "started",
            "opened",
            "recorded",
            "measured",
            "received",
            "sent",
            "submitted",
            "happened",
            "placed",
            "read",
        ];
        let score = |column: &Column| {
            let words = identifier_words(&column.name);
            let named = words
                .iter()
                .filter(|word| EVENT_WORDS.contains(&word.text.as_str()))
                .count();
            let later = [
                "updated", "update", "modified", "resolved", "closed", "ended", "end", "finished", "deleted",
                "expires", "due", "ingested", "last",
            ];
            let is_later = words.iter().any(|word| later.contains(&word.text.as_str()));
            (!is_later, column.nulls == 0, column.in_sorting_key, named > 0)
        };
        let mut best: Option<&Column> = None;
        for column in self.with_role(Role::Time) {
            if best.is_none_or(|best| score(column) > score(best)) {
                best = Some(column);
            }
        }
        best.map(|column| column.name.as_str())
            .or(self.has_kafka_time.then_some("_timestamp"))
    }

    /// The words of its name.
    pub fn words(&self) -> Vec<Word> {
        identifier_words(&self.name)
    }
}

impl Column {
    /// Its type without Nullable and LowCardinality.
    pub fn plain_type(&self) -> &str {
        plain_type(&self.column_type)
    }

    /// Whether it can be NULL.
    pub fn is_nullable(&self) -> bool {
        self.column_type.contains("Nullable(")
    }

    /// Whether it holds numbers.
    pub fn is_number(&self) -> bool {
        is_number(self.plain_type())
    }

    /// How it tells a time, when it is a number that does: judged by name and range.
    pub fn epoch(&self) -> Option<Epoch> {
        const NAMES: [&str; 14] = [
            "time",
            "timestamp",
            "at",
            "epoch",
            "date",
            "on",
            "milliseconds",
            "millis",
            "seconds",
            "started",
            "ended",
            "created",
            "updated",
            "utc",
        ];
        // From 2001 to 2100.
        const SECONDS: std::ops::Range<f64> = 978_307_200.0..4_102_444_800.0;
        let plain = self.plain_type();
        if !plain.starts_with("Int") && !plain.starts_with("UInt") {
            return None;
        }
        let (min, max) = (self.min.parse::<f64>().ok()?, self.max.parse::<f64>().ok()?);
        let named = identifier_words(&self.name)
            .iter()
            .any(|word| NAMES.contains(&word.text.as_str()));
        let all = |scale: f64| SECONDS.contains(&(min / scale)) && SECONDS.contains(&(max / scale));
        match () {
            () if named && all(1.0) => Some(Epoch::Seconds),
            () if named && all(1_000.0) => Some(Epoch::Milliseconds),
            () => None,
        }
    }

    /// Whether values of it are text in SQL.
    pub fn is_text(&self) -> bool {
        let plain = self.plain_type();
        plain.starts_with("String")
            || plain.starts_with("FixedString")
            || plain.starts_with("Enum")
            || plain == "UUID"
    }
}

/// How a number tells a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Epoch {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
}

/// A type without Nullable and LowCardinality around it.
pub fn plain_type(column_type: &str) -> &str {
    let mut plain = column_type;
    for wrapper in ["LowCardinality(", "Nullable("] {
        if let Some(inner) = plain
            .strip_prefix(wrapper)
            .and_then(|rest| rest.strip_suffix(')'))
        {
            plain = inner;
        }
    }
    plain
}

fn is_number(plain: &str) -> bool {
    ["Int", "UInt", "Float", "Decimal", "BFloat"]
        .iter()
        .any(|number| plain.starts_with(number))
}

/// Judges what a column is for. `rows` are the table's.
pub fn role(column: &Column, rows: u64) -> Role {
    const ID_ENDINGS: [&str; 9] = [
        "id", "ids", "uuid", "guid", "key", "hash", "sku", "serial", "isbn",
    ];
    const FLAG_STARTS: [&str; 8] = ["is", "has", "was", "can", "did", "should", "had", "are"];
    let plain = column.plain_type();
    let words = identifier_words(&column.name);
    let ends_as_id = words
        .last()
        .is_some_and(|word| ID_ENDINGS.contains(&word.text.as_str()));
    let starts_as_flag = words.len() > 1 && FLAG_STARTS.contains(&words[0].text.as_str());
    if plain.starts_with("Date") || column.epoch().is_some() {
        return Role::Time;
    }
    if plain.starts_with("Array") {
        return Role::List;
    }
    if plain == "Bool" {
        return Role::Flag;
    }
    if is_number(plain) {
        let whole =
            !(plain.starts_with("Float") || plain.starts_with("Decimal") || plain.starts_with("BFloat"));
        let zero_or_one = column.min == "0" && column.max == "1" && column.distinct <= 2;
        return match () {
            () if whole && zero_or_one && (plain == "UInt8" || starts_as_flag) => Role::Flag,
            () if whole && ends_as_id => Role::Id,
            () if whole && is_numbering(&words) && column.distinct > 1 => Role::Id,
            // `subscriber`, `driver`: whole numbers that are called like somebody or something are their names.
            () if whole && column.distinct > 50 && words.last().is_some_and(names_one) => Role::Id,
            () if whole && column.distinct > 50 && explains_one(&column.comment) => Role::Id,
            () if whole && counts_up(column, rows) => Role::Id,
            () => Role::Measure,
        };
    }
    if plain == "UUID" || plain.starts_with("IPv") {
        return Role::Id;
    }
    if plain.starts_with("Enum") {
        return Role::Dimension;
    }
    if plain.starts_with("String") || plain.starts_with("FixedString") {
        if ends_as_id {
            return Role::Id;
        }
        let few = column.distinct <= 1_000 && (rows < 100 || column.distinct.saturating_mul(4) <= rows);
        if column.column_type.starts_with("LowCardinality") || few {
            return Role::Dimension;
        }
        // Many short values: names of things. Many long ones: prose.
        let longest = column
            .values
            .iter()
            .map(|value| value.chars().count())
            .max()
            .unwrap_or_default();
        return if longest <= 48
            && column
                .values
                .iter()
                .all(|value| !value.contains(' ') || longest <= 24)
        {
            Role::Id
        } else {
            Role::Text
        };
    }
    Role::Text
}

/// Whether a word names one person or thing: an integer called like that is no amount.
fn names_one(word: &Word) -> bool {
    const ONES: [&str; 52] = [
        "account",
        "agent",
        "applicant",
        "author",
        "buyer",
        "caller",
        "candidate",
        "client",
        "courier",
        "customer",
        "device",
        "doctor",
        "driver",
        "employee",
        "farmer",
        "guest",
        "learner",
        "machine",
        "member",
        "merchant",
        "meter",
        "owner",
        "partner",
        "passenger",
        "patient",
        "payer",
        "person",
        "player",
        "product",
        "reader",
        "recipient",
        "rider",
        "seller",
        "sender",
        "sensor",
        "session",
        "shipment",
        "shop",
        "shopper",
        "station",
        "store",
        "student",
        "subscriber",
        "supplier",
        "teacher",
        "tenant",
        "truck",
        "user",
        "vehicle",
        "vendor",
        "viewer",
        "visitor",
    ];
    ONES.contains(&word.text.as_str())
}

/// Whether a comment says of somebody what they do: "customer who applies".
fn explains_one(comment: &str) -> bool {
    let said: Vec<Word> = words(comment).into_iter().take(2).collect();
    matches!(said.as_slice(), [one, that] if names_one(one) && matches!(that.text.as_str(), "who" | "that" | "whose"))
}

/// Whether every row has another number, and the numbers lie close together: such rows are numbered, not measured.
fn counts_up(column: &Column, rows: u64) -> bool {
    const FEWEST: u64 = 1_000;
    let span = match (column.min.parse::<i64>(), column.max.parse::<i64>()) {
        (Ok(first), Ok(last)) => last.abs_diff(first),
        _ => return false,
    };
    rows >= FEWEST
        && column.distinct.saturating_mul(100) >= rows.saturating_mul(97)
        && span < rows.saturating_mul(2)
}

/// Numbers that name something: `order_no`, `account_number`.
fn is_numbering(words: &[Word]) -> bool {
    words.len() > 1
        && words.last().is_some_and(|word| {
            matches!(
                word.text.as_str(),
                "no" | "nr" | "number" | "code" | "zip" | "postcode"
            )
        })
}
