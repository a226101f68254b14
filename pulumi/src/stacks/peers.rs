//! Nodes: an Auto Scaling group of machines that are all the same.
//!
//! A machine that leaves, because the group shrinks, because it is replaced or because spot capacity is taken back, is held
//! by a lifecycle hook until its node has handed its partitions over and said so. One that comes counts once its node is
//! ready. The group's health check is EC2's: a database that is away makes every node not ready, and must not make the
//! group replace them all. Nodes that hang are started again by systemd, and those that keep failing report their machine.

use std::collections::BTreeSet;

use super::clickhouse::ClickHouse;
use super::edge::Edge;
use super::firewall::Firewall;
use super::iam::{self, Statement};
use super::machine;
use super::network::Network;
use super::secrets::{SecretKey, StoredSecrets};
use super::storage::Storage;
use super::{Layout, user_data};
use crate::machines::role;
use crate::sdk::{Input, Options, Resource, Timeouts, inputs, list, map};

const ROLE: &str = role::PEERS;
/// How long a machine may take until its node is ready, and a node to hand over. Nodes ask for more while they are at it.
const HOOK_SECONDS: u32 = 300;
/// How long a new node is not counted in the load of processors.
const WARM_UP_SECONDS: u32 = 120;

/// A message that waits for longer than that is not waiting for its turn.
const BEHIND_SECONDS: u32 = 60;

/// Nodes.
pub(super) struct Peers {
    pub(super) group: Resource,
}

pub(super) fn declare(
    layout: &mut Layout<'_>,
    network: &Network,
    secrets: &StoredSecrets,
    storage: &Storage,
    firewall: &Firewall,
    edge: &Edge,
    clickhouse: &ClickHouse,
) -> Peers {
    let component = layout.component("Peers", ROLE);
    let logs = machine::log_group(layout, component, ROLE);
    let rights = rights(layout, secrets, storage);
    let profile = iam::profile(layout, component, ROLE, rights);
    let template = template(layout, component, storage, firewall, edge, profile);
    let after = [
        network.component,
        firewall.component,
        secrets.component,
        clickhouse.component,
        edge.listener,
        logs,
    ];
    let group = group(layout, component, network, edge, template, &after);
    for (name, transition, result) in HOOKS {
        let inputs = inputs! {
            "autoscalingGroupName" => group.output("name"), "name" => name, "lifecycleTransition" => transition,
            "defaultResult" => result, "heartbeatTimeout" => HOOK_SECONDS,
        };
        // They go with the group, whose last machines are held by them.
        let options = Options {
            retain_on_delete: true,
            ..Options::child_of(component)
        };
        layout.program.resource(
            "aws:autoscaling/lifecycleHook:LifecycleHook",
            name,
            inputs,
            options,
        );
    }
    if layout.deployment().scales_by_itself() {
        rules(layout, component, group);
    }
    Peers { group }
}

/// Names, transitions, and what happens when nobody answers in time.
const HOOKS: [(&str, &str, &str); 2] = [
    (
        "aurora-launching",
        "autoscaling:EC2_INSTANCE_LAUNCHING",
        "ABANDON",
    ),
    (
        "aurora-terminating",
        "autoscaling:EC2_INSTANCE_TERMINATING",
        "CONTINUE",
    ),
];

fn rights(layout: &Layout<'_>, secrets: &StoredSecrets, storage: &Storage) -> Vec<Statement> {
    let deployment = layout.deployment();
    let (name, region) = (&deployment.name, &deployment.region);
    let group = format!(
        "autoScalingGroup:*:autoScalingGroupName/{}",
        deployment.named(ROLE)
    );
    let group = layout.account.arn("autoscaling", region, &group);
    let own_secrets = layout
        .account
        .arn("secretsmanager", region, &format!("secret:aurora/{name}/own/*"));
    let own_parameters = layout
        .account
        .arn("ssm", region, &format!("parameter/aurora/{name}/*"));
    let mut rights = vec![
        storage.fetching_programs(),
        // EC2 has no resources to name here. It tells nodes of each other.
        Statement::allow(["ec2:DescribeInstances"], ["*".into()]),
        Statement::allow(
            [
                "autoscaling:CompleteLifecycleAction",
                "autoscaling:RecordLifecycleActionHeartbeat",
                "autoscaling:SetInstanceHealth",
            ],
            [group],
        ),
        // What people put there for brokers and models, now or later.
        Statement::allow(
            ["secretsmanager:GetSecretValue"],
            named(layout, "secretsmanager:", own_secrets),
        ),
        Statement::allow(["ssm:GetParameter"], named(layout, "ssm:", own_parameters)),
    ];
    let mut keys = vec![
        SecretKey::ClusterKey,
        SecretKey::AdminToken,
        SecretKey::ClickHouseWriter,
        SecretKey::ClickHouseReader,
    ];
    if deployment.grafana.enabled {
        keys.extend([SecretKey::GrafanaAdmin, SecretKey::ClickHouseGrafana]);
    }
    rights.extend(secrets.reading(&keys));
    rights.extend(iam::reporting(layout, ROLE));
    rights
}

