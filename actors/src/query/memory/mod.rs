//! What is remembered of questions, shared by all nodes: it is in the cluster's ClickHouse.
//!
//! | module | remembers | how |
//! |---|---|---|
//! | [`history`] | who asked what, and what came of it | rows of `aurora.history`, in small batches, for 400 days |
//! | [`verdict`] | which answers were right, and so the confirmed questions | rows of `aurora.verdicts`, the latest of each counts |
//! | [`glossary`] | what the team's words mean | one document of `aurora.registry`, changed by compare-and-set |
//! | [`saved`], [`dashboards`] | queries and boards with a name ([`named`]) | a document each |
//!
//! What is asked often, the glossary and the confirmed questions, is kept for two seconds: a node learns within that time
//! of what was changed through another.

mod cache;
pub mod dashboards;
mod document;
pub mod glossary;
pub mod history;
pub mod named;
mod recorder;
pub mod saved;
pub mod verdict;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aurora_cluster::NodeId;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::task::JoinHandle;

use self::cache::Cached;
pub use self::document::Versioned;
use self::glossary::Glossary;
use self::history::{Outcome, Record};
use self::recorder::Recorder;
use self::verdict::Confirmed;
use crate::store::{Store, StoreError};

/// How long [`Memory::recorded`] waits for what has just been recorded.
const RECORDED_LIMIT: Duration = Duration::from_secs(2);

/// Figures of the memory of one node.
#[derive(Debug, Clone, Default)]
pub struct MemoryMetrics {
    /// Records of the history that have landed.
    pub recorded: Counter,
    /// Records of the history that were lost: ClickHouse was away for too long.
    pub lost: Counter,
    /// Records of the history that wait to be written.
    pub waiting: Gauge,
}

impl MemoryMetrics {
    /// Makes the figures and names them in `registry`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("aurora_history");
        registry.register(
            "records",
            "Records of the history written",
            metrics.recorded.clone(),
        );
        registry.register("lost", "Records of the history lost", metrics.lost.clone());
        registry.register(
            "waiting",
            "Records of the history that wait to be written",
            metrics.waiting.clone(),
        );
        metrics
    }
}

/// Why something was not remembered or found.
#[derive(Debug, Clone, thiserror::Error)]
pub enum MemoryError {
    /// ClickHouse was away or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It has been changed since it was looked at, or is there already.
    #[error("it has been changed meanwhile")]
    Outrun,
    /// What was given cannot be kept, and why.
    #[error("{0}")]
    Invalid(String),
    /// It was written by a later version of Aurora, most likely.
    #[error("it is written in a way that this version of Aurora does not understand")]
    Unreadable,
}

/// The memory of a node. Clones are the same memory.
#[derive(Clone)]
pub struct Memory(Arc<Inner>);

struct Inner {
    store: Store,
    node: NodeId,
    recorder: Recorder,
    glossary: Cached<Glossary>,
    confirmed: Cached<Vec<Confirmed>>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory")
            .field("node", &self.0.node)
            .finish_non_exhaustive()
    }
}

impl Memory {
    /// The memory that is kept in `store`, and the task that writes into it, which ends with [`Memory::close`].
    pub fn start(store: Store, node: NodeId, metrics: MemoryMetrics) -> (Self, JoinHandle<()>) {
        let memory = Self(Arc::new(Inner {
            recorder: Recorder::new(node.as_str(), metrics),
            store,
            node,
            glossary: Cached::default(),
            confirmed: Cached::default(),
        }));
        let writing = memory.clone();
        let task = tokio::spawn(async move {
            let inner = &writing.0;
            inner.recorder.write(&inner.store).await;
        });
        (memory, task)
    }

    /// Remembers what somebody asked. It returns at once; what cannot be kept, because ClickHouse has been away for too
    /// long, is counted in [`MemoryMetrics::lost`] and logged.
    pub fn record(&self, record: &Record) {
        self.0.recorder.push(record);
    }

    /// Begins a record of something that is asked now, which is remembered however it ends.
    pub fn begin(&self, mut record: Record) -> Recording {
        record.outcome = Outcome::Cancelled;
        Recording {
            memory: self.clone(),
            record,
            started: Instant::now(),
        }
    }

    /// Waits for a moment until what this node has recorded so far is written.
    pub async fn recorded(&self) {
        // Whoever waits looks for a record then, and says if it is not there.
        let _ = tokio::time::timeout(RECORDED_LIMIT, self.0.recorder.emptied()).await;
    }

    /// Writes what still waits, for as long as `limit`, and ends the task. Records after that are lost.
    pub async fn close(&self, limit: Duration) {
        let _ = tokio::time::timeout(limit, self.0.recorder.emptied()).await;
        self.0.recorder.close();
    }
}

/// A record of something that is under way. It is remembered when this is dropped: as cancelled, for then whoever asked
/// has gone, unless [`Recording::end`] has said what came of it.
#[derive(Debug)]
pub struct Recording {
    memory: Memory,
    record: Record,
    started: Instant,
}

impl Recording {
    /// What is recorded, to be completed.
    pub fn record(&mut self) -> &mut Record {
        &mut self.record
    }

    /// Remembers it with what came of it.
    pub fn end(mut self, outcome: Outcome) {
        self.record.outcome = outcome;
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.record.elapsed_ms = self.started.elapsed().as_secs_f64() * 1_000.0;
        self.memory.record(&self.record);
    }
}
