//! Grafana's HTTP API, as far as Aurora needs it.
//!
//! Each call is tried again with growing, jittered pauses while trying again may help: no connection, too many requests, an
//! answer of a server that is starting. All calls can be repeated: they name what they are about by a uid, and what changes a
//! dashboard names the version that it was made from.

mod error;

use std::time::Duration;

use rand::RngExt as _;
use reqwest::header::RETRY_AFTER;
use reqwest::{Method, RequestBuilder, StatusCode, Url, redirect};
use serde_json::{Value, json};

pub use error::GrafanaError;

/// How long a call may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How often it is tried, and how long the pauses are.
const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Most bytes of an answer: a dashboard has some ten thousand, a page of search results a few hundred thousand.
const MAX_BYTES: usize = 4 << 20;
const CONTACT_POINTS: &str = "/api/v1/provisioning/contact-points";
/// Results of a page of search, and most pages that are asked for.
const PAGE: usize = 500;
const MAX_PAGES: usize = 20;

/// How Aurora logs in.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A user, who has to be an admin of the organisation.
    User {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// The token of a service account with the role Admin.
    Token(String),
}

impl Credentials {
    /// The same with another password or token.
    pub fn with_secret(&self, secret: String) -> Self {
        match self {
            Self::User { user, .. } => Self::User {
                user: user.clone(),
                password: secret,
            },
            Self::Token(_) => Self::Token(secret),
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User { user, .. } => f.debug_struct("User").field("user", user).finish_non_exhaustive(),
            Self::Token(_) => f.write_str("Token(…)"),
        }
    }
}

/// Talks to one Grafana. It holds a login and never shows it.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    credentials: Credentials,
}

/// A dashboard as Grafana has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// All of it.
    pub dashboard: Value,
    /// The folder that it is in; empty for none.
    pub folder_uid: String,
    /// Whether files made it, so that the API cannot change it.
    pub is_from_files: bool,
}

/// A dashboard as search finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Its uid.
    pub uid: String,
    /// Its tags.
    pub tags: Vec<String>,
}

