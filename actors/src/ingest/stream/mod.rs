//! One stream on this node: the actor that supervises its writer and its partitions' pipelines.
//!
//! It finds out what it needs ([`bootstrap`]), starts one pipeline for each partition that is to
//! work here, and looks every few seconds for partitions that are new, and for a topic that has
//! been made anew. A pipeline that fails is started again after a growing pause; a writer that
//! fails takes the stream's pipelines with it, and the stream starts over.

pub mod bootstrap;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aurora_cluster::{NodeId, Partition, StreamId};
use parking_lot::Mutex;
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::audit;
use super::metrics::{IngestMetrics, StreamLabels};
use super::ownership::StreamTarget;
use super::pipeline::{PartitionPipeline, PipelineContext, PipelineMessage};
use super::slot::ReadySignal;
use super::source::Source;
use super::status::{State, StreamStatus};
use super::writer::{StreamWriter, WriterContext, WriterMessage};
use crate::store::Store;
use bootstrap::Bootstrapped;

const REFRESH_INTERVAL: Duration = Duration::from_secs(10);
const LAG_INTERVAL: Duration = Duration::from_secs(1);
/// The audit runs this often, and never takes more than a twentieth of the time.
const AUDIT_INTERVAL: Duration = Duration::from_secs(10);
const AUDIT_SHARE: u32 = 20;
const SHORTEST_RESPAWN_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_RESPAWN_PAUSE: Duration = Duration::from_secs(30);
/// How long a pipeline may take to hand over.
const DRAIN_LIMIT: Duration = Duration::from_secs(20);

/// What makes a stream.
#[derive(Debug, Clone)]
pub struct StreamSpec {
    /// Its name.
    pub id: StreamId,
    /// The database of its table.
    pub database: String,
    /// What tells this life of the topic from others, when the broker cannot say.
    pub topic_identity: Option<String>,
}

/// What a stream needs.
#[derive(Clone)]
pub struct StreamContext {
    /// The stream.
    pub spec: StreamSpec,
    /// This node.
    pub node: NodeId,
    /// ClickHouse.
    pub store: Store,
    /// Kafka.
    pub source: Arc<Source>,
    /// How it is doing.
    pub status: Arc<StreamStatus>,
    /// Where it writes, once that is known.
    pub target: Arc<Mutex<Option<StreamTarget>>>,
    /// Figures.
    pub metrics: IngestMetrics,
    /// Bounds how many partitions of the node take over at once.
    pub takeovers: Arc<Semaphore>,
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
    tasks: Vec<JoinHandle<()>>,
    draining: bool,
    respawn_pause: Duration,
}

struct Running {
    ready: Box<Bootstrapped>,
    writer: ActorRef<WriterMessage>,
    signal: Arc<ReadySignal>,
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
            tokio::spawn(report_lag(context.clone())),
            tokio::spawn(watch_topic(context.clone(), myself.clone())),
            tokio::spawn(audit_continuously(context.clone())),
        ];
        myself.cast(StreamMessage::Restart)?;
        Ok(StreamState {
            context,
            running: None,
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
            StreamMessage::Respawn(partition) => state.spawn_pipeline(&myself, partition).await?,
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
        *context.target.lock() = Some(ready.target.clone());
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
        let partitions = ready.partitions.clone();
        self.running = Some(Running {
            ready,
            writer,
            signal,
            pipelines: HashMap::new(),
        });
        for partition in partitions {
            self.spawn_pipeline(myself, partition).await?;
        }
        self.context.status.set_state(State::Running, None);
        Ok(())
    }

    async fn spawn_pipeline(
        &mut self,
        myself: &ActorRef<StreamMessage>,
        partition: Partition,
    ) -> Result<(), ActorProcessingErr> {
        let Some(running) = self.running.as_mut().filter(|_| !self.draining) else {
            return Ok(());
        };
        if running.pipelines.values().any(|(here, _)| *here == partition) {
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
            takeovers: self.context.takeovers.clone(),
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
        for partition in partitions {
            self.spawn_pipeline(myself, partition).await?;
        }
        Ok(())
    }

    fn child_ended(&mut self, myself: &ActorRef<StreamMessage>, child: &ActorCell, reason: &str) {
        let Some(running) = self.running.as_mut().filter(|_| !self.draining) else {
            return;
        };
        let pause = self.respawn_pause;
        self.respawn_pause = (pause * 2).min(LONGEST_RESPAWN_PAUSE);
        let stream = &self.context.spec.id;
        if let Some((partition, _)) = running.pipelines.remove(&child.get_id()) {
            tracing::error!(%stream, partition, reason, retry_in = ?pause, "a pipeline has failed");
            myself.send_after(pause, move || StreamMessage::Respawn(partition));
        } else if child.get_id() == running.writer.get_id() {
            tracing::error!(%stream, reason, retry_in = ?pause, "the writer has failed");
            myself.send_after(pause, || StreamMessage::Restart);
        }
    }

    /// Lets every pipeline write what it has and hand over.
    async fn drain(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        let mut handovers = Vec::new();
        for (_, pipeline) in running.pipelines.values() {
            let (done, handed_over) = ractor::concurrency::oneshot();
            if pipeline.cast(PipelineMessage::Drain(done.into())).is_ok() {
                handovers.push(handed_over);
            }
        }
        let all = async {
            for handed_over in handovers {
                // A pipeline that failed meanwhile has nothing to hand over.
                let _ = handed_over.await;
            }
        };
        if tokio::time::timeout(DRAIN_LIMIT, all).await.is_err() {
            tracing::warn!(stream = %self.context.spec.id, "not all partitions handed over in time");
        }
        for (_, pipeline) in running.pipelines.values() {
            pipeline.stop(None);
        }
        running.writer.stop(None);
    }
}

async fn report_lag(context: StreamContext) {
    let labels = StreamLabels {
        stream: context.spec.id.to_string(),
    };
    let mut ticks = tokio::time::interval(LAG_INTERVAL);
    loop {
        ticks.tick().await;
        let lag = i64::try_from(context.status.lag()).unwrap_or(i64::MAX);
        context.metrics.lag.get_or_create(&labels).set(lag);
    }
}

async fn watch_topic(context: StreamContext, myself: ActorRef<StreamMessage>) {
    loop {
        tokio::time::sleep(REFRESH_INTERVAL).await;
        // Brokers that are away are dealt with by those who read from them.
        if let Ok(partitions) = context.source.partitions(context.spec.id.topic()).await
            && let Ok(identity) = bootstrap::identity(&context).await
            && myself.cast(StreamMessage::Topic(identity, partitions)).is_err()
        {
            return;
        }
    }
}

async fn audit_continuously(context: StreamContext) {
    let labels = StreamLabels {
        stream: context.spec.id.to_string(),
    };
    let mut pause = Duration::from_secs(2);
    loop {
        tokio::time::sleep(pause).await;
        let Some(target) = context.target.lock().clone() else {
            continue;
        };
        let started = Instant::now();
        match audit::audit(&context.store, &target).await {
            Ok(report) => {
                if !report.clean {
                    tracing::error!(stream = %report.stream, problems = ?report.problems, "the audit found errors");
                }
                context
                    .metrics
                    .audit_clean
                    .get_or_create(&labels)
                    .set(i64::from(report.clean));
                context.status.set_audit(report);
            }
            Err(error) => tracing::debug!(%error, "no audit possible"),
        }
        pause = AUDIT_INTERVAL.max(started.elapsed() * AUDIT_SHARE);
    }
}
