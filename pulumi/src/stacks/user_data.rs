//! What machines are told when they start for the first time: what [`crate::machines`] makes of a deployment.
//!
//! Some of it is known only once other resources are there, such as the name of the load balancer.

use super::edge::Edge;
use super::storage::Storage;
use super::Layout;
use crate::deployment::Deployment;
use crate::machines::{
    ClickHouseMachine, ClickHouseRelease, Common, GrafanaMachine, GrafanaRelease, InvalidMachine, PeerMachine, UserData,
};
use crate::sdk::{Input, Reference, Resource, Value};

/// The memory of machines that are not in the catalogue: enough not to be treated as small.
const UNKNOWN_MEMORY_MIB: u32 = 16 << 10;

/// The user-data of nodes.
pub(super) fn of_peers(layout: &Layout<'_>, storage: &Storage, edge: &Edge) -> Input {
    let deployment = layout.deployment();
    let grafana = if deployment.grafana.enabled { edge.grafana_url() } else { "".into() };
    let network = deployment.network.cidr.to_string();
    let configuration = deployment.node.to_string();
    let common = Machine::of(layout, storage);
    Input::computed([common.bucket(), grafana], move |values| {
        let grafana = text(&values[1])?;
        let machine = PeerMachine {
            common: common.with_bucket(text(&values[0])?),
            network: network.clone(),
            grafana_url: (!grafana.is_empty()).then_some(grafana),
            configuration: configuration.clone(),
        };
        encoded(machine.user_data())
    })
}

/// The user-data of the database's machine, which keeps its data on `volume`.
pub(super) fn of_clickhouse(layout: &Layout<'_>, storage: &Storage, volume: Resource) -> Input {
    let deployment = layout.deployment();
    let network = deployment.network.cidr.to_string();
    let machine_type = deployment.machines().types.clickhouse;
    let memory_mib = crate::cost::machine_type(&machine_type).map_or(UNKNOWN_MEMORY_MIB, |known| known.memory_mib);
    let restore = layout.plan.restore.clone();
    let common = Machine::of(layout, storage);
    let inputs = [common.bucket(), volume.id().into(), storage.backups.output("bucket").into()];
    Input::computed(inputs, move |values| {
        let machine = ClickHouseMachine {
            common: common.with_bucket(text(&values[0])?),
            network: network.clone(),
            volume: text(&values[1])?,
            backup_bucket: text(&values[2])?,
            memory_mib,
            release: ClickHouseRelease::default(),
            restore: restore.clone(),
        };
        encoded(machine.user_data())
    })
}

/// The user-data of Grafana's machine.
pub(super) fn of_grafana(layout: &Layout<'_>, storage: &Storage, edge: &Edge) -> Input {
    let admin_email = layout.deployment().alarms.email.clone();
    let common = Machine::of(layout, storage);
    Input::computed([common.bucket(), edge.grafana_url()], move |values| {
        let machine = GrafanaMachine {
            common: common.with_bucket(text(&values[0])?),
            root_url: text(&values[1])?,
            admin_email: admin_email.clone(),
            release: GrafanaRelease::default(),
        };
        encoded(machine.user_data())
    })
}

/// What all machines are told, but for the name of a bucket.
#[derive(Clone)]
struct Machine {
    deployment: Deployment,
    program_sha256: String,
    bucket: Reference,
}

impl Machine {
    fn of(layout: &Layout<'_>, storage: &Storage) -> Self {
        Self {
            deployment: layout.deployment().clone(),
            program_sha256: layout.plan.program.sha256.clone(),
            bucket: storage.program_bucket(),
        }
    }

    fn bucket(&self) -> Input {
        self.bucket.clone().into()
    }

    fn with_bucket(&self, program_bucket: String) -> Common {
        Common {
            deployment: self.deployment.name.clone(),
            region: self.deployment.region.clone(),
            architecture: self.deployment.architecture,
            program_bucket,
            program_sha256: self.program_sha256.clone(),
            aws_endpoint: None,
        }
    }
}

fn text(value: &Value) -> Result<String, String> {
    value.as_text().map(str::to_owned).ok_or_else(|| "a machine is told something that is no text".to_owned())
}

fn encoded(user_data: Result<UserData, InvalidMachine>) -> Result<Value, String> {
    user_data.map(|data| data.base64().into()).map_err(|error| error.to_string())
}
