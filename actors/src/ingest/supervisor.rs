//! All streams of a node: the actor that starts, restarts and drains them, and the reconciler that
//! says which of their partitions work here.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use aurora_cluster::{Epoch, Generation, NodeId, Partition, StreamId};
use parking_lot::{Mutex, RwLock};
use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tokio::sync::{Semaphore, watch};

use super::dead_letters::retry::{Retried, Retry};
use super::metrics::{IngestMetrics, StreamLabels};
use super::ownership::StreamTarget;
use super::ownership::owners::HighestEpochs;
use super::reconcile::{Members, Peers, Reconciler, ReconcilerContext, ReconcilerMessage};
use super::source::Source;
use super::source::buffer::Budget;
use super::source::connection::{KafkaConnection, SourceError};
use super::status::{Arrival, State, StreamStatus};
use super::stream::{Shape, StreamContext, StreamMessage, StreamSpec, StreamSupervisor};
use crate::store::Store;
use crate::store::identity::ClusterIdentity;

/// How many partitions of a node begin to read at once: each asks the brokers where it starts and ends.
const CONCURRENT_BEGINNINGS: usize = 16;
/// How long a stream that failed waits before it starts again.
const RESPAWN_PAUSE: Duration = Duration::from_secs(2);
/// How often to look whether anybody still reads from a connection that is no longer needed.
const RETIREMENT_INTERVAL: Duration = Duration::from_millis(100);

/// What others may know of a stream on this node.
#[derive(Debug, Clone)]
pub struct StreamHandle {
    /// Its name.
    pub id: StreamId,
    /// How it is doing.
    pub status: Arc<StreamStatus>,
    /// What it consists of, once that is known.
    pub shape: Arc<Mutex<Option<Shape>>>,
    /// Where its pipelines are told of epochs.
    pub highest: Arc<watch::Sender<HighestEpochs>>,
}

impl StreamHandle {
    /// Where it writes, once that is known.
    pub fn target(&self) -> Option<StreamTarget> {
        self.shape.lock().as_ref().map(|shape| shape.target.clone())
    }
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
    /// The cluster it is of; `None` for a node on its own.
    pub cluster: Option<ClusterIdentity>,
    /// ClickHouse.
    pub store: Store,
    /// Bytes of messages that the node may hold.
    pub budget: Arc<Budget>,
    /// Figures.
    pub metrics: IngestMetrics,
    /// Where the streams are listed.
    pub streams: StreamTable,
    /// Who is in the cluster.
    pub members: watch::Receiver<Members>,
    /// How to ask other nodes.
    pub peers: Arc<dyn Peers>,
}

/// What the supervisor is told.
#[derive(Debug)]
pub enum IngestMessage {
    /// Begin to ingest a stream, in place of what is here under its name: that hands over first.
    Start(KafkaConnection, StreamSpec),
    /// List a stream that cannot begin here, and why. What is here under its name is stopped.
    Wait(StreamId, String),
    /// Let go of a stream, and list it as one that is paused, with the reason, if there is one.
    Pause(StreamId, Option<String>),
    /// Let go of a stream, and forget it.
    Stop(StreamId),
    /// Start a stream again that failed.
    Respawn(StreamId),
    /// Start the reconciler again that failed.
    RespawnReconciler,
    /// Work on these partitions of a stream's generation from now on, taken from these epochs.
    Take(StreamId, Generation, Vec<(Partition, Epoch)>, Arrival),
    /// Hand these partitions of a stream's generation over to another node, which asks for them.
    Release(StreamId, Generation, Vec<Partition>, RpcReplyPort<()>),
    /// Try some dead letters of a partition of a stream's generation again. The port that goes says that the partition
    /// does not work here.
    Retry(
        StreamId,
        Generation,
        Partition,
        Retry,
        RpcReplyPort<Result<Retried, String>>,
    ),
    /// Hand everything over and end.
    Drain(RpcReplyPort<()>),
}

