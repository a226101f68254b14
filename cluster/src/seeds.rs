//! Where a node looks for its cluster.
//!
//! A seed is any address at which a member may be listening. Seeds are resolved again and again, so a
//! DNS name follows the machines behind it; one that is down or unknown is no error, only a line in the
//! report that explains why a node is alone.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::gossip::session::Answer;

/// Addresses taken from one seed; more would be knocked at for too long.
const MAX_ADDRESSES_PER_SEED: usize = 64;
/// A resolver that takes longer is asked again later.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// A further kind of seed, for example the machines of an Auto Scaling group.
#[async_trait]
pub trait SeedResolver: Send + Sync + 'static {
    /// What it is, for reports: `instances tagged aurora=prod`.
    fn describe(&self) -> String;

    /// Addresses where members may be listening now. An error is kept for the report, and the
    /// addresses found before stay in use.
    async fn resolve(&self) -> Result<Vec<SocketAddr>, String>;
}

/// Where to look for members.
#[derive(Clone)]
pub enum SeedSource {
    /// One node, as `host:port` or `ip:port`.
    Address(String),
    /// A name, as `name:port`, behind which there may be many nodes: all its addresses are tried.
    Dns(String),
    /// Anything else.
    Other(Arc<dyn SeedResolver>),
}

impl SeedSource {
    async fn resolve(&self) -> Result<Vec<SocketAddr>, String> {
        let lookup = async {
            match self {
                Self::Address(name) | Self::Dns(name) => match name.parse() {
                    Ok(address) => Ok(vec![address]),
                    Err(_) => match tokio::net::lookup_host(name).await {
                        Ok(addresses) => Ok(addresses.collect()),
                        Err(error) => Err(error.to_string()),
                    },
                },
                Self::Other(resolver) => resolver.resolve().await,
            }
        };
        let in_time = timeout(RESOLVE_TIMEOUT, lookup).await;
        in_time.unwrap_or_else(|_| Err(format!("no answer within {} s", RESOLVE_TIMEOUT.as_secs())))
    }
}

impl fmt::Display for SeedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(name) | Self::Dns(name) => f.write_str(name),
            Self::Other(resolver) => f.write_str(&resolver.describe()),
        }
    }
}

impl fmt::Debug for SeedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SeedSource({self})")
    }
}

/// What a seed resolved to, last time it did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) addresses: BTreeSet<SocketAddr>,
    pub(crate) error: Option<String>,
}

/// Resolves all `seeds` again and again, one [`Resolved`] for each, until the receivers are gone. While
/// `is_alone` it asks every `every / 6`, since there is nothing more urgent to find out.
pub(crate) async fn resolve_forever(
    seeds: Vec<SeedSource>,
    own: SocketAddr,
    every: Duration,
    is_alone: impl Fn() -> bool,
    found: watch::Sender<Vec<Resolved>>,
) {
    loop {
        for (at, seed) in seeds.iter().enumerate() {
            let outcome = seed.resolve().await;
            found.send_if_modified(|all| update(&mut all[at], outcome, own));
        }
        let pause = if is_alone() { every / 6 } else { every };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = found.closed() => return,
        }
    }
}

/// Takes over what a lookup brought; whether anything changed.
fn update(resolved: &mut Resolved, outcome: Result<Vec<SocketAddr>, String>, own: SocketAddr) -> bool {
    let before = resolved.clone();
    match outcome {
        Ok(addresses) => {
            let usable: BTreeSet<_> = addresses
                .into_iter()
                .filter(|address| address.is_ipv4() == own.is_ipv4())
                .take(MAX_ADDRESSES_PER_SEED)
                .collect();
            let family = if own.is_ipv4() { "IPv4" } else { "IPv6" };
            resolved.error = usable.is_empty().then(|| format!("it has no {family} address"));
            resolved.addresses = usable;
        }
        Err(error) => resolved.error = Some(error),
    }
    *resolved != before
}

