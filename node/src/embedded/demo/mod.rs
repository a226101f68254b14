//! The demo stream of `aurora up`: a made-up web shop that produces into a topic at a wanted rate.
//!
//! `catalog` and `people` are the shop's tables, `session` one visitor's way through it, `shop` puts them
//! together into events, `json` writes them, `rhythm` gives them day and night, `malformed` spoils a few;
//! `pace` says how many are due. All of that is pure and, with `random`, the same for the same seed. Only
//! this file knows of Kafka and of the clock.

mod catalog;
mod json;
mod malformed;
mod pace;
mod people;
mod random;
pub mod rhythm;
mod session;
pub mod shop;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientConfig, ClientContext};

use self::pace::Pace;
use self::rhythm::rhythm_at;
use self::shop::{DemoEvent, ShopGenerator};

/// The topic that `aurora up` fills.
pub const DEMO_TOPIC: &str = "shop_events";
/// How many partitions it has.
pub const DEMO_PARTITIONS: i32 = 4;

/// Events come in slices of this length.
const SLICE: Duration = Duration::from_millis(10);
const QUEUE_MESSAGES: u32 = 50_000;
const QUEUE_KBYTES: u32 = 32 * 1024;
/// How long a full queue is waited for before it is tried again.
const QUEUE_FULL_WAIT: Duration = Duration::from_millis(5);
/// Stopping takes as long as both together at most, and a little to tidy up.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);
/// Errors repeat with every message: the log shows one in such a period.
const ERROR_LOG_PERIOD: Duration = Duration::from_secs(10);

/// What to produce, and where.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// `HOST:PORT`, several with commas.
    pub bootstrap_servers: String,
    /// The topic to produce into.
    pub topic: String,
    /// How many partitions the topic should have; a topic with others is used as it is, with a warning.
    pub partitions: i32,
    /// Mean rate; by day and night it moves between 0.6 and 1.4 of it. 0 produces nothing at all.
    pub events_per_s: f64,
    /// The same seed makes up the same shop.
    pub seed: u64,
    /// How far back the first burst's event times reach.
    pub backfill: Duration,
    /// Events at once at the start, so that there is something to see. Their Kafka timestamp is the present.
    pub burst_events: u64,
}

/// A producer on a thread of its own. Stops when it is dropped, too.
pub struct DemoStream {
    shared: Arc<Shared>,
    thread: Option<thread::JoinHandle<()>>,
}

/// What the thread, the delivery reports and the handle share.
#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    delivered: AtomicU64,
    failed: AtomicU64,
}

impl DemoStream {
    /// Starts to produce. Returns at once: a broker that is not there yet is waited for on the stream's own
    /// thread.
    pub fn start(options: DemoOptions) -> Result<DemoStream> {
        ensure!(
            options.events_per_s.is_finite() && options.events_per_s >= 0.0,
            "cannot produce {} events a second: the rate must be 0 or a positive number, see --rate",
            options.events_per_s
        );
        let shared = Arc::new(Shared::default());
        if options.events_per_s == 0.0 {
            tracing::info!(topic = options.topic, "demo stream is off, its rate is 0");
            return Ok(DemoStream { shared, thread: None });
        }
        let producer = create_producer(&options, Arc::clone(&shared)).with_context(|| {
            format!(
                "cannot produce the demo stream into {:?} at {:?}: check the address, or turn it off with --no-demo",
                options.topic, options.bootstrap_servers
            )
        })?;
        let run = Run {
            pace: Pace::new(options.events_per_s),
            shop: ShopGenerator::new(options.seed),
            producer,
            shared: Arc::clone(&shared),
            options,
        };
        let thread = thread::Builder::new()
            .name("demo-stream".to_owned())
            .spawn(move || run.until_stopped())
            .context(
                "cannot start the demo stream's thread: the system refuses new threads, raise its limit",
            )?;
        Ok(DemoStream {
            shared,
            thread: Some(thread),
        })
    }

    /// Events that the broker has acknowledged.
    pub fn events_produced(&self) -> u64 {
        self.shared.delivered.load(Ordering::Relaxed)
    }

    /// Stops producing and waits until what was produced is with the broker, for some seconds at most.
    pub fn stop(mut self) {
        self.stop_and_join();
    }

    fn stop_and_join(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the demo stream's thread panicked");
        }
    }
}

impl Drop for DemoStream {
    fn drop(&mut self) {
        self.stop_and_join();
    }
}

fn create_producer(options: &DemoOptions, shared: Arc<Shared>) -> Result<BaseProducer<Reports>> {
    let reports = Reports {
        shared,
        last_logged: Mutex::new(None),
    };
    ClientConfig::new()
        .set("bootstrap.servers", &options.bootstrap_servers)
        .set("client.id", "aurora-demo")
        .set(
            "linger.ms",
            linger_ms(options.events_per_s, options.partitions).to_string(),
        )
        // The demo broker keeps 5 MiB of batches a partition as they were sent: packed tightly, it remembers
        // longer.
        .set("compression.type", "zstd")
        .set("queue.buffering.max.messages", QUEUE_MESSAGES.to_string())
        .set("queue.buffering.max.kbytes", QUEUE_KBYTES.to_string())
        .set("message.timeout.ms", "30000")
        // As every Java producer does, so that a key's partition is where other tools expect it.
        .set("partitioner", "murmur2_random")
        .create_with_context(reports)
        .context("the Kafka client refuses its configuration")
}

