//! `aurora up`

mod peers;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use aurora_actors::ingest::schema::choice::Choices;
use aurora_actors::ingest::source::Source;
use aurora_actors::ingest::source::buffer::Budget;
use aurora_actors::ingest::source::connection::{KafkaConnection, SourceError};
use aurora_actors::query::limits::QueryLimits;
use aurora_actors::store::Store;
use aurora_actors::store::identity::ClusterIdentity;
use aurora_cluster::ClusterKey;
use clap::Args;
use serde_json::json;
use tokio::net::TcpListener;

use self::peers::{Common, Peers};
use super::interrupt::{INTERRUPTED, Interrupts};
use super::output;
use crate::cluster::joining;
use crate::config::{
    ConnectionSection, GrafanaSection, GrafanaSeen, ModelSection, Secret, StreamSection, default_database,
};
use crate::embedded::broker::{DemoBroker, FETCH_WAIT_MAX_MS};
use crate::embedded::clickhouse::{ClickHouseOptions, EmbeddedClickHouse, default_cache_dir};
use crate::embedded::demo::{DEMO_PARTITIONS, DEMO_TOPIC, DemoOptions, DemoStream};
use crate::grafana::access;
use crate::http::access::AccessOptions;
use crate::node::{Node, NodeOptions};
use crate::registry::Registry;
use crate::registry::document::Declared;
use crate::telemetry::{self, LogFormat};

/// Run all of it here: ClickHouse, a demo stream or your Kafka, one node with its page.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aurora up\n  aurora up --nodes 3 --rate 5000 --http 127.0.0.1:9000\n  \
    aurora up --kafka localhost:9092 --topic orders"
)]
pub(super) struct UpArgs {
    /// Read from this Kafka instead of the demo's
    #[arg(long, value_name = "HOST:PORT", env = "AURORA_KAFKA", requires = "topics")]
    kafka: Option<String>,
    /// The topic to ingest from that Kafka; can be given several times
    #[arg(
        long = "topic",
        value_name = "TOPIC",
        env = "AURORA_TOPIC",
        requires = "kafka",
        value_delimiter = ','
    )]
    topics: Vec<String>,
    /// How many nodes; more than one are processes of their own, and share the work
    #[arg(long, value_name = "N", env = "AURORA_NODES", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=MAX_NODES))]
    nodes: u8,
    /// Events a second that the demo shop sends
    #[arg(
        long,
        value_name = "EVENTS_PER_S",
        env = "AURORA_RATE",
        default_value_t = 1_000.0
    )]
    rate: f64,
    /// Which shop the demo makes up; the same seed makes the same one
    #[arg(long, env = "AURORA_SEED", default_value_t = 1)]
    seed: u64,
    /// No demo stream
    #[arg(long, env = "AURORA_NO_DEMO")]
    no_demo: bool,
    /// Where everything is kept
    #[arg(long, value_name = "DIR", env = "AURORA_DATA_DIR", default_value_os_t = default_data_dir())]
    data_dir: PathBuf,
    /// Where the page and the API are served; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDR",
        env = "AURORA_HTTP",
        default_value = "127.0.0.1:8080"
    )]
    http: SocketAddr,
    /// What others must send as `Authorization: Bearer …`; needed to serve more than this machine
    #[arg(long, env = "AURORA_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A further database that queries may read; can be given several times
    #[arg(long, value_name = "DATABASE", env = "AURORA_EXPOSE", value_delimiter = ',')]
    expose: Vec<String>,
    /// Print one line of JSON once ready, for scripts
    #[arg(long)]
    json: bool,
    /// How logs look
    #[arg(long, value_enum, default_value = "text", env = "AURORA_LOG_FORMAT")]
    log_format: LogFormat,
}

/// More on one machine would show nothing more.
const MAX_NODES: i64 = 32;

fn default_data_dir() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/share"));
    let base = std::env::var_os("XDG_DATA_HOME")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .or_else(home);
    base.map_or_else(|| PathBuf::from("aurora-data"), |base| base.join("aurora"))
}

/// The demo's broker and who fills it.
struct Demo {
    broker: DemoBroker,
    stream: DemoStream,
}

