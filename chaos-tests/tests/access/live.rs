//! What moves, told as it changes.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::node::Node;
use aurora_chaos_tests::sandbox::Sandbox;
use aurora_chaos_tests::stack::PATIENCE;
use reqwest::{Method, Response};

use super::{by, guarded, nobody};

/// Events, as they come.
struct Events {
    response: Response,
    rest: String,
}

impl Events {
    async fn of(node: &Node) -> Result<Self> {
        let response = by(node, "vera")
            .request(Method::GET, "/api/v1/live")
            .send()
            .await?;
        ensure!(response.status() == 200, "{response:?}");
        let rest = String::new();
        Ok(Self { response, rest })
    }

    /// The next event's name and data; `None` when the node has ended them.
    async fn next(&mut self) -> Result<Option<(String, serde_json::Value)>> {
        loop {
            if let Some((event, rest)) = self.rest.split_once("\n\n") {
                let line = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                let found = line("event: ")
                    .map(str::to_owned)
                    .zip(line("data: ").map(serde_json::from_str));
                let rest = rest.to_owned();
                let found = found.map(|(name, data)| anyhow::Ok((name, data?))).transpose()?;
                self.rest = rest;
                // A comment that keeps the connection alive is no event.
                if found.is_some() {
                    return Ok(found);
                }
                continue;
            }
            let piece = tokio::time::timeout(PATIENCE, self.response.chunk())
                .await
                .context("nothing comes")?;
            match piece? {
                Some(piece) => self.rest.push_str(std::str::from_utf8(&piece)?),
                None => return Ok(None),
            }
        }
    }
}

#[tokio::test]
async fn who_watches_is_told_what_changes_until_the_node_goes() -> Result<()> {
    Sandbox::run("live", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        let node = Node::start(sandbox, &guarded(&clickhouse)).await?;
        node.until_ready().await?;
        let stranger = nobody(&node)?.request(Method::GET, "/api/v1/live").send().await?;
        ensure!(stranger.status() == 401, "{stranger:?}");
        let mut watched = Vec::new();
        for _ in 0..3 {
            watched.push(Events::of(&node).await?);
        }
        for events in &mut watched {
            let (mut streams, mut uptimes) = (0, Vec::new());
            while uptimes.last() == uptimes.first() || uptimes.len() < 2 {
                match events.next().await?.context("it has ended")? {
                    (name, data) if name == "streams" => {
                        ensure!(data["streams"].is_array(), "{data}");
                        streams += 1;
                    }
                    (name, data) if name == "cluster" => {
                        uptimes.push(data["nodes"][0]["uptime_s"].as_u64().context("no uptime")?);
                    }
                    (name, _) if name == "alive" => {}
                    other => anyhow::bail!("{other:?}"),
                }
            }
            // Nothing is ingested, so that changes only once; the node has grown older meanwhile.
            ensure!(streams == 1 && uptimes.is_sorted(), "{streams}, {uptimes:?}");
        }
        // One that has looked away, and comes back when nobody has watched for a while, is told anew.
        watched.clear();
        tokio::time::sleep(Duration::from_secs(3)).await;
        let mut again = Events::of(&node).await?;
        ensure!(again.next().await?.is_some());
        let left = async {
            while again.next().await?.is_some() {}
            anyhow::Ok(())
        };
        let (status, left) = tokio::join!(node.terminate(), left);
        ensure!(status?.success(), "events on their way have held the node up");
        left
    })
    .await
}
