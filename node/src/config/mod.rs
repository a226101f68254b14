//! The configuration file of a node, in TOML.
//!
//! ```toml
//! [node]
//! id = "node-1"
//! http = "127.0.0.1:8080"
//!
//! [clickhouse]
//! url = "https://clickhouse.internal:8443"
//! writer = { user = "aurora_writer", password = "env:AURORA_WRITER_PASSWORD" }
//! reader = { user = "aurora_reader", password = "file:/run/secrets/reader" }
//!
//! [[connections]]
//! name = "prod"
//! brokers = "kafka-1:9092,kafka-2:9092"
//! properties = { "security.protocol" = "SASL_SSL", "sasl.password" = "env:KAFKA_PASSWORD" }
//!
//! [[streams]]
//! connection = "prod"
//! topic = "orders"
//!
//! [queries]
//! max_seconds = 30
//! max_memory_bytes = 2000000000
//! max_result_rows = 1000000
//! concurrent = 16
//! queue = 1000
//!
//! [model]
//! base_url = "http://127.0.0.1:11434/v1"
//! name = "qwen2.5-coder:7b"
//!
//! [grafana]
//! url = "https://grafana.internal"
//! token = "file:/run/secrets/grafana-token"
//! datasource = { user = "aurora_grafana", password = "file:/run/secrets/clickhouse-grafana" }
//!
//! [cluster]
//! name = "prod"
//! key = "file:/run/secrets/aurora-cluster-key"
//! gossip = "0.0.0.0:7946"
//! advertise = "10.0.0.5:7946"
//! seeds = ["10.0.0.6:7946", "dns:aurora.internal:7946"]
//!
//! [access]
//! tokens = [
//!     { name = "ann", role = "editor", token = "env:ANNS_TOKEN" },
//!     { name = "grafana", role = "viewer", token = "file:/run/secrets/grafana" },
//! ]
//! ```
//!
//! On AWS seeds can be machines as well, `"ec2-tag:aurora=prod:7946"` or `"asg:aurora-prod:7946"`; see
//! [`crate::cluster::ec2`].
//!
//! Without `[cluster]` the node works on its own. In a cluster, connections and streams are written into its
//! registry when the node starts, and from then on all nodes work on them ([`crate::registry`]): a node may name
//! none.
//!
//! A text that begins with `env:` or `file:` stands for what that variable or file holds, so that no
//! secret needs to be in the file.

mod access;
mod cluster;
mod grafana;
mod model;

pub use access::{AccessSection, TokenSection};
pub use cluster::ClusterSection;
pub use grafana::{DataSourceSection, GrafanaSection, Seen as GrafanaSeen};
pub use model::ModelSection;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, bail};
use aurora_actors::ingest::schema::choice::Choices;
use aurora_actors::query::limits::QueryLimits;
use serde::Deserialize;

/// All of a node's configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// This node.
    pub node: NodeSection,
    /// Where events go.
    pub clickhouse: ClickHouseSection,
    /// Kafka clusters.
    #[serde(default)]
    pub connections: Vec<ConnectionSection>,
    /// Topics to ingest.
    #[serde(default)]
    pub streams: Vec<StreamSection>,
    /// Bounds.
    #[serde(default)]
    pub limits: LimitsSection,
    /// Bounds of queries.
    #[serde(default)]
    pub queries: QueryLimits,
    /// A language model for questions.
    #[serde(default)]
    pub model: ModelSection,
    /// A Grafana beside the web app.
    #[serde(default)]
    pub grafana: GrafanaSection,
    /// Who is let in.
    #[serde(default)]
    pub access: AccessSection,
    /// The other nodes; without it this one works on its own.
    pub cluster: Option<ClusterSection>,
}

/// `[node]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSection {
    /// The node's name, unique in its cluster.
    pub id: String,
    /// Where HTTP is served. Anything but a loopback address needs a token.
    #[serde(default = "default_http")]
    pub http: SocketAddr,
    /// What programs send as `Authorization: Bearer …`, to do everything; see `[access]` for more than one. Without any
    /// only loopback is served.
    pub token: Option<Secret>,
}

fn default_http() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

