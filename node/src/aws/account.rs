//! What a deployment asks of an account before it makes anything: who asks, how many processors may run, whether a
//! certificate is good.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::Aws;
use super::error::AwsError;
use super::service::{ACM, SERVICE_QUOTAS, STS};

/// Virtual processors of ordinary instances (families A, C, D, H, I, M, R, T, Z), on demand and spot.
const ON_DEMAND_QUOTA: &str = "L-1216C47A";
const SPOT_QUOTA: &str = "L-34B43A08";
/// Networks, and public addresses, in a region.
const NETWORK_QUOTA: &str = "L-F678F1CE";
const ADDRESS_QUOTA: &str = "L-0263D0A3";

/// How instances are paid for, which have quotas of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Market {
    /// By the second, for as long as somebody likes.
    OnDemand,
    /// Cheaper, and taken back when AWS likes.
    Spot,
}

impl std::fmt::Display for Market {
    /// As Service Quotas calls it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OnDemand => "Running On-Demand Standard instances",
            Self::Spot => "All Standard Spot Instance Requests",
        })
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CallerIdentity {
    /// The account's number.
    pub account: String,
    /// The user's or role's name.
    pub arn: String,
}

#[derive(Debug, Deserialize)]
struct CallerAnswer {
    #[serde(rename = "GetCallerIdentityResult")]
    result: CallerIdentity,
}

/// How much there may be of something in this region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegionQuota {
    /// How many there may be.
    pub limit: f64,
    /// How many there are.
    pub used: u32,
}

