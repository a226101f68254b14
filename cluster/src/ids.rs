//! Names of the parties of the delivery protocol.
//!
//! They travel in SQL, query ids, URLs and file names, so what a name may contain is settled once,
//! here, when it is made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A Kafka partition number, from 0.
pub type Partition = i32;

/// A name that cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {name:?} cannot be used: {why}")]
pub struct InvalidName {
    what: &'static str,
    name: String,
    why: &'static str,
}

/// Longest name of a node, connection or topic, in bytes. Kafka's own limit for topics is 249.
const MAX_NAME_BYTES: usize = 249;

fn check_name(what: &'static str, name: &str) -> Result<(), InvalidName> {
    let invalid = |why| {
        Err(InvalidName {
            what,
            name: name.chars().take(80).collect(),
            why,
        })
    };
    if name.is_empty() {
        return invalid("it is empty");
    }
    if name.len() > MAX_NAME_BYTES {
        return invalid("it is longer than 249 bytes");
    }
    if !name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    {
        return invalid("only letters, digits, '.', '_' and '-' are allowed");
    }
    Ok(())
}

/// The name of a node, unique in its cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeId(String);

impl NodeId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodeId {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        check_name("node id", name)?;
        Ok(Self(name.to_owned()))
    }
}

impl TryFrom<String> for NodeId {
    type Error = InvalidName;

    fn try_from(name: String) -> Result<Self, InvalidName> {
        name.parse()
    }
}

impl From<NodeId> for String {
    fn from(id: NodeId) -> Self {
        id.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One topic of one connection. Written `connection:topic`, which no topic name can imitate, since
/// Kafka allows no colon in one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamId {
    connection: String,
    topic: String,
}

impl StreamId {
    /// Names the stream that `topic` of `connection` is.
    pub fn new(connection: &str, topic: &str) -> Result<Self, InvalidName> {
        check_name("connection", connection)?;
        check_name("topic", topic)?;
        Ok(Self {
            connection: connection.to_owned(),
            topic: topic.to_owned(),
        })
    }

    /// The connection's name.
    pub fn connection(&self) -> &str {
        &self.connection
    }

    /// The topic's name.
    pub fn topic(&self) -> &str {
        &self.topic
    }
}

impl FromStr for StreamId {
    type Err = InvalidName;

    fn from_str(id: &str) -> Result<Self, InvalidName> {
        let Some((connection, topic)) = id.split_once(':') else {
            return Err(InvalidName {
                what: "stream",
                name: id.chars().take(80).collect(),
                why: "it must look like connection:topic",
            });
        };
        Self::new(connection, topic)
    }
}

impl TryFrom<String> for StreamId {
    type Error = InvalidName;

    fn try_from(id: String) -> Result<Self, InvalidName> {
        id.parse()
    }
}

impl From<StreamId> for String {
    fn from(id: StreamId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.connection, self.topic)
    }
}

/// One node's turn at a partition, numbered from 1 by ClickHouse's compare-and-set.
pub type Epoch = u64;

/// One life of a stream's topic, numbered from 1. A topic that is deleted and made again, or a
/// replay, starts the next one: its offsets mean other messages.
pub type Generation = u32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_id_survives_being_written_and_read() {
        let id = StreamId::new("prod", "orders.v1").unwrap();
        assert_eq!(id.to_string().parse::<StreamId>().unwrap(), id);
    }

    #[test]
    fn names_that_could_break_sql_or_urls_are_refused() {
        for name in ["", "a/b", "a'b", "a b", "ü", &"x".repeat(250)] {
            assert!(StreamId::new("c", name).is_err(), "{name}");
            assert!(name.parse::<NodeId>().is_err(), "{name}");
        }
        assert!("no-colon".parse::<StreamId>().is_err());
    }
}