/// The state of an [`IngestSupervisor`].
pub struct IngestState {
    context: IngestContext,
    beginnings: Arc<Semaphore>,
    reconciler: ActorRef<ReconcilerMessage>,
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
        myself: ActorRef<Self::Msg>,
        context: IngestContext,
    ) -> Result<IngestState, ActorProcessingErr> {
        let reconciler = spawn_reconciler(&context, &myself).await?;
        Ok(IngestState {
            context,
            beginnings: Arc::new(Semaphore::new(CONCURRENT_BEGINNINGS)),
            reconciler,
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
                state.stop(&id);
                state.add(connection, spec);
                state.spawn(&myself, &id).await?;
            }
            IngestMessage::Wait(id, reason) => {
                state.stop(&id);
                state.list(&id).status.set_state(State::Waiting, Some(reason));
            }
            IngestMessage::Pause(id, reason) => state.pause(&id, reason),
            IngestMessage::Stop(id) => state.stop(&id),
            IngestMessage::Respawn(id) => state.spawn(&myself, &id).await?,
            IngestMessage::RespawnReconciler => {
                state.reconciler = spawn_reconciler(&state.context, &myself).await?;
                for context in state.contexts.values_mut() {
                    context.reconciler = state.reconciler.clone();
                }
            }
            IngestMessage::Take(id, generation, partitions, arrival) => {
                state.tell(&id, StreamMessage::Take(generation, partitions, arrival));
            }
            IngestMessage::Release(id, generation, partitions, done) => {
                let epochs = state
                    .contexts
                    .get(&id)
                    .map(|stream| stream.status.epochs(&partitions));
                let epochs = epochs.unwrap_or_default();
                let _ = state
                    .reconciler
                    .cast(ReconcilerMessage::Released(id.clone(), generation, epochs));
                // A stream that does not run has nothing to hand over: the port that goes says so.
                state.tell(&id, StreamMessage::Release(generation, partitions, done));
            }
            IngestMessage::Retry(id, generation, partition, retry, reply) => {
                state.tell(&id, StreamMessage::Retry(generation, partition, retry, reply));
            }
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
        let (child, error) = match event {
            SupervisionEvent::ActorFailed(child, error) => (child, Some(error)),
            SupervisionEvent::ActorTerminated(child, ..) => (child, None),
            _ => return Ok(()),
        };
        let stream = state.running.remove(&child.get_id());
        if let Some((id, _)) = stream {
            state.ended(&myself, id, error.as_ref());
        } else if child.get_id() == state.reconciler.get_id() && !state.draining {
            tracing::error!(?error, retry_in = ?RESPAWN_PAUSE, "the reconciler has failed");
            myself.send_after(RESPAWN_PAUSE, || IngestMessage::RespawnReconciler);
        }
        Ok(())
    }
}

async fn spawn_reconciler(
    context: &IngestContext,
    myself: &ActorRef<IngestMessage>,
) -> Result<ActorRef<ReconcilerMessage>, ActorProcessingErr> {
    let reconciler = ReconcilerContext {
        node: context.node.clone(),
        store: context.store.clone(),
        streams: context.streams.clone(),
        members: context.members.clone(),
        peers: context.peers.clone(),
        ingest: myself.clone(),
        metrics: context.metrics.clone(),
    };
    let (reconciler, _) = Actor::spawn_linked(None, Reconciler, reconciler, myself.get_cell()).await?;
    Ok(reconciler)
}

impl IngestState {
    fn tell(&self, id: &StreamId, message: StreamMessage) {
        if let Some((_, stream)) = self.running.values().find(|(here, _)| here == id) {
            // A stream that has just ended is started again, and then asked again.
            let _ = stream.cast(message);
        }
    }

    /// Forgets a stream and lets it hand over.
    fn stop(&mut self, id: &StreamId) {
        self.context.streams.write().remove(id);
        if let Some(context) = self.contexts.remove(id) {
            self.retire_unused(&context.source);
            let (done, _) = ractor::concurrency::oneshot();
            self.tell(id, StreamMessage::Drain(done.into()));
        }
    }

