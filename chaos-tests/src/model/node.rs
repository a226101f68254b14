//! A node: a pipeline for each partition, and the writer they share. What `ingest::pipeline` and
//! `ingest::writer` do between two points at which they wait for others is one step here.
//!
//! A read of ClickHouse is a part of the step that needs it. Nothing is lost by that: what a node has
//! read can be old when it acts on it, since any number of other actions may come before its next step,
//! or before what it sends arrives.

use std::collections::BTreeMap;

use aurora_actors::ingest::journal::{Position, Range};
use aurora_actors::ingest::ownership::{OffsetSet, Settled};
use aurora_cluster::Epoch;

use super::server::{Insert, Outcome, Part, Statement, offsets_from};
use super::{Claimed, Entry, Flaw, Message, RequestId, Setup, World};

/// A node's memory. A crash empties it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Node {
    /// Whom it takes for members, one bit a node.
    pub view: u8,
    /// Which partitions it believes to be its to read.
    pub wanted: Vec<bool>,
    /// One a partition.
    pub pipelines: Vec<Pipeline>,
    /// What the writer waits for.
    pub writer: Writer,
    /// What has landed and is not in the journal yet.
    pub unjournaled: BTreeMap<usize, (Epoch, Vec<Entry>)>,
}

/// Where a partition's pipeline stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Pipeline {
    /// It does not own, and if the partition is wanted, the next step is to try.
    Idle,
    /// It has asked for an epoch.
    Claiming {
        /// Which.
        epoch: Epoch,
        /// The claim is known by its request.
        request: RequestId,
    },
    /// It owns, and has the inserts of earlier epochs ended.
    Killing {
        /// Its epoch.
        epoch: Epoch,
        /// The KILL.
        request: RequestId,
    },
    /// It is about to look where the journal ends.
    Looking {
        /// Its epoch.
        epoch: Epoch,
    },
    /// It is about to look for rows past the journal.
    LookingForRows {
        /// Its epoch.
        epoch: Epoch,
        /// What it knows so far.
        known: Known,
    },
    /// It is about to look for dead letters past the journal.
    LookingForDead {
        /// Its epoch.
        epoch: Epoch,
        /// What it knows so far.
        known: Known,
    },
    /// It has settled, and waits until the writer hears of it.
    Ready {
        /// Its epoch.
        epoch: Epoch,
        /// What has landed before.
        known: Known,
    },
    /// It reads.
    Open(Open),
}

/// What settling has found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Known {
    /// Where the journal ends.
    pub position: Option<u64>,
    /// The rows past it, ascending.
    pub rows: Vec<u64>,
    /// The dead letters past it, ascending.
    pub dead: Vec<u64>,
}

impl Known {
    fn settled(&self) -> Settled {
        let set = |offsets: &[u64]| OffsetSet::new(offsets.iter().map(|offset| (*offset, *offset)).collect());
        Settled {
            position: Position {
                next: self.position,
                ..Position::default()
            },
            rows: set(&self.rows),
            dead: set(&self.dead),
        }
    }
}

/// A pipeline that reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Open {
    /// Its epoch.
    pub epoch: Epoch,
    /// What had landed before it.
    pub known: Known,
    /// The offset it reads next.
    pub next: u64,
    /// What it has read and the writer has not taken.
    pub batch: Batch,
    /// Whether the writer has something of it that is not answered.
    pub is_in_flight: bool,
}

/// What is to be written of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Batch {
    /// What it accounts for.
    pub range: Entry,
    /// Offsets of rows to write.
    pub rows: Vec<u64>,
    /// Offsets of dead letters to write.
    pub dead: Vec<u64>,
}

impl Batch {
    fn starting_at(offset: u64) -> Self {
        Self {
            range: Entry(Range::empty(offset)),
            rows: Vec::new(),
            dead: Vec::new(),
        }
    }
}

/// A batch with the partition and epoch it is of.
pub type Taken = (Claimed, Batch);

/// What the writer waits for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Writer {
    /// For nothing.
    Free,
    /// For the dead letters of a commit, whose rows come after.
    Dead(RequestId, Vec<Taken>),
    /// For the rows of a commit.
    Rows(RequestId, Vec<Taken>),
    /// For the journal.
    Journal(RequestId),
}

