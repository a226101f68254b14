//! Real Apache Kafka brokers (KRaft, no ZooKeeper) on loopback.
//!
//! The jars come from Maven Central once per machine. A test starts one broker or three:
//!
//! ```no_run
//! # use aurora_chaos_tests::{kafka::{Kafka, KafkaOptions}, sandbox::Sandbox};
//! # async fn example() -> anyhow::Result<()> {
//! let sandbox = Sandbox::new("my-test")?;
//! let kafka = Kafka::start(&sandbox, KafkaOptions { brokers: 3, ..KafkaOptions::default() }).await?;
//! kafka.create_topic("events", 12, &[("retention.ms", "-1")]).await?;
//! kafka.stop_broker(1)?;
//! kafka.start_broker(1).await?;
//! # Ok(())
//! # }
//! ```

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication, TopicResult};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use aurora_node::embedded::kafka as embedded;
pub use aurora_node::embedded::kafka::settings::{FurtherListener, KafkaOptions, ProxiedListener};
use aurora_node::embedded::kafka::settings::{
    LOG4J2, LOG4J2_FILE, Launch, Ports, broker_name, node_id, random_cluster_id, server_properties,
};

use crate::process::{Process, free_port};
use crate::sandbox::{Sandbox, eventually};

/// A broker is up within 3 to 5 s on a quiet machine; on a busy one, or after an unclean stop, it can take
/// many times that.
const READY_TIMEOUT: Duration = Duration::from_secs(120);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Properties with which leaderships that a broker lost while it was away move back to it within seconds of its
/// return, and not within minutes: every restart of a leader is two changes of leader then.
pub fn quick_homecoming() -> Vec<(String, String)> {
    let property = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    vec![
        property("leader.imbalance.check.interval.seconds", "1"),
        property("leader.imbalance.per.broker.percentage", "0"),
    ]
}

/// A running cluster. Every method takes `&self`, so that faults can be injected while load runs. Dropping it
/// kills it.
pub struct Kafka {
    brokers: Vec<Broker>,
    admin: AdminClient<DefaultClientContext>,
    /// What a broker needs to be started again.
    launch: Launch,
    proxy_host: Ipv4Addr,
}

struct Broker {
    ports: Ports,
    properties_file: PathBuf,
    process: Mutex<Option<Arc<Process>>>,
}

impl Broker {
    fn process(&self) -> MutexGuard<'_, Option<Arc<Process>>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kafka {
    /// Starts the brokers, with data and logs in the sandbox, and waits until all of them answer.
    ///
    /// The first call on a machine downloads Kafka.
    pub async fn start(sandbox: &Sandbox, options: KafkaOptions) -> Result<Self> {
        ensure!(
            matches!(options.brokers, 1 | 3),
            "a sandbox has 1 or 3 brokers, not {}",
            options.brokers
        );
        let jars = embedded::jars().await?;
        let launch = Launch {
            directory: sandbox.directory().to_owned(),
            class_path: format!("{}/*", jars.display()),
            heap_mb: options.heap_mb,
            java_arguments: options.java_arguments.clone(),
        };
        let ports = (0..options.brokers)
            .map(|_| free_ports())
            .collect::<Result<Vec<_>>>()?;
        sandbox.write(LOG4J2_FILE, LOG4J2)?;
        let mut brokers = Vec::new();
        for (index, broker_ports) in ports.iter().enumerate() {
            let properties = server_properties(index, &ports, sandbox.directory(), &options);
            let properties_file = sandbox.write(format!("kafka-{}.properties", index + 1), properties)?;
            brokers.push(Broker {
                ports: *broker_ports,
                properties_file,
                process: Mutex::new(None),
            });
        }
        let admin = client_config(&join_addresses(ports.iter().map(|p| p.client)))
            .create()
            .context("cannot create the Kafka admin client")?;
        let kafka = Self {
            brokers,
            admin,
            launch,
            proxy_host: options.proxy_host,
        };
        kafka.format(&options.format_arguments).await?;
        for index in 0..kafka.brokers.len() {
            kafka.launch_broker(index)?;
        }
        for index in 0..kafka.brokers.len() {
            kafka.until_ready(index).await?;
        }
        Ok(kafka)
    }

