//! The node's API and page.
//!
//! Errors are RFC 9457 problems: what happened, why, what to do. Numbers that may exceed 2^53 are
//! strings in JSON. With a token configured, everything but health needs it (and what nodes ask each
//! other, which is sealed with the cluster key); without one the node
//! serves loopback only, and only requests that were addressed to it by a loopback name, so that no
//! page from elsewhere can reach it through a browser (DNS rebinding).

mod access;
pub mod cluster;
mod health;
mod peer;
pub mod problem;
pub mod queries;
pub mod registry;
mod schema;
mod sql;
pub mod streams;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{delete, get, post};

use crate::node::NodeState;

/// Most bytes of a request's body.
const MAX_BODY_BYTES: usize = 1 << 20;

/// Everything the node answers.
pub fn router(state: Arc<NodeState>) -> Router {
    let api = Router::new()
        .route("/cluster", get(cluster::show))
        .route("/cluster/nodes/{id}/drain", post(cluster::drain))
        .route("/connections", get(registry::connections))
        .route("/streams", get(streams::list).post(registry::add_stream))
        .route(
            "/streams/{id}",
            get(streams::show).delete(registry::remove_stream),
        )
        .route("/streams/{id}/audit", post(streams::audit))
        .route("/schema", get(schema::list))
        .route("/schema/{table}", get(schema::show))
        .route("/sql", post(sql::run))
        .route("/queries/{id}", delete(queries::cancel))
        .route("/limits", get(queries::limits));
    Router::new()
        .nest("/api/v1", api)
        .route("/metrics", get(health::metrics))
        .merge(aurora_ui::router())
        .layer(middleware::from_fn_with_state(state.clone(), access::guard))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route(crate::cluster::peer::PATH, post(peer::answer))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(state)
}
