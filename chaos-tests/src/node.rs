//! Nodes: `aurora node --config` as processes, to be killed and started again.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use aurora_actors::store::Login;

use crate::api::Api;
use crate::binary;
use crate::clickhouse::ClickHouse;
use crate::kafka::Kafka;
use crate::netns::Member;
use crate::process::{Process, free_port};
use crate::sandbox::{Sandbox, eventually};

/// The connection's name in every node's configuration: a topic's stream is `test:TOPIC`.
pub const CONNECTION: &str = "test";

const READY_TIMEOUT: Duration = Duration::from_secs(60);
/// Longer than a node takes to hand over, whatever is away.
const STOP_TIMEOUT: Duration = Duration::from_secs(60);

/// The id of a topic's stream.
pub fn stream_id(topic: &str) -> String {
    format!("{CONNECTION}:{topic}")
}

/// What a node's configuration says.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// Its name, which its files in the sandbox carry as well.
    pub id: String,
    /// The topics to ingest.
    pub topics: Vec<String>,
    /// Who ingests into ClickHouse, and where it is.
    pub writer: Login,
    /// Who queries.
    pub reader: Login,
    /// The brokers.
    pub brokers: String,
    /// Further options of the connection to them.
    pub properties: Vec<(String, String)>,
    /// Whether it has the connection in its configuration; otherwise it can only learn of it from others.
    pub has_connection: bool,
    /// What its `[queries]` section says.
    pub queries: Vec<(String, u64)>,
    /// What programs have to send.
    pub token: Option<String>,
    /// What its `[access]` section says, in TOML.
    pub access: String,
    /// What its `[grafana]` section says, in TOML.
    pub grafana: String,
    /// What its `[aws]` section says, in TOML.
    pub aws: String,
    /// The cluster it is of.
    pub cluster: Option<GossipOptions>,
    /// The namespace that it runs in, and whose address it serves; it needs a token then.
    pub member: Option<Member>,
    /// What its environment has besides the test's, such as [a clock that is wrong](crate::clock).
    pub environment: Vec<(String, String)>,
}

/// What a node's `[cluster]` section says.
#[derive(Debug, Clone)]
pub struct GossipOptions {
    /// The cluster's name.
    pub name: String,
    /// Its key, in base64.
    pub key: String,
    /// Where gossip is received.
    pub listen: SocketAddr,
    /// Where others send it to.
    pub advertise: SocketAddr,
    /// Where to find others.
    pub seeds: Vec<String>,
    /// The node's share of the work.
    pub capacity: u32,
}

impl NodeOptions {
    /// A node `node-1` between these two.
    pub fn new(kafka: &Kafka, clickhouse: &ClickHouse, topics: &[&str]) -> Self {
        Self {
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            brokers: kafka.bootstrap_servers(),
            has_connection: true,
            ..Self::without_kafka(clickhouse)
        }
    }

    /// A node `node-1` that ingests nothing.
    pub fn without_kafka(clickhouse: &ClickHouse) -> Self {
        Self {
            id: "node-1".to_owned(),
            topics: Vec::new(),
            writer: clickhouse.writer().clone(),
            reader: clickhouse.reader().clone(),
            brokers: String::new(),
            properties: Vec::new(),
            has_connection: false,
            queries: Vec::new(),
            token: None,
            access: String::new(),
            grafana: String::new(),
            aws: String::new(),
            cluster: None,
            member: None,
            environment: Vec::new(),
        }
    }

    /// Where it serves HTTP.
    fn host(&self) -> Ipv4Addr {
        self.member.as_ref().map_or(Ipv4Addr::LOCALHOST, Member::address)
    }

    fn toml(&self, port: u16) -> String {
        // A text of JSON is one of TOML, too.
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let mut toml = format!(
            "[node]\nid = {}\nhttp = \"{}:{port}\"\n",
            text(&self.id),
            self.host()
        );
        // Writing to a String cannot fail.
        if let Some(token) = &self.token {
            let _ = writeln!(toml, "token = {}", text(token));
        }
        let user = |login: &Login| {
            format!(
                "{{ user = {}, password = {} }}",
                text(&login.user),
                text(&login.password)
            )
        };
        let _ = write!(
            toml,
            "\n[clickhouse]\nurl = {}\nwriter = {}\nreader = {}\n",
            text(&self.writer.url),
            user(&self.writer),
            user(&self.reader),
        );
        if self.has_connection {
            let properties = self.properties.iter();
            let properties = properties.map(|(name, value)| format!("{} = {}", text(name), text(value)));
            let _ = write!(
                toml,
                "\n[[connections]]\nname = {}\nbrokers = {}\nproperties = {{ {} }}\n",
                text(CONNECTION),
                text(&self.brokers),
                properties.collect::<Vec<_>>().join(", ")
            );
        }
        if let Some(cluster) = &self.cluster {
            let seeds: Vec<String> = cluster.seeds.iter().map(|seed| text(seed)).collect();
            let _ = write!(
                toml,
                "\n[cluster]\nname = {}\nkey = {}\ngossip = \"{}\"\nadvertise = \"{}\"\nseeds = [{}]\ncapacity = {}\n",
                text(&cluster.name),
                text(&cluster.key),
                cluster.listen,
                cluster.advertise,
                seeds.join(", "),
                cluster.capacity,
            );
        }
        let _ = write!(
            toml,
            "\n[access]\n{}\n\n[grafana]\n{}\n\n[aws]\n{}\n",
            self.access, self.grafana, self.aws
        );
        if !self.queries.is_empty() {
            let _ = writeln!(toml, "\n[queries]");
            for (name, value) in &self.queries {
                let _ = writeln!(toml, "{name} = {value}");
            }
        }
        for topic in &self.topics {
            let _ = write!(
                toml,
                "\n[[streams]]\nconnection = {}\ntopic = {}\n",
                text(CONNECTION),
                text(topic)
            );
        }
        toml
    }
}

