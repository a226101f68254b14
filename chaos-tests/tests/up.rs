//! `aurora up` as people start it, and what a node says when something it needs is not there.

use std::net::TcpListener;
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::api::Api;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::load::{Message, produce_messages};
use aurora_chaos_tests::node::{Node, NodeOptions, stream_id};
use aurora_chaos_tests::process::{Process, free_port};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::stack::PATIENCE;
use aurora_chaos_tests::up::{Up, processes_that_name};
use aurora_chaos_tests::{binary, shared};
use reqwest::{Method, header};
use serde_json::{Value, json};
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;

const DEMO_STREAM: &str = "demo:shop_events";
const DEMO_TABLE: &str = "events.shop_events";

async fn until_rows(api: &Api, table: &str, at_least: u64) -> Result<u64> {
    let what = format!("{at_least} rows in {table}");
    eventually(&what, PATIENCE, async || {
        let rows = api.sql(&format!("SELECT count() FROM {table}")).await?;
        let count: u64 = rows[0][0].as_str().context("no count")?.parse()?;
        anyhow::Ok((count >= at_least).then_some(count))
    })
    .await
}

#[tokio::test]
async fn the_demo_is_queried_verified_and_measured() -> Result<()> {
    Sandbox::run("demo", async |sandbox| {
        let up = Up::start(sandbox, &["--rate", "500"]).await?;
        let api = up.api();
        assert_eq!(up.ready()["nodes"][0]["pid"], up.process().pid());
        assert_eq!(up.ready()["nodes"][0]["http"], api.base());
        until_rows(api, DEMO_TABLE, 3_000).await?;

        // The journal of a partition that has just begun may be a second away.
        let what = "a verdict on all partitions";
        eventually(what, PATIENCE, async || {
            let verify = ["verify", DEMO_STREAM, "--json", "--node", api.base()];
            let verified = binary::run(verify, PATIENCE).await?;
            ensure!(verified.status.success(), "{verified:?}");
            let report: Value = serde_json::from_slice(&verified.stdout)?;
            ensure!(report["clean"] == true, "{report}");
            anyhow::Ok(report["partitions"].as_array().is_some_and(|all| all.len() == 4))
        })
        .await?;

        let stream = api.stream(DEMO_STREAM).await?;
        assert_eq!(
            (stream.state.as_str(), stream.table.as_deref()),
            ("running", Some(DEMO_TABLE))
        );
        figures_are_there(api).await?;
        errors_are_problems(api).await?;
        the_reader_only_reads(api).await?;
        ensure!(up.interrupt().await?.success());
        Ok(())
    })
    .await
}

async fn figures_are_there(api: &Api) -> Result<()> {
    let of = |name: &'static str| api.metric(name, DEMO_STREAM);
    ensure!(of("aurora_ingest_rows_total").await? >= 3_000.0);
    ensure!(of("aurora_ingest_message_bytes_total").await? >= 300_000.0);
    ensure!(of("aurora_ingest_freshness_seconds_count").await? > 0.0);
    ensure!(of("aurora_ingest_insert_seconds_count").await? > 0.0);
    ensure!(of("aurora_ingest_epochs_total").await? == 4.0);
    of("aurora_ingest_lag").await?;
    api.metric("aurora_ingest_buffer_bytes", "").await?;
    let clean = "the audit's figure";
    eventually(clean, PATIENCE, async || {
        of("aurora_ingest_audit_clean").await.map(|clean| clean == 1.0)
    })
    .await
}