pub(super) async fn run(args: UpArgs) -> anyhow::Result<ExitCode> {
    if args.token.is_none() && !args.http.ip().is_loopback() {
        bail!(
            "{} can be reached from other machines, and no token is set: anybody could read the data. \
             Set one with --token or AURORA_TOKEN, or serve a loopback address such as 127.0.0.1:8080",
            args.http
        );
    }
    if !(0.0..=1_000_000.0).contains(&args.rate) {
        bail!(
            "--rate {} is not between 0 and 1,000,000 events a second",
            args.rate
        );
    }
    let listener = bind(args.http).await?;
    // Checked before ClickHouse is fetched and started: these mistakes are made more often.
    if let Some(brokers) = &args.kafka {
        check_topics(brokers, &args.topics).await?;
    }
    // Not before: what the Kafka library has to say about a wrong address is in the error already.
    telemetry::start(args.log_format, "warn");
    // From the beginning, and heard between two waits as well.
    let mut interrupts = Interrupts::listen_to_all();
    let mut exposed = vec![default_database()];
    exposed.extend(args.expose.iter().cloned());
    let start_clickhouse = EmbeddedClickHouse::start(ClickHouseOptions {
        data_dir: args.data_dir.clone(),
        cache_dir: default_cache_dir(),
        exposed_databases: exposed,
        program: std::env::current_exe().context("the path of this program is not known")?,
    });
    let Some(clickhouse) = interrupts.unless(start_clickhouse).await.transpose()? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let started = interrupts.unless(start_rest(&args, listener, &clickhouse));
    let (mut nodes, demo) = match started.await.transpose() {
        Ok(Some(started)) => started,
        ended_early => {
            interrupts.unless_again(clickhouse.stop()).await;
            return ended_early.map(|_| ExitCode::from(INTERRUPTED));
        }
    };
    announce(&args, &nodes, &clickhouse, demo.as_ref());
    let verdict = interrupts.unless(nodes.ended()).await.unwrap_or(Ok(()));
    if !args.json {
        output::note("\nStopping: what has been read is written first. Ctrl-C again to stop at once.");
    }
    let stopping = async {
        nodes.stop().await;
        if let Some(Demo { broker, stream }) = demo {
            // Both wait for threads of the Kafka library.
            let _ = tokio::task::spawn_blocking(move || {
                stream.stop();
                drop(broker);
            })
            .await;
        }
        clickhouse.stop().await;
    };
    interrupts.unless_again(stopping).await;
    verdict.map(|()| ExitCode::SUCCESS)
}

/// The nodes here: one in this process, or several in their own.
enum Nodes {
    One(Box<Node>),
    Several(Peers),
}

impl Nodes {
    /// Waits until none is left, or the only one has to go.
    async fn ended(&mut self) -> anyhow::Result<()> {
        match self {
            Self::One(node) => node.has_to_go().await,
            Self::Several(peers) => {
                peers.watch().await;
                Ok(())
            }
        }
    }

    async fn stop(self) {
        match self {
            Self::One(node) => node.drain().await,
            Self::Several(mut peers) => peers.stop().await,
        }
    }

    /// Id, process and address of each.
    fn list(&self) -> Vec<(String, u32, SocketAddr)> {
        match self {
            Self::One(node) => {
                let state = node.state();
                vec![(state.id.to_string(), std::process::id(), state.http)]
            }
            Self::Several(peers) => {
                let nodes = peers.nodes.iter();
                nodes.map(|node| (node.id.clone(), node.pid, node.http)).collect()
            }
        }
    }
}

async fn start_rest(
    args: &UpArgs,
    listener: TcpListener,
    clickhouse: &EmbeddedClickHouse,
) -> anyhow::Result<(Nodes, Option<Demo>)> {
    let demo = match &args.kafka {
        None if !args.no_demo => Some(start_demo(args)?),
        _ => None,
    };
    let (connections, streams) = sections(args, demo.as_ref());
    let declared = Declared::new(&connections, &streams)?;
    let key = peers::cluster_key(&args.data_dir)?;
    let (writer, reader) = (clickhouse.writer(), clickhouse.reader());
    retract_others(&Store::new(&writer), &key, &declared).await?;
    if args.nodes > 1 {
        let http = listener.local_addr().context("the HTTP socket has no address")?;
        // The first node serves it.
        drop(listener);
        let common = Common {
            data_dir: &args.data_dir,
            key,
            token: args.token.as_deref(),
            writer,
            reader,
            grafana: clickhouse.grafana(),
            connections: &connections,
            streams: &streams,
        };
        let peers = Peers::start(usize::from(args.nodes), http, &common).await?;
        return Ok((Nodes::Several(peers), demo));
    }
    let grafana = clickhouse.grafana();
    let seen = GrafanaSeen {
        reader: &grafana,
        reader_seconds: access::MAX_SECONDS,
        database: &default_database(),
        owner: peers::CLUSTER,
    };
    let grafana = GrafanaSection::default().options(seen).await?;
    let node = Node::start(NodeOptions {
        id: "node-1".parse()?,
        listener,
        access: AccessOptions::single(args.token.clone()),
        writer,
        reader,
        database: default_database(),
        buffer_bytes: crate::config::LimitsSection::default().buffer_bytes,
        queries: QueryLimits::default(),
        model: ModelSection::default().options().await?,
        grafana,
        declared,
        cluster: Some(peers::alone(key)),
    })
    .await?;
    Ok((Nodes::One(Box::new(node)), demo))
}

/// Takes back what an earlier `up` has registered here and this one does not name: there is no other authority
/// over what is in its data directory.
async fn retract_others(store: &Store, key: &ClusterKey, declared: &Declared) -> anyhow::Result<()> {
    let identity = ClusterIdentity {
        name: peers::CLUSTER.to_owned(),
        key_fingerprint: key.fingerprint(),
    };
    joining::check_identity(store, &default_database(), Some(&identity)).await?;
    let registry = Registry::new(store.clone(), "up".parse()?, peers::CLUSTER, key);
    registry
        .retract_others(declared)
        .await
        .context("what an earlier `aurora up` has registered cannot be taken back")
}

