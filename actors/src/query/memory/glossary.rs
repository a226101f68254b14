//! What the team's words mean: "conversion" is purchases divided by carts, "the west" are these states.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::document::{self, Versioned, require_line, require_short};
use super::{Memory, MemoryError};
use crate::store::registry::Key;

/// Most entries.
pub const MAX_TERMS: usize = 500;
/// Most synonyms of a term.
pub const MAX_SYNONYMS: usize = 20;
/// Longest term, synonym, table, column or value, in characters.
const MAX_WORD_CHARS: usize = 200;
/// Longest meaning and longest expression, in characters.
const MAX_TEXT_CHARS: usize = 2_000;
/// Most bytes of all entries as JSON.
const MAX_BYTES: usize = 256 << 10;
const KEY: Key<'static> = Key {
    kind: "glossary",
    name: "glossary",
};

/// What words mean.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Glossary {
    /// The entries, in the order they were given.
    pub entries: Vec<Term>,
}

/// One word, or several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The word itself, unique whatever its case.
    pub term: String,
    /// What it means, for people and models.
    #[serde(default)]
    pub meaning: String,
    /// Other words for the same.
    #[serde(default)]
    pub synonyms: Vec<String>,
    /// The table it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The column it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The value of that column it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The expression of SQL it stands for. Nothing of it runs but inside a query that passes the guard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
}

impl Glossary {
    /// Why this cannot be kept, if it cannot.
    pub fn check(&self) -> Result<(), MemoryError> {
        if self.entries.len() > MAX_TERMS {
            let message = format!(
                "there are {} entries; at most {MAX_TERMS} are possible",
                self.entries.len()
            );
            return Err(MemoryError::Invalid(message));
        }
        let mut seen = BTreeSet::new();
        for term in &self.entries {
            term.check()?;
            if !seen.insert(term.term.trim().to_lowercase()) {
                return Err(MemoryError::Invalid(format!("{:?} is there twice", term.term)));
            }
        }
        let bytes = serde_json::to_string(self).map_or(usize::MAX, |text| text.len());
        if bytes > MAX_BYTES {
            return Err(MemoryError::Invalid(format!(
                "all entries together have {bytes} bytes; at most {MAX_BYTES} are possible"
            )));
        }
        Ok(())
    }
}

impl Term {
    fn check(&self) -> Result<(), MemoryError> {
        if self.term.trim().is_empty() {
            return Err(MemoryError::Invalid("an entry has no term".to_owned()));
        }
        if self.synonyms.len() > MAX_SYNONYMS {
            return Err(MemoryError::Invalid(format!(
                "an entry has more than {MAX_SYNONYMS} synonyms"
            )));
        }
        require_line("a term", &self.term, MAX_WORD_CHARS)?;
        for synonym in &self.synonyms {
            require_line("a synonym", synonym, MAX_WORD_CHARS)?;
        }
        for (what, text) in [
            ("a table", &self.table),
            ("a column", &self.column),
            ("a value", &self.value),
        ] {
            require_line(what, text.as_deref().unwrap_or_default(), MAX_WORD_CHARS)?;
        }
        require_short("a meaning", &self.meaning, MAX_TEXT_CHARS)?;
        require_short(
            "an expression",
            self.sql.as_deref().unwrap_or_default(),
            MAX_TEXT_CHARS,
        )
    }
}

impl Memory {
    /// The glossary as it was at most two seconds ago; the last that is known while ClickHouse is away.
    pub async fn glossary(&self) -> Arc<Glossary> {
        let read = async || Ok(self.read_glossary().await?.content.unwrap_or_default());
        self.0.glossary.get("the glossary", read).await
    }

    /// The glossary as it is now, with its version.
    pub async fn read_glossary(&self) -> Result<Versioned<Glossary>, MemoryError> {
        document::read(&self.0.store, KEY).await
    }

    /// Puts another glossary in the place of the version `expected`, 0 for none, and returns the new version.
    pub async fn write_glossary(&self, expected: u64, glossary: &Glossary) -> Result<u64, MemoryError> {
        glossary.check()?;
        let written = document::write(&self.0.store, &self.0.node, KEY, expected, glossary).await;
        self.0.glossary.forget();
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(text: &str) -> Term {
        Term {
            term: text.to_owned(),
            ..Term::default()
        }
    }

    fn refusal(entries: Vec<Term>) -> String {
        Glossary { entries }.check().unwrap_err().to_string()
    }

    #[test]
    fn everything_that_grows_is_bounded() {
        assert!(Glossary::default().check().is_ok());
        let many = |count: usize| (0..count).map(|n| term(&format!("t{n}"))).collect();
        assert!(
            Glossary {
                entries: many(MAX_TERMS)
            }
            .check()
            .is_ok()
        );
        assert!(refusal(many(MAX_TERMS + 1)).contains("501"));
        assert!(refusal(vec![term("")]).contains("no term") && refusal(vec![term(" ")]).contains("no term"));
        assert!(refusal(vec![term("AOV"), term(" aov ")]).contains("twice"));
        assert!(refusal(vec![term(&"x".repeat(201))]).contains("longer"));
        assert!(refusal(vec![term("a\nb")]).contains("control"));
        let long = Term {
            meaning: "x".repeat(2_001),
            ..term("a")
        };
        assert!(refusal(vec![long]).contains("a meaning"));
        let synonyms = Term {
            synonyms: vec!["s".to_owned(); 21],
            ..term("a")
        };
        assert!(refusal(vec![synonyms]).contains("synonyms"));
        let heavy = (0..MAX_TERMS).map(|n| Term {
            meaning: "x".repeat(600),
            ..term(&format!("t{n}"))
        });
        assert!(refusal(heavy.collect()).contains("all entries"));
    }

    #[test]
    fn a_term_alone_is_an_entry_and_a_misspelt_field_is_none() {
        let read = |text: &str| serde_json::from_str::<Glossary>(text);
        let glossary = read(r#"{"entries": [{"term": "AOV", "sql": "avg(amount)"}]}"#).unwrap();
        assert_eq!(glossary.entries[0].sql.as_deref(), Some("avg(amount)"));
        assert_eq!(
            read(&serde_json::to_string(&glossary).unwrap()).unwrap(),
            glossary
        );
        assert!(read(r#"{"entries": [{"term": "AOV", "sqll": "x"}]}"#).is_err());
    }
}
