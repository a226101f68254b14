//! Seeds that are machines of AWS: those with a tag, or those of an Auto Scaling group.
//!
//! | in the configuration | stands for |
//! |---|---|
//! | `ec2-tag:KEY=VALUE:PORT` | the running instances with this tag, at this port of their private addresses |
//! | `asg:NAME:PORT` | the same of an Auto Scaling group, which marks its instances with a tag |
//!
//! Keys and values may hold colons, and AWS's own do: the port is what follows the last colon, and the key ends
//! at the first `=`. What is written is understood in every build; looking it up takes the cargo feature `aws`
//! (on by default), because of the libraries for it.

#[cfg(feature = "aws")]
mod lookup;

#[cfg(feature = "aws")]
pub use lookup::{Ec2Seeds, LookupError};

use std::fmt;
use std::str::FromStr;

use aurora_cluster::seeds::SeedSource;

const TAG_PREFIX: &str = "ec2-tag:";
const GROUP_PREFIX: &str = "asg:";
/// With this tag Auto Scaling marks the instances of a group.
const GROUP_TAG: &str = "aws:autoscaling:groupName";

/// Instances by a tag, and the port at which nodes on them receive gossip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ec2Seed {
    /// The tag's key, such as `aurora`.
    pub key: String,
    /// The tag's value, exactly; it may be empty.
    pub value: String,
    /// The nodes' gossip port, UDP.
    pub port: u16,
}

/// Why a text names no instances.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ec2SeedError {
    /// Nothing that could be one.
    #[error("{0:?} is neither `ec2-tag:KEY=VALUE:PORT` nor `asg:NAME:PORT`")]
    Unknown(String),
    /// The last colon is missing, or what follows it is not 1 to 65535.
    #[error("{0:?} does not end with `:PORT`, the port at which nodes receive gossip, such as `:7946`")]
    Port(String),
    /// A tag without `=`, or without a key before it.
    #[error("{0:?} names no tag: write `ec2-tag:KEY=VALUE:PORT`, such as `ec2-tag:aurora=prod:7946`")]
    Tag(String),
    /// A group without a name.
    #[error("{0:?} names no Auto Scaling group: write `asg:NAME:PORT`, such as `asg:aurora-prod:7946`")]
    Group(String),
    /// This binary cannot ask AWS.
    #[error(
        "{0:?} takes a build of Aurora that can ask AWS: `cargo build --release`, without --no-default-features"
    )]
    NotBuilt(String),
}

impl FromStr for Ec2Seed {
    type Err = Ec2SeedError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |error: fn(String) -> Ec2SeedError| error(text.to_owned());
        let (is_group, rest) = match (text.strip_prefix(GROUP_PREFIX), text.strip_prefix(TAG_PREFIX)) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(fail(Ec2SeedError::Unknown)),
        };
        let (what, port) = rest.rsplit_once(':').ok_or_else(|| fail(Ec2SeedError::Port))?;
        let port = match port.parse() {
            Ok(port) if port > 0 => port,
            _ => return Err(fail(Ec2SeedError::Port)),
        };
        let (key, value) = match (is_group, what.split_once('=')) {
            (true, _) if what.is_empty() => return Err(fail(Ec2SeedError::Group)),
            (true, _) => (GROUP_TAG, what),
            (false, Some((key, value))) if !key.is_empty() => (key, value),
            (false, _) => return Err(fail(Ec2SeedError::Tag)),
        };
        Ok(Self {
            key: key.to_owned(),
            value: value.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Ec2Seed {
    /// As in the configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, port } = self;
        match key.as_str() {
            GROUP_TAG => write!(f, "{GROUP_PREFIX}{value}:{port}"),
            _ => write!(f, "{TAG_PREFIX}{key}={value}:{port}"),
        }
    }
}

/// The source behind `text`, if it is about AWS at all.
pub fn seed_source(text: &str) -> Option<Result<SeedSource, Ec2SeedError>> {
    let is_ours = text.starts_with(TAG_PREFIX) || text.starts_with(GROUP_PREFIX);
    is_ours.then(|| text.parse().and_then(source))
}

#[cfg(feature = "aws")]
fn source(seed: Ec2Seed) -> Result<SeedSource, Ec2SeedError> {
    Ok(SeedSource::Other(std::sync::Arc::new(Ec2Seeds::new(seed))))
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::needless_pass_by_value, reason = "the other build keeps it")]
fn source(seed: Ec2Seed) -> Result<SeedSource, Ec2SeedError> {
    Err(Ec2SeedError::NotBuilt(seed.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<(String, String, u16), Ec2SeedError> {
        let seed: Ec2Seed = text.parse()?;
        assert_eq!(seed.to_string().parse(), Ok(seed.clone()));
        Ok((seed.key, seed.value, seed.port))
    }

    fn tag(key: &str, value: &str, port: u16) -> Result<(String, String, u16), Ec2SeedError> {
        Ok((key.to_owned(), value.to_owned(), port))
    }

    #[test]
    fn the_port_follows_the_last_colon_and_the_key_ends_at_the_first_equals_sign() {
        assert_eq!(parsed("ec2-tag:aurora=prod:7946"), tag("aurora", "prod", 7946));
        assert_eq!(parsed("ec2-tag:a:b=c=d:e:1"), tag("a:b", "c=d:e", 1));
        assert_eq!(parsed("ec2-tag:aurora=:7946"), tag("aurora", "", 7946));
        assert_eq!(parsed("asg:web:7946"), tag(GROUP_TAG, "web", 7946));
        assert_eq!(parsed("asg:a=b: c:65535"), tag(GROUP_TAG, "a=b: c", 65535));
        let spelled_out = parsed("ec2-tag:aws:autoscaling:groupName=web:7946");
        assert_eq!(spelled_out, parsed("asg:web:7946"));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (text, error) in [
            (
                "10.0.0.6:7946",
                Ec2SeedError::Unknown as fn(String) -> Ec2SeedError,
            ),
            ("asg:web", Ec2SeedError::Port),
            ("asg:web:http", Ec2SeedError::Port),
            ("asg:web:0", Ec2SeedError::Port),
            ("asg:web:65536", Ec2SeedError::Port),
            ("ec2-tag:aurora=prod", Ec2SeedError::Port),
            ("asg::7946", Ec2SeedError::Group),
            ("ec2-tag:aurora:7946", Ec2SeedError::Tag),
            ("ec2-tag:=prod:7946", Ec2SeedError::Tag),
        ] {
            let error = error(text.to_owned());
            assert_eq!(parsed(text), Err(error.clone()));
            assert!(error.to_string().starts_with(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn other_seeds_are_left_alone() {
        for text in ["10.0.0.6:7946", "dns:aurora.internal:7946", "asgard:7946"] {
            assert!(seed_source(text).is_none(), "{text}");
        }
        let mistake = seed_source("asg:web").expect("it is about AWS");
        assert_eq!(mistake.unwrap_err(), Ec2SeedError::Port("asg:web".to_owned()));
    }

    #[cfg(not(feature = "aws"))]
    #[test]
    fn a_build_without_aws_says_how_to_get_one_with_it() {
        let refused = seed_source("asg:web:7946").expect("it is about AWS").unwrap_err();
        assert!(refused.to_string().contains("--no-default-features"), "{refused}");
    }

    #[cfg(feature = "aws")]
    #[test]
    fn a_build_with_aws_takes_it() {
        let source = seed_source("asg:web:7946").expect("it is about AWS").unwrap();
        assert_eq!(source.to_string(), "asg:web:7946");
    }
}
