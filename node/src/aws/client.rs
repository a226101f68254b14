//! One signed call, and what comes back.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use parking_lot::Mutex;
use rand::RngExt;
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::error::{AwsError, in_words};
use super::service::{JsonService, QueryService, Service};

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
const JSON: &str = "application/x-amz-json-1.1";
const CONNECT_LIMIT: Duration = Duration::from_millis(1_500);
const ANSWER_LIMIT: Duration = Duration::from_millis(3_500);
/// A page of AWS's answers takes some hundred kilobytes at most.
const MAX_ANSWER_BYTES: usize = 8 << 20;
/// How often a call is tried that may work a little later.
const ATTEMPTS: u32 = 3;
/// The pause after the first attempt; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Credentials are asked for anew so long before they expire.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// AWS in one region, and who asks it.
#[derive(Clone)]
pub struct Aws {
    region: String,
    /// What stands for all services, when they are not where AWS has them.
    endpoint: Option<String>,
    provider: SharedCredentialsProvider,
    /// Those that expire are kept until shortly before; others are cheap to come by.
    credentials: Arc<Mutex<Option<Credentials>>>,
    http: reqwest::Client,
    attempts: u32,
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Aws {
    /// As variables, a profile, a container's role or the machine say, in `region` if it is given.
    pub async fn from_surroundings(region: Option<&str>) -> Result<Self, AwsError> {
        // Without its default features `aws-config` has no client of its own.
        let https = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let mut surroundings = aws_config::defaults(BehaviorVersion::latest()).http_client(https);
        if let Some(region) = region {
            surroundings = surroundings.region(Region::new(region.to_owned()));
        }
        Self::with_config(&surroundings.load().await)
    }

    /// As `config` says.
    pub fn with_config(config: &SdkConfig) -> Result<Self, AwsError> {
        let region = config.region().ok_or(AwsError::NoRegion)?.to_string();
        let provider = config.credentials_provider().ok_or(AwsError::NoCredentials)?;
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .timeout(ANSWER_LIMIT)
            // What is signed is for one host.
            .redirect(Policy::none())
            .build()
            .map_err(|error| AwsError::BrokenCredentials(in_words(&error)))?;
        Ok(Self {
            region,
            endpoint: config.endpoint_url().map(str::to_owned),
            provider,
            credentials: Arc::default(),
            http,
            attempts: ATTEMPTS,
        })
    }

    /// The same, for somebody who asks again anyway: each call is made once.
    #[must_use]
    pub fn at_once(self) -> Self {
        Self { attempts: 1, ..self }
    }

    /// The same elsewhere.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        Self {
            region: region.to_owned(),
            ..self.clone()
        }
    }

    /// Where.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Makes sure that somebody says who asks.
    pub async fn require_credentials(&self) -> Result<(), AwsError> {
        self.identity().await.map(drop)
    }

    /// Asks a service that takes forms and answers in XML.
    pub(super) async fn query<T: DeserializeOwned>(
        &self,
        QueryService { service, version }: &QueryService,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<T, AwsError> {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("Action", action), ("Version", *version)])
            .extend_pairs(parameters)
            .finish();
        let text = self.call(service, action, FORM, None, form).await?;
        quick_xml::de::from_str(&text).map_err(|error| AwsError::Unreadable {
            action: service.action(action),
            cause: in_words(&error),
        })
    }

    /// The same, for what is answered with nothing to know.
    pub(super) async fn order(
        &self,
        service: &QueryService,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<(), AwsError> {
        let done: Result<IgnoredAny, _> = self.query(service, action, parameters).await;
        done.map(drop)
    }

    /// Asks a service that speaks JSON.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        JsonService { service, target }: &JsonService,
        action: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, AwsError> {
        let unreadable = |error: serde_json::Error| AwsError::Unreadable {
            action: service.action(action),
            // The error's own words may quote a value, and that a secret.
            cause: format!("at column {} is not what is expected", error.column()),
        };
        let body = serde_json::to_string(body).map_err(unreadable)?;
        let target = format!("{target}.{action}");
        let text = self.call(service, action, JSON, Some(&target), body).await?;
        // Some answer with nothing at all.
        let text = if text.is_empty() { "{}" } else { &text };
        serde_json::from_str(text).map_err(unreadable)
    }

    async fn call(
        &self,
        service: &Service,
        action: &str,
        content_type: &str,
        target: Option<&str>,
        body: String,
    ) -> Result<String, AwsError> {
        let mut attempt = 1;
        loop {
            let answer = self
                .call_once(service, action, content_type, target, body.clone())
                .await;
            let Err(error) = answer else { return answer };
            if error.is_about_credentials() {
                // They may have been changed where they come from.
                *self.credentials.lock() = None;
            }
            if attempt >= self.attempts || !error.may_pass() {
                return Err(error);
            }
            tokio::time::sleep(pause(attempt)).await;
            attempt += 1;
        }
    }

    async fn call_once(
        &self,
        service: &Service,
        action: &str,
        content_type: &str,
        target: Option<&str>,
        body: String,
    ) -> Result<String, AwsError> {
        let url = self.url(service);
        let unreachable = |error: reqwest::Error| AwsError::Unreachable {
            service: service.name,
            url: url.clone(),
            // It would name the address once more.
            cause: in_words(&error.without_url()),
        };
        let headers: Vec<(&str, &str)> = [("content-type", content_type)]
            .into_iter()
            .chain(target.map(|target| ("x-amz-target", target)))
            .collect();
        let request = self.signed(service, &url, &headers, body).await?;
        let mut answer: Response = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(AwsError::Unreadable {
                    action: service.action(action),
                    cause: format!("it is longer than {MAX_ANSWER_BYTES} bytes"),
                });
            }
            bytes.extend_from_slice(&chunk);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if status.is_success() {
            return Ok(text);
        }
        Err(AwsError::of_answer(
            service.action(action),
            status.as_u16(),
            &text,
        ))
    }

    async fn signed(
        &self,
        service: &Service,
        url: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<RequestBuilder, AwsError> {
        let wrong = |error: &(dyn std::error::Error + 'static)| AwsError::BrokenCredentials(in_words(error));
        let identity = self.identity().await?.into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service.host)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| wrong(&error))?;
        let signable = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new("POST", url, headers.iter().copied(), signable);
        let request = request.map_err(|error| wrong(&error))?;
        let signed = sign(request, &parameters.into()).map_err(|error| wrong(&error))?;
        let mut request = self.http.post(url);
        for (name, value) in headers.iter().copied().chain(signed.output().headers()) {
            request = request.header(name, value);
        }
        Ok(request.body(body))
    }

    async fn identity(&self) -> Result<Credentials, AwsError> {
        let kept = self.credentials.lock().clone();
        if let Some(kept) = kept.filter(|kept| !is_old(kept)) {
            return Ok(kept);
        }
        let found = self.provider.provide_credentials().await;
        let found = found.map_err(|error| AwsError::about_credentials(&error))?;
        *self.credentials.lock() = found.expiry().is_some().then(|| found.clone());
        Ok(found)
    }

    /// Where a service is for us.
    fn url(&self, service: &Service) -> String {
        let own = std::env::var(service.variable).ok().filter(|url| !url.is_empty());
        own.or_else(|| self.endpoint.clone())
            .unwrap_or_else(|| service.url_in(&self.region))
    }
}

fn is_old(credentials: &Credentials) -> bool {
    let soon = SystemTime::now() + RENEW_BEFORE;
    credentials.expiry().is_none_or(|expiry| expiry <= soon)
}

/// How long to wait after an attempt: anything up to twice as long as after the one before, so that machines that
/// failed together do not come again together.
pub fn pause(attempt: u32) -> Duration {
    let most = FIRST_PAUSE
        .saturating_mul(1 << attempt.saturating_sub(1).min(10))
        .min(LONGEST_PAUSE);
    most.mul_f64(rand::rng().random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests;
