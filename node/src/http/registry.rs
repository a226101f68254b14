//! What the cluster is to ingest, shown and changed.
//!
//! The smallest part of it: connections come from the nodes' configuration files, and a stream is a topic of
//! one of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use aurora_cluster::StreamId;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::InPath;
use super::problem::Problem;
use crate::node::NodeState;
use crate::registry::{NotAdded, Registry};

/// All connections.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Connections {
    /// In order of their names.
    pub connections: Vec<ConnectionView>,
}

/// One connection: never its properties, which may hold secrets.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ConnectionView {
    /// Its name.
    pub name: String,
    /// `HOST:PORT[,HOST:PORT…]`; null when its document cannot be read.
    pub brokers: Option<String>,
    /// Why not.
    pub reason: Option<String>,
}

/// A stream to be added.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStream {
    /// The connection's name.
    pub connection: String,
    /// The topic's name. It may be made later: until then the stream waits for it.
    pub topic: String,
}

/// A stream that was added.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AddedStream {
    /// `connection:topic`.
    pub id: String,
}

/// All connections, without what may be secret.
#[utoipa::path(
    get,
    path = "/api/v1/connections",
    tag = "streams",
    responses((status = 200, description = "Done", body = Connections))
)]
pub(super) async fn connections(State(state): State<Arc<NodeState>>) -> Result<Json<Connections>, Problem> {
    let connections = match &state.registry {
        Some(registry) => registry.connections().await?,
        None => BTreeMap::new(),
    };
    let known = connections.into_iter().map(|(name, found)| match found.content {
        Ok(document) => ConnectionView {
            name,
            brokers: Some(document.brokers),
            reason: None,
        },
        Err(why) => ConnectionView {
            name,
            brokers: None,
            reason: Some(format!("its document {why}")),
        },
    });
    // A node on its own knows what its file says.
    let own = state.declared.connections.iter();
    let own = own
        .filter(|_| state.registry.is_none())
        .map(|(name, document)| ConnectionView {
            name: name.clone(),
            brokers: Some(document.brokers.clone()),
            reason: None,
        });
    Ok(Json(Connections {
        connections: known.chain(own).collect(),
    }))
}

/// Adds a stream to the cluster: this node begins at once, the others within seconds.
#[utoipa::path(
    post,
    path = "/api/v1/streams",
    tag = "streams",
    request_body = NewStream,
    responses((status = 201, description = "Done", body = AddedStream))
)]
pub(super) async fn add_stream(
    State(state): State<Arc<NodeState>>,
    request: Result<Json<NewStream>, JsonRejection>,
) -> Result<(StatusCode, Json<AddedStream>), Problem> {
    let unreadable = |detail: String| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "request",
            "The request cannot be read",
            detail,
            "Send JSON such as {\"connection\": \"prod\", \"topic\": \"orders\"} as application/json.",
        )
    };
    let Json(request) = request.map_err(|rejection| unreadable(rejection.body_text()))?;
    let id =
        StreamId::new(&request.connection, &request.topic).map_err(|error| unreadable(error.to_string()))?;
    registry(&state)?.add_stream(&id).await?;
    Ok((StatusCode::CREATED, Json(AddedStream { id: id.to_string() })))
}

/// Removes a stream from the cluster: no node works on it any more. Its data is kept, and so is how far it had
/// come: the same stream, added again, goes on from there. A node whose configuration file names the stream
/// declares it again at its next start.
#[utoipa::path(
    delete,
    path = "/api/v1/streams/{id}",
    tag = "streams",
    params(("id" = String, Path, description = "connection:topic")),
    responses((status = 204, description = "Done"))
)]
pub(super) async fn remove_stream(
    State(state): State<Arc<NodeState>>,
    InPath(id): InPath<String>,
) -> Result<StatusCode, Problem> {
    let registry = registry(&state)?;
    let missing = || Problem::not_found("stream", &id);
    let stream: StreamId = id.parse().map_err(|_| missing())?;
    match registry.remove_stream(&stream).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(missing()),
    }
}

fn registry(state: &NodeState) -> Result<&Registry, Problem> {
    state.registry.as_deref().ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            "no-cluster",
            "This node ingests what its configuration file says",
            "It is on its own: streams can be added and removed only in a cluster, where all nodes keep them.",
            "Change [[streams]] in its file and start it again, or add a [cluster] section.",
        )
    })
}

impl From<NotAdded> for Problem {
    fn from(error: NotAdded) -> Self {
        let detail = error.to_string();
        match error {
            NotAdded::Store(error) => error.into(),
            NotAdded::NoConnection(_) => Self::new(
                StatusCode::NOT_FOUND,
                "not-found",
                "There is no such connection",
                detail,
                "See GET /api/v1/connections for those there are; a node's configuration file can add one.",
            ),
            NotAdded::Exists(_) => Self::new(
                StatusCode::CONFLICT,
                "exists",
                "The stream is there already",
                detail,
                "See GET /api/v1/streams for how it is doing.",
            ),
        }
    }
}
