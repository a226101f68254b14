//! What a node has in mind: a pipeline for each partition, and the writer they share.

use std::collections::BTreeMap;

use aurora_actors::ingest::journal::{Position, Range};
use aurora_actors::ingest::ownership::{OffsetSet, Settled};
use aurora_cluster::Epoch;

use super::{Claimed, Entry, RequestId, Setup};

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
    pub(super) fn settled(&self) -> Settled {
        let set = |offsets: &[u64]| OffsetSet::new(offsets.iter().map(|offset| (*offset, *offset)).collect());
        Settled {
            position: Position {
                next: self.position,
                ..Position::default()
            },
            rows: set(&self.rows),
            dead: set(&self.dead),
            ..Settled::default()
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
    pub(super) fn starting_at(offset: u64) -> Self {
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
        self.pipelines.iter().any(Pipeline::has_batch)
    }
}

impl Pipeline {
    /// Whether it has read something that the writer can take.
    pub(super) fn has_batch(&self) -> bool {
        matches!(self, Self::Open(open) if !open.is_in_flight && !open.batch.range.0.is_empty())
    }
}
