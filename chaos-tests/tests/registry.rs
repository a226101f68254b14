//! Streams belong to the cluster: what one node is told, all work on, for as long as nobody takes it back.

use std::collections::BTreeSet;
use std::process::Output;

use anyhow::{Result, ensure};
use aurora_chaos_tests::api::Api;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::cluster::{Cluster, Flow, gossip_options};
use aurora_chaos_tests::load::{Load, Message, produce_messages};
use aurora_chaos_tests::node::{CONNECTION, Node, NodeOptions, stream_id};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::stack::PATIENCE;
use aurora_chaos_tests::up::Up;
use aurora_chaos_tests::{binary, shared};
use aurora_node::http::cluster::ClusterStatus;
use serde_json::json;

const PASSWORD: &str = "correct-horse-battery-staple";
const PARTITIONS: i32 = 4;

/// `count` nodes, of which only the first is told anything of Kafka: the connection, with this password, and
/// `topics`.
async fn only_the_first_is_told(
    clickhouse: &ClickHouse,
    topics: &[&str],
    password: &str,
    count: usize,
) -> Result<Vec<NodeOptions>> {
    let kafka = shared::kafka().await?;
    let nodes = gossip_options(count)?.into_iter().zip(1..);
    let nodes = nodes.map(|(gossip, number)| NodeOptions {
        id: format!("node-{number}"),
        cluster: Some(gossip),
        has_connection: number == 1,
        properties: vec![("sasl.password".to_owned(), password.to_owned())],
        ..NodeOptions::new(kafka, clickhouse, if number == 1 { topics } else { &[] })
    });
    Ok(nodes.collect())
}

fn owners(status: &ClusterStatus, topic: &str) -> BTreeSet<String> {
    let partitions = status.partitions.iter();
    let of_stream = partitions.filter(|partition| partition.stream == stream_id(topic));
    of_stream
        .filter_map(|partition| partition.owner.clone())
        .collect()
}

async fn aurora_streams(change: &[&str], api: &Api) -> Result<Output> {
    let arguments = [&["streams"], change, &["--node", api.base()]].concat();
    let output = binary::run(arguments, PATIENCE).await?;
    ensure!(output.status.success(), "{change:?}: {output:?}");
    Ok(output)
}

async fn requests_that_cannot_be_met_are_problems(api: &Api, topic: &str) -> Result<()> {
    let add = async |body| api.post("/api/v1/streams", &body).await;
    for (answer, status) in [
        (
            add(json!({ "connection": CONNECTION, "topic": topic })).await?,
            409,
        ),
        (add(json!({ "connection": "nobody", "topic": topic })).await?, 404),
        (
            add(json!({ "connection": CONNECTION, "topic": "a b" })).await?,
            400,
        ),
        (add(json!({ "connection": CONNECTION })).await?, 400),
        (api.delete("/api/v1/streams/test:nothing").await?, 404),
        (api.delete("/api/v1/streams/nothing").await?, 404),
    ] {
        ensure!(
            answer.status == status && answer.content_type == "application/problem+json",
            "no problem with status {status}: {answer:?}"
        );
    }
    Ok(())
}