async fn errors_are_problems(api: &Api) -> Result<()> {
    for (answer, status) in [
        (api.get("/api/v1/streams/demo:nothing").await?, 404),
        (api.get("/api/v1/schema/nothing").await?, 404),
        (api.try_sql("SELECT nonsense FROM shop_events").await?, 400),
        (api.try_sql("SELEC 1").await?, 400),
        (api.try_sql("SELECT 1; SELECT 2").await?, 400),
        (api.try_sql("").await?, 400),
        (
            api.post("/api/v1/sql", &json!({ "query": "SELECT 1" })).await?,
            400,
        ),
        (api.get("/api/v1/nothing").await?, 404),
    ] {
        let problem = answer.json();
        let is_text = |field: &str| problem[field].as_str().is_some_and(|text| !text.is_empty());
        ensure!(
            answer.status == status
                && answer.content_type == "application/problem+json"
                && problem["status"] == status
                && ["type", "title", "detail", "hint"].into_iter().all(is_text),
            "no problem with status {status}: {answer:?}"
        );
    }
    Ok(())
}

/// Through Aurora; what ClickHouse itself refuses its reader is in `reader.rs`.
async fn the_reader_only_reads(api: &Api) -> Result<()> {
    for sql in [
        "INSERT INTO events.shop_events (event_id) VALUES (1)",
        "CREATE TABLE events.mine (n Int64) ENGINE = Memory",
        "DROP TABLE events.shop_events",
        "ALTER TABLE events.shop_events DELETE WHERE 1",
        "TRUNCATE TABLE events.shop_events",
        "SET max_execution_time = 0",
        "SYSTEM STOP MERGES",
        "KILL QUERY WHERE 1",
        "SELECT * FROM aurora.journal",
        "SELECT * FROM aurora.owners",
        "SELECT * FROM system.query_log",
        "SELECT * FROM system.processes",
        "SELECT file('/etc/hostname')",
        "SELECT FILE('/etc/hostname')",
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SELECT * FROM remote('127.0.0.1', 'aurora', 'journal')",
        "SELECT * FROM executable('id', 'LineAsString', 's String')",
        "SELECT 1 INTO OUTFILE '/tmp/outfile'",
        "EXPLAIN SELECT file('/etc/hostname')",
        "DESCRIBE file('/etc/hostname', 'LineAsString')",
        "SELECT * FROM events.shop_events WHERE event_type = (SELECT file('/etc/hostname'))",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 SETTINGS max_execution_time = 0",
    ] {
        let answer = api.try_sql(sql).await?;
        ensure!(
            answer.status.is_client_error() && answer.content_type == "application/problem+json",
            "{sql} is not refused: {answer:?}"
        );
    }
    let databases = api.sql("SELECT name FROM system.databases ORDER BY 1").await?;
    ensure!(databases == [[json!("events")]], "the reader sees {databases:?}");
    Ok(())
}

