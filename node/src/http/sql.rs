//! SQL over HTTP: `POST /api/v1/sql`.
//!
//! One request, three kinds of answer. None is held in memory as a whole: while its reader is slow, ClickHouse
//! waits.
//!
//! - JSON, when nothing else is asked for: one object, its rows written as they come.
//! - `Accept: text/event-stream`: events `query`, `columns`, then `rows` and `progress` by turns, and `done` or
//!   `problem` at last.
//! - `?format=csv|jsonlines|parquet|arrow`: a file, as ClickHouse makes it. Its name is `?name=`, as far as
//!   that is a safe one.
//!
//! A query that fails in the middle must not look like one that ended well. What fails before the first
//! [`HOLD`] bytes is answered with a status of its own; after that the object of JSON is left unfinished, with
//! the problem as its last member, and files and JSON alike end in a broken transfer.

mod body;
mod events;
mod recorded;

use std::collections::BTreeMap;
use std::sync::Arc;

use aurora_actors::query::format::ExportFormat;
use aurora_actors::query::memory::history::{Kind, Purpose};
use aurora_actors::query::sql::{Priority, ResultColumn, SqlRequest, Statistics, Terms};
use aurora_actors::query::statement::parameter;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::Response;
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use self::recorded::Recorded;
use super::access::Caller;
use super::memory::history;
use super::problem::Problem;
use crate::node::NodeState;

/// Bytes of an answer that are held back, so that what fails early fails with a status.
const HOLD: usize = 64 << 10;

/// Names the query, so that it can be cancelled while its answer comes.
const QUERY_ID: HeaderName = HeaderName::from_static("aurora-query-id");

/// What is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Statement)]
pub(super) struct Request {
    /// The statement.
    sql: String,
    /// Values for its `{name:Type}` parameters.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Parameter>)]
    params: BTreeMap<String, serde_json::Value>,
    /// Most rows to return.
    limit: Option<usize>,
    /// What it is asked for: the history shows what people want to know, and the rest apart.
    #[serde(default)]
    purpose: Purpose,
}

/// A parameter's value. Arrays and objects become ClickHouse's arrays and maps.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it says what JSON may be there, which is taken as it is")]
pub(super) enum Parameter {
    Text(Option<String>),
    Number(f64),
    Truth(bool),
    Array(Vec<serde_json::Value>),
    Map(BTreeMap<String, serde_json::Value>),
}

/// What a statement returned.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it says what is written piece by piece, in `body`")]
pub(super) struct StatementResult {
    /// Its id in ClickHouse.
    query_id: String,
    /// Its record in the history.
    history_id: String,
    /// The columns.
    columns: Vec<ResultColumn>,
    /// The rows, each with a value for each column: whole numbers of more than 53 bits, and moments, are texts.
    rows: Vec<Vec<serde_json::Value>>,
    /// Whether there are more rows than these.
    truncated: bool,
    /// What it cost.
    statistics: Statistics,
    /// Everything up to this time is in the answer, in every stream.
    complete_to: Option<jiff::Timestamp>,
}

/// What else can be asked for, behind the path.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// `json`, or a file: `csv`, `jsonlines`, `parquet`, `arrow`.
    format: Option<String>,
    /// What to call the file.
    name: Option<String>,
}

/// Runs a statement.
#[utoipa::path(
    post,
    path = "/api/v1/sql",
    tag = "queries",
    params(Wanted),
    request_body = Request,
    responses((
        status = 200,
        description = "Columns, rows and what it cost; as events when `text/event-stream` is accepted; or a file",
        body = StatementResult
    ))
)]
pub(super) async fn run(
    State(state): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    headers: HeaderMap,
    request: Result<Json<Request>, JsonRejection>,
) -> Result<Response, Problem> {
    let Query(wanted) = wanted.map_err(|rejection| unreadable(rejection.body_text()))?;
    let Json(request) = request.map_err(|rejection| unreadable(rejection.body_text()))?;
    let format = export_format(&wanted)?;
    let purpose = request.purpose;
    let params = request.params.iter();
    let request = SqlRequest {
        sql: request.sql,
        params: params
            .map(|(name, value)| (name.clone(), parameter(value)))
            .collect(),
        limit: request.limit,
    };
    let mut recording = state.memory.begin(history::record(Kind::Sql, &caller));
    recording.record().purpose = purpose;
    recording.record().sql.clone_from(&request.sql);
    recording.record().params.clone_from(&request.params);
    if let Some(format) = format {
        let terms = Terms {
            priority: Priority::Export,
            time: None,
        };
        let stream = Recorded::of(state.sql.export(&request, format, terms).await, recording)?;
        return body::file(stream, format, wanted.name.as_deref()).await;
    }
    // What has landed before the query starts is what it is sure to see.
    let complete_to = complete_to(&state).await;
    recording.record().complete_to = complete_to;
    let stream = Recorded::of(state.sql.stream(&request, Terms::default()).await, recording)?;
    if wants_events(&headers) {
        return Ok(events::answer(stream, complete_to));
    }
    body::json(stream, complete_to).await
}

fn unreadable(why: String) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "request",
        "The request cannot be read",
        why,
        "Send JSON such as {\"sql\": \"SELECT 1\", \"params\": {}, \"limit\": 100} as application/json.",
    )
}

fn export_format(wanted: &Wanted) -> Result<Option<ExportFormat>, Problem> {
    match wanted.format.as_deref() {
        None | Some("json") => Ok(None),
        Some(name) => ExportFormat::from_name(name).map(Some).ok_or_else(|| {
            let start: String = name.chars().take(40).collect();
            Problem::new(
                StatusCode::BAD_REQUEST,
                "format",
                "There is no such format",
                format!("A result cannot be had as {start:?}."),
                "Ask for json, csv, jsonlines, parquet or arrow.",
            )
        }),
    }
}

pub(super) fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).into_iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|media_type| media_type.split(';').next().unwrap_or_default().trim() == "text/event-stream")
}

pub(super) async fn complete_to(state: &NodeState) -> Option<jiff::Timestamp> {
    let streams = state.cluster.streams().await;
    let times = streams.values().map(|stream| stream.snapshot.complete_to_ms);
    let earliest = times.collect::<Option<Vec<i64>>>()?.into_iter().min()?;
    jiff::Timestamp::from_millisecond(earliest).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_for_those_who_ask_for_them() {
        let accepts =
            |value: &str| wants_events(&HeaderMap::from_iter([(header::ACCEPT, value.parse().unwrap())]));
        assert!(accepts("text/event-stream") && accepts("application/json, text/event-stream;q=0.9"));
        assert!(!accepts("*/*") && !accepts("text/event-streams") && !wants_events(&HeaderMap::new()));
    }
}
