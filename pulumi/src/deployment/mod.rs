//! What a deployment in AWS is: the file that describes it, read and checked.
//!
//! ```toml
//! name = "prod"                  # part of the names of all that is made
//! region = "eu-central-1"
//! size = "standard"              # dev, standard or large
//! nodes = 3
//!
//! [edge]
//! domain = "aurora.example.com"  # the web app's; Grafana's is grafana.aurora.example.com
//! hosted_zone = "example.com"    # a Route 53 zone of the account: names and certificate are made in it
//!
//! [scaling]
//! max_nodes = 12                 # lets the number grow with the load
//!
//! [alarms]
//! email = "ops@example.com"
//!
//! [[node.connections]]           # what else goes into each node's configuration file
//! name = "kafka"
//! brokers = "b-1.example.com:9096"
//! properties = { "sasl.password" = "secretsmanager:aurora/prod/own/kafka" }
//! ```
//!
//! Everything but `name` and `region` has a default. What can be found out without asking AWS is checked here
//! (`check`), before anything is made.

mod check;
mod sections;
mod size;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use check::InvalidDeployment;
pub(crate) use check::{check_name, check_region};
pub use sections::{
    AlarmsSection, BackupsSection, ClickHouseSection, EdgeSection, GrafanaSection, NetworkSection, Restore,
    ScalingSection, StateSection,
};
pub use size::{Architecture, MachineTypes, Machines, Size, Storage};

/// AWS allows no more.
const GP3_IOPS_PER_GIB: u32 = 500;

/// What a user wants to have in their account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Its name, which every resource carries: 3 to 20 lowercase letters, digits and hyphens.
    pub name: String,
    /// The AWS region, such as `eu-central-1`.
    pub region: String,
    /// The size of its machines.
    #[serde(default)]
    pub size: Size,
    /// How many Aurora nodes; the size's own number when not set.
    pub nodes: Option<u16>,
    /// The processors of its machines.
    #[serde(default)]
    pub architecture: Architecture,
    /// The machine image (`ami-…`) of all machines; the newest Debian when a machine is first made if not set.
    pub image: Option<String>,
    /// The network.
    #[serde(default)]
    pub network: NetworkSection,
    /// When nodes are added and taken away.
    #[serde(default)]
    pub scaling: ScalingSection,
    /// How people and programs reach it.
    #[serde(default)]
    pub edge: EdgeSection,
    /// The database.
    #[serde(default)]
    pub clickhouse: ClickHouseSection,
    /// Grafana.
    #[serde(default)]
    pub grafana: GrafanaSection,
    /// Backups of the database.
    #[serde(default)]
    pub backups: BackupsSection,
    /// Who is told when something is wrong.
    #[serde(default)]
    pub alarms: AlarmsSection,
    /// Where what is known about the deployment is kept.
    #[serde(default)]
    pub state: StateSection,
    /// What goes into each node's configuration file besides what the deployment itself puts there: `connections`,
    /// `streams`, `model`, `queries`, `limits`.
    #[serde(default)]
    pub node: toml::Table,
}

/// Why there is no deployment to work with.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file is not there, or not for us.
    #[error("the deployment's description {path} cannot be read: {source}")]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("the deployment's description {path} cannot be used: {source}")]
    Syntax {
        /// Which one.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// It describes what cannot be.
    #[error("the deployment's description {path}: {source}")]
    Invalid {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: InvalidDeployment,
    },
}

impl Deployment {
    /// One with nothing but defaults.
    pub fn new(name: &str, region: &str) -> Self {
        Self {
            name: name.to_owned(),
            region: region.to_owned(),
            size: Size::default(),
            nodes: None,
            architecture: Architecture::default(),
            image: None,
            network: NetworkSection::default(),
            scaling: ScalingSection::default(),
            edge: EdgeSection::default(),
            clickhouse: ClickHouseSection::default(),
            grafana: GrafanaSection::default(),
            backups: BackupsSection::default(),
            alarms: AlarmsSection::default(),
            state: StateSection::default(),
            node: toml::Table::new(),
        }
    }

    /// Reads and checks a description.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let text = std::fs::read_to_string(path).map_err(|source| ReadError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let deployment: Self = toml::from_str(&text).map_err(|source| ReadError::Syntax {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        deployment.check().map_err(|source| ReadError::Invalid {
            path: path.to_owned(),
            source,
        })?;
        Ok(deployment)
    }

    /// How many nodes there are at least, and at the start.
    pub fn nodes(&self) -> u16 {
        self.nodes.unwrap_or(self.size.machines(self.architecture).nodes)
    }

    /// How many nodes there are at most.
    pub fn max_nodes(&self) -> u16 {
        self.scaling
            .max_nodes
            .unwrap_or_else(|| self.nodes())
            .max(self.nodes())
    }

    /// Whether the group changes its number of nodes by itself.
    pub fn scales_by_itself(&self) -> bool {
        self.max_nodes() > self.nodes()
    }

    /// Its machines: the size's, with what the description says otherwise.
    pub fn machines(&self) -> Machines {
        let mut machines = self.size.machines(self.architecture);
        let own = |own: &Option<String>, usual: &mut String| {
            if let Some(own) = own {
                usual.clone_from(own);
            }
        };
        own(&self.scaling.machine, &mut machines.types.peer);
        own(&self.clickhouse.machine, &mut machines.types.clickhouse);
        own(&self.grafana.machine, &mut machines.types.grafana);
        let named = self.network.zone_names.as_ref();
        let named = named.and_then(|names| u8::try_from(names.len()).ok());
        machines.zones = named.or(self.network.zones).unwrap_or(machines.zones);
        let storage = &mut machines.storage;
        storage.size_gib = self.clickhouse.volume_gib.unwrap_or(storage.size_gib);
        storage.iops = storage.iops.min(storage.size_gib * GP3_IOPS_PER_GIB);
        machines
    }

    /// The name of a thing of this deployment, such as `aurora-prod-peers`.
    pub fn named(&self, what: &str) -> String {
        format!("aurora-{}-{what}", self.name)
    }

    /// What the database's machine is called in the program, and what its volume is. A restore makes others: what is
    /// declared anew is made as it is declared, whatever the ones before it keep, and a restore that was cut off goes on.
    pub fn database_names(&self) -> (String, String) {
        let restored = |name: &str| match self.clickhouse.restores.len() {
            0 => name.to_owned(),
            times => format!("{name}-{times}"),
        };
        (restored("clickhouse"), restored("data"))
    }

    /// In which of its zones the database is.
    pub fn database_zone(&self) -> u8 {
        self.clickhouse.restores.last().map_or(0, |restore| restore.zone)
    }

    /// The zone of its private names, such as `prod.aurora.internal`.
    pub fn private_zone(&self) -> String {
        format!("{}.aurora.internal", self.name)
    }

    /// The name of a secret of it in Secrets Manager, such as `aurora/prod/cluster-key`.
    pub fn secret_name(&self, key: &str) -> String {
        format!("aurora/{}/{key}", self.name)
    }
}
