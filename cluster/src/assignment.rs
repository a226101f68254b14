//! Which node should work on which partition: weighted rendezvous hashing, bounded and sticky.
//!
//! Pure rendezvous hashing spreads like dice do: with a hundred partitions a node, some node gets a
//! quarter too many. So every member has bounds around its fair share ([`Bounds`]), and the owners of
//! now are an input: as long as they are members and within their bounds, nothing moves. Otherwise only
//! this moves, and nothing else:
//!
//! - what nobody owns, or somebody who is no member;
//! - what a member has above its upper bound;
//! - what members below their lower bound still lack then, taken from the fullest.
//!
//! It is planned in three steps, none of which depends on the order of the inputs.
//!
//! 1. *How many.* The loads after all moves. Think of a member's load as places numbered from 0, each
//!    as full as `(number + ½) / fair` (Webster's divisor method). Places are vacated from the fullest
//!    on and filled from the emptiest on; those beyond the upper bound are vacated first, and those
//!    under the lower bound filled first.
//! 2. *Which.* A member gives away the partitions for which its score is lowest.
//! 3. *Where to.* Of all pairs of a moving partition and a member with a vacant place, the one with the
//!    highest score is joined first, and so on: a stable matching. The score is that of weighted
//!    rendezvous hashing (Schindelhauer and Schomaker, "Weighted Distributed Hash Tables", SPAA 2005):
//!    `-weight / ln(u)`, with `u` uniform in (0, 1) from a hash of both, is the highest with a chance in
//!    proportion to the weight.
//!
//! **Carrying out a part of a plan does not change the rest of it.** The places, the scores and their
//! orders are fixed, and what is done first takes away from each step exactly what it had chosen there
//! itself. So nodes that read the owners at different moments of a rebalancing still aim at the same
//! end, and no partition moves twice on the way.

mod hash;
mod matching;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::ids::{NodeId, Partition, StreamId};
use hash::{digest_of_node, digest_of_partition, uniform_bits};

/// A node that takes part in the assignment: one that is ready to own partitions.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The node. Of several members of one id the heaviest counts.
    pub id: NodeId,
    /// Its share of the work, relative to the others'. A member whose weight is not positive and finite
    /// gets nothing.
    pub weight: f64,
}

/// A partition to be assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The stream.
    pub stream: StreamId,
    /// The partition. No partition of a stream may be given twice.
    pub partition: Partition,
    /// Who owns it now, by the highest epoch.
    pub owner: Option<NodeId>,
}

/// How many partitions a member may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The fewest: a tenth less than the fair share, rounded up, but at most the share rounded down.
    pub lower: usize,
    /// The most: a tenth more than the fair share, rounded down, but at least the share rounded up.
    pub upper: usize,
}

impl Bounds {
    /// The bounds around `fair`, a number of partitions. Whatever the shares, as long as they sum up to
    /// the number of partitions, all of these fit between the lower and the upper bounds.
    pub fn around(fair: f64) -> Self {
        Self {
            lower: fair.floor().min((0.9 * fair).ceil()) as usize,
            upper: fair.ceil().max((1.1 * fair).floor()) as usize,
        }
    }
}

/// The member, as an index into `members`, that should own each of `partitions`; `None` only when there
/// is no member. As a mapping it does not depend on the order of either.
pub fn assign(members: &[Member], partitions: &[Candidate]) -> Vec<Option<usize>> {
    let shares = Share::of(members, partitions.len());
    if shares.is_empty() {
        return vec![None; partitions.len()];
    }
    let mut plan = Plan::new(shares, members, partitions);
    let moves = plan.choose_loads();
    plan.vacate();
    debug_assert_eq!(moves, plan.moving.len());
    plan.fill();
    plan.owners
        .iter()
        .map(|owner| owner.map(|share| plan.shares[share].member))
        .collect()
}

/// What a member is entitled to.
#[derive(Debug)]
struct Share {
    /// Its index among the members given.
    member: usize,
    weight: f64,
    /// In partitions; need not be whole.
    fair: f64,
    bounds: Bounds,
    /// A digest of its id.
    digest: u64,
}

impl Share {
    /// The shares of the members that take part, by id.
    fn of(members: &[Member], partitions: usize) -> Vec<Self> {
        let mut taking_part: Vec<usize> = (0..members.len())
            .filter(|index| members[*index].weight > 0.0 && members[*index].weight.is_finite())
            .collect();
        taking_part.sort_by(|a, b| {
            let (a, b) = (&members[*a], &members[*b]);
            a.id.cmp(&b.id).then(b.weight.total_cmp(&a.weight))
        });
        taking_part.dedup_by(|a, b| members[*a].id == members[*b].id);
        // Clamped so that no sum overflows; summed in one order, since the order matters to the last bit.
        let weight = |index: &usize| members[*index].weight.clamp(1e-100, 1e100);
        let sum: f64 = taking_part.iter().map(weight).sum();
        taking_part
            .iter()
            .map(|index| {
                let fair = partitions as f64 * weight(index) / sum;
                Self {
                    member: *index,
                    weight: weight(index),
                    fair,
                    bounds: Bounds::around(fair),
                    digest: digest_of_node(&members[*index].id),
                }
            })
            .collect()
    }

    /// How full it is when it has `number` partitions and gets one more.
    fn fullness(&self, number: usize) -> f64 {
        (number as f64 + 0.5) / self.fair
    }
}

