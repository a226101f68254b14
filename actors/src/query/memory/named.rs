//! Documents that people keep under a name: saved queries, dashboards.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::document::{self, Versioned, require_line};
use super::{Memory, MemoryError};
use crate::store::registry::Key;

/// Longest name, in characters.
pub const MAX_NAME_CHARS: usize = 100;

/// What can be kept under a name.
pub trait Kept: Serialize + DeserializeOwned {
    /// Its kind in the registry.
    const KIND: &'static str;
    /// What people call one.
    const CALLED: &'static str;
    /// How many there may be.
    const MOST: usize;

    /// Why this cannot be kept, if it cannot.
    fn check(&self) -> Result<(), MemoryError>;
}

/// Something with a name, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Named<T> {
    /// What was given. Saved queries called it otherwise once.
    #[serde(alias = "query")]
    pub content: T,
    /// Who kept it first.
    pub owner: String,
    /// Who changed it last.
    pub changed_by: String,
    /// When.
    pub changed_at: jiff::Timestamp,
}

/// Requires a name that can stand in a link.
pub fn check_name(name: &str) -> Result<(), MemoryError> {
    if name.trim().is_empty()
        || name.trim() != name
        || name == "."
        || name == ".."
        || name.contains(['/', '\\'])
    {
        return Err(MemoryError::Invalid(format!(
            "{:?} cannot be a name: it must not be empty, have spaces around it or a slash in it",
            name.chars().take(MAX_NAME_CHARS).collect::<String>()
        )));
    }
    require_line("the name", name, MAX_NAME_CHARS)
}

fn key<T: Kept>(name: &str) -> Key<'_> {
    Key { kind: T::KIND, name }
}

impl Memory {
    /// All of a kind, in order of their names, with their versions.
    pub async fn all<T: Kept>(&self) -> Result<Vec<(String, Named<T>, u64)>, MemoryError> {
        document::read_all(&self.0.store, T::KIND).await
    }

    /// What has this name.
    pub async fn find<T: Kept>(&self, name: &str) -> Result<Versioned<Named<T>>, MemoryError> {
        document::read(&self.0.store, key::<T>(name)).await
    }

    /// Keeps something under a name, for `user`, in the place of the version `expected`, which must be the latest; returns
    /// the new version.
    pub async fn keep<T: Kept>(
        &self,
        name: &str,
        expected: u64,
        content: T,
        user: &str,
    ) -> Result<(u64, Named<T>), MemoryError> {
        check_name(name)?;
        content.check()?;
        let found = self.find::<T>(name).await?;
        if found.version != expected {
            return Err(MemoryError::Outrun);
        }
        let owner = match found.content {
            Some(known) => known.owner,
            None => {
                self.require_room::<T>().await?;
                user.to_owned()
            }
        };
        let named = Named {
            content,
            owner,
            changed_by: user.to_owned(),
            changed_at: jiff::Timestamp::now(),
        };
        let version = document::write(&self.0.store, &self.0.node, key::<T>(name), expected, &named).await?;
        Ok((version, named))
    }

    /// Forgets the version `expected`, which must be the latest.
    pub async fn forget<T: Kept>(&self, name: &str, expected: u64) -> Result<(), MemoryError> {
        document::delete(&self.0.store, &self.0.node, key::<T>(name), expected).await
    }

    async fn require_room<T: Kept>(&self) -> Result<(), MemoryError> {
        let count = self.all::<T>().await?.len();
        if count < T::MOST {
            return Ok(());
        }
        Err(MemoryError::Invalid(format!(
            "there are {count} of this kind ({}); delete one that is not needed any more",
            T::CALLED
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_stand_in_a_link() {
        for name in ["orders by state", "Ümsatz 2026", "a.b", "100 % of it"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        let long = "x".repeat(101);
        for name in [
            "", " ", " a", "a ", "a/b", "a\\b", ".", "..", "a\nb", "a\0b", &long,
        ] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }
}
