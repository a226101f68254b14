//! One SQL statement, from text to rows.

use std::collections::BTreeMap;

use clickhouse::Client;
use clickhouse::query::BytesCursor;
use serde::Serialize;
use serde_json::value::RawValue;

use super::guard::{self, Refusal};
use crate::store::{Login, StoreError};

/// Rows that are returned when nothing else is said, and the most that can be asked for.
pub const DEFAULT_LIMIT: usize = 1_000;
/// See [`DEFAULT_LIMIT`].
pub const MAX_LIMIT: usize = 100_000;
/// Most bytes of an answer's rows.
const MAX_RESULT_BYTES: usize = 64 << 20;
/// Longest statement, in bytes.
const MAX_SQL_BYTES: usize = 256 << 10;
const FORMAT: &str = "JSONCompactEachRowWithNamesAndTypes";

/// Runs statements as the reading user.
#[derive(Clone)]
pub struct SqlRunner {
    client: Client,
}

impl std::fmt::Debug for SqlRunner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqlRunner")
    }
}

/// A statement to run.
#[derive(Debug, Clone, Default)]
pub struct SqlRequest {
    /// The statement.
    pub sql: String,
    /// Values for its `{name:Type}` parameters.
    pub params: BTreeMap<String, String>,
    /// Most rows to return.
    pub limit: Option<usize>,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResultColumn {
    /// Its name.
    pub name: String,
    /// Its ClickHouse type.
    #[serde(rename = "type")]
    pub column_type: String,
}

/// What a statement returned.
#[derive(Debug, Serialize)]
pub struct SqlResult {
    /// Its id in ClickHouse.
    pub query_id: String,
    /// The columns.
    pub columns: Vec<ResultColumn>,
    /// The rows, each an array as ClickHouse wrote it: 64-bit integers are strings.
    pub rows: Vec<Box<RawValue>>,
    /// Whether there are more rows than these.
    pub truncated: bool,
    /// What it cost.
    pub statistics: Statistics,
}

/// What a statement cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Statistics {
    /// From sending it to the last row, milliseconds.
    pub elapsed_ms: f64,
    /// Rows read.
    #[serde(serialize_with = "as_text")]
    pub rows_read: u64,
    /// Bytes read.
    #[serde(serialize_with = "as_text")]
    pub bytes_read: u64,
}

fn as_text<S: serde::Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The statement is empty, too long, or asks for a format of its own.
    #[error("{0}")]
    Statement(String),
    /// The statement is not allowed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// ClickHouse could not or would not run it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SqlRunner {
    /// Runs as `reader`, with `database` for tables without one.
    pub fn new(reader: &Login, database: &str) -> Self {
        Self {
            client: reader.client().with_database(database),
        }
    }

    /// Runs a statement and returns its rows, up to the limit. Dropping the future cancels it in
    /// ClickHouse too.
    pub async fn run(&self, request: &SqlRequest) -> Result<SqlResult, SqlError> {
        let sql = request.sql.trim().trim_end_matches(';').trim_end();
        if sql.is_empty() {
            return Err(SqlError::Statement("the statement is empty".to_owned()));
        }
        if sql.len() > MAX_SQL_BYTES {
            return Err(SqlError::Statement(format!(
                "the statement is longer than {MAX_SQL_BYTES} bytes"
            )));
        }
        let started = std::time::Instant::now();
        let ast = self
            .query(&format!("EXPLAIN AST {sql}"), request)
            .fetch_bytes("TSVRaw")
            .map_err(StoreError::from)?;
        guard::judge(sql, &read_text(ast).await?)?;
        let query_id = format!("aurora/query/{}", uuid::Uuid::new_v4());
        let query = self.query(sql, request).with_setting("query_id", &query_id);
        let mut cursor = query.fetch_bytes(FORMAT).map_err(StoreError::from)?;
        let limit = request.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
        let lines = read_lines(&mut cursor, limit).await?;
        let summary = cursor.summary();
        let statistics = Statistics {
            elapsed_ms: started.elapsed().as_secs_f64() * 1_000.0,
            rows_read: summary
                .and_then(|summary| summary.read_rows())
                .unwrap_or_default(),
            bytes_read: summary
                .and_then(|summary| summary.read_bytes())
                .unwrap_or_default(),
        };
        let Lines {
            header,
            rows,
            truncated,
        } = lines;
        Ok(SqlResult {
            query_id,
            columns: columns(&header)?,
            rows,
            truncated,
            statistics,
        })
    }

    fn query(&self, sql: &str, request: &SqlRequest) -> clickhouse::query::Query {
        let query = self.client.query_raw(sql);
        request.params.iter().fold(query, |query, (name, value)| {
            query.with_setting(format!("param_{name}"), value)
        })
    }
}

async fn read_text(mut cursor: BytesCursor) -> Result<String, SqlError> {
    let bytes = cursor.collect().await.map_err(StoreError::from)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[derive(Debug, Default)]
struct Lines {
    /// The first two lines: names and types.
    header: Vec<Vec<u8>>,
    rows: Vec<Box<RawValue>>,
    truncated: bool,
}

/// Reads the answer line by line, and stops after `limit` rows.
async fn read_lines(cursor: &mut BytesCursor, limit: usize) -> Result<Lines, SqlError> {
    let mut lines = Lines::default();
    let mut rest = Vec::new();
    let mut bytes = 0;
    while let Some(piece) = cursor.next().await.map_err(StoreError::from)? {
        bytes += piece.len();
        rest.extend_from_slice(&piece);
        let mut start = 0;
        while let Some(end) = memchr::memchr(b'\n', &rest[start..]) {
            let line = &rest[start..start + end];
            start += end + 1;
            if lines.header.len() < 2 {
                lines.header.push(line.to_vec());
            } else if lines.rows.len() == limit {
                lines.truncated = true;
                return Ok(lines);
            } else {
                lines.rows.push(row(line)?);
            }
        }
        rest.drain(..start);
        if bytes > MAX_RESULT_BYTES {
            lines.truncated = true;
            return Ok(lines);
        }
    }
    Ok(lines)
}

fn unreadable(line: &[u8]) -> SqlError {
    let start: String = String::from_utf8_lossy(line).chars().take(80).collect();
    SqlError::Statement(format!(
        "the rows are not in the format that was asked for ({start}…); leave out any FORMAT clause"
    ))
}

fn row(line: &[u8]) -> Result<Box<RawValue>, SqlError> {
    let text = std::str::from_utf8(line).map_err(|_| unreadable(line))?;
    if !text.starts_with('[') {
        return Err(unreadable(line));
    }
    serde_json::from_str(text).map_err(|_| unreadable(line))
}

fn columns(header: &[Vec<u8>]) -> Result<Vec<ResultColumn>, SqlError> {
    let list = |line: Option<&Vec<u8>>| -> Result<Vec<String>, SqlError> {
        let Some(line) = line else { return Ok(Vec::new()) };
        serde_json::from_slice(line).map_err(|_| unreadable(line))
    };
    let (names, types) = (list(header.first())?, list(header.get(1))?);
    Ok(names
        .into_iter()
        .zip(types)
        .map(|(name, column_type)| ResultColumn { name, column_type })
        .collect())
}
