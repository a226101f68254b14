//! What the nodes say of a stream, put together.

use std::collections::BTreeMap;

use aurora_cluster::{NodeId, Partition};

use super::{Snapshot, State};

/// A stream in the whole cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// As if one node had all partitions.
    pub snapshot: Snapshot,
    /// Who has each partition.
    pub owners: BTreeMap<Partition, NodeId>,
}

/// Puts together what each node says of one stream; `None` when no node knows it.
///
/// Only the latest generation counts; but a node where the stream cannot begin is heard, for partitions that are
/// planned for it stand still. Of two nodes that both claim a partition the one with the
/// higher epoch is believed: the other has not noticed yet that it has lost it.
pub fn merge(parts: impl IntoIterator<Item = (NodeId, Snapshot)>) -> Option<Merged> {
    let parts: Vec<(NodeId, Snapshot)> = parts.into_iter().collect();
    let latest = parts.iter().map(|(_, part)| part.generation).max()?;
    let (parts, others): (Vec<_>, Vec<_>) =
        parts.into_iter().partition(|(_, part)| part.generation == latest);
    let mut parts = parts.into_iter();
    let (node, first) = parts.next()?;
    let owners = first
        .partitions
        .keys()
        .map(|partition| (*partition, node.clone()))
        .collect();
    let mut merged = Merged {
        snapshot: first,
        owners,
    };
    let mut complete = vec![(
        merged.snapshot.partitions.is_empty(),
        merged.snapshot.complete_to_ms,
    )];
    for (node, part) in parts {
        complete.push((part.partitions.is_empty(), part.complete_to_ms));
        add(&mut merged, &node, part);
    }
    let cannot_begin = |part: &Snapshot| part.generation == 0 && part.state == State::Waiting;
    if let Some((_, part)) = others.into_iter().find(|(_, part)| cannot_begin(part)) {
        (merged.snapshot.state, merged.snapshot.reason) = (part.state, part.reason);
    }
    merged.snapshot.complete_to_ms = complete_to(&merged.snapshot, &complete);
    Some(merged)
}

fn add(merged: &mut Merged, node: &NodeId, part: Snapshot) {
    let all = &mut merged.snapshot;
    if rank(part.state) > rank(all.state) {
        (all.state, all.reason) = (part.state, part.reason);
    }
    all.table = all.table.take().or(part.table);
    all.freshness_ms = match (all.freshness_ms, part.freshness_ms) {
        (Some((a50, a99)), Some((b50, b99))) => {
            let (a, b) = (all.events_per_s, part.events_per_s);
            let share = if a + b > 0.0 { b / (a + b) } else { 0.5 };
            Some((a50 + (b50 - a50) * share, a99.max(b99)))
        }
        (here, there) => here.or(there),
    };
    all.behind_ms = all.behind_ms.max(part.behind_ms);
    all.dead_here += part.dead_here;
    all.events_per_s += part.events_per_s;
    all.bytes_per_s += part.bytes_per_s;
    all.topic_partitions = all.topic_partitions.max(part.topic_partitions);
    let is_later = |audit: &super::AuditReport| {
        all.audit
            .as_ref()
            .is_none_or(|known| known.checked_at < audit.checked_at)
    };
    if part.audit.as_ref().is_some_and(is_later) {
        all.audit = part.audit;
    }
    for (partition, status) in part.partitions {
        let known = all.partitions.get(&partition);
        if known.is_none_or(|known| known.epoch < status.epoch) {
            all.partitions.insert(partition, status);
            merged.owners.insert(partition, node.clone());
        }
    }
}

/// The earliest of what the nodes with partitions say, if together they have all of them.
fn complete_to(all: &Snapshot, parts: &[(bool, Option<i64>)]) -> Option<i64> {
    if all.topic_partitions != Some(all.partitions.len()) {
        return None;
    }
    let said = parts
        .iter()
        .filter(|(has_none, _)| !has_none)
        .map(|(_, time)| *time);
    said.collect::<Option<Vec<i64>>>()?.into_iter().min()
}

/// What is worth more attention ranks higher; a node that has only begun says nothing of the stream.
fn rank(state: State) -> u8 {
    match state {
        State::Stopped => 0,
        // A node that has not heard of it yet still works.
        State::Paused => 1,
        State::Starting => 2,
        State::Settling => 3,
        State::Running => 4,
        State::Waiting => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::status::{PartitionStatus, StreamStatus};

    fn snapshot(partitions: &[(Partition, u64)]) -> Snapshot {
        let status = StreamStatus::default();
        status.set_state(State::Running, None);
        status.set_target(1, "events.t".to_owned());
        status.set_topic_partitions(3);
        for (partition, epoch) in partitions {
            status.partition(*partition, |status| {
                *status = PartitionStatus {
                    epoch: *epoch,
                    written_to_ms: Some(i64::from(*partition)),
                    ..PartitionStatus::new()
                };
            });
        }
        status.snapshot()
    }

    fn node(name: &str) -> NodeId {
        name.parse().unwrap()
    }

    #[test]
    fn partitions_come_together_and_the_higher_epoch_is_believed() {
        let merged = merge([
            (node("a"), snapshot(&[(0, 5), (1, 2)])),
            (node("b"), snapshot(&[(1, 3), (2, 1)])),
        ])
        .unwrap();
        let owners: Vec<&str> = merged.owners.values().map(NodeId::as_str).collect();
        assert_eq!(owners, ["a", "b", "b"]);
        assert_eq!(merged.snapshot.partitions[&1].epoch, 3);
    }

    #[test]
    fn it_is_complete_only_when_somebody_speaks_for_every_partition() {
        let all = merge([
            (node("a"), snapshot(&[(1, 1), (2, 1)])),
            (node("b"), snapshot(&[(0, 1)])),
            (node("c"), snapshot(&[])),
        ]);
        assert_eq!(all.unwrap().snapshot.complete_to_ms, Some(0));
        let some = merge([(node("a"), snapshot(&[(1, 1), (2, 1)]))]);
        assert_eq!(some.unwrap().snapshot.complete_to_ms, None);
    }

    #[test]
    fn a_node_where_the_stream_cannot_begin_is_heard() {
        let status = StreamStatus::default();
        status.set_state(State::Waiting, Some("no password".to_owned()));
        let parts = [(node("a"), snapshot(&[(0, 1)])), (node("b"), status.snapshot())];
        let merged = merge(parts).unwrap();
        assert_eq!(merged.snapshot.state, State::Waiting);
        assert_eq!(merged.snapshot.reason.as_deref(), Some("no password"));
        assert_eq!(merged.owners, BTreeMap::from([(0, node("a"))]));
    }

    #[test]
    fn an_earlier_generation_does_not_count() {
        let mut old = snapshot(&[(0, 9)]);
        old.generation = 0;
        let merged = merge([(node("a"), old), (node("b"), snapshot(&[(0, 1)]))]).unwrap();
        assert_eq!(merged.owners[&0], node("b"));
        assert_eq!(merge([]), None);
    }
}
