//! The sandbox's own test: a real broker, real load, a real kill.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::kafka::{Kafka, KafkaOptions};
use aurora_chaos_tests::load::{Load, Malformed, produce_raw, produce_transaction};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::stack::PATIENCE;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

const EVENTS: u64 = 20_000;
const PARTITIONS: i32 = 4;

#[tokio::test]
async fn a_real_broker_keeps_what_it_acknowledged() -> Result<()> {
    Sandbox::run("kafka-smoke", async |sandbox| {
        let kafka = Kafka::start(sandbox, KafkaOptions::default()).await?;
        kafka.create_topic("events", PARTITIONS, &[]).await?;
        load_survives_a_kill(&kafka).await?;
        transactions_are_seen_when_committed_only(&kafka).await?;
        single_messages_arrive_as_they_are(&kafka).await?;
        topics_grow_and_go(&kafka).await?;
        paced_load_rides_out_a_restart(&kafka).await
    })
    .await
}

async fn load_survives_a_kill(kafka: &Kafka) -> Result<()> {
    let load = Load {
        events: EVENTS,
        malformed_per_mille: 10,
        oversized: true,
        ..Load::new("events", PARTITIONS)
    };
    let produced = load.produce(kafka).await?;
    assert_eq!(produced.total(), EVENTS);
    assert_eq!(produced.malformed[&Malformed::Empty].iter().sum::<u64>(), 40);
    assert_eq!(produced.malformed[&Malformed::Oversized].iter().sum::<u64>(), 1);
    assert_eq!(produced.malformed_total(), 201);
    let expected: Vec<i64> = produced.per_partition.iter().map(|count| *count as i64).collect();
    assert_eq!(kafka.end_offsets("events").await?, expected);

    let before = read_committed(kafka, "events", 1).await?;
    kafka.stop_broker(0)?;
    assert!(kafka.broker_process(0)?.is_none());
    kafka.start_broker(0).await?;
    eventually(
        "the same end offsets after the kill",
        Duration::from_secs(60),
        async || kafka.end_offsets("events").await.map(|ends| ends == expected),
    )
    .await?;

    let after = read_committed(kafka, "events", 1).await?;
    ensure!(before == after, "partition 1 holds other messages after the kill");
    for (message, k) in after.iter().zip((1..).step_by(PARTITIONS as usize)) {
        let mut payload = Vec::new();
        load.write_payload(k, &mut payload);
        ensure!(
            message.as_deref() == Some(payload.as_slice()),
            "message {k} is not what the load says it is"
        );
    }
    Ok(())
}

async fn transactions_are_seen_when_committed_only(kafka: &Kafka) -> Result<()> {
    kafka.create_topic("transactions", 1, &[]).await?;
    produce_transaction(kafka, "transactions", &[(0, b"one"), (0, b"two")], false).await?;
    // Two messages and the abort's marker, which is written after the abort was answered.
    eventually("the marker", PATIENCE, async || {
        kafka.end_offsets("transactions").await.map(|ends| ends == [3])
    })
    .await?;
    assert!(read_committed(kafka, "transactions", 0).await?.is_empty());
    produce_transaction(kafka, "transactions", &[(0, b"three")], true).await?;
    eventually("what was committed", PATIENCE, async || {
        let seen = read_committed(kafka, "transactions", 0).await?;
        ensure!(seen.is_empty() || seen == [Some(b"three".to_vec())], "{seen:?}");
        anyhow::Ok(!seen.is_empty())
    })
    .await?;
    Ok(())
}

async fn single_messages_arrive_as_they_are(kafka: &Kafka) -> Result<()> {
    kafka
        .create_topic("raw", 2, &[("cleanup.policy", "compact")])
        .await?;
    assert_eq!(produce_raw(kafka, "raw", 1, Some(b"key"), Some(b"")).await?, 0);
    assert_eq!(produce_raw(kafka, "raw", 1, Some(b"key"), None).await?, 1);
    assert_eq!(read_committed(kafka, "raw", 1).await?, [Some(Vec::new()), None]);
    Ok(())
}

async fn topics_grow_and_go(kafka: &Kafka) -> Result<()> {
    kafka.increase_partitions("raw", 5).await?;
    assert_eq!(kafka.end_offsets("raw").await?, [0, 2, 0, 0, 0]);
    kafka.delete_topic("raw").await?;
    let error = kafka.end_offsets("raw").await.expect_err("the topic is gone");
    assert!(error.to_string().contains("no topic raw"), "{error:#}");
    Ok(())
}

async fn paced_load_rides_out_a_restart(kafka: &Kafka) -> Result<()> {
    kafka.create_topic("paced", 2, &[]).await?;
    let load = Load {
        events: u64::MAX / 2,
        ..Load::new("paced", 2)
    }
    .paced(kafka, 2_000)?;
    let acknowledged = async |count: u64| {
        eventually("acknowledgements", Duration::from_secs(60), async || {
            load.acknowledged() > count
        })
        .await
    };
    acknowledged(500).await?;
    kafka.stop_broker(0)?;
    let at_the_kill = load.acknowledged();
    kafka.start_broker(0).await?;
    acknowledged(at_the_kill + 500).await?;
    let produced = load.stop().await?;
    // Idempotence: what was retried across the kill is there once.
    assert_eq!(
        kafka.end_offsets("paced").await?.iter().sum::<i64>() as u64,
        produced.total()
    );
    Ok(())
}

/// The payloads of all messages of a partition that a reader of committed data gets.
async fn read_committed(kafka: &Kafka, topic: &str, partition: i32) -> Result<Vec<Option<Vec<u8>>>> {
    let mut config = kafka.client_config();
    config
        .set("group.id", "smoke")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true");
    config.set("fetch.message.max.bytes", "16000000");
    let topic = topic.to_owned();
    let read = move || -> Result<Vec<Option<Vec<u8>>>> {
        let consumer: BaseConsumer = config.create()?;
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(&topic, partition, Offset::Beginning)?;
        consumer.assign(&assignment)?;
        let mut messages = Vec::new();
        loop {
            match consumer
                .poll(Duration::from_secs(30))
                .context("no message and no end of partition for 30 s")?
            {
                Ok(message) => messages.push(message.payload().map(<[u8]>::to_vec)),
                Err(rdkafka::error::KafkaError::PartitionEOF(_)) => return Ok(messages),
                Err(error) => return Err(error.into()),
            }
        }
    };
    tokio::task::spawn_blocking(read).await?
}
