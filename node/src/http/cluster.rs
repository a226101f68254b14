//! The nodes of the cluster.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::node::NodeState;

/// The cluster as this node sees it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Cluster {
    pub(crate) version: String,
    pub(crate) nodes: Vec<NodeView>,
}

/// One node.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NodeView {
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) http: String,
    pub(crate) pid: u32,
    pub(crate) started_at: jiff::Timestamp,
    pub(crate) uptime_s: u64,
}

pub(super) async fn show(State(state): State<Arc<NodeState>>) -> Json<Cluster> {
    let node = NodeView {
        id: state.id.to_string(),
        state: if state.draining.is_cancelled() {
            "draining"
        } else {
            "ready"
        }
        .to_owned(),
        http: format!("http://{}", state.http),
        pid: std::process::id(),
        started_at: state.started_at,
        uptime_s: state.started.elapsed().as_secs(),
    };
    Json(Cluster {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        nodes: vec![node],
    })
}
