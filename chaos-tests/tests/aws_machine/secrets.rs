//! Secrets that are in AWS: a node's own, and those of connections.

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::binary;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::cluster::gossip_options;
use aurora_chaos_tests::moto::{AccessKey, Moto};
use aurora_chaos_tests::node::{Node, NodeOptions};
use aurora_chaos_tests::process::Process;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::stack::PATIENCE;
use serde_json::{Value, json};

use super::anybody;

/// A node whose every secret is in AWS.
async fn node_options(moto: &Moto, clickhouse: &ClickHouse) -> Result<NodeOptions> {
    let mut options = NodeOptions::without_kafka(clickhouse);
    let logins = json!({
        "writer": options.writer.password,
        "reader": options.reader.password,
    });
    let arn = moto
        .make_secret("aurora/test/clickhouse", &logins.to_string())
        .await?;
    let mut gossip = gossip_options(1)?.remove(0);
    moto.make_secret("aurora/test/cluster-key", &format!("{}\n", gossip.key))
        .await?;
    moto.make_parameter("/aurora/test/admin-token", "admins-token")
        .await?;
    options.writer.password = "secretsmanager:aurora/test/clickhouse#writer".to_owned();
    options.reader.password = format!("secretsmanager:{arn}#reader");
    gossip.key = "secretsmanager:aurora/test/cluster-key".to_owned();
    options.cluster = Some(gossip);
    options.access =
        "tokens = [{ name = \"ann\", role = \"admin\", token = \"ssm:/aurora/test/admin-token\" }, \
         { name = \"eve\", role = \"editor\", token = \"eves-token\" }]"
            .to_owned();
    options.token = Some("secretsmanager:aurora/test/token".to_owned());
    moto.make_secret("aurora/test/token", "the-token").await?;
    options.environment = Moto::variables(moto.endpoint(), &anybody());
    Ok(options)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_reads_its_secrets_in_aws_and_guards_them() -> Result<()> {
    Sandbox::run("aws-secrets", async |sandbox| {
        let moto = Moto::start(sandbox).await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let options = node_options(&moto, &clickhouse).await?;
        let node = Node::start(sandbox, &options).await?;
        let admin = node.api().with_token("admins-token");
        let editor = node.api().with_token("eves-token");
        eventually("the node to be ready", PATIENCE, async || {
            let answer = admin.get("/readyz").await?;
            ensure!(answer.status.is_success(), "{answer:?}");
            let rows = admin.sql("SELECT 1").await?;
            anyhow::Ok(rows == [[json!(1)]])
        })
        .await?;
        ensure!(
            node.api().with_token("the-token").get("/api/v1/limits").await?.status.is_success(),
            "the node's own token is another"
        );

        // A connection whose password is in AWS: only an admin may say so.
        moto.make_parameter("/aurora/test/kafka", "hunter2").await?;
        let connection = |name: &str, reference: &str| {
            json!({
                "name": name,
                "brokers": "127.0.0.1:1",
                "security": { "kind": "sasl", "mechanism": "PLAIN", "username": "ann", "password": reference },
            })
        };
        for reference in ["ssm:/aurora/test/kafka", "secretsmanager:aurora/test/cluster-key"] {
            let new = connection("theirs", reference);
            let trial = json!({ "brokers": new["brokers"], "security": new["security"] });
            for (path, body) in [("/api/v1/connections", &new), ("/api/v1/connections/test", &trial)] {
                let answer = editor.post(path, body).await?;
                ensure!(answer.status == 403, "{path} {reference}: {answer:?}");
            }
        }
        let added = admin.post("/api/v1/connections", &connection("prod", "ssm:/aurora/test/kafka")).await?;
        ensure!(added.status == 201, "{added:?}");
        let shown = editor.get("/api/v1/connections/prod").await?;
        ensure!(
            shown.json()["security"]["password"] == json!({ "reference": "ssm:/aurora/test/kafka" }),
            "{shown:?}"
        );
        // What is there may not be pointed elsewhere either.
        let path = "/api/v1/connections/prod";
        let there = editor.request(reqwest::Method::GET, path).send().await?;
        let version = there.headers().get("etag").context("it has no version")?.clone();
        let request = editor.request(reqwest::Method::PATCH, path).header("if-match", version);
        let elsewhere = request.json(&json!({ "brokers": "127.0.0.1:2" })).send().await?;
        ensure!(elsewhere.status() == 403, "{}", elsewhere.status());

        let nowhere = admin.post("/api/v1/connections", &connection("other", "ssm:/nowhere")).await?;
        ensure!(nowhere.status == 422, "{nowhere:?}");
        let detail = nowhere.json()["detail"].to_string();
        ensure!(detail.contains("/nowhere") && detail.contains("sasl.password"), "{detail}");

        let log = std::fs::read_to_string(sandbox.path(format!("{}.log", node.id())))?;
        for secret in [
            clickhouse.writer().password.as_str(),
            &clickhouse.reader().password,
            "admins-token",
            "the-token",
            "hunter2",
        ] {
            ensure!(!log.contains(secret), "the log has {secret}");
        }
        Ok(())
    })
    .await
}

/// Starts a node that does not come up, and returns what it says.
async fn refused(
    sandbox: &Sandbox,
    options: &NodeOptions,
    environment: &[(String, String)],
) -> Result<String> {
    let path = sandbox.write("refused.toml", toml(options))?;
    let mut command = binary::command(["node", "--config"]).await?;
    command.arg(path).envs(environment.iter().cloned());
    let process = Process::spawn(sandbox.directory(), "refused", command)?;
    let status = process.wait(PATIENCE).await?;
    ensure!(!status.success(), "it has ended well");
    Ok(process.log_tail(5))
}

fn toml(options: &NodeOptions) -> String {
    let text = |text: &str| Value::from(text).to_string();
    format!(
        "[node]\nid = \"refused\"\nhttp = \"127.0.0.1:0\"\n[clickhouse]\nurl = {}\n\
         writer = {{ user = \"w\", password = {} }}\nreader = {{ user = \"r\", password = \"r\" }}\n",
        text(&options.writer.url),
        text(&options.writer.password),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_cannot_be_read_is_named_with_what_is_missing() -> Result<()> {
    Sandbox::run("aws-no-secret", async |sandbox| {
        let moto = Moto::start(sandbox).await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let mut options = NodeOptions::without_kafka(&clickhouse);
        let environment = |key: &AccessKey| Moto::variables(moto.endpoint(), key);
        moto.make_secret("there", r#"{"user": "ann"}"#).await?;
        for (reference, words) in [
            (
                "secretsmanager:gone",
                ["the secret gone", "secretsmanager:GetSecretValue"],
            ),
            (
                "secretsmanager:there#password",
                ["the secret there", "\"password\""],
            ),
            ("ssm:/gone", ["the parameter /gone", "ssm:GetParameter"]),
        ] {
            reference.clone_into(&mut options.writer.password);
            let said = refused(sandbox, &options, &environment(&anybody())).await?;
            ensure!(
                words.iter().all(|word| said.contains(word)),
                "{reference}: {said}"
            );
        }
        // Who may not is told what to allow, after some attempts: a new machine's role may not be known yet.
        let key = moto.user("aurora").await?;
        moto.enforce_policies(true).await?;
        "secretsmanager:there".clone_into(&mut options.writer.password);
        let said = refused(sandbox, &options, &environment(&key)).await?;
        ensure!(
            said.contains("allow their role or user the action secretsmanager:GetSecretValue"),
            "{said}"
        );
        Ok(())
    })
    .await
}
