//! SQL over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use aurora_actors::query::memory::history::{Kind, Outcome};
use aurora_actors::query::sql::{SqlRequest, SqlResult};
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::access::Caller;
use super::memory::history;
use super::problem::Problem;
use crate::node::NodeState;

/// What is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    sql: String,
    #[serde(default)]
    params: BTreeMap<String, serde_json::Value>,
    limit: Option<usize>,
}

/// What comes back.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    #[serde(flatten)]
    result: SqlResult,
    /// Its record in the history.
    history_id: String,
    /// Everything up to this time is in the answer, in every stream.
    complete_to: Option<jiff::Timestamp>,
}

pub(super) async fn run(
    State(state): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    request: Result<Json<Request>, JsonRejection>,
) -> Result<Json<Answer>, Problem> {
    let Json(request) = request.map_err(|rejection| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "request",
            "The request cannot be read",
            rejection.body_text(),
            "Send JSON such as {\"sql\": \"SELECT 1\", \"params\": {}, \"limit\": 100} as application/json.",
        )
    })?;
    let params: BTreeMap<String, String> = request
        .params
        .into_iter()
        .map(|(name, value)| (name, parameter(value)))
        .collect();
    let mut recording = state.memory.begin(history::record(Kind::Sql, &caller));
    recording.record().sql.clone_from(&request.sql);
    recording.record().params.clone_from(&params);
    // What has landed before the query starts is what it is sure to see.
    let complete_to = complete_to(&state).await;
    let request = SqlRequest {
        sql: request.sql,
        params,
        limit: request.limit,
    };
    let record = recording.record();
    record.complete_to = complete_to;
    let history_id = record.id.to_string();
    match state.sql.run(&request).await {
        Ok(result) => {
            let record = recording.record();
            record.rows = result.rows.len() as u64;
            record.rows_read = result.statistics.rows_read;
            recording.end(Outcome::Ok);
            Ok(Json(Answer {
                result,
                history_id,
                complete_to,
            }))
        }
        Err(error) => {
            recording.record().error = error.to_string();
            recording.end(history::outcome(&error));
            Err(error.into())
        }
    }
}

/// ClickHouse takes a parameter's value as text and reads it by the type in the query.
fn parameter(value: serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

async fn complete_to(state: &NodeState) -> Option<jiff::Timestamp> {
    let streams = state.cluster.streams().await;
    let times = streams.values().map(|stream| stream.snapshot.complete_to_ms);
    let earliest = times.collect::<Option<Vec<i64>>>()?.into_iter().min()?;
    jiff::Timestamp::from_millisecond(earliest).ok()
}
