//! The way of records into ClickHouse: a bounded queue, and one who empties it in small batches.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use clickhouse::Row;
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::MemoryMetrics;
use super::history::Record;
use crate::store::sql::literal;
use crate::store::{Store, StoreError};

/// Most records that wait, and most bytes of them.
const MAX_WAITING: usize = 10_000;
const MAX_WAITING_BYTES: usize = 16 << 20;
/// Most records of an insert.
const MAX_BATCH: usize = 1_000;
/// How long records wait for others to come along.
const BATCH_AGE: Duration = Duration::from_millis(250);
/// Between one try and the next.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Takes records and writes them.
pub(super) struct Recorder {
    node: String,
    metrics: MemoryMetrics,
    waiting: Mutex<Waiting>,
    /// A record has come.
    came: Notify,
    /// Somebody does not want to wait for others to come along.
    in_haste: Notify,
    /// Everything that had come is written.
    emptied: Notify,
    closed: CancellationToken,
}

/// A record as it is written: the line is made, and cut, before it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Written {
    id: String,
    line: String,
}

#[derive(Debug, Default)]
struct Waiting {
    records: VecDeque<Written>,
    bytes: usize,
    /// Records that are being written.
    under_way: usize,
}

impl Waiting {
    /// Takes a record, if there is room.
    fn push(&mut self, record: Written) -> bool {
        if self.records.len() >= MAX_WAITING || self.bytes + record.line.len() > MAX_WAITING_BYTES {
            return false;
        }
        self.bytes += record.line.len();
        self.records.push_back(record);
        true
    }

    /// The next batch, which is under way from now on. Its bytes still count.
    fn next_batch(&mut self) -> Vec<Written> {
        let count = self.records.len().min(MAX_BATCH);
        self.under_way = count;
        self.records.drain(..count).collect()
    }

    fn written(&mut self, bytes: usize) {
        self.under_way = 0;
        self.bytes -= bytes;
    }

    fn len(&self) -> usize {
        self.records.len() + self.under_way
    }
}

#[derive(Row, Deserialize)]
struct IdRow {
    id: String,
}

impl Recorder {
    pub(super) fn new(node: &str, metrics: MemoryMetrics) -> Self {
        Self {
            node: node.to_owned(),
            metrics,
            waiting: Mutex::default(),
            came: Notify::new(),
            in_haste: Notify::new(),
            emptied: Notify::new(),
            closed: CancellationToken::new(),
        }
    }

    pub(super) fn push(&self, record: &Record) {
        let record = Written {
            id: record.id.to_string(),
            line: record.line(&self.node),
        };
        let is_taken = !self.closed.is_cancelled() && self.waiting.lock().push(record.clone());
        if is_taken {
            self.came.notify_one();
        } else {
            self.lose(&[record], "there is no room for it");
        }
        self.show();
    }

