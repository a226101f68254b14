//! Who does not want an answer any more ends the query in ClickHouse, long before its own time is over.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::node::{Node, NodeOptions};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use serde_json::json;

use super::{Bench, PATIENCE, begin, endless, events};

/// How soon a query has to be gone, on a machine that is busy: half of what it may take by itself.
const SOON: Duration = Duration::from_secs(15);

impl Bench {
    async fn until_running(&self, marker: &str) -> Result<()> {
        eventually("the query to run", PATIENCE, async || {
            self.running(marker).await.map(|running| running == 1)
        })
        .await
    }

    /// Waits until no query with the marker runs, and returns for how long one did.
    async fn until_gone(&self, marker: &str, since: Instant) -> Result<Duration> {
        eventually("the query to end", PATIENCE, async || {
            self.running(marker).await.map(|running| running == 0)
        })
        .await?;
        Ok(since.elapsed())
    }
}

#[tokio::test]
async fn a_disconnect_ends_the_query_within_a_second() -> Result<()> {
    Sandbox::run("disconnect", async |sandbox| {
        let bench = Bench::start(sandbox, &[]).await?;
        for (marker, path, accept, sends_head) in [
            ("as-json", "", "application/json", false),
            ("as-events", "", "text/event-stream", true),
            ("as-csv", "?format=csv", "*/*", false),
        ] {
            let body = endless(marker);
            let asked = begin(&bench.node, path, accept, &body);
            let mut asked = Box::pin(asked);
            let mut answer = None;
            let running = bench.until_running(marker);
            if sends_head {
                answer = Some(asked.await?);
                running.await?;
            } else {
                tokio::select! {
                    early = &mut asked => anyhow::bail!("{marker} is answered already: {early:?}"),
                    running = running => running?,
                }
                drop(asked);
            }
            let since = Instant::now();
            drop(answer);
            let took = bench.until_gone(marker, since).await?;
            ensure!(took < SOON, "{marker} went on for {took:?}");
            eprintln!("{marker}: ended {took:?} after the disconnect");
        }
        // One that reads slowly: ClickHouse stands still, half way into an answer.
        let rows = json!({ "sql": "SELECT 'half-way', number, repeat('x', 1000) FROM numbers(900000)" });
        let mut answer = begin(&bench.node, "?format=csv", "*/*", &rows).await?;
        answer.chunk().await?.context("no rows")?;
        bench.until_running("half-way").await?;
        let since = Instant::now();
        drop(answer);
        let took = bench.until_gone("half-way", since).await?;
        ensure!(took < SOON, "it went on for {took:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_query_is_cancelled_by_its_id_through_any_node() -> Result<()> {
    Sandbox::run("delete", async |sandbox| {
        let bench = Bench::start(sandbox, &[]).await?;
        let other = NodeOptions {
            id: "node-2".to_owned(),
            ..NodeOptions::without_kafka(&bench.clickhouse)
        };
        let other = Node::start(sandbox, &other).await?;
        other.until_ready().await?;
        for (marker, through) in [("by-itself", &bench.node), ("by-another", &other)] {
            let mut answer = begin(&bench.node, "", "text/event-stream", &endless(marker)).await?;
            let mut text = String::new();
            while !text.contains("\n\n") {
                text += &String::from_utf8_lossy(&answer.chunk().await?.context("no events")?);
            }
            let id = events(&text)[0].1["query_id"]
                .as_str()
                .context("no id")?
                .to_owned();
            bench.until_running(marker).await?;
            let since = Instant::now();
            let path = format!("/api/v1/queries/{id}");
            let cancelled = through.api().delete(&path).await?;
            ensure!(
                cancelled.status == 200 && cancelled.json()["cancelled"] == true,
                "{cancelled:?}"
            );
            let took = bench.until_gone(marker, since).await?;
            ensure!(took < SOON, "{marker} went on for {took:?}");
            while let Some(piece) = answer.chunk().await? {
                text += &String::from_utf8_lossy(&piece);
            }
            let all = events(&text);
            let (last, problem) = all.last().context("no events")?;
            ensure!(
                last == "problem" && problem["type"] == "urn:aurora:problem:cancelled",
                "{problem}"
            );
            ensure!(through.api().delete(&path).await?.status == 404);
        }
        // Nothing but queries of ours can be cancelled.
        for id in [
            "x",
            "aurora-query-",
            "aurora-query-1' OR '1' = '1",
            "%27%20OR%201",
        ] {
            let answer = other.api().delete(&format!("/api/v1/queries/{id}")).await?;
            ensure!(answer.status == 404, "{id}: {answer:?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_query_ends_at_its_deadline() -> Result<()> {
    Sandbox::run("deadline", async |sandbox| {
        let bench = Bench::start(sandbox, &[("max_seconds", 2)]).await?;
        let since = Instant::now();
        let answer = begin(&bench.node, "", "application/json", &endless("too-long")).await?;
        let status = answer.status().as_u16();
        let problem: serde_json::Value = answer.json().await?;
        // Our deadline or ClickHouse's, which are the same.
        ensure!(matches!(status, 504 | 422), "{status} {problem}");
        ensure!(problem["hint"].is_string(), "{problem}");
        ensure!(since.elapsed() >= Duration::from_secs(2), "{:?}", since.elapsed());
        let took = bench.until_gone("too-long", Instant::now()).await?;
        ensure!(took < SOON, "it went on for {took:?}");
        Ok(())
    })
    .await
}