/// `[clickhouse]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClickHouseSection {
    /// `http://HOST:PORT` or `https://HOST:PORT`.
    pub url: String,
    /// The user who ingests.
    pub writer: UserSection,
    /// The user whom queries run as; it should be able to SELECT and nothing else.
    pub reader: UserSection,
    /// The database of the events' tables.
    #[serde(default = "default_database")]
    pub database: String,
}

/// The database of the events' tables, when nothing else is said.
pub fn default_database() -> String {
    "events".to_owned()
}

/// A user of ClickHouse.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserSection {
    /// Its name.
    pub user: String,
    /// Its password.
    pub password: Secret,
}

/// One of `[[connections]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSection {
    /// Its name in Aurora.
    pub name: String,
    /// `HOST:PORT[,HOST:PORT…]`
    pub brokers: String,
    /// Further options of librdkafka.
    #[serde(default)]
    pub properties: BTreeMap<String, Secret>,
}

/// One of `[[streams]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamSection {
    /// The connection's name.
    pub connection: String,
    /// The topic's name.
    pub topic: String,
    /// What tells this life of the topic from others, for brokers that cannot say: the demo's broker
    /// starts anew each time.
    pub topic_identity: Option<String>,
    /// What its table is made with where that is not to be what a sample speaks for: `{ path = ["price"], type =
    /// "Float64" }` and `{ path = ["customer", "email"], leave_out = true }`.
    #[serde(default)]
    pub columns: Choices,
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSection {
    /// Bytes of messages that the node holds at most between Kafka and ClickHouse.
    pub buffer_bytes: usize,
}

impl Default for LimitsSection {
    fn default() -> Self {
        Self {
            buffer_bytes: 64 << 20,
        }
    }
}

/// A text that may be a secret, or a reference to one. It never shows itself.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A secret given outright.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it was written, secret or reference: for whoever seals it.
    pub(crate) fn as_written(&self) -> &str {
        &self.0
    }

    /// The text, read from where it is if this is a reference.
    pub fn resolve(&self) -> anyhow::Result<String> {
        if let Some(variable) = self.0.strip_prefix("env:") {
            return std::env::var(variable).with_context(|| format!("the variable {variable} is not set"));
        }
        if let Some(path) = self.0.strip_prefix("file:") {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("the secret in {path} cannot be read"))?;
            return Ok(text.trim_end_matches(['\n', '\r']).to_owned());
        }
        Ok(self.0.clone())
    }
}

impl Config {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the configuration {} cannot be read", path.display()))?;
        Self::parse(&text).with_context(|| format!("the configuration {} cannot be used", path.display()))
    }

    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let config: Self = toml::from_str(text)?;
        if let Some(mistake) = config.queries.mistake() {
            bail!(mistake);
        }
        for stream in &config.streams {
            if !config
                .connections
                .iter()
                .any(|connection| connection.name == stream.connection)
            {
                bail!(
                    "the stream of topic {:?} names the connection {:?}, which is not there; add it under [[connections]]",
                    stream.topic,
                    stream.connection
                );
            }
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = r#"
        [node]
        id = "n1"
        [clickhouse]
        url = "http://127.0.0.1:8123"
        writer = { user = "w", password = "hunter2" }
        reader = { user = "r", password = "env:PATH" }
    "#;

    #[test]
    fn a_minimal_file_is_enough_and_shows_no_secret() {
        let config = Config::parse(MINIMAL).unwrap();
        assert_eq!(config.node.http, default_http());
        assert_eq!(config.clickhouse.writer.password.resolve().unwrap(), "hunter2");
        assert_eq!(
            config.clickhouse.reader.password.resolve().unwrap(),
            std::env::var("PATH").unwrap()
        );
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn mistakes_are_named() {
        let unknown = Config::parse(&format!("{MINIMAL}\n[limits]\nbufer = 1")).unwrap_err();
        assert!(format!("{unknown:#}").contains("bufer"), "{unknown:#}");
        let dangling = Config::parse(&format!(
            "{MINIMAL}\n[[streams]]\nconnection = \"x\"\ntopic = \"t\""
        ))
        .unwrap_err();
        assert!(format!("{dangling:#}").contains("\"x\""), "{dangling:#}");
        let endless = Config::parse(&format!("{MINIMAL}\n[queries]\nmax_seconds = 0")).unwrap_err();
        assert!(format!("{endless:#}").contains("max_seconds"), "{endless:#}");
    }
}
