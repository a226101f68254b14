use std::collections::{BTreeMap, BTreeSet};

use pulumi_gestalt_proto::pulumi::pulumirpc::register_resource_request::PropertyDependencies;

use super::{Input, Options, Program, RunError, Value, inputs, list, map};
use crate::mock_engine::{Behaviour, Recorded, record};

const VPC: &str = "aws:ec2/vpc:Vpc";
const SUBNET: &str = "aws:ec2/subnet:Subnet";
const SECRET: &str = "aws:secretsmanager/secretVersion:SecretVersion";

fn program() -> Program {
    let mut program = Program::new();
    program.provider("aws", inputs! { "region" => "eu-central-1" });
    let network = program.component("aurora:aws:Network", "network", Options::default());
    let vpc = program.resource(
        VPC,
        "vpc",
        inputs! { "cidrBlock" => "10.0.0.0/16" },
        Options::child_of(network),
    );
    let zones = program.function(
        "aws:index/getAvailabilityZones:getAvailabilityZones",
        "zones",
        inputs! { "state" => "available" },
    );
    let subnet = inputs! {
        "vpcId" => vpc.id(),
        "availabilityZone" => zones.output("names").element(1),
        "cidrBlock" => "10.0.1.0/24",
        "tags" => map! { "Name" => Input::text(["subnet of ".into(), vpc.output("arn").into()]) },
        "customerOwnedIpv4Pool" => Input::NOTHING,
    };
    program.resource(
        SUBNET,
        "subnet",
        subnet,
        Options::child_of(network).protected(true),
    );
    let inputs = inputs! { "secretId" => "s", "secretString" => Input::secret("hunter2") };
    let options = Options::default().after([network]).ignoring(["secretString"]);
    let secret = program.resource(SECRET, "secret", inputs, options);
    program.export("password", secret.output("secretString"));
    program.export("arns", list![vpc.output("arn"), secret.output("arn")]);
    program
}

fn inputs_of(recorded: &Recorded, name: &str) -> BTreeMap<String, Value> {
    let object = recorded.registration(name).object.clone().unwrap_or_default();
    super::value::from_struct(&object).unwrap()
}

fn urn(token: &str, name: &str) -> String {
    format!("urn:pulumi:test::aurora::{token}::{name}")
}

#[tokio::test]
async fn an_update_knows_everything_and_says_who_depends_on_whom() {
    let (recorded, result) = record(&program(), Behaviour::default()).await;
    result.unwrap();
    let subnet = recorded.registration("subnet");
    let component = urn("aurora:aws:Network", "network");
    assert_eq!(subnet.parent, component);
    assert_eq!(subnet.protect, Some(true));
    assert_eq!(subnet.version, "7.51.1");
    assert_eq!(
        subnet.provider,
        format!("{}::aws-id", urn("pulumi:providers:aws", "aws"))
    );
    assert_eq!(subnet.dependencies, [urn(VPC, "vpc")]);
    let on_vpc = PropertyDependencies {
        urns: vec![urn(VPC, "vpc")],
    };
    assert_eq!(subnet.property_dependencies["vpcId"], on_vpc);
    assert_eq!(subnet.property_dependencies["tags"], on_vpc);
    assert_eq!(
        subnet.property_dependencies["availabilityZone"],
        PropertyDependencies::default()
    );
    assert!(!subnet.property_dependencies.contains_key("customerOwnedIpv4Pool"));
    let inputs = inputs_of(&recorded, "subnet");
    assert_eq!(inputs["vpcId"], "vpc-id".into());
    assert_eq!(inputs["availabilityZone"], "eu-central-1b".into());
    let tags = BTreeMap::from([("Name".to_owned(), Value::from("subnet of vpc.arn"))]);
    assert_eq!(inputs["tags"], Value::Map(tags));
    assert!(!inputs.contains_key("customerOwnedIpv4Pool"));

    let secret = recorded.registration("secret");
    let dependencies: BTreeSet<String> = secret.dependencies.iter().cloned().collect();
    let members = [component.clone(), urn(SUBNET, "subnet"), urn(VPC, "vpc")];
    assert_eq!(dependencies, BTreeSet::from(members));
    assert_eq!(secret.ignore_changes, ["secretString"]);
    assert_eq!(
        inputs_of(&recorded, "secret")["secretString"],
        Value::from("hunter2").into_secret()
    );

    let exports = &recorded.outputs[&urn("pulumi:pulumi:Stack", "aurora-test")];
    assert_eq!(exports["password"], Value::from("hunter2").into_secret());
    assert_eq!(
        exports["arns"],
        Value::List(vec!["vpc.arn".into(), "secret.arn".into()])
    );
    assert!(recorded.outputs.contains_key(&component));
}

#[tokio::test]
async fn a_preview_says_what_it_does_not_know() {
    let dry_run = Behaviour {
        dry_run: true,
        ..Behaviour::default()
    };
    let (recorded, result) = record(&program(), dry_run).await;
    result.unwrap();
    let inputs = inputs_of(&recorded, "subnet");
    assert_eq!(inputs["vpcId"], Value::Unknown);
    assert_eq!(
        inputs["tags"],
        Value::Map(BTreeMap::from([("Name".to_owned(), Value::Unknown)]))
    );
    assert_eq!(inputs["cidrBlock"], "10.0.1.0/24".into());
    assert_eq!(inputs["availabilityZone"], "eu-central-1b".into());
}

#[tokio::test]
async fn what_is_not_there_yet_is_not_asked_about() {
    let mut program = Program::new();
    let vpc = program.resource(VPC, "vpc", inputs! {}, Options::default());
    let zone = program.function(
        "aws:route53/getZone:getZone",
        "zone",
        inputs! { "vpcId" => vpc.id() },
    );
    program.resource(
        SUBNET,
        "subnet",
        inputs! { "vpcId" => zone.output("zoneId") },
        Options::default(),
    );
    for dry_run in [true, false] {
        let behaviour = Behaviour {
            dry_run,
            ..Behaviour::default()
        };
        let (recorded, result) = record(&program, behaviour).await;
        result.unwrap();
        assert_eq!(recorded.invocations.len(), usize::from(!dry_run));
        let expected = if dry_run {
            Value::Unknown
        } else {
            "Z0123456789".into()
        };
        assert_eq!(inputs_of(&recorded, "subnet")["vpcId"], expected);
        // The answer comes from what was asked with.
        assert_eq!(recorded.registration("subnet").dependencies, [urn(VPC, "vpc")]);
    }
}

#[tokio::test]
async fn after_a_failure_nothing_more_is_begun() {
    let failing = Behaviour {
        failing: Some("vpc".to_owned()),
        ..Behaviour::default()
    };
    let (recorded, result) = record(&program(), failing).await;
    let error = result.unwrap_err();
    assert!(error.is_said_already(), "{error}");
    assert!(recorded.has("vpc"));
    assert!(!recorded.has("subnet"));
    assert!(!recorded.has("secret"));
}

#[tokio::test]
async fn what_cannot_be_worked_out_names_the_property() {
    let mut program = Program::new();
    let mistake = Input::computed(["x".into()], |_| Err("is too long".to_owned()));
    program.resource(VPC, "vpc", inputs! { "cidrBlock" => mistake }, Options::default());
    let (_, result) = record(&program, Behaviour::default()).await;
    let error = result.unwrap_err();
    assert!(matches!(error, RunError::Refused { .. }));
    assert_eq!(
        error.to_string(),
        format!("{VPC} \"vpc\": cidrBlock: is too long")
    );
}