impl Client {
    /// A client for the Grafana at `url`.
    pub fn new(url: &Url, credentials: Credentials) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(LIMIT)
            // A login is not sent to where an answer says.
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self {
            http,
            base: url.as_str().trim_end_matches('/').to_owned(),
            credentials,
        })
    }

    /// Whether the plugin is there; `None` when this login may not know.
    pub async fn has_plugin(&self, plugin: &str) -> Result<Option<bool>, GrafanaError> {
        match self.get(&format!("/api/plugins/{plugin}/settings")).await {
            Ok(found) => Ok(Some(found.is_some())),
            Err(GrafanaError::Forbidden(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The folder with this uid.
    pub async fn folder(&self, uid: &str) -> Result<Option<Value>, GrafanaError> {
        self.get(&format!("/api/folders/{uid}")).await
    }

    /// Makes a folder.
    pub async fn add_folder(&self, uid: &str, title: &str) -> Result<(), GrafanaError> {
        let body = json!({ "uid": uid, "title": title });
        self.send(Method::POST, "/api/folders", &body).await.map(drop)
    }

    /// The data source with this uid.
    pub async fn datasource(&self, uid: &str) -> Result<Option<Value>, GrafanaError> {
        self.get(&format!("/api/datasources/uid/{uid}")).await
    }

    /// Makes a data source.
    pub async fn add_datasource(&self, body: &Value) -> Result<(), GrafanaError> {
        self.send(Method::POST, "/api/datasources", body).await.map(drop)
    }

    /// Changes a data source.
    pub async fn change_datasource(&self, uid: &str, body: &Value) -> Result<(), GrafanaError> {
        let path = format!("/api/datasources/uid/{uid}");
        self.send(Method::PUT, &path, body).await.map(drop)
    }

    /// The dashboard with this uid.
    pub async fn dashboard(&self, uid: &str) -> Result<Option<Found>, GrafanaError> {
        let path = format!("/api/dashboards/uid/{uid}");
        let Some(mut found) = self.get(&path).await? else {
            return Ok(None);
        };
        let meta = &found["meta"];
        let folder_uid = meta["folderUid"].as_str().unwrap_or_default().to_owned();
        let is_from_files = meta["provisioned"].as_bool().unwrap_or_default();
        let dashboard = found["dashboard"].take();
        if !dashboard.is_object() {
            return Err(GrafanaError::NotGrafana);
        }
        Ok(Some(Found {
            dashboard,
            folder_uid,
            is_from_files,
        }))
    }

    /// Makes or changes a dashboard. It names the version that it is made from, if it is there, and is never forced: over
    /// what somebody has saved meanwhile, or over another one with the same title.
    pub async fn save_dashboard(&self, dashboard: &Value, folder_uid: &str) -> Result<(), GrafanaError> {
        let body = json!({
            "dashboard": dashboard,
            "folderUid": folder_uid,
            "message": "Aurora keeps this in step with its streams",
            "overwrite": false,
        });
        self.send(Method::POST, "/api/dashboards/db", &body)
            .await
            .map(drop)
    }

    /// Removes a dashboard, if it is there.
    pub async fn remove_dashboard(&self, uid: &str) -> Result<(), GrafanaError> {
        self.delete(&format!("/api/dashboards/uid/{uid}")).await
    }

    /// All dashboards with a tag.
    pub async fn tagged(&self, tag: &str) -> Result<Vec<Hit>, GrafanaError> {
        let mut hits = Vec::new();
        for page in 1..=MAX_PAGES {
            let query = [
                ("type", "dash-db".to_owned()),
                ("tag", tag.to_owned()),
                ("limit", PAGE.to_string()),
                ("page", page.to_string()),
            ];
            let request = |client: &Self| client.request(Method::GET, "/api/search").query(&query);
            let answer = self.call(request).await?;
            let found = answer.as_array().ok_or(GrafanaError::NotGrafana)?;
            hits.extend(found.iter().filter_map(hit));
            if found.len() < PAGE {
                break;
            }
        }
        Ok(hits)
    }

    /// A group of alert rules.
    pub async fn rule_group(&self, folder_uid: &str, group: &str) -> Result<Option<Value>, GrafanaError> {
        self.get(&rule_group_path(folder_uid, group)).await
    }

    /// Makes a group of alert rules what it is to be.
    pub async fn put_rule_group(
        &self,
        folder_uid: &str,
        group: &str,
        body: &Value,
    ) -> Result<(), GrafanaError> {
        let path = rule_group_path(folder_uid, group);
        self.send(Method::PUT, &path, body).await.map(drop)
    }

    /// All contact points of the organisation.
    pub async fn contact_points(&self) -> Result<Vec<Value>, GrafanaError> {
        let answer = self
            .call(|client| client.request(Method::GET, CONTACT_POINTS))
            .await?;
        match answer {
            Value::Array(points) => Ok(points),
            _ => Err(GrafanaError::NotGrafana),
        }
    }

    /// Makes a contact point.
    pub async fn add_contact_point(&self, body: &Value) -> Result<(), GrafanaError> {
        self.send(Method::POST, CONTACT_POINTS, body).await.map(drop)
    }

    /// Changes a contact point.
    pub async fn change_contact_point(&self, uid: &str, body: &Value) -> Result<(), GrafanaError> {
        let path = format!("{CONTACT_POINTS}/{uid}");
        self.send(Method::PUT, &path, body).await.map(drop)
    }

    /// Removes a contact point that no rule names.
    pub async fn remove_contact_point(&self, uid: &str) -> Result<(), GrafanaError> {
        self.delete(&format!("{CONTACT_POINTS}/{uid}")).await
    }

    async fn get(&self, path: &str) -> Result<Option<Value>, GrafanaError> {
        match self.call(|client| client.request(Method::GET, path)).await {
            Ok(found) => Ok(Some(found)),
            Err(GrafanaError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes what may be gone already.
    async fn delete(&self, path: &str) -> Result<(), GrafanaError> {
        match self.call(|client| client.request(Method::DELETE, path)).await {
            Err(GrafanaError::NotFound(_)) => Ok(()),
            other => other.map(drop),
        }
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, GrafanaError> {
        self.call(|client| client.request(method.clone(), path).json(body))
            .await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.credentials {
            Credentials::User { user, password } => request.basic_auth(user, Some(password)),
            Credentials::Token(token) => request.bearer_auth(token),
        }
    }

    async fn call(&self, request: impl Fn(&Self) -> RequestBuilder) -> Result<Value, GrafanaError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..TRIES {
            let (error, asked) = match Self::try_once(request(self)).await {
                Err((error, asked)) if error.may_pass() => (error, asked),
                other => return other.map_err(|(error, _)| error),
            };
            tracing::debug!(%error, retry_in = ?pause, "grafana is asked again");
            // Whoever asks together with us is not to do so again at the same moment.
            let jittered = pause.mul_f64(rand::rng().random_range(0.5..1.5));
            tokio::time::sleep(jittered.max(asked.unwrap_or_default()).min(LONGEST_PAUSE)).await;
            pause = (pause * 3).min(LONGEST_PAUSE);
        }
        Self::try_once(request(self)).await.map_err(|(error, _)| error)
    }

    /// The answer; or why there is none, and how long Grafana wants us to wait.
    async fn try_once(request: RequestBuilder) -> Result<Value, (GrafanaError, Option<Duration>)> {
        let sent = request.send().await;
        let mut response = sent.map_err(|error| (GrafanaError::no_answer(&error, LIMIT), None))?;
        let status = response.status();
        let seconds = response.headers().get(RETRY_AFTER);
        let asked = seconds.and_then(|text| Some(Duration::from_secs(text.to_str().ok()?.parse().ok()?)));
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(piece)) if body.len() + piece.len() <= MAX_BYTES => body.extend_from_slice(&piece),
                Ok(None) => break,
                Ok(Some(_)) => return Err((GrafanaError::NotGrafana, None)),
                Err(error) => return Err((GrafanaError::no_answer(&error, LIMIT), None)),
            }
        }
        let body = serde_json::from_slice::<Value>(&body).ok();
        if status.is_success() {
            // Some calls answer with nothing.
            let is_empty = status == StatusCode::NO_CONTENT;
            return match body {
                Some(body) => Ok(body),
                None if is_empty => Ok(Value::Null),
                None => Err((GrafanaError::NotGrafana, None)),
            };
        }
        Err((GrafanaError::refused(status, body.as_ref()), asked))
    }
}

fn hit(found: &Value) -> Option<Hit> {
    let tags = found["tags"].as_array().into_iter().flatten();
    Some(Hit {
        uid: found["uid"].as_str()?.to_owned(),
        tags: tags.filter_map(|tag| Some(tag.as_str()?.to_owned())).collect(),
    })
}

fn rule_group_path(folder_uid: &str, group: &str) -> String {
    let group: String = form_urlencoded::byte_serialize(group.as_bytes()).collect();
    // In a path a plus is a plus.
    let group = group.replace('+', "%20");
    format!("/api/v1/provisioning/folder/{folder_uid}/rule-groups/{group}")
}
