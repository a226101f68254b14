//! Whether a connection works, and if not, why: in steps that people can follow, and words that they can act on.
//!
//! Names and ports are tried by hand. Then the Kafka library asks for the topics, and what it says when that fails is
//! sorted (`trouble`). It cannot tell everything apart, an expired certificate from an unknown one for instance: then
//! `handshake` looks closer. Nothing that a server has sent is ever repeated, for it may be no Kafka.

mod handshake;
mod trouble;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::trouble::{Means, Trouble};
use super::connection::{KafkaConnection, SourceError};
use super::rights;

/// How long a name or a port may take.
const REACH_LIMIT: Duration = Duration::from_secs(3);
/// How long the brokers may take to say which topics there are.
const ASK_LIMIT: Duration = Duration::from_secs(10);
/// How long that may take once other brokers were named that cannot be reached.
const SENT_ELSEWHERE: Duration = Duration::from_secs(3);
/// How often it is looked whether the library has said something, and whether anybody still waits.
const ASK_SLICE: Duration = Duration::from_millis(250);
/// Things said by the library that are kept.
const MAX_HEARD: usize = 64;
/// Topics that are listed.
const MAX_TOPICS: usize = 10_000;

/// A step of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = CheckStep)]
pub enum Step {
    /// The broker's name leads to an address.
    Name,
    /// Something takes connections there.
    Port,
    /// Both sides agree on whether and how it is encrypted.
    Tls,
    /// The brokers take the login.
    Login,
    /// The brokers say which topics there are.
    Topics,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// The step.
    pub check: Step,
    /// Whether it went well.
    pub ok: bool,
    /// What was tried, or found.
    pub detail: String,
    /// What is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What can be done about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what_to_do: Option<String>,
}

impl Check {
    fn good(check: Step, detail: impl Into<String>) -> Self {
        Self {
            check,
            ok: true,
            detail: detail.into(),
            why: None,
            what_to_do: None,
        }
    }

    fn bad(check: Step, detail: impl Into<String>, trouble: &Trouble) -> Self {
        let (why, what_to_do) = trouble.in_words();
        Self {
            check,
            ok: false,
            detail: detail.into(),
            why: Some(why),
            what_to_do: Some(what_to_do),
        }
    }
}

/// A topic of the brokers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FoundTopic {
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: usize,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Findings {
    /// Whether streams can be read. One of several brokers may be away all the same, or there may be no topics yet.
    pub ok: bool,
    /// The steps, as far as they came.
    pub checks: Vec<Check>,
    /// The topics, in order of their names, without Kafka's own.
    pub topics: Vec<FoundTopic>,
}

/// Checks a connection within seconds. What is dropped along with this future stops it; `held` goes when everything
/// has stopped.
pub async fn check<G: Send + 'static>(connection: KafkaConnection, held: G) -> Result<Findings, SourceError> {
    let means = Means::of(&connection.properties);
    let brokers: Vec<&str> = connection.brokers.split(',').map(str::trim).collect();
    let reached = join_all(brokers.iter().map(|broker| reach(broker))).await;
    let mut checks: Vec<Check> = reached
        .iter()
        .flat_map(|reached| reached.checks.clone())
        .collect();
    let Some((broker, address)) = reached.iter().find_map(Reached::address) else {
        return Ok(failed(checks));
    };
    let stop = StopWhenDropped::default();
    let stopped = stop.0.clone();
    let asked = {
        let connection = connection.clone();
        blocking(move || {
            let answer = ask(&connection, &stopped);
            (answer, held)
        })
    };
    let (answer, held) = asked.await?;
    match answer? {
        Ok(found) => {
            checks.extend(through(means));
            let advertised = unreachable_advertised(&found.advertised, &brokers).await;
            let is_reachable = advertised.is_empty();
            checks.extend(advertised);
            checks.push(topics_check(&found.topics, &connection));
            Ok(Findings {
                ok: is_reachable,
                checks,
                topics: found.topics,
            })
        }
        Err(heard) => {
            // Whoever has told of other brokers has answered.
            let advertised = unreachable_advertised(&trouble::not_reached(&heard), &brokers).await;
            if !advertised.is_empty() {
                checks.extend(through(means));
                checks.extend(advertised);
                return Ok(failed(checks));
            }
            let trouble = {
                let (host, ca) = (
                    host_of(broker).to_owned(),
                    connection.properties.get("ssl.ca.pem").cloned(),
                );
                blocking(move || {
                    let trouble =
                        look_closer(trouble::sort(&heard, means), means, address, &host, ca.as_deref());
                    // Only now has everything stopped.
                    drop(held);
                    trouble
                })
                .await?
            };
            checks.extend(
                through(means)
                    .into_iter()
                    .take_while(|done| trouble.is_after(done.check)),
            );
            checks.push(Check::bad(trouble.step(), broker, &trouble));
            Ok(failed(checks))
        }
    }
}

