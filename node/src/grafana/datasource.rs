//! How Grafana reaches ClickHouse: the data source.

use aurora_actors::store::Login;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::model::PLUGIN;
use super::names::Names;

/// How the plugin talks to ClickHouse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// The interface that Aurora uses too.
    #[default]
    Http,
    /// ClickHouse's own protocol.
    Native,
}

impl Protocol {
    /// The port that it usually has.
    pub fn usual_port(self, secure: bool) -> u16 {
        match (self, secure) {
            (Self::Http, false) => 8123,
            (Self::Http, true) => 8443,
            (Self::Native, false) => 9000,
            (Self::Native, true) => 9440,
        }
    }
}

/// Where ClickHouse is, seen from Grafana.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is talked to.
    pub protocol: Protocol,
    /// Whether by TLS.
    pub secure: bool,
}

impl Address {
    /// The address that Aurora itself uses; `None` when it is no URL with a host.
    pub fn of_url(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let secure = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        Some(Self {
            // With the brackets of an IPv6 address, as the plugin puts host and port together with nothing but a colon.
            host: url.host_str()?.to_owned(),
            port: url.port().unwrap_or(Protocol::Http.usual_port(secure)),
            protocol: Protocol::Http,
            secure,
        })
    }
}

/// The data source that Aurora makes.
#[derive(Clone, PartialEq, Eq)]
pub struct DataSource {
    /// Where ClickHouse is.
    pub address: Address,
    /// Whom Grafana reads as.
    pub user: String,
    /// That user's password.
    pub password: String,
    /// The database of the tables of events.
    pub database: String,
    /// Seconds that a query may take. The driver asks ClickHouse for some more than that.
    pub query_seconds: u32,
    /// The deployment whose data source it is, so that another one sees that it is not its own.
    pub owner: String,
}

impl std::fmt::Debug for DataSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataSource")
            .field("address", &self.address)
            .field("user", &self.user)
            .field("database", &self.database)
            .field("query_seconds", &self.query_seconds)
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

/// Seconds that a query of the user for Grafana may take.
pub const QUERY_SECONDS: u32 = 60;
/// How many more the driver asks for at most: a user whose profile does not allow that is refused.
const DRIVER_SECONDS: u32 = 10;

/// Seconds that a query may take of a user who is allowed this many.
pub fn query_seconds(allowed: u32) -> u32 {
    QUERY_SECONDS.min(allowed.saturating_sub(DRIVER_SECONDS).max(1))
}

/// Where in a data source its owner stands. Grafana and the plugin keep what they do not know.
const OWNER: &str = "auroraDeployment";

impl DataSource {
    /// One at the address that Aurora uses, for the user that it queries as.
    pub fn like(login: &Login, database: &str, owner: &str) -> Option<Self> {
        Some(Self {
            address: Address::of_url(&login.url)?,
            user: login.user.clone(),
            password: login.password.clone(),
            database: database.to_owned(),
            query_seconds: QUERY_SECONDS,
            owner: owner.to_owned(),
        })
    }

    /// As Grafana's API takes it, without the password.
    pub fn body(&self, names: &Names) -> Value {
        json!({
            "uid": names.datasource(),
            "name": format!("{} ClickHouse", names.title()),
            "type": PLUGIN,
            "access": "proxy",
            "basicAuth": false,
            "isDefault": false,
            "jsonData": self.json_data(),
        })
    }

    /// The same with the password.
    pub fn body_with_password(&self, names: &Names) -> Value {
        let mut body = self.body(names);
        body["secureJsonData"] = json!({ "password": self.password });
        body
    }

    /// What the plugin wants to know.
    pub fn json_data(&self) -> Value {
        json!({
            "host": self.address.host,
            "port": self.address.port,
            "protocol": self.address.protocol,
            "secure": self.address.secure,
            "username": self.user,
            "defaultDatabase": self.database,
            "dialTimeout": "10",
            "queryTimeout": self.query_seconds.to_string(),
            OWNER: self.owner,
        })
    }

    /// Whose data source this is that Grafana has, if it says so.
    pub fn owner_of(found: &Value) -> Option<&str> {
        found["jsonData"][OWNER].as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_from_auroras_own() {
        let address = |url| Address::of_url(url).map(|it| (it.host, it.port, it.secure));
        assert_eq!(
            address("https://clickhouse.internal"),
            Some(("clickhouse.internal".to_owned(), 8443, true))
        );
        assert_eq!(
            address("http://[::1]:18123/"),
            Some(("[::1]".to_owned(), 18123, false))
        );
        assert_eq!(address("tcp://clickhouse:9000"), None);
        assert_eq!(address("clickhouse"), None);
    }

    #[test]
    fn the_password_is_where_grafana_hides_it_and_nowhere_else() {
        let login = Login {
            url: "http://127.0.0.1:8123".to_owned(),
            user: "aurora_grafana".to_owned(),
            password: "hunter2".to_owned(),
        };
        let source = DataSource::like(&login, "events", "prod").unwrap();
        let names = Names::default();
        assert!(!source.body(&names).to_string().contains("hunter2"));
        assert!(!format!("{source:?}").contains("hunter2"));
        let whole = source.body_with_password(&names);
        assert_eq!(whole["secureJsonData"]["password"], "hunter2");
        assert_eq!(whole.to_string().matches("hunter2").count(), 1);
        assert_eq!(DataSource::owner_of(&whole), Some("prod"));
        assert_eq!(whole["jsonData"]["port"], 8123);
    }
}
