//! Asking EC2 which instances there are: `DescribeInstances` with filters, page by page.
//!
//! Credentials come from the environment, a profile, a web identity, a container's role or the instance's role
//! (IMDSv2), in this order; the region from the environment, the profile or the instance. `AWS_ENDPOINT_URL` and
//! `AWS_ENDPOINT_URL_EC2` name another endpoint.
//!
//! `aws-config` finds these and `aws-sigv4` signs; the question itself is put here. The SDK's crate for EC2 took more
//! than six minutes and 6.7 GB to build, without optimization, for this one call.

use std::cmp::Reverse;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use aurora_cluster::seeds::SeedResolver;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::Ec2Seed;
use super::query::{Endpoint, in_words};

/// Finding out who asks and asking: less than the cluster waits for a seed, so that what went wrong is told instead
/// of that it took too long.
const LOOKUP_LIMIT: Duration = Duration::from_millis(4_700);

/// The instances that a seed stands for, looked up whenever they are asked for.
#[derive(Debug)]
pub struct Ec2Seeds {
    seed: Ec2Seed,
    given: Option<SdkConfig>,
    /// Kept while it works. After an error everything is read anew: a file of credentials may have been put right,
    /// and a role may have been attached.
    endpoint: Mutex<Option<Endpoint>>,
}

/// Why instances could not be looked up. The texts say what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// Neither the environment nor a profile nor the machine says where.
    #[error("no AWS region is known; set AWS_REGION, such as `eu-west-1`")]
    NoRegion,
    /// Nobody says who asks.
    #[error(
        "no AWS credentials were found; give this machine an instance profile (or this container a role) that allows \
         ec2:DescribeInstances, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    )]
    NoCredentials,
    /// Something says who asks, and does not work.
    #[error("the AWS credentials cannot be used: {0}")]
    BrokenCredentials(String),
    /// A policy is missing.
    #[error(
        "AWS does not let these credentials list instances; allow their role or user the action \
         ec2:DescribeInstances on the resource \"*\" (AWS says: {0})"
    )]
    NotAllowed(String),
    /// Unknown, mistyped or expired.
    #[error(
        "AWS refuses the credentials; they are mistyped, expired or withdrawn, or this machine's clock is wrong \
         (AWS says: {0})"
    )]
    Refused(String),
    /// Too many questions in this account.
    #[error(
        "AWS answers no more questions of this account for a moment (it says: {0}); EC2 is asked again soon"
    )]
    Throttled(String),
    /// The question did not reach AWS, or no answer came.
    #[error(
        "EC2 cannot be reached at {url}; the machine needs a way to it, such as a NAT gateway or a VPC endpoint, and \
         AWS_REGION and AWS_ENDPOINT_URL, if set, have to be right ({cause})"
    )]
    Unreachable {
        /// Where EC2 should be.
        url: String,
        /// What the connection said.
        cause: String,
    },
    /// It took too long, wherever.
    #[error(
        "AWS took too long to answer; the machine's metadata service and EC2's endpoint have to be reachable"
    )]
    Late,
    /// An answer that does not say where anybody is.
    #[error("no running or pending instance in {region} of this account has the tag {key}={value}")]
    Nobody {
        /// The region that was asked.
        region: String,
        /// The tag's key.
        key: String,
        /// The tag's value.
        value: String,
    },
    /// Anything else.
    #[error("EC2 answered with an error: {0}")]
    Other(String),
}

impl Ec2Seeds {
    /// Looks for `seed` with the credentials and in the region that the surroundings give.
    pub fn new(seed: Ec2Seed) -> Self {
        Self {
            seed,
            given: None,
            endpoint: Mutex::default(),
        }
    }

    /// The same, as `config` says.
    pub fn with_config(seed: Ec2Seed, config: SdkConfig) -> Self {
        Self {
            given: Some(config),
            ..Self::new(seed)
        }
    }

    /// The addresses of all instances that have the tag now and run or are about to, those that have run longest
    /// first.
    ///
    /// The cluster tries a bounded number of a seed's addresses. Any of a group's will do, as each member knows all
    /// others. The oldest are tried because nodes on them have most likely been started, and because all machines
    /// then look at the same ones, which joins them. A machine that is gone does not run, so it cannot stay among them.
    pub async fn lookup(&self) -> Result<Vec<SocketAddr>, LookupError> {
        let in_time = timeout(LOOKUP_LIMIT, self.ask()).await;
        in_time.unwrap_or(Err(LookupError::Late))
    }

    async fn ask(&self) -> Result<Vec<SocketAddr>, LookupError> {
        let mut held = self.endpoint.lock().await;
        // Whatever interrupts this, an endpoint goes back only after it has worked.
        let endpoint = match held.take() {
            Some(endpoint) => endpoint,
            None => self.connect().await?,
        };
        let Ec2Seed { key, value, port } = &self.seed;
        let mut instances = endpoint.instances(key, value).await?;
        if instances.is_empty() {
            return Err(LookupError::Nobody {
                region: endpoint.region().to_owned(),
                key: key.clone(),
                value: value.clone(),
            });
        }
        *held = Some(endpoint);
        // Times are all written in the same way, in UTC.
        instances.sort_by_key(|instance| (Reverse(instance.is_running()), instance.launch_time.clone()));
        let addresses = instances
            .iter()
            .filter_map(|instance| instance.private_ip_address.as_deref());
        let addresses = addresses.filter_map(|address| address.parse::<IpAddr>().ok());
        Ok(addresses.map(|address| SocketAddr::new(address, *port)).collect())
    }

    async fn connect(&self) -> Result<Endpoint, LookupError> {
        let config = match &self.given {
            Some(config) => config.clone(),
            None => surroundings().await,
        };
        let region = config.region().ok_or(LookupError::NoRegion)?.to_string();
        let credentials = config.credentials_provider().ok_or(LookupError::NoCredentials)?;
        // Once more with each question, as they expire.
        credentials
            .provide_credentials()
            .await
            .map_err(|error| about_credentials(&error))?;
        Endpoint::new(region, config.endpoint_url(), credentials)
    }
}

#[async_trait]
impl SeedResolver for Ec2Seeds {
    fn describe(&self) -> String {
        self.seed.to_string()
    }

    async fn resolve(&self) -> Result<Vec<SocketAddr>, String> {
        self.lookup().await.map_err(|error| error.to_string())
    }
}

/// What the environment, the files and the machine say. It names no region if none of them does.
async fn surroundings() -> SdkConfig {
    let tls = Provider::Rustls(CryptoMode::Ring);
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls)
        .build_https();
    let defaults = aws_config::defaults(BehaviorVersion::latest());
    defaults.http_client(http).load().await
}

pub(super) fn about_credentials(error: &CredentialsError) -> LookupError {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => LookupError::NoCredentials,
        error => LookupError::BrokenCredentials(in_words(error)),
    }
}
