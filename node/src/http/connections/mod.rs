//! Connections, shown and changed.
//!
//! What is secret goes in and never comes out. Secrets that are left out of a change stay as they are; who is no admin
//! can neither let one refer to something of the node, nor send one that is kept to other brokers.

mod draft;
pub mod trial;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::draft::Draft;
use super::access::Caller;
use super::extract::{Body, InPath, etag, expected_version};
use super::problem::Problem;
use super::registry::registry;
use crate::node::NodeState;
use crate::registry::document::{Changed, ConnectionDocument};
use crate::registry::security::{self, Given, Security, Shown};
use crate::registry::{Found, in_words};

/// All connections.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Connections {
    /// In order of their names.
    pub connections: Vec<ConnectionView>,
}

/// One connection, without its secrets.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ConnectionView {
    /// Its name.
    pub name: String,
    /// Its version; 0 on a node without a cluster, where it cannot be changed.
    pub version: u64,
    /// `HOST:PORT[,HOST:PORT…]`; null when its document cannot be read.
    pub brokers: Option<String>,
    /// How it is secured; null when there are no words for it.
    pub security: Option<Security<Shown>>,
    /// The names of further options of the Kafka library that it has.
    pub extras: Vec<String>,
    /// How many streams use it.
    pub streams: usize,
    /// Who changed it last; null when a node's configuration file says it.
    pub changed_by: Option<String>,
    /// When.
    pub changed_at: Option<jiff::Timestamp>,
    /// What is to be known of it: why it cannot be read, or not all of it shown.
    pub reason: Option<String>,
}

/// A connection to be added.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConnection {
    /// Its name: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// `HOST:PORT[,HOST:PORT…]`
    pub brokers: String,
    /// How it is secured.
    pub security: Security<Given>,
}

/// What is to change of a connection; the rest stays.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionChange {
    /// `HOST:PORT[,HOST:PORT…]`
    pub brokers: Option<String>,
    /// How it is secured. Secrets that are left out stay.
    pub security: Option<Security<Given>>,
}

/// Lists all, without what is secret.
#[utoipa::path(
    get,
    path = "/api/v1/connections",
    tag = "connections",
    responses((status = 200, description = "Done", body = Connections))
)]
pub(super) async fn list(State(state): State<Arc<NodeState>>) -> Result<Json<Connections>, Problem> {
    let connections = all(&state).await?;
    Ok(Json(Connections { connections }))
}

/// Shows one, without what is secret.
#[utoipa::path(
    get,
    path = "/api/v1/connections/{name}",
    tag = "connections",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "Done", body = ConnectionView))
)]
pub(super) async fn show(
    State(state): State<Arc<NodeState>>,
    InPath(name): InPath<String>,
) -> Result<Response, Problem> {
    let known = all(&state).await?.into_iter();
    let mut known = known.filter(|connection| connection.name == name);
    let view = known
        .next()
        .ok_or_else(|| Problem::not_found("connection", &name))?;
    Ok(answer(StatusCode::OK, view))
}

/// Adds one.
#[utoipa::path(
    post,
    path = "/api/v1/connections",
    tag = "connections",
    request_body = NewConnection,
    responses((status = 201, description = "Added", body = ConnectionView))
)]
pub(super) async fn add(
    State(state): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    Body(new): Body<NewConnection>,
) -> Result<Response, Problem> {
    let registry = registry(&state)?;
    draft::require_name(&new.name)?;
    let draft = Draft::of(&new.brokers, &new.security, None)?;
    draft.allow(&caller, None)?;
    let connection = draft.usable(&new.name).await?;
    draft::require_setup(connection).await?;
    let document = draft.document(&caller.name);
    let version = registry.add_connection(&new.name, &document).await?;
    Ok(answer(
        StatusCode::CREATED,
        view(new.name, version, Ok(document), 0),
    ))
}

