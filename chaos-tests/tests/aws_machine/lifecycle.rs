//! What happens to a node when its machine comes and goes.

use anyhow::{Context, Result, ensure};
use aurora_actors::ingest::status::{Arrival, ArrivalKind};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::cluster::{Cluster, Flow, gossip_options};
use aurora_chaos_tests::hooks::{HookCall, Hooks};
use aurora_chaos_tests::kafka::Kafka;
use aurora_chaos_tests::metadata::Metadata;
use aurora_chaos_tests::node::NodeOptions;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::shared;
use aurora_chaos_tests::stack::PATIENCE;

use super::anybody;

const PARTITIONS: i32 = 4;
const RATE: u32 = 1_000;
/// Longer than any of this takes: the load is ended when it is over.
const LOAD_SECONDS: u64 = 900;
const GROUP: &str = "aurora-test-peers";
const LAUNCHING: &str = "aurora-launching";
const TERMINATING: &str = "aurora-terminating";

/// Two nodes under load, each on a machine of its own; both came through the hook for machines that are launched.
struct Scene {
    kafka: &'static Kafka,
    clickhouse: ClickHouse,
    hooks: Hooks,
    machines: Vec<Metadata>,
    cluster: Cluster,
    flow: Flow,
}

fn instance(index: usize) -> String {
    format!("i-{index}")
}

impl Scene {
    async fn start(sandbox: &Sandbox, topic: &str) -> Result<Self> {
        let kafka = shared::kafka().await?;
        let sample = Flow::prepare(kafka, topic, PARTITIONS).await?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let hooks = Hooks::start().await?;
        let common = NodeOptions::new(kafka, &clickhouse, &[topic]);
        let mut machines = Vec::new();
        let mut nodes = Vec::new();
        for (index, gossip) in gossip_options(2)?.into_iter().enumerate() {
            let machine = Metadata::start(&instance(index), "127.0.0.1", &anybody()).await?;
            machine.set_target_state("InService");
            hooks.wait_at(LAUNCHING, &instance(index));
            // Credentials and region come from the machine.
            let environment = [machine.variables(), hooks.variables()].concat();
            machines.push(machine);
            nodes.push(NodeOptions {
                id: format!("node-{}", index + 1),
                cluster: Some(gossip),
                aws: format!("lifecycle = true\ngroup = \"{GROUP}\"\nlinger_seconds = 1"),
                environment,
                ..common.clone()
            });
        }
        let cluster = Cluster::with_options(sandbox, &nodes).await?;
        cluster.until_balanced(2, PARTITIONS as usize).await?;
        let flow = Flow::start(kafka, sample, LOAD_SECONDS * u64::from(RATE), RATE)?;
        Ok(Self {
            kafka,
            clickhouse,
            hooks,
            machines,
            cluster,
            flow,
        })
    }

    /// Waits until a node has ended by itself.
    async fn until_ended(&self, index: usize) -> Result<()> {
        let process = self.cluster.nodes[index].process().context("it was started")?;
        let status = process.wait(PATIENCE).await?;
        ensure!(
            status.success(),
            "it ended with {status}:\n{}",
            process.log_tail(20)
        );
        Ok(())
    }

    async fn until_all_are_with_the_other(&self) -> Result<()> {
        eventually("the other node to have all partitions", PATIENCE, async || {
            let status = self.cluster.nodes[1].api().cluster().await?;
            let with_it = |owner: &Option<String>| owner.as_deref() == Some("node-2");
            anyhow::Ok(status.nodes.len() == 1 && status.partitions.iter().all(|p| with_it(&p.owner)))
        })
        .await
    }

    fn calls(&self, action: &str, index: usize) -> Vec<HookCall> {
        let calls = self.hooks.calls().into_iter();
        let of_it = |call: &HookCall| call.action == action && call.instance == instance(index);
        calls.filter(of_it).collect()
    }

    async fn require_exactly_once(self) -> Result<()> {
        ensure!(
            self.hooks.unsigned() == 0,
            "{} calls were not signed",
            self.hooks.unsigned()
        );
        for machine in &self.machines {
            ensure!(
                machine.without_token() == 0,
                "the metadata service was asked without a token"
            );
        }
        self.flow.until_more(u64::from(RATE)).await?;
        let flow = self.flow.stop().await?;
        let table = flow
            .until_journaled(&self.cluster, self.kafka, &self.clickhouse)
            .await?;
        flow.require_exactly_once(&self.cluster, &self.clickhouse, &table)
            .await
    }
}

