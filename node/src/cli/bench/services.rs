//! The ClickHouse and the Kafka that are measured on.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use aurora_actors::store::{Login, Store};
use tempfile::TempDir;

use super::super::output;
use super::usage::Pids;
use crate::embedded::clickhouse::{ClickHouseOptions, EmbeddedClickHouse, default_cache_dir};
use crate::embedded::kafka::EmbeddedKafka;

/// Enough for the broker not to collect garbage all the time; messages are in the page cache, not here.
const KAFKA_HEAP_MB: u32 = 512;

/// What runs for the length of a measurement.
#[derive(Debug)]
pub(super) struct Services {
    pub(super) program: PathBuf,
    pub(super) brokers: String,
    pub(super) store: Store,
    clickhouse: EmbeddedClickHouse,
    kafka: Option<EmbeddedKafka>,
}

impl Services {
    /// Starts ClickHouse, and Kafka unless there is one, with all their files in `directory`.
    pub(super) async fn start(directory: &TempDir, kafka: Option<&str>) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("the path of this program is not known")?;
        output::note("starting ClickHouse");
        let clickhouse = EmbeddedClickHouse::start(ClickHouseOptions {
            data_dir: directory.path().to_owned(),
            cache_dir: default_cache_dir(),
            exposed_databases: Vec::new(),
            program: program.clone(),
        })
        .await?;
        let (brokers, kafka) = match kafka {
            Some(brokers) => (brokers.to_owned(), None),
            None => {
                output::note("starting Apache Kafka");
                let kafka = EmbeddedKafka::start(directory.path(), KAFKA_HEAP_MB)
                    .await
                    .context("no Kafka to measure on; --kafka HOST:PORT takes one that runs already")?;
                (kafka.bootstrap_servers(), Some(kafka))
            }
        };
        let store = Store::new(&clickhouse.writer());
        Ok(Self {
            program,
            brokers,
            store,
            clickhouse,
            kafka,
        })
    }

    /// ClickHouse's login for whoever writes.
    pub(super) fn writer(&self) -> Login {
        self.clickhouse.writer()
    }

    /// The services' processes. A Kafka that is not ours may be anywhere.
    pub(super) fn pids(&self) -> Pids {
        Pids {
            node: None,
            clickhouse: self.clickhouse.pid(),
            broker: self.kafka.as_ref().map(EmbeddedKafka::pid),
        }
    }

    /// Whether Kafka goes when the measurement does, topics and all.
    pub(super) fn owns_kafka(&self) -> bool {
        self.kafka.is_some()
    }

    /// Ends what was started.
    pub(super) async fn stop(self) {
        if let Some(kafka) = self.kafka {
            kafka.stop().await;
        }
        self.clickhouse.stop().await;
    }
}

/// Removes the directory. A process that has just been killed may write its last file meanwhile.
pub(super) async fn remove(directory: TempDir) {
    let path = directory.keep();
    for _ in 0..50 {
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            _ => return,
        }
    }
    output::note(&format!("{} could not be removed", path.display()));
}
