//! One running node: ingest, queries and HTTP, put together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use aurora_actors::ingest::metrics::IngestMetrics;
use aurora_actors::ingest::ownership::StreamTarget;
use aurora_actors::ingest::source::buffer::Budget;
use aurora_actors::ingest::source::connection::KafkaConnection;
use aurora_actors::ingest::stream::StreamSpec;
use aurora_actors::ingest::supervisor::{
    IngestContext, IngestMessage, IngestSupervisor, StreamHandle, StreamTable,
};
use aurora_actors::query::sql::SqlRunner;
use aurora_actors::store::{Login, Store, system};
use aurora_cluster::{NodeId, StreamId};
use prometheus_client::registry::Registry;
use ractor::{Actor, ActorRef};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::http;

/// What a node is made of.
#[derive(Debug)]
pub struct NodeOptions {
    /// Its name.
    pub id: NodeId,
    /// Where HTTP is served; already bound, so that a port in use is known before anything starts.
    pub listener: TcpListener,
    /// What programs must send to be let in; `None` lets everybody in who can reach the address.
    pub token: Option<String>,
    /// ClickHouse's user for ingest.
    pub writer: Login,
    /// ClickHouse's user for queries.
    pub reader: Login,
    /// The database of the events' tables.
    pub database: String,
    /// Bytes of messages that the node may hold.
    pub buffer_bytes: usize,
    /// What to ingest.
    pub streams: Vec<(KafkaConnection, StreamSpec)>,
}

/// What HTTP handlers work on.
#[derive(Debug)]
pub struct NodeState {
    /// The node's name.
    pub id: NodeId,
    /// Its address for HTTP.
    pub http: SocketAddr,
    /// When it started.
    pub started_at: jiff::Timestamp,
    /// The same, for measuring.
    pub started: Instant,
    /// ClickHouse, as the writer.
    pub store: Store,
    /// ClickHouse, as the reader.
    pub sql: SqlRunner,
    /// The database of the events' tables.
    pub database: String,
    /// The streams here.
    pub streams: StreamTable,
    /// What Prometheus reads.
    pub registry: Registry,
    /// Figures of ingest.
    pub metrics: IngestMetrics,
    /// Bytes of messages held.
    pub budget: Arc<Budget>,
    /// What programs must send.
    pub token: Option<String>,
    /// Set when the node hands over.
    pub draining: CancellationToken,
}

impl NodeState {
    /// A stream by its name.
    pub fn stream(&self, id: &StreamId) -> Option<StreamHandle> {
        self.streams.read().get(id).cloned()
    }

    /// Where a stream writes, once that is known.
    pub fn target(&self, id: &StreamId) -> Option<StreamTarget> {
        self.stream(id)?.target.lock().clone()
    }
}

/// A node that runs.
#[derive(Debug)]
pub struct Node {
    state: Arc<NodeState>,
    ingest: ActorRef<IngestMessage>,
    ingest_task: JoinHandle<()>,
    http_task: JoinHandle<()>,
    tables_task: JoinHandle<()>,
    stop_http: CancellationToken,
}

impl Node {
    /// Starts everything. ClickHouse and Kafka may be away: what needs them waits and says so.
    pub async fn start(options: NodeOptions) -> anyhow::Result<Self> {
        let http = options
            .listener
            .local_addr()
            .context("the HTTP socket has no address")?;
        let mut registry = Registry::default();
        let metrics = IngestMetrics::register(&mut registry);
        let budget = Budget::new(options.buffer_bytes);
        let store = Store::new(&options.writer);
        let streams = StreamTable::default();
        let state = Arc::new(NodeState {
            id: options.id.clone(),
            http,
            started_at: jiff::Timestamp::now(),
            started: Instant::now(),
            store: store.clone(),
            sql: SqlRunner::new(&options.reader, &options.database),
            database: options.database,
            streams: streams.clone(),
            registry,
            metrics: metrics.clone(),
            budget: budget.clone(),
            token: options.token,
            draining: CancellationToken::new(),
        });
        let tables_task = tokio::spawn(make_tables(store.clone(), state.database.clone()));
        let context = IngestContext {
            node: options.id,
            store,
            budget,
            metrics,
            streams,
        };
        let (ingest, ingest_task) = Actor::spawn(None, IngestSupervisor, context).await?;
        for (connection, spec) in options.streams {
            ingest.cast(IngestMessage::Start(connection, spec))?;
        }
        let stop_http = CancellationToken::new();
        let stopped = stop_http.clone().cancelled_owned();
        let app = http::router(state.clone());
        let listener = options.listener;
        let http_task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(stopped).await {
                tracing::error!(%error, "http has stopped");
            }
        });
        Ok(Self {
            state,
            ingest,
            ingest_task,
            http_task,
            tables_task,
            stop_http,
        })
    }

    /// What the node works on.
    pub fn state(&self) -> &Arc<NodeState> {
        &self.state
    }

    /// Hands over: writes what has been read, notes it in the journal, and ends.
    pub async fn drain(self) {
        self.state.draining.cancel();
        self.tables_task.abort();
        let (done, drained) = ractor::concurrency::oneshot();
        if self.ingest.cast(IngestMessage::Drain(done.into())).is_ok() {
            // An ingest that failed has nothing left to hand over.
            let _ = drained.await;
        }
        let _ = self.ingest_task.await;
        self.stop_http.cancel();
        // Connections that browsers keep open do not hold the node up.
        let limit = Duration::from_secs(2);
        if tokio::time::timeout(limit, self.http_task).await.is_err() {
            tracing::debug!("http connections were still open");
        }
    }
}

/// Makes Aurora's own tables and the events' database, so that queries work before any stream has begun.
async fn make_tables(store: Store, database: String) {
    let mut pause = Duration::from_millis(200);
    while let Err(error) = system::create(&store, &database).await {
        tracing::warn!(%error, retry_in = ?pause, "clickhouse is not ready");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}
