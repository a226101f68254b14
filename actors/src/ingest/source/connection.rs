//! How to reach a Kafka cluster, and what it says when that fails.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aurora_cluster::Partition;
use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::rights::MissingRight;

/// A named Kafka cluster.
#[derive(Clone, PartialEq, Eq)]
pub struct KafkaConnection {
    /// Its name in Aurora.
    pub name: String,
    /// `HOST:PORT[,HOST:PORT…]`.
    pub brokers: String,
    /// Further options of librdkafka, such as `security.protocol`. They may hold secrets.
    pub properties: BTreeMap<String, String>,
}

impl std::fmt::Debug for KafkaConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaConnection")
            .field("name", &self.name)
            .field("brokers", &self.brokers)
            .field("properties", &self.properties.keys())
            .finish()
    }
}

/// What can go wrong with Kafka.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceError {
    /// The configuration cannot work.
    #[error("the Kafka connection cannot be set up: {0}")]
    Setup(String),
    /// No broker answered.
    #[error("no Kafka broker answered: {0}")]
    Unreachable(String),
    /// The brokers do not know the topic.
    #[error("the topic {0:?} does not exist")]
    NoSuchTopic(String),
    /// The offset to read from is not there (any more).
    #[error("the offset to read from is out of the partition's range")]
    OutOfRange,
    /// The brokers do not allow what was asked of a topic.
    #[error("the brokers do not allow it")]
    Forbidden,
    /// The same, with what has to be allowed to whom.
    #[error("{0}")]
    NoRight(Box<MissingRight>),
    /// The brokers refused.
    #[error("Kafka answered: {0}")]
    Refused(String),
}

impl SourceError {
    /// Sorts an error of the Kafka library.
    pub fn from_kafka(error: &KafkaError) -> Self {
        use RDKafkaErrorCode as Code;
        match error.rdkafka_error_code() {
            Some(
                Code::AllBrokersDown | Code::BrokerTransportFailure | Code::OperationTimedOut | Code::Resolve,
            ) => Self::Unreachable(error.to_string()),
            Some(Code::TopicAuthorizationFailed) => Self::Forbidden,
            Some(Code::OffsetOutOfRange | Code::AutoOffsetReset) => Self::OutOfRange,
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => Self::NoSuchTopic(String::new()),
            _ => Self::Refused(error.to_string()),
        }
    }
}

/// How often the log is told that the brokers are away; librdkafka says it many times a second.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(10);

/// Sends what librdkafka has to say to the log.
#[derive(Debug, Default)]
pub struct Context {
    complained: Mutex<Option<Instant>>,
}

impl Context {
    fn may_complain(&self) -> bool {
        let mut complained = self.complained.lock();
        let due = complained.is_none_or(|at| at.elapsed() > COMPLAINT_INTERVAL);
        if due {
            *complained = Some(Instant::now());
        }
        due
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error => {
                tracing::warn!(facility, message, "librdkafka");
            }
            _ => tracing::debug!(facility, message, "librdkafka"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // The end of a partition is what a sample reads up to.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        if self.may_complain() {
            tracing::warn!(%error, reason, "kafka client");
        }
    }
}

impl ConsumerContext for Context {}

impl KafkaConnection {
    /// A connection without security.
    pub fn plain(name: &str, brokers: &str) -> Self {
        Self {
            name: name.to_owned(),
            brokers: brokers.to_owned(),
            properties: BTreeMap::new(),
        }
    }