    /// Waits until everything that has come so far is written, without waiting for more to come along.
    pub(super) async fn emptied(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.waiting.lock().len() == 0 {
                return;
            }
            self.in_haste.notify_one();
            emptied.await;
        }
    }

    /// Ends [`Recorder::write`], whatever still waits.
    pub(super) fn close(&self) {
        self.closed.cancel();
    }

    /// Writes what comes, until it is closed.
    pub(super) async fn write(&self, store: &Store) {
        let closed = self.closed.cancelled();
        tokio::select! {
            () = closed => {}
            () = self.write_for_ever(store) => {}
        }
        let mut waiting = self.waiting.lock();
        let left: Vec<Written> = waiting.records.drain(..).collect();
        let count = left.len() + waiting.under_way;
        drop(waiting);
        if count > 0 {
            self.metrics.lost.inc_by(count as u64);
            tracing::error!(
                count,
                "records of the history are lost; clickhouse did not take them in time"
            );
        }
    }

    async fn write_for_ever(&self, store: &Store) {
        loop {
            if self.waiting.lock().records.is_empty() {
                self.emptied.notify_waiters();
                self.came.notified().await;
            }
            tokio::select! {
                () = tokio::time::sleep(BATCH_AGE) => {}
                () = self.in_haste.notified() => {}
            }
            let batch = self.waiting.lock().next_batch();
            let bytes = batch.iter().map(|record| record.line.len()).sum();
            self.write_batch(store, batch).await;
            self.waiting.lock().written(bytes);
            self.show();
        }
    }

    /// Writes a batch, however long that takes, unless its own values are in the way.
    async fn write_batch(&self, store: &Store, mut batch: Vec<Written>) {
        let mut pause = FIRST_PAUSE;
        let mut is_unknown = false;
        while !batch.is_empty() {
            match self.try_batch(store, &mut batch, is_unknown).await {
                Ok(()) => {
                    self.metrics.recorded.inc_by(batch.len() as u64);
                    return;
                }
                Err(error) if error.is_caused_by_data() => {
                    self.lose(&batch, &error.to_string());
                    return;
                }
                Err(error) => {
                    is_unknown |= !error.surely_nothing_landed();
                    tracing::warn!(%error, records = batch.len(), retry_in = ?pause, "the history cannot be written");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// One try. When an earlier one may have been carried out without an answer, what has landed is left out.
    async fn try_batch(
        &self,
        store: &Store,
        batch: &mut Vec<Written>,
        is_unknown: bool,
    ) -> Result<(), StoreError> {
        if is_unknown {
            let ids: Vec<String> = batch.iter().map(|record| literal(&record.id)).collect();
            let statement = format!("SELECT id FROM aurora.history WHERE id IN ({})", ids.join(", "));
            let landed: Vec<IdRow> = store.rows(&statement).await?;
            let landed: BTreeSet<String> = landed.into_iter().map(|row| row.id).collect();
            self.metrics.recorded.inc_by(landed.len() as u64);
            batch.retain(|record| !landed.contains(&record.id));
            if batch.is_empty() {
                return Ok(());
            }
        }
        let body = batch.iter().flat_map(|record| [record.line.as_bytes(), b"\n"]);
        let body: Vec<u8> = body.flatten().copied().collect();
        let statement = "INSERT INTO aurora.history FORMAT JSONEachRow".to_owned();
        let query_id = format!("aurora/history/{}/{}", self.node, uuid::Uuid::new_v4());
        store.insert(statement, &query_id, body).await
    }

    fn lose(&self, records: &[Written], reason: &str) {
        self.metrics.lost.inc_by(records.len() as u64);
        let first = records.first().map_or("", |record| record.id.as_str());
        tracing::error!(
            count = records.len(),
            first,
            reason,
            "records of the history are lost"
        );
    }

    fn show(&self) {
        let waiting = self.waiting.lock().len();
        self.metrics
            .waiting
            .set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::memory::history::Kind;
    use crate::store::Login;

    fn written(bytes: usize) -> Written {
        Written {
            id: String::new(),
            line: "x".repeat(bytes),
        }
    }

    #[test]
    fn what_waits_is_bounded_in_number_and_in_bytes() {
        let mut waiting = Waiting::default();
        let taken = (0..=MAX_WAITING).filter(|_| waiting.push(written(1))).count();
        assert_eq!((taken, waiting.len()), (MAX_WAITING, MAX_WAITING));
        let batch = waiting.next_batch();
        assert_eq!((batch.len(), waiting.len()), (MAX_BATCH, MAX_WAITING));
        waiting.written(batch.len());
        assert_eq!(waiting.len(), MAX_WAITING - MAX_BATCH);

        let mut waiting = Waiting::default();
        assert!(waiting.push(written(MAX_WAITING_BYTES - 1)) && !waiting.push(written(2)));
        // It counts until it has landed.
        waiting.next_batch();
        assert!(!waiting.push(written(2)));
        waiting.written(MAX_WAITING_BYTES - 1);
        assert!(waiting.push(written(2)));
    }

    #[tokio::test]
    async fn what_could_not_be_written_until_the_end_is_counted() {
        let nobody = Login {
            // Nothing listens at this port of loopback.
            url: "http://127.0.0.1:1".to_owned(),
            user: String::new(),
            password: String::new(),
        };
        let (store, metrics) = (Store::new(&nobody), MemoryMetrics::default());
        let recorder = Recorder::new("node-1", metrics.clone());
        for _ in 0..3 {
            recorder.push(&Record::new(Kind::Sql, "ann", "192.0.2.1"));
        }
        assert_eq!(metrics.waiting.get(), 3);
        let in_time = tokio::join!(
            async {
                let in_time = tokio::time::timeout(Duration::from_millis(100), recorder.emptied()).await;
                recorder.close();
                in_time.is_ok()
            },
            recorder.write(&store),
        );
        assert!(!in_time.0);
        assert_eq!((metrics.lost.get(), metrics.recorded.get()), (3, 0));
        recorder.push(&Record::new(Kind::Sql, "ann", "192.0.2.1"));
        assert_eq!(metrics.lost.get(), 4);
    }
}
