//! A real toxiproxy in front of what talks TCP: Kafka's brokers and ClickHouse.
//!
//! ```no_run
//! # use aurora_chaos_tests::{clickhouse::ClickHouse, sandbox::Sandbox};
//! # use aurora_chaos_tests::toxiproxy::{Direction, Toxic, Toxiproxy};
//! # use std::time::Duration;
//! # async fn example(sandbox: &Sandbox, clickhouse: &ClickHouse) -> anyhow::Result<()> {
//! let toxiproxy = Toxiproxy::start(sandbox).await?;
//! let proxy = toxiproxy.before_clickhouse(clickhouse).await?;
//! let slow = Toxic::Latency { delay: Duration::from_millis(200), jitter: Duration::from_millis(100) };
//! let slow = proxy.add(slow, Direction::ToClient).await?;
//! proxy.remove(&slow).await?;
//! proxy.cut().await?;
//! proxy.restore().await?;
//! # Ok(())
//! # }
//! ```
//!
//! A Kafka client connects to the addresses that brokers advertise: through proxies, these are the brokers'
//! second listeners, see [`ProxiedListener`](crate::kafka::ProxiedListener).

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::http_client;
use crate::cached_tool::{Amendment, GoTool};
use crate::clickhouse::ClickHouse;
use crate::kafka::Kafka;
use crate::process::{Process, free_port};
use crate::sandbox::{Sandbox, eventually};

const TOXIPROXY: GoTool = GoTool {
    name: "toxiproxy",
    module: "github.com/Shopify/toxiproxy/v2",
    package: "cmd/server",
    version: "2.12.0",
    // Once a client has gone nobody takes what toxics let through, and toxiproxy waits to get rid of it, five seconds for
    // every piece, with its lock held, when a toxic is removed: https://github.com/Shopify/toxiproxy/issues/558
    amendment: Some(Amendment {
        file: "link.go",
        before: "\n\tdest.Close()\n",
        after: "\n\tdest.Close()\n\tgo func() { _, _ = io.Copy(io.Discard, link.output) }()\n",
    }),
};
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// A running toxiproxy. Dropping it kills it, and all connections through it end.
#[derive(Debug)]
pub struct Toxiproxy {
    process: Process,
    control: Control,
}

/// What a toxiproxy can be told, over HTTP.
#[derive(Debug, Clone)]
struct Control {
    http: reqwest::Client,
    base: String,
}

impl Control {
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.context("toxiproxy does not answer")?;
        let status = response.status();
        let text = response.text().await.context("toxiproxy's answer broke off")?;
        ensure!(
            status.is_success(),
            "toxiproxy answered {status} to {path}: {text}"
        );
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }
}

impl Toxiproxy {
    /// Starts one, and waits until it can be told what to do. The first call on a machine builds it.
    pub async fn start(sandbox: &Sandbox) -> Result<Self> {
        let tool = TOXIPROXY.built().await?;
        let port = free_port()?;
        let mut command = Command::new(tool);
        command
            .args(["-host", "127.0.0.1", "-port", &port.to_string()])
            .env("LOG_LEVEL", "warn");
        let process = Process::spawn(sandbox.directory(), "toxiproxy", command)?;
        let control = Control {
            http: http_client()?,
            base: format!("http://127.0.0.1:{port}"),
        };
        eventually("toxiproxy to answer", READY_TIMEOUT, async || {
            ensure!(process.is_running(), "it has ended:\n{}", process.log_tail(10));
            control.call(Method::GET, "/version", None).await.map(|_| true)
        })
        .await?;
        Ok(Self { process, control })
    }

    /// Its process, to be frozen, for instance: then connections stay open and nothing passes.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// A proxy that listens on `listen`, which may be any address of this machine, and connects to `upstream`.
    /// `name` is no other's.
    pub async fn proxy(&self, name: &str, listen: SocketAddr, upstream: SocketAddr) -> Result<Proxy> {
        let body = json!({
            "name": name,
            "listen": listen.to_string(),
            "upstream": upstream.to_string(),
            "enabled": true,
        });
        self.control
            .call(Method::POST, "/proxies", Some(body))
            .await
            .with_context(|| format!("no proxy {name} on {listen}"))?;
        Ok(Proxy {
            control: self.control.clone(),
            name: name.to_owned(),
            listen,
            toxics: AtomicU64::new(0),
        })
    }

    /// Proxies in front of all brokers, in their order, on loopback. Clients that are given [`bootstrap_servers`]
    /// talk to the brokers through them only.
    pub async fn before_kafka(&self, kafka: &Kafka) -> Result<Vec<Proxy>> {
        let mut proxies = Vec::new();
        for (index, listener) in kafka.proxied_listeners().into_iter().enumerate() {
            let listen = (kafka.proxy_host(), listener.proxy).into();
            let upstream = (Ipv4Addr::LOCALHOST, listener.upstream).into();
            proxies.push(self.proxy(&format!("kafka-{index}"), listen, upstream).await?);
        }
        Ok(proxies)
    }

    /// A proxy in front of ClickHouse's HTTP, on loopback.
    pub async fn before_clickhouse(&self, clickhouse: &ClickHouse) -> Result<Proxy> {
        self.before_clickhouse_on(clickhouse, Ipv4Addr::LOCALHOST).await
    }

