//! Whether there is a Grafana, whether it is well, and what Aurora keeps in it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aurora_actors::ingest::status::State as StreamState;
use aurora_cluster::{NodeId, StreamId};
use axum::Json;
use axum::extract::State;
use reqwest::{Client, Url, redirect};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use utoipa::ToSchema;

use crate::grafana::keeper::{Standing, leader};
use crate::grafana::names::Names;
use crate::node::NodeState;

/// How long it may take to say how it is.
const LIMIT: Duration = Duration::from_secs(3);
/// How long what it said is good for.
const AGE: Duration = Duration::from_secs(10);
/// Most bytes of its answer.
const MAX_BYTES: usize = 16 << 10;

/// How Grafana is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GrafanaView {
    /// `none` when the node's configuration names none; `ready`, or `unreachable` from this node.
    pub state: String,
    /// Where it is.
    pub url: Option<String>,
    /// Its version, when it is ready.
    pub version: Option<String>,
    /// Why it cannot be reached.
    pub reason: Option<String>,
    /// What Aurora keeps in it; nothing when no node has a login for it.
    pub managed: Option<ManagedView>,
}

/// What Aurora keeps in a Grafana.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ManagedView {
    /// The node that does.
    pub keeper: String,
    /// When everything was last found or made right.
    pub synced_at: Option<jiff::Timestamp>,
    /// Why the last round came to nothing, or to less than all.
    pub error: Option<String>,
    /// What somebody should know all the same.
    pub notes: Vec<String>,
    /// The folder of dashboards and alert rules.
    pub folder: Option<String>,
    /// The dashboard for operations.
    pub operations: Option<String>,
    /// The dashboards of the streams.
    pub streams: Vec<StreamDashboard>,
}

/// The dashboard of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamDashboard {
    /// `connection:topic`.
    pub stream: String,
    /// Where it is.
    pub url: String,
}

/// A Grafana, asked now and then how it is.
#[derive(Debug)]
pub(crate) struct Grafana {
    /// Where browsers reach it.
    url: Option<Url>,
    /// Where this node does.
    asked: Option<Url>,
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
    /// The one at `url`, if there is one; this node reaches it at `internal`, if that is another address.
    pub(crate) fn new(url: Option<Url>, internal: Option<Url>) -> Result<Self, reqwest::Error> {
        // Who configured the address means it, and not where it might send us.
        let http = Client::builder()
            .timeout(LIMIT)
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self {
            asked: internal.or_else(|| url.clone()),
            url,
            http,
            said: Mutex::default(),
        })
    }

    /// How it is, or was a moment ago.
    async fn state(&self) -> GrafanaView {
        let shown = self.url.as_ref().map(Url::to_string);
        let Some(asked) = &self.asked else {
            return GrafanaView {
                state: "none".to_owned(),
                url: shown,
                version: None,
                reason: None,
                managed: None,
            };
        };
        let mut said = self.said.lock().await;
        if let Some((at, view)) = &*said
            && at.elapsed() < AGE
        {
            return view.clone();
        }
        let (state, version, reason) = match self.ask(asked).await {
            Ok(version) => ("ready", version, None),
            Err(reason) => ("unreachable", None, Some(reason)),
        };
        let view = GrafanaView {
            state: state.to_owned(),
            url: shown,
            version,
            reason,
            managed: None,
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

/// What the nodes keep in the Grafana that browsers reach at `url`, if one of them does.
fn managed<'a>(
    url: Option<&str>,
    ready: impl IntoIterator<Item = &'a NodeId>,
    standings: &BTreeMap<NodeId, Standing>,
    streams: impl IntoIterator<Item = StreamId>,
) -> Option<ManagedView> {
    let keeper = leader(ready, standings)?;
    let standing = standings.get(keeper)?;
    let names = Names::new(&standing.prefix).ok()?;
    let base = url.map(|url| url.trim_end_matches('/'));
    let dashboard = |uid: String| base.map(|base| format!("{base}/d/{uid}"));
    Some(ManagedView {
        keeper: keeper.to_string(),
        synced_at: standing.synced_at,
        error: standing.error.clone(),
        notes: standing.notes.clone(),
        folder: base.map(|base| format!("{base}/dashboards/f/{}", names.folder())),
        operations: dashboard(names.operations()),
        streams: streams
            .into_iter()
            .filter_map(|id| {
                Some(StreamDashboard {
                    url: dashboard(names.stream(&id))?,
                    stream: id.to_string(),
                })
            })
            .collect(),
    })
}

/// Tells whether there is a Grafana, whether it answers, and what Aurora keeps in it.
#[utoipa::path(
    get,
    path = "/api/v1/grafana",
    tag = "health",
    responses((status = 200, description = "Done", body = GrafanaView))
)]
pub(super) async fn show(State(state): State<Arc<NodeState>>) -> Json<GrafanaView> {
    let mut view = state.grafana.state().await;
    let standings = state.cluster.grafana_standings().await;
    if !standings.is_empty() {
        let streams = state.cluster.streams().await;
        let with_table = streams.into_iter().filter(|(_, stream)| {
            // Nobody has in mind where a paused one wrote.
            stream.snapshot.table.is_some() || stream.snapshot.state == StreamState::Paused
        });
        let nodes = state.cluster.view();
        let ready = nodes.ready().map(|member| &member.id);
        let ids = with_table.map(|(id, _)| id);
        view.managed = managed(view.url.as_deref(), ready, &standings, ids);
    }
    Json(view)
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
        let shown: Url = "https://grafana.example/".parse().unwrap();
        let grafana = Grafana::new(Some(shown.clone()), Some(url.parse().unwrap())).unwrap();
        let view = grafana.state().await;
        assert_eq!(view.url.as_deref(), Some(shown.as_str()));
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
        let nobody = Grafana::new(Some("http://127.0.0.1:1".parse().unwrap()), None).unwrap();
        assert_eq!(nobody.state().await.state, "unreachable");
        let none = Grafana::new(None, None).unwrap();
        assert_eq!(none.state().await.state, "none");
    }

    #[test]
    fn whoever_is_asked_knows_the_ways_to_what_is_kept() {
        let node: NodeId = "node-1".parse().unwrap();
        let standing = Standing {
            prefix: "team".to_owned(),
            error: Some("why".to_owned()),
            ..Standing::default()
        };
        let standings = BTreeMap::from([(node.clone(), standing)]);
        let id: StreamId = "a:x".parse().unwrap();
        let view = managed(Some("https://g/sub/"), [&node], &standings, [id.clone()]).unwrap();
        assert_eq!(
            view.operations.as_deref(),
            Some("https://g/sub/d/team-operations")
        );
        let uid = Names::new("team").unwrap().stream(&id);
        assert_eq!(view.streams[0].url, format!("https://g/sub/d/{uid}"));
        assert_eq!(
            (view.keeper.as_str(), view.error.as_deref()),
            ("node-1", Some("why"))
        );
        assert_eq!(managed(None, [&node], &BTreeMap::new(), []), None);
    }
}
