//! What queries measure, as Prometheus reads it.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// How a query ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OutcomeLabels {
    /// `done`, `failed`, `refused`, `shed`, `deadline`, `cancelled` or `abandoned` (nobody reads it any more).
    pub outcome: &'static str,
}

/// All figures of queries on one node.
#[derive(Debug, Clone)]
pub struct QueryMetrics {
    /// Queries that wait for their turn.
    pub waiting: Gauge,
    /// Queries that run.
    pub running: Gauge,
    /// Queries that have ended, by how.
    pub ended: Family<OutcomeLabels, Counter>,
    /// Seconds that a query waited for its turn.
    pub wait_seconds: Histogram,
    /// Seconds that a query ran, until its last row was taken.
    pub run_seconds: Histogram,
    /// 1 while the reading user is what it has to be.
    pub wall: Gauge,
}

impl QueryMetrics {
    /// Makes the figures known to `registry`, as `aurora_query_…`.
    pub fn register(registry: &mut Registry) -> Self {
        // 0.5 ms to 65 s.
        let buckets = || exponential_buckets(0.000_5, 2.0, 18);
        let metrics = Self {
            waiting: Gauge::default(),
            running: Gauge::default(),
            ended: Family::default(),
            wait_seconds: Histogram::new(buckets()),
            run_seconds: Histogram::new(buckets()),
            wall: Gauge::default(),
        };
        let registry = registry.sub_registry_with_prefix("aurora_query");
        registry.register(
            "waiting",
            "Queries that wait for their turn",
            metrics.waiting.clone(),
        );
        registry.register("running", "Queries that run", metrics.running.clone());
        registry.register(
            "ended",
            "Queries that have ended, by how they ended",
            metrics.ended.clone(),
        );
        registry.register_with_unit(
            "wait",
            "How long a query waited for its turn",
            Unit::Seconds,
            metrics.wait_seconds.clone(),
        );
        registry.register_with_unit(
            "run",
            "How long a query ran, until its last row was taken",
            Unit::Seconds,
            metrics.run_seconds.clone(),
        );
        registry.register(
            "wall",
            "1 while the reading user is verified, so that queries are served",
            metrics.wall.clone(),
        );
        metrics
    }

    pub(super) fn ended(&self, outcome: &'static str) {
        self.ended.get_or_create(&OutcomeLabels { outcome }).inc();
    }
}
