//! Talking to a node.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use reqwest::header::{self, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::events::Events;
use super::output;
use crate::http::problem::Problem;

/// How long a node may take to end a query that nobody waits for any more.
const CANCEL_TIME: Duration = Duration::from_secs(5);

/// Which node to ask.
#[derive(Debug, Clone, Args)]
pub(super) struct NodeAddress {
    /// The node to ask; any of the cluster will do
    #[arg(
        long,
        value_name = "URL",
        env = "AURORA_NODE",
        default_value = "http://127.0.0.1:8080"
    )]
    node: String,
    /// The node's token, if it needs one
    #[arg(long, env = "AURORA_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The only certificates (PEM) that the node's may be, or may be signed by, such as one that a deployment has signed itself
    #[arg(long, value_name = "FILE", env = "AURORA_NODE_CA")]
    node_ca: Option<PathBuf>,
}

/// Which node to ask, and how to show what it answers.
#[derive(Debug, Clone, Args)]
pub(super) struct ListArgs {
    /// JSON instead of a table; the same when the output is no terminal
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    address: NodeAddress,
}

/// A node's API.
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// What the node would not do, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}: {} {}", .0.title, .0.detail.trim_end(), .0.hint)]
pub(super) struct Refused(pub(super) Problem);

impl Refused {
    /// Whether the node would not do it for that reason.
    pub(super) fn is(error: &anyhow::Error, status: StatusCode) -> bool {
        let refused = error.downcast_ref::<Self>();
        refused.is_some_and(|Self(problem)| problem.status == status.as_u16())
    }
}

/// What somebody has seen of a document that they want to write.
#[derive(Debug, Clone)]
pub(super) enum Seen {
    /// That there is none.
    Nothing,
    /// The version with this tag.
    Version(HeaderValue),
}

impl ListArgs {
    /// The node to ask.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        Client::new(&self.address)
    }

    /// Whether programs read it.
    pub(super) fn is_json(&self) -> bool {
        self.json || !output::is_terminal()
    }
}

impl Client {
    pub(super) fn new(address: &NodeAddress) -> anyhow::Result<Self> {
        let builder = reqwest::Client::builder();
        let builder = match &address.node_ca {
            Some(file) => builder.tls_certs_only(certificates(file)?),
            None => builder,
        };
        let http = builder.build().context("the HTTP client cannot start")?;
        Ok(Self {
            http,
            base: address.node.trim_end_matches('/').to_owned(),
            token: address.token.clone(),
        })
    }

    /// The node's address.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.read(self.request(Method::GET, path)).await
    }

    /// A document, and what has been seen of it.
    pub(super) async fn get_seen<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<(T, Seen)> {
        let response = self.send(self.request(Method::GET, path)).await?;
        let tag = response.headers().get(header::ETAG).cloned();
        let tag = tag.with_context(|| format!("{} names no version of {path}", self.base))?;
        Ok((self.body(response).await?, Seen::Version(tag)))
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.read(self.request(Method::POST, path).json(body)).await
    }

    /// Writes a document in the place of what has been seen. If somebody else was faster, the node refuses it with 412.
    pub(super) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        seen: &Seen,
    ) -> anyhow::Result<T> {
        let request = self.request(Method::PUT, path).json(body);
        let request = match seen {
            Seen::Nothing => request.header(header::IF_NONE_MATCH, "*"),
            Seen::Version(tag) => request.header(header::IF_MATCH, tag),
        };
        self.read(request).await
    }

    /// Asks for something to be done, of which nothing comes back.
    pub(super) async fn post_empty(&self, path: &str) -> anyhow::Result<()> {
        self.send(self.request(Method::POST, path)).await.map(drop)
    }

    /// Asks for something to be removed.
    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.send(self.request(Method::DELETE, path)).await.map(drop)
    }

    /// What happens on the way to an answer, and the answer, as they come.
    pub(super) async fn events(&self, path: &str, body: &impl Serialize) -> anyhow::Result<Events> {
        let request = self.request(Method::POST, path).json(body);
        let request = request.header(header::ACCEPT, "text/event-stream");
        Ok(Events::new(self.send(request).await?))
    }

    /// An answer whose body comes piece by piece.
    pub(super) async fn transfer(&self, path: &str, body: &impl Serialize) -> anyhow::Result<Response> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Ends a query. Its connection is closed already, which is enough unless something between here and the node keeps
    /// its own open; so it does not matter whether this succeeds.
    pub(super) async fn cancel(&self, query_id: &str) {
        let path = format!("/api/v1/queries/{}", in_path(query_id));
        let _ = tokio::time::timeout(CANCEL_TIME, self.delete(&path)).await;
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn read<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        let response = self.send(request).await?;
        self.body(response).await
    }

    async fn body<T: DeserializeOwned>(&self, response: Response) -> anyhow::Result<T> {
        let body = response.bytes().await.context("the node's answer broke off")?;
        serde_json::from_slice(&body).with_context(|| {
            format!(
                "{} answered something else; is it an Aurora node of this version?",
                self.base
            )
        })
    }

    /// A good answer, of which the head is here.
    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                let what = match is_distrusted(&error) {
                    true => {
                        "shows a certificate that is not trusted here; if it is the deployment's own, name it with --node-ca"
                    }
                    false => "does not answer; start a node with `aurora up`, or name another with --node",
                };
                return Err(error).with_context(|| format!("{} {what}", self.base));
            }
        };
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.bytes().await.context("the node's answer broke off")?;
        match serde_json::from_slice(&body) {
            Ok(problem) => Err(Refused(problem).into()),
            Err(_) => anyhow::bail!("{} answered {status}; is it an Aurora node?", self.base),
        }
    }
}

fn certificates(file: &Path) -> anyhow::Result<Vec<reqwest::Certificate>> {
    let pem = std::fs::read(file)
        .with_context(|| format!("the certificates in {} cannot be read", file.display()))?;
    let found = reqwest::Certificate::from_pem_bundle(&pem).ok();
    found
        .filter(|found| !found.is_empty())
        .with_context(|| format!("there is no certificate in {}: it takes PEM", file.display()))
}

/// Whether a connection failed because of who showed what certificate.
fn is_distrusted(error: &reqwest::Error) -> bool {
    let mut causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.any(|cause| cause.to_string().contains("invalid peer certificate"))
}

/// A text as one part of a path.
pub(super) fn in_path(text: &str) -> String {
    let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    // In a path a plus is a plus; one that was in the text is %2B already.
    encoded.replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_can_stand_in_a_path() {
        assert_eq!(in_path("orders by state"), "orders%20by%20state");
        assert_eq!(in_path("100 % + ü/?#"), "100%20%25%20%2B%20%C3%BC%2F%3F%23");
    }

    #[test]
    fn a_refusal_is_known_by_its_status_and_says_why() {
        let problem = Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "changed",
            "No",
            "Why.\n",
            "Do that.",
        );
        let error = anyhow::Error::from(Refused(problem)).context("while saving");
        assert!(Refused::is(&error, StatusCode::PRECONDITION_FAILED));
        assert!(!Refused::is(&error, StatusCode::NOT_FOUND));
        assert_eq!(format!("{error:#}"), "while saving: No: Why. Do that.");
        assert!(!Refused::is(
            &anyhow::anyhow!("else"),
            StatusCode::PRECONDITION_FAILED
        ));
    }
}
