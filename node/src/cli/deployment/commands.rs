//! The commands that make, change and take down a deployment.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use aurora_pulumi::cost;
use aurora_pulumi::deployment::{Deployment, Restore, Size};
use aurora_pulumi::engine::{EngineError, Intent, Keep, Run, StackState, Summary, Workspace};
use aurora_pulumi::stacks::{OwnCertificate, Plan, ProgramFile, Secrets, program};
use clap::{Args, ValueEnum};
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::mpsc;

use super::show::{self, Watch};
use super::{Tools, binary, checks, file};
use crate::cli::interrupt::{INTERRUPTED, Interrupts};
use crate::cli::output;
use crate::cli::progress::Progress;

/// Show what `deploy` would do, and what it costs a month. Nothing is made.
#[derive(Debug, Args)]
pub(in crate::cli) struct PreviewArgs {
    #[command(flatten)]
    tools: Tools,
    #[command(flatten)]
    machines: MachineArgs,
    /// Only the costs and the list of what there would be: asks neither AWS nor Pulumi
    #[arg(long)]
    offline: bool,
}

/// Make the deployment in AWS, or bring it to what its description says.
#[derive(Debug, Args)]
pub(in crate::cli) struct DeployArgs {
    #[command(flatten)]
    tools: Tools,
    #[command(flatten)]
    machines: MachineArgs,
    /// Begin a description with this name, in the file that --file names
    #[arg(long, requires = "region")]
    name: Option<String>,
    /// The AWS region of a new description, such as eu-central-1
    #[arg(long, requires = "name")]
    region: Option<String>,
    /// The size of a new description
    #[arg(long, value_enum, requires = "name", default_value = "dev")]
    size: SizeArg,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Do not ask AWS first whether it could work
    #[arg(long)]
    skip_checks: bool,
    /// Take away the lock of another run that was cut off
    #[arg(long)]
    unlock: bool,
    /// Go on after a run that was cut off in the middle of making something, once you have looked that it is not there
    #[arg(long)]
    forget_pending: bool,
}

/// Change the number of nodes; nothing is lost or doubled meanwhile.
#[derive(Debug, Args)]
pub(in crate::cli) struct ScaleArgs {
    /// How many nodes
    nodes: u16,
    #[command(flatten)]
    tools: Tools,
    #[command(flatten)]
    machines: MachineArgs,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Do not ask AWS first whether it could work
    #[arg(long)]
    skip_checks: bool,
}

/// Bring a backup of the database back, on a new volume; the old volume is kept.
#[derive(Debug, Args)]
pub(in crate::cli) struct RestoreArgs {
    /// The backup's name; `latest` is the last complete one
    #[arg(default_value = "latest")]
    backup: String,
    /// In which of the deployment's zones the database is to be, from 0: another one when that is lost which it was in
    #[arg(long, default_value = "0")]
    zone: u8,
    #[command(flatten)]
    tools: Tools,
    #[command(flatten)]
    machines: MachineArgs,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Do not ask AWS first whether it could work
    #[arg(long)]
    skip_checks: bool,
}

