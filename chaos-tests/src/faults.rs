//! Faults as data, and a schedule of them that a seed decides.
//!
//! A schedule is pure: it says what goes wrong, when, and for how long. A runner carries it out, prints it, and
//! can repeat it, from the seed or from the schedule itself, which is serializable.

use std::fmt::{self, Display};
use std::ops::Range;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::netns::NetworkFault;
use crate::toxiproxy::{Direction, Toxic};

/// Brokers of a cluster that faults are made for: any one of them may be away.
pub const BROKERS: usize = 3;
/// How far apart faults begin, on average.
const MEAN_GAP: Duration = Duration::from_millis(2_500);
/// How many places are tried for a fault before it is left out.
const TRIES: usize = 20;

/// What goes wrong. Nodes, brokers and members of the network count from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Fault {
    /// `kill -9`; the node is started again at the end.
    NodeKill {
        /// Which.
        node: usize,
    },
    /// SIGSTOP, and SIGCONT at the end.
    NodePause {
        /// Which.
        node: usize,
    },
    /// SIGTERM; the node is started again at the end.
    NodeRestart {
        /// Which.
        node: usize,
    },
    /// Links between nodes are bad: a split, one way only, loss.
    Gossip(NetworkFault),
    /// Datagrams between nodes come late, and overtake each other.
    GossipDelay {
        /// By how much at least.
        delay: Duration,
        /// By how much more at most.
        jitter: Duration,
    },
    /// `kill -9`; the broker is started again at the end.
    BrokerKill {
        /// Which.
        broker: usize,
    },
    /// The broker that leads a partition is told to end, and started again at the end.
    LeaderChange {
        /// The partition.
        partition: i32,
    },
    /// Something is wrong between nodes and a broker.
    KafkaToxic {
        /// The broker.
        broker: usize,
        /// What.
        toxic: Toxic,
        /// Which way.
        direction: Direction,
    },
    /// Something is wrong between nodes and ClickHouse.
    ClickHouseToxic {
        /// What.
        toxic: Toxic,
        /// Which way.
        direction: Direction,
    },
    /// `kill -9`; ClickHouse comes back by itself.
    ClickHouseKill,
    /// SIGSTOP, and SIGCONT at the end: connections stay, and nobody answers.
    ClickHousePause,
    /// The way to ClickHouse is cut, and restored at the end: connections end, and new ones are refused.
    ClickHouseCut,
}

