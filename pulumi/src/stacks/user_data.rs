//! What machines are told when they start for the first time: what [`crate::machines`] makes of a deployment.
//!
//! Some of it is known only once other resources are there, such as the name of the load balancer.

use super::alarms;
use super::edge::Edge;
use super::storage::Storage;
use super::{Layout, Plan};
use crate::deployment::Deployment;
use crate::machines::{
    ClickHouseMachine, ClickHouseRelease, Common, GrafanaMachine, GrafanaPlace, GrafanaRelease,
    InvalidMachine, PeerMachine, UserData,
};
use crate::sdk::{Input, Resource, Value};

/// Checks what machines of `plan` are told, with values that stand for those of other resources.
pub(super) fn check(plan: &Plan<'_>) -> Result<(), InvalidMachine> {
    let facts = Facts::of(plan);
    let (bucket, url) = (
        "aurora-programs".to_owned(),
        format!("https://{}.example.com", "a".repeat(80)),
    );
    let grafana = GrafanaPlace {
        url: url.clone(),
        topic: format!("arn:aws-us-gov:sns:us-gov-west-1:123456789012:{}", "a".repeat(60)),
    };
    facts.peer(bucket.clone(), Some(grafana)).user_data()?;
    facts
        .clickhouse(bucket.clone(), "vol-0123456789abcdef0".to_owned(), bucket.clone())
        .user_data()?;
    facts.grafana(bucket, url).user_data().map(drop)
}

/// The user-data of nodes.
pub(super) fn of_peers(layout: &Layout<'_>, storage: &Storage, edge: &Edge) -> Input {
    let facts = Facts::of(layout.plan);
    let has_grafana = layout.deployment().grafana.enabled;
    let mut inputs = vec![storage.program_bucket().into()];
    if has_grafana {
        inputs.extend([edge.grafana_url(), alarms::topic_arn(layout)]);
    }
    Input::computed(inputs, move |values| {
        let grafana = match has_grafana {
            true => Some(GrafanaPlace {
                url: text(&values[1])?,
                topic: text(&values[2])?,
            }),
            false => None,
        };
        encoded(facts.peer(text(&values[0])?, grafana).user_data())
    })
}

/// The user-data of the database's machine, which keeps its data on `volume`.
pub(super) fn of_clickhouse(layout: &Layout<'_>, storage: &Storage, volume: Resource) -> Input {
    let facts = Facts::of(layout.plan);
    let inputs = [
        storage.program_bucket(),
        volume.id(),
        storage.backups.output("bucket"),
    ];
    Input::computed(inputs.map(Input::from), move |values| {
        let [bucket, volume, backups] = [text(&values[0])?, text(&values[1])?, text(&values[2])?];
        encoded(facts.clickhouse(bucket, volume, backups).user_data())
    })
}

/// The user-data of Grafana's machine.
pub(super) fn of_grafana(layout: &Layout<'_>, storage: &Storage, edge: &Edge) -> Input {
    let facts = Facts::of(layout.plan);
    Input::computed(
        [storage.program_bucket().into(), edge.grafana_url()],
        move |values| encoded(facts.grafana(text(&values[0])?, text(&values[1])?).user_data()),
    )
}

/// What is known about machines before anything is there.
struct Facts {
    deployment: Deployment,
    program_sha256: String,
}

impl Facts {
    fn of(plan: &Plan<'_>) -> Self {
        Self {
            deployment: plan.deployment.clone(),
            program_sha256: plan.program.sha256.clone(),
        }
    }

    fn common(&self, program_bucket: String) -> Common {
        Common {
            deployment: self.deployment.name.clone(),
            region: self.deployment.region.clone(),
            architecture: self.deployment.architecture,
            program_bucket,
            program_sha256: self.program_sha256.clone(),
            aws_endpoint: None,
        }
    }

    fn network(&self) -> String {
        self.deployment.network.cidr.to_string()
    }

    fn peer(&self, bucket: String, grafana: Option<GrafanaPlace>) -> PeerMachine {
        PeerMachine {
            common: self.common(bucket),
            network: self.network(),
            grafana,
            configuration: self.deployment.node.to_string(),
        }
    }

    fn clickhouse(&self, bucket: String, volume: String, backup_bucket: String) -> ClickHouseMachine {
        ClickHouseMachine {
            common: self.common(bucket),
            network: self.network(),
            volume,
            backup_bucket,
            release: ClickHouseRelease::default(),
            restore: self
                .deployment
                .clickhouse
                .restores
                .last()
                .map(|restore| restore.backup.clone()),
        }
    }

    fn grafana(&self, bucket: String, root_url: String) -> GrafanaMachine {
        GrafanaMachine {
            common: self.common(bucket),
            root_url,
            admin_email: self.deployment.alarms.email.clone(),
            release: GrafanaRelease::default(),
        }
    }
}

fn text(value: &Value) -> Result<String, String> {
    value
        .as_text()
        .map(str::to_owned)
        .ok_or_else(|| "a machine is told something that is no text".to_owned())
}

fn encoded(user_data: Result<UserData, InvalidMachine>) -> Result<Value, String> {
    user_data
        .map(|data| data.base64().into())
        .map_err(|error| error.to_string())
}
