//! Topics, and the events that are sent to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail, ensure};
use indicatif::ProgressBar;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;

use super::event;

const ADMIN_TIMEOUT: Duration = Duration::from_secs(30);
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);
/// How events are compressed on their way and in Kafka.
pub(super) const COMPRESSION: &str = "lz4";

/// A topic of this run, and of it alone.
#[derive(Debug, Clone)]
pub(super) struct Topic {
    pub(super) brokers: String,
    pub(super) name: String,
    pub(super) partitions: u32,
}

impl Topic {
    /// Makes the topic. Its messages carry the time at which the broker got them.
    pub(super) async fn create(brokers: &str, name: String, partitions: u32) -> anyhow::Result<Self> {
        let topic = Self {
            brokers: brokers.to_owned(),
            name,
            partitions,
        };
        let partitions = i32::try_from(partitions)?;
        // -1: as many replicas as the cluster gives by default.
        let new = NewTopic::new(&topic.name, partitions, TopicReplication::Fixed(-1))
            .set("message.timestamp.type", "LogAppendTime")
            .set("retention.ms", "-1")
            .set("retention.bytes", "-1");
        let options = AdminOptions::new().operation_timeout(Some(ADMIN_TIMEOUT));
        let results = topic.admin()?.create_topics(&[new], &options).await;
        let failed = || {
            format!(
                "the topic {} cannot be made at {brokers}; the Kafka given with --kafka must allow that",
                topic.name
            )
        };
        for result in results.with_context(failed)? {
            result.map_err(|(_, code)| anyhow!(code)).with_context(failed)?;
        }
        Ok(topic)
    }

    /// Deletes the topic.
    pub(super) async fn delete(&self) -> anyhow::Result<()> {
        let results = self
            .admin()?
            .delete_topics(&[&self.name], &AdminOptions::new())
            .await;
        for result in results? {
            result.map_err(|(_, code)| anyhow!(code))?;
        }
        Ok(())
    }

    fn admin(&self) -> anyhow::Result<AdminClient<DefaultClientContext>> {
        Ok(ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .create()?)
    }

    /// Sends the first `events` events as fast as they go, and returns their bytes once all are acknowledged.
    pub(super) async fn fill(&self, events: u64, progress: ProgressBar) -> anyhow::Result<u64> {
        let mut sender = Sender::new(self, 20)?;
        let fill = move || {
            while sender.sent < events {
                sender.send_next()?;
                if sender.sent.is_multiple_of(10_000) {
                    progress.set_position(sender.sent);
                }
            }
            sender.finish()
        };
        tokio::task::spawn_blocking(fill).await?
    }

    /// Sends `rate` events a second from now on, until it is dropped.
    pub(super) fn pace(&self, rate: u32) -> anyhow::Result<PacedLoad> {
        let mut sender = Sender::new(self, 5)?;
        let shared = Arc::new(Paced::default());
        let seen = Arc::clone(&shared);
        let run = move || -> anyhow::Result<()> {
            let started = Instant::now();
            while !seen.stop.load(Ordering::Relaxed) {
                let due = (started.elapsed().as_secs_f64() * f64::from(rate)) as u64;
                while sender.sent < due {
                    sender.send_next()?;
                }
                seen.sent.store(sender.sent, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(1));
            }
            sender.finish().map(drop)
        };
        let thread = std::thread::Builder::new()
            .name("paced-load".to_owned())
            .spawn(run)?;
        Ok(PacedLoad {
            shared,
            thread: Some(thread),
            partitions: u64::from(self.partitions),
        })
    }
}

#[derive(Debug, Default)]
struct Paced {
    sent: AtomicU64,
    stop: AtomicBool,
}

/// A load that is running. Dropping it stops it.
#[derive(Debug)]
pub(super) struct PacedLoad {
    shared: Arc<Paced>,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
    partitions: u64,
}

impl PacedLoad {
    /// How many events have been sent.
    pub(super) fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    /// How many events each partition has been sent.
    pub(super) fn sent_by_partition(&self) -> Vec<u64> {
        let sent = self.sent();
        (0..self.partitions)
            .map(|partition| (sent + self.partitions - 1 - partition) / self.partitions)
            .collect()
    }