/// A group that grows, shrinks and waits for its nodes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_is_let_go_once_its_node_has_handed_over() -> Result<()> {
    Sandbox::run("aws-scale-in", async |sandbox| {
        let scene = Scene::start(sandbox, "aws-scale-in").await?;
        // Ready nodes let their machines into service.
        eventually("the machines to be in service", PATIENCE, async || {
            (0..2).all(|index| !scene.hooks.waits_at(LAUNCHING, &instance(index)))
        })
        .await?;
        scene.flow.until_more(u64::from(RATE)).await?;
        // Advice is no notice.
        scene.machines[0].recommend_rebalance();
        // As in AWS: the machine is told, load balancers let go of it, and then it waits at the hook.
        scene.machines[0].set_target_state("Terminated");
        eventually("the node to say that it has left", PATIENCE, async || {
            scene
                .calls("CompleteLifecycleAction", 0)
                .iter()
                .any(|call| call.hook == TERMINATING)
        })
        .await?;
        scene.hooks.wait_at(TERMINATING, &instance(0));
        scene.until_ended(0).await?;
        ensure!(
            !scene.hooks.waits_at(TERMINATING, &instance(0)),
            "the machine still waits"
        );
        let completed = scene.calls("CompleteLifecycleAction", 0);
        let [.., last] = &completed[..] else {
            anyhow::bail!("nothing was completed");
        };
        let expected = HookCall {
            action: "CompleteLifecycleAction".to_owned(),
            group: GROUP.to_owned(),
            hook: TERMINATING.to_owned(),
            instance: instance(0),
            result: Some("CONTINUE".to_owned()),
            counted: true,
        };
        ensure!(*last == expected, "{last:?}");
        ensure!(
            !scene.calls("RecordLifecycleActionHeartbeat", 0).is_empty(),
            "the group was not told that it takes some time"
        );
        // It had handed over by then: nobody waits until it is found to be dead.
        scene.until_all_are_with_the_other().await?;
        let status = scene.cluster.status().await?;
        let is_taken = |arrival: &Arrival| arrival.kind == ArrivalKind::TakenOver;
        let mut arrivals = status.partitions.iter().filter_map(|p| p.last_handover.as_ref());
        ensure!(!arrivals.any(is_taken), "{status:?}");
        scene.require_exactly_once().await
    })
    .await
}

/// A spot instance that is taken back while AWS answers nothing: the node hands over all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spot_instance_drains_whatever_aws_answers() -> Result<()> {
    Sandbox::run("aws-spot", async |sandbox| {
        let scene = Scene::start(sandbox, "aws-spot").await?;
        scene.flow.until_more(u64::from(RATE)).await?;
        scene.hooks.fail(true);
        scene.hooks.wait_at(TERMINATING, &instance(0));
        scene.machines[0].interrupt();
        scene.cluster.nodes[0].process().context("it was started")?;
        scene.until_all_are_with_the_other().await?;
        eventually("a call that failed", PATIENCE, async || scene.hooks.failed() > 0).await?;
        // AWS comes back before the node gives up.
        scene.hooks.fail(false);
        scene.until_ended(0).await?;
        ensure!(
            !scene.hooks.waits_at(TERMINATING, &instance(0)),
            "the machine still waits"
        );
        scene.require_exactly_once().await
    })
    .await
}

/// A node that is killed while it drains, and started again by its service manager.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_started_again_in_the_middle_goes_on() -> Result<()> {
    Sandbox::run("aws-middle", async |sandbox| {
        let scene = Scene::start(sandbox, "aws-middle").await?;
        scene.flow.until_more(u64::from(RATE)).await?;
        scene.hooks.wait_at(TERMINATING, &instance(0));
        scene.hooks.fail(true);
        let node = &scene.cluster.nodes[0];
        scene.machines[0].set_target_state("Terminated");
        eventually("it to begin", PATIENCE, async || scene.hooks.failed() > 0).await?;
        node.kill9()?;
        scene.hooks.fail(false);
        // It has nothing to hand over, does not join again, and lets the machine go.
        let ended = node.start_again().await;
        ensure!(ended.is_err(), "the node serves HTTP on a machine that goes");
        scene.until_ended(0).await?;
        ensure!(
            !scene.hooks.waits_at(TERMINATING, &instance(0)),
            "the machine still waits"
        );
        scene.cluster.until_balanced(1, PARTITIONS as usize).await?;
        scene.require_exactly_once().await
    })
    .await
}
