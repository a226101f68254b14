//! Who may join a cluster, and what happens to those who may not: a clear answer, and no harm to those who work.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::binary;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::cluster::{Cluster, Flow, Standstill, gossip_options};
use aurora_chaos_tests::kafka::{Kafka, KafkaOptions};
use aurora_chaos_tests::load::{Load, Produced};
use aurora_chaos_tests::netns::{Network, NetworkFault, NetworkFaultId};
use aurora_chaos_tests::node::{GossipOptions, Node, NodeOptions, stream_id};
use aurora_chaos_tests::process::free_port;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::shared;
use aurora_chaos_tests::stack::PATIENCE;
use aurora_chaos_tests::toxiproxy::{Toxiproxy, bootstrap_servers};
use aurora_cluster::ClusterKey;

const PARTITIONS: i32 = 4;

/// Two nodes that share a topic.
struct Pair {
    clickhouse: ClickHouse,
    cluster: Cluster,
    /// What a third node's configuration would say.
    third: NodeOptions,
    third_gossip: GossipOptions,
}

impl Pair {
    async fn start(sandbox: &Sandbox, topic: &str) -> Result<Self> {
        let kafka = shared::kafka().await?;
        Flow::prepare(kafka, topic, PARTITIONS).await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let common = NodeOptions::new(kafka, &clickhouse, &[topic]);
        let mut gossip = gossip_options(3)?;
        let third_gossip = gossip.pop().context("three")?;
        let nodes: Vec<NodeOptions> = gossip
            .into_iter()
            .zip(["node-1", "node-2"])
            .map(|(gossip, id)| NodeOptions {
                id: id.to_owned(),
                cluster: Some(gossip),
                ..common.clone()
            })
            .collect();
        let cluster = Cluster::with_options(sandbox, &nodes).await?;
        cluster.until_balanced(2, PARTITIONS as usize).await?;
        Ok(Self {
            clickhouse,
            cluster,
            third: NodeOptions {
                id: "node-3".to_owned(),
                ..common
            },
            third_gossip,
        })
    }

    async fn epochs(&self) -> Result<u64> {
        self.clickhouse.number("SELECT count() FROM aurora.owners").await
    }

