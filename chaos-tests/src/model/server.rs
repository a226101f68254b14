//! ClickHouse, as far as the protocol leans on it.
//!
//! Reads see what is there at one moment. What writes takes several steps, and anything can happen
//! between two of them.

use std::collections::BTreeMap;

use aurora_cluster::Epoch;

use super::{Claimed, Entry, Flaw, RequestId, Setup};

/// What a node asks of ClickHouse that has an effect.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Statement {
    /// Makes an epoch the node's, unless it is somebody's already.
    Claim {
        /// The partition.
        partition: usize,
        /// The epoch.
        epoch: Epoch,
        /// Who asks.
        node: usize,
    },
    /// `KILL QUERY … SYNC` of the inserts that carry a partition under an epoch below.
    Kill {
        /// The partition.
        partition: usize,
        /// The epoch that has begun.
        below: Epoch,
    },
    /// An insert under a fence.
    Insert(Insert),
}

/// An insert under a fence, of which each part becomes visible whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Insert {
    /// The claim: these are the highest epochs. The query id names them too.
    pub epochs: Vec<Claimed>,
    /// What has not landed yet, in the order in which it will.
    pub parts: Vec<Part>,
}

/// What becomes visible at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// Rows of the stream's table: partitions and offsets.
    Rows(Vec<(usize, u64)>),
    /// Dead letters.
    Dead(Vec<(usize, u64)>),
    /// Ranges of the journal.
    Journal(Vec<(usize, Entry)>),
}

/// How a request ended, as its sender learns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Done.
    Done,
    /// The fence threw: nothing of it has landed.
    Fenced,
    /// No connection came about: nothing of it has landed, or will.
    Unreachable,
    /// Anything may have happened, or may still happen: killed, connection lost, no answer in time.
    Unknown,
}

/// An insert that has arrived.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Running {
    /// What is left of it.
    pub insert: Insert,
    /// Whether a KILL can see it.
    pub is_listed: bool,
    /// Whether its fence has held.
    pub has_passed: bool,
    /// Whether a KILL has met it. It may still land more until it notices.
    pub is_killed: bool,
}

/// The state of ClickHouse.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Server {
    /// For each partition and epoch the claims that are there, with their nodes. Two only when a
    /// deduplication token was forgotten.
    pub owners: Vec<BTreeMap<Epoch, Vec<(RequestId, usize)>>>,
    /// The inserts under way.
    pub running: BTreeMap<RequestId, Running>,
    /// The KILLs that wait, and for which inserts.
    pub kills: BTreeMap<RequestId, Vec<RequestId>>,
    /// How many rows there are of each offset.
    pub rows: Vec<Vec<u8>>,
    /// How many dead letters there are of each offset.
    pub dead: Vec<Vec<u8>>,
    /// The journal.
    pub journal: Vec<(usize, Entry)>,
}

/// Who is told what.
pub type Answers = Vec<(RequestId, Outcome)>;

impl Server {
    /// A ClickHouse without data.
    pub fn new(setup: &Setup) -> Self {
        let none: Vec<Vec<u8>> = setup
            .kafka
            .iter()
            .map(|messages| vec![0; messages.len()])
            .collect();
        Self {
            owners: vec![BTreeMap::new(); setup.kafka.len()],
            running: BTreeMap::new(),
            kills: BTreeMap::new(),
            rows: none.clone(),
            dead: none,
            journal: Vec::new(),
        }
    }

    /// A request arrives. A claim is settled at once, also when its token `is_forgotten`; an insert is
    /// listed; a KILL marks its victims and is answered when they are gone.
    pub fn arrive(
        &mut self,
        setup: &Setup,
        id: RequestId,
        statement: Statement,
        is_forgotten: bool,
    ) -> Answers {
        match statement {
            Statement::Claim {
                partition,
                epoch,
                node,
            } => {
                let claims = self.owners[partition].entry(epoch).or_default();
                if claims.is_empty() || is_forgotten {
                    claims.push((id, node));
                }
                vec![(id, Outcome::Done)]
            }
            Statement::Kill { partition, below } => self.kill(setup, id, partition, below),
            Statement::Insert(insert) => {
                let early = setup.has(Flaw::FenceBeforeListed);
                let running = Running {
                    is_listed: !early,
                    has_passed: early && self.fence_holds(setup, &insert),
                    is_killed: false,
                    insert,
                };
                if early && !running.has_passed {
                    return vec![(id, Outcome::Fenced)];
                }
                self.running.insert(id, running);
                Vec::new()
            }
        }
    }

