//! How a node takes part in gossip, and why it cannot.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chitchat::FailureDetectorConfig;

use super::Protocol;
use crate::gossip::keys::{MAX_HTTP_BYTES, MAX_VERSION_BYTES};
use crate::gossip::seal::ClusterKey;
use crate::ids::NodeId;
use crate::seeds::SeedSource;

/// Longest name of a cluster, in bytes: it is in many datagrams.
const MAX_CLUSTER_BYTES: usize = 249;

/// How a node takes part in gossip.
#[derive(Debug, Clone)]
pub struct MembershipOptions {
    /// This node's name, unique in the cluster.
    pub node: NodeId,
    /// The cluster's name, at most 249 bytes. Nodes of another name do not hear this one.
    pub cluster: String,
    /// The secret all nodes of the cluster share.
    pub key: ClusterKey,
    /// Where to listen, UDP. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Address at which the others reach [`Self::listen`]. Port 0 stands for the port listened on.
    pub advertise: SocketAddr,
    /// Where to look for the others. The first node of a cluster may have none.
    pub seeds: Vec<SeedSource>,
    /// URL at which the others reach this node's HTTP server, at most 512 bytes.
    pub http: String,
    /// Share of the work, relative to the others'; at least 1.
    pub capacity: u32,
    /// Version of the software, for people, at most 64 bytes.
    pub version: String,
    /// What this node says it speaks: [`Protocol::CURRENT`].
    pub protocol: Protocol,
    /// The incarnation of this node's last life, if it was kept ([`super::Membership::incarnation`]). It
    /// makes incarnations grow although the clock was set back.
    pub last_incarnation: Option<u64>,
    /// How fast gossip is.
    pub timing: GossipTiming,
}

impl MembershipOptions {
    pub(super) fn check(&self) -> Result<(), MembershipError> {
        let ip = self.advertise.ip();
        if ip.is_unspecified() || ip.is_multicast() {
            return Err(MembershipError::Advertise {
                address: self.advertise,
                why: "others cannot send to it; give the address at which they reach this node",
            });
        }
        if self.advertise.is_ipv4() != self.listen.is_ipv4() {
            return Err(MembershipError::Advertise {
                address: self.advertise,
                why: "the address listened on is of the other family (IPv4, IPv6)",
            });
        }
        let invalid = |what| Err(MembershipError::Invalid(what));
        match () {
            () if self.cluster.len() > MAX_CLUSTER_BYTES => {
                invalid("the name of the cluster is longer than 249 bytes")
            }
            () if self.http.len() > MAX_HTTP_BYTES => invalid("the HTTP URL is longer than 512 bytes"),
            () if self.version.len() > MAX_VERSION_BYTES => invalid("the version is longer than 64 bytes"),
            () if self.capacity == 0 => invalid("the capacity is 0; it must be at least 1"),
            () if self.timing.interval.is_zero() => invalid("the gossip interval is 0"),
            () if self.timing.suspect_after < 4 * self.timing.interval => {
                invalid("a node cannot be suspected after less than four gossip intervals")
            }
            () => Ok(()),
        }
    }

    /// The number of the life that starts at `now_ms`: the time, or more if the last life had more.
    pub(super) fn incarnation(&self, now_ms: i64) -> u64 {
        let by_clock = u64::try_from(now_ms).unwrap_or(0);
        self.last_incarnation
            .map_or(by_clock, |last| by_clock.max(last.saturating_add(1)))
    }
}

/// Milliseconds since 1970; negative before.
pub(super) fn unix_ms() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

/// How fast gossip is. All nodes of a cluster should have the same.
///
/// With the defaults, on one machine of two cores (`tests/figures.rs`, 20 deaths each), all others have
/// noticed a death after 2.3 s (median; worst 2.4 s) in a cluster of three and 2.5 s (2.7 s) in one of
/// eight; with 30 % loss after 2.4 s (2.8 s), with 500 ms of delay after 2.8 s (3.5 s). In three minutes
/// of each such weather, and of a node that stood still for a second every three, no death was imagined.
#[derive(Debug, Clone, PartialEq)]
pub struct GossipTiming {
    /// A node talks to three others this often.
    pub interval: Duration,
    /// A node is taken for dead when nothing new was heard of it for this long (at least for five
    /// sixths of it, when its heartbeats come fast).
    pub suspect_after: Duration,
    /// What is known of a dead node is forgotten after this long.
    pub forget_after: Duration,
    /// Seeds are resolved this often; six times as often while this node is alone.
    pub seed_refresh: Duration,
}

