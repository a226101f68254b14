//! How large the machines are.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How large the machines of a deployment are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// Single small machines, the cheapest that work.
    #[default]
    Dev,
    /// Machines for steady production load.
    Standard,
    /// Machines for heavy load.
    Large,
}

impl Size {
    /// All of them, small to large.
    pub const ALL: [Self; 3] = [Self::Dev, Self::Standard, Self::Large];
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dev => "dev",
            Self::Standard => "standard",
            Self::Large => "large",
        })
    }
}

/// The processors of machines. The `aurora` that is deployed must be built for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// Intel and AMD.
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
    /// AWS's Graviton: about a fifth cheaper.
    Arm64,
}

impl Architecture {
    /// What a machine type of EC2 has, by its name: AWS's own processors are a `g` after the generation, as in `c7g.large`.
    pub fn of_machine_type(name: &str) -> Self {
        let family = name.split('.').next().unwrap_or(name);
        let after_generation = family
            .trim_start_matches(|c: char| !c.is_ascii_digit())
            .trim_start_matches(|c: char| c.is_ascii_digit());
        match after_generation.starts_with('g') || family == "a1" {
            true => Self::Arm64,
            false => Self::X86_64,
        }
    }

    /// As EC2 calls it.
    pub fn ec2_name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// As Debian calls it.
    pub fn debian_name(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}

/// What a deployment is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machines {
    /// Types of machines.
    pub types: MachineTypes,
    /// How many nodes when nothing else is said.
    pub nodes: u16,
    /// Over how many zones.
    pub zones: u8,
    /// Whether every zone has its own way out, so that losing one cuts off no other.
    pub nat_in_every_zone: bool,
    /// The database's data volume.
    pub storage: Storage,
    /// How long logs are kept.
    pub log_days: u16,
}

/// Types of machines, by role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineTypes {
    /// Aurora nodes.
    pub peer: String,
    /// The database.
    pub clickhouse: String,
    /// Grafana.
    pub grafana: String,
}

/// A gp3 volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storage {
    /// Its size.
    pub size_gib: u32,
    /// Operations a second; the first 3,000 are included.
    pub iops: u32,
    /// MiB a second; the first 125 are included.
    pub throughput_mib: u32,
}

impl Size {
    /// What a deployment of this size is made of.
    pub fn machines(self, architecture: Architecture) -> Machines {
        let types = |peer: [&str; 2], clickhouse: [&str; 2], grafana: [&str; 2]| {
            let choose = |[x86, arm]: [&str; 2]| match architecture {
                Architecture::X86_64 => x86.to_owned(),
                Architecture::Arm64 => arm.to_owned(),
            };
            MachineTypes {
                peer: choose(peer),
                clickhouse: choose(clickhouse),
                grafana: choose(grafana),
            }
        };
        match self {
            Self::Dev => Machines {
                types: types(
                    ["t3.small", "t4g.small"],
                    ["t3.medium", "t4g.medium"],
                    ["t3.micro", "t4g.micro"],
                ),
                nodes: 1,
                zones: 2,
                nat_in_every_zone: false,
                storage: Storage {
                    size_gib: 50,
                    iops: 3_000,
                    throughput_mib: 125,
                },
                log_days: 7,
            },
            Self::Standard => Machines {
                types: types(
                    ["c7i.large", "c7g.large"],
                    ["r7i.xlarge", "r7g.xlarge"],
                    ["t3.small", "t4g.small"],
                ),
                nodes: 3,
                zones: 3,
                nat_in_every_zone: true,
                storage: Storage {
                    size_gib: 500,
                    iops: 3_000,
                    throughput_mib: 250,
                },
                log_days: 30,
            },
            Self::Large => Machines {
                types: types(
                    ["c7i.2xlarge", "c7g.2xlarge"],
                    ["r7i.4xlarge", "r7g.4xlarge"],
                    ["t3.medium", "t4g.medium"],
                ),
                nodes: 6,
                zones: 3,
                nat_in_every_zone: true,
                storage: Storage {
                    size_gib: 2_000,
                    iops: 12_000,
                    throughput_mib: 500,
                },
                log_days: 90,
            },
        }
    }
}
