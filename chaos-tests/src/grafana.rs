//! A stand-in for Grafana that behaves as its API is documented, and can be made to misbehave.
//!
//! No Grafana is to be had from the registries that tests reach. What the stand-in does is what the documentation of the HTTP
//! API says: statuses, the fields of answers, versions and names that are taken.

mod alerting;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use aurora_node::grafana::client::{Client, Credentials};
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::sandbox::eventually;
use crate::stack::PATIENCE;

/// The token that it takes at first.
pub const TOKEN: &str = "glsa_secret";

/// What it has, and how it behaves.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// Folders by uid.
    pub folders: BTreeMap<String, Value>,
    /// Data sources by uid.
    pub datasources: BTreeMap<String, Value>,
    /// The dashboard and its folder, by uid.
    pub dashboards: BTreeMap<String, (Value, String)>,
    /// The group by its folder and title.
    pub groups: BTreeMap<(String, String), Value>,
    /// Contact points by uid.
    pub contact_points: BTreeMap<String, Value>,
    /// Dashboards that come from files.
    pub from_files: Vec<String>,
    /// Whether the plugin is there.
    pub has_plugin: bool,
    /// Whether dashboards are brought up to date when they are read.
    pub migrates: bool,
    /// Whether it knows nothing of rules that say where their alerts go, as before version 11.
    pub routes_by_policies_only: bool,
    /// Whether a title can be there only once in a folder, as before version 11.
    pub titles_are_unique: bool,
    /// Somebody saves this dashboard right before the next save.
    pub hurried: Option<String>,
    /// What is answered instead, one for each call.
    pub failures: VecDeque<u16>,
    /// The token that it takes.
    pub token: String,
    /// How many logins it has refused.
    pub refused: u32,
    /// What has been asked: method and path. Looks are left out.
    pub writes: Vec<String>,
    next_id: u64,
}

/// A Grafana that is none. Dropping the last of its clones ends it.
#[derive(Clone)]
pub struct StandIn {
    kept: Shared,
    address: SocketAddr,
    server: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl StandIn {
    /// One that has nothing but the plugin.
    pub async fn start() -> Result<Self> {
        // Fails only when one is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let stand_in = Self {
            kept: Arc::new(Mutex::new(Kept {
                has_plugin: true,
                token: TOKEN.to_owned(),
                ..Kept::default()
            })),
            address: listener.local_addr()?,
            server: Arc::default(),
        };
        stand_in.serve_on(listener);
        Ok(stand_in)
    }

    /// Where it is: below a path, as behind a proxy.
    pub fn url(&self) -> Result<Url> {
        format!("http://{}/grafana/", self.address)
            .parse()
            .context("its address")
    }

    /// Somebody who may do everything there.
    pub fn client(&self) -> Result<Client> {
        Ok(Client::new(&self.url()?, Credentials::Token(TOKEN.to_owned()))?)
    }

    /// What it has.
    pub fn kept(&self) -> MutexGuard<'_, Kept> {
        lock(&self.kept)
    }

    /// Answers again, after it was stopped.
    pub async fn serve(&self) -> Result<()> {
        // Its port is its own still, but connections of before may linger on it.
        let listener = eventually("its port", PATIENCE, async || {
            TcpListener::bind(self.address).await.map(Some)
        })
        .await?;
        self.serve_on(listener);
        Ok(())
    }

    fn serve_on(&self, listener: TcpListener) {
        let app = app(self.kept.clone());
        let server = tokio::spawn(async move {
            // It ends by being stopped.
            let _ = axum::serve(listener, app).await;
        });
        *lock(&self.server) = Some(server);
    }

    /// Answers no more; connections to it are refused.
    pub async fn stop(&self) {
        let server = lock(&self.server).take();
        if let Some(server) = server {
            server.abort();
            let _ = server.await;
        }
    }

    /// What has been written since it was asked last.
    pub fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.kept().writes)
    }

    /// Somebody makes a dashboard by hand.
    pub fn make_by_hand(&self, uid: &str, title: &str, folder: &str, tags: &[&str]) {
        let mut kept = self.kept();
        kept.next_id += 1;
        let dashboard = json!({ "uid": uid, "title": title, "tags": tags, "id": kept.next_id, "version": 1, "by": "hand" });
        kept.dashboards
            .insert(uid.to_owned(), (dashboard, folder.to_owned()));
    }

    /// The uids of its dashboards.
    pub fn uids(&self) -> Vec<String> {
        self.kept().dashboards.keys().cloned().collect()
    }
}

