//! One running node: ingest, queries and HTTP, put together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use aurora_actors::ingest::metrics::IngestMetrics;
use aurora_actors::ingest::ownership::StreamTarget;
use aurora_actors::ingest::source::buffer::Budget;
use aurora_actors::ingest::supervisor::{
    IngestContext, IngestMessage, IngestSupervisor, StreamHandle, StreamTable,
};
use aurora_actors::query::limits::QueryLimits;
use aurora_actors::query::memory::{Memory, MemoryMetrics};
use aurora_actors::query::metrics::QueryMetrics;
use aurora_actors::query::question::ask::Asker;
use aurora_actors::query::question::model::{Model, ModelOptions};
use aurora_actors::query::sql::{SqlOptions, SqlRunner};
use aurora_actors::store::identity::ClusterIdentity;
use aurora_actors::store::{Login, Store};
use aurora_cluster::Protocol;
use aurora_cluster::gossip::seal::ClusterKey;
use aurora_cluster::membership::{GossipTiming, MemberState, Membership, MembershipOptions};
use aurora_cluster::seeds::SeedSource;
use aurora_cluster::{NodeId, StreamId};
use prometheus_client::registry::Registry as Figures;
use ractor::{Actor, ActorRef};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::cluster::Cluster;
use crate::cluster::joining::{self, JoinError};
use crate::grafana::{GrafanaOptions, keeper};
use crate::http;
use crate::http::access::{Access, AccessOptions};
use crate::http::connections::trial::Trials;
use crate::http::grafana::Grafana;
use crate::http::live::Live;
use crate::registry::Registry;
use crate::registry::document::Declared;
use crate::registry::follow::Follower;
use crate::samples;

/// How long a node that goes waits for others to take its partitions.
const UNTIL_TAKEN_LIMIT: Duration = Duration::from_secs(10);

/// How long queries that run may go on when the node goes.
const QUERIES_LIMIT: Duration = Duration::from_secs(3);
/// How long a node that goes waits for the history to be written.
const HISTORY_LIMIT: Duration = Duration::from_secs(3);

/// What a node is made of.
#[derive(Debug)]
pub struct NodeOptions {
    /// Its name.
    pub id: NodeId,
    /// Where HTTP is served; already bound, so that a port in use is known before anything starts.
    pub listener: TcpListener,
    /// Who is let in.
    pub access: AccessOptions,
    /// ClickHouse's user for ingest.
    pub writer: Login,
    /// ClickHouse's user for queries.
    pub reader: Login,
    /// The database of the events' tables.
    pub database: String,
    /// Bytes of messages that the node may hold.
    pub buffer_bytes: usize,
    /// What queries may use.
    pub queries: QueryLimits,
    /// A language model for questions, if there is one.
    pub model: Option<ModelOptions>,
    /// A Grafana, if there is one.
    pub grafana: GrafanaOptions,
    /// What its configuration says to ingest. In a cluster, the registry has the last word.
    pub declared: Declared,
    /// The cluster it is of; `None` for a node on its own.
    pub cluster: Option<ClusterOptions>,
}

/// How a node takes part in a cluster.
#[derive(Debug)]
pub struct ClusterOptions {
    /// The cluster's name.
    pub name: String,
    /// The secret that all its nodes share.
    pub key: ClusterKey,
    /// Where gossip is received, UDP.
    pub listen: SocketAddr,
    /// Where others send gossip to.
    pub advertise: SocketAddr,
    /// Where to find others.
    pub seeds: Vec<SeedSource>,
    /// Where others find this node's HTTP, if not at the address that is served.
    pub advertise_http: Option<String>,
    /// The node's share of the work, relative to the others'.
    pub capacity: u32,
    /// How fast gossip is.
    pub timing: GossipTiming,
}

