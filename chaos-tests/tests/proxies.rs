//! Toxiproxy and leader changes, against real services.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::kafka::{Kafka, KafkaOptions, quick_homecoming};
use aurora_chaos_tests::process::free_port;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::toxiproxy::{Direction, Proxy, Toxic, Toxiproxy, bootstrap_servers};
use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(60);

/// The last byte of what [`echo`] sends back.
const LAST: u8 = 0;

/// A server that sends back what it gets, and closes the connection after [`LAST`].
async fn echo() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(length @ 1..) = client.read(&mut buffer).await {
                    // A connection that a toxic ends is no concern of the server's.
                    let sent = client.write_all(&buffer[..length]).await;
                    if sent.is_err() || buffer[length - 1] == LAST {
                        return;
                    }
                }
            });
        }
    });
    Ok(address)
}

/// How many of `bytes` bytes come back over a new connection until it ends, and how long that takes.
async fn round_trip(proxy: &Proxy, bytes: usize) -> Result<(usize, Duration)> {
    let started = Instant::now();
    let mut client = TcpStream::connect(proxy.address()).await?;
    let (mut from, mut to) = client.split();
    let mut sent = vec![7; bytes - 1];
    sent.push(LAST);
    let mut received = Vec::new();
    // A connection that is cut off in the middle is a result as well.
    let (_, ended) = tokio::join!(
        to.write_all(&sent),
        tokio::time::timeout(PATIENCE, from.read_to_end(&mut received))
    );
    let _ = ended.context("the connection never ended")?;
    Ok((received.len(), started.elapsed()))
}

#[tokio::test]
async fn every_toxic_does_what_it_says_and_can_be_removed() -> Result<()> {
    Sandbox::run("toxics", async |sandbox| {
        let toxiproxy = Toxiproxy::start(sandbox).await?;
        let listen = (Ipv4Addr::LOCALHOST, free_port()?).into();
        let proxy = toxiproxy.proxy("echo", listen, echo().await?).await?;
        ensure!(round_trip(&proxy, 100_000).await?.0 == 100_000);

        let ms = Duration::from_millis;
        // Each with the bytes that come back of 100,000, at least how long that takes, and its direction.
        let (up, down) = (Direction::ToServer, Direction::ToClient);
        let delay = Toxic::Latency {
            delay: ms(400),
            jitter: ms(100),
        };
        let slow = Toxic::Bandwidth {
            kilobytes_per_second: 200,
        };
        let slices = Toxic::Slicer {
            average_bytes: 5_000,
            variation_bytes: 1_000,
            pause: ms(10),
        };
        let cases = [
            (delay, up, 100_000, ms(300)),
            (slow, down, 100_000, ms(300)),
            (slices, down, 100_000, ms(100)),
            (Toxic::LimitData { bytes: 10_000 }, down, 10_000, ms(0)),
            (Toxic::Timeout { after: ms(300) }, up, 0, ms(300)),
            (Toxic::ResetPeer { after: ms(0) }, down, 0, ms(0)),
            (Toxic::SlowClose { delay: ms(500) }, down, 100_000, ms(500)),
        ];
        for (toxic, direction, bytes, at_least) in cases {
            let id = proxy.add(toxic, direction).await?;
            let (received, took) = round_trip(&proxy, 100_000).await?;
            let amount_fits = match toxic {
                // A reset may come after some of the answer.
                Toxic::ResetPeer { .. } => received < 100_000,
                _ => received == bytes,
            };
            ensure!(
                amount_fits && took >= at_least,
                "{toxic:?}: {received} bytes came, in {took:?}"
            );
            proxy.remove(&id).await?;
            ensure!(proxy.toxics().await? == 0);
        }
        ensure!(round_trip(&proxy, 100_000).await?.0 == 100_000);
        Ok(())
    })
    .await
}

/// A server that sends `pieces` to everyone, each in a packet of its own, and tells once it has sent them all.
async fn talker(pieces: usize) -> Result<(SocketAddr, mpsc::UnboundedReceiver<()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let (said, all) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let said = said.clone();
            tokio::spawn(async move {
                for _ in 0..pieces {
                    client.write_all(b"piece").await?;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                let _ = said.send(());
                // The connection is the client's to end.
                client.read(&mut [0]).await
            });
        }
    });
    Ok((address, all))
}

