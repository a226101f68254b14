//! `[aws]`

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

/// How long HTTP is answered after a notice, when nothing else is said.
const LINGER_S: u64 = 10;
/// EC2 gives a spot instance two minutes.
const MAX_LINGER_S: u64 = 60;

/// `[aws]`: what the node does on a machine of AWS. All of it is left out without the section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AwsSection {
    /// The deployment's name, which figures bear as the dimension `Deployment`.
    pub deployment: Option<String>,
    /// Whether the node minds what Auto Scaling and EC2 are about to do with the machine: it drains before the machine
    /// goes, and lets the group go on at its lifecycle hooks.
    pub lifecycle: bool,
    /// The machine's Auto Scaling group; that of a seed `asg:NAME:PORT` when not set.
    pub group: Option<String>,
    /// The hook at which a new machine waits until the node is ready.
    pub launching_hook: String,
    /// The hook at which a machine that goes waits until the node has handed over.
    pub terminating_hook: String,
    /// For so many seconds a node that has to go still answers HTTP, saying at `/readyz` that it is not ready, so that
    /// load balancers have turned to others before it stops.
    pub linger_seconds: u64,
    /// Whether figures are published to CloudWatch, once a minute.
    pub metrics: bool,
}

impl Default for AwsSection {
    fn default() -> Self {
        Self {
            deployment: None,
            lifecycle: false,
            group: None,
            launching_hook: "aurora-launching".to_owned(),
            terminating_hook: "aurora-terminating".to_owned(),
            linger_seconds: LINGER_S,
            metrics: false,
        }
    }
}

/// What the node does on a machine of AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsOptions {
    /// Minds what is about to happen to the machine.
    pub lifecycle: Option<LifecycleOptions>,
    /// Publishes figures with this deployment's name.
    pub figures_of: Option<String>,
}

/// Whom a node tells that it has come or gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleOptions {
    /// The Auto Scaling group.
    pub group: String,
    /// Its hook for machines that come.
    pub launching_hook: String,
    /// Its hook for machines that go.
    pub terminating_hook: String,
    /// How long HTTP is still answered.
    pub linger: std::time::Duration,
}

impl AwsSection {
    /// What the node does. The error says what to change.
    pub fn options(&self, seeds: &[String]) -> anyhow::Result<AwsOptions> {
        if !self.lifecycle && !self.metrics {
            return Ok(AwsOptions::default());
        }
        if cfg!(not(feature = "aws")) {
            bail!(
                "[aws] takes a build of Aurora that can ask AWS: `cargo build --release`, without --no-default-features"
            );
        }
        let figures_of = match self.metrics {
            true => Some(self.deployment().context("`metrics` under [aws]")?),
            false => None,
        };
        let lifecycle = match self.lifecycle {
            true => Some(self.lifecycle(seeds)?),
            false => None,
        };
        Ok(AwsOptions {
            lifecycle,
            figures_of,
        })
    }

    fn deployment(&self) -> anyhow::Result<String> {
        let name = self.deployment.as_deref().unwrap_or_default();
        ensure!(
            !name.is_empty() && name.len() <= 255 && name.bytes().all(|byte| byte.is_ascii_graphic()),
            "it needs the deployment's name: set `deployment` under [aws]"
        );
        Ok(name.to_owned())
    }

    fn lifecycle(&self, seeds: &[String]) -> anyhow::Result<LifecycleOptions> {
        let seed = seeds
            .iter()
            .find_map(|seed| seed.strip_prefix("asg:")?.rsplit_once(':'));
        let group = self.group.as_deref().or(seed.map(|(group, _)| group));
        let group = group.context(
            "`lifecycle` under [aws] needs the machine's Auto Scaling group: set `group` there, or name it as a seed \
             under [cluster], such as \"asg:aurora-prod-peers:7946\"",
        )?;
        ensure!(
            self.linger_seconds <= MAX_LINGER_S,
            "`linger_seconds` under [aws] is {}; it must be from 0 to {MAX_LINGER_S}",
            self.linger_seconds
        );
        Ok(LifecycleOptions {
            group: group.to_owned(),
            launching_hook: self.launching_hook.clone(),
            terminating_hook: self.terminating_hook.clone(),
            linger: std::time::Duration::from_secs(self.linger_seconds),
        })
    }
}

#[cfg(all(test, feature = "aws"))]
mod tests {
    use super::*;

    fn options(text: &str, seeds: &[&str]) -> anyhow::Result<AwsOptions> {
        let section: AwsSection = toml::from_str(text)?;
        let seeds: Vec<String> = seeds.iter().map(|seed| (*seed).to_owned()).collect();
        section.options(&seeds)
    }

    #[test]
    fn a_group_is_named_or_known_from_the_seeds() {
        assert_eq!(options("", &[]).unwrap(), AwsOptions::default());
        let group = |text: &str, seeds: &[&str]| options(text, seeds).unwrap().lifecycle.unwrap().group;
        let seeds = ["dns:a:1", "asg:aurora: peers:7946"];
        assert_eq!(group("lifecycle = true", &seeds), "aurora: peers");
        assert_eq!(group("lifecycle = true\ngroup = 'mine'", &seeds), "mine");
        let error = options("lifecycle = true", &["dns:a:1"]).unwrap_err().to_string();
        assert!(error.contains("`group`"), "{error}");
        assert!(options("lifecycle = true\ngroup = 'g'\nlinger_seconds = 61", &[]).is_err());
    }

    #[test]
    fn figures_bear_a_name() {
        let named = options("metrics = true\ndeployment = 'prod'", &[]).unwrap();
        assert_eq!(named.figures_of.as_deref(), Some("prod"));
        for text in [
            "metrics = true",
            "metrics = true\ndeployment = ''",
            "metrics = true\ndeployment = 'a b'",
        ] {
            let error = format!("{:#}", options(text, &[]).unwrap_err());
            assert!(error.contains("`deployment` under [aws]"), "{error}");
        }
        assert!(options("unknown = 1", &[]).is_err());
    }
}
