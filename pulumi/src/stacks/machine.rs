//! What all machines have in common.

use super::Layout;
use crate::machines::role;
use crate::sdk::{Input, Options, Resource, inputs, list, map};

/// The disk that the system is on. Logs go to CloudWatch, data to volumes of its own.
pub(crate) const SYSTEM_DISK_GIB: u32 = 20;

/// Only sessions of the metadata service, and only from the machine itself: what makes a program on it fetch an
/// address for somebody else gets no credentials.
pub(super) fn metadata_options() -> Input {
    map! { "httpEndpoint" => "enabled", "httpTokens" => "required", "httpPutResponseHopLimit" => 1 }
}

/// The tags of a machine of `role`, or of one of its volumes, which is called `what`.
pub(super) fn tags(layout: &Layout<'_>, role: &str, what: &str) -> Input {
    let deployment = layout.deployment();
    map! { "Name" => deployment.named(what), "aurora" => &deployment.name, "aurora-role" => role, "managed-by" => "aurora" }
}

/// Where machines of `role` send their logs.
pub(super) fn log_group(layout: &mut Layout<'_>, parent: Resource, role: &str) -> Resource {
    let deployment = layout.deployment();
    let inputs = inputs! {
        "name" => role::log_group(&deployment.name, role),
        "retentionInDays" => deployment.machines().log_days,
        "kmsKeyId" => layout.account.key.output("arn"),
    };
    let token = "aws:cloudwatch/logGroup:LogGroup";
    layout
        .program
        .resource(token, role, inputs, Options::child_of(parent))
}

/// A machine that there is one of.
pub(super) struct Single {
    pub(super) role: &'static str,
    /// What it is called in the program.
    pub(super) name: String,
    pub(super) machine_type: String,
    pub(super) subnet: Resource,
    pub(super) firewall: Resource,
    pub(super) profile: Resource,
    pub(super) user_data: Input,
}

impl Single {
    /// Declares it. It is replaced when what it is made with changes; the old one goes first, since there is one address
    /// and one volume.
    pub(super) fn declare(self, layout: &mut Layout<'_>, options: Options) -> Resource {
        let tags = tags(layout, self.role, self.role);
        // Not to be taken for the volume with data.
        let system_tags = tags_of_system_disk(layout, self.role);
        let inputs = inputs! {
            "ami" => layout.account.image.clone(),
            "instanceType" => self.machine_type,
            "subnetId" => self.subnet.id(),
            "vpcSecurityGroupIds" => list![self.firewall.id()],
            "associatePublicIpAddress" => false,
            "iamInstanceProfile" => self.profile.output("name"),
            "metadataOptions" => metadata_options(),
            "rootBlockDevice" => map! {
                "volumeType" => "gp3", "volumeSize" => SYSTEM_DISK_GIB, "encrypted" => true, "tags" => system_tags,
            },
            "ebsOptimized" => true,
            "userDataBase64" => self.user_data,
            "userDataReplaceOnChange" => true,
            "tags" => tags,
        };
        let options = options.deleted_before_replaced();
        let options = options.ignoring(keeps_image(layout).then_some("ami"));
        let options = options.ignoring((!layout.plan.renew_machines).then_some("userDataBase64"));
        layout
            .program
            .resource("aws:ec2/instance:Instance", &self.name, inputs, options)
    }
}

/// The tags of the system disk of a machine of `role`.
pub(super) fn tags_of_system_disk(layout: &Layout<'_>, role: &str) -> Input {
    tags(layout, role, &format!("{role}-system"))
}

/// Whether machines stay with the image that they were made with.
pub(super) fn keeps_image(layout: &Layout<'_>) -> bool {
    layout.deployment().image.is_none() && !layout.plan.renew_machines
}

/// The disk that the system is on in Debian's images, and has to be on in others.
pub const SYSTEM_DEVICE: &str = "/dev/xvda";

/// The system disk of a launch template.
pub(super) fn system_disk() -> Input {
    let disk = map! { "volumeType" => "gp3", "volumeSize" => SYSTEM_DISK_GIB, "encrypted" => "true" };
    list![map! { "deviceName" => SYSTEM_DEVICE, "ebs" => disk }]
}