#[tokio::test]
async fn clickhouse_ends_with_an_up_that_is_killed_and_the_next_goes_on() -> Result<()> {
    Sandbox::run("up-killed", async |sandbox| {
        let data = Up::data_dir(sandbox);
        let up = Up::start(sandbox, &["--rate", "300"]).await?;
        let before = until_rows(up.api(), DEMO_TABLE, 2_500).await?;
        ensure!(processes_that_name(&data)?.len() == 2, "up and ClickHouse should run");
        up.process().kill9()?;
        let nobody = async || processes_that_name(&data).map(|found| found.is_empty());
        eventually("ClickHouse's end", PATIENCE, nobody).await?;

        // What the first start's broker held is gone with it: its rows stay, and the new one's come on top.
        let again = Up::start(sandbox, &["--rate", "300"]).await?;
        until_rows(again.api(), DEMO_TABLE, before + 2_000).await?;
        assert_eq!(again.api().stream(DEMO_STREAM).await?.generation, 2);
        let lives = "SELECT _generation, count() = uniqExact(_partition, _offset) FROM shop_events GROUP BY 1 ORDER BY 1";
        let lives = again.api().sql(lives).await?;
        ensure!(lives.len() == 2 && lives.iter().all(|life| life[1] == 1), "{lives:?}");
        let report = again.api().audit(DEMO_STREAM).await?;
        ensure!(report.clean, "{report:?}");
        let status = again.interrupt().await?;
        ensure!(status.success(), "after Ctrl-C, up ended with {status}");
        let left = processes_that_name(&data)?;
        ensure!(left.is_empty(), "after Ctrl-C, these still run: {left:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_up_on_real_kafka_goes_on_where_the_last_one_was() -> Result<()> {
    Sandbox::run("up-kafka", async |sandbox| {
        let kafka = shared::kafka().await?;
        let topic = "up.kafka";
        kafka.create_topic(topic, 2, &[]).await?;
        let payloads: Vec<String> = (0..300).map(|n| format!(r#"{{"n":{n}}}"#)).collect();
        let messages: Vec<Message<'_>> = (0..)
            .zip(&payloads)
            .map(|(number, payload)| Message {
                partition: number % 2,
                ..Message::new(payload)
            })
            .collect();
        produce_messages(kafka, topic, &messages[..200]).await?;
        let brokers = kafka.bootstrap_servers();
        let arguments = ["--kafka", &brokers, "--topic", topic];
        let stream = format!("kafka:{topic}");

        let up = Up::start(sandbox, &arguments).await?;
        up.api().until_consumed(kafka, &stream, PATIENCE).await?;
        ensure!(up.interrupt().await?.success());

        produce_messages(kafka, topic, &messages[200..]).await?;
        let again = Up::start(sandbox, &arguments).await?;
        again.api().until_consumed(kafka, &stream, PATIENCE).await?;
        // The process counts what it has landed itself.
        let landed = again.api().metric("aurora_ingest_rows_total", &stream).await?;
        ensure!(landed == 100.0, "100 messages are new, {landed} were read");
        let all = "SELECT count(), uniqExact(n), max(_generation) FROM up_kafka";
        assert_eq!(
            again.api().sql(all).await?,
            [[json!("300"), json!("300"), json!(1)]]
        );
        let report = again.api().audit(&stream).await?;
        ensure!(report.clean, "{report:?}");
        ensure!(again.interrupt().await?.success());
        Ok(())
    })
    .await
}

/// Requires that a command failed, with one sentence on standard error and nothing else.
fn require_one_sentence(output: &Output, words: &[&str]) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().collect();
    ensure!(!output.status.success(), "it did not fail, and said:\n{said}");
    ensure!(
        lines.len() == 1 && lines[0].starts_with("error: ") && words.iter().all(|word| said.contains(word)),
        "this is not one sentence with {words:?}:\n{said}"
    );
    ensure!(output.stdout.is_empty(), "it also printed {:?}", output.stdout);
    Ok(())
}

async fn up_fails(data_dir: &std::path::Path, arguments: &[&str], words: &[&str]) -> Result<()> {
    let data_dir = data_dir.to_string_lossy();
    let up = ["up", "--json", "--data-dir", &data_dir];
    let output = binary::run(up.iter().chain(arguments), PATIENCE).await?;
    require_one_sentence(&output, words).with_context(|| format!("aurora up {arguments:?}"))
}

const ANY_PORT: [&str; 2] = ["--http", "127.0.0.1:0"];

#[tokio::test]
async fn a_second_up_on_the_same_data_is_told_who_has_it() -> Result<()> {
    Sandbox::run("up-twice", async |sandbox| {
        let up = Up::start(sandbox, &["--no-demo"]).await?;
        let pid = up.process().pid().to_string();
        let data = Up::data_dir(sandbox);
        up_fails(
            &data,
            &ANY_PORT,
            &["in use by another aurora", &pid, "--data-dir"],
        )
        .await?;
        // The first one does not mind.
        until_rows(up.api(), "(SELECT 1)", 1).await?;
        ensure!(up.interrupt().await?.success());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_port_that_is_in_use_is_named() -> Result<()> {
    Sandbox::run("port-in-use", async |sandbox| {
        let holder = TcpListener::bind("127.0.0.1:0")?;
        let address = holder.local_addr()?.to_string();
        let words = [
            &format!("port {}", holder.local_addr()?.port()),
            "in use",
            "--http",
        ];
        up_fails(&sandbox.path("data"), &["--http", &address], &words).await
    })
    .await
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_written_is_named() -> Result<()> {
    Sandbox::run("data-dir", async |sandbox| {
        // Not a matter of permissions, which a superuser does not have to heed.
        let file = sandbox.write("file", "")?;
        up_fails(
            &file.join("data"),
            &ANY_PORT,
            &["cannot use", "file", "--data-dir"],
        )
        .await
    })
    .await
}

#[tokio::test]
async fn a_wrong_broker_and_a_missing_topic_are_named() -> Result<()> {
    Sandbox::run("wrong-kafka", async |sandbox| {
        let data = sandbox.path("data");
        let nobody = format!("127.0.0.1:{}", free_port()?);
        let arguments = [&ANY_PORT[..], &["--kafka", &nobody, "--topic", "orders"]].concat();
        up_fails(&data, &arguments, &[&nobody, "--kafka"]).await?;
        let brokers = shared::kafka().await?.bootstrap_servers();
        let arguments = [&ANY_PORT[..], &["--kafka", &brokers, "--topic", "no-such-topic"]].concat();
        up_fails(&data, &arguments, &["no topic \"no-such-topic\"", "--topic"]).await
    })
    .await
}

#[tokio::test]
async fn without_a_token_only_loopback_is_served() -> Result<()> {
    Sandbox::run("no-token", async |sandbox| {
        up_fails(
            &sandbox.path("data"),
            &["--http", "0.0.0.0:0"],
            &["no token is set", "AURORA_TOKEN"],
        )
        .await
    })
    .await
}

#[tokio::test]
async fn a_node_waits_for_clickhouse_and_says_so() -> Result<()> {
    Sandbox::run("clickhouse-away", async |sandbox| {
        let kafka = shared::kafka().await?;
        let topic = "clickhouse-away";
        kafka.create_topic(topic, 1, &[]).await?;
        produce_messages(kafka, topic, &[Message::new(r#"{"n":1}"#)]).await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        // ClickHouse has its port from the start; the door in front of it opens later.
        let door = free_port()?;
        let mut options = NodeOptions::new(kafka, &clickhouse, &[topic]);
        options.writer.url = format!("http://127.0.0.1:{door}");
        options.reader.url = options.writer.url.clone();
        let node = Node::start(sandbox, &options).await?;
        let api = node.api();
        let stream = eventually("the stream to wait", PATIENCE, async || {
            let stream = api.stream(&stream_id(topic)).await?;
            anyhow::Ok((stream.state == "waiting").then_some(stream))
        });
        let reason = stream.await?.reason.context("it waits for no reason")?;
        ensure!(
            reason.contains("ClickHouse cannot be reached"),
            "it waits because {reason}"
        );
        let ready = api.get("/readyz").await?;
        ensure!(
            ready.status == 503 && ready.content_type == "application/problem+json",
            "{ready:?}"
        );
        let sql = api.try_sql("SELECT 1").await?;
        ensure!(sql.status == 502 && sql.json()["hint"].is_string(), "{sql:?}");

        let open_door = tokio::spawn(forward(door, clickhouse.address().to_owned()));
        let stream = api.until_consumed(kafka, &stream_id(topic), PATIENCE).await?;
        assert_eq!(
            (stream.rows, stream.state.as_str(), stream.reason),
            (1, "running", None)
        );
        node.until_ready().await?;
        ensure!(node.terminate().await?.success());
        open_door.abort();
        Ok(())
    })
    .await
}

/// Lets connections to `port` through to `address`.
async fn forward(port: u16, address: String) -> Result<()> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (mut inside, _) = listener.accept().await?;
        let address = address.clone();
        tokio::spawn(async move {
            let mut outside = TcpStream::connect(address).await?;
            copy_bidirectional(&mut inside, &mut outside).await
        });
    }
}

#[tokio::test]
async fn a_token_is_asked_for_and_foreign_hosts_are_refused() -> Result<()> {
    Sandbox::run("access", async |sandbox| {
        let kafka = shared::kafka().await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let mut options = NodeOptions::new(kafka, &clickhouse, &[]);
        let node = Node::start(sandbox, &options).await?;
        let foreign = node.api().request(Method::GET, "/api/v1/streams");
        let foreign = foreign.header(header::HOST, "evil.example").send().await?;
        assert_eq!(foreign.status(), 403);
        assert_eq!(
            foreign.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
        assert_eq!(node.api().get("/api/v1/streams").await?.status, 200);

        options.id = "node-2".to_owned();
        options.token = Some("let-me-in".to_owned());
        let guarded = Node::start(sandbox, &options).await?;
        let stranger = Api::new(guarded.api().base())?;
        for path in ["/api/v1/streams", "/api/v1/cluster", "/metrics"] {
            assert_eq!(stranger.get(path).await?.status, 401, "{path}");
            assert_eq!(
                stranger.with_token("let-me-im").get(path).await?.status,
                401,
                "{path}"
            );
            assert_eq!(guarded.api().get(path).await?.status, 200, "{path}");
        }
        // The page has to be there to ask for a token.
        for path in ["/healthz", "/"] {
            assert_eq!(stranger.get(path).await?.status, 200, "{path}");
        }
        let streams = binary::command(["streams", "--node", guarded.api().base()]).await?;
        let mut streams = tokio::process::Command::from(streams);
        streams
            .env("AURORA_TOKEN", "let-me-in")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = tokio::time::timeout(PATIENCE, streams.output()).await??;
        ensure!(output.status.success(), "{output:?}");
        let refused = binary::run(["streams", "--node", guarded.api().base()], PATIENCE).await?;
        require_one_sentence(&refused, &["needs a token"])
    })
    .await
}

/// HTTP is served before all of a node has started: whoever sees that may want it to end again.
#[tokio::test]
async fn a_node_that_is_told_to_end_as_soon_as_it_answers_ends_well() -> Result<()> {
    Sandbox::run("node-brief", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        let mut options = NodeOptions::without_kafka(&clickhouse);
        // It is away, which makes the start longer.
        options.writer.url = format!("http://127.0.0.1:{}", free_port()?);
        options.reader.url = options.writer.url.clone();
        let node = Node::start(sandbox, &options).await?;
        for _ in 0..20 {
            let status = node.terminate().await?;
            ensure!(status.success(), "{status}");
            node.start_again().await?;
        }
        Ok(())
    })
    .await
}

/// Ctrl-C is heard whenever it comes, and nothing is left then.
#[tokio::test]
async fn an_up_that_is_told_to_stop_while_it_starts_stops() -> Result<()> {
    Sandbox::run("up-brief", async |sandbox| {
        let data = Up::data_dir(sandbox);
        for moment in 0..16 {
            let command = ["up", "--json", "--http", "127.0.0.1:0", "--data-dir"];
            let mut command = binary::command(command).await?;
            command.arg(&data);
            let up = Process::spawn(sandbox.directory(), &format!("up-brief-{moment}"), command)?;
            eventually("ClickHouse to start", PATIENCE, async || {
                processes_that_name(&data).map(|all| all.len() > 1)
            })
            .await?;
            tokio::time::sleep(Duration::from_millis(60) * moment).await;
            up.interrupt()?;
            let status = up.wait(PATIENCE).await?;
            let is_ready = up.find_in_log("\"http\":\"http://").is_some();
            let expected = if is_ready { Some(0) } else { Some(130) };
            ensure!(status.code() == expected, "{status}, ready: {is_ready}");
            eventually("all processes to end", PATIENCE, async || {
                processes_that_name(&data).map(|all| all.is_empty())
            })
            .await?;
        }
        Ok(())
    })
    .await
}
