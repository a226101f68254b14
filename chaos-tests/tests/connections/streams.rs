//! Streams that are paused, begin somewhere else, are dropped, and what became of messages that are no rows.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::api::Api;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::cluster::{Cluster, gossip_options};
use aurora_chaos_tests::kafka::Kafka;
use aurora_chaos_tests::load::{Load, Message, produce_messages};
use aurora_chaos_tests::node::{CONNECTION, NodeOptions, stream_id};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::shared;
use aurora_chaos_tests::stack::PATIENCE;
use serde_json::{Value, json};

pub(super) const PARTITIONS: i32 = 4;

pub(super) async fn two_nodes(sandbox: &Sandbox, kafka: &Kafka, clickhouse: &ClickHouse) -> Result<Cluster> {
    let options = gossip_options(2)?
        .into_iter()
        .zip(1..)
        .map(|(gossip, number)| NodeOptions {
            id: format!("node-{number}"),
            cluster: Some(gossip),
            ..NodeOptions::new(kafka, clickhouse, &[])
        });
    let cluster = Cluster::with_options(sandbox, &options.collect::<Vec<_>>()).await?;
    for node in &cluster.nodes {
        eventually("the connection", PATIENCE, async || {
            let known = node.api().get("/api/v1/connections").await?.json();
            anyhow::Ok(known["connections"][0]["name"] == CONNECTION)
        })
        .await?;
    }
    Ok(cluster)
}

pub(super) async fn post(api: &Api, path: &str, body: &Value, status: u16) -> Result<Value> {
    let answer = api.post(path, body).await?;
    ensure!(answer.status == status, "{path}: {answer:?}");
    Ok(answer.json())
}

pub(super) async fn until_state(cluster: &Cluster, topic: &str, state: &str) -> Result<()> {
    for node in &cluster.nodes {
        eventually(&format!("{topic} to be {state}"), PATIENCE, async || {
            let stream = node.api().stream(&stream_id(topic)).await?;
            ensure!(stream.state == state, "{} {:?}", stream.state, stream.reason);
            Ok(true)
        })
        .await?;
    }
    Ok(())
}

/// A stream of `topic` with `events` events in it.
async fn filled(api: &Api, kafka: &Kafka, topic: &str, start: Option<&str>) -> Result<Load> {
    kafka.create_topic(topic, PARTITIONS, &[]).await?;
    let load = Load {
        events: 1_000,
        ..Load::new(topic, PARTITIONS)
    };
    load.produce(kafka).await?;
    let stream = json!({ "connection": CONNECTION, "topic": topic, "start": start });
    post(api, "/api/v1/streams", &stream, 201).await?;
    Ok(load)
}

fn more(load: &Load) -> Load {
    Load {
        first: load.first + load.events,
        events: 500,
        ..load.clone()
    }
}

