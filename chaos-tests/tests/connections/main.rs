//! Connections, added and tried over HTTP, to a Kafka that is secured in every way; and what can be done with streams
//! while they run.

mod columns;
mod mistakes;
mod rights;
mod streams;

use std::sync::Mutex;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::api::Api;
use aurora_chaos_tests::binary;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::cluster::gossip_options;
use aurora_chaos_tests::load::Load;
use aurora_chaos_tests::node::{Node, NodeOptions};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::secured::{
    PLAIN_PASSWORD, SCRAM_256_PASSWORD, SCRAM_512_PASSWORD, SecuredKafka, USER, Way,
};
use aurora_chaos_tests::stack::PATIENCE;
use reqwest::Method;
use serde_json::{Value, json};

const TOPIC: &str = "secured";
const EVENTS: u64 = 400;

const ACCESS: &str = r#"
    tokens = [
        { name = "vera", role = "viewer", token = "vera-token" },
        { name = "edith", role = "editor", token = "edith-token" },
        { name = "ada", role = "admin", token = "ada-token" },
    ]
    requests_per_s = 0
    requests_per_s_per_address = 0
"#;

/// A node that knows no Kafka yet.
async fn lonely_node(sandbox: &Sandbox, clickhouse: &ClickHouse) -> Result<Node> {
    let options = NodeOptions {
        cluster: Some(gossip_options(1)?.remove(0)),
        token: Some("node-token".to_owned()),
        access: ACCESS.to_owned(),
        ..NodeOptions::without_kafka(clickhouse)
    };
    let node = Node::start(sandbox, &options).await?;
    node.until_ready().await?;
    Ok(node)
}

/// What was answered.
#[derive(Debug, Clone)]
struct Reply {
    status: u16,
    etag: String,
    body: Value,
}

/// A node's API, with all that it has ever answered.
struct Listener {
    api: Api,
    said: Mutex<String>,
}

impl Listener {
    fn new(node: &Node, name: &str) -> Self {
        Self {
            api: node.api().with_token(&format!("{name}-token")),
            said: Mutex::default(),
        }
    }