/// Changes one: who has seen the version that `If-Match` names. All nodes take it up within seconds.
#[utoipa::path(
    patch,
    path = "/api/v1/connections/{name}",
    tag = "connections",
    params(
        ("name" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that was seen")
    ),
    request_body = ConnectionChange,
    responses((status = 200, description = "Changed", body = ConnectionView))
)]
pub(super) async fn change(
    State(state): State<Arc<NodeState>>,
    Extension(caller): Extension<Caller>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
    Body(change): Body<ConnectionChange>,
) -> Result<Response, Problem> {
    let registry = registry(&state)?;
    let found = registry.connection(&name).await?;
    let found = found.ok_or_else(|| Problem::not_found("connection", &name))?;
    let from = expected(&headers, &found)?;
    let known = found.content.as_ref().ok();
    let brokers = change
        .brokers
        .as_deref()
        .or(known.map(|known| known.brokers.as_str()));
    let draft = match (brokers, &change.security, known) {
        (Some(brokers), Some(security), _) => Draft::of(brokers, security, known)?,
        (Some(brokers), None, Some(known)) => Draft::with_brokers(brokers, known)?,
        _ => return Err(unreadable_document()),
    };
    draft.allow(&caller, known)?;
    let connection = draft.usable(&name).await?;
    draft::require_setup(connection).await?;
    let document = draft.document(&caller.name);
    let version = registry.change_connection(&name, from, &document).await?;
    let streams = registry.streams_of(&name).await?.len();
    Ok(answer(StatusCode::OK, view(name, version, Ok(document), streams)))
}

/// Removes one that no stream uses; whichever version it is, unless `If-Match` names one.
#[utoipa::path(
    delete,
    path = "/api/v1/connections/{name}",
    tag = "connections",
    params(
        ("name" = String, Path, description = "Its name"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that was seen")
    ),
    responses((status = 204, description = "Done"))
)]
pub(super) async fn remove(
    State(state): State<Arc<NodeState>>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let registry = registry(&state)?;
    let found = registry.connection(&name).await?;
    let found = found.ok_or_else(|| Problem::not_found("connection", &name))?;
    if headers.contains_key(header::IF_MATCH) {
        expected(&headers, &found)?;
    }
    registry.remove_connection(&name, found.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The version that a change is made from; who was faster is told when it is another than the request names.
fn expected(headers: &HeaderMap, found: &Found<ConnectionDocument>) -> Result<u64, Problem> {
    expected_version(headers, found.version, true).map_err(|problem| {
        let changed = found
            .content
            .as_ref()
            .ok()
            .and_then(|known| known.changed.as_ref());
        match StatusCode::from_u16(problem.status) {
            Ok(StatusCode::PRECONDITION_FAILED) => Problem {
                detail: in_words(changed),
                ..problem
            },
            _ => problem,
        }
    })
}

fn unreadable_document() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "unreadable",
        "What is there cannot be read",
        "The connection's document cannot be opened with this cluster's key, so nothing of it can be kept.",
        "Send brokers and security, with all secrets.",
    )
}

async fn all(state: &NodeState) -> Result<Vec<ConnectionView>, Problem> {
    let Some(registry) = &state.registry else {
        // A node on its own knows what its file says.
        let streams = |name: &str| {
            let of = state.declared.streams.keys().filter(|id| id.connection() == name);
            of.count()
        };
        let own = state.declared.connections.iter();
        let own = own.map(|(name, document)| view(name.clone(), 0, Ok(document.clone()), streams(name)));
        return Ok(own.collect());
    };
    let streams = registry.streams().await?;
    let known = registry.connections().await?.into_iter().map(|(name, found)| {
        let of = streams.keys().filter(|id| id.connection() == name).count();
        let content = found.content.map_err(|why| format!("Its document {why}."));
        view(name, found.version, content, of)
    });
    Ok(known.collect())
}

fn view(
    name: String,
    version: u64,
    content: Result<ConnectionDocument, String>,
    streams: usize,
) -> ConnectionView {
    let (document, reason) = match content {
        Ok(document) => (Some(document), None),
        Err(reason) => (None, Some(reason)),
    };
    let properties = document.as_ref().map(|document| &document.properties);
    let security = properties.and_then(Security::of);
    let no_words = "Its security is of a kind that only a node's configuration file can say.";
    let reason = reason.or_else(|| security.is_none().then(|| no_words.to_owned()));
    let changed = document.as_ref().and_then(|document| document.changed.as_ref());
    ConnectionView {
        name,
        version,
        security,
        extras: properties.map(security::extras).unwrap_or_default(),
        streams,
        changed_by: changed.map(|Changed { by, .. }| by.clone()),
        changed_at: changed.map(|Changed { at, .. }| *at),
        reason,
        brokers: document.map(|document| document.brokers),
    }
}

fn answer(status: StatusCode, view: ConnectionView) -> Response {
    (status, [(header::ETAG, etag(view.version))], Json(view)).into_response()
}
