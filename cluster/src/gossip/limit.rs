//! Limits on what others can make a node do: answers and log lines.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Lets an event through at most once in a while, whatever it is about, and counts the others.
#[derive(Debug)]
pub(crate) struct Throttle {
    every: Duration,
    last: Option<Instant>,
    suppressed: u64,
}

impl Throttle {
    pub(crate) fn new(every: Duration) -> Self {
        Self {
            every,
            last: None,
            suppressed: 0,
        }
    }

    /// `Some(how many were held back since the last one)` if this one may pass.
    pub(crate) fn pass(&mut self, now: Instant) -> Option<u64> {
        if self
            .last
            .is_some_and(|last| now.saturating_duration_since(last) < self.every)
        {
            self.suppressed += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.suppressed))
    }
}

/// Lets each key pass at most once in a while, and all keys together at most `capacity` times in that
/// while; it never holds more than `capacity` keys.
#[derive(Debug)]
pub(crate) struct PerKey<K> {
    every: Duration,
    capacity: usize,
    last: HashMap<K, Instant>,
}

impl<K: Eq + Hash> PerKey<K> {
    pub(crate) fn new(every: Duration, capacity: usize) -> Self {
        Self {
            every,
            capacity,
            last: HashMap::new(),
        }
    }

    pub(crate) fn pass(&mut self, key: K, now: Instant) -> bool {
        let every = self.every;
        let is_recent = |last: Instant| now.saturating_duration_since(last) < every;
        if self.last.get(&key).is_some_and(|last| is_recent(*last)) {
            return false;
        }
        if self.last.len() >= self.capacity {
            self.last.retain(|_, last| is_recent(*last));
        }
        if self.last.len() >= self.capacity {
            return false;
        }
        self.last.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_throttle_passes_one_in_a_while_and_counts_the_rest() {
        let start = Instant::now();
        let mut throttle = Throttle::new(SECOND);
        assert_eq!(throttle.pass(start), Some(0));
        assert_eq!(throttle.pass(start), None);
        assert_eq!(throttle.pass(start + SECOND / 2), None);
        assert_eq!(throttle.pass(start + SECOND), Some(2));
        assert_eq!(throttle.pass(start + 2 * SECOND), Some(0));
    }

    #[test]
    fn keys_do_not_hold_each_other_back_until_there_are_too_many() {
        let start = Instant::now();
        let mut limit = PerKey::new(SECOND, 3);
        assert!((0..3).all(|key| limit.pass(key, start)));
        assert!(!limit.pass(0, start));
        assert!(!limit.pass(3, start));
        assert!(limit.pass(3, start + SECOND));
        assert!(limit.last.len() <= 3);
    }
}
