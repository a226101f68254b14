//! `[access]`

use std::time::Duration;

use anyhow::{Context, bail};
use ipnet::IpNet;
use serde::Deserialize;

use super::Secret;
use crate::http::access::{AccessOptions, AccessToken, DEFAULT_SESSION, Rate, Rates, Role};

/// Longest browser session: a month.
const MAX_SESSION_HOURS: u64 = 31 * 24;
/// How many seconds' worth of requests may come at once.
const BURST_S: f64 = 5.0;

/// `[access]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessSection {
    /// Who is known. It should be the same on all nodes of a cluster, so that all accept the same sessions.
    pub tokens: Vec<TokenSection>,
    /// How long a browser session lasts, in hours.
    pub session_hours: u64,
    /// Networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed, such as `10.0.0.0/8`.
    pub trusted_proxies: Vec<IpNet>,
    /// Requests a second with one token; 0 for no limit.
    pub requests_per_s: f64,
    /// Requests a second from one address; 0 for no limit.
    pub requests_per_s_per_address: f64,
    /// Wrong tokens a minute from one address.
    pub wrong_tokens_per_minute: f64,
}

/// One of `tokens` under `[access]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSection {
    /// Who bears it, for the history and the log.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The token, or where it is.
    pub token: Secret,
}

impl Default for AccessSection {
    fn default() -> Self {
        Self {
            tokens: Vec::new(),
            session_hours: DEFAULT_SESSION.as_secs() / 3_600,
            trusted_proxies: Vec::new(),
            requests_per_s: 100.0,
            requests_per_s_per_address: 200.0,
            wrong_tokens_per_minute: 12.0,
        }
    }
}

impl AccessSection {
    /// What the node needs of it, with the one token of `[node]` if it has one. The error says what to change.
    pub async fn options(&self, node_token: Option<&Secret>) -> anyhow::Result<AccessOptions> {
        if !(1..=MAX_SESSION_HOURS).contains(&self.session_hours) {
            bail!(
                "`session_hours` under [access] is {}; it must be from 1 to {MAX_SESSION_HOURS}",
                self.session_hours
            );
        }
        if !(0.1..=60_000.0).contains(&self.wrong_tokens_per_minute) {
            bail!(
                "`wrong_tokens_per_minute` under [access] is {}; it must be from 0.1 to 60,000",
                self.wrong_tokens_per_minute
            );
        }
        let node_token = match node_token {
            Some(token) => Some(token.resolve_at_start().await.context("the node's token")?),
            None => None,
        };
        let mut tokens = AccessOptions::single(node_token).tokens;
        for section in &self.tokens {
            let secret = section.token.resolve_at_start().await;
            tokens.push(AccessToken {
                name: section.name.clone(),
                role: section.role,
                secret: secret.with_context(|| format!("the token called {:?}", section.name))?,
            });
        }
        let rate = |per_second: f64| Rate::per_second(per_second, (per_second * BURST_S).ceil() as u32);
        Ok(AccessOptions {
            tokens,
            session: Duration::from_secs(self.session_hours * 3_600),
            trusted_proxies: self.trusted_proxies.clone(),
            rates: Rates {
                caller: rate(self.requests_per_s),
                address: rate(self.requests_per_s_per_address),
                failures: Rate::per_second(self.wrong_tokens_per_minute / 60.0, Rates::FAILURES_AT_ONCE),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn section(text: &str) -> anyhow::Result<AccessSection> {
        let minimal = r#"
            [node]
            id = "n1"
            [clickhouse]
            url = "http://127.0.0.1:8123"
            writer = { user = "w", password = "p" }
            reader = { user = "r", password = "p" }
            [access]
        "#;
        Ok(Config::parse(&format!("{minimal}\n{text}"))?.access)
    }

    #[tokio::test]
    async fn tokens_are_read_from_where_they_are() {
        let text = r#"
            tokens = [
                { name = "grafana", role = "viewer", token = "env:PATH" },
                { name = "ann", role = "editor", token = "hunter2" },
            ]
            trusted_proxies = ["10.0.0.0/8", "fd00::/8"]
        "#;
        let section = section(text).unwrap();
        let options = section.options(Some(&Secret::new("the-admin's"))).await.unwrap();
        let known: Vec<(&str, Role)> = options.tokens.iter().map(|t| (t.name.as_str(), t.role)).collect();
        let expected = [
            ("admin", Role::Admin),
            ("grafana", Role::Viewer),
            ("ann", Role::Editor),
        ];
        assert_eq!(known, expected);
        assert_eq!(options.tokens[1].secret, std::env::var("PATH").unwrap());
        assert_eq!(options.trusted_proxies.len(), 2);
        assert!(!format!("{section:?} {options:?}").contains("hunter2"));
    }

    #[tokio::test]
    async fn mistakes_are_named() {
        let refused = async |text: &str| {
            let options = match section(text) {
                Ok(section) => section.options(None).await,
                Err(error) => Err(error),
            };
            format!("{:#}", options.unwrap_err())
        };
        assert!(refused("session_hours = 0").await.contains("session_hours"));
        assert!(refused("session_hours = 10000").await.contains("from 1 to 744"));
        assert!(
            refused("wrong_tokens_per_minute = 0")
                .await
                .contains("wrong_tokens_per_minute")
        );
        assert!(
            refused("trusted_proxies = ['everybody']")
                .await
                .contains("trusted_proxies")
        );
        assert!(
            refused("tokens = [{ name = 'a', role = 'root', token = 'x' }]")
                .await
                .contains("root")
        );
        let missing =
            refused("tokens = [{ name = 'a', role = 'admin', token = 'env:AURORA_NOBODY_SETS_THIS' }]").await;
        assert!(
            missing.contains("\"a\"") && missing.contains("AURORA_NOBODY_SETS_THIS"),
            "{missing}"
        );
    }
}
