//! The shop's day and week: when people come, when they buy and what they hold in their hands.

use std::f64::consts::TAU;

use jiff::Timestamp;

const SECONDS_PER_DAY: i64 = 86_400;
const PEAK_HOUR: f64 = 19.5;
const LUNCH_HOUR: f64 = 12.5;
const OFFICE_HOUR: f64 = 13.0;

/// How the shop is doing at one moment. Factors are 1 on average over a week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rhythm {
    /// Factor on the rate of events, 0.6 to 1.4.
    pub rate: f64,
    /// Factor on the will to buy.
    pub conversion: f64,
    /// Share of sessions on a phone.
    pub mobile_share: f64,
}

/// The rhythm at a moment in UTC.
pub fn rhythm_at(at: Timestamp) -> Rhythm {
    let seconds = at.as_second();
    let hour = seconds.rem_euclid(SECONDS_PER_DAY) as f64 / 3600.0;
    // 1 January 1970 was a Thursday.
    let days_since_monday = (seconds.div_euclid(SECONDS_PER_DAY) + 3).rem_euclid(7);
    rhythm(hour, days_since_monday >= 5)
}

/// The rhythm at an hour of the day (0 to 24, with fractions), during the week or at the weekend.
fn rhythm(hour: f64, weekend: bool) -> Rhythm {
    let evening = wave(hour, PEAK_HOUR, 24.0);
    let lunch = wave(hour, LUNCH_HOUR, 12.0);
    let office = wave(hour, OFFICE_HOUR, 24.0);
    // Two days of seven weigh as much as the other five against them, so that the mean stays 1.
    let weekend_lean = if weekend { 1.0 } else { -0.4 };
    Rhythm {
        rate: 1.0 + 0.28 * evening + 0.06 * lunch + 0.05 * weekend_lean,
        conversion: 1.0 + 0.12 * evening + 0.04 * weekend_lean,
        mobile_share: 0.58 - 0.09 * office + 0.05 * weekend_lean,
    }
}

/// A smooth swing between -1 and 1 that is highest at `peak_hour` and repeats every `period_hours`.
fn wave(hour: f64, peak_hour: f64, period_hours: f64) -> f64 {
    ((hour - peak_hour) / period_hours * TAU).cos()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Rhythm, rhythm_at};

    fn week_by_minutes() -> Vec<Rhythm> {
        let monday: Timestamp = "2026-03-02T00:00:00Z".parse().expect("a time");
        (0..7 * 24 * 60)
            .map(|minute| Timestamp::from_second(monday.as_second() + minute * 60).expect("within range"))
            .map(rhythm_at)
            .collect()
    }

    #[test]
    fn stays_gentle_and_one_on_average() {
        let week = week_by_minutes();
        let mean = |field: fn(&Rhythm) -> f64| week.iter().map(field).sum::<f64>() / week.len() as f64;
        assert!(week.iter().all(|rhythm| (0.6..=1.4).contains(&rhythm.rate)));
        assert!(
            week.iter()
                .all(|rhythm| (0.3..=0.8).contains(&rhythm.mobile_share))
        );
        assert!((mean(|rhythm| rhythm.rate) - 1.0).abs() < 1e-6);
        assert!((mean(|rhythm| rhythm.conversion) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn moves_without_jumps_within_a_day() {
        for day in week_by_minutes().chunks(24 * 60) {
            assert!(
                day.windows(2)
                    .all(|pair| (pair[0].rate - pair[1].rate).abs() < 0.01)
            );
        }
    }

    #[test]
    fn evenings_and_weekends_are_busier() {
        let rate = |text: &str| rhythm_at(text.parse().expect("a time")).rate;
        assert!(rate("2026-03-04T19:00:00Z") > 1.15);
        assert!(rate("2026-03-04T05:00:00Z") < 0.8);
        assert!(rate("2026-03-07T19:00:00Z") > rate("2026-03-04T19:00:00Z"));
    }
}
