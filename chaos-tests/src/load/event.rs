//! What the messages of a [`Load`](super::Load) say: pure functions of seed and number.

use std::fmt::Write as _;

const EVENT_TYPES: [&str; 8] = [
    "page_view",
    "search",
    "add_to_cart",
    "remove_from_cart",
    "checkout",
    "purchase",
    "refund",
    "login",
];
const CATEGORIES: [&str; 12] = [
    "books",
    "electronics",
    "garden",
    "toys",
    "grocery",
    "fashion",
    "sports",
    "beauty",
    "music",
    "automotive",
    "health",
    "office",
];
const COUNTRIES: [&str; 20] = [
    "US", "DE", "GB", "FR", "IN", "BR", "JP", "CA", "AU", "ES", "IT", "NL", "SE", "PL", "MX", "KR", "ZA",
    "TR", "ID", "AR",
];
const DEVICES: [&str; 4] = ["desktop", "phone", "tablet", "tv"];

const MS_PER_DAY: u64 = 24 * 60 * 60 * 1000;
/// Events are stamped this far apart, from the start of January 2026 on. After 31 days, 383 million events,
/// the clock starts over, which spares us a calendar.
const MS_PER_EVENT: u64 = 7;
const DAYS: u64 = 31;

/// One event of the load, as a test can compute it in order to know what a query must answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The number of the event, from 0.
    pub event_id: u64,
    /// One of 50,000 users.
    pub user_id: u32,
    /// Appears as 16 hexadecimal digits.
    pub session: u64,
    /// One of 8.
    pub event_type: &'static str,
    /// One of 12.
    pub category: &'static str,
    /// One of 1,000; appears as `product-0123`.
    pub product: u32,
    /// From 1.00 to 500.99, in hundredths; appears as a number with two decimals.
    pub price_cents: u32,
    /// 1 to 5.
    pub quantity: u32,
    /// One of 20, as ISO code.
    pub country: &'static str,
    /// One of 4.
    pub device: &'static str,
    /// Milliseconds since the start of January 2026; appears in ISO 8601.
    pub ts_ms: u64,
}

impl Event {
    /// Event number `k` of the load with this seed.
    pub fn new(seed: u64, k: u64) -> Self {
        let session = mix(seed, k);
        // Two further words give enough independent bits for all fields.
        let (a, b) = (mix(session, 1), mix(session, 2));
        Self {
            event_id: k,
            user_id: 1 + below(a, 50_000),
            session,
            event_type: pick(a >> 17, &EVENT_TYPES),
            category: pick(a >> 29, &CATEGORIES),
            product: below(a >> 37, 1_000),
            price_cents: 100 + below(b, 50_000),
            quantity: 1 + below(b >> 17, 5),
            country: pick(b >> 23, &COUNTRIES),
            device: pick(b >> 31, &DEVICES),
            ts_ms: (k * MS_PER_EVENT) % (DAYS * MS_PER_DAY),
        }
    }

    /// Appends the event as a JSON object of 12 fields; the URL is padded until the object has about `bytes`
    /// bytes.
    pub fn write_json(&self, bytes: usize, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(b"{\"event_id\":");
        push_number(out, self.event_id);
        out.extend_from_slice(b",\"user_id\":");
        push_number(out, u64::from(self.user_id));
        out.extend_from_slice(b",\"session\":\"");
        push_hex(out, self.session);
        push_field(out, "\",\"event_type\":\"", self.event_type);
        push_field(out, "\",\"category\":\"", self.category);
        out.extend_from_slice(b"\",\"product\":\"product-");
        push_padded(out, u64::from(self.product), 4);
        out.extend_from_slice(b"\",\"price\":");
        push_number(out, u64::from(self.price_cents / 100));
        out.push(b'.');
        push_padded(out, u64::from(self.price_cents % 100), 2);
        out.extend_from_slice(b",\"quantity\":");
        push_number(out, u64::from(self.quantity));
        push_field(out, ",\"country\":\"", self.country);
        push_field(out, "\",\"device\":\"", self.device);
        out.extend_from_slice(b"\",\"ts\":\"");
        self.push_timestamp(out);
        push_field(out, "\",\"url\":\"https://shop.example/", self.category);
        out.extend_from_slice(b"?ref=");
        let mut padding = self.session;
        while out.len() - start + 2 < bytes {
            padding = mix(padding, 3);
            push_hex(out, padding);
            out.truncate(start + bytes.saturating_sub(2).min(out.len() - start));
        }
        out.extend_from_slice(b"\"}");
    }

