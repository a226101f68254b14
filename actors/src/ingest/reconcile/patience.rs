//! When a partition that has gone may be taken back.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aurora_cluster::Epoch;

use super::Key;

/// A partition that was handed over is not taken back for so long, unless somebody has taken it: who asked for it is
/// about to.
const AFTER_RELEASE: Duration = Duration::from_secs(10);
/// The first and the longest wait before a partition may be taken back that another node took.
const SHORTEST_YIELD: Duration = Duration::from_secs(2);
const LONGEST_YIELD: Duration = Duration::from_secs(60);
/// An owner that nobody hears, and whose journal stands still for so long, is waited for no longer.
const SILENCE: Duration = Duration::from_secs(10);
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
    /// The owner's last sign of life, and when it was first seen.
    seen: Option<(Sign, Instant)>,
    /// The epoch that was handed over, if that is why.
    released: Option<Epoch>,
}

/// What changes while an owner works: its epoch, and the next offset to be journaled.
pub(super) type Sign = (Epoch, Option<u64>);

impl Patience {
    /// Another node took it.
    pub(super) fn lost(&mut self, key: Key, now: Instant) {
        let wait = self.waits.entry(key).or_insert(Wait {
            until: now,
            losses: 0,
            seen: None,
            released: None,
        });
        (wait.seen, wait.released) = (None, None);
        let pause = SHORTEST_YIELD
            .saturating_mul(1 << wait.losses.min(10))
            .min(LONGEST_YIELD);
        wait.losses += 1;
        // Apart from the other side's, so that one of them gets a long turn.
        wait.until = now + pause.mul_f64(0.5 + rand::random::<f64>());
    }

    /// It was handed over under this epoch.
    pub(super) fn released(&mut self, key: Key, epoch: Epoch, now: Instant) {
        let losses = self.waits.get(&key).map_or(0, |wait| wait.losses);
        self.waits.insert(
            key,
            Wait {
                until: now + AFTER_RELEASE,
                losses,
                seen: None,
                released: Some(epoch),
            },
        );
    }

    /// Gossip does not know its owner, of which `sign` was found in ClickHouse. On the other side of a split it would
    /// be at work, and have a turn. If nothing moves it has died, or has nothing to do.
    pub(super) fn watch(&mut self, key: &Key, sign: Sign, now: Instant) {
        let Some(wait) = self.waits.get_mut(key) else {
            return;
        };
        match wait.seen {
            Some((known, since)) if known == sign => {
                if now.saturating_duration_since(since) >= SILENCE {
                    wait.until = wait.until.min(now);
                }
            }
            _ => wait.seen = Some((sign, now)),
        }
    }

    /// Whether it may be taken, now that `epoch` is its highest.
    pub(super) fn allows(&self, key: &Key, epoch: Epoch, now: Instant) -> bool {
        let over = |wait: &Wait| wait.until <= now || wait.released.is_some_and(|released| released < epoch);
        self.waits.get(key).is_none_or(over)
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
            assert!(!patience.allows(&key(), 1, start));
            waits.push(patience.waits[&key()].until - start);
        }
        assert!(waits[0] <= SHORTEST_YIELD.mul_f64(1.5), "{waits:?}");
        assert!(waits[7] >= LONGEST_YIELD / 2, "{waits:?}");
        let later = start + LONGEST_YIELD * 2 + FORGIVEN_AFTER;
        patience.forgive(later);
        assert!(patience.waits.is_empty());
    }

    #[test]
    fn an_owner_is_waited_for_as_long_as_its_journal_moves() {
        let (mut patience, start) = (Patience::default(), Instant::now());
        for _ in 0..8 {
            patience.lost(key(), start);
        }
        let mut now = start;
        for next in 0..4 {
            patience.watch(&key(), (3, Some(next)), now);
            now += SILENCE / 2;
            patience.watch(&key(), (3, Some(next)), now);
            assert!(!patience.allows(&key(), 3, now), "it moves");
        }
        patience.watch(&key(), (3, Some(3)), now + SILENCE / 2);
        assert!(patience.allows(&key(), 3, now + SILENCE / 2), "it has stopped");
        patience.lost(key(), now);
        patience.watch(&key(), (4, Some(3)), now);
        assert!(!patience.allows(&key(), 4, now), "it is another's turn again");
    }

    #[test]
    fn what_was_handed_over_is_left_to_who_asked_for_it() {
        let (mut patience, start) = (Patience::default(), Instant::now());
        patience.released(key(), 5, start);
        assert!(!patience.allows(&key(), 5, start + AFTER_RELEASE / 2));
        assert!(
            patience.allows(&key(), 6, start + AFTER_RELEASE / 2),
            "it has been taken since"
        );
        assert!(patience.allows(&key(), 5, start + AFTER_RELEASE));
    }
}