/// Take the deployment down. The database's volume and its backups are kept.
#[derive(Debug, Args)]
pub(in crate::cli) struct DestroyArgs {
    #[command(flatten)]
    tools: Tools,
    /// Delete the data as well, the backups too; the deployment's name confirms it
    #[arg(long, value_name = "NAME")]
    delete_data: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// What machines are made of.
#[derive(Debug, Args)]
struct MachineArgs {
    /// The `aurora` that machines run, if not this one
    #[arg(long, value_name = "PROGRAM")]
    program: Option<PathBuf>,
    /// Make the machines of the database and of Grafana anew, with the newest image of the system
    #[arg(long)]
    renew_machines: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SizeArg {
    /// Single small machines, the cheapest that work
    Dev,
    /// Machines for steady production load
    Standard,
    /// Machines for heavy load
    Large,
}

impl From<SizeArg> for Size {
    fn from(size: SizeArg) -> Self {
        match size {
            SizeArg::Dev => Self::Dev,
            SizeArg::Standard => Self::Standard,
            SizeArg::Large => Self::Large,
        }
    }
}

impl MachineArgs {
    fn intent(&self, deployment: &Deployment) -> anyhow::Result<Intent> {
        Ok(Intent {
            deployment: deployment.clone(),
            program: binary::program(self.program.as_deref(), deployment.architecture)?,
            renew_machines: self.renew_machines,
            set_nodes: false,
        })
    }
}

pub(in crate::cli) async fn preview(args: PreviewArgs) -> anyhow::Result<ExitCode> {
    let deployment = args.tools.deployment()?;
    let declared = declared(&deployment)?;
    if args.offline {
        for (token, names) in by_type(&declared) {
            output::line(&format!("  {} {token:<28} {}", names.len(), names.join(", ")));
        }
        show::costs(&cost::estimate(&deployment, &declared));
        return Ok(ExitCode::SUCCESS);
    }
    let intent = args.machines.intent(&deployment)?;
    let workspace = args.tools.workspace(&deployment).await?;
    workspace.prepare().await?;
    let state = workspace.state().await?;
    checks::ask(&deployment, &state).await?;
    let Some(summary) = plan(&workspace, intent).await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    output::line(&show::summary(&summary));
    show::costs(&cost::estimate(&deployment, &declared));
    Ok(ExitCode::SUCCESS)
}

pub(in crate::cli) async fn deploy(args: DeployArgs) -> anyhow::Result<ExitCode> {
    let tools = &args.tools;
    let deployment = match (&args.name, &args.region) {
        (Some(name), Some(region)) => {
            ensure!(
                !tools.file.exists(),
                "{} is there already: change it by hand, or name another file with --file",
                tools.file.display()
            );
            let deployment = file::begin(&tools.file, name, region, args.size.into())?;
            output::note(&format!(
                "the deployment is described in {}",
                tools.file.display()
            ));
            deployment
        }
        _ => tools.deployment()?,
    };
    let intent = args.machines.intent(&deployment)?;
    let declared = declared(&deployment)?;
    let workspace = tools.workspace(&deployment).await?;
    if args.unlock {
        workspace.unlock().await?;
    }
    workspace.prepare().await?;
    let mut state = workspace.state().await?;
    if args.forget_pending && !state.pending.is_empty() {
        let refreshed = watched(None, false, async |run| workspace.forget_pending(run).await).await?;
        if refreshed.is_none() {
            return Ok(ExitCode::from(INTERRUPTED));
        }
        state = workspace.state().await?;
    }
    if !state.pending.is_empty() {
        return Err(EngineError::Pending(state.pending).into());
    }
    if !args.skip_checks {
        checks::ask(&deployment, &state).await?;
    }
    let Some(summary) = plan(&workspace, intent.clone()).await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    if summary.changed() == 0 {
        output::note("everything is as it should be");
        return shown(&workspace).await;
    }
    let usd = cost::estimate(&deployment, &declared).usd();
    let question = format!(
        "{}; about {usd:.0} US dollars a month in all. Do it?",
        show::summary(&summary)
    );
    if !agreed(args.yes, &question)? {
        bail!("nothing has been changed");
    }
    carry_out(&workspace, intent, summary.changed()).await
}

pub(in crate::cli) async fn scale(args: ScaleArgs) -> anyhow::Result<ExitCode> {
    let before = args.tools.deployment()?;
    // Whatever is wrong with the number is said before the file is changed.
    let mut deployment = before.clone();
    deployment.nodes = Some(args.nodes);
    deployment.check()?;
    let mut intent = args.machines.intent(&deployment)?;
    intent.set_nodes = true;
    let workspace = args.tools.workspace(&deployment).await?;
    let state = workspace.state().await?;
    require_deployed(&deployment, &state)?;
    // What another machine has deployed has its configuration there.
    workspace.prepare().await?;
    if !args.skip_checks {
        checks::ask(&deployment, &state).await?;
    }
    let question = format!(
        "from {} to {} nodes. Do it?",
        nodes_of(&state).unwrap_or(before.nodes()),
        args.nodes
    );
    if !agreed(args.yes, &question)? {
        bail!("nothing has been changed");
    }
    file::set_nodes(&args.tools.file, args.nodes)?;
    carry_out(&workspace, intent, 1).await
}

pub(in crate::cli) async fn restore(args: RestoreArgs) -> anyhow::Result<ExitCode> {
    let mut deployment = args.tools.deployment()?;
    let restore = Restore {
        backup: args.backup,
        zone: args.zone,
    };
    deployment.clickhouse.restores.push(restore.clone());
    deployment.check()?;
    let mut intent = args.machines.intent(&deployment)?;
    intent.renew_machines = true;
    declared(&deployment)?;
    let workspace = args.tools.workspace(&deployment).await?;
    let state = workspace.state().await?;
    require_deployed(&deployment, &state)?;
    workspace.prepare().await?;
    if !args.skip_checks {
        checks::ask(&deployment, &state).await?;
    }
    let Some(summary) = plan(&workspace, intent.clone()).await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let question = format!(
        "the database gets a new volume with the backup {:?}, and a new machine; nodes wait for it, and read from Kafka again what \
         came after the backup. The old volume is kept. Do it?",
        restore.backup
    );
    if !agreed(args.yes, &question)? {
        bail!("nothing has been changed");
    }
    file::add_restore(&args.tools.file, &restore)?;
    carry_out(&workspace, intent, summary.changed()).await
}

fn require_deployed(deployment: &Deployment, state: &StackState) -> anyhow::Result<()> {
    ensure!(
        !state.is_empty(),
        "there is no deployment {:?} yet: `aurora deploy` makes it",
        deployment.name
    );
    Ok(())
}

pub(in crate::cli) async fn destroy(args: DestroyArgs) -> anyhow::Result<ExitCode> {
    let deployment = args.tools.deployment()?;
    let name = &deployment.name;
    let keep = match &args.delete_data {
        None => Keep::Data,
        Some(said) if said == name => Keep::Nothing,
        Some(said) => bail!(
            "--delete-data is {said:?}, and the deployment's name is {name:?}: nothing has been deleted"
        ),
    };
    let workspace = args.tools.workspace(&deployment).await?;
    let state = workspace.state().await?;
    let kept = state.in_aws().filter(|resource| resource.protect).count();
    let all = state.in_aws().count();
    if all == 0 || (keep == Keep::Data && kept == all) {
        output::note("there is nothing to take down");
        return Ok(ExitCode::SUCCESS);
    }
    let question = match keep {
        Keep::Data => format!(
            "{} resources of {name} are deleted; the database's volume and its backups are kept. Do it?",
            all - kept
        ),
        Keep::Nothing => {
            format!("all {all} resources of {name} are deleted, WITH ALL DATA AND BACKUPS. Do it?")
        }
    };
    if !agreed(args.yes, &question)? {
        bail!("nothing has been deleted");
    }
    let done = watched(Some(all - kept), false, async |run| {
        workspace.destroy(keep, run).await
    })
    .await?;
    let Some(summary) = done else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    output::line(&show::summary(&summary));
    if keep == Keep::Data {
        output::note(&format!(
            "kept: the database's volume, the backups, and what they need; `aurora deploy` takes them up again, \
             `aurora destroy --delete-data {name}` deletes them"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// What is declared, whoever deploys it: for costs, and to find mistakes.
pub(super) fn declared(deployment: &Deployment) -> anyhow::Result<aurora_pulumi::sdk::Program> {
    let secrets = Secrets::find(|_| Some(String::new()))?;
    let plan = Plan {
        deployment,
        secrets: &secrets,
        program: ProgramFile {
            path: PathBuf::new(),
            sha256: "0".repeat(64),
        },
        own_certificate: Some(OwnCertificate {
            certificate: String::new(),
            private_key: String::new(),
        }),
        renew_machines: false,
        set_nodes: false,
    };
    plan.check()?;
    Ok(program(&plan))
}

/// Names of what is declared, by the last part of the type.
fn by_type(program: &aurora_pulumi::sdk::Program) -> std::collections::BTreeMap<String, Vec<String>> {
    let mut all = std::collections::BTreeMap::<String, Vec<String>>::new();
    for declaration in program.declarations() {
        if declaration.kind == aurora_pulumi::sdk::Kind::Resource && declaration.token.starts_with("aws:") {
            let short = declaration
                .token
                .rsplit(':')
                .next()
                .unwrap_or_default()
                .to_owned();
            all.entry(short).or_default().push(declaration.name.clone());
        }
    }
    all
}

/// Shows what would be done; nothing when somebody has had enough.
async fn plan(workspace: &Workspace, intent: Intent) -> anyhow::Result<Option<Summary>> {
    watched(None, true, async |run| workspace.preview(intent, run).await).await
}

async fn carry_out(workspace: &Workspace, intent: Intent, total: usize) -> anyhow::Result<ExitCode> {
    let done = watched(Some(total), false, async |run| workspace.up(intent, run).await).await?;
    match done {
        Some(summary) => {
            output::note(&format!("{} in {} s", show::summary(&summary), summary.seconds));
            shown(workspace).await
        }
        None => Ok(ExitCode::from(INTERRUPTED)),
    }
}

/// Says where everything is.
async fn shown(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    let outputs = workspace.outputs().await?;
    let text = |key: &str| {
        outputs
            .get(key)
            .and_then(|value| value.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    if output::is_terminal() {
        output::line(&format!("web app   {}", text("url")));
        if outputs.contains_key("grafanaUrl") {
            output::line(&format!("Grafana   {}", text("grafanaUrl")));
        }
        let (secret, region) = (text("adminTokenSecret"), text("region"));
        output::line(&format!(
            "log in with the token of: aws secretsmanager get-secret-value --region {region} --secret-id {secret} --query SecretString --output text"
        ));
        output::line("how it is: aurora status --deployment; what machines say: aurora logs");
    } else {
        output::json(&json!(outputs))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs an operation and shows what happens. The first Ctrl-C lets it finish what it is making, and a second does not;
/// nothing comes back then.
async fn watched<F>(total: Option<usize>, is_preview: bool, operation: F) -> anyhow::Result<Option<Summary>>
where
    F: AsyncFnOnce(Run<'_>) -> Result<Summary, EngineError>,
{
    let progress = Progress::new();
    let watch = Mutex::new(Watch::new(&progress, total, is_preview));
    let (stop, mut stopped) = mpsc::channel(4);
    let mut tell = |event| watch.lock().see(event);
    let run = Run {
        tell: &mut tell,
        stop: &mut stopped,
    };
    let mut interrupts = Interrupts::listen();
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
        Err(EngineError::Interrupted) => {
            output::note(&EngineError::Interrupted.to_string());
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn nodes_of(state: &StackState) -> Option<u16> {
    let group = state.resource("aws:autoscaling/group:Group", "peers")?;
    let nodes = group.outputs.get("minSize")?.as_f64()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most a hundred"
    )]
    Some(nodes as u16)
}

/// Whether somebody agrees. Where nobody can be asked, --yes has to say so.
fn agreed(yes: bool, question: &str) -> anyhow::Result<bool> {
    if yes {
        output::note(question.trim_end_matches(" Do it?"));
        return Ok(true);
    }
    ensure!(
        std::io::stdin().is_terminal(),
        "{question} Nobody can be asked here: --yes says yes"
    );
    output::note(&format!("{question} [y/N]"));
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .context("the answer cannot be read")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