    fn push_timestamp(&self, out: &mut Vec<u8>) {
        let (days, ms) = (self.ts_ms / MS_PER_DAY, self.ts_ms % MS_PER_DAY);
        out.extend_from_slice(b"2026-01-");
        push_padded(out, 1 + days, 2);
        for (separator, value) in [
            (b'T', ms / 3_600_000),
            (b':', ms / 60_000 % 60),
            (b':', ms / 1000 % 60),
        ] {
            out.push(separator);
            push_padded(out, value, 2);
        }
        out.push(b'.');
        push_padded(out, ms % 1000, 3);
        out.push(b'Z');
    }
}

/// The ways in which a message can be bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Malformed {
    /// A JSON object that stops in the middle.
    BrokenJson,
    /// A JSON object with bytes in a string that are not UTF-8.
    InvalidUtf8,
    /// Well-formed, but `quantity` is a word.
    WrongType,
    /// A payload of no bytes. Not a tombstone, which has no payload.
    Empty,
    /// Well-formed, but nested 1,000 arrays deep.
    DeepNesting,
    /// A good event, but of 5 MB: whether it becomes a row or a dead letter depends on the limits under test.
    /// Only with [`Load::oversized`](super::Load::oversized), and only once.
    Oversized,
}

/// The kinds that malformed messages cycle through.
pub(super) const CYCLE: [Malformed; 5] = [
    Malformed::BrokenJson,
    Malformed::InvalidUtf8,
    Malformed::WrongType,
    Malformed::Empty,
    Malformed::DeepNesting,
];

const NESTING: usize = 1_000;
const OVERSIZED_BYTES: usize = 5_000_000;

impl Malformed {
    /// Appends `event`, spoilt in this way.
    pub(super) fn write(self, event: &Event, bytes: usize, out: &mut Vec<u8>) {
        let start = out.len();
        match self {
            Self::BrokenJson => {
                event.write_json(bytes, out);
                out.truncate(start + (out.len() - start) * 2 / 3);
            }
            Self::InvalidUtf8 => {
                event.write_json(bytes, out);
                out.truncate(out.len() - 2);
                out.extend_from_slice(b"\xc3\x28\xff\"}");
            }
            Self::WrongType => {
                let text = format!(
                    "{{\"event_id\":{},\"quantity\":\"many\",\"price\":1.50}}",
                    event.event_id
                );
                out.extend_from_slice(text.as_bytes());
            }
            Self::Empty => {}
            Self::DeepNesting => {
                let mut text = String::new();
                let _ = write!(text, "{{\"event_id\":{},\"nested\":", event.event_id);
                text.extend(std::iter::repeat_n('[', NESTING));
                text.extend(std::iter::repeat_n(']', NESTING));
                text.push('}');
                out.extend_from_slice(text.as_bytes());
            }
            Self::Oversized => event.write_json(OVERSIZED_BYTES, out),
        }
    }
}

/// The kind of malformed message that event `k` is, if it is one. Of every thousand events exactly
/// `per_mille` are.
///
/// Within each thousand the events are permuted, and the first `per_mille` in that order are malformed. The
/// factor is prime to 1,000, so they are spread over all partitions; the shift differs between thousands.
pub(super) fn malformed_kind(seed: u64, k: u64, per_mille: u16) -> Option<Malformed> {
    let (thousand, place) = (k / 1000, k % 1000);
    let order = (place * 387 + mix(seed, !thousand) % 1000) % 1000;
    let per_mille = u64::from(per_mille);
    (order < per_mille).then(|| CYCLE[((thousand * per_mille + order) % CYCLE.len() as u64) as usize])
}

