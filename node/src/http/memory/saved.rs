//! Queries with a name, over HTTP. A link to one, `/query?saved=NAME`, shows it and never runs it by itself.

use std::sync::Arc;

use aurora_actors::query::memory::saved::{Saved, SavedQuery};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::named;
use crate::http::access::Caller;
use crate::http::extract::{Body, InPath, etag};
use crate::http::problem::Problem;
use crate::node::NodeState;

/// All saved queries, without their statements.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SavedList {
    /// In order of their names.
    pub saved: Vec<SavedSummary>,
}

/// What is worth knowing of a saved query in a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SavedSummary {
    /// Its name.
    pub name: String,
    /// Where the page shows it.
    pub link: String,
    /// Its version.
    pub version: u64,
    /// The question it answers.
    pub question: Option<String>,
    /// What it is for.
    pub description: String,
    /// Who saved it first.
    pub owner: String,
    /// Who changed it last.
    pub changed_by: String,
    /// When.
    pub changed_at: jiff::Timestamp,
}

/// A saved query.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SavedView {
    /// What is known of it in lists as well.
    #[serde(flatten)]
    pub summary: SavedSummary,
    /// The statement.
    pub sql: String,
    /// Values for its parameters.
    pub params: std::collections::BTreeMap<String, String>,
    /// How it is drawn.
    pub chart: Option<serde_json::Value>,
}

/// Lists all.
#[utoipa::path(
    get,
    path = "/api/v1/saved",
    tag = "memory",
    responses((status = 200, description = "Done", body = SavedList))
)]
pub(in crate::http) async fn list(State(state): State<Arc<NodeState>>) -> Result<Json<SavedList>, Problem> {
    let saved = state.memory.all::<SavedQuery>().await?.into_iter();
    let saved = saved.map(|(name, saved, version)| summary(name, version, saved).0);
    Ok(Json(SavedList {
        saved: saved.collect(),
    }))
}

/// Shows one.
#[utoipa::path(
    get,
    path = "/api/v1/saved/{name}",
    tag = "memory",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "Done", body = SavedView))
)]
pub(in crate::http) async fn show(
    State(state): State<Arc<NodeState>>,
    InPath(name): InPath<String>,
) -> Result<Response, Problem> {
    let (version, saved) = named::find::<SavedQuery>(&state.memory, &name).await?;
    Ok(view(StatusCode::OK, name, version, saved))
}

/// Saves one.
#[utoipa::path(
    put,
    path = "/api/v1/saved/{name}",
    tag = "memory",
    params(
        ("name" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that was seen")
    ),
    request_body = SavedQuery,
    responses(
        (status = 200, description = "Changed", body = SavedView),
        (status = 201, description = "Saved", body = SavedView)
    )
)]
pub(in crate::http) async fn put(
    State(state): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
    Body(query): Body<SavedQuery>,
) -> Result<Response, Problem> {
    let (status, version, saved) = named::put(&state.memory, &caller, &name, &headers, query).await?;
    Ok(view(status, name, version, saved))
}

/// Forgets one; whichever version it is, unless `If-Match` names one.
#[utoipa::path(
    delete,
    path = "/api/v1/saved/{name}",
    tag = "memory",
    params(
        ("name" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that was seen")
    ),
    responses((status = 204, description = "Done"))
)]
pub(in crate::http) async fn delete(
    State(state): State<Arc<NodeState>>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    named::delete::<SavedQuery>(&state.memory, &name, &headers).await
}

fn summary(name: String, version: u64, saved: Saved) -> (SavedSummary, SavedQuery) {
    let encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let mut query = saved.content;
    let summary = SavedSummary {
        link: format!("/query?saved={encoded}"),
        name,
        version,
        question: query.question.take(),
        description: std::mem::take(&mut query.description),
        owner: saved.owner,
        changed_by: saved.changed_by,
        changed_at: saved.changed_at,
    };
    (summary, query)
}

fn view(status: StatusCode, name: String, version: u64, saved: Saved) -> Response {
    let (summary, query) = summary(name, version, saved);
    let view = SavedView {
        summary,
        sql: query.sql,
        params: query.params,
        chart: query.chart,
    };
    (status, [(header::ETAG, etag(version))], Json(view)).into_response()
}
