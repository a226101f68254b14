//! Kafka, as a pipeline sees it: a bounded buffer of messages for each partition.
//!
//! One consumer a connection and node, polled on a thread of its own (`poller`), fills one
//! [`PartitionBuffer`] for each assigned partition. There is no group
//! membership: which node reads what is decided elsewhere, so partitions are assigned outright.

pub mod buffer;
pub mod check;
pub mod connection;
mod poller;
mod positions;
pub mod rights;
pub mod sample;
mod topic_id;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use aurora_cluster::Partition;
use parking_lot::Mutex;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use buffer::{Budget, PartitionBuffer};
use connection::{KafkaConnection, SourceError};
use positions::PositionTeller;
use rights::Right;

use super::start::{Beginnings, Start};

/// How long a question to the brokers may take.
const BROKER_TIMEOUT: Duration = Duration::from_secs(10);

/// The consumer of one connection on this node.
pub struct Source {
    consumer: Arc<BaseConsumer<connection::Context>>,
    commands: mpsc::Sender<poller::Command>,
    thread: Mutex<Option<JoinHandle<()>>>,
    connection: KafkaConnection,
    budget: Arc<Budget>,
    positions: PositionTeller,
    /// How often reading was forbidden.
    forbidden: Arc<AtomicU64>,
}

/// The first offset that exists in a partition and the one that its next message will get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermarks {
    /// The first offset that exists.
    pub low: u64,
    /// The offset of the next message to be written.
    pub high: u64,
}

impl Source {
    /// Makes the consumer and starts its thread. It connects in the background: brokers that
    /// cannot be reached show in the answers of the other methods.
    pub fn start(connection: KafkaConnection, budget: Arc<Budget>) -> Result<Self, SourceError> {
        let consumer = Arc::new(connection.consumer()?);
        let (commands, received) = mpsc::channel();
        let forbidden = Arc::new(AtomicU64::new(0));
        let poller = poller::Poller::new(consumer.clone(), received, budget.clone(), forbidden.clone());
        let thread = std::thread::Builder::new()
            .name(format!("kafka-{}", connection.name))
            .spawn(move || poller.run())
            .map_err(|error| SourceError::Setup(error.to_string()))?;
        Ok(Self {
            consumer,
            commands,
            thread: Mutex::new(Some(thread)),
            connection,
            budget,
            positions: PositionTeller::default(),
            forbidden,
        })
    }

    /// The connection.
    pub fn connection(&self) -> &KafkaConnection {
        &self.connection
    }

    /// How often the brokers have not allowed a partition to be read so far. Of which topic it was, the binding does not
    /// say.
    pub fn times_forbidden(&self) -> u64 {
        self.forbidden.load(Ordering::Relaxed)
    }

    /// Reads a partition from `offset` on, in place of any earlier reading of it.
    pub fn assign(&self, topic: &str, partition: Partition, offset: u64) -> Arc<PartitionBuffer> {
        let buffer = Arc::new(PartitionBuffer::new(self.budget.clone()));
        self.send(poller::Command::Assign {
            topic: topic.to_owned(),
            partition,
            offset,
            buffer: buffer.clone(),
        });
        buffer
    }

    /// Stops reading a partition, if `buffer` is still where its messages go.
    pub fn unassign(&self, topic: &str, partition: Partition, buffer: &Arc<PartitionBuffer>) {
        self.send(poller::Command::Unassign {
            topic: topic.to_owned(),
            partition,
            buffer: buffer.clone(),
        });
    }

    /// Tells the brokers how far partitions have been written (the next offset, by partition), for lag tools. Nothing
    /// depends on it, and nobody waits for it.
    pub fn commit(&self, topic: &str, positions: &BTreeMap<Partition, u64>) {
        if let Err(error) = self.positions.tell(&self.connection, topic, positions) {
            tracing::debug!(%error, topic, "the brokers are not told how far we are");
        }
    }

    fn send(&self, command: poller::Command) {
        // The thread ends only when the source does; a command after that has no meaning.
        let _ = self.commands.send(command);
    }

