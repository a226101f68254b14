//! Values of Secrets Manager and of the parameter store.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::pause;
use super::error::AwsError;
use super::service::{SECRETS_MANAGER, SSM};
use super::{Aws, ask};

/// How long it may take after the start of a machine until its role is known everywhere; until then AWS refuses.
pub const BOOT_LIMIT: Duration = Duration::from_secs(30);

/// Which part of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key<'a> {
    /// All of it.
    Whole,
    /// What its JSON says under this.
    Of(&'a str),
}

/// Why a secret could not be read. No text of it is ever in here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// AWS does not give it.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// It is no text.
    #[error("it is bytes, and a text is needed; store it as a string")]
    Bytes,
    /// A key was asked for of what has none.
    #[error("it is no JSON object, so there is no key {0:?} in it; leave `#{0}` out, or store key and value")]
    NoObject(String),
    /// Nothing that could be a secret stands there.
    #[error("its JSON has no text under the key {0:?}")]
    NoKey(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecretValue {
    secret_string: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    parameter: Parameter,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    value: String,
}

impl Aws {
    /// The current text of a secret, by its name or ARN; `None` for one that is bytes.
    pub async fn secret(&self, name: &str) -> Result<Option<String>, AwsError> {
        let question = json!({ "SecretId": name });
        let found: SecretValue = self.json(&SECRETS_MANAGER, "GetSecretValue", &question).await?;
        Ok(found.secret_string)
    }

    /// A parameter, decrypted if it is a secret.
    pub async fn parameter(&self, name: &str) -> Result<String, AwsError> {
        let question = json!({ "Name": name, "WithDecryption": true });
        let found: Found = self.json(&SSM, "GetParameter", &question).await?;
        Ok(found.parameter.value)
    }
}

/// Reads a secret as this process's surroundings allow, in its own region if it has an ARN.
pub async fn read_secret(name: &str, key: Key<'_>) -> Result<String, SecretError> {
    let text = ask(async |aws| elsewhere(aws, name).secret(name).await).await?;
    part(text.ok_or(SecretError::Bytes)?, key)
}

/// Reads a parameter likewise.
pub async fn read_parameter(name: &str) -> Result<String, SecretError> {
    Ok(ask(async |aws| elsewhere(aws, name).parameter(name).await).await?)
}

/// Does `read` until it works, fails for good, or has had its time: a machine that has just been started may not be
/// known yet, nor its network be up. What is waited for is logged.
pub async fn patiently<T>(limit: Duration, read: impl AsyncFn() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let started = Instant::now();
    let mut told = String::new();
    let mut attempt = 1;
    loop {
        let error = match read().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let may_pass = error
            .chain()
            .find_map(of_aws)
            .is_some_and(AwsError::may_pass_after_boot);
        let pause = pause(attempt).max(Duration::from_millis(500));
        if !may_pass || started.elapsed() + pause > limit {
            return Err(error);
        }
        let words = format!("{error:#}");
        if words != told {
            tracing::warn!(
                error = words,
                "aws does not answer yet as it should; it is asked again"
            );
            told = words;
        }
        tokio::time::sleep(pause).await;
        attempt += 1;
    }
}

fn of_aws<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a AwsError> {
    match error.downcast_ref() {
        Some(SecretError::Aws(error)) => Some(error),
        _ => error.downcast_ref(),
    }
}

/// An ARN names the region that it is of.
fn elsewhere(aws: &Aws, name: &str) -> Aws {
    match region_of(name) {
        Some(region) => aws.in_region(region),
        None => aws.clone(),
    }
}

fn region_of(arn: &str) -> Option<&str> {
    let region = arn.strip_prefix("arn:")?.split(':').nth(2)?;
    Some(region)
        .filter(|region| !region.is_empty() && region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
}

fn part(text: String, key: Key<'_>) -> Result<String, SecretError> {
    let Key::Of(key) = key else { return Ok(text) };
    let Ok(Value::Object(mut all)) = serde_json::from_str(&text) else {
        return Err(SecretError::NoObject(key.to_owned()));
    };
    match all.remove(key) {
        Some(Value::String(text)) => Ok(text),
        Some(number @ Value::Number(_)) => Ok(number.to_string()),
        _ => Err(SecretError::NoKey(key.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_a_part_of_a_secret() {
        let json = r#"{"user": "ann", "password": "hunter2", "port": 8123, "more": {}}"#;
        let of = |text: &str, key| part(text.to_owned(), key);
        assert_eq!(of(json, Key::Whole).unwrap(), json);
        assert_eq!(of(json, Key::Of("password")).unwrap(), "hunter2");
        assert_eq!(of(json, Key::Of("port")).unwrap(), "8123");
        for (text, key, error) in [
            (json, "pass", SecretError::NoKey("pass".to_owned())),
            (json, "more", SecretError::NoKey("more".to_owned())),
            ("hunter2", "a", SecretError::NoObject("a".to_owned())),
            ("[\"hunter2\"]", "a", SecretError::NoObject("a".to_owned())),
        ] {
            let found = of(text, Key::Of(key)).unwrap_err();
            assert_eq!(found, error);
            assert!(!found.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn an_arn_names_its_region() {
        let arn = "arn:aws:secretsmanager:us-east-2:123456789012:secret:a-AbCdEf";
        assert_eq!(region_of(arn), Some("us-east-2"));
        for name in [
            "aurora/prod/key",
            "arn:aws:ssm",
            "arn:aws:s3:::bucket",
            "arn:aws:ssm:a/b:1:x",
        ] {
            assert_eq!(region_of(name), None, "{name}");
        }
    }

    #[tokio::test]
    async fn what_does_not_pass_is_told_at_once() {
        let tried = std::sync::atomic::AtomicUsize::new(0);
        let read = async || -> anyhow::Result<()> {
            tried.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Err(SecretError::Bytes.into())
        };
        assert!(patiently(Duration::from_secs(60), read).await.is_err());
        assert_eq!(tried.into_inner(), 1);
    }

    #[tokio::test]
    async fn what_passes_is_waited_for() {
        let tried = std::sync::atomic::AtomicUsize::new(0);
        let read = async || -> anyhow::Result<&str> {
            match tried.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => Err(anyhow::Error::from(AwsError::NoCredentials).context("the key")),
                _ => Ok("hunter2"),
            }
        };
        assert_eq!(patiently(Duration::from_secs(60), read).await.unwrap(), "hunter2");
    }
}
