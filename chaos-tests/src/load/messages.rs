//! Single messages and transactions.

use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use rdkafka::error::KafkaError;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use rdkafka::types::RDKafkaErrorCode;

use super::{DELIVERY_TIMEOUT, producer_config};
use crate::kafka::{Kafka, blocking};
use crate::sandbox::eventually;

/// A message that a test writes itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Where it goes.
    pub partition: i32,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its payload; `None` makes a tombstone.
    pub payload: Option<&'a [u8]>,
}

impl<'a> Message<'a> {
    /// A message to partition 0 without a key.
    pub fn new(payload: &'a str) -> Self {
        Self {
            partition: 0,
            key: None,
            payload: Some(payload.as_bytes()),
        }
    }
}

/// Produces messages in their order and returns the offset of each.
///
/// After an error other than a refusal, it is unknown whether the message is in the log; twice it never is.
pub async fn produce_messages(kafka: &Kafka, topic: &str, messages: &[Message<'_>]) -> Result<Vec<i64>> {
    // An idempotent producer would take half a second to get its id. Instead, nothing is retried but
    // refusals.
    let producer: FutureProducer = producer_config(&kafka.client_config())
        .set("enable.idempotence", "false")
        .set("message.send.max.retries", "0")
        .set("linger.ms", "0")
        .create()?;
    let mut offsets = Vec::with_capacity(messages.len());
    for message in messages {
        offsets.push(send(&producer, topic, message).await?);
    }
    // Dropping it takes a tenth of a second, for which the caller need not wait, nor its runtime.
    tokio::task::spawn_blocking(|| drop(producer));
    Ok(offsets)
}

/// Produces one message and returns its offset. A payload of `None` makes a tombstone.
pub async fn produce_raw(
    kafka: &Kafka,
    topic: &str,
    partition: i32,
    key: Option<&[u8]>,
    payload: Option<&[u8]>,
) -> Result<i64> {
    let message = Message {
        partition,
        key,
        payload,
    };
    Ok(produce_messages(kafka, topic, &[message]).await?[0])
}

async fn send(producer: &FutureProducer, topic: &str, message: &Message<'_>) -> Result<i64> {
    let partition = message.partition;
    let what = format!("the message to {topic}/{partition} to be accepted");
    let accepted = eventually(&what, DELIVERY_TIMEOUT, async || {
        let record = FutureRecord {
            topic,
            partition: Some(partition),
            payload: message.payload,
            key: message.key,
            timestamp: None,
            headers: None,
        };
        match producer.send(record, DELIVERY_TIMEOUT).await {
            Err((error, _)) if is_refusal(&error) => Err(error),
            outcome => Ok(Some(outcome)),
        }
    });
    let delivery = accepted
        .await?
        .map_err(|(error, _)| error)
        .with_context(|| format!("cannot produce to {topic}/{partition}"))?;
    Ok(delivery.offset)
}

/// The answers by which a broker says that it has not written the message, and that a later attempt may
/// succeed.
fn is_refusal(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{LeaderNotAvailable, NotEnoughReplicas, NotLeaderForPartition};
    matches!(
        error.rdkafka_error_code(),
        Some(LeaderNotAvailable | NotEnoughReplicas | NotLeaderForPartition)
    )
}

/// Produces `messages`, pairs of partition and payload, as one transaction, and commits or aborts it. Also
/// when aborted, the messages are in the log, where only readers of uncommitted data see them.
pub async fn produce_transaction(
    kafka: &Kafka,
    topic: &str,
    messages: &[(i32, &[u8])],
    commit: bool,
) -> Result<()> {
    static TRANSACTIONS: AtomicU64 = AtomicU64::new(0);
    // A name of its own for each: under the same one, a second producer would fence off the first.
    let id = format!(
        "sandbox-{}-{}",
        process::id(),
        TRANSACTIONS.fetch_add(1, Ordering::Relaxed)
    );
    let config = producer_config(&kafka.client_config())
        .set("linger.ms", "0")
        .set("transactional.id", id)
        // By default less than the time-out of our messages, which librdkafka refuses.
        .set("transaction.timeout.ms", DELIVERY_TIMEOUT.as_millis().to_string())
        .clone();
    let producer = blocking(move || -> Result<FutureProducer> {
        let producer: FutureProducer = config.create()?;
        producer
            .init_transactions(DELIVERY_TIMEOUT)
            .context("cannot start with transactions")?;
        Ok(producer)
    })
    .await?;
    producer.begin_transaction()?;
    for (partition, payload) in messages {
        let record = FutureRecord::<(), [u8]>::to(topic)
            .partition(*partition)
            .payload(payload);
        // Awaited, for an abort throws away what is still in the queue, and then there would be nothing to
        // hide.
        let sent = producer.send(record, DELIVERY_TIMEOUT).await;
        sent.map_err(|(error, _)| error)
            .with_context(|| format!("cannot produce to {topic}/{partition}"))?;
    }
    let end = move || -> Result<(), KafkaError> {
        if commit {
            producer.commit_transaction(DELIVERY_TIMEOUT)
        } else {
            producer.abort_transaction(DELIVERY_TIMEOUT)
        }
    };
    blocking(move || end().context("cannot end the transaction")).await
}