impl RegionQuota {
    /// How many more there may be.
    pub fn left(&self) -> f64 {
        (self.limit - f64::from(self.used)).max(0.0)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QuotaAnswer {
    quota: Quota,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Quota {
    value: f64,
}

/// A certificate of ACM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Such as `ISSUED`, `PENDING_VALIDATION`, `EXPIRED`.
    pub status: String,
    /// The names that it is for; each may begin with `*.`.
    pub names: Vec<String>,
    /// When it ends, once it has been issued.
    pub expires: Option<Timestamp>,
}

impl Certificate {
    /// Whether it is for this name: itself, or one label in the place of `*`.
    pub fn is_for(&self, host: &str) -> bool {
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(parent) => host
                .split_once('.')
                .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent)),
            None => name.eq_ignore_ascii_case(host),
        })
    }

    /// Why it is no good at that moment, as a sentence, if it is not.
    pub fn trouble(&self, now: Timestamp) -> Option<String> {
        match (self.status.as_str(), self.expires) {
            ("ISSUED" | "EXPIRED", Some(expires)) if expires <= now => {
                Some(format!("it expired at {expires}"))
            }
            ("ISSUED", _) => None,
            ("PENDING_VALIDATION", _) => {
                Some("it has not been issued: the DNS records that prove the domain are missing".to_owned())
            }
            (status, _) => Some(format!("its status is {status}")),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CertificateAnswer {
    certificate: CertificateDetail,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CertificateDetail {
    domain_name: String,
    #[serde(default)]
    subject_alternative_names: Vec<String>,
    status: String,
    /// Seconds since 1970.
    not_after: Option<f64>,
}

impl Aws {
    /// Who asks. Nobody needs to be allowed this.
    pub async fn caller_identity(&self) -> Result<CallerIdentity, AwsError> {
        let answer: CallerAnswer = self.query(&STS, "GetCallerIdentity", &[]).await?;
        Ok(answer.result)
    }

    /// How many virtual processors ordinary instances may have in this region, and have.
    pub async fn vcpu_quota(&self, market: Market) -> Result<RegionQuota, AwsError> {
        let code = match market {
            Market::OnDemand => ON_DEMAND_QUOTA,
            Market::Spot => SPOT_QUOTA,
        };
        Ok(RegionQuota {
            limit: self.quota("ec2", code).await?,
            used: self.vcpus_in_use(market).await?,
        })
    }

    /// How many networks there may be in this region, and are.
    pub async fn network_quota(&self) -> Result<RegionQuota, AwsError> {
        Ok(RegionQuota {
            limit: self.quota("vpc", NETWORK_QUOTA).await?,
            used: self.networks_in_use().await?,
        })
    }

    /// How many public addresses there may be in this region, and are.
    pub async fn address_quota(&self) -> Result<RegionQuota, AwsError> {
        Ok(RegionQuota {
            limit: self.quota("ec2", ADDRESS_QUOTA).await?,
            used: self.addresses_in_use().await?,
        })
    }

    async fn quota(&self, service: &str, code: &str) -> Result<f64, AwsError> {
        let quota = json!({ "ServiceCode": service, "QuotaCode": code });
        let applied = self.json(&SERVICE_QUOTAS, "GetServiceQuota", &quota).await;
        let answer: QuotaAnswer = match applied {
            // An account that never asked for more may have none of its own.
            Err(AwsError::NotFound { .. }) => {
                self.json(&SERVICE_QUOTAS, "GetAWSDefaultServiceQuota", &quota)
                    .await?
            }
            applied => applied?,
        };
        Ok(answer.quota.value)
    }

    /// A certificate of this region, by its ARN.
    pub async fn certificate(&self, arn: &str) -> Result<Certificate, AwsError> {
        let question = json!({ "CertificateArn": arn });
        let answer: CertificateAnswer = self.json(&ACM, "DescribeCertificate", &question).await?;
        let detail = answer.certificate;
        let mut names = detail.subject_alternative_names;
        if !names.contains(&detail.domain_name) {
            names.insert(0, detail.domain_name);
        }
        Ok(Certificate {
            status: detail.status,
            names,
            expires: detail
                .not_after
                .and_then(|seconds| Timestamp::from_second(seconds as i64).ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::stub::Stub;

    fn certificate(status: &str, expires: Option<i64>) -> Certificate {
        Certificate {
            status: status.to_owned(),
            names: vec!["aurora.example.com".to_owned(), "*.example.org".to_owned()],
            expires: expires.map(|at| Timestamp::from_second(at).unwrap()),
        }
    }

    #[test]
    fn a_certificate_is_for_its_names_and_one_label_of_a_wildcard() {
        let certificate = certificate("ISSUED", None);
        for host in ["aurora.example.com", "Aurora.example.com", "a.example.org"] {
            assert!(certificate.is_for(host), "{host}");
        }
        for host in [
            "example.org",
            "a.b.example.org",
            ".example.org",
            "b.example.com",
            "",
        ] {
            assert!(!certificate.is_for(host), "{host}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_said() {
        let now = Timestamp::from_second(1_000).unwrap();
        assert_eq!(certificate("ISSUED", Some(1_001)).trouble(now), None);
        let trouble = |status, expires| certificate(status, expires).trouble(now).unwrap_or_default();
        assert!(trouble("ISSUED", Some(1_000)).contains("expired"));
        assert!(trouble("PENDING_VALIDATION", None).contains("DNS"));
        assert!(trouble("REVOKED", Some(2_000)).contains("REVOKED"));
    }

    #[tokio::test]
    async fn an_account_without_a_quota_of_its_own_has_the_default() {
        let none = r#"{"__type":"NoSuchResourceException","Message":"no"}"#;
        let quota = r#"{"Quota":{"QuotaCode":"L-1216C47A","Value":32.0}}"#;
        let instances = "<R><reservationSet><item><instancesSet>
            <item><instanceType>m7g.large</instanceType>
              <cpuOptions><coreCount>2</coreCount><threadsPerCore>1</threadsPerCore></cpuOptions></item>
            <item><instanceType>m7g.xlarge</instanceType></item>
            <item><instanceType>m7g.xlarge</instanceType><instanceLifecycle>spot</instanceLifecycle></item>
            <item><instanceType>p5.48xlarge</instanceType></item>
          </instancesSet></item></reservationSet></R>";
        let types = "<R><instanceTypeSet><item><instanceType>m7g.xlarge</instanceType>
            <vCpuInfo><defaultVCpus>4</defaultVCpus></vCpuInfo><memoryInfo><sizeInMiB>16384</sizeInMiB></memoryInfo>
            <processorInfo><supportedArchitectures><item>arm64</item></supportedArchitectures></processorInfo>
          </item></instanceTypeSet></R>";
        let stub = Stub::start(&[(400, none), (200, quota), (200, instances), (200, types)]).await;
        let quota = stub.aws.vcpu_quota(Market::OnDemand).await.unwrap();
        assert_eq!(quota, RegionQuota { limit: 32.0, used: 6 });
        let asked = stub.asked();
        assert!(
            asked[1].headers["x-amz-target"]
                .to_str()
                .unwrap()
                .ends_with("GetAWSDefaultServiceQuota")
        );
        assert!(asked[3].body.contains("InstanceType.1=m7g.xlarge") && !asked[3].body.contains("p5"));
    }

    #[test]
    fn nothing_is_left_of_a_quota_that_is_exceeded() {
        assert!(RegionQuota { limit: 5.0, used: 8 }.left().abs() < f64::EPSILON);
        assert!((RegionQuota { limit: 32.0, used: 8 }.left() - 24.0).abs() < f64::EPSILON);
    }
}
