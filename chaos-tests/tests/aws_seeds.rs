//! Seeds that are machines of AWS, against moto: which instances are found, who may find them, and nodes that find
//! each other so.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::cluster::{Cluster, Flow, gossip_options};
use aurora_chaos_tests::moto::{AccessKey, Moto, REGION, texts};
use aurora_chaos_tests::node::{Node, NodeOptions};
use aurora_chaos_tests::process::free_port;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::shared;
use aurora_chaos_tests::stack::PATIENCE;
use aurora_node::aws::AwsError;
use aurora_node::cluster::ec2::{Ec2Seeds, LookupError};
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

const PARTITIONS: i32 = 4;
/// More than one page of EC2's answers.
const GROUP: usize = 108;

fn anybody() -> AccessKey {
    AccessKey {
        id: "anybody".to_owned(),
        secret: "anything".to_owned(),
    }
}

fn seeds(moto: &Moto, key: &AccessKey, text: &str) -> Result<Ec2Seeds> {
    let credentials = Credentials::new(&key.id, &key.secret, None, None, "test");
    let config = SdkConfig::builder()
        .region(Region::new(REGION))
        .endpoint_url(moto.endpoint())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    Ok(Ec2Seeds::with_config(text.parse()?, config))
}

/// Whom the seeds find. A lookup has seconds, which an emulator on a busy machine may need longer than.
async fn lookup(seeds: &Ec2Seeds) -> Result<Vec<SocketAddr>, LookupError> {
    for _ in 1..5 {
        match seeds.lookup().await {
            Err(LookupError::Aws(
                AwsError::Late | AwsError::Unreachable { .. } | AwsError::Failed { .. },
            )) => {}
            other => return other,
        }
    }
    seeds.lookup().await
}

/// Nodes on 127.0.0.2, 127.0.0.3 and so on, all at one gossip port, whose only seed is `seed`.
async fn nodes(
    sandbox: &Sandbox,
    topic: &str,
    count: u8,
    seed: impl Fn(u16) -> String,
) -> Result<(ClickHouse, Vec<NodeOptions>)> {
    let kafka = shared::kafka().await?;
    Flow::prepare(kafka, topic, PARTITIONS).await?;
    let clickhouse = ClickHouse::start(sandbox).await?;
    let common = NodeOptions::new(kafka, &clickhouse, &[topic]);
    let mut gossip = gossip_options(1)?.remove(0);
    gossip.seeds = vec![seed(gossip.listen.port())];
    let nodes = (1..=count).map(|number| {
        let mut gossip = gossip.clone();
        gossip.listen.set_ip(IpAddr::V4(loopback(number)));
        gossip.advertise = gossip.listen;
        NodeOptions {
            id: format!("node-{number}"),
            cluster: Some(gossip),
            ..common.clone()
        }
    });
    let nodes = nodes.collect();
    Ok((clickhouse, nodes))
}