/// toxiproxy by itself holds its lock for minutes then, and answers 503: https://github.com/Shopify/toxiproxy/issues/558
#[tokio::test]
async fn a_toxic_can_be_removed_after_a_client_has_gone_whose_answer_was_under_way() -> Result<()> {
    Sandbox::run("toxic-gone", async |sandbox| {
        let toxiproxy = Toxiproxy::start(sandbox).await?;
        let listen = (Ipv4Addr::LOCALHOST, free_port()?).into();
        let (server, mut said) = talker(20).await?;
        let proxy = toxiproxy.proxy("talker", listen, server).await?;
        let late = Toxic::Latency {
            delay: Duration::from_secs(600),
            jitter: Duration::ZERO,
        };
        let late = proxy.add(late, Direction::ToClient).await?;
        let client = TcpStream::connect(proxy.address()).await?;
        tokio::time::timeout(PATIENCE, said.recv())
            .await?
            .context("the server has ended")?;
        drop(client);
        proxy.remove(&late).await?;
        ensure!(proxy.toxics().await? == 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_cut_ends_connections_and_refuses_new_ones() -> Result<()> {
    Sandbox::run("cut", async |sandbox| {
        let clickhouse = ClickHouse::start(sandbox).await?;
        let toxiproxy = Toxiproxy::start(sandbox).await?;
        let proxy = toxiproxy.before_clickhouse(&clickhouse).await?;
        let ping = async || {
            let url = format!("http://{}/ping", proxy.address());
            let http = aurora_chaos_tests::api::http_client()?;
            anyhow::Ok(http.get(url).send().await?.text().await?)
        };
        ensure!(ping().await?.trim() == "Ok.");
        // Silent: a reset in the middle of a request's head makes libchdb 26.7 abort.
        let mut held = TcpStream::connect(proxy.address()).await?;
        proxy.cut().await?;
        ensure!(TcpStream::connect(proxy.address()).await.is_err());
        let ended = tokio::time::timeout(PATIENCE, held.read(&mut [0])).await?;
        ensure!(matches!(ended, Ok(0) | Err(_)), "the connection goes on");
        proxy.restore().await?;
        ensure!(ping().await?.trim() == "Ok.");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaders_change_and_clients_of_proxies_feel_toxics() -> Result<()> {
    Sandbox::run("leaders", async |sandbox| {
        let options = KafkaOptions {
            brokers: 3,
            heap_mb: 256,
            properties: quick_homecoming(),
            ..KafkaOptions::default()
        };
        let kafka = Kafka::start(sandbox, options).await?;
        kafka.create_topic("led", 3, &[]).await?;
        let first = kafka.leader("led", 1).await?;

        kafka.stop_broker(first)?;
        let second = kafka.until_led_by_another("led", 1, first).await?;
        kafka.start_broker(first).await?;
        until_led(&kafka, first).await?;
        kafka.terminate_broker(first).await?;
        ensure!(kafka.until_led_by_another("led", 1, first).await? != first && second != first);
        kafka.start_broker(first).await?;
        until_led(&kafka, first).await?;

        let toxiproxy = Toxiproxy::start(sandbox).await?;
        let proxies = toxiproxy.before_kafka(&kafka).await?;
        let mut config = kafka.client_config();
        config.set("bootstrap.servers", bootstrap_servers(&proxies));
        let consumer: BaseConsumer = config.create()?;
        let (toxic_on, leader) = (&proxies[first], first);
        let watermarks = |limit| tokio::task::block_in_place(|| consumer.fetch_watermarks("led", 1, limit));
        watermarks(PATIENCE).with_context(|| format!("through the proxy of broker {leader}"))?;
        toxic_on.cut().await?;
        ensure!(
            watermarks(Duration::from_secs(2)).is_err(),
            "the client goes past the proxy"
        );
        toxic_on.restore().await?;
        watermarks(PATIENCE)?;
        Ok(())
    })
    .await
}

/// Waits until partition 1 is led by its preferred broker again.
async fn until_led(kafka: &Kafka, index: usize) -> Result<()> {
    eventually("the preferred leader", 2 * PATIENCE, async || {
        kafka.leader("led", 1).await.map(|leader| leader == index)
    })
    .await
}
