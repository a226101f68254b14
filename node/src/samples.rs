//! How ingest is doing, written down every few seconds for dashboards and alerts: `aurora.samples`.
//!
//! What a node knows and ClickHouse does not (lag, freshness, audits, what the process uses) would otherwise be gone the
//! moment after. Each node writes one small insert of its own: a row for each of its streams, and one for itself.
//!
//! It never is in the way. It has a connection and a task of its own, one insert at a time, each tried once and given up after a
//! few seconds; what is lost is a point in a picture. Rows and bytes are bounded, the table expires by itself, and nothing
//! reads it but dashboards.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aurora_actors::ingest::status::{PartitionStatus, Snapshot, State};
use aurora_actors::store::{Store, StoreError};
use serde::Serialize;

use crate::cluster::peer::Report;
use crate::node::NodeState;

/// How often a sample is taken.
const INTERVAL: Duration = Duration::from_secs(15);
/// How long an insert may take.
const LIMIT: Duration = Duration::from_secs(5);
/// Most streams of a sample: as many as a registry takes.
const MAX_STREAMS: usize = crate::registry::MAX_DOCUMENTS;

/// A row of `aurora.samples`. ClickHouse stamps it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
struct Sample<'a> {
    node: &'a str,
    /// Empty for the node itself.
    stream: String,
    state: &'static str,
    partitions: usize,
    waiting: usize,
    lag: u64,
    /// How old the last message is that has been written, of the partition that is furthest behind.
    behind_ms: Option<u64>,
    events_per_s: f64,
    bytes_per_s: f64,
    freshness_p50_ms: Option<f64>,
    freshness_p99_ms: Option<f64>,
    /// `clean`, `broken`, or empty on nodes that have not audited it.
    audit: &'static str,
    audit_at: Option<String>,
    cpu_cores: Option<f64>,
    memory_bytes: Option<u64>,
    buffer_bytes: usize,
    disk_used_percent: Option<f64>,
}

/// Writes samples as long as the node runs.
pub(crate) async fn write(state: Arc<NodeState>) {
    let mut ticks = tokio::time::interval(INTERVAL);
    // After ClickHouse was away there is nothing to make up for.
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut was_written = true;
    loop {
        ticks.tick().await;
        if !state.prepared.load(Ordering::Relaxed) {
            continue;
        }
        let written = match tokio::time::timeout(LIMIT, write_one(&state)).await {
            Ok(written) => written,
            Err(_) => Err(StoreError::TimedOut(LIMIT)),
        };
        match written {
            Ok(()) => was_written = true,
            Err(error) => {
                // Said once: while ClickHouse is away others say so too.
                if std::mem::take(&mut was_written) {
                    tracing::warn!(%error, "a sample for dashboards was not written");
                }
            }
        }
    }
}

async fn write_one(state: &NodeState) -> Result<(), StoreError> {
    let disk = disk_used_percent(&state.store).await;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let report = state.cluster.report();
    let rows = samples(state.id.as_str(), &report, now_ms, state.budget.used(), disk);
    let mut body = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut body, &row).map_err(|error| StoreError::Answer(error.to_string()))?;
        body.push(b'\n');
    }
    let query_id = format!("aurora/samples/{}/{}", state.id, uuid::Uuid::new_v4());
    let statement = "INSERT INTO aurora.samples FORMAT JSONEachRow".to_owned();
    state.store.insert(statement, &query_id, body).await
}

/// How full ClickHouse's fullest disk is; `None` where this user may not know.
async fn disk_used_percent(store: &Store) -> Option<f64> {
    let query = "SELECT max(100 * (1 - free_space / total_space)) FROM system.disks WHERE total_space > 0";
    store
        .row::<f64>(query)
        .await
        .ok()
        .filter(|percent| percent.is_finite())
}

/// The rows of a sample.
fn samples<'a>(
    node: &'a str,
    report: &Report,
    now_ms: i64,
    buffer_bytes: usize,
    disk_used_percent: Option<f64>,
) -> Vec<Sample<'a>> {
    let streams = report.streams.iter().take(MAX_STREAMS);
    let mut rows: Vec<Sample<'a>> = streams
        .map(|(id, snapshot)| of_stream(node, id.to_string(), snapshot, now_ms))
        .collect();
    let sum = |of: fn(&Sample<'_>) -> usize| rows.iter().map(of).sum();
    rows.push(Sample {
        node,
        partitions: sum(|row| row.partitions),
        waiting: sum(|row| row.waiting),
        lag: rows.iter().map(|row| row.lag).sum(),
        events_per_s: rows.iter().map(|row| row.events_per_s).sum(),
        bytes_per_s: rows.iter().map(|row| row.bytes_per_s).sum(),
        cpu_cores: report.usage.map(|usage| usage.cpu_cores),
        memory_bytes: report.usage.map(|usage| usage.memory_bytes),
        buffer_bytes,
        disk_used_percent,
        ..Sample::default()
    });
    rows
}

