//! Streams and how they are doing.

use std::sync::Arc;
use std::time::Duration;

use aurora_actors::ingest::audit::{self, AuditReport};
use aurora_actors::ingest::resting;
use aurora_actors::ingest::status::merge::Merged;
use aurora_actors::ingest::status::{PartitionStatus, Snapshot, State as StreamState};
use aurora_actors::ingest::supervisor::StreamHandle;
use aurora_cluster::{NodeId, StreamId};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::InPath;
use super::problem::Problem;
use crate::node::NodeState;

/// How long an audit waits for the first journal entries of a stream that has just begun.
const FIRST_ENTRY_LIMIT: Duration = Duration::from_secs(5);

/// All streams.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Streams {
    /// In order of their names.
    pub streams: Vec<StreamView>,
}

/// One stream.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct StreamView {
    /// `connection:topic`.
    pub id: String,
    /// The connection's name.
    pub connection: String,
    /// The topic's name.
    pub topic: String,
    /// The table, as SQL can use it, once it is there.
    pub table: Option<String>,
    /// Which life of the topic this is.
    pub generation: u32,
    /// `starting`, `settling`, `running`, `waiting`, `stopped` or `paused`.
    pub state: String,
    /// Why it waits.
    pub reason: Option<String>,
    /// Messages written a second, over the last ten.
    pub events_per_s: f64,
    /// Bytes of messages written a second, over the last ten.
    pub bytes_per_s: f64,
    /// From the broker's timestamp to visible, over the last ten seconds.
    pub freshness_ms: Option<Quantiles>,
    /// Messages in Kafka that are not written yet.
    pub lag: u64,
    /// Rows, in all.
    #[serde(with = "as_text")]
    #[schema(value_type = String)]
    pub rows: u64,
    /// Dead letters that no row was made of yet.
    #[serde(with = "as_text")]
    #[schema(value_type = String)]
    pub dead_letters: u64,
    /// Tombstones, in all.
    #[serde(with = "as_text")]
    #[schema(value_type = String)]
    pub skipped: u64,
    /// The last audit.
    pub audit: AuditView,
    /// Everything up to this time has been written.
    pub complete_to: Option<jiff::Timestamp>,
    /// The partitions that some node works on.
    pub partitions: Vec<PartitionView>,
}

/// Median and 99th percentile.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Quantiles {
    /// Half are below.
    pub p50: f64,
    /// 99 in a hundred are below.
    pub p99: f64,
}

/// What the last audit said.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditView {
    /// `clean`, `broken`, or `pending` before the first.
    pub state: String,
    /// When it looked.
    pub checked_at: Option<jiff::Timestamp>,
    /// What does not hold.
    pub detail: Option<String>,
}

/// One partition.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PartitionView {
    /// Its number.
    pub partition: i32,
    /// The node that works on it.
    pub owner: Option<String>,
    /// As for a stream.
    pub state: String,
    /// Why it waits.
    pub reason: Option<String>,
    /// Its owner's epoch.
    pub epoch: u64,
    /// The next offset to be written.
    #[serde(with = "as_text")]
    #[schema(value_type = String)]
    pub position: u64,
    /// The offset of the next message in Kafka.
    pub end_offset: Option<String>,
    /// Messages in Kafka that are not written yet.
    pub lag: u64,
    /// Rows, in all.
    #[serde(with = "as_text")]
    #[schema(value_type = String)]
    pub rows: u64,
    /// Dead letters that no row was made of yet.
    #[serde(with = "as_text")]
    #[schema(value_type = String)]
    pub dead_letters: u64,
}

/// 64-bit numbers as JSON strings, since many readers of JSON keep only 53 bits.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// All streams, as the whole cluster knows them.
#[utoipa::path(
    get,
    path = "/api/v1/streams",
    tag = "streams",
    responses((status = 200, description = "Done", body = Streams))
)]
pub(super) async fn list(State(state): State<Arc<NodeState>>) -> Json<Streams> {
    let streams = state.cluster.streams().await;
    let mut streams = streams.iter().map(|(id, stream)| view(id, stream)).collect();
    remember(&state, &mut streams).await;
    Json(Streams { streams })
}

/// Fills in what paused streams have written: no node has that in mind.
async fn remember(state: &NodeState, streams: &mut Vec<StreamView>) {
    let is_paused = |stream: &&StreamView| stream.state == state_name(StreamState::Paused);
    let paused = streams
        .iter()
        .filter(is_paused)
        .filter_map(|stream| stream.id.parse().ok());
    let paused: Vec<StreamId> = paused.collect();
    // Without ClickHouse they are shown without it.
    let written = resting::written(&state.store, &paused, &state.database)
        .await
        .unwrap_or_default();
    for stream in streams {
        let known = stream.id.parse::<StreamId>().ok().and_then(|id| written.get(&id));
        if let Some(known) = known {
            stream.generation = known.generation;
            stream.table = Some(known.table.to_string());
            (stream.rows, stream.dead_letters, stream.skipped) = (known.rows, known.dead, known.skipped);
        }
    }
}

