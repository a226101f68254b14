//! A node's Kafka consumer, whose partitions come and go: each is read from where it is told, every time.
//!
//! `AURORA_READING_ROUNDS` says how often each partition is let go and taken back (60 by default).

use std::collections::BTreeMap;
use std::env;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_actors::ingest::source::Source;
use aurora_actors::ingest::source::buffer::Budget;
use aurora_actors::ingest::source::connection::KafkaConnection;
use aurora_chaos_tests::kafka::{Kafka, KafkaOptions};
use aurora_chaos_tests::load::Load;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::shared;
use aurora_chaos_tests::stack::PATIENCE;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};

const PARTITIONS: i32 = 4;
/// The partition of the offsets' topic that has the group `aurora`: its name's hash, of four.
const GROUP_PARTITION: i32 = 0;

/// Partitions are handed to and fro in quick succession, while others are read on, and events keep coming.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_let_go_and_taken_back_is_read_from_where_it_is_told() -> Result<()> {
    let rounds: u32 = match env::var("AURORA_READING_ROUNDS") {
        Ok(text) => text.parse().context("AURORA_READING_ROUNDS")?,
        Err(_) => 60,
    };
    let kafka = shared::kafka().await?;
    let topic = "reading-to-and-fro";
    kafka.create_topic(topic, PARTITIONS, &[]).await?;
    let load = Load {
        events: 10_000_000,
        ..Load::new(topic, PARTITIONS)
    };
    let load = load.paced(kafka, 2_000)?;
    let connection = KafkaConnection::plain("test", &kafka.bootstrap_servers());
    let source = Source::start(connection, Budget::new(64 << 20))?;
    let readers = (0..PARTITIONS).map(|partition| read_to_and_fro(&source, topic, partition, rounds));
    futures_util::future::try_join_all(readers).await?;
    load.stop().await?;
    Ok(())
}

async fn read_to_and_fro(source: &Source, topic: &str, partition: i32, rounds: u32) -> Result<()> {
    let pause = |limit: u64| tokio::time::sleep(Duration::from_millis(rand::random::<u64>() % limit));
    for round in 0..rounds {
        let mut next = loop {
            // A topic that was made a moment ago may have no leader yet.
            let high = source
                .watermarks(topic, partition)
                .await
                .map_or(0, |marks| marks.high);
            if high > 0 {
                break high - rand::random::<u64>() % high.min(500);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let buffer = source.assign(topic, partition, next);
        let until = tokio::time::Instant::now() + Duration::from_millis(rand::random::<u64>() % 600);
        let mut seen = 0;
        while seen == 0 || tokio::time::Instant::now() < until {
            let chunk = tokio::time::timeout(PATIENCE, buffer.next()).await;
            let (chunk, _permit) = chunk.with_context(|| {
                format!("partition {partition}, round {round}: nothing came from offset {next} on")
            })??;
            for message in chunk.messages(0) {
                ensure!(
                    message.offset == next,
                    "partition {partition}, round {round}: {} came instead of {next}",
                    message.offset
                );
                (next, seen) = (next + 1, seen + 1);
            }
            // As the writer does after each journal.
            source.commit(topic, &BTreeMap::from([(partition, next)]));
        }
        source.unassign(topic, partition, &buffer);
        pause(300).await;
    }
    Ok(())
}

/// Positions are told to the brokers for tools to see, and a broker that does not take them must not keep partitions that
/// other brokers lead from being read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_takes_no_positions_holds_no_partition_up() -> Result<()> {
    Sandbox::run("reading-positions", async |sandbox| {
        let options = KafkaOptions {
            brokers: 3,
            ..KafkaOptions::default()
        };
        let kafka = Kafka::start(sandbox, options).await?;
        let topic = "reading-positions";
        kafka.create_topic(topic, PARTITIONS, &[]).await?;
        let load = Load {
            events: 4_000,
            ..Load::new(topic, PARTITIONS)
        };
        load.produce(&kafka).await?;
        let connection = KafkaConnection::plain("test", &kafka.bootstrap_servers());
        let source = Source::start(connection, Budget::new(64 << 20))?;
        let told = BTreeMap::from([(0, 7), (1, 11)]);
        eventually("the positions to be told", PATIENCE, async || {
            source.commit(topic, &told);
            committed(&kafka, topic, told.keys().copied()).map(|found| found == told)
        })
        .await?;
        let coordinator = kafka.leader("__consumer_offsets", GROUP_PARTITION).await?;
        let mut elsewhere = Vec::new();
        for partition in 0..PARTITIONS {
            if kafka.leader(topic, partition).await? != coordinator {
                elsewhere.push(partition);
            }
        }
        ensure!(!elsewhere.is_empty(), "broker {coordinator} leads all partitions");
        // They are read before, so that the way to their brokers is known.
        for partition in &elsewhere {
            let buffer = source.assign(topic, *partition, 0);
            tokio::time::timeout(PATIENCE, buffer.next()).await??;
            source.unassign(topic, *partition, &buffer);
        }
        let frozen = kafka.broker_process(coordinator)?.context("the broker runs")?;
        frozen.pause()?;
        source.commit(topic, &BTreeMap::from([(0, 8)]));
        // Long enough for the request to be on its way.
        tokio::time::sleep(Duration::from_millis(500)).await;
        for partition in elsewhere {
            let buffer = source.assign(topic, partition, 1);
            // Requests are given up after ten seconds, and leaders change after about as long.
            let first = tokio::time::timeout(Duration::from_secs(8), buffer.next()).await;
            first.with_context(|| format!("partition {partition} waits for broker {coordinator}"))??;
        }
        frozen.resume()
    })
    .await
}

/// The group's positions, as the brokers know them.
fn committed(
    kafka: &Kafka,
    topic: &str,
    partitions: impl Iterator<Item = i32>,
) -> Result<BTreeMap<i32, u64>> {
    let consumer: BaseConsumer = kafka.client_config().set("group.id", "aurora").create()?;
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(topic, partition);
    }
    let found = consumer.committed_offsets(list, Duration::from_secs(10))?;
    let position = |offset: i64| u64::try_from(offset).ok();
    Ok(found
        .elements()
        .iter()
        .filter_map(|element| Some((element.partition(), position(element.offset().to_raw()?)?)))
        .collect())
}