impl Node {
    /// A node that has just started and sees `view`.
    pub fn new(setup: &Setup, view: u8) -> Self {
        let partitions = setup.kafka.len();
        Self {
            view,
            wanted: vec![false; partitions],
            pipelines: vec![Pipeline::Idle; partitions],
            writer: Writer::Free,
            unjournaled: BTreeMap::new(),
        }
    }

    /// Whether it waits for the answer to a request.
    pub fn waits_for(&self, request: RequestId) -> bool {
        let writer = match &self.writer {
            Writer::Free => None,
            Writer::Dead(id, _) | Writer::Rows(id, _) | Writer::Journal(id) => Some(*id),
        };
        let of_pipeline = |pipeline: &Pipeline| match pipeline {
            Pipeline::Claiming { request, .. } | Pipeline::Killing { request, .. } => Some(*request),
            _ => None,
        };
        writer == Some(request) || self.pipelines.iter().any(|p| of_pipeline(p) == Some(request))
    }

    /// Whether a pipeline of it has read something that nobody has taken.
    pub fn has_batches(&self) -> bool {
        self.pipelines.iter().any(has_batch)
    }
}

fn has_batch(pipeline: &Pipeline) -> bool {
    matches!(pipeline, Pipeline::Open(open) if !open.is_in_flight && !open.batch.range.0.is_empty())
}

impl World {
    /// A pipeline's next step; false when it has none.
    pub(super) fn step_pipeline(&mut self, setup: &Setup, node: usize, partition: usize) -> bool {
        let is_wanted = self.nodes[node].wanted[partition];
        let next = match self.nodes[node].pipelines[partition].clone() {
            Pipeline::Idle if is_wanted => {
                let epoch = self.server.highest(partition) + 1;
                let request = self.send(Statement::Claim {
                    partition,
                    epoch,
                    node,
                });
                Pipeline::Claiming { epoch, request }
            }
            Pipeline::Idle => return false,
            Pipeline::Claiming { epoch, request } => match self.answers.remove(&request) {
                None => return false,
                Some(Outcome::Done) => self.after_claim(setup, partition, epoch, request),
                Some(_) => Pipeline::Idle,
            },
            Pipeline::Killing { epoch, request } => match self.answers.remove(&request) {
                None => return false,
                Some(Outcome::Done) => Pipeline::Looking { epoch },
                Some(_) => Pipeline::Idle,
            },
            Pipeline::Looking { epoch } => Pipeline::LookingForRows {
                epoch,
                known: Known {
                    position: self.server.journal_position(partition),
                    ..Known::default()
                },
            },
            Pipeline::LookingForRows { epoch, mut known } => {
                known.rows = self.landed_rows(setup, partition, known.position.unwrap_or(0));
                Pipeline::LookingForDead { epoch, known }
            }
            Pipeline::LookingForDead { epoch, mut known } => {
                if !setup.has(Flaw::NoSettle) && !setup.has(Flaw::SettleWithoutDeadLetters) {
                    known.dead = offsets_from(&self.server.dead[partition], known.position.unwrap_or(0));
                }
                Pipeline::Ready { epoch, known }
            }
            Pipeline::Ready { .. } if self.nodes[node].writer != Writer::Free => return false,
            Pipeline::Ready { epoch, known } => {
                self.nodes[node].unjournaled.remove(&partition);
                let next = known.settled().start(0);
                Pipeline::Open(Open {
                    epoch,
                    known,
                    next,
                    batch: Batch::starting_at(next),
                    is_in_flight: false,
                })
            }
            Pipeline::Open(open) => {
                let has_work = open.is_in_flight || !open.batch.range.0.is_empty();
                if is_wanted || has_work || self.nodes[node].unjournaled.contains_key(&partition) {
                    return false;
                }
                // Drained: it lets go.
                Pipeline::Idle
            }
        };
        self.nodes[node].pipelines[partition] = next;
        true
    }

    fn after_claim(&mut self, setup: &Setup, partition: usize, epoch: Epoch, claim: RequestId) -> Pipeline {
        if !setup.has(Flaw::NoCompareAndSet) && !self.server.is_won(partition, epoch, claim) {
            return Pipeline::Idle;
        }
        if setup.has(Flaw::NoKill) {
            return Pipeline::Looking { epoch };
        }
        let request = self.send(Statement::Kill {
            partition,
            below: epoch,
        });
        Pipeline::Killing { epoch, request }
    }