/// One stream.
#[utoipa::path(
    get,
    path = "/api/v1/streams/{id}",
    tag = "streams",
    params(("id" = String, Path, description = "connection:topic")),
    responses((status = 200, description = "Done", body = StreamView))
)]
pub(super) async fn show(
    State(state): State<Arc<NodeState>>,
    InPath(id): InPath<String>,
) -> Result<Json<StreamView>, Problem> {
    let found = async || {
        let id = id.parse::<StreamId>().ok()?;
        let streams = state.cluster.streams().await;
        let mut found = vec![view(&id, streams.get(&id)?)];
        remember(&state, &mut found).await;
        found.pop().map(Json)
    };
    found().await.ok_or_else(|| Problem::not_found("stream", &id))
}

fn find(state: &NodeState, id: &str) -> Result<StreamHandle, Problem> {
    let known = id.parse::<StreamId>().ok().and_then(|id| state.stream(&id));
    known.ok_or_else(|| Problem::not_found("stream", id))
}

/// Audits a stream now and returns what was counted.
#[utoipa::path(
    post,
    path = "/api/v1/streams/{id}/audit",
    tag = "streams",
    params(("id" = String, Path, description = "connection:topic")),
    responses((status = 200, description = "Done", body = AuditReport))
)]
pub(super) async fn audit(
    State(state): State<Arc<NodeState>>,
    InPath(id): InPath<String>,
) -> Result<Json<AuditReport>, Problem> {
    let handle = find(&state, &id)?;
    let Some(target) = handle.target() else {
        let reason = handle
            .status
            .snapshot()
            .reason
            .unwrap_or_else(|| "It is still starting.".to_owned());
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "not-started",
            "The stream has not begun, so there is nothing to audit",
            reason,
            "Try again once its state is running.",
        ));
    };
    let started = std::time::Instant::now();
    loop {
        let report = audit::audit(&state.store, &target).await?;
        let is_audited = |number: &i32| report.partitions.iter().any(|audit| audit.partition == *number);
        let has_begun = |status: &PartitionStatus| status.rows + status.dead + status.skipped > 0;
        let streams = state.cluster.streams().await;
        let all = streams.get(&handle.id).is_some_and(|stream| {
            let mut partitions = stream.snapshot.partitions.iter();
            partitions.all(|(number, status)| is_audited(number) || !has_begun(status))
        });
        if (all && !report.partitions.is_empty()) || started.elapsed() > FIRST_ENTRY_LIMIT {
            handle.status.set_audit(report.clone());
            return Ok(Json(report));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn view(id: &StreamId, stream: &Merged) -> StreamView {
    let snapshot = &stream.snapshot;
    let total = |of: fn(&PartitionStatus) -> u64| snapshot.partitions.values().map(of).sum();
    StreamView {
        id: id.to_string(),
        connection: id.connection().to_owned(),
        topic: id.topic().to_owned(),
        table: snapshot.table.clone(),
        generation: snapshot.generation,
        state: state_name(overall(snapshot)).to_owned(),
        reason: reason(snapshot),
        events_per_s: snapshot.events_per_s,
        bytes_per_s: snapshot.bytes_per_s,
        freshness_ms: snapshot.freshness_ms.map(|(p50, p99)| Quantiles { p50, p99 }),
        lag: total(PartitionStatus::lag),
        rows: total(|status| status.rows),
        dead_letters: total(|status| status.dead),
        skipped: total(|status| status.skipped),
        audit: audit_view(snapshot.audit.as_ref()),
        complete_to: snapshot
            .complete_to_ms
            .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()),
        partitions: snapshot
            .partitions
            .iter()
            .map(|(number, status)| partition_view(*number, stream.owners.get(number), status))
            .collect(),
    }
}

/// The stream waits when a partition of it does.
fn overall(snapshot: &Snapshot) -> StreamState {
    let waits = snapshot
        .partitions
        .values()
        .any(|status| status.state == StreamState::Waiting);
    if snapshot.state == StreamState::Running && waits {
        StreamState::Waiting
    } else {
        snapshot.state
    }
}

fn reason(snapshot: &Snapshot) -> Option<String> {
    let of_partition = || {
        snapshot
            .partitions
            .values()
            .find_map(|status| status.reason.clone())
    };
    snapshot.reason.clone().or_else(of_partition)
}

fn state_name(state: StreamState) -> &'static str {
    match state {
        StreamState::Starting => "starting",
        StreamState::Settling => "settling",
        StreamState::Running => "running",
        StreamState::Waiting => "waiting",
        StreamState::Stopped => "stopped",
        StreamState::Paused => "paused",
    }
}

fn audit_view(report: Option<&AuditReport>) -> AuditView {
    match report {
        None => AuditView {
            state: "pending".to_owned(),
            checked_at: None,
            detail: None,
        },
        Some(report) => AuditView {
            state: if report.clean { "clean" } else { "broken" }.to_owned(),
            checked_at: Some(report.checked_at),
            detail: (!report.clean).then(|| report.problems.join("; ")),
        },
    }
}

fn partition_view(partition: i32, owner: Option<&NodeId>, status: &PartitionStatus) -> PartitionView {
    PartitionView {
        partition,
        owner: owner.map(NodeId::to_string),
        state: state_name(status.state).to_owned(),
        reason: status.reason.clone(),
        epoch: status.epoch,
        position: status.position,
        end_offset: status.end_offset.map(|offset| offset.to_string()),
        lag: status.lag(),
        rows: status.rows,
        dead_letters: status.dead,
    }
}
