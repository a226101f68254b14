//! Rows from a node's events, with how far the statement is meanwhile.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::show::Statement;
use crate::cli::client::Client;
use crate::cli::events::Event;
use crate::cli::output;
use crate::cli::progress::{HowFar, Progress};
use crate::cli::rows::{self, Column};

/// What came of a statement, with the members that the node's answer in one piece has.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    query_id: String,
    history_id: String,
    /// The columns.
    pub(super) columns: Vec<Column>,
    /// The rows, as ClickHouse wrote them.
    pub(super) rows: Vec<Box<RawValue>>,
    truncated: bool,
    statistics: Statistics,
    complete_to: Option<jiff::Timestamp>,
}

/// What it cost.
#[derive(Debug, Serialize, Deserialize)]
struct Statistics {
    elapsed_ms: f64,
    waited_ms: f64,
    rows_read: String,
    bytes_read: String,
}

#[derive(Deserialize)]
struct Query {
    query_id: String,
    history_id: String,
}

#[derive(Deserialize)]
struct Done {
    truncated: bool,
    statistics: Statistics,
    complete_to: Option<jiff::Timestamp>,
}

/// What has come so far.
#[derive(Default)]
struct Collected {
    history_id: String,
    columns: Vec<Column>,
    rows: Vec<Box<RawValue>>,
}

/// Runs a statement and waits for all of its rows. The query's id is known as soon as it runs.
pub(super) async fn collect(
    client: &Client,
    statement: &Statement,
    query_id: &OnceLock<String>,
) -> anyhow::Result<Answer> {
    let progress = Progress::new();
    tokio::select! {
        answer = follow(client, statement, query_id, &progress) => answer,
        never = progress.appear() => never,
    }
}

async fn follow(
    client: &Client,
    statement: &Statement,
    query_id: &OnceLock<String>,
    progress: &Progress,
) -> anyhow::Result<Answer> {
    let mut events = client.events("/api/v1/sql", statement).await?;
    let mut collected = Collected::default();
    loop {
        let event = events.next().await?;
        if let Some(done) = collected.take(&event, query_id, progress)? {
            return Ok(Answer {
                query_id: query_id.get().cloned().unwrap_or_default(),
                history_id: collected.history_id,
                columns: collected.columns,
                rows: collected.rows,
                truncated: done.truncated,
                statistics: done.statistics,
                complete_to: done.complete_to,
            });
        }
    }
}

impl Collected {
    /// Takes what an event brings; the last one brings the end.
    fn take(
        &mut self,
        event: &Event,
        query_id: &OnceLock<String>,
        progress: &Progress,
    ) -> anyhow::Result<Option<Done>> {
        match event.name.as_str() {
            "query" => {
                let query: Query = event.read()?;
                self.history_id = query.history_id;
                let _ = query_id.set(query.query_id);
            }
            "columns" => self.columns = event.read()?,
            "rows" => self.rows.append(&mut event.read()?),
            "progress" => progress.say(event.read::<HowFar>()?.words()),
            "done" => return Ok(Some(event.read()?)),
            // A later version may tell more.
            _ => {}
        }
        Ok(None)
    }
}

impl Answer {
    /// How many rows there are, and what they cost.
    pub(super) fn summary(&self) -> String {
        format!(
            "{} in {:.0} ms, {} read{}",
            output::rows(self.rows.len()),
            self.statistics.elapsed_ms,
            output::rows(&self.statistics.rows_read),
            rows::complete_up_to(self.complete_to)
        )
    }

    /// That these are not all, if they are not.
    pub(super) fn more(&self, limit: usize) -> Option<String> {
        let more = || rows::more_than(self.rows.len(), limit, "use --format csv for all");
        self.truncated.then(more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_become_the_same_object_as_the_answer_in_one_piece() {
        let event = |name: &str, data: &str| Event {
            name: name.to_owned(),
            data: data.to_owned(),
        };
        let (query_id, progress) = (OnceLock::new(), Progress::new());
        let mut collected = Collected::default();
        let mut take = |event| collected.take(&event, &query_id, &progress).unwrap();
        assert!(take(event("query", r#"{"query_id":"q","history_id":"h"}"#)).is_none());
        assert_eq!(query_id.get().map(String::as_str), Some("q"));
        assert!(take(event("columns", r#"[{"name":"n","type":"Float64"}]"#)).is_none());
        assert!(take(event("rows", "[[1.0],[2e300]]")).is_none());
        assert!(take(event("something new", "!")).is_none());
        assert!(take(event("rows", "[[null]]")).is_none());
        let done = take(event(
            "done",
            r#"{"complete_to":null,"statistics":{"bytes_read":"8","elapsed_ms":1.5,"rows_read":"1","waited_ms":0.0},"truncated":true}"#,
        ));
        assert!(done.is_some_and(|done| done.truncated));
        let rows: Vec<&str> = collected.rows.iter().map(|row| row.get()).collect();
        assert_eq!(
            rows,
            ["[1.0]", "[2e300]", "[null]"],
            "numbers are as ClickHouse wrote them"
        );
    }
}