fn failed(checks: Vec<Check>) -> Findings {
    Findings {
        ok: false,
        checks,
        topics: Vec::new(),
    }
}

/// The steps that are behind who gets an answer.
fn through(means: Means) -> Vec<Check> {
    let tls = if means.tls {
        "It is encrypted, and the brokers' certificate is trusted."
    } else {
        "It is not encrypted."
    };
    let login = match (means.login, means.certificate) {
        (Some(_), _) => "The brokers take the login.",
        (None, true) => "The brokers take the certificate.",
        (None, false) => "The brokers ask for no login.",
    };
    vec![Check::good(Step::Tls, tls), Check::good(Step::Login, login)]
}

fn topics_check(topics: &[FoundTopic], connection: &KafkaConnection) -> Check {
    match topics.len() {
        0 => Check {
            what_to_do: Some(rights::how_to_allow(connection)),
            ..Check::bad(Step::Topics, "No topics are shown.", &Trouble::NoTopics)
        },
        1 => Check::good(Step::Topics, "There is one topic."),
        count => Check::good(Step::Topics, format!("There are {count} topics.")),
    }
}

#[derive(Default)]
struct StopWhenDropped(Arc<AtomicBool>);

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> Result<T, SourceError> {
    tokio::task::spawn_blocking(call)
        .await
        .map_err(|error| SourceError::Setup(error.to_string()))
}

/// What came of a broker's name and port.
struct Reached {
    broker: String,
    address: Option<SocketAddr>,
    checks: Vec<Check>,
}

impl Reached {
    fn address(&self) -> Option<(&str, SocketAddr)> {
        self.address.map(|address| (self.broker.as_str(), address))
    }
}

fn host_of(broker: &str) -> &str {
    let host = broker.rsplit_once(':').map_or(broker, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Looks a broker's name up and connects to its port.
async fn reach(broker: &str) -> Reached {
    let mut reached = Reached {
        broker: broker.to_owned(),
        address: None,
        checks: Vec::new(),
    };
    let host = host_of(broker);
    let looked_up = tokio::time::timeout(REACH_LIMIT, tokio::net::lookup_host(broker)).await;
    let addresses: Vec<SocketAddr> = match looked_up {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(_)) => Vec::new(),
        Err(_) => {
            reached
                .checks
                .push(Check::bad(Step::Name, host, &Trouble::SilentName));
            return reached;
        }
    };
    if addresses.is_empty() {
        reached
            .checks
            .push(Check::bad(Step::Name, host, &Trouble::UnknownName));
        return reached;
    }
    reached.checks.push(Check::good(Step::Name, host));
    let mut trouble = Trouble::SilentPort;
    let deadline = tokio::time::Instant::now() + REACH_LIMIT;
    for address in addresses {
        match tokio::time::timeout_at(deadline, tokio::net::TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                reached.address = Some(address);
                reached.checks.push(Check::good(Step::Port, broker));
                return reached;
            }
            Ok(Err(error)) => trouble = trouble::of_connecting(&error),
            Err(_) => break,
        }
    }
    reached.checks.push(Check::bad(Step::Port, broker, &trouble));
    reached
}

/// The brokers that send clients to an address at which they cannot be reached from here.
async fn unreachable_advertised(advertised: &[String], known: &[&str]) -> Vec<Check> {
    let others = advertised
        .iter()
        .filter(|broker| !known.contains(&broker.as_str()));
    let reached = join_all(others.map(|broker| reach(broker))).await;
    let unreachable = reached.into_iter().filter(|reached| reached.address.is_none());
    let checks = unreachable.map(|reached| {
        let step = reached.checks.last().map_or(Step::Port, |check| check.check);
        let why = reached
            .checks
            .last()
            .and_then(|check| check.why.clone())
            .unwrap_or_default();
        let trouble = Trouble::Advertised {
            asked: known.join(", "),
            advertised: reached.broker.clone(),
            why,
        };
        Check::bad(step, reached.broker, &trouble)
    });
    checks.collect()
}

/// What the brokers have answered.
struct Found {
    topics: Vec<FoundTopic>,
    advertised: Vec<String>,
}

/// What the library has said: a code, and a text that may repeat what a server has sent.
type Heard = Vec<(Option<RDKafkaErrorCode>, String)>;

