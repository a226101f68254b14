//! What words mean, over HTTP.

use std::sync::Arc;

use aurora_actors::query::memory::glossary::{Glossary, Term};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::extract::{Body, etag, expected_version};
use crate::http::problem::Problem;
use crate::node::NodeState;

/// The glossary.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct GlossaryView {
    /// Its version, which the `ETag` says as well; 0 before the first.
    pub version: u64,
    /// The entries.
    pub entries: Vec<Term>,
}

/// Shows the glossary as it is now.
#[utoipa::path(
    get,
    path = "/api/v1/glossary",
    tag = "memory",
    responses((status = 200, description = "Done", body = GlossaryView))
)]
pub(in crate::http) async fn show(State(state): State<Arc<NodeState>>) -> Result<Response, Problem> {
    let found = state.memory.read_glossary().await?;
    Ok(view(found.version, found.content.unwrap_or_default()))
}

/// Puts another glossary in its place.
#[utoipa::path(
    put,
    path = "/api/v1/glossary",
    tag = "memory",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the version that was seen")),
    request_body = Glossary,
    responses((status = 200, description = "Done", body = GlossaryView))
)]
pub(in crate::http) async fn replace(
    State(state): State<Arc<NodeState>>,
    headers: HeaderMap,
    Body(glossary): Body<Glossary>,
) -> Result<Response, Problem> {
    glossary.check()?;
    let found = state.memory.read_glossary().await?;
    // There always is one, if only an empty one.
    let expected = expected_version(&headers, found.version, true)?;
    let version = state.memory.write_glossary(expected, &glossary).await?;
    Ok(view(version, glossary))
}

fn view(version: u64, glossary: Glossary) -> Response {
    let view = GlossaryView {
        version,
        entries: glossary.entries,
    };
    ([(header::ETAG, etag(version))], Json(view)).into_response()
}