/// Searches all that is in the registry, and all that the nodes have ever said.
async fn require_a_secret_password(clickhouse: &ClickHouse, nodes: &[Node]) -> Result<()> {
    let with_password = format!(
        "SELECT count(), countIf(position(concat(toString(tuple(*)), tryBase64Decode(body)), '{PASSWORD}') > 0) \
         FROM aurora.registry"
    );
    let found = clickhouse.line(&with_password).await?;
    let (rows, leaks) = found.split_once('\t').unwrap_or_default();
    ensure!(
        rows.parse::<u64>()? >= 3 && leaks == "0",
        "rows and leaks: {found}"
    );
    for node in nodes {
        let answer = node.api().get("/api/v1/connections").await?;
        let connections = answer.json();
        ensure!(
            connections["connections"][0]["name"] == CONNECTION && !answer.body.contains(PASSWORD),
            "{answer:?}"
        );
        let process = node
            .process()
            .ok_or_else(|| anyhow::anyhow!("{} does not run", node.id()))?;
        let log = std::fs::read_to_string(process.log_path())?;
        ensure!(
            !log.is_empty() && !log.contains(PASSWORD),
            "the password is in the log of {}",
            node.id()
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_outlives_the_node_that_named_it_and_others_come_and_go() -> Result<()> {
    Sandbox::run("registry", async |sandbox| {
        let kafka = shared::kafka().await?;
        let (named, added) = ("registry-named", "registry-added");
        let sample = Flow::prepare(kafka, named, PARTITIONS).await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let options = only_the_first_is_told(&clickhouse, &[named], PASSWORD, 3).await?;
        let cluster = Cluster::with_options(sandbox, &options).await?;
        let status = cluster.until_balanced(3, PARTITIONS as usize).await?;
        ensure!(owners(&status, named).len() == 3, "{:?}", owners(&status, named));

        let flow = Flow::start(kafka, sample, 10_000, 500)?;
        cluster.nodes[0].kill9()?;
        let status = cluster.until_balanced(2, PARTITIONS as usize).await?;
        ensure!(owners(&status, named) == ["node-2", "node-3"].map(String::from).into());

        let load = Load {
            events: 2_000,
            ..Load::new(added, PARTITIONS)
        };
        kafka.create_topic(added, PARTITIONS, &[]).await?;
        load.produce(kafka).await?;
        let api = cluster.nodes[2].api();
        let stream = json!({ "connection": CONNECTION, "topic": added });
        let answer = api.post("/api/v1/streams", &stream).await?;
        ensure!(
            answer.status == 201 && answer.json()["id"] == stream_id(added),
            "{answer:?}"
        );
        let status = cluster.until_balanced(2, 2 * PARTITIONS as usize).await?;
        ensure!(owners(&status, added).len() == 2, "{:?}", owners(&status, added));
        requests_that_cannot_be_met_are_problems(api, added).await?;
        api.until_consumed(kafka, &stream_id(added), PATIENCE).await?;

        aurora_streams(&["remove", &stream_id(added)], api).await?;
        cluster.until_balanced(2, PARTITIONS as usize).await?;
        for node in &cluster.nodes[1..] {
            let answer = node
                .api()
                .get(&format!("/api/v1/streams/{}", stream_id(added)))
                .await?;
            ensure!(answer.status == 404, "{answer:?}");
        }
        let more = Load {
            first: load.events,
            events: 500,
            ..load.clone()
        };
        more.produce(kafka).await?;
        let rows = "SELECT count() FROM events.registry_added";
        ensure!(clickhouse.number(rows).await? == 2_000);
        // It goes on where it was.
        aurora_streams(&["add", CONNECTION, added], cluster.nodes[1].api()).await?;
        cluster.until_balanced(2, 2 * PARTITIONS as usize).await?;
        api.until_consumed(kafka, &stream_id(added), PATIENCE).await?;
        ensure!(clickhouse.number(rows).await? == 2_500);

        kafka.increase_partitions(named, 2 * PARTITIONS).await?;
        cluster.until_balanced(2, 3 * PARTITIONS as usize).await?;
        let finished = flow.finish().await?;
        let table = finished.until_journaled(&cluster, kafka, &clickhouse).await?;
        finished
            .require_exactly_once(&cluster, &clickhouse, &table)
            .await?;
        let messages: Vec<Message<'_>> = (PARTITIONS..2 * PARTITIONS)
            .map(|partition| Message {
                partition,
                ..Message::new(r#"{"event_id":"late"}"#)
            })
            .collect();
        produce_messages(kafka, named, &messages).await?;
        api.until_consumed(kafka, &stream_id(named), PATIENCE).await?;

        cluster.nodes[0].start_again().await?;
        cluster.until_balanced(3, 3 * PARTITIONS as usize).await?;
        for topic in [named, added] {
            let report = api.audit(&stream_id(topic)).await?;
            ensure!(report.clean, "{topic}: {:?}", report.problems);
        }
        require_a_secret_password(&clickhouse, &cluster.nodes).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lacks_a_secret_says_so_and_begins_when_it_has_it() -> Result<()> {
    Sandbox::run("registry-secret", async |sandbox| {
        let kafka = shared::kafka().await?;
        let topic = "registry-secret";
        kafka.create_topic(topic, 2, &[]).await?;
        produce_messages(kafka, topic, &[Message::new(r#"{"n":1}"#)]).await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let secret = sandbox.write("secret", PASSWORD)?;
        let reference = format!("file:{}", secret.display());
        let options = only_the_first_is_told(&clickhouse, &[topic], &reference, 2).await?;
        let mut cluster = Cluster::with_options(sandbox, &options[..1]).await?;
        cluster.until_balanced(1, 2).await?;

        std::fs::remove_file(&secret)?;
        cluster.nodes.push(Node::start(sandbox, &options[1]).await?);
        for node in &cluster.nodes {
            eventually("the reason why node-2 waits", PATIENCE, async || {
                let stream = node.api().stream(&stream_id(topic)).await?;
                let reason = stream.reason.unwrap_or_default();
                let says_so = reason.contains("node-2") && reason.contains("sasl.password");
                ensure!(stream.state == "waiting" && says_so, "{} {reason}", stream.state);
                Ok(true)
            })
            .await?;
        }
        // Whoever has the partitions keeps them.
        let status = cluster.status().await?;
        ensure!(
            owners(&status, topic) == ["node-1".to_owned()].into(),
            "{status:?}"
        );

        sandbox.write("secret", PASSWORD)?;
        let status = cluster.until_balanced(2, 2).await?;
        ensure!(owners(&status, topic).len() == 2);
        let stream = cluster.nodes[1].api().stream(&stream_id(topic)).await?;
        ensure!(stream.state == "running", "{} {:?}", stream.state, stream.reason);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_up_takes_back_what_an_earlier_one_named() -> Result<()> {
    Sandbox::run("registry-up", async |sandbox| {
        let kafka = shared::kafka().await?;
        let brokers = kafka.bootstrap_servers();
        for topic in ["up-before", "up-after"] {
            kafka.create_topic(topic, 1, &[]).await?;
            produce_messages(kafka, topic, &[Message::new(r#"{"n":1}"#)]).await?;
            let up = Up::start(sandbox, &["--kafka", &brokers, "--topic", topic]).await?;
            let id = format!("kafka:{topic}");
            up.api().until_consumed(kafka, &id, PATIENCE).await?;
            let streams = up.api().streams().await?;
            let ids: Vec<&str> = streams.iter().map(|stream| stream.id.as_str()).collect();
            ensure!(ids == [id.as_str()], "{ids:?}");
            ensure!(up.interrupt().await?.success());
        }
        let up = Up::start(sandbox, &["--no-demo"]).await?;
        ensure!(up.api().streams().await?.is_empty());
        ensure!(up.api().get("/api/v1/connections").await?.json() == json!({ "connections": [] }));
        // What was written stays.
        ensure!(up.api().sql("SELECT count() FROM up_before").await? == [[json!("1")]]);
        ensure!(up.interrupt().await?.success());
        Ok(())
    })
    .await
}
