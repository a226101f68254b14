//! JSON straight into bytes: a demo that is used as load must cost less than what it loads.
//!
//! Names may start with a comma to stand after another field. Names and strings come from tables in this
//! module's neighbours, which need no escapes; the tests parse every kind of event.

pub(super) fn push_name(out: &mut Vec<u8>, name: &str) {
    match name.strip_prefix(',') {
        Some(name) => {
            out.extend_from_slice(b",\"");
            out.extend_from_slice(name.as_bytes());
        }
        None => {
            out.push(b'"');
            out.extend_from_slice(name.as_bytes());
        }
    }
    out.extend_from_slice(b"\":");
}

pub(super) fn push_string(out: &mut Vec<u8>, name: &str, value: &str) {
    debug_assert!(!value.contains(['"', '\\', '\n']), "{value:?} needs escapes");
    push_name(out, name);
    out.push(b'"');
    out.extend_from_slice(value.as_bytes());
    out.push(b'"');
}

pub(super) fn push_optional_string(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    match value {
        Some(value) => push_string(out, name, value),
        None => {
            push_name(out, name);
            out.extend_from_slice(b"null");
        }
    }
}

pub(super) fn push_bool(out: &mut Vec<u8>, name: &str, value: bool) {
    push_name(out, name);
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

pub(super) fn push_integer(out: &mut Vec<u8>, name: &str, value: u64) {
    push_name(out, name);
    push_digits(out, value);
}

/// An amount with two decimals.
pub(super) fn push_money(out: &mut Vec<u8>, name: &str, cents: u64) {
    push_name(out, name);
    push_digits(out, cents / 100);
    let rest = (cents % 100) as u8;
    out.extend_from_slice(&[b'.', b'0' + rest / 10, b'0' + rest % 10]);
}

/// Exactly three digits, as milliseconds have them.
pub(super) fn push_three_digits(out: &mut Vec<u8>, value: u16) {
    let digit = |place: u16| b'0' + (value / place % 10) as u8;
    out.extend_from_slice(&[digit(100), digit(10), digit(1)]);
}

fn push_digits(out: &mut Vec<u8>, mut value: u64) {
    // u64::MAX has 20 digits.
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_json_reads() {
        let mut out = b"{".to_vec();
        push_string(&mut out, "city", "München");
        push_optional_string(&mut out, ",tier", None);
        push_bool(&mut out, ",returning", true);
        push_integer(&mut out, ",order_id", u64::MAX);
        push_integer(&mut out, ",zero", 0);
        push_money(&mut out, ",price", 1905);
        push_money(&mut out, ",free", 0);
        out.push(b'}');
        assert_eq!(
            String::from_utf8(out).expect("UTF-8"),
            r#"{"city":"München","tier":null,"returning":true,"order_id":18446744073709551615,"zero":0,"price":19.05,"free":0.00}"#
        );
    }

    #[test]
    fn pads_milliseconds() {
        let mut out = Vec::new();
        for value in [0, 7, 42, 999] {
            push_three_digits(&mut out, value);
        }
        assert_eq!(out, b"000007042999");
    }
}
