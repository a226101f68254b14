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
//! [`crate::cluster::ec2`]. `id`, `advertise` and `advertise_http` can say `{instance_id}`, `{private_ip}` and the like
//! ([`placeholders`]), so that one file serves a whole group. `[aws]` ([`AwsSection`]) has the node mind what happens to
//! the machine, and publish figures.
//!
//! Without `[cluster]` the node works on its own. In a cluster, connections and streams are written into its
//! registry when the node starts, and from then on all nodes work on them ([`crate::registry`]): a node may name
//! none.
//!
//! A text that begins with `env:`, `file:`, `secretsmanager:` or `ssm:` stands for what that variable, file, secret or
//! parameter holds, so that no secret needs to be in the file; see [`Secret`].

mod access;
mod aws;
mod cluster;
mod grafana;
mod model;
pub mod placeholders;
mod secret;

pub use access::{AccessSection, TokenSection};
pub use aws::{AwsOptions, AwsSection, LifecycleOptions};
pub use cluster::ClusterSection;
pub use grafana::{DataSourceSection, GrafanaSection, Seen as GrafanaSeen};
pub use model::ModelSection;
pub use secret::Secret;

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
    /// What it does on a machine of AWS.
    #[serde(default)]
    pub aws: AwsSection,
}

/// `[node]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSection {
    /// The node's name, unique in its cluster. It may hold [`placeholders`], such as `{instance_id}`.
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

impl Config {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the configuration {} cannot be read", path.display()))?;
        Self::parse(&text).with_context(|| format!("the configuration {} cannot be used", path.display()))
    }

    /// Whether it says something of the machine that it is used on.
    pub fn has_placeholders(&mut self) -> bool {
        self.about_the_machine()
            .iter()
            .any(|text| placeholders::are_in(text))
    }

    /// Says what it says of the machine.
    pub fn fill_placeholders(&mut self, value: impl Fn(&str) -> String) {
        for text in self.about_the_machine() {
            *text = placeholders::fill(text, &value);
        }
    }

    fn about_the_machine(&mut self) -> Vec<&mut String> {
        let cluster = self.cluster.as_mut().into_iter();
        let addresses = cluster.flat_map(|cluster| [&mut cluster.advertise, &mut cluster.advertise_http]);
        [&mut self.node.id]
            .into_iter()
            .chain(addresses.filter_map(Option::as_mut))
            .collect()
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

    #[tokio::test]
    async fn a_minimal_file_is_enough_and_shows_no_secret() {
        let config = Config::parse(MINIMAL).unwrap();
        assert_eq!(config.node.http, default_http());
        assert_eq!(
            config.clickhouse.writer.password.resolve().await.unwrap(),
            "hunter2"
        );
        assert_eq!(
            config.clickhouse.reader.password.resolve().await.unwrap(),
            std::env::var("PATH").unwrap()
        );
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn one_file_serves_many_machines() {
        let text = MINIMAL.replace("\"n1\"", "\"{instance_id}\"");
        let cluster =
            "[cluster]\nkey = 'k'\nadvertise = '{private_ip}:7946'\nadvertise_http = 'http://{private_ip}:1'";
        let mut config = Config::parse(&format!("{text}\n{cluster}")).unwrap();
        assert!(config.has_placeholders());
        config.fill_placeholders(|name| match name {
            "private_ip" => "10.0.0.5".to_owned(),
            other => format!("the-{other}"),
        });
        assert!(!config.has_placeholders());
        assert_eq!(config.node.id, "the-instance_id");
        let cluster = config.cluster.unwrap();
        assert_eq!(cluster.advertise.as_deref(), Some("10.0.0.5:7946"));
        assert_eq!(cluster.advertise_http.as_deref(), Some("http://10.0.0.5:1"));
        assert!(!Config::parse(MINIMAL).unwrap().has_placeholders());
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
