//! Which answers were right, and the confirmed questions that come of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::history::{Entry, Outcome};
use super::{Memory, MemoryError};
use crate::store::sql::literal;

/// Most confirmed questions; the latest count.
pub const MAX_CONFIRMED: usize = 2_000;
/// Longest statement that confirms a question, in bytes: longer ones teach nobody anything.
const MAX_SQL_BYTES: usize = 8 << 10;

/// What somebody thinks of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Thumbs up.
    Right,
    /// Thumbs down.
    Wrong,
}

impl Verdict {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Right, Self::Wrong]
            .into_iter()
            .find(|verdict| verdict.name() == name)
    }
}

/// A question whose answer somebody has found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// The record of the question.
    pub id: String,
    /// The question.
    pub question: String,
    /// The statement that answered it.
    pub sql: String,
    /// The tables that it reads.
    pub tables: Vec<String>,
    /// Who found it right.
    pub by: String,
}

#[derive(Row, Deserialize)]
struct ConfirmedRow {
    id: String,
    question: String,
    sql: String,
    tables: Vec<String>,
    user: String,
}

#[derive(Row, Deserialize)]
struct VerdictRow {
    id: String,
    latest: String,
}

impl Memory {
    /// Notes what `user` thinks of an answer; `None` takes back what was thought before. A question that was answered
    /// and is found right becomes a confirmed question.
    pub async fn judge(
        &self,
        entry: &Entry,
        verdict: Option<Verdict>,
        user: &str,
    ) -> Result<(), MemoryError> {
        let record = &entry.record;
        if verdict == Some(Verdict::Right) && record.outcome != Outcome::Ok {
            let message = "there was no answer that could be right".to_owned();
            return Err(MemoryError::Invalid(message));
        }
        let tables = record.tables.iter().map(|table| literal(table));
        let tables: Vec<String> = tables.collect();
        let statement = format!(
            "INSERT INTO aurora.verdicts (id, at, verdict, user, question, sql, tables) SETTINGS async_insert = 0 \
             VALUES ({}, now64(6), {}, {}, {}, {}, [{}])",
            literal(record.id.as_str()),
            literal(verdict.map_or("", Verdict::name)),
            literal(user),
            literal(&record.question),
            literal(&record.sql),
            tables.join(", ")
        );
        let noted = self.0.store.execute(&statement).await;
        self.0.confirmed.forget();
        Ok(noted?)
    }

    /// All confirmed questions, the latest first, one of each wording, as they were at most two seconds ago; the last that
    /// are known while ClickHouse is away.
    pub async fn confirmed(&self) -> Arc<Vec<Confirmed>> {
        let read = async || {
            let statement = format!(
                "SELECT id, question, sql, tables, user FROM aurora.verdicts FINAL \
                 WHERE verdict = 'right' AND question != '' AND sql != '' AND length(sql) <= {MAX_SQL_BYTES} \
                 ORDER BY at DESC, id DESC LIMIT 1 BY lowerUTF8(trimBoth(question)) LIMIT {MAX_CONFIRMED}"
            );
            let rows: Vec<ConfirmedRow> = self.0.store.rows(&statement).await?;
            let confirmed = rows.into_iter().map(|row| Confirmed {
                id: row.id,
                question: row.question,
                sql: row.sql,
                tables: row.tables,
                by: row.user,
            });
            Ok(confirmed.collect())
        };
        self.0.confirmed.get("the confirmed questions", read).await
    }

    pub(super) async fn with_verdicts(&self, mut entries: Vec<Entry>) -> Result<Vec<Entry>, MemoryError> {
        if entries.is_empty() {
            return Ok(entries);
        }
        let ids: Vec<String> = entries
            .iter()
            .map(|entry| literal(entry.record.id.as_str()))
            .collect();
        let statement = format!(
            "SELECT id, argMax(verdict, at) AS latest FROM aurora.verdicts WHERE id IN ({}) GROUP BY id",
            ids.join(", ")
        );
        let rows: Vec<VerdictRow> = self.0.store.rows(&statement).await?;
        let verdicts: BTreeMap<String, String> = rows.into_iter().map(|row| (row.id, row.latest)).collect();
        for entry in &mut entries {
            let verdict = verdicts.get(entry.record.id.as_str());
            entry.verdict = verdict.and_then(|name| Verdict::from_name(name));
        }
        Ok(entries)
    }
}
