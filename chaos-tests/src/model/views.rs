//! Who wants what, when nodes see different members and read the owners at different times.
//!
//! Only ownership is here, not the delivery: a node reads the owners, plans with production's
//! [`assign`](aurora_cluster::assign()) among the members it sees, and carries that out some rounds
//! later, piece by piece, while others do the same. Nodes die, come back, and see any set of members,
//! themselves always: with two sets that do not meet, a network is split. Once the views agree, every
//! partition must soon have exactly one owner, who keeps it.
//!
//! It does either way, but how often a partition changes hands on the way depends on what a takeover
//! asks for ([`Takeover`]). A plan that was made on what others have changed since is out of date; a
//! node that carries it out all the same makes the others' plans out of date in turn.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use aurora_cluster::Bounds;

use super::world::wanted;
use super::{Message, Setup};

/// Rounds within which ownership must have settled, from when the last view is right.
pub const PATIENCE: usize = 60;
/// Longest time from reading the owners to acting on it, in rounds.
const SLOWEST: usize = 3;

/// Which epoch a node tries to make its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takeover {
    /// The one after the highest there is by then.
    OfWhateverIsThere,
    /// The one after the highest its plan was made on. When that is taken, it plans anew.
    OfWhatWasPlanned,
}

/// How ownership settled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settling {
    /// Rounds from when the views agreed to when nothing changed any more.
    pub rounds: usize,
    /// The most times that one partition was taken over from then on.
    pub takeovers_of_one: usize,
}

/// Nodes and what ClickHouse knows of owners.
struct Cluster {
    setup: Setup,
    takeover: Takeover,
    random: StdRng,
    owners: Vec<Option<usize>>,
    /// The highest epochs.
    epochs: Vec<u64>,
    peers: Vec<Peer>,
    /// How often each partition was taken over since the views agree.
    takeovers: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Peer {
    is_up: bool,
    view: u8,
    reads: Vec<bool>,
    plan: Option<Plan>,
}

/// What a node is about to carry out.
#[derive(Debug, Clone)]
struct Plan {
    /// In how many rounds.
    delay: usize,
    wanted: Vec<bool>,
    /// The highest epochs on which it was made.
    epochs: Vec<u64>,
}

/// Lives through a seed; an error says what did not settle.
pub fn simulate(seed: u64, takeover: Takeover) -> Result<Settling, String> {
    let mut cluster = Cluster::new(seed, takeover);
    for _ in 0..cluster.random.random_range(10..60) {
        cluster.disturb();
        cluster.round();
    }
    cluster.agree();
    cluster.takeovers.fill(0);
    for rounds in 0..PATIENCE {
        if cluster.is_settled() {
            cluster
                .require_bounds()
                .map_err(|problem| format!("seed {seed}: {problem}"))?;
            let takeovers_of_one = cluster.takeovers.iter().copied().max().unwrap_or(0);
            return Ok(Settling {
                rounds,
                takeovers_of_one,
            });
        }
        cluster.round();
    }
    let Cluster { owners, peers, .. } = &cluster;
    Err(format!(
        "seed {seed}: not settled after {PATIENCE} rounds: {owners:?} {peers:?}"
    ))
}

impl Cluster {
    fn new(seed: u64, takeover: Takeover) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let nodes = random.random_range(2..=8);
        let partitions = random.random_range(1..=40);
        let peer = Peer {
            is_up: true,
            view: u8::MAX >> (8 - nodes),
            reads: vec![false; partitions],
            plan: None,
        };
        Self {
            setup: Setup::new(nodes, vec![vec![Message::Good]; partitions]),
            takeover,
            random,
            owners: vec![None; partitions],
            epochs: vec![0; partitions],
            peers: vec![peer; nodes],
            takeovers: vec![0; partitions],
        }
    }

