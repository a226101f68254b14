//! The database: one machine, and a volume that outlives it.

use super::firewall::Firewall;
use super::iam;
use super::machine::{self, Single};
use super::network::{self, Network};
use super::secrets::{SecretKey, StoredSecrets};
use super::storage::Storage;
use super::{Layout, user_data};
use crate::machines::role;
use crate::sdk::{Options, Resource, inputs};

const ROLE: &str = role::CLICKHOUSE;
/// What EC2 calls the volume; the machine finds it by its id.
const DEVICE: &str = "/dev/sdf";

/// The database.
pub(super) struct ClickHouse {
    /// All of it: who depends on it finds it with its volume.
    pub(super) component: Resource,
    pub(super) instance: Resource,
    pub(super) volume: Resource,
}

/// A volume for data, which outlives the machine.
fn declare_volume(
    layout: &mut Layout<'_>,
    parent: Resource,
    name: &str,
    zone: usize,
    is_used: bool,
) -> Resource {
    let storage = layout.deployment().machines().storage;
    let inputs = inputs! {
        "availabilityZone" => layout.account.zone(zone),
        "type" => "gp3",
        "size" => storage.size_gib,
        "iops" => storage.iops,
        "throughput" => storage.throughput_mib,
        "encrypted" => true,
        "kmsKeyId" => layout.account.key.output("arn"),
        "tags" => machine::tags(layout, ROLE, &format!("{ROLE}-{name}")),
    };
    // It cannot move, whatever zones there are later.
    let options = Options::child_of(parent)
        .protected(true)
        .ignoring(["availabilityZone"]);
    // Nobody wants more of what only lies there, and volumes do not shrink.
    let options = options.ignoring(
        (!is_used)
            .then_some(["size", "iops", "throughput"])
            .into_iter()
            .flatten(),
    );
    layout
        .program
        .resource("aws:ebs/volume:Volume", name, inputs, options)
}

pub(super) fn declare(
    layout: &mut Layout<'_>,
    network: &Network,
    secrets: &StoredSecrets,
    storage: &Storage,
    firewall: &Firewall,
) -> ClickHouse {
    let component = layout.component("ClickHouse", "clickhouse");
    let machines = layout.deployment().machines();
    // Each restore has a volume of its own. The database uses the last one; those before it stay.
    let restores = layout.deployment().clickhouse.restores.clone();
    let mut volume = declare_volume(layout, component, "data", 0, restores.is_empty());
    for (number, restore) in (1..).zip(&restores) {
        volume = declare_volume(
            layout,
            component,
            &format!("data-{number}"),
            usize::from(restore.zone),
            number == restores.len(),
        );
    }
    let (machine_name, volume_name) = layout.deployment().database_names();

    let logs = machine::log_group(layout, component, ROLE);
    let mut rights = vec![storage.fetching_programs()];
    rights.extend(storage.backing_up());
    rights.extend(secrets.reading(&[
        SecretKey::ClickHouseWriter,
        SecretKey::ClickHouseReader,
        SecretKey::ClickHouseOperator,
        SecretKey::ClickHouseGrafana,
    ]));
    rights.extend(iam::reporting(layout, ROLE));
    let profile = iam::profile(layout, component, ROLE, rights);
    let machine = Single {
        role: ROLE,
        name: machine_name,
        machine_type: machines.types.clickhouse,
        // Where the volume is.
        subnet: network.private[usize::from(layout.deployment().database_zone())],
        firewall: firewall.clickhouse,
        profile,
        user_data: user_data::of_clickhouse(layout, storage, volume),
    };
    let options =
        Options::child_of(component).after([network.component, firewall.component, secrets.component, logs]);
    let instance = machine.declare(layout, options);
    let attachment = inputs! {
        "deviceName" => DEVICE,
        "instanceId" => instance.id(),
        "volumeId" => volume.id(),
        // A volume is not pulled away from under a database that writes.
        "stopInstanceBeforeDetaching" => true,
    };
    let options = Options::child_of(component).deleted_before_replaced();
    layout.program.resource(
        "aws:ec2/volumeAttachment:VolumeAttachment",
        &volume_name,
        attachment,
        options,
    );
    network::name_machine(layout, network, component, ROLE, instance);
    ClickHouse {
        component,
        instance,
        volume,
    }
}
