//! Operations on a deployment, with somebody who watches, agrees, and may have had enough.

use std::future::Future;
use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use aurora_pulumi::deployment::Deployment;
use aurora_pulumi::engine::{EngineError, Intent, Run, StackState, Summary, Workspace};
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::mpsc;

use super::refresh;
use super::show::{self, Watch};
use crate::cli::interrupt::{INTERRUPTED, Interrupts};
use crate::cli::output;
use crate::cli::progress::Progress;

/// Shows what would be done; nothing when somebody has had enough.
pub(super) async fn plan(workspace: &Workspace, intent: Intent) -> anyhow::Result<Option<Summary>> {
    watched(None, true, async |run| workspace.preview(intent, run).await).await
}

/// What is said while Pulumi reads its state.
pub(super) const READING: &str = "reading what is known of the deployment";

/// Something that can be carried out: what is there, and what would be done.
pub(super) struct Planned {
    pub(super) workspace: Workspace,
    pub(super) state: StackState,
    pub(super) intent: Intent,
    pub(super) summary: Summary,
}

pub(super) async fn carry_out(planned: Planned) -> anyhow::Result<ExitCode> {
    let Planned {
        workspace,
        intent,
        summary,
        ..
    } = planned;
    let deployment = intent.deployment.clone();
    let total = Some(summary.changed());
    let done = watched(total, false, async |run| workspace.up(intent, run).await).await?;
    match done {
        Some(summary) => {
            output::note(&format!("{} in {} s", show::summary(&summary), summary.seconds));
            refresh::wait(&deployment).await?;
            shown(&workspace, &deployment).await
        }
        None => Ok(ExitCode::from(INTERRUPTED)),
    }
}

/// Does something that tells nothing of itself, with a line that says what it is.
pub(super) async fn showing<T>(what: &str, work: impl Future<Output = T>) -> T {
    let progress = Progress::new();
    progress.say(what);
    tokio::select! {
        done = work => done,
        never = progress.appear() => never,
    }
}

/// Says where everything is.
pub(super) async fn shown(workspace: &Workspace, deployment: &Deployment) -> anyhow::Result<ExitCode> {
    let outputs = workspace.outputs().await?;
    let text = |key: &str| {
        outputs
            .get(key)
            .and_then(|value| value.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let certificate = match deployment.edge.domain {
        Some(_) => None,
        None => Some(workspace.own_certificate().await?),
    };
    if output::is_terminal() {
        output::line(&format!("web app   {}", text("url")));
        if outputs.contains_key("grafanaUrl") {
            output::line(&format!("Grafana   {}", text("grafanaUrl")));
        }
        let secret = |key: &str| {
            format!(
                "aws secretsmanager get-secret-value --region {} --secret-id {} --query SecretString --output text",
                text("region"),
                text(key)
            )
        };
        output::line("log in to the web app with the token that this says, or Secrets Manager's console:");
        output::line(&format!("  {}", secret("adminTokenSecret")));
        if outputs.contains_key("grafanaUrl") {
            output::line("log in to Grafana as admin, with the password that this says:");
            output::line(&format!("  {}", secret("grafanaAdminSecret")));
        }
        output::line("and for the other commands of aurora, with that token in AURORA_TOKEN:");
        let ca = certificate.map_or(String::new(), |file| {
            format!(" AURORA_NODE_CA='{}'", file.display())
        });
        output::line(&format!("  export AURORA_NODE={}{ca}", text("url")));
        output::line("how it is: aurora status --deployment; what machines say: aurora logs");
    } else {
        output::json(&json!(outputs))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs an operation and shows what happens. The first Ctrl-C lets it finish what it is making, and a second does not;
/// nothing comes back then.
pub(super) async fn watched<F>(
    total: Option<usize>,
    is_preview: bool,
    operation: F,
) -> anyhow::Result<Option<Summary>>
where
    F: AsyncFnOnce(Run<'_>) -> Result<Summary, EngineError>,
{
    let progress = Progress::new();
    progress.say("starting Pulumi, which downloads its aws provider the first time");
    let watch = Mutex::new(Watch::new(&progress, total, is_preview));
    let (stop, mut stopped) = mpsc::channel(4);
    let mut tell = |event| watch.lock().see(event);
    let run = Run {
        tell: &mut tell,
        stop: &mut stopped,
    };
    let mut interrupts = Interrupts::listen_to_all();
    let mut times = 0;
    let mut operation = std::pin::pin!(operation(run));
    let mut appear = std::pin::pin!(progress.appear());
    let result = loop {
        let done = interrupts.unless(async {
            tokio::select! {
                result = &mut operation => result,
                never = &mut appear => never,
            }
        });
        match done.await {
            Some(result) => break result,
            None => {
                times += 1;
                output::note(match times {
                    1 => {
                        "stopping: what is being made is waited for; Ctrl-C again does not wait, and may leave something unknown behind"
                    }
                    _ => "stopping at once",
                });
                let _ = stop.try_send(());
            }
        }
    };
    match result {
        Ok(summary) => {
            if is_preview {
                for line in watch.lock().plan() {
                    output::line(&line);
                }
            }
            Ok(Some(summary))
        }
        Err(interrupted @ EngineError::Interrupted(_)) => {
            output::note(&interrupted.to_string());
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether somebody agrees. Where nobody can be asked, --yes has to say so; Ctrl-C says no.
pub(super) async fn agreed(yes: bool, question: &str) -> anyhow::Result<bool> {
    if yes {
        output::note(question.trim_end_matches(" Do it?"));
        return Ok(true);
    }
    ensure!(
        std::io::stdin().is_terminal(),
        "{question} Nobody can be asked here: --yes says yes"
    );
    output::note(&format!("{question} [y/N]"));
    let mut interrupts = Interrupts::listen_to_all();
    let answer = interrupts.unless_in_thread(|_| {
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).map(|_| answer)
    });
    let Some(answer) = answer.await? else {
        return Ok(false);
    };
    let answer = answer.context("the answer cannot be read")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