/// A node, which runs or is stopped. Every method takes `&self`, so that faults can be injected while load
/// runs. Dropping it kills it.
pub struct Node {
    id: String,
    directory: PathBuf,
    config: PathBuf,
    api: Api,
    member: Option<Member>,
    environment: Vec<(String, String)>,
    process: Mutex<Option<Arc<Process>>>,
}

impl Node {
    /// Starts a node and waits until it answers. What it needs may be away.
    pub async fn start(sandbox: &Sandbox, options: &NodeOptions) -> Result<Self> {
        let node = Self::stopped(sandbox, options)?;
        node.start_again().await?;
        Ok(node)
    }

    /// Starts a node that is to end by itself, and waits for nothing.
    pub async fn start_in_vain(sandbox: &Sandbox, options: &NodeOptions) -> Result<Arc<Process>> {
        let node = Self::stopped(sandbox, options)?;
        node.spawn(&node.environment).await
    }

    fn stopped(sandbox: &Sandbox, options: &NodeOptions) -> Result<Self> {
        let port = free_port()?;
        let api = Api::new(&format!("http://{}:{port}", options.host()))?;
        Ok(Self {
            id: options.id.clone(),
            directory: sandbox.directory().to_owned(),
            config: sandbox.write(format!("{}.toml", options.id), options.toml(port))?,
            api: match &options.token {
                Some(token) => api.with_token(token),
                None => api,
            },
            member: options.member.clone(),
            environment: options.environment.clone(),
            process: Mutex::new(None),
        })
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its API. It stays valid over restarts.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Waits until its ClickHouse has been found to be the right one, and everything is there that it needs.
    pub async fn until_ready(&self) -> Result<()> {
        eventually("the databases", READY_TIMEOUT, async || {
            // Asking for tables leaves nothing in the history.
            for path in ["/readyz", "/api/v1/schema"] {
                let answer = self.api.get(path).await?;
                ensure!(answer.status.is_success(), "{answer:?}");
            }
            anyhow::Ok(true)
        })
        .await
    }

    /// Its process, unless it is stopped.
    pub fn process(&self) -> Option<Arc<Process>> {
        self.lock().clone()
    }

    /// `kill -9`.
    pub fn kill9(&self) -> Result<()> {
        self.take()?.kill9()
    }

    /// Sends SIGTERM and waits until it has handed over and ended.
    pub async fn terminate(&self) -> Result<ExitStatus> {
        let process = self.take()?;
        process.terminate()?;
        process.wait(STOP_TIMEOUT).await
    }

    /// Starts it with the same configuration, after it was stopped, and waits until it answers.
    pub async fn start_again(&self) -> Result<()> {
        self.start_again_in(&self.environment).await
    }

    /// The same in another environment than before, this once.
    pub async fn start_again_in(&self, environment: &[(String, String)]) -> Result<()> {
        let process = self.spawn(environment).await?;
        let what = format!("the node {} to answer", self.id);
        let answered = eventually(&what, READY_TIMEOUT, async || {
            // Without this, the wait for a node that has ended would be a long one.
            if !process.is_running() {
                return Ok(Some(false));
            }
            let answer = self.api.get("/healthz").await?;
            anyhow::Ok(answer.status.is_success().then_some(true))
        });
        let log = || format!("the end of its log:\n{}", process.log_tail(25));
        match answered.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(anyhow!(
                "the node {} has ended while starting; {}",
                self.id,
                log()
            )),
            Err(error) => Err(error.context(log())),
        }
    }

    async fn spawn(&self, environment: &[(String, String)]) -> Result<Arc<Process>> {
        let mut command = binary::command(["node", "--config"]).await?;
        command.arg(&self.config).current_dir(&self.directory);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        if let Some(member) = &self.member {
            command = member.command(&command);
        }
        let mut held = self.lock();
        ensure!(held.is_none(), "the node {} runs already", self.id);
        let process = Arc::new(Process::spawn(&self.directory, &self.id, command)?);
        Ok(held.insert(process).clone())
    }

    fn take(&self) -> Result<Arc<Process>> {
        let process = self.lock().take();
        process.with_context(|| format!("the node {} is stopped already", self.id))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Process>>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
