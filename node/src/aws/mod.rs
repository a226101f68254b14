//! AWS as far as Aurora needs it: who asks, signing, asking, and what comes back in words.
//!
//! ```text
//! surroundings ──▶ Aws: region, endpoint, credentials ──sign──▶ query protocol: EC2, Auto Scaling, STS, CloudWatch
//! (variables, profile, container,                     └───────▶ JSON 1.1: Secrets Manager, SSM, Logs, ACM, tags, quotas
//!  web identity, instance role)
//! Machine ──IMDSv2──▶ the metadata of the instance that this runs on
//! ```
//!
//! `aws-config` finds credentials and region, `aws-sigv4` signs; the questions are put here. The SDK's crate for EC2
//! alone took more than six minutes and 6.7 GB to build, and what is needed of ten services is some twenty-five calls.
//!
//! | module | holds |
//! |---|---|
//! | [`client`] | [`Aws`]: one signed call, retried where that helps, bounded in time and size |
//! | [`service`] | where each service is and how it is spoken to |
//! | [`error`] | [`AwsError`]: what went wrong, and what to do about it |
//! | [`machine`] | IMDSv2: who this machine is, and what AWS is about to do with it |
//! | [`secrets`] | values of Secrets Manager and the parameter store |
//! | [`auto_scaling`] | lifecycle actions, health, a group and what happened to it |
//! | [`ec2`] | instances, types, zones, regions |
//! | [`cloud_watch`], [`logs`] | figures and log events, to and fro |
//! | [`tags`] | what has a tag |
//! | [`account`] | what a deployment asks before it makes anything: who am I, quotas, certificates |
//!
//! `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` name other endpoints, `AWS_EC2_METADATA_SERVICE_ENDPOINT` another
//! metadata service.

pub mod account;
pub mod auto_scaling;
pub mod client;
pub mod cloud_watch;
pub mod ec2;
pub mod error;
pub mod logs;
pub mod machine;
pub mod secrets;
pub mod service;
#[cfg(test)]
mod stub;
pub mod tags;

pub use client::Aws;
pub use error::AwsError;
pub use machine::Machine;

use std::ops::AsyncFnOnce;

use tokio::sync::Mutex;

/// What the whole process asks AWS through, kept while it works.
static SHARED: Mutex<Option<Aws>> = Mutex::const_new(None);

/// Asks AWS as this process's surroundings say. After trouble with credentials everything is read anew the next time: a
/// file may have been put right, and a role attached.
pub async fn ask<T>(question: impl AsyncFnOnce(&Aws) -> Result<T, AwsError>) -> Result<T, AwsError> {
    let aws = {
        let mut shared = SHARED.lock().await;
        match &*shared {
            Some(aws) => aws.clone(),
            None => shared.insert(Aws::from_surroundings(None).await?).clone(),
        }
    };
    let answer = question(&aws).await;
    if let Err(error) = &answer
        && error.is_about_credentials()
    {
        *SHARED.lock().await = None;
    }
    answer
}
