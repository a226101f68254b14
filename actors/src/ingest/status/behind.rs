//! How far behind a partition is, in time.
//!
//! What is asked is how old the oldest message is that waits in Kafka. Nobody knows that before it has been read, so it
//! is bounded from both sides of it: it is not older than the last message written, and it did not wait before
//! everything had been read. On a busy topic the first bound is the close one, on a quiet one the second.

use super::State;

/// A running pipeline that has had nothing to do for so long has read all that there is: what still lies before the
/// topic's end are markers of transactions, which nobody reads.
const STILL_MS: i64 = 5_000;

/// Since when, in milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Behind {
    /// Something waits that has not been written.
    waits_since_ms: Option<i64>,
    /// Before that, everything had been read here.
    was_level: bool,
    /// The pipeline has had nothing to do.
    idle_since_ms: Option<i64>,
    /// The pipeline has not been at work, so nobody knows what has come.
    stands_since_ms: Option<i64>,
}

impl Behind {
    /// Notes what a partition is busy with, and how many messages have not been written.
    pub(super) fn note(&mut self, state: State, lag: u64, now_ms: i64) {
        let is_at_work = state == State::Running;
        self.stands_since_ms = match is_at_work {
            true => None,
            false => self.stands_since_ms.or(Some(now_ms)),
        };
        if lag > 0 {
            self.waits_since_ms.get_or_insert(now_ms);
        } else if is_at_work {
            self.waits_since_ms = None;
            self.was_level = true;
        }
    }

    /// Notes whether the pipeline has nothing to do.
    pub(super) fn note_idle(&mut self, is_idle: bool, now_ms: i64) {
        self.idle_since_ms = is_idle.then(|| self.idle_since_ms.unwrap_or(now_ms));
    }

    /// How old the oldest message is at most that waits; 0 when none does.
    pub(super) fn age_ms(&self, written_to_ms: Option<i64>, now_ms: i64) -> i64 {
        let stands_ms = self.stands_since_ms.map_or(0, |since| now_ms - since);
        let is_still = self
            .idle_since_ms
            .is_some_and(|since| now_ms - since >= STILL_MS && self.stands_since_ms.is_none());
        let waits_ms = match self.waits_since_ms {
            Some(since) if !is_still => {
                let seen_ms = now_ms - since;
                match written_to_ms.map(|written| now_ms - written) {
                    Some(unwritten_ms) if self.was_level => unwritten_ms.min(seen_ms),
                    Some(unwritten_ms) => unwritten_ms,
                    None => seen_ms,
                }
            }
            _ => 0,
        };
        waits_ms.max(stands_ms).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A partition that runs and has read everything up to the time 1,000,000.
    fn level() -> Behind {
        let mut behind = Behind::default();
        behind.note(State::Running, 0, 1_000_000);
        behind
    }

    #[test]
    fn a_topic_that_was_quiet_is_as_late_as_its_new_message() {
        let mut behind = level();
        behind.note(State::Running, 1, 5_000_000);
        // The last message was written an hour before.
        assert_eq!(behind.age_ms(Some(1_400_000), 5_000_200), 200);
        behind.note(State::Running, 0, 5_000_300);
        assert_eq!(behind.age_ms(Some(5_000_000), 5_060_000), 0);
    }

    #[test]
    fn a_busy_topic_is_as_late_as_what_was_written_last() {
        let mut behind = level();
        for now_ms in (1_000_100..1_060_000).step_by(500) {
            behind.note(State::Running, 100, now_ms);
        }
        assert_eq!(behind.age_ms(Some(1_059_800), 1_060_000), 200);
    }

    #[test]
    fn a_backlog_is_as_old_as_its_messages() {
        let mut behind = Behind::default();
        behind.note(State::Settling, 0, 1_000_000);
        behind.note(State::Running, 50_000, 1_000_100);
        // Nothing is known of their times yet.
        assert_eq!(behind.age_ms(None, 1_000_600), 500);
        assert_eq!(behind.age_ms(Some(400_000), 1_001_000), 601_000);
    }

    #[test]
    fn who_does_not_work_falls_behind_whatever_comes() {
        let mut behind = level();
        behind.note(State::Waiting, 0, 2_000_000);
        behind.note(State::Waiting, 0, 2_060_000);
        assert_eq!(behind.age_ms(Some(1_900_000), 2_090_000), 90_000);
        behind.note(State::Running, 0, 2_100_000);
        assert_eq!(behind.age_ms(Some(1_900_000), 2_100_000), 0);
    }

    #[test]
    fn markers_of_transactions_are_nothing_to_wait_for() {
        let mut behind = level();
        behind.note(State::Running, 1, 1_000_500);
        behind.note_idle(true, 1_000_500);
        behind.note_idle(true, 1_004_000);
        assert_eq!(behind.age_ms(Some(1_000_000), 1_004_000), 3_500);
        assert_eq!(behind.age_ms(Some(1_000_000), 9_000_000), 0);
        // A message that is being written is.
        behind.note_idle(false, 9_000_000);
        assert!(behind.age_ms(Some(1_000_000), 9_000_001) > 0);
    }

    #[test]
    fn clocks_that_are_apart_make_nothing_negative() {
        let mut behind = level();
        behind.note(State::Running, 1, 1_000_500);
        assert_eq!(behind.age_ms(Some(2_000_000), 1_000_600), 0);
    }
}
