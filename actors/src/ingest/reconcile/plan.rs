//! What should work on a node, as far as it does not depend on what happened before: the same on every node that
//! knows the same.

use std::collections::HashMap;

use aurora_cluster::assignment::{self, Candidate, Member};
use aurora_cluster::{Epoch, NodeId, Partition};

use super::Key;
use crate::ingest::ownership::StreamTarget;
use crate::ingest::stream::Shape;

/// A partition that is to come here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) target: StreamTarget,
    pub(super) partition: Partition,
    pub(super) owner: Option<NodeId>,
    /// The highest epoch, 0 for none. It is taken from this one or not at all: whoever is faster keeps it, and the
    /// next plan starts from there.
    pub(super) epoch: Epoch,
}

impl Wanted {
    pub(super) fn key(&self) -> Key {
        (self.target.stream.clone(), self.target.generation, self.partition)
    }
}

/// The partitions that the plan gives to `node`.
pub(super) fn assigned_to(
    node: &NodeId,
    ready: &[Member],
    shapes: &[Shape],
    owners: &HashMap<Key, (NodeId, Epoch)>,
) -> Vec<Wanted> {
    if !ready.iter().any(|member| member.id == *node) {
        return Vec::new();
    }
    let mut targets = Vec::new();
    let mut epochs = Vec::new();
    let mut candidates = Vec::new();
    for shape in shapes {
        let StreamTarget {
            stream, generation, ..
        } = &shape.target;
        for partition in &shape.partitions {
            let owner = owners.get(&(stream.clone(), *generation, *partition));
            targets.push(&shape.target);
            epochs.push(owner.map_or(0, |(_, epoch)| *epoch));
            candidates.push(Candidate {
                stream: stream.clone(),
                partition: *partition,
                owner: owner.map(|(node, _)| node.clone()),
            });
        }
    }
    let plan = assignment::assign(ready, &candidates);
    let all = candidates.into_iter().zip(targets).zip(epochs).zip(plan);
    all.filter(|(_, planned)| planned.is_some_and(|index| ready[index].id == *node))
        .map(|(((candidate, target), epoch), _)| Wanted {
            target: target.clone(),
            partition: candidate.partition,
            owner: candidate.owner,
            epoch,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sql::TableName;

    fn shape(partitions: std::ops::Range<Partition>) -> Shape {
        Shape {
            target: StreamTarget {
                stream: "c:t".parse().unwrap(),
                generation: 1,
                table: TableName::for_topic("events", "t"),
            },
            partitions: partitions.collect(),
        }
    }

    fn member(name: &str) -> Member {
        Member {
            id: name.parse().unwrap(),
            weight: 1.0,
        }
    }

    #[test]
    fn every_partition_is_planned_for_one_node() {
        let ready = [member("a"), member("b"), member("c")];
        let mut planned: Vec<Partition> = ready
            .iter()
            .flat_map(|member| assigned_to(&member.id, &ready, &[shape(0..12)], &HashMap::new()))
            .map(|wanted| wanted.partition)
            .collect();
        planned.sort_unstable();
        assert_eq!(planned, (0..12).collect::<Vec<_>>());
    }

    #[test]
    fn a_node_that_is_not_ready_gets_nothing() {
        let outsider: NodeId = "z".parse().unwrap();
        assert_eq!(
            assigned_to(&outsider, &[member("a")], &[shape(0..4)], &HashMap::new()),
            []
        );
    }
}
