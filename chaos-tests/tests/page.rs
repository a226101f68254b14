//! The pages, in a real browser: the scripts in `ui/web/e2e` drive Chromium against `aurora up`.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use aurora_actors::store::Login;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::load::{Message, produce_messages};
use aurora_chaos_tests::node::{GossipOptions, Node, NodeOptions, stream_id};
use aurora_chaos_tests::process::free_port;
use aurora_chaos_tests::sandbox::Sandbox;
use aurora_chaos_tests::shared;
use aurora_chaos_tests::stack::PATIENCE;
use aurora_chaos_tests::up::Up;
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// Who is let in where not everybody is.
const ACCESS: &str = r#"
    tokens = [
        { name = "vera", role = "viewer", token = "vera-secret" },
        { name = "edith", role = "editor", token = "edith-secret" },
    ]
    requests_per_s = 0
    requests_per_s_per_address = 0
"#;

const MARKUP: &str = r#"<img src=x onerror="document.title=1">"#;
const SCRIPT: &str = "<script>document.title=1</script>";

/// Browsers take turns: some measure how long something takes, and a small machine has room for one.
static TURN: Mutex<()> = Mutex::const_new(());

/// Has a script of `ui/web/e2e` look at a page.
async fn look(script: &str, arguments: &[&str]) -> Result<()> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/web");
    let mut browser = Command::new("node");
    browser.current_dir(web).arg(script).args(arguments);
    let _turn = TURN.lock().await;
    let output = tokio::task::spawn_blocking(move || browser.output()).await?;
    let output = output.context("node could not be started; is Node.js installed?")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{script} is not content (Chromium is needed, see ./test): {said}"
    );
    Ok(())
}

/// A table whose name, columns and comments are markup, as a careless producer can make them.
async fn make_hostile_table(up: &Up) -> Result<()> {
    let clickhouse = up.ready()["clickhouse"].as_str().context("no address")?;
    let statement = format!(
        "CREATE TABLE events.`{MARKUP}` (`{MARKUP}` LowCardinality(String) COMMENT '{MARKUP}', n UInt8) \
         ENGINE = MergeTree ORDER BY n COMMENT '{MARKUP}'"
    );
    let answer = reqwest::Client::new()
        .post(clickhouse)
        .body(statement)
        .send()
        .await?;
    ensure!(answer.status().is_success(), "{}", answer.text().await?);
    Ok(())
}

