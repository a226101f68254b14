//! The sections of a deployment's description.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

/// `[network]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkSection {
    /// The addresses of the deployment's own network; one that overlaps with no network that it is to reach.
    pub cidr: Ipv4Net,
    /// Over how many availability zones, 2 or 3; the size's own number when not set.
    pub zones: Option<u8>,
    /// Which ones, such as `eu-central-1a`; the first ones of the region when not set.
    pub zone_names: Option<Vec<String>>,
}

impl Default for NetworkSection {
    fn default() -> Self {
        Self {
            cidr: Ipv4Net::new_assert(Ipv4Addr::new(10, 90, 0, 0), 16),
            zones: None,
            zone_names: None,
        }
    }
}

/// `[scaling]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScalingSection {
    /// The most nodes that the group may grow to by itself; it does not when not set.
    pub max_nodes: Option<u16>,
    /// The processor load of all nodes, in percent, that more nodes are added above.
    pub cpu_percent: u8,
    /// How long, in seconds, nodes may need to catch up before more are added. A new one takes minutes to be of help.
    pub catch_up_seconds: u16,
    /// Whether nodes are spot instances: much cheaper, and taken away at two minutes' notice.
    pub spot: bool,
    /// Another machine type for nodes than the size's.
    pub machine: Option<String>,
}

impl Default for ScalingSection {
    fn default() -> Self {
        Self {
            max_nodes: None,
            cpu_percent: 60,
            catch_up_seconds: 300,
            spot: false,
            machine: None,
        }
    }
}

/// `[edge]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EdgeSection {
    /// The web app's name, such as `aurora.example.com`. Without one it is reached by the load balancer's own name, with
    /// a certificate that the deployment signs itself.
    pub domain: Option<String>,
    /// The name of a public Route 53 zone of this account that `domain` is in: names and a certificate are made in it.
    pub hosted_zone: Option<String>,
    /// A certificate of ACM, in the deployment's region, that is valid for `domain` and `grafana.` + `domain`.
    pub certificate: Option<String>,
    /// Who can reach the load balancer; everybody when empty. Whoever reaches it still needs a token.
    pub allow: Vec<IpNet>,
}

/// `[clickhouse]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClickHouseSection {
    /// The size of its data volume; the size's own when not set. It can grow, and never shrink.
    pub volume_gib: Option<u32>,
    /// Another machine type than the size's.
    pub machine: Option<String>,
    /// Restores, in the order in which they were asked for (`aurora restore` adds one): each gives the database a new volume, to
    /// which a backup is brought back. The volumes before stay.
    pub restores: Vec<Restore>,
}

/// A restore, as one of `restores` under `[clickhouse]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// A backup's name, or `latest`.
    pub backup: String,
    /// In which of the deployment's zones the new volume and the database's machine are, from 0.
    #[serde(default)]
    pub zone: u8,
}

/// `[grafana]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GrafanaSection {
    /// Whether there is one.
    pub enabled: bool,
    /// Another machine type than the size's.
    pub machine: Option<String>,
}

impl Default for GrafanaSection {
    fn default() -> Self {
        Self {
            enabled: true,
            machine: None,
        }
    }
}

/// `[backups]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BackupsSection {
    /// How many days a backup is kept.
    pub keep_days: u16,
}

impl Default for BackupsSection {
    fn default() -> Self {
        Self { keep_days: 35 }
    }
}

/// `[alarms]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlarmsSection {
    /// Who is told. AWS sends a mail first that has to be confirmed.
    pub email: Option<String>,
}

/// `[state]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StateSection {
    /// Where Pulumi keeps what it knows: `s3://BUCKET[/PREFIX]` of a bucket that is there already, so that several people
    /// can deploy; `file://…`; a folder beside the description when not set.
    pub backend: Option<String>,
    /// What secrets in it are encrypted with: `awskms://…` (see Pulumi's documentation); a passphrase when not set.
    pub secrets_provider: Option<String>,
}