    /// Fails when the load has, and fails to go on.
    pub(super) fn ensure_running(&mut self) -> anyhow::Result<()> {
        match self.thread.take_if(|thread| thread.is_finished()) {
            Some(thread) => thread.join().map_err(|_| anyhow!("the load's thread panicked"))?,
            None => Ok(()),
        }
    }
}

impl Drop for PacedLoad {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

/// Counts what was acknowledged.
#[derive(Default)]
struct Deliveries {
    acknowledged: AtomicU64,
    failed: AtomicBool,
}

struct CountingContext(Arc<Deliveries>);

impl rdkafka::ClientContext for CountingContext {}

impl ProducerContext for CountingContext {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => drop(self.0.acknowledged.fetch_add(1, Ordering::Relaxed)),
            Err(_) => self.0.failed.store(true, Ordering::Relaxed),
        }
    }
}

/// Sends events one after the other, to the partitions by turns.
struct Sender {
    topic: Topic,
    producer: ThreadedProducer<CountingContext>,
    deliveries: Arc<Deliveries>,
    sent: u64,
    bytes: u64,
    payload: Vec<u8>,
}

impl Sender {
    fn new(topic: &Topic, linger_ms: u32) -> anyhow::Result<Self> {
        let deliveries = Arc::new(Deliveries::default());
        let producer = ClientConfig::new()
            .set("bootstrap.servers", &topic.brokers)
            .set("acks", "all")
            // No message twice, so that offsets count events.
            .set("enable.idempotence", "true")
            .set("linger.ms", linger_ms.to_string())
            .set("batch.size", "1000000")
            .set("batch.num.messages", "10000")
            .set("compression.type", COMPRESSION)
            .set("queue.buffering.max.messages", "100000")
            .set("message.timeout.ms", DELIVERY_TIMEOUT.as_millis().to_string())
            // That a new broker's coordinator takes a moment is no news.
            .set_log_level(RDKafkaLogLevel::Error)
            .create_with_context(CountingContext(Arc::clone(&deliveries)))
            .context("the Kafka producer cannot be made")?;
        Ok(Self {
            topic: topic.clone(),
            producer,
            deliveries,
            sent: 0,
            bytes: 0,
            payload: Vec::new(),
        })
    }

    fn send_next(&mut self) -> anyhow::Result<()> {
        self.payload.clear();
        event::write(self.sent, &mut self.payload);
        let partition = self.sent % u64::from(self.topic.partitions);
        let mut record = BaseRecord::<(), [u8]>::to(&self.topic.name)
            .partition(i32::try_from(partition)?)
            .payload(&self.payload);
        while let Err((error, rejected)) = self.producer.send(record) {
            if !matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)) {
                return Err(error)
                    .with_context(|| format!("events cannot be sent to {}", self.topic.brokers));
            }
            self.check()?;
            record = rejected;
            std::thread::sleep(Duration::from_millis(2));
        }
        self.sent += 1;
        self.bytes += self.payload.len() as u64;
        Ok(())
    }

    fn finish(self) -> anyhow::Result<u64> {
        let flushed = self.producer.flush(DELIVERY_TIMEOUT);
        self.check()?;
        flushed.context("the last events are not acknowledged")?;
        let acknowledged = self.deliveries.acknowledged.load(Ordering::Relaxed);
        ensure!(
            acknowledged == self.sent,
            "{} events were sent, {acknowledged} acknowledged",
            self.sent
        );
        Ok(self.bytes)
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.deliveries.failed.load(Ordering::Relaxed) {
            bail!(
                "events were not delivered to {}: look at the broker's log",
                self.topic.brokers
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_get_events_by_turns() {
        let load = |sent| {
            let shared = Arc::new(Paced::default());
            shared.sent.store(sent, Ordering::Relaxed);
            PacedLoad {
                shared,
                thread: None,
                partitions: 3,
            }
        };
        assert_eq!(load(0).sent_by_partition(), [0, 0, 0]);
        assert_eq!(load(1).sent_by_partition(), [1, 0, 0]);
        assert_eq!(load(5).sent_by_partition(), [2, 2, 1]);
        assert_eq!(load(6).sent_by_partition(), [2, 2, 2]);
    }
}
