//! JSON as YAML, for Grafana's provisioning files: people read these.
//!
//! Texts are written as JSON writes them, in double quotes, which means the same in YAML; so nothing in them is taken for
//! YAML's own signs, numbers or words.

use std::fmt::Write as _;

use serde_json::Value;

/// A document.
pub(super) fn document(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, 0);
    text
}

fn write(text: &mut String, value: &Value, depth: usize) {
    // Writing to a String cannot fail.
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (at, (name, value)) in map.iter().enumerate() {
                // The first name of a list's item stands behind its dash.
                if at > 0 || !text.ends_with("- ") {
                    indent(text, depth);
                }
                let _ = write!(text, "{}:", key(name));
                nested(text, value, depth + 1);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                indent(text, depth);
                text.push_str("- ");
                match item {
                    Value::Object(map) if !map.is_empty() => write(text, item, depth + 1),
                    Value::Array(items) if !items.is_empty() => {
                        // A list in a list: on one line, as JSON.
                        let _ = writeln!(text, "{item}");
                    }
                    scalar => {
                        let _ = writeln!(text, "{scalar}");
                    }
                }
            }
        }
        scalar => {
            let _ = writeln!(text, "{scalar}");
        }
    }
}

fn nested(text: &mut String, value: &Value, depth: usize) {
    let is_block = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    text.push(if is_block { '\n' } else { ' ' });
    write(text, value, depth);
}

fn indent(text: &mut String, depth: usize) {
    text.extend(std::iter::repeat_n("  ", depth));
}

/// A name: bare where it cannot be taken for anything else.
fn key(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !matches!(
            name,
            "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
        );
    match is_plain {
        true => name.to_owned(),
        false => Value::from(name).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_reads_as_people_write_it() {
        let value = json!({
            "apiVersion": 1,
            "datasources": [
                { "name": "A: \"b\"\n#", "jsonData": { "port": 8123, "secure": false, "empty": {}, "none": null } },
            ],
            "list": ["on", [1, 2], 3.5],
        });
        assert_eq!(
            document(&value),
            "apiVersion: 1\n\
             datasources:\n  - jsonData:\n      empty: {}\n      none: null\n      port: 8123\n      secure: false\n    \
             name: \"A: \\\"b\\\"\\n#\"\n\
             list:\n  - \"on\"\n  - [1,2]\n  - 3.5\n"
        );
    }
}
