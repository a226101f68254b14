//! Streams, added and taken away.

use std::sync::Arc;

use aurora_cluster::StreamId;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::Caller;
use super::extract::{InPath, changed_meanwhile};
use super::problem::Problem;
use crate::node::NodeState;
use crate::registry::document::{Changed, StreamDocument};
use crate::registry::{NotChanged, Registry};

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
    Extension(caller): Extension<Caller>,
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
    let document = StreamDocument {
        added: Some(Changed::now(&caller.name)),
        ..StreamDocument::new(&id)
    };
    registry(&state)?.add_stream(&id, &document).await?;
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

/// The registry; a node on its own has none.
pub(super) fn registry(state: &NodeState) -> Result<&Registry, Problem> {
    state.registry.as_deref().ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            "no-cluster",
            "This node ingests what its configuration file says",
            "It is on its own: connections and streams can be changed only in a cluster, where all nodes keep them.",
            "Change [[connections]] and [[streams]] in its file and start it again, or add a [cluster] section.",
        )
    })
}

impl From<NotChanged> for Problem {
    fn from(error: NotChanged) -> Self {
        let detail = error.to_string();
        let conflict = |kind, title, hint| Self::new(StatusCode::CONFLICT, kind, title, detail.clone(), hint);
        match error {
            NotChanged::Store(error) => error.into(),
            NotChanged::NoConnection(_) => Self::new(
                StatusCode::NOT_FOUND,
                "not-found",
                "There is no such connection",
                detail,
                "See GET /api/v1/connections for those there are; POST one, or let a node's configuration file add it.",
            )
            .about("connection"),
            NotChanged::NoStream(id) => Self::not_found("stream", &id.to_string()),
            NotChanged::Exists(_) => conflict(
                "exists",
                "It is there already",
                "See GET /api/v1/connections or GET /api/v1/streams for how it is; change that one, or take another name.",
            ),
            NotChanged::TooMany(_) => conflict("too-many", "There are too many", "Remove what is not needed any more."),
            NotChanged::InUse(_) => conflict(
                "in-use",
                "Streams use the connection",
                "Remove those streams first, or change the connection.",
            ),
            NotChanged::Dropping(_) => conflict(
                "dropping",
                "The stream's data is being dropped",
                "Try again in a moment.",
            ),
            NotChanged::Outrun(_) => Self {
                detail,
                ..changed_meanwhile()
            },
        }
    }
}
