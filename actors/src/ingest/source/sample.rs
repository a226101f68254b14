//! A look at a topic: some of its first messages and some of its last.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use aurora_cluster::Partition;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::connection::{Context, KafkaConnection, SourceError, partitions};
use super::rights::Right;

/// A message of the sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sampled {
    /// Its partition.
    pub partition: Partition,
    /// Its offset there.
    pub offset: i64,
    /// Its key, if it has one.
    pub key: Option<Vec<u8>>,
    /// Its payload.
    pub payload: Vec<u8>,
    /// The broker's timestamp, milliseconds since 1970.
    pub timestamp_ms: i64,
}

/// Messages to infer a schema from.
pub const SAMPLE_MESSAGES: usize = 2_000;

/// Largest payloads to keep of a sample, in bytes, all together.
const MAX_SAMPLE_BYTES: usize = 16 << 20;

/// Reads about `count` messages of a topic, half from its beginning and half from its end, all of
/// them when there are fewer. Blocks for `limit` at most. An empty topic gives an empty sample.
pub fn sample(
    connection: &KafkaConnection,
    topic: &str,
    count: usize,
    limit: Duration,
) -> Result<Vec<Sampled>, SourceError> {
    let consumer = connection.sampling_consumer()?;
    let ids = partitions(&consumer, topic, limit)
        .map_err(|error| error.about(connection, topic, Right::Describe))?;
    read_some(&consumer, topic, &ids, count, limit)
        .map_err(|error| error.about(connection, topic, Right::Read))
}

/// The same, through a consumer that is there already.
pub(crate) fn read_some(
    consumer: &BaseConsumer<Context>,
    topic: &str,
    ids: &[Partition],
    count: usize,
    limit: Duration,
) -> Result<Vec<Sampled>, SourceError> {
    let each = count.div_ceil(2 * ids.len()).max(1);
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for offset in [Offset::Beginning, Offset::OffsetTail(each as i64)] {
        let mut list = TopicPartitionList::new();
        for id in ids {
            list.add_partition_offset(topic, *id, offset)
                .map_err(|error| SourceError::from_kafka(&error))?;
        }
        consumer
            .assign(&list)
            .map_err(|error| SourceError::from_kafka(&error))?;
        read(consumer, ids.len(), each, limit, &mut seen, &mut found)?;
    }
    Ok(found)
}

fn read(
    consumer: &BaseConsumer<Context>,
    partitions: usize,
    each: usize,
    limit: Duration,
    seen: &mut HashSet<(i32, i64)>,
    found: &mut Vec<Sampled>,
) -> Result<(), SourceError> {
    let started = Instant::now();
    let mut counts = std::collections::HashMap::<i32, usize>::new();
    let mut done = HashSet::new();
    let mut bytes = 0;
    while done.len() < partitions && started.elapsed() < limit && bytes < MAX_SAMPLE_BYTES / 2 {
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(done.insert(partition)),
            // Nothing is read as a member of a group: the right on it may be missing.
            Some(Err(error))
                if error.rdkafka_error_code() == Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {}
            Some(Err(error)) => match SourceError::from_kafka(&error) {
                // librdkafka keeps trying; the limit ends it.
                SourceError::Unreachable(_) => {}
                error => return Err(error),
            },
            Some(Ok(message)) => {
                let count = counts.entry(message.partition()).or_default();
                *count += 1;
                if *count >= each {
                    done.insert(message.partition());
                }
                let is_new = *count <= each && seen.insert((message.partition(), message.offset()));
                if let Some(payload) = message.payload().filter(|_| is_new) {
                    bytes += payload.len();
                    found.push(Sampled {
                        partition: message.partition(),
                        offset: message.offset(),
                        key: message.key().map(<[u8]>::to_vec),
                        payload: payload.to_vec(),
                        timestamp_ms: message.timestamp().to_millis().unwrap_or(0),
                    });
                }
            }
        }
    }
    Ok(())
}