    /// `HOST:PORT` of every broker, stopped ones too, separated by commas.
    pub fn bootstrap_servers(&self) -> String {
        join_addresses(self.brokers.iter().map(|broker| broker.ports.client))
    }

    /// The listeners meant to be reached through proxies, one for each broker.
    pub fn proxied_listeners(&self) -> Vec<ProxiedListener> {
        self.brokers
            .iter()
            .filter_map(|broker| broker.ports.proxied)
            .collect()
    }

    /// Where the proxies in front of [`Self::proxied_listeners`] have to listen.
    pub fn proxy_host(&self) -> Ipv4Addr {
        self.proxy_host
    }

    /// A client configuration that reaches this cluster, to be completed by the caller.
    pub fn client_config(&self) -> ClientConfig {
        client_config(&self.bootstrap_servers())
    }

    /// Creates a topic, replicated to all brokers, and waits until each of its partitions has a leader.
    pub async fn create_topic(&self, name: &str, partitions: i32, config: &[(&str, &str)]) -> Result<()> {
        let replicas = i32::try_from(self.brokers.len())?;
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(replicas));
        for (key, value) in config {
            topic = topic.set(key, value);
        }
        let results = self.admin.create_topics(&[topic], &admin_options()).await;
        check(results, &format!("create the topic {name}"))?;
        self.until_partitions(name, partitions).await
    }

    /// Deletes a topic and waits until it is gone, so that one of the same name can be created.
    pub async fn delete_topic(&self, name: &str) -> Result<()> {
        let results = self.admin.delete_topics(&[name], &admin_options()).await;
        check(results, &format!("delete the topic {name}"))?;
        let gone = format!("the topic {name} to be gone");
        eventually(&gone, REQUEST_TIMEOUT, async || {
            self.leaders(name).await.map(|leaders| leaders.is_none())
        })
        .await
    }

    /// Adds partitions, so that there are `total`, and waits until all have a leader.
    pub async fn increase_partitions(&self, name: &str, total: i32) -> Result<()> {
        let request = NewPartitions::new(name, usize::try_from(total)?);
        let results = self.admin.create_partitions(&[request], &admin_options()).await;
        check(results, &format!("bring the topic {name} to {total} partitions"))?;
        self.until_partitions(name, total).await
    }

    /// The high watermark of every partition: the offset that the next message will have. Open and aborted
    /// transactions and their markers count.
    pub async fn end_offsets(&self, topic: &str) -> Result<Vec<i64>> {
        let leaders = self
            .leaders(topic)
            .await?
            .with_context(|| format!("there is no topic {topic}"))?;
        let (config, topic) = (self.client_config(), topic.to_owned());
        blocking(move || {
            // By default librdkafka reads committed only, and would answer the last stable offset.
            let consumer: BaseConsumer = config
                .clone()
                .set("isolation.level", "read_uncommitted")
                .create()?;
            let partitions = 0..i32::try_from(leaders.len())?;
            let ends = partitions.map(|partition| {
                let watermarks = consumer.fetch_watermarks(&topic, partition, REQUEST_TIMEOUT);
                watermarks
                    .map(|(_, end)| end)
                    .with_context(|| format!("no end offset of {topic}/{partition}"))
            });
            ends.collect()
        })
        .await
    }

    /// `kill -9` for broker `index` (from 0). Its data stays.
    pub fn stop_broker(&self, index: usize) -> Result<()> {
        let process = self.broker(index)?.process().take();
        process
            .with_context(|| format!("broker {index} is stopped already"))?
            .kill9_group()
    }

    /// SIGTERM for broker `index`, and waits for its end: it hands its leaderships over before.
    pub async fn terminate_broker(&self, index: usize) -> Result<()> {
        let process = self.broker(index)?.process().take();
        let process = process.with_context(|| format!("broker {index} is stopped already"))?;
        process.terminate()?;
        process.wait(READY_TIMEOUT).await.map(drop)
    }

    /// The broker (from 0) that leads a partition, once one does.
    pub async fn leader(&self, topic: &str, partition: i32) -> Result<usize> {
        eventually("a leader", READY_TIMEOUT, async || {
            self.leader_now(topic, partition).await.map(Some)
        })
        .await
    }

    /// The broker (from 0) that leads a partition; an error while none does.
    async fn leader_now(&self, topic: &str, partition: i32) -> Result<usize> {
        let leaders = self.leaders(topic).await?;
        let leaders = leaders.with_context(|| format!("there is no topic {topic}"))?;
        let leader = usize::try_from(partition)
            .ok()
            .and_then(|partition| leaders.get(partition).copied())
            .with_context(|| format!("there is no partition {topic}/{partition}"))?;
        (0..self.brokers.len())
            .find(|index| node_id(*index) == leader)
            .with_context(|| format!("nobody leads {topic}/{partition}"))
    }

    /// Waits until a partition has another leader than broker `index`, and says which.
    pub async fn until_led_by_another(&self, topic: &str, partition: i32, index: usize) -> Result<usize> {
        let what = format!("{topic}/{partition} to be led by another broker than {index}");
        eventually(&what, READY_TIMEOUT, async || {
            let leader = self.leader_now(topic, partition).await?;
            anyhow::Ok((leader != index).then_some(leader))
        })
        .await
    }

    /// Starts broker `index` again, on its old ports and data, and waits until it answers. With three brokers
    /// this needs another one to be up: two are a quorum.
    pub async fn start_broker(&self, index: usize) -> Result<()> {
        self.launch_broker(index)?;
        self.until_ready(index).await
    }

    /// The process of broker `index`, to pause, resume or terminate it, unless it is stopped.
    pub fn broker_process(&self, index: usize) -> Result<Option<Arc<Process>>> {
        Ok(self.broker(index)?.process().clone())
    }

    fn broker(&self, index: usize) -> Result<&Broker> {
        let count = self.brokers.len();
        self.brokers
            .get(index)
            .with_context(|| format!("there is no broker {index}; they count from 0 and are {count}"))
    }

    fn launch_broker(&self, index: usize) -> Result<()> {
        let broker = self.broker(index)?;
        let mut process = broker.process();
        ensure!(
            !process.as_ref().is_some_and(|old| old.is_running()),
            "broker {index} is running already"
        );
        let java = self.launch.broker(&broker.properties_file);
        *process = Some(Arc::new(self.spawn(&broker_name(index), java)?));
        Ok(())
    }

    fn spawn(&self, name: &str, java: Command) -> Result<Process> {
        Process::spawn(&self.launch.directory, name, java)
            .context("Kafka needs Java 17 or later, `java` on the PATH")
    }

    /// Writes cluster id and metadata version into the empty data directories, for all brokers at a time.
    async fn format(&self, arguments: &[String]) -> Result<()> {
        let cluster_id = random_cluster_id();
        let mut formatters = Vec::new();
        for (index, broker) in self.brokers.iter().enumerate() {
            let mut java = self.launch.format(&cluster_id, &broker.properties_file);
            java.args(arguments);
            let name = format!("{}-format", broker_name(index));
            formatters.push(self.spawn(&name, java)?);
        }
        for formatter in formatters {
            let status = formatter.wait(READY_TIMEOUT).await?;
            ensure!(
                status.success(),
                "{} failed, {status}:\n{}",
                formatter.name(),
                formatter.log_tail(15)
            );
        }
        Ok(())
    }

    /// Waits until broker `index` itself answers and counts itself among the brokers that are alive.
    async fn until_ready(&self, index: usize) -> Result<()> {
        let broker = self.broker(index)?;
        let process = broker
            .process()
            .clone()
            .with_context(|| format!("broker {index} was stopped while it started"))?;
        let id = node_id(index);
        let config = client_config(&join_addresses([broker.ports.client]));
        let consumer: Arc<BaseConsumer> = Arc::new(config.create()?);
        let what = format!("broker {index} to answer");
        let answered = eventually(&what, READY_TIMEOUT, async || {
            if !process.is_running() {
                return Ok(Some(Readiness::Ended));
            }
            let consumer = Arc::clone(&consumer);
            let metadata =
                blocking(move || Ok(consumer.fetch_metadata(None, Duration::from_secs(2))?)).await?;
            let alive = metadata.brokers().iter().any(|member| member.id() == id);
            anyhow::Ok(alive.then_some(Readiness::Ready))
        });
        let log = || {
            format!(
                "the end of its log, {}:\n{}",
                process.log_path().display(),
                process.log_tail(25)
            )
        };
        match answered.await {
            Ok(Readiness::Ready) => Ok(()),
            Ok(Readiness::Ended) => {
                let status = process.wait(Duration::ZERO).await;
                Err(anyhow!(
                    "broker {index} ended while starting, {status:?}; {}",
                    log()
                ))
            }
            Err(error) => Err(error.context(format!("broker {index} does not get ready; {}", log()))),
        }
    }

    async fn until_partitions(&self, topic: &str, partitions: i32) -> Result<()> {
        let wanted = usize::try_from(partitions)?;
        let what = format!("leaders of all {partitions} partitions of {topic}");
        eventually(&what, READY_TIMEOUT, async || {
            let leaders = self.leaders(topic).await?.unwrap_or_default();
            anyhow::Ok(leaders.len() == wanted && leaders.iter().all(|leader| *leader >= 0))
        })
        .await
    }

    /// The leader of each partition (-1: none), or `None` if there is no such topic.
    async fn leaders(&self, topic: &str) -> Result<Option<Vec<i32>>> {
        let (config, topic) = (self.client_config(), topic.to_owned());
        blocking(move || {
            // A client of its own, because a long-lived one may answer out of its cache.
            let consumer: BaseConsumer = config.create()?;
            let metadata = consumer.fetch_metadata(Some(&topic), REQUEST_TIMEOUT)?;
            let Some(found) = metadata.topics().first() else {
                return Ok(None);
            };
            match found.error().map(RDKafkaErrorCode::from) {
                None => Ok(Some(
                    found
                        .partitions()
                        .iter()
                        .map(|partition| partition.leader())
                        .collect(),
                )),
                Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => Ok(None),
                Some(error) => Err(KafkaError::MetadataFetch(error).into()),
            }
        })
        .await
    }
}

