//! What is watched, and who is told.

use super::Layout;
use super::clickhouse::ClickHouse;
use super::edge::Edge;
use super::peers::Peers;
use crate::deployment::Deployment;
use crate::machines::role;
use crate::sdk::{Input, Options, Resource, inputs, list, map};

/// One alarm: what is looked at, how often, and from when on it is wrong.
struct Alarm {
    name: &'static str,
    /// For whoever is woken by it: what it means and what to do.
    description: &'static str,
    namespace: &'static str,
    metric: &'static str,
    dimensions: Input,
    statistic: &'static str,
    wrong: Wrong,
    /// How long a figure is gathered, in seconds.
    period: u32,
    /// How many figures after each other have to be wrong.
    periods: u32,
    silence: Silence,
}

/// What it means that no figures come.
#[derive(Clone, Copy)]
enum Silence {
    /// Nothing: there is nothing to say.
    Fine,
    /// Something is wrong once they stop. They have not begun yet while a deployment is new.
    WrongOnceHeard,
    /// Something is wrong, even if they never begin.
    Wrong,
}

const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;

/// Which figures are wrong.
enum Wrong {
    Above(f64),
    Below(f64),
}

/// The topic that everything goes to that somebody is told: alarms of CloudWatch, and Grafana's alerts.
///
/// Its ARN, which is known before it is there: machines are told of it, and alarms watch machines.
pub(super) fn topic_arn(layout: &Layout<'_>) -> Input {
    let deployment = layout.deployment();
    layout
        .account
        .arn("sns", &deployment.region, &topic_name(deployment))
}

fn topic_name(deployment: &Deployment) -> String {
    deployment.named("alarms")
}

pub(super) fn declare(layout: &mut Layout<'_>, edge: &Edge, clickhouse: &ClickHouse, peers: &Peers) {
    let component = layout.component("Alarms", "alarms");
    let inputs = inputs! {
        "name" => topic_name(layout.deployment()),
        "kmsMasterKeyId" => layout.account.key.id(),
    };
    let topic = layout.program.resource(
        "aws:sns/topic:Topic",
        "alarms",
        inputs,
        Options::child_of(component),
    );
    if let Some(email) = layout.deployment().alarms.email.clone() {
        let inputs = inputs! { "topic" => topic.output("arn"), "protocol" => "email", "endpoint" => email };
        let token = "aws:sns/topicSubscription:TopicSubscription";
        layout
            .program
            .resource(token, "alarms", inputs, Options::child_of(component));
    }
    for alarm in alarms(layout, edge, clickhouse, peers) {
        declare_alarm(layout, component, topic, alarm, None);
    }
    // A machine whose hardware fails is moved to other hardware with its address and its volume.
    let recover = Input::text([
        "arn:".into(),
        layout.account.partition.clone().into(),
        format!(":automate:{}:ec2:recover", layout.deployment().region).into(),
    ]);
    let broken = Alarm {
        name: "clickhouse-machine",
        description: "The database's machine does not answer AWS; it is being moved to other hardware. If that does not \
                      help: `aurora deploy --renew-machines` (or after it is gone, `aurora deploy`) makes another with the same \
                      volume; when its zone is lost, `aurora restore` in another one.",
        namespace: "AWS/EC2",
        metric: "StatusCheckFailed_System",
        dimensions: map! { "InstanceId" => clickhouse.instance.id() },
        statistic: "Maximum",
        wrong: Wrong::Above(0.0),
        period: MINUTE,
        periods: 2,
        silence: Silence::Fine,
    };
    declare_alarm(layout, component, topic, broken, Some(recover));
}

