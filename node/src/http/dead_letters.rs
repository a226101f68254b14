//! Messages that could not become rows, over HTTP.

pub mod retry;

use std::sync::Arc;

use aurora_actors::ingest::dead_letters::read::{self, DeadLetter, Place, ReasonCount};
use aurora_actors::ingest::dead_letters::retry::Outstanding;
use aurora_cluster::StreamId;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{InPath, Params};
use super::problem::Problem;
use crate::node::NodeState;

/// How many are shown when nothing is said, and at most.
const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    reason: Option<String>,
    limit: Option<usize>,
    before: Option<String>,
}

/// Some of a stream's dead letters, and why there are any.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DeadLetters {
    /// All reasons, the most frequent first.
    pub reasons: Vec<ReasonView>,
    /// Some of them, the latest first.
    pub dead_letters: Vec<DeadLetterView>,
    /// What to send as `before` for those that come after; null at the end.
    pub next: Option<String>,
}

/// How often there was a reason.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReasonView {
    /// The reason, in short.
    pub reason: String,
    /// How many, as text.
    pub count: String,
    /// When Kafka got the latest.
    pub latest: Option<jiff::Timestamp>,
}

/// A message that could not become a row.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterView {
    /// Which life of the topic it is of.
    pub generation: u32,
    /// Its partition.
    pub partition: i32,
    /// Its offset there, as text.
    pub offset: String,
    /// When Kafka got it.
    pub timestamp: Option<jiff::Timestamp>,
    /// The reason, in short.
    pub reason: String,
    /// The reason, as a sentence.
    pub detail: String,
    /// The beginning of its key; what is no UTF-8 in it is shown as �.
    pub key: Option<String>,
    /// Its payload, or the first 8 kB of it.
    pub payload: String,
    /// Whether the payload is in base64, because it is no UTF-8.
    pub base64: bool,
    /// Whether only the beginning of the payload is shown.
    pub cut: bool,
}

impl From<ReasonCount> for ReasonView {
    fn from(found: ReasonCount) -> Self {
        Self {
            reason: found.reason,
            count: found.count.to_string(),
            latest: jiff::Timestamp::from_millisecond(found.latest_ms).ok(),
        }
    }
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        Self {
            generation: letter.generation,
            partition: letter.partition,
            offset: letter.offset.to_string(),
            timestamp: jiff::Timestamp::from_millisecond(letter.timestamp_ms).ok(),
            base64: letter.is_base64 != 0,
            cut: letter.is_cut(),
            key: (letter.has_key != 0).then_some(letter.key),
            reason: letter.reason,
            detail: letter.detail,
            payload: letter.payload,
        }
    }
}

/// Lists a stream's dead letters that no row was made of yet, the latest first, and counts their reasons.
#[utoipa::path(
    get,
    path = "/api/v1/streams/{id}/dead-letters",
    tag = "streams",
    params(
        ("id" = String, Path, description = "connection:topic"),
        ("reason" = Option<String>, Query, description = "Only those with this reason"),
        ("limit" = Option<u32>, Query, description = "How many: 50 when nothing is said, 200 at most", minimum = 1, maximum = 200),
        ("before" = Option<String>, Query, description = "Those that come after these: the `next` of the answer before")
    ),
    responses((status = 200, description = "Done", body = DeadLetters))
)]
pub(super) async fn list(
    State(state): State<Arc<NodeState>>,
    InPath(id): InPath<String>,
    Params(wanted): Params<Wanted>,
) -> Result<Json<DeadLetters>, Problem> {
    let missing = || Problem::not_found("stream", &id);
    let stream: StreamId = id.parse().map_err(|_| missing())?;
    let before = wanted.before.as_deref().map(str::parse::<Place>).transpose();
    let before = before.map_err(|error| unreadable("before", &format!("before: {error}.")))?;
    let limit = wanted.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(unreadable(
            "limit",
            &format!("limit: it has to be between 1 and {MAX_LIMIT}."),
        ));
    }
    let outstanding = Outstanding::of(&state.store, &stream, &state.database).await?;
    let reasons = read::reasons(&state.store, &stream, &outstanding).await?;
    // Those of a stream that was removed are there still.
    if reasons.is_empty() && !state.cluster.streams().await.contains_key(&stream) {
        return Err(missing());
    }
    let mut found = read::list(
        &state.store,
        &stream,
        &outstanding,
        wanted.reason.as_deref(),
        before,
        limit + 1,
    )
    .await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found
        .last()
        .filter(|_| has_more)
        .map(|last| last.place().to_string());
    Ok(Json(DeadLetters {
        reasons: reasons.into_iter().map(ReasonView::from).collect(),
        dead_letters: found.into_iter().map(DeadLetterView::from).collect(),
        next,
    }))
}

fn unreadable(field: &str, detail: &str) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "request",
        "The request cannot be read",
        detail,
        "GET /api/v1/openapi.json describes what can stand after the ?.",
    )
    .about(field)
}
