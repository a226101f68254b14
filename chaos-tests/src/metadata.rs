//! The metadata service of an instance of EC2 (IMDSv2), as far as a node asks it: who the machine is, the credentials of
//! its role, and what is about to happen to it.
//!
//! As on instances that require the second version, whoever brings no token of it is turned away.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, put};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::moto::{AccessKey, REGION};

const TOKEN: &str = "a-token-of-imdsv2";
/// The role of the instance.
const ROLE: &str = "aurora-node";

/// A running service of one instance. Dropping it ends it.
#[derive(Debug)]
pub struct Metadata {
    endpoint: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    /// What stands below `/latest/meta-data/`.
    data: Mutex<BTreeMap<String, String>>,
    /// Requests that bore no token.
    without_token: Mutex<usize>,
}

impl Shared {
    fn data(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Metadata {
    /// Starts the service of `instance`, which has the address `private_ip` and a role whose credentials are `key`.
    pub async fn start(instance: &str, private_ip: &str, key: &AccessKey) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let credentials = json!({
            "Code": "Success",
            "Type": "AWS-HMAC",
            "AccessKeyId": key.id,
            "SecretAccessKey": key.secret,
            "Token": "a-session",
            "LastUpdated": "2026-01-01T00:00:00Z",
            "Expiration": "2099-01-01T00:00:00Z",
        });
        let role = format!("iam/security-credentials/{ROLE}");
        let zone = format!("{REGION}a");
        let data = [
            ("instance-id", instance),
            ("local-ipv4", private_ip),
            ("instance-type", "m7g.large"),
            ("placement/region", REGION),
            ("placement/availability-zone", &zone),
            ("iam/security-credentials/", ROLE),
            (&role, &credentials.to_string()),
        ];
        shared
            .data()
            .extend(data.map(|(path, text)| (path.to_owned(), text.to_owned())));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr().context("it is bound")?);
        let app = Router::new()
            .route("/latest/api/token", put(token))
            .route("/latest/meta-data/{*path}", get(answer))
            .with_state(shared.clone());
        let serving = tokio::spawn(async move {
            // Ends with the test.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self {
            endpoint,
            shared,
            serving,
        })
    }

    /// What nodes have to have in their environment to take this for the service of their machine.
    pub fn variables(&self) -> Vec<(String, String)> {
        let endpoint = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", self.endpoint.as_str());
        // Nothing else on the machine of the test says who it is.
        let nowhere = "/there/is/none";
        [
            endpoint,
            ("AWS_CONFIG_FILE", nowhere),
            ("AWS_SHARED_CREDENTIALS_FILE", nowhere),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// From now on the group wants the machine in this state, such as `Terminated`.
    pub fn set_target_state(&self, state: &str) {
        self.set("autoscaling/target-lifecycle-state", state);
    }

    /// EC2 takes the spot instance back.
    pub fn interrupt(&self) {
        let notice = json!({ "action": "terminate", "time": "2026-11-27T10:02:00Z" });
        self.set("spot/instance-action", &notice.to_string());
    }

    /// EC2 says that the instance is more likely than others to be taken back.
    pub fn recommend_rebalance(&self) {
        let notice = json!({ "noticeTime": "2026-11-27T10:00:00Z" });
        self.set("events/recommendations/rebalance", &notice.to_string());
    }

    fn set(&self, path: &str, text: &str) {
        self.shared.data().insert(path.to_owned(), text.to_owned());
    }

    /// How many requests bore no token.
    pub fn without_token(&self) -> usize {
        *self
            .shared
            .without_token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Metadata {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn token(headers: HeaderMap) -> Result<([(&'static str, String); 1], &'static str), StatusCode> {
    let ttl = headers.get("x-aws-ec2-metadata-token-ttl-seconds");
    let ttl = ttl.and_then(|ttl| ttl.to_str().ok()?.parse::<u32>().ok());
    let ttl = ttl
        .filter(|ttl| (1..=21_600).contains(ttl))
        .ok_or(StatusCode::BAD_REQUEST)?;
    Ok(([("x-aws-ec2-metadata-token-ttl-seconds", ttl.to_string())], TOKEN))
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<String, StatusCode> {
    if headers
        .get("x-aws-ec2-metadata-token")
        .is_none_or(|token| token != TOKEN)
    {
        *shared
            .without_token
            .lock()
            .unwrap_or_else(PoisonError::into_inner) += 1;
        return Err(StatusCode::UNAUTHORIZED);
    }
    shared.data().get(&path).cloned().ok_or(StatusCode::NOT_FOUND)
}
