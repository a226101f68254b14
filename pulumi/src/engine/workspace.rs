//! A deployment's folder, and the operations on it.
//!
//! ```text
//! .aurora/            beside the description; nothing in it is for a repository (.gitignore says so)
//!   passphrase        what the state's secrets are encrypted with, unless something else is set
//!   state/            what Pulumi knows, unless the description names a bucket
//!   NAME/             Pulumi.yaml, Pulumi.NAME.yaml (configuration, secrets encrypted), events.jsonl
//! ```

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::command::{Pulumi, Said, finish};
use super::events::{Event, EventLog, Severity, Summary};
use super::program::{CERTIFICATE, CERTIFICATE_KEY, DeploymentProgram, Intent, PROJECT};
use super::trouble::{ResourceFailure, understand};
use super::{EngineError, StackState, secrets};
use crate::deployment::Deployment;
use crate::sdk::language::LanguageServer;
use crate::stacks::SecretKey;

/// The folder beside the description.
const FOLDER: &str = ".aurora";
const PROJECT_FILE: &str = "Pulumi.yaml";
/// Any name works but those of languages, which would be looked for. `pulumi-language-aurora` in the search path is
/// `aurora` itself: then a plain `pulumi up` works as well.
const PROJECT_TEXT: &str =
    "# Written by aurora.\nname: aurora\nruntime: aurora\ndescription: Aurora in AWS\n";
const PASSPHRASES: [&str; 2] = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"];

/// What is kept when a deployment is taken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The database's volume, the backups, and the key and the secret that they cannot be used without.
    Data,
    /// Nothing.
    Nothing,
}

/// A deployment's folder, and the `pulumi` that works on it.
#[derive(Debug)]
pub struct Workspace {
    pulumi: Pulumi,
    directory: PathBuf,
    stack: String,
    region: String,
    backend: String,
    secrets_provider: String,
    passphrase: PathBuf,
    env: BTreeMap<String, OsString>,
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
        if deployment.state.secrets_provider.is_none() && !is_set {
            make_passphrase(&passphrase)?;
            env.insert(PASSPHRASES[1].to_owned(), passphrase.clone().into());
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
            env,
        })
    }

    /// Another variable for `pulumi` and its providers.
    pub fn set_env(&mut self, name: &str, value: impl Into<OsString>) {
        self.env.insert(name.to_owned(), value.into());
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
            if let Some(key) = missing(&config).first() {
                return Err(EngineError::Answer {
                    what: "the configuration",
                    reason: format!("the deployment is there, and its secret {:?} is not", key.name()),
                });
            }
        }
        for key in missing(&config) {
            self.set_secret(key.name(), &secrets::generate(key)?).await?;
        }
        if !config.contains_key(&config_key(CERTIFICATE)) {
            let own = secrets::sign_certificate(&self.stack, &self.region);
            let own =
                own.map_err(|error| EngineError::Other(format!("no certificate can be signed: {error}")))?;
            self.set_secret(CERTIFICATE_KEY, &own.private_key).await?;
            self.set_secret(CERTIFICATE, &own.certificate).await?;
        }
        Ok(())
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

    /// What would be done.
    pub async fn preview(&self, intent: Intent, run: Run<'_>) -> Result<Summary, EngineError> {
        self.run_program("preview", &[], intent, run).await
    }

    /// Does it. What an earlier run was cut off in is an error: it could be made a second time.
    pub async fn up(&self, intent: Intent, run: Run<'_>) -> Result<Summary, EngineError> {
        let pending = self.state().await?.pending;
        if !pending.is_empty() {
            return Err(EngineError::Pending(pending));
        }
        self.run_program("up", &["--yes", "--skip-preview"], intent, run)
            .await
    }

    /// Takes the deployment down.
    pub async fn destroy(&self, keep: Keep, run: Run<'_>) -> Result<Summary, EngineError> {
        let arguments: &[&str] = match keep {
            // Without this it would delete everything else before it fails at what is protected.
            Keep::Data => &["--yes", "--skip-preview", "--exclude-protected"],
            Keep::Nothing => {
                self.ran(
                    &["state", "unprotect", "--all", "--yes", "--stack", &self.stack],
                    None,
                )
                .await?;
                &["--yes", "--skip-preview"]
            }
        };
        let summary = self.follow("destroy", arguments, Vec::new(), run).await?;
        if keep == Keep::Nothing {
            self.ran(&["stack", "rm", "--yes", &self.stack], None).await?;
        }
        Ok(summary)
    }

    /// Takes the lock of another run away.
    pub async fn unlock(&self) -> Result<(), EngineError> {
        self.ran(&["cancel", "--yes", &self.stack], None).await.map(drop)
    }

    /// Forgets what an earlier run was cut off in, and looks at everything else anew.
    pub async fn forget_pending(&self, run: Run<'_>) -> Result<Summary, EngineError> {
        let arguments = ["--yes", "--skip-preview", "--clear-pending-creates"];
        self.follow("refresh", &arguments, Vec::new(), run).await
    }

    async fn run_program(
        &self,
        verb: &str,
        arguments: &[&str],
        intent: Intent,
        run: Run<'_>,
    ) -> Result<Summary, EngineError> {
        let server = LanguageServer::start(Arc::new(DeploymentProgram::new(intent))).await?;
        let client = vec![OsString::from(format!("--client={}", server.address()))];
        self.follow(verb, arguments, client, run).await
    }

    /// Runs one operation, and tells what happens.
    async fn follow(
        &self,
        verb: &str,
        arguments: &[&str],
        more: Vec<OsString>,
        run: Run<'_>,
    ) -> Result<Summary, EngineError> {
        let log = self.directory.join("events.jsonl");
        match std::fs::remove_file(&log) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let mut all: Vec<OsString> = vec![verb.into(), "--stack".into(), (&self.stack).into()];
        all.extend(arguments.iter().map(OsString::from));
        all.extend(more);
        all.extend(["--event-log".into(), log.clone().into()]);
        let child = self.pulumi.command(&self.directory, &all, &self.env).spawn()?;
        let id = child.id();

        let mut seen = Seen::default();
        let mut events = EventLog::at(&log);
        let mut stops = 0;
        let mut end = std::pin::pin!(finish(child));
        let said = loop {
            let mut tell = |event: Event| {
                seen.note(&event);
                (run.tell)(event);
            };
            tokio::select! {
                said = &mut end => break said?,
                error = events.follow(&mut tell) => error?,
                Some(()) = run.stop.recv() => {
                    stops += 1;
                    stop(id, stops);
                }
            }
        };
        let mut tell = |event: Event| {
            seen.note(&event);
            (run.tell)(event);
        };
        events.look(&mut tell)?;
        if said.success {
            return Ok(seen.summary);
        }
        if stops > 0 {
            return Err(EngineError::Interrupted);
        }
        match self.understand(&said) {
            // What failed says more than that something did.
            EngineError::Other(_) if !seen.failures.is_empty() => Err(EngineError::Resources(seen.failures)),
            other => Err(other),
        }
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
    async fn ran(&self, arguments: &[&str], input: Option<&str>) -> Result<String, EngineError> {
        let said = self.said(arguments, input).await?;
        if said.success {
            Ok(said.stdout)
        } else {
            Err(self.understand(&said))
        }
    }

    fn understand(&self, said: &Said) -> EngineError {
        understand(said, &self.stack, &self.backend, &self.passphrase)
    }
}

