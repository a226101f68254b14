//! A node's HTTP API, as tests use it.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use aurora_actors::ingest::audit::AuditReport;
use aurora_node::http::cluster::ClusterStatus;
use aurora_node::http::streams::{StreamView, Streams};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::kafka::Kafka;
use crate::sandbox::eventually;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const AUDIT_TIMEOUT: Duration = Duration::from_secs(300);

/// An HTTP client for services on loopback. It keeps no connections, for whoever answers may be killed at any
/// moment.
pub fn http_client() -> Result<reqwest::Client> {
    // Fails only when one is set already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .timeout(REQUEST_TIMEOUT)
        .build()
        .context("cannot make an HTTP client")
}

/// The API of one node.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// A status and the body that came with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The media type.
    pub content_type: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

impl Api {
    /// The API at `base`, such as `http://127.0.0.1:8080`.
    pub fn new(base: &str) -> Result<Self> {
        Ok(Self {
            http: http_client()?,
            base: base.to_owned(),
            token: None,
        })
    }

    /// The same with a token.
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// Its address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request to be completed by the caller.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// GET, whatever is answered.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        answer(self.request(Method::GET, path)).await
    }

    /// POST, whatever is answered.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        answer(self.request(Method::POST, path).json(body)).await
    }

    /// DELETE, whatever is answered.
    pub async fn delete(&self, path: &str) -> Result<Answer> {
        answer(self.request(Method::DELETE, path)).await
    }

    /// The nodes, and who owns what.
    pub async fn cluster(&self) -> Result<ClusterStatus> {
        good(&self.get("/api/v1/cluster").await?)
    }

    /// All streams.
    pub async fn streams(&self) -> Result<Vec<StreamView>> {
        Ok(good::<Streams>(&self.get("/api/v1/streams").await?)?.streams)
    }

    /// One stream by its id, `connection:topic`.
    pub async fn stream(&self, id: &str) -> Result<StreamView> {
        good(&self.get(&format!("/api/v1/streams/{id}")).await?)
    }

    /// Audits a stream now. That takes two questions for each partition, and with a thousand of them its time.
    pub async fn audit(&self, id: &str) -> Result<AuditReport> {
        let request = self.request(Method::POST, &format!("/api/v1/streams/{id}/audit"));
        good(&answer(request.json(&Value::Null).timeout(AUDIT_TIMEOUT)).await?)
    }

    /// Runs SQL as the reader, whatever is answered.
    pub async fn try_sql(&self, sql: &str) -> Result<Answer> {
        self.post("/api/v1/sql", &json!({ "sql": sql })).await
    }

    /// Runs SQL as the reader and returns the rows.
    pub async fn sql(&self, sql: &str) -> Result<Vec<Vec<Value>>> {
        #[derive(serde::Deserialize)]
        struct Rows {
            rows: Vec<Vec<Value>>,
        }
        Ok(good::<Rows>(&self.try_sql(sql).await?)?.rows)
    }

    /// The value of a figure in `/metrics`: the sum over all its labels that contain `label`.
    pub async fn metric(&self, name: &str, label: &str) -> Result<f64> {
        let answer = self.get("/metrics").await?;
        ensure!(
            answer.status.is_success(),
            "/metrics answered {}: {}",
            answer.status,
            answer.body
        );
        let of_name = |line: &&str| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['{', ' ']))
        };
        let lines: Vec<&str> = answer.body.lines().filter(of_name).collect();
        ensure!(
            !lines.is_empty(),
            "there is no figure {name} in:\n{}",
            answer.body
        );
        let values = lines.iter().filter(|line| line.contains(label)).map(|line| {
            let value = line.rsplit(' ').next().unwrap_or_default();
            value
                .parse::<f64>()
                .with_context(|| format!("no number in {line}"))
        });
        values.sum()
    }

    /// Waits until the stream has taken in everything that is in its topic now: the position of every
    /// partition is the topic's end, or past it.
    pub async fn until_consumed(&self, kafka: &Kafka, id: &str, limit: Duration) -> Result<StreamView> {
        let topic = id.split_once(':').map_or(id, |(_, topic)| topic);
        // A partition's leader may just be changing.
        let ends = eventually("the ends of the topic", limit, async || {
            kafka.end_offsets(topic).await.map(Some)
        })
        .await?;
        eventually(&format!("{id} to be consumed"), limit, async || {
            let stream = self.stream(id).await?;
            let positions: Vec<i64> = stream.partitions.iter().map(|p| p.position as i64).collect();
            let reached =
                positions.len() >= ends.len() && positions.iter().zip(&ends).all(|(p, end)| p >= end);
            if !reached {
                bail!(
                    "it is {} ({:?}) at {positions:?} of {ends:?}, with a lag of {}",
                    stream.state,
                    stream.reason,
                    stream.lag
                );
            }
            Ok(Some(stream))
        })
        .await
    }
}

async fn answer(request: RequestBuilder) -> Result<Answer> {
    let response = request.send().await.context("the node does not answer")?;
    let content_type = response.headers().get(reqwest::header::CONTENT_TYPE);
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    Ok(Answer {
        status: response.status(),
        content_type: content_type.to_owned(),
        body: response.text().await.context("the node's answer broke off")?,
    })
}

fn good<T: DeserializeOwned>(answer: &Answer) -> Result<T> {
    ensure!(
        answer.status.is_success(),
        "the node answered {}: {}",
        answer.status,
        answer.body
    );
    serde_json::from_str(&answer.body)
        .with_context(|| format!("the node's answer is another: {}", answer.body))
}