/// Asks for the topics. The inner error is what was heard instead of an answer.
fn ask(connection: &KafkaConnection, stopped: &AtomicBool) -> Result<Result<Found, Heard>, SourceError> {
    let mut config = connection.config();
    config
        .set("socket.connection.setup.timeout.ms", "8000")
        .set("reconnect.backoff.max.ms", "500");
    let consumer: BaseConsumer<Ear> = config
        .create_with_context(Ear::default())
        .map_err(|error| SourceError::Setup(error.to_string()))?;
    let means = Means::of(&connection.properties);
    let started = Instant::now();
    loop {
        if let Ok(metadata) = consumer.fetch_metadata(None, ASK_SLICE) {
            return Ok(Ok(found(&metadata)));
        }
        // What is to be heard is said while polling. Nothing is assigned, so no message comes.
        while consumer.poll(Duration::ZERO).is_some() {}
        let heard = consumer.context().heard.lock().clone();
        let is_sent_elsewhere =
            started.elapsed() > SENT_ELSEWHERE && !trouble::not_reached(&heard).is_empty();
        let is_over = stopped.load(Ordering::Relaxed) || started.elapsed() > ASK_LIMIT || is_sent_elsewhere;
        if is_over || trouble::sort(&heard, means).is_certain() {
            return Ok(Err(heard));
        }
    }
}

fn found(metadata: &Metadata) -> Found {
    let topics = metadata.topics().iter();
    let topics = topics.filter(|topic| topic.error().is_none() && !topic.name().starts_with("__"));
    let mut topics: Vec<FoundTopic> = topics
        .map(|topic| FoundTopic {
            name: topic.name().to_owned(),
            partitions: topic.partitions().len(),
        })
        .collect();
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    topics.truncate(MAX_TOPICS);
    let brokers = metadata.brokers().iter();
    let advertised = brokers.map(|broker| match broker.host().contains(':') {
        true => format!("[{}]:{}", broker.host(), broker.port()),
        false => format!("{}:{}", broker.host(), broker.port()),
    });
    Found {
        topics,
        advertised: advertised.collect(),
    }
}

/// Keeps what the library says.
#[derive(Default)]
struct Ear {
    heard: Mutex<Heard>,
}

impl Ear {
    fn hear(&self, code: Option<RDKafkaErrorCode>, text: &str) {
        let mut heard = self.heard.lock();
        if heard.len() < MAX_HEARD {
            heard.push((code, text.to_owned()));
        }
    }
}

impl ClientContext for Ear {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, message: &str) {
        self.hear(None, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.hear(error.rdkafka_error_code(), reason);
    }
}

impl ConsumerContext for Ear {}

/// What the library could not tell, found out by hand.
fn look_closer(trouble: Trouble, means: Means, address: SocketAddr, host: &str, ca: Option<&str>) -> Trouble {
    // A Kafka that answers whoever asks for versions, and closes when it is asked for more, asks who that is.
    let closed = || match means.login.is_none() && !means.certificate {
        true => Trouble::WantsLogin,
        false => Trouble::Closed,
    };
    match (&trouble, means.tls) {
        (Trouble::NotTrusted | Trouble::NoTls | Trouble::Closed | Trouble::Silent, true) => {
            match handshake::encrypted(address, host, ca) {
                None if matches!(trouble, Trouble::NoTls | Trouble::Closed) => closed(),
                None => trouble,
                Some(Trouble::ClientCertificate { .. }) => Trouble::ClientCertificate {
                    sent: means.certificate,
                },
                Some(found) => found,
            }
        }
        (Trouble::WantsTls | Trouble::Closed | Trouble::Silent, false) => match handshake::plain(address) {
            None if matches!(trouble, Trouble::Closed) => closed(),
            None => trouble,
            Some(found) => found,
        },
        _ => trouble,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_from_ports() {
        assert_eq!(host_of("kafka-1:9092"), "kafka-1");
        assert_eq!(host_of("[::1]:9092"), "::1");
    }

    #[tokio::test]
    async fn names_and_ports_are_told_apart() {
        let unknown = reach("no-such-host.invalid:9092").await;
        assert!(unknown.checks.len() == 1 && unknown.checks[0].check == Step::Name && !unknown.checks[0].ok);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let broker = listener.local_addr().unwrap().to_string();
        let there = reach(&broker).await;
        assert!(there.address.is_some() && there.checks.iter().all(|check| check.ok));
        drop(listener);
        let gone = reach(&broker).await;
        let last = gone.checks.last().unwrap();
        assert!(
            last.check == Step::Port && last.why.as_ref().unwrap().contains("refuses"),
            "{last:?}"
        );
    }

    #[tokio::test]
    async fn an_address_that_clients_are_sent_to_and_that_leads_nowhere_is_named() {
        let advertised = ["no-such-host.invalid:9092".to_owned(), "localhost:1".to_owned()];
        let checks = unreachable_advertised(&advertised, &["localhost:1"]).await;
        assert_eq!(checks.len(), 1);
        let why = checks[0].why.clone().unwrap();
        assert!(
            why.contains("localhost:1") && why.contains("no-such-host.invalid:9092"),
            "{why}"
        );
        assert!(
            checks[0]
                .what_to_do
                .clone()
                .unwrap()
                .contains("advertised.listeners")
        );
    }
}
