//! What a service manager hears of a node, and one configuration for many machines.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::api::Api;
use aurora_chaos_tests::binary;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::metadata::Metadata;
use aurora_chaos_tests::moto::Moto;
use aurora_chaos_tests::process::{Process, free_port};
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::stack::PATIENCE;
use aurora_cluster::ClusterKey;
use tokio::net::UnixDatagram;

use super::anybody;

/// The next message to a service manager.
async fn heard(socket: &UnixDatagram) -> Result<String> {
    let mut bytes = [0; 1_024];
    let length = tokio::time::timeout(PATIENCE, socket.recv(&mut bytes)).await;
    let length = length.context("the service manager hears nothing")??;
    Ok(String::from_utf8_lossy(&bytes[..length]).into_owned())
}

async fn until_heard(socket: &UnixDatagram, text: &str) -> Result<()> {
    while !heard(socket).await?.starts_with(text) {}
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_manager_hears_how_a_node_is_doing() -> Result<()> {
    Sandbox::run("aws-systemd", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        let machine = Metadata::start("i-0123", "127.0.0.1", &anybody()).await?;
        let moto = Moto::start(sandbox).await?;
        let path = sandbox.path("notify");
        let socket = UnixDatagram::bind(&path)?;
        let (http, gossip) = (free_port()?, free_port()?);
        let key = ClusterKey::generate().expose_base64().to_string();
        let login = |user: &str, password: &str| format!("{{ user = \"{user}\", password = \"{password}\" }}");
        let (writer, reader) = (clickhouse.writer(), clickhouse.reader());
        let config = format!(
            "[node]\nid = \"{{instance_id}}\"\nhttp = \"127.0.0.1:{http}\"\n\
             [clickhouse]\nurl = \"{}\"\nwriter = {}\nreader = {}\n\
             [cluster]\nkey = \"{key}\"\ngossip = \"127.0.0.1:{gossip}\"\nadvertise = \"{{private_ip}}:{gossip}\"\n\
             [aws]\nmetrics = true\ndeployment = \"test\"\n",
            writer.url,
            login(&writer.user, &writer.password),
            login(&reader.user, &reader.password),
        );
        let config = sandbox.write("node.toml", config)?;
        let mut command = binary::command(["node", "--config"]).await?;
        command
            .arg(config)
            .envs(machine.variables())
            .env("AWS_ENDPOINT_URL", moto.endpoint())
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "3000000");
        let process = Process::spawn(sandbox.directory(), "node", command)?;

        until_heard(&socket, "READY=1").await?;
        let api = Api::new(&format!("http://127.0.0.1:{http}"))?;
        ensure!(api.get("/healthz").await?.status.is_success(), "it does not serve yet");
        until_heard(&socket, "STATUS=ready").await?;
        let cluster = api.cluster().await?;
        ensure!(
            cluster.nodes.len() == 1 && cluster.nodes[0].id == "i-0123",
            "{:?}",
            cluster.nodes
        );
        until_heard(&socket, "WATCHDOG=1").await?;
        until_heard(&socket, "WATCHDOG=1").await?;

        eventually("figures in CloudWatch", PATIENCE, async || {
            let lag = moto.figures("IngestLagSeconds", &[("Deployment", "test")]).await?;
            let disk = [("Deployment", "test"), ("Role", "peers")];
            let disk = moto.figures("DiskUsedPercent", &disk).await?;
            // Nothing waits for a node that ingests nothing.
            anyhow::Ok(lag.first() == Some(&0.0) && disk.first().is_some_and(|used| *used > 0.0))
        })
        .await?;
        for name in ["DeadLetters", "AuditFailures"] {
            let values = moto.figures(name, &[("Deployment", "test")]).await?;
            ensure!(values.first() == Some(&0.0), "{name}: {values:?}");
        }

        // Who stands still gives no sign of life. What was under way is heard first.
        process.pause()?;
        while tokio::time::timeout(Duration::from_millis(200), heard(&socket)).await.is_ok() {}
        let sign = tokio::time::timeout(Duration::from_secs(4), heard(&socket)).await;
        ensure!(sign.is_err(), "a process that stands still said {sign:?}");
        process.resume()?;
        until_heard(&socket, "WATCHDOG=1").await?;

        process.terminate()?;
        until_heard(&socket, "STOPPING=1").await?;
        let status = process.wait(PATIENCE).await?;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    })
    .await
}
