//! Queries through a node, on a real ClickHouse: exact values, streams, files, cancellation, load, and the wall
//! that has to stand before anything runs.

mod attacks;
mod cancel;
mod load;
mod making;
mod stream;
mod types;
mod wall;

use std::time::Duration;

use anyhow::{Context, Result};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::node::{Node, NodeOptions};
use aurora_chaos_tests::sandbox::Sandbox;
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A node that only answers queries, and its ClickHouse with the database of the events.
struct Bench {
    clickhouse: ClickHouse,
    node: Node,
}

impl Bench {
    async fn start(sandbox: &Sandbox, queries: &[(&str, u64)]) -> Result<Self> {
        let clickhouse = ClickHouse::start(sandbox).await?;
        clickhouse.execute("CREATE DATABASE IF NOT EXISTS events").await?;
        let queries = queries.iter().map(|(name, value)| ((*name).to_owned(), *value));
        let options = NodeOptions {
            queries: queries.collect(),
            ..NodeOptions::without_kafka(&clickhouse)
        };
        let node = Node::start(sandbox, &options).await?;
        // It makes its own tables meanwhile, which would look like something that a query has done.
        node.until_ready().await?;
        Ok(Self { clickhouse, node })
    }

    /// How many queries of the reader's run in ClickHouse whose text contains `marker`.
    async fn running(&self, marker: &str) -> Result<u64> {
        let reader = &self.clickhouse.reader().user;
        let marker = format!("position(query, '{marker}') > 0 AND NOT startsWith(query, 'EXPLAIN AST')");
        self.clickhouse
            .number(&format!(
                "SELECT count() FROM system.processes WHERE user = '{reader}' AND {marker}"
            ))
            .await
    }
}

/// Starts a query, of which the answer comes.
async fn begin(node: &Node, path: &str, accept: &str, body: &Value) -> Result<Response> {
    let request = node.api().request(Method::POST, &format!("/api/v1/sql{path}"));
    let request = request.header("accept", accept).json(body);
    request.send().await.context("the node does not answer")
}

/// A statement that takes minutes, with a marker to find it by; it reads nothing but numbers.
fn endless(marker: &str) -> Value {
    json!({ "sql": format!("SELECT '{marker}', sum(sipHash64(number)) FROM numbers(1000000000000)") })
}

/// An event of a stream: its name and its data.
type Event = (String, Value);

/// The events in a whole stream of them.
fn events(text: &str) -> Vec<Event> {
    let blocks = text.split("\n\n").filter(|block| block.contains("event:"));
    let event = |block: &str| {
        let field = |name: &str| {
            let lines = block.lines().filter_map(|line| line.strip_prefix(name));
            lines.map(str::trim).collect::<Vec<_>>().join("\n")
        };
        let data = serde_json::from_str(&field("data:")).unwrap_or_default();
        (field("event:"), data)
    };
    blocks.map(event).collect()
}
