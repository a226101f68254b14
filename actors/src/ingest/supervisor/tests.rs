//! Streams that come, go and come again, on brokers in this process; ClickHouse is away, for which a stream that
//! has found its topic waits.

use std::collections::BTreeMap;

use prometheus_client::registry::Registry;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

use super::*;
use crate::ingest::reconcile::NoPeers;
use crate::ingest::start::Start;
use crate::store::Login;

const LIMIT: Duration = Duration::from_secs(60);
const TOPIC: &str = "orders";

/// A node without ClickHouse.
struct Scene {
    ingest: ActorRef<IngestMessage>,
    streams: StreamTable,
    id: StreamId,
}

impl Scene {
    async fn start() -> Self {
        let node: NodeId = "node-1".parse().unwrap();
        let (_, members) = watch::channel(Members::alone(&node));
        let streams = StreamTable::default();
        let context = IngestContext {
            node,
            cluster: None,
            store: Store::new(&Login {
                url: "http://127.0.0.1:1".to_owned(),
                user: "nobody".to_owned(),
                password: String::new(),
            }),
            budget: Budget::new(1 << 20),
            metrics: IngestMetrics::register(&mut Registry::default()),
            streams: streams.clone(),
            members,
            peers: Arc::new(NoPeers),
        };
        let (ingest, _) = Actor::spawn(None, IngestSupervisor, context).await.unwrap();
        let id = StreamId::new("prod", TOPIC).unwrap();
        Self { ingest, streams, id }
    }

    fn begin(&self, connection: KafkaConnection) {
        let spec = StreamSpec {
            id: self.id.clone(),
            database: "events".to_owned(),
            // librdkafka's own broker does not know its topics' ids.
            topic_identity: Some("test".to_owned()),
            start: Start::Earliest,
            columns: crate::ingest::schema::choice::Choices::default(),
        };
        self.tell(IngestMessage::Start(connection, spec));
    }

    fn tell(&self, message: IngestMessage) {
        self.ingest.cast(message).unwrap();
    }

    fn handle(&self) -> Option<StreamHandle> {
        self.streams.read().get(&self.id).cloned()
    }

    /// Waits until the stream that is listed, other than `before`, waits for something whose name contains
    /// `reason`.
    async fn until_waiting_for(&self, reason: &str, before: Option<&StreamHandle>) -> StreamHandle {
        let mut seen = None;
        let waiting = async {
            loop {
                let is_new = |handle: &StreamHandle| {
                    before.is_none_or(|before| !Arc::ptr_eq(&before.status, &handle.status))
                };
                if let Some(handle) = self.handle().filter(is_new) {
                    let snapshot = handle.status.snapshot();
                    let waits_for = snapshot.reason.clone().unwrap_or_default();
                    if snapshot.state == State::Waiting && waits_for.contains(reason) {
                        return handle;
                    }
                    seen = Some(snapshot);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        match tokio::time::timeout(LIMIT, waiting).await {
            Ok(handle) => handle,
            Err(_) => panic!("it does not wait for {reason:?}: {seen:?}"),
        }
    }

    async fn end(self) {
        let (done, drained) = ractor::concurrency::oneshot();
        self.tell(IngestMessage::Drain(done.into()));
        tokio::time::timeout(LIMIT, drained).await.unwrap().unwrap();
    }
}

fn broker() -> (MockCluster<'static, DefaultProducerContext>, KafkaConnection) {
    let broker = MockCluster::new(1).unwrap();
    broker.create_topic(TOPIC, 1, 1).unwrap();
    let connection = KafkaConnection::plain("prod", &broker.bootstrap_servers());
    (broker, connection)
}

const CLICKHOUSE_IS_AWAY: &str = "ClickHouse cannot be reached";

#[tokio::test]
async fn a_stream_that_is_stopped_and_started_at_once_runs_on_its_new_connection() {
    let scene = Scene::start().await;
    let (old_broker, old) = broker();
    let (_broker, new) = broker();
    scene.begin(old);
    let first = scene.until_waiting_for(CLICKHOUSE_IS_AWAY, None).await;
    // Whoever still asked it would wait for a broker.
    drop(old_broker);
    scene.tell(IngestMessage::Stop(scene.id.clone()));
    scene.begin(new.clone());
    let second = scene.until_waiting_for(CLICKHOUSE_IS_AWAY, Some(&first)).await;
    // The same without a stop in between, and with an option that has changed.
    let properties = BTreeMap::from([("client.rack".to_owned(), "a".to_owned())]);
    scene.begin(KafkaConnection { properties, ..new });
    scene.until_waiting_for(CLICKHOUSE_IS_AWAY, Some(&second)).await;
    scene.end().await;
}

#[tokio::test]
async fn a_stream_that_cannot_begin_is_listed_with_the_reason_and_can_begin_later() {
    let scene = Scene::start().await;
    let (_broker, good) = broker();
    let wrong = KafkaConnection {
        properties: BTreeMap::from([("no.such.option".to_owned(), "1".to_owned())]),
        ..good.clone()
    };
    scene.begin(wrong);
    let first = scene.until_waiting_for("no.such.option", None).await;
    scene.begin(good);
    let second = scene.until_waiting_for(CLICKHOUSE_IS_AWAY, Some(&first)).await;
    let reason = "the variable X is not set".to_owned();
    scene.tell(IngestMessage::Wait(scene.id.clone(), reason.clone()));
    scene.until_waiting_for(&reason, Some(&second)).await;
    scene.tell(IngestMessage::Stop(scene.id.clone()));
    let gone = async {
        while scene.handle().is_some() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LIMIT, gone).await.unwrap();
    scene.end().await;
}
