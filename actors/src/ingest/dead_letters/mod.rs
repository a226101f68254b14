//! Messages that could not become rows, kept whole with the reason.

pub mod read;
pub mod retry;

use aurora_cluster::Partition;

use super::batch::Reject;
use super::batch::column::push_text;
use super::ownership::Fence;
use crate::store::{Store, StoreError};

/// Writes `rejects`, each with its partition, under the fence of the epochs that found them.
pub async fn write(
    store: &Store,
    fence: &Fence,
    rejects: &[(Partition, &Reject)],
    at_ms: i64,
) -> Result<(), StoreError> {
    let statement = format!(
        "INSERT INTO aurora.dead_letters (stream, generation, partition, offset, timestamp, key, payload, reason, detail, at)
         SELECT * FROM input('stream String, generation UInt32, partition Int32, offset UInt64,
         timestamp DateTime64(3, \\'UTC\\'), key Nullable(String), payload String, reason String, detail String,
         at DateTime64(3, \\'UTC\\')') WHERE {} FORMAT RowBinary",
        fence.condition()
    );
    let mut body = Vec::with_capacity(rejects.iter().map(|(_, reject)| reject.payload.len() + 200).sum());
    for (partition, reject) in rejects {
        push_text(&mut body, fence.stream().to_string().as_bytes());
        body.extend_from_slice(&fence.generation().to_le_bytes());
        body.extend_from_slice(&partition.to_le_bytes());
        body.extend_from_slice(&reject.offset.to_le_bytes());
        body.extend_from_slice(&reject.timestamp_ms.to_le_bytes());
        match &reject.key {
            None => body.push(1),
            Some(key) => {
                body.push(0);
                push_text(&mut body, key);
            }
        }
        push_text(&mut body, &reject.payload);
        push_text(&mut body, reject.reason.code().as_bytes());
        push_text(&mut body, reject.reason.to_string().as_bytes());
        body.extend_from_slice(&at_ms.to_le_bytes());
    }
    store.insert(statement, &fence.query_id("dead"), body).await
}
