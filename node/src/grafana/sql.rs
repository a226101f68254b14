//! Names and texts inside the statements that Grafana sends, and in what it shows.
//!
//! A statement passes three readers before it comes to ClickHouse, and none of them knows what quotes are: Grafana puts
//! values in the place of `$name`, `${name}` and `[[name]]`, the plugin puts SQL in the place of `$__macro(…)`, and its
//! driver looks for placeholders. A column that is called `${__from}` or `$__timeFilter(x)` would be rewritten on the way.
//! So whatever could mean something to one of them is written as `\xHH`, which ClickHouse alone reads back.

/// A name, quoted so that it can be nothing else to anybody.
pub(super) fn ident(name: &str) -> String {
    format!("`{}`", inert(name))
}

/// A text literal, quoted likewise.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", inert(text))
}

fn inert(text: &str) -> String {
    use std::fmt::Write as _;
    let mut written = String::with_capacity(text.len());
    let mut before = None;
    for character in text.chars() {
        let is_harmless = character.is_alphanumeric() || matches!(character, ' ' | '_' | '.' | ':' | '/');
        // Two of them would begin a comment.
        let is_lone_dash = character == '-' && before != Some('-');
        if is_harmless || is_lone_dash {
            written.push(character);
        } else {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a String cannot fail.
                let _ = write!(written, "\\x{byte:02X}");
            }
        }
        before = Some(character);
    }
    written
}

/// Longest text that is shown as a title.
const MAX_TITLE_CHARS: usize = 120;

/// A text for a title: Grafana puts values in the place of variables there too, and has no way to write a bare dollar sign.
/// So that becomes its wide kin, which looks the same to people.
pub(super) fn title(text: &str) -> String {
    let plain = text
        .chars()
        .take(MAX_TITLE_CHARS)
        .map(|character| match character {
            '$' => '＄',
            '[' => '［',
            ']' => '］',
            other if other.is_control() => ' ',
            other => other,
        });
    plain.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What ClickHouse reads between the quotes.
    fn read_back(quoted: &str, quote: char) -> String {
        let inside = quoted.strip_prefix(quote).unwrap().strip_suffix(quote).unwrap();
        let mut bytes = Vec::new();
        let mut rest = inside.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            if *first == b'\\' {
                assert_eq!(after[0], b'x', "no other escape is used: {quoted}");
                let digits = std::str::from_utf8(&after[1..3]).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                rest = &after[3..];
            } else {
                bytes.push(*first);
                rest = after;
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn ordinary_names_stay_readable() {
        assert_eq!(ident("customer.name"), "`customer.name`");
        assert_eq!(literal("prod:orders-eu/x"), "'prod:orders-eu/x'");
        assert_eq!(ident("größe"), "`größe`");
        assert_eq!(literal("a--b"), "'a-\\x2Db'");
        assert_eq!(ident("${__from}`"), "`\\x24\\x7B__from\\x7D\\x60`");
    }

    proptest! {
        #[test]
        fn whatever_is_quoted_means_itself_and_nothing_to_others(text in any::<String>()) {
            for (quoted, quote) in [(ident(&text), '`'), (literal(&text), '\'')] {
                prop_assert_eq!(read_back(&quoted, quote), text.clone());
                for meaningful in ["$", "[[", "{", "}", "?", "@", "--", "/*", "\n", ";"] {
                    prop_assert!(!quoted.contains(meaningful), "{} in {}", meaningful, quoted);
                }
                prop_assert_eq!(quoted.matches(quote).count(), 2);
            }
            let shown = title(&text);
            prop_assert!(!shown.contains(['$', '[', '\n']) && shown.chars().count() <= MAX_TITLE_CHARS);
        }
    }
}