/// A kind of fault, whose details a schedule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "each is the fault of the same name, or one of the network's"
)]
pub enum FaultKind {
    NodeKill,
    NodePause,
    NodeRestart,
    GossipSplit,
    GossipOneWay,
    GossipLoss,
    GossipDelay,
    BrokerKill,
    LeaderChange,
    KafkaToxic,
    ClickHouseToxic,
    ClickHouseKill,
    ClickHousePause,
    ClickHouseCut,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::NodeKill,
        Self::NodePause,
        Self::NodeRestart,
        Self::GossipSplit,
        Self::GossipOneWay,
        Self::GossipLoss,
        Self::GossipDelay,
        Self::BrokerKill,
        Self::LeaderChange,
        Self::KafkaToxic,
        Self::ClickHouseToxic,
        Self::ClickHouseKill,
        Self::ClickHousePause,
        Self::ClickHouseCut,
    ];

    /// Whether it takes more than one node.
    fn needs_peers(self) -> bool {
        matches!(
            self,
            Self::GossipSplit | Self::GossipOneWay | Self::GossipLoss | Self::GossipDelay
        )
    }

    /// How long one lasts, in milliseconds.
    fn lengths_ms(self) -> Range<u64> {
        match self {
            Self::NodeKill | Self::NodeRestart | Self::ClickHouseKill => 500..5_000,
            // From a hiccup to longer than any failure detector waits.
            Self::NodePause | Self::GossipSplit | Self::GossipOneWay => 500..20_000,
            Self::GossipLoss | Self::GossipDelay | Self::KafkaToxic | Self::ClickHouseToxic => 2_000..15_000,
            // A session of a broker lasts 6 s.
            Self::BrokerKill | Self::LeaderChange => 4_000..15_000,
            Self::ClickHousePause | Self::ClickHouseCut => 500..10_000,
        }
    }

    fn fault(self, nodes: usize, random: &mut StdRng) -> Fault {
        let node = random.random_range(0..nodes);
        let broker = random.random_range(0..BROKERS);
        match self {
            Self::NodeKill => Fault::NodeKill { node },
            Self::NodePause => Fault::NodePause { node },
            Self::NodeRestart => Fault::NodeRestart { node },
            Self::GossipSplit => Fault::Gossip(split(nodes, random)),
            Self::GossipOneWay => {
                // Any other one.
                let to = (node + random.random_range(1..nodes)) % nodes;
                Fault::Gossip(NetworkFault::OneWay { from: node, to })
            }
            Self::GossipLoss => Fault::Gossip(NetworkFault::Loss {
                percent: random.random_range(5..60),
            }),
            Self::GossipDelay => Fault::GossipDelay {
                delay: Duration::from_millis(random.random_range(10..500)),
                jitter: Duration::from_millis(random.random_range(10..1_000)),
            },
            Self::BrokerKill => Fault::BrokerKill { broker },
            Self::LeaderChange => Fault::LeaderChange {
                partition: random.random_range(0..4),
            },
            Self::KafkaToxic => Fault::KafkaToxic {
                broker,
                toxic: toxic(random),
                direction: direction(random),
            },
            Self::ClickHouseToxic => Fault::ClickHouseToxic {
                toxic: toxic(random),
                direction: direction(random),
            },
            Self::ClickHouseKill => Fault::ClickHouseKill,
            Self::ClickHousePause => Fault::ClickHousePause,
            Self::ClickHouseCut => Fault::ClickHouseCut,
        }
    }
}

/// Two groups with somebody in each.
fn split(nodes: usize, random: &mut StdRng) -> NetworkFault {
    let mut left: Vec<usize> = (0..nodes).collect();
    left.shuffle(random);
    let mut right = left.split_off(random.random_range(1..nodes));
    left.sort_unstable();
    right.sort_unstable();
    NetworkFault::Split { left, right }
}

fn direction(random: &mut StdRng) -> Direction {
    if random.random() {
        Direction::ToServer
    } else {
        Direction::ToClient
    }
}

fn toxic(random: &mut StdRng) -> Toxic {
    let mut ms = |range: Range<u64>| Duration::from_millis(random.random_range(range));
    let (delay, after) = (ms(10..1_000), ms(0..3_000));
    match random.random_range(0..7) {
        0 => Toxic::Latency {
            delay,
            // Never more than the delay, or answers would come before they are sent.
            jitter: delay / 2,
        },
        1 => Toxic::Bandwidth {
            kilobytes_per_second: random.random_range(20..2_000),
        },
        2 => Toxic::Slicer {
            average_bytes: 200,
            variation_bytes: 100,
            pause: Duration::from_micros(random.random_range(10..2_000)),
        },
        3 => Toxic::Timeout { after },
        4 => Toxic::ResetPeer { after },
        5 => Toxic::SlowClose { delay },
        _ => Toxic::LimitData {
            bytes: random.random_range(1_000..5_000_000),
        },
    }
}

/// What a fault acts on. Two faults of one target never overlap: a node that is frozen cannot be told to end, and
/// with two brokers away there is no quorum.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    Node(usize),
    Links,
    Datagrams,
    Brokers,
    KafkaProxy(usize),
    ClickHouse,
    ClickHouseProxy,
}

