//! Whether the node lives, whether it is ready, and its figures.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::node::NodeState;

/// The process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "health",
    responses((status = 200, description = "Done", body = String))
)]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// ClickHouse answers and the node is not on its way out.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses((status = 200, description = "Done", body = String))
)]
pub(super) async fn readyz(State(state): State<Arc<NodeState>>) -> Response {
    let not_ready = |detail: String| {
        let hint = "Send requests to another node until this one is ready.";
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not-ready",
            "The node is not ready",
            detail,
            hint,
        )
        .into_response()
    };
    match state.not_ready().await {
        None => "ready\n".into_response(),
        Some(why) => not_ready(why),
    }
}

/// Figures for Prometheus, in the OpenMetrics text format.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    responses(
        (status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text")
    )
)]
pub(super) async fn metrics(State(state): State<Arc<NodeState>>) -> Response {
    state
        .metrics
        .buffer_bytes
        .set(i64::try_from(state.budget.used()).unwrap_or(i64::MAX));
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &state.figures) {
        Ok(()) => {
            let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, content_type)], text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