#[tokio::test]
async fn the_pages_show_a_stream_and_answer() -> Result<()> {
    Sandbox::run("page", async |sandbox| {
        let up = Up::start(sandbox, &["--rate", "300"]).await?;
        let screenshots = sandbox.directory().display().to_string();
        look("e2e/looks.mjs", &[up.api().base(), &screenshots]).await?;
        make_hostile_table(&up).await?;
        look("e2e/journey.mjs", &[up.api().base()]).await?;
        let kafka = up.ready()["kafka"].as_str().context("no broker")?;
        look("e2e/makers.mjs", &[up.api().base(), kafka]).await?;
        look("e2e/mending.mjs", &[up.api().base()]).await?;
        look("e2e/keyboard.mjs", &[up.api().base()]).await?;
        look("e2e/dialogs.mjs", &[up.api().base()]).await?;
        ensure!(up.interrupt().await?.success());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_pages_come_up_over_a_slow_network() -> Result<()> {
    Sandbox::run("page-slow", async |sandbox| {
        let up = Up::start(sandbox, &["--rate", "50"]).await?;
        let figures = sandbox.directory().display().to_string();
        look("e2e/slow.mjs", &[up.api().base(), &figures]).await?;
        ensure!(up.interrupt().await?.success());
        Ok(())
    })
    .await
}

/// A node that joins those of `aurora up`, with logins and roles of its own.
async fn start_guarded(sandbox: &Sandbox, up: &Up) -> Result<Node> {
    let data = Up::data_dir(sandbox);
    let secrets: Value = serde_json::from_slice(&fs::read(data.join("clickhouse/secrets.json"))?)?;
    let address = up.ready()["clickhouse"].as_str().context("no address")?;
    let (_, host) = address.split_once('@').context("no login in the address")?;
    let login = |user: &str, secret: &str| -> Result<Login> {
        Ok(Login {
            url: format!("http://{}", host.trim_end_matches('/')),
            user: user.to_owned(),
            password: secrets[secret].as_str().context("no password")?.to_owned(),
        })
    };
    let cluster = up.api().cluster().await?;
    let gossip = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let options = NodeOptions {
        id: "guarded".to_owned(),
        topics: Vec::new(),
        writer: login("aurora_writer", "writer_password")?,
        reader: login("aurora_reader", "reader_password")?,
        brokers: String::new(),
        properties: Vec::new(),
        has_connection: false,
        queries: Vec::new(),
        token: Some("node-secret".to_owned()),
        access: ACCESS.to_owned(),
        grafana: String::new(),
        aws: String::new(),
        cluster: Some(GossipOptions {
            name: cluster.cluster.context("no cluster")?,
            key: fs::read_to_string(data.join("cluster.key"))?.trim().to_owned(),
            listen: gossip,
            advertise: gossip,
            seeds: cluster.nodes.into_iter().filter_map(|node| node.gossip).collect(),
            capacity: 1,
        }),
        member: None,
        environment: Vec::new(),
    };
    let node = Node::start(sandbox, &options).await?;
    node.until_ready().await?;
    Ok(node)
}

#[tokio::test]
async fn a_viewer_is_offered_nothing_that_is_refused_and_a_node_is_drained() -> Result<()> {
    Sandbox::run("page-roles", async |sandbox| {
        let up = Up::start(sandbox, &["--rate", "50"]).await?;
        let guarded = start_guarded(sandbox, &up).await?;
        let tokens = [guarded.api().base(), "vera-secret", "edith-secret"];
        look("e2e/viewer.mjs", &tokens).await?;
        look("e2e/drain.mjs", &[up.api().base(), guarded.id()]).await?;
        ensure!(up.interrupt().await?.success());
        Ok(())
    })
    .await
}

/// What a careless or a hostile producer can send: markup in names and in values, and no JSON at all.
fn hostile_payloads() -> Vec<String> {
    let row = |n: u8| {
        json!({ MARKUP: SCRIPT, "kind": MARKUP, "emoji 🚀": "“q” 'q' \"q\" & <b>", "n": n }).to_string()
    };
    let mut payloads: Vec<String> = (0..20).map(row).collect();
    payloads.push(format!("{SCRIPT}{MARKUP}"));
    payloads
}

#[tokio::test]
async fn markup_stays_text() -> Result<()> {
    Sandbox::run("page-hostile", async |sandbox| {
        let kafka = shared::kafka().await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        // The longest name that Kafka takes, which is longer than a table's may be.
        let topics = ["a.b-c_d".to_owned(), "x".repeat(249)];
        let payloads = hostile_payloads();
        let messages: Vec<Message<'_>> = payloads
            .iter()
            .map(|payload| Message {
                key: Some(MARKUP.as_bytes()),
                ..Message::new(payload)
            })
            .collect();
        for topic in &topics {
            kafka.create_topic(topic, 1, &[]).await?;
            produce_messages(kafka, topic, &messages).await?;
        }
        // The script answers there as a language model.
        let model = free_port()?.to_string();
        let environment = [
            ("OPENAI_BASE_URL", format!("http://127.0.0.1:{model}/v1")),
            ("OPENAI_API_KEY", "sk-test".to_owned()),
            ("AURORA_MODEL", format!("model {MARKUP}")),
        ];
        let options = NodeOptions {
            token: Some("node-secret".to_owned()),
            environment: environment.map(|(name, value)| (name.to_owned(), value)).into(),
            ..NodeOptions::new(kafka, &clickhouse, &topics.each_ref().map(String::as_str))
        };
        let node = Node::start(sandbox, &options).await?;
        let streams = topics.each_ref().map(|topic| stream_id(topic));
        for stream in &streams {
            node.api().until_consumed(kafka, stream, PATIENCE).await?;
        }
        let mut arguments = vec![node.api().base(), "node-secret", &model];
        arguments.extend(streams.iter().map(String::as_str));
        look("e2e/hostile.mjs", &arguments).await
    })
    .await
}

#[tokio::test]
async fn pages_that_lose_their_node_go_on_with_another() -> Result<()> {
    Sandbox::run("page-lost", async |sandbox| {
        let up = Up::start(sandbox, &["--rate", "50", "--nodes", "2"]).await?;
        let nodes = up.ready()["nodes"].as_array().context("no nodes")?;
        let text = |node: &Value, key: &str| node[key].to_string().trim_matches('"').to_owned();
        let [first, second] = &nodes[..] else {
            anyhow::bail!("there are {} nodes", nodes.len());
        };
        let arguments = [text(second, "http"), text(second, "pid"), text(first, "http")];
        look("e2e/lost.mjs", &arguments.each_ref().map(String::as_str)).await
    })
    .await
}

#[tokio::test]
async fn nobody_comes_in_without_a_token() -> Result<()> {
    Sandbox::run("page-access", async |sandbox| {
        let token = "a-token-that-is-long-enough-for-anybody";
        let up = Up::start(sandbox, &["--rate", "50", "--token", token]).await?;
        look("e2e/access.mjs", &[up.api().base(), token]).await?;
        ensure!(up.interrupt().await?.success());
        Ok(())
    })
    .await
}