    /// The partitions of a topic, ascending.
    pub async fn partitions(&self, topic: &str) -> Result<Vec<Partition>, SourceError> {
        let asked = topic.to_owned();
        self.ask(topic, move |consumer| {
            connection::partitions(consumer, &asked, BROKER_TIMEOUT)
        })
        .await
    }

    /// The watermarks of a partition.
    pub async fn watermarks(&self, topic: &str, partition: Partition) -> Result<Watermarks, SourceError> {
        let asked = topic.to_owned();
        self.ask(topic, move |consumer| {
            let (low, high) = consumer
                .fetch_watermarks(&asked, partition, BROKER_TIMEOUT)
                .map_err(|error| SourceError::from_kafka(&error))?;
            Ok(Watermarks {
                low: u64::try_from(low).unwrap_or(0),
                high: u64::try_from(high).unwrap_or(0),
            })
        })
        .await
    }

    /// The offset in each of these partitions where reading begins when it is to begin there.
    pub async fn beginnings(
        &self,
        topic: &str,
        partitions: &[Partition],
        start: Start,
    ) -> Result<Beginnings, SourceError> {
        let (asked, partitions) = (topic.to_owned(), partitions.to_vec());
        self.ask(topic, move |consumer| {
            beginnings(consumer, &asked, &partitions, start)
        })
        .await
    }

    /// What tells this life of a topic from an earlier one of the same name: the id that the broker
    /// gave it when it was made. Brokers before Kafka 2.8 give none; then it is the cluster's id.
    pub async fn topic_identity(&self, topic: &str) -> Result<String, SourceError> {
        let asked = topic.to_owned();
        self.ask(topic, move |consumer| {
            if let Some(id) = topic_id::fetch(consumer.client(), &asked, BROKER_TIMEOUT)? {
                return Ok(id);
            }
            let cluster = consumer.client().fetch_cluster_id(BROKER_TIMEOUT);
            Ok(format!("cluster {}", cluster.unwrap_or_default()))
        })
        .await
    }

    /// Asks the brokers about a topic, for which they have to let this user describe it.
    async fn ask<T: Send + 'static>(
        &self,
        topic: &str,
        question: impl FnOnce(&BaseConsumer<connection::Context>) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let consumer = self.consumer.clone();
        let answer = tokio::task::spawn_blocking(move || question(&consumer))
            .await
            .map_err(|error| SourceError::Setup(error.to_string()))?;
        answer.map_err(|error| error.about(&self.connection, topic, Right::Describe))
    }
}

fn beginnings(
    consumer: &BaseConsumer<connection::Context>,
    topic: &str,
    partitions: &[Partition],
    start: Start,
) -> Result<Beginnings, SourceError> {
    let failed = |error| SourceError::from_kafka(&error);
    let mut beginnings = Beginnings::new();
    let time = match start {
        Start::Earliest => return Ok(beginnings),
        Start::Latest => None,
        Start::At(time) => Some(time),
    };
    if let Some(time) = time {
        let mut times = TopicPartitionList::new();
        for partition in partitions {
            let at = Offset::Offset(time.as_millisecond().max(0));
            times
                .add_partition_offset(topic, *partition, at)
                .map_err(failed)?;
        }
        let found = consumer
            .offsets_for_times(times, BROKER_TIMEOUT)
            .map_err(failed)?;
        for element in found.elements() {
            if let Offset::Offset(offset) = element.offset() {
                beginnings.insert(element.partition(), u64::try_from(offset).unwrap_or(0));
            }
        }
    }
    // What has no message that late begins at its end.
    for partition in partitions {
        if !beginnings.contains_key(partition) {
            let (_, high) = consumer
                .fetch_watermarks(topic, *partition, BROKER_TIMEOUT)
                .map_err(failed)?;
            beginnings.insert(*partition, u64::try_from(high).unwrap_or(0));
        }
    }
    Ok(beginnings)
}

impl Drop for Source {
    fn drop(&mut self) {
        self.send(poller::Command::Stop);
        if let Some(thread) = self.thread.lock().take() {
            let _ = thread.join();
        }
    }
}
