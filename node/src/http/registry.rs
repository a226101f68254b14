//! Streams, added, paused and taken away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aurora_actors::ingest::schema::choice::{Choices, ColumnChoice};
use aurora_actors::ingest::schema::table;
use aurora_actors::ingest::start::Start;
use aurora_actors::ingest::status::State as StreamState;
use aurora_actors::ingest::{generation, resting};
use aurora_cluster::StreamId;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::Caller;
use super::extract::{InPath, Params, changed_meanwhile};
use super::problem::Problem;
use crate::node::NodeState;
use crate::registry::document::{Changed, StreamDocument};
use crate::registry::{NotChanged, Registry};

/// How long a stream's nodes may take to let go of it before its data is dropped.
const LET_GO_LIMIT: Duration = Duration::from_secs(30);

/// A stream to be added.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStream {
    /// The connection's name.
    pub connection: String,
    /// The topic's name. It may be made later: until then the stream waits for it.
    pub topic: String,
    /// Where it begins if it has never read anything: `earliest` (the first message there is), `latest` (what comes from
    /// now on), or a time, with the first message that Kafka got then or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// Types that columns get other than those that a sample of the topic speaks for, and fields that get no column, now
    /// and later. POST /api/v1/connections/preview says what would come of it. 409 when the stream has a table from
    /// earlier that is made otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnChoice>,
}

/// A stream that was added.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AddedStream {
    /// `connection:topic`.
    pub id: String,
}

/// What becomes of a stream's data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Data {
    /// It stays.
    #[default]
    Keep,
    /// Table, journal and dead letters are dropped.
    Drop,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Removal {
    #[serde(default)]
    data: Data,
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
    let start = request.start.as_deref().unwrap_or("earliest").parse::<Start>();
    let document = StreamDocument {
        start: start.map_err(|error| unreadable(error.to_string()).about("start"))?,
        columns: checked_choices(&request.columns)?,
        added: Some(Changed::now(&caller.name)),
        ..StreamDocument::new(&id)
    };
    let registry = registry(&state)?;
    if !document.columns.is_empty() && !registry.streams().await?.contains_key(&id) {
        require_table_as_chosen(&state, &id, &document.columns).await?;
    }
    registry.add_stream(&id, &document).await?;
    Ok((StatusCode::CREATED, Json(AddedStream { id: id.to_string() })))
}

/// What somebody has decided about columns, if it can be carried out.
pub(super) fn checked_choices(choices: &[ColumnChoice]) -> Result<Choices, Problem> {
    Choices::check(choices).map_err(|mistake| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "field",
            "A column cannot be made like that",
            mistake.what,
            "Mend the field that is named; POST /api/v1/connections/preview says which types each column could have.",
        )
        .about(&mistake.field)
    })
}

/// Refuses choices for a table that is there already, from when the stream was added before, and is made otherwise: its
/// columns stand.
async fn require_table_as_chosen(state: &NodeState, id: &StreamId, columns: &Choices) -> Result<(), Problem> {
    let table = generation::table_of(&state.store, id, &state.database).await?;
    let Some(schema) = table::read(&state.store, &table).await? else {
        return Ok(());
    };
    let otherwise = columns.not_in(&schema);
    if otherwise.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = otherwise.iter().take(10).map(|path| path.join(".")).collect();
    Err(Problem::new(
        StatusCode::CONFLICT,
        "table-exists",
        "The stream has a table already",
        format!(
            "{table} is there, from when the stream was added before, and its columns stand. It has something else for: {}.",
            names.join(", ")
        ),
        "Add the stream without columns, to go on with that table; or add it so, remove it with data=drop, and add it again.",
    )
    .about("columns"))
}

/// Pauses a stream: within seconds no node works on it any more. How far it has come is kept.
#[utoipa::path(
    post,
    path = "/api/v1/streams/{id}/pause",
    tag = "streams",
    params(("id" = String, Path, description = "connection:topic")),
    responses((status = 204, description = "Done"))
)]
pub(super) async fn pause(
    State(state): State<Arc<NodeState>>,
    InPath(id): InPath<String>,
) -> Result<StatusCode, Problem> {
    set_paused(&state, &id, true).await
}

/// Lets a paused stream go on where it was.
#[utoipa::path(
    post,
    path = "/api/v1/streams/{id}/resume",
    tag = "streams",
    params(("id" = String, Path, description = "connection:topic")),
    responses((status = 204, description = "Done"))
)]
pub(super) async fn resume(
    State(state): State<Arc<NodeState>>,
    InPath(id): InPath<String>,
) -> Result<StatusCode, Problem> {
    set_paused(&state, &id, false).await
}

async fn set_paused(state: &NodeState, id: &str, paused: bool) -> Result<StatusCode, Problem> {
    let registry = registry(state)?;
    let stream: StreamId = id.parse().map_err(|_| Problem::not_found("stream", id))?;
    registry
        .change_stream(&stream, |document| document.paused = paused)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a stream from the cluster: no node works on it any more. With `data=keep`, which is meant when nothing is
/// said, its data stays, and so does how far it had come: the same stream, added again, goes on from there. With
/// `data=drop` its table, journal and dead letters are dropped as soon as all nodes have let go of it. A node whose
/// configuration file names the stream declares it again at its next start.
#[utoipa::path(
    delete,
    path = "/api/v1/streams/{id}",
    tag = "streams",
    params(
        ("id" = String, Path, description = "connection:topic"),
        ("data" = inline(Option<Data>), Query, description = "What becomes of its data")
    ),
    responses((status = 204, description = "Done"))
)]
pub(super) async fn remove_stream(
    State(state): State<Arc<NodeState>>,
    InPath(id): InPath<String>,
    Params(Removal { data }): Params<Removal>,
) -> Result<StatusCode, Problem> {
    let registry = registry(&state)?;
    let missing = || Problem::not_found("stream", &id);
    let stream: StreamId = id.parse().map_err(|_| missing())?;
    if data == Data::Drop {
        registry
            .change_stream(&stream, |document| document.dropping = true)
            .await?;
        // Who asked may not wait for the end of it.
        let dropped = tokio::spawn(drop_data(state.clone(), stream));
        return dropped.await.unwrap_or_else(|_| Err(missing()));
    }
    match registry.remove_stream(&stream).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(missing()),
    }
}

/// Waits until all nodes have let go of a stream, drops what it has written, and removes it.
async fn drop_data(state: Arc<NodeState>, stream: StreamId) -> Result<StatusCode, Problem> {
    let started = Instant::now();
    loop {
        let streams = state.cluster.streams().await;
        let is_idle = streams.get(&stream).is_none_or(|merged| {
            merged.snapshot.state == StreamState::Paused && merged.snapshot.partitions.is_empty()
        });
        if is_idle {
            break;
        }
        if started.elapsed() > LET_GO_LIMIT {
            return Err(Problem::new(
                StatusCode::GATEWAY_TIMEOUT,
                "still-at-work",
                "Some node still works on the stream",
                "Nothing was dropped yet. The stream stays, paused.",
                "See GET /api/v1/streams for who works on it, and ask again.",
            ));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    resting::drop_all(&state.store, &state.id, &stream, &state.database).await?;
    registry(&state)?.remove_stream(&stream).await?;
    Ok(StatusCode::NO_CONTENT)
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
