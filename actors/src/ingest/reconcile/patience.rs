//! When a partition that has gone may be taken back.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Key;

/// A partition that was handed over is not taken back for so long: the other node is about to take it.
const AFTER_RELEASE: Duration = Duration::from_secs(10);
/// The first and the longest wait before a partition may be taken back that another node took.
const SHORTEST_YIELD: Duration = Duration::from_secs(2);
const LONGEST_YIELD: Duration = Duration::from_secs(60);
/// A partition that has not been lost for so long starts with the shortest wait again.
const FORGIVEN_AFTER: Duration = Duration::from_secs(180);

/// Remembers which partitions went lately.
#[derive(Debug, Default)]
pub(super) struct Patience {
    waits: HashMap<Key, Wait>,
}

#[derive(Debug, Clone, Copy)]
struct Wait {
    until: Instant,
    losses: u32,
}

impl Patience {
    /// Another node took it.
    pub(super) fn lost(&mut self, key: Key, now: Instant) {
        let wait = self.waits.entry(key).or_insert(Wait {
            until: now,
            losses: 0,
        });
        let pause = SHORTEST_YIELD
            .saturating_mul(1 << wait.losses.min(10))
            .min(LONGEST_YIELD);
        wait.losses += 1;
        // Apart from the other side's, so that one of them gets a long turn.
        wait.until = now + pause.mul_f64(0.5 + rand::random::<f64>());
    }

    /// It was handed over.
    pub(super) fn released(&mut self, key: Key, now: Instant) {
        let losses = self.waits.get(&key).map_or(0, |wait| wait.losses);
        self.waits.insert(
            key,
            Wait {
                until: now + AFTER_RELEASE,
                losses,
            },
        );
    }

    /// Whether it may be taken.
    pub(super) fn allows(&self, key: &Key, now: Instant) -> bool {
        self.waits.get(key).is_none_or(|wait| wait.until <= now)
    }

    /// Forgets what was long ago.
    pub(super) fn forgive(&mut self, now: Instant) {
        self.waits.retain(|_, wait| wait.until + FORGIVEN_AFTER > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        ("c:t".parse().unwrap(), 1, 0)
    }

    #[test]
    fn who_keeps_losing_a_partition_waits_longer_and_longer() {
        let (mut patience, start) = (Patience::default(), Instant::now());
        let mut waits = Vec::new();
        for _ in 0..8 {
            patience.lost(key(), start);
            assert!(!patience.allows(&key(), start));
            waits.push(patience.waits[&key()].until - start);
        }
        assert!(waits[0] <= SHORTEST_YIELD.mul_f64(1.5), "{waits:?}");
        assert!(waits[7] >= LONGEST_YIELD / 2, "{waits:?}");
        let later = start + LONGEST_YIELD * 2 + FORGIVEN_AFTER;
        patience.forgive(later);
        assert!(patience.waits.is_empty());
    }

    #[test]
    fn what_was_handed_over_is_left_to_who_asked_for_it() {
        let (mut patience, start) = (Patience::default(), Instant::now());
        patience.released(key(), start);
        assert!(!patience.allows(&key(), start + AFTER_RELEASE / 2));
        assert!(patience.allows(&key(), start + AFTER_RELEASE));
    }
}
