//! Every option of a declaration, as the engine is told it.

use std::collections::{BTreeMap, BTreeSet};

use pulumi_gestalt_proto::pulumi::pulumirpc::RegisterResourceRequest;
use pulumi_gestalt_proto::pulumi::pulumirpc::alias::{self, Spec};
use pulumi_gestalt_proto::pulumi::pulumirpc::register_resource_request::CustomTimeouts;

use super::{Options, Program, Timeouts, inputs};
use crate::mock_engine::{Behaviour, record};

const VPC: &str = "aws:ec2/vpc:Vpc";
const VOLUME: &str = "aws:ebs/volume:Volume";

/// What the engine is told of a volume with these options.
async fn told(options: Options) -> RegisterResourceRequest {
    let mut program = Program::new();
    program.resource(VOLUME, "data", inputs! { "size" => 50 }, options);
    told_by(&program).await
}

/// The same, of a program that has others as well.
async fn told_by(program: &Program) -> RegisterResourceRequest {
    let (recorded, result) = record(program, Behaviour::default()).await;
    result.unwrap();
    recorded.registration("data").clone()
}

fn urn(token: &str, name: &str) -> String {
    format!("urn:pulumi:test::aurora::{token}::{name}")
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

#[tokio::test]
async fn what_is_not_said_is_left_to_the_engine() {
    let told = told(Options::default()).await;
    assert!(told.aliases.is_empty() && told.dependencies.is_empty());
    assert!(told.ignore_changes.is_empty() && told.replace_on_changes.is_empty());
    assert!(told.additional_secret_outputs.is_empty());
    assert!(!told.delete_before_replace && !told.delete_before_replace_defined);
    assert_eq!((told.protect, told.retain_on_delete), (Some(false), None));
    assert_eq!(told.custom_timeouts, None);
    // Whatever has no component belongs to the stack.
    assert_eq!(told.parent, urn("pulumi:pulumi:Stack", "aurora-test"));
    assert!(told.custom && told.accept_secrets && told.supports_partial_values);
}

/// A former name without a parent or a type means the resource's own: only the name was another one.
#[tokio::test]
async fn former_names_are_aliases() {
    let told = told(Options {
        former_names: texts(&["volume", "disk"]),
        ..Options::default()
    })
    .await;
    // Without this the engine may take them for what old SDKs sent, and put them right.
    assert!(told.alias_specs);
    let spec = |name: &str| {
        alias::Alias::Spec(Spec {
            name: name.to_owned(),
            ..Spec::default()
        })
    };
    let aliases: Vec<_> = told.aliases.into_iter().map(|alias| alias.alias).collect();
    assert_eq!(aliases, [Some(spec("volume")), Some(spec("disk"))]);
    assert!(told.alias_ur_ns.is_empty(), "{:?}", told.alias_ur_ns);
}

#[tokio::test]
async fn a_limit_of_time_is_told_as_it_is_written() {
    let told_of = async |timeouts: Timeouts| {
        let options = Options {
            timeouts,
            ..Options::default()
        };
        told(options).await.custom_timeouts
    };
    let all = Timeouts {
        create: Some("30m".to_owned()),
        update: Some("1h30m".to_owned()),
        delete: Some("45s".to_owned()),
    };
    let expected = |create: &str, update: &str, delete: &str| {
        Some(CustomTimeouts {
            create: create.to_owned(),
            update: update.to_owned(),
            delete: delete.to_owned(),
        })
    };
    assert_eq!(told_of(all).await, expected("30m", "1h30m", "45s"));
    // The engine reads an empty one as the provider's own choice.
    let one = Timeouts {
        delete: Some("2h".to_owned()),
        ..Timeouts::default()
    };
    assert_eq!(told_of(one).await, expected("", "", "2h"));
}

#[tokio::test]
async fn paths_are_told_as_they_are_written() {
    let told = told(Options {
        replace_on_changes: texts(&["size", "tags.Name"]),
        secret_outputs: texts(&["arn"]),
        ..Options::default().ignoring(["tags", "volumes[0].size"])
    })
    .await;
    assert_eq!(told.ignore_changes, ["tags", "volumes[0].size"]);
    assert_eq!(told.replace_on_changes, ["size", "tags.Name"]);
    assert_eq!(told.additional_secret_outputs, ["arn"]);
}

#[tokio::test]
async fn how_it_is_replaced_and_deleted_is_told() {
    let deleted_first = told(Options::default().deleted_before_replaced()).await;
    // Without the second the engine asks the provider instead.
    assert!(deleted_first.delete_before_replace && deleted_first.delete_before_replace_defined);
    let protected = told(Options::default().protected(true)).await;
    assert_eq!(protected.protect, Some(true));
    // Taking it back has to be said as well.
    assert_eq!(
        told(Options::default().protected(false)).await.protect,
        Some(false)
    );
    let retained = told(Options {
        retain_on_delete: true,
        ..Options::default()
    })
    .await;
    assert_eq!(retained.retain_on_delete, Some(true));
}

#[tokio::test]
async fn who_comes_after_whom_is_told_beside_what_inputs_say() {
    let mut program = Program::new();
    let key = program.resource("aws:kms/key:Key", "key", inputs! {}, Options::default());
    let network = program.component("aurora:aws:Network", "network", Options::default());
    let vpc = program.resource(VPC, "vpc", inputs! {}, Options::child_of(network));
    let inputs = inputs! { "kmsKeyId" => key.output("arn"), "size" => 50 };
    program.resource(VOLUME, "data", inputs, Options::child_of(network).after([vpc]));
    let told = told_by(&program).await;
    let dependencies: BTreeSet<String> = told.dependencies.iter().cloned().collect();
    assert_eq!(
        dependencies,
        BTreeSet::from([urn("aws:kms/key:Key", "key"), urn(VPC, "vpc")])
    );
    assert_eq!(told.parent, urn("aurora:aws:Network", "network"));
    // An input has only what it refers to: who merely comes after something is not replaced with it.
    let of_inputs: BTreeMap<&str, &[String]> = told
        .property_dependencies
        .iter()
        .map(|(key, on)| (key.as_str(), on.urns.as_slice()))
        .collect();
    assert_eq!(of_inputs["kmsKeyId"], [urn("aws:kms/key:Key", "key")]);
    assert!(of_inputs.values().all(|urns| !urns.contains(&urn(VPC, "vpc"))));
}

/// Whoever comes after a component comes after all that belongs to it.
#[tokio::test]
async fn who_comes_after_a_component_comes_after_its_members() {
    let mut program = Program::new();
    let network = program.component("aurora:aws:Network", "network", Options::default());
    program.resource(VPC, "vpc", inputs! {}, Options::child_of(network));
    let options = Options::default().after([network]);
    program.resource(VOLUME, "data", inputs! { "size" => 50 }, options);
    let dependencies = told_by(&program).await.dependencies;
    assert!(dependencies.contains(&urn(VPC, "vpc")), "{dependencies:?}");
}
