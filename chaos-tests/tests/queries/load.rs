//! More queries than can run: some wait, the rest are told to come back, and nobody is forgotten.

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use futures_util::future::join_all;
use serde_json::json;

use super::{Bench, PATIENCE, begin, endless};

#[tokio::test]
async fn what_does_not_fit_is_told_when_to_come_back_and_exports_go_first() -> Result<()> {
    Sandbox::run("busy", async |sandbox| {
        let bench = Bench::start(sandbox, &[("concurrent", 2), ("queue", 3)]).await?;
        let api = bench.node.api();
        let waiting = async |wanted: f64| {
            eventually("the queue to fill", PATIENCE, async || {
                api.metric("aurora_query_waiting", "")
                    .await
                    .map(|waiting| waiting == wanted)
            })
            .await
        };
        // Two run, and three wait: exports.
        let running = [
            begin(&bench.node, "", "text/event-stream", &endless("first")).await?,
            begin(&bench.node, "", "text/event-stream", &endless("second")).await?,
        ];
        eventually("two queries to run", PATIENCE, async || {
            api.metric("aurora_query_running", "")
                .await
                .map(|running| running == 2.0)
        })
        .await?;
        let export = json!({ "sql": "SELECT 'an export'" });
        let exports = (0..3).map(|_| begin(&bench.node, "?format=csv", "*/*", &export));
        let exports = tokio::time::timeout(PATIENCE, join_all(exports));
        let rest = async {
            waiting(3.0).await?;
            // Another export is too many.
            let shed = begin(&bench.node, "?format=csv", "*/*", &export).await?;
            ensure!(shed.status() == 429, "{shed:?}");
            let after = shed
                .headers()
                .get("retry-after")
                .context("it does not say when")?;
            let after: u64 = after.to_str()?.parse()?;
            ensure!((1..=60).contains(&after), "{after}");
            let problem: serde_json::Value = shed.json().await?;
            ensure!(problem["type"] == "urn:aurora:problem:busy", "{problem}");
            // Somebody who waits for an answer pushes an export out.
            let question = json!({ "sql": "SELECT 'a question'" });
            let question = begin(&bench.node, "", "application/json", &question);
            let then = async {
                eventually("an export to be shed", PATIENCE, async || {
                    api.metric("aurora_query_ended_total", "shed")
                        .await
                        .map(|shed| shed == 2.0)
                })
                .await?;
                drop(running);
                anyhow::Ok(())
            };
            let (answer, then) = tokio::join!(question, then);
            then?;
            let answer = answer?;
            ensure!(answer.status() == 200, "{answer:?}");
            Ok(())
        };
        let (exports, rest) = tokio::join!(exports, rest);
        rest?;
        let statuses: Vec<u16> = exports?
            .into_iter()
            .map(|answer| answer.map(|answer| answer.status().as_u16()))
            .collect::<Result<_>>()?;
        ensure!(
            statuses.iter().filter(|status| **status == 429).count() == 1
                && statuses.iter().filter(|status| **status == 200).count() == 2,
            "{statuses:?}"
        );
        waiting(0.0).await
    })
    .await
}

#[tokio::test]
async fn five_hundred_at_once_are_all_answered() -> Result<()> {
    Sandbox::run("many", async |sandbox| {
        let bench = Bench::start(sandbox, &[]).await?;
        let ask = async |number: u64| {
            let rows = bench.node.api().sql(&format!("SELECT {number} + 0")).await?;
            ensure!(
                rows == [[json!(number.to_string())]] || rows == [[json!(number)]],
                "{number}: {rows:?}"
            );
            anyhow::Ok(())
        };
        for answered in join_all((0..500).map(ask)).await {
            answered?;
        }
        Ok(())
    })
    .await
}
