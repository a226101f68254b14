//! Documents that all nodes of a cluster share: named, of a kind, in versions.
//!
//! The latest version of a document counts. A new one is a compare-and-set on the version it was made from,
//! decided like an epoch by a deduplication token, so that of two nodes that change a document at once one
//! learns that it has to look again. What a document means, and whether it is sealed, is nobody's business
//! here.

use aurora_cluster::NodeId;
use clickhouse::Row;
use serde::Deserialize;

use super::sql::literal;
use super::{Store, StoreError};

/// A document's latest version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name, unique in its kind.
    pub name: String,
    /// From 1.
    pub version: u64,
    /// Its text; `None` when it was deleted.
    pub body: Option<String>,
}

/// What a document is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'a> {
    /// What kind of document it is.
    pub kind: &'a str,
    /// Its name in that kind.
    pub name: &'a str,
}

/// Why a version was not written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotPut {
    /// ClickHouse was away or refused. When no answer came, the version may have been written all the same.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody else has changed the document meanwhile.
    #[error("it has been changed by another node meanwhile")]
    Outrun,
}

#[derive(Row, Deserialize)]
struct LatestRow {
    name: String,
    version: u64,
    body: String,
    deleted: u8,
}

impl LatestRow {
    fn document(self) -> Document {
        Document {
            name: self.name,
            version: self.version,
            body: (self.deleted == 0).then_some(self.body),
        }
    }
}

#[derive(Row, Deserialize)]
struct ClaimRow {
    version: u64,
    claim: String,
}

/// The latest versions of all documents of a kind, in order of their names, deleted ones among them: a
/// version of theirs is what the next one is made from.
pub async fn latest(store: &Store, kind: &str) -> Result<Vec<Document>, StoreError> {
    // Of two rows of one version, which are there only if ClickHouse forgot a token, all nodes take the same.
    let rows: Vec<LatestRow> = store
        .rows(&format!(
            "SELECT name, version, body, deleted FROM aurora.registry WHERE kind = {} \
             ORDER BY name, version DESC, claim LIMIT 1 BY name",
            literal(kind)
        ))
        .await?;
    Ok(rows.into_iter().map(LatestRow::document).collect())
}

/// The latest version of one document; `None` if it was never there.
pub async fn find(store: &Store, key: Key<'_>) -> Result<Option<Document>, StoreError> {
    let rows: Vec<LatestRow> = store
        .rows(&format!(
            "SELECT name, version, body, deleted FROM aurora.registry WHERE kind = {} AND name = {} \
             ORDER BY version DESC, claim LIMIT 1",
            literal(key.kind),
            literal(key.name)
        ))
        .await?;
    Ok(rows.into_iter().next().map(LatestRow::document))
}

/// Writes the version of a document that comes after `expected`, 0 for none, and returns its number. `body`
/// makes the text for the version that it is given; it may be asked more than once.
pub async fn put(
    store: &Store,
    node: &NodeId,
    key: Key<'_>,
    expected: u64,
    body: impl Fn(u64) -> String,
) -> Result<u64, NotPut> {
    write(store, node, key, expected, |version| Some(body(version))).await
}

/// Deletes a document whose latest version is `expected`: a version like any other, without a text.
pub async fn delete(store: &Store, node: &NodeId, key: Key<'_>, expected: u64) -> Result<u64, NotPut> {
    write(store, node, key, expected, |_| None).await
}

async fn write(
    store: &Store,
    node: &NodeId,
    key: Key<'_>,
    expected: u64,
    body: impl Fn(u64) -> Option<String>,
) -> Result<u64, NotPut> {
    let mut version = expected;
    loop {
        version += 1;
        let claim = insert(store, node, key, version, body(version)).await?;
        let standing: Vec<ClaimRow> = store
            .rows(&format!(
                "SELECT version, claim FROM aurora.registry WHERE kind = {} AND name = {} AND version > {expected}",
                literal(key.kind),
                literal(key.name)
            ))
            .await?;
        match verdict(&standing, version, &claim) {
            Verdict::Ours => return Ok(version),
            Verdict::Outrun => return Err(NotPut::Outrun),
            Verdict::Lost => {}
        }
    }
}

/// What became of a claim.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// The version is ours, whatever came after it.
    Ours,
    /// Somebody else's came first.
    Outrun,
    /// A crash of ClickHouse left the version's token without its row: the version is nobody's for ever.
    Lost,
}

fn verdict(standing: &[ClaimRow], version: u64, claim: &str) -> Verdict {
    let mut same = standing.iter().filter(|row| row.version == version);
    match (same.next(), same.next()) {
        (None, _) if standing.is_empty() => Verdict::Lost,
        (Some(row), None) if row.claim == claim => Verdict::Ours,
        _ => Verdict::Outrun,
    }
}

/// Claims a version. The first claim under its token stays; later ones are dropped.
async fn insert(
    store: &Store,
    node: &NodeId,
    key: Key<'_>,
    version: u64,
    body: Option<String>,
) -> Result<String, StoreError> {
    // A claim of its own for every try: what a try left behind unseen must not look like ours.
    let claim = uuid::Uuid::new_v4().to_string();
    let token = format!("registry/{}/{}/{version}", key.kind, key.name);
    store
        .execute(&format!(
            "INSERT INTO aurora.registry (kind, name, version, body, deleted, claim, node, at) \
             SETTINGS async_insert = 0, insert_deduplicate = 1, insert_deduplication_token = {} \
             VALUES ({}, {}, {version}, {}, {}, '{claim}', {}, now64(3))",
            literal(&token),
            literal(key.kind),
            literal(key.name),
            literal(body.as_deref().unwrap_or_default()),
            u8::from(body.is_none()),
            literal(node.as_str()),
        ))
        .await?;
    Ok(claim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(claims: &[(u64, &str)]) -> Vec<ClaimRow> {
        let row = |(version, claim): &(u64, &str)| ClaimRow {
            version: *version,
            claim: (*claim).to_owned(),
        };
        claims.iter().map(row).collect()
    }

    #[test]
    fn a_version_is_whose_claim_stands_alone() {
        assert_eq!(verdict(&rows(&[(3, "a")]), 3, "a"), Verdict::Ours);
        assert_eq!(verdict(&rows(&[(3, "a"), (4, "b")]), 3, "a"), Verdict::Ours);
        assert_eq!(verdict(&rows(&[(3, "b")]), 3, "a"), Verdict::Outrun);
        assert_eq!(verdict(&rows(&[(3, "a"), (3, "b")]), 3, "a"), Verdict::Outrun);
    }

    #[test]
    fn a_version_whose_row_is_lost_is_passed_over_unless_others_have_gone_on() {
        assert_eq!(verdict(&rows(&[]), 3, "a"), Verdict::Lost);
        assert_eq!(verdict(&rows(&[(4, "b")]), 3, "a"), Verdict::Outrun);
    }
}