impl Fault {
    fn target(&self) -> Target {
        match self {
            Self::NodeKill { node } | Self::NodePause { node } | Self::NodeRestart { node } => {
                Target::Node(*node)
            }
            Self::Gossip(_) => Target::Links,
            Self::GossipDelay { .. } => Target::Datagrams,
            Self::BrokerKill { .. } | Self::LeaderChange { .. } => Target::Brokers,
            Self::KafkaToxic { broker, .. } => Target::KafkaProxy(*broker),
            Self::ClickHouseKill | Self::ClickHousePause => Target::ClickHouse,
            Self::ClickHouseToxic { .. } | Self::ClickHouseCut => Target::ClickHouseProxy,
        }
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NodeKill { node } => write!(f, "node {node} is killed"),
            Self::NodePause { node } => write!(f, "node {node} is frozen"),
            Self::NodeRestart { node } => write!(f, "node {node} is told to end"),
            Self::Gossip(NetworkFault::Split { left, right }) => {
                write!(f, "nodes {left:?} and {right:?} do not hear each other")
            }
            Self::Gossip(NetworkFault::OneWay { from, to }) => {
                write!(f, "node {to} does not hear node {from}")
            }
            Self::Gossip(NetworkFault::Loss { percent }) => {
                write!(f, "{percent} % of packets between nodes are lost")
            }
            Self::Gossip(NetworkFault::CutOff { member }) => {
                write!(f, "node {member} is cut off from everything")
            }
            Self::GossipDelay { delay, jitter } => {
                write!(f, "gossip is late by {delay:?} and up to {jitter:?} more")
            }
            Self::BrokerKill { broker } => write!(f, "broker {broker} is killed"),
            Self::LeaderChange { partition } => {
                write!(f, "the leader of partition {partition} is told to end")
            }
            Self::KafkaToxic {
                broker,
                toxic,
                direction,
            } => write!(f, "broker {broker}'s proxy has {toxic:?}, {direction:?}"),
            Self::ClickHouseToxic { toxic, direction } => {
                write!(f, "ClickHouse's proxy has {toxic:?}, {direction:?}")
            }
            Self::ClickHouseKill => write!(f, "ClickHouse is killed"),
            Self::ClickHousePause => write!(f, "ClickHouse is frozen"),
            Self::ClickHouseCut => write!(f, "ClickHouse is cut off"),
        }
    }
}

/// A fault with its time, counted from the schedule's start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScheduledFault {
    /// When it begins.
    pub start: Duration,
    /// When it is over; after `start`.
    pub end: Duration,
    /// What it is.
    pub fault: Fault,
}

impl ScheduledFault {
    fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// Faults over some time, by their start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// What decided it.
    pub seed: u64,
    /// How long it is; all faults are over by then.
    pub duration: Duration,
    /// The faults.
    pub faults: Vec<ScheduledFault>,
}

impl Schedule {
    /// The schedule of `seed`: faults of `kinds` in a cluster of `nodes` nodes, spread over `duration`. They overlap
    /// unless they act on the same thing. First each kind gets a place, then chance decides; what
    /// finds no place, because the time is too short or it takes more nodes, is left out.
    pub fn random(seed: u64, duration: Duration, kinds: &[FaultKind], nodes: usize) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let possible = |kind: &FaultKind| if kind.needs_peers() { nodes > 1 } else { nodes > 0 };
        let kinds: Vec<FaultKind> = kinds.iter().copied().filter(possible).collect();
        let count = (duration.as_millis() / MEAN_GAP.as_millis()) as usize;
        let mut wanted = kinds.clone();
        wanted.shuffle(&mut random);
        let more = count.saturating_sub(wanted.len());
        wanted.extend((0..more).filter_map(|_| kinds.choose(&mut random).copied()));

        let mut faults: Vec<ScheduledFault> = Vec::new();
        for kind in wanted {
            let mut tries = (0..TRIES).map(|_| place(kind, duration, nodes, &mut random));
            let fits = |new: &ScheduledFault| {
                !faults
                    .iter()
                    .any(|old| old.overlaps(new) && old.fault.target() == new.fault.target())
            };
            if let Some(fault) = tries.find_map(|fault| fault.filter(fits)) {
                faults.push(fault);
            }
        }
        faults.sort_by_key(|fault| (fault.start, fault.end));
        Self {
            seed,
            duration,
            faults,
        }
    }
}

/// A fault somewhere, or `None` when it does not end in time.
fn place(kind: FaultKind, duration: Duration, nodes: usize, random: &mut StdRng) -> Option<ScheduledFault> {
    let length = random.random_range(kind.lengths_ms());
    let total = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let start = random.random_range(0..total.max(1));
    let fault = kind.fault(nodes, random);
    (start + length <= total).then(|| ScheduledFault {
        start: Duration::from_millis(start),
        end: Duration::from_millis(start + length),
        fault,
    })
}

