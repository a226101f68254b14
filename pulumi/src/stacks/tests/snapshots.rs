//! What an engine is told, as text to read in a review: `pulumi/snapshots`. One description in full, of the others what differs
//! from it; and for each what a preview cannot know. And what roles may do, for the docs: `docs/aws/policies`.
//!
//! `AURORA_WRITE_SNAPSHOTS=1 cargo test -p aurora-pulumi snapshots` writes them anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::{Registrations, inputs, matrix, told};
use crate::sdk::Value;

/// Properties that are long and tested elsewhere.
const LONG: [&str; 2] = ["userData", "userDataBase64"];
/// The description that is written in full.
const FULL: &str = "standard";

#[tokio::test]
async fn what_the_engine_is_told_is_what_was_reviewed() {
    let descriptions = matrix();
    let (_, full) = descriptions
        .iter()
        .find(|(kind, _)| kind == FULL)
        .expect("it is among them");
    let full = render(&told(full, false).await);
    for (kind, deployment) in &descriptions {
        let update = render(&told(deployment, false).await);
        let differs =
            |(resource, lines): &(&String, &String)| kind == FULL || full.get(*resource) != Some(*lines);
        let mut text: String = update
            .iter()
            .filter(differs)
            .map(|(resource, lines)| format!("{resource}\n{lines}\n"))
            .collect();
        for missing in full.keys().filter(|resource| !update.contains_key(*resource)) {
            let _ = writeln!(text, "{missing}\n    is not there\n");
        }
        let preview = render(&told(deployment, true).await);
        let _ = writeln!(text, "== in a preview, not known yet ==\n");
        for (resource, lines) in &preview {
            for line in lines.lines().filter(|line| line.contains(UNKNOWN)) {
                let property = line.trim().split(':').next().unwrap_or_default();
                let _ = writeln!(text, "{resource}: {property}");
            }
        }
        require(&format!("snapshots/{kind}.txt"), &text);
    }
}

/// `key.arn` and the like stand for what AWS makes up.
#[tokio::test]
async fn what_each_role_may_do_is_in_the_docs() {
    let descriptions = matrix();
    let (_, deployment) = descriptions
        .iter()
        .find(|(kind, _)| kind == FULL)
        .expect("it is among them");
    for (role, policy) in told(deployment, false).await.of("aws:iam/rolePolicy:RolePolicy") {
        let policy = policy["policy"].as_text().expect("a text");
        let policy: serde_json::Value = serde_json::from_str(policy).expect("JSON");
        let text = serde_json::to_string_pretty(&policy).expect("it was JSON") + "\n";
        require(&format!("../docs/aws/policies/{role}.json"), &text);
    }
}

/// `name` is the file's path from this crate's folder.
fn require(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("AURORA_WRITE_SNAPSHOTS").is_some() {
        let folder = path.parent().expect("a folder");
        std::fs::create_dir_all(folder).expect("the folder can be made");
        std::fs::write(&path, text).expect("the folder can be written");
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    let difference = text.lines().zip(reviewed.lines()).find(|(new, old)| new != old);
    assert!(
        text == reviewed,
        "{name} has changed, at {difference:?}; if that is meant: AURORA_WRITE_SNAPSHOTS=1 cargo test -p aurora-pulumi snapshots"
    );
}

const UNKNOWN: &str = "(not known yet)";

/// Each resource as lines, by its type and name.
fn render(Registrations(recorded): &Registrations) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for ((token, name), request) in &recorded.registrations {
        let mut text = String::new();
        let short = |urn: &String| urn.rsplit("::").next().unwrap_or_default().to_owned();
        let mut options = vec![("parent", short(&request.parent))];
        let mut dependencies: Vec<String> = request.dependencies.iter().map(short).collect();
        dependencies.sort();
        dependencies.dedup();
        if !dependencies.is_empty() {
            options.push(("after", dependencies.join(" ")));
        }
        if !request.ignore_changes.is_empty() {
            options.push(("ignore", request.ignore_changes.join(" ")));
        }
        for (option, is_set) in [
            ("protect", request.protect == Some(true)),
            ("delete before replace", request.delete_before_replace),
            ("retain", request.retain_on_delete == Some(true)),
        ] {
            if is_set {
                options.push((option, "true".to_owned()));
            }
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
        all.insert(format!("{token} {name}"), text);
    }
    all
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
        Value::Unknown => UNKNOWN.to_owned(),
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
