//! One stream on this node: the actor that supervises its writer and its partitions' pipelines.
//!
//! It finds out what it needs ([`bootstrap`]), and looks every few seconds for partitions that are
//! new, and for a topic that has been made anew. Which partitions are to work here it is told
//! ([`StreamMessage::Take`], [`StreamMessage::Release`]); it starts a pipeline for each. A pipeline
//! that fails is started again after a growing pause; one whose partition another node has taken is
//! not. A writer that fails takes the stream's pipelines with it, and the stream starts over.

pub mod bootstrap;
mod drain;
mod watch;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use aurora_cluster::{Epoch, Generation, NodeId, Partition, StreamId};
use parking_lot::Mutex;
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::dead_letters::retry::{Retried, Retry};
use super::metrics::{IngestMetrics, StreamLabels};
use super::ownership::StreamTarget;
use super::ownership::owners::HighestEpochs;
use super::ownership::takeover::Takeovers;
use super::pipeline::{self, PartitionPipeline, PipelineContext, PipelineMessage};
use super::reconcile::ReconcilerMessage;
use super::schema::choice::Choices;
use super::slot::ReadySignal;
use super::source::Source;
use super::start::Start;
use super::status::{Arrival, State, StreamStatus};
use super::writer::{StreamWriter, WriterContext, WriterMessage};
use crate::store::Store;
use crate::store::identity::ClusterIdentity;
use bootstrap::Bootstrapped;
use drain::{all_drained, ask_to_drain};

const SHORTEST_RESPAWN_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_RESPAWN_PAUSE: Duration = Duration::from_secs(30);
/// How long a pipeline may take to hand over.
const DRAIN_LIMIT: Duration = Duration::from_secs(20);

/// What makes a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSpec {
    /// Its name.
    pub id: StreamId,
    /// The database of its table.
    pub database: String,
    /// What tells this life of the topic from others, when the broker cannot say.
    pub topic_identity: Option<String>,
    /// Where it begins, if it has never read anything.
    pub start: Start,
    /// What its table is made with, if there is none yet.
    pub columns: Choices,
}

/// What a stream needs.
#[derive(Clone)]
pub struct StreamContext {
    /// The stream.
    pub spec: StreamSpec,
    /// This node.
    pub node: NodeId,
    /// The cluster it is of; `None` for a node on its own.
    pub cluster: Option<ClusterIdentity>,
    /// ClickHouse.
    pub store: Store,
    /// Kafka.
    pub source: Arc<Source>,
    /// How it is doing.
    pub status: Arc<StreamStatus>,
    /// What it consists of, once that is known.
    pub shape: Arc<Mutex<Option<Shape>>>,
    /// The highest epochs, as they were last read.
    pub highest: tokio::sync::watch::Receiver<HighestEpochs>,
    /// Figures.
    pub metrics: IngestMetrics,
    /// Bounds how many partitions of the node begin to read at once.
    pub beginnings: Arc<Semaphore>,
    /// Who decides which partitions work here.
    pub reconciler: ActorRef<ReconcilerMessage>,
}

/// What a stream consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Its generation and table.
    pub target: StreamTarget,
    /// The topic's partitions, ascending.
    pub partitions: Vec<Partition>,
}

/// A stream on this node.
#[derive(Debug)]
pub struct StreamSupervisor;

/// What a stream is told.
#[derive(Debug)]
pub enum StreamMessage {
    /// Everything needed is known.
    Ready(Box<Bootstrapped>),
    /// What the topic looks like now.
    Topic(String, Vec<Partition>),
    /// Work on these partitions of this generation from now on, taken from these epochs.
    Take(Generation, Vec<(Partition, Epoch)>, Arrival),
    /// Hand over these partitions of this generation: write what is read, and let go.
    Release(Generation, Vec<Partition>, RpcReplyPort<()>),
    /// Try some dead letters of a partition of this generation again. The port that goes says that the partition does not
    /// work here.
    Retry(
        Generation,
        Partition,
        Retry,
        RpcReplyPort<Result<Retried, String>>,
    ),
    /// Start a pipeline again.
    Respawn(Partition),
    /// Start over.
    Restart,
    /// Hand over and end.
    Drain(RpcReplyPort<()>),
}