/// What the nodes are configured with.
fn sections(args: &UpArgs, demo: Option<&Demo>) -> (Vec<ConnectionSection>, Vec<StreamSection>) {
    let (mut connections, mut streams) = (Vec::new(), Vec::new());
    if let Some(demo) = demo {
        let wait = ("fetch.wait.max.ms", Secret::new(FETCH_WAIT_MAX_MS.to_string()));
        connections.push(ConnectionSection {
            name: "demo".to_owned(),
            brokers: demo.broker.bootstrap_servers(),
            properties: [wait].map(|(name, value)| (name.to_owned(), value)).into(),
        });
        streams.push(StreamSection {
            connection: "demo".to_owned(),
            topic: DEMO_TOPIC.to_owned(),
            // The demo's broker starts its offsets anew each time: each start is a topic of its own.
            topic_identity: Some(demo.broker.run_id().to_owned()),
            columns: Choices::default(),
        });
    }
    if let Some(brokers) = &args.kafka {
        connections.push(ConnectionSection {
            name: "kafka".to_owned(),
            brokers: brokers.clone(),
            properties: std::collections::BTreeMap::new(),
        });
        streams.extend(args.topics.iter().map(|topic| StreamSection {
            connection: "kafka".to_owned(),
            topic: topic.clone(),
            topic_identity: None,
            columns: Choices::default(),
        }));
    }
    (connections, streams)
}

fn start_demo(args: &UpArgs) -> anyhow::Result<Demo> {
    let broker = DemoBroker::start(DEMO_TOPIC, DEMO_PARTITIONS)?;
    let stream = DemoStream::start(DemoOptions {
        bootstrap_servers: broker.bootstrap_servers(),
        topic: DEMO_TOPIC.to_owned(),
        partitions: DEMO_PARTITIONS,
        events_per_s: args.rate,
        seed: args.seed,
        backfill: Duration::from_secs(15 * 60),
        burst_events: if args.rate > 0.0 { 2_000 } else { 0 },
    })?;
    Ok(Demo { broker, stream })
}

/// Asks the brokers for the topics, so that a wrong address or name is told at once.
async fn check_topics(brokers: &str, topics: &[String]) -> anyhow::Result<()> {
    let source = Source::start(KafkaConnection::plain("kafka", brokers), Budget::new(1))?;
    for topic in topics {
        match source.partitions(topic).await {
            Ok(_) => {}
            Err(SourceError::NoSuchTopic(_)) => {
                bail!("the Kafka at {brokers} has no topic {topic:?}; check the name given with --topic")
            }
            Err(error) => {
                bail!("the Kafka at {brokers} cannot be used: {error}; check the address given with --kafka")
            }
        }
    }
    // Its thread ends within a poll; nothing waits for that here.
    tokio::task::spawn_blocking(move || drop(source));
    Ok(())
}

fn announce(args: &UpArgs, nodes: &Nodes, clickhouse: &EmbeddedClickHouse, demo: Option<&Demo>) {
    let nodes = nodes.list();
    let http = format!("http://{}", nodes[0].2);
    let kafka = demo
        .map(|demo| demo.broker.bootstrap_servers())
        .or_else(|| args.kafka.clone());
    if args.json {
        let ready = json!({
            "http": http,
            "clickhouse": clickhouse.writer().url_with_login(),
            "kafka": kafka,
            "nodes": nodes
                .iter()
                .map(|(id, pid, http)| json!({ "id": id, "pid": pid, "http": format!("http://{http}") }))
                .collect::<Vec<_>>(),
        });
        output::line(&ready.to_string());
        return;
    }
    let (bold, plain) = if output::is_terminal() {
        ("\x1b[1m", "\x1b[0m")
    } else {
        ("", "")
    };
    output::line(&format!("\n  Aurora is up: {bold}{http}{plain}\n"));
    output::line(&format!(
        "  events from  {}",
        match (&kafka, demo) {
            (Some(brokers), Some(_)) => format!("the demo shop, {} a second, at {brokers}", args.rate),
            (Some(brokers), None) => format!("{} at {brokers}", args.topics.join(", ")),
            (None, _) => "nowhere yet".to_owned(),
        }
    ));
    for (id, pid, http) in nodes.iter().filter(|_| nodes.len() > 1) {
        output::line(&format!("  {id:<11}  http://{http} (process {pid})"));
    }
    output::line(&format!("  kept in      {}", args.data_dir.display()));
    output::line("  ask          aurora sql 'SELECT count() FROM shop_events'   (in another terminal)");
    output::line("  stop         Ctrl-C\n");
}

/// Binds the address for HTTP.
pub(super) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!(
                "port {} is in use; stop what uses it, or choose another with --http {}:0",
                address.port(),
                address.ip()
            )
        }
        Err(error) => Err(error).with_context(|| format!("{address} cannot be served")),
    }
}
