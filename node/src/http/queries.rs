//! Queries that run, and what they may use.

use std::sync::Arc;

use aurora_actors::query::limits::{DEFAULT_LIMIT, MAX_LIMIT, QueryLimits};
use aurora_actors::query::wall::WallView;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;
use crate::node::NodeState;

/// What `DELETE /queries/{id}` answers.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Cancelled {
    /// The query's id.
    pub query_id: String,
    /// Always true: a query that is not there is a problem.
    pub cancelled: bool,
}

/// Ends a query, whichever node it runs through.
#[utoipa::path(
    delete,
    path = "/api/v1/queries/{id}",
    tag = "queries",
    params(("id" = String, Path, description = "The `query_id` of an answer, or of its first event")),
    responses((status = 200, description = "It has ended", body = Cancelled))
)]
pub(super) async fn cancel(
    State(state): State<Arc<NodeState>>,
    Path(query_id): Path<String>,
) -> Result<Json<Cancelled>, Problem> {
    if state.sql.cancel(&query_id).await? {
        return Ok(Json(Cancelled {
            query_id,
            cancelled: true,
        }));
    }
    let shown: String = query_id.chars().take(100).collect();
    Err(Problem::new(
        StatusCode::NOT_FOUND,
        "no-query",
        "There is no such query",
        format!("No query of the id {shown:?} waits or runs; it may have ended."),
        "The id is the query_id of an answer, or of its first event.",
    ))
}

/// What `GET /limits` answers.
#[derive(Debug, Serialize)]
pub struct Limits {
    /// As the node's administrator has set them.
    #[serde(flatten)]
    pub queries: QueryLimits,
    /// Rows of an answer when nothing is said.
    pub default_limit: usize,
    /// Rows of an answer at most; exports have `max_result_rows`.
    pub max_limit: usize,
    /// The reading user, who enforces them.
    pub wall: WallView,
}

/// What queries may use.
#[utoipa::path(
    get,
    path = "/api/v1/limits",
    tag = "queries",
    responses((status = 200, description = "The limits, and how the reading user is", body = Object))
)]
pub(super) async fn limits(State(state): State<Arc<NodeState>>) -> Json<Limits> {
    Json(Limits {
        queries: state.sql.limits().clone(),
        default_limit: DEFAULT_LIMIT,
        max_limit: MAX_LIMIT,
        wall: state.sql.wall(),
    })
}
