//! How a node is doing, for CloudWatch: once a minute, with the dimension `Deployment`.
//!
//! | figure | says |
//! |---|---|
//! | `IngestLagSeconds` | how old the oldest message is at most that waits for this node; 0 when all are caught up with |
//! | `CatchUpSeconds` | how long this node takes, at its pace, for what waits now; not published when more nodes would not help |
//! | `FreshnessSeconds` | from the broker's time to visible, 99 of 100 of the rows lately; not published while nothing comes |
//! | `DeadLetters` | dead letters that this node has written since it published last |
//! | `AuditFailures` | streams whose last audit by this node was not clean |
//! | `DiskUsedPercent` | of this machine's root, with the dimension `Role=peers` as well |
//!
//! Of all nodes' `CatchUpSeconds` the average is what scaling goes by.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aurora_actors::ingest::status::{PartitionStatus, Snapshot, State};
use aurora_cluster::StreamId;
use tokio::task::JoinHandle;

use super::disk;
use crate::aws;
use crate::aws::cloud_watch::{Figure, Unit};
use crate::node::NodeState;

/// What CloudWatch keeps of a figure for a fortnight.
const INTERVAL: Duration = Duration::from_secs(60);
/// A node that has just come has something to say soon.
const FIRST: Duration = Duration::from_secs(10);
/// Nobody is called behind for less than this. A topic with a message now and then would seem to be, between two inserts.
const PROMPT_MS: u64 = 5_000;
/// What peers are called among the machines of a deployment.
const ROLE: &str = aurora_pulumi::machines::role::PEERS;

/// Publishes figures until it is aborted. What cannot be published is logged, and counted the next time.
pub fn start(state: Arc<NodeState>, deployment: String) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut counted = Counted::default();
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + FIRST, INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let snapshots = state.cluster.report().streams;
            let (mut figures, count) = figures(&snapshots, &counted, &deployment);
            figures.extend(disk::figure(Path::new("/"), &deployment, ROLE).ok());
            match aws::ask(async |aws| aws.publish(&figures).await).await {
                Ok(()) => counted = count,
                Err(error) => tracing::warn!(%error, "figures cannot be published to cloudwatch"),
            }
        }
    })
}

/// The dead letters of each stream that were published already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Counted(BTreeMap<StreamId, u64>);

/// What there is to say, and what will have been counted once it is said.
fn figures(streams: &[(StreamId, Snapshot)], before: &Counted, deployment: &str) -> (Vec<Figure>, Counted) {
    let figure = |name, value, unit| Figure {
        name,
        value,
        unit,
        dimensions: vec![("Deployment", deployment.to_owned())],
    };
    let behind_ms = streams.iter().map(|(_, snapshot)| snapshot.behind_ms).max();
    let freshness_ms = streams
        .iter()
        .filter_map(|(_, snapshot)| Some(snapshot.freshness_ms?.1))
        .reduce(f64::max);
    let unclean = streams
        .iter()
        .filter_map(|(_, snapshot)| snapshot.audit.as_ref())
        .filter(|audit| !audit.clean)
        .count();
    let mut new_dead = 0;
    let mut counted = Counted::default();
    for (id, snapshot) in streams {
        let known = before.0.get(id).copied().unwrap_or(0);
        // A stream that has begun anew here counts from nothing.
        new_dead += snapshot
            .dead_here
            .checked_sub(known)
            .unwrap_or(snapshot.dead_here);
        counted.0.insert(id.clone(), snapshot.dead_here);
    }
    let mut figures = vec![
        figure(
            "IngestLagSeconds",
            behind_ms.unwrap_or(0) as f64 / 1_000.0,
            Unit::Seconds,
        ),
        figure("DeadLetters", new_dead as f64, Unit::Count),
        figure("AuditFailures", unclean as f64, Unit::Count),
    ];
    let catch_up = catch_up_seconds(streams);
    figures.extend(catch_up.map(|seconds| figure("CatchUpSeconds", seconds, Unit::Seconds)));
    let freshness = freshness_ms.map(|ms| figure("FreshnessSeconds", ms / 1_000.0, Unit::Seconds));
    figures.extend(freshness);
    (figures, counted)
}

/// How long this node takes, at its pace, for what waits for it now, in seconds: of the stream that takes longest.
///
/// Twice the nodes have half of it each, which is what a group that tracks a target expects of a figure, and what the age
/// of the oldest message is not. `None` where more nodes would change nothing, or nobody can tell: when what waits of a stream lies
/// in a single partition, when nothing of it is written, because ClickHouse is away or refuses it, and for a node that has
/// no partition at all while there are streams.
fn catch_up_seconds(streams: &[(StreamId, Snapshot)]) -> Option<f64> {
    let snapshots = || streams.iter().map(|(_, snapshot)| snapshot);
    if snapshots().all(|snapshot| snapshot.partitions.is_empty()) {
        return streams.is_empty().then_some(0.0);
    }
    let mut behind = snapshots()
        .filter(|snapshot| snapshot.behind_ms >= PROMPT_MS)
        .peekable();
    if behind.peek().is_none() {
        return Some(0.0);
    }
    behind.filter_map(catch_up_of).reduce(f64::max)
}

/// The same of one stream.
fn catch_up_of(stream: &Snapshot) -> Option<f64> {
    let running = |status: &&PartitionStatus| status.state == State::Running;
    let waiting: Vec<u64> = stream
        .partitions
        .values()
        .filter(running)
        .map(PartitionStatus::lag)
        .filter(|lag| *lag > 0)
        .collect();
    let can_be_shared = waiting.len() > 1 && stream.events_per_s > 0.0;
    can_be_shared.then(|| waiting.iter().sum::<u64>() as f64 / stream.events_per_s)
}

