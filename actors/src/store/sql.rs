//! Names and texts inside SQL.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// A name, quoted so that it can be nothing else.
pub fn ident(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

/// What a password is as ClickHouse's `sha256_hash` and `password_sha256_hex` take it.
pub fn password_hash(password: &str) -> String {
    let digest = Sha256::digest(password.as_bytes());
    digest.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A text literal.
pub fn literal(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('\'', "\\'");
    // Between quotes it is a character like others, but not every parser on the way takes it for one.
    format!("'{}'", text.replace('\0', "\\0"))
}

/// A table of events: its database and name, as they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableName {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
}

/// Longest name that a table gets by itself: ClickHouse takes some 200 bytes, less by what the database's name has. Topics
/// may have 249.
const MAX_TABLE_BYTES: usize = 160;
/// How many bytes of a digest tell apart what begins alike.
const DIGEST_BYTES: usize = 6;

impl TableName {
    /// The table that the events of `topic` go to: the topic's name, with an underscore for what
    /// would need quoting in SQL. Of a name that is too long for a table's files the beginning is taken, and a digest of all
    /// of it.
    pub fn for_topic(database: &str, topic: &str) -> Self {
        let mut table: String = topic
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        if table.starts_with(|c: char| c.is_ascii_digit()) {
            table.insert(0, '_');
        }
        if table.len() > MAX_TABLE_BYTES {
            let digest = Sha256::digest(topic.as_bytes());
            table.truncate(MAX_TABLE_BYTES - 1 - 2 * DIGEST_BYTES);
            table.push('_');
            table.extend(digest[..DIGEST_BYTES].iter().map(|byte| format!("{byte:02x}")));
        }
        Self {
            database: database.to_owned(),
            table,
        }
    }
}

impl std::fmt::Display for TableName {
    /// The table as SQL can use it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plain =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let part = |name: &str| if plain(name) { name.to_owned() } else { ident(name) };
        write!(f, "{}.{}", part(&self.database), part(&self.table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_cannot_be_escaped_from() {
        assert_eq!(ident("a`b\\"), "`a\\`b\\\\`");
        assert_eq!(literal("a'b\\"), "'a\\'b\\\\'");
        assert_eq!(literal("a\0b"), "'a\\0b'");
        assert_eq!(
            TableName::for_topic("events", "a.b-c").to_string(),
            "events.a_b_c"
        );
        assert_eq!(TableName::for_topic("events", "1st").to_string(), "events._1st");
    }

    #[test]
    fn the_longest_topics_have_tables_of_their_own() {
        let name = |topic: &str| TableName::for_topic("events", topic).table;
        let [one, other] = ["a", "b"].map(|end| name(&format!("{}{end}", "t".repeat(248))));
        assert_eq!((one.len(), other.len()), (MAX_TABLE_BYTES, MAX_TABLE_BYTES));
        assert_ne!(one, other);
        let whole = "t".repeat(MAX_TABLE_BYTES);
        assert_eq!(name(&whole), whole);
    }
}