    pub(super) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "aurora")
            .set("group.id", "aurora")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // Where to read is decided by the journal; a position that is gone must be told.
            .set("auto.offset.reset", "error")
            .set("isolation.level", "read_committed")
            // The buffer in front of us: enough to keep reading while a batch is written, bounded
            // for a node with a hundred partitions.
            .set("queued.min.messages", "50000")
            .set("queued.max.messages.kbytes", "8192")
            .set("fetch.wait.max.ms", "100")
            .set("fetch.queue.backoff.ms", "20")
            .set("fetch.error.backoff.ms", "200")
            // A broker that stands still is given up after this; librdkafka would wait for a minute. The answer to a
            // fetch must be there by then, also over a slow line.
            .set("socket.timeout.ms", "10000")
            .set("fetch.max.bytes", "8388608")
            .set("socket.keepalive.enable", "true")
            .set("reconnect.backoff.max.ms", "5000")
            .set("topic.metadata.refresh.interval.ms", "10000")
            .set("allow.auto.create.topics", "false");
        // Built with an OpenSSL of its own, librdkafka has to look for the certificates that the system trusts.
        if !self.properties.keys().any(|name| name.starts_with("ssl.ca.")) {
            config.set("ssl.ca.location", "probe");
        }
        // The same for servers that give out tokens.
        if !self.properties.keys().any(|name| name.starts_with("https.ca.")) {
            config.set("https.ca.location", "probe");
        }
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config
    }

    /// Whether the Kafka library can begin with this at all: no broker is asked, but keys and certificates are read.
    pub fn check_setup(&self) -> Result<(), SourceError> {
        self.consumer().map(drop)
    }

    /// A consumer with nothing assigned.
    pub(crate) fn consumer(&self) -> Result<BaseConsumer<Context>, SourceError> {
        let config = self.config();
        config
            .create_with_context(Context::default())
            .map_err(|error| SourceError::Setup(error.to_string()))
    }

    /// A consumer that says when it has reached a partition's end.
    pub(crate) fn sampling_consumer(&self) -> Result<BaseConsumer<Context>, SourceError> {
        let mut config = self.config();
        config
            .set("enable.partition.eof", "true")
            .set("queued.max.messages.kbytes", "2048");
        config
            .create_with_context(Context::default())
            .map_err(|error| SourceError::Setup(error.to_string()))
    }
}

/// The partitions of a topic, ascending.
pub(crate) fn partitions(
    consumer: &BaseConsumer<Context>,
    topic: &str,
    timeout: Duration,
) -> Result<Vec<Partition>, SourceError> {
    let metadata = consumer
        .fetch_metadata(Some(topic), timeout)
        .map_err(|error| SourceError::from_kafka(&error))?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let missing = || SourceError::NoSuchTopic(topic.to_owned());
    let found = found.ok_or_else(missing)?;
    match found.error().map(RDKafkaErrorCode::from) {
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
            return Err(missing());
        }
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) => return Err(SourceError::Forbidden),
        Some(code) => return Err(SourceError::Refused(code.to_string())),
        None => {}
    }
    let mut partitions: Vec<Partition> = found
        .partitions()
        .iter()
        .map(|partition| partition.id())
        .collect();
    if partitions.is_empty() {
        return Err(missing());
    }
    partitions.sort_unstable();
    Ok(partitions)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Options that a build of the library lacks are refused only when they are used.
    #[test]
    fn the_library_knows_every_way_of_logging_in() {
        let ways: [&[(&str, &str)]; 3] = [
            &[
                ("sasl.mechanism", "PLAIN"),
                ("sasl.username", "a"),
                ("sasl.password", "b"),
            ],
            &[
                ("sasl.mechanism", "SCRAM-SHA-512"),
                ("sasl.username", "a"),
                ("sasl.password", "b"),
            ],
            &[
                ("sasl.mechanism", "OAUTHBEARER"),
                ("sasl.oauthbearer.method", "oidc"),
                ("sasl.oauthbearer.token.endpoint.url", "http://localhost:1/token"),
                ("sasl.oauthbearer.client.id", "a"),
                ("sasl.oauthbearer.client.secret", "b"),
                ("sasl.oauthbearer.scope", "kafka"),
            ],
        ];
        for way in ways {
            let mut connection = KafkaConnection::plain("prod", "localhost:1");
            let properties = way
                .iter()
                .chain(&[("security.protocol", "SASL_SSL")])
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            connection.properties = properties.collect();
            let checked = connection.check_setup();
            assert!(checked.is_ok(), "{way:?}: {checked:?}");
        }
    }
}
