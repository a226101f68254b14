use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::{DEMO_PARTITIONS, DEMO_TOPIC, DemoOptions, DemoStream, linger_ms};
use crate::embedded::broker::{DemoBroker, FETCH_WAIT_MAX_MS};

fn broker() -> DemoBroker {
    DemoBroker::start(DEMO_TOPIC, DEMO_PARTITIONS).expect("the broker starts")
}

fn options(bootstrap_servers: String, events_per_s: f64, burst_events: u64) -> DemoOptions {
    DemoOptions {
        bootstrap_servers,
        topic: DEMO_TOPIC.to_owned(),
        partitions: DEMO_PARTITIONS,
        events_per_s,
        seed: 1,
        backfill: Duration::from_secs(600),
        burst_events,
    }
}

fn consumer(broker: &DemoBroker) -> BaseConsumer {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker.bootstrap_servers())
        .set("group.id", "test")
        .set("enable.auto.commit", "false")
        .set("fetch.wait.max.ms", FETCH_WAIT_MAX_MS.to_string())
        .create()
        .expect("a consumer");
    let mut all = TopicPartitionList::new();
    for partition in 0..DEMO_PARTITIONS {
        all.add_partition_offset(DEMO_TOPIC, partition, Offset::Offset(0))
            .expect("an offset");
    }
    consumer.assign(&all).expect("assigned");
    consumer
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(20), "waited for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Messages in the broker, over all partitions.
fn stored(consumer: &BaseConsumer) -> u64 {
    let high = |partition| {
        let (_, high) = consumer
            .fetch_watermarks(DEMO_TOPIC, partition, Duration::from_secs(10))
            .expect("the broker answers");
        u64::try_from(high).expect("an offset")
    };
    (0..DEMO_PARTITIONS).map(high).sum()
}

#[test]
fn burst_fills_every_partition_and_reaches_back() {
    let broker = broker();
    let before_ms = Timestamp::now().as_millisecond();
    let stream =
        DemoStream::start(options(broker.bootstrap_servers(), 1.0, 2_000)).expect("the stream starts");
    let consumer = consumer(&broker);
    let mut partition_of: HashMap<Vec<u8>, i32> = HashMap::new();
    let mut event_times: Vec<Timestamp> = Vec::new();
    let start = Instant::now();
    for _ in 0..2_000 {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "the burst does not arrive"
        );
        let Some(message) = consumer.poll(Duration::from_secs(10)) else {
            continue;
        };
        let message = message.expect("a message");
        let kafka_ms = message.timestamp().to_millis().expect("a timestamp");
        assert!((before_ms..=Timestamp::now().as_millisecond()).contains(&kafka_ms));
        let key = message.key().expect("a key").to_vec();
        assert_eq!(
            *partition_of.entry(key).or_insert(message.partition()),
            message.partition()
        );
        if let Ok(fields) = serde_json::from_slice::<serde_json::Value>(message.payload().unwrap_or_default())
        {
            event_times.push(
                fields["event_time"]
                    .as_str()
                    .expect("a string")
                    .parse()
                    .expect("a time"),
            );
        }
    }
    stream.stop();
    let mut partitions: Vec<i32> = partition_of.into_values().collect();
    partitions.sort_unstable();
    partitions.dedup();
    assert_eq!(partitions, [0, 1, 2, 3]);
    let earliest = event_times.iter().min().expect("events");
    assert!(earliest.as_millisecond() < before_ms - 590_000, "{earliest}");
}

#[test]
fn stops_cleanly_with_everything_at_the_broker() {
    let broker = broker();
    let stream =
        DemoStream::start(options(broker.bootstrap_servers(), 2_000.0, 0)).expect("the stream starts");
    wait_until("some events", || stream.events_produced() > 300);
    let shared = std::sync::Arc::clone(&stream.shared);
    stream.stop();
    let delivered = shared.delivered.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(stored(&consumer(&broker)), delivered);
}

#[test]
fn a_rate_of_zero_produces_nothing_and_a_wrong_one_is_refused() {
    let broker = broker();
    let stream =
        DemoStream::start(options(broker.bootstrap_servers(), 0.0, 2_000)).expect("the stream starts");
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(stored(&consumer(&broker)), 0);
    stream.stop();
    for rate in [-1.0, f64::NAN, f64::INFINITY] {
        let refused = DemoStream::start(options(broker.bootstrap_servers(), rate, 0)).err();
        assert!(refused.is_some_and(|error| error.to_string().contains("--rate")));
    }
}

#[test]
fn stops_within_bounds_without_a_broker() {
    // Nothing listens on the discard port.
    let stream = DemoStream::start(options("127.0.0.1:9".to_owned(), 500.0, 10)).expect("the stream starts");
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    stream.stop();
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn batches_wait_for_company_within_bounds() {
    assert_eq!(linger_ms(100.0, 4), 50);
    assert_eq!(linger_ms(1_000.0, 4), 40);
    assert_eq!(linger_ms(5_000.0, 4), 8);
    assert_eq!(linger_ms(300_000.0, 4), 5);
    assert_eq!(linger_ms(f64::MIN_POSITIVE, 4), 50);
}
