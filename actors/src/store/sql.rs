//! Names and texts inside SQL.

/// A name, quoted so that it can be nothing else.
pub fn ident(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
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

impl TableName {
    /// The table that the events of `topic` go to: the topic's name, with an underscore for what
    /// would need quoting in SQL.
    pub fn for_topic(database: &str, topic: &str) -> Self {
        let mut table: String = topic
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        if table.starts_with(|c: char| c.is_ascii_digit()) {
            table.insert(0, '_');
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
}
