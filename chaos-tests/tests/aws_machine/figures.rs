//! What a node publishes about its streams.

use anyhow::{Result, ensure};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::load::{Message, produce_messages};
use aurora_chaos_tests::moto::Moto;
use aurora_chaos_tests::node::{Node, NodeOptions};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::shared;
use aurora_chaos_tests::stack::{PATIENCE, Stack};

use super::anybody;

const DEPLOYMENT: [(&str, &str); 1] = [("Deployment", "test")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_falls_behind_says_by_how_much() -> Result<()> {
    Sandbox::run("aws-figures", async |sandbox| {
        let moto = Moto::start(sandbox).await?;
        let kafka = shared::kafka().await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let topic = "aws-figures";
        kafka.create_topic(topic, 2, &[]).await?;
        let mut options = NodeOptions::new(kafka, &clickhouse, &[topic]);
        options.aws = "metrics = true\ndeployment = \"test\"".to_owned();
        options.environment = Moto::variables(moto.endpoint(), &anybody());
        let stack = Stack {
            kafka,
            node: Node::start(sandbox, &options).await?,
            clickhouse,
        };
        stack
            .produce(topic, &[r#"{"a": 1}"#, "no json", r#"{"a": 2}"#, "[]"])
            .await?;

        eventually("its dead letters", PATIENCE, async || {
            let dead = moto.figures("DeadLetters", &DEPLOYMENT).await?;
            ensure!(dead.iter().sum::<f64>() >= 2.0, "{dead:?}");
            anyhow::Ok(true)
        })
        .await?;
        // Nothing waits: however long ago the last message came, it is not behind.
        let lag = moto.figures("IngestLagSeconds", &DEPLOYMENT).await?;
        ensure!(lag.last() == Some(&0.0), "{lag:?}");
        let catch_up = moto.figures("CatchUpSeconds", &DEPLOYMENT).await?;
        ensure!(catch_up.last() == Some(&0.0), "{catch_up:?}");

        // What is read cannot be written any more.
        stack.clickhouse.pause().await?;
        let waiting = [0, 1].map(|partition| Message {
            partition,
            ..Message::new(r#"{"a": 3}"#)
        });
        produce_messages(kafka, topic, &waiting).await?;
        eventually("it to fall behind", PATIENCE * 2, async || {
            let lag = moto.figures("IngestLagSeconds", &DEPLOYMENT).await?;
            ensure!(lag.iter().any(|seconds| *seconds > 5.0), "{lag:?}");
            // More nodes would not help, so a group that grows by this figure hears nothing.
            let catch_up = moto.figures("CatchUpSeconds", &DEPLOYMENT).await?;
            ensure!(catch_up.len() < lag.len(), "{catch_up:?} with {lag:?}");
            anyhow::Ok(true)
        })
        .await?;
        stack.clickhouse.resume().await?;
        let dead = moto.figures("DeadLetters", &DEPLOYMENT).await?;
        ensure!(
            (dead.iter().sum::<f64>() - 2.0).abs() < f64::EPSILON,
            "some are counted twice: {dead:?}"
        );
        Ok(())
    })
    .await
}
