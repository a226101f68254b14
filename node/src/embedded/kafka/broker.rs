//! One broker, from formatted to stopped.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio::time::Instant;

use super::install;
use super::settings::{
    KafkaOptions, LOG4J2, LOG4J2_FILE, Launch, Ports, random_cluster_id, server_properties,
};
use crate::embedded::process::ChildProcess;

/// A broker is up within 5 s on a quiet machine; on a busy one it can take many times that.
const READY_TIMEOUT: Duration = Duration::from_secs(120);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// An Apache Kafka of one broker. Dropping it kills it.
#[derive(Debug)]
pub struct EmbeddedKafka {
    process: ChildProcess,
    port: u16,
}

impl EmbeddedKafka {
    /// Starts a broker that keeps everything in `directory`, which must exist, and waits until it answers. The
    /// first start on a machine downloads Kafka.
    pub async fn start(directory: &Path, heap_mb: u32) -> anyhow::Result<Self> {
        let launch = Launch {
            directory: directory.to_owned(),
            class_path: format!("{}/*", install::jars().await?.display()),
            heap_mb,
            java_arguments: Vec::new(),
        };
        let ports = free_ports()?;
        let options = KafkaOptions {
            heap_mb,
            ..KafkaOptions::default()
        };
        let properties = directory.join("kafka.properties");
        let write = |path: &Path, text: &str| {
            fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
        };
        write(&directory.join(LOG4J2_FILE), LOG4J2)?;
        write(&properties, &server_properties(0, &[ports], directory, &options))?;

        let mut formatter = spawn(
            directory,
            "kafka-format",
            launch.format(&random_cluster_id(), &properties),
        )?;
        let status = formatter.wait(READY_TIMEOUT).await?;
        ensure!(
            status.success(),
            "Kafka's storage cannot be prepared, {status}:\n{}",
            formatter.log_tail(15)
        );
        let process = spawn(directory, "kafka", launch.broker(&properties))?;
        let mut kafka = Self {
            process,
            port: ports.client,
        };
        kafka.until_ready().await?;
        Ok(kafka)
    }

    /// Where clients connect.
    pub fn bootstrap_servers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The broker's process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Ends the broker and returns when it is gone.
    pub async fn stop(self) {
        self.process.stop(STOP_TIMEOUT).await;
    }

    async fn until_ready(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            self.process.ensure_running()?;
            let brokers = self.bootstrap_servers();
            let answer = tokio::task::spawn_blocking(move || probe(&brokers)).await?;
            match answer {
                Ok(()) => return Ok(()),
                Err(error) if started.elapsed() > READY_TIMEOUT => bail!(
                    "Kafka does not answer after {} s ({error:#}); the end of its log:\n{}",
                    READY_TIMEOUT.as_secs(),
                    self.process.log_tail(15)
                ),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

/// Asks the broker for its metadata. Blocks.
fn probe(brokers: &str) -> anyhow::Result<()> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        // That it does not listen yet is what is being found out.
        .set_log_level(RDKafkaLogLevel::Emerg)
        .create()?;
    let metadata = consumer.fetch_metadata(None, PROBE_TIMEOUT)?;
    ensure!(!metadata.brokers().is_empty(), "no broker is registered yet");
    Ok(())
}

fn spawn(directory: &Path, name: &'static str, java: Command) -> anyhow::Result<ChildProcess> {
    ChildProcess::spawn(directory, name, java).context(
        "Kafka needs Java 17 or later: install it so that `java` is on the PATH, or name a Kafka that runs already",
    )
}

/// Held together until all are known, so that they differ.
fn free_ports() -> anyhow::Result<Ports> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1");
    let (client, controller) = (bind()?, bind()?);
    Ok(Ports {
        client: client.local_addr()?.port(),
        controller: controller.local_addr()?.port(),
        proxied: None,
    })
}
