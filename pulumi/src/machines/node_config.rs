//! `node.toml` of a deployment's nodes: one text for all of them, with what the user writes passed through.
//!
//! A node fills in `{instance_id}` and `{private_ip}` itself, and fetches the secrets that the text names.

use toml::{Table, Value};

use super::{GrafanaPlace, InvalidMachine};

/// Where it is.
pub const PATH: &str = "/etc/aurora/node.toml";

/// What the user may write.
const SECTIONS: [&str; 6] = ["connections", "streams", "queries", "limits", "model", "access"];

/// What the deployment says about its nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeConfig<'a> {
    /// The deployment's name, which is the cluster's as well.
    pub deployment: &'a str,
    /// The network of the machines, from where the load balancer speaks for browsers.
    pub network: &'a str,
    /// The Grafana that nodes keep in step, if there is one.
    pub grafana: Option<&'a GrafanaPlace>,
    /// What the user has written: connections, streams, queries, limits, model and access.
    pub user: &'a str,
}

impl NodeConfig<'_> {
    /// The text of `node.toml`.
    pub fn render(&self) -> Result<String, InvalidMachine> {
        let mut config = user_sections(self.user)?;
        let name = self.deployment;
        let secret = |key: &str| text(format!("secretsmanager:aurora/{name}/{key}"));
        config.insert(
            "node".to_owned(),
            table([
                ("id", text("{instance_id}")),
                ("http", text("0.0.0.0:8080")),
                ("token", secret("admin-token")),
            ]),
        );
        let user = |role: &str| {
            let password = secret(&format!("clickhouse-{role}"));
            table([("user", text(format!("aurora_{role}"))), ("password", password)])
        };
        config.insert(
            "clickhouse".to_owned(),
            table([
                (
                    "url",
                    text(format!("http://clickhouse.{name}.aurora.internal:8123")),
                ),
                ("writer", user("writer")),
                ("reader", user("reader")),
            ]),
        );
        config.insert(
            "cluster".to_owned(),
            table([
                ("name", text(name)),
                ("key", secret("cluster-key")),
                ("advertise", text("{private_ip}:7946")),
                ("advertise_http", text("{private_ip}:8080")),
                (
                    "seeds",
                    Value::Array(vec![text(format!("asg:aurora-{name}-peers:7946"))]),
                ),
            ]),
        );
        config.insert(
            "aws".to_owned(),
            table([
                ("deployment", text(name)),
                ("group", text(format!("aurora-{name}-peers"))),
                ("lifecycle", Value::Boolean(true)),
                ("metrics", Value::Boolean(true)),
            ]),
        );
        if let Some(place) = self.grafana {
            config.insert("grafana".to_owned(), self.grafana(place));
        }
        let access = config
            .entry("access")
            .or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(access) = access {
            // Who the user trusts besides stays trusted.
            let proxies = access
                .entry("trusted_proxies")
                .or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(proxies) = proxies {
                proxies.push(text(self.network));
            }
        }
        let body = toml::to_string(&config).map_err(|error| InvalidMachine::Toml(error.to_string()))?;
        Ok(format!(
            "# Written by the deployment {name}, and by nobody else.\n\n{body}"
        ))
    }

    /// Nodes keep Grafana in step, as its admin, past the load balancer.
    fn grafana(&self, place: &GrafanaPlace) -> Value {
        let name = self.deployment;
        let secret = |key: &str| text(format!("secretsmanager:aurora/{name}/{key}"));
        let datasource = table([
            ("host", text(format!("clickhouse.{name}.aurora.internal"))),
            ("user", text("aurora_grafana")),
            ("password", secret("clickhouse-grafana")),
        ]);
        table([
            ("url", text(&place.url)),
            (
                "internal_url",
                text(format!("http://grafana.{name}.aurora.internal:3000")),
            ),
            ("user", text("admin")),
            ("password", secret("grafana-admin")),
            ("datasource", datasource),
            ("alerts", table([("sns_topic", text(&place.topic))])),
        ])
    }
}

fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Table(
        entries
            .map(|(key, value)| (key.to_owned(), value))
            .into_iter()
            .collect(),
    )
}

/// What the user has written, if it is theirs to write and gives no secret away.
fn user_sections(user: &str) -> Result<Table, InvalidMachine> {
    let sections: Table = user
        .parse()
        .map_err(|error: toml::de::Error| InvalidMachine::Toml(error.to_string()))?;
    for (name, value) in &sections {
        if !SECTIONS.contains(&name.as_str()) {
            return Err(InvalidMachine::Section(name.clone()));
        }
        no_plain_secrets(name, value)?;
    }
    Ok(sections)
}

/// What follows in the name of a key that holds a secret, in Kafka's options and in Aurora's own.
const SECRET_WORDS: [&str; 6] = [
    "password",
    "secret",
    "token",
    "api_key",
    "key.pem",
    "oauthbearer.config",
];
/// Names in which one of these words says nothing secret.
const NO_SECRETS: [&str; 4] = [
    "sasl.oauthbearer.token.endpoint.url",
    "tokens",
    "daily_tokens",
    "wrong_tokens_per_minute",
];

