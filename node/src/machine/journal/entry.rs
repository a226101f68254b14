//! One entry of the journal, as journalctl writes it in JSON.

use serde::Deserialize;
use serde_json::Value;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Where it stands in the journal.
    pub(super) cursor: String,
    /// Milliseconds since 1970.
    pub(super) at_ms: i64,
    /// Who said what; empty if nothing was said.
    pub(super) message: String,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "__CURSOR")]
    cursor: String,
    #[serde(rename = "__REALTIME_TIMESTAMP")]
    at_micros: String,
    #[serde(rename = "MESSAGE", default)]
    message: Value,
    #[serde(rename = "SYSLOG_IDENTIFIER", default)]
    identifier: Value,
    #[serde(rename = "_COMM", default)]
    program: Value,
}

/// The entry on a line; `None` for what is none.
pub(super) fn parse(line: &[u8]) -> Option<Entry> {
    let fields: Fields = serde_json::from_slice(line).ok()?;
    let micros: i64 = fields.at_micros.parse().ok()?;
    let message = text(&fields.message);
    let message = message.trim_end();
    let who = [&fields.identifier, &fields.program].map(text);
    let who = who.into_iter().find(|who| !who.is_empty());
    Some(Entry {
        cursor: fields.cursor,
        at_ms: micros / 1_000,
        message: match who {
            _ if message.is_empty() => String::new(),
            Some(who) => format!("{who}: {message}"),
            None => message.to_owned(),
        },
    })
}

/// A field's text. What is not UTF-8 comes as a list of bytes, and what was said several times as a list of those.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) if parts.iter().all(Value::is_u64) => {
            let bytes = parts.iter().filter_map(|part| u8::try_from(part.as_u64()?).ok());
            String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned()
        }
        Value::Array(parts) => parts.iter().map(text).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(message: &str, more: &str) -> Entry {
        let line = format!(
            r#"{{"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1795773901123456","MESSAGE":{message}{more}}}"#
        );
        parse(line.as_bytes()).unwrap()
    }

    #[test]
    fn entries_are_read_in_all_their_forms() {
        let plain = parsed(
            "\"hello\\n\"",
            r#","SYSLOG_IDENTIFIER":"aurora","_COMM":"aurora""#,
        );
        assert_eq!(plain.message, "aurora: hello");
        assert_eq!(
            (plain.at_ms, plain.cursor.as_str()),
            (1_795_773_901_123, "s=1;i=2")
        );
        assert_eq!(parsed("[104,255,105]", "").message, "h\u{fffd}i");
        assert_eq!(parsed("[\"a\",[98]]", r#","_COMM":"x""#).message, "x: a b");
        for nothing in ["null", "\"\"", "\" \"", "[]"] {
            assert_eq!(parsed(nothing, r#","_COMM":"x""#).message, "", "{nothing}");
        }
    }

    #[test]
    fn what_is_no_entry_is_none() {
        for line in [
            "",
            "-- No entries --",
            "{}",
            r#"{"__CURSOR":"a","__REALTIME_TIMESTAMP":"x"}"#,
        ] {
            assert_eq!(parse(line.as_bytes()), None, "{line}");
        }
    }
}
