//! A deployment's folder: its project, its configuration, what is known of it.
//!
//! ```text
//! .aurora/            beside the description; nothing in it is for a repository (.gitignore says so)
//!   passphrase        what the state's secrets are encrypted with, unless something else is set
//!   state/            what Pulumi knows, unless the description names a bucket
//!   NAME/             Pulumi.yaml, Pulumi.NAME.yaml (configuration, secrets encrypted), events.jsonl, certificate.pem (its own)
//! ```

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::command::{Pulumi, Said};
use super::program::{CERTIFICATE, CERTIFICATE_KEY, CERTIFICATE_REGION, CERTIFICATE_UNTIL, PROJECT};
use super::trouble::understand;
use super::{EngineError, StackState, secrets};
use crate::deployment::Deployment;
use crate::stacks::{self, SecretKey};

/// The folder beside the description.
const FOLDER: &str = ".aurora";
const CERTIFICATE_FILE: &str = "certificate.pem";
const DATA_VOLUME: &str = "aws:ebs/volume:Volume";
const PROJECT_FILE: &str = "Pulumi.yaml";
/// Any name works but those of languages, which would be looked for. `pulumi-language-aurora` in the search path is
/// `aurora` itself: then a plain `pulumi up` works as well.
const PROJECT_TEXT: &str =
    "# Written by aurora.\nname: aurora\nruntime: aurora\ndescription: Aurora in AWS\n";
const PASSPHRASES: [&str; 2] = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"];

/// A deployment's folder, and the `pulumi` that works on it.
#[derive(Debug)]
pub struct Workspace {
    pub(super) pulumi: Pulumi,
    pub(super) directory: PathBuf,
    pub(super) stack: String,
    region: String,
    backend: String,
    secrets_provider: String,
    passphrase: PathBuf,
    /// Types and names of what outlives the deployment.
    kept: Vec<(String, String)>,
    pub(super) env: BTreeMap<String, OsString>,
}

impl Workspace {
    /// The workspace of `deployment`, whose description is in `base`. Makes its folder if need be.
    pub fn open(pulumi: Pulumi, deployment: &Deployment, base: &Path) -> Result<Self, EngineError> {
        let folder = std::path::absolute(base)?.join(FOLDER);
        let directory = folder.join(&deployment.name);
        std::fs::create_dir_all(&directory)?;
        write_if_missing(&folder.join(".gitignore"), "*\n")?;
        write_if_missing(&directory.join(PROJECT_FILE), PROJECT_TEXT)?;
        let backend = match &deployment.state.backend {
            Some(backend) => backend.clone(),
            None => {
                let state = folder.join("state");
                std::fs::create_dir_all(&state)?;
                format!("file://{}", state.display())
            }
        };
        let mut env = BTreeMap::from([("PULUMI_BACKEND_URL".to_owned(), OsString::from(&backend))]);
        let passphrase = folder.join("passphrase");
        let is_set = PASSPHRASES.iter().any(|name| std::env::var_os(name).is_some());
        if !is_set {
            if deployment.state.secrets_provider.is_none() && !passphrase.exists() {
                // Everybody who shares a state would make another one.
                if !backend.starts_with("file://") {
                    return Err(EngineError::NoSharedKey(backend));
                }
                make_passphrase(&passphrase)?;
            }
            // A deployment that was begun with a passphrase keeps it, whatever its description names later.
            if passphrase.exists() {
                env.insert(PASSPHRASES[1].to_owned(), passphrase.clone().into());
            }
        }
        Ok(Self {
            pulumi,
            directory,
            stack: deployment.name.clone(),
            region: deployment.region.clone(),
            backend,
            secrets_provider: deployment
                .state
                .secrets_provider
                .clone()
                .unwrap_or_else(|| "passphrase".to_owned()),
            passphrase,
            kept: kept(deployment)?,
            env,
        })
    }

    /// Another variable for `pulumi` and its providers.
    pub fn set_env(&mut self, name: &str, value: impl Into<OsString>) {
        self.env.insert(name.to_owned(), value.into());
    }

    /// Whether this outlives the deployment: what is protected now, and every volume with data that a restore has left.
    pub fn keeps(&self, token: &str, name: &str) -> bool {
        token == DATA_VOLUME
            || self
                .kept
                .iter()
                .any(|kept| (kept.0.as_str(), kept.1.as_str()) == (token, name))
    }

    /// Where the state is.
    pub fn backend(&self) -> &str {
        &self.backend
    }

    /// Makes the stack and its secrets, unless they are there.
    pub async fn prepare(&self) -> Result<(), EngineError> {
        let said = self
            .said(
                &[
                    "stack",
                    "init",
                    &self.stack,
                    "--secrets-provider",
                    &self.secrets_provider,
                ],
                None,
            )
            .await?;
        if !said.success && !said.stderr.contains("already exists") {
            return Err(self.understand(&said));
        }
        let mut config = self.config().await?;
        let missing = |config: &BTreeMap<String, ConfigValue>| {
            let keys = SecretKey::ALL.into_iter();
            keys.filter(|key| !config.contains_key(&config_key(key.name())))
                .collect::<Vec<_>>()
        };
        if !missing(&config).is_empty() && !self.state().await?.is_empty() {
            // Made on another machine: its configuration is in the state. New secrets would lock everybody out.
            self.ran(&["config", "refresh", "--force", "--stack", &self.stack], None)
                .await?;
            config = self.config().await?;
            // Some may be new in this version.
            if missing(&config).len() == SecretKey::ALL.len() {
                return Err(EngineError::Answer {
                    what: "the configuration",
                    reason: "the deployment is there, and its secrets are not".to_owned(),
                });
            }
        }
        for key in missing(&config) {
            self.set_secret(key.name(), &secrets::generate(key)?).await?;
        }
        let until = config.get(&config_key(CERTIFICATE_UNTIL));
        let region = config.get(&config_key(CERTIFICATE_REGION));
        let region = region.and_then(|region| region.value.as_deref());
        let is_elsewhere = region.is_some_and(|region| region != self.region);
        if is_elsewhere || !secrets::is_good_for_long(until.and_then(|until| until.value.as_deref())) {
            self.sign_certificate().await?;
        }
        Ok(())
    }