    /// A node dies or comes back, or sees others; sometimes all are split in two.
    fn disturb(&mut self) {
        let node = self.random.random_range(0..self.peers.len());
        let side: u8 = self.random.random();
        let partitions = self.setup.kafka.len();
        match self.random.random_range(0..10) {
            0 => {
                let peer = &mut self.peers[node];
                peer.is_up = !peer.is_up;
                peer.reads = vec![false; partitions];
                peer.plan = None;
            }
            1 => {
                for (number, peer) in self.peers.iter_mut().enumerate() {
                    peer.view = if side & (1 << number) == 0 { !side } else { side };
                }
            }
            2..=4 => self.peers[node].view = side | 1 << node,
            _ => {}
        }
    }

    /// One after the other, in rounds, everybody sees who is really there.
    fn agree(&mut self) {
        self.peers[0].is_up = true;
        let up = (0u8..).zip(&self.peers).filter(|(_, peer)| peer.is_up);
        let live = up.fold(0, |view, (number, _)| view | 1 << number);
        for node in 0..self.peers.len() {
            self.peers[node].view = live;
            if self.random.random_bool(0.5) {
                self.round();
            }
        }
    }

    fn round(&mut self) {
        let first = self.random.random_range(0..self.peers.len());
        for turn in 0..self.peers.len() {
            let node = (first + turn) % self.peers.len();
            if self.peers[node].is_up {
                self.act(node);
            }
        }
    }

    fn act(&mut self, node: usize) {
        match self.peers[node].plan.take() {
            None => {
                self.peers[node].plan = Some(Plan {
                    delay: self.random.random_range(0..SLOWEST),
                    wanted: self.wanted(node),
                    epochs: self.epochs.clone(),
                });
            }
            Some(plan) if plan.delay > 0 => {
                self.peers[node].plan = Some(Plan {
                    delay: plan.delay - 1,
                    ..plan
                });
            }
            Some(plan) => self.carry_out(node, &plan),
        }
    }

    fn wanted(&self, node: usize) -> Vec<bool> {
        wanted(&self.setup, node, self.peers[node].view, |partition| {
            self.owners[partition]
        })
    }

    /// Lets go of what it does not want, and takes what it wants and does not own, as far as it gets.
    fn carry_out(&mut self, node: usize, plan: &Plan) {
        for (partition, is_wanted) in plan.wanted.iter().enumerate() {
            let reads = &mut self.peers[node].reads[partition];
            if !is_wanted {
                *reads = false;
                continue;
            }
            let is_owner = self.owners[partition] == Some(node);
            let is_as_planned = plan.epochs[partition] == self.epochs[partition];
            let may_take = is_as_planned || self.takeover == Takeover::OfWhateverIsThere;
            if !(*reads && is_owner) && may_take && self.random.random_bool(0.7) {
                *reads = true;
                self.takeovers[partition] += usize::from(!is_owner);
                self.owners[partition] = Some(node);
                self.epochs[partition] += 1;
            }
        }
    }

    /// Everybody does what a fresh look would make it want, so that no look will ever change anything; each
    /// partition has one who reads it, and nobody is about to do anything else.
    fn is_settled(&self) -> bool {
        let is_content = |node: usize| {
            let peer = &self.peers[node];
            let wanted = self.wanted(node);
            let plan_agrees = peer.plan.as_ref().is_none_or(|plan| plan.wanted == wanted);
            !peer.is_up || (wanted == peer.reads && plan_agrees)
        };
        let readers = |partition: usize| -> Vec<usize> {
            let reads = |node: &usize| self.peers[*node].is_up && self.peers[*node].reads[partition];
            (0..self.peers.len()).filter(reads).collect()
        };
        (0..self.peers.len()).all(is_content)
            && (0..self.owners.len()).all(|partition| {
                matches!(readers(partition)[..], [reader] if self.owners[partition] == Some(reader))
            })
    }

    fn require_bounds(&self) -> Result<(), String> {
        let up = self.peers.iter().filter(|peer| peer.is_up).count();
        let bounds = Bounds::around(self.owners.len() as f64 / up as f64);
        for (node, _) in self.peers.iter().enumerate().filter(|(_, peer)| peer.is_up) {
            let load = self.owners.iter().filter(|owner| **owner == Some(node)).count();
            if !(bounds.lower..=bounds.upper).contains(&load) {
                return Err(format!(
                    "node {node} has {load} partitions, not within {bounds:?}"
                ));
            }
        }
        Ok(())
    }
}