/// SplitMix64's output function: every bit of the result depends on every bit of both arguments.
fn mix(seed: u64, k: u64) -> u64 {
    let mut z = seed.wrapping_add(k.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn below(random: u64, limit: u32) -> u32 {
    ((random & 0xffff_ffff) % u64::from(limit)) as u32
}

fn pick(random: u64, values: &[&'static str]) -> &'static str {
    values[(random & 0xffff) as usize % values.len()]
}

fn push_field(out: &mut Vec<u8>, prefix: &str, value: &str) {
    out.extend_from_slice(prefix.as_bytes());
    out.extend_from_slice(value.as_bytes());
}

fn push_number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// The last `digits` decimal digits, with leading zeroes.
fn push_padded(out: &mut Vec<u8>, number: u64, digits: u32) {
    for place in (0..digits).rev() {
        out.push(b'0' + (number / 10_u64.pow(place) % 10) as u8);
    }
}

fn push_hex(out: &mut Vec<u8>, number: u64) {
    for shift in (0..16).rev() {
        out.push(b"0123456789abcdef"[(number >> (shift * 4) & 0xf) as usize]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn events_are_json_of_twelve_fields_and_the_wanted_size() {
        for k in [0, 1, 19_999, 12_345_678_901] {
            let event = Event::new(7, k);
            let mut json = Vec::new();
            event.write_json(300, &mut json);
            assert_eq!(json.len(), 300);
            let value: serde_json::Value = serde_json::from_slice(&json).expect("valid JSON");
            let fields = value.as_object().expect("an object");
            assert_eq!(fields.len(), 12);
            assert_eq!(fields["event_id"], k);
            assert_eq!(fields["price"], f64::from(event.price_cents) / 100.0);
            assert_eq!(fields["session"], format!("{:016x}", event.session));
        }
    }

    #[test]
    fn timestamps_are_iso_8601() {
        let mut text = Vec::new();
        Event {
            ts_ms: 3 * MS_PER_DAY + 3_723_004,
            ..Event::new(1, 0)
        }
        .push_timestamp(&mut text);
        assert_eq!(text, b"2026-01-04T01:02:03.004Z");
    }

    #[test]
    fn malformed_ones_are_exact_in_number_even_in_kind_and_in_every_partition() {
        let mut kinds = BTreeMap::new();
        let mut partitions = [0; 4];
        for k in 0..20_000 {
            if let Some(kind) = malformed_kind(42, k, 10) {
                *kinds.entry(kind).or_insert(0) += 1;
                partitions[(k % 4) as usize] += 1;
            }
        }
        assert_eq!(kinds, CYCLE.iter().map(|kind| (*kind, 40)).collect());
        assert!(
            partitions.iter().all(|count| (30..=70).contains(count)),
            "{partitions:?}"
        );
    }

    #[test]
    fn malformed_ones_are_what_they_say() {
        let event = Event::new(1, 5);
        let bytes = |kind: Malformed| {
            let mut out = Vec::new();
            kind.write(&event, 270, &mut out);
            out
        };
        let is_json = |kind| serde_json::from_slice::<serde::de::IgnoredAny>(&bytes(kind)).is_ok();
        assert!(
            !is_json(Malformed::BrokenJson) && std::str::from_utf8(&bytes(Malformed::BrokenJson)).is_ok()
        );
        assert!(std::str::from_utf8(&bytes(Malformed::InvalidUtf8)).is_err());
        assert!(is_json(Malformed::WrongType));
        assert!(bytes(Malformed::Empty).is_empty());
        assert_eq!(
            bytes(Malformed::DeepNesting)
                .iter()
                .filter(|byte| **byte == b'[')
                .count(),
            1_000
        );
        assert!(is_json(Malformed::Oversized) && bytes(Malformed::Oversized).len() == OVERSIZED_BYTES);
    }
}
