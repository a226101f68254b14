//! `aurora up`

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use aurora_actors::ingest::source::Source;
use aurora_actors::ingest::source::buffer::Budget;
use aurora_actors::ingest::source::connection::{KafkaConnection, SourceError};
use aurora_actors::ingest::stream::StreamSpec;
use aurora_cluster::StreamId;
use clap::Args;
use serde_json::json;
use tokio::net::TcpListener;

use super::output;
use crate::config::default_database;
use crate::embedded::broker::{DemoBroker, FETCH_WAIT_MAX_MS};
use crate::embedded::clickhouse::{ClickHouseOptions, EmbeddedClickHouse, default_cache_dir};
use crate::embedded::demo::{DEMO_PARTITIONS, DEMO_TOPIC, DemoOptions, DemoStream};
use crate::node::{Node, NodeOptions};
use crate::telemetry::{self, LogFormat};

/// Run all of it here: ClickHouse, a demo stream or your Kafka, one node with its page.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aurora up\n  aurora up --rate 5000 --http 127.0.0.1:9000\n  \
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
    let mut exposed = vec![default_database()];
    exposed.extend(args.expose.iter().cloned());
    let start_clickhouse = EmbeddedClickHouse::start(ClickHouseOptions {
        data_dir: args.data_dir.clone(),
        cache_dir: default_cache_dir(),
        exposed_databases: exposed,
        program: std::env::current_exe().context("the path of this program is not known")?,
    });
    let clickhouse = tokio::select! {
        clickhouse = start_clickhouse => clickhouse?,
        signal = interrupted() => { signal?; return Ok(ExitCode::from(130)); }
    };
    let started = start_rest(&args, listener, &clickhouse).await;
    let (node, demo) = match started {
        Ok(started) => started,
        Err(error) => {
            clickhouse.stop().await;
            return Err(error);
        }
    };
    announce(&args, &node, &clickhouse, demo.as_ref());
    interrupted().await?;
    if !args.json {
        output::note("\nStopping: what has been read is written first. Ctrl-C again to stop at once.");
    }
    or_interrupted_again(async {
        node.drain().await;
        if let Some(Demo { broker, stream }) = demo {
            // Both wait for threads of the Kafka library.
            let _ = tokio::task::spawn_blocking(move || {
                stream.stop();
                drop(broker);
            })
            .await;
        }
        clickhouse.stop().await;
    })
    .await;
    Ok(ExitCode::SUCCESS)
}

async fn start_rest(
    args: &UpArgs,
    listener: TcpListener,
    clickhouse: &EmbeddedClickHouse,
) -> anyhow::Result<(Node, Option<Demo>)> {
    let demo = match &args.kafka {
        None if !args.no_demo => Some(start_demo(args)?),
        _ => None,
    };
    let mut streams = Vec::new();
    if let Some(demo) = &demo {
        let mut connection = KafkaConnection::plain("demo", &demo.broker.bootstrap_servers());
        connection
            .properties
            .insert("fetch.wait.max.ms".to_owned(), FETCH_WAIT_MAX_MS.to_string());
        // The demo's broker starts its offsets anew each time: each start is a topic of its own.
        let topic_identity = Some(demo.broker.run_id().to_owned());
        let id = StreamId::new("demo", DEMO_TOPIC)?;
        streams.push((
            connection,
            StreamSpec {
                id,
                database: default_database(),
                topic_identity,
            },
        ));
    }
    for topic in &args.topics {
        let Some(brokers) = &args.kafka else { continue };
        let id = StreamId::new("kafka", topic)?;
        let spec = StreamSpec {
            id,
            database: default_database(),
            topic_identity: None,
        };
        streams.push((KafkaConnection::plain("kafka", brokers), spec));
    }
    let node = Node::start(NodeOptions {
        id: "node-1".parse()?,
        listener,
        token: args.token.clone(),
        writer: clickhouse.writer(),
        reader: clickhouse.reader(),
        database: default_database(),
        buffer_bytes: crate::config::LimitsSection::default().buffer_bytes,
        streams,
    })
    .await?;
    Ok((node, demo))
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

fn announce(args: &UpArgs, node: &Node, clickhouse: &EmbeddedClickHouse, demo: Option<&Demo>) {
    let state = node.state();
    let http = format!("http://{}", state.http);
    let kafka = demo
        .map(|demo| demo.broker.bootstrap_servers())
        .or_else(|| args.kafka.clone());
    if args.json {
        let ready = json!({
            "http": http,
            "clickhouse": clickhouse.writer().url_with_login(),
            "kafka": kafka,
            "nodes": [{ "id": state.id.to_string(), "pid": std::process::id(), "http": http }],
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

/// Waits for Ctrl-C or a polite request to end.
pub(super) async fn interrupted() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be caught")?;
    let mut hangup = signal(SignalKind::hangup()).context("signals cannot be caught")?;
    tokio::select! {
        caught = tokio::signal::ctrl_c() => caught.context("signals cannot be caught")?,
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}

/// Does the work of stopping, unless somebody asks a second time.
pub(super) async fn or_interrupted_again(work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        _ = interrupted() => output::note("stopped at once; nothing is lost, it will be settled at the next start"),
    }
}
