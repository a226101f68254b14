//! One partition of one stream on this node: the actor that reads, decodes and batches it.
//!
//! The actor's mailbox carries control only. The work is one task, `run::run`, a loop over
//! epochs: own, settle, read, decode into the slot, until the epoch ends by a failure, a hand-over
//! or a drain. Between two messages it makes rows of dead letters when it is asked to (`retry`). What ends an epoch is retried here with growing pauses, unless another node has taken
//! the partition: then the actor stops, and whether to take it back is not for it to say. A panic
//! fails the actor, and its supervisor starts another.

mod account;
mod retry;
mod run;
mod suspicion;

use std::sync::Arc;

use aurora_cluster::{Epoch, NodeId, Partition};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::dead_letters::retry::{Retried, Retry};
use super::metrics::IngestMetrics;
use super::ownership::StreamTarget;
use super::ownership::owners::HighestEpochs;
use super::ownership::takeover::Takeovers;
use super::schema::keeper::SchemaKeeper;
use super::slot::ReadySignal;
use super::source::Source;
use super::status::{State, StreamStatus};
use super::writer::WriterMessage;
use crate::store::Store;

/// Retries that wait while the partition settles; each may have a payload with it.
const WAITING_RETRIES: usize = 8;

/// The pipeline of one partition.
#[derive(Debug)]
pub struct PartitionPipeline;

/// What a pipeline needs.
#[derive(Clone)]
pub struct PipelineContext {
    /// ClickHouse.
    pub store: Store,
    /// The stream.
    pub target: StreamTarget,
    /// This node.
    pub node: NodeId,
    /// The partition.
    pub partition: Partition,
    /// Where messages come from.
    pub source: Arc<Source>,
    /// What the table looks like.
    pub schema: Arc<SchemaKeeper>,
    /// Where batches go.
    pub writer: ActorRef<WriterMessage>,
    /// Wakes the writer.
    pub ready: Arc<ReadySignal>,
    /// How the stream is doing.
    pub status: Arc<StreamStatus>,
    /// Figures.
    pub metrics: IngestMetrics,
    /// Takes the partition over.
    pub takeovers: Takeovers,
    /// The epoch that it is to be taken from; see [`takeover::Wanted`](super::ownership::takeover::Wanted).
    pub after: Option<Epoch>,
    /// Where the stream begins in this partition, if that is not its first offset.
    pub first: Option<u64>,
    /// The highest epochs, as they were last read. A partition that has nothing to write finds out from them that it
    /// is another node's now.
    pub highest: watch::Receiver<HighestEpochs>,
    /// Bounds how many partitions of the node begin to read at once.
    pub beginnings: Arc<Semaphore>,
}

/// What a pipeline is told.
#[derive(Debug)]
pub enum PipelineMessage {
    /// Write what is read, read no more, say when that is done, and end.
    Drain(RpcReplyPort<()>),
    /// Try some dead letters again. The port that goes says that the pipeline has ended
    /// meanwhile, or has too many to do.
    Retry(Retry, RpcReplyPort<Result<Retried, String>>),
    /// The task has ended.
    Ended(End),
}

/// How a pipeline came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It was asked to.
    Drained,
    /// Another node has taken the partition.
    Lost(NodeId),
    /// Another node was faster, so that the partition never was this one's.
    Outrun,
    /// A defect.
    Panicked(String),
}

impl End {
    /// As the pipeline's supervisor is told of it; `None` when it asked for it.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Drained => None,
            Self::Lost(_) => Some(LOST),
            Self::Outrun => Some(OUTRUN),
            Self::Panicked(_) => Some("it has panicked"),
        }
    }
}

/// The reason of [`End::Lost`].
pub const LOST: &str = "another node has taken the partition";
/// The reason of [`End::Outrun`].
pub const OUTRUN: &str = "another node was faster";

/// The state of a [`PartitionPipeline`].
pub struct PipelineState {
    cancel: CancellationToken,
    retries: mpsc::Sender<retry::Request>,
    drained: Vec<RpcReplyPort<()>>,
    status: Arc<StreamStatus>,
    partition: Partition,
}

impl Actor for PartitionPipeline {
    type Msg = PipelineMessage;
    type State = PipelineState;
    type Arguments = PipelineContext;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        context: PipelineContext,
    ) -> Result<PipelineState, ActorProcessingErr> {
        let cancel = CancellationToken::new();
        let (status, partition) = (context.status.clone(), context.partition);
        let (retries, asked) = mpsc::channel(WAITING_RETRIES);
        let task = tokio::spawn(run::run(context, cancel.clone(), asked));
        tokio::spawn(async move {
            let end = task
                .await
                .unwrap_or_else(|error| End::Panicked(error.to_string()));
            // The actor may have been stopped from outside; then nobody waits for this.
            let _ = myself.cast(PipelineMessage::Ended(end));
        });
        Ok(PipelineState {
            cancel,
            retries,
            drained: Vec::new(),
            status,
            partition,
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: PipelineMessage,
        state: &mut PipelineState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            PipelineMessage::Drain(done) => {
                state.drained.push(done);
                state.cancel.cancel();
            }
            PipelineMessage::Retry(retry, reply) => {
                // When the task has ended, or too many wait already, the port goes.
                let _ = state.retries.try_send((retry, reply));
            }
            PipelineMessage::Ended(End::Panicked(panic)) => return Err(panic.into()),
            PipelineMessage::Ended(end) => {
                state
                    .status
                    .partition(state.partition, |status| status.state = State::Stopped);
                for done in state.drained.drain(..) {
                    // Who asked may have given up.
                    let _ = done.send(());
                }
                myself.stop(end.reason().map(str::to_owned));
            }
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _myself: ActorRef<Self::Msg>,
        state: &mut PipelineState,
    ) -> Result<(), ActorProcessingErr> {
        state.cancel.cancel();
        Ok(())
    }
}
