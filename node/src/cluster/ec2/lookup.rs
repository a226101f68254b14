//! Asking EC2 which instances there are, as [`crate::aws`] asks for everything.

use std::cmp::Reverse;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use aurora_cluster::seeds::SeedResolver;
use aws_config::SdkConfig;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::Ec2Seed;
use crate::aws::{Aws, AwsError};

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
    aws: Mutex<Option<Aws>>,
}

/// Why instances could not be looked up. The texts say what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// AWS could not be asked, or does not want to be.
    #[error(transparent)]
    Aws(#[from] AwsError),
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
}

impl Ec2Seeds {
    /// Looks for `seed` with the credentials and in the region that the surroundings give.
    pub fn new(seed: Ec2Seed) -> Self {
        Self {
            seed,
            given: None,
            aws: Mutex::default(),
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
        in_time.unwrap_or(Err(LookupError::Aws(AwsError::Late)))
    }

    async fn ask(&self) -> Result<Vec<SocketAddr>, LookupError> {
        let mut held = self.aws.lock().await;
        // Whatever interrupts this, it goes back only after it has worked.
        let aws = match held.take() {
            Some(aws) => aws,
            None => self.connect().await?,
        };
        let Ec2Seed { key, value, port } = &self.seed;
        let mut instances = aws.instances_with_tag(key, value).await?;
        if instances.is_empty() {
            return Err(LookupError::Nobody {
                region: aws.region().to_owned(),
                key: key.clone(),
                value: value.clone(),
            });
        }
        *held = Some(aws);
        // Times are all written in the same way, in UTC.
        instances.sort_by_key(|instance| (Reverse(instance.is_running()), instance.launch_time.clone()));
        let addresses = instances
            .iter()
            .filter_map(|instance| instance.private_ip_address.as_deref());
        let addresses = addresses.filter_map(|address| address.parse::<IpAddr>().ok());
        Ok(addresses.map(|address| SocketAddr::new(address, *port)).collect())
    }

    async fn connect(&self) -> Result<Aws, AwsError> {
        let aws = match &self.given {
            Some(config) => Aws::with_config(config)?,
            None => Aws::from_surroundings(None).await?,
        };
        // The cluster looks again soon.
        let aws = aws.at_once();
        aws.require_credentials().await?;
        Ok(aws)
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
