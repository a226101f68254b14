//! One partition of one stream on this node: the actor that reads, decodes and batches it.
//!
//! The actor's mailbox carries control only. The work is one task, `run::run`, a loop over
//! epochs: own, settle, read, decode into the slot, until the epoch ends by a failure, a hand-over
//! or a drain. What ends an epoch is retried here with growing pauses; a panic fails the actor, and
//! its supervisor starts another.

mod account;
mod run;

use std::sync::Arc;

use aurora_cluster::{NodeId, Partition};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::metrics::IngestMetrics;
use super::ownership::StreamTarget;
use super::schema::keeper::SchemaKeeper;
use super::slot::ReadySignal;
use super::source::Source;
use super::status::{State, StreamStatus};
use super::writer::WriterMessage;
use crate::store::Store;

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
    /// Bounds how many partitions of the node take over at once.
    pub takeovers: Arc<Semaphore>,
}

/// What a pipeline is told.
#[derive(Debug)]
pub enum PipelineMessage {
    /// Write what is read, read no more, say when that is done, and end.
    Drain(RpcReplyPort<()>),
    /// The task has ended; with a message if it panicked.
    Ended(Option<String>),
}

/// The state of a [`PartitionPipeline`].
pub struct PipelineState {
    cancel: CancellationToken,
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
        let task = tokio::spawn(run::run(context, cancel.clone()));
        tokio::spawn(async move {
            let panic = task.await.err().map(|error| error.to_string());
            // The actor may have been stopped from outside; then nobody waits for this.
            let _ = myself.cast(PipelineMessage::Ended(panic));
        });
        Ok(PipelineState {
            cancel,
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
            PipelineMessage::Ended(Some(panic)) => return Err(panic.into()),
            PipelineMessage::Ended(None) => {
                state
                    .status
                    .partition(state.partition, |status| status.state = State::Stopped);
                for done in state.drained.drain(..) {
                    // Who asked may have given up.
                    let _ = done.send(());
                }
                myself.stop(None);
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