impl ClusterOptions {
    /// Where others find HTTP, when it is served at `served`.
    fn http(&self, served: SocketAddr) -> String {
        match &self.advertise_http {
            Some(url) => url.clone(),
            // All addresses of this machine: others reach it at the one that gossip uses.
            None if served.ip().is_unspecified() => {
                format!("http://{}", SocketAddr::new(self.advertise.ip(), served.port()))
            }
            None => format!("http://{served}"),
        }
    }
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
    /// Answers questions in plain words.
    pub asker: Asker,
    /// What is remembered of questions.
    pub memory: Memory,
    /// The database of the events' tables.
    pub database: String,
    /// The streams here.
    pub streams: StreamTable,
    /// What Prometheus reads.
    pub figures: Figures,
    /// The nodes, this one among them.
    pub cluster: Arc<Cluster>,
    /// What its configuration says to ingest.
    pub declared: Declared,
    /// What the cluster is to ingest; `None` for a node on its own.
    pub registry: Option<Arc<Registry>>,
    /// Connections that are being tried.
    pub trials: Trials,
    /// A Grafana beside the web app.
    pub(crate) grafana: Grafana,
    /// What pages watch.
    pub(crate) live: Live,
    /// The root of ingest.
    pub ingest: ActorRef<IngestMessage>,
    /// Figures of ingest.
    pub metrics: IngestMetrics,
    /// Bytes of messages held.
    pub budget: Arc<Budget>,
    /// Who is let in.
    pub access: Arc<Access>,
    /// Its tables in ClickHouse are there.
    pub prepared: AtomicBool,
    /// Set when the node hands over.
    pub draining: CancellationToken,
    /// Set when somebody has asked the node to hand over and go.
    pub leave: CancellationToken,
}

impl NodeState {
    /// Why it should get no requests, as a sentence, if it should not.
    pub async fn not_ready(&self) -> Option<String> {
        if self.draining.is_cancelled() {
            return Some("It is handing its work over before it stops.".to_owned());
        }
        match self.store.row::<u8>("SELECT 1").await {
            Ok(_) if !self.prepared.load(Ordering::Relaxed) => {
                Some("Its tables in ClickHouse are being made or looked at.".to_owned())
            }
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        }
    }

    /// Whether it is one of those that get partitions.
    pub fn takes_part(&self) -> bool {
        let view = self.cluster.view();
        view.own().is_some_and(|own| own.state == MemberState::Ready)
    }

    /// A stream by its name.
    pub fn stream(&self, id: &StreamId) -> Option<StreamHandle> {
        self.streams.read().get(id).cloned()
    }

    /// Where a stream writes, once that is known.
    pub fn target(&self, id: &StreamId) -> Option<StreamTarget> {
        self.stream(id)?.target()
    }
}

