//! A sliding window over the counters of one sender (as in RFC 4303, appendix A2).
//!
//! Datagrams overtake each other, so the newest counter alone does not tell what is a replay. The
//! window remembers which of the last 128 counters were seen; what is older than those is refused.

/// How far behind the newest counter one may be.
const WIDTH: u64 = 128;

/// Which counters of one sender were accepted.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReplayWindow {
    /// The highest counter accepted; counters start at 1.
    highest: u64,
    /// Bit `n` stands for `highest - n`.
    seen: u128,
}

impl ReplayWindow {
    /// Whether `counter` is accepted: at most once, and never when it is too old to be remembered.
    pub fn accept(&mut self, counter: u64) -> bool {
        if counter > self.highest {
            let ahead = counter - self.highest;
            self.seen = if ahead < WIDTH { self.seen << ahead } else { 0 };
            self.seen |= 1;
            self.highest = counter;
            return true;
        }
        let behind = self.highest - counter;
        if counter == 0 || behind >= WIDTH || self.seen & (1 << behind) != 0 {
            return false;
        }
        self.seen |= 1 << behind;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn what_overtakes_is_accepted_and_what_is_too_old_is_not() {
        let mut window = ReplayWindow::default();
        assert!(!window.accept(0));
        assert!(window.accept(200));
        assert!(window.accept(200 - WIDTH + 1));
        assert!(!window.accept(200 - WIDTH));
        assert!(window.accept(u64::MAX));
        assert!(!window.accept(200));
    }

    proptest! {
        #[test]
        fn no_counter_is_accepted_twice_and_recent_new_ones_always_are(
            counters in proptest::collection::vec(prop_oneof![0..400u64, any::<u64>()], 0..600),
        ) {
            let mut window = ReplayWindow::default();
            let mut accepted = HashSet::new();
            let mut highest = 0u64;
            for counter in counters {
                let recent = counter > 0 && highest.saturating_sub(counter) < WIDTH;
                prop_assert_eq!(window.accept(counter), recent && accepted.insert(counter));
                highest = highest.max(counter);
            }
        }
    }
}