/// How the search for other members goes, to explain why a node is alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contacts {
    /// Whether any other member was ever heard.
    pub heard_anyone: bool,
    /// One for each seed, in the order of the options.
    pub seeds: Vec<SeedReport>,
}

/// How one seed answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedReport {
    /// The seed as it was configured.
    pub seed: String,
    /// What it resolved to, and what was heard from there.
    pub addresses: Vec<(SocketAddr, Answer)>,
    /// Why it could not be resolved, last time.
    pub error: Option<String>,
}

impl fmt::Display for Contacts {
    /// One line for each seed, in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.seeds.is_empty() {
            return f.write_str("no seeds are configured");
        }
        for (n, report) in self.seeds.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            let error = report.error.as_deref();
            match (report.addresses.is_empty(), error) {
                (true, Some(error)) => write!(f, "{}: not resolved: {error}", report.seed)?,
                (true, None) => write!(f, "{}: not looked up yet", report.seed)?,
                (false, _) => write!(f, "{}:", report.seed)?,
            }
            for (n, (address, answer)) in report.addresses.iter().enumerate() {
                let comma = if n > 0 { "," } else { "" };
                write!(f, "{comma} {address} {}", in_words(*answer))?;
            }
        }
        Ok(())
    }
}

fn in_words(answer: Answer) -> &'static str {
    match answer {
        Answer::Silent => "does not answer (down, not reachable by UDP, or of another cluster key or name)",
        Answer::HeardOnly => "hears this node but cannot reach its advertised address",
        Answer::Itself => "is this node itself",
        Answer::Connected => "answers",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> SocketAddr {
        "10.0.0.1:7000".parse().unwrap()
    }

    #[tokio::test]
    async fn addresses_are_taken_as_they_are_and_names_are_looked_up() {
        let literal = SeedSource::Address("10.0.0.2:7000".to_owned());
        assert_eq!(
            literal.resolve().await,
            Ok(vec!["10.0.0.2:7000".parse().unwrap()])
        );
        let name = SeedSource::Dns("localhost:7000".to_owned());
        assert!(
            name.resolve()
                .await
                .unwrap()
                .iter()
                .all(|address| address.ip().is_loopback())
        );
        assert!(SeedSource::Address("no port".to_owned()).resolve().await.is_err());
    }

    #[test]
    fn all_addresses_of_the_own_family_are_used_and_kept_when_a_lookup_fails() {
        let mut resolved = Resolved::default();
        let many = ["10.0.0.2:1", "[::1]:1", "10.0.0.3:1"].map(|address| address.parse().unwrap());
        assert!(update(&mut resolved, Ok(many.to_vec()), own()));
        assert_eq!((resolved.addresses.len(), resolved.error.clone()), (2, None));
        assert!(update(&mut resolved, Err("no such name".to_owned()), own()));
        assert_eq!(resolved.addresses.len(), 2);
        assert!(!update(&mut resolved, Err("no such name".to_owned()), own()));
        assert!(update(&mut resolved, Ok(vec![many[1]]), own()));
        assert_eq!(resolved.error.as_deref(), Some("it has no IPv4 address"));
    }

    #[test]
    fn a_report_says_for_each_seed_what_is_wrong() {
        let address = "10.0.0.2:7000".parse().unwrap();
        let report = |seed: &str, addresses, error: Option<&str>| SeedReport {
            seed: seed.to_owned(),
            addresses,
            error: error.map(str::to_owned),
        };
        let contacts = Contacts {
            heard_anyone: false,
            seeds: vec![
                report("a:7000", vec![(address, Answer::HeardOnly)], None),
                report("b:7000", vec![], Some("no such name")),
            ],
        };
        let text = contacts.to_string();
        assert_eq!(
            text,
            "a:7000: 10.0.0.2:7000 hears this node but cannot reach its advertised address\n\
             b:7000: not resolved: no such name"
        );
    }
}
