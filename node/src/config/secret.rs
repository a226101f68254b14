//! Secrets, and what stands for them in a configuration.
//!
//! | text | stands for |
//! |---|---|
//! | `env:NAME` | a variable |
//! | `file:PATH` | what a file holds |
//! | `secretsmanager:NAME_OR_ARN`, `secretsmanager:NAME_OR_ARN#KEY` | a secret of AWS Secrets Manager, or what it says under a key of its JSON |
//! | `ssm:NAME_OR_ARN` | a parameter of AWS's parameter store, decrypted |
//! | anything else | itself |
//!
//! A line's end after it is none of it. A reference is read where it is used, with that node's rights: who may write
//! one can read whatever the node can ([`crate::registry::security::new_reference`]).

use std::fmt;

use anyhow::{Context, bail};
use serde::Deserialize;

/// Longest name of anything that a reference names.
const MAX_NAME_BYTES: usize = 2_048;

/// A text that may be a secret, or a reference to one. It never shows itself.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'a> {
    Variable(&'a str),
    File(&'a str),
    Aws(AwsPlace<'a>),
}

/// Where in AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AwsPlace<'a> {
    Secret { name: &'a str, key: Option<&'a str> },
    Parameter(&'a str),
}

impl<'a> Place<'a> {
    /// What a text refers to, if it is a reference.
    fn of(text: &'a str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        Some(match kind {
            "env" => Self::Variable(rest),
            "file" => Self::File(rest),
            // Neither names nor ARNs have a `#`.
            "secretsmanager" => {
                let (name, key) = match rest.split_once('#') {
                    Some((name, key)) => (name, Some(key)),
                    None => (rest, None),
                };
                Self::Aws(AwsPlace::Secret { name, key })
            }
            "ssm" => Self::Aws(AwsPlace::Parameter(rest)),
            _ => return None,
        })
    }

    /// Why nothing can be there.
    fn mistake(self) -> Option<&'static str> {
        let is_odd = |name: &str| {
            name.is_empty()
                || name.len() > MAX_NAME_BYTES
                || name.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        match self {
            Self::Variable("") => Some("`env:` is followed by no variable's name"),
            Self::File("") => Some("`file:` is followed by no path"),
            Self::Variable(_) | Self::File(_) => None,
            Self::Aws(AwsPlace::Secret { key: Some(""), .. }) => {
                Some("`#` is followed by no key of the secret's JSON")
            }
            Self::Aws(AwsPlace::Secret { name, .. }) if is_odd(name) => {
                Some("`secretsmanager:` is followed by no secret's name or ARN")
            }
            Self::Aws(AwsPlace::Parameter(name)) if is_odd(name) => {
                Some("`ssm:` is followed by no parameter's name or ARN")
            }
            Self::Aws(_) => None,
        }
    }
}

impl Secret {
    /// A secret given outright.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether a text stands for what is elsewhere.
    pub fn is_reference(text: &str) -> bool {
        Place::of(text).is_some()
    }

    /// Whether a text stands for what AWS has to be asked for.
    pub fn is_in_aws(text: &str) -> bool {
        matches!(Place::of(text), Some(Place::Aws(_)))
    }

    /// The text as it was written, secret or reference: for whoever seals it.
    pub(crate) fn as_written(&self) -> &str {
        &self.0
    }

    /// The text, read from where it is if this is a reference.
    pub async fn resolve(&self) -> anyhow::Result<String> {
        let Some(place) = Place::of(&self.0) else {
            return Ok(self.0.clone());
        };
        if let Some(mistake) = place.mistake() {
            bail!(mistake);
        }
        match place {
            Place::Variable(variable) => {
                std::env::var(variable).with_context(|| format!("the variable {variable} is not set"))
            }
            Place::File(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("the secret in {path} cannot be read"))?;
                Ok(without_line_end(&text))
            }
            Place::Aws(place) => aws::read(place).await,
        }
    }

    /// The same for a process that starts, maybe together with its machine: AWS may need a moment to know who asks.
    pub async fn resolve_at_start(&self) -> anyhow::Result<String> {
        aws::patiently(async || self.resolve().await).await
    }
}

