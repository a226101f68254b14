//! The API as it describes itself, called by a stranger with whatever the description allows and what it does not.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::cached_tool::python;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::cluster::gossip_options;
use aurora_chaos_tests::node::{Node, NodeOptions};
use aurora_chaos_tests::process::Process;
use aurora_chaos_tests::sandbox::Sandbox;
use serde_json::Value;

const REQUIREMENTS: &str = include_str!("../schemathesis-requirements.txt");
/// Longer than it takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(15 * 60);
/// Calls of each kind for every operation; more with `AURORA_API_EXAMPLES`.
const EXAMPLES: &str = "25";
/// What is wrong with an answer: it is the node's fault, it is none that was described, or somebody without a token got it.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
                      ignored_auth,unsupported_method,missing_required_header";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_sent_is_answered_as_described_and_never_with_a_failure_of_ours() -> Result<()> {
    Sandbox::run("openapi", async |sandbox| {
        let python = python("schemathesis", REQUIREMENTS).await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let options = NodeOptions {
            token: Some("node-secret".to_owned()),
            access: "requests_per_s = 0\nrequests_per_s_per_address = 0\nwrong_tokens_per_minute = 60_000"
                .to_owned(),
            cluster: Some(gossip_options(1)?.remove(0)),
            ..NodeOptions::without_kafka(&clickhouse)
        };
        let node = Node::start(sandbox, &options).await?;
        node.until_ready().await?;
        let description: Value = node.api().get("/api/v1/openapi.json").await?.json();
        let paths = description["paths"]
            .as_object()
            .context("no paths are described")?;
        ensure!(paths.len() > 15, "only {} paths are described", paths.len());

        let examples = std::env::var("AURORA_API_EXAMPLES").unwrap_or_else(|_| EXAMPLES.to_owned());
        let mut command = Command::new(python);
        command
            .args(["-m", "schemathesis.cli", "run"])
            .arg(format!("{}/api/v1/openapi.json", node.api().base()))
            .args(["--header", "Authorization: Bearer node-secret"])
            .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing"])
            .args([
                "--max-examples",
                &examples,
                "--seed",
                "1",
                "--request-timeout",
                "30",
            ])
            .args([
                "--continue-on-failure",
                "--no-color",
                "--generation-database",
                "none",
            ])
            // It finds out what the node is called, and drains it.
            .args(["--exclude-path", "/api/v1/cluster/nodes/{id}/drain"])
            // Its answers end after five minutes.
            .args(["--exclude-path", "/api/v1/live"])
            .env("NO_PROXY", "127.0.0.1")
            .current_dir(sandbox.directory());
        let schemathesis = Process::spawn(sandbox.directory(), "schemathesis", command)?;
        let status = schemathesis.wait(LIMIT).await?;
        ensure!(
            status.success(),
            "schemathesis found something:\n{}",
            schemathesis.log_tail(150)
        );
        let said = std::fs::read_to_string(schemathesis.log_path())?;
        ensure!(said.contains("passed"), "nothing was tried:\n{said}");
        eprintln!("{}", schemathesis.log_tail(25));
        // Nothing of what was sent has ended the node or been kept beyond its bounds.
        ensure!(node.api().get("/readyz").await?.status == 200);
        Ok(())
    })
    .await
}