fn no_plain_secrets(path: &str, value: &Value) -> Result<(), InvalidMachine> {
    match value {
        Value::Table(entries) => entries.iter().try_for_each(|(key, value)| {
            let is_secret = SECRET_WORDS.iter().any(|word| key.to_lowercase().contains(word))
                && !NO_SECRETS.contains(&key.as_str());
            let path = format!("{path}.{key}");
            if is_secret && !is_reference(value) {
                return Err(InvalidMachine::PlainSecret(path));
            }
            no_plain_secrets(&path, value)
        }),
        Value::Array(values) => values.iter().try_for_each(|value| no_plain_secrets(path, value)),
        _ => Ok(()),
    }
}

/// `env:` and `file:` name what a machine does not have.
fn is_reference(value: &Value) -> bool {
    let prefixes = ["secretsmanager:", "ssm:"];
    value.as_str().is_some_and(|text| {
        prefixes
            .iter()
            .any(|prefix| text.len() > prefix.len() && text.starts_with(prefix))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn render(user: &str) -> Result<Table, InvalidMachine> {
        let config = NodeConfig {
            deployment: "prod",
            network: "10.0.0.0/16",
            grafana: Some(&GrafanaPlace {
                url: "https://grafana.example.com".to_owned(),
                topic: "arn:aws:sns:eu-central-1:123456789012:aurora-prod-alarms".to_owned(),
            }),
            user,
        };
        Ok(config.render()?.parse().unwrap())
    }

    #[test]
    fn a_node_knows_its_cluster_and_names_its_secrets() {
        let config = render("").unwrap();
        assert_eq!(config["node"]["id"].as_str(), Some("{instance_id}"));
        assert_eq!(
            config["clickhouse"]["writer"]["password"].as_str(),
            Some("secretsmanager:aurora/prod/clickhouse-writer")
        );
        assert_eq!(
            config["cluster"]["seeds"][0].as_str(),
            Some("asg:aurora-prod-peers:7946")
        );
        assert_eq!(
            config["access"]["trusted_proxies"][0].as_str(),
            Some("10.0.0.0/16")
        );
    }

    #[test]
    fn what_the_user_writes_is_passed_through() {
        let user = r#"
            [[connections]]
            name = "shop"
            brokers = "b-1.shop:9096"
            properties = { "sasl.password" = "secretsmanager:shop/kafka#password", "security.protocol" = "SASL_SSL" }
            [[streams]]
            connection = "shop"
            topic = "orders"
            [model]
            api_key = "ssm:/openai"
            daily_tokens = 5
            [access]
            trusted_proxies = ["192.168.0.0/16"]
            tokens = [{ name = "ann", role = "editor", token = "secretsmanager:ann" }]
        "#;
        let config = render(user).unwrap();
        assert_eq!(config["streams"][0]["topic"].as_str(), Some("orders"));
        let password = config["connections"][0]["properties"]["sasl.password"].as_str();
        assert_eq!(password, Some("secretsmanager:shop/kafka#password"));
        assert_eq!(config["access"]["trusted_proxies"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn what_is_not_the_users_to_write_is_named() {
        for (user, named) in [
            ("[node]\nid = 'x'", "node"),
            ("[clickhouse]\nurl = 'x'", "clickhouse"),
            ("[cluster]\nname = 'x'", "cluster"),
            ("[aws]\nmetrics = false", "aws"),
            ("[conections]\n", "conections"),
            (
                "[[connections]]\nproperties = { 'sasl.password' = 'hunter2' }",
                "connections.properties.sasl.password",
            ),
            (
                "[[connections]]\nproperties = { 'ssl.key.pem' = 'env:KEY' }",
                "ssl.key.pem",
            ),
            ("[model]\napi_key = 'sk-1'", "model.api_key"),
            (
                "[access]\ntokens = [{ name = 'a', role = 'admin', token = 'file:/etc/token' }]",
                "access.tokens.token",
            ),
            ("[model]\napi_key = 'secretsmanager:'", "model.api_key"),
        ] {
            let error = render(user).unwrap_err().to_string();
            assert!(error.contains(named), "{user}: {error}");
            assert!(!error.contains("hunter2") && !error.contains("sk-1"), "{error}");
        }
        assert!(matches!(render("= 1"), Err(InvalidMachine::Toml(_))));
    }

    proptest! {
        #[test]
        fn no_text_of_the_users_leaves_its_place(name in ".{0,30}", brokers in ".{0,30}", key in "[a-z.]{1,12}", value in ".{0,30}") {
            let mut properties = Table::new();
            properties.insert(format!("x.{key}"), text(value.clone()));
            let connection = table([
                ("name", text(name.clone())),
                ("brokers", text(brokers.clone())),
                ("properties", Value::Table(properties)),
            ]);
            let mut user = Table::new();
            user.insert("connections".to_owned(), Value::Array(vec![connection]));
            let Ok(config) = render(&toml::to_string(&user).unwrap()) else {
                // It happens to be the name of a secret.
                return Ok(());
            };
            prop_assert_eq!(&config["connections"], &user["connections"]);
            let mut sections: Vec<&str> = config.keys().map(String::as_str).collect();
            sections.sort_unstable();
            prop_assert_eq!(sections, ["access", "aws", "clickhouse", "cluster", "connections", "grafana", "node"]);
        }
    }
}
