//! What a node does next. What `ingest::pipeline` and `ingest::writer` do between two points at which
//! they wait for others is one step here.
//!
//! A read of ClickHouse is a part of the step that needs it. Nothing is lost by that: what a node has
//! read can be old when it acts on it, since any number of other actions may come before its next step,
//! or before what it sends arrives.

use aurora_cluster::Epoch;

use super::node::{Batch, Known, Node, Open, Pipeline, Taken, Writer};
use super::server::{Insert, Outcome, Part, Statement, offsets_from};
use super::{Claimed, Flaw, Message, RequestId, Setup, World};

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
            looking @ (Pipeline::Looking { .. }
            | Pipeline::LookingForRows { .. }
            | Pipeline::LookingForDead { .. }) => self.look(setup, partition, looking),
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

    /// The reads of settling, one after the other.
    fn look(&self, setup: &Setup, partition: usize, pipeline: Pipeline) -> Pipeline {
        match pipeline {
            Pipeline::Looking { epoch } => {
                let position = self.server.journal_position(partition);
                let known = Known {
                    position,
                    ..Known::default()
                };
                Pipeline::LookingForRows { epoch, known }
            }
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
            other => other,
        }
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
            if pipeline.has_batch()
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
