//! Nodes keep a Grafana in step: one at a time, while streams come and go, nodes die, and Grafana is away.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::api::Api;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::cluster::{Cluster, gossip_options};
use aurora_chaos_tests::grafana::{StandIn, TOKEN};
use aurora_chaos_tests::kafka::Kafka;
use aurora_chaos_tests::load::{Message, produce_messages};
use aurora_chaos_tests::node::{CONNECTION, NodeOptions, stream_id};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::shared;
use aurora_chaos_tests::stack::PATIENCE;
use aurora_node::grafana::names::Names;
use serde_json::{Value, json};

const ONE: &str = "grafana-one";
const TWO: &str = "grafana-two";

/// Two nodes with a login for `grafana`, and two topics, of which they ingest the first.
async fn scene(sandbox: &Sandbox, grafana: &StandIn) -> Result<(ClickHouse, Cluster)> {
    let kafka = shared::kafka().await?;
    for topic in [ONE, TWO] {
        topic_with_events(kafka, topic).await?;
    }
    let clickhouse = ClickHouse::start(sandbox).await?;
    let login = clickhouse.grafana();
    let section = format!(
        "url = 'https://grafana.example/'\ninternal_url = '{}'\ntoken = '{TOKEN}'\n\
         datasource = {{ host = 'clickhouse.example', user = '{}', password = '{}' }}",
        grafana.url()?,
        login.user,
        login.password
    );
    let options: Vec<NodeOptions> = gossip_options(2)?
        .into_iter()
        .zip(1..)
        .map(|(gossip, number)| NodeOptions {
            id: format!("node-{number}"),
            cluster: Some(gossip),
            grafana: section.clone(),
            ..NodeOptions::new(kafka, &clickhouse, &[ONE])
        })
        .collect();
    let cluster = Cluster::with_options(sandbox, &options).await?;
    cluster.until_balanced(2, 2).await?;
    Ok((clickhouse, cluster))
}

async fn topic_with_events(kafka: &Kafka, topic: &str) -> Result<()> {
    // Two tests share it: whoever is later finds it there.
    let created = kafka.create_topic(topic, 2, &[]).await;
    if kafka.end_offsets(topic).await.is_err() {
        created?;
    }
    produce_messages(kafka, topic, &[Message::new("{\"country\":\"AT\"}"); 5]).await?;
    Ok(())
}

async fn view(api: &Api) -> Result<Value> {
    let answer = api.get("/api/v1/grafana").await?;
    ensure!(answer.status == 200, "{answer:?}");
    Ok(answer.json())
}

fn uid(topic: &str) -> Result<String> {
    Ok(Names::default().stream(&stream_id(topic).parse()?))
}