    /// Requires that a node ends by itself, unsuccessfully, having said all of `texts`, and that nothing has
    /// changed for the others.
    async fn require_turned_away(
        &self,
        sandbox: &Sandbox,
        options: &NodeOptions,
        texts: &[&str],
    ) -> Result<()> {
        let before = self.epochs().await?;
        let process = Node::start_in_vain(sandbox, options).await?;
        let status = process.wait(PATIENCE).await?;
        let said = process.log_tail(20);
        ensure!(!status.success(), "it ended well, having said:\n{said}");
        for text in texts {
            ensure!(said.contains(text), "it does not say {text:?}:\n{said}");
        }
        ensure!(self.epochs().await? == before, "partitions have changed hands");
        self.cluster.until_balanced(2, PARTITIONS as usize).await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_and_namesakes_are_turned_away() -> Result<()> {
    Sandbox::run("membership-strangers", async |sandbox| {
        let pair = Pair::start(sandbox, "membership-strangers").await?;
        let with = |id: &str, cluster: Option<GossipOptions>| NodeOptions {
            id: id.to_owned(),
            cluster,
            ..pair.third.clone()
        };
        let own = pair.third_gossip.clone();
        let other_key = GossipOptions {
            key: ClusterKey::generate().expose_base64().to_string(),
            ..own.clone()
        };
        let texts = ["belongs to the cluster \"test\"", "another key", "[cluster]"];
        pair.require_turned_away(sandbox, &with("other-key", Some(other_key)), &texts)
            .await?;
        let other_name = GossipOptions {
            name: "elsewhere".to_owned(),
            ..own.clone()
        };
        let texts = ["belongs to the cluster \"test\"", "\"elsewhere\""];
        pair.require_turned_away(sandbox, &with("other-name", Some(other_name)), &texts)
            .await?;
        let texts = ["belongs to the cluster \"test\"", "this node is of none"];
        pair.require_turned_away(sandbox, &with("no-cluster", None), &texts)
            .await?;
        let http = pair.cluster.nodes[0].api().base().to_owned();
        // The files of a node in the sandbox are called like the node, so the namesake has a sandbox of its own.
        let elsewhere = Sandbox::new("membership-namesake")?;
        let namesake = with("node-1", Some(own));
        let texts = ["another node called node-1 is running", &http, "another `id`"];
        pair.require_turned_away(&elsewhere, &namesake, &texts).await
    })
    .await
}

/// A node that others cannot answer hears nothing, takes nothing and says why; once it is started with an address that
/// they reach, it is one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_nobody_can_answer_takes_no_work() -> Result<()> {
    Sandbox::run("membership-unreachable", async |sandbox| {
        let pair = Pair::start(sandbox, "membership-unreachable").await?;
        // Something has to be written for as long as the stranger looks for traces of others.
        let kafka = shared::kafka().await?;
        let load = aurora_chaos_tests::load::Load {
            events: 200_000,
            first: 5_000,
            ..aurora_chaos_tests::load::Load::new("membership-unreachable", PARTITIONS)
        };
        let _load = load.paced(kafka, 500)?;
        let before = pair.epochs().await?;
        let unreachable = GossipOptions {
            // The others look for a third node at its own address: not there.
            listen: (Ipv4Addr::LOCALHOST, free_port()?).into(),
            advertise: (Ipv4Addr::LOCALHOST, free_port()?).into(),
            ..pair.third_gossip.clone()
        };
        let lost = NodeOptions {
            cluster: Some(unreachable),
            ..pair.third.clone()
        };
        let node = Node::start(sandbox, &lost).await?;
        let process = node.process().context("the node has been started")?;
        eventually("a warning", PATIENCE, async || {
            process.find_in_log("no other node answers")
        })
        .await?;
        // It has looked for traces of others by then, and found them.
        tokio::time::sleep(Duration::from_secs(8)).await;
        let status = node.api().cluster().await?;
        ensure!(
            status.nodes.len() == 1 && status.nodes[0].state == "joining",
            "it sees {:?}",
            status.nodes
        );
        ensure!(pair.epochs().await? == before, "partitions have changed hands");
        node.terminate().await?;
        let found = NodeOptions {
            cluster: Some(pair.third_gossip.clone()),
            ..pair.third.clone()
        };
        let _node = Node::start(sandbox, &found).await?;
        pair.cluster
            .until_balanced(3, PARTITIONS as usize)
            .await
            .map(drop)
    })
    .await
}

/// A first node whose only seed is down begins alone, when nobody else writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seed_that_is_down_holds_nobody_up_for_ever() -> Result<()> {
    Sandbox::run("membership-seed", async |sandbox| {
        let kafka = shared::kafka().await?;
        Flow::prepare(kafka, "membership-seed", PARTITIONS).await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let mut gossip = gossip_options(1)?.remove(0);
        gossip.seeds = vec![format!("127.0.0.1:{}", free_port()?)];
        let options = NodeOptions {
            cluster: Some(gossip),
            ..NodeOptions::new(kafka, &clickhouse, &["membership-seed"])
        };
        let cluster = Cluster::with_options(sandbox, &[options]).await?;
        cluster.until_balanced(1, PARTITIONS as usize).await?;
        let process = cluster.nodes[0].process().context("the node runs")?;
        for text in ["no other node answers", "begins alone"] {
            ensure!(process.find_in_log(text).is_some(), "it does not say {text:?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drain_lets_a_node_hand_over_and_go() -> Result<()> {
    Sandbox::run("membership-drain", async |sandbox| {
        let pair = Pair::start(sandbox, "membership-drain").await?;
        let asked = pair.cluster.nodes[0].api().base().to_owned();
        let drained = binary::run(["drain", "node-2", "--node", &asked], PATIENCE).await?;
        let said = String::from_utf8_lossy(&drained.stderr).into_owned();
        ensure!(
            drained.status.success() && said.contains("node-2 has gone"),
            "{said}"
        );
        let process = pair.cluster.nodes[1].process().context("node-2 was started")?;
        ensure!(
            process.wait(PATIENCE).await?.success(),
            "{}",
            process.log_tail(10)
        );
        pair.cluster.until_balanced(1, PARTITIONS as usize).await?;
        let status = binary::run(["status", "--node", &asked], PATIENCE).await?;
        let status: serde_json::Value = serde_json::from_slice(&status.stdout)?;
        let partitions = status["partitions"]
            .as_array()
            .context("the status has partitions")?;
        ensure!(
            partitions.len() == PARTITIONS as usize
                && partitions
                    .iter()
                    .all(|partition| partition["last_handover"]["kind"] != "taken-over"),
            "{status}"
        );
        let unknown = binary::run(["drain", "node-9", "--node", &asked], PATIENCE).await?;
        ensure!(!unknown.status.success(), "there is no node-9");
        Ok(())
    })
    .await
}

/// Two nodes, each in a network of its own, that both reach Kafka and ClickHouse.
struct Halves {
    network: Network,
    kafka: Kafka,
    clickhouse: ClickHouse,
    /// What was in the topic before the nodes.
    sample: (Load, Produced),
    nodes: Vec<NodeOptions>,
    _toxiproxy: Toxiproxy,
}

impl Halves {
    async fn prepare(sandbox: &Sandbox, topic: &str) -> Result<Self> {
        let network = Network::new(2)?;
        let options = KafkaOptions {
            proxy_host: network.host(),
            ..KafkaOptions::default()
        };
        let kafka = Kafka::start(sandbox, options).await?;
        let sample = Flow::prepare(&kafka, topic, PARTITIONS).await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let toxiproxy = Toxiproxy::start(sandbox).await?;
        let brokers = bootstrap_servers(&toxiproxy.before_kafka(&kafka).await?);
        let proxy = toxiproxy
            .before_clickhouse_on(&clickhouse, network.host())
            .await?;
        let gossip = gossip_options(1)?.remove(0);
        let members = network.members();
        let seeds: Vec<String> = members
            .iter()
            .map(|member| format!("{}:7946", member.address()))
            .collect();
        let nodes = members.iter().enumerate().map(|(index, member)| {
            let mut node = NodeOptions::new(&kafka, &clickhouse, &[topic]);
            node.id = format!("node-{}", index + 1);
            node.brokers = brokers.clone();
            node.writer.url = format!("http://{}", proxy.address());
            node.reader.url = node.writer.url.clone();
            node.token = Some("split".to_owned());
            node.cluster = Some(GossipOptions {
                listen: (Ipv4Addr::UNSPECIFIED, 7_946).into(),
                advertise: (member.address(), 7_946).into(),
                seeds: seeds.clone(),
                ..gossip.clone()
            });
            node.member = Some(member.clone());
            node
        });
        Ok(Self {
            nodes: nodes.collect(),
            network,
            kafka,
            clickhouse,
            sample,
            _toxiproxy: toxiproxy,
        })
    }

    fn split(&self) -> Result<NetworkFaultId> {
        self.network.add(NetworkFault::Split {
            left: vec![0],
            right: vec![1],
        })
    }

    /// How many epochs have been taken, in all and by who took fewest.
    async fn epochs(&self) -> Result<(u64, u64)> {
        let all = "SELECT count() FROM aurora.owners";
        let fewest =
            "SELECT min(turns) FROM (SELECT node, count() AS turns FROM aurora.owners GROUP BY node)";
        let all = self.clickhouse.number(all).await?;
        Ok((all, self.clickhouse.number(fewest).await?))
    }
}

/// Two nodes that both began alone, with nothing to write: the one that has lost its partitions meanwhile learns of it
/// without an insert, and asks for its share when they meet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn halves_with_nothing_to_do_share_again_when_they_meet() -> Result<()> {
    Sandbox::run("membership-idle", async |sandbox| {
        let halves = Halves::prepare(sandbox, "membership-idle").await?;
        let split = halves.split()?;
        let cluster = Cluster::with_options(sandbox, &halves.nodes).await?;
        eventually("both to take all partitions", PATIENCE, async || {
            let (all, fewest) = halves.epochs().await?;
            anyhow::Ok(all >= 2 * PARTITIONS as u64 && fewest >= PARTITIONS as u64)
        })
        .await?;
        halves.network.remove(split)?;
        cluster.until_balanced(2, PARTITIONS as usize).await?;
        Ok(())
    })
    .await
}

/// Two halves of a cluster that cannot see each other, while both reach Kafka and ClickHouse, both believe that all
/// partitions are theirs. They take them from each other, less and less often; events go on, and none is lost or
/// doubled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_halves_that_both_believe_to_be_the_whole_stay_exact() -> Result<()> {
    Sandbox::run("membership-split", async |sandbox| {
        let topic = "membership-split";
        let halves = Halves::prepare(sandbox, topic).await?;
        let cluster = Cluster::with_options(sandbox, &halves.nodes).await?;
        cluster.until_balanced(2, PARTITIONS as usize).await?;
        let stream = cluster.any()?.api().stream(&stream_id(topic)).await?;
        let table = stream.table.context("the stream has no table")?;
        let flow = Flow::start(&halves.kafka, halves.sample.clone(), 400_000, 2_000)?;
        let standstill = Standstill::watch(&halves.clickhouse, &table);
        let split = halves.split()?;
        let (before, _) = halves.epochs().await?;
        // Each node has taken partitions from the other, more than once.
        eventually("the halves to take from each other", PATIENCE, async || {
            let (all, fewest) = halves.epochs().await?;
            anyhow::Ok(all >= before + 12 && fewest >= 4)
        })
        .await?;
        tokio::time::sleep(Duration::from_secs(30)).await;
        let (after, _) = halves.epochs().await?;
        eprintln!(
            "{} epochs in the split; longest standstill {:?}",
            after - before,
            standstill.longest()
        );
        halves.network.remove(split)?;
        cluster.until_balanced(2, PARTITIONS as usize).await?;
        let finished = flow.stop().await?;
        let Halves {
            kafka, clickhouse, ..
        } = &halves;
        let table = finished.until_journaled(&cluster, kafka, clickhouse).await?;
        finished.require_exactly_once(&cluster, clickhouse, &table).await
    })
    .await
}
