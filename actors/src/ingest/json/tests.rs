use super::*;
use proptest::prelude::*;

fn valid(text: &[u8]) -> Result<()> {
    let mut reader = Reader::new(text);
    reader.skip(0)?;
    reader.finish()
}

#[test]
fn what_json_forbids_is_refused() {
    for text in [
        "",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "nul",
        "tru",
        "\"\t\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "[1 2]",
        "{\"a\" 1}",
        "1 1",
        "\"abc",
        "\"abc\\",
        "-",
        "'a'",
        "\"\\u12g4\"",
        "NaN",
        "[",
        "{\"a\":",
        "{\"a\"",
        ",",
    ] {
        assert!(valid(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn nesting_is_bounded() {
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert_eq!(valid(deep(128).as_bytes()), Ok(()));
    assert_eq!(valid(deep(129).as_bytes()), Err(JsonError::TooDeep));
    assert_eq!(valid(deep(100_000).as_bytes()), Err(JsonError::TooDeep));
}

#[test]
fn integers_stay_exact() {
    let number = |text: &'static str| Reader::new(text.as_bytes()).number().unwrap();
    let integer = |negative, magnitude| Number::Integer { negative, magnitude };
    assert_eq!(number("-0"), integer(true, 0));
    assert_eq!(number("9223372036854775808"), integer(false, 1 << 63));
    assert_eq!(number("18446744073709551615"), integer(false, u64::MAX));
    assert_eq!(
        number("18446744073709551616"),
        Number::BigInteger(b"18446744073709551616")
    );
    assert_eq!(number("1e2"), Number::Float(b"1e2"));
}

proptest! {
    #[test]
    fn agrees_with_serde_json_on_any_text(text in "[\\[\\]{}\",:0-9a-z\\\\ .eE+-]{0,24}") {
        // serde_json refuses numbers beyond f64, which are still JSON.
        let theirs = serde_json::from_str::<Box<serde_json::value::RawValue>>(&text).is_ok();
        prop_assert_eq!(valid(text.as_bytes()).is_ok(), theirs);
    }

    #[test]
    fn strings_mean_what_serde_json_says(meant in any::<String>()) {
        let text = serde_json::to_string(&meant).unwrap();
        let read = Reader::new(text.as_bytes()).string().unwrap();
        let text = read.text();
        prop_assert_eq!(text.as_ref(), meant.as_bytes());
    }

    #[test]
    fn escapes_mean_what_serde_json_says(text in "\"(\\\\[\"\\\\/bfnrtu]|[0-9a-fA-F]{4}|x){0,8}\"") {
        let theirs = serde_json::from_str::<String>(&text).ok();
        let mut reader = Reader::new(text.as_bytes());
        let ours = reader.string().ok().filter(|_| reader.finish().is_ok());
        prop_assert_eq!(ours.map(|s| s.text().into_owned()), theirs.map(String::into_bytes));
    }
}
