//! Everything that an engine is told, as text to read in a review: `pulumi/snapshots`.
//!
//! `AURORA_WRITE_SNAPSHOTS=1 cargo test -p aurora-pulumi snapshots` writes them anew.

use std::fmt::Write as _;
use std::path::Path;

use super::{Registrations, inputs, matrix, told};
use crate::sdk::Value;

/// Properties that are long and tested elsewhere.
const LONG: [&str; 2] = ["userData", "userDataBase64"];

#[tokio::test]
async fn what_the_engine_is_told_is_what_was_reviewed() {
    for (kind, deployment) in matrix() {
        for dry_run in [false, true] {
            let name = format!("{kind}{}.txt", if dry_run { "-preview" } else { "" });
            let text = render(&told(&deployment, dry_run).await);
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("snapshots")
                .join(&name);
            if std::env::var_os("AURORA_WRITE_SNAPSHOTS").is_some() {
                std::fs::write(&path, &text).unwrap();
            }
            let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
            let difference = text.lines().zip(reviewed.lines()).find(|(new, old)| new != old);
            assert!(
                text == reviewed,
                "{name} has changed, at {difference:?}; if that is meant: AURORA_WRITE_SNAPSHOTS=1 cargo test -p aurora-pulumi snapshots"
            );
        }
    }
}

fn render(Registrations(recorded): &Registrations) -> String {
    let mut text = String::new();
    for ((token, name), request) in &recorded.registrations {
        let _ = writeln!(text, "{token} {name}");
        let short = |urn: &String| urn.rsplit("::").next().unwrap_or_default().to_owned();
        let mut options = vec![("parent", short(&request.parent))];
        let mut dependencies: Vec<String> = request.dependencies.iter().map(short).collect();
        dependencies.sort();
        dependencies.dedup();
        if !dependencies.is_empty() {
            options.push(("after", dependencies.join(" ")));
        }
        if request.protect == Some(true) {
            options.push(("protect", "true".to_owned()));
        }
        if !request.ignore_changes.is_empty() {
            options.push(("ignore", request.ignore_changes.join(" ")));
        }
        if request.delete_before_replace {
            options.push(("delete before replace", "true".to_owned()));
        }
        if request.retain_on_delete == Some(true) {
            options.push(("retain", "true".to_owned()));
        }
        for (key, value) in options {
            let _ = writeln!(text, "    [{key}] {value}");
        }
        for (key, value) in inputs(request.object.clone().unwrap_or_default()) {
            let shown = if LONG.contains(&key.as_str()) {
                long(&value)
            } else {
                show(&value)
            };
            let _ = writeln!(text, "    {key}: {shown}");
        }
        text.push('\n');
    }
    text
}

fn long(value: &Value) -> String {
    match value {
        Value::Text(_) => "(text)".to_owned(),
        other => show(other),
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Secret(_) => "(secret)".to_owned(),
        Value::Unknown => "(not known yet)".to_owned(),
        Value::File { sha256, .. } => format!("(file {sha256})"),
        Value::List(values) => format!("[{}]", values.iter().map(show).collect::<Vec<_>>().join(", ")),
        Value::Map(values) => {
            let fields = values
                .iter()
                .map(|(key, value)| format!("{key}: {}", show(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Text(text) => text.clone(),
        other => other.to_json().map(|json| json.to_string()).unwrap_or_default(),
    }
}