/// A node that runs.
pub struct Node {
    state: Arc<NodeState>,
    membership: Option<Arc<Membership>>,
    http_task: JoinHandle<()>,
    join_task: JoinHandle<()>,
    ingest_task: JoinHandle<()>,
    memory_task: JoinHandle<()>,
    /// What dashboards need; each can be ended at any moment.
    aside: Vec<JoinHandle<()>>,
    stop_http: CancellationToken,
    failure: oneshot::Receiver<JoinError>,
    /// The node has been turned away.
    rejected: bool,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Node {
    /// Starts everything. ClickHouse, Kafka and the other nodes may be away: what needs them waits and says
    /// so.
    pub async fn start(options: NodeOptions) -> anyhow::Result<Self> {
        let http = options
            .listener
            .local_addr()
            .context("the HTTP socket has no address")?;
        // What is missing of this node's own configuration is told at once.
        let begun = options.declared.resolve(&options.database).await?;
        let key = options
            .cluster
            .as_ref()
            .map(|cluster| (cluster.name.as_str(), &cluster.key));
        let access = Arc::new(Access::new(options.access.clone(), key)?);
        let mut figures = Figures::default();
        let metrics = IngestMetrics::register(&mut figures);
        let sql = SqlRunner::start(SqlOptions {
            reader: options.reader.clone(),
            writer: options.writer.clone(),
            database: options.database.clone(),
            limits: options.queries.clone(),
            metrics: QueryMetrics::register(&mut figures),
        })
        .await?;
        let memory_metrics = MemoryMetrics::register(&mut figures);
        let budget = Budget::new(options.buffer_bytes);
        let store = Store::new(&options.writer);
        let (memory, memory_task) = Memory::start(store.clone(), options.id.clone(), memory_metrics);
        let model = options.model.clone().map(Model::new).transpose()?;
        let asker = Asker::new(sql.clone(), memory.clone(), model);
        let streams = StreamTable::default();
        let (membership, cluster) = join(&options, http, streams.clone()).await?;
        let identity = options.cluster.as_ref().map(|cluster| ClusterIdentity {
            name: cluster.name.clone(),
            key_fingerprint: cluster.key.fingerprint(),
        });
        let registry = options.cluster.as_ref().map(|cluster| {
            let node = options.id.clone();
            Arc::new(Registry::new(store.clone(), node, &cluster.name, &cluster.key))
        });
        let context = IngestContext {
            node: options.id.clone(),
            cluster: identity.clone(),
            store: store.clone(),
            budget: budget.clone(),
            metrics: metrics.clone(),
            streams: streams.clone(),
            members: cluster.members(),
            peers: cluster.peers(),
        };
        let (ingest, ingest_task) = Actor::spawn(None, IngestSupervisor, context).await?;
        let state = Arc::new(NodeState {
            id: options.id,
            http,
            started_at: jiff::Timestamp::now(),
            started: Instant::now(),
            sql,
            asker,
            store,
            memory,
            database: options.database,
            streams,
            cluster,
            declared: options.declared,
            registry,
            trials: Trials::default(),
            grafana: {
                let GrafanaOptions { url, manage } = &options.grafana;
                Grafana::new(url.clone(), manage.as_ref().map(|manage| manage.url.clone()))?
            },
            live: Live::default(),
            ingest,
            figures,
            metrics,
            budget,
            access,
            prepared: AtomicBool::new(false),
            draining: CancellationToken::new(),
            leave: CancellationToken::new(),
        });
        for (connection, spec) in begun.clone() {
            state.ingest.cast(IngestMessage::Start(connection, spec))?;
        }
        let follower = state.registry.clone().map(|registry| {
            let (ingest, node) = (state.ingest.clone(), state.id.clone());
            Follower::new(registry, ingest, node, &state.database, begun)
        });
        let (failed, failure) = oneshot::channel();
        let join_task = {
            let (state, membership) = (state.clone(), membership.clone());
            tokio::spawn(async move {
                let taken_part = take_part(&state, membership.as_deref(), identity.as_ref(), follower);
                if let Err(error) = taken_part.await {
                    // Whoever started the node may not wait for this.
                    let _ = failed.send(error);
                }
            })
        };
        let mut aside = vec![tokio::spawn(samples::write(state.clone()))];
        if let Some(manage) = options.grafana.manage {
            aside.push(tokio::spawn(keeper::keep(state.clone(), manage)));
        }
        let stop_http = CancellationToken::new();
        Ok(Self {
            http_task: serve(options.listener, &state, &stop_http),
            state,
            membership,
            join_task,
            ingest_task,
            memory_task,
            aside,
            stop_http,
            failure,
            rejected: false,
        })
    }

    /// What the node works on.
    pub fn state(&self) -> &Arc<NodeState> {
        &self.state
    }

    /// Waits until the node has to go: it was asked to by `aurora drain`, or must not take part, and why.
    pub async fn has_to_go(&mut self) -> anyhow::Result<()> {
        tokio::select! {
            () = self.state.leave.cancelled() => Ok(()),
            Ok(error) = &mut self.failure => {
                self.rejected = true;
                Err(error.into())
            }
        }
    }

    /// Hands over: lets others take what works here, writes what has been read, notes it in the journal, and
    /// ends.
    pub async fn drain(self) {
        self.state.draining.cancel();
        self.join_task.abort();
        self.aside.iter().for_each(JoinHandle::abort);
        // One that was turned away has nothing to hand over, and says no more: it may bear another node's name.
        if let Some(membership) = self.membership.as_ref().filter(|_| !self.rejected) {
            membership.set_state(MemberState::Draining).await;
            self.until_taken().await;
        }
        let (done, drained) = oneshot::channel();
        if self.state.ingest.cast(IngestMessage::Drain(done.into())).is_ok() {
            // An ingest that failed has nothing left to hand over.
            let _ = drained.await;
        }
        let _ = self.ingest_task.await;
        // Whoever else had it, the task that joins, has ended.
        let _ = self.join_task.await;
        if let Some(membership) = self.membership.and_then(Arc::into_inner)
            && !self.rejected
        {
            membership.leave().await;
        }
        self.state.sql.stop(QUERIES_LIMIT).await;
        self.stop_http.cancel();
        // Connections that browsers keep open do not hold the node up.
        let limit = Duration::from_secs(2);
        if tokio::time::timeout(limit, self.http_task).await.is_err() {
            tracing::debug!("http connections were still open");
        }
        // Nothing is asked any more.
        self.state.memory.close(HISTORY_LIMIT).await;
        let _ = self.memory_task.await;
    }

    /// Waits until other nodes have asked for everything that works here: each partition stands still only
    /// from when it is asked for.
    async fn until_taken(&self) {
        let started = Instant::now();
        while started.elapsed() < UNTIL_TAKEN_LIMIT {
            let view = self.state.cluster.view();
            let others = view.members.values();
            let has_heirs = others
                .filter(|member| member.state == MemberState::Ready && !member.is_self)
                .count()
                > 0;
            let is_idle = self
                .state
                .streams
                .read()
                .values()
                .all(|stream| stream.status.here().is_empty());
            if !has_heirs || is_idle {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tracing::warn!("not everything was taken by other nodes in time");
    }
}

fn serve(listener: TcpListener, state: &Arc<NodeState>, stop: &CancellationToken) -> JoinHandle<()> {
    let app = http::router(state.clone());
    tokio::spawn(http::serve(listener, app, stop.clone()))
}

/// Enters the cluster, still without taking work, or makes one of this node alone.
async fn join(
    options: &NodeOptions,
    http: SocketAddr,
    streams: StreamTable,
) -> anyhow::Result<(Option<Arc<Membership>>, Arc<Cluster>)> {
    let Some(cluster) = &options.cluster else {
        return Ok((None, Arc::new(Cluster::alone(&options.id, http, streams))));
    };
    let membership = Membership::start(MembershipOptions {
        node: options.id.clone(),
        cluster: cluster.name.clone(),
        key: cluster.key.clone(),
        listen: cluster.listen,
        advertise: cluster.advertise,
        seeds: cluster.seeds.clone(),
        http: cluster.http(http),
        capacity: cluster.capacity,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: Protocol::CURRENT,
        last_incarnation: None,
        timing: cluster.timing.clone(),
    })
    .await?;
    let joined = Cluster::joined(&cluster.name, &cluster.key, &options.id, &membership, streams)?;
    Ok((Some(Arc::new(membership)), Arc::new(joined)))
}

/// Makes sure that the node may work here, gets ready, and follows the registry from then on. Its own streams
/// have begun meanwhile, and wait for the same.
async fn take_part(
    state: &NodeState,
    membership: Option<&Membership>,
    identity: Option<&ClusterIdentity>,
    mut follower: Option<Follower>,
) -> Result<(), JoinError> {
    joining::check_identity(&state.store, &state.database, identity).await?;
    state.prepared.store(true, Ordering::Relaxed);
    // A node that is ready gets partitions of every stream, so it should know them all.
    if let Some(follower) = &mut follower {
        follower.begin(&state.declared).await;
    }
    if let Some(membership) = membership {
        joining::become_ready(membership, &state.store).await?;
    }
    if let Some(follower) = follower {
        follower.follow().await;
    }
    Ok(())
}
