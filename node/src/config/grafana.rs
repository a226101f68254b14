//! `[grafana]`

use anyhow::{Context, bail, ensure};
use aurora_actors::store::Login;
use reqwest::Url;
use serde::Deserialize;

use super::Secret;
use crate::grafana::alerts::AlertOptions;
use crate::grafana::client::Credentials;
use crate::grafana::datasource::{Address, DataSource, Protocol, QUERY_SECONDS, query_seconds};
use crate::grafana::names::{Names, PREFIX};
use crate::grafana::{GrafanaOptions, ManageOptions};

/// `[grafana]`: a Grafana for those who would rather look there. With a login, Aurora keeps it in step. Variables stand in
/// for some keys: `AURORA_GRAFANA_URL`, `AURORA_GRAFANA_USER`, `AURORA_GRAFANA_PASSWORD`, `AURORA_GRAFANA_TOKEN`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GrafanaSection {
    /// Where browsers reach it, and this node, unless `internal_url` says otherwise.
    pub url: Option<String>,
    /// Where this node reaches it.
    pub internal_url: Option<String>,
    /// An admin of the organisation.
    pub user: Option<String>,
    /// The admin's password.
    pub password: Option<Secret>,
    /// Instead of both, the token of a service account with the role Admin.
    pub token: Option<Secret>,
    /// Whether Aurora makes data source, dashboards and alert rules there. Left out, it does when there is a login.
    pub manage: Option<bool>,
    /// With what the names begin of what Aurora makes. Several deployments can share a Grafana if it differs.
    pub prefix: Option<String>,
    /// How Grafana reaches ClickHouse.
    pub datasource: DataSourceSection,
    /// From when on somebody is told, and whom.
    pub alerts: AlertOptions,
}

/// `grafana.datasource`: how Grafana reaches ClickHouse. What is left out is as Aurora itself does it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSourceSection {
    /// ClickHouse's host.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// `http` or `native`.
    pub protocol: Option<Protocol>,
    /// Whether by TLS.
    pub secure: Option<bool>,
    /// ClickHouse's user for Grafana; left out, it is the one that queries run as, which sees only the tables of events.
    pub user: Option<String>,
    /// That user's password.
    pub password: Option<Secret>,
}

/// What the data source depends on besides.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Where ClickHouse is, and whom Grafana reads as when nobody else is named.
    pub reader: &'a Login,
    /// Seconds that a query of that user is allowed.
    pub reader_seconds: u32,
    /// The database of the tables of events.
    pub database: &'a str,
    /// The name of the cluster, or of the node that is on its own.
    pub owner: &'a str,
}

impl GrafanaSection {
    /// What it says, and the environment.
    pub async fn options(&self, seen: Seen<'_>) -> anyhow::Result<GrafanaOptions> {
        self.options_in(seen, |name| {
            std::env::var(name).ok().filter(|value| !value.is_empty())
        })
        .await
    }

    async fn options_in(
        &self,
        seen: Seen<'_>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> anyhow::Result<GrafanaOptions> {
        let url = match self.url.clone().or_else(|| variable("AURORA_GRAFANA_URL")) {
            Some(text) => Some(parse("url", &text)?),
            None => None,
        };
        if let Some(mistake) = self.alerts.mistake() {
            bail!(mistake);
        }
        let credentials = self.credentials(&variable).await?;
        let is_managed = self.manage.unwrap_or(credentials.is_some());
        if !is_managed {
            return Ok(GrafanaOptions { url, manage: None });
        }
        let credentials = credentials.context(
            "[grafana] manage: there is no login to do it with; set user and password, or token, or take `manage` out",
        )?;
        let internal = match &self.internal_url {
            Some(text) => Some(parse("internal_url", text)?),
            None => url.clone(),
        };
        let manage = ManageOptions {
            url: internal.context("[grafana]: there is a login and no url that it is for")?,
            credentials,
            secret: self.token.clone().or_else(|| self.password.clone()),
            names: Names::new(self.prefix.as_deref().unwrap_or(PREFIX)).context("[grafana] prefix")?,
            datasource: self.datasource.source(seen).await?,
            alerts: self.alerts.clone(),
        };
        Ok(GrafanaOptions {
            url,
            manage: Some(manage),
        })
    }

