//! Dashboards over HTTP. A link to one, `/visualize/NAME`, shows it; its statements run as those of whoever looks.

use std::sync::Arc;

use aurora_actors::query::memory::dashboards::{Dashboard, KeptDashboard};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::named;
use crate::http::access::Caller;
use crate::http::extract::{Body, InPath, etag};
use crate::http::problem::Problem;
use crate::node::NodeState;

/// All dashboards, without their boards.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DashboardList {
    /// In order of their names.
    pub dashboards: Vec<DashboardSummary>,
}

/// What is worth knowing of a dashboard in a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DashboardSummary {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// How many tiles it has.
    pub tiles: usize,
    /// Its version.
    pub version: u64,
    /// Who made it.
    pub owner: String,
    /// Who changed it last.
    pub changed_by: String,
    /// When.
    pub changed_at: jiff::Timestamp,
}

/// A dashboard.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DashboardView {
    /// What is known of it in lists as well.
    #[serde(flatten)]
    pub summary: DashboardSummary,
    /// What the page draws.
    pub board: Map<String, Value>,
}

/// Lists all.
#[utoipa::path(
    get,
    path = "/api/v1/dashboards",
    tag = "memory",
    responses((status = 200, description = "Done", body = DashboardList))
)]
pub(in crate::http) async fn list(
    State(state): State<Arc<NodeState>>,
) -> Result<Json<DashboardList>, Problem> {
    let all = state.memory.all::<Dashboard>().await?.into_iter();
    let dashboards = all.map(|(name, kept, version)| summary(name, version, &kept));
    Ok(Json(DashboardList {
        dashboards: dashboards.collect(),
    }))
}

/// Shows one.
#[utoipa::path(
    get,
    path = "/api/v1/dashboards/{name}",
    tag = "memory",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "Done", body = DashboardView))
)]
pub(in crate::http) async fn show(
    State(state): State<Arc<NodeState>>,
    InPath(name): InPath<String>,
) -> Result<Response, Problem> {
    let (version, kept) = named::find::<Dashboard>(&state.memory, &name).await?;
    Ok(view(StatusCode::OK, name, version, kept))
}

/// Keeps one.
#[utoipa::path(
    put,
    path = "/api/v1/dashboards/{name}",
    tag = "memory",
    params(
        ("name" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that was seen")
    ),
    request_body = Dashboard,
    responses(
        (status = 200, description = "Changed", body = DashboardView),
        (status = 201, description = "Kept", body = DashboardView)
    )
)]
pub(in crate::http) async fn put(
    State(state): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
    Body(dashboard): Body<Dashboard>,
) -> Result<Response, Problem> {
    let (status, version, kept) = named::put(&state.memory, &caller, &name, &headers, dashboard).await?;
    Ok(view(status, name, version, kept))
}

/// Forgets one; whichever version it is, unless `If-Match` names one.
#[utoipa::path(
    delete,
    path = "/api/v1/dashboards/{name}",
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
    named::delete::<Dashboard>(&state.memory, &name, &headers).await
}

fn summary(name: String, version: u64, kept: &KeptDashboard) -> DashboardSummary {
    DashboardSummary {
        name,
        title: kept.content.title().to_owned(),
        tiles: kept.content.tiles(),
        version,
        owner: kept.owner.clone(),
        changed_by: kept.changed_by.clone(),
        changed_at: kept.changed_at,
    }
}

fn view(status: StatusCode, name: String, version: u64, kept: KeptDashboard) -> Response {
    let view = DashboardView {
        summary: summary(name, version, &kept),
        board: kept.content.board,
    };
    (status, [(header::ETAG, etag(version))], Json(view)).into_response()
}