fn without_line_end(text: &str) -> String {
    text.trim_end_matches(['\n', '\r']).to_owned()
}

#[cfg(feature = "aws")]
mod aws {
    use anyhow::Context;

    use super::{AwsPlace, without_line_end};
    use crate::aws::secrets::{self, Key};

    pub(super) async fn read(place: AwsPlace<'_>) -> anyhow::Result<String> {
        let text = match place {
            AwsPlace::Secret { name, key } => {
                let read = secrets::read_secret(name, key.map_or(Key::Whole, Key::Of)).await;
                read.with_context(|| format!("the secret {name} of Secrets Manager cannot be read"))?
            }
            AwsPlace::Parameter(name) => {
                let read = secrets::read_parameter(name).await;
                read.with_context(|| format!("the parameter {name} of the parameter store cannot be read"))?
            }
        };
        Ok(without_line_end(&text))
    }

    pub(super) async fn patiently(read: impl AsyncFn() -> anyhow::Result<String>) -> anyhow::Result<String> {
        secrets::patiently(secrets::BOOT_LIMIT, read).await
    }
}

#[cfg(not(feature = "aws"))]
mod aws {
    use super::AwsPlace;

    #[expect(clippy::unused_async, reason = "the other build asks AWS")]
    pub(super) async fn read(_place: AwsPlace<'_>) -> anyhow::Result<String> {
        anyhow::bail!(
            "secrets of AWS take a build of Aurora that can ask it: `cargo build --release`, without --no-default-features"
        )
    }

    pub(super) async fn patiently(read: impl AsyncFn() -> anyhow::Result<String>) -> anyhow::Result<String> {
        read().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_secrets() {
        let secret = |name, key| Some(Place::Aws(AwsPlace::Secret { name, key }));
        for (text, place) in [
            ("env:A", Some(Place::Variable("A"))),
            ("file:/a:b", Some(Place::File("/a:b"))),
            ("secretsmanager:aurora/prod/key", secret("aurora/prod/key", None)),
            (
                "secretsmanager:arn:aws:secretsmanager:eu-west-1:1:secret:a-b#user",
                secret("arn:aws:secretsmanager:eu-west-1:1:secret:a-b", Some("user")),
            ),
            (
                "ssm:/aurora/prod:3",
                Some(Place::Aws(AwsPlace::Parameter("/aurora/prod:3"))),
            ),
            ("hunter2", None),
            ("ssm", None),
            ("SSM:x", None),
            ("a:b", None),
        ] {
            assert_eq!(Place::of(text), place, "{text}");
            assert_eq!(Secret::is_reference(text), place.is_some());
        }
    }

    #[tokio::test]
    async fn what_names_nothing_is_a_mistake() {
        let long = format!("ssm:{}", "x".repeat(3_000));
        for text in [
            "env:",
            "file:",
            "secretsmanager:",
            "secretsmanager:#key",
            "secretsmanager:name#",
            "ssm:",
            "ssm:a b",
            "secretsmanager:a\nb",
            &long,
        ] {
            let error = Secret::new(text).resolve().await.unwrap_err().to_string();
            assert!(error.contains("followed by no"), "{text}: {error}");
        }
    }

    #[tokio::test]
    async fn a_secret_is_read_from_where_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secret");
        std::fs::write(&file, "hunter2\r\n").unwrap();
        let of_file = Secret::new(format!("file:{}", file.display()));
        assert_eq!(of_file.resolve().await.unwrap(), "hunter2");
        assert_eq!(Secret::new("hunter2").resolve().await.unwrap(), "hunter2");
        let path = std::env::var("PATH").unwrap();
        assert_eq!(Secret::new("env:PATH").resolve().await.unwrap(), path);
        assert!(!format!("{:?}", Secret::new("hunter2")).contains("hunter2"));
    }

    #[cfg(not(feature = "aws"))]
    #[tokio::test]
    async fn a_build_without_aws_says_how_to_get_one_with_it() {
        let error = Secret::new("ssm:x").resolve().await.unwrap_err().to_string();
        assert!(error.contains("--no-default-features"), "{error}");
    }
}
