//! Moments as events spell them: ISO 8601 texts and epoch numbers, read to the nanosecond.

/// A moment in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Whole seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds into that second.
    pub nanoseconds: u32,
    /// Decimal digits of a second that the source gave, 0 to 9.
    pub digits: u8,
}

/// `DateTime64` holds 1900 to 2299, and with nine digits only 1900 to 2262: one range for all.
const MIN_SECONDS: i64 = -2_208_988_800;
const MAX_SECONDS: i64 = 9_214_646_400;

impl Moment {
    /// The moment in units of 10^-`digits` seconds; `None` when it lies between two of them.
    pub fn ticks(self, digits: u8) -> Option<i64> {
        let unit = 10_u32.pow(u32::from(9 - digits.min(9)));
        if !self.nanoseconds.is_multiple_of(unit) {
            return None;
        }
        let scale = 10_i64.pow(u32::from(digits.min(9)));
        self.seconds
            .checked_mul(scale)?
            .checked_add(i64::from(self.nanoseconds / unit))
    }

    /// The `DateTime64` precision that holds the moment: 3, 6 or 9.
    pub fn precision(self) -> u8 {
        match self.nanoseconds {
            ns if ns % 1_000_000 == 0 => 3,
            ns if ns % 1_000 == 0 => 6,
            _ => 9,
        }
    }

    fn in_range(self) -> Option<Self> {
        (MIN_SECONDS..MAX_SECONDS).contains(&self.seconds).then_some(self)
    }
}

/// Reads an ISO 8601 date and time: `2026-11-22T17:04:05.123456Z`, with a space for the `T`, an
/// offset for the `Z`, or without either (then UTC), or the date alone. `None` for anything else.
pub fn parse_iso(text: &[u8]) -> Option<Moment> {
    if text.len() < 10 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..10])?);
    let midnight = days_from_civil(year, month, day)? * 86_400;
    if text.len() == 10 {
        return Moment {
            seconds: midnight,
            nanoseconds: 0,
            digits: 0,
        }
        .in_range();
    }
    if text.len() < 16 || !matches!(text[10], b'T' | b't' | b' ') || text[13] != b':' {
        return None;
    }
    let (hour, minute) = (number(&text[11..13])?, number(&text[14..16])?);
    let mut rest = &text[16..];
    let mut second = 0;
    let (mut nanoseconds, mut digits) = (0, 0);
    if let [b':', tens, ones, after @ ..] = rest {
        second = number(&[*tens, *ones])?;
        rest = after;
        if let [b'.' | b',', fraction @ ..] = rest {
            let count = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (nanoseconds, digits) = fraction_of_second(&fraction[..count])?;
            rest = &fraction[count..];
        }
    }
    // A leap second has no place in Unix time; it counts as the second after.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = midnight + hour * 3_600 + minute * 60 + second - offset_seconds(rest)?;
    Moment {
        seconds,
        nanoseconds,
        digits,
    }
    .in_range()
}

fn fraction_of_second(digits: &[u8]) -> Option<(u32, u8)> {
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    let value = u32::try_from(number(digits)?).ok()?;
    let count = u8::try_from(digits.len()).ok()?;
    Some((value * 10_u32.pow(u32::from(9 - count)), count))
}

fn offset_seconds(text: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match text {
        [] | [b'Z' | b'z'] => return Some(0),
        [sign, h1, h2] => (sign, [*h1, *h2], [b'0', b'0']),
        [sign, h1, h2, b':', m1, m2] | [sign, h1, h2, m1, m2] => (sign, [*h1, *h2], [*m1, *m2]),
        _ => return None,
    };
    let (hours, minutes) = (number(&hours)?, number(&minutes)?);
    if hours > 18 || minutes > 59 {
        return None;
    }
    match sign {
        b'+' => Some(hours * 3_600 + minutes * 60),
        b'-' => Some(-(hours * 3_600 + minutes * 60)),
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'))
    })
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar; `None` for a day that is not in it.
/// After Howard Hinnant, "chrono-compatible low-level date algorithms".
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Reads an epoch number, its unit told by its size: up to 10^11 seconds (the year 5138), then
/// milliseconds, microseconds, nanoseconds, each a thousand times larger.
pub fn from_epoch(value: i64) -> Option<Moment> {
    let magnitude = value.unsigned_abs();
    let digits: u8 = match magnitude {
        0..100_000_000_000 => 0,
        100_000_000_000..100_000_000_000_000 => 3,
        100_000_000_000_000..100_000_000_000_000_000 => 6,
        _ => 9,
    };
    let scale = 10_i64.pow(u32::from(digits));
    let part = u32::try_from(value.rem_euclid(scale)).ok()?;
    let nanoseconds = part * 10_u32.pow(u32::from(9 - digits));
    Moment {
        seconds: value.div_euclid(scale),
        nanoseconds,
        digits,
    }
    .in_range()
}

