//! Who reaches what, and who may do what.

use std::collections::BTreeSet;

use super::{SECRET, matrix, recorded, statements, told};
use crate::sdk::Value;

/// Actions that AWS offers for all resources or none.
const WITHOUT_RESOURCES: [&str; 2] = ["cloudwatch:PutMetricData", "ec2:DescribeInstances"];

#[tokio::test]
async fn only_the_load_balancer_is_open_to_the_world() {
    for (kind, deployment) in matrix() {
        let recorded = recorded(&deployment).await;
        let edge = Value::from("edge-firewall-id");
        for (name, rule) in recorded.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
            let from_network = rule.contains_key("cidrIpv4") || rule.contains_key("cidrIpv6");
            assert_eq!(from_network, rule["securityGroupId"] == edge, "{kind}: {name}");
            assert!(rule.contains_key("fromPort"), "{kind}: {name} has no port");
            if !deployment.edge.allow.is_empty() {
                let everybody = [Some(&Value::from("0.0.0.0/0")), Some(&Value::from("::/0"))];
                assert!(
                    !everybody.contains(&rule.get("cidrIpv4").or(rule.get("cidrIpv6"))),
                    "{kind}: {name}"
                );
            }
        }
        // EC2 takes no other characters, and no more of them.
        for token in [
            "aws:ec2/securityGroup:SecurityGroup",
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        ] {
            for (name, described) in recorded.of(token) {
                let description = described["description"].as_text().unwrap();
                let is_allowed = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
                assert!(
                    description.len() <= 255 && description.chars().all(is_allowed),
                    "{kind}: {name} has the description {description:?}"
                );
            }
        }
        // Rules stand by themselves; groups with rules in them would undo each other's.
        for (name, group) in recorded.of("aws:ec2/securityGroup:SecurityGroup") {
            assert!(
                !group.contains_key("ingress") && !group.contains_key("egress"),
                "{kind}: {name}"
            );
        }
        for (name, machine) in recorded.of("aws:ec2/instance:Instance") {
            assert_eq!(
                machine["associatePublicIpAddress"],
                Value::Bool(false),
                "{kind}: {name}"
            );
            assert!(
                machine["subnetId"].as_text().unwrap().starts_with("private-"),
                "{kind}: {name}"
            );
        }
        for (name, subnet) in recorded.of("aws:ec2/subnet:Subnet") {
            assert_eq!(
                subnet["mapPublicIpOnLaunch"],
                Value::Bool(false),
                "{kind}: {name}"
            );
        }
        let Value::List(subnets) = &recorded.of("aws:autoscaling/group:Group")["peers"]["vpcZoneIdentifiers"]
        else {
            panic!("{kind}: no subnets");
        };
        assert!(
            subnets
                .iter()
                .all(|subnet| subnet.as_text().unwrap().starts_with("private-")),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn nothing_is_served_in_the_clear() {
    for (kind, deployment) in matrix() {
        let recorded = recorded(&deployment).await;
        for (name, listener) in recorded.of("aws:lb/listener:Listener") {
            if listener["protocol"] == "HTTPS".into() {
                assert!(
                    listener["certificateArn"]
                        .as_text()
                        .is_some_and(|arn| !arn.is_empty()),
                    "{kind}: {name}"
                );
                assert!(
                    listener["sslPolicy"].as_text().unwrap().contains("TLS13"),
                    "{kind}: {name}"
                );
            } else {
                let action = listener["defaultActions"].to_json().unwrap();
                assert_eq!(action[0]["redirect"]["protocol"], "HTTPS", "{kind}: {name}");
            }
        }
        for (name, bucket) in recorded.of("aws:s3/bucketPolicy:BucketPolicy") {
            let refuses = statements(&bucket["policy"]);
            let condition = &refuses[0]["Condition"]["Bool"]["aws:SecureTransport"];
            assert_eq!(
                (&refuses[0]["Effect"], condition),
                (&"Deny".into(), &"false".into()),
                "{kind}: {name}"
            );
        }
    }
}

#[tokio::test]
async fn roles_may_do_what_they_need_and_name_it() {
    for (kind, deployment) in matrix() {
        let recorded = recorded(&deployment).await;
        let policies = recorded.of("aws:iam/rolePolicy:RolePolicy");
        let mut secrets_of = std::collections::BTreeMap::new();
        for (role, policy) in &policies {
            for statement in statements(&policy["policy"]) {
                let actions = statement["Action"].as_array().expect("actions");
                let resources = statement["Resource"].as_array().expect("resources");
                for action in actions {
                    let action = action.as_str().unwrap();
                    assert!(!action.contains('*'), "{kind}: {role} may {action}");
                    let everything = resources.iter().any(|resource| resource == "*");
                    assert!(
                        !everything || WITHOUT_RESOURCES.contains(&action),
                        "{kind}: {role} may {action} everywhere"
                    );
                    if action == "cloudwatch:PutMetricData" {
                        assert_eq!(
                            statement["Condition"]["StringEquals"]["cloudwatch:namespace"],
                            "Aurora"
                        );
                    }
                    if action == "secretsmanager:GetSecretValue" {
                        let named = resources
                            .iter()
                            .map(|resource| resource.as_str().unwrap().to_owned());
                        secrets_of
                            .entry(role.clone())
                            .or_insert_with(BTreeSet::new)
                            .extend(named);
                    }
                    for never in [
                        "Delete", "Create", "Put", "Update", "Modify", "Run", "Attach", "Pass",
                    ] {
                        let of_logs = action.starts_with("logs:") || action.starts_with("cloudwatch:");
                        let of_backups = action == "s3:PutObject" && role == "clickhouse";
                        let of_locks = action == "s3:DeleteObject"
                            && role == "clickhouse"
                            && resources
                                .iter()
                                .all(|resource| resource.as_str().unwrap().ends_with("/*/.lock"));
                        let changes = action.split(':').nth(1).unwrap().starts_with(never);
                        assert!(
                            !changes || of_logs || of_backups || of_locks,
                            "{kind}: {role} may {action}"
                        );
                    }
                }
            }
        }
        // Nobody reads what is somebody else's.
        let reads = |role: &str, secret: &str| {
            secrets_of[role]
                .iter()
                .any(|arn| arn.starts_with(&format!("{secret}.")))
        };
        assert!(
            reads("peers", "cluster-key") && reads("peers", "admin-token"),
            "{kind}"
        );
        assert!(!reads("peers", "clickhouse-operator"), "{kind}");
        assert!(
            !reads("clickhouse", "cluster-key") && !reads("clickhouse", "grafana-admin"),
            "{kind}"
        );
        assert_eq!(secrets_of.contains_key("grafana"), deployment.grafana.enabled);
        if deployment.grafana.enabled {
            assert_eq!(secrets_of["grafana"].len(), 1, "{kind}");
        }
        assert_eq!(policies.len(), if deployment.grafana.enabled { 3 } else { 2 });
    }
}

#[tokio::test]
async fn secrets_are_nowhere_in_the_clear() {
    for (kind, deployment) in matrix() {
        for dry_run in [false, true] {
            let recorded = told(&deployment, dry_run).await;
            for ((token, name), request) in &recorded.0.registrations {
                for (key, value) in super::inputs(request.object.clone().unwrap_or_default()) {
                    assert!(!shows_secret(&value), "{kind}: {token} {name} shows {key}");
                }
            }
            for (urn, outputs) in &recorded.0.outputs {
                assert!(
                    !outputs.values().any(shows_secret),
                    "{kind}: {urn} shows a secret"
                );
            }
            // They were there to be shown.
            let version =
                &recorded.of("aws:secretsmanager/secretVersion:SecretVersion")["cluster-key"]["secretString"];
            assert!(matches!(version, Value::Secret(_)));
        }
    }
}

fn shows_secret(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.contains(SECRET),
        Value::List(values) => values.iter().any(shows_secret),
        Value::Map(values) => values.values().any(shows_secret),
        _ => false,
    }
}

#[tokio::test]
async fn machines_ask_for_their_credentials_with_sessions_only() {
    for (kind, deployment) in matrix() {
        let recorded = recorded(&deployment).await;
        let mut machines = recorded.of("aws:ec2/instance:Instance");
        machines.extend(recorded.of("aws:ec2/launchTemplate:LaunchTemplate"));
        assert_eq!(machines.len(), if deployment.grafana.enabled { 3 } else { 2 });
        for (name, machine) in machines {
            let metadata = machine["metadataOptions"].to_json().unwrap();
            assert_eq!(metadata["httpTokens"], "required", "{kind}: {name}");
            assert_eq!(metadata["httpPutResponseHopLimit"], 1, "{kind}: {name}");
            assert!(
                !machine.contains_key("keyName"),
                "{kind}: somebody could log in to {name}"
            );
        }
    }
}

#[tokio::test]
async fn nodes_may_read_what_their_configuration_names() {
    let mut deployment = crate::deployment::Deployment::new("prod", "eu-central-1");
    let node = r#"
        [[connections]]
        name = "shop"
        brokers = "b:9096"
        properties = { "sasl.password" = "secretsmanager:shop/kafka#password" }
        [model]
        api_key = "ssm:/shop/openai"
    "#;
    deployment.node = node.parse().unwrap();
    let recorded = recorded(&deployment).await;
    let policy = &recorded.of("aws:iam/rolePolicy:RolePolicy")["peers"]["policy"];
    let text = policy.as_text().unwrap();
    assert!(
        text.contains("arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/kafka-??????"),
        "{text}"
    );
    assert!(
        text.contains("arn:aws:ssm:eu-central-1:123456789012:parameter/shop/openai"),
        "{text}"
    );
}