    async fn credentials(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Option<Credentials>> {
        let resolved = async |secret: &Option<Secret>, name: &str, key: &str| match secret {
            Some(secret) => secret
                .resolve_at_start()
                .await
                .map(Some)
                .with_context(|| format!("[grafana] {key}")),
            None => Ok(variable(name)),
        };
        let token = resolved(&self.token, "AURORA_GRAFANA_TOKEN", "token").await?;
        let user = self.user.clone().or_else(|| variable("AURORA_GRAFANA_USER"));
        let password = resolved(&self.password, "AURORA_GRAFANA_PASSWORD", "password").await?;
        match (token, user, password) {
            (Some(token), None, None) => Ok(Some(Credentials::Token(token))),
            (None, Some(user), Some(password)) => Ok(Some(Credentials::User { user, password })),
            (None, None, None) => Ok(None),
            (Some(_), ..) => {
                bail!("[grafana]: there is a token, and user or password as well; take one of them out")
            }
            (None, Some(_), None) => bail!("[grafana] password: there is a user and no password"),
            (None, None, Some(_)) => bail!("[grafana] user: there is a password and no user"),
        }
    }
}

impl DataSourceSection {
    async fn source(&self, seen: Seen<'_>) -> anyhow::Result<DataSource> {
        let (user, password, query_seconds) = match (&self.user, &self.password) {
            (Some(user), Some(password)) => (
                user.clone(),
                password
                    .resolve_at_start()
                    .await
                    .context("[grafana] datasource.password")?,
                QUERY_SECONDS,
            ),
            (None, None) => (
                seen.reader.user.clone(),
                seen.reader.password.clone(),
                query_seconds(seen.reader_seconds),
            ),
            _ => bail!("[grafana] datasource: user and password belong together"),
        };
        let own = Address::of_url(&seen.reader.url).with_context(|| {
            format!(
                "[clickhouse] url: {:?} has no host that Grafana could be told",
                seen.reader.url
            )
        })?;
        let protocol = self.protocol.unwrap_or(own.protocol);
        let secure = self.secure.unwrap_or(own.secure);
        let is_like_ours = protocol == own.protocol && secure == own.secure && self.host.is_none();
        let usual = if is_like_ours {
            own.port
        } else {
            protocol.usual_port(secure)
        };
        Ok(DataSource {
            address: Address {
                host: self.host.clone().unwrap_or(own.host),
                port: self.port.unwrap_or(usual),
                protocol,
                secure,
            },
            user,
            password,
            database: seen.database.to_owned(),
            query_seconds,
            owner: seen.owner.to_owned(),
        })
    }
}

fn parse(key: &str, text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text).with_context(|| format!("[grafana] {key}: {text:?} is no URL"))?;
    ensure!(
        matches!(url.scheme(), "http" | "https") && url.has_host(),
        "[grafana] {key}: {text:?} has to begin with http:// or https://"
    );
    ensure!(
        url.username().is_empty() && url.password().is_none(),
        "[grafana] {key}: pages show it, so it must not contain a login; that goes into user and password"
    );
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(toml: &str, variables: &[(&str, &str)]) -> Result<GrafanaOptions, String> {
        let section: GrafanaSection = toml::from_str(toml).map_err(|error| error.to_string())?;
        let reader = Login {
            url: "http://clickhouse:18123".to_owned(),
            user: "aurora_reader".to_owned(),
            password: "r-secret".to_owned(),
        };
        let seen = Seen {
            reader: &reader,
            reader_seconds: 30,
            database: "events",
            owner: "prod",
        };
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let options = runtime.unwrap().block_on(section.options_in(seen, variable));
        options.map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn an_address_is_one_that_a_page_may_show() {
        let url = |text: &str, variables: &[(&str, &str)]| {
            options(text, variables)
                .map(|options| options.url.map(String::from))
                .map_err(drop)
        };
        assert_eq!(url("", &[]), Ok(None));
        assert_eq!(
            url(
                "url = 'https://grafana.example/sub'",
                &[("AURORA_GRAFANA_URL", "http://other")]
            ),
            Ok(Some("https://grafana.example/sub".to_owned()))
        );
        assert_eq!(
            url("", &[("AURORA_GRAFANA_URL", "http://g:3000")]),
            Ok(Some("http://g:3000/".to_owned()))
        );
        for wrong in [
            "grafana",
            "javascript:alert(1)",
            "https://ann:secret@grafana",
            "file:///etc/passwd",
        ] {
            assert_eq!(url(&format!("url = '{wrong}'"), &[]), Err(()), "{wrong}");
        }
    }

    #[test]
    fn it_is_managed_when_there_is_a_login_and_a_mistake_is_named() {
        let with = |text: &str| options(&format!("url = 'http://g:3000'\n{text}"), &[]);
        assert!(with("").unwrap().manage.is_none());
        assert!(with("user = 'admin'\npassword = 'p'").unwrap().manage.is_some());
        assert!(with("token = 't'").unwrap().manage.is_some());
        assert!(with("token = 't'\nmanage = false").unwrap().manage.is_none());
        let by_variable = options(
            "",
            &[("AURORA_GRAFANA_URL", "http://g"), ("AURORA_GRAFANA_TOKEN", "t")],
        );
        assert!(by_variable.unwrap().manage.is_some());
        for (wrong, named) in [
            ("manage = true", "manage"),
            ("user = 'admin'", "password"),
            ("password = 'hunter2'", "user"),
            ("user = 'a'\npassword = 'hunter2'\ntoken = 'hunter2'", "token"),
            ("token = 'hunter2'\nprefix = 'No Prefix'", "prefix"),
            ("token = 'hunter2'\ndatasource = { user = 'u' }", "datasource"),
            ("alerts = { disk_percent = 0 }", "disk_percent"),
            ("token = 'env:AURORA_NOBODY_SETS_THIS'", "AURORA_NOBODY_SETS_THIS"),
            ("tokn = 'hunter2'", "tokn"),
        ] {
            let error = with(wrong).unwrap_err();
            assert!(error.contains(named), "{wrong}: {error}");
            if wrong != "tokn = 'hunter2'" {
                assert!(!error.contains("hunter2"), "{error}");
            }
        }
        assert!(options("token = 't'", &[]).unwrap_err().contains("url"));
    }

    #[test]
    fn the_data_source_is_like_auroras_own_where_nothing_else_is_said() {
        let source = |text: &str| {
            let options = options(&format!("url = 'http://g'\ntoken = 't'\n{text}"), &[]).unwrap();
            let source = options.manage.unwrap().datasource;
            (
                source.address.host,
                source.address.port,
                source.address.protocol,
                source.user,
            )
        };
        let reader = "aurora_reader".to_owned();
        assert_eq!(
            source(""),
            ("clickhouse".to_owned(), 18123, Protocol::Http, reader.clone())
        );
        assert_eq!(
            source("datasource = { host = 'db', secure = true }"),
            ("db".to_owned(), 8443, Protocol::Http, reader.clone())
        );
        assert_eq!(
            source("datasource = { protocol = 'native', user = 'aurora_grafana', password = 'p' }"),
            (
                "clickhouse".to_owned(),
                9000,
                Protocol::Native,
                "aurora_grafana".to_owned()
            )
        );
        assert_eq!(source("datasource = { port = 1 }").1, 1);
        let seconds = |text: &str| {
            let options = options(&format!("url = 'http://g'\ntoken = 't'\n{text}"), &[]).unwrap();
            options.manage.unwrap().datasource.query_seconds
        };
        // The driver asks for more than it is told, and a reader is refused what it is not allowed.
        assert_eq!(
            (
                seconds(""),
                seconds("datasource = { user = 'u', password = 'p' }")
            ),
            (20, 60)
        );
    }

    #[test]
    fn no_secret_is_shown() {
        let options = options("url = 'http://g'\nuser = 'admin'\npassword = 'hunter2'", &[]).unwrap();
        assert!(!format!("{options:?}").contains("hunter2") && !format!("{options:?}").contains("r-secret"));
    }
}
