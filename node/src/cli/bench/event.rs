//! The events that are measured with: JSON objects of 12 fields and about 270 bytes, of which every byte
//! follows from the event's number.

use std::io::Write as _;

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
const CATEGORIES: [&str; 8] = [
    "books",
    "electronics",
    "garden",
    "toys",
    "grocery",
    "fashion",
    "sports",
    "music",
];
const COUNTRIES: [&str; 12] = [
    "US", "DE", "GB", "FR", "IN", "BR", "JP", "CA", "AU", "ES", "IT", "NL",
];
const DEVICES: [&str; 4] = ["desktop", "phone", "tablet", "tv"];

const MS_PER_EVENT: u64 = 7;
const MS_PER_MONTH: u64 = 31 * 24 * 60 * 60 * 1000;

/// Appends event number `number`.
pub(super) fn write(number: u64, out: &mut Vec<u8>) {
    let session = mix(number);
    let (a, b) = (mix(session), mix(session ^ 1));
    let ms = number * MS_PER_EVENT % MS_PER_MONTH;
    let category = pick(a >> 29, &CATEGORIES);
    let written = write!(
        out,
        "{{\"event_id\":{number},\"user_id\":{user},\"session\":\"{session:016x}\",\"event_type\":\"{event_type}\",\
         \"category\":\"{category}\",\"product\":\"product-{product:04}\",\"price\":{units}.{cents:02},\
         \"quantity\":{quantity},\"country\":\"{country}\",\"device\":\"{device}\",\
         \"ts\":\"2026-01-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z\",\
         \"url\":\"https://shop.example/{category}/{page:08x}\"}}",
        user = 1 + a % 50_000,
        event_type = pick(a >> 17, &EVENT_TYPES),
        product = (a >> 37) % 1_000,
        units = 1 + (b & 0xffff) % 500,
        cents = (b >> 40) % 100,
        quantity = 1 + (b >> 17) % 5,
        country = pick(b >> 23, &COUNTRIES),
        device = pick(b >> 31, &DEVICES),
        day = 1 + ms / 86_400_000,
        hour = ms / 3_600_000 % 24,
        minute = ms / 60_000 % 60,
        second = ms / 1_000 % 60,
        milli = ms % 1_000,
        page = a >> 32,
    );
    // A Vec takes everything.
    debug_assert!(written.is_ok());
}

fn pick(random: u64, values: &[&'static str]) -> &'static str {
    values[(random & 0xffff) as usize % values.len()]
}

/// SplitMix64's output function: every bit of the result depends on every bit of the number.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    #[test]
    fn events_are_json_of_twelve_fields_and_about_270_bytes() {
        for number in [0, 1, 19_999, 1_999_999, 12_345_678_901] {
            let mut json = Vec::new();
            super::write(number, &mut json);
            assert!((245..=285).contains(&json.len()), "{} bytes", json.len());
            let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
            assert_eq!(value.as_object().unwrap().len(), 12);
            assert_eq!(value["event_id"], number);
            assert!(value["ts"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
        }
    }
}