    async fn send(&self, method: Method, path: &str, body: &Value, seen: Option<&str>) -> Result<Reply> {
        let mut request = self.api.request(method, path);
        if !body.is_null() {
            request = request.json(body);
        }
        if let Some(seen) = seen {
            request = request.header("if-match", seen);
        }
        let response = request.send().await.context("the node does not answer")?;
        let status = response.status().as_u16();
        let etag = response.headers().get("etag").and_then(|etag| etag.to_str().ok());
        let etag = etag.unwrap_or_default().to_owned();
        let text = response.text().await?;
        self.said.lock().expect("nobody panics with it").push_str(&text);
        Ok(Reply {
            status,
            etag,
            body: serde_json::from_str(&text).unwrap_or_default(),
        })
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Reply> {
        self.send(Method::POST, path, body, None).await
    }

    async fn get(&self, path: &str) -> Result<Reply> {
        self.send(Method::GET, path, &Value::Null, None).await
    }

    async fn test(&self, brokers: &str, security: &Value) -> Result<Value> {
        let trial = json!({ "brokers": brokers, "security": security });
        let reply = self.post("/api/v1/connections/test", &trial).await?;
        ensure!(reply.status == 200, "{reply:?}");
        Ok(reply.body)
    }
}

/// Every way in that works: what the connection is called, where it leads, and how it is secured.
fn ways(kafka: &SecuredKafka) -> Vec<(&'static str, String, Value)> {
    let (certificate, key) = &kafka.client;
    let sasl = |mechanism: &str, password: &str, tls: bool| {
        let ca = tls.then_some(&kafka.ca);
        json!({
            "kind": "sasl", "mechanism": mechanism, "username": USER, "password": password, "tls": tls, "ca": ca
        })
    };
    vec![
        (
            "tls",
            kafka.brokers(Way::Tls),
            json!({ "kind": "tls", "ca": kafka.ca }),
        ),
        (
            "mtls",
            kafka.brokers(Way::Mtls),
            json!({ "kind": "mtls", "ca": kafka.ca, "certificate": certificate, "key": key }),
        ),
        (
            "scram256",
            kafka.brokers(Way::Scram),
            sasl("SCRAM-SHA-256", SCRAM_256_PASSWORD, true),
        ),
        (
            "scram512",
            kafka.brokers(Way::Scram),
            sasl("SCRAM-SHA-512", SCRAM_512_PASSWORD, true),
        ),
        (
            "login",
            kafka.brokers(Way::Plain),
            sasl("PLAIN", PLAIN_PASSWORD, false),
        ),
        (
            "plaintext",
            kafka.kafka.bootstrap_servers(),
            json!({ "kind": "plaintext" }),
        ),
    ]
}

/// Nothing that is secret is in what was said, logged or kept.
async fn require_secrecy(
    kafka: &SecuredKafka,
    clickhouse: &ClickHouse,
    node: &Node,
    said: &str,
) -> Result<()> {
    let process = node.process().context("the node does not run")?;
    let log = std::fs::read_to_string(process.log_path())?;
    ensure!(!said.is_empty() && !log.is_empty());
    let key_line = kafka
        .client
        .1
        .lines()
        .nth(1)
        .context("the key has no second line")?;
    for secret in [
        PLAIN_PASSWORD,
        SCRAM_256_PASSWORD,
        SCRAM_512_PASSWORD,
        key_line,
        mistakes::WRONG_PASSWORD,
    ] {
        ensure!(!said.contains(secret), "{secret} was said");
        ensure!(!log.contains(secret), "{secret} was logged");
        let kept = format!(
            "SELECT countIf(position(concat(toString(tuple(*)), tryBase64Decode(body)), '{secret}') > 0) \
             FROM aurora.registry"
        );
        ensure!(
            clickhouse.number(&kept).await? == 0,
            "{secret} is in the registry"
        );
    }
    Ok(())
}

/// Tries a connection, keeps it, looks at its topic, and ingests it.
async fn go_through(editor: &Listener, kafka: &SecuredKafka, way: &(&str, String, Value)) -> Result<()> {
    let (name, brokers, security) = way;
    // A trial takes seconds at most, which a broker that has just begun to speak TLS may need longer than.
    eventually("the trial", PATIENCE, async || {
        let found = editor.test(brokers, security).await?;
        let steps = found["checks"].as_array().context("no checks")?;
        ensure!(
            found["ok"] == true && steps.iter().all(|check| check["ok"] == true) && steps.len() == 5,
            "{name}: {found}"
        );
        ensure!(
            found["topics"] == json!([{ "name": TOPIC, "partitions": 2 }]),
            "{name}: {found}"
        );
        anyhow::Ok(true)
    })
    .await?;

    let new = json!({ "name": name, "brokers": brokers, "security": security });
    let added = editor.post("/api/v1/connections", &new).await?;
    ensure!(
        added.status == 201 && added.body["security"]["kind"] == security["kind"],
        "{added:?}"
    );
    let look = json!({ "connection": name, "topic": TOPIC });
    eventually("the preview", PATIENCE, async || {
        let preview = editor.post("/api/v1/connections/preview", &look).await?;
        let count = |key: &str| preview.body[key].as_array().map_or(0, Vec::len);
        let in_topic = preview.body["messages_in_topic"].as_str();
        ensure!(
            preview.status == 200
                && in_topic.and_then(|count| count.parse().ok()) == Some(EVENTS)
                && count("messages") == 20
                && count("columns") > 3,
            "{name}: {preview:?}"
        );
        anyhow::Ok(true)
    })
    .await?;
    let stream = json!({ "connection": name, "topic": TOPIC });
    let stream = editor.post("/api/v1/streams", &stream).await?;
    ensure!(stream.status == 201, "{stream:?}");
    let id = format!("{name}:{TOPIC}");
    let consumed = editor.api.until_consumed(&kafka.kafka, &id, PATIENCE).await?;
    ensure!(
        consumed.rows + consumed.dead_letters == EVENTS,
        "{name}: {consumed:?}"
    );
    let report = editor.api.audit(&id).await?;
    ensure!(report.clean, "{name}: {:?}", report.problems);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_way_in_is_tried_kept_and_ingested_and_each_mistake_has_its_words() -> Result<()> {
    Sandbox::run("connections", async |sandbox| {
        let kafka = SecuredKafka::start(sandbox).await?;
        kafka.kafka.create_topic(TOPIC, 2, &[]).await?;
        let load = Load {
            events: EVENTS,
            ..Load::new(TOPIC, 2)
        };
        load.produce(&kafka.kafka).await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let node = lonely_node(sandbox, &clickhouse).await?;
        let editor = Listener::new(&node, "edith");
        for way in ways(&kafka) {
            go_through(&editor, &kafka, &way).await?;
        }
        mistakes::each_has_its_words(&editor, &kafka).await?;
        mistakes::fields_are_named(&editor).await?;
        mistakes::what_only_an_admin_may(&editor, &Listener::new(&node, "ada"), &kafka).await?;
        edits(&editor, &Listener::new(&node, "ada"), &kafka).await?;
        on_the_command_line(sandbox, &node, &kafka).await?;
        let said = editor.said.lock().expect("nobody panics with it").clone();
        require_secrecy(&kafka, &clickhouse, &node, &said).await
    })
    .await
}

/// Two people change a connection; who was slower is told who was faster. A connection is removed once nobody uses it.
async fn edits(edith: &Listener, ada: &Listener, kafka: &SecuredKafka) -> Result<()> {
    let path = "/api/v1/connections/scram256";
    let seen = edith.get(path).await?;
    ensure!(
        seen.body["security"]["password"] == json!({ "set": true }) && seen.body["streams"] == 1,
        "{seen:?}"
    );
    // As a form sends it back: without the password.
    let mut security = seen.body["security"].clone();
    security.as_object_mut().context("no object")?.remove("password");
    let change = json!({ "brokers": kafka.brokers(Way::Scram), "security": security });
    let first = ada.send(Method::PATCH, path, &change, Some(&seen.etag)).await?;
    ensure!(
        first.status == 200 && first.etag != seen.etag && first.body["changed_by"] == "ada",
        "{first:?}"
    );
    let second = edith.send(Method::PATCH, path, &change, Some(&seen.etag)).await?;
    ensure!(
        second.status == 412
            && second.body["detail"]
                .as_str()
                .is_some_and(|detail| detail.starts_with("ada has changed")),
        "{second:?}"
    );
    let unseen = edith.send(Method::PATCH, path, &change, None).await?;
    ensure!(unseen.status == 428, "{unseen:?}");

    // The other mechanism with the password of the first: nodes take it up, and the stream says so.
    let stream = format!("scram256:{TOPIC}");
    let used = edith.send(Method::DELETE, path, &Value::Null, None).await?;
    ensure!(
        used.status == 409
            && used.body["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains(&stream)),
        "{used:?}"
    );
    let added = Load {
        first: EVENTS,
        events: 100,
        ..Load::new(TOPIC, 2)
    };
    added.produce(&kafka.kafka).await?;
    let consumed = edith.api.until_consumed(&kafka.kafka, &stream, PATIENCE).await?;
    ensure!(
        consumed.rows + consumed.dead_letters == EVENTS + 100,
        "{consumed:?}"
    );
    let report = edith.api.audit(&stream).await?;
    ensure!(report.clean, "{:?}", report.problems);

    let removed = edith
        .send(
            Method::DELETE,
            &format!("/api/v1/streams/{stream}"),
            &Value::Null,
            None,
        )
        .await?;
    ensure!(removed.status == 204, "{removed:?}");
    let removed = edith.send(Method::DELETE, path, &Value::Null, None).await?;
    ensure!(removed.status == 204, "{removed:?}");
    ensure!(edith.get(path).await?.status == 404);
    Ok(())
}

async fn on_the_command_line(sandbox: &Sandbox, node: &Node, kafka: &SecuredKafka) -> Result<()> {
    let ca = sandbox.write("given-ca.pem", &kafka.ca)?.display().to_string();
    let secret = sandbox.write("given-password", format!("{SCRAM_512_PASSWORD}\n"))?;
    let wrong = sandbox.write("wrong-password", mistakes::WRONG_PASSWORD)?;
    let brokers = kafka.brokers(Way::Scram);
    let connect = async |password: &std::path::Path| {
        let password = password.display().to_string();
        let arguments = [
            "connect",
            "typed",
            "--brokers",
            &brokers,
            "--ca",
            &ca,
            "--sasl",
            "scram-sha-512",
            "--user",
            USER,
            "--password-file",
            &password,
            "--node",
            node.api().base(),
            "--token",
            "edith-token",
        ];
        binary::run(arguments, PATIENCE).await
    };
    let refused = connect(&wrong).await?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(
        !refused.status.success() && said.contains("do not take this user and password"),
        "{refused:?}"
    );
    ensure!(!said.contains(mistakes::WRONG_PASSWORD), "{said}");
    let added = connect(&secret).await?;
    let topics = String::from_utf8_lossy(&added.stdout).into_owned();
    ensure!(added.status.success() && topics.contains(TOPIC), "{added:?}");
    let shown = node.api().get("/api/v1/connections/typed").await?;
    ensure!(
        shown.json()["security"]["mechanism"] == "SCRAM-SHA-512",
        "{shown:?}"
    );
    Ok(())
}
