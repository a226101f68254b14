//! The loop over epochs: the part of a pipeline that waits for others.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use aurora_cluster::NodeId;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::account::{Accountant, Stop};
use super::retry;
use super::suspicion::Suspicion;
use super::{End, PipelineContext};
use crate::ingest::batch::PartitionBatch;
use crate::ingest::metrics::{RejectLabels, StreamLabels};
use crate::ingest::ownership::owners;
use crate::ingest::ownership::takeover::{NotTaken, Taken};
use crate::ingest::schema::evolve;
use crate::ingest::schema::infer::Inference;
use crate::ingest::slot::{Landed, MAX_ROWS, Outcome, Slot, WriteError};
use crate::ingest::source::buffer::{PartitionBuffer, Permit, RawChunk};
use crate::ingest::source::connection::SourceError;
use crate::ingest::status::State;
use crate::ingest::writer::WriterMessage;
use crate::store::StoreError;

/// The first pause after a failure, and the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long a partition that is let go may take to write what was read of it.
const DRAIN_PATIENCE: Duration = Duration::from_secs(3);
const FLUSH_LIMIT_MS: u64 = 3_000;
/// Messages looked at when one needs another schema: those after it likely need the same.
const SCHEMA_LOOK_AHEAD: usize = 200;

/// Why an epoch ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum EpochEnd {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("another node was faster")]
    Outrun,
    #[error("a higher epoch has been found")]
    Overtaken,
    #[error("{0}")]
    Insert(Arc<WriteError>),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(
        "the journal goes to offset {position}, but the topic ends at {high}: its last messages are gone. \
         Nothing is read until it reaches that offset again, or the topic is made anew"
    )]
    Truncated { position: u64, high: u64 },
    #[error("the writer has stopped")]
    WriterGone,
}

impl From<NotTaken> for EpochEnd {
    fn from(error: NotTaken) -> Self {
        match error {
            NotTaken::Store(error) => Self::Store(error),
            NotTaken::Outrun => Self::Outrun,
        }
    }
}