impl Display for Schedule {
    /// A line for each fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {}: {} faults in {:?}",
            self.seed,
            self.faults.len(),
            self.duration
        )?;
        for ScheduledFault { start, end, fault } in &self.faults {
            let (start, end) = (start.as_secs_f64(), end.as_secs_f64());
            writeln!(f, "{start:8.1} s to {end:6.1} s  {fault}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::mem::discriminant;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_seed_decides_everything() {
        let schedule = |seed| Schedule::random(seed, 5 * MINUTE, &FaultKind::ALL, 4);
        assert_eq!(schedule(1), schedule(1));
        assert_ne!(schedule(1).faults, schedule(2).faults);
    }

    #[test]
    fn faults_overlap_but_not_on_one_target_and_end_in_time() {
        let mut overlaps = 0;
        for seed in 0..200 {
            let schedule = Schedule::random(seed, 2 * MINUTE, &FaultKind::ALL, 3);
            assert!(schedule.faults.is_sorted_by_key(|fault| fault.start));
            for (index, fault) in schedule.faults.iter().enumerate() {
                assert!(fault.start < fault.end && fault.end <= schedule.duration);
                for other in &schedule.faults[index + 1..] {
                    if fault.overlaps(other) {
                        overlaps += 1;
                        assert_ne!(fault.fault.target(), other.fault.target(), "{schedule}");
                    }
                }
            }
        }
        assert!(overlaps > 200, "{overlaps} overlaps in 200 schedules");
    }

    #[test]
    fn every_kind_that_was_asked_for_comes_and_no_other() {
        for seed in 0..50 {
            let all = Schedule::random(seed, 5 * MINUTE, &FaultKind::ALL, 3);
            // Splits, one-way links and loss are one variant.
            let kinds: HashSet<_> = all
                .faults
                .iter()
                .map(|fault| discriminant(&fault.fault))
                .collect();
            assert_eq!(kinds.len(), FaultKind::ALL.len() - 2, "{all}");
            let kills = Schedule::random(seed, MINUTE, &[FaultKind::NodeKill], 3);
            assert!(kills.faults.len() > 5, "{kills}");
            assert!(
                kills
                    .faults
                    .iter()
                    .all(|fault| matches!(fault.fault, Fault::NodeKill { node } if node < 3))
            );
        }
    }

    #[test]
    fn groups_and_pairs_are_of_different_nodes() {
        let kinds = [FaultKind::GossipSplit, FaultKind::GossipOneWay];
        for seed in 0..200 {
            for ScheduledFault { fault, .. } in Schedule::random(seed, MINUTE, &kinds, 3).faults {
                match fault {
                    Fault::Gossip(NetworkFault::Split { left, right }) => {
                        assert!(!left.is_empty() && !right.is_empty());
                        let nodes: HashSet<usize> = left.iter().chain(&right).copied().collect();
                        assert_eq!((nodes.len(), left.len() + right.len()), (3, 3));
                    }
                    Fault::Gossip(NetworkFault::OneWay { from, to }) => {
                        assert!(from != to && from < 3 && to < 3);
                    }
                    other => panic!("{other}"),
                }
            }
            assert!(Schedule::random(seed, MINUTE, &kinds, 1).faults.is_empty());
        }
    }

    #[test]
    fn a_schedule_reads_well_and_survives_being_written_down() {
        let schedule = Schedule::random(7, MINUTE, &FaultKind::ALL, 3);
        let text = schedule.to_string();
        assert_eq!(text.lines().count(), schedule.faults.len() + 1);
        assert!(text.starts_with("seed 7: "), "{text}");
        let json = serde_json::to_string(&schedule).expect("it can be written");
        let read: Schedule = serde_json::from_str(&json).expect("it can be read");
        assert_eq!(read, schedule);
        let kill = Fault::NodeKill { node: 2 };
        assert_eq!(kill.to_string(), "node 2 is killed");
    }
}
