//! `aurora up --nodes N`: every node a process of its own, on one machine.
//!
//! Each gets a configuration file in the data directory, and could be started by hand with it: that is
//! what the notes say when one of them ends.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use aurora_actors::store::Login;
use aurora_cluster::ClusterKey;
use aurora_cluster::membership::GossipTiming;

use crate::cli::output;
use crate::config::{ConnectionSection, StreamSection, default_database};
use crate::embedded::clickhouse::write_private;
use crate::embedded::process::ChildProcess;
use crate::http::cluster::ClusterStatus;
use crate::node::ClusterOptions;

/// The cluster's name.
pub(super) const CLUSTER: &str = "local";
/// How long all nodes may take to get ready.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// How long a node may take to hand over.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// How often to look whether all still run.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);

/// What all nodes have in common.
pub(super) struct Common<'a> {
    pub(super) data_dir: &'a Path,
    pub(super) key: ClusterKey,
    pub(super) token: Option<&'a str>,
    pub(super) writer: Login,
    pub(super) reader: Login,
    pub(super) grafana: Login,
    pub(super) connections: &'a [ConnectionSection],
    pub(super) streams: &'a [StreamSection],
}

/// One node.
pub(super) struct Peer {
    pub(super) id: String,
    pub(super) http: SocketAddr,
    pub(super) pid: u32,
    config: PathBuf,
    process: Option<ChildProcess>,
}

/// All nodes.
pub(super) struct Peers {
    pub(super) nodes: Vec<Peer>,
}

impl Peers {
    /// Starts `count` nodes, the first of which serves `http`, and waits until all are ready.
    pub(super) async fn start(count: usize, http: SocketAddr, common: &Common<'_>) -> anyhow::Result<Self> {
        let directory = common.data_dir.join("nodes");
        fs::create_dir_all(&directory)
            .with_context(|| format!("the directory {} cannot be made", directory.display()))?;
        let gossip = free_gossip_addresses(count)?;
        let program = std::env::current_exe().context("the path of this program is not known")?;
        let mut nodes = Vec::new();
        for number in 1..=count {
            let id = format!("node-{number}");
            let http = match number {
                1 => http,
                _ => free_http_address(http)?,
            };
            let config = directory.join(format!("{id}.toml"));
            let text = configuration(&id, http, number - 1, &gossip, common);
            write_private(&config, text.as_bytes())
                .with_context(|| format!("{} cannot be written", config.display()))?;
            let mut command = Command::new(&program);
            command.args(["node", "--config"]).arg(&config);
            let process = ChildProcess::spawn(&directory, &id, command)?;
            nodes.push(Peer {
                id,
                http,
                pid: process.pid(),
                config,
                process: Some(process),
            });
        }
        let mut peers = Self { nodes };
        match peers.until_ready(common.token).await {
            Ok(()) => Ok(peers),
            Err(error) => {
                peers.stop().await;
                Err(error)
            }
        }
    }

