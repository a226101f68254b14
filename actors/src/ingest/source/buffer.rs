//! What lies between the consumer's thread and a pipeline: messages of one partition, bounded in
//! bytes, for the partition and for the node.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

use super::connection::SourceError;

/// The bytes of messages that a node may hold between Kafka and ClickHouse. A message counts from
/// when it is read until it has landed.
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    used: AtomicUsize,
    lock: Mutex<()>,
    freed: Condvar,
}

impl Budget {
    /// A budget of `limit` bytes.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            used: AtomicUsize::new(0),
            lock: Mutex::new(()),
            freed: Condvar::new(),
        })
    }

    /// Bytes held now.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Most bytes to hold.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Whether reading has to wait.
    pub fn is_exhausted(&self) -> bool {
        self.used() >= self.limit
    }

    /// Waits until something is given back, or for `timeout`.
    pub fn wait_for_room(&self, timeout: std::time::Duration) {
        let mut guard = self.lock.lock();
        if self.is_exhausted() {
            self.freed.wait_for(&mut guard, timeout);
        }
    }

    fn take(self: &Arc<Self>, bytes: usize) -> Permit {
        self.used.fetch_add(bytes, Ordering::Relaxed);
        Permit {
            budget: self.clone(),
            bytes,
        }
    }
}

/// A share of the budget, given back when dropped.
#[derive(Debug)]
pub struct Permit {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let before = self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
        if before >= self.budget.limit {
            let _guard = self.budget.lock.lock();
            self.budget.freed.notify_all();
        }
    }
}

/// Consecutive messages of one partition, their bytes laid end to end.
#[derive(Debug, Default)]
pub struct RawChunk {
    bytes: Vec<u8>,
    messages: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    offset: u64,
    timestamp_ms: i64,
    key_end: usize,
    payload_end: usize,
    has_key: bool,
    has_payload: bool,
}

/// A message as Kafka holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawMessage<'a> {
    /// Its offset.
    pub offset: u64,
    /// The broker's timestamp, milliseconds since 1970; 0 when it has none.
    pub timestamp_ms: i64,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its payload; a tombstone has none.
    pub payload: Option<&'a [u8]>,
}

impl RawChunk {
    /// Appends a message.
    pub fn push(&mut self, message: RawMessage<'_>) {
        self.bytes.extend_from_slice(message.key.unwrap_or_default());
        let key_end = self.bytes.len();
        self.bytes.extend_from_slice(message.payload.unwrap_or_default());
        self.messages.push(Entry {
            offset: message.offset,
            timestamp_ms: message.timestamp_ms,
            key_end,
            payload_end: self.bytes.len(),
            has_key: message.key.is_some(),
            has_payload: message.payload.is_some(),
        });
    }

    /// How many messages it holds.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.bytes.len() + self.messages.len() * size_of::<Entry>()
    }

    /// Its messages from number `from` on.
    pub fn messages(&self, from: usize) -> impl Iterator<Item = RawMessage<'_>> {
        let mut start = if from == 0 {
            0
        } else {
            self.messages[from - 1].payload_end
        };
        self.messages[from..].iter().map(move |entry| {
            let key = &self.bytes[start..entry.key_end];
            let payload = &self.bytes[entry.key_end..entry.payload_end];
            start = entry.payload_end;
            RawMessage {
                offset: entry.offset,
                timestamp_ms: entry.timestamp_ms,
                key: entry.has_key.then_some(key),
                payload: entry.has_payload.then_some(payload),
            }
        })
    }
}

/// Where the messages of one assigned partition wait for their pipeline.
#[derive(Debug)]
pub struct PartitionBuffer {
    budget: Arc<Budget>,
    queue: Mutex<Queue>,
    bytes: AtomicUsize,
    ready: Notify,
    end_offset: AtomicI64,
    taken: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    chunks: VecDeque<(RawChunk, Permit)>,
    failed: Option<SourceError>,
}

impl PartitionBuffer {
    /// An empty buffer whose messages count against `budget`.
    pub fn new(budget: Arc<Budget>) -> Self {
        Self {
            budget,
            queue: Mutex::new(Queue::default()),
            bytes: AtomicUsize::new(0),
            ready: Notify::new(),
            end_offset: AtomicI64::new(-1),
            taken: AtomicBool::new(false),
        }
    }

    /// Adds messages at the end. Never waits: bounds are kept by who reads from Kafka.
    pub fn push(&self, chunk: RawChunk) {
        let bytes = chunk.bytes();
        let permit = self.budget.take(bytes);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.queue.lock().chunks.push_back((chunk, permit));
        self.ready.notify_one();
    }

    /// Ends the buffer: what is in it can still be taken, then comes the error.
    pub fn fail(&self, error: SourceError) {
        self.queue.lock().failed.get_or_insert(error);
        self.ready.notify_one();
    }

    /// Takes the next messages, and their share of the budget, waiting for them if there are none.
    pub async fn next(&self) -> Result<(RawChunk, Permit), SourceError> {
        loop {
            {
                let mut queue = self.queue.lock();
                if let Some((chunk, permit)) = queue.chunks.pop_front() {
                    self.bytes.fetch_sub(chunk.bytes(), Ordering::Relaxed);
                    self.taken.store(true, Ordering::Relaxed);
                    return Ok((chunk, permit));
                }
                if let Some(error) = &queue.failed {
                    return Err(error.clone());
                }
            }
            self.ready.notified().await;
        }
    }

    /// Bytes that wait in it.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether anything was taken since the last time this was asked.
    pub fn was_taken_from(&self) -> bool {
        self.taken.swap(false, Ordering::Relaxed)
    }

    /// The offset that the partition's next message will get, as far as is known.
    pub fn end_offset(&self) -> Option<u64> {
        u64::try_from(self.end_offset.load(Ordering::Relaxed)).ok()
    }

    /// Notes the partition's end.
    pub fn set_end_offset(&self, offset: i64) {
        self.end_offset.store(offset, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_gives_back_what_was_put_in() {
        let message = |offset, key, payload| RawMessage {
            offset,
            timestamp_ms: offset as i64,
            key,
            payload,
        };
        let messages = [
            message(1, None, Some(b"one".as_slice())),
            message(2, Some(b"k".as_slice()), None),
            message(5, Some(b"".as_slice()), Some(b"".as_slice())),
        ];
        let mut chunk = RawChunk::default();
        messages.iter().for_each(|m| chunk.push(*m));
        for from in 0..=messages.len() {
            assert_eq!(chunk.messages(from).collect::<Vec<_>>(), messages[from..]);
        }
    }

    #[tokio::test]
    async fn bytes_count_until_the_permit_is_dropped() {
        let budget = Budget::new(10);
        let buffer = PartitionBuffer::new(budget.clone());
        let mut chunk = RawChunk::default();
        chunk.push(RawMessage {
            offset: 0,
            timestamp_ms: 0,
            key: None,
            payload: Some(&[0; 100]),
        });
        buffer.push(chunk);
        assert!(budget.is_exhausted());
        let (chunk, permit) = buffer.next().await.unwrap();
        assert_eq!((chunk.len(), buffer.bytes()), (1, 0));
        assert!(budget.is_exhausted());
        drop(permit);
        assert_eq!(budget.used(), 0);
        buffer.fail(SourceError::OutOfRange);
        assert!(buffer.next().await.is_err());
    }
}
