//! Options, and what brokers are told: server.properties, logging, the java command line.

use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::hash::BuildHasher;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a cluster is to be like.
#[derive(Debug, Clone)]
pub struct KafkaOptions {
    /// One broker, or three. With three, topics have three replicas and survive the loss of any one broker.
    pub brokers: usize,
    /// Java heap of each broker in MB.
    pub heap_mb: u32,
    /// Where the proxies of the brokers' proxied listeners listen, which is what these advertise.
    pub proxy_host: Ipv4Addr,
    /// Further lines of server.properties; they win over those made here.
    pub properties: Vec<(String, String)>,
    /// Further listeners for clients, of every broker: for tests, with one broker.
    pub listeners: Vec<FurtherListener>,
    /// Further arguments for preparing the brokers' data directories.
    pub format_arguments: Vec<String>,
    /// Further arguments for the Java of each broker.
    pub java_arguments: Vec<String>,
}

/// A listener besides those that every broker has. How it is secured is for properties to say.
#[derive(Debug, Clone)]
pub struct FurtherListener {
    /// Its name, in capital letters.
    pub name: String,
    /// The protocol: `SSL`, `SASL_SSL` and so on.
    pub protocol: String,
    /// Its port on loopback.
    pub port: u16,
    /// Where clients are told to come to: `HOST:PORT`.
    pub advertised: String,
}

impl Default for KafkaOptions {
    fn default() -> Self {
        Self {
            brokers: 1,
            heap_mb: 384,
            proxy_host: Ipv4Addr::LOCALHOST,
            properties: Vec::new(),
            listeners: Vec::new(),
            format_arguments: Vec::new(),
            java_arguments: Vec::new(),
        }
    }
}

/// So that 5 MB messages fit with room to spare.
const MESSAGE_MAX_BYTES: u32 = 16 * 1024 * 1024;

/// How a broker is started.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Where its files are; [`LOG4J2`] must be there, as [`LOG4J2_FILE`].
    pub directory: PathBuf,
    /// The jars, as Java's `-cp` takes them.
    pub class_path: String,
    /// Java heap of a broker in MB.
    pub heap_mb: u32,
    /// Further arguments for Java.
    pub java_arguments: Vec<String>,
}

/// The ports of one broker.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// Where clients and other brokers connect.
    pub client: u16,
    /// Where the controllers of a cluster talk to each other.
    pub controller: u16,
    /// A second listener for clients, for a proxy to stand in front of.
    pub proxied: Option<ProxiedListener>,
}

/// Where a proxy can stand between clients and one broker.
///
/// A Kafka client connects to the addresses that brokers advertise, so a proxy in front of the usual port
/// would be bypassed after the first answer. Each broker therefore has a second listener that advertises the
/// proxy's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxiedListener {
    /// The port on which the proxy has to listen, and which clients use as bootstrap server.
    pub proxy: u16,
    /// The broker's own port, where the proxy has to connect to.
    pub upstream: u16,
}

impl Launch {
    /// The command that prepares a broker's empty data directory. All brokers of a cluster get the same id.
    pub fn format(&self, cluster_id: &str, properties: &Path) -> Command {
        let mut java = self.java(128);
        java.args(["-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format"]);
        java.args(["-t", cluster_id, "-c"]).arg(properties);
        java
    }

    /// The command that is a broker.
    pub fn broker(&self, properties: &Path) -> Command {
        let mut java = self.java(self.heap_mb);
        java.arg("kafka.Kafka").arg(properties);
        java
    }

    fn java(&self, heap_mb: u32) -> Command {
        let mut java = Command::new("java");
        java.current_dir(&self.directory)
            .arg(format!("-Xmx{heap_mb}m"))
            // The serial collector takes the least memory and threads, and starts fastest.
            .arg("-XX:+UseSerialGC")
            .arg(format!(
                "-Dlog4j2.configurationFile={}",
                self.directory.join(LOG4J2_FILE).display()
            ))
            .args(&self.java_arguments)
            .args(["-cp", &self.class_path]);
        java
    }
}

/// The file that [`LOG4J2`] goes to.
pub const LOG4J2_FILE: &str = "log4j2.properties";

/// Logging to standard output.
pub const LOG4J2: &str = "\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %m (%c{1})%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
";

/// The server.properties of broker `index` of the cluster whose brokers have these `ports`.
pub fn server_properties(index: usize, ports: &[Ports], directory: &Path, options: &KafkaOptions) -> String {
    let own = ports[index];
    let replicas = ports.len();
    let min_in_sync = if replicas == 1 { 1 } else { 2 };
    // After this time a killed broker loses its leaderships, and before it has passed, it is not let in
    // again. With much less, a busy machine looks like a dead broker. A lone broker has nobody to lose its
    // leaderships to.
    let session_ms = if replicas == 1 { 3_000 } else { 6_000 };
    let voters: Vec<String> = ports
        .iter()
        .enumerate()
        .map(|(voter, its)| format!("{}@127.0.0.1:{}", node_id(voter), its.controller))
        .collect();
    let (mut protocols, mut listeners, mut advertised) = (String::new(), String::new(), String::new());
    if let Some(ProxiedListener { proxy, upstream }) = own.proxied {
        protocols = ",PROXIED:PLAINTEXT".to_owned();
        listeners = format!(",PROXIED://127.0.0.1:{upstream}");
        advertised = format!(",PROXIED://{}:{proxy}", options.proxy_host);
    }
    for listener in &options.listeners {
        let FurtherListener {
            name,
            protocol,
            port,
            advertised: address,
        } = listener;
        // Writing to a String cannot fail.
        let _ = write!(protocols, ",{name}:{protocol}");
        let _ = write!(listeners, ",{name}://127.0.0.1:{port}");
        let _ = write!(advertised, ",{name}://{address}");
    }
    let mut text = format!(
        "\
process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT{protocols}
inter.broker.listener.name=CLIENT
listeners=CLIENT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}{listeners}
advertised.listeners=CLIENT://127.0.0.1:{client}{advertised}
log.dirs={data}
default.replication.factor={replicas}
min.insync.replicas={min_in_sync}
offsets.topic.replication.factor={replicas}
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={min_in_sync}
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={min_in_sync}
# 50 partitions each would only make the first commit and the first transaction slow.
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
num.partitions=1
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
message.max.bytes={MESSAGE_MAX_BYTES}
replica.fetch.max.bytes={MESSAGE_MAX_BYTES}
broker.session.timeout.ms={session_ms}
broker.heartbeat.interval.ms=500
",
        id = node_id(index),
        voters = voters.join(","),
        client = own.client,
        controller = own.controller,
        data = directory.join(format!("{}-data", broker_name(index))).display(),
    );
    for (key, value) in &options.properties {
        // Of two lines with one key, java.util.Properties keeps the later.
        let _ = writeln!(text, "{key}={value}");
    }
    text
}

/// Kafka's node ids count from 1 here, so that a 0 in a log is never a broker.
pub fn node_id(index: usize) -> i32 {
    i32::try_from(index + 1).unwrap_or(i32::MAX)
}

/// What a broker's files are called.
pub fn broker_name(index: usize) -> String {
    format!("kafka-{}", node_id(index))
}

/// 16 bytes as unpadded base64: 21 free characters, and a last one that stands for two bits only. A new id
/// for every cluster, so that a broker that ends up talking to one of another is refused.
pub fn random_cluster_id() -> String {
    let random = RandomState::new();
    format!(
        "{:016x}{:05x}A",
        random.hash_one(1),
        random.hash_one(2) & 0xf_ffff
    )
}
