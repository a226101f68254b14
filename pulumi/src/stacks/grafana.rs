//! Grafana's machine. What it shows is made by the nodes, so it keeps nothing that would have to be kept.

use super::clickhouse::ClickHouse;
use super::edge::Edge;
use super::firewall::Firewall;
use super::iam::{self, Statement};
use super::machine::{self, Single};
use super::network::{self, Network};
use super::secrets::{SecretKey, StoredSecrets};
use super::storage::Storage;
use super::{Layout, alarms, ports, user_data};
use crate::machines::{role, service_host};
use crate::sdk::{Options, Resource, inputs};

const ROLE: &str = role::GRAFANA;

/// Grafana.
pub(super) struct Grafana {
    pub(super) instance: Resource,
}

pub(super) fn declare(
    layout: &mut Layout<'_>,
    network: &Network,
    secrets: &StoredSecrets,
    storage: &Storage,
    firewall: &Firewall,
    edge: &Edge,
    clickhouse: &ClickHouse,
) -> Option<Grafana> {
    if !layout.deployment().grafana.enabled {
        return None;
    }
    let component = layout.component("Grafana", ROLE);
    let logs = machine::log_group(layout, component, ROLE);
    let mut rights = vec![storage.fetching_programs()];
    rights.extend(secrets.reading(&[SecretKey::GrafanaAdmin]));
    rights.extend(notices(layout));
    rights.extend(iam::reporting(layout, ROLE));
    let profile = iam::profile(layout, component, ROLE, rights);
    let machine = Single {
        role: ROLE,
        name: ROLE.to_owned(),
        machine_type: layout.deployment().machines().types.grafana,
        subnet: network.private[0],
        firewall: firewall.grafana,
        profile,
        user_data: user_data::of_grafana(layout, storage, edge),
    };
    let options = Options::child_of(component).after([
        network.component,
        firewall.component,
        secrets.component,
        logs,
        clickhouse.component,
    ]);
    let instance = machine.declare(layout, options);
    network::name_machine(layout, network, component, ROLE, instance);
    let target = inputs! {
        "targetGroupArn" => edge.grafana.output("arn"), "targetId" => instance.id(), "port" => ports::GRAFANA,
    };
    let options = Options::child_of(component).deleted_before_replaced();
    layout.program.resource(
        "aws:lb/targetGroupAttachment:TargetGroupAttachment",
        ROLE,
        target,
        options,
    );
    Some(Grafana { instance })
}

/// The rights to send alerts to the deployment's topic, whose messages are encrypted with its key. To decrypt with it is among the
/// rights to read secrets.
fn notices(layout: &Layout<'_>) -> [Statement; 2] {
    let key = layout.account.key.output("arn");
    let service = service_host("sns", &layout.deployment().region);
    [
        Statement::allow(["sns:Publish"], [alarms::topic_arn(layout)]),
        Statement::allow(["kms:GenerateDataKey"], [key.into()]).when("kms:ViaService", service),
    ]
}
