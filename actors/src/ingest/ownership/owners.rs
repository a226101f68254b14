//! Who has which partition now, as ClickHouse knows it.
//!
//! This is what assignment starts from: every node reads the same table, so nodes that see the same
//! members come to the same plan.

use std::collections::BTreeMap;

use aurora_cluster::{Epoch, Generation, NodeId, Partition, StreamId};
use clickhouse::Row;
use serde::Deserialize;

use super::StreamTarget;
use crate::store::sql::literal;
use crate::store::{Store, StoreError};

/// Who has a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ownership {
    /// The stream.
    pub stream: StreamId,
    /// The stream's generation.
    pub generation: Generation,
    /// The partition.
    pub partition: Partition,
    /// The highest epoch.
    pub epoch: Epoch,
    /// The node whose epoch it is.
    pub node: NodeId,
}

/// The highest epochs of one stream, by generation and partition, as they were last read: behind the truth, never
/// ahead of it.
pub type HighestEpochs = BTreeMap<(Generation, Partition), Epoch>;

#[derive(Row, Deserialize)]
struct OwnerRow {
    stream: String,
    generation: Generation,
    partition: Partition,
    epoch: Epoch,
    node: String,
}

/// The owners of all partitions of `targets` that have one.
pub async fn read(store: &Store, targets: &[StreamTarget]) -> Result<Vec<Ownership>, StoreError> {
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let lives: Vec<String> = targets
        .iter()
        .map(|target| format!("({},{})", literal(&target.stream.to_string()), target.generation))
        .collect();
    let rows: Vec<OwnerRow> = store
        .rows(&format!(
            "SELECT stream, generation, partition, max(epoch) AS epoch, argMax(owners.node, owners.epoch) AS node \
             FROM aurora.owners AS owners WHERE (stream, generation) IN ({}) GROUP BY stream, generation, partition",
            lives.join(",")
        ))
        .await?;
    // Names that are none cannot have been written by a node; such rows own nothing.
    let known = rows.into_iter().filter_map(|row| {
        Some(Ownership {
            stream: row.stream.parse().ok()?,
            generation: row.generation,
            partition: row.partition,
            epoch: row.epoch,
            node: row.node.parse().ok()?,
        })
    });
    Ok(known.collect())
}

/// Whose the highest epoch of a partition is; `None` when nobody has ever had it.
pub async fn of_partition(
    store: &Store,
    target: &StreamTarget,
    partition: Partition,
) -> Result<Option<NodeId>, StoreError> {
    let nodes: Vec<String> = store
        .rows(&format!(
            "SELECT node FROM aurora.owners WHERE stream = {} AND generation = {} AND partition = {partition} \
             ORDER BY epoch DESC LIMIT 1",
            literal(&target.stream.to_string()),
            target.generation
        ))
        .await?;
    Ok(nodes.first().and_then(|node| node.parse().ok()))
}
