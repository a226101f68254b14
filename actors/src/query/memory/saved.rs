//! Queries with a name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::MemoryError;
use super::document::{require_line, require_short};
use super::named::{Kept, Named};

/// Most saved queries.
pub const MAX_SAVED: usize = 1_000;
/// Most bytes of a chart, as JSON.
pub const MAX_CHART_BYTES: usize = 16 << 10;
/// Most bytes of the statement.
const MAX_SQL_BYTES: usize = 64 << 10;
/// Most parameters, and the longest name and value of one, in characters.
const MAX_PARAMS: usize = 100;
const MAX_PARAM_CHARS: usize = 1_000;
/// Longest question and longest description, in characters.
const MAX_TEXT_CHARS: usize = 2_000;

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
pub type Saved = Named<SavedQuery>;

impl Kept for SavedQuery {
    const KIND: &'static str = "saved";
    const CALLED: &'static str = "saved query";
    const MOST: usize = MAX_SAVED;

    fn check(&self) -> Result<(), MemoryError> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