/// Waits until Grafana has exactly these dashboards of streams, and one for operations.
async fn until_dashboards(grafana: &StandIn, topics: &[&str]) -> Result<()> {
    let mut wanted = vec!["aurora-operations".to_owned()];
    for topic in topics {
        wanted.push(uid(topic)?);
    }
    wanted.sort();
    eventually("the dashboards", PATIENCE, async || {
        match grafana.uids() == wanted {
            true => Ok(Some(())),
            false => Err(format!("{:?} instead of {wanted:?}", grafana.uids())),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dashboards_follow_the_streams_whichever_node_is_left() -> Result<()> {
    Sandbox::run("grafana-keeper", async |sandbox| {
        let grafana = StandIn::start().await?;
        let (_clickhouse, cluster) = scene(sandbox, &grafana).await?;
        until_dashboards(&grafana, &[ONE]).await?;
        eventually("the alert rules", PATIENCE, async || {
            grafana.kept().groups.len() == 1
        })
        .await?;
        let source = grafana.kept().datasources["aurora-clickhouse"].clone();
        ensure!(source["jsonData"]["host"] == "clickhouse.example", "{source}");

        // Both nodes tell the same: who does it, and where everything is for browsers.
        for node in &cluster.nodes {
            let view = eventually("a round that went well", PATIENCE, async || {
                let view = view(node.api()).await?;
                let managed = &view["managed"];
                ensure!(
                    view["state"] == "ready"
                        && managed["keeper"] == "node-1"
                        && !managed["synced_at"].is_null(),
                    "{view}"
                );
                let dashboard = format!("https://grafana.example/d/{}", uid(ONE)?);
                ensure!(
                    managed["error"].is_null()
                        && managed["streams"] == json!([{ "stream": stream_id(ONE), "url": dashboard }]),
                    "{view}"
                );
                anyhow::Ok(Some(view))
            })
            .await?;
            ensure!(!view.to_string().contains(TOKEN), "{view}");
        }

        // A stream that is added while all runs.
        let body = json!({ "connection": CONNECTION, "topic": TWO });
        let added = cluster.nodes[1].api().post("/api/v1/streams", &body).await?;
        ensure!(added.status.is_success(), "{added:?}");
        until_dashboards(&grafana, &[ONE, TWO]).await?;

        // The node that does it dies; the other takes over, and takes the stream's dashboard away with the stream.
        cluster.nodes[0].kill9()?;
        let other = cluster.nodes[1].api();
        let path = format!("/api/v1/streams/{}", stream_id(ONE));
        let removed = other.delete(&path).await?;
        ensure!(removed.status.is_success(), "{removed:?}");
        until_dashboards(&grafana, &[TWO]).await?;
        eventually("the other node to say that it is the one", PATIENCE, async || {
            view(other)
                .await
                .map(|view| view["managed"]["keeper"] == "node-2")
        })
        .await
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grafana_that_is_away_comes_back_to_its_dashboards() -> Result<()> {
    Sandbox::run("grafana-away", async |sandbox| {
        let grafana = StandIn::start().await?;
        grafana.stop().await;
        let (_clickhouse, cluster) = scene(sandbox, &grafana).await?;
        let api = cluster.nodes[0].api();
        let error = eventually("word that Grafana is away", PATIENCE, async || {
            let view = view(api).await?;
            anyhow::Ok(view["managed"]["error"].as_str().map(str::to_owned))
        })
        .await?;
        ensure!(error.contains("reach") && !error.contains(TOKEN), "{error}");
        grafana.serve().await?;
        until_dashboards(&grafana, &[ONE]).await?;
        // Nobody fails any more, and somebody is in charge.
        eventually("all to be well", PATIENCE, async || {
            let view = view(api).await?;
            let managed = &view["managed"];
            anyhow::Ok(managed["error"].is_null() && !managed["synced_at"].is_null())
        })
        .await?;
        for node in &cluster.nodes {
            let log = node.process().context("it runs")?.log_tail(10_000);
            ensure!(!log.contains(TOKEN), "a node shows the token in its log");
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_is_wrong_is_told_and_stops_nothing() -> Result<()> {
    Sandbox::run("grafana-login", async |sandbox| {
        let grafana = StandIn::start().await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let kafka = shared::kafka().await?;
        topic_with_events(kafka, "grafana-login").await?;
        let options = NodeOptions {
            grafana: format!("url = '{}'\nuser = 'admin'\npassword = 'hunter2'", grafana.url()?),
            ..NodeOptions::new(kafka, &clickhouse, &["grafana-login"])
        };
        let cluster = Cluster::with_options(sandbox, &[options]).await?;
        let api = cluster.nodes[0].api();
        let error = eventually("word that the login is wrong", PATIENCE, async || {
            let view = view(api).await?;
            anyhow::Ok(view["managed"]["error"].as_str().map(str::to_owned))
        })
        .await?;
        ensure!(error.contains("login") && !error.contains("hunter2"), "{error}");
        api.until_consumed(kafka, &stream_id("grafana-login"), Duration::from_secs(120))
            .await?;
        ensure!(grafana.writes().is_empty());
        Ok(())
    })
    .await
}

/// Grafana locks an admin out for everybody after some wrong passwords: a node whose own is old asks for the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_has_changed_is_read_again() -> Result<()> {
    Sandbox::run("grafana-renewed", async |sandbox| {
        let grafana = StandIn::start().await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let kafka = shared::kafka().await?;
        topic_with_events(kafka, "grafana-renewed").await?;
        let token = sandbox.write("token", TOKEN)?;
        let options = NodeOptions {
            grafana: format!("url = '{}'\ntoken = 'file:{}'", grafana.url()?, token.display()),
            ..NodeOptions::new(kafka, &clickhouse, &["grafana-renewed"])
        };
        let cluster = Cluster::with_options(sandbox, &[options]).await?;
        until_dashboards(&grafana, &["grafana-renewed"]).await?;
        sandbox.write("token", "another")?;
        {
            let mut kept = grafana.kept();
            kept.token = "another".to_owned();
            kept.dashboards.clear();
        }
        until_dashboards(&grafana, &["grafana-renewed"]).await?;
        let refused = grafana.kept().refused;
        ensure!(refused == 1, "{refused} logins were refused");
        drop(cluster);
        Ok(())
    })
    .await
}
