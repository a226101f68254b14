//! Deployments, with the real engine of Pulumi and a stand-in of its aws provider: no account of AWS is needed, and none was
//! asked. `aurora`'s own questions to AWS go to an emulator.

mod again;
mod command;
mod life;
mod looking;
mod mishaps;
mod refusals;
mod shared;
mod shell;
mod signals;
mod told;
mod values;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use aurora_chaos_tests::cached_tool;
use aurora_chaos_tests::fake_aws::FakeAws;
use aurora_pulumi::deployment::{Deployment, Size};
use aurora_pulumi::engine::{EngineError, Event, Intent, Keep, Leftovers, Pulumi, Run, Summary, Workspace};
use aurora_pulumi::stacks::ProgramFile;
use tokio::sync::mpsc;
use told::Told;

/// An account, and a deployment that is to be in it.
struct Stage {
    aws: FakeAws,
    workspace: Workspace,
    deployment: Deployment,
    program: ProgramFile,
    folder: tempfile::TempDir,
    told: Told,
}

impl Stage {
    async fn set() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let aws = FakeAws::start().await?;
        let mut deployment = Deployment::new("prod", "eu-central-1");
        deployment.size = Size::Standard;
        let workspace = workspace(&aws, &deployment, folder.path()).await?;
        let program = program(folder.path())?;
        workspace.prepare().await?;
        Ok(Self {
            aws,
            workspace,
            deployment,
            program,
            folder,
            told: Told::default(),
        })
    }

    fn intent(&self) -> Intent {
        Intent {
            deployment: self.deployment.clone(),
            program: self.program.clone(),
            renew_machines: false,
            set_nodes: false,
        }
    }

    async fn up(&self) -> Result<Summary, EngineError> {
        self.up_with(self.intent()).await
    }

    async fn up_with(&self, intent: Intent) -> Result<Summary, EngineError> {
        let (_stop, mut stopped) = mpsc::channel(1);
        let run = Run {
            tell: &mut |event| self.told.note(&event),
            stop: &mut stopped,
        };
        self.workspace.up(intent, run).await
    }

    async fn destroy(&self, keep: Keep) -> Result<Summary, EngineError> {
        let (_stop, mut stopped) = mpsc::channel(1);
        let run = Run {
            tell: &mut |event| self.told.note(&event),
            stop: &mut stopped,
        };
        self.workspace.destroy(keep, run).await
    }

    async fn settle(&self, leftovers: &Leftovers) -> Result<Summary, EngineError> {
        let (_stop, mut stopped) = mpsc::channel(1);
        let run = Run {
            tell: &mut |_| {},
            stop: &mut stopped,
        };
        self.workspace.settle(leftovers, run).await
    }

    /// What has been done since the last time, each as `verb Type name`.
    fn done(&self) -> Vec<String> {
        let log = self.aws.world().take_log();
        log.iter()
            .map(|done| format!("{} {}", done.verb, done.what()))
            .collect()
    }
}

/// What machines are to run.
fn program(folder: &Path) -> Result<ProgramFile> {
    let path = folder.join("aurora");
    std::fs::write(&path, "a program")?;
    Ok(ProgramFile {
        path,
        sha256: "0".repeat(64),
    })
}

/// A workspace whose `pulumi` talks to `aws`.
async fn workspace(aws: &FakeAws, deployment: &Deployment, folder: &Path) -> Result<Workspace> {
    let pulumi = Pulumi::find(Some(&cached_tool::pulumi().await?)).await?;
    let mut workspace = Workspace::open(pulumi, deployment, folder)?;
    for (name, value) in variables(aws, folder) {
        workspace.set_env(&name, value);
    }
    Ok(workspace)
}

/// What `pulumi` needs to be told to talk to `aws`, and to leave this machine's own settings alone.
fn variables(aws: &FakeAws, folder: &Path) -> Vec<(String, PathBuf)> {
    let (name, value) = aws.variable();
    vec![
        (name.to_owned(), value.into()),
        // It would look for the real provider on the network first.
        (
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION".to_owned(),
            "true".into(),
        ),
        ("PULUMI_HOME".to_owned(), folder.join("pulumi-home")),
    ]
}

/// Where something was done, for comparisons of order.
fn position(done: &[String], what: &str) -> Result<usize> {
    done.iter()
        .position(|one| one == what)
        .with_context(|| format!("nobody did {what:?}: {done:?}"))
}

/// Keeps the messages of a run.
fn messages(event: &Event) -> Option<String> {
    match event {
        Event::Message { text, .. } => Some(text.clone()),
        _ => None,
    }
}
