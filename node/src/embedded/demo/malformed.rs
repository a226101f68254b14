//! Messages as a careless producer sends them: about one of a thousand, so that dead letters have something
//! to show.

use super::random::Random;

/// Share of messages that are spoilt.
pub(super) const MALFORMED_SHARE: f64 = 0.001;

/// Makes a good message bad, in one of the ways that happen in real topics.
pub(super) fn spoil(payload: &mut Vec<u8>, random: &mut Random) {
    match random.below(10) {
        0..4 => cut_off(payload, random),
        4..6 => break_utf8(payload),
        6..9 => put_words_for_a_number(payload),
        _ => payload.clear(),
    }
}

/// An object without its end is no JSON, wherever it was cut.
fn cut_off(payload: &mut Vec<u8>, random: &mut Random) {
    let keep = 1 + random.below(payload.len().saturating_sub(1));
    payload.truncate(keep);
}

fn break_utf8(payload: &mut Vec<u8>) {
    if let Some(value) = end_of(payload, b"\"channel\":\"") {
        // The first byte announces a second one that does not come.
        payload.insert(value, 0xC3);
    }
}

fn put_words_for_a_number(payload: &mut Vec<u8>) {
    let (value, words) = match end_of(payload, b"\"price\":") {
        Some(price) => (price, &b"\"a lot\""[..]),
        None => (
            end_of(payload, b"\"latency_ms\":").unwrap_or(payload.len()),
            &b"\"slow\""[..],
        ),
    };
    let number_bytes = payload[value..]
        .iter()
        .take_while(|byte| matches!(byte, b'0'..=b'9' | b'.'))
        .count();
    payload.splice(value..value + number_bytes, words.iter().copied());
}

/// Where the bytes after the first `prefix` start.
fn end_of(payload: &[u8], prefix: &[u8]) -> Option<usize> {
    payload
        .windows(prefix.len())
        .position(|window| window == prefix)
        .map(|start| start + prefix.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[u8] = br#"{"channel":"ads","latency_ms":81,"price":19.99,"tags":["new"]}"#;

    fn is_json(payload: &[u8]) -> bool {
        serde_json::from_slice::<serde_json::Value>(payload).is_ok()
    }

    #[test]
    fn a_cut_is_never_json() {
        let mut random = Random::new(9);
        for _ in 0..1_000 {
            let mut payload = GOOD.to_vec();
            cut_off(&mut payload, &mut random);
            assert!(!payload.is_empty() && payload.len() < GOOD.len() && !is_json(&payload));
        }
    }

    #[test]
    fn utf8_breaks() {
        let mut payload = GOOD.to_vec();
        break_utf8(&mut payload);
        assert!(std::str::from_utf8(&payload).is_err());
    }

    #[test]
    fn words_stand_for_numbers_in_good_json() {
        let mut payload = GOOD.to_vec();
        put_words_for_a_number(&mut payload);
        let fields: serde_json::Value = serde_json::from_slice(&payload).expect("still JSON");
        assert_eq!(
            (&fields["price"], &fields["latency_ms"]),
            (&"a lot".into(), &81.into())
        );

        let mut without_price = br#"{"latency_ms":81}"#.to_vec();
        put_words_for_a_number(&mut without_price);
        assert_eq!(without_price, br#"{"latency_ms":"slow"}"#);
    }
}
