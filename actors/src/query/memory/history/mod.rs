//! Who asked what, and what came of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::str::FromStr;

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::verdict::Verdict;
use super::{Memory, MemoryError};
use crate::store::Store;
use crate::store::sql::literal;

/// Most records of a page.
pub const MAX_PAGE: usize = 200;
/// Longest text of each kind that is kept, in bytes; the rest of it is left out.
const MAX_QUESTION_BYTES: usize = 8 << 10;
const MAX_SQL_BYTES: usize = 64 << 10;
const MAX_PARAMS_BYTES: usize = 16 << 10;
const MAX_ERROR_BYTES: usize = 2 << 10;
const MAX_NAME_BYTES: usize = 200;
const MAX_TABLES: usize = 100;
/// What stands where something was left out.
const LEFT_OUT: &str = "…";

/// The name of a record: a UUID of version 7, so that later records have greater names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordId(String);

impl RecordId {
    /// A new one.
    pub fn new() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RecordId {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Display for RecordId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RecordId {
    type Err = MemoryError;

    fn from_str(text: &str) -> Result<Self, MemoryError> {
        let id = uuid::Uuid::try_parse(text);
        let id = id.map_err(|_| MemoryError::Invalid("it is not the id of a record".to_owned()))?;
        Ok(Self(id.to_string()))
    }
}

macro_rules! names {
    ($(#[$doc:meta])* $enum:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "lowercase")]
        pub enum $enum {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $enum {
            /// Its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The one of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

names! {
    /// How something was asked.
    Kind {
        /// As a statement.
        Sql = "sql",
        /// In plain words.
        Question = "question",
    }
}

names! {
    /// What something was asked for.
    #[derive(Default)]
    Purpose {
        /// Somebody wants to know.
        #[default]
        Person = "person",
        /// A tile of a dashboard.
        Dashboard = "dashboard",
        /// What pages ask by themselves: the latest rows, values to choose from.
        Page = "page",
    }
}

names! {
    /// What came of it.
    Outcome {
        /// An answer.
        Ok = "ok",
        /// It is not allowed.
        Refused = "refused",
        /// It could not be carried out.
        Failed = "failed",
        /// It was not understood, and this was said.
        Declined = "declined",
        /// Whoever asked has gone or thought better of it.
        Cancelled = "cancelled",
    }
}

/// One question or statement, for the history.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its name.
    pub id: RecordId,
    /// When it was asked.
    pub at: jiff::Timestamp,
    /// Who asked: the name of their token.
    pub user: String,
    /// Where they were.
    pub address: String,
    /// How it was asked.
    pub kind: Kind,
    /// What for.
    pub purpose: Purpose,
    /// The question, if it was asked in plain words.
    pub question: String,
    /// The statement that ran, or was to run.
    pub sql: String,
    /// Values for its parameters.
    pub params: BTreeMap<String, String>,
    /// The tables that it reads, as far as they are known.
    pub tables: Vec<String>,
    /// What made the statement: `sql` for a person, the model's name, `translator`.
    pub engine: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Why not, if it did not go well.
    pub error: String,
    /// Rows of the answer.
    pub rows: u64,
    /// From the request to the last row, milliseconds.
    pub elapsed_ms: f64,
    /// Rows that ClickHouse read.
    pub rows_read: u64,
    /// Tokens that were sent to a model.
    pub prompt_tokens: u64,
    /// Tokens that came from it.
    pub completion_tokens: u64,
    /// What that cost, in the currency that the prices are configured in.
    pub cost: f64,
    /// Everything up to this time was in the answer.
    pub complete_to: Option<jiff::Timestamp>,
}

impl Record {
    /// Something that is asked now, and of which nothing has come yet.
    pub fn new(kind: Kind, user: &str, address: &str) -> Self {
        Self {
            id: RecordId::new(),
            at: jiff::Timestamp::now(),
            user: user.to_owned(),
            address: address.to_owned(),
            kind,
            purpose: Purpose::default(),
            question: String::new(),
            sql: String::new(),
            params: BTreeMap::new(),
            tables: Vec::new(),
            engine: "sql".to_owned(),
            outcome: Outcome::Ok,
            error: String::new(),
            rows: 0,
            elapsed_ms: 0.0,
            rows_read: 0,
            prompt_tokens: 0,
            completion_tokens: 0,
            cost: 0.0,
            complete_to: None,
        }
    }

    /// The record as it is kept: a line of JSON, in which nothing is longer than it may be.
    pub(super) fn line(&self, node: &str) -> String {
        let params = serde_json::to_string(&self.params).unwrap_or_default();
        let tables = self.tables.iter().take(MAX_TABLES);
        let line = Line {
            id: self.id.as_str(),
            at: datetime(self.at),
            user: clip(&self.user, MAX_NAME_BYTES),
            address: clip(&self.address, MAX_NAME_BYTES),
            node,
            kind: self.kind.name(),
            purpose: self.purpose.name(),
            question: clip(&self.question, MAX_QUESTION_BYTES),
            sql: clip(&self.sql, MAX_SQL_BYTES),
            params: clip(&params, MAX_PARAMS_BYTES),
            tables: tables.map(|table| clip(table, MAX_NAME_BYTES)).collect(),
            engine: clip(&self.engine, MAX_NAME_BYTES),
            outcome: self.outcome.name(),
            error: clip(&self.error, MAX_ERROR_BYTES),
            rows: self.rows,
            elapsed_ms: finite(self.elapsed_ms),
            rows_read: self.rows_read,
            prompt_tokens: self.prompt_tokens,
            completion_tokens: self.completion_tokens,
            cost: finite(self.cost),
            complete_to: self.complete_to.map(datetime),
        };
        // Texts and numbers that are finite: nothing that JSON could refuse.
        serde_json::to_string(&line).unwrap_or_default()
    }
}

/// The columns of `aurora.history`.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    at: String,
    user: String,
    address: String,
    node: &'a str,
    kind: &'a str,
    purpose: &'a str,
    question: String,
    sql: String,
    params: String,
    tables: Vec<String>,
    engine: String,
    outcome: &'a str,
    error: String,
    rows: u64,
    elapsed_ms: f64,
    rows_read: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
    cost: f64,
    complete_to: Option<String>,
}

fn datetime(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

fn finite(number: f64) -> f64 {
    if number.is_finite() { number } else { 0.0 }
}

fn clip(text: &str, max_bytes: usize) -> String {
    if text.len() <= max_bytes {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(max_bytes - LEFT_OUT.len());
    format!("{}{LEFT_OUT}", &text[..end])
}

/// A record as it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What was recorded. Texts may have been cut.
    pub record: Record,
    /// The node that was asked.
    pub node: String,
    /// What whoever asked thinks of the answer.
    pub verdict: Option<Verdict>,
}

/// Which records to find; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Whose.
    pub user: Option<String>,
    /// How it was asked.
    pub kind: Option<Kind>,
    /// What for.
    pub purpose: Option<Purpose>,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// What is thought of it.
    pub verdict: Option<Verdict>,
    /// A text in the question or the statement, whatever its case.
    pub search: Option<String>,
    /// Only what was asked before this record.
    pub before: Option<RecordId>,
    /// Most records to find; never more than [`MAX_PAGE`].
    pub limit: usize,
}

impl HistoryFilter {
    /// The statement that finds them, the latest first.
    fn statement(&self) -> String {
        let mut conditions = vec!["1".to_owned()];
        let mut equal = |column: &str, value: Option<&str>| {
            conditions.extend(value.map(|value| format!("{column} = {}", literal(value))));
        };
        equal("user", self.user.as_deref());
        equal("kind", self.kind.map(Kind::name));
        equal("purpose", self.purpose.map(Purpose::name));
        equal("outcome", self.outcome.map(Outcome::name));
        if let Some(verdict) = self.verdict {
            conditions.push(format!(
                "id IN (SELECT id FROM aurora.verdicts GROUP BY id HAVING argMax(verdict, at) = {})",
                literal(verdict.name())
            ));
        }
        if let Some(search) = &self.search {
            let search = literal(search);
            conditions.push(format!(
                "(positionCaseInsensitiveUTF8(question, {search}) > 0 OR positionCaseInsensitiveUTF8(sql, {search}) > 0)"
            ));
        }
        conditions.extend(
            self.before
                .as_ref()
                .map(|id| format!("id < {}", literal(id.as_str()))),
        );
        select(&conditions.join(" AND "), self.limit.min(MAX_PAGE))
    }
}

fn select(condition: &str, limit: usize) -> String {
    let mut statement = format!("SELECT {COLUMNS} FROM aurora.history WHERE {condition}");
    // A record is there twice when an insert's answer was lost; writing to a String cannot fail.
    let _ = write!(
        statement,
        " ORDER BY id DESC LIMIT 1 BY id LIMIT {limit} SETTINGS {LIMITS}"
    );
    statement
}

/// Whoever searches a year of others' questions must not slow ingest down.
const LIMITS: &str = "max_execution_time = 10, max_threads = 2, max_memory_usage = 1000000000";

const COLUMNS: &str = "id, toUnixTimestamp64Milli(at) AS at_ms, user, address, node, toString(kind) AS kind_name, toString(purpose) AS purpose_name, question, \
    sql, params, tables, toString(engine) AS engine_name, toString(outcome) AS outcome_name, error, rows, elapsed_ms, \
    rows_read, prompt_tokens, completion_tokens, cost, \
    if(isNull(complete_to), NULL, toUnixTimestamp64Milli(assumeNotNull(complete_to))) AS complete_to_ms";

#[derive(Row, Deserialize)]
struct EntryRow {
    id: String,
    at_ms: i64,
    user: String,
    address: String,
    node: String,
    kind_name: String,
    purpose_name: String,
    question: String,
    sql: String,
    params: String,
    tables: Vec<String>,
    engine_name: String,
    outcome_name: String,
    error: String,
    rows: u64,
    elapsed_ms: f64,
    rows_read: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
    cost: f64,
    complete_to_ms: Option<i64>,
}

impl EntryRow {
    fn entry(self) -> Entry {
        let moment = |ms| jiff::Timestamp::from_millisecond(ms).ok();
        let record = Record {
            id: RecordId(self.id),
            at: moment(self.at_ms).unwrap_or_default(),
            user: self.user,
            address: self.address,
            kind: Kind::from_name(&self.kind_name).unwrap_or(Kind::Sql),
            purpose: Purpose::from_name(&self.purpose_name).unwrap_or_default(),
            question: self.question,
            sql: self.sql,
            // Parameters that were too long are there as a text that is no JSON any more.
            params: serde_json::from_str(&self.params).unwrap_or_default(),
            tables: self.tables,
            engine: self.engine_name,
            outcome: Outcome::from_name(&self.outcome_name).unwrap_or(Outcome::Failed),
            error: self.error,
            rows: self.rows,
            elapsed_ms: self.elapsed_ms,
            rows_read: self.rows_read,
            prompt_tokens: self.prompt_tokens,
            completion_tokens: self.completion_tokens,
            cost: self.cost,
            complete_to: self.complete_to_ms.and_then(moment),
        };
        Entry {
            record,
            node: self.node,
            verdict: None,
        }
    }
}

async fn find(store: &Store, statement: &str) -> Result<Vec<Entry>, MemoryError> {
    let rows: Vec<EntryRow> = store.rows(statement).await?;
    Ok(rows.into_iter().map(EntryRow::entry).collect())
}

impl Memory {
    /// Finds records, the latest first. What was asked within the last second may not be there yet.
    pub async fn history(&self, filter: &HistoryFilter) -> Result<Vec<Entry>, MemoryError> {
        let found = find(&self.0.store, &filter.statement()).await?;
        self.with_verdicts(found).await
    }

    /// One record.
    pub async fn entry(&self, id: &RecordId) -> Result<Option<Entry>, MemoryError> {
        let by_id = select(&format!("id = {}", literal(id.as_str())), 1);
        let found = find(&self.0.store, &by_id).await?;
        Ok(self.with_verdicts(found).await?.into_iter().next())
    }
}

#[cfg(test)]
mod tests;