/// A test that fails while it holds a lock has failed already.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for StandIn {
    fn drop(&mut self) {
        if Arc::strong_count(&self.server) == 1
            && let Some(server) = lock(&self.server).take()
        {
            server.abort();
        }
    }
}

type Shared = Arc<Mutex<Kept>>;

fn app(kept: Shared) -> Router {
    let api = Router::new()
        .route(
            "/api/health",
            get(async || Json(json!({ "database": "ok", "version": "12.4.0" }))),
        )
        .route("/api/plugins/{plugin}/settings", get(plugin))
        .route("/api/folders/{uid}", get(folder))
        .route("/api/folders", axum::routing::post(add_folder))
        .route(
            "/api/datasources/uid/{uid}",
            get(datasource).put(change_datasource),
        )
        .route("/api/datasources", axum::routing::post(add_datasource))
        .route(
            "/api/dashboards/uid/{uid}",
            get(dashboard).delete(remove_dashboard),
        )
        .route("/api/dashboards/db", axum::routing::post(save_dashboard))
        .route("/api/search", get(search))
        .merge(alerting::app())
        .layer(axum::middleware::from_fn_with_state(kept.clone(), gate))
        .with_state(kept);
    Router::new().nest("/grafana", api)
}

/// Who asks, and whether it is to fail.
async fn gate(
    State(kept): State<Shared>,
    headers: HeaderMap,
    method: Method,
    uri: Uri,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    // Whether it is well it tells everybody.
    if uri.path().ends_with("/api/health") {
        return next.run(request).await;
    }
    let login = headers.get("authorization").and_then(|text| text.to_str().ok());
    if login != Some(&format!("Bearer {}", lock(&kept).token)) {
        lock(&kept).refused += 1;
        return no(401, "Unauthorized", "");
    }
    let failure = lock(&kept).failures.pop_front();
    if let Some(status) = failure.filter(|status| *status != 0) {
        return no(status, "on purpose", "");
    }
    if method != Method::GET {
        lock(&kept).writes.push(format!("{method} {}", uri.path()));
    }
    next.run(request).await
}

fn no(code: u16, message: &str, status: &str) -> Response {
    let body = Json(json!({ "message": message, "status": status }));
    (
        StatusCode::from_u16(code).unwrap_or(StatusCode::IM_A_TEAPOT),
        body,
    )
        .into_response()
}

fn found(thing: Option<Value>) -> Response {
    match thing {
        Some(thing) => Json(thing).into_response(),
        None => no(404, "not found", ""),
    }
}

