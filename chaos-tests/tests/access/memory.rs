//! What is remembered through one node is known to the others.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_actors::query::memory::history::{Kind, Outcome, Record};
use aurora_actors::query::memory::{Memory, MemoryMetrics};
use aurora_actors::store::Store;
use aurora_chaos_tests::api::Api;
use aurora_chaos_tests::binary;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::cluster::{Cluster, gossip_options};
use aurora_chaos_tests::node::{Node, NodeOptions};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::stack::PATIENCE;
use reqwest::{Method, header};
use serde_json::{Value, json};

use super::{Reply, by, guarded, send};

const QUESTION: &str = "How many orders came from California's \"west\"? \u{1F600}";

/// The history's table as earlier versions made it.
const EARLIER_HISTORY: &str = "CREATE TABLE aurora.history (
    id String, at DateTime64(3, 'UTC'), user String, address String, node LowCardinality(String),
    kind LowCardinality(String), question String CODEC(ZSTD), sql String CODEC(ZSTD), params String CODEC(ZSTD),
    tables Array(String), engine LowCardinality(String), outcome LowCardinality(String), error String CODEC(ZSTD),
    rows UInt64, elapsed_ms Float64, rows_read UInt64, prompt_tokens UInt64, completion_tokens UInt64,
    cost Float64, complete_to Nullable(DateTime64(3, 'UTC'))
) ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY id";

async fn cluster_of_two(sandbox: &Sandbox, clickhouse: &ClickHouse) -> Result<Cluster> {
    let members = gossip_options(2)?
        .into_iter()
        .zip(1..)
        .map(|(gossip, number)| NodeOptions {
            id: format!("node-{number}"),
            cluster: Some(gossip),
            ..guarded(clickhouse)
        });
    let cluster = Cluster::with_options(sandbox, &members.collect::<Vec<_>>()).await?;
    for node in &cluster.nodes {
        node.until_ready().await?;
    }
    Ok(cluster)
}

async fn run_sql(api: &Api, sql: &str, params: Value) -> Result<Reply> {
    let body = json!({ "sql": sql, "params": params });
    send(api.request(Method::POST, "/api/v1/sql").json(&body)).await
}

/// The history that somebody sees there, once it has so many records.
async fn history(api: &Api, query: &str, count: usize) -> Result<Vec<Value>> {
    eventually("the history", PATIENCE, async || {
        let page = api.get(&format!("/api/v1/history{query}")).await?.json();
        let found = page["history"].as_array().cloned().unwrap_or_default();
        ensure!(found.len() == count, "it is {page}");
        anyhow::Ok(Some(found))
    })
    .await
}

