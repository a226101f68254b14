//! What the registry's documents say, and how they are kept.
//!
//! A connection is sealed with the cluster's key: whoever can read ClickHouse learns neither passwords nor
//! brokers. What was a reference in a configuration (`env:`, `file:`, `secretsmanager:`, `ssm:`) stays that, and each
//! node reads its own. The seal is
//! bound to name and version, so that no document can be put in the place of another.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use aurora_actors::ingest::schema::choice::Choices;
use aurora_actors::ingest::source::connection::KafkaConnection;
use aurora_actors::ingest::start::Start;
use aurora_actors::ingest::stream::StreamSpec;
use aurora_cluster::{Sealer, StreamId};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::config::{ConnectionSection, Secret, StreamSection};

/// What a kind of document says.
pub(super) trait Document: PartialEq + Serialize + DeserializeOwned {
    /// The kind's name.
    const KIND: &'static str;
    /// Whether only nodes of the cluster may read it.
    const IS_SECRET: bool;

    /// Names what differs from `other`, without values. Who made a change, and when, is no difference.
    fn differences(&self, other: &Self) -> Vec<String>;

    /// Whether people made it what it is, and no configuration file.
    fn is_made_by_people(&self) -> bool;

    /// What is to be there when a configuration file says this, and `known` is there: what people have decided about
    /// things that a file does not speak of stays.
    fn declared_over(&self, known: &Self) -> Self;
}

/// Who changed a document last, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The caller's name.
    pub by: String,
    /// When.
    pub at: jiff::Timestamp,
}

impl Changed {
    /// Now, by this caller.
    pub fn now(by: &str) -> Self {
        Self {
            by: by.to_owned(),
            at: jiff::Timestamp::now(),
        }
    }
}

/// A connection, with references to secrets as they were written.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionDocument {
    /// `HOST:PORT[,HOST:PORT…]`
    pub brokers: String,
    /// Further options of librdkafka, or references to them. They may hold secrets.
    pub properties: BTreeMap<String, String>,
    /// Who changed it last; `None` when a configuration file says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Changed>,
}

impl std::fmt::Debug for ConnectionDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionDocument")
            .field("brokers", &self.brokers)
            .field("properties", &self.properties.keys())
            .finish()
    }
}

impl ConnectionDocument {
    /// Whether AWS has to be asked for a part of it.
    pub(super) fn refers_to_aws(&self) -> bool {
        self.properties.values().any(|text| Secret::is_in_aws(text))
    }

    /// The connection, with what this node finds where the references point.
    pub async fn resolve(&self, name: &str) -> anyhow::Result<KafkaConnection> {
        let mut properties = BTreeMap::new();
        for (property, text) in &self.properties {
            let value = Secret::new(text)
                .resolve()
                .await
                .with_context(|| format!("{property} of the connection {name}"))?;
            properties.insert(property.clone(), value);
        }
        Ok(KafkaConnection {
            name: name.to_owned(),
            brokers: self.brokers.clone(),
            properties,
        })
    }
}

impl Document for ConnectionDocument {
    const KIND: &'static str = "connection";
    const IS_SECRET: bool = true;

    fn differences(&self, other: &Self) -> Vec<String> {
        let brokers = (self.brokers != other.brokers).then(|| "brokers".to_owned());
        let names: BTreeSet<&String> = self.properties.keys().chain(other.properties.keys()).collect();
        let differs = |name: &&String| self.properties.get(*name) != other.properties.get(*name);
        let properties = names.into_iter().filter(differs).cloned();
        brokers.into_iter().chain(properties).collect()
    }

    fn is_made_by_people(&self) -> bool {
        self.changed.is_some()
    }

    fn declared_over(&self, _known: &Self) -> Self {
        self.clone()
    }
}

/// A stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamDocument {
    /// The connection's name.
    pub connection: String,
    /// The topic's name.
    pub topic: String,
    /// What tells this life of the topic from others, when the broker cannot say.
    pub topic_identity: Option<String>,
    /// Where it begins, if it has never read anything.
    #[serde(default, skip_serializing_if = "is_default")]
    pub start: Start,
    /// What its table is made with, if there is none yet.
    #[serde(default, skip_serializing_if = "Choices::is_empty")]
    pub columns: Choices,
    /// No node works on it until somebody says otherwise.
    #[serde(default, skip_serializing_if = "is_false")]
    pub paused: bool,
    /// No node works on it any more: what it has written is being dropped, and then it goes itself.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dropping: bool,
    /// Who added it; `None` when a configuration file did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added: Option<Changed>,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_default(start: &Start) -> bool {
    *start == Start::default()
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !value
}

impl StreamDocument {
    /// The document of a stream that begins with nothing said about it.
    pub fn new(id: &StreamId) -> Self {
        Self {
            connection: id.connection().to_owned(),
            topic: id.topic().to_owned(),
            topic_identity: None,
            start: Start::default(),
            columns: Choices::default(),
            paused: false,
            dropping: false,
            added: None,
        }
    }