/// One place of a member, in the order in which places are filled, and in reverse vacated. Of equally
/// full ones the id decides: shares are sorted by it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    /// When filling: whether it lies above the lower bound. When vacating: beyond the upper one.
    is_second_choice: bool,
    fullness: f64,
    share: usize,
}

impl Eq for Place {}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.is_second_choice
            .cmp(&other.is_second_choice)
            .then(self.fullness.total_cmp(&other.fullness))
            .then(self.share.cmp(&other.share))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A plan in the making. Members are indices into `shares`, partitions are indices into `digests`.
#[derive(Debug)]
struct Plan {
    shares: Vec<Share>,
    /// A digest of each partition's name.
    digests: Vec<u64>,
    /// Who has each partition, and in the end who shall.
    owners: Vec<Option<usize>>,
    /// What each member has.
    loads: Vec<usize>,
    /// What each member shall have.
    targets: Vec<usize>,
    /// The partitions that need a new owner.
    moving: Vec<usize>,
}

impl Plan {
    fn new(shares: Vec<Share>, members: &[Member], partitions: &[Candidate]) -> Self {
        let by_id: HashMap<&NodeId, usize> = shares
            .iter()
            .enumerate()
            .map(|(share, of)| (&members[of.member].id, share))
            .collect();
        let owner = |candidate: &Candidate| by_id.get(candidate.owner.as_ref()?).copied();
        let owners: Vec<Option<usize>> = partitions.iter().map(owner).collect();
        let mut loads = vec![0; shares.len()];
        owners.iter().flatten().for_each(|share| loads[*share] += 1);
        Self {
            digests: partitions
                .iter()
                .map(|candidate| digest_of_partition(&candidate.stream, candidate.partition))
                .collect(),
            moving: (0..partitions.len()).filter(|at| owners[*at].is_none()).collect(),
            targets: loads.clone(),
            shares,
            owners,
            loads,
        }
    }

    /// Step 1: sets the targets, and says how many partitions move.
    fn choose_loads(&mut self) -> usize {
        let unowned = self.moving.len();
        let bounds_and_loads = || self.shares.iter().map(|share| share.bounds).zip(&self.loads);
        let above: usize = bounds_and_loads()
            .map(|(bounds, load)| load.saturating_sub(bounds.upper))
            .sum();
        let below: usize = bounds_and_loads()
            .map(|(bounds, load)| bounds.lower.saturating_sub(*load))
            .sum();
        let given = above.max(below.saturating_sub(unowned));
        self.lower_targets(given);
        self.raise_targets(unowned + given);
        unowned + given
    }

    fn lower_targets(&mut self, by: usize) {
        let last_place = |share: usize, load: usize| {
            let of = &self.shares[share];
            let number = load.checked_sub(1).filter(|number| *number >= of.bounds.lower)?;
            Some(Place {
                is_second_choice: number >= of.bounds.upper,
                fullness: of.fullness(number),
                share,
            })
        };
        let mut places: BinaryHeap<Place> = (0..self.shares.len())
            .filter_map(|share| last_place(share, self.targets[share]))
            .collect();
        for _ in 0..by {
            let Some(Place { share, .. }) = places.pop() else {
                return;
            };
            self.targets[share] -= 1;
            places.extend(last_place(share, self.targets[share]));
        }
    }

    fn raise_targets(&mut self, by: usize) {
        let next_place = |share: usize, load: usize| {
            let of = &self.shares[share];
            (load < of.bounds.upper).then(|| {
                Reverse(Place {
                    is_second_choice: load >= of.bounds.lower,
                    fullness: of.fullness(load),
                    share,
                })
            })
        };
        let mut places: BinaryHeap<Reverse<Place>> = (0..self.shares.len())
            .filter_map(|share| next_place(share, self.targets[share]))
            .collect();
        for _ in 0..by {
            let Some(Reverse(Place { share, .. })) = places.pop() else {
                return;
            };
            self.targets[share] += 1;
            places.extend(next_place(share, self.targets[share]));
        }
    }

    /// Step 2: takes from each member that has too many the partitions it scores lowest for.
    fn vacate(&mut self) {
        let givers = (0..self.shares.len()).filter(|share| self.loads[*share] > self.targets[*share]);
        let mut owned: HashMap<usize, Vec<usize>> = givers.map(|share| (share, Vec::new())).collect();
        if owned.is_empty() {
            return;
        }
        for (at, owner) in self.owners.iter().enumerate() {
            if let Some(owned) = owner.and_then(|owner| owned.get_mut(&owner)) {
                owned.push(at);
            }
        }
        for (share, mut owned) in owned {
            let digest = self.shares[share].digest;
            // For one member the score grows with the hash. What of equal ones goes is left to the digest.
            owned.sort_unstable_by_key(|at| (uniform_bits(digest, self.digests[*at]), self.digests[*at]));
            for at in owned.drain(..self.loads[share] - self.targets[share]) {
                self.owners[at] = None;
                self.moving.push(at);
            }
        }
    }

    /// Step 3: gives what moves to those who have less than they shall.
    fn fill(&mut self) {
        let receivers = self
            .shares
            .iter()
            .zip(self.targets.iter().zip(&self.loads))
            .enumerate()
            .filter(|(_, (_, (target, load)))| target > load)
            .map(|(share, (of, (target, load)))| matching::Receiver {
                share,
                digest: of.digest,
                weight: of.weight,
                places: target - load,
            })
            .collect();
        let moving = self.moving.iter().map(|at| (*at, self.digests[*at])).collect();
        for (at, share) in matching::stable(receivers, moving) {
            self.owners[at] = Some(share);
        }
    }
}
