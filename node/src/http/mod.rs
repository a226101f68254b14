//! The node's API and page.
//!
//! Errors are RFC 9457 problems: what happened, why, what to do. Numbers that may exceed 2^53 are
//! strings in JSON. Each route states who may use it (`routes`, [`access`]); health, the page itself and what
//! nodes ask each other, which is sealed with the cluster key, need no token.

pub mod access;
mod ask;
pub mod cluster;
pub mod connections;
pub mod dead_letters;
mod extract;
pub mod grafana;
mod health;
pub(crate) mod live;
pub mod memory;
mod openapi;
mod peer;
pub mod problem;
pub mod queries;
pub mod registry;
mod routes;
pub mod schema;
mod serve;
pub mod session;
mod sql;
pub mod streams;

use std::sync::Arc;

use aurora_ui::Origin;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, Method};

use self::access::{Needs, Role};
use self::connections::trial;
use self::memory::{dashboards, glossary, history, saved};
use self::routes::Routes;
pub use self::routes::StatedRoute;
pub(crate) use self::serve::serve;
use crate::node::NodeState;

/// Most bytes of a request's body.
const MAX_BODY_BYTES: usize = 1 << 20;

const NOTHING: Needs = Needs::Nothing;
const VIEWER: Needs = Needs::Role(Role::Viewer);
const EDITOR: Needs = Needs::Role(Role::Editor);
const ADMIN: Needs = Needs::Role(Role::Admin);

/// All routes but the page's, and who may use each.
fn routes() -> Routes {
    use Method as M;
    Routes::new()
        .bare(M::GET, "/healthz", health::healthz)
        .bare(M::GET, "/readyz", health::readyz)
        // Sealed with the cluster's key.
        .bare(M::POST, crate::cluster::peer::PATH, peer::answer)
        .on(VIEWER, M::GET, "/metrics", health::metrics)
        .on(NOTHING, M::GET, "/api/v1/openapi.json", openapi::show)
        .on(NOTHING, M::GET, "/api/v1/session", session::show)
        .on(NOTHING, M::POST, "/api/v1/session", session::log_in)
        .on(NOTHING, M::DELETE, "/api/v1/session", session::log_out)
        .on(VIEWER, M::GET, "/api/v1/cluster", cluster::show)
        .on(ADMIN, M::POST, "/api/v1/cluster/nodes/{id}/drain", cluster::drain)
        .on(VIEWER, M::GET, "/api/v1/live", live::follow)
        .on(VIEWER, M::GET, "/api/v1/grafana", grafana::show)
        .on(VIEWER, M::GET, "/api/v1/connections", connections::list)
        .on(EDITOR, M::POST, "/api/v1/connections", connections::add)
        .on(EDITOR, M::POST, "/api/v1/connections/test", trial::test)
        .on(EDITOR, M::POST, "/api/v1/connections/preview", trial::preview)
        .on(VIEWER, M::GET, "/api/v1/connections/{name}", connections::show)
        .on(
            EDITOR,
            M::PATCH,
            "/api/v1/connections/{name}",
            connections::change,
        )
        .on(
            EDITOR,
            M::DELETE,
            "/api/v1/connections/{name}",
            connections::remove,
        )
        .on(VIEWER, M::GET, "/api/v1/streams", streams::list)
        .on(EDITOR, M::POST, "/api/v1/streams", registry::add_stream)
        .on(VIEWER, M::GET, "/api/v1/streams/{id}", streams::show)
        .on(EDITOR, M::DELETE, "/api/v1/streams/{id}", registry::remove_stream)
        .on(EDITOR, M::POST, "/api/v1/streams/{id}/pause", registry::pause)
        .on(EDITOR, M::POST, "/api/v1/streams/{id}/resume", registry::resume)
        .on(VIEWER, M::POST, "/api/v1/streams/{id}/audit", streams::audit)
        .on(
            VIEWER,
            M::GET,
            "/api/v1/streams/{id}/dead-letters",
            dead_letters::list,
        )
        .on(
            EDITOR,
            M::POST,
            "/api/v1/streams/{id}/dead-letters/retry",
            dead_letters::retry::retry,
        )
        .on(VIEWER, M::GET, "/api/v1/schema", schema::list)
        .on(VIEWER, M::GET, "/api/v1/schema/{table}", schema::show)
        .on(VIEWER, M::POST, "/api/v1/sql", sql::run)
        .on(VIEWER, M::POST, "/api/v1/ask", ask::ask)
        .on(VIEWER, M::DELETE, "/api/v1/queries/{id}", queries::cancel)
        .on(VIEWER, M::GET, "/api/v1/limits", queries::limits)
        .on(VIEWER, M::GET, "/api/v1/history", history::list)
        .on(VIEWER, M::POST, "/api/v1/history/{id}/verdict", history::judge)
        .on(VIEWER, M::GET, "/api/v1/glossary", glossary::show)
        .on(EDITOR, M::PUT, "/api/v1/glossary", glossary::replace)
        .on(VIEWER, M::GET, "/api/v1/saved", saved::list)
        .on(VIEWER, M::GET, "/api/v1/saved/{name}", saved::show)
        .on(EDITOR, M::PUT, "/api/v1/saved/{name}", saved::put)
        .on(EDITOR, M::DELETE, "/api/v1/saved/{name}", saved::delete)
        .on(VIEWER, M::GET, "/api/v1/dashboards", dashboards::list)
        .on(VIEWER, M::GET, "/api/v1/dashboards/{name}", dashboards::show)
        .on(EDITOR, M::PUT, "/api/v1/dashboards/{name}", dashboards::put)
        .on(EDITOR, M::DELETE, "/api/v1/dashboards/{name}", dashboards::delete)
}

/// Every route and what it needs, for tests and documents.
pub fn stated_routes() -> Vec<StatedRoute> {
    routes().stated().to_vec()
}

/// Everything the node answers.
pub fn router(state: Arc<NodeState>) -> Router {
    let access = state.access.clone();
    let page = aurora_ui::router({
        let state = state.clone();
        move |headers: &HeaderMap| peers(&state, headers)
    });
    routes()
        .into_router(access, page)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(state)
}

/// The other nodes that a page may look for when this one is gone. Only those who are let in learn where they are.
fn peers(state: &NodeState, headers: &HeaderMap) -> Vec<Origin> {
    if !state.access.is_open() && state.access.session_expires_at(headers).is_none() {
        return Vec::new();
    }
    let view = state.cluster.view();
    let others = view.members.values().filter(|member| !member.is_self);
    others.filter_map(|member| Origin::of(&member.http)).collect()
}