    /// What ingest needs to know of the stream `id`, whose table is in `database`.
    pub fn spec(&self, id: &StreamId, database: &str) -> StreamSpec {
        StreamSpec {
            id: id.clone(),
            database: database.to_owned(),
            topic_identity: self.topic_identity.clone(),
            start: self.start,
            columns: self.columns.clone(),
        }
    }
}

impl Document for StreamDocument {
    const KIND: &'static str = "stream";
    const IS_SECRET: bool = false;

    fn differences(&self, other: &Self) -> Vec<String> {
        let named = [
            ("connection", self.connection != other.connection),
            ("topic", self.topic != other.topic),
            ("topic_identity", self.topic_identity != other.topic_identity),
            ("start", self.start != other.start),
            ("columns", self.columns != other.columns),
            ("paused", self.paused != other.paused),
            ("dropping", self.dropping != other.dropping),
        ];
        let differing = named.iter().filter(|(_, differs)| *differs);
        differing.map(|(name, _)| (*name).to_owned()).collect()
    }

    fn is_made_by_people(&self) -> bool {
        self.added.is_some()
    }

    fn declared_over(&self, known: &Self) -> Self {
        // A file that says nothing of columns does not speak of them.
        let columns = [&self.columns, &known.columns]
            .into_iter()
            .find(|columns| !columns.is_empty());
        Self {
            columns: columns.cloned().unwrap_or_default(),
            topic_identity: self.topic_identity.clone(),
            ..known.clone()
        }
    }
}

/// What a node's configuration says of connections and streams.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// By their names.
    pub connections: BTreeMap<String, ConnectionDocument>,
    /// By their names.
    pub streams: BTreeMap<StreamId, StreamDocument>,
}

impl Declared {
    /// What these sections say.
    pub fn new(connections: &[ConnectionSection], streams: &[StreamSection]) -> anyhow::Result<Self> {
        let mut declared = Self::default();
        for section in connections {
            let properties = section.properties.iter();
            let properties = properties.map(|(name, text)| (name.clone(), text.as_written().to_owned()));
            let document = ConnectionDocument {
                brokers: section.brokers.clone(),
                properties: properties.collect(),
                changed: None,
            };
            declared.connections.insert(section.name.clone(), document);
        }
        for section in streams {
            let id = StreamId::new(&section.connection, &section.topic)?;
            let document = StreamDocument {
                topic_identity: section.topic_identity.clone(),
                columns: section.columns.clone(),
                ..StreamDocument::new(&id)
            };
            declared.streams.insert(id, document);
        }
        Ok(declared)
    }

    /// All that ingest needs to begin with these streams. The error says what this node lacks.
    pub async fn resolve(&self, database: &str) -> anyhow::Result<Vec<(KafkaConnection, StreamSpec)>> {
        let mut connections = BTreeMap::new();
        for (name, document) in &self.connections {
            connections.insert(name.as_str(), document.resolve(name).await?);
        }
        let streams = self.streams.iter().map(|(id, document)| {
            let connection = connections.get(document.connection.as_str());
            let connection = connection
                .with_context(|| format!("the connection {:?} is not there", document.connection))?;
            Ok((connection.clone(), document.spec(id, database)))
        });
        streams.collect()
    }
}

/// A document that is there and cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Altered, or sealed by somebody else.
    #[error("cannot be opened with this cluster's key")]
    Seal,
    /// Of another version of Aurora.
    #[error("is none that this version of Aurora understands")]
    Content,
}

/// The text that a document is kept as.
pub(super) fn encode<D: Document>(sealer: &Sealer, name: &str, version: u64, document: &D) -> String {
    // Texts and maps of texts: nothing that JSON could refuse.
    let plain = serde_json::to_string(document).unwrap_or_default();
    if !D::IS_SECRET {
        return plain;
    }
    STANDARD.encode(sealer.seal(&binding::<D>(name, version), plain.as_bytes()))
}

/// What [`encode`] made a text of.
pub(super) fn decode<D: Document>(
    sealer: &Sealer,
    name: &str,
    version: u64,
    text: &str,
) -> Result<D, Unreadable> {
    let plain = if D::IS_SECRET {
        let sealed = STANDARD.decode(text).map_err(|_| Unreadable::Seal)?;
        let opened = sealer.open(&binding::<D>(name, version), &sealed);
        opened.map_err(|_| Unreadable::Seal)?
    } else {
        text.as_bytes().to_vec()
    };
    serde_json::from_slice(&plain).map_err(|_| Unreadable::Content)
}

