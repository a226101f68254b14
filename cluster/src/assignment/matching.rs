//! Partitions that need an owner, and members with vacant places: who gets which.
//!
//! Both sides prefer by the score of the pair, so there is exactly one stable matching: the one that
//! joins the best pair of all first, then the best of what is left. It is found without sorting all
//! pairs, as Gale and Shapley do it: a partition goes to the best member that takes it, and a member
//! whose places are taken sends its worst one on. The order in which partitions are looked at does not
//! matter to the result.

use std::collections::BinaryHeap;

use super::hash::{uniform, uniform_bits};

/// A member with vacant places.
pub(super) struct Receiver {
    /// What the caller knows it by; ascending, it decides between equal scores.
    pub(super) share: usize,
    pub(super) digest: u64,
    pub(super) weight: f64,
    pub(super) places: usize,
}

/// A partition at a receiver. The cost is the score's reciprocal, `-ln(u) / weight`; the greatest of a
/// heap is the worst.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Seated {
    cost: f64,
    digest: u64,
    partition: usize,
}

impl Eq for Seated {}

impl Ord for Seated {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.cost
            .total_cmp(&other.cost)
            .then(self.digest.cmp(&other.digest))
            .then(self.partition.cmp(&other.partition))
    }
}

impl PartialOrd for Seated {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The stable matching of `partitions`, each a number with its digest, with the receivers' places, of which there
/// are at least as many. Gives pairs of partition and share.
pub(super) fn stable(receivers: Vec<Receiver>, partitions: Vec<(usize, u64)>) -> Vec<(usize, usize)> {
    let mut tables: Vec<Table> = receivers.into_iter().map(Table::new).collect();
    let mut waiting = partitions;
    while let Some((partition, digest)) = waiting.pop() {
        let Some((table, seated)) = best(&tables, partition, digest) else {
            debug_assert!(false, "there are fewer places than partitions");
            continue;
        };
        waiting.extend(tables[table].seat(seated));
    }
    tables
        .iter()
        .flat_map(|table| {
            table
                .seated
                .iter()
                .map(|seated| (seated.partition, table.receiver.share))
        })
        .collect()
}

/// The best of the tables that would take a partition.
fn best(tables: &[Table], partition: usize, digest: u64) -> Option<(usize, Seated)> {
    let mut best: Option<(usize, Seated)> = None;
    for (table, at) in tables.iter().enumerate() {
        let bits = uniform_bits(at.receiver.digest, digest);
        let u = uniform(bits);
        // -ln(u) is at least 1 - u. That saves nearly all logarithms.
        if best.is_some_and(|(_, best)| (1.0 - u) / at.receiver.weight > best.cost) {
            continue;
        }
        let cost = -u.ln() / at.receiver.weight;
        let seated = Seated {
            cost,
            digest,
            partition,
        };
        if best.is_none_or(|(_, best)| cost < best.cost) && at.would_seat(&seated) {
            best = Some((table, seated));
        }
    }
    best
}

struct Table {
    receiver: Receiver,
    seated: BinaryHeap<Seated>,
}

impl Table {
    fn new(receiver: Receiver) -> Self {
        let seated = BinaryHeap::with_capacity(receiver.places + 1);
        Self { receiver, seated }
    }

    fn would_seat(&self, seated: &Seated) -> bool {
        self.seated.len() < self.receiver.places || self.seated.peek().is_some_and(|worst| seated < worst)
    }

    /// Seats a partition, and gives back the one that has to go for it.
    fn seat(&mut self, seated: Seated) -> Option<(usize, u64)> {
        self.seated.push(seated);
        if self.seated.len() <= self.receiver.places {
            return None;
        }
        let worst = self.seated.pop()?;
        Some((worst.partition, worst.digest))
    }
}
