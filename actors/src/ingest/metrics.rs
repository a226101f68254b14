//! What ingest measures, as Prometheus reads it.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// Which stream a figure is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StreamLabels {
    /// The stream's id.
    pub stream: String,
}

/// Which stream and which reason a figure is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RejectLabels {
    /// The stream's id.
    pub stream: String,
    /// A code of [`RejectReason`](super::decode::RejectReason::code).
    pub reason: String,
}

type Counters = Family<StreamLabels, Counter>;
type Gauges = Family<StreamLabels, Gauge>;
type Histograms = Family<StreamLabels, Histogram>;

/// All figures of ingest on one node.
#[derive(Debug, Clone)]
pub struct IngestMetrics {
    /// Rows that have landed.
    pub rows: Counters,
    /// Bytes of messages that have been decoded.
    pub bytes: Counters,
    /// Messages that became dead letters.
    pub rejected: Family<RejectLabels, Counter>,
    /// Dead letters that became rows.
    pub retried: Counters,
    /// Tombstones.
    pub skipped: Counters,
    /// Messages in Kafka that have not been written yet.
    pub lag: Gauges,
    /// Seconds from the broker's timestamp to visible in a SELECT.
    pub freshness: Histograms,
    /// Rows of an insert.
    pub batch_rows: Histograms,
    /// Seconds an insert took.
    pub insert_seconds: Histograms,
    /// Inserts that failed, fenced ones included.
    pub insert_failures: Counters,
    /// Inserts that met a fence.
    pub fenced: Counters,
    /// Epochs acquired.
    pub epochs: Counters,
    /// Partitions that came from a node that handed them over.
    pub handovers: Counters,
    /// Partitions that were taken from a node that did not.
    pub takeovers: Counters,
    /// Partitions that another node took.
    pub lost: Counters,
    /// Plans that changed what works here.
    pub rebalances: Counter,
    /// Changes to a table's columns.
    pub schema_changes: Counters,
    /// Audits by their result: 1 is clean, 0 is broken.
    pub audit_clean: Gauges,
    /// Bytes of messages between Kafka and ClickHouse.
    pub buffer_bytes: Gauge,
}

impl IngestMetrics {
    /// Makes the figures and names them in `registry`.
    pub fn register(registry: &mut Registry) -> Self {
        let seconds = || Histogram::new(exponential_buckets(0.005, 2.0, 14));
        let metrics = Self {
            rows: Family::default(),
            bytes: Family::default(),
            rejected: Family::default(),
            retried: Family::default(),
            skipped: Family::default(),
            lag: Family::default(),
            freshness: Family::new_with_constructor(seconds),
            batch_rows: Family::new_with_constructor(|| Histogram::new(exponential_buckets(1.0, 4.0, 11))),
            insert_seconds: Family::new_with_constructor(seconds),
            insert_failures: Family::default(),
            fenced: Family::default(),
            epochs: Family::default(),
            handovers: Family::default(),
            takeovers: Family::default(),
            lost: Family::default(),
            rebalances: Counter::default(),
            schema_changes: Family::default(),
            audit_clean: Family::default(),
            buffer_bytes: Gauge::default(),
        };
        let registry = registry.sub_registry_with_prefix("aurora_ingest");
        registry.register("rows", "Rows that have landed", metrics.rows.clone());
        registry.register_with_unit(
            "message",
            "Bytes of messages decoded",
            Unit::Bytes,
            metrics.bytes.clone(),
        );
        registry.register(
            "rejected",
            "Messages that became dead letters",
            metrics.rejected.clone(),
        );
        registry.register(
            "retried",
            "Dead letters that became rows",
            metrics.retried.clone(),
        );
        registry.register("skipped", "Tombstones", metrics.skipped.clone());
        registry.register("lag", "Messages in Kafka not written yet", metrics.lag.clone());
        registry.register_with_unit(
            "freshness",
            "From the broker's timestamp to visible in a SELECT",
            Unit::Seconds,
            metrics.freshness.clone(),
        );
        registry.register("batch_rows", "Rows of an insert", metrics.batch_rows.clone());
        registry.register_with_unit(
            "insert",
            "Duration of an insert",
            Unit::Seconds,
            metrics.insert_seconds.clone(),
        );
        registry.register(
            "insert_failures",
            "Inserts that failed",
            metrics.insert_failures.clone(),
        );
        registry.register("fenced", "Inserts that met a fence", metrics.fenced.clone());
        registry.register("epochs", "Epochs acquired", metrics.epochs.clone());
        registry.register(
            "handovers",
            "Partitions that another node handed over to this one",
            metrics.handovers.clone(),
        );
        registry.register(
            "takeovers",
            "Partitions taken from a node that had died or did not answer",
            metrics.takeovers.clone(),
        );
        registry.register(
            "lost",
            "Partitions that another node took from this one",
            metrics.lost.clone(),
        );
        registry.register(
            "rebalances",
            "Plans that changed which partitions work here",
            metrics.rebalances.clone(),
        );
        registry.register(
            "schema_changes",
            "Changes to a table's columns",
            metrics.schema_changes.clone(),
        );
        registry.register(
            "audit_clean",
            "1 when the last audit was clean",
            metrics.audit_clean.clone(),
        );
        registry.register_with_unit(
            "buffer",
            "Bytes of messages between Kafka and ClickHouse",
            Unit::Bytes,
            metrics.buffer_bytes.clone(),
        );
        metrics
    }
}
