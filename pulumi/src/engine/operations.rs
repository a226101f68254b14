//! Operations on a deployment: run, followed, and stopped.

use std::ffi::OsString;
use std::sync::Arc;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::mpsc;

use super::command::finish;
use super::events::{Event, EventLog, Operation, Severity, Summary};
use super::program::{DeploymentProgram, Intent};
use super::state::protecting;
use super::trouble::ResourceFailure;
use super::workspace::Workspace;
use super::{EngineError, Leftovers};
use crate::sdk::language::LanguageServer;

/// What happened in the last run that has ended.
const EVENTS: &str = "events.jsonl";

/// What is kept when a deployment is taken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The database's volume, the backups, and the key and the secret that they cannot be used without.
    Data,
    /// Nothing.
    Nothing,
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

impl Workspace {
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
            Keep::Data => {
                // An attempt to delete everything that did not come to its end has left nothing protected.
                if let Some(protected) =
                    protecting(self.export().await?, |token, name| self.keeps(token, name))
                {
                    self.import(&protected).await?;
                }
                // Without this it would delete everything else before it fails at what is protected.
                &["--yes", "--skip-preview", "--exclude-protected"]
            }
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

    /// Goes on after a run that was cut off: takes up what `leftovers` says is there, forgets what is not, and looks at
    /// everything anew. What is doubtful is an error, as it is for [`Workspace::up`].
    pub async fn settle(&self, leftovers: &Leftovers, run: Run<'_>) -> Result<Summary, EngineError> {
        if !leftovers.doubtful.is_empty() {
            let doubtful = leftovers.doubtful.iter();
            return Err(EngineError::Pending(
                doubtful.map(|(pending, _)| pending.clone()).collect(),
            ));
        }
        // `pulumi refresh --import-pending-creates` forgets what it is told of (3.150).
        self.import(&leftovers.settle(self.export().await?)).await?;
        let arguments = ["--yes", "--skip-preview"];
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
        // Somebody else may look at the same deployment meanwhile.
        let log = self
            .directory
            .join(format!("events-{}.jsonl", std::process::id()));
        if_there(std::fs::remove_file(&log))?;
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
        if_there(std::fs::rename(&log, self.directory.join(EVENTS)))?;
        if said.success {
            return Ok(seen.summary);
        }
        if stops > 0 {
            return Err(EngineError::Interrupted(seen.failures));
        }
        let has_failed = !seen.failures.is_empty();
        match self.understand(&said) {
            // What failed says more than that something did. Credentials may have run out in the middle.
            EngineError::Other(_) if has_failed => Err(EngineError::Resources(seen.failures)),
            EngineError::Credentials(_) if has_failed && seen.has_begun => {
                Err(EngineError::Resources(seen.failures))
            }
            other => Err(other),
        }
    }
}

/// What matters of an operation afterwards.
#[derive(Default)]
struct Seen {
    summary: Summary,
    failures: Vec<ResourceFailure>,
    /// Whether something in AWS was made, changed or deleted.
    has_begun: bool,
}

impl Seen {
    fn note(&mut self, event: &Event) {
        match event {
            Event::End(summary) => self.summary = summary.clone(),
            Event::Done(change) => {
                let is_nothing = matches!(change.operation, Operation::Same | Operation::Read);
                self.has_begun |= !is_nothing && change.token.starts_with("aws:");
            }
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

/// What is not there need not be moved or deleted.
fn if_there(done: std::io::Result<()>) -> std::io::Result<()> {
    match done {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
