//! One insert for all that the partitions of a stream have ready, and the journal after it.
//!
//! A commit takes what lies in the slots, makes one fenced insert of it (dead letters go before, in
//! one of their own) and answers every slot. The next begins when the last has ended and
//! `Pace` allows: the more there is to do, the larger the inserts get, by themselves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aurora_cluster::{Epoch, NodeId, Partition};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use super::batch::{PartitionBatch, block_shape, encode_block};
use super::journal::Range;
use super::metrics::{IngestMetrics, StreamLabels};
use super::ownership::{Fence, StreamTarget};
use super::schema::{RETRIED_COLUMN, TableSchema};
use super::slot::{Outcome, ReadySignal, Slot, WriteError};
use super::source::Source;
use super::{dead_letters, journal};
use crate::store::sql::{ident, literal};
use crate::store::{Store, StoreError};

/// How often the journal is written.
const JOURNAL_INTERVAL: Duration = Duration::from_secs(1);
/// How often the table's parts are counted.
const PARTS_INTERVAL: Duration = Duration::from_secs(5);

/// The writer of one stream on this node.
#[derive(Debug)]
pub struct StreamWriter;

/// What a writer needs.
#[derive(Clone)]
pub struct WriterContext {
    /// ClickHouse.
    pub store: Store,
    /// What it writes.
    pub target: StreamTarget,
    /// This node.
    pub node: NodeId,
    /// Where messages come from, to be told how far we are.
    pub source: Arc<Source>,
    /// What tells this life of the topic from others; `None` when it cannot change while we run.
    pub topic_identity: Option<String>,
    /// Says when slots have something.
    pub ready: Arc<ReadySignal>,
    /// Figures.
    pub metrics: IngestMetrics,
}

/// What a writer is told.
#[derive(Debug)]
pub enum WriterMessage {
    /// A partition begins a new epoch; its earlier slot is forgotten, and so is what was to be
    /// journaled of it.
    Open(Arc<Slot>),
    /// A partition has ended its epoch. What of it is not in the journal yet is forgotten.
    Close(Arc<Slot>),
    /// Slots have something.
    Commit,
    /// Time to write the journal.
    Journal,
    /// Time to count parts.
    CountParts,
    /// Write the journal now and say when that is done.
    Flush(RpcReplyPort<()>),
}

/// The state of a [`StreamWriter`].
pub struct WriterState {
    context: WriterContext,
    slots: BTreeMap<Partition, Arc<Slot>>,
    /// What has landed and is not in the journal yet.
    unjournaled: BTreeMap<Partition, (Epoch, Vec<Range>)>,
    pace: Pace,
    labels: StreamLabels,
    waker: tokio::task::JoinHandle<()>,
}

/// When the next insert may start.
#[derive(Debug)]
struct Pace {
    last_start: Instant,
    interval: Duration,
}

impl Pace {
    /// An insert a tenth of a second keeps events fresh. Each leaves a part behind for ClickHouse to
    /// merge, so many unmerged ones stretch the interval: a hundred are usual, at a thousand
    /// ClickHouse itself starts to slow inserts down.
    const SHORTEST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(5);

    fn set_parts(&mut self, parts: u64) {
        let stretch = (parts as f64 / 100.0).max(1.0).powi(2);
        self.interval = Self::SHORTEST.mul_f64(stretch).min(Self::LONGEST);
    }

    fn wait(&self) -> Duration {
        self.interval.saturating_sub(self.last_start.elapsed())
    }
}

impl Actor for StreamWriter {
    type Msg = WriterMessage;
    type State = WriterState;
    type Arguments = WriterContext;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        context: WriterContext,
    ) -> Result<WriterState, ActorProcessingErr> {
        myself.send_interval(JOURNAL_INTERVAL, || WriterMessage::Journal);
        myself.send_interval(PARTS_INTERVAL, || WriterMessage::CountParts);
        // Turns any number of notifications into one message at a time.
        let ready = context.ready.clone();
        let waker = tokio::spawn(async move {
            loop {
                ready.some().await;
                if myself.cast(WriterMessage::Commit).is_err() {
                    return;
                }
            }
        });
        let labels = StreamLabels {
            stream: context.target.stream.to_string(),
        };
        Ok(WriterState {
            context,
            slots: BTreeMap::new(),
            unjournaled: BTreeMap::new(),
            pace: Pace {
                last_start: Instant::now(),
                interval: Pace::SHORTEST,
            },
            labels,
            waker,
        })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: WriterMessage,
        state: &mut WriterState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            WriterMessage::Open(slot) => {
                state.unjournaled.remove(&slot.partition);
                slot.announce();
                state.slots.insert(slot.partition, slot);
            }
            WriterMessage::Close(slot) => {
                if state
                    .slots
                    .get(&slot.partition)
                    .is_some_and(|known| Arc::ptr_eq(known, &slot))
                {
                    state.slots.remove(&slot.partition);
                    // Whoever has the partition next settles. Kept, it would be fenced, and with it what the other
                    // partitions have to journal.
                    state.unjournaled.remove(&slot.partition);
                }
            }
            WriterMessage::Commit => state.commit().await,
            WriterMessage::Journal => state.journal().await,
            WriterMessage::CountParts => state.count_parts().await,
            WriterMessage::Flush(done) => {
                state.journal().await;
                // Who asked may have given up.
                let _ = done.send(());
            }
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _myself: ActorRef<Self::Msg>,
        state: &mut WriterState,
    ) -> Result<(), ActorProcessingErr> {
        state.waker.abort();
        Ok(())
    }
}

