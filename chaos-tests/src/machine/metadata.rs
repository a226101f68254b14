//! The instance metadata service as a machine sees it at 169.254.169.254, with user-data as it comes from a launch template.
//!
//! Version 2 only, but for cloud-init: in a container it cannot see that this is AWS, and asks as version 1 is asked.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use serde_json::json;

use crate::moto::{AccessKey, REGION};

/// Who the machine is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The instance's id.
    pub instance: String,
    /// Its private address.
    pub address: std::net::Ipv4Addr,
    /// What its role's credentials are.
    pub key: AccessKey,
    /// What it is told to do when it starts for the first time.
    pub user_data: Vec<u8>,
}

/// The service of one machine. It ends when it is dropped.
#[derive(Debug)]
pub struct Metadata {
    service: Arc<Service>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Service {
    entries: BTreeMap<String, String>,
    user_data: Vec<u8>,
    token: String,
    refused: Mutex<u64>,
}

impl Metadata {
    /// Serves it on `listener`.
    pub fn start(listener: TcpListener, identity: &Identity) -> Result<Self> {
        let service = Arc::new(Service {
            entries: entries(identity),
            user_data: identity.user_data.clone(),
            token: super::root::uuid(),
            refused: Mutex::new(0),
        });
        let router = Router::new()
            .route("/latest/api/token", put(token))
            .route("/{version}/user-data", get(user_data))
            .route("/{version}/meta-data/", get(everything))
            .route("/{version}/meta-data/{*path}", get(entry))
            .route("/{version}/dynamic/instance-identity/document", get(document))
            .with_state(Arc::clone(&service));
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { service, task })
    }

    /// Requests without the token that version 2 wants.
    pub fn refused(&self) -> u64 {
        *self
            .service
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Metadata {
    /// Ends it, and waits until its address is free.
    pub async fn stop(mut self) {
        self.task.abort();
        // It says that it was aborted.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Metadata {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn entries(identity: &Identity) -> BTreeMap<String, String> {
    let role = "aurora-test-role";
    let credentials = json!({
        "Code": "Success",
        "Type": "AWS-HMAC",
        "LastUpdated": "2026-01-01T00:00:00Z",
        "AccessKeyId": identity.key.id,
        "SecretAccessKey": identity.key.secret,
        "Token": "a/session+token==",
        "Expiration": "2099-01-01T00:00:00Z",
    });
    let entries = [
        ("ami-id", "ami-12c6146b".to_owned()),
        ("hostname", format!("{}.internal", identity.instance)),
        ("iam/security-credentials/", role.to_owned()),
        ("instance-id", identity.instance.clone()),
        ("instance-type", "m7g.large".to_owned()),
        ("local-hostname", format!("{}.internal", identity.instance)),
        ("local-ipv4", identity.address.to_string()),
        ("placement/availability-zone", format!("{REGION}a")),
        ("placement/region", REGION.to_owned()),
    ];
    let mut entries: BTreeMap<String, String> = entries
        .map(|(path, value)| (path.to_owned(), value))
        .into_iter()
        .collect();
    // One key a line, as the real service writes it.
    entries.insert(
        format!("iam/security-credentials/{role}"),
        format!("{credentials:#}"),
    );
    entries
}

impl Service {
    fn may(&self, headers: &HeaderMap) -> bool {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let may = header("x-aws-ec2-metadata-token") == Some(&*self.token)
            || header("user-agent").is_some_and(|agent| agent.starts_with("Cloud-Init/"));
        if !may {
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
        may
    }

    /// An entry, or the names in a directory.
    fn answer(&self, headers: &HeaderMap, path: &str) -> Response {
        if !self.may(headers) {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        if let Some(value) = self.entries.get(path) {
            return value.clone().into_response();
        }
        let directory = if path.is_empty() {
            String::new()
        } else {
            format!("{}/", path.trim_end_matches('/'))
        };
        let mut names: Vec<String> = self
            .entries
            .keys()
            .filter_map(|key| key.strip_prefix(&directory))
            .filter(|rest| !rest.is_empty())
            .map(|rest| rest.split_inclusive('/').next().unwrap_or(rest).to_owned())
            .collect();
        names.dedup();
        if names.is_empty() {
            return StatusCode::NOT_FOUND.into_response();
        }
        names.join("\n").into_response()
    }
}

async fn token(State(service): State<Arc<Service>>) -> Response {
    (
        [("x-aws-ec2-metadata-token-ttl-seconds", "21600")],
        service.token.clone(),
    )
        .into_response()
}

async fn user_data(State(service): State<Arc<Service>>, headers: HeaderMap) -> Response {
    if service.may(&headers) {
        service.user_data.clone().into_response()
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

async fn everything(State(service): State<Arc<Service>>, headers: HeaderMap) -> Response {
    service.answer(&headers, "")
}

async fn entry(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    Path((_, path)): Path<(String, String)>,
) -> Response {
    service.answer(&headers, &path)
}

async fn document(State(service): State<Arc<Service>>, headers: HeaderMap) -> Response {
    if !service.may(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let text = |path: &str| service.entries.get(path).cloned().unwrap_or_default();
    axum::Json(json!({
        "accountId": "123456789012",
        "architecture": "x86_64",
        "availabilityZone": text("placement/availability-zone"),
        "imageId": text("ami-id"),
        "instanceId": text("instance-id"),
        "instanceType": text("instance-type"),
        "privateIp": text("local-ipv4"),
        "region": text("placement/region"),
        "version": "2017-09-30",
    }))
    .into_response()
}

/// Where a machine finds it.
pub(super) fn place() -> Result<std::net::SocketAddr> {
    "169.254.169.254:80".parse().context("no address")
}
