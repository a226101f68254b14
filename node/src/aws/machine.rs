//! The machine that this runs on, as its metadata service (IMDSv2) tells.
//!
//! `aws-config` has the client: it gets the token first, keeps it, and asks for a new one in time. It never speaks the
//! first version, which a page that makes a server fetch things could misuse.

use std::net::IpAddr;
use std::time::Duration;

use aws_config::imds::Client;
use aws_config::imds::client::error::ImdsError;
use aws_config::provider_config::ProviderConfig;
use serde::{Deserialize, Serialize};

use super::error::{AwsError, in_words};

/// The service is on the machine's own host: what takes longer than this will not come.
const LIMIT: Duration = Duration::from_secs(4);
const ONE_LIMIT: Duration = Duration::from_millis(1_500);

/// The metadata service.
#[derive(Debug, Clone)]
pub struct Machine {
    client: Client,
}

/// Who this machine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MachineFacts {
    /// Such as `i-0123456789abcdef0`.
    pub instance_id: String,
    /// Where others of its network reach it.
    pub private_ip: IpAddr,
    /// Such as `eu-west-1`.
    pub region: String,
    /// Such as `eu-west-1a`.
    pub zone: String,
    /// Such as `m7g.large`.
    pub instance_type: String,
}

impl MachineFacts {
    /// What stands for a [placeholder](crate::config::placeholders); nothing for an unknown one.
    pub fn value(&self, name: &str) -> String {
        match name {
            "instance_id" => self.instance_id.clone(),
            "private_ip" => self.private_ip.to_string(),
            "region" => self.region.clone(),
            "zone" => self.zone.clone(),
            "instance_type" => self.instance_type.clone(),
            _ => String::new(),
        }
    }
}

/// Where Auto Scaling wants the machine to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetState {
    /// At work.
    InService,
    /// Gone.
    Terminated,
    /// Elsewhere, which asks nothing of a node: on standby, detached, in a warm pool.
    Other,
}

/// EC2 takes a spot instance back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SpotNotice {
    /// `terminate`, `stop` or `hibernate`.
    pub action: String,
    /// When, in ISO 8601.
    pub time: String,
}

/// What AWS is about to do with the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notices {
    /// Auto Scaling's aim; `None` for a machine of no group.
    pub target: Option<TargetState>,
    /// It ends in two minutes.
    pub spot: Option<SpotNotice>,
    /// It is more likely than others to end soon.
    pub rebalance: bool,
}

impl Machine {
    /// The service of this machine, or the one that `AWS_EC2_METADATA_SERVICE_ENDPOINT` names.
    pub fn this() -> Self {
        let http = aws_smithy_http_client::Builder::new().build_http();
        let client = Client::builder()
            .configure(&ProviderConfig::without_region().with_http_client(http))
            .max_attempts(2)
            .operation_attempt_timeout(ONE_LIMIT)
            .operation_timeout(LIMIT)
            .build();
        Self { client }
    }

    /// Which one it is.
    pub async fn instance_id(&self) -> Result<String, AwsError> {
        self.required("instance-id").await
    }

    /// Who it is.
    pub async fn facts(&self) -> Result<MachineFacts, AwsError> {
        let address = self.required("local-ipv4").await?;
        Ok(MachineFacts {
            instance_id: self.instance_id().await?,
            private_ip: address.parse().map_err(|_| {
                AwsError::NoMetadata(format!("it says {address:?} for the machine's address"))
            })?,
            region: self.required("placement/region").await?,
            zone: self.required("placement/availability-zone").await?,
            instance_type: self.required("instance-type").await?,
        })
    }

    /// What is about to happen to it.
    pub async fn notices(&self) -> Result<Notices, AwsError> {
        let target = self.get("autoscaling/target-lifecycle-state").await?;
        let spot = self.get("spot/instance-action").await?;
        let rebalance = self.get("events/recommendations/rebalance").await?;
        Ok(Notices {
            target: target.as_deref().map(TargetState::of),
            // Whatever it says, it is a notice.
            spot: spot.map(|text| {
                serde_json::from_str(&text).unwrap_or_else(|_| SpotNotice {
                    action: "unknown".to_owned(),
                    time: "unknown".to_owned(),
                })
            }),
            rebalance: rebalance.is_some(),
        })
    }

    async fn required(&self, path: &str) -> Result<String, AwsError> {
        let found = self.get(path).await?;
        found.ok_or_else(|| AwsError::NoMetadata(format!("it has no {path}")))
    }

    /// What stands at a path, if anything does.
    async fn get(&self, path: &str) -> Result<Option<String>, AwsError> {
        match self.client.get(format!("/latest/meta-data/{path}")).await {
            Ok(text) => Ok(Some(text.as_ref().trim().to_owned())),
            Err(ImdsError::ErrorResponse(answer)) if answer.response().status().as_u16() == 404 => Ok(None),
            Err(ImdsError::ErrorResponse(answer)) => Err(AwsError::NoMetadata(format!(
                "it answered {} for {path}",
                answer.response().status().as_u16()
            ))),
            Err(error) => Err(AwsError::NoMetadata(in_words(&error))),
        }
    }
}

impl TargetState {
    fn of(text: &str) -> Self {
        match text {
            "InService" => Self::InService,
            "Terminated" | "Warmed:Terminated" => Self::Terminated,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_end_makes_a_node_go() {
        for (text, state) in [
            ("InService", TargetState::InService),
            ("Terminated", TargetState::Terminated),
            ("Warmed:Terminated", TargetState::Terminated),
            ("Standby", TargetState::Other),
            ("Detached", TargetState::Other),
            ("Warmed:Stopped", TargetState::Other),
            ("", TargetState::Other),
        ] {
            assert_eq!(TargetState::of(text), state, "{text}");
        }
    }
}