/// A batch on its way, and the slot it came from.
type Taken = (Arc<Slot>, PartitionBatch);

impl WriterState {
    async fn commit(&mut self) {
        let wait = self.pace.wait();
        if !wait.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.context.ready.full.notified() => {}
            }
        }
        self.pace.last_start = Instant::now();
        self.context.ready.looked();
        let slots: Vec<Arc<Slot>> = self.slots.values().cloned().collect();
        let mut outcomes: BTreeMap<Partition, Vec<Outcome>> = BTreeMap::new();
        let taken: Vec<Taken> = slots
            .iter()
            .flat_map(|slot| slot.take().into_iter().map(|batch| (slot.clone(), batch)))
            .collect();
        if taken.is_empty() {
            return;
        }
        match self.check_topic().await {
            Ok(()) => {
                for group in groups(taken) {
                    self.commit_group(group, &mut outcomes).await;
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for (slot, _) in taken {
                    let failed = Outcome::Failed {
                        error: error.clone(),
                        rows: Vec::new(),
                    };
                    outcomes.entry(slot.partition).or_default().push(failed);
                }
            }
        }
        for slot in slots {
            if let Some(outcomes) = outcomes.remove(&slot.partition) {
                slot.answer(outcomes);
            }
        }
    }

    /// Requires that the topic is still the one whose generation is written. What has been taken was
    /// read before this is asked, and a topic's id never comes back: so it is of this life.
    async fn check_topic(&self) -> Result<(), WriteError> {
        let Some(expected) = &self.context.topic_identity else {
            return Ok(());
        };
        let found = self
            .context
            .source
            .topic_identity(self.context.target.stream.topic())
            .await?;
        if found == *expected {
            Ok(())
        } else {
            Err(WriteError::TopicMadeAnew)
        }
    }

    /// Writes batches that share an insert, and notes what became of each.
    async fn commit_group(&mut self, group: Vec<Taken>, outcomes: &mut BTreeMap<Partition, Vec<Outcome>>) {
        // After a failure of an earlier group the partition has to settle first.
        let (group, skipped): (Vec<Taken>, Vec<Taken>) = group.into_iter().partition(|(slot, _)| {
            !outcomes
                .get(&slot.partition)
                .is_some_and(|o| o.iter().any(|o| matches!(o, Outcome::Failed { .. })))
        });
        drop(skipped);
        if group.is_empty() {
            return;
        }
        let result = self.write_group(&group).await;
        let stands_alone = group.len() == 1;
        if let Err(error) = &result {
            tracing::warn!(stream = %self.labels.stream, %error, partitions = group.len(), "insert failed");
            self.context
                .metrics
                .insert_failures
                .get_or_create(&self.labels)
                .inc();
            if error.is_fenced() {
                self.context.metrics.fenced.get_or_create(&self.labels).inc();
            }
        }
        let result = result.map_err(|error| Arc::new(WriteError::from(error)));
        for (slot, batch) in group {
            let outcome = match &result {
                Ok(()) => {
                    self.note_landed(&slot, batch.range);
                    Outcome::Landed(batch.into())
                }
                Err(error) => Outcome::Failed {
                    error: error.clone(),
                    rows: if stands_alone && error.is_caused_by_data() {
                        batch.offsets
                    } else {
                        Vec::new()
                    },
                },
            };
            outcomes.entry(slot.partition).or_default().push(outcome);
        }
    }

    fn note_landed(&mut self, slot: &Slot, range: Range) {
        let (epoch, ranges) = self
            .unjournaled
            .entry(slot.partition)
            .or_insert_with(|| (slot.epoch, Vec::new()));
        debug_assert_eq!(*epoch, slot.epoch);
        if !ranges.last_mut().is_some_and(|last| last.append(&range)) {
            ranges.push(range);
        }
    }

    async fn write_group(&self, group: &[Taken]) -> Result<(), StoreError> {
        let WriterContext {
            store, target, node, ..
        } = &self.context;
        let fence = Fence::new(
            target,
            node,
            group
                .iter()
                .map(|(slot, _)| (slot.partition, slot.epoch))
                .collect(),
        );
        let at_ms = jiff::Timestamp::now().as_millisecond();
        let rejects: Vec<_> = group
            .iter()
            .flat_map(|(slot, batch)| batch.rejects.iter().map(|reject| (slot.partition, reject)))
            .collect();
        if !rejects.is_empty() {
            dead_letters::write(store, &fence, &rejects, at_ms).await?;
        }
        let batches: Vec<(Partition, &PartitionBatch)> = group
            .iter()
            .filter(|(_, batch)| !batch.offsets.is_empty())
            .map(|(slot, batch)| (slot.partition, batch))
            .collect();
        let Some((_, first)) = batches.first() else {
            return Ok(());
        };
        let statement = insert_statement(target, &first.columns.schema, &fence, Origin::Kafka);
        let rows: usize = batches.iter().map(|(_, batch)| batch.offsets.len()).sum();
        let started = Instant::now();
        store
            .insert(statement, &fence.query_id("rows"), encode_block(&batches))
            .await?;
        let metrics = &self.context.metrics;
        metrics
            .insert_seconds
            .get_or_create(&self.labels)
            .observe(started.elapsed().as_secs_f64());
        metrics
            .batch_rows
            .get_or_create(&self.labels)
            .observe(rows as f64);
        Ok(())
    }

    async fn journal(&mut self) {
        let entries: Vec<(Partition, Epoch, Range)> = self
            .unjournaled
            .iter()
            .flat_map(|(partition, (epoch, ranges))| ranges.iter().map(|range| (*partition, *epoch, *range)))
            .collect();
        if entries.is_empty() {
            return;
        }
        let WriterContext {
            store,
            target,
            node,
            source,
            ..
        } = &self.context;
        let fence = Fence::new(
            target,
            node,
            entries
                .iter()
                .map(|(partition, epoch, _)| (*partition, *epoch))
                .collect(),
        );
        let at_ms = jiff::Timestamp::now().as_millisecond();
        match journal::write(store, &fence, &entries, at_ms).await {
            Ok(()) => {
                self.unjournaled.clear();
                let positions = entries
                    .iter()
                    .map(|(partition, _, range)| (*partition, range.next))
                    .collect();
                source.commit(target.stream.topic(), &positions);
            }
            // It stays to be written: nothing of it can be there.
            Err(StoreError::Unreachable(_)) => {}
            Err(error) => {
                tracing::warn!(stream = %self.labels.stream, %error, "journal not written");
                // It may be there. Only settling under a new epoch can tell.
                let error = Arc::new(WriteError::from(error));
                for partition in std::mem::take(&mut self.unjournaled).into_keys() {
                    if let Some(slot) = self.slots.get(&partition) {
                        slot.answer([Outcome::Failed {
                            error: error.clone(),
                            rows: Vec::new(),
                        }]);
                    }
                }
            }
        }
    }

    async fn count_parts(&mut self) {
        let table = &self.context.target.table;
        let query = format!(
            "SELECT max(parts) FROM (SELECT count() AS parts FROM system.parts
             WHERE active AND database = {} AND table = {} GROUP BY partition)",
            literal(&table.database),
            literal(&table.table)
        );
        if let Ok(parts) = self.context.store.row::<u64>(&query).await {
            self.pace.set_parts(parts);
        }
    }
}