    fn kill(&mut self, setup: &Setup, id: RequestId, partition: usize, below: Epoch) -> Answers {
        let carries = |running: &Running| {
            running
                .insert
                .epochs
                .iter()
                .any(|(p, e)| *p == partition && *e < below)
        };
        let mut victims = Vec::new();
        for (victim, running) in &mut self.running {
            if running.is_listed && carries(running) {
                running.is_killed = true;
                victims.push(*victim);
            }
        }
        if victims.is_empty() || setup.has(Flaw::KillReturnsEarly) {
            return vec![(id, Outcome::Done)];
        }
        self.kills.insert(id, victims);
        Vec::new()
    }

    fn fence_holds(&self, setup: &Setup, insert: &Insert) -> bool {
        let is_highest = |(partition, epoch): &Claimed| self.highest(*partition) == *epoch;
        setup.has(Flaw::NoFence) || insert.epochs.iter().all(is_highest)
    }

    /// An insert that has arrived goes on to where its parts can land.
    pub fn proceed(&mut self, setup: &Setup, id: RequestId) -> Answers {
        let Some(running) = self.running.get(&id) else {
            return Vec::new();
        };
        if !running.has_passed && !self.fence_holds(setup, &running.insert) {
            return self.end(id, Outcome::Fenced);
        }
        if let Some(running) = self.running.get_mut(&id) {
            (running.has_passed, running.is_listed) = (true, true);
        }
        Vec::new()
    }

    /// The next part of an insert becomes visible.
    pub fn land(&mut self, id: RequestId) -> Answers {
        let Some(running) = self.running.get_mut(&id) else {
            return Vec::new();
        };
        match running.insert.parts.remove(0) {
            Part::Rows(rows) => count(&mut self.rows, &rows),
            Part::Dead(dead) => count(&mut self.dead, &dead),
            Part::Journal(entries) => self.journal.extend(entries),
        }
        if running.insert.parts.is_empty() {
            return self.end(id, Outcome::Done);
        }
        Vec::new()
    }

    /// An insert ends, and so do the KILLs that waited for it alone.
    pub fn end(&mut self, id: RequestId, outcome: Outcome) -> Answers {
        self.running.remove(&id);
        let mut answers = vec![(id, outcome)];
        self.kills.retain(|kill, victims| {
            victims.retain(|victim| *victim != id);
            if victims.is_empty() {
                answers.push((*kill, Outcome::Done));
            }
            !victims.is_empty()
        });
        answers
    }

    /// It is killed with -9 and comes back: what was under way is gone, what was visible stays.
    pub fn crash(&mut self) -> Answers {
        let lost = self.running.keys().chain(self.kills.keys());
        let answers = lost.map(|id| (*id, Outcome::Unknown)).collect();
        self.running.clear();
        self.kills.clear();
        answers
    }

    /// The highest epoch of a partition; 0 when it has none.
    pub fn highest(&self, partition: usize) -> Epoch {
        self.owners[partition]
            .last_key_value()
            .map_or(0, |(epoch, _)| *epoch)
    }

    /// The node of the highest epoch.
    pub fn owner(&self, partition: usize) -> Option<usize> {
        let (_, claims) = self.owners[partition].last_key_value()?;
        claims.first().map(|(_, node)| *node)
    }

    /// Whether an epoch has one claim, and this is it.
    pub fn is_won(&self, partition: usize, epoch: Epoch, claim: RequestId) -> bool {
        let claims = self.owners[partition].get(&epoch);
        claims.is_some_and(|claims| claims.len() == 1 && claims[0].0 == claim)
    }

    /// The offset after the last journaled one.
    pub fn journal_position(&self, partition: usize) -> Option<u64> {
        let of_partition = self.journal.iter().filter(|(of, _)| *of == partition);
        of_partition.map(|(_, entry)| entry.0.next).max()
    }
}

fn count(table: &mut [Vec<u8>], offsets: &[(usize, u64)]) {
    for (partition, offset) in offsets {
        table[*partition][*offset as usize] += 1;
    }
}

/// The offsets from `from` on that a table holds, ascending.
pub fn offsets_from(counts: &[u8], from: u64) -> Vec<u64> {
    (from..counts.len() as u64)
        .filter(|offset| counts[*offset as usize] > 0)
        .collect()
}
