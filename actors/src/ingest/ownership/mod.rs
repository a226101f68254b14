//! Whose work counts: epochs, the fence and settling.
//!
//! The delivery protocol has four steps and no clock. *Own*: to take a partition, a node inserts
//! the next epoch under a deduplication token that names it; ClickHouse keeps the first row under a
//! token, so this is a compare-and-set ([`takeover`]). *Write under the fence*: every insert carries
//! the condition that its epochs are still the highest ([`Fence`]). *Journal*: after a batch has
//! landed, what it held is noted ([`journal`](super::journal)). *Settle*: under a new
//! epoch, end the inserts of the epochs before it, then look at what has landed past the journal
//! (also [`takeover`]). Who has what now is in [`owners`].
//!
//! Why nothing is lost or doubled: an insert of an old epoch that passed the fence was in
//! ClickHouse's process list before the new epoch existed, so the KILL ends it or waits for it; one
//! that is not in the list yet will meet the new epoch in its fence. Between the KILL and the look
//! nothing old can land. After an unknown outcome the epoch must change too: the lost request may
//! still arrive after the look.

pub mod owners;
pub mod takeover;

use std::fmt::Write as _;

use aurora_cluster::{Epoch, Generation, NodeId, Partition, StreamId};

use super::journal::Position;
use crate::store::error::FENCED;
use crate::store::sql::{TableName, literal};

/// One stream in one generation, and where its events go: what every statement of the protocol names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamTarget {
    /// The stream.
    pub stream: StreamId,
    /// Its generation.
    pub generation: Generation,
    /// Its table.
    pub table: TableName,
}

/// The claim that an insert makes: these partitions have these highest epochs.
#[derive(Debug, Clone)]
pub struct Fence {
    target: StreamTarget,
    node: NodeId,
    /// Ascending by partition.
    epochs: Vec<(Partition, Epoch)>,
}

impl Fence {
    /// A fence over `epochs`.
    pub fn new(target: &StreamTarget, node: &NodeId, mut epochs: Vec<(Partition, Epoch)>) -> Self {
        epochs.sort_unstable();
        epochs.dedup();
        Self {
            target: target.clone(),
            node: node.clone(),
            epochs,
        }
    }

    /// The stream.
    pub fn stream(&self) -> &StreamId {
        &self.target.stream
    }

    /// The stream's generation.
    pub fn generation(&self) -> Generation {
        self.target.generation
    }

    /// The condition for an insert's `WHERE`: true, or an exception.
    pub fn condition(&self) -> String {
        let stream = literal(&self.target.stream.to_string());
        let generation = self.target.generation;
        let list = |of: &dyn Fn(&(Partition, Epoch)) -> String| {
            self.epochs.iter().map(of).collect::<Vec<_>>().join(",")
        };
        let partitions = list(&|(partition, _)| partition.to_string());
        let pairs = list(&|(partition, epoch)| format!("({partition},{epoch})"));
        format!(
            "throwIf((SELECT countIf((partition, highest) IN ({pairs})) FROM (SELECT partition, max(epoch) AS highest \
             FROM aurora.owners WHERE stream = {stream} AND generation = {generation} AND partition IN ({partitions}) \
             GROUP BY partition)) != {}, '{FENCED}') = 0",
            self.epochs.len()
        )
    }

    /// An id for an insert of `kind`, by which [settling](takeover) finds it: it names every partition with
    /// its epoch. Commas set them off, which no name of a stream or node can hold.
    pub fn query_id(&self, kind: &str) -> String {
        let mut id = insert_prefix(&self.target.stream, self.target.generation);
        let _ = write!(id, "{kind}/{}/{:016x}/,", self.node, rand::random::<u64>());
        for (partition, epoch) in &self.epochs {
            let _ = write!(id, "p{partition}e{epoch},");
        }
        id
    }
}

fn insert_prefix(stream: &StreamId, generation: Generation) -> String {
    format!("aurora/insert/{stream}/{generation}/")
}

/// What is in the tables past the journal's position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Where the journal ends.
    pub position: Position,
    /// Rows that have landed past it.
    pub rows: OffsetSet,
    /// Dead letters that have landed past it.
    pub dead: OffsetSet,
    /// Rows before it that were made of dead letters.
    pub retried: u64,
}

impl Settled {
    /// Where the next epoch starts to account for offsets: after the journal, or, when nothing is
    /// journaled yet, at the partition's first offset `low`, or at the first one that has landed, should
    /// Kafka have deleted that since.
    pub fn start(&self, low: u64) -> u64 {
        self.position.next.unwrap_or_else(|| {
            let landed = [self.rows.first(), self.dead.first()];
            landed.into_iter().flatten().fold(low, u64::min)
        })
    }
}

/// Offsets, as ascending ranges `(first, last)`, both inclusive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OffsetSet(Vec<(u64, u64)>);

impl OffsetSet {
    /// The set of the offsets in `ranges`, which do not overlap.
    pub fn new(mut ranges: Vec<(u64, u64)>) -> Self {
        ranges.sort_unstable();
        Self(ranges)
    }

    /// Whether it holds `offset`.
    pub fn contains(&self, offset: u64) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= offset);
        after > 0 && self.0[after - 1].1 >= offset
    }

    /// How many offsets of `first..next` it holds.
    pub fn count_within(&self, first: u64, next: u64) -> u64 {
        let overlap = |(start, end): &(u64, u64)| (end + 1).min(next).saturating_sub((*start).max(first));
        self.0.iter().map(overlap).sum()
    }

    /// The lowest offset, if there is one.
    pub fn first(&self) -> Option<u64> {
        self.0.first().map(|(first, _)| *first)
    }

    /// The highest offset, if there is one.
    pub fn last(&self) -> Option<u64> {
        self.0.last().map(|(_, last)| *last)
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_id_names_every_partition_with_its_epoch() {
        let target = StreamTarget {
            stream: "c:t".parse().unwrap(),
            generation: 2,
            table: TableName::for_topic("events", "t"),
        };
        let fence = Fence::new(&target, &"n1".parse().unwrap(), vec![(10, 7), (1, 3)]);
        let id = fence.query_id("rows");
        assert!(id.starts_with("aurora/insert/c:t/2/rows/n1/"), "{id}");
        assert!(id.ends_with("/,p1e3,p10e7,"), "{id}");
        assert!(fence.condition().contains("IN ((1,3),(10,7))"));
    }

    #[test]
    fn an_offset_set_knows_what_it_holds() {
        let set = OffsetSet::new(vec![(10, 12), (3, 3)]);
        let held: Vec<u64> = (0..20).filter(|offset| set.contains(*offset)).collect();
        assert_eq!(held, [3, 10, 11, 12]);
        assert_eq!(set.count_within(3, 12), 3);
        assert_eq!((set.first(), set.last()), (Some(3), Some(12)));
    }

    #[test]
    fn an_epoch_starts_where_the_journal_ends() {
        let rows = OffsetSet::new(vec![(7, 9)]);
        let journaled = Position {
            next: Some(5),
            ..Position::default()
        };
        assert_eq!(
            Settled {
                position: journaled,
                rows: rows.clone(),
                ..Settled::default()
            }
            .start(20),
            5
        );
        assert_eq!(Settled::default().start(20), 20);
        assert_eq!(
            Settled {
                rows,
                ..Settled::default()
            }
            .start(20),
            7
        );
    }
}