impl Default for GossipTiming {
    fn default() -> Self {
        Self {
            interval: Duration::from_millis(200),
            suspect_after: Duration::from_millis(2_500),
            forget_after: Duration::from_secs(600),
            seed_refresh: Duration::from_secs(30),
        }
    }
}

impl GossipTiming {
    /// chitchat's detector, made to keep a limit in seconds.
    ///
    /// It compares the time since the last heartbeat with the mean interval of those before. chitchat
    /// beats with every message, so that mean is some 60 ms in a cluster of three and several times
    /// that in a larger one: a threshold in means would be half a second here and more there. What has
    /// to be survived (a pause, some lost datagrams) is the same number of seconds everywhere. So the
    /// window holds one interval, of at most `p`, against which chitchat's prior of five intervals of
    /// `p` prevails: the mean is between `5/6 p` and `p`.
    pub(super) fn failure_detector(&self) -> FailureDetectorConfig {
        const PHI: f64 = 2.5;
        let prior = self.suspect_after.div_f64(PHI);
        FailureDetectorConfig::new(PHI, 1, prior, prior, self.forget_after)
    }
}

/// Why a node cannot take part in gossip.
#[derive(Debug, thiserror::Error)]
pub enum MembershipError {
    /// The socket cannot be had.
    #[error("cannot listen for gossip on {address} (UDP): {source}")]
    Bind {
        /// [`MembershipOptions::listen`].
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Others could not answer.
    #[error("{address} cannot be advertised for gossip: {why}")]
    Advertise {
        /// [`MembershipOptions::advertise`].
        address: SocketAddr,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Another option cannot be used.
    #[error("{0}")]
    Invalid(&'static str),
    /// chitchat does not start.
    #[error("gossip does not start: {0}")]
    Gossip(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> MembershipOptions {
        MembershipOptions {
            node: "a".parse().unwrap(),
            cluster: "test".to_owned(),
            key: ClusterKey::generate(),
            listen: "0.0.0.0:7000".parse().unwrap(),
            advertise: "10.0.0.1:7000".parse().unwrap(),
            seeds: Vec::new(),
            http: String::new(),
            capacity: 1,
            version: String::new(),
            protocol: Protocol::CURRENT,
            last_incarnation: None,
            timing: GossipTiming::default(),
        }
    }

    #[test]
    fn options_that_could_not_work_are_refused() {
        assert!(options().check().is_ok());
        let refused = |change: fn(&mut MembershipOptions)| {
            let mut options = options();
            change(&mut options);
            options.check().unwrap_err().to_string()
        };
        assert!(
            refused(|o| o.advertise = "0.0.0.0:7000".parse().unwrap()).starts_with("0.0.0.0:7000 cannot be")
        );
        assert!(refused(|o| o.advertise = "[::1]:7000".parse().unwrap()).contains("family"));
        assert!(refused(|o| o.cluster = "x".repeat(250)).contains("cluster"));
        assert!(refused(|o| o.capacity = 0).contains("capacity"));
        assert!(refused(|o| o.http = "x".repeat(513)).contains("URL"));
        assert!(refused(|o| o.version = "x".repeat(65)).contains("version"));
        assert!(refused(|o| o.timing.suspect_after = o.timing.interval).contains("four"));
    }

    #[test]
    fn incarnations_grow_although_the_clock_was_set_back() {
        let mut options = options();
        assert_eq!(options.incarnation(5_000), 5_000);
        options.last_incarnation = Some(7_000);
        assert_eq!(options.incarnation(5_000), 7_001);
        assert_eq!(options.incarnation(9_000), 9_000);
        assert_eq!(options.incarnation(-1), 7_001);
    }
}