/// The address of a node.
fn loopback(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, number + 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_stands_for_its_running_instances() -> Result<()> {
    Sandbox::run("aws-group", async |sandbox| {
        let moto = Moto::start(sandbox).await?;
        moto.make_group("aurora", GROUP).await?;
        moto.make_group("another", 2).await?;
        moto.run_instance(Ipv4Addr::new(10, 0, 0, 9), ("Name", "aurora"))
            .await?;
        let mut instances = moto.group("aurora").await?;
        ensure!(instances.len() == GROUP, "there are {}", instances.len());
        for gone in instances.split_off(GROUP - 5) {
            moto.terminate(&gone).await?;
        }
        let stopped = instances.pop().context("there are more")?;
        moto.stop(&stopped).await?;
        let mut expected = BTreeSet::new();
        for instance in &instances {
            expected.insert(SocketAddr::from((moto.address(instance).await?, 7_946)));
        }
        ensure!(expected.len() == GROUP - 6, "there are {}", expected.len());

        // The others are there as well, and one answer does not hold all.
        let filter = [
            ("Filter.1.Name", "tag:aws:autoscaling:groupName"),
            ("Filter.1.Value.1", "aurora"),
        ];
        let at_most = |count| [filter[0], filter[1], ("MaxResults", count)];
        let page = moto.ec2("DescribeInstances", &at_most("100")).await?;
        ensure!(texts(&page, "nextToken").len() == 1, "all are on one page");
        let all = moto.ec2("DescribeInstances", &at_most("1000")).await?;
        ensure!(
            all.contains("<name>stopped</name>"),
            "moto has forgotten the stopped one"
        );

        for text in ["asg:aurora:7946", "ec2-tag:aws:autoscaling:groupName=aurora:7946"] {
            let found = lookup(&seeds(&moto, &anybody(), text)?).await?;
            ensure!(found.len() == expected.len(), "{text}: {} are found", found.len());
            ensure!(
                found.into_iter().collect::<BTreeSet<_>>() == expected,
                "{text}: not these"
            );
        }
        // Moto takes a group's tag away from what is terminated, and leaves others.
        let pair = ("aurora", "pair");
        moto.run_instance(Ipv4Addr::new(10, 0, 0, 7), pair).await?;
        let gone = moto.run_instance(Ipv4Addr::new(10, 0, 0, 8), pair).await?;
        moto.ec2("TerminateInstances", &[("InstanceId.1", &gone)]).await?;
        let filter = [("Filter.1.Name", "tag:aurora"), ("Filter.1.Value.1", "pair")];
        let all = moto.ec2("DescribeInstances", &filter).await?;
        ensure!(
            all.contains("<name>terminated</name>"),
            "moto has forgotten it: {all}"
        );
        let left = lookup(&seeds(&moto, &anybody(), "ec2-tag:aurora=pair:7946")?).await?;
        ensure!(left == [SocketAddr::from(([10, 0, 0, 7], 7_946))], "{left:?}");
        // A wildcard in a name is none.
        let wildcard = lookup(&seeds(&moto, &anybody(), "asg:auror*:7946")?).await;
        ensure!(
            matches!(wildcard, Err(LookupError::Nobody { .. })),
            "{wildcard:?}"
        );
        let nobody = lookup(&seeds(&moto, &anybody(), "asg:aurora-2:7946")?).await;
        ensure!(matches!(nobody, Err(LookupError::Nobody { .. })), "{nobody:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_look_is_told_what_to_allow() -> Result<()> {
    Sandbox::run("aws-policies", async |sandbox| {
        let moto = Moto::start(sandbox).await?;
        moto.run_instance(loopback(1), ("aurora", "a b=c:d+é&")).await?;
        let key = moto.user("aurora").await?;
        let seeds = |key: &AccessKey| seeds(&moto, key, "ec2-tag:aurora=a b=c:d+é&:7946");

        moto.enforce_policies(true).await?;
        let own = seeds(&key)?;
        let refused = lookup(&own).await;
        ensure!(
            matches!(refused, Err(LookupError::Aws(AwsError::Denied { .. }))),
            "{refused:?}"
        );
        let words = refused.map_err(|error| error.to_string()).unwrap_err();
        ensure!(words.contains("ec2:DescribeInstances"), "{words}");
        for wrong in [
            AccessKey {
                secret: "mistyped".to_owned(),
                ..key.clone()
            },
            anybody(),
        ] {
            let refused = lookup(&seeds(&wrong)?).await;
            ensure!(
                matches!(refused, Err(LookupError::Aws(AwsError::Refused(_)))),
                "{refused:?}"
            );
        }

        moto.enforce_policies(false).await?;
        moto.allow("aurora", "ec2:DescribeInstances").await?;
        moto.enforce_policies(true).await?;
        // The signature holds for whatever stands in a tag, and the same seeds find it as soon as they may.
        let found = lookup(&own).await?;
        ensure!(found == [SocketAddr::from((loopback(1), 7_946))], "{found:?}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_find_each_other_by_a_tag() -> Result<()> {
    Sandbox::run("aws-tag", async |sandbox| {
        let moto = Moto::start(sandbox).await?;
        for number in 1..=3 {
            moto.run_instance(loopback(number), ("aurora:cluster", "test"))
                .await?;
        }
        let seed = |port| format!("ec2-tag:aurora:cluster=test:{port}");
        let (_clickhouse, mut nodes) = nodes(sandbox, "aws-tag", 3, seed).await?;
        for node in &mut nodes {
            node.environment = Moto::variables(moto.endpoint(), &anybody());
        }
        let cluster = Cluster::with_options(sandbox, &nodes).await?;
        cluster.until_balanced(3, PARTITIONS as usize).await.map(drop)
    })
    .await
}

/// One node does not reach EC2, another has no credentials. Both work, and say what is wrong; once it is put right,
/// while they run, they find each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_without_aws_work_on_and_say_why_they_are_alone() -> Result<()> {
    Sandbox::run("aws-away", async |sandbox| {
        let port = free_port()?;
        let endpoint = format!("http://127.0.0.1:{port}");
        let seed = |port| format!("ec2-tag:aurora=test:{port}");
        let (_clickhouse, mut nodes) = nodes(sandbox, "aws-away", 2, seed).await?;
        let credentials = sandbox.path("credentials");
        let variables = Moto::variables(&endpoint, &anybody());
        let file = ("AWS_SHARED_CREDENTIALS_FILE", credentials.clone());
        let nowhere = ("AWS_CONFIG_FILE", sandbox.path("there-is-none"));
        let files = [file, nowhere].map(|(name, path)| (name.to_owned(), path.display().to_string()));
        nodes[0].environment = variables.clone();
        let keys = |name: &str| name.contains("ACCESS_KEY");
        let without_keys = variables.into_iter().filter(|(name, _)| !keys(name));
        nodes[1].environment = without_keys.chain(files).collect();

        let unreached = Node::start(sandbox, &nodes[0]).await?;
        until_said(&unreached, &["EC2 cannot be reached", &endpoint]).await?;
        let cluster = Cluster {
            nodes: vec![unreached],
        };
        cluster.until_balanced(1, PARTITIONS as usize).await?;
        let nameless = Node::start(sandbox, &nodes[1]).await?;
        until_said(&nameless, &["no AWS credentials were found", "instance profile"]).await?;

        let key = anybody();
        let profile = format!(
            "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            key.id, key.secret
        );
        sandbox.write("credentials", profile)?;
        let moto = Moto::start_at(sandbox, port).await?;
        for number in 1..=2 {
            moto.run_instance(loopback(number), ("aurora", "test")).await?;
        }
        let mut nodes = cluster.nodes;
        nodes.push(nameless);
        let cluster = Cluster { nodes };
        cluster.until_balanced(2, PARTITIONS as usize).await.map(drop)
    })
    .await
}

/// Waits until a node's warning that it is alone says all of `texts`.
async fn until_said(node: &Node, texts: &[&str]) -> Result<()> {
    let process = node.process().context("the node has been started")?;
    let what = format!("{} to say {texts:?}", node.id());
    eventually(&what, PATIENCE, async || {
        let warning = process
            .find_in_log("no other node answers")
            .context("there is no warning")?;
        ensure!(
            texts.iter().all(|text| warning.contains(text)),
            "it says {warning}"
        );
        anyhow::Ok(true)
    })
    .await
    .map(drop)
}
