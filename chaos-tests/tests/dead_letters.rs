//! Dead letters tried again: those that fit by now become rows, each exactly once, whatever fails meanwhile.

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aurora_actors::store::Login;
use aurora_chaos_tests::api::Api;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::cluster::{Cluster, gossip_options};
use aurora_chaos_tests::kafka::Kafka;
use aurora_chaos_tests::load::{Message, produce_messages};
use aurora_chaos_tests::node::{NodeOptions, stream_id};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::shared;
use aurora_chaos_tests::stack::PATIENCE;
use aurora_chaos_tests::toxiproxy::Toxiproxy;
use rand::RngExt as _;
use serde_json::{Value, json};

const PARTITIONS: i32 = 4;
const NUMBERS: usize = 2_000;

/// Two nodes that ingest `topic`, and reach ClickHouse as `writer` says.
async fn two_nodes(
    sandbox: &Sandbox,
    kafka: &Kafka,
    clickhouse: &ClickHouse,
    topic: &str,
    writer: Login,
) -> Result<Cluster> {
    let options = gossip_options(2)?
        .into_iter()
        .zip(1..)
        .map(|(gossip, number)| NodeOptions {
            id: format!("node-{number}"),
            cluster: Some(gossip),
            reader: Login {
                url: writer.url.clone(),
                ..clickhouse.reader().clone()
            },
            writer: writer.clone(),
            ..NodeOptions::new(kafka, clickhouse, &[topic])
        });
    Cluster::with_options(sandbox, &options.collect::<Vec<_>>()).await
}

/// Produces `payloads` to the partitions in turn.
async fn produce(kafka: &Kafka, topic: &str, payloads: &[String]) -> Result<()> {
    let messages: Vec<Message<'_>> = payloads
        .iter()
        .zip((0..PARTITIONS).cycle())
        .map(|(payload, partition)| Message {
            partition,
            ..Message::new(payload)
        })
        .collect();
    for some in messages.chunks(1_000) {
        produce_messages(kafka, topic, some).await?;
    }
    Ok(())
}

