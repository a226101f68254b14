//! Whose ClickHouse this is: the cluster that works in it, by name and by a fingerprint of its key.
//!
//! A node that could not join the cluster (another key, another name, or none) must not write into
//! its ClickHouse either: it would take partitions from nodes that it cannot see, and they from it. The
//! fence keeps the data right even then, but nobody's work would be smooth.

use clickhouse::Row;
use serde::Deserialize;

use super::sql::literal;
use super::{Store, StoreError};

/// The cluster that a ClickHouse belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Row, Deserialize)]
pub struct ClusterIdentity {
    /// Its name.
    pub name: String,
    /// What tells its key from others and gives nothing of it away.
    pub key_fingerprint: String,
}

/// The cluster that this ClickHouse belongs to; `None` when no cluster has ever worked in it.
async fn read(store: &Store) -> Result<Option<ClusterIdentity>, StoreError> {
    let rows: Vec<ClusterIdentity> = store
        .rows("SELECT name, key_fingerprint FROM aurora.cluster ORDER BY version LIMIT 1")
        .await?;
    Ok(rows.into_iter().next())
}

/// Makes this ClickHouse `identity`'s, if it is nobody's, and says whose it is. The first claim stays.
async fn claim(store: &Store, identity: &ClusterIdentity) -> Result<ClusterIdentity, StoreError> {
    // As with epochs, a crash of ClickHouse can leave a version that is nobody's for ever.
    for version in 1_u32.. {
        if let Some(found) = read(store).await? {
            return Ok(found);
        }
        store
            .execute(&format!(
                "INSERT INTO aurora.cluster (version, name, key_fingerprint, at) SETTINGS async_insert = 0, \
                 insert_deduplicate = 1, insert_deduplication_token = 'cluster/{version}' VALUES ({version}, {}, {}, now64(3))",
                literal(&identity.name),
                literal(&identity.key_fingerprint)
            ))
            .await?;
    }
    Err(StoreError::Answer(
        "the cluster's name cannot be written".to_owned(),
    ))
}

/// Whose this ClickHouse is: `ours` from now on, if we are of a cluster and it was nobody's.
pub async fn settle(
    store: &Store,
    ours: Option<&ClusterIdentity>,
) -> Result<Option<ClusterIdentity>, StoreError> {
    match ours {
        Some(ours) => claim(store, ours).await.map(Some),
        None => read(store).await,
    }
}
