//! The delivery protocol as a model: what `docs/exactly-once.md` says, step by step, without time.
//!
//! A [`World`] is everything there is: Kafka's messages, a ClickHouse, nodes, and requests on their way.
//! An [`Action`] is the smallest thing that can happen: a node takes a step, a request arrives, an
//! insert's fence is looked at, a part becomes visible, an answer is lost, somebody is killed. The
//! order of actions is all that there is to time: a node that pauses, a request that arrives long after
//! its sender has given up, a wrong view of who is a member, are orders of actions like any other.
//!
//! What can be the production's own code is: [`assign`](aurora_cluster::assign()) says who wants what,
//! `OffsetSet` and `Settled` say what has landed and where an epoch starts, `Range` accounts for
//! offsets, and `audit::judge` says what is wrong. What waits for others there, the loops of pipeline
//! and writer, is written anew here as steps.
//!
//! The model is driven in two ways. [`simulation`] draws the actions from a seed, first with faults,
//! then without until all is quiet. [`exhaustive`] lets `stateright` go through *all* orders of a small
//! world. Both are only worth something if they can fail: [`Flaw`] leaves a step of the protocol out,
//! or takes a guarantee of ClickHouse away, and the tests require that this is found.
//!
//! | module | what it is |
//! |---|---|
//! | [`server`] | ClickHouse: owners, process list, fence, parts, journal |
//! | [`node`], `steps` | a node: a pipeline for each partition and the writer they share; what it does next |
//! | [`world`] | all of it, and what can happen next |
//! | [`invariants`] | what must hold |
//! | [`simulation`], [`exhaustive`] | the drivers |
//! | [`views`] | who wants what, when nodes see different things |
//!
//! Not in the model: schemas, batches that ClickHouse refuses for their data, retention (offsets that
//! expire), a topic made anew, several replicas of ClickHouse, power loss.

pub mod exhaustive;
pub mod invariants;
pub mod node;
pub mod server;
pub mod simulation;
mod steps;
pub mod views;
pub mod world;

pub use world::{Action, World};

use std::fmt;

use aurora_actors::ingest::journal::Range;
use aurora_cluster::{Epoch, NodeId, Partition, StreamId};

/// A request to ClickHouse. No two have the same.
pub type RequestId = u32;

/// What is at an offset of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// A message that becomes a row.
    Good,
    /// One that becomes a dead letter.
    Bad,
    /// One without a value: it is skipped.
    Tombstone,
    /// Nothing: compacted away, or a transaction's marker. Never the last.
    Absent,
}

/// A step of the protocol that is left out, or a guarantee of ClickHouse that is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Whoever has inserted an epoch takes it for its own, without looking whose it is.
    NoCompareAndSet,
    /// Inserts carry no condition.
    NoFence,
    /// A new owner ends no inserts of the epochs before.
    NoKill,
    /// A new owner goes on where the journal ends, without looking at what has landed since.
    NoSettle,
    /// It looks for the highest offset that has landed, and takes it that all before have.
    SettleByHighestOffset,
    /// It looks for rows, but not for dead letters.
    SettleWithoutDeadLetters,
    /// After an unknown outcome an owner settles, killing its own inserts too, but keeps its epoch.
    NoNewEpoch,
    /// A range counts as written, for the journal, when its rows are sent, not when they have landed.
    JournalBeforeRows,
    /// ClickHouse looks at an insert's fence before it lists the insert among its processes.
    FenceBeforeListed,
    /// `KILL … SYNC` returns while killed inserts go on.
    KillReturnsEarly,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::NoCompareAndSet,
        Self::NoFence,
        Self::NoKill,
        Self::NoSettle,
        Self::SettleByHighestOffset,
        Self::SettleWithoutDeadLetters,
        Self::NoNewEpoch,
        Self::JournalBeforeRows,
        Self::FenceBeforeListed,
        Self::KillReturnsEarly,
    ];
}

/// What does not change while a world lives.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The nodes' names.
    pub nodes: Vec<NodeId>,
    /// The stream's name.
    pub stream: StreamId,
    /// What is in Kafka, partition by partition, by offset.
    pub kafka: Vec<Vec<Message>>,
    /// The first offset whose rows belong to the next month, and so to another part.
    pub next_month: u64,
    /// Most messages in a batch.
    pub batch: usize,
    /// What is wrong with the protocol.
    pub flaw: Option<Flaw>,
}

impl Setup {
    /// So many nodes and these partitions, with nothing wrong.
    pub fn new(nodes: usize, kafka: Vec<Vec<Message>>) -> Self {
        let id = |number: usize| -> Option<NodeId> { format!("node-{number}").parse().ok() };
        Self {
            nodes: (0..nodes).filter_map(id).collect(),
            stream: StreamId::new("model", "events").expect("a usable name"),
            kafka,
            next_month: u64::MAX,
            batch: 4,
            flaw: None,
        }
    }

    /// The number under which the outside knows a partition.
    pub fn partition(index: usize) -> Partition {
        Partition::try_from(index).unwrap_or(Partition::MAX)
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }
}

/// A range of the journal, hashed as the checker of states needs it, and short to read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Entry(pub Range);

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range {
            first,
            next,
            rows,
            dead,
            skipped,
            absent,
            expired,
        } = self.0;
        write!(
            f,
            "{first}..{next}: {rows} rows, {dead} dead, {skipped} skipped, {absent} absent, {expired} expired"
        )
    }
}

impl std::hash::Hash for Entry {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let Range {
            first,
            next,
            rows,
            dead,
            skipped,
            absent,
            expired,
        } = self.0;
        [first, next, rows, dead, skipped, absent, expired].hash(state);
    }
}

/// A partition's index with the epoch that a request carries of it.
pub type Claimed = (usize, Epoch);
