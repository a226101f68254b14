//! `[cluster]`

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, bail};
use aurora_cluster::gossip::seal::ClusterKey;
use aurora_cluster::membership::GossipTiming;
use aurora_cluster::seeds::SeedSource;
use serde::Deserialize;

use super::Secret;
use crate::cluster::ec2::{self, Ec2SeedError};
use crate::node::ClusterOptions;

/// `[cluster]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterSection {
    /// The cluster's name, the same on all its nodes.
    #[serde(default = "default_name")]
    pub name: String,
    /// 32 random bytes in base64, the same on all its nodes and known to nobody else.
    pub key: Secret,
    /// Where gossip is received, UDP.
    #[serde(default = "default_gossip")]
    pub gossip: SocketAddr,
    /// Where other nodes reach that, such as `10.0.0.5:7946`; needed when `gossip` is all addresses of the machine. It may
    /// hold [`super::placeholders`], such as `{private_ip}`.
    pub advertise: Option<String>,
    /// Where other nodes reach this one's HTTP; `http` under `[node]` when not set. Placeholders are filled, too.
    pub advertise_http: Option<String>,
    /// Other nodes' gossip addresses: `HOST:PORT`, `dns:NAME:PORT` for all addresses of a name, or machines of AWS:
    /// `ec2-tag:KEY=VALUE:PORT` and `asg:NAME:PORT` ([`crate::cluster::ec2`]).
    #[serde(default)]
    pub seeds: Vec<String>,
    /// The node's share of the work, relative to the others'; the number of its processors when not set.
    pub capacity: Option<u32>,
}

fn default_name() -> String {
    "aurora".to_owned()
}

fn default_gossip() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], 7946))
}

impl ClusterSection {
    /// What the node needs of it. The error says what to change.
    pub async fn options(&self) -> anyhow::Result<ClusterOptions> {
        let key = self.key.resolve_at_start().await.context("the cluster's key")?;
        let key: ClusterKey = key.trim().parse().context("the cluster's key")?;
        let advertise: SocketAddr = match &self.advertise {
            Some(text) => text.parse().with_context(|| {
                format!("`advertise` under [cluster] is {text:?}, which is no address with a port such as 10.0.0.5:7946")
            })?,
            None => self.gossip,
        };
        if advertise.ip().is_unspecified() || advertise.port() == 0 {
            bail!(
                "the other nodes cannot send to {advertise}: set `advertise` under [cluster] to the address of this machine \
                 that they reach, such as {}",
                SocketAddr::new(IpAddr::from([10, 0, 0, 5]), self.gossip.port().max(1))
            );
        }
        let capacity = match self.capacity {
            Some(0) => bail!("`capacity` under [cluster] is 0; it must be at least 1"),
            Some(capacity) => capacity,
            None => std::thread::available_parallelism()
                .ok()
                .and_then(|count| u32::try_from(count.get()).ok())
                .unwrap_or(1),
        };
        let seeds = self.seeds.iter().map(|seed| seed_source(seed));
        let seeds: Vec<SeedSource> = seeds
            .collect::<Result<_, _>>()
            .context("`seeds` under [cluster]")?;
        Ok(ClusterOptions {
            name: self.name.clone(),
            key,
            listen: self.gossip,
            advertise,
            seeds,
            advertise_http: self.advertise_http.clone(),
            capacity,
            timing: GossipTiming::default(),
        })
    }
}

fn seed_source(seed: &str) -> Result<SeedSource, Ec2SeedError> {
    if let Some(machines) = ec2::seed_source(seed) {
        return machines;
    }
    Ok(match seed.strip_prefix("dns:") {
        Some(name) => SeedSource::Dns(name.to_owned()),
        None => SeedSource::Address(seed.to_owned()),
    })
}