fn field<'a>(records: &'a [Value], name: &str) -> Vec<&'a str> {
    records
        .iter()
        .map(|record| record[name].as_str().unwrap_or_default())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asked_what_is_seen_through_every_node_by_whoever_may() -> Result<()> {
    Sandbox::run("history", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        clickhouse.execute("CREATE DATABASE aurora").await?;
        clickhouse.execute(EARLIER_HISTORY).await?;
        let cluster = cluster_of_two(sandbox, &clickhouse).await?;
        let [first, second] = &cluster.nodes[..] else {
            anyhow::bail!("there are not two nodes");
        };
        let answered = run_sql(&by(first, "vera"), "SELECT {n:UInt8} + 1", json!({ "n": 41 })).await?;
        ensure!(answered.status == 200, "{answered:?}");
        for (sql, status) in [
            ("DROP TABLE x", 403),
            ("SELECT * FROM aurora.history", 403),
            ("SELEC 1", 400),
        ] {
            let refused = run_sql(&by(second, "vera"), sql, json!({})).await?;
            ensure!(refused.status == status, "{sql}: {refused:?}");
        }
        run_sql(&by(second, "victor"), "SELECT 'victors own'", json!({})).await?;
        for (purpose, status) in [
            ("page", 200),
            ("dashboard", 200),
            ("dashboard", 200),
            ("fun", 400),
        ] {
            let body = json!({ "sql": "SELECT 1", "purpose": purpose });
            let reply = send(by(first, "vera").request(Method::POST, "/api/v1/sql").json(&body)).await?;
            ensure!(reply.status == status, "{purpose}: {reply:?}");
        }

        let veras = history(&by(second, "vera"), "", 4).await?;
        ensure!(
            field(&veras, "outcome") == ["failed", "refused", "refused", "ok"],
            "{veras:?}"
        );
        ensure!(field(&veras, "user") == ["vera"; 4] && field(&veras, "address") == ["127.0.0.1"; 4]);
        let last = &veras[3];
        ensure!(
            last["id"] == answered.body["history_id"] && last["params"] == json!({ "n": "41" }),
            "{last}"
        );
        ensure!(
            last["rows"] == "1" && last["node"] == "node-1" && last["kind"] == "sql",
            "{last}"
        );
        ensure!(
            veras[0]["error"]
                .as_str()
                .is_some_and(|error| error.contains("Syntax error")),
            "{}",
            veras[0]
        );

        ensure!(field(&veras, "purpose") == ["person"; 4], "{veras:?}");
        history(&by(first, "vera"), "?purpose=person", 4).await?;
        history(&by(first, "vera"), "?purpose=dashboard", 2).await?;
        let pages = history(&by(first, "vera"), "?purpose=page", 1).await?;
        ensure!(field(&pages, "purpose") == ["page"], "{pages:?}");
        history(&by(first, "vera"), "?purpose=all", 7).await?;
        history(&by(first, "ada"), "", 5).await?;
        history(&by(first, "ada"), "?user=victor", 1).await?;
        history(&by(first, "vera"), "?search=drop%20TABLE", 1).await?;
        history(&by(first, "vera"), "?search=victors", 0).await?;
        history(&by(first, "vera"), "?outcome=refused&kind=sql", 2).await?;
        let peek = by(first, "vera").get("/api/v1/history?user=victor").await?;
        ensure!(peek.status == 403, "{peek:?}");
        for wrong in [
            "?limit=x",
            "?kind=x",
            "?purpose=x",
            "?before=1",
            "?whose=vera",
            "?search=%ff",
        ] {
            let reply = by(first, "vera").get(&format!("/api/v1/history{wrong}")).await?;
            ensure!(reply.status == 400 || wrong.contains("%ff"), "{wrong}: {reply:?}");
        }
        let page = by(first, "vera").get("/api/v1/history?limit=3").await?.json();
        let next = page["next"].as_str().context("there is no next page")?;
        let rest = history(&by(first, "vera"), &format!("?limit=3&before={next}"), 1).await?;
        ensure!(rest[0]["id"] == last["id"]);

        // Somebody who goes is remembered, too.
        let slow = json!({ "sql": "SELECT sleep(3)" });
        let gone = by(first, "victor")
            .request(Method::POST, "/api/v1/sql")
            .json(&slow);
        let gone = gone.timeout(Duration::from_secs(2)).send().await;
        ensure!(gone.is_err());
        let victors = history(&by(second, "victor"), "?outcome=cancelled", 1).await?;
        ensure!(
            victors[0]["elapsed_ms"].as_f64().is_some_and(|ms| ms > 0.0),
            "{victors:?}"
        );

        // What was asked last is written when the node goes.
        run_sql(&by(first, "victor"), "SELECT 'the last words'", json!({})).await?;
        ensure!(first.terminate().await?.success());
        history(&by(second, "victor"), "?search=last%20words", 1).await?;
        ensure!(by(second, "ada").metric("aurora_history_lost_total", "").await? == 0.0);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thumbs_make_confirmed_questions_and_take_them_back() -> Result<()> {
    Sandbox::run("thumbs", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        let node = Node::start(sandbox, &guarded(&clickhouse)).await?;
        node.until_ready().await?;
        let store = Store::new(clickhouse.writer());
        let (memory, task) = Memory::start(store, "test".parse()?, MemoryMetrics::default());
        let asked = |user: &str, outcome| Record {
            question: QUESTION.to_owned(),
            sql: "SELECT count() FROM events.orders WHERE state = 'CA' AND x != '\\'".to_owned(),
            tables: vec!["events.orders".to_owned(), "it's".to_owned()],
            engine: "translator".to_owned(),
            prompt_tokens: 7,
            complete_to: Some(jiff::Timestamp::UNIX_EPOCH),
            outcome,
            ..Record::new(Kind::Question, user, "192.0.2.1")
        };
        let (good, declined) = (asked("vera", Outcome::Ok), asked("vera", Outcome::Declined));
        memory.record(&good);
        memory.record(&declined);
        memory.recorded().await;
        let entry = memory.entry(&good.id).await?.context("it is not remembered")?;
        let known = Record {
            at: good.at,
            ..entry.record.clone()
        };
        ensure!(
            known == good && entry.node == "test" && entry.verdict.is_none(),
            "{entry:?}"
        );

        let judge = async |name: &str, record: &Record, verdict: Value| {
            let path = format!("/api/v1/history/{}/verdict", record.id);
            send(
                by(&node, name)
                    .request(Method::POST, &path)
                    .json(&json!({ "verdict": verdict })),
            )
            .await
        };
        ensure!(
            judge("victor", &good, json!("right")).await?.status == 404,
            "it is not his"
        );
        ensure!(
            judge("vera", &declined, json!("right")).await?.status == 422,
            "there was no answer"
        );
        ensure!(judge("vera", &good, json!("maybe")).await?.status == 400);
        for (verdict, confirmed) in [("wrong", 0), ("right", 1), ("", 0), ("right", 1)] {
            let verdict = if verdict.is_empty() {
                Value::Null
            } else {
                json!(verdict)
            };
            let judged = judge("vera", &good, verdict.clone()).await?;
            ensure!(
                judged.status == 200 && judged.body["verdict"] == verdict,
                "{judged:?}"
            );
            let known = eventually("the confirmed questions", PATIENCE, async || {
                let known = memory.confirmed().await;
                (known.len() == confirmed).then_some(known)
            });
            for question in known.await?.iter() {
                ensure!(question.question == QUESTION && question.sql == good.sql && question.by == "vera");
                ensure!(question.tables == good.tables, "{question:?}");
            }
        }
        history(&by(&node, "vera"), "?verdict=right", 1).await?;
        history(&by(&node, "vera"), "?verdict=wrong", 0).await?;
        let shown = history(&by(&node, "vera"), "?kind=question", 2).await?;
        ensure!(
            field(&shown, "question") == [QUESTION; 2] && shown[1]["complete_to"] == "1970-01-01T00:00:00Z"
        );

        // While ClickHouse is frozen, what is asked waits, and then it is there once.
        clickhouse.pause().await?;
        let late = asked("victor", Outcome::Failed);
        memory.record(&late);
        clickhouse.resume().await?;
        clickhouse.kill9().await?;
        let later = asked("victor", Outcome::Failed);
        memory.record(&later);
        clickhouse.until_up().await?;
        history(&by(&node, "victor"), "", 2).await?;
        memory.close(PATIENCE).await;
        task.await?;
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_glossary_and_saved_queries_are_changed_by_one_and_seen_by_all() -> Result<()> {
    Sandbox::run("glossary", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        let cluster = cluster_of_two(sandbox, &clickhouse).await?;
        let [first, second] = &cluster.nodes[..] else {
            anyhow::bail!("there are not two nodes");
        };
        let put = |node: &Node, path: &str, condition: Option<(header::HeaderName, &str)>, body: &Value| {
            let request = by(node, "edith").request(Method::PUT, path).json(body);
            send(match condition {
                Some((name, value)) => request.header(name, value),
                None => request,
            })
        };
        let (glossary, seen) = ("/api/v1/glossary", header::IF_MATCH);
        let entries =
            json!({ "entries": [{ "term": "AOV", "meaning": "it's the \\ average", "sql": "avg(x)" }] });
        ensure!(put(first, glossary, None, &entries).await?.status == 428);
        let written = put(first, glossary, Some((seen.clone(), "\"0\"")), &entries).await?;
        ensure!(
            written.status == 200 && written.header("etag") == "\"1\"",
            "{written:?}"
        );
        let shown = send(by(second, "vera").request(Method::GET, glossary)).await?;
        ensure!(
            shown.header("etag") == "\"1\"" && shown.body["entries"][0]["meaning"] == "it's the \\ average"
        );
        ensure!(
            put(second, glossary, Some((seen.clone(), "\"0\"")), &entries)
                .await?
                .status
                == 412
        );
        // Of many who have seen the same version, one changes it.
        let writers = (0..6).map(|n| {
            let node = &cluster.nodes[n % 2];
            put(
                node,
                glossary,
                Some((seen.clone(), "\"1\"")),
                &json!({ "entries": [{ "term": format!("t{n}") }] }),
            )
        });
        let outcomes = futures_util::future::join_all(writers.collect::<Vec<_>>()).await;
        let statuses: Vec<u16> = outcomes
            .into_iter()
            .map(|reply| reply.map(|r| r.status))
            .collect::<Result<_>>()?;
        let won = statuses.iter().filter(|status| **status == 200).count();
        ensure!(
            won == 1 && statuses.iter().all(|status| [200, 412].contains(status)),
            "{statuses:?}"
        );
        for (wrong, status) in [
            (json!({}), 400),
            (json!({ "entries": [{}] }), 400),
            (json!({ "entries": [{ "term": "" }] }), 422),
        ] {
            let refused = put(first, glossary, Some((seen.clone(), "*")), &wrong).await?;
            ensure!(refused.status == status, "{wrong}: {refused:?}");
        }

        let path = "/api/v1/saved/orders%20by%20state%3F";
        let query = json!({ "sql": "SELECT 1", "params": { "n": "1" }, "chart": { "type": "bar" } });
        let created = put(first, path, None, &query).await?;
        ensure!(
            created.status == 201 && created.body["owner"] == "edith",
            "{created:?}"
        );
        ensure!(
            created.body["link"] == "/query?saved=orders+by+state%3F",
            "{created:?}"
        );
        ensure!(put(second, path, None, &query).await?.status == 428);
        let changed = put(second, path, Some((seen, created.header("etag"))), &query).await?;
        ensure!(
            (changed.status, changed.header("etag")) == (200, "\"2\""),
            "{changed:?}"
        );
        let shown = send(by(first, "vera").request(Method::GET, path)).await?;
        ensure!(
            shown.body["chart"]["type"] == "bar" && shown.body["version"] == 2,
            "{shown:?}"
        );
        let list = by(first, "vera").get("/api/v1/saved").await?.json();
        ensure!(
            list["saved"][0]["name"] == "orders by state?" && list["saved"][0]["sql"].is_null(),
            "{list}"
        );
        for name in ["%20", "..%2F..", "a%2Fb", "%00", &"x".repeat(101)] {
            let refused = put(first, &format!("/api/v1/saved/{name}"), None, &query).await?;
            ensure!(refused.status == 422, "{name}: {refused:?}");
        }
        for status in [204, 404] {
            let deleted = send(by(second, "edith").request(Method::DELETE, path)).await?;
            ensure!(deleted.status == status, "{deleted:?}");
        }
        ensure!(put(first, path, None, &query).await?.status == 201);

        let shown = binary::run(
            [
                "history",
                "--node",
                first.api().base(),
                "--token",
                "ada-secret",
                "--json",
            ],
            PATIENCE,
        );
        let shown = shown.await?;
        ensure!(
            shown.status.success() && serde_json::from_slice::<Value>(&shown.stdout)?["history"].is_array()
        );
        Ok(())
    })
    .await
}