fn parse(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

async fn plugin(State(kept): State<Shared>) -> Response {
    found(lock(&kept).has_plugin.then(|| json!({ "enabled": true })))
}

async fn folder(State(kept): State<Shared>, Path(uid): Path<String>) -> Response {
    found(lock(&kept).folders.get(&uid).cloned())
}

async fn add_folder(State(kept): State<Shared>, body: Bytes) -> Response {
    let (mut kept, body) = (lock(&kept), parse(&body));
    if kept
        .folders
        .values()
        .any(|folder| folder["title"] == body["title"])
    {
        return no(409, "a folder with the same name already exists", "");
    }
    if kept.folders.contains_key(&text(&body["uid"])) {
        return no(
            412,
            "the folder has been changed by someone else",
            "version-mismatch",
        );
    }
    kept.folders.insert(text(&body["uid"]), body.clone());
    Json(body).into_response()
}

async fn datasource(State(kept): State<Shared>, Path(uid): Path<String>) -> Response {
    let mut source = lock(&kept).datasources.get(&uid).cloned();
    // Grafana says only that there is a password.
    if let Some(source) = source.as_mut().and_then(Value::as_object_mut) {
        source.remove("secureJsonData");
        source.insert("secureJsonFields".to_owned(), json!({ "password": true }));
    }
    found(source)
}

async fn add_datasource(State(kept): State<Shared>, body: Bytes) -> Response {
    let (mut kept, body) = (lock(&kept), parse(&body));
    if kept
        .datasources
        .values()
        .any(|source| source["name"] == body["name"])
    {
        return no(409, "data source with the same name already exists", "");
    }
    kept.datasources.insert(text(&body["uid"]), body.clone());
    Json(json!({ "datasource": body })).into_response()
}

async fn change_datasource(State(kept): State<Shared>, Path(uid): Path<String>, body: Bytes) -> Response {
    let mut kept = lock(&kept);
    if kept
        .datasources
        .get(&uid)
        .is_some_and(|source| source["readOnly"] == true)
    {
        return no(403, "cannot change a data source that is read-only", "");
    }
    kept.datasources.insert(uid, parse(&body));
    Json(json!({})).into_response()
}

async fn dashboard(State(kept): State<Shared>, Path(uid): Path<String>) -> Response {
    let kept = lock(&kept);
    let dashboard = kept.dashboards.get(&uid).map(|(dashboard, folder)| {
        let mut dashboard = dashboard.clone();
        if kept.migrates {
            dashboard["schemaVersion"] = json!(99);
            for panel in dashboard["panels"].as_array_mut().into_iter().flatten() {
                panel["interval"] = json!({ "min": panel["interval"] });
            }
        }
        json!({
            "dashboard": dashboard,
            "meta": { "folderUid": folder, "provisioned": kept.from_files.contains(&uid), "version": dashboard["version"] },
        })
    });
    found(dashboard)
}

async fn save_dashboard(State(kept): State<Shared>, body: Bytes) -> Response {
    let mut kept = lock(&kept);
    let body = parse(&body);
    let (mut dashboard, folder) = (body["dashboard"].clone(), text(&body["folderUid"]));
    let uid = text(&dashboard["uid"]);
    if body["overwrite"] != false {
        // The real one would do it, and so could replace somebody else's.
        return no(418, "nothing is to be forced", "");
    }
    if !kept.folders.contains_key(&folder) {
        return no(404, "folder not found", "");
    }
    if kept.from_files.contains(&uid) {
        return no(400, "Cannot save provisioned dashboard", "");
    }
    if kept.hurried.take_if(|hurried| *hurried == uid).is_some()
        && let Some((there, _)) = kept.dashboards.get_mut(&uid)
    {
        there["version"] = json!(there["version"].as_u64().unwrap_or_default() + 1);
        there["title"] = json!("changed in a hurry");
    }
    let has_title = |(other, (there, in_folder)): (&String, &(Value, String))| {
        *other != uid && *in_folder == folder && there["title"] == dashboard["title"]
    };
    if kept.titles_are_unique && kept.dashboards.iter().any(has_title) {
        return no(
            412,
            "A dashboard with the same name in the folder already exists",
            "name-exists",
        );
    }
    let version = match kept.dashboards.get(&uid) {
        Some((there, _)) if there["version"] != dashboard["version"] => {
            return no(
                412,
                "The dashboard has been changed by someone else",
                "version-mismatch",
            );
        }
        Some((there, _)) => there["version"].as_u64().unwrap_or_default() + 1,
        None => 1,
    };
    kept.next_id += 1;
    dashboard["id"] = json!(kept.next_id);
    dashboard["version"] = json!(version);
    kept.dashboards.insert(uid, (dashboard, folder));
    Json(json!({ "status": "success", "version": version })).into_response()
}

async fn remove_dashboard(State(kept): State<Shared>, Path(uid): Path<String>) -> Response {
    found(
        lock(&kept)
            .dashboards
            .remove(&uid)
            .map(|_| json!({ "message": "deleted" })),
    )
}

async fn search(State(kept): State<Shared>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let kept = lock(&kept);
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let (Some(limit), Some(page), Some(wanted)) = (number("limit"), number("page"), query.get("tag")) else {
        return no(400, "limit, page or tag is missing", "");
    };
    let tagged = kept
        .dashboards
        .values()
        .map(|(dashboard, _)| dashboard)
        .filter(|dashboard| {
            let tags = dashboard["tags"].as_array();
            tags.is_some_and(|tags| tags.iter().any(|tag| tag == wanted))
        });
    let hits = tagged.map(|dashboard| json!({ "uid": dashboard["uid"], "tags": dashboard["tags"] }));
    let hits: Vec<Value> = hits.skip((page - 1) * limit).take(limit).collect();
    Json(hits).into_response()
}
