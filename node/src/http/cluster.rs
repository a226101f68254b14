//! The nodes of the cluster and who owns what.

use std::collections::BTreeMap;
use std::sync::Arc;

use aurora_actors::ingest::status::merge::Merged;
use aurora_actors::ingest::status::{Arrival, State as PartitionState};
use aurora_cluster::assignment::{self, Candidate, Member};
use aurora_cluster::membership::{MemberState, MemberView};
use aurora_cluster::{NodeId, Partition, StreamId};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::InPath;
use super::problem::Problem;
use crate::cluster::peer::Request;
use crate::cluster::usage::Usage;
use crate::node::NodeState;

/// The cluster as this node sees it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ClusterStatus {
    /// Its name; null for a node on its own.
    pub cluster: Option<String>,
    /// The version of the node that answers.
    pub version: String,
    /// In order of their ids.
    pub nodes: Vec<NodeView>,
    /// In order of stream and partition.
    pub partitions: Vec<OwnedPartition>,
}

/// One node.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NodeView {
    /// Its name.
    pub id: String,
    /// `joining`, `ready` or `draining`.
    pub state: String,
    /// Where its page and API are.
    pub http: String,
    /// Where it gossips; null for a node on its own.
    pub gossip: Option<String>,
    /// Its software's version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Its share of the work, relative to the others'.
    pub capacity: u32,
    /// When it started.
    pub started_at: Option<jiff::Timestamp>,
    /// Seconds since then, by the clock of the node that answers.
    pub uptime_s: u64,
    /// How many partitions it has.
    pub partitions: usize,
    /// What it uses of its machine; null when it has not said.
    pub usage: Option<Usage>,
    /// Whether it is the one that answers.
    pub is_self: bool,
}

/// Who has a partition.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct OwnedPartition {
    /// The stream.
    pub stream: String,
    /// The partition.
    #[schema(value_type = i32)]
    pub partition: Partition,
    /// Who has it; null while nobody does.
    pub owner: Option<String>,
    /// Who should have it, by the assignment; null when no node is ready.
    pub planned: Option<String>,
    /// The owner's epoch.
    pub epoch: u64,
    /// What its owner is busy with.
    pub state: PartitionState,
    /// The next offset to be written, as text: it may exceed 2^53.
    pub position: String,
    /// Messages in Kafka that are not written yet.
    pub lag: u64,
    /// How it came to its owner.
    pub last_handover: Option<Arrival>,
}

/// The nodes, and who owns which partition.
#[utoipa::path(
    get,
    path = "/api/v1/cluster",
    tag = "cluster",
    responses((status = 200, description = "Done", body = ClusterStatus))
)]
pub(super) async fn show(State(state): State<Arc<NodeState>>) -> Json<ClusterStatus> {
    let streams = state.cluster.streams().await;
    let view = state.cluster.view();
    let mut counts: BTreeMap<&NodeId, usize> = BTreeMap::new();
    for owner in streams.values().flat_map(|stream| stream.owners.values()) {
        *counts.entry(owner).or_default() += 1;
    }
    let usage = state.cluster.usage();
    let nodes = view.members.values().map(|member| NodeView {
        partitions: counts.get(&member.id).copied().unwrap_or(0),
        usage: usage.get(&member.id).copied(),
        ..node_view(&state, member)
    });
    Json(ClusterStatus {
        cluster: state.cluster.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        nodes: nodes.collect(),
        partitions: partitions(&state.cluster.members().borrow().ready, &streams),
    })
}

fn node_view(state: &NodeState, member: &MemberView) -> NodeView {
    let started_at = jiff::Timestamp::from_millisecond(member.started_at_ms).ok();
    let is_draining = member.is_self && state.draining.is_cancelled();
    NodeView {
        id: member.id.to_string(),
        state: state_name(if is_draining {
            MemberState::Draining
        } else {
            member.state
        })
        .to_owned(),
        http: member.http.clone(),
        gossip: state.cluster.name.as_ref().map(|_| member.gossip.to_string()),
        version: member.version.clone(),
        pid: member.pid,
        capacity: member.capacity,
        uptime_s: started_at.map_or(0, |at| {
            u64::try_from(jiff::Timestamp::now().duration_since(at).as_secs()).unwrap_or(0)
        }),
        started_at,
        partitions: 0,
        usage: None,
        is_self: member.is_self,
    }
}

fn state_name(state: MemberState) -> &'static str {
    match state {
        MemberState::Joining => "joining",
        MemberState::Ready => "ready",
        MemberState::Draining => "draining",
        MemberState::Left => "left",
    }
}

fn partitions(ready: &[Member], streams: &BTreeMap<StreamId, Merged>) -> Vec<OwnedPartition> {
    let mut owned = Vec::new();
    let mut candidates = Vec::new();
    for (stream, merged) in streams {
        for (partition, status) in &merged.snapshot.partitions {
            let owner = merged.owners.get(partition);
            candidates.push(Candidate {
                stream: stream.clone(),
                partition: *partition,
                owner: owner.cloned(),
            });
            owned.push(OwnedPartition {
                stream: stream.to_string(),
                partition: *partition,
                owner: owner.map(NodeId::to_string),
                planned: None,
                epoch: status.epoch,
                state: status.state,
                position: status.position.to_string(),
                lag: status.lag(),
                last_handover: status.arrival.clone(),
            });
        }
    }
    for (partition, planned) in owned.iter_mut().zip(assignment::assign(ready, &candidates)) {
        partition.planned = planned.map(|index| ready[index].id.to_string());
    }
    owned
}

/// Lets a node hand everything over and end.
#[utoipa::path(
    post,
    path = "/api/v1/cluster/nodes/{id}/drain",
    tag = "cluster",
    params(("id" = String, Path, description = "The node")),
    responses((status = 202, description = "Done"))
)]
pub(super) async fn drain(
    State(state): State<Arc<NodeState>>,
    InPath(id): InPath<String>,
) -> Result<StatusCode, Problem> {
    let view = state.cluster.view();
    let Some(member) = id.parse::<NodeId>().ok().and_then(|id| view.members.get(&id)) else {
        return Err(Problem::not_found("node", &id));
    };
    if member.is_self {
        state.leave.cancel();
        return Ok(StatusCode::ACCEPTED);
    }
    match state.cluster.ask(&member.id, Request::Drain).await {
        Ok(_) => Ok(StatusCode::ACCEPTED),
        Err(reason) => Err(Problem::new(
            StatusCode::BAD_GATEWAY,
            "node-away",
            "The node did not answer",
            reason,
            "If it is gone, the others take over by themselves; if not, ask it directly, at its own address.",
        )),
    }
}
