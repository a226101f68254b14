//! All streams of a node: the actor that starts, restarts and drains them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use aurora_cluster::{NodeId, StreamId};
use parking_lot::{Mutex, RwLock};
use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tokio::sync::Semaphore;

use super::metrics::IngestMetrics;
use super::ownership::StreamTarget;
use super::source::Source;
use super::source::buffer::Budget;
use super::source::connection::KafkaConnection;
use super::status::StreamStatus;
use super::stream::{StreamContext, StreamMessage, StreamSpec, StreamSupervisor};
use crate::store::Store;

/// How many partitions of a node take over at once: each asks ClickHouse some questions.
const CONCURRENT_TAKEOVERS: usize = 8;
/// How long a stream that failed waits before it starts again.
const RESPAWN_PAUSE: Duration = Duration::from_secs(2);

/// What others may know of a stream on this node.
#[derive(Debug, Clone)]
pub struct StreamHandle {
    /// Its name.
    pub id: StreamId,
    /// How it is doing.
    pub status: Arc<StreamStatus>,
    /// Where it writes, once that is known.
    pub target: Arc<Mutex<Option<StreamTarget>>>,
}

/// The streams of a node, by name.
pub type StreamTable = Arc<RwLock<BTreeMap<StreamId, StreamHandle>>>;

/// The root of a node's ingest.
#[derive(Debug)]
pub struct IngestSupervisor;

/// What ingest needs.
#[derive(Clone)]
pub struct IngestContext {
    /// This node.
    pub node: NodeId,
    /// ClickHouse.
    pub store: Store,
    /// Bytes of messages that the node may hold.
    pub budget: Arc<Budget>,
    /// Figures.
    pub metrics: IngestMetrics,
    /// Where the streams are listed.
    pub streams: StreamTable,
}

/// What the supervisor is told.
#[derive(Debug)]
pub enum IngestMessage {
    /// Begin to ingest a stream.
    Start(KafkaConnection, StreamSpec),
    /// Start a stream again that failed.
    Respawn(StreamId),
    /// Hand everything over and end.
    Drain(RpcReplyPort<()>),
}

/// The state of an [`IngestSupervisor`].
pub struct IngestState {
    context: IngestContext,
    takeovers: Arc<Semaphore>,
    sources: HashMap<String, Arc<Source>>,
    contexts: BTreeMap<StreamId, StreamContext>,
    running: HashMap<ActorId, (StreamId, ActorRef<StreamMessage>)>,
    draining: bool,
}

impl Actor for IngestSupervisor {
    type Msg = IngestMessage;
    type State = IngestState;
    type Arguments = IngestContext;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        context: IngestContext,
    ) -> Result<IngestState, ActorProcessingErr> {
        Ok(IngestState {
            context,
            takeovers: Arc::new(Semaphore::new(CONCURRENT_TAKEOVERS)),
            sources: HashMap::new(),
            contexts: BTreeMap::new(),
            running: HashMap::new(),
            draining: false,
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: IngestMessage,
        state: &mut IngestState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            IngestMessage::Start(connection, spec) => {
                let id = spec.id.clone();
                state.add(connection, spec)?;
                state.spawn(&myself, &id).await?;
            }
            IngestMessage::Respawn(id) => state.spawn(&myself, &id).await?,
            IngestMessage::Drain(done) => {
                state.drain().await;
                // Who asked may have given up.
                let _ = done.send(());
                myself.stop(None);
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Self::Msg>,
        event: SupervisionEvent,
        state: &mut IngestState,
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ActorFailed(child, error) = event
            && let Some((id, _)) = state.running.remove(&child.get_id())
        {
            tracing::error!(stream = %id, %error, retry_in = ?RESPAWN_PAUSE, "a stream has failed");
            myself.send_after(RESPAWN_PAUSE, move || IngestMessage::Respawn(id.clone()));
        }
        Ok(())
    }
}

impl IngestState {
    fn add(&mut self, connection: KafkaConnection, spec: StreamSpec) -> Result<(), ActorProcessingErr> {
        let source = match self.sources.get(&connection.name) {
            Some(source) => source.clone(),
            None => {
                let name = connection.name.clone();
                let source = Arc::new(Source::start(connection, self.context.budget.clone())?);
                self.sources.insert(name, source.clone());
                source
            }
        };
        let handle = StreamHandle {
            id: spec.id.clone(),
            status: Arc::new(StreamStatus::default()),
            target: Arc::default(),
        };
        let context = StreamContext {
            spec,
            node: self.context.node.clone(),
            store: self.context.store.clone(),
            source,
            status: handle.status.clone(),
            target: handle.target.clone(),
            metrics: self.context.metrics.clone(),
            takeovers: self.takeovers.clone(),
        };
        self.context
            .streams
            .write()
            .insert(handle.id.clone(), handle.clone());
        self.contexts.insert(handle.id, context);
        Ok(())
    }

    async fn spawn(
        &mut self,
        myself: &ActorRef<IngestMessage>,
        id: &StreamId,
    ) -> Result<(), ActorProcessingErr> {
        let Some(context) = self.contexts.get(id).filter(|_| !self.draining) else {
            return Ok(());
        };
        if self.running.values().any(|(here, _)| here == id) {
            return Ok(());
        }
        let (stream, _) =
            Actor::spawn_linked(None, StreamSupervisor, context.clone(), myself.get_cell()).await?;
        self.running.insert(stream.get_id(), (id.clone(), stream));
        Ok(())
    }

    async fn drain(&mut self) {
        self.draining = true;
        let mut handovers = Vec::new();
        for (_, stream) in self.running.values() {
            let (done, handed_over) = ractor::concurrency::oneshot();
            if stream.cast(StreamMessage::Drain(done.into())).is_ok() {
                handovers.push(handed_over);
            }
        }
        for handed_over in handovers {
            // A stream that failed meanwhile has nothing to hand over.
            let _ = handed_over.await;
        }
        // Their threads end here, after everything that reads from them.
        self.running.clear();
        self.contexts.clear();
        let sources = std::mem::take(&mut self.sources);
        let _ = tokio::task::spawn_blocking(move || drop(sources)).await;
    }
}
