//! What is laid out in AWS for a deployment, as pure functions from its description to a [`Program`].
//!
//! ```text
//!              internet
//!                 │ 443 (80 redirects)
//!   public     ┌──▼──┐   NAT ──▶ Kafka, S3, AWS's interfaces
//!   subnets    │ ALB │    ▲
//!   ───────────┴──┬──┴────┼────────────────────────────────────────────
//!   private       │ 8080  │   3000
//!   subnets    ┌──▼───────┴──┐ ┌─▼───────┐   ┌────────────┐
//!              │ peers (ASG) ├─▶ Grafana │──▶│ ClickHouse │──▶ data volume, protected
//!              │ gossip 7946 │ └─────────┘   │ 8123       │──▶ backups in S3, protected
//!              └──────┬──────┘               └─────▲──────┘
//!                     └────────────────────────────┘
//! ```
//!
//! | stack | lays out |
//! |---|---|
//! | `account` | whose account it is, its zones, the machine image, the key that everything is encrypted with |
//! | `network` | network, subnets in each zone, ways out, the private names |
//! | `secrets` | one secret of Secrets Manager for each password and key |
//! | `storage` | buckets: the program, backups |
//! | `clickhouse` | the database's machine and its volume |
//! | `peers` | nodes: launch template, Auto Scaling group, its hooks and its rules |
//! | `grafana` | its machine |
//! | `edge` | load balancer, certificate, public names |
//! | `alarms` | what is watched, and who is told |
//! | `machine`, `user_data` | what all machines have in common; what each is told when it starts |
//! | `iam`, `firewall` | roles with what each may do; who reaches whom |
//!
//! What outlives `aurora destroy` is protected: the data volume, the backups, the key, and the secrets without which the data
//! cannot be used.

mod account;
mod alarms;
mod clickhouse;
mod edge;
mod firewall;
mod grafana;
mod iam;
mod machine;
mod network;
mod peers;
pub mod secrets;
mod storage;
#[cfg(test)]
mod tests;
mod user_data;

use std::path::PathBuf;

use crate::deployment::Deployment;
use crate::machines::InvalidMachine;
use crate::sdk::{Input, Options, Program, Resource, inputs};

pub use machine::SYSTEM_DEVICE;
pub(crate) use machine::SYSTEM_DISK_GIB;
pub use secrets::{SecretKey, Secrets};

/// Ports that machines serve at.
pub mod ports {
    /// Aurora's HTTP.
    pub const HTTP: u16 = 8080;
    /// Aurora's gossip, UDP.
    pub const GOSSIP: u16 = 7946;
    /// ClickHouse's HTTP.
    pub const CLICKHOUSE: u16 = 8123;
    /// Grafana's HTTP.
    pub const GRAFANA: u16 = 3000;
}

/// The program that machines run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramFile {
    /// Where it is on this machine.
    pub path: PathBuf,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// A certificate that the deployment signed itself, for a load balancer without a name of one's own.
#[derive(Debug, Clone)]
pub struct OwnCertificate {
    /// The certificate, PEM.
    pub certificate: String,
    /// Its private key, PEM.
    pub private_key: String,
}

/// All that a deployment is made from.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The description, checked.
    pub deployment: &'a Deployment,
    /// Passwords and keys, made once for a deployment.
    pub secrets: &'a Secrets,
    /// The program that machines run.
    pub program: ProgramFile,
    /// Needed when the description names no domain.
    pub own_certificate: Option<OwnCertificate>,
    /// Whether the machines of the database and of Grafana are made anew, and all get the newest image. Otherwise they stay
    /// what they were made as: another version of Aurora is no reason to replace a database.
    pub renew_machines: bool,
    /// Whether the group is brought to the description's number of nodes, although it scales by itself.
    pub set_nodes: bool,
}

impl Plan<'_> {
    /// Checks what machines are told, which is worked out only once other resources are there: better before.
    pub fn check(&self) -> Result<(), InvalidMachine> {
        user_data::check(self)
    }
}

/// What is declared for `deployment`, whoever deploys it: for costs, for what is kept, and to find mistakes. Secrets and the
/// program are not the real ones.
pub fn declared(deployment: &Deployment) -> Result<Program, InvalidMachine> {
    let plan = Plan {
        deployment,
        secrets: &Secrets::unknown(),
        program: ProgramFile {
            path: PathBuf::new(),
            sha256: "0".repeat(64),
        },
        own_certificate: Some(OwnCertificate {
            certificate: String::new(),
            private_key: String::new(),
        }),
        renew_machines: false,
        set_nodes: false,
    };
    plan.check()?;
    Ok(program(&plan))
}

/// What all stacks need while a program is put together.
struct Layout<'a> {
    program: Program,
    plan: &'a Plan<'a>,
    account: account::Account,
}

impl Layout<'_> {
    fn deployment(&self) -> &Deployment {
        self.plan.deployment
    }

    /// Declares a component.
    fn component(&mut self, kind: &str, name: &str) -> Resource {
        self.program
            .component(&format!("aurora:aws:{kind}"), name, Options::default())
    }

    /// The tags of a thing with this name, besides those that everything has.
    fn name_tag(&self, what: &str) -> Input {
        Input::Map(inputs! { "Name" => self.deployment().named(what) })
    }
}

/// The program that lays `plan` out.
pub fn program(plan: &Plan<'_>) -> Program {
    let mut program = Program::new();
    let account = account::declare(&mut program, plan);
    let mut layout = Layout {
        program,
        plan,
        account,
    };
    let network = network::declare(&mut layout);
    let secrets = secrets::declare(&mut layout);
    let storage = storage::declare(&mut layout);
    let firewall = firewall::declare(&mut layout, &network);
    let clickhouse = clickhouse::declare(&mut layout, &network, &secrets, &storage, &firewall);
    let edge = edge::declare(&mut layout, &network, &firewall);
    let grafana = grafana::declare(
        &mut layout,
        &network,
        &secrets,
        &storage,
        &firewall,
        &edge,
        &clickhouse,
    );
    let peers = peers::declare(
        &mut layout,
        &network,
        &secrets,
        &storage,
        &firewall,
        &edge,
        &clickhouse,
    );
    alarms::declare(&mut layout, &edge, &clickhouse, &peers);

    let Layout {
        mut program, plan, ..
    } = layout;
    let deployment = plan.deployment;
    program.export("url", edge.url());
    program.export("name", &deployment.name);
    program.export("region", &deployment.region);
    program.export("group", peers.group.output("name"));
    program.export(
        "adminTokenSecret",
        deployment.secret_name(SecretKey::AdminToken.name()),
    );
    program.export("clickhouseInstance", clickhouse.instance.id());
    program.export("dataVolume", clickhouse.volume.id());
    program.export("backupsBucket", storage.backups.output("bucket"));
    if let Some(grafana) = &grafana {
        program.export("grafanaUrl", edge.grafana_url());
        program.export("grafanaInstance", grafana.instance.id());
        program.export(
            "grafanaAdminSecret",
            deployment.secret_name(SecretKey::GrafanaAdmin.name()),
        );
    }
    program
}
