//! Asking a node, and what it replies.

use std::time::Duration;

use anyhow::Context;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::compare::ResultRow;
use crate::http::problem::Problem;

/// More rows than any known answer has.
const SQL_LIMIT: usize = 100_000;

/// A node's API, as far as questions need it.
#[derive(Debug)]
pub(super) struct Node {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// What a node makes of a question.
#[derive(Debug)]
pub(super) enum Reply {
    /// It ran something.
    Answered(Answer),
    /// It asks back, or says why it does not answer.
    Declined(String),
    /// Neither: nobody there, no such endpoint, an error of its own, too late.
    Failed(String),
}

/// An answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) rows: Vec<ResultRow>,
    pub(super) sql: Option<String>,
    pub(super) params: Map<String, Value>,
    pub(super) notes: Notes,
}

/// How the answer was come to.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    pub(super) engine: Option<String>,
    pub(super) attempts: Option<u64>,
}

/// A reply as it comes. What is not needed here may look as it likes.
#[derive(Debug, Deserialize)]
struct RawReply {
    rows: Option<Vec<Value>>,
    sql: Option<String>,
    #[serde(default)]
    params: Value,
    #[serde(default)]
    clarification: Value,
    #[serde(default)]
    engine: Value,
    #[serde(default)]
    attempts: Value,
}

impl Node {
    /// The node at `base`, which gets `limit` for each question.
    pub(super) fn new(base: &str, token: Option<String>, limit: Duration) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(limit)
            .build()
            .context("the HTTP client cannot start")?;
        Ok(Self {
            http,
            base: base.trim_end_matches('/').to_owned(),
            token,
        })
    }

    /// Asks `question`.
    pub(super) async fn ask(&self, question: &str) -> Reply {
        match self.post("/api/v1/ask", &json!({ "question": question })).await {
            Ok((status, body)) => read(status, &body),
            Err(error) => Reply::Failed(format!("{error:#}")),
        }
    }

    /// The rows of an answer's statement, run again.
    pub(super) async fn run_again(&self, answer: &Answer) -> anyhow::Result<Vec<ResultRow>> {
        let request = json!({ "sql": answer.sql, "params": answer.params, "limit": SQL_LIMIT });
        let (status, body) = self.post("/api/v1/sql", &request).await?;
        match read(status, &body) {
            Reply::Answered(answer) => Ok(answer.rows),
            Reply::Declined(why) | Reply::Failed(why) => anyhow::bail!(why),
        }
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .header("accept", "application/json")
            .json(body);
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let response = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = response.status();
        let body = response.bytes().await.context("the answer broke off")?;
        Ok((status, body.to_vec()))
    }
}

fn read(status: StatusCode, body: &[u8]) -> Reply {
    if !status.is_success() {
        return read_problem(status, body);
    }
    let Ok(raw) = serde_json::from_slice::<RawReply>(body) else {
        return Reply::Failed(format!("not an answer: {}", head(body)));
    };
    if !raw.clarification.is_null() {
        return Reply::Declined(match raw.clarification {
            Value::String(text) => text,
            other => other.to_string(),
        });
    }
    let Some(rows) = raw.rows else {
        return Reply::Failed(format!("neither rows nor a question back: {}", head(body)));
    };
    let rows = rows
        .into_iter()
        .map(|row| match row {
            Value::Array(cells) => cells,
            Value::Object(fields) => fields.into_iter().map(|(_, value)| value).collect(),
            other => vec![other],
        })
        .collect();
    Reply::Answered(Answer {
        rows,
        sql: raw.sql,
        params: match raw.params {
            Value::Object(params) => params,
            _ => Map::new(),
        },
        notes: Notes {
            engine: raw.engine.as_str().map(str::to_owned),
            attempts: match raw.attempts {
                Value::Array(attempts) => u64::try_from(attempts.len()).ok(),
                other => other.as_u64(),
            },
        },
    })
}

/// Whether a node that answers with an error has declined the question, or could not work on it at all.
fn read_problem(status: StatusCode, body: &[u8]) -> Reply {
    let problem: Option<Problem> = serde_json::from_slice(body).ok();
    let declines = matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::FORBIDDEN
            | StatusCode::CONFLICT
            | StatusCode::UNPROCESSABLE_ENTITY
    );
    match problem {
        Some(problem) if declines => Reply::Declined(format!("{}: {}", problem.title, problem.detail)),
        Some(problem) => Reply::Failed(format!("{status}: {}: {}", problem.title, problem.detail)),
        None => Reply::Failed(format!("{status}: {}", head(body))),
    }
}

fn head(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &Value) -> Reply {
        read(StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes())
    }

    #[test]
    fn an_answer_has_rows_as_arrays_or_objects() {
        let Reply::Answered(answer) = reply(
            200,
            &json!({"sql": "SELECT 1", "params": {"a": "b"}, "rows": [["1", 2]], "engine": "built-in", "attempts": [1, 2],
                    "clarification": null, "columns": [], "chart": {}}),
        ) else {
            panic!("no answer");
        };
        assert_eq!(answer.rows, [vec![json!("1"), json!(2)]]);
        assert_eq!(answer.params["a"], "b");
        assert_eq!(
            (answer.notes.engine.as_deref(), answer.notes.attempts),
            (Some("built-in"), Some(2))
        );
        let Reply::Answered(answer) = reply(200, &json!({"rows": [{"a": 1}], "attempts": 3})) else {
            panic!("no answer");
        };
        assert_eq!(answer.rows, [vec![json!(1)]]);
        assert_eq!(answer.notes.attempts, Some(3));
    }

    #[test]
    fn a_question_back_and_a_refusal_are_declined() {
        assert!(
            matches!(reply(200, &json!({"clarification": "Which one?"})), Reply::Declined(text) if text == "Which one?")
        );
        assert!(matches!(
            reply(200, &json!({"clarification": {"question": "Which?"}})),
            Reply::Declined(_)
        ));
        let problem = json!({"type": "t", "title": "Not answered", "status": 422, "detail": "No such table.", "hint": "h"});
        assert!(matches!(reply(422, &problem), Reply::Declined(text) if text.contains("No such table.")));
    }

    #[test]
    fn what_is_broken_has_not_declined() {
        let problem = json!({"type": "t", "title": "Busy", "status": 503, "detail": "d", "hint": "h"});
        for status in [401, 404, 429, 500, 503] {
            assert!(matches!(reply(status, &problem), Reply::Failed(_)), "{status}");
        }
        assert!(matches!(reply(422, &json!("<html>")), Reply::Failed(_)));
        assert!(matches!(
            reply(200, &json!({"sql": "SELECT 1"})),
            Reply::Failed(_)
        ));
        assert!(matches!(read(StatusCode::OK, b"<html>"), Reply::Failed(_)));
    }
}