pub(super) async fn require_clean(api: &Api, topic: &str) -> Result<()> {
    let report = api.audit(&stream_id(topic)).await?;
    ensure!(
        report.clean && !report.partitions.is_empty(),
        "{topic}: {:?}",
        report.problems
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_paused_and_resumed_and_nothing_is_lost_or_doubled() -> Result<()> {
    Sandbox::run("paused", async |sandbox| {
        let kafka = shared::kafka().await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let cluster = two_nodes(sandbox, kafka, &clickhouse).await?;
        let (api, other, topic) = (cluster.nodes[0].api(), cluster.nodes[1].api(), "paused");
        let load = filled(api, kafka, topic, None).await?;
        let rows = "SELECT count() FROM events.paused";
        for turn in 0..3 {
            api.until_consumed(kafka, &stream_id(topic), PATIENCE).await?;
            let before = clickhouse.number(rows).await?;
            let path = format!("/api/v1/streams/{}", stream_id(topic));
            // While it works.
            more(&Load {
                first: load.first + turn * 10_000,
                ..load.clone()
            })
            .produce(kafka)
            .await?;
            post(api, &format!("{path}/pause"), &Value::Null, 204).await?;
            until_state(&cluster, topic, "paused").await?;
            // What was read is written first.
            let mut paused = clickhouse.number(rows).await?;
            eventually("no more rows to come", PATIENCE, async || {
                tokio::time::sleep(Duration::from_secs(4)).await;
                let before = std::mem::replace(&mut paused, clickhouse.number(rows).await?);
                anyhow::Ok(paused == before)
            })
            .await?;
            more(&Load {
                first: load.first + turn * 10_000 + 5_000,
                ..load.clone()
            })
            .produce(kafka)
            .await?;
            tokio::time::sleep(Duration::from_secs(3)).await;
            ensure!(clickhouse.number(rows).await? == paused && paused >= before);
            let shown = other.stream(&stream_id(topic)).await?;
            ensure!(
                shown.rows == paused && shown.table.is_some(),
                "{shown:?} and not {paused}"
            );
            post(other, &format!("{path}/resume"), &Value::Null, 204).await?;
            api.until_consumed(kafka, &stream_id(topic), PATIENCE).await?;
            until_state(&cluster, topic, "running").await?;
        }
        ensure!(clickhouse.number(rows).await? == 1_000 + 3 * 1_000);
        require_clean(api, topic).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_begins_where_it_is_told_and_is_dropped_and_begins_anew() -> Result<()> {
    Sandbox::run("started", async |sandbox| {
        let kafka = shared::kafka().await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let cluster = two_nodes(sandbox, kafka, &clickhouse).await?;
        let (api, topic) = (cluster.nodes[0].api(), "started-latest");
        let wrong = json!({ "connection": CONNECTION, "topic": topic, "start": "yesterday" });
        ensure!(post(api, "/api/v1/streams", &wrong, 400).await?["field"] == "start");
        let load = filled(api, kafka, topic, Some("latest")).await?;
        until_state(&cluster, topic, "running").await?;
        api.until_consumed(kafka, &stream_id(topic), PATIENCE).await?;
        let rows = "SELECT count() FROM events.started_latest";
        ensure!(clickhouse.number(rows).await? == 0);
        more(&load).produce(kafka).await?;
        api.until_consumed(kafka, &stream_id(topic), PATIENCE).await?;
        ensure!(clickhouse.number(rows).await? == 500);
        require_clean(api, topic).await?;
        // It stays with that when another node takes over, and for partitions that come later.
        cluster.nodes[0].kill9()?;
        kafka.increase_partitions(topic, PARTITIONS + 1).await?;
        let late = Message {
            partition: PARTITIONS,
            ..Message::new(r#"{"event_id":7}"#)
        };
        produce_messages(kafka, topic, &[late]).await?;
        let api = cluster.nodes[1].api();
        api.until_consumed(kafka, &stream_id(topic), PATIENCE).await?;
        ensure!(clickhouse.number(rows).await? == 501);
        require_clean(api, topic).await?;
        cluster.nodes[0].start_again().await?;
        until_state(&cluster, topic, "running").await?;
        dropped_and_anew(&cluster, &clickhouse, kafka, topic).await?;

        let topic = "started-time";
        let load = filled(api, kafka, topic, Some("earliest")).await?;
        api.until_consumed(kafka, &stream_id(topic), PATIENCE).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let middle = jiff::Timestamp::now().to_string();
        more(&load).produce(kafka).await?;
        api.until_consumed(kafka, &stream_id(topic), PATIENCE).await?;
        let path = format!("/api/v1/streams/{}?data=drop", stream_id(topic));
        ensure!(api.delete(&path).await?.status == 204);
        let again = json!({ "connection": CONNECTION, "topic": topic, "start": middle });
        post(api, "/api/v1/streams", &again, 201).await?;
        api.until_consumed(kafka, &stream_id(topic), PATIENCE).await?;
        ensure!(
            clickhouse
                .number("SELECT count() FROM events.started_time")
                .await?
                == 500
        );
        require_clean(api, topic).await
    })
    .await
}

async fn dropped_and_anew(
    cluster: &Cluster,
    clickhouse: &ClickHouse,
    kafka: &Kafka,
    topic: &str,
) -> Result<()> {
    let api = cluster.nodes[1].api();
    let path = format!("/api/v1/streams/{}?data=drop", stream_id(topic));
    ensure!(api.delete(&path).await?.status == 204);
    let left = format!(
        "SELECT (SELECT count() FROM system.tables WHERE database = 'events' AND name = '{}') \
         + (SELECT count() FROM aurora.journal WHERE stream = '{id}') \
         + (SELECT count() FROM aurora.dead_letters WHERE stream = '{id}')",
        topic.replace('-', "_"),
        id = stream_id(topic)
    );
    ensure!(clickhouse.number(&left).await? == 0);
    for node in &cluster.nodes {
        eventually("the stream to be forgotten", PATIENCE, async || {
            let answer = node
                .api()
                .get(&format!("/api/v1/streams/{}", stream_id(topic)))
                .await?;
            anyhow::Ok(answer.status == 404)
        })
        .await?;
    }
    // Everything from its first offset on.
    let again = json!({ "connection": CONNECTION, "topic": topic });
    post(api, "/api/v1/streams", &again, 201).await?;
    api.until_consumed(kafka, &stream_id(topic), PATIENCE).await?;
    let rows = format!("SELECT count() FROM events.{}", topic.replace('-', "_"));
    ensure!(clickhouse.number(&rows).await? == 1_501);
    require_clean(api, topic).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_counted_by_reason_and_shown_page_by_page() -> Result<()> {
    Sandbox::run("dead-letters", async |sandbox| {
        let kafka = shared::kafka().await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let cluster = two_nodes(sandbox, kafka, &clickhouse).await?;
        let (api, topic) = (cluster.nodes[0].api(), "dead-letters");
        kafka.create_topic(topic, 1, &[]).await?;
        let long = format!("broken {}", "ä".repeat(9_000));
        let mut payloads: Vec<String> = (0..200).map(|n| format!(r#"{{"n":{n}}}"#)).collect();
        payloads.extend((0..5).map(|n| format!("[{n}]")));
        payloads.push(long);
        let messages: Vec<Message<'_>> = payloads.iter().map(|payload| Message::new(payload)).collect();
        produce_messages(kafka, topic, &messages).await?;
        let stream = json!({ "connection": CONNECTION, "topic": topic });
        post(api, "/api/v1/streams", &stream, 201).await?;
        api.until_consumed(kafka, &stream_id(topic), PATIENCE).await?;

        let path = format!("/api/v1/streams/{}/dead-letters", stream_id(topic));
        let all = api.get(&path).await?.json();
        let reasons: Vec<(&str, &str)> = all["reasons"]
            .as_array()
            .context("no reasons")?
            .iter()
            .map(|reason| {
                (
                    reason["reason"].as_str().unwrap_or_default(),
                    reason["count"].as_str().unwrap_or_default(),
                )
            })
            .collect();
        ensure!(
            reasons == [("not_an_object", "5"), ("invalid_json", "1")],
            "{all}"
        );
        let last = &all["dead_letters"][0];
        ensure!(
            last["offset"] == "205"
                && last["cut"] == true
                && last["base64"] == false
                && all["next"].is_null(),
            "{last}"
        );
        ensure!(
            last["payload"]
                .as_str()
                .is_some_and(|payload| payload.len() <= 8_200),
            "{last}"
        );

        let (mut offsets, mut before) = (Vec::new(), String::new());
        loop {
            let page = api
                .get(&format!("{path}?reason=not_an_object&limit=2{before}"))
                .await?
                .json();
            let letters = page["dead_letters"].as_array().context("no letters")?;
            offsets.extend(
                letters
                    .iter()
                    .map(|letter| letter["offset"].as_str().unwrap_or_default().to_owned()),
            );
            match page["next"].as_str() {
                Some(next) => before = format!("&before={next}"),
                None => break,
            }
        }
        ensure!(offsets == ["204", "203", "202", "201", "200"], "{offsets:?}");
        for wrong in ["?limit=0", "?limit=201", "?before=1.2"] {
            ensure!(api.get(&format!("{path}{wrong}")).await?.status == 400, "{wrong}");
        }
        ensure!(api.get("/api/v1/streams/test:nothing/dead-letters").await?.status == 404);
        Ok(())
    })
    .await
}