/// How long a batch waits for company.
///
/// The demo broker finds a batch by walking over all that it keeps, so many small ones cost more and more as
/// it fills: at 1,000 events/s and a wait of 5 ms that is half a core after two minutes. About ten messages
/// in a batch keep it low. The upper bound is what a reader may notice.
fn linger_ms(events_per_s: f64, partitions: i32) -> u64 {
    const MESSAGES_PER_BATCH: f64 = 10.0;
    let filled_after_ms = MESSAGES_PER_BATCH * f64::from(partitions) / events_per_s * 1_000.0;
    filled_after_ms.clamp(5.0, 50.0) as u64
}

/// Counts what arrived and what did not.
struct Reports {
    shared: Arc<Shared>,
    last_logged: Mutex<Option<Instant>>,
}

impl Reports {
    fn count_failure(&self, error: &KafkaError) {
        let failed = self.shared.failed.fetch_add(1, Ordering::Relaxed) + 1;
        if self.may_log() {
            tracing::warn!(%error, failed, "demo events could not be produced");
        }
    }

    fn may_log(&self) -> bool {
        let Ok(mut last_logged) = self.last_logged.lock() else {
            return false;
        };
        let quiet_for_long = last_logged.is_none_or(|at| at.elapsed() >= ERROR_LOG_PERIOD);
        if quiet_for_long {
            *last_logged = Some(Instant::now());
        }
        quiet_for_long
    }
}

impl ClientContext for Reports {
    fn error(&self, error: KafkaError, reason: &str) {
        if self.may_log() {
            tracing::warn!(%error, reason, "demo producer has trouble, it goes on trying");
        }
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => {
                self.shared.delivered.fetch_add(1, Ordering::Relaxed);
            }
            Err((error, _)) => self.count_failure(error),
        }
    }
}

/// What the stream's thread works with.
struct Run {
    options: DemoOptions,
    producer: BaseProducer<Reports>,
    shop: ShopGenerator,
    pace: Pace,
    shared: Arc<Shared>,
}

impl Run {
    fn until_stopped(mut self) {
        self.look_at_the_topic();
        self.produce_burst();
        let mut last_slice = Instant::now();
        let mut last_event_time = Timestamp::now();
        while !self.stopped() {
            // Waiting here also hears the delivery reports.
            self.producer.poll(SLICE.saturating_sub(last_slice.elapsed()));
            let elapsed = last_slice.elapsed();
            last_slice += elapsed;
            let now = Timestamp::now();
            let due = self.pace.due(elapsed, rhythm_at(now).rate);
            self.produce_over(last_event_time, now, due);
            last_event_time = now;
        }
        self.flush();
    }

    fn stopped(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed)
    }

    fn look_at_the_topic(&self) {
        let (topic, wanted) = (self.options.topic.as_str(), self.options.partitions);
        match self
            .producer
            .client()
            .fetch_metadata(Some(topic), METADATA_TIMEOUT)
        {
            Ok(metadata) => {
                let partitions = metadata
                    .topics()
                    .first()
                    .map_or(0, |topic| topic.partitions().len());
                if usize::try_from(wanted).ok() != Some(partitions) {
                    tracing::warn!(
                        topic,
                        partitions,
                        wanted,
                        "demo topic has other partitions than wanted"
                    );
                }
            }
            Err(error) => {
                tracing::warn!(%error, topic, "demo topic cannot be seen yet, producing all the same");
            }
        }
    }

    /// The last minutes of the shop, all at once.
    fn produce_burst(&mut self) {
        let now = Timestamp::now();
        let backfill = SignedDuration::try_from(self.options.backfill).unwrap_or(SignedDuration::ZERO);
        let start = now.checked_sub(backfill).unwrap_or(now);
        self.produce_over(start, now, self.options.burst_events);
    }

    /// So many events with their times spread evenly over a span that ends now.
    fn produce_over(&mut self, start: Timestamp, end: Timestamp, events: u64) {
        let span = end.duration_since(start);
        for number in 1..=events {
            if self.stopped() {
                return;
            }
            let since_start = span.as_secs_f64() * number as f64 / events as f64;
            let event_time = start
                .checked_add(SignedDuration::try_from_secs_f64(since_start).unwrap_or(SignedDuration::ZERO))
                .unwrap_or(end);
            let event = self.shop.next_event(event_time);
            self.send(&event, end);
        }
    }

    /// Hands an event to the client's queue, and waits while that is full.
    fn send(&self, event: &DemoEvent, now: Timestamp) {
        let mut record = BaseRecord::to(&self.options.topic)
            .key(&event.key)
            .payload(&event.payload)
            .timestamp(now.as_millisecond());
        while let Err((error, refused)) = self.producer.send(record) {
            if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                self.producer.context().count_failure(&error);
                return;
            }
            if self.stopped() {
                return;
            }
            self.producer.poll(QUEUE_FULL_WAIT);
            record = refused;
        }
    }

    fn flush(&self) {
        if let Err(error) = self.producer.flush(FLUSH_TIMEOUT) {
            let unsent = self.producer.in_flight_count();
            tracing::warn!(%error, unsent, "demo stream stops without the broker's answer to its last events");
        }
        let produced = self.shared.delivered.load(Ordering::Relaxed);
        let failed = self.shared.failed.load(Ordering::Relaxed);
        tracing::info!(
            topic = self.options.topic,
            produced,
            failed,
            "demo stream stopped"
        );
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
