//! What a test of a stream needs: the process's Kafka, a ClickHouse of its own, and a node between them.

use std::time::Duration;

use anyhow::{Context, Result};
use aurora_node::http::streams::StreamView;

use crate::clickhouse::ClickHouse;
use crate::kafka::Kafka;
use crate::load::{Message, produce_messages};
use crate::node::{Node, NodeOptions, stream_id};
use crate::sandbox::{Sandbox, eventually};
use crate::shared;

/// Far longer than any of the streams of the tests takes for anything.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Kafka, a node and ClickHouse.
pub struct Stack {
    /// The process's Kafka.
    pub kafka: &'static Kafka,
    /// The node; dropped first.
    pub node: Node,
    /// Its ClickHouse.
    pub clickhouse: ClickHouse,
}

impl Stack {
    /// Starts a node that ingests `topics`, which may be made before or after.
    pub async fn start(sandbox: &Sandbox, topics: &[&str]) -> Result<Self> {
        let kafka = shared::kafka().await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let node = Node::start(sandbox, &NodeOptions::new(kafka, &clickhouse, topics)).await?;
        Ok(Self {
            kafka,
            node,
            clickhouse,
        })
    }

    /// Starts a node that ingests `topic`, made anew with one partition and these messages in it, and waits
    /// until they are consumed.
    pub async fn with_topic(sandbox: &Sandbox, topic: &str, payloads: &[&str]) -> Result<Self> {
        shared::kafka().await?.create_topic(topic, 1, &[]).await?;
        let stack = Self::start(sandbox, &[topic]).await?;
        stack.produce(topic, payloads).await?;
        Ok(stack)
    }

    /// Produces messages to partition 0 and waits until everything in the topic is consumed.
    pub async fn produce(&self, topic: &str, payloads: &[&str]) -> Result<StreamView> {
        let messages: Vec<Message<'_>> = payloads.iter().map(|payload| Message::new(payload)).collect();
        self.produce_messages(topic, &messages).await
    }

    /// Produces messages and waits until everything in the topic is consumed.
    pub async fn produce_messages(&self, topic: &str, messages: &[Message<'_>]) -> Result<StreamView> {
        produce_messages(self.kafka, topic, messages).await?;
        self.until_consumed(topic).await
    }

    /// Waits until everything in the topic is consumed.
    pub async fn until_consumed(&self, topic: &str) -> Result<StreamView> {
        let consumed = self
            .node
            .api()
            .until_consumed(self.kafka, &stream_id(topic), PATIENCE)
            .await;
        consumed.with_context(|| {
            let log = self.node.process().map(|process| process.log_tail(15));
            format!("the end of the node's log:\n{}", log.unwrap_or_default())
        })
    }

    /// The stream of a topic, as the node sees it.
    pub async fn stream(&self, topic: &str) -> Result<StreamView> {
        self.node.api().stream(&stream_id(topic)).await
    }

    /// Waits until a journal that accounts for all of `offsets` offsets is written.
    pub async fn until_journaled(&self, topic: &str, offsets: u64) -> Result<()> {
        let query = format!(
            "SELECT sum(last + 1 - first) FROM aurora.journal WHERE stream = '{}'",
            stream_id(topic)
        );
        eventually("the journal", PATIENCE, async || {
            self.clickhouse.number(&query).await.map(|sum| sum == offsets)
        })
        .await
    }

    /// Audits the stream of a topic and fails with what it found.
    pub async fn audit(&self, topic: &str) -> Result<()> {
        let report = self.node.api().audit(&stream_id(topic)).await?;
        anyhow::ensure!(
            report.clean && !report.partitions.is_empty(),
            "the audit says {:?} of {:?}",
            report.problems,
            report.partitions
        );
        Ok(())
    }

    /// The type of a column of the topic's table.
    pub async fn column_type(&self, topic: &str, column: &str) -> Result<String> {
        let query = format!(
            "SELECT type FROM system.columns WHERE database = 'events' AND table = '{}' AND name = '{column}'",
            topic.replace(['-', '.'], "_")
        );
        self.clickhouse.line(&query).await
    }
}
