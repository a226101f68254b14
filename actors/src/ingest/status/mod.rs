//! How a stream is doing, for people and for the audit: on this node, and, [merged](merge), in the cluster.

mod behind;
pub mod merge;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use aurora_cluster::{Epoch, Generation, NodeId, Partition};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit::AuditReport;
use super::journal::Range;
use super::ownership::Settled;
use behind::Behind;

/// How far back rates and freshness look.
const WINDOW: Duration = Duration::from_secs(10);
/// Rows of a batch whose freshness is noted, evenly spread over it.
const FRESHNESS_SAMPLES_PER_BATCH: usize = 16;

/// What a stream or a partition is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = PartitionState)]
pub enum State {
    /// Getting ready.
    Starting,
    /// Finding out what earlier epochs have written.
    Settling,
    /// Reading and writing.
    Running,
    /// Something that it needs is away; it tries again.
    Waiting,
    /// It has handed over.
    Stopped,
    /// Somebody has asked for no node to work on it.
    Paused,
}

/// One partition at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartitionStatus {
    /// What it is busy with.
    pub state: State,
    /// Why it waits.
    pub reason: Option<String>,
    /// Its epoch here, 0 before the first.
    pub epoch: Epoch,
    /// The next offset to be written.
    pub position: u64,
    /// The offset that the next message in Kafka will get.
    pub end_offset: Option<u64>,
    /// Rows in all, of all epochs.
    pub rows: u64,
    /// Dead letters that no row was made of yet.
    pub dead: u64,
    /// Skips in all.
    pub skipped: u64,
    /// The broker's timestamp of the last message written, milliseconds since 1970.
    pub written_to_ms: Option<i64>,
    /// How it came here.
    pub arrival: Option<Arrival>,
    /// Kept where it is worked on, for [`Snapshot::behind_ms`].
    #[serde(skip)]
    behind: Behind,
}

/// How a partition came to a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Arrival {
    /// When that was decided.
    pub at: jiff::Timestamp,
    /// In which way.
    pub kind: ArrivalKind,
    /// Who had it before, if anybody had.
    #[schema(value_type = Option<String>)]
    pub from: Option<NodeId>,
}

/// In which way a partition came to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ArrivalKind {
    /// Nobody had it.
    New,
    /// The node had it before it was restarted.
    Resumed,
    /// The node that had it let go of it.
    HandedOver,
    /// The node that had it has died, or did not answer.
    TakenOver,
}

impl PartitionStatus {
    fn new() -> Self {
        Self {
            state: State::Starting,
            reason: None,
            epoch: 0,
            position: 0,
            end_offset: None,
            rows: 0,
            dead: 0,
            skipped: 0,
            written_to_ms: None,
            arrival: None,
            behind: Behind::default(),
        }
    }

    /// Notes whether its pipeline has nothing to do.
    pub fn note_idle(&mut self, is_idle: bool) {
        self.behind.note_idle(is_idle, now_ms());
    }

    /// How old the oldest message that has not been written is at most, in milliseconds.
    fn behind_ms(&self, now_ms: i64) -> u64 {
        let age_ms = self.behind.age_ms(self.written_to_ms, now_ms);
        u64::try_from(age_ms).unwrap_or(0)
    }

    /// Messages in Kafka that have not been written.
    pub fn lag(&self) -> u64 {
        self.end_offset.map_or(0, |end| end.saturating_sub(self.position))
    }
}

/// A stream at one moment; shared by everything that works on it.
#[derive(Debug)]
pub struct StreamStatus {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    reason: Option<String>,
    generation: Generation,
    table: Option<String>,
    partitions: BTreeMap<Partition, PartitionStatus>,
    landed: VecDeque<(Instant, u64, u64)>,
    freshness_ms: VecDeque<(Instant, f64)>,
    audit: Option<AuditReport>,
    topic_partitions: Option<usize>,
    dead_here: u64,
}