    fn landed_rows(&self, setup: &Setup, partition: usize, from: u64) -> Vec<u64> {
        let mut rows = offsets_from(&self.server.rows[partition], from);
        if setup.has(Flaw::NoSettle) {
            rows.clear();
        }
        if let Some(highest) = rows
            .last()
            .copied()
            .filter(|_| setup.has(Flaw::SettleByHighestOffset))
        {
            rows = (from..=highest).collect();
        }
        rows
    }

    /// Whether a pipeline has room, the right and something to read.
    pub(super) fn can_read(&self, setup: &Setup, node: usize, partition: usize) -> bool {
        let Pipeline::Open(open) = &self.nodes[node].pipelines[partition] else {
            return false;
        };
        let room = open.batch.range.0.next - open.batch.range.0.first < setup.batch as u64;
        self.nodes[node].wanted[partition] && room && open.next < self.end(setup, partition)
    }

    /// A pipeline reads the next message: the steps of `account::Accountant::message`.
    pub(super) fn read(&mut self, setup: &Setup, node: usize, partition: usize) -> bool {
        if !self.can_read(setup, node, partition) {
            return false;
        }
        let Pipeline::Open(open) = &mut self.nodes[node].pipelines[partition] else {
            return false;
        };
        let messages = (0..).zip(&setup.kafka[partition]).skip(open.next as usize);
        let Some((offset, message)) = messages
            .into_iter()
            .find(|(_, message)| **message != Message::Absent)
        else {
            return false;
        };
        let settled = open.known.settled();
        let (is_row, is_dead) = (settled.rows.contains(offset), settled.dead.contains(offset));
        let range = &mut open.batch.range.0;
        if offset > range.next {
            let rows = settled.rows.count_within(range.next, offset);
            let dead = settled.dead.count_within(range.next, offset);
            range.skip_to(offset);
            range.absent -= rows + dead;
            range.rows += rows;
            range.dead += dead;
        }
        match message {
            _ if is_dead => range.dead += 1,
            _ if is_row => range.rows += 1,
            Message::Good => {
                range.rows += 1;
                open.batch.rows.push(offset);
            }
            Message::Bad => {
                range.dead += 1;
                open.batch.dead.push(offset);
            }
            Message::Tombstone | Message::Absent => range.skipped += 1,
        }
        range.next = offset + 1;
        open.next = offset + 1;
        true
    }

    /// The writer's next step: what is answered, or else a commit; false when there is none.
    pub(super) fn step_writer(&mut self, setup: &Setup, node: usize) -> bool {
        let request = match &self.nodes[node].writer {
            Writer::Free => return self.commit(setup, node),
            Writer::Dead(id, _) | Writer::Rows(id, _) | Writer::Journal(id) => *id,
        };
        let Some(outcome) = self.answers.remove(&request) else {
            return false;
        };
        let writer = std::mem::replace(&mut self.nodes[node].writer, Writer::Free);
        match (writer, outcome) {
            (Writer::Dead(_, group), Outcome::Done) => self.send_rows(setup, node, group),
            (Writer::Rows(_, group), Outcome::Done) => self.note_landed(setup, node, group),
            (Writer::Dead(_, group) | Writer::Rows(_, group), outcome) => {
                for (claimed, _) in group {
                    self.end_epoch(setup, node, claimed, outcome);
                }
            }
            (Writer::Journal(_), Outcome::Done) => self.nodes[node].unjournaled.clear(),
            // It stays to be written: nothing of it can be there.
            (Writer::Journal(_), Outcome::Unreachable) => {}
            (Writer::Journal(_), outcome) => {
                for (partition, (epoch, _)) in std::mem::take(&mut self.nodes[node].unjournaled) {
                    self.end_epoch(setup, node, (partition, epoch), outcome);
                }
            }
            (Writer::Free, _) => {}
        }
        true
    }

