//! AWS as code: what a deployment is, before any of it is built.
//!
//! So far this crate holds the typed description of a deployment and its checks. The stacks made from
//! it, and the commands `aurora preview|deploy|scale|destroy`, are still to come; see `docs/roadmap.md`.

pub mod machines;

use serde::{Deserialize, Serialize};

/// How large the machines of a deployment are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// Single small machines, the cheapest that work.
    Dev,
    /// Machines for steady production load.
    Standard,
    /// Machines for heavy load.
    Large,
}

/// What a user wants to have in their account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Its name, which every resource carries.
    pub name: String,
    /// The AWS region, such as `eu-central-1`.
    pub region: String,
    /// The size of its machines.
    pub size: Size,
    /// How many Aurora nodes.
    pub nodes: u16,
}

/// Why a deployment cannot be as described.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDeployment {
    /// The name would be refused by some AWS service.
    #[error("the name {0:?} must be 3 to 20 lowercase letters, digits and hyphens, and begin with a letter")]
    Name(String),
    /// There is no such region.
    #[error("{0:?} does not look like an AWS region, such as eu-central-1")]
    Region(String),
    /// No node, or more than gossip is made for.
    #[error("{0} nodes: choose 1 to 100")]
    Nodes(u16),
}

impl Deployment {
    /// Checks what can be checked without asking AWS.
    pub fn check(&self) -> Result<(), InvalidDeployment> {
        let lowercase = |text: &str| {
            text.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let begins_with_letter = self.name.starts_with(|c: char| c.is_ascii_lowercase());
        if !(3..=20).contains(&self.name.len()) || !lowercase(&self.name) || !begins_with_letter {
            return Err(InvalidDeployment::Name(self.name.clone()));
        }
        let parts = self.region.split('-').count();
        if !lowercase(&self.region) || parts < 3 || !self.region.ends_with(|c: char| c.is_ascii_digit()) {
            return Err(InvalidDeployment::Region(self.region.clone()));
        }
        if !(1..=100).contains(&self.nodes) {
            return Err(InvalidDeployment::Nodes(self.nodes));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment() -> Deployment {
        Deployment {
            name: "team-events".to_owned(),
            region: "eu-central-1".to_owned(),
            size: Size::Dev,
            nodes: 3,
        }
    }

    #[test]
    fn what_aws_would_refuse_is_refused_first() {
        assert_eq!(deployment().check(), Ok(()));
        for name in ["", "ab", "Team", "1st-team", "with space", &"x".repeat(21)] {
            let wrong = Deployment {
                name: name.to_owned(),
                ..deployment()
            };
            assert_eq!(wrong.check(), Err(InvalidDeployment::Name(name.to_owned())));
        }
        for region in ["", "eu-central", "EU-CENTRAL-1", "us_east_1"] {
            let wrong = Deployment {
                region: region.to_owned(),
                ..deployment()
            };
            assert_eq!(wrong.check(), Err(InvalidDeployment::Region(region.to_owned())));
        }
        for nodes in [0, 101] {
            assert_eq!(
                Deployment {
                    nodes,
                    ..deployment()
                }
                .check(),
                Err(InvalidDeployment::Nodes(nodes))
            );
        }
    }
}
