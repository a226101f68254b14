//! Talking to a node.

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::http::problem::Problem;

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
}

/// A node's API.
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl Client {
    pub(super) fn new(address: &NodeAddress) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .build()
            .context("the HTTP client cannot start")?;
        Ok(Self {
            http,
            base: address.node.trim_end_matches('/').to_owned(),
            token: address.token.clone(),
        })
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.send(self.http.get(format!("{}{path}", self.base))).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        self.send(self.http.post(format!("{}{path}", self.base)).json(body))
            .await
    }

    /// Asks for something to be done, of which nothing comes back.
    pub(super) async fn post_empty(&self, path: &str) -> anyhow::Result<()> {
        self.answer(self.http.post(format!("{}{path}", self.base)))
            .await
            .map(drop)
    }

    /// Asks for something to be removed.
    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.answer(self.http.delete(format!("{}{path}", self.base)))
            .await
            .map(drop)
    }

    async fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> anyhow::Result<T> {
        let body = self.answer(request).await?;
        serde_json::from_slice(&body).with_context(|| {
            format!(
                "{} answered something else; is it an Aurora node of this version?",
                self.base
            )
        })
    }

    /// The body of a good answer.
    async fn answer(
        &self,
        request: reqwest::RequestBuilder,
    ) -> anyhow::Result<impl std::ops::Deref<Target = [u8]> + use<>> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let response = request.send().await.with_context(|| {
            format!(
                "no node answers at {}; start one with `aurora up`, or name another with --node",
                self.base
            )
        })?;
        let status = response.status();
        let body = response.bytes().await.context("the node's answer broke off")?;
        if !status.is_success() {
            match serde_json::from_slice::<Problem>(&body) {
                Ok(problem) => bail!(
                    "{}: {} {}",
                    problem.title,
                    problem.detail.trim_end(),
                    problem.hint
                ),
                Err(_) => bail!("{} answered {status}; is it an Aurora node?", self.base),
            }
        }
        Ok(body)
    }
}
