//! One secret of Secrets Manager for each password and key.
//!
//! They are made once, when a deployment is made first, and kept encrypted in the state's configuration: a program that
//! makes them anew each time would change every machine's passwords with every run.

use std::collections::BTreeMap;
use std::fmt;

use super::Layout;
use super::iam::Statement;
use crate::sdk::{Input, Options, Resource, inputs};

/// A password or key of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretKey {
    /// What nodes seal their gossip, their sessions and the connections they keep with: 32 bytes in base64.
    ClusterKey,
    /// What the admin logs in with.
    AdminToken,
    /// ClickHouse's user who ingests.
    ClickHouseWriter,
    /// ClickHouse's user whom queries run as.
    ClickHouseReader,
    /// ClickHouse's user for backups.
    ClickHouseOperator,
    /// ClickHouse's user of Grafana.
    ClickHouseGrafana,
    /// Grafana's admin.
    GrafanaAdmin,
}

impl SecretKey {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ClusterKey,
        Self::AdminToken,
        Self::ClickHouseWriter,
        Self::ClickHouseReader,
        Self::ClickHouseOperator,
        Self::ClickHouseGrafana,
        Self::GrafanaAdmin,
    ];

    /// The last part of its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClusterKey => "cluster-key",
            Self::AdminToken => "admin-token",
            Self::ClickHouseWriter => "clickhouse-writer",
            Self::ClickHouseReader => "clickhouse-reader",
            Self::ClickHouseOperator => "clickhouse-operator",
            Self::ClickHouseGrafana => "clickhouse-grafana",
            Self::GrafanaAdmin => "grafana-admin",
        }
    }

    /// Whether data that is kept cannot be used without it: connections in ClickHouse are sealed with the cluster's key.
    fn belongs_to_data(self) -> bool {
        self == Self::ClusterKey
    }
}

/// The secrets of a deployment. They do not show themselves.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<SecretKey, String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A secret that is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the deployment's secret {0:?} is missing from its configuration")]
pub struct MissingSecret(pub &'static str);

impl Secrets {
    /// All of them, each from `find`.
    pub fn find(mut find: impl FnMut(SecretKey) -> Option<String>) -> Result<Self, MissingSecret> {
        let found = SecretKey::ALL
            .into_iter()
            .map(|key| Ok((key, find(key).ok_or(MissingSecret(key.name()))?)));
        found.collect::<Result<_, _>>().map(Self)
    }

    /// None of them: for whoever only wants to know what is declared.
    pub(super) fn unknown() -> Self {
        Self(BTreeMap::new())
    }

    fn get(&self, key: SecretKey) -> &str {
        self.0.get(&key).map_or("", String::as_str)
    }
}

/// The secrets as resources.
pub(super) struct StoredSecrets {
    /// All of them: who depends on it finds their values.
    pub(super) component: Resource,
    stored: BTreeMap<SecretKey, Resource>,
    key: Resource,
}

impl StoredSecrets {
    /// The right to read these.
    pub(super) fn reading(&self, keys: &[SecretKey]) -> Vec<Statement> {
        let arns = keys.iter().map(|key| self.stored[key].output("arn"));
        vec![
            Statement::allow(["secretsmanager:GetSecretValue"], arns.map(Input::from)),
            Statement::allow(["kms:Decrypt"], [self.key.output("arn").into()]),
        ]
    }
}

pub(super) fn declare(layout: &mut Layout<'_>) -> StoredSecrets {
    let component = layout.component("Secrets", "secrets");
    let mut stored = BTreeMap::new();
    for key in SecretKey::ALL {
        let is_data = key.belongs_to_data();
        let options = Options::child_of(component).protected(is_data);
        let inputs = inputs! {
            "name" => layout.deployment().secret_name(key.name()),
            "kmsKeyId" => layout.account.key.output("arn"),
            // Deleted at once, so that a deployment of the same name can be made again.
            "recoveryWindowInDays" => 0,
        };
        let secret = layout.program.resource(
            "aws:secretsmanager/secret:Secret",
            key.name(),
            inputs,
            options.clone(),
        );
        let inputs = inputs! {
            "secretId" => secret.id(), "secretString" => Input::secret(layout.plan.secrets.get(key)),
        };
        let token = "aws:secretsmanager/secretVersion:SecretVersion";
        layout.program.resource(token, key.name(), inputs, options);
        stored.insert(key, secret);
    }
    StoredSecrets {
        component,
        stored,
        key: layout.account.key,
    }
}