/// How whoever started an operation takes part in it.
pub struct Run<'a> {
    /// Is told what happens.
    pub tell: &'a mut (dyn FnMut(Event) + Send),
    /// Each message asks to stop: the first waits for what is being made, the second does not.
    pub stop: &'a mut mpsc::Receiver<()>,
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Run(…)")
    }
}

#[derive(Deserialize)]
struct ConfigValue {}

/// What matters of an operation afterwards.
#[derive(Default)]
struct Seen {
    summary: Summary,
    failures: Vec<ResourceFailure>,
}

impl Seen {
    fn note(&mut self, event: &Event) {
        match event {
            Event::End(summary) => self.summary = summary.clone(),
            Event::Message {
                severity: Severity::Error,
                name,
                text,
            } => {
                // The engine ends every failed run with these.
                let says_nothing = [
                    "update failed",
                    "preview failed",
                    "destroy failed",
                    "resource monitor shut down",
                ];
                if !says_nothing.iter().any(|nothing| text.contains(nothing)) {
                    self.failures.push(ResourceFailure {
                        name: name.clone().unwrap_or_default(),
                        message: text.clone(),
                    });
                }
            }
            _ => {}
        }
    }
}

/// The first time it finishes what is being made; the second time it does not wait; then it is killed.
fn stop(id: Option<u32>, times: u32) {
    let Some(id) = id.and_then(|id| i32::try_from(id).ok()) else {
        return;
    };
    let signal = if times > 2 {
        Signal::SIGKILL
    } else {
        Signal::SIGINT
    };
    if let Err(error) = kill(Pid::from_raw(id), signal) {
        tracing::warn!(%error, "pulumi cannot be told to stop");
    }
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