#[cfg(test)]
mod tests {
    use aurora_actors::ingest::audit::AuditReport;
    use aurora_actors::ingest::status::StreamStatus;

    use super::*;

    fn stream(id: &str, behind_ms: u64, dead_here: u64) -> (StreamId, Snapshot) {
        let snapshot = Snapshot {
            behind_ms,
            dead_here,
            ..StreamStatus::default().snapshot()
        };
        (id.parse().unwrap(), snapshot)
    }

    /// One that has this many messages waiting in each of its partitions, and writes this many a second.
    fn busy(id: &str, behind_ms: u64, lags: &[u64], events_per_s: f64) -> (StreamId, Snapshot) {
        let status = StreamStatus::default();
        for (partition, lag) in lags.iter().enumerate() {
            let partition = i32::try_from(partition).unwrap();
            status.partition(partition, |status| {
                status.state = State::Running;
                status.end_offset = Some(*lag);
            });
        }
        let snapshot = Snapshot {
            behind_ms,
            events_per_s,
            ..status.snapshot()
        };
        (id.parse().unwrap(), snapshot)
    }

    fn values(figures: &[Figure]) -> BTreeMap<&'static str, f64> {
        figures.iter().map(|figure| (figure.name, figure.value)).collect()
    }

    #[test]
    fn the_stream_that_is_worst_off_counts() {
        let mut streams = [stream("a:x", 1_500, 0), stream("a:y", 0, 0)];
        streams[0].1.freshness_ms = Some((100.0, 250.0));
        streams[1].1.freshness_ms = Some((100.0, 2_000.0));
        streams[1].1.audit = Some(AuditReport {
            stream: streams[1].0.clone(),
            generation: 1,
            clean: false,
            checked_at: jiff::Timestamp::UNIX_EPOCH,
            problems: Vec::new(),
            partitions: Vec::new(),
        });
        let (figures, _) = figures(&streams, &Counted::default(), "prod");
        let expected = [
            ("AuditFailures", 1.0),
            ("DeadLetters", 0.0),
            ("FreshnessSeconds", 2.0),
            ("IngestLagSeconds", 1.5),
        ];
        assert_eq!(values(&figures), BTreeMap::from(expected));
        let named = ("Deployment", "prod".to_owned());
        assert!(figures.iter().all(|figure| figure.dimensions == [named.clone()]));
    }

    #[test]
    fn a_node_without_work_is_caught_up() {
        let (figures, counted) = figures(&[], &Counted::default(), "prod");
        let expected = [
            ("AuditFailures", 0.0),
            ("CatchUpSeconds", 0.0),
            ("DeadLetters", 0.0),
            ("IngestLagSeconds", 0.0),
        ];
        assert_eq!(values(&figures), BTreeMap::from(expected));
        assert_eq!(counted, Counted::default());
    }

    #[test]
    fn what_waits_takes_as_long_as_it_takes_at_this_pace() {
        let behind = busy("a:x", 60_000, &[9_000, 1_000, 0], 80.0);
        assert_eq!(catch_up_seconds(std::slice::from_ref(&behind)), Some(125.0));
        // A stream that has much to do, and does it, hides none that is slow.
        let prompt = busy("a:y", 200, &[100, 100], 10_000.0);
        assert_eq!(catch_up_seconds(&[behind.clone(), prompt.clone()]), Some(125.0));
        let worse = busy("a:z", 60_000, &[500, 500], 4.0);
        assert_eq!(catch_up_seconds(&[worse, behind.clone()]), Some(250.0));
        // Nor does one that nothing can be done for by more nodes.
        let stuck = busy("a:v", 600_000, &[1_000_000, 1_000_000], 0.0);
        assert_eq!(catch_up_seconds(&[stuck, behind]), Some(125.0));
        assert_eq!(catch_up_seconds(&[prompt]), Some(0.0));
    }

    #[test]
    fn nothing_is_said_where_more_nodes_would_not_help() {
        // What waits is in one partition, which cannot be shared.
        assert_eq!(catch_up_seconds(&[busy("a:x", 60_000, &[9_000, 0], 80.0)]), None);
        // Nothing of it is written, whatever is of others.
        let stuck = busy("a:x", 60_000, &[9_000, 9_000], 0.0);
        let prompt = busy("a:y", 200, &[1, 1], 10_000.0);
        assert_eq!(catch_up_seconds(&[stuck, prompt]), None);
        let mut away = busy("a:x", 60_000, &[9_000, 9_000], 50.0);
        for status in away.1.partitions.values_mut() {
            status.state = State::Waiting;
        }
        assert_eq!(catch_up_seconds(&[away]), None);
        // Others have all partitions that there are.
        assert_eq!(catch_up_seconds(&[busy("a:x", 0, &[], 0.0)]), None);
        // One that has just begun, or has something now and then, is not behind.
        assert_eq!(catch_up_seconds(&[busy("a:x", 900, &[1, 0], 0.0)]), Some(0.0));
    }

    #[test]
    fn each_dead_letter_is_counted_once() {
        let dead = |streams: &[(StreamId, Snapshot)], before: &Counted| {
            let (figures, counted) = figures(streams, before, "prod");
            (values(&figures)["DeadLetters"], counted)
        };
        let (new, counted) = dead(&[stream("a:x", 0, 3), stream("a:y", 0, 1)], &Counted::default());
        assert!((new - 4.0).abs() < f64::EPSILON);
        let (new, again) = dead(&[stream("a:x", 0, 5), stream("a:y", 0, 1)], &counted);
        assert!((new - 2.0).abs() < f64::EPSILON);
        // One that began anew here.
        let (new, _) = dead(&[stream("a:x", 0, 2)], &again);
        assert!((new - 2.0).abs() < f64::EPSILON);
    }
}
