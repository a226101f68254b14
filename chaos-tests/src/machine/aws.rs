//! What a deployment has in AWS before its machines start, laid out in [`Moto`]: buckets, the program, secrets, log groups.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::http_client;
use crate::moto::{AccessKey, Moto, REGION};
use crate::process::free_port;
use crate::sandbox::Sandbox;
use crate::toxiproxy::{Proxy, Toxiproxy};

/// AWS, as machines in a network reach it.
pub struct Aws {
    moto: Moto,
    proxy: Proxy,
    http: reqwest::Client,
}

impl Aws {
    /// Starts it. Machines reach it at `host`.
    pub async fn start(sandbox: &Sandbox, toxiproxy: &Toxiproxy, host: Ipv4Addr) -> Result<Self> {
        let moto = Moto::start(sandbox).await?;
        let upstream = moto.endpoint().trim_start_matches("http://").parse()?;
        let proxy = toxiproxy
            .proxy("aws", (host, free_port()?).into(), upstream)
            .await?;
        Ok(Self {
            moto,
            proxy,
            http: http_client()?,
        })
    }

    /// What `AWS_ENDPOINT_URL` is to be on machines.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.proxy.address())
    }

    /// The emulator.
    pub fn moto(&self) -> &Moto {
        &self.moto
    }

    /// The credentials of a machine's role.
    pub fn role() -> AccessKey {
        AccessKey {
            id: "ASIAMACHINE".to_owned(),
            secret: "a/secret+key".to_owned(),
        }
    }

    /// Makes a bucket.
    pub async fn make_bucket(&self, name: &str) -> Result<()> {
        let body = format!(
            "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        );
        self.s3(Method::PUT, name, body.into_bytes()).await.map(drop)
    }

    /// Puts an object, `BUCKET/KEY`.
    pub async fn put_object(&self, path: &str, bytes: Vec<u8>) -> Result<()> {
        self.s3(Method::PUT, path, bytes).await.map(drop)
    }

    /// An object, `BUCKET/KEY`, as text.
    pub async fn object(&self, path: &str) -> Result<String> {
        self.s3(Method::GET, path, Vec::new()).await
    }

    /// Makes a secret.
    pub async fn make_secret(&self, name: &str, value: &str) -> Result<()> {
        let secret = json!({ "Name": name, "SecretString": value, "ClientRequestToken": uuid_of(name) });
        self.json("secretsmanager", "secretsmanager.CreateSecret", &secret)
            .await
            .map(drop)
    }

    /// Changes a secret, as a person would to whom it has become known.
    pub async fn change_secret(&self, name: &str, value: &str) -> Result<()> {
        let secret = json!({ "SecretId": name, "SecretString": value, "ClientRequestToken": uuid_of(value) });
        self.json("secretsmanager", "secretsmanager.PutSecretValue", &secret)
            .await
            .map(drop)
    }

    /// Makes a log group.
    pub async fn make_log_group(&self, name: &str) -> Result<()> {
        let group = json!({ "logGroupName": name });
        self.json("logs", "Logs_20140328.CreateLogGroup", &group)
            .await
            .map(drop)
    }

    /// The messages of a log group's stream.
    pub async fn log_messages(&self, group: &str, stream: &str) -> Result<Vec<String>> {
        let wanted = json!({ "logGroupName": group, "logStreamName": stream, "startFromHead": true });
        let answer = self.json("logs", "Logs_20140328.GetLogEvents", &wanted).await?;
        let events = answer["events"].as_array().cloned().unwrap_or_default();
        let message = |event: &Value| event["message"].as_str().map(str::to_owned);
        Ok(events.iter().filter_map(message).collect())
    }

    /// The names of the metrics of Aurora's namespace that have been published.
    pub async fn metrics(&self) -> Result<Vec<String>> {
        let request = self
            .http
            .post(self.moto.endpoint())
            .header("Authorization", authorization("monitoring"))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body("Action=ListMetrics&Version=2010-08-01&Namespace=Aurora");
        let answer = request.send().await?.error_for_status()?.text().await?;
        Ok(crate::moto::texts(&answer, "MetricName"))
    }

    async fn s3(&self, method: Method, path: &str, body: Vec<u8>) -> Result<String> {
        let url = format!("{}/{path}", self.moto.endpoint());
        let request = self
            .http
            .request(method, url)
            .header("Authorization", authorization("s3"));
        let answer = request.body(body).send().await?;
        let status = answer.status();
        let text = answer.text().await.context("moto's answer broke off")?;
        ensure!(status.is_success(), "moto answered {status} to {path}: {text}");
        Ok(text)
    }

    async fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value> {
        let request = self
            .http
            .post(self.moto.endpoint())
            .header("Authorization", authorization(service))
            .header("X-Amz-Target", target)
            .header("Content-Type", "application/x-amz-json-1.1")
            .body(body.to_string());
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await.context("moto's answer broke off")?;
        ensure!(status.is_success(), "moto answered {status} to {target}: {text}");
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }
}

/// From the scope moto learns which service and region are meant.
fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, \
         Signature=unchecked"
    )
}

/// A token of the form that Secrets Manager wants.
fn uuid_of(name: &str) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    format!("aurora-test-secret-{:016x}-0000", hasher.finish())
}
