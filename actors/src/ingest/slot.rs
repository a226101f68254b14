//! Where a partition leaves its batches for the stream's writer, and the writer its answers.
//!
//! The writer takes whatever all partitions have at one moment, so many partitions make one insert.
//! A slot holds one batch (more only while the schema changes) and is the bound between decoding
//! and writing: a full one makes its pipeline wait.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aurora_cluster::{Epoch, Partition};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};

use super::batch::PartitionBatch;
use super::journal::Range;
use super::source::connection::SourceError;
use crate::store::StoreError;

/// Most rows that a partition leaves for one insert.
pub const MAX_ROWS: usize = 128 << 10;
/// Most bytes of columns that a partition leaves for one insert.
pub const MAX_BYTES: usize = 16 << 20;

/// What became of a batch.
#[derive(Debug)]
pub enum Outcome {
    /// It is in ClickHouse.
    Landed(Landed),
    /// It may or may not be: the partition has to settle.
    Failed {
        /// Why.
        error: Arc<WriteError>,
        /// The offsets of the rows, when the values of some row are the cause and it stands alone.
        rows: Vec<u64>,
    },
}

/// Why a batch was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// ClickHouse was away or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whether the topic is still the same could not be found out.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The topic has been made anew, so what was read may be of its next life.
    #[error("the topic has been made anew; its next generation is about to begin")]
    TopicMadeAnew,
}

impl WriteError {
    /// Whether the values in the batch are the cause, so that waiting does not help.
    pub fn is_caused_by_data(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_caused_by_data())
    }
}

/// What is worth knowing of a batch that has landed.
#[derive(Debug)]
pub struct Landed {
    /// The offsets it accounts for.
    pub range: Range,
    /// The broker's timestamps of its rows, milliseconds since 1970.
    pub timestamps_ms: Vec<i64>,
    /// Bytes of its messages.
    pub message_bytes: u64,
    /// Its dead letters, by the code of their reason.
    pub rejected: Vec<&'static str>,
}

impl From<PartitionBatch> for Landed {
    fn from(batch: PartitionBatch) -> Self {
        Self {
            range: batch.range,
            timestamps_ms: batch.timestamps_ms,
            message_bytes: batch.message_bytes,
            rejected: batch.rejects.iter().map(|reject| reject.reason.code()).collect(),
        }
    }
}

/// The slot of one partition in one epoch.
#[derive(Debug)]
pub struct Slot {
    /// The partition.
    pub partition: Partition,
    /// The epoch under which it writes.
    pub epoch: Epoch,
    inner: Mutex<Inner>,
    changed: Notify,
    outcomes: mpsc::UnboundedSender<Outcome>,
    ready: Arc<ReadySignal>,
}

#[derive(Debug, Default)]
struct Inner {
    batches: VecDeque<PartitionBatch>,
    in_flight: bool,
    closed: bool,
}

/// Tells the writer that some slot has something.
#[derive(Debug, Default)]
pub struct ReadySignal {
    some: Notify,
    /// Whether `some` has been said since the last time the writer looked. Batches fill far more
    /// often than they are written, and the writer's mailbox has no bound.
    said: AtomicBool,
    /// Some slot is full: there is no reason to wait for more.
    pub full: Notify,
}

impl ReadySignal {
    fn say(&self) {
        if !self.said.swap(true, Ordering::AcqRel) {
            self.some.notify_one();
        }
    }

    /// Waits until something is there, once for each time the writer looks.
    pub async fn some(&self) {
        self.some.notified().await;
    }

    /// The writer looks now: what comes from here on is to be said again.
    pub fn looked(&self) {
        self.said.store(false, Ordering::Release);
    }
}

impl Slot {
    /// An empty slot, and where the writer's answers arrive.
    pub fn new(
        partition: Partition,
        epoch: Epoch,
        ready: Arc<ReadySignal>,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Outcome>) {
        let (outcomes, answers) = mpsc::unbounded_channel();
        let inner = Mutex::new(Inner::default());
        (
            Arc::new(Self {
                partition,
                epoch,
                inner,
                changed: Notify::new(),
                outcomes,
                ready,
            }),
            answers,
        )
    }

    /// Lets `fill` work on the batches, of which the last is open for more.
    pub fn fill<T>(&self, fill: impl FnOnce(&mut VecDeque<PartitionBatch>) -> T) -> T {
        let mut inner = self.inner.lock();
        let result = fill(&mut inner.batches);
        if inner.batches.iter().any(|batch| !batch.is_empty()) {
            self.ready.say();
        }
        if inner.batches.iter().any(is_full) || inner.batches.len() > 1 {
            self.ready.full.notify_one();
        }
        result
    }

