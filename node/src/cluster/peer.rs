//! What nodes ask each other over HTTP, sealed with the cluster key.
//!
//! A request names the incarnations of both nodes and a number that grows, so that a recorded one is
//! of no use to anybody: not to the same node, which has seen the number, nor to a later incarnation.
//! An answer is bound to its request. No clock takes part.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::usage::Usage;
use crate::grafana::keeper::Standing;
use aurora_actors::ingest::dead_letters::retry::{Retried, Retry};
use aurora_actors::ingest::status::Snapshot;
use aurora_cluster::gossip::seal::{NotOurs, SEAL_OVERHEAD_BYTES, Sealer};
use aurora_cluster::gossip::window::ReplayWindow;
use aurora_cluster::{Generation, NodeId, Partition, StreamId};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// Where requests go, below a node's address.
pub const PATH: &str = "/peer/v1";
/// Longest that an answer may take: a handover writes what has been read.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of an answer: a report of some ten thousand partitions.
const MAX_ANSWER_BYTES: usize = 16 << 20;
/// What is sealed with a request, so that an answer cannot be taken for one.
const REQUEST: &[u8] = b"aurora peer request";
/// Incarnations of which the numbers are remembered; only nodes of the cluster get into the list.
const MAX_SENDERS: usize = 4_096;

/// What a node may be asked by another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Hand over partitions of a stream's generation.
    Release(StreamId, Generation, Vec<Partition>),
    /// Try dead letters of a partition of a stream's generation again.
    Retry(StreamId, Generation, Partition, Retry),
    /// Say how your streams are doing.
    Report,
    /// Hand everything over and end.
    Drain,
}

/// What it may answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// It is done, or has begun.
    Done,
    /// How its streams are doing.
    Report(Report),
    /// What became of the dead letters.
    Retried(Retried),
    /// It will not, and why.
    Refused(String),
}

/// How a node's streams are doing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What it knows of each.
    pub streams: Vec<(StreamId, Snapshot)>,
    /// What it uses of its machine.
    #[serde(default)]
    pub usage: Option<Usage>,
    /// Its part in keeping Grafana in step, if it has a login for it.
    #[serde(default)]
    pub grafana: Option<Standing>,
}

/// A request with what makes it good once.
#[derive(Debug, Serialize, Deserialize)]
struct Envelope {
    from: NodeId,
    from_incarnation: u64,
    to: NodeId,
    to_incarnation: u64,
    number: u64,
    request: Request,
}

/// One process of a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Incarnation {
    /// The node.
    pub node: NodeId,
    /// Which of its processes.
    pub number: u64,
}

/// Why a request got no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The connection failed.
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    /// The node does not take our requests.
    #[error("it answered {0}")]
    Status(reqwest::StatusCode),
    /// What came back is no answer to the request.
    #[error("its answer is not one of this cluster")]
    NotOurs,
    /// The node will not.
    #[error("it refuses: {0}")]
    Refused(String),
}

/// Asks other nodes, and opens what they ask.
pub struct PeerPost {
    sealer: Sealer,
    this: Incarnation,
    http: reqwest::Client,
    next: AtomicU64,
    seen: Mutex<HashMap<Incarnation, ReplayWindow>>,
}

impl std::fmt::Debug for PeerPost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PeerPost")
            .field("this", &self.this)
            .finish_non_exhaustive()
    }
}

impl PeerPost {
    /// A post office for `this` process.
    pub fn new(sealer: Sealer, this: Incarnation) -> Result<Self, reqwest::Error> {
        Ok(Self {
            sealer,
            this,
            http: reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build()?,
            next: AtomicU64::new(1),
            seen: Mutex::default(),
        })
    }

