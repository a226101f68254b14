//! No query runs unless the reading user is verified.

use anyhow::{Result, ensure};
use aurora_chaos_tests::binary;
use aurora_chaos_tests::node::{Node, NodeOptions};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};

use super::{Bench, PATIENCE};

#[tokio::test]
async fn queries_are_served_only_behind_the_wall() -> Result<()> {
    Sandbox::run("wall", async |sandbox| {
        let bench = Bench::start(sandbox, &[]).await?;
        ensure!(bench.node.api().sql("SELECT 1").await?.len() == 1);
        let limits = bench.node.api().get("/api/v1/limits").await?.json();
        ensure!(
            limits["wall"]["stands"] == true
                && limits["wall"]["enforced"]["max_seconds"] == limits["max_seconds"],
            "{limits}"
        );
        // Somebody has put the writer, who may do nearly everything, in the reader's place.
        let mut options = NodeOptions::without_kafka(&bench.clickhouse);
        options.id = "careless".to_owned();
        options.reader = bench.clickhouse.writer().clone();
        let careless = Node::start(sandbox, &options).await?;
        refuses(
            &careless,
            &["readonly", "aurora.registry", "GRANT", "did not make it"],
        )
        .await?;
        // Ingest has nothing to do with it.
        eventually("the careless node to be ready", PATIENCE, async || {
            let answer = careless.api().get("/readyz").await?;
            ensure!(answer.status == 200, "{answer:?}");
            anyhow::Ok(Some(()))
        })
        .await?;
        ensure!(careless.api().metric("aurora_query_wall", "").await? == 0.0);
        // Or the password is wrong. It is in no answer.
        options.id = "forgetful".to_owned();
        options.reader = bench.clickhouse.reader().clone();
        options.reader.password = "correct-horse".to_owned();
        let forgetful = Node::start(sandbox, &options).await?;
        let said = refuses(&forgetful, &["does not know it"]).await?;
        ensure!(!said.contains("correct-horse"), "{said}");
        // Or the reader is nobody: this ClickHouse keeps its users in a file, so it cannot be made.
        options.id = "alone".to_owned();
        options.reader.user = "nobody".to_owned();
        let alone = Node::start(sandbox, &options).await?;
        refuses(&alone, &["does not know it", "cannot make it"]).await?;
        doctor_says(&careless, "no queries are served").await
    })
    .await
}

/// The node refuses a query, once it has looked, and says why with these words.
async fn refuses(node: &Node, words: &[&str]) -> Result<String> {
    eventually("the refusal", PATIENCE, async || {
        let answer = node.api().try_sql("SELECT 1").await?;
        ensure!(answer.status == 503, "{answer:?}");
        let problem = answer.json();
        ensure!(problem["type"] == "urn:aurora:problem:no-wall", "{problem}");
        for word in words {
            ensure!(answer.body.contains(word), "{word} is not said: {problem}");
        }
        anyhow::Ok(Some(answer.body))
    })
    .await
}

async fn doctor_says(node: &Node, words: &str) -> Result<()> {
    let output = binary::run(["doctor", "--json", "--node", node.api().base()], PATIENCE).await?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(said.contains(words) && !output.status.success(), "{said}");
    Ok(())
}
