//! Who is let in, and what is remembered, on real nodes.

mod attacks;
mod live;
mod memory;
mod roles;

use anyhow::{Context, Result};
use aurora_chaos_tests::api::Api;
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::node::{Node, NodeOptions};
use reqwest::header::{self, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// One for each role, and a second viewer; the other limits are out of the way.
const ACCESS: &str = r#"
    tokens = [
        { name = "vera", role = "viewer", token = "vera-secret" },
        { name = "victor", role = "viewer", token = "victor-secret" },
        { name = "edith", role = "editor", token = "edith-secret" },
        { name = "ada", role = "admin", token = "ada-secret" },
    ]
    requests_per_s = 0
    requests_per_s_per_address = 0
    wrong_tokens_per_minute = 60_000
"#;

/// What a page of the node sends with a cookie.
const REQUEST_HEADER: &str = "x-aurora-request";

fn guarded(clickhouse: &ClickHouse) -> NodeOptions {
    NodeOptions {
        // By which the tests wait for the node; it is the admin `admin`.
        token: Some("node-secret".to_owned()),
        access: ACCESS.to_owned(),
        ..NodeOptions::without_kafka(clickhouse)
    }
}

/// The API as somebody with this token sees it.
fn by(node: &Node, name: &str) -> Api {
    node.api().with_token(&format!("{name}-secret"))
}

/// The API as somebody without a token sees it.
fn nobody(node: &Node) -> Result<Api> {
    Api::new(node.api().base())
}

/// What was answered, with its headers.
struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    /// What kind of problem it is.
    fn problem(&self) -> &str {
        let kind = self.body["type"].as_str().unwrap_or_default();
        kind.strip_prefix("urn:aurora:problem:").unwrap_or_default()
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, self.body)
    }
}

async fn send(request: RequestBuilder) -> Result<Reply> {
    let response = request.send().await.context("the node does not answer")?;
    Ok(Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: serde_json::from_slice(&response.bytes().await?).unwrap_or_default(),
    })
}

/// Logs in, and returns the cookie as a browser sends it.
async fn log_in(node: &Node, name: &str) -> Result<String> {
    let login = json!({ "token": format!("{name}-secret") });
    let request = nobody(node)?
        .request(Method::POST, "/api/v1/session")
        .json(&login);
    let reply = send(request).await?;
    anyhow::ensure!(reply.status == 200 && reply.body["name"] == name, "{reply:?}");
    let cookie = reply.header("set-cookie");
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}

/// A request with a cookie, and with what the node's page sends besides.
fn with_cookie(node: &Node, method: Method, path: &str, cookie: &str) -> Result<RequestBuilder> {
    let request = nobody(node)?.request(method, path);
    Ok(request.header(header::COOKIE, cookie).header(REQUEST_HEADER, "1"))
}
