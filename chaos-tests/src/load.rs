//! Messages for tests: deterministic, fast, counted, and acknowledged.
//!
//! [`Load`] is thousands or millions of events of which every byte follows from seed and number, so that a
//! test knows what has to come out at the other end. [`produce_messages`], [`produce_raw`] and
//! [`produce_transaction`] are for messages that a test writes itself.

mod event;
mod messages;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rdkafka::ClientConfig;
use rdkafka::ClientContext;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;

pub use event::{Event, Malformed};
pub use messages::{Message, produce_messages, produce_raw, produce_transaction};

use crate::kafka::{Kafka, blocking};

/// How long acknowledgement may take, brokers being killed and coming back meanwhile.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(120);

/// A stretch of events, those with the numbers `first..first + events`. Event `k` goes to partition `k %
/// partitions`.
#[derive(Debug, Clone)]
pub struct Load {
    /// Must exist, with at least `partitions` partitions.
    pub topic: String,
    /// How many partitions the events are spread over.
    pub partitions: i32,
    /// How many events.
    pub events: u64,
    /// The number of the first event, for a load that goes on where another ended.
    pub first: u64,
    /// Another seed, other contents.
    pub seed: u64,
    /// How many of every thousand events are malformed, by turns in each of the first five ways of
    /// [`Malformed`].
    pub malformed_per_mille: u16,
    /// The size of a good event. The fields alone need 240 to 280 bytes; under that it stays at that.
    pub bytes_per_event: usize,
    /// Whether the event in the middle has 5 MB.
    pub oversized: bool,
}

/// What was produced, all of it acknowledged by all in-sync replicas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Produced {
    /// Messages of each partition, malformed ones included.
    pub per_partition: Vec<u64>,
    /// Malformed messages of each kind: how many in each partition.
    pub malformed: BTreeMap<Malformed, Vec<u64>>,
    /// Bytes of all payloads.
    pub bytes: u64,
}

impl Produced {
    /// All messages.
    pub fn total(&self) -> u64 {
        self.per_partition.iter().sum()
    }

    /// All malformed messages, an oversized one included.
    pub fn malformed_total(&self) -> u64 {
        self.malformed.values().flatten().sum()
    }

    /// Both together; `other` has the same partitions.
    pub fn and(mut self, other: &Produced) -> Self {
        let add = |counts: &mut Vec<u64>, more: &[u64]| {
            counts.resize(counts.len().max(more.len()), 0);
            counts
                .iter_mut()
                .zip(more)
                .for_each(|(count, more)| *count += more);
        };
        add(&mut self.per_partition, &other.per_partition);
        for (kind, counts) in &other.malformed {
            add(self.malformed.entry(*kind).or_default(), counts);
        }
        self.bytes += other.bytes;
        self
    }

    fn add(&mut self, partition: usize, kind: Option<Malformed>, bytes: usize) {
        let partitions = self.per_partition.len();
        self.per_partition[partition] += 1;
        self.bytes += bytes as u64;
        if let Some(kind) = kind {
            self.malformed.entry(kind).or_insert_with(|| vec![0; partitions])[partition] += 1;
        }
    }
}

impl Load {
    /// 100,000 good events of 270 bytes. Change the fields that matter to the test.
    pub fn new(topic: &str, partitions: i32) -> Self {
        Self {
            topic: topic.to_owned(),
            partitions,
            events: 100_000,
            first: 0,
            seed: 1,
            malformed_per_mille: 0,
            bytes_per_event: 270,
            oversized: false,
        }
    }

    /// Event `k` as it would be if it were well-formed.
    pub fn event(&self, k: u64) -> Event {
        Event::new(self.seed, k)
    }

    /// What is wrong with event `k`, if anything.
    pub fn malformed(&self, k: u64) -> Option<Malformed> {
        if self.oversized && k == self.first + self.events / 2 {
            return Some(Malformed::Oversized);
        }
        event::malformed_kind(self.seed, k, self.malformed_per_mille)
    }

    /// Appends the payload of event `k`.
    pub fn write_payload(&self, k: u64, out: &mut Vec<u8>) {
        let event = self.event(k);
        match self.malformed(k) {
            None => event.write_json(self.bytes_per_event, out),
            Some(kind) => kind.write(&event, self.bytes_per_event, out),
        }
    }

    /// Produces everything as fast as it goes, and returns once all of it is acknowledged.
    pub async fn produce(&self, kafka: &Kafka) -> Result<Produced> {
        let mut sender = Sender::new(self.clone(), &kafka.client_config())?;
        blocking(move || {
            while sender.remaining() > 0 {
                sender.send_next()?;
            }
            sender.finish()
        })
        .await
    }

    /// Produces `rate` events a second from a thread of its own, until all are produced or the test has
    /// enough.
    ///
    /// While brokers are down it falls behind, and catches up afterwards.
    pub fn paced(&self, kafka: &Kafka, rate: u32) -> Result<PacedLoad> {
        ensure!(rate > 0, "a paced load needs a rate of at least 1 event a second");
        let mut sender = Sender::new(self.clone(), &kafka.client_config())?;
        let stop = Arc::new(AtomicBool::new(false));
        let outcome = Arc::clone(&sender.outcome);
        let stopped = Arc::clone(&stop);
        let run = move || {
            let (started, mut sent) = (Instant::now(), 0_u64);
            while sender.remaining() > 0 && !stopped.load(Ordering::Relaxed) {
                let due = (started.elapsed().as_secs_f64() * f64::from(rate)) as u64;
                if sent >= due {
                    thread::sleep(Duration::from_millis(2));
                    continue;
                }
                sender.send_next()?;
                sent += 1;
            }
            sender.finish()
        };
        let thread = thread::Builder::new().name("paced-load".to_owned()).spawn(run)?;
        Ok(PacedLoad {
            thread: Some(thread),
            stop,
            outcome,
        })
    }
}

