//! What must hold of every deployment, looked at in what an engine is told.

mod access;
mod data;
mod graph;
mod snapshots;

use std::collections::{BTreeMap, BTreeSet};

use super::{OwnCertificate, Plan, ProgramFile, Secrets, program};
use crate::deployment::{Architecture, Deployment, Size};
use crate::mock_engine::{Behaviour, Recorded, record};
use crate::sdk::{Program, Value};

/// The marker of secrets, which must be nowhere but in them.
const SECRET: &str = "TOP-SECRET";

/// A deployment of each kind.
fn matrix() -> Vec<(String, Deployment)> {
    let mut all = Vec::new();
    for size in Size::ALL {
        let mut deployment = Deployment::new("prod", "eu-central-1");
        deployment.size = size;
        all.push((size.to_string(), deployment.clone()));

        deployment.architecture = Architecture::Arm64;
        deployment.edge.domain = Some("aurora.example.com".to_owned());
        deployment.edge.hosted_zone = Some("example.com".to_owned());
        deployment.edge.allow = vec![
            "192.0.2.0/24".parse().expect("a network"),
            "198.51.100.0/24".parse().expect("a network"),
        ];
        deployment.scaling.max_nodes = Some(12);
        deployment.scaling.spot = true;
        deployment.alarms.email = Some("ops@example.com".to_owned());
        all.push((format!("{size}-own-name"), deployment));
    }
    let mut deployment = Deployment::new("a-name-of-20-letters", "us-gov-west-1");
    deployment.edge.domain = Some("aurora.example.com".to_owned());
    deployment.edge.certificate =
        Some("arn:aws-us-gov:acm:us-gov-west-1:123456789012:certificate/x".to_owned());
    deployment.grafana.enabled = false;
    deployment.network.zones = Some(3);
    deployment.image = Some("ami-0123456789".to_owned());
    all.push(("no-grafana".to_owned(), deployment));
    all
}

fn secrets() -> Secrets {
    Secrets::find(|key| Some(format!("{SECRET}-{}", key.name()))).expect("all are found")
}

fn program_of(deployment: &Deployment) -> Program {
    deployment.check().expect("a description that is right");
    let secrets = secrets();
    let plan = Plan {
        deployment,
        secrets: &secrets,
        program: ProgramFile {
            path: "/tmp/aurora".into(),
            sha256: "0123456789abcdef".repeat(4),
        },
        own_certificate: Some(OwnCertificate {
            certificate: "-----BEGIN CERTIFICATE-----".to_owned(),
            private_key: format!("{SECRET}-key"),
        }),
        renew_machines: false,
        set_nodes: false,
    };
    plan.check().expect("machines that are right");
    program(&plan)
}

/// What an engine is told in an update.
async fn recorded(deployment: &Deployment) -> Registrations {
    told(deployment, false).await
}

async fn told(deployment: &Deployment, dry_run: bool) -> Registrations {
    let behaviour = Behaviour {
        dry_run,
        ..Behaviour::default()
    };
    let (recorded, result) = record(&program_of(deployment), behaviour).await;
    result.expect("the engine takes everything");
    Registrations(recorded)
}

struct Registrations(Recorded);

impl Registrations {
    /// The inputs of all resources of a type, by name.
    fn of(&self, token: &str) -> BTreeMap<String, BTreeMap<String, Value>> {
        let all = self.0.registrations.iter().filter(|((of, _), _)| of == token);
        all.map(|((_, name), request)| (name.clone(), inputs(request.object.clone().unwrap_or_default())))
            .collect()
    }

    fn is_protected(&self, token: &str, name: &str) -> bool {
        self.0.registrations[&(token.to_owned(), name.to_owned())].protect == Some(true)
    }

    /// Inputs whose changes are ignored.
    fn ignored(&self, token: &str, name: &str) -> &[String] {
        &self.0.registrations[&(token.to_owned(), name.to_owned())].ignore_changes
    }

    /// The URNs that a resource depends on, directly or not.
    fn dependencies(&self, token: &str, name: &str) -> BTreeSet<String> {
        let by_urn: BTreeMap<String, _> = self
            .0
            .registrations
            .iter()
            .map(|((token, name), request)| (urn(token, name), request))
            .collect();
        let mut found = BTreeSet::new();
        let mut left = vec![urn(token, name)];
        while let Some(one) = left.pop() {
            for dependency in &by_urn[&one].dependencies {
                if found.insert(dependency.clone()) {
                    left.push(dependency.clone());
                }
            }
        }
        found
    }
}

fn urn(token: &str, name: &str) -> String {
    format!("urn:pulumi:test::aurora::{token}::{name}")
}

fn inputs(object: prost_types::Struct) -> BTreeMap<String, Value> {
    let object = prost_types::Value {
        kind: Some(prost_types::value::Kind::StructValue(object)),
    };
    match Value::from_wire(&object) {
        Ok(Value::Map(inputs)) => inputs,
        other => panic!("no object: {other:?}"),
    }
}

/// A policy's statements.
fn statements(policy: &Value) -> Vec<serde_json::Value> {
    let policy: serde_json::Value = serde_json::from_str(policy.as_text().expect("a text")).expect("JSON");
    policy["Statement"].as_array().expect("statements").clone()
}