/// ARNs of the secrets or parameters that the description's part for nodes refers to, and the deployment's `own`.
fn named(layout: &Layout<'_>, prefix: &str, own: Input) -> Vec<Input> {
    let region = &layout.deployment().region;
    let mut arns = vec![own];
    for reference in references(&layout.deployment().node, prefix) {
        arns.push(match prefix {
            _ if reference.starts_with("arn:") => reference.into(),
            // AWS appends a hyphen and six characters to a secret's name.
            "secretsmanager:" => {
                layout
                    .account
                    .arn("secretsmanager", region, &format!("secret:{reference}-??????"))
            }
            _ => layout.account.arn(
                "ssm",
                region,
                &format!("parameter/{}", reference.trim_start_matches('/')),
            ),
        });
    }
    arns
}

/// What follows `prefix` in texts of `table` that begin with it, without the key of a JSON secret.
fn references(table: &toml::Table, prefix: &str) -> BTreeSet<String> {
    fn collect(value: &toml::Value, prefix: &str, found: &mut BTreeSet<String>) {
        match value {
            toml::Value::String(text) => {
                let name = text
                    .strip_prefix(prefix)
                    .map(|rest| rest.split('#').next().unwrap_or(rest));
                found.extend(name.map(str::to_owned));
            }
            toml::Value::Array(values) => values.iter().for_each(|value| collect(value, prefix, found)),
            toml::Value::Table(table) => table.values().for_each(|value| collect(value, prefix, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    table
        .values()
        .for_each(|value| collect(value, prefix, &mut found));
    found
}

fn template(
    layout: &mut Layout<'_>,
    parent: Resource,
    storage: &Storage,
    firewall: &Firewall,
    edge: &Edge,
    profile: Resource,
) -> Resource {
    let deployment = layout.deployment();
    let tags = |kind: &str, tags: Input| map! { "resourceType" => kind, "tags" => tags };
    let spot = map! { "marketType" => "spot" };
    let inputs = inputs! {
        "name" => deployment.named(ROLE),
        "imageId" => layout.account.image.clone(),
        "instanceType" => deployment.machines().types.peer,
        "iamInstanceProfile" => map! { "arn" => profile.output("arn") },
        "metadataOptions" => machine::metadata_options(),
        "blockDeviceMappings" => machine::system_disk(),
        "networkInterfaces" => list![map! {
            "associatePublicIpAddress" => "false", "securityGroups" => list![firewall.peers.id()],
            "deleteOnTermination" => "true",
        }],
        "instanceMarketOptions" => if deployment.scaling.spot { spot } else { Input::NOTHING },
        "instanceInitiatedShutdownBehavior" => if deployment.scaling.spot { Input::NOTHING } else { "terminate".into() },
        "userData" => user_data::of_peers(layout, storage, edge),
        "tagSpecifications" => list![
            tags("instance", machine::tags(layout, ROLE, ROLE)),
            tags("volume", machine::tags_of_system_disk(layout, ROLE)),
        ],
        "updateDefaultVersion" => true,
        // Figures each minute, for the rules; five minutes are enough to look at.
        "monitoring" => if deployment.scales_by_itself() { map! { "enabled" => true } } else { Input::NOTHING },
    };
    let options = Options::child_of(parent);
    let options = if machine::keeps_image(layout) {
        options.ignoring(["imageId"])
    } else {
        options
    };
    layout
        .program
        .resource("aws:ec2/launchTemplate:LaunchTemplate", ROLE, inputs, options)
}

fn group(
    layout: &mut Layout<'_>,
    parent: Resource,
    network: &Network,
    edge: &Edge,
    template: Resource,
    after: &[Resource],
) -> Resource {
    let deployment = layout.deployment();
    let (nodes, max_nodes) = (deployment.nodes(), deployment.max_nodes());
    let sets_number = !deployment.scales_by_itself() || layout.plan.set_nodes;
    let hooks = HOOKS.map(|(name, transition, result)| {
        map! {
            "name" => name, "lifecycleTransition" => transition, "defaultResult" => result,
            "heartbeatTimeout" => HOOK_SECONDS,
        }
    });
    // A new one first, then an old one goes: there are never fewer than asked for.
    let replacing = map! { "minHealthyPercentage" => 100, "maxHealthyPercentage" => 150 };
    let refresh = map! {
        "strategy" => "Rolling",
        "preferences" => map! {
            "minHealthyPercentage" => 100, "maxHealthyPercentage" => 150, "autoRollback" => false,
            "scaleInProtectedInstances" => "Refresh", "standbyInstances" => "Ignore",
        },
    };
    let tags = [
        ("aurora", deployment.name.clone()),
        ("aurora-role", ROLE.to_owned()),
        ("managed-by", "aurora".to_owned()),
    ];
    let tags = tags.map(|(key, value)| map! { "key" => key, "value" => value, "propagateAtLaunch" => false });
    let inputs = inputs! {
        "name" => deployment.named(ROLE),
        "minSize" => nodes,
        "maxSize" => max_nodes,
        "desiredCapacity" => nodes,
        "vpcZoneIdentifiers" => network.private_ids(),
        "launchTemplate" => map! { "id" => template.id(), "version" => version_of(template) },
        "targetGroupArns" => list![edge.peers.output("arn")],
        "healthCheckType" => "EC2",
        "defaultInstanceWarmup" => WARM_UP_SECONDS,
        "initialLifecycleHooks" => Input::List(hooks.into()),
        "instanceMaintenancePolicy" => replacing,
        "instanceRefresh" => refresh,
        "capacityRebalance" => deployment.scaling.spot,
        "terminationPolicies" => list!["OldestLaunchTemplate", "Default"],
        "enabledMetrics" => list!["GroupDesiredCapacity", "GroupInServiceInstances", "GroupTerminatingInstances"],
        // Machines take a while; the group's state says how it goes, and `aurora status` shows it. A group that scales by itself
        // hardly ever has the very number that would be waited for.
        "waitForCapacityTimeout" => if deployment.scales_by_itself() { "0" } else { "30m" },
        // A zone that has no machine left is made up for by the others.
        "ignoreFailedScalingActivities" => true,
        // The launching hook holds what is not ready; from then on who says that a machine is broken is believed.
        "healthCheckGracePeriod" => 0,
        "tags" => Input::List(tags.into()),
    };
    let options = Options {
        // Its last machines hand over first.
        timeouts: Timeouts {
            delete: Some("40m".to_owned()),
            ..Timeouts::default()
        },
        ..Options::child_of(parent)
    };
    // They are for the first machines only; a group would have to be replaced for others.
    let options = options.ignoring(["initialLifecycleHooks"]);
    let options = options.after(after.iter().copied());
    let options = if sets_number {
        options
    } else {
        options.ignoring(["desiredCapacity"])
    };
    layout
        .program
        .resource("aws:autoscaling/group:Group", ROLE, inputs, options)
}

/// The template's newest version as a text, which the group wants.
fn version_of(template: Resource) -> Input {
    Input::text([template.output("latestVersion").into()])
}

/// When nodes are added and taken away: by the load of their processors, and by how long they will need to catch up. Fewer
/// they become only when both allow it.
fn rules(layout: &mut Layout<'_>, parent: Resource, group: Resource) {
    let deployment = layout.deployment();
    let (cpu, catch_up) = (
        u32::from(deployment.scaling.cpu_percent),
        u32::from(deployment.scaling.catch_up_seconds),
    );
    let deployment_name = deployment.name.clone();
    let mut tracking = |name: &'static str, target: Input| {
        let inputs = inputs! {
            "name" => name,
            "autoscalingGroupName" => group.output("name"),
            "policyType" => "TargetTrackingScaling",
            "targetTrackingConfiguration" => target,
        };
        let token = "aws:autoscaling/policy:Policy";
        layout
            .program
            .resource(token, name, inputs, Options::child_of(parent));
    };
    let load = map! {
        "targetValue" => cpu,
        "predefinedMetricSpecification" => map! { "predefinedMetricType" => "ASGAverageCPUUtilization" },
    };
    tracking("cpu", load);
    let figure = |id: &str, name: &str, statistic: &str| {
        map! {
            "id" => id,
            "returnData" => false,
            "metricStat" => map! {
                "stat" => statistic,
                "metric" => map! {
                    "namespace" => "Aurora",
                    "metricName" => name,
                    "dimensions" => list![map! { "name" => "Deployment", "value" => &deployment_name }],
                },
            },
        }
    };
    // A topic that is read from its beginning wants a hundred times the nodes, for an hour: the group doubles at most, and
    // looks again. While anything is behind, whatever the cause, it becomes no smaller. Where more nodes would not help,
    // there is no figure, and this rule asks for nothing.
    let (target, most) = (catch_up, 2 * catch_up);
    let bounded = map! {
        "id" => "bounded",
        "label" => "Seconds until nodes have caught up",
        "expression" => format!(
            "IF(oldest > {BEHIND_SECONDS} AND catches_up < {target}, {target}, IF(catches_up > {most}, {most}, catches_up))"
        ),
    };
    let metrics = list![
        figure("catches_up", "CatchUpSeconds", "Average"),
        figure("oldest", "IngestLagSeconds", "Maximum"),
        bounded,
    ];
    let behind = map! {
        "targetValue" => target, "customizedMetricSpecification" => map! { "metrics" => metrics },
    };
    tracking("catch-up", behind);
}