/// The state of a [`StreamSupervisor`].
pub struct StreamState {
    context: StreamContext,
    running: Option<Running>,
    /// What is to work here; of the generation in `context.shape`.
    wanted: BTreeSet<Partition>,
    tasks: Vec<JoinHandle<()>>,
    draining: bool,
    respawn_pause: Duration,
}

struct Running {
    ready: Box<Bootstrapped>,
    writer: ActorRef<WriterMessage>,
    signal: Arc<ReadySignal>,
    takeovers: Takeovers,
    pipelines: HashMap<ActorId, (Partition, ActorRef<PipelineMessage>)>,
}

impl Actor for StreamSupervisor {
    type Msg = StreamMessage;
    type State = StreamState;
    type Arguments = StreamContext;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        context: StreamContext,
    ) -> Result<StreamState, ActorProcessingErr> {
        let tasks = vec![
            tokio::spawn(watch::report_lag(context.clone())),
            tokio::spawn(watch::watch_topic(context.clone(), myself.clone())),
            tokio::spawn(watch::audit_continuously(context.clone())),
            tokio::spawn(watch::watch_rights(context.clone())),
        ];
        myself.cast(StreamMessage::Restart)?;
        Ok(StreamState {
            context,
            running: None,
            wanted: BTreeSet::new(),
            tasks,
            draining: false,
            respawn_pause: SHORTEST_RESPAWN_PAUSE,
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: StreamMessage,
        state: &mut StreamState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            StreamMessage::Restart => state.start_over(&myself).await,
            StreamMessage::Ready(ready) => state.start(&myself, ready).await?,
            StreamMessage::Topic(identity, partitions) => {
                state.topic_seen(&myself, &identity, partitions).await?;
            }
            StreamMessage::Take(generation, partitions, arrival) => {
                state.take(&myself, generation, partitions, &arrival).await?;
            }
            StreamMessage::Release(generation, partitions, done) => {
                state.release(generation, &partitions, done);
            }
            StreamMessage::Retry(generation, partition, retry, reply) => {
                if let Some(pipeline) = state.pipeline(generation, partition) {
                    // When it has ended, the port goes.
                    let _ = pipeline.cast(PipelineMessage::Retry(retry, reply));
                }
            }
            StreamMessage::Respawn(partition) => state.spawn_pipeline(&myself, partition, None).await?,
            StreamMessage::Drain(done) => {
                state.draining = true;
                state.drain().await;
                state.context.status.set_state(State::Stopped, None);
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
        state: &mut StreamState,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(child, error) => {
                state.child_ended(&myself, &child, &error.to_string());
            }
            SupervisionEvent::ActorTerminated(child, _, reason) => {
                state.child_ended(&myself, &child, reason.as_deref().unwrap_or("it has stopped"));
            }
            _ => {}
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _myself: ActorRef<Self::Msg>,
        state: &mut StreamState,
    ) -> Result<(), ActorProcessingErr> {
        state.tasks.iter().for_each(JoinHandle::abort);
        Ok(())
    }
}

impl StreamState {
    /// Lets go of everything and finds out anew what is needed.
    async fn start_over(&mut self, myself: &ActorRef<StreamMessage>) {
        self.drain().await;
        if self.draining {
            return;
        }
        self.context.status.set_state(State::Starting, None);
        let (context, myself) = (self.context.clone(), myself.clone());
        self.tasks.retain(|task| !task.is_finished());
        self.tasks.push(tokio::spawn(async move {
            let ready = bootstrap::bootstrap(&context).await;
            // The stream may have been stopped meanwhile.
            let _ = myself.cast(StreamMessage::Ready(Box::new(ready)));
        }));
    }

    async fn start(
        &mut self,
        myself: &ActorRef<StreamMessage>,
        ready: Box<Bootstrapped>,
    ) -> Result<(), ActorProcessingErr> {
        if self.draining || self.running.is_some() {
            return Ok(());
        }
        let context = &self.context;
        context
            .status
            .set_target(ready.target.generation, ready.target.table.to_string());
        context.status.set_topic_partitions(ready.partitions.len());
        let shape = Shape {
            target: ready.target.clone(),
            partitions: ready.partitions.clone(),
        };
        let before = context.shape.lock().replace(shape);
        if before.is_none_or(|before| before.target != ready.target) {
            // What was to work here was of another life of the topic.
            self.wanted.clear();
        }
        let signal = Arc::new(ReadySignal::default());
        let writer_context = WriterContext {
            store: context.store.clone(),
            target: ready.target.clone(),
            node: context.node.clone(),
            source: context.source.clone(),
            topic_identity: context
                .spec
                .topic_identity
                .is_none()
                .then(|| ready.topic_identity.clone()),
            ready: signal.clone(),
            metrics: context.metrics.clone(),
        };
        // Downstream first: a pipeline needs its writer.
        let (writer, _) = Actor::spawn_linked(None, StreamWriter, writer_context, myself.get_cell()).await?;
        let takeovers = Takeovers::start(context.store.clone(), ready.target.clone(), context.node.clone());
        self.running = Some(Running {
            ready,
            writer,
            signal,
            takeovers,
            pipelines: HashMap::new(),
        });
        for partition in self.wanted.clone() {
            self.spawn_pipeline(myself, partition, None).await?;
        }
        self.context.status.set_state(State::Running, None);
        self.context.reconciler.cast(ReconcilerMessage::Reconcile)?;
        Ok(())
    }

    /// The pipeline of a partition of this generation, if it runs.
    fn pipeline(&self, generation: Generation, partition: Partition) -> Option<&ActorRef<PipelineMessage>> {
        let running = self.running.as_ref()?;
        let is_current = running.ready.target.generation == generation;
        let mut pipelines = running.pipelines.values().filter(|_| is_current);
        pipelines
            .find(|(here, _)| *here == partition)
            .map(|(_, pipeline)| pipeline)
    }

    fn generation(&self) -> Option<Generation> {
        self.running
            .as_ref()
            .map(|running| running.ready.target.generation)
    }

    async fn take(
        &mut self,
        myself: &ActorRef<StreamMessage>,
        generation: Generation,
        partitions: Vec<(Partition, Epoch)>,
        arrival: &Arrival,
    ) -> Result<(), ActorProcessingErr> {
        if self.generation() != Some(generation) || self.draining {
            return Ok(());
        }
        for (partition, after) in partitions {
            self.wanted.insert(partition);
            self.context
                .status
                .partition(partition, |status| status.arrival = Some(arrival.clone()));
            self.spawn_pipeline(myself, partition, Some(after)).await?;
        }
        Ok(())
    }

    /// Lets partitions go, and says when all have been handed over; those that are not here are.
    fn release(&mut self, generation: Generation, partitions: &[Partition], done: RpcReplyPort<()>) {
        let mut handovers = Vec::new();
        if let Some(running) = self
            .running
            .as_ref()
            .filter(|running| running.ready.target.generation == generation)
        {
            for partition in partitions {
                self.wanted.remove(partition);
                let pipeline = running.pipelines.values().find(|(here, _)| here == partition);
                match pipeline {
                    Some((_, pipeline)) => handovers.extend(ask_to_drain(pipeline)),
                    // It has failed, and was to be started again.
                    None => self.context.status.forget(*partition),
                }
            }
        }
        tokio::spawn(async move {
            all_drained(handovers).await;
            // Who asked may have given up.
            let _ = done.send(());
        });
    }

    async fn spawn_pipeline(
        &mut self,
        myself: &ActorRef<StreamMessage>,
        partition: Partition,
        after: Option<Epoch>,
    ) -> Result<(), ActorProcessingErr> {
        let Some(running) = self.running.as_mut().filter(|_| !self.draining) else {
            return Ok(());
        };
        if !self.wanted.contains(&partition) || running.pipelines.values().any(|(here, _)| *here == partition)
        {
            return Ok(());
        }
        let context = PipelineContext {
            store: self.context.store.clone(),
            target: running.ready.target.clone(),
            node: self.context.node.clone(),
            partition,
            source: self.context.source.clone(),
            schema: running.ready.schema.clone(),
            writer: running.writer.clone(),
            ready: running.signal.clone(),
            status: self.context.status.clone(),
            metrics: self.context.metrics.clone(),
            takeovers: running.takeovers.clone(),
            after,
            first: running.ready.beginnings.get(&partition).copied(),
            highest: self.context.highest.clone(),
            beginnings: self.context.beginnings.clone(),
        };
        self.context.status.partition(partition, |_| {});
        let (pipeline, _) = Actor::spawn_linked(None, PartitionPipeline, context, myself.get_cell()).await?;
        running.pipelines.insert(pipeline.get_id(), (partition, pipeline));
        Ok(())
    }

    async fn topic_seen(
        &mut self,
        myself: &ActorRef<StreamMessage>,
        identity: &str,
        partitions: Vec<Partition>,
    ) -> Result<(), ActorProcessingErr> {
        let Some(running) = &self.running else {
            return Ok(());
        };
        if running.ready.topic_identity != identity {
            tracing::warn!(stream = %self.context.spec.id, "the topic has been made anew: a new generation begins");
            self.start_over(myself).await;
            return Ok(());
        }
        let mut shape = self.context.shape.lock();
        if let Some(shape) = shape.as_mut().filter(|shape| shape.partitions != partitions) {
            self.context.status.set_topic_partitions(partitions.len());
            shape.partitions = partitions;
            self.context.reconciler.cast(ReconcilerMessage::Reconcile)?;
        }
        Ok(())
    }

    fn child_ended(&mut self, myself: &ActorRef<StreamMessage>, child: &ActorCell, reason: &str) {
        let Some(running) = self.running.as_mut().filter(|_| !self.draining) else {
            return;
        };
        let ended = running.pipelines.remove(&child.get_id());
        if let Some((partition, _)) = ended
            && (matches!(reason, pipeline::LOST | pipeline::OUTRUN) || !self.wanted.contains(&partition))
        {
            self.let_go(partition, reason);
            return;
        }
        let pause = self.respawn_pause;
        self.respawn_pause = (pause * 2).min(LONGEST_RESPAWN_PAUSE);
        let stream = &self.context.spec.id;
        if let Some((partition, _)) = ended {
            tracing::error!(%stream, partition, reason, retry_in = ?pause, "a pipeline has failed");
            myself.send_after(pause, move || StreamMessage::Respawn(partition));
        } else if child.get_id() == running.writer.get_id() {
            tracing::error!(%stream, reason, retry_in = ?pause, "the writer has failed");
            myself.send_after(pause, || StreamMessage::Restart);
        }
    }

    /// Forgets a partition that no longer works here, and says so if nobody here wanted that.
    fn let_go(&mut self, partition: Partition, reason: &str) {
        self.wanted.remove(&partition);
        self.context.status.forget(partition);
        let stream = self.context.spec.id.clone();
        let news = match (reason, self.generation()) {
            (pipeline::LOST, Some(generation)) => {
                let labels = StreamLabels {
                    stream: stream.to_string(),
                };
                self.context.metrics.lost.get_or_create(&labels).inc();
                ReconcilerMessage::Lost(stream, generation, partition)
            }
            (pipeline::OUTRUN, _) => ReconcilerMessage::Reconcile,
            _ => return,
        };
        // A node that goes down reconciles no more.
        let _ = self.context.reconciler.cast(news);
    }

    /// Lets every pipeline write what it has and hand over.
    async fn drain(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        let pipelines = running.pipelines.values();
        let handovers = pipelines
            .filter_map(|(_, pipeline)| ask_to_drain(pipeline))
            .collect();
        if tokio::time::timeout(DRAIN_LIMIT, all_drained(handovers))
            .await
            .is_err()
        {
            tracing::warn!(stream = %self.context.spec.id, "not all partitions handed over in time");
        }
        for (_, pipeline) in running.pipelines.values() {
            pipeline.stop(None);
        }
        running.writer.stop(None);
    }
}