    /// Lets a stream hand over, and lists it all the same.
    fn pause(&mut self, id: &StreamId, reason: Option<String>) {
        let before = self
            .context
            .streams
            .read()
            .get(id)
            .map(|stream| stream.status.snapshot());
        self.stop(id);
        let status = self.list(id).status;
        if let Some((generation, table)) = before.and_then(|before| Some((before.generation, before.table?)))
        {
            status.set_target(generation, table);
        }
        status.set_state(State::Paused, reason);
    }

    /// What happens when a stream has ended: one that failed starts again after a pause, and one that was
    /// stopped and is wanted again starts now that its predecessor has handed over.
    fn ended(&mut self, myself: &ActorRef<IngestMessage>, id: StreamId, error: Option<&ActorProcessingErr>) {
        let is_wanted = self.contexts.contains_key(&id);
        match error {
            Some(error) if is_wanted => {
                tracing::error!(stream = %id, %error, retry_in = ?RESPAWN_PAUSE, "a stream has failed");
                myself.send_after(RESPAWN_PAUSE, move || IngestMessage::Respawn(id.clone()));
            }
            None if is_wanted => {
                // Fails only when ingest itself has ended.
                let _ = myself.cast(IngestMessage::Respawn(id));
            }
            _ => {
                let labels = StreamLabels {
                    stream: id.to_string(),
                };
                self.context.metrics.lag.remove(&labels);
                self.context.metrics.audit_clean.remove(&labels);
            }
        }
    }

    /// The consumer of a connection: that which is there, unless the connection has changed.
    fn source(&mut self, connection: KafkaConnection) -> Result<Arc<Source>, SourceError> {
        match self.sources.get(&connection.name) {
            Some(source) if *source.connection() == connection => Ok(source.clone()),
            _ => {
                let name = connection.name.clone();
                let source = Arc::new(Source::start(connection, self.context.budget.clone())?);
                // One in its place is still read from, until the last of its streams is stopped.
                self.sources.insert(name, source.clone());
                Ok(source)
            }
        }
    }

    /// Closes a connection's consumer if no stream is to read from it, as soon as none does.
    fn retire_unused(&mut self, source: &Arc<Source>) {
        if self
            .contexts
            .values()
            .any(|context| Arc::ptr_eq(&context.source, source))
        {
            return;
        }
        self.sources.retain(|_, here| !Arc::ptr_eq(here, source));
        let source = source.clone();
        tokio::spawn(async move {
            while Arc::strong_count(&source) > 1 {
                tokio::time::sleep(RETIREMENT_INTERVAL).await;
            }
            // This waits for the consumer's thread.
            let _ = tokio::task::spawn_blocking(move || drop(source)).await;
        });
    }

    /// Lists a stream that nothing is known of yet.
    fn list(&self, id: &StreamId) -> StreamHandle {
        let handle = StreamHandle {
            id: id.clone(),
            status: Arc::new(StreamStatus::default()),
            shape: Arc::default(),
            highest: Arc::default(),
        };
        let mut streams = self.context.streams.write();
        streams.insert(id.clone(), handle.clone());
        handle
    }

    /// Lists a stream and makes what it needs. One whose connection cannot work stays listed, with the reason.
    fn add(&mut self, connection: KafkaConnection, spec: StreamSpec) {
        let handle = self.list(&spec.id);
        let source = match self.source(connection) {
            Ok(source) => source,
            Err(error) => {
                tracing::warn!(stream = %spec.id, %error, "the stream cannot start");
                handle.status.set_state(State::Waiting, Some(error.to_string()));
                return;
            }
        };
        let context = StreamContext {
            spec,
            node: self.context.node.clone(),
            cluster: self.context.cluster.clone(),
            store: self.context.store.clone(),
            source,
            status: handle.status.clone(),
            shape: handle.shape.clone(),
            highest: handle.highest.subscribe(),
            metrics: self.context.metrics.clone(),
            beginnings: self.beginnings.clone(),
            reconciler: self.reconciler.clone(),
        };
        self.contexts.insert(handle.id, context);
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
        self.reconciler.stop(None);
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

#[cfg(test)]
mod tests;
