//! What a machine of a deployment is made of: user-data, systemd units, scripts and configuration files, as pure functions of
//! typed input.
//!
//! ```text
//! PeerMachine ───────┐                      units, scripts, XML:  pulumi/machines/   the same for every machine,
//! ClickHouseMachine ─┼─▶ files() ─▶ UserData                      (sources)          in containers and by hand
//! GrafanaMachine ────┘      │       cloud-init, gzip, ≤ 16 KiB
//!                           └─ what differs: machine.env, node.toml, and a few values in XML
//! ```
//!
//! The sources are files of their own, so that shellcheck and systemd-analyze read what machines run. Nothing is put into a
//! script or a unit: they read `/etc/aurora/machine.env`, whose values are checked ([`check`]) and quoted for both of its
//! readers ([`environment`]). `node.toml` is written by a serialiser ([`node_config`]).
//!
//! No secret is in any of it: user-data can be read by whoever may describe the machine. Configurations name secrets of
//! Secrets Manager, and machines fetch them with their own role.

pub mod check;
pub mod clickhouse;
pub mod environment;
pub mod grafana;
pub mod node_config;
pub mod peer;
pub mod role;
pub mod sources;
pub mod user_data;

use crate::deployment::Architecture;
pub use check::InvalidMachine;
pub use clickhouse::{ClickHouseMachine, ClickHouseRelease};
pub use grafana::{GrafanaMachine, GrafanaRelease};
pub use peer::{GrafanaPlace, PeerMachine};
pub use user_data::UserData;

/// What all machines of a deployment have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    /// The deployment's name.
    pub deployment: String,
    /// The region.
    pub region: String,
    /// The processor of this machine.
    pub architecture: Architecture,
    /// The bucket that holds the program `aurora`, as `programs/SHA256/aurora`.
    pub program_bucket: String,
    /// The program's SHA-256, in hexadecimal digits. It has to be one for `architecture`.
    pub program_sha256: String,
    /// Where AWS answers, if not where it does for everybody: an emulator, or endpoints of one's own.
    pub aws_endpoint: Option<String>,
}

/// A file of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineFile {
    /// Where it is.
    pub path: String,
    /// Its mode, such as `0644`. The owner is root.
    pub mode: &'static str,
    /// What is in it.
    pub contents: String,
}

impl MachineFile {
    /// A file that everybody may read.
    pub(crate) fn readable(path: impl Into<String>, contents: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            mode: "0644",
            contents: contents.into(),
        }
    }
}

impl Common {
    /// The variables that scripts and units of every machine read.
    pub(crate) fn environment(&self, role: &str) -> Result<environment::Environment, InvalidMachine> {
        check::deployment(&self.deployment)?;
        check::region(&self.region)?;
        check::bucket(&self.program_bucket)?;
        check::hexadecimal("the program's SHA-256", &self.program_sha256, 64)?;
        let mut environment = environment::Environment::default();
        environment.set("AURORA_DEPLOYMENT", &self.deployment)?;
        environment.set("AURORA_ROLE", role)?;
        environment.set("AWS_REGION", &self.region)?;
        let program = format!("programs/{}/aurora", self.program_sha256);
        environment.set(
            "AURORA_PROGRAM_URL",
            &self.s3_url(&self.program_bucket, &program)?,
        )?;
        environment.set("AURORA_PROGRAM_SHA256", &self.program_sha256)?;
        if let Some(endpoint) = &self.aws_endpoint {
            environment.set("AWS_ENDPOINT_URL", endpoint)?;
        }
        Ok(environment)
    }

    /// Where an object, or all with a prefix, is. An endpoint of one's own has the bucket in the path.
    pub(crate) fn s3_url(&self, bucket: &str, key: &str) -> Result<String, InvalidMachine> {
        check::bucket(bucket)?;
        if let Some(endpoint) = &self.aws_endpoint {
            check::url("AWS's endpoint", endpoint)?;
            return Ok(format!("{}/{bucket}/{key}", endpoint.trim_end_matches('/')));
        }
        Ok(format!(
            "https://{bucket}.{}/{key}",
            service_host("s3", &self.region)
        ))
    }

    /// Where CloudWatch takes metrics.
    pub(crate) fn metrics_url(&self) -> String {
        match &self.aws_endpoint {
            Some(endpoint) => format!("{}/", endpoint.trim_end_matches('/')),
            None => format!("https://{}/", service_host("monitoring", &self.region)),
        }
    }
}

/// Where a service of AWS is asked in a region, and what keys know it by.
pub(crate) fn service_host(service: &str, region: &str) -> String {
    let domain = match region.starts_with("cn-") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    };
    format!("{service}.{region}.{domain}")
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    pub(crate) fn common() -> Common {
        Common {
            deployment: "prod".to_owned(),
            region: "eu-central-1".to_owned(),
            architecture: Architecture::Arm64,
            program_bucket: "aurora-prod-programs-123456789012".to_owned(),
            program_sha256: "0123456789abcdef".repeat(4),
            aws_endpoint: None,
        }
    }

    pub(crate) fn contents<'a>(files: &'a [MachineFile], path: &str) -> &'a str {
        let file = files.iter().find(|file| file.path == path);
        &file.unwrap_or_else(|| panic!("there is no {path}")).contents
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_where_aws_has_them() {
        let mut common = samples::common();
        assert_eq!(
            common.s3_url("a-bucket", "k/v").unwrap(),
            "https://a-bucket.s3.eu-central-1.amazonaws.com/k/v"
        );
        assert_eq!(
            common.metrics_url(),
            "https://monitoring.eu-central-1.amazonaws.com/"
        );
        common.region = "cn-north-1".to_owned();
        assert!(common.s3_url("a-bucket", "").unwrap().ends_with(".cn/"));
        common.aws_endpoint = Some("http://10.0.0.1:5000/".to_owned());
        assert_eq!(
            common.s3_url("a-bucket", "k").unwrap(),
            "http://10.0.0.1:5000/a-bucket/k"
        );
        assert_eq!(common.metrics_url(), "http://10.0.0.1:5000/");
    }
}
