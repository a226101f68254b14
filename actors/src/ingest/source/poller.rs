//! The thread that polls a connection's consumer.
//!
//! ```text
//! librdkafka's queue ──poll──▶ chunk per partition ──▶ PartitionBuffer ──▶ pipeline
//!   8 MiB a partition          256 KiB or 5 ms          the node's budget
//! ```
//!
//! Backpressure is simply not polling while the node's byte budget is used up; librdkafka's own
//! bound then stops the fetching. `pause` is kept for a partition that stands still while others
//! move, because pausing throws away what librdkafka has fetched ahead.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use aurora_cluster::Partition;
use rdkafka::bindings as rd;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::buffer::{Budget, PartitionBuffer, RawChunk, RawMessage};
use super::connection::{Context, SourceError};

/// A chunk goes on when it has this many bytes…
const CHUNK_BYTES: usize = 256 << 10;
/// …or when its first message has waited this long.
const CHUNK_AGE: Duration = Duration::from_millis(5);
/// How long to wait for a message when there is none, and so for a command.
const IDLE_POLL: Duration = Duration::from_millis(10);
/// How often to look after partitions: ends, pauses.
const HOUSEKEEPING_INTERVAL: Duration = Duration::from_millis(250);

/// What the thread is asked to do.
#[derive(Debug)]
pub(super) enum Command {
    /// Read a partition from an offset on.
    Assign {
        topic: String,
        partition: Partition,
        offset: u64,
        buffer: Arc<PartitionBuffer>,
    },
    /// Stop reading a partition into that buffer.
    Unassign {
        topic: String,
        partition: Partition,
        buffer: Arc<PartitionBuffer>,
    },
    /// End.
    Stop,
}

pub(super) struct Poller {
    consumer: Arc<BaseConsumer<Context>>,
    commands: Receiver<Command>,
    budget: Arc<Budget>,
    forbidden: Arc<AtomicU64>,
    topics: Vec<Topic>,
    housekeeping: Instant,
}

struct Topic {
    name: String,
    /// By partition number.
    slots: Vec<Option<Slot>>,
}

struct Slot {
    buffer: Arc<PartitionBuffer>,
    chunk: RawChunk,
    chunk_started: Instant,
    /// Messages before it are of an earlier assignment, or were delivered before.
    next: u64,
    paused: bool,
}

impl Poller {
    pub(super) fn new(
        consumer: Arc<BaseConsumer<Context>>,
        commands: Receiver<Command>,
        budget: Arc<Budget>,
        forbidden: Arc<AtomicU64>,
    ) -> Self {
        Self {
            consumer,
            commands,
            budget,
            forbidden,
            topics: Vec::new(),
            housekeeping: Instant::now(),
        }
    }

    pub(super) fn run(mut self) {
        loop {
            loop {
                match self.commands.try_recv() {
                    Ok(Command::Stop) | Err(TryRecvError::Disconnected) => return,
                    Ok(command) => self.obey(command),
                    Err(TryRecvError::Empty) => break,
                }
            }
            if self.housekeeping.elapsed() > HOUSEKEEPING_INTERVAL {
                self.housekeeping = Instant::now();
                self.keep_house();
            }
            if self.budget.is_exhausted() {
                self.flush(|_| true);
                self.budget.wait_for_room(Duration::from_millis(20));
                continue;
            }
            self.poll_some();
        }
    }

    /// Takes what is there, up to a bound, so that commands are heard; waits when there is nothing.
    fn poll_some(&mut self) {
        for round in 0..4096 {
            if !self.poll(Duration::ZERO) {
                self.flush(|_| true);
                if round == 0 {
                    self.poll(IDLE_POLL);
                }
                return;
            }
            if round % 256 == 255 {
                if self.budget.is_exhausted() {
                    return;
                }
                self.flush(|slot| slot.chunk_started.elapsed() > CHUNK_AGE);
            }
        }
    }

    /// Deals with one message or error, if one comes within `patience`; whether one did.
    fn poll(&mut self, patience: Duration) -> bool {
        let consumer = self.consumer.clone();
        match consumer.poll(patience) {
            Some(Ok(message)) => self.take(&message),
            Some(Err(error)) => self.failed(&error),
            None => return false,
        }
        true
    }

    fn take(&mut self, message: &BorrowedMessage<'_>) {
        let Ok(offset) = u64::try_from(message.offset()) else {
            return;
        };
        let Some(slot) = self.slot(message.topic(), message.partition()) else {
            return;
        };
        if offset < slot.next {
            return;
        }
        slot.next = offset + 1;
        if slot.chunk.is_empty() {
            slot.chunk_started = Instant::now();
        }
        slot.chunk.push(RawMessage {
            offset,
            timestamp_ms: message.timestamp().to_millis().unwrap_or(0),
            key: message.key(),
            payload: message.payload(),
        });
        if slot.chunk.bytes() >= CHUNK_BYTES {
            slot.flush();
        }
    }

    /// The binding does not say which partition an error is of, so all have to look.
    fn failed(&mut self, error: &KafkaError) {
        match SourceError::from_kafka(error) {
            SourceError::OutOfRange => {
                for slot in self
                    .topics
                    .iter_mut()
                    .flat_map(|topic| &mut topic.slots)
                    .flatten()
                {
                    slot.flush();
                    slot.buffer.fail(SourceError::OutOfRange);
                }
            }
            SourceError::Forbidden => {
                self.forbidden.fetch_add(1, Ordering::Relaxed);
            }
            // The client's own complaint is in the log; see `Context`.
            error => tracing::debug!(%error, "reading from kafka"),
        }
    }