    /// Whether there is no room for more rows.
    pub fn is_full(&self, max_rows: usize) -> bool {
        let inner = self.inner.lock();
        inner
            .batches
            .iter()
            .any(|batch| is_full(batch) || batch.offsets.len() >= max_rows)
    }

    /// The writer looks at this slot from now on. What was left before that has been said already, and may have been
    /// looked for in vain.
    pub fn announce(&self) {
        if self.inner.lock().batches.iter().any(|batch| !batch.is_empty()) {
            self.ready.say();
        }
    }

    /// Waits until the writer has taken something or answered.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Takes what is there to write it; an answer must follow for each batch.
    pub fn take(&self) -> Vec<PartitionBatch> {
        let mut inner = self.inner.lock();
        if inner.closed {
            return Vec::new();
        }
        let batches: Vec<_> = inner
            .batches
            .drain(..)
            .filter(|batch| !batch.is_empty())
            .collect();
        inner.in_flight = !batches.is_empty();
        self.changed.notify_one();
        batches
    }

    /// Says what became of what was taken. After a failure nothing more is taken.
    pub fn answer(&self, outcomes: impl IntoIterator<Item = Outcome>) {
        let mut inner = self.inner.lock();
        inner.in_flight = false;
        for outcome in outcomes {
            inner.closed |= matches!(outcome, Outcome::Failed { .. });
            // The pipeline may be gone; then nobody needs the answer.
            let _ = self.outcomes.send(outcome);
        }
        self.changed.notify_one();
    }

    /// Whether nothing waits and nothing is under way.
    pub fn is_idle(&self) -> bool {
        let inner = self.inner.lock();
        !inner.in_flight && inner.batches.iter().all(PartitionBatch::is_empty)
    }

    /// Lets nothing more be taken, and forgets what is under way: nobody here will use its epoch again.
    pub fn abandon(&self) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        inner.in_flight = false;
    }

    /// Lets nothing more be taken, and waits for the answer to what is under way.
    pub async fn close(&self) {
        self.inner.lock().closed = true;
        loop {
            let changed = self.changed.notified();
            if !self.inner.lock().in_flight {
                return;
            }
            changed.await;
        }
    }
}

fn is_full(batch: &PartitionBatch) -> bool {
    batch.offsets.len() >= MAX_ROWS || batch.bytes() >= MAX_BYTES || batch.rejected_bytes >= MAX_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::schema::TableSchema;

    fn some_batch() -> PartitionBatch {
        let mut batch = PartitionBatch::new(Arc::new(TableSchema::default()), 0);
        batch.range.next = 1;
        batch
    }

    async fn is_woken(ready: &ReadySignal) -> bool {
        let patience = std::time::Duration::from_millis(50);
        tokio::time::timeout(patience, ready.some()).await.is_ok()
    }

    #[tokio::test]
    async fn many_fills_wake_the_writer_once() {
        let ready = Arc::new(ReadySignal::default());
        let (slot, _outcomes) = Slot::new(0, 1, ready.clone());
        let fill = || slot.fill(|batches| batches.push_back(some_batch()));
        (0..100).for_each(|_| fill());
        assert!(is_woken(&ready).await);
        fill();
        assert!(!is_woken(&ready).await, "the writer has not looked yet");
        ready.looked();
        assert_eq!(slot.take().len(), 101);
        fill();
        assert!(is_woken(&ready).await);
    }

    #[tokio::test]
    async fn what_was_left_before_the_writer_knew_the_slot_is_not_forgotten() {
        let ready = Arc::new(ReadySignal::default());
        let (slot, _outcomes) = Slot::new(0, 1, ready.clone());
        slot.announce();
        slot.fill(|batches| batches.push_back(some_batch()));
        assert!(is_woken(&ready).await);
        // It looks at the slots that it knows. This one is not among them yet.
        ready.looked();
        assert!(!is_woken(&ready).await);
        slot.announce();
        assert!(is_woken(&ready).await);
        assert_eq!(slot.take().len(), 1);
    }

    #[tokio::test]
    async fn a_closed_slot_gives_nothing_out_and_waits_for_its_answer() {
        let (slot, mut outcomes) = Slot::new(0, 1, Arc::default());
        slot.fill(|batches| batches.push_back(some_batch()));
        let taken = slot.take().pop().unwrap();
        let closing = tokio::spawn({
            let slot = slot.clone();
            async move { slot.close().await }
        });
        tokio::task::yield_now().await;
        assert!(!closing.is_finished());
        slot.answer([Outcome::Landed(taken.into())]);
        closing.await.unwrap();
        assert!(matches!(outcomes.recv().await, Some(Outcome::Landed(_))));
        assert!(slot.take().is_empty());
    }
}
