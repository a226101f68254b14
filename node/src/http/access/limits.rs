//! How many requests are let in, of whom.
//!
//! The generic cell rate algorithm (ITU-T I.371, annex A): for each key one moment is kept, the one at which its
//! requests so far would have come at the full rate. Nothing has to be refilled, and a key whose moment has passed
//! needs not be kept at all. So the table is bounded: when it is full of keys in use, those that are not in it share
//! one count, which slows strangers down and nobody else. (The `governor` crate does the same for as many keys as
//! come.)

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How often the table is looked through for keys that need not be kept, at most.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// So many at once, and so many a second on average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// From one to the next at the full rate; zero lets everything in.
    interval: Duration,
    /// How many may come at once.
    burst: u32,
}

impl Rate {
    /// `per_second` on average, `burst` at once. A rate that is not above zero lets everything in.
    pub fn per_second(per_second: f64, burst: u32) -> Self {
        let interval = Duration::try_from_secs_f64(1.0 / per_second).unwrap_or_default();
        Self {
            // Slower than one a day is a mistake, and could overflow.
            interval: interval.min(Duration::from_secs(86_400)),
            burst: burst.max(1),
        }
    }

    /// Lets everything in.
    pub const UNLIMITED: Self = Self {
        interval: Duration::ZERO,
        burst: 1,
    };

    /// How far ahead of now a key's moment may be.
    fn tolerance(&self) -> Duration {
        self.interval.saturating_mul(self.burst)
    }
}

/// Counts the requests of each key.
pub(super) struct Limiter<K> {
    rate: Rate,
    capacity: usize,
    cells: Mutex<Cells<K>>,
}

struct Cells<K> {
    /// For each key in use, when its requests so far would have come at the full rate.
    moments: HashMap<K, Instant>,
    /// The same for all keys for which there is no room.
    others: Option<Instant>,
    swept: Option<Instant>,
}

impl<K: Eq + Hash> Limiter<K> {
    /// Counts up to `capacity` keys one by one.
    pub(super) fn new(rate: Rate, capacity: usize) -> Self {
        Self {
            rate,
            capacity,
            cells: Mutex::new(Cells {
                moments: HashMap::new(),
                others: None,
                swept: None,
            }),
        }
    }

    /// Lets a request in, or says how long to wait before the next try.
    pub(super) fn take(&self, key: K, now: Instant) -> Result<(), Duration> {
        if self.rate.interval.is_zero() {
            return Ok(());
        }
        let mut cells = self.cells.lock();
        let known = cells.moments.get(&key).copied();
        let has_room = known.is_some() || cells.make_room(self.capacity, now);
        let moment = if has_room { known } else { cells.others };
        let next = moment.map_or(now, |moment| moment.max(now)) + self.rate.interval;
        let ahead = next - now;
        if ahead > self.rate.tolerance() {
            return Err(ahead - self.rate.tolerance());
        }
        if has_room {
            cells.moments.insert(key, next);
        } else {
            cells.others = Some(next);
        }
        Ok(())
    }

    /// Takes back a request that should not count after all.
    pub(super) fn give_back(&self, key: &K) {
        let mut cells = self.cells.lock();
        let Cells { moments, others, .. } = &mut *cells;
        if let Some(moment) = moments.get_mut(key).or(others.as_mut())
            && let Some(earlier) = moment.checked_sub(self.rate.interval)
        {
            *moment = earlier;
        }
    }
}

impl<K: Eq + Hash> Cells<K> {
    /// Whether one more key can be kept.
    fn make_room(&mut self, capacity: usize, now: Instant) -> bool {
        if self.moments.len() < capacity {
            return true;
        }
        let is_due = self.swept.is_none_or(|swept| now >= swept + SWEEP_INTERVAL);
        if is_due {
            self.swept = Some(now);
            self.moments.retain(|_, moment| *moment > now);
        }
        self.moments.len() < capacity
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_burst_is_let_in_and_then_the_rate() {
        let limiter = Limiter::new(Rate::per_second(2.0, 3), 10);
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(limiter.take("a", start), Ok(()));
        }
        let wait = limiter.take("a", start).unwrap_err();
        assert_eq!(wait, Duration::from_millis(500));
        assert_eq!(limiter.take("b", start), Ok(()), "somebody else");
        assert_eq!(limiter.take("a", start + wait), Ok(()));
        assert!(limiter.take("a", start + wait).is_err());
        let rested = start + Duration::from_secs(60);
        for _ in 0..3 {
            assert_eq!(limiter.take("a", rested), Ok(()));
        }
        assert!(limiter.take("a", rested).is_err());
    }

    #[test]
    fn what_is_given_back_does_not_count() {
        let limiter = Limiter::new(Rate::per_second(1.0, 2), 10);
        let now = Instant::now();
        for _ in 0..100 {
            assert_eq!(limiter.take("a", now), Ok(()));
            limiter.give_back(&"a");
        }
        assert_eq!(limiter.take("a", now), Ok(()));
        assert_eq!(limiter.take("a", now), Ok(()));
        assert!(limiter.take("a", now).is_err());
    }

    #[test]
    fn strangers_without_number_slow_each_other_down_and_nobody_who_was_here() {
        let limiter = Limiter::new(Rate::per_second(1.0, 5), 100);
        let now = Instant::now();
        assert_eq!(limiter.take(0_u32, now), Ok(()));
        let let_in = (1..10_000).filter(|key| limiter.take(*key, now).is_ok()).count();
        assert_eq!(let_in, 99 + 5);
        assert_eq!(limiter.cells.lock().moments.len(), 100);
        assert_eq!(limiter.take(0, now), Ok(()));
        // When they have gone, there is room again.
        let later = now + Duration::from_secs(10);
        assert_eq!(
            (1..=100).filter(|key| limiter.take(*key, later).is_ok()).count(),
            100
        );
    }

    #[test]
    fn a_rate_of_nothing_is_no_limit() {
        for rate in [
            Rate::per_second(0.0, 1),
            Rate::per_second(-1.0, 1),
            Rate::per_second(f64::NAN, 1),
            Rate::UNLIMITED,
        ] {
            let limiter = Limiter::new(rate, 1);
            let now = Instant::now();
            assert!((0..1_000).all(|_| limiter.take("a", now).is_ok()), "{rate:?}");
        }
    }

    proptest! {
        #[test]
        fn no_more_than_burst_and_rate_are_ever_let_in(
            burst in 1..20_u32,
            per_second in 0.5..50.0_f64,
            pauses_ms in proptest::collection::vec(0..400_u64, 1..200),
        ) {
            let limiter = Limiter::new(Rate::per_second(per_second, burst), 4);
            let start = Instant::now();
            let (mut now, mut let_in) = (start, 0_u32);
            for pause in pauses_ms {
                now += Duration::from_millis(pause);
                match limiter.take("a", now) {
                    Ok(()) => let_in += 1,
                    // Whoever waits as long as they are told is let in.
                    Err(wait) => prop_assert!(Limiter::is_let_in_after(&limiter, now + wait)),
                }
            }
            let most = f64::from(burst) + (now - start).as_secs_f64() * per_second;
            prop_assert!(f64::from(let_in) <= most + 1e-6, "{} of {}", let_in, most);
        }
    }

    impl Limiter<&'static str> {
        /// Asks without counting.
        fn is_let_in_after(&self, then: Instant) -> bool {
            let is_let_in = self.take("a", then).is_ok();
            if is_let_in {
                self.give_back(&"a");
            }
            is_let_in
        }
    }
}