fn alarms(layout: &Layout<'_>, edge: &Edge, clickhouse: &ClickHouse, peers: &Peers) -> Vec<Alarm> {
    let deployment = || map! { "Deployment" => &layout.deployment().name };
    let aurora = |name, description, metric, statistic, above, periods| Alarm {
        name,
        description,
        namespace: "Aurora",
        metric,
        dimensions: deployment(),
        statistic,
        wrong: Wrong::Above(above),
        period: MINUTE,
        periods,
        silence: Silence::Fine,
    };
    vec![
        Alarm {
            silence: Silence::WrongOnceHeard,
            ..aurora(
                "lag",
                "Nodes are more than five minutes behind Kafka, or say nothing. `aurora status` shows which partitions; \
                 more nodes: `aurora scale N`.",
                "IngestLagSeconds",
                "Maximum",
                300.0,
                5,
            )
        },
        aurora(
            "audit",
            "The audit found events lost or doubled. `aurora verify STREAM` says which offsets.",
            "AuditFailures",
            "Maximum",
            0.0,
            1,
        ),
        aurora(
            "dead-letters",
            "Messages cannot become rows. Connect > the stream > dead letters says why, and tries them again.",
            "DeadLetters",
            "Sum",
            0.0,
            // One batch that cannot be read is over in a minute.
            1,
        ),
        Alarm {
            dimensions: map! { "Deployment" => &layout.deployment().name, "Role" => role::CLICKHOUSE },
            silence: Silence::WrongOnceHeard,
            ..aurora(
                "disk",
                "The database's volume is more than 80 % full, or its machine says nothing. Raise `volume_gib` under [clickhouse] and \
                 run `aurora deploy`; `aurora logs clickhouse`.",
                "DiskUsedPercent",
                "Maximum",
                80.0,
                5,
            )
        },
        Alarm {
            // There is no such backup: only silence is wrong.
            wrong: Wrong::Below(0.0),
            period: HOUR,
            silence: Silence::Wrong,
            ..aurora(
                "backups",
                "No backup of the database has come to its end for a day and a half, or none yet. `aurora logs clickhouse` \
                 says why.",
                "BackupBytes",
                "Maximum",
                0.0,
                // A day, half an hour of chance, and what a full one takes longer.
                36,
            )
        },
        Alarm {
            name: "not-ready",
            description: "No node is ready. `aurora status --deployment` and `aurora logs` say why; most likely ClickHouse is away.",
            namespace: "AWS/ApplicationELB",
            metric: "HealthyHostCount",
            dimensions: map! {
                "LoadBalancer" => edge.balancer.output("arnSuffix"), "TargetGroup" => edge.peers.output("arnSuffix"),
            },
            statistic: "Maximum",
            wrong: Wrong::Below(1.0),
            period: MINUTE,
            periods: 5,
            silence: Silence::Wrong,
        },
        Alarm {
            name: "errors",
            description: "Requests fail in nodes. `aurora logs` says why.",
            namespace: "AWS/ApplicationELB",
            metric: "HTTPCode_Target_5XX_Count",
            dimensions: map! { "LoadBalancer" => edge.balancer.output("arnSuffix") },
            statistic: "Sum",
            wrong: Wrong::Above(20.0),
            period: MINUTE,
            periods: 5,
            silence: Silence::Fine,
        },
        Alarm {
            name: "certificate",
            description: "The load balancer's certificate is good for less than a month. `aurora deploy` renews one that the deployment has \
                          signed itself; AWS renews its own as long as the names in `hosted_zone` are there.",
            namespace: "AWS/CertificateManager",
            metric: "DaysToExpiry",
            dimensions: map! { "CertificateArn" => edge.certificate.clone() },
            statistic: "Minimum",
            wrong: Wrong::Below(30.0),
            // AWS says it once or twice in so long.
            period: DAY,
            periods: 1,
            silence: Silence::Fine,
        },
        Alarm {
            name: "clickhouse-cpu",
            description: "The database has been busy for a quarter of an hour. A larger `machine` under [clickhouse] helps.",
            namespace: "AWS/EC2",
            metric: "CPUUtilization",
            dimensions: map! { "InstanceId" => clickhouse.instance.id() },
            statistic: "Average",
            wrong: Wrong::Above(90.0),
            // EC2's own figures come this often.
            period: 5 * MINUTE,
            periods: 3,
            silence: Silence::Fine,
        },
        Alarm {
            name: "nodes",
            description: "Machines of nodes take long to leave: their nodes do not finish handing over. `aurora status --deployment` \
                          shows which.",
            namespace: "AWS/AutoScaling",
            metric: "GroupTerminatingInstances",
            dimensions: map! { "AutoScalingGroupName" => peers.group.output("name") },
            statistic: "Minimum",
            wrong: Wrong::Above(0.0),
            period: MINUTE,
            periods: 30,
            silence: Silence::Fine,
        },
    ]
}

fn declare_alarm(
    layout: &mut Layout<'_>,
    parent: Resource,
    topic: Resource,
    alarm: Alarm,
    action: Option<Input>,
) {
    let tell: Input = topic.output("arn").into();
    let (comparison, threshold) = match alarm.wrong {
        Wrong::Above(threshold) => ("GreaterThanThreshold", threshold),
        Wrong::Below(threshold) => ("LessThanThreshold", threshold),
    };
    let unheard = match alarm.silence {
        Silence::WrongOnceHeard => list![tell.clone()],
        Silence::Fine | Silence::Wrong => Input::NOTHING,
    };
    let missing = match alarm.silence {
        Silence::Fine => "notBreaching",
        Silence::WrongOnceHeard => "missing",
        Silence::Wrong => "breaching",
    };
    let inputs = inputs! {
        "name" => layout.deployment().named(alarm.name),
        "alarmDescription" => alarm.description,
        "namespace" => alarm.namespace,
        "metricName" => alarm.metric,
        "dimensions" => alarm.dimensions,
        "statistic" => alarm.statistic,
        "comparisonOperator" => comparison,
        "threshold" => threshold,
        "period" => alarm.period,
        "evaluationPeriods" => alarm.periods,
        "treatMissingData" => missing,
        "insufficientDataActions" => unheard,
        "alarmActions" => Input::List([tell.clone()].into_iter().chain(action).collect()),
        "okActions" => list![tell],
    };
    let options = Options::child_of(parent);
    layout.program.resource(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        alarm.name,
        inputs,
        options,
    );
}
