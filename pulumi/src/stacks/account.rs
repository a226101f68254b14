//! Whose account it is, its zones, the machine image, and the key that everything is encrypted with.

use super::Plan;
use crate::machines::service_host;
use crate::sdk::{Input, Options, Program, Reference, Resource, inputs, list, map};

/// Debian's own account, which publishes its images.
const DEBIAN_OWNER: &str = "136693071363";
/// How long AWS keeps a key that is to be deleted.
const KEY_DELETION_DAYS: u32 = 30;

/// What is known of the account.
pub(super) struct Account {
    pub(super) id: Reference,
    /// `aws`, or another one in China and for governments.
    pub(super) partition: Reference,
    zones: Zones,
    /// The machine image of all machines.
    pub(super) image: Input,
    /// The deployment's own key.
    pub(super) key: Resource,
}

/// The deployment's zones.
enum Zones {
    /// As its description says.
    Named(Vec<String>),
    /// The first ones that the account has in the region.
    First(Reference),
}

impl Account {
    /// The zone `index` of the deployment.
    pub(super) fn zone(&self, index: usize) -> Input {
        match &self.zones {
            Zones::Named(names) => names[index].clone().into(),
            Zones::First(names) => names.clone().element(index).into(),
        }
    }

    /// An ARN of this account in the deployment's region: `arn:PARTITION:SERVICE:REGION:ACCOUNT:REST`.
    pub(super) fn arn(&self, service: &str, region: &str, rest: &str) -> Input {
        Input::text([
            "arn:".into(),
            self.partition.clone().into(),
            format!(":{service}:{region}:").into(),
            self.id.clone().into(),
            format!(":{rest}").into(),
        ])
    }
}

pub(super) fn declare(program: &mut Program, plan: &Plan<'_>) -> Account {
    let deployment = plan.deployment;
    let tags = map! { "tags" => map! { "aurora" => &deployment.name, "managed-by" => "aurora" } };
    // The provider takes what is no text as JSON.
    program.provider(
        "aws",
        inputs! { "region" => &deployment.region, "defaultTags" => Input::json(tags) },
    );
    let identity = program.function(
        "aws:index/getCallerIdentity:getCallerIdentity",
        "account",
        inputs! {},
    );
    let partition = program.function("aws:index/getPartition:getPartition", "partition", inputs! {});
    let zones = match &deployment.network.zone_names {
        Some(names) => Zones::Named(names.clone()),
        None => Zones::First(zones(program)),
    };
    let id = identity.output("accountId");
    let partition = partition.output("partition");
    let key = declare_key(program, plan, &id, &partition);
    Account {
        image: image(program, plan),
        id,
        partition,
        zones,
        key,
    }
}

/// The names of the region's zones.
fn zones(program: &mut Program) -> Reference {
    // Local zones and those that one has to ask for are left out, and one that is lost is not: which zone is the second
    // one must not change when the first is away.
    let usual = map! { "name" => "opt-in-status", "values" => list!["opt-in-not-required"] };
    let zones = program.function(
        "aws:index/getAvailabilityZones:getAvailabilityZones",
        "zones",
        inputs! { "filters" => list![usual] },
    );
    zones.output("names")
}

fn image(program: &mut Program, plan: &Plan<'_>) -> Input {
    let deployment = plan.deployment;
    if let Some(image) = &deployment.image {
        return image.into();
    }
    let filter = |name: &str, value: &str| map! { "name" => name, "values" => list![value] };
    let names = format!("debian-13-{}-*", deployment.architecture.debian_name());
    let newest = program.function(
        "aws:ec2/getAmi:getAmi",
        "image",
        inputs! {
            "owners" => list![DEBIAN_OWNER],
            "mostRecent" => true,
            "filters" => list![
                filter("name", &names),
                filter("architecture", deployment.architecture.ec2_name()),
                filter("virtualization-type", "hvm"),
            ],
        },
    );
    newest.output("id").into()
}

/// The key of volumes, backups, secrets, logs and notices. AWS's own key for notices would keep alarms from sending any.
fn declare_key(
    program: &mut Program,
    plan: &Plan<'_>,
    account: &Reference,
    partition: &Reference,
) -> Resource {
    let deployment = plan.deployment;
    let region = &deployment.region;
    let group = |rest: &str| {
        let rest = format!(":log-group:/aurora/{}/{rest}", deployment.name);
        let arn = [
            "arn:".into(),
            partition.clone().into(),
            format!(":logs:{region}:").into(),
            account.clone().into(),
        ];
        Input::text(arn.into_iter().chain([rest.into()]))
    };
    let root = Input::text([
        "arn:".into(),
        partition.clone().into(),
        ":iam::".into(),
        account.clone().into(),
        ":root".into(),
    ]);
    let use_it = list![
        "kms:Encrypt*",
        "kms:Decrypt*",
        "kms:ReEncrypt*",
        "kms:GenerateDataKey*",
        "kms:Describe*"
    ];
    let policy = map! {
        "Version" => "2012-10-17",
        "Statement" => list![
            // Who may use it is otherwise said by the account's own policies.
            map! {
                "Sid" => "Account", "Effect" => "Allow", "Principal" => map! { "AWS" => root },
                "Action" => "kms:*", "Resource" => "*",
            },
            map! {
                "Sid" => "Logs", "Effect" => "Allow", "Action" => use_it, "Resource" => "*",
                // In China its name ends as its address does; others' do not.
                "Principal" => map! { "Service" => service_host("logs", region) },
                "Condition" => map! { "ArnLike" => map! { "kms:EncryptionContext:aws:logs:arn" => group("*") } },
            },
            map! {
                "Sid" => "Alarms", "Effect" => "Allow", "Action" => list!["kms:Decrypt", "kms:GenerateDataKey*"],
                "Resource" => "*", "Principal" => map! { "Service" => "cloudwatch.amazonaws.com" },
                "Condition" => map! { "StringEquals" => map! { "aws:SourceAccount" => account.clone() } },
            },
        ],
    };
    let key = program.resource(
        "aws:kms/key:Key",
        "key",
        inputs! {
            "description" => format!("Aurora {}: volumes, backups, secrets, logs", deployment.name),
            "enableKeyRotation" => true,
            "deletionWindowInDays" => KEY_DELETION_DAYS,
            "policy" => Input::json(policy),
        },
        Options::default().protected(true),
    );
    program.resource(
        "aws:kms/alias:Alias",
        "key",
        inputs! { "name" => format!("alias/{}", deployment.named("data")), "targetKeyId" => key.output("keyId") },
        Options::default(),
    );
    key
}
