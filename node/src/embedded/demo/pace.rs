//! How many events are due, so that they come evenly and a stall is not followed by a flood.

use std::time::Duration;

/// What is owed for longer than this is not made up for.
const MOST_CATCH_UP: Duration = Duration::from_millis(500);

/// Counts what is due at a rate. Pure: the time that passed is told.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    events_per_s: f64,
    owed: f64,
}

impl Pace {
    pub(super) fn new(events_per_s: f64) -> Self {
        Pace {
            events_per_s,
            owed: 0.0,
        }
    }

    /// Events due after so much more time, with the rate multiplied by `factor` for now. Fractions are kept.
    pub(super) fn due(&mut self, elapsed: Duration, factor: f64) -> u64 {
        let events_per_s = self.events_per_s * factor;
        // At less than two events a second the bound must still let one through.
        let most_owed = (events_per_s * MOST_CATCH_UP.as_secs_f64()).max(1.0);
        self.owed = (self.owed + events_per_s * elapsed.as_secs_f64()).min(most_owed);
        let due = self.owed.floor();
        self.owed -= due;
        due as u64
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Pace;

    const SLICE: Duration = Duration::from_millis(10);

    #[test]
    fn fractions_add_up() {
        let mut pace = Pace::new(37.5);
        let produced: u64 = (0..1_000).map(|_| pace.due(SLICE, 1.0)).sum();
        assert!((374..=375).contains(&produced), "{produced} in 10 s at 37.5/s");
    }

    #[test]
    fn slices_are_even() {
        let mut pace = Pace::new(5_000.0);
        assert!((0..100).all(|_| pace.due(SLICE, 1.0).abs_diff(50) <= 1));
        assert!((0..100).all(|_| pace.due(SLICE, 1.2).abs_diff(60) <= 1));
    }

    #[test]
    fn a_stall_is_made_up_for_within_bounds() {
        let mut pace = Pace::new(1_000.0);
        assert_eq!(pace.due(Duration::from_millis(300), 1.0), 300);
        assert_eq!(pace.due(Duration::from_secs(60), 1.0), 500);
        assert_eq!(pace.due(SLICE, 1.0), 10);
    }

    #[test]
    fn slow_rates_get_through_and_zero_does_not() {
        let mut slow = Pace::new(0.25);
        assert_eq!((0..1_000).map(|_| slow.due(SLICE, 1.0)).sum::<u64>(), 2);
        let mut never = Pace::new(0.0);
        assert_eq!(never.due(Duration::from_secs(3_600), 1.4), 0);
    }
}
