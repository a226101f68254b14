//! A table that is made as somebody decides, and stays so whatever comes.

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::api::Api;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::kafka::Kafka;
use aurora_chaos_tests::load::{Message, produce_messages};
use aurora_chaos_tests::node::{CONNECTION, stream_id};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::shared;
use aurora_chaos_tests::stack::PATIENCE;
use serde_json::{Value, json};

use super::streams::{PARTITIONS, post, require_clean, two_nodes};

const TOPIC: &str = "chosen";
const PREVIEW: &str = "/api/v1/connections/preview";

/// What is chosen: a narrower type than the sample speaks for, a wider one, one for a field that is still to come, and
/// no column for a field, for all of an object, and for what will come with a third.
fn chosen() -> Value {
    json!([
        { "path": ["n"], "type": "Int64" },
        { "path": ["price"], "type": "Float64" },
        { "path": ["later", "flag"], "type": "Bool" },
        { "path": ["who", "mail"], "leave_out": true },
        { "path": ["secret"], "leave_out": true },
        { "path": ["never", "seen"], "leave_out": true },
    ])
}

/// A message in ten has an `n` that is no number.
fn first(n: u64) -> String {
    let number = if n.is_multiple_of(10) {
        "\"many\"".to_owned()
    } else {
        n.to_string()
    };
    format!(
        r#"{{"n":{number},"price":{n},"who":{{"name":"user {n}","mail":"{n}@example.com"}},"secret":{{"pin":{n}}}}}"#
    )
}

/// Everything that was left out is there again, in other shapes, with a field that is new. A message in ten would widen
/// a column of which nobody had chosen the type.
fn second(n: u64) -> String {
    let number = if n.is_multiple_of(10) {
        format!("{n}.5")
    } else {
        n.to_string()
    };
    format!(
        r#"{{"n":{number},"price":0.5,"who":{{"name":"x","mail":["{n}"]}},"secret":"{n}","never":{{"seen":{n},"but":"this"}},"later":{{"flag":true}},"new":{n}}}"#
    )
}

async fn produce(kafka: &Kafka, events: u64, event: fn(u64) -> String) -> Result<()> {
    let payloads: Vec<String> = (0..events).map(event).collect();
    let messages = payloads.iter().zip((0..PARTITIONS).cycle());
    let messages = messages.map(|(payload, partition)| Message {
        partition,
        ..Message::new(payload)
    });
    produce_messages(kafka, TOPIC, &messages.collect::<Vec<_>>()).await?;
    Ok(())
}

/// The columns that hold fields, with their types.
async fn columns(clickhouse: &ClickHouse) -> Result<Vec<String>> {
    let mut columns = clickhouse
        .lines(&format!(
            "SELECT concat(name, ' ', type) FROM system.columns WHERE database = 'events' AND table = '{TOPIC}' \
             AND NOT startsWith(name, '_')"
        ))
        .await?;
    columns.sort();
    Ok(columns)
}

async fn require_columns(clickhouse: &ClickHouse, more: &[&str]) -> Result<()> {
    let mut expected = vec![
        "later.flag Nullable(Bool)",
        "n Nullable(Int64)",
        "price Nullable(Float64)",
        "who.name Nullable(String)",
    ];
    expected.extend(more);
    expected.sort_unstable();
    let found = columns(clickhouse).await?;
    ensure!(found == expected, "{found:?}");
    Ok(())
}

fn column<'a>(preview: &'a Value, name: &str) -> Result<&'a Value> {
    let columns = preview["columns"].as_array().context("no columns")?;
    columns
        .iter()
        .find(|column| column["name"] == name)
        .with_context(|| format!("no column {name}: {preview}"))
}

async fn require_preview(api: &Api) -> Result<()> {
    let proposed = post(
        api,
        PREVIEW,
        &json!({ "connection": CONNECTION, "topic": TOPIC }),
        200,
    )
    .await?;
    let n = column(&proposed, "n")?;
    ensure!(
        n["type"] == "Nullable(String)" && n["proposed"] == n["type"],
        "{n}"
    );
    let choice = json!({ "type": "Nullable(Int64)", "rejects": 20 });
    ensure!(
        n["choices"]
            .as_array()
            .is_some_and(|choices| choices.contains(&choice)),
        "{n}"
    );
    ensure!(
        column(&proposed, "secret.pin").is_ok() && proposed["rejected"] == json!([]),
        "{proposed}"
    );

    let request = json!({ "connection": CONNECTION, "topic": TOPIC, "columns": chosen() });
    let preview = post(api, PREVIEW, &request, 200).await?;
    ensure!(column(&preview, "n")?["type"] == "Nullable(Int64)", "{preview}");
    let later = column(&preview, "later.flag")?;
    ensure!(later["seen"] == 0 && later["proposed"].is_null(), "{later}");
    let left_out = json!([
        { "path": ["who", "mail"], "seen": 200 }, { "path": ["secret"], "seen": 0 }, { "path": ["never", "seen"], "seen": 0 }
    ]);
    ensure!(
        preview["left_out"] == left_out && preview["columns"].as_array().is_some_and(|all| all.len() == 4),
        "{preview}"
    );
    let rejected = &preview["rejected"][0];
    ensure!(
        rejected["reason"] == "wrong_type" && rejected["column"] == "n" && rejected["count"] == 20,
        "{preview}"
    );
    Ok(())
}

