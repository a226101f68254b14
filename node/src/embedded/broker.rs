//! The broker behind `aurora up` without `--kafka`: librdkafka's own, in this process and in memory.
//!
//! It speaks the real protocol over loopback, so everything past it runs as it would against Kafka. It
//! differs in ways that its readers should know:
//! - A partition keeps 100,000 messages or 5 MiB of batches as they were sent, whichever comes first.
//! - A fetch is answered with one batch for each partition. One that finds nothing sleeps for the whole of
//!   the consumer's `fetch.wait.max.ms`, new messages or not: keep that short (see [`FETCH_WAIT_MAX_MS`]).
//! - A restart forgets everything and counts offsets from 0 again, which is why a start has a
//!   [`DemoBroker::run_id`].

use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result, anyhow};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

/// What `fetch.wait.max.ms` should be in a consumer of this broker, for its waits do not end when messages
/// arrive.
pub const FETCH_WAIT_MAX_MS: u32 = 10;

/// One broker suffices: more would cost threads and show nothing that one does not.
const BROKERS: i32 = 1;

/// A Kafka broker in this process, reachable over loopback until it is dropped.
pub struct DemoBroker {
    bootstrap_servers: String,
    run_id: String,
    /// Dropped to tell the keeper to take the broker down.
    keep_alive: Option<mpsc::Sender<()>>,
    keeper: Option<thread::JoinHandle<()>>,
}

impl DemoBroker {
    /// Starts a broker that has one topic with so many partitions. Returns when it accepts connections.
    pub fn start(topic: &str, partitions: i32) -> Result<DemoBroker> {
        // `MockCluster` may not move between threads. A thread that keeps it makes the handle free to move.
        let (keep_alive, until_dropped) = mpsc::channel::<()>();
        let (started, start_outcome) = mpsc::channel();
        let topic_name = topic.to_owned();
        let keeper = thread::Builder::new()
            .name("demo-broker".to_owned())
            .spawn(move || keep_broker(&topic_name, partitions, &started, &until_dropped))
            .context(
                "cannot start the demo broker's thread: the system refuses new threads, raise its limit",
            )?;
        let bootstrap_servers = start_outcome
            .recv()
            .unwrap_or_else(|_| Err(anyhow!("its thread ended before it was up")))
            .with_context(|| {
                format!(
                    "cannot start the demo broker with topic {topic:?} of {partitions} partitions; \
                     use a Kafka of your own with --kafka HOST:PORT --topic TOPIC instead"
                )
            })?;
        let run_id = uuid::Uuid::new_v4().to_string();
        tracing::info!(bootstrap_servers, topic, partitions, run_id, "demo broker is up");
        Ok(DemoBroker {
            bootstrap_servers,
            run_id,
            keep_alive: Some(keep_alive),
            keeper: Some(keeper),
        })
    }

    /// Where clients connect: `127.0.0.1:PORT`.
    pub fn bootstrap_servers(&self) -> String {
        self.bootstrap_servers.clone()
    }

    /// A new random id for each start. Offsets of one run mean nothing in the next, so a stream's generation
    /// is bound to it.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }
}

impl Drop for DemoBroker {
    fn drop(&mut self) {
        drop(self.keep_alive.take());
        if let Some(keeper) = self.keeper.take()
            && keeper.join().is_err()
        {
            tracing::warn!("the demo broker's thread panicked while it stopped");
        }
    }
}

/// Holds the cluster from its creation until the handle is dropped.
fn keep_broker(
    topic: &str,
    partitions: i32,
    started: &mpsc::Sender<Result<String>>,
    until_dropped: &mpsc::Receiver<()>,
) {
    let cluster = match create_cluster(topic, partitions) {
        Ok(cluster) => cluster,
        Err(error) => {
            // Nobody listening means that `start` is gone, and with it whoever could use the reason.
            started.send(Err(error)).ok();
            return;
        }
    };
    started.send(Ok(cluster.bootstrap_servers())).ok();
    // Nothing is ever sent: an error is the dropped sender, and the sign to stop.
    until_dropped.recv().ok();
}

fn create_cluster(topic: &str, partitions: i32) -> Result<MockCluster<'static, DefaultProducerContext>> {
    let cluster = MockCluster::new(BROKERS).context("no loopback port to listen on")?;
    cluster
        .create_topic(topic, partitions, BROKERS)
        .context("it refuses the topic's name or its partitions")?;
    Ok(cluster)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rdkafka::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};

    use super::DemoBroker;

    fn partitions_of(broker: &DemoBroker, topic: &str) -> usize {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", broker.bootstrap_servers())
            .create()
            .expect("a consumer without options");
        let metadata = consumer
            .fetch_metadata(Some(topic), Duration::from_secs(10))
            .expect("the broker answers");
        metadata.topics()[0].partitions().len()
    }

    #[test]
    fn has_the_topic_it_was_asked_for() {
        let broker = DemoBroker::start("orders", 3).expect("the broker starts");
        assert!(
            broker.bootstrap_servers().starts_with("127.0.0.1:"),
            "{}",
            broker.bootstrap_servers()
        );
        assert_eq!(partitions_of(&broker, "orders"), 3);
    }

    #[test]
    fn every_start_is_a_run_of_its_own() {
        let first = DemoBroker::start("orders", 1).expect("the broker starts");
        let second = DemoBroker::start("orders", 1).expect("a second one starts beside it");
        assert_ne!(first.run_id(), second.run_id());
        assert_ne!(first.bootstrap_servers(), second.bootstrap_servers());
    }

    #[test]
    fn may_move_to_another_thread() {
        fn assert_send<T: Send + Sync>() {}
        assert_send::<DemoBroker>();
    }

    #[test]
    fn says_what_was_wrong_with_a_topic() {
        let error = DemoBroker::start("no\0name", 1)
            .err()
            .expect("a name with a NUL is none");
        assert!(format!("{error:#}").contains("--kafka"), "{error:#}");
    }
}