    async fn until_ready(&mut self, token: Option<&str>) -> anyhow::Result<()> {
        let started = Instant::now();
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(2))
            .build()?;
        let url = format!("http://{}/api/v1/cluster", self.nodes[0].http);
        loop {
            for node in &mut self.nodes {
                if let Some(process) = &mut node.process {
                    process.ensure_running()?;
                }
            }
            let request = match token {
                Some(token) => client.get(&url).bearer_auth(token),
                None => client.get(&url),
            };
            if let Ok(answer) = request.send().await
                && let Ok(status) = answer.json::<ClusterStatus>().await
                && status.nodes.iter().filter(|node| node.state == "ready").count() == self.nodes.len()
            {
                return Ok(());
            }
            if started.elapsed() > READY_LIMIT {
                bail!(
                    "the nodes did not find each other within {} s; their logs are in {}",
                    READY_LIMIT.as_secs(),
                    self.nodes[0].config.with_file_name("").display()
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Says when a node ends, and waits until none is left.
    pub(super) async fn watch(&mut self) {
        while self.nodes.iter().any(|node| node.process.is_some()) {
            for node in &mut self.nodes {
                node.look();
            }
            tokio::time::sleep(WATCH_INTERVAL).await;
        }
        output::note("no node is left");
    }

    /// Lets all nodes hand over and end, at the same time.
    pub(super) async fn stop(&mut self) {
        let processes: Vec<ChildProcess> = self
            .nodes
            .iter_mut()
            .filter_map(|node| node.process.take())
            .collect();
        processes.iter().for_each(ChildProcess::ask_to_end);
        for mut process in processes {
            // What does not end is killed by being dropped.
            let _ = process.wait(STOP_LIMIT).await;
        }
    }
}

impl Peer {
    fn look(&mut self) {
        let Some(process) = &mut self.process else { return };
        let Ok(Some(status)) = process.exit_status() else {
            return;
        };
        let log = process.log().display().to_string();
        self.process = None;
        output::note(&format!(
            "{} has ended ({status}); the others take over. Its log is {log}; start it again with: aurora node --config {}",
            self.id,
            self.config.display()
        ));
    }
}

/// The key of the nodes here, made once per data directory.
pub(super) fn cluster_key(data_dir: &Path) -> anyhow::Result<ClusterKey> {
    let path = data_dir.join("cluster.key");
    match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().with_context(|| {
            format!(
                "{} holds no cluster key; remove it to get a new one",
                path.display()
            )
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = ClusterKey::generate();
            write_private(&path, key.expose_base64().as_bytes())
                .with_context(|| format!("{} cannot be written", path.display()))?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// A cluster of one, which others on this machine could join.
pub(super) fn alone(key: ClusterKey) -> ClusterOptions {
    let gossip = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    ClusterOptions {
        name: CLUSTER.to_owned(),
        key,
        listen: gossip,
        advertise: gossip,
        seeds: Vec::new(),
        advertise_http: None,
        capacity: 1,
        timing: GossipTiming::default(),
    }
}

/// As many addresses on loopback that nobody gossips at. All are held until all are found, so that none is
/// found twice.
fn free_gossip_addresses(count: usize) -> anyhow::Result<Vec<SocketAddr>> {
    let sockets: Vec<UdpSocket> = (0..count)
        .map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<Result<_, _>>()
        .context("no port is free for gossip")?;
    sockets
        .iter()
        .map(|socket| socket.local_addr().context("a socket has no address"))
        .collect()
}

fn free_http_address(like: SocketAddr) -> anyhow::Result<SocketAddr> {
    let listener =
        TcpListener::bind(SocketAddr::new(like.ip(), 0)).context("no port is free for a node's HTTP")?;
    listener.local_addr().context("a socket has no address")
}

fn configuration(
    id: &str,
    http: SocketAddr,
    index: usize,
    gossip: &[SocketAddr],
    common: &Common<'_>,
) -> String {
    // A text of JSON is one of TOML, too.
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let login = |login: &Login| {
        let (user, password) = (text(&login.user), text(&login.password));
        format!("{{ user = {user}, password = {password} }}")
    };
    let seeds: Vec<String> = gossip.iter().map(|address| text(&address.to_string())).collect();
    let mut toml = format!(
        "# Written by `aurora up`; a change is gone at its next start.\n\
         [node]\nid = {}\nhttp = \"{http}\"\n",
        text(id)
    );
    if let Some(token) = common.token {
        // Writing to a String cannot fail.
        let _ = writeln!(toml, "token = {}", text(token));
    }
    let _ = write!(
        toml,
        "\n[cluster]\nname = \"{CLUSTER}\"\nkey = {}\ngossip = \"{}\"\nseeds = [{}]\ncapacity = 1\n\
         \n[clickhouse]\nurl = {}\ndatabase = {}\nwriter = {}\nreader = {}\n",
        text(&common.key.expose_base64()),
        gossip[index],
        seeds.join(", "),
        text(&common.writer.url),
        text(&default_database()),
        login(&common.writer),
        login(&common.reader),
    );
    // Where a Grafana is, and its login, come from the environment.
    let _ = writeln!(toml, "\n[grafana]\ndatasource = {}", login(&common.grafana));
    for connection in common.connections {
        let _ = write!(
            toml,
            "\n[[connections]]\nname = {}\nbrokers = {}\n\n[connections.properties]\n",
            text(&connection.name),
            text(&connection.brokers)
        );
        for (name, value) in &connection.properties {
            let _ = writeln!(toml, "{} = {}", text(name), text(value.as_written()));
        }
    }
    for stream in common.streams {
        let _ = write!(
            toml,
            "\n[[streams]]\nconnection = {}\ntopic = {}\n",
            text(&stream.connection),
            text(&stream.topic)
        );
        if let Some(identity) = &stream.topic_identity {
            let _ = writeln!(toml, "topic_identity = {}", text(identity));
        }
    }
    toml
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Secret};

    #[tokio::test]
    async fn what_is_written_can_be_read() {
        let login = |user: &str| Login {
            url: "http://127.0.0.1:8123".to_owned(),
            user: user.to_owned(),
            password: "it's \"quoted\"".to_owned(),
        };
        let connection = ConnectionSection {
            name: "kafka".to_owned(),
            brokers: "localhost:9092".to_owned(),
            properties: [("a.b".to_owned(), Secret::new("c"))].into(),
        };
        let stream = StreamSection {
            connection: "kafka".to_owned(),
            topic: "orders".to_owned(),
            topic_identity: Some("run".to_owned()),
            columns: aurora_actors::ingest::schema::choice::Choices::default(),
        };
        let key = ClusterKey::generate();
        let common = Common {
            data_dir: Path::new("/nowhere"),
            key: key.clone(),
            token: Some("secret"),
            writer: login("w"),
            reader: login("r"),
            grafana: login("g"),
            connections: &[connection],
            streams: &[stream],
        };
        let gossip: Vec<SocketAddr> = vec![
            "127.0.0.1:7001".parse().unwrap(),
            "127.0.0.1:7002".parse().unwrap(),
        ];
        let text = configuration("node-2", "127.0.0.1:8081".parse().unwrap(), 1, &gossip, &common);
        let config = Config::parse(&text).unwrap();
        let cluster = config.cluster.unwrap().options().await.unwrap();
        assert_eq!((cluster.listen, cluster.seeds.len()), (gossip[1], 2));
        assert!(cluster.key == key);
        assert_eq!(
            config.clickhouse.writer.password.resolve().await.unwrap(),
            "it's \"quoted\""
        );
        assert_eq!(config.connections[0].properties["a.b"].as_written(), "c");
        assert_eq!(config.grafana.datasource.user.as_deref(), Some("g"));
        assert_eq!(config.streams[0].topic_identity.as_deref(), Some("run"));
    }
}
