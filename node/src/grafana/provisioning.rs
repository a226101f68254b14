//! The same as files, for a Grafana of one's own that is provisioned by them: nothing is to be done over HTTP then.
//!
//! | file | is |
//! |---|---|
//! | `datasources/aurora.yaml` | the data source; the password comes from a variable of Grafana's environment |
//! | `dashboards/aurora.yaml` | where Grafana finds the dashboards |
//! | `dashboards/aurora/*.json` | the dashboards |
//! | `alerting/aurora.yaml` | the alert rules |
//!
//! Grafana puts variables of its environment in the place of `$NAME` in the YAML files, but not in the dashboards.

use serde_json::{Value, json};

use super::alerts::{self, AlertOptions};
use super::dashboards::StreamTable;
use super::datasource::{Address, DataSource, QUERY_SECONDS};
use super::desired;
use super::names::Names;
use super::yaml;

/// The variable of Grafana's environment that holds the password of ClickHouse's user.
pub const PASSWORD_VARIABLE: &str = "AURORA_CLICKHOUSE_PASSWORD";

/// What files are made of.
#[derive(Debug, Clone)]
pub struct Provisioning<'a> {
    /// What Aurora's things are called.
    pub names: Names,
    /// Where ClickHouse is, seen from Grafana.
    pub address: Address,
    /// Whom Grafana reads as.
    pub user: String,
    /// The database of the tables of events.
    pub database: String,
    /// The directory in which Grafana finds what is here, without a slash at its end.
    pub directory: String,
    /// From when on somebody is told, and whom.
    pub alerts: AlertOptions,
    /// The streams.
    pub streams: &'a [StreamTable],
}

/// A file: its path in the directory, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// With slashes.
    pub path: String,
    /// Text.
    pub content: String,
}

/// All files.
pub fn files(from: &Provisioning<'_>) -> Vec<File> {
    let mut files = vec![
        file("datasources/aurora.yaml", &datasource(from)),
        file("dashboards/aurora.yaml", &provider(from)),
        file("alerting/aurora.yaml", &alerting(from)),
    ];
    for dashboard in desired::dashboards(&from.names, &from.database, from.streams) {
        let mut content = serde_json::to_string_pretty(&dashboard).unwrap_or_default();
        content.push('\n');
        files.push(File {
            path: format!("dashboards/aurora/{}.json", dashboard.uid),
            content,
        });
    }
    files
}

fn file(path: &str, value: &Value) -> File {
    File {
        path: path.to_owned(),
        content: format!("# Made by `aurora grafana files`.\n{}", yaml::document(value)),
    }
}

/// A text as it has to stand where Grafana looks for variables of its environment.
fn bare(text: &str) -> String {
    text.replace('$', "$$")
}

fn datasource(from: &Provisioning<'_>) -> Value {
    let source = DataSource {
        address: from.address.clone(),
        user: from.user.clone(),
        password: String::new(),
        database: from.database.clone(),
        query_seconds: QUERY_SECONDS,
        owner: String::new(),
    };
    let mut data = source.json_data();
    if let Some(data) = data.as_object_mut() {
        // A node that meets this data source leaves it to the files, whoever's it is.
        data.retain(|_, value| value.as_str() != Some(""));
        for value in data.values_mut() {
            if let Some(text) = value.as_str() {
                *value = json!(bare(text));
            }
        }
    }
    let body = source.body(&from.names);
    json!({
        "apiVersion": 1,
        "datasources": [{
            "uid": body["uid"],
            "name": body["name"],
            "type": body["type"],
            "access": body["access"],
            "orgId": 1,
            "editable": false,
            "jsonData": data,
            "secureJsonData": { "password": format!("${PASSWORD_VARIABLE}") },
        }],
    })
}

fn provider(from: &Provisioning<'_>) -> Value {
    json!({
        "apiVersion": 1,
        "providers": [{
            "name": from.names.prefix(),
            "orgId": 1,
            "type": "file",
            "folder": from.names.title(),
            "folderUid": from.names.folder(),
            "disableDeletion": false,
            "allowUiUpdates": false,
            "updateIntervalSeconds": 30,
            "options": { "path": bare(&format!("{}/dashboards/aurora", from.directory)) },
        }],
    })
}

/// The rules in the words of files: folders have titles there and no uids.
fn alerting(from: &Provisioning<'_>) -> Value {
    let group = alerts::rules(&from.names, &from.alerts);
    let rules = group.rules.iter().map(|rule| {
        let mut rule = json!(rule);
        if let Some(rule) = rule.as_object_mut() {
            for name in ["ruleGroup", "folderUID", "orgID"] {
                rule.remove(name);
            }
            // Nothing is said of it rather than null.
            rule.retain(|_, value| !value.is_null());
            if let Some(receiver) = rule.get_mut("notification_settings") {
                receiver["receiver"] = json!(bare(receiver["receiver"].as_str().unwrap_or_default()));
            }
        }
        rule
    });
    json!({
        "apiVersion": 1,
        "groups": [{
            "orgId": 1,
            "name": group.title,
            "folder": from.names.title(),
            "interval": format!("{}s", group.interval),
            "rules": rules.collect::<Vec<Value>>(),
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grafana::datasource::Protocol;

    fn made() -> Vec<File> {
        files(&Provisioning {
            names: Names::default(),
            address: Address {
                host: "click$house".to_owned(),
                port: 8123,
                protocol: Protocol::Http,
                secure: false,
            },
            user: "aurora_grafana".to_owned(),
            database: "ev$nts".to_owned(),
            directory: "/etc/grafana/provisioning".to_owned(),
            alerts: AlertOptions {
                contact_point: Some("on$call".to_owned()),
                ..AlertOptions::default()
            },
            streams: &[],
        })
    }

    #[test]
    fn only_the_password_comes_from_the_environment() {
        let files = made();
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "datasources/aurora.yaml",
                "dashboards/aurora.yaml",
                "alerting/aurora.yaml",
                "dashboards/aurora/aurora-operations.json",
            ]
        );
        for file in files.iter().filter(|file| file.path.ends_with(".yaml")) {
            let text = file.content.replace("$$", "");
            let rest = text.replace("$AURORA_CLICKHOUSE_PASSWORD", "");
            assert!(!rest.contains('$'), "{}: {text}", file.path);
        }
        assert!(
            files[0]
                .content
                .contains("password: \"$AURORA_CLICKHOUSE_PASSWORD\"")
        );
        assert!(files[0].content.contains("host: \"click$$house\""));
        assert!(
            files[2].content.contains("receiver: \"on$$call\""),
            "{}",
            files[2].content
        );
    }
}