async fn require_mistakes(api: &Api) -> Result<()> {
    let wrong = json!([{ "path": ["a"], "type": "Bool" }, { "path": ["n"], "type": "Money" }]);
    for path in ["/api/v1/streams", PREVIEW] {
        let request = json!({ "connection": CONNECTION, "topic": TOPIC, "columns": wrong });
        let problem = post(api, path, &request, 400).await?;
        ensure!(problem["field"] == "columns.1.type", "{problem}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_has_the_columns_that_somebody_chose_whatever_comes_later() -> Result<()> {
    Sandbox::run("chosen", async |sandbox| {
        let kafka = shared::kafka().await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let cluster = two_nodes(sandbox, kafka, &clickhouse).await?;
        let (api, other) = (cluster.nodes[0].api(), cluster.nodes[1].api());
        kafka.create_topic(TOPIC, PARTITIONS, &[]).await?;
        produce(kafka, 200, first).await?;
        // A preview reads for a few seconds at most.
        eventually("the preview", PATIENCE, async || {
            require_preview(api).await.map(|()| true)
        })
        .await?;
        require_mistakes(api).await?;

        let stream = json!({ "connection": CONNECTION, "topic": TOPIC, "columns": chosen() });
        post(api, "/api/v1/streams", &stream, 201).await?;
        let consumed = api.until_consumed(kafka, &stream_id(TOPIC), PATIENCE).await?;
        ensure!(
            (consumed.rows, consumed.dead_letters) == (180, 20),
            "{consumed:?}"
        );
        require_columns(&clickhouse, &[]).await?;

        // Nodes that learn the schema from the table, one after the other.
        for (node, stays) in [(&cluster.nodes[0], other), (&cluster.nodes[1], api)] {
            node.kill9()?;
            produce(kafka, 100, second).await?;
            stays.until_consumed(kafka, &stream_id(TOPIC), PATIENCE).await?;
            node.start_again().await?;
            // Each node tells its partitions' figures, once it has them.
            cluster.until_balanced(2, PARTITIONS as usize).await?;
            produce(kafka, 100, first).await?;
            api.until_consumed(kafka, &stream_id(TOPIC), PATIENCE).await?;
        }
        require_columns(
            &clickhouse,
            &["never.but Nullable(String)", "new Nullable(Int64)"],
        )
        .await?;
        let shown = api.stream(&stream_id(TOPIC)).await?;
        ensure!(
            (shown.rows, shown.dead_letters) == (180 + 2 * (90 + 90), 20 + 2 * (10 + 10)),
            "{shown:?}"
        );
        let leaked = "SELECT countIf(_rest IS NOT NULL) FROM events.chosen";
        ensure!(clickhouse.number(leaked).await? == 0);
        require_clean(api, TOPIC).await?;
        added_again(api, &stream).await?;
        api.until_consumed(kafka, &stream_id(TOPIC), PATIENCE).await?;
        require_clean(api, TOPIC).await
    })
    .await
}

/// A table that was kept stands as it is: who wants it otherwise is told.
async fn added_again(api: &Api, stream: &Value) -> Result<()> {
    let path = format!("/api/v1/streams/{}", stream_id(TOPIC));
    ensure!(api.delete(&path).await?.status == 204);
    let mut otherwise = stream.clone();
    otherwise["columns"] =
        json!([{ "path": ["n"], "type": "String" }, { "path": ["price"], "type": "Float64" }]);
    let problem = post(api, "/api/v1/streams", &otherwise, 409).await?;
    let says_which = problem["detail"]
        .as_str()
        .is_some_and(|detail| detail.ends_with("something else for: n."));
    ensure!(problem["field"] == "columns" && says_which, "{problem}");
    post(api, "/api/v1/streams", stream, 201).await?;
    let there = post(api, "/api/v1/streams", &otherwise, 409).await?;
    ensure!(there["type"] == "urn:aurora:problem:exists", "{there}");
    Ok(())
}
