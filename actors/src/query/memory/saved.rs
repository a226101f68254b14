//! Queries with a name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::document::{self, Versioned, require_line, require_short};
use super::{Memory, MemoryError};
use crate::store::registry::Key;

/// Most saved queries.
pub const MAX_SAVED: usize = 1_000;
/// Longest name, in characters.
pub const MAX_NAME_CHARS: usize = 100;
/// Most bytes of a chart, as JSON.
pub const MAX_CHART_BYTES: usize = 16 << 10;
/// Most bytes of the statement.
const MAX_SQL_BYTES: usize = 64 << 10;
/// Most parameters, and the longest name and value of one, in characters.
const MAX_PARAMS: usize = 100;
const MAX_PARAM_CHARS: usize = 1_000;
/// Longest question and longest description, in characters.
const MAX_TEXT_CHARS: usize = 2_000;
const KIND: &str = "saved";

/// What somebody gives to be saved.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedQuery {
    /// The question it answers.
    #[serde(default)]
    pub question: Option<String>,
    /// The statement.
    pub sql: String,
    /// Values for its `{name:Type}` parameters.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// How it is drawn; whatever the page makes of it.
    #[serde(default)]
    pub chart: Option<Value>,
}

/// A saved query as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// What was given.
    pub query: SavedQuery,
    /// Who saved it first.
    pub owner: String,
    /// Who changed it last.
    pub changed_by: String,
    /// When.
    pub changed_at: jiff::Timestamp,
}

impl SavedQuery {
    /// Why this cannot be kept, if it cannot.
    pub fn check(&self) -> Result<(), MemoryError> {
        if self.sql.trim().is_empty() {
            return Err(MemoryError::Invalid("the statement is empty".to_owned()));
        }
        if self.sql.len() > MAX_SQL_BYTES {
            return Err(MemoryError::Invalid(format!(
                "the statement is longer than {MAX_SQL_BYTES} bytes"
            )));
        }
        if self.params.len() > MAX_PARAMS {
            return Err(MemoryError::Invalid(format!(
                "there are more than {MAX_PARAMS} parameters"
            )));
        }
        for (name, value) in &self.params {
            require_line("a parameter's name", name, MAX_PARAM_CHARS)?;
            require_short("a parameter's value", value, MAX_PARAM_CHARS)?;
        }
        require_short(
            "the question",
            self.question.as_deref().unwrap_or_default(),
            MAX_TEXT_CHARS,
        )?;
        require_short("the description", &self.description, MAX_TEXT_CHARS)?;
        let chart = self.chart.as_ref().map_or(0, |chart| chart.to_string().len());
        if chart > MAX_CHART_BYTES {
            return Err(MemoryError::Invalid(format!(
                "the chart is longer than {MAX_CHART_BYTES} bytes"
            )));
        }
        Ok(())
    }
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

impl Memory {
    /// All saved queries, in order of their names, with their versions.
    pub async fn saved(&self) -> Result<Vec<(String, Saved, u64)>, MemoryError> {
        document::read_all(&self.0.store, KIND).await
    }

    /// A saved query by its name.
    pub async fn find_saved(&self, name: &str) -> Result<Versioned<Saved>, MemoryError> {
        document::read(&self.0.store, Key { kind: KIND, name }).await
    }

    /// Saves a query under a name, for `user`, in the place of the version `expected`, which must be the latest; returns
    /// the new version.
    pub async fn save(
        &self,
        name: &str,
        expected: u64,
        query: SavedQuery,
        user: &str,
    ) -> Result<(u64, Saved), MemoryError> {
        check_name(name)?;
        query.check()?;
        let found = self.find_saved(name).await?;
        if found.version != expected {
            return Err(MemoryError::Outrun);
        }
        let owner = match found.content {
            Some(known) => known.owner,
            None => {
                self.require_room().await?;
                user.to_owned()
            }
        };
        let saved = Saved {
            query,
            owner,
            changed_by: user.to_owned(),
            changed_at: jiff::Timestamp::now(),
        };
        let key = Key { kind: KIND, name };
        let version = document::write(&self.0.store, &self.0.node, key, expected, &saved).await?;
        Ok((version, saved))
    }

    /// Forgets the version `expected` of a saved query, which must be the latest.
    pub async fn unsave(&self, name: &str, expected: u64) -> Result<(), MemoryError> {
        document::delete(&self.0.store, &self.0.node, Key { kind: KIND, name }, expected).await
    }

    async fn require_room(&self) -> Result<(), MemoryError> {
        let count = self.saved().await?.len();
        if count >= MAX_SAVED {
            return Err(MemoryError::Invalid(format!(
                "there are {count} saved queries; delete one that is not needed any more"
            )));
        }
        Ok(())
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

    #[test]
    fn everything_that_grows_is_bounded() {
        let good = SavedQuery {
            sql: "SELECT 1".to_owned(),
            ..SavedQuery::default()
        };
        assert!(good.check().is_ok());
        let refused = |change: fn(&mut SavedQuery)| {
            let mut query = good.clone();
            change(&mut query);
            query.check().is_err()
        };
        assert!(refused(|query| query.sql = " \n".to_owned()));
        assert!(refused(|query| query.sql = "x".repeat(MAX_SQL_BYTES + 1)));
        assert!(refused(
            |query| query.chart = Some(Value::String("x".repeat(MAX_CHART_BYTES)))
        ));
        assert!(refused(|query| query.description = "x".repeat(2_001)));
        assert!(refused(|query| query.question = Some("x".repeat(2_001))));
        assert!(refused(
            |query| query.params = (0..101).map(|n| (n.to_string(), String::new())).collect()
        ));
        assert!(refused(
            |query| query.params = [("p".to_owned(), "x".repeat(1_001))].into()
        ));
    }
}