    /// Asks `to`, whose HTTP address is `base`.
    pub async fn ask(&self, to: &Incarnation, base: &str, request: Request) -> Result<Answer, PeerError> {
        let sealed = self.seal(to, request);
        let binding = binding(&sealed);
        let url = format!("{}{PATH}", base.trim_end_matches('/'));
        let mut response = self.http.post(url).body(sealed).send().await?;
        if !response.status().is_success() {
            return Err(PeerError::Status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await? {
            if body.len() + piece.len() > MAX_ANSWER_BYTES {
                return Err(PeerError::NotOurs);
            }
            body.extend_from_slice(&piece);
        }
        let plain = self
            .sealer
            .open(&binding, &body)
            .map_err(|NotOurs| PeerError::NotOurs)?;
        match serde_json::from_slice(&plain).map_err(|_| PeerError::NotOurs)? {
            Answer::Refused(reason) => Err(PeerError::Refused(reason)),
            answer => Ok(answer),
        }
    }

    fn seal(&self, to: &Incarnation, request: Request) -> Vec<u8> {
        let envelope = Envelope {
            from: self.this.node.clone(),
            from_incarnation: self.this.number,
            to: to.node.clone(),
            to_incarnation: to.number,
            number: self.next.fetch_add(1, Ordering::Relaxed),
            request,
        };
        // Names, numbers and lists of these: nothing that JSON could refuse.
        let plain = serde_json::to_vec(&envelope).unwrap_or_default();
        self.sealer.seal(REQUEST, &plain)
    }

    /// Opens a request: who asks what. `None` for whatever is not a fresh request of this cluster to this
    /// process; which of these it was is nobody's business.
    pub fn open(&self, sealed: &[u8]) -> Option<(NodeId, Request)> {
        let plain = self.sealer.open(REQUEST, sealed).ok()?;
        let envelope: Envelope = serde_json::from_slice(&plain).ok()?;
        if envelope.to != self.this.node || envelope.to_incarnation != self.this.number {
            return None;
        }
        let sender = Incarnation {
            node: envelope.from.clone(),
            number: envelope.from_incarnation,
        };
        let mut seen = self.seen.lock();
        if seen.len() >= MAX_SENDERS && !seen.contains_key(&sender) {
            return None;
        }
        seen.entry(sender)
            .or_default()
            .accept(envelope.number)
            .then_some((envelope.from, envelope.request))
    }

    /// Seals the answer to `sealed`.
    pub fn answer(&self, sealed: &[u8], answer: &Answer) -> Vec<u8> {
        let plain = serde_json::to_vec(answer).unwrap_or_default();
        self.sealer.seal(&binding(sealed), &plain)
    }
}

/// What binds an answer to its request: the request's format and nonce, with which it begins.
fn binding(sealed: &[u8]) -> Vec<u8> {
    let head = sealed.len().min(SEAL_OVERHEAD_BYTES);
    [b"aurora peer answer".as_slice(), &sealed[..head]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aurora_cluster::gossip::seal::{ClusterKey, Purpose};

    fn incarnation(name: &str, number: u64) -> Incarnation {
        Incarnation {
            node: name.parse().unwrap(),
            number,
        }
    }

    fn post(key: &ClusterKey, this: Incarnation) -> PeerPost {
        // Fails only when one is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        PeerPost::new(key.sealer("test", Purpose::NODE_HTTP), this).unwrap()
    }

    #[test]
    fn a_request_is_good_once_and_for_one_process() {
        let key = ClusterKey::generate();
        let asker = post(&key, incarnation("a", 1));
        let asked = post(&key, incarnation("b", 7));
        let sealed = asker.seal(&incarnation("b", 7), Request::Drain);
        let opened = asked.open(&sealed).unwrap();
        assert_eq!(opened, ("a".parse().unwrap(), Request::Drain));
        assert_eq!(asked.open(&sealed), None, "replayed");
        let restarted = post(&key, incarnation("b", 8));
        assert_eq!(restarted.open(&sealed), None, "replayed at a later process");
        let other = post(&ClusterKey::generate(), incarnation("b", 7));
        assert_eq!(other.open(&sealed), None, "another key");
    }

    #[test]
    fn an_answer_belongs_to_its_request() {
        let key = ClusterKey::generate();
        let asker = post(&key, incarnation("a", 1));
        let asked = post(&key, incarnation("b", 7));
        let first = asker.seal(&asked.this, Request::Drain);
        let second = asker.seal(&asked.this, Request::Drain);
        let answer = asked.answer(&first, &Answer::Done);
        assert!(asker.sealer.open(&binding(&first), &answer).is_ok());
        assert!(asker.sealer.open(&binding(&second), &answer).is_err());
        assert!(asked.open(&answer).is_none(), "an answer is no request");
    }
}
