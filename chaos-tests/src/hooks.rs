//! Lifecycle hooks of Auto Scaling, which moto does not honour: who waits at one, and what nodes say about it.
//!
//! It speaks the query protocol, turns away what is not signed, and can fail on purpose. Signatures are only looked at:
//! that they are right is seen in tests against moto, which checks them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::task::JoinHandle;

/// What was called about an instance that waits at a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookCall {
    /// Such as `CompleteLifecycleAction`.
    pub action: String,
    /// The group.
    pub group: String,
    /// The hook.
    pub hook: String,
    /// The instance.
    pub instance: String,
    /// What is to become of it, if that was said.
    pub result: Option<String>,
    /// Whether somebody waited there, so that the call counted.
    pub counted: bool,
}

/// A running stand-in. Dropping it ends it.
#[derive(Debug)]
pub struct Hooks {
    endpoint: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Hooks and instances.
    waiting: BTreeSet<(String, String)>,
    calls: Vec<HookCall>,
    fails: bool,
    failed: usize,
    unsigned: usize,
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hooks {
    /// Starts it.
    pub async fn start() -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr().context("it is bound")?);
        let app = Router::new().route("/", post(answer)).with_state(shared.clone());
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

    /// What nodes have to have in their environment to take this for Auto Scaling.
    pub fn variables(&self) -> Vec<(String, String)> {
        vec![("AWS_ENDPOINT_URL_AUTO_SCALING".to_owned(), self.endpoint.clone())]
    }

    /// An instance comes to a hook and waits.
    pub fn wait_at(&self, hook: &str, instance: &str) {
        let waiting = (hook.to_owned(), instance.to_owned());
        self.shared.inner().waiting.insert(waiting);
    }

    /// Whether an instance waits at a hook.
    pub fn waits_at(&self, hook: &str, instance: &str) -> bool {
        let waiting = (hook.to_owned(), instance.to_owned());
        self.shared.inner().waiting.contains(&waiting)
    }

    /// From now on, or no longer, every call fails on the side of AWS.
    pub fn fail(&self, fails: bool) {
        self.shared.inner().fails = fails;
    }

    /// How many calls have failed so.
    pub fn failed(&self) -> usize {
        self.shared.inner().failed
    }

    /// How many calls bore no signature.
    pub fn unsigned(&self) -> usize {
        self.shared.inner().unsigned
    }

    /// The calls that were answered, in order.
    pub fn calls(&self) -> Vec<HookCall> {
        self.shared.inner().calls.clone()
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

type Answer = (StatusCode, String);

async fn answer(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: String) -> Answer {
    // A form is written as the query of an address is.
    let form: BTreeMap<String, String> = match reqwest::Url::parse(&format!("http://form/?{body}")) {
        Ok(url) => url.query_pairs().into_owned().collect(),
        Err(_) => return refusal(StatusCode::BAD_REQUEST, "MalformedQueryString", "it is no form"),
    };
    let mut inner = shared.inner();
    if !is_signed(&headers) {
        inner.unsigned += 1;
        return refusal(
            StatusCode::FORBIDDEN,
            "MissingAuthenticationToken",
            "it is not signed",
        );
    }
    if inner.fails {
        inner.failed += 1;
        return refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalFailure",
            "a test says so",
        );
    }
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let place = (field("LifecycleHookName"), field("InstanceId"));
    let action = field("Action");
    let counted = match action.as_str() {
        "CompleteLifecycleAction" => inner.waiting.remove(&place),
        "RecordLifecycleActionHeartbeat" => inner.waiting.contains(&place),
        _ => return refusal(StatusCode::BAD_REQUEST, "InvalidAction", "only hooks are here"),
    };
    let (hook, instance) = place;
    let no_action = format!("No active Lifecycle Action found with instance ID {instance}");
    inner.calls.push(HookCall {
        group: field("AutoScalingGroupName"),
        hook,
        instance,
        result: form.get("LifecycleActionResult").cloned(),
        counted,
        action: action.clone(),
    });
    match counted {
        true => {
            let xml = format!("<{action}Response><{action}Result/></{action}Response>");
            (StatusCode::OK, xml)
        }
        false => refusal(StatusCode::BAD_REQUEST, "ValidationError", &no_action),
    }
}

/// Whether a request bears what a signature of version 4 is made of, for this service.
fn is_signed(headers: &HeaderMap) -> bool {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let authorization = text("authorization");
    authorization.starts_with("AWS4-HMAC-SHA256 Credential=")
        && authorization.contains("/autoscaling/aws4_request")
        && authorization.contains("Signature=")
        && !text("x-amz-date").is_empty()
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Answer {
    let xml = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    );
    (status, xml)
}
