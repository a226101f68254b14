//! Documents of `aurora.registry` that hold JSON and no secret.

use aurora_cluster::NodeId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::MemoryError;
use crate::store::Store;
use crate::store::registry::{self, Key, NotPut};

/// What a document says, and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// From 1; 0 for a document that was never there. It never goes back, not even when the document is deleted.
    pub version: u64,
    /// What it says; `None` when there is none.
    pub content: Option<T>,
}

/// The latest version of a document.
pub(super) async fn read<T: DeserializeOwned>(
    store: &Store,
    key: Key<'_>,
) -> Result<Versioned<T>, MemoryError> {
    let Some(found) = registry::find(store, key).await? else {
        return Ok(Versioned {
            version: 0,
            content: None,
        });
    };
    let content = found.body.map(|body| serde_json::from_str(&body));
    Ok(Versioned {
        version: found.version,
        content: content.transpose().map_err(|_| MemoryError::Unreadable)?,
    })
}

/// All documents of a kind that are there, with their names. Those that cannot be read are left out.
pub(super) async fn read_all<T: DeserializeOwned>(
    store: &Store,
    kind: &str,
) -> Result<Vec<(String, T, u64)>, MemoryError> {
    let all = registry::latest(store, kind).await?;
    let readable = all.into_iter().filter_map(|found| {
        let content = serde_json::from_str(&found.body?).ok()?;
        Some((found.name, content, found.version))
    });
    Ok(readable.collect())
}

/// Writes the version that comes after `expected`, and returns its number.
pub(super) async fn write<T: Serialize>(
    store: &Store,
    node: &NodeId,
    key: Key<'_>,
    expected: u64,
    content: &T,
) -> Result<u64, MemoryError> {
    let text = serde_json::to_string(content).map_err(|error| MemoryError::Invalid(error.to_string()))?;
    let written = registry::put(store, node, key, expected, |_| text.clone()).await;
    written.map_err(MemoryError::from)
}

/// Deletes a document whose latest version is `expected`.
pub(super) async fn delete(
    store: &Store,
    node: &NodeId,
    key: Key<'_>,
    expected: u64,
) -> Result<(), MemoryError> {
    registry::delete(store, node, key, expected).await?;
    Ok(())
}

impl From<NotPut> for MemoryError {
    fn from(error: NotPut) -> Self {
        match error {
            NotPut::Store(error) => Self::Store(error),
            NotPut::Outrun => Self::Outrun,
        }
    }
}

/// Requires a text of a line, not too long.
pub(super) fn require_line(what: &str, text: &str, max_chars: usize) -> Result<(), MemoryError> {
    if text.chars().any(char::is_control) {
        return Err(MemoryError::Invalid(format!(
            "{what} has control characters in it"
        )));
    }
    require_short(what, text, max_chars)
}

/// Requires a text that is not too long.
pub(super) fn require_short(what: &str, text: &str, max_chars: usize) -> Result<(), MemoryError> {
    if text.chars().count() > max_chars {
        return Err(MemoryError::Invalid(format!(
            "{what} is longer than {max_chars} characters"
        )));
    }
    Ok(())
}