/// A copy of a stream's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// What it is busy with.
    pub state: State,
    /// Why it waits.
    pub reason: Option<String>,
    /// Its generation, 0 before that is known.
    pub generation: Generation,
    /// Its table as SQL can use it.
    pub table: Option<String>,
    /// Its partitions here.
    pub partitions: BTreeMap<Partition, PartitionStatus>,
    /// Messages written a second, lately.
    pub events_per_s: f64,
    /// Bytes of messages written a second, lately.
    pub bytes_per_s: f64,
    /// Median and 99th percentile of the time from broker to visible, milliseconds, lately.
    pub freshness_ms: Option<(f64, f64)>,
    /// The last audit.
    pub audit: Option<AuditReport>,
    /// How many partitions the topic has, once that is known.
    pub topic_partitions: Option<usize>,
    /// How old the oldest message of the partitions here is at most that has not been written, in milliseconds: 0 when
    /// all are caught up with. While a partition is not worked on, it ages. By this node's clock and the brokers'.
    #[serde(default)]
    pub behind_ms: u64,
    /// Dead letters that were written here since the stream began here.
    #[serde(default)]
    pub dead_here: u64,
    /// The time, in milliseconds since 1970, up to which all messages of the partitions here are
    /// written: the earliest of those that lag behind, or now.
    /// `None` when nothing is known of one, or none is here.
    pub complete_to_ms: Option<i64>,
}

impl Default for StreamStatus {
    fn default() -> Self {
        Self {
            inner: Mutex::new(Inner {
                state: State::Starting,
                reason: None,
                generation: 0,
                table: None,
                partitions: BTreeMap::new(),
                landed: VecDeque::new(),
                freshness_ms: VecDeque::new(),
                audit: None,
                topic_partitions: None,
                dead_here: 0,
            }),
        }
    }
}

impl StreamStatus {
    /// Notes what the stream is busy with.
    pub fn set_state(&self, state: State, reason: Option<String>) {
        let mut inner = self.inner.lock();
        inner.state = state;
        inner.reason = reason;
    }

    /// Notes what the stream does now, and why, if it did `from` before.
    pub fn change_state(&self, from: State, to: State, reason: Option<String>) {
        let mut inner = self.inner.lock();
        if inner.state == from {
            inner.state = to;
            inner.reason = reason;
        }
    }

    /// Notes where the stream's events go. What was counted of another generation is forgotten.
    pub fn set_target(&self, generation: Generation, table: String) {
        let mut inner = self.inner.lock();
        if inner.generation != generation {
            inner.partitions.clear();
        }
        inner.generation = generation;
        inner.table = Some(table);
    }

    /// Notes how many partitions the topic has.
    pub fn set_topic_partitions(&self, count: usize) {
        self.inner.lock().topic_partitions = Some(count);
    }

    /// Notes an audit's result.
    pub fn set_audit(&self, report: AuditReport) {
        self.inner.lock().audit = Some(report);
    }

    /// Changes what is known of a partition.
    pub fn partition(&self, partition: Partition, change: impl FnOnce(&mut PartitionStatus)) {
        let mut inner = self.inner.lock();
        let status = inner
            .partitions
            .entry(partition)
            .or_insert_with(PartitionStatus::new);
        change(status);
        status.behind.note(status.state, status.lag(), now_ms());
    }

    /// The partitions that this node works on.
    pub fn here(&self) -> BTreeSet<Partition> {
        self.inner.lock().partitions.keys().copied().collect()
    }

    /// The epochs of those of `partitions` that this node works on.
    pub fn epochs(&self, partitions: &[Partition]) -> Vec<(Partition, Epoch)> {
        let inner = self.inner.lock();
        let epoch = |partition: &Partition| Some((*partition, inner.partitions.get(partition)?.epoch));
        partitions.iter().filter_map(epoch).collect()
    }

    /// Notes that a partition is no longer worked on here.
    pub fn forget(&self, partition: Partition) {
        self.inner.lock().partitions.remove(&partition);
    }

    /// Notes what a partition has from before this epoch.
    pub fn settled(&self, partition: Partition, epoch: Epoch, start: u64, settled: &Settled) {
        let (position, retried) = (&settled.position, settled.retried);
        self.partition(partition, |status| {
            status.epoch = epoch;
            status.position = start;
            status.rows = position.rows + retried;
            status.dead = position.dead.saturating_sub(retried);
            status.skipped = position.skipped;
        });
    }