    fn slot(&mut self, topic: &str, partition: Partition) -> Option<&mut Slot> {
        let topic = self.topics.iter_mut().find(|known| known.name == topic)?;
        topic.slots.get_mut(usize::try_from(partition).ok()?)?.as_mut()
    }

    fn flush(&mut self, due: impl Fn(&Slot) -> bool) {
        for slot in self
            .topics
            .iter_mut()
            .flat_map(|topic| &mut topic.slots)
            .flatten()
        {
            if !slot.chunk.is_empty() && due(slot) {
                slot.flush();
            }
        }
    }

    fn obey(&mut self, command: Command) {
        let result = match command {
            Command::Assign {
                topic,
                partition,
                offset,
                buffer,
            } => self.assign(&topic, partition, offset, buffer),
            Command::Unassign {
                topic,
                partition,
                buffer,
            } => self.unassign(&topic, partition, &buffer),
            Command::Stop => Ok(()),
        };
        if let Err(error) = result {
            tracing::warn!(%error, "kafka consumer");
        }
    }

    fn assign(
        &mut self,
        topic: &str,
        partition: Partition,
        offset: u64,
        buffer: Arc<PartitionBuffer>,
    ) -> Result<(), KafkaError> {
        let Ok(index) = usize::try_from(partition) else {
            return Ok(());
        };
        tracing::debug!(topic, partition, offset, "reading");
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(
            topic,
            partition,
            Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX)),
        )?;
        if self.slot(topic, partition).is_some() {
            self.consumer.incremental_unassign(&list)?;
        }
        let failed = self.consumer.incremental_assign(&list);
        if let Err(error) = &failed {
            buffer.fail(SourceError::from_kafka(error));
        }
        let slot = Slot {
            buffer,
            chunk: RawChunk::default(),
            chunk_started: Instant::now(),
            next: offset,
            paused: false,
        };
        let at = self
            .topics
            .iter()
            .position(|known| known.name == topic)
            .unwrap_or_else(|| {
                self.topics.push(Topic {
                    name: topic.to_owned(),
                    slots: Vec::new(),
                });
                self.topics.len() - 1
            });
        let slots = &mut self.topics[at].slots;
        slots.resize_with(slots.len().max(index + 1), || None);
        slots[index] = Some(slot);
        failed
    }

    fn unassign(
        &mut self,
        topic: &str,
        partition: Partition,
        buffer: &Arc<PartitionBuffer>,
    ) -> Result<(), KafkaError> {
        let is_current = self
            .slot(topic, partition)
            .is_some_and(|slot| Arc::ptr_eq(&slot.buffer, buffer));
        if !is_current {
            return Ok(());
        }
        tracing::debug!(topic, partition, "reading no more");
        if let Some(known) = self.topics.iter_mut().find(|known| known.name == topic) {
            known.slots[partition as usize] = None;
        }
        let mut list = TopicPartitionList::new();
        list.add_partition(topic, partition);
        self.consumer.incremental_unassign(&list)
    }

    fn keep_house(&mut self) {
        // One partition may hold a quarter of the budget while it stands still, not more.
        let high_water = self.budget.limit() / 4;
        for topic in &mut self.topics {
            for (partition, slot) in topic.slots.iter_mut().enumerate() {
                let Some(slot) = slot else { continue };
                let partition = partition as Partition;
                let stands_still = !slot.buffer.was_taken_from();
                let bytes = slot.buffer.bytes();
                let change = match slot.paused {
                    false if stands_still && bytes > high_water => Some(true),
                    true if bytes < high_water / 2 => Some(false),
                    _ => None,
                };
                if let Some(pause) = change {
                    let mut list = TopicPartitionList::new();
                    list.add_partition(&topic.name, partition);
                    let done = if pause {
                        self.consumer.pause(&list)
                    } else {
                        self.consumer.resume(&list)
                    };
                    match done {
                        Ok(()) => slot.paused = pause,
                        Err(error) => {
                            tracing::warn!(%error, partition, pause, "pausing or resuming a partition");
                        }
                    }
                }
                slot.buffer
                    .set_end_offset(cached_end_offset(&self.consumer, &topic.name, partition));
            }
        }
    }
}

impl Slot {
    fn flush(&mut self) {
        self.buffer.push(std::mem::take(&mut self.chunk));
    }
}

/// The partition's end as the last fetch reported it; negative when none has.
fn cached_end_offset(consumer: &BaseConsumer<Context>, topic: &str, partition: Partition) -> i64 {
    let Ok(name) = std::ffi::CString::new(topic) else {
        return -1;
    };
    let (mut low, mut high) = (-1, -1);
    // SAFETY: the handle lives as long as the consumer; librdkafka copies the name and writes two
    // integers. It asks no broker.
    unsafe {
        rd::rd_kafka_get_watermark_offsets(
            consumer.client().native_ptr(),
            name.as_ptr(),
            partition,
            &raw mut low,
            &raw mut high,
        );
    }
    high
}