enum Readiness {
    Ready,
    Ended,
}

fn free_ports() -> Result<Ports> {
    let proxied = ProxiedListener {
        proxy: free_port()?,
        upstream: free_port()?,
    };
    Ok(Ports {
        client: free_port()?,
        controller: free_port()?,
        proxied: Some(proxied),
    })
}

fn join_addresses(ports: impl IntoIterator<Item = u16>) -> String {
    ports
        .into_iter()
        .map(|port| format!("127.0.0.1:{port}"))
        .collect::<Vec<_>>()
        .join(",")
}

fn client_config(bootstrap_servers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap_servers)
        // In a chaos test, brokers come back soon, and clients should notice.
        .set("reconnect.backoff.max.ms", "1000");
    config
}

fn admin_options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(REQUEST_TIMEOUT))
        .operation_timeout(Some(REQUEST_TIMEOUT))
}

/// Both layers of an admin request can fail: the request, and each of its topics.
fn check(results: Result<Vec<TopicResult>, KafkaError>, what: &str) -> Result<()> {
    for result in results.with_context(|| format!("cannot {what}"))? {
        if let Err((_, code)) = result {
            bail!("cannot {what}: {code}");
        }
    }
    Ok(())
}

/// rdkafka's metadata calls block.
pub(crate) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(call)
        .await
        .context("a blocking Kafka call panicked")?
}