/// Two nodes that have read numbers from a topic, so that the column is one of numbers, and then `texts` texts.
async fn with_letters(
    sandbox: &Sandbox,
    kafka: &Kafka,
    clickhouse: &ClickHouse,
    topic: &str,
    writer: Login,
    texts: usize,
) -> Result<Cluster> {
    kafka.create_topic(topic, PARTITIONS, &[]).await?;
    let numbers: Vec<String> = (0..NUMBERS).map(|n| format!(r#"{{"n":{n}}}"#)).collect();
    produce(kafka, topic, &numbers).await?;
    let cluster = two_nodes(sandbox, kafka, clickhouse, topic, writer).await?;
    cluster.until_balanced(2, PARTITIONS as usize).await?;
    let api = cluster.nodes[0].api();
    api.until_consumed(kafka, &stream_id(topic), PATIENCE).await?;
    let texts: Vec<String> = (0..texts).map(|n| format!(r#"{{"n":"x{n}"}}"#)).collect();
    produce(kafka, topic, &texts).await?;
    let stream = api.until_consumed(kafka, &stream_id(topic), PATIENCE).await?;
    ensure!(
        (stream.rows, stream.dead_letters) == (NUMBERS as u64, texts.len() as u64),
        "{stream:?}"
    );
    Ok(cluster)
}

async fn retry(api: &Api, topic: &str, body: &Value) -> Result<Value> {
    let path = format!("/api/v1/streams/{}/dead-letters/retry", stream_id(topic));
    let answer = api.post(&path, body).await?;
    ensure!(answer.status == 200, "{answer:?}");
    Ok(answer.json())
}

async fn outstanding(api: &Api, topic: &str) -> Result<Value> {
    let answer = api
        .get(&format!("/api/v1/streams/{}/dead-letters", stream_id(topic)))
        .await?;
    ensure!(answer.status == 200, "{answer:?}");
    Ok(answer.json())
}

async fn require_clean(api: &Api, topic: &str, retried: u64) -> Result<()> {
    let report = api.audit(&stream_id(topic)).await?;
    ensure!(report.clean, "{:?}", report.problems);
    let found: u64 = report.partitions.iter().map(|partition| partition.retried).sum();
    ensure!(
        found == retried,
        "{found} rows are made of dead letters, not {retried}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fits_by_now_becomes_a_row_and_the_rest_says_why_not() -> Result<()> {
    Sandbox::run("retry", async |sandbox| {
        let kafka = shared::kafka().await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let topic = "retry";
        let writer = clickhouse.writer().clone();
        let cluster = with_letters(sandbox, kafka, &clickhouse, topic, writer, 40).await?;
        let broken = ["{broken", "[1]", "{broken too"].map(str::to_owned);
        produce(kafka, topic, &broken).await?;
        let (api, other) = (cluster.nodes[0].api(), cluster.nodes[1].api());
        api.until_consumed(kafka, &stream_id(topic), PATIENCE).await?;

        // Nothing has changed, so nothing fits.
        eventually("all letters to be journaled", PATIENCE, async || {
            let result = retry(api, topic, &json!({})).await?;
            ensure!(result["rows"] == 0 && result["failed"] == 43, "{result}");
            let failures = result["failures"].as_array().context("no failures")?;
            Ok(failures.iter().all(|failure| failure["reason"] != "too_fresh"))
        })
        .await?;
        require_clean(api, topic, 0).await?;

        clickhouse.execute("ALTER TABLE events.retry MODIFY COLUMN n Nullable(String)").await?;
        let result = retry(other, topic, &json!({ "reason": "wrong_type" })).await?;
        ensure!(result["rows"] == 40 && result["failed"] == 0 && result["next"].is_null(), "{result}");
        let texts = "SELECT count(), uniqExact(n), countIf(_retried_at > '2026-01-01') FROM events.retry WHERE n LIKE 'x%'";
        ensure!(clickhouse.line(texts).await? == "40\t40\t40");
        require_clean(api, topic, 40).await?;
        let left = outstanding(other, topic).await?;
        ensure!(left["reasons"].as_array().is_some_and(|reasons| reasons.len() == 2), "{left}");
        eventually("the figures to follow", PATIENCE, async || {
            let stream = api.stream(&stream_id(topic)).await?;
            anyhow::Ok(stream.rows == 2_040 && stream.dead_letters == 3)
        })
        .await?;

        // One by one: with another payload, with one that does not fit either, and one that is a row already.
        let letters = left["dead_letters"].as_array().context("no letters")?;
        let letter = |payload: &str| -> Result<Value> {
            let found = letters.iter().find(|letter| letter["payload"] == payload);
            let found = found.with_context(|| format!("no {payload}"))?;
            Ok(json!({ "generation": found["generation"], "partition": found["partition"], "offset": found["offset"] }))
        };
        let mut mended = letter("{broken")?;
        mended["payload"] = r#"{"n":"mended"}"#.into();
        let result = retry(api, topic, &json!({ "letters": [mended] })).await?;
        ensure!(result["rows"] == 1, "{result}");
        let result = retry(other, topic, &json!({ "letters": [mended] })).await?;
        ensure!(result["rows"] == 0 && result["before"] == 1, "{result}");
        let mut worse = letter("[1]")?;
        worse["payload"] = "nothing of the kind".into();
        let result = retry(api, topic, &json!({ "letters": [worse] })).await?;
        ensure!(result["failed"] == 1 && result["failures"][0]["reason"] == "invalid_json", "{result}");
        let nowhere = json!({ "generation": mended["generation"], "partition": 0, "offset": "0" });
        let result = retry(api, topic, &json!({ "letters": [nowhere] })).await?;
        ensure!(result["failures"][0]["reason"] == "no_letter", "{result}");
        ensure!(clickhouse.number("SELECT count() FROM events.retry WHERE n = 'mended'").await? == 1);
        // What came stays as it came.
        ensure!(clickhouse.number("SELECT count() FROM aurora.dead_letters WHERE stream LIKE '%:retry'").await? == 43);
        require_clean(api, topic, 41).await?;

        // A new owner knows of it.
        cluster.nodes[1].terminate().await?;
        cluster.until_balanced(1, 4).await?;
        let stream = api.stream(&stream_id(topic)).await?;
        ensure!(stream.rows == 2_041 && stream.dead_letters == 2, "{stream:?}");
        let path = format!("/api/v1/streams/{}", stream_id(topic));
        ensure!(api.post(&format!("{path}/pause"), &Value::Null).await?.status == 204);
        eventually("the stream to be paused", PATIENCE, async || {
            let stream = api.stream(&stream_id(topic)).await?;
            anyhow::Ok(stream.state == "paused" && stream.rows == 2_041 && stream.dead_letters == 2)
        })
        .await?;
        let answer = api.post(&format!("{path}/dead-letters/retry"), &json!({})).await?;
        ensure!(answer.status == 409, "{answer:?}");
        Ok(())
    })
    .await
}

/// Letters are tried again, some at a time and through either node, while the way to ClickHouse is cut, ClickHouse is
/// killed, and a node dies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_becomes_one_row_whatever_fails_meanwhile() -> Result<()> {
    const LETTERS: usize = 2_000;
    Sandbox::run("retry-faults", async |sandbox| {
        let kafka = shared::kafka().await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let toxiproxy = Toxiproxy::start(sandbox).await?;
        let proxy = toxiproxy.before_clickhouse(&clickhouse).await?;
        let topic = "retry-faults";
        let writer = Login {
            url: format!("http://{}", proxy.address()),
            ..clickhouse.writer().clone()
        };
        let cluster = with_letters(sandbox, kafka, &clickhouse, topic, writer, LETTERS).await?;
        cluster.nodes[0].api().until_consumed(kafka, &stream_id(topic), PATIENCE).await?;
        clickhouse.execute("ALTER TABLE events.retry_faults MODIFY COLUMN n Nullable(String)").await?;

        let (asked, answered) = (Cell::new(0), Cell::new(0));
        let faults = async {
            let started = Instant::now();
            // Until some were answered and some were not, on a machine that is slow.
            let is_enough = || answered.get() > 0 && answered.get() < asked.get();
            for turn in 0_u32.. {
                if turn >= 24 && (is_enough() || started.elapsed() > PATIENCE) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(rand::rng().random_range(100..600))).await;
                match turn {
                    8 => clickhouse.kill9().await?,
                    12 => cluster.nodes[1].kill9()?,
                    18 => cluster.nodes[1].start_again().await?,
                    _ => {
                        proxy.cut().await?;
                        tokio::time::sleep(Duration::from_millis(rand::rng().random_range(20..300))).await;
                        proxy.restore().await?;
                    }
                }
            }
            anyhow::Ok(())
        };
        let retries = async {
            let waiting = "SELECT generation, partition, offset FROM aurora.dead_letters WHERE stream LIKE '%:retry-faults' \
                           ORDER BY rand() LIMIT 25";
            loop {
                let letters: Vec<Value> = clickhouse
                    .lines(waiting)
                    .await
                    .unwrap_or_default()
                    .iter()
                    .filter_map(|line| {
                        let mut parts = line.split('\t');
                        let mut number = || parts.next()?.parse::<i64>().ok();
                        let (generation, partition, offset) = (number()?, number()?, number()?);
                        Some(json!({ "generation": generation, "partition": partition, "offset": offset.to_string() }))
                    })
                    .collect();
                // ClickHouse is away.
                if letters.is_empty() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
                let node = &cluster.nodes[rand::rng().random_range(0..2)];
                asked.set(asked.get() + 1);
                // A node that is dead, or cut off, does not do it.
                if retry(node.api(), topic, &json!({ "letters": letters })).await.is_ok() {
                    answered.set(answered.get() + 1);
                }
            }
        };
        tokio::select! {
            done = faults => done?,
            never = retries => never,
        }
        let (asked, answered) = (asked.get(), answered.get());
        eprintln!("{answered} of {asked} requests were answered while things failed");
        ensure!(answered > 0 && answered < asked, "nothing failed, or everything");
        clickhouse.until_up().await?;
        cluster.until_balanced(2, 4).await?;
        let before = clickhouse.line("SELECT count() FROM events.retry_faults WHERE n LIKE 'x%'").await?;
        let started = Instant::now();
        eventually("all letters to be rows", PATIENCE, async || {
            let result = retry(cluster.nodes[0].api(), topic, &json!({})).await?;
            ensure!(result["failed"] == 0, "{result}");
            Ok(result["next"].is_null() && outstanding(cluster.nodes[1].api(), topic).await?["reasons"] == json!([]))
        })
        .await?;
        eprintln!("{before} letters were rows before the faults ended, all {:?} after", started.elapsed());
        let rows = "SELECT count(), uniqExact(n), uniqExact((_partition, _offset)) FROM events.retry_faults WHERE n LIKE 'x%'";
        ensure!(clickhouse.line(rows).await? == format!("{LETTERS}\t{LETTERS}\t{LETTERS}"));
        require_clean(cluster.nodes[0].api(), topic, LETTERS as u64).await
    })
    .await
}