/// A load that is running; see [`Load::paced`]. Dropping it stops it without waiting for acknowledgements.
#[derive(Debug)]
pub struct PacedLoad {
    thread: Option<JoinHandle<Result<Produced>>>,
    stop: Arc<AtomicBool>,
    outcome: Arc<Outcome>,
}

impl PacedLoad {
    /// How many events are acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        self.outcome.acknowledged.load(Ordering::Relaxed)
    }

    /// Stops and returns what was produced, once it is acknowledged.
    pub async fn stop(self) -> Result<Produced> {
        self.stop.store(true, Ordering::Relaxed);
        self.finished().await
    }

    /// Waits until all events of the load are produced.
    pub async fn finished(mut self) -> Result<Produced> {
        let thread = self.thread.take().context("a load can be awaited only once")?;
        blocking(move || {
            thread
                .join()
                .unwrap_or_else(|_| bail!("the thread of the paced load panicked"))
        })
        .await
    }
}

impl Drop for PacedLoad {
    fn drop(&mut self) {
        // After `finished` nobody looks at it any more.
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// What the delivery callback has seen.
#[derive(Debug, Default)]
struct Outcome {
    acknowledged: AtomicU64,
    failed: AtomicBool,
    first_error: Mutex<Option<String>>,
}

struct CountingContext(Arc<Outcome>);

impl ClientContext for CountingContext {}

impl ProducerContext for CountingContext {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => {
                self.0.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Err((error, _)) => {
                let mut first = self.0.first_error.lock().unwrap_or_else(PoisonError::into_inner);
                first.get_or_insert_with(|| error.to_string());
                self.0.failed.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// Sends the events of a load one after the other.
struct Sender {
    load: Load,
    producer: ThreadedProducer<CountingContext>,
    outcome: Arc<Outcome>,
    produced: Produced,
    next: u64,
    payload: Vec<u8>,
}

impl Sender {
    fn new(load: Load, client_config: &ClientConfig) -> Result<Self> {
        let partitions = usize::try_from(load.partitions).unwrap_or(0);
        ensure!(
            partitions > 0,
            "a load needs at least one partition, not {}",
            load.partitions
        );
        ensure!(
            load.malformed_per_mille <= 1000,
            "malformed_per_mille is at most 1000"
        );
        let outcome = Arc::new(Outcome::default());
        let producer = producer_config(client_config)
            .create_with_context(CountingContext(Arc::clone(&outcome)))
            .context("cannot create the producer")?;
        let produced = Produced {
            per_partition: vec![0; partitions],
            ..Produced::default()
        };
        Ok(Self {
            next: load.first,
            load,
            producer,
            outcome,
            produced,
            payload: Vec::new(),
        })
    }

    fn remaining(&self) -> u64 {
        self.load.first + self.load.events - self.next
    }

    fn send_next(&mut self) -> Result<()> {
        let partition = self.next % self.produced.per_partition.len() as u64;
        self.payload.clear();
        self.load.write_payload(self.next, &mut self.payload);
        let mut record = BaseRecord::<(), [u8]>::to(&self.load.topic)
            .partition(i32::try_from(partition)?)
            .payload(&self.payload);
        while let Err((error, rejected)) = self.producer.send(record) {
            if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                return Err(error)
                    .with_context(|| format!("cannot produce event {} to {}", self.next, self.load.topic));
            }
            self.check_deliveries()?;
            record = rejected;
            // The queue holds tens of thousands of messages; it has room again long before it is empty.
            thread::sleep(Duration::from_millis(2));
        }
        self.produced.add(
            partition as usize,
            self.load.malformed(self.next),
            self.payload.len(),
        );
        self.next += 1;
        Ok(())
    }

    fn finish(self) -> Result<Produced> {
        // Beyond the time after which every message is either delivered or failed.
        let flushed = self.producer.flush(DELIVERY_TIMEOUT + Duration::from_secs(10));
        self.check_deliveries()?;
        flushed.context("messages are still neither acknowledged nor failed")?;
        let (sent, acknowledged) = (
            self.produced.total(),
            self.outcome.acknowledged.load(Ordering::Relaxed),
        );
        ensure!(
            sent == acknowledged,
            "{sent} messages were sent to {}, {acknowledged} acknowledged",
            self.load.topic
        );
        Ok(self.produced)
    }

    fn check_deliveries(&self) -> Result<()> {
        if !self.outcome.failed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let first = self
            .outcome
            .first_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        bail!(
            "messages to {} were not delivered, the first because: {}",
            self.load.topic,
            first.unwrap_or_default()
        )
    }
}

fn producer_config(client_config: &ClientConfig) -> ClientConfig {
    let mut config = client_config.clone();
    config
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("linger.ms", "20")
        .set("batch.num.messages", "10000")
        .set("batch.size", "1000000")
        .set("compression.type", "lz4")
        .set("message.max.bytes", "16000000")
        .set("queue.buffering.max.messages", "200000")
        .set("queue.buffering.max.kbytes", "131072")
        .set("message.timeout.ms", DELIVERY_TIMEOUT.as_millis().to_string());
    config
}