    /// The same on another address of this machine, such as one that network namespaces reach.
    pub async fn before_clickhouse_on(&self, clickhouse: &ClickHouse, host: Ipv4Addr) -> Result<Proxy> {
        let upstream = clickhouse.address().parse().context("ClickHouse's address")?;
        let port = free_port()?;
        // One ClickHouse can have several, for nodes that fare differently.
        let name = format!("clickhouse-{port}");
        self.proxy(&name, (host, port).into(), upstream).await
    }
}

/// The addresses of proxies as a Kafka client takes them.
pub fn bootstrap_servers(proxies: &[Proxy]) -> String {
    let addresses: Vec<String> = proxies.iter().map(|proxy| proxy.listen.to_string()).collect();
    addresses.join(",")
}

/// Which stream of bytes a toxic is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// From client to server: requests.
    ToServer,
    /// From server to client: answers.
    ToClient,
}

/// What can be wrong with a connection. Toxics act on connections that exist already, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Toxic {
    /// Everything comes `delay` later, give or take `jitter`; the order stays.
    Latency {
        /// How much later.
        delay: Duration,
        /// By how much that varies, both ways.
        jitter: Duration,
    },
    /// So many kilobytes a second pass.
    Bandwidth {
        /// Kilobytes a second.
        kilobytes_per_second: u32,
    },
    /// What is sent arrives in small pieces, with a pause after each.
    Slicer {
        /// Bytes of a piece, on average.
        average_bytes: u32,
        /// By how much that varies, both ways; less than the average.
        variation_bytes: u32,
        /// The pause.
        pause: Duration,
    },
    /// Nothing passes, and when nothing has come for so long either, the connection is closed; never, when it is
    /// zero. When who sends closes it, so does the other side. Removing the toxic closes it, too.
    Timeout {
        /// How long.
        after: Duration,
    },
    /// After so long the connection is reset.
    ResetPeer {
        /// How long.
        after: Duration,
    },
    /// A connection that one side closes stays open on the other for so long.
    SlowClose {
        /// How long.
        delay: Duration,
    },
    /// After so many bytes the connection is closed.
    LimitData {
        /// How many.
        bytes: u64,
    },
}

impl Toxic {
    /// What toxiproxy calls it, and its attributes.
    fn described(&self) -> (&'static str, Value) {
        let ms = |duration: Duration| duration.as_millis() as u64;
        match *self {
            Self::Latency { delay, jitter } => {
                ("latency", json!({ "latency": ms(delay), "jitter": ms(jitter) }))
            }
            Self::Bandwidth {
                kilobytes_per_second: rate,
            } => ("bandwidth", json!({ "rate": rate })),
            Self::Slicer {
                average_bytes,
                variation_bytes,
                pause,
            } => {
                let delay_us = pause.as_micros() as u64;
                let size = json!({
                    "average_size": average_bytes, "size_variation": variation_bytes, "delay": delay_us
                });
                ("slicer", size)
            }
            Self::Timeout { after } => ("timeout", json!({ "timeout": ms(after) })),
            Self::ResetPeer { after } => ("reset_peer", json!({ "timeout": ms(after) })),
            Self::SlowClose { delay } => ("slow_close", json!({ "delay": ms(delay) })),
            Self::LimitData { bytes } => ("limit_data", json!({ "bytes": bytes })),
        }
    }
}

/// A toxic that acts, to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToxicId(String);

/// A proxy in front of one server. It lives as long as its [`Toxiproxy`].
#[derive(Debug)]
pub struct Proxy {
    control: Control,
    name: String,
    listen: SocketAddr,
    /// How many it has had.
    toxics: AtomicU64,
}

impl Proxy {
    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.listen
    }

    /// Adds a toxic, on top of those that act already.
    pub async fn add(&self, toxic: Toxic, direction: Direction) -> Result<ToxicId> {
        let (kind, attributes) = toxic.described();
        let number = self.toxics.fetch_add(1, Ordering::Relaxed);
        let name = format!("{kind}-{number}");
        let stream = match direction {
            Direction::ToServer => "upstream",
            Direction::ToClient => "downstream",
        };
        let body = json!({
            "name": name, "type": kind, "stream": stream, "toxicity": 1.0, "attributes": attributes
        });
        let path = format!("/proxies/{}/toxics", self.name);
        self.control.call(Method::POST, &path, Some(body)).await?;
        Ok(ToxicId(name))
    }

    /// Removes a toxic.
    pub async fn remove(&self, toxic: &ToxicId) -> Result<()> {
        let path = format!("/proxies/{}/toxics/{}", self.name, toxic.0);
        self.control.call(Method::DELETE, &path, None).await.map(drop)
    }

    /// How many toxics act.
    pub async fn toxics(&self) -> Result<usize> {
        let path = format!("/proxies/{}/toxics", self.name);
        let toxics = self.control.call(Method::GET, &path, None).await?;
        Ok(toxics.as_array().context("toxiproxy's answer is no list")?.len())
    }

    /// Ends all connections and refuses new ones.
    pub async fn cut(&self) -> Result<()> {
        self.enable(false).await
    }

    /// Ends a [`Proxy::cut`].
    pub async fn restore(&self) -> Result<()> {
        self.enable(true).await
    }

    async fn enable(&self, enabled: bool) -> Result<()> {
        let path = format!("/proxies/{}", self.name);
        let body = json!({ "enabled": enabled });
        self.control
            .call(Method::PATCH, &path, Some(body))
            .await
            .map(drop)
    }
}
