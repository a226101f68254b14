//! Whether there is a Grafana, and whether it is well.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use reqwest::{Client, Url, redirect};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use utoipa::ToSchema;

use crate::node::NodeState;

/// How long it may take to say how it is.
const LIMIT: Duration = Duration::from_secs(3);
/// How long what it said is good for.
const AGE: Duration = Duration::from_secs(10);
/// Most bytes of its answer.
const MAX_BYTES: usize = 16 << 10;

/// How Grafana is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct GrafanaView {
    /// `none` when the node's configuration names none; `ready`, or `unreachable` from this node.
    pub state: String,
    /// Where it is.
    pub url: Option<String>,
    /// Its version, when it is ready.
    pub version: Option<String>,
    /// Why it cannot be reached.
    pub reason: Option<String>,
}

/// A Grafana, asked now and then how it is.
#[derive(Debug)]
pub(crate) struct Grafana {
    url: Option<Url>,
    http: Client,
    /// Held while asking, so that many ask once.
    said: Mutex<Option<(Instant, GrafanaView)>>,
}

/// What Grafana says of its health, as far as it matters here.
#[derive(Deserialize)]
struct Health {
    version: Option<String>,
}

impl Grafana {
    /// The one at `url`, if there is one.
    pub(crate) fn new(url: Option<Url>) -> Result<Self, reqwest::Error> {
        // Who configured the address means it, and not where it might send us.
        let http = Client::builder()
            .timeout(LIMIT)
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self {
            url,
            http,
            said: Mutex::default(),
        })
    }

    /// How it is, or was a moment ago.
    async fn state(&self) -> GrafanaView {
        let Some(url) = &self.url else {
            return GrafanaView {
                state: "none".to_owned(),
                url: None,
                version: None,
                reason: None,
            };
        };
        let mut said = self.said.lock().await;
        if let Some((at, view)) = &*said
            && at.elapsed() < AGE
        {
            return view.clone();
        }
        let (state, version, reason) = match self.ask(url).await {
            Ok(version) => ("ready", version, None),
            Err(reason) => ("unreachable", None, Some(reason)),
        };
        let view = GrafanaView {
            state: state.to_owned(),
            url: Some(url.to_string()),
            version,
            reason,
        };
        *said = Some((Instant::now(), view.clone()));
        view
    }

    /// Its version; or why it cannot be used.
    async fn ask(&self, url: &Url) -> Result<Option<String>, String> {
        let health = format!("{}/api/health", url.as_str().trim_end_matches('/'));
        let response = self.http.get(health).send().await;
        let mut response = response.map_err(|error| match error.is_timeout() {
            true => format!("It did not answer within {} seconds.", LIMIT.as_secs()),
            false => "No connection to it comes about.".to_owned(),
        })?;
        if !response.status().is_success() {
            return Err(format!("It answered {}.", response.status()));
        }
        let no_grafana = || "What answers there is no Grafana.".to_owned();
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|_| no_grafana())? {
            body.extend_from_slice(&piece);
            if body.len() > MAX_BYTES {
                return Err(no_grafana());
            }
        }
        let health: Health = serde_json::from_slice(&body).map_err(|_| no_grafana())?;
        Ok(health.version)
    }
}

/// Tells whether there is a Grafana and whether it answers.
#[utoipa::path(
    get,
    path = "/api/v1/grafana",
    tag = "health",
    responses((status = 200, description = "Done", body = GrafanaView))
)]
pub(super) async fn show(State(state): State<Arc<NodeState>>) -> Json<GrafanaView> {
    Json(state.grafana.state().await)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;

    use super::*;

    /// Something that answers `body` where Grafana says how it is.
    async fn said_by(body: &'static str) -> GrafanaView {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/sub/", listener.local_addr().unwrap());
        let app = Router::new().route("/sub/api/health", get(move || async move { body }));
        let server = tokio::spawn(async move { axum::serve(listener, app).await });
        let view = Grafana::new(Some(url.parse().unwrap())).unwrap().state().await;
        server.abort();
        view
    }

    #[tokio::test]
    async fn it_is_there_or_not_and_says_why() {
        // Fails only when one is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let ready = said_by(r#"{"commit":"x","database":"ok","version":"11.6.0"}"#).await;
        assert_eq!(
            (ready.state.as_str(), ready.version.as_deref()),
            ("ready", Some("11.6.0"))
        );
        let other = said_by("<html>").await;
        assert_eq!(
            (other.state.as_str(), other.reason.as_deref()),
            ("unreachable", Some("What answers there is no Grafana."))
        );
        let nobody = Grafana::new(Some("http://127.0.0.1:1".parse().unwrap())).unwrap();
        assert_eq!(nobody.state().await.state, "unreachable");
        let none = Grafana::new(None).unwrap();
        assert_eq!(none.state().await.state, "none");
    }
}