    /// Notes that `range` has landed: `bytes` of messages, with the broker timestamps of its rows.
    /// Returns the freshness of some of them, in milliseconds.
    pub fn landed(&self, partition: Partition, range: &Range, bytes: u64, timestamps_ms: &[i64]) -> Vec<f64> {
        let now = Instant::now();
        let now_ms = now_ms();
        let step = (timestamps_ms.len() / FRESHNESS_SAMPLES_PER_BATCH).max(1);
        let freshness: Vec<f64> = timestamps_ms
            .iter()
            .step_by(step)
            .map(|at| (now_ms - at).max(0) as f64)
            .collect();
        let mut inner = self.inner.lock();
        if let Some(status) = inner.partitions.get_mut(&partition) {
            status.position = range.next;
            status.rows += range.rows;
            status.dead += range.dead;
            status.skipped += range.skipped;
            status.written_to_ms = timestamps_ms.last().copied().or(status.written_to_ms);
            status.behind.note(status.state, status.lag(), now_ms);
        }
        inner.dead_here += range.dead;
        inner.landed.push_back((now, range.next - range.first, bytes));
        inner.freshness_ms.extend(freshness.iter().map(|ms| (now, *ms)));
        inner.forget_before(now);
        freshness
    }

    /// Messages in Kafka that have not been written, in all partitions.
    pub fn lag(&self) -> u64 {
        self.inner
            .lock()
            .partitions
            .values()
            .map(PartitionStatus::lag)
            .sum()
    }

    /// A copy.
    pub fn snapshot(&self) -> Snapshot {
        let mut inner = self.inner.lock();
        inner.forget_before(Instant::now());
        let per_second = |total: u64| total as f64 / WINDOW.as_secs_f64();
        let mut freshness: Vec<f64> = inner.freshness_ms.iter().map(|(_, ms)| *ms).collect();
        freshness.sort_by(f64::total_cmp);
        let quantile = |q: f64| freshness[((freshness.len() - 1) as f64 * q) as usize];
        Snapshot {
            state: inner.state,
            reason: inner.reason.clone(),
            generation: inner.generation,
            table: inner.table.clone(),
            partitions: inner.partitions.clone(),
            events_per_s: per_second(inner.landed.iter().map(|(_, events, _)| events).sum()),
            bytes_per_s: per_second(inner.landed.iter().map(|(_, _, bytes)| bytes).sum()),
            freshness_ms: (!freshness.is_empty()).then(|| (quantile(0.5), quantile(0.99))),
            audit: inner.audit.clone(),
            topic_partitions: inner.topic_partitions,
            complete_to_ms: inner.complete_to_ms(),
            behind_ms: inner.behind_ms(),
            dead_here: inner.dead_here,
        }
    }
}

impl Inner {
    /// The time, in milliseconds since 1970, up to which all messages are written: the earliest of the
    /// partitions that lag behind, or now where none does. `None` when nothing is known of some
    /// partition, or none is here.
    fn complete_to_ms(&self) -> Option<i64> {
        let now_ms = now_ms();
        let times = self.partitions.values().map(|status| match status.end_offset {
            Some(end) if status.state == State::Running && status.position >= end => Some(now_ms),
            _ => status.written_to_ms,
        });
        times.collect::<Option<Vec<i64>>>()?.into_iter().min()
    }

    fn behind_ms(&self) -> u64 {
        let now_ms = now_ms();
        let partitions = self.partitions.values();
        partitions
            .map(|status| status.behind_ms(now_ms))
            .max()
            .unwrap_or(0)
    }

    fn forget_before(&mut self, now: Instant) {
        let old = |at: &Instant| now.duration_since(*at) > WINDOW;
        while self.landed.front().is_some_and(|(at, ..)| old(at)) {
            self.landed.pop_front();
        }
        while self.freshness_ms.front().is_some_and(|(at, _)| old(at)) {
            self.freshness_ms.pop_front();
        }
    }
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
