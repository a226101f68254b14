//! What a node says about itself: every key that is gossiped, and how its value is written.
//!
//! The values stay small: all of them, of all nodes, have to fit the datagram with which a newcomer is
//! told about the cluster.

use chitchat::NodeState;

use crate::membership::MemberState;

/// Version of what the nodes of a cluster say to each other. Nodes whose major numbers differ do not
/// understand each other and share no work; a minor number grows when something is added that older
/// nodes can ignore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol {
    /// What must be equal.
    pub major: u16,
    /// What may differ.
    pub minor: u16,
}

impl Protocol {
    /// What this build speaks.
    pub const CURRENT: Self = Self { major: 1, minor: 0 };

    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
        })
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The key whose format no version may change: it tells whether the others can be understood.
const PROTOCOL: &str = "protocol";
/// See [`MemberState`].
pub(crate) const STATE: &str = "state";
const CAPACITY: &str = "capacity";
const HTTP: &str = "http";
const VERSION: &str = "version";
const PID: &str = "pid";
const STARTED_AT_MS: &str = "started_at_ms";

/// Longest URL and version that are gossiped, in bytes.
pub(crate) const MAX_HTTP_BYTES: usize = 512;
/// See [`MAX_HTTP_BYTES`].
pub(crate) const MAX_VERSION_BYTES: usize = 64;

/// What a node says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) protocol: Protocol,
    pub(crate) state: MemberState,
    pub(crate) capacity: u32,
    pub(crate) http: String,
    pub(crate) version: String,
    pub(crate) pid: u32,
    pub(crate) started_at_ms: i64,
}

impl Facts {
    /// Keys and values, as chitchat takes them.
    pub(crate) fn to_key_values(&self) -> Vec<(String, String)> {
        let pairs = [
            (PROTOCOL, self.protocol.to_string()),
            (STATE, state_name(self.state).to_owned()),
            (CAPACITY, self.capacity.to_string()),
            (HTTP, self.http.clone()),
            (VERSION, self.version.clone()),
            (PID, self.pid.to_string()),
            (STARTED_AT_MS, self.started_at_ms.to_string()),
        ];
        pairs.map(|(key, value)| (key.to_owned(), value)).to_vec()
    }

    /// What the gossiped values say; `None` as long as some have not arrived. Of a node with another
    /// major protocol only the protocol is needed, and the rest is taken if it can be read.
    pub(crate) fn read<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let protocol = Protocol::parse(get(PROTOCOL)?)?;
        let facts = Self {
            protocol,
            state: get(STATE).and_then(state_named).unwrap_or(MemberState::Joining),
            capacity: number(get(CAPACITY)).unwrap_or(1).max(1),
            http: get(HTTP).unwrap_or_default().to_owned(),
            version: get(VERSION).unwrap_or_default().to_owned(),
            pid: number(get(PID)).unwrap_or(0),
            started_at_ms: number(get(STARTED_AT_MS)).unwrap_or(0),
        };
        let is_complete = get(STATE).and_then(state_named).is_some()
            && number::<u32>(get(CAPACITY)).is_some()
            && get(HTTP).is_some()
            && get(VERSION).is_some()
            && number::<u32>(get(PID)).is_some()
            && number::<i64>(get(STARTED_AT_MS)).is_some();
        (is_complete || protocol.major != Protocol::CURRENT.major).then_some(facts)
    }

    pub(crate) fn of(node: &NodeState) -> Option<Self> {
        Self::read(|key| node.get(key))
    }
}

fn number<T: std::str::FromStr>(text: Option<&str>) -> Option<T> {
    text?.parse().ok()
}

pub(crate) fn state_name(state: MemberState) -> &'static str {
    match state {
        MemberState::Joining => "joining",
        MemberState::Ready => "ready",
        MemberState::Draining => "draining",
        MemberState::Left => "left",
    }
}

fn state_named(name: &str) -> Option<MemberState> {
    [
        MemberState::Joining,
        MemberState::Ready,
        MemberState::Draining,
        MemberState::Left,
    ]
    .into_iter()
    .find(|state| state_name(*state) == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn facts() -> Facts {
        Facts {
            protocol: Protocol::CURRENT,
            state: MemberState::Draining,
            capacity: 4,
            http: "http://10.0.0.1:8080".to_owned(),
            version: "0.1.0".to_owned(),
            pid: 42,
            started_at_ms: 1_700_000_000_000,
        }
    }

    fn read(pairs: &HashMap<String, String>) -> Option<Facts> {
        Facts::read(|key| pairs.get(key).map(String::as_str))
    }

    #[test]
    fn facts_survive_being_gossiped_and_are_not_read_before_all_have_arrived() {
        let pairs: HashMap<_, _> = facts().to_key_values().into_iter().collect();
        assert_eq!(read(&pairs), Some(facts()));
        for missing in pairs.keys() {
            let mut some = pairs.clone();
            some.remove(missing);
            assert_eq!(read(&some), None, "{missing}");
        }
    }

    #[test]
    fn a_node_of_another_major_protocol_is_read_as_far_as_it_can_be() {
        let pairs = HashMap::from([(PROTOCOL.to_owned(), "7.3".to_owned())]);
        let facts = read(&pairs).unwrap();
        assert_eq!(facts.protocol, Protocol { major: 7, minor: 3 });
        assert_eq!((facts.state, facts.capacity), (MemberState::Joining, 1));
    }
}