/// Reads epoch seconds with a decimal fraction, as `time.time()` of Python prints them.
pub fn from_decimal_epoch(text: &[u8]) -> Option<Moment> {
    let point = memchr::memchr(b'.', text)?;
    let seconds = std::str::from_utf8(&text[..point]).ok()?.parse::<i64>().ok()?;
    // Binary floats often print more digits than a clock has; the tenth and later are noise.
    let fraction = &text[point + 1..];
    let (nanoseconds, digits) = fraction_of_second(&fraction[..fraction.len().min(9)])?;
    let is_number = fraction.iter().all(u8::is_ascii_digit);
    if !(0..100_000_000_000).contains(&seconds) || !is_number {
        return None;
    }
    Moment {
        seconds,
        nanoseconds,
        digits,
    }
    .in_range()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moment(text: &str) -> Option<(i64, u32)> {
        parse_iso(text.as_bytes()).map(|m| (m.seconds, m.nanoseconds))
    }

    #[test]
    fn iso_8601_in_its_common_dresses() {
        let expected = Some((1_795_367_045, 120_000_000));
        assert_eq!(moment("2026-11-22T17:04:05.12Z"), expected);
        assert_eq!(moment("2026-11-22 17:04:05.120"), expected);
        assert_eq!(moment("2026-11-22T18:34:05.12+01:30"), expected);
        assert_eq!(moment("2026-11-22T12:04:05.12-0500"), expected);
        assert_eq!(moment("2026-11-22T18:04:05,12+01"), expected);
        assert_eq!(moment("1970-01-01"), Some((0, 0)));
        assert_eq!(moment("1970-01-01T00:01"), Some((60, 0)));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-11-22T24:00:00Z",
            "2026-11-22T17:04:05.Z",
            "2026-11-22X17:04",
            "2026-11-22T17:04:05+1",
            "2026-11-22T17:04:05 hello",
            "1899-12-31",
            "2300-01-01",
            "26-11-22",
            "2026-11-2",
            "2026-11-22T17:04:05.1234567890Z",
            "2026/11/22",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn epochs_tell_their_unit_by_size() {
        for (value, digits) in [
            (1_795_367_045, 0),
            (1_795_367_045_123, 3),
            (1_795_367_045_123_456, 6),
            (1_795_367_045_123_456_789, 9),
        ] {
            let read = from_epoch(value).unwrap();
            assert_eq!((read.seconds, read.digits), (1_795_367_045, digits));
            assert_eq!(read.ticks(digits), Some(value));
        }
        assert_eq!(
            from_decimal_epoch(b"1795367045.25").unwrap().ticks(3),
            Some(1_795_367_045_250)
        );
        assert_eq!(from_decimal_epoch(b"1795367045"), None);
    }

    #[test]
    fn precision_is_never_dropped() {
        let read = parse_iso(b"2026-11-22T17:04:05.123456Z").unwrap();
        assert_eq!(read.ticks(3), None);
        assert_eq!(read.precision(), 6);
        assert_eq!(read.ticks(6), Some(1_795_367_045_123_456));
    }

    proptest! {
        #[test]
        fn agrees_with_the_calendar_of_jiff(seconds in MIN_SECONDS..MAX_SECONDS, nanos in 0..1_000_000_000i32) {
            let stamp = jiff::Timestamp::new(seconds, 0).unwrap() + jiff::SignedDuration::from_nanos(i64::from(nanos));
            let read = parse_iso(format!("{stamp:.9}").as_bytes()).unwrap();
            prop_assert_eq!((read.seconds, i64::from(read.nanoseconds)), (seconds, i64::from(nanos)));
        }

        #[test]
        fn no_text_makes_it_panic(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse_iso(&text);
            let _ = from_decimal_epoch(&text);
        }
    }
}