    /// One insert for what all partitions have ready.
    fn commit(&mut self, setup: &Setup, node: usize) -> bool {
        let mut group: Vec<Taken> = Vec::new();
        for (partition, pipeline) in self.nodes[node].pipelines.iter_mut().enumerate() {
            if has_batch(pipeline)
                && let Pipeline::Open(open) = pipeline
            {
                open.is_in_flight = true;
                let batch = std::mem::replace(&mut open.batch, Batch::starting_at(open.next));
                group.push(((partition, open.epoch), batch));
            }
        }
        if group.is_empty() {
            return false;
        }
        if setup.has(Flaw::JournalBeforeRows) {
            self.remember_for_journal(node, &group);
        }
        let parts = parts(setup, &group, |batch| &batch.dead, Part::Dead);
        if parts.is_empty() {
            self.send_rows(setup, node, group);
        } else {
            let request = self.send_insert(&group, parts);
            self.nodes[node].writer = Writer::Dead(request, group);
        }
        true
    }

    fn send_rows(&mut self, setup: &Setup, node: usize, group: Vec<Taken>) {
        let parts = parts(setup, &group, |batch| &batch.rows, Part::Rows);
        if parts.is_empty() {
            self.note_landed(setup, node, group);
        } else {
            let request = self.send_insert(&group, parts);
            self.nodes[node].writer = Writer::Rows(request, group);
        }
    }

    fn send_insert(&mut self, group: &[Taken], parts: Vec<Part>) -> RequestId {
        let epochs = group.iter().map(|(claimed, _)| *claimed).collect();
        self.send(Statement::Insert(Insert { epochs, parts }))
    }

    fn note_landed(&mut self, setup: &Setup, node: usize, group: Vec<Taken>) {
        if !setup.has(Flaw::JournalBeforeRows) {
            self.remember_for_journal(node, &group);
        }
        for ((partition, epoch), _) in group {
            if let Pipeline::Open(open) = &mut self.nodes[node].pipelines[partition]
                && open.epoch == epoch
            {
                open.is_in_flight = false;
            }
        }
    }

    fn remember_for_journal(&mut self, node: usize, group: &[Taken]) {
        for ((partition, epoch), batch) in group {
            let (_, ranges) = self.nodes[node]
                .unjournaled
                .entry(*partition)
                .or_insert_with(|| (*epoch, Vec::new()));
            if !ranges
                .last_mut()
                .is_some_and(|last| last.0.append(&batch.range.0))
            {
                ranges.push(batch.range);
            }
        }
    }

    /// The writer begins to write the journal; false when it is not free or there is nothing.
    pub(super) fn journal(&mut self, node: usize) -> bool {
        let Node {
            writer, unjournaled, ..
        } = &self.nodes[node];
        if *writer != Writer::Free || unjournaled.is_empty() {
            return false;
        }
        let epochs = unjournaled
            .iter()
            .map(|(partition, (epoch, _))| (*partition, *epoch))
            .collect();
        let entries = unjournaled
            .iter()
            .flat_map(|(partition, (_, ranges))| ranges.iter().map(|range| (*partition, *range)))
            .collect();
        let request = self.send(Statement::Insert(Insert {
            epochs,
            parts: vec![Part::Journal(entries)],
        }));
        self.nodes[node].writer = Writer::Journal(request);
        true
    }

    fn end_epoch(&mut self, setup: &Setup, node: usize, (partition, epoch): Claimed, outcome: Outcome) {
        if !matches!(&self.nodes[node].pipelines[partition], Pipeline::Open(open) if open.epoch == epoch) {
            return;
        }
        self.nodes[node].pipelines[partition] = if setup.has(Flaw::NoNewEpoch) && outcome == Outcome::Unknown
        {
            let request = self.send(Statement::Kill {
                partition,
                below: epoch + 1,
            });
            Pipeline::Killing { epoch, request }
        } else {
            Pipeline::Idle
        };
    }
}

/// What a group writes into one table, a part for each month.
fn parts(
    setup: &Setup,
    group: &[Taken],
    offsets: impl Fn(&Batch) -> &Vec<u64>,
    part: fn(Vec<(usize, u64)>) -> Part,
) -> Vec<Part> {
    let all = group
        .iter()
        .flat_map(|((partition, _), batch)| offsets(batch).iter().map(|offset| (*partition, *offset)));
    let (this, next): (Vec<_>, Vec<_>) = all.partition(|(_, offset)| *offset < setup.next_month);
    [next, this]
        .into_iter()
        .filter(|rows| !rows.is_empty())
        .map(part)
        .collect()
}