/// Runs epochs until `cancel` asks for a drain, or another node has the partition.
pub(super) async fn run(
    context: PipelineContext,
    cancel: CancellationToken,
    mut retries: Receiver<retry::Request>,
) -> End {
    let mut suspicion = Suspicion::default();
    let mut pause = SHORTEST_PAUSE;
    let mut held = false;
    loop {
        let started = Instant::now();
        let end = match turn(&context, &mut suspicion, &cancel, &mut held, &mut retries).await {
            Ok(end) => return end,
            Err(EpochEnd::Outrun) => return End::Outrun,
            Err(end) => end,
        };
        // Looking for a bad row takes many epochs, and no time heals it.
        let by_data = matches!(&end, EpochEnd::Insert(error) if error.is_caused_by_data());
        if by_data || started.elapsed() > 2 * LONGEST_PAUSE {
            pause = SHORTEST_PAUSE;
        }
        let jittered = pause.mul_f64(0.5 + rand::random::<f64>() / 2.0);
        tracing::warn!(
            stream = %context.target.stream, partition = context.partition, reason = %end, retry_in = ?jittered,
            "the epoch has ended"
        );
        context.status.partition(context.partition, |status| {
            status.state = State::Waiting;
            status.reason = Some(end.to_string());
        });
        tokio::select! {
            () = cancel.cancelled() => return End::Drained,
            () = tokio::time::sleep(jittered) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// One epoch from its beginning to its end. `held` says, and notes, whether the partition was ours
/// before.
async fn turn(
    context: &PipelineContext,
    suspicion: &mut Suspicion,
    cancel: &CancellationToken,
    held: &mut bool,
    retries: &mut Receiver<retry::Request>,
) -> Result<End, EpochEnd> {
    // The first epoch is taken because somebody has decided so. After that, whoever has taken the
    // partition meanwhile keeps it: a node that was paused, or cut off for a while, must not take
    // back what others do well.
    if *held && let Some(owner) = taken_by_another(context).await? {
        tracing::info!(
            stream = %context.target.stream, partition = context.partition, %owner, "another node has taken the partition"
        );
        return Ok(End::Lost(owner));
    }
    let begun = tokio::select! {
        // What an epoch that was acquired meanwhile leaves behind is a number that nobody uses.
        () = cancel.cancelled() => return Ok(End::Drained),
        begun = Epoch::begin(context, suspicion, cancel, !*held) => begun?,
    };
    let Some(mut epoch) = begun else {
        return Ok(End::Drained);
    };
    *held = true;
    let end = epoch.work(suspicion, cancel, retries).await;
    epoch.close().await;
    end.map(|()| End::Drained)
}

/// The other node that has the partition now, if there is one.
async fn taken_by_another(context: &PipelineContext) -> Result<Option<NodeId>, StoreError> {
    let owner = owners::of_partition(&context.store, &context.target, context.partition).await?;
    Ok(owner.filter(|owner| *owner != context.node))
}

pub(super) struct Epoch<'a> {
    pub(super) context: &'a PipelineContext,
    pub(super) labels: StreamLabels,
    pub(super) slot: Arc<Slot>,
    outcomes: UnboundedReceiver<Outcome>,
    buffer: Arc<PartitionBuffer>,
    pub(super) accountant: Accountant,
    /// What of the current chunk is still to be decoded.
    rest: Option<Rest>,
}

struct Rest {
    chunk: RawChunk,
    permit: Option<Permit>,
    from: usize,
    settle_first: bool,
}

impl<'a> Epoch<'a> {
    /// Owns the partition, settles it and starts to read it. `None` when asked to drain meanwhile.
    async fn begin(
        context: &'a PipelineContext,
        suspicion: &mut Suspicion,
        cancel: &CancellationToken,
        is_first: bool,
    ) -> Result<Option<Epoch<'a>>, EpochEnd> {
        let PipelineContext {
            target,
            partition,
            source,
            status,
            metrics,
            ..
        } = context;
        let labels = StreamLabels {
            stream: target.stream.to_string(),
        };
        let topic = target.stream.topic();
        if cancel.is_cancelled() {
            return Ok(None);
        }
        status.partition(*partition, |status| status.state = State::Settling);
        let after = context.after.filter(|_| is_first);
        let Taken { epoch, settled } = context.takeovers.take(*partition, after).await?;
        metrics.epochs.get_or_create(&labels).inc();
        // A closed semaphore means that the node is going down.
        let Ok(_turn) = context.beginnings.acquire().await else {
            return Ok(None);
        };
        let watermarks = source.watermarks(topic, *partition).await?;
        // Kafka may have deleted more meanwhile than the stream leaves out.
        let low = context
            .first
            .map_or(watermarks.low, |first| first.max(watermarks.low));
        let start = settled.start(low);
        if start > watermarks.high {
            return Err(EpochEnd::Truncated {
                position: start,
                high: watermarks.high,
            });
        }
        tracing::info!(
            stream = %target.stream, partition, epoch, start, landed_past_journal = settled.rows.last(), "partition taken"
        );
        status.settled(*partition, epoch, start, &settled);
        let (slot, outcomes) = Slot::new(*partition, epoch, context.ready.clone());
        context
            .writer
            .cast(WriterMessage::Open(slot.clone()))
            .map_err(|_| EpochEnd::WriterGone)?;
        let max_rows = suspicion.max_rows.unwrap_or(MAX_ROWS);
        let mut accountant = Accountant::new(context.schema.current().await, settled, start, max_rows)
            .suspect(suspicion.refused.clone(), suspicion.max_rows.is_some());
        let expired = accountant.expire_before(watermarks.low);
        if !expired.is_empty() {
            tracing::warn!(stream = %target.stream, partition, ?expired, "kafka deleted messages before they were read");
            let mut batch = PartitionBatch::new(accountant.schema().clone(), start);
            batch.range = expired;
            slot.fill(|batches| batches.push_back(batch));
        }
        let buffer = source.assign(topic, *partition, start.max(watermarks.low));
        buffer.set_end_offset(i64::try_from(watermarks.high).unwrap_or(i64::MAX));
        status.partition(*partition, |status| {
            status.state = State::Running;
            status.reason = None;
        });
        Ok(Some(Epoch {
            context,
            labels,
            slot,
            outcomes,
            buffer,
            accountant,
            rest: None,
        }))
    }

    /// Reads and decodes until asked to drain, or until something fails.
    async fn work(
        &mut self,
        suspicion: &mut Suspicion,
        cancel: &CancellationToken,
        retries: &mut Receiver<retry::Request>,
    ) -> Result<(), EpochEnd> {
        let mut end_offset_check = tokio::time::interval(Duration::from_millis(500));
        loop {
            let is_full = self.slot.is_full(suspicion.max_rows.unwrap_or(MAX_ROWS));
            tokio::select! {
                // Answers first: they free memory and end epochs.
                biased;
                outcome = self.outcomes.recv() => self.outcome(outcome, suspicion)?,
                () = cancel.cancelled() => break,
                Some(request) = retries.recv() => self.answer_retry(request, cancel).await?,
                () = self.slot.changed(), if is_full => {}
                _ = end_offset_check.tick() => {
                    self.note_end_offset();
                    self.require_highest()?;
                }
                ready = std::future::ready(()), if !is_full && self.rest.is_some() => {
                    let () = ready;
                    self.decode_rest().await?;
                }
                next = self.buffer.next(), if !is_full && self.rest.is_none() => {
                    let (chunk, permit) = next?;
                    self.rest = Some(Rest { chunk, permit: Some(permit), from: 0, settle_first: false });
                }
            }
        }
        // Read no more; what is decoded is written and journaled before the partition is let go.
        self.context.source.unassign(
            self.context.target.stream.topic(),
            self.context.partition,
            &self.buffer,
        );
        self.rest = None;
        // Somebody waits for this partition: the writer need not wait for more.
        self.context.ready.full.notify_one();
        let written = async {
            while !self.slot.is_idle() || !self.outcomes.is_empty() {
                tokio::select! {
                    biased;
                    outcome = self.outcomes.recv() => self.outcome(outcome, suspicion)?,
                    () = self.slot.changed() => {}
                }
            }
            let flushed = ractor::call_t!(self.context.writer, WriterMessage::Flush, FLUSH_LIMIT_MS);
            flushed.map_err(|_| EpochEnd::WriterGone)
        };
        match tokio::time::timeout(DRAIN_PATIENCE, written).await {
            Ok(written) => written,
            // Kafka or ClickHouse is away. Whoever comes next finds out what has landed, and reads the rest again.
            Err(_) => {
                self.slot.abandon();
                Ok(())
            }
        }
    }

    async fn close(self) {
        self.context.source.unassign(
            self.context.target.stream.topic(),
            self.context.partition,
            &self.buffer,
        );
        self.slot.close().await;
        // A writer that is gone has nothing to forget.
        let _ = self.context.writer.cast(WriterMessage::Close(self.slot));
    }

    fn note_end_offset(&self) {
        let end = self.buffer.end_offset();
        let is_idle = self.rest.is_none() && self.buffer.bytes() == 0 && self.slot.is_idle();
        self.context.status.partition(self.context.partition, |status| {
            status.end_offset = end.or(status.end_offset);
            status.note_idle(is_idle);
        });
    }

    /// Ends the epoch when a higher one has been seen. One that writes learns of it from the fence.
    fn require_highest(&self) -> Result<(), EpochEnd> {
        let PipelineContext {
            highest,
            target,
            partition,
            ..
        } = self.context;
        let key = (target.generation, *partition);
        match highest.borrow().get(&key) {
            Some(epoch) if *epoch > self.slot.epoch => Err(EpochEnd::Overtaken),
            _ => Ok(()),
        }
    }

    /// Deals with the writer's answer.
    fn outcome(&mut self, outcome: Option<Outcome>, suspicion: &mut Suspicion) -> Result<(), EpochEnd> {
        match outcome {
            None => Err(EpochEnd::WriterGone),
            Some(Outcome::Failed { error, rows }) => {
                if error.is_caused_by_data() {
                    suspicion.failed(&rows, &error);
                }
                Err(EpochEnd::Insert(error))
            }
            Some(Outcome::Landed(Landed {
                range,
                timestamps_ms,
                message_bytes,
                rejected,
            })) => {
                suspicion.landed(&range);
                let max_rows = suspicion.max_rows.unwrap_or(MAX_ROWS);
                self.accountant
                    .set_max_rows(max_rows, suspicion.max_rows.is_some());
                let PipelineContext {
                    status,
                    metrics,
                    partition,
                    ..
                } = self.context;
                metrics.rows.get_or_create(&self.labels).inc_by(range.rows);
                metrics.skipped.get_or_create(&self.labels).inc_by(range.skipped);
                metrics.bytes.get_or_create(&self.labels).inc_by(message_bytes);
                for reason in rejected {
                    let labels = RejectLabels {
                        stream: self.labels.stream.clone(),
                        reason: reason.to_owned(),
                    };
                    metrics.rejected.get_or_create(&labels).inc();
                }
                for ms in status.landed(*partition, &range, message_bytes, &timestamps_ms) {
                    metrics
                        .freshness
                        .get_or_create(&self.labels)
                        .observe(ms / 1_000.0);
                }
                Ok(())
            }
        }
    }

    /// Decodes what is left of the chunk, as far as there is room and the schema fits.
    async fn decode_rest(&mut self) -> Result<(), EpochEnd> {
        let Some(mut rest) = self.rest.take() else {
            return Ok(());
        };
        let accountant = &mut self.accountant;
        let stop = self.slot.fill(|batches| {
            let result = accountant.take(&rest.chunk, rest.from, rest.settle_first, batches);
            if result.is_ok()
                && let (Some(batch), Some(permit)) = (batches.back_mut(), rest.permit.take())
            {
                batch.permits.push(permit);
            }
            result
        });
        match stop {
            Ok(()) => {}
            Err(Stop::Full(from)) => {
                self.rest = Some(Rest {
                    from,
                    settle_first: false,
                    ..rest
                });
            }
            Err(Stop::NeedsSchema(from)) => {
                let grown = grow(self.context, &self.labels, accountant, &rest.chunk, from).await?;
                let settle_first = grown.is_break();
                self.rest = Some(Rest {
                    from,
                    settle_first,
                    ..rest
                });
            }
        }
        Ok(())
    }
}

/// Looks at what the messages of `chunk` from `from` on need, and lets the table grow if it can. Break when it does not.
pub(super) async fn grow(
    context: &PipelineContext,
    labels: &StreamLabels,
    accountant: &mut Accountant,
    chunk: &RawChunk,
    from: usize,
) -> Result<ControlFlow<()>, EpochEnd> {
    let schema = accountant.schema().clone();
    let current = context.schema.current().await;
    if !Arc::ptr_eq(&schema, &current) {
        accountant.set_schema(current);
        return Ok(ControlFlow::Continue(()));
    }
    let mut seen = Inference::default();
    let mut payloads = chunk
        .messages(from)
        .filter_map(|m| m.payload.map(|payload| (payload, m.timestamp_ms)));
    if let Some((payload, timestamp_ms)) = payloads.next() {
        seen.observe(payload, timestamp_ms);
    }
    if evolve::propose(&schema, &seen).is_empty() {
        return Ok(ControlFlow::Break(()));
    }
    payloads
        .take(SCHEMA_LOOK_AHEAD)
        .for_each(|(payload, timestamp_ms)| seen.observe(payload, timestamp_ms));
    let changes = evolve::propose(&schema, &seen);
    let (grown, changed) = context.schema.evolve(&schema, &changes).await?;
    if changed {
        context.metrics.schema_changes.get_or_create(labels).inc();
    }
    if Arc::ptr_eq(&grown, &schema) {
        return Ok(ControlFlow::Break(()));
    }
    accountant.set_schema(grown);
    Ok(ControlFlow::Continue(()))
}