/// Batches that can share an insert: of one schema, one a partition, and none of them suspect. The
/// batches of a partition stay in order.
fn groups(taken: Vec<Taken>) -> Vec<Vec<Taken>> {
    let mut groups: Vec<Vec<Taken>> = Vec::new();
    for (slot, batch) in taken {
        let is_after = |group: &Vec<Taken>| group.iter().any(|(other, _)| other.partition == slot.partition);
        let earliest = groups.iter().rposition(is_after).map_or(0, |at| at + 1);
        let fits = |group: &Vec<Taken>| {
            group.iter().all(|(_, other)| {
                !other.alone && !batch.alone && Arc::ptr_eq(&other.columns.schema, &batch.columns.schema)
            })
        };
        match groups[earliest..].iter_mut().find(|group| fits(group)) {
            Some(group) => group.push((slot, batch)),
            None => groups.push(vec![(slot, batch)]),
        }
    }
    groups
}

/// Where the messages of an insert come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// From Kafka, as usual.
    Kafka,
    /// They were dead letters, and their rows say so.
    DeadLetters,
}

/// The statement for a block of rows of `schema`, under `fence`.
pub(super) fn insert_statement(
    target: &StreamTarget,
    schema: &TableSchema,
    fence: &Fence,
    origin: Origin,
) -> String {
    let (retried_column, now) = match origin {
        Origin::Kafka => (String::new(), ""),
        Origin::DeadLetters => (format!(", {RETRIED_COLUMN}"), ", now64(3)"),
    };
    let shape = block_shape(schema);
    let columns = shape
        .iter()
        .map(|(name, _)| ident(name))
        .collect::<Vec<_>>()
        .join(", ");
    let structure = shape
        .iter()
        .map(|(name, type_name)| format!("{} {type_name}", ident(name)))
        .collect::<Vec<_>>()
        .join(", ");
    format!(
        "INSERT INTO {} ({columns}, _topic, _generation{retried_column}) \
         SELECT {columns}, {}, toUInt32({}){now} FROM input({}) WHERE {} FORMAT Native",
        target.table,
        literal(target.stream.topic()),
        target.generation,
        literal(&structure),
        fence.condition()
    )
}

#[cfg(test)]
mod tests;