    async fn sign_certificate(&self) -> Result<(), EngineError> {
        let own = secrets::sign_certificate(&self.stack, &self.region);
        let (own, until) =
            own.map_err(|error| EngineError::Other(format!("no certificate can be signed: {error}")))?;
        self.set_secret(CERTIFICATE_KEY, &own.private_key).await?;
        self.set_secret(CERTIFICATE, &own.certificate).await?;
        self.set(CERTIFICATE_REGION, &self.region).await?;
        self.set(CERTIFICATE_UNTIL, &until.to_string()).await
    }

    /// The file with the certificate that the deployment has signed itself, for those who are to trust it.
    pub async fn own_certificate(&self) -> Result<PathBuf, EngineError> {
        let key = config_key(CERTIFICATE);
        let pem = self
            .ran(&["config", "get", "--stack", &self.stack, &key], None)
            .await?;
        let file = self.directory.join(CERTIFICATE_FILE);
        std::fs::write(&file, pem)?;
        Ok(file)
    }

    /// What is known of the deployment.
    pub async fn state(&self) -> Result<StackState, EngineError> {
        StackState::parse(
            &self
                .ran(&["stack", "export", "--stack", &self.stack], None)
                .await?,
        )
    }

    /// What the deployment says of itself; secrets are left out.
    pub async fn outputs(&self) -> Result<BTreeMap<String, serde_json::Value>, EngineError> {
        let text = self
            .ran(&["stack", "output", "--json", "--stack", &self.stack], None)
            .await?;
        serde_json::from_str(&text).map_err(|error| EngineError::Answer {
            what: "the outputs",
            reason: error.to_string(),
        })
    }

    /// Takes the lock of another run away.
    pub async fn unlock(&self) -> Result<(), EngineError> {
        self.ran(&["cancel", "--yes", &self.stack], None).await.map(drop)
    }

    pub(super) async fn export(&self) -> Result<serde_json::Value, EngineError> {
        let text = self
            .ran(&["stack", "export", "--stack", &self.stack], None)
            .await?;
        serde_json::from_str(&text).map_err(|error| EngineError::Answer {
            what: "the state",
            reason: error.to_string(),
        })
    }

    /// Operations that are pending are forgotten by this.
    pub(super) async fn import(&self, export: &serde_json::Value) -> Result<(), EngineError> {
        let export = export.to_string();
        self.ran(&["stack", "import", "--stack", &self.stack], Some(&export))
            .await
            .map(drop)
    }

    async fn config(&self) -> Result<BTreeMap<String, ConfigValue>, EngineError> {
        let text = self
            .ran(&["config", "--json", "--stack", &self.stack], None)
            .await?;
        serde_json::from_str(&text).map_err(|error| EngineError::Answer {
            what: "the configuration",
            reason: error.to_string(),
        })
    }

    async fn set(&self, key: &str, value: &str) -> Result<(), EngineError> {
        let key = config_key(key);
        self.ran(&["config", "set", "--stack", &self.stack, &key, value], None)
            .await
            .map(drop)
    }

    /// By its standard input: what is on a command line can be seen by everybody on the machine.
    async fn set_secret(&self, key: &str, value: &str) -> Result<(), EngineError> {
        let key = config_key(key);
        self.ran(
            &["config", "set", "--secret", "--stack", &self.stack, &key],
            Some(value),
        )
        .await
        .map(drop)
    }

    async fn said(&self, arguments: &[&str], input: Option<&str>) -> Result<Said, EngineError> {
        self.pulumi
            .run(&self.directory, arguments, &self.env, input)
            .await
    }

    /// What it says when it ends well.
    pub(super) async fn ran(&self, arguments: &[&str], input: Option<&str>) -> Result<String, EngineError> {
        let said = self.said(arguments, input).await?;
        if said.success {
            Ok(said.stdout)
        } else {
            Err(self.understand(&said))
        }
    }

    pub(super) fn understand(&self, said: &Said) -> EngineError {
        understand(said, &self.stack, &self.backend, &self.passphrase)
    }
}

#[derive(Deserialize)]
struct ConfigValue {
    /// Nothing for secrets.
    value: Option<String>,
}

/// Types and names of what outlives a deployment.
fn kept(deployment: &Deployment) -> Result<Vec<(String, String)>, EngineError> {
    let program = stacks::declared(deployment)?;
    let kept = program
        .declarations()
        .iter()
        .filter(|declared| declared.options.protect);
    Ok(kept
        .map(|declared| (declared.token.clone(), declared.name.clone()))
        .collect())
}

fn config_key(key: &str) -> String {
    format!("{PROJECT}:{key}")
}

fn write_if_missing(path: &Path, text: &str) -> std::io::Result<()> {
    if path.exists() {
        Ok(())
    } else {
        std::fs::write(path, text)
    }
}

/// A passphrase that nobody has to remember, unless there is one. Whoever loses it loses the deployment's secrets.
fn make_passphrase(path: &Path) -> Result<(), EngineError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match file {
        Ok(mut file) => {
            let passphrase = secrets::password()?;
            Ok(file.write_all(passphrase.as_bytes())?)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.into()),
    }
}