fn of_stream<'a>(node: &'a str, stream: String, snapshot: &Snapshot, now_ms: i64) -> Sample<'a> {
    let partitions = &snapshot.partitions;
    let is_waiting = |status: &&PartitionStatus| status.state == State::Waiting;
    let behind_ms = |complete_to_ms: i64| u64::try_from(now_ms - complete_to_ms).unwrap_or_default();
    let audit = snapshot.audit.as_ref();
    Sample {
        node,
        stream,
        state: state_name(snapshot.state),
        partitions: partitions.len(),
        waiting: partitions.values().filter(is_waiting).count(),
        lag: partitions.values().map(PartitionStatus::lag).sum(),
        behind_ms: snapshot.complete_to_ms.map(behind_ms),
        events_per_s: snapshot.events_per_s,
        bytes_per_s: snapshot.bytes_per_s,
        freshness_p50_ms: snapshot.freshness_ms.map(|(median, _)| median),
        freshness_p99_ms: snapshot.freshness_ms.map(|(_, p99)| p99),
        audit: audit.map_or("", |audit| if audit.clean { "clean" } else { "broken" }),
        audit_at: audit.map(|audit| audit.checked_at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()),
        ..Sample::default()
    }
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Starting => "starting",
        State::Settling => "settling",
        State::Running => "running",
        State::Waiting => "waiting",
        State::Stopped => "stopped",
        State::Paused => "paused",
    }
}

#[cfg(test)]
mod tests {
    use aurora_actors::ingest::audit::AuditReport;
    use aurora_actors::ingest::status::StreamStatus;
    use aurora_cluster::StreamId;

    use super::*;

    fn stream(id: &str) -> (StreamId, Snapshot) {
        let id: StreamId = id.parse().unwrap();
        let status = StreamStatus::default();
        status.set_state(State::Running, None);
        status.set_target(1, "events.t".to_owned());
        for partition in [0, 1] {
            status.partition(partition, |status| {
                status.state = if partition == 0 {
                    State::Running
                } else {
                    State::Waiting
                };
                status.position = 10;
                status.end_offset = Some(15);
                status.written_to_ms = Some(1_000 + i64::from(partition));
            });
        }
        status.set_audit(AuditReport {
            stream: id.clone(),
            generation: 1,
            clean: false,
            checked_at: "2026-01-02T03:04:05.678Z".parse().unwrap(),
            problems: Vec::new(),
            partitions: Vec::new(),
        });
        (id, status.snapshot())
    }

    #[test]
    fn a_sample_has_a_row_for_each_stream_and_one_for_the_node() {
        let report = Report {
            streams: vec![stream("a:x"), stream("a:y")],
            ..Report::default()
        };
        let rows = samples("node-1", &report, 61_000, 77, Some(12.5));
        let streams: Vec<&str> = rows.iter().map(|row| row.stream.as_str()).collect();
        assert_eq!(streams, ["a:x", "a:y", ""]);
        let first = &rows[0];
        assert_eq!((first.partitions, first.waiting, first.lag), (2, 1, 10));
        assert_eq!((first.behind_ms, first.audit), (Some(60_000), "broken"));
        assert_eq!(first.audit_at.as_deref(), Some("2026-01-02 03:04:05.678"));
        let node = &rows[2];
        assert_eq!((node.partitions, node.lag, node.buffer_bytes), (4, 20, 77));
        assert_eq!(
            (node.behind_ms, node.audit, node.disk_used_percent),
            (None, "", Some(12.5))
        );
    }

    #[test]
    fn however_many_streams_there_are_a_sample_is_bounded() {
        let (id, snapshot) = stream("a:x");
        let report = Report {
            streams: vec![(id, snapshot); MAX_STREAMS + 10],
            ..Report::default()
        };
        assert_eq!(samples("node-1", &report, 0, 0, None).len(), MAX_STREAMS + 1);
    }

    #[test]
    fn a_clock_that_is_behind_makes_no_negative_time() {
        let (id, snapshot) = stream("a:x");
        let row = of_stream("n", id.to_string(), &snapshot, 0);
        assert_eq!(row.behind_ms, Some(0));
    }
}