fn binding<D: Document>(name: &str, version: u64) -> Vec<u8> {
    format!("{}/{name}/{version}", D::KIND).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aurora_cluster::{ClusterKey, Purpose};

    fn connection(password: &str) -> ConnectionDocument {
        ConnectionDocument {
            brokers: "kafka:9092".to_owned(),
            properties: BTreeMap::from([
                ("sasl.password".to_owned(), password.to_owned()),
                ("security.protocol".to_owned(), "SASL_SSL".to_owned()),
            ]),
            changed: None,
        }
    }

    fn sealer() -> Sealer {
        ClusterKey::generate().sealer("test", Purpose::SECRET)
    }

    #[test]
    fn a_connection_is_kept_sealed_and_opens_only_as_what_it_was() {
        let (sealer, stranger, document) = (sealer(), sealer(), connection("hunter2"));
        let text = encode(&sealer, "prod", 3, &document);
        assert_eq!(
            decode::<ConnectionDocument>(&sealer, "prod", 3, &text).unwrap(),
            document
        );
        let readable = String::from_utf8_lossy(&STANDARD.decode(&text).unwrap()).into_owned();
        assert!(!text.contains("hunter2") && !readable.contains("hunter2") && !readable.contains("kafka"));
        let open = |sealer, name, version, text: &str| {
            decode::<ConnectionDocument>(sealer, name, version, text).unwrap_err()
        };
        assert_eq!(open(&sealer, "test", 3, &text), Unreadable::Seal);
        assert_eq!(open(&sealer, "prod", 4, &text), Unreadable::Seal);
        assert_eq!(open(&stranger, "prod", 3, &text), Unreadable::Seal);
        let plain = serde_json::to_string(&document).unwrap();
        assert_eq!(open(&sealer, "prod", 3, &plain), Unreadable::Seal);
        assert_eq!(
            decode::<StreamDocument>(&sealer, "a:b", 1, "{}").unwrap_err(),
            Unreadable::Content
        );
    }

    #[test]
    fn what_differs_is_named_and_no_value_is_shown() {
        let (old, mut new) = (connection("hunter2"), connection("hunter3"));
        assert_eq!(new.differences(&old), ["sasl.password"]);
        new.brokers = "other:9092".to_owned();
        new.properties.remove("security.protocol");
        assert_eq!(
            new.differences(&old),
            ["brokers", "sasl.password", "security.protocol"]
        );
        assert!(!format!("{new:?}").contains("hunter"));
    }

    #[test]
    fn documents_of_earlier_versions_are_read_and_a_file_does_not_undo_what_people_decide() {
        let text = r#"{"connection":"a","topic":"x","topic_identity":null}"#;
        let known: StreamDocument = serde_json::from_str(text).unwrap();
        let id = "a:x".parse().unwrap();
        assert_eq!(known, StreamDocument::new(&id));
        assert_eq!(serde_json::to_string(&known).unwrap(), text);
        let paused = StreamDocument {
            paused: true,
            added: Some(Changed::now("ann")),
            ..known.clone()
        };
        let declared = StreamDocument {
            topic_identity: Some("life".to_owned()),
            ..known
        };
        let both = declared.declared_over(&paused);
        assert!(both.paused && both.is_made_by_people());
        assert_eq!(both.differences(&paused), ["topic_identity"]);
        let columns: Choices = serde_json::from_str(r#"[{"path":["n"],"type":"Bool"}]"#).unwrap();
        let chosen = StreamDocument {
            columns: columns.clone(),
            ..paused.clone()
        };
        assert_eq!(declared.declared_over(&chosen).columns, columns);
        let declared = StreamDocument { columns, ..declared };
        assert_eq!(
            declared.declared_over(&paused).differences(&paused),
            ["topic_identity", "columns"]
        );
        let text = serde_json::to_string(&declared).unwrap();
        assert_eq!(serde_json::from_str::<StreamDocument>(&text).unwrap(), declared);
    }

    #[tokio::test]
    async fn references_stay_references_until_a_node_resolves_them() {
        let section = ConnectionSection {
            name: "prod".to_owned(),
            brokers: "kafka:9092".to_owned(),
            properties: BTreeMap::from([
                ("client.rack".to_owned(), Secret::new("env:PATH")),
                ("sasl.password".to_owned(), Secret::new("hunter2")),
            ]),
        };
        let stream = StreamSection {
            connection: "prod".to_owned(),
            topic: "orders".to_owned(),
            topic_identity: None,
            columns: Choices::default(),
        };
        let declared = Declared::new(&[section], &[stream]).unwrap();
        assert_eq!(declared.connections["prod"].properties["client.rack"], "env:PATH");
        let streams = declared.resolve("events").await.unwrap();
        let (connection, spec) = &streams[0];
        assert_eq!(
            connection.properties["client.rack"],
            std::env::var("PATH").unwrap()
        );
        assert_eq!(
            (spec.id.to_string().as_str(), spec.database.as_str()),
            ("prod:orders", "events")
        );
        let mut lacking = declared.connections["prod"].clone();
        let reference = "env:AURORA_NOBODY_SETS_THIS".to_owned();
        lacking.properties.insert("sasl.password".to_owned(), reference);
        let error = format!("{:#}", lacking.resolve("prod").await.unwrap_err());
        assert_eq!(
            error,
            "sasl.password of the connection prod: the variable AURORA_NOBODY_SETS_THIS is not set: environment variable not found"
        );
    }
}
