//! The commands that make, change and take down a deployment.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{bail, ensure};
use aurora_pulumi::cost;
use aurora_pulumi::deployment::{Deployment, Restore};
use aurora_pulumi::engine::{EngineError, Intent, Keep, StackState};
use aurora_pulumi::stacks::declared;
use clap::Args;

use super::begin::{Begin, Described};
use super::lost::{self, Amiss};
use super::operation::{Planned, READING, agreed, carry_out, plan, showing, shown, watched};
use super::pending::Recovery;
use super::{INSTANCE, Tools, binary, checks, file, show};
use crate::cli::interrupt::INTERRUPTED;
use crate::cli::output;

/// Show what `deploy` would do, and what it costs a month. Nothing is made.
#[derive(Debug, Args)]
pub(in crate::cli) struct PreviewArgs {
    #[command(flatten)]
    tools: Tools,
    #[command(flatten)]
    begin: Begin,
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
    #[command(flatten)]
    begin: Begin,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    recovery: Recovery,
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
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    recovery: Recovery,
}

/// Bring a backup of the database back, on a new volume; the old volume is kept.
#[derive(Debug, Args)]
pub(in crate::cli) struct RestoreArgs {
    /// The backup's name; `latest` is the last complete one
    #[arg(default_value = "latest")]
    backup: String,
    /// In which of the deployment's zones the database is to be, from 0: another one when that is lost which it is in; where it is
    /// now if not said
    #[arg(long)]
    zone: Option<u8>,
    #[command(flatten)]
    tools: Tools,
    #[command(flatten)]
    machines: MachineArgs,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    recovery: Recovery,
}

/// Take the deployment down. The database's volume and its backups are kept.
#[derive(Debug, Args)]
pub(in crate::cli) struct DestroyArgs {
    #[command(flatten)]
    tools: Tools,
    /// Delete the data as well, the backups too; the deployment's name confirms it
    #[arg(long, value_name = "NAME")]
    delete_data: Option<String>,
    #[command(flatten)]
    recovery: Recovery,
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

/// What is done without asking.
#[derive(Debug, Args)]
struct Trust {
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Do not ask AWS first whether it could work
    #[arg(long)]
    skip_checks: bool,
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
    let deployment = args.begin.described(&args.tools)?.deployment();
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
    match showing(PREPARING, workspace.prepare()).await {
        // Whoever is at it has prepared everything, and looking disturbs nobody.
        Err(EngineError::Locked(_)) => {}
        prepared => prepared?,
    }
    let state = showing(READING, workspace.state()).await?;
    require_backups(&args.tools, &deployment, &state)?;
    let aws = checks::same_account(&deployment, &state).await?;
    if let Ok(amiss) = lost::amiss(&aws, &state).await {
        amiss.iter().for_each(Amiss::tell);
        if amiss.iter().any(Amiss::is_gone) {
            output::note("`aurora deploy` makes what is gone anew; that is not in what follows");
        }
    }
    checks::ask(&aws, &deployment, &state, args.machines.renew_machines).await?;
    let Some(summary) = plan(&workspace, intent).await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    output::line(&show::summary(&summary));
    show::costs(&cost::estimate(&deployment, &declared));
    Ok(ExitCode::SUCCESS)
}

pub(in crate::cli) async fn deploy(args: DeployArgs) -> anyhow::Result<ExitCode> {
    let tools = &args.tools;
    let deployment = match args.begin.described(tools)? {
        Described::There(deployment) => deployment,
        Described::New(deployment) => {
            file::begin(&tools.file, &deployment)?;
            output::note(&format!(
                "the deployment is described in {}",
                tools.file.display()
            ));
            deployment
        }
    };
    let intent = args.machines.intent(&deployment)?;
    let declared = declared(&deployment)?;
    let look = look(
        tools,
        &args.recovery,
        &args.trust,
        Or::MakeIt,
        &deployment,
        |_| intent,
    );
    let Some(planned) = look.await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    if planned.summary.changed() == 0 {
        output::note("everything is as it should be");
        return shown(&planned.workspace, &deployment).await;
    }
    let is_first = planned.state.is_empty();
    if is_first {
        for left_open in show::left_open(&deployment) {
            output::note(left_open);
        }
    }
    let usd = cost::estimate(&deployment, &declared).usd();
    let question = format!(
        "{}; about {usd:.0} US dollars a month in all. Do it?",
        show::summary(&planned.summary)
    );
    if !agreed(args.trust.yes, &question).await? {
        bail!("nothing has been changed");
    }
    let ended = carry_out(planned).await?;
    if let Some(email) = deployment.alarms.email.as_ref().filter(|_| is_first) {
        output::note(&format!(
            "AWS has sent a mail to {email}: alarms come once it is confirmed"
        ));
    }
    Ok(ended)
}

pub(in crate::cli) async fn scale(args: ScaleArgs) -> anyhow::Result<ExitCode> {
    let before = args.tools.deployment()?;
    // Whatever is wrong with the number is said before the file is changed.
    let mut deployment = before.clone();
    deployment.nodes = Some(args.nodes);
    deployment.check()?;
    let mut intent = args.machines.intent(&deployment)?;
    intent.set_nodes = true;
    // The description and this program may have changed more than the number since the last `aurora deploy`.
    let look = look(
        &args.tools,
        &args.recovery,
        &args.trust,
        Or::Fail,
        &before,
        |_| intent,
    );
    let Some(planned) = look.await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let question = format!(
        "from {} to {} nodes; {}. Do it?",
        nodes_of(&planned.state).unwrap_or(before.nodes()),
        args.nodes,
        show::summary(&planned.summary)
    );
    if !agreed(args.trust.yes, &question).await? {
        bail!("nothing has been changed");
    }
    file::set_nodes(&args.tools.file, args.nodes)?;
    carry_out(planned).await
}

pub(in crate::cli) async fn restore(args: RestoreArgs) -> anyhow::Result<ExitCode> {
    let described = args.tools.deployment()?;
    let restore = Restore {
        backup: args.backup,
        zone: args.zone.unwrap_or(described.database_zone()),
    };
    // Whatever is wrong with it is said before anything else.
    let mut further = described.clone();
    further.clickhouse.restores.push(restore.clone());
    further.check()?;
    let mut intent = args.machines.intent(&further)?;
    let look = look(
        &args.tools,
        &args.recovery,
        &args.trust,
        Or::Fail,
        &described,
        |state| {
            // The same command again goes on with what was cut off or failed, and begins nothing else.
            if is_under_way(&described, state) && described.clickhouse.restores.last() == Some(&restore) {
                intent.deployment = described.clone();
            }
            intent
        },
    );
    let Some(planned) = look.await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let goes_on = planned.intent.deployment == described;
    let question = match goes_on {
        true => format!(
            "the restore of {:?} was not finished, and goes on; {}. Do it?",
            restore.backup,
            show::summary(&planned.summary)
        ),
        false => format!(
            "the database gets a new volume with the backup {:?}, and a new machine; nodes wait for it, and read from Kafka again what \
             came after the backup. The old volume is kept. Do it?",
            restore.backup
        ),
    };
    if !agreed(args.trust.yes, &question).await? {
        bail!("nothing has been changed");
    }
    if !goes_on {
        file::add_restore(&args.tools.file, &restore)?;
    }
    carry_out(planned).await
}

/// Whether the last restore that `deployment` names has not come to its end: the machine before it is still there, which goes
/// last, or its own is without its volume. Where there is no machine at all, that has another cause.
fn is_under_way(deployment: &Deployment, state: &StackState) -> bool {
    const ATTACHMENT: &str = "aws:ec2/volumeAttachment:VolumeAttachment";
    let (machine, volume) = deployment.database_names();
    let mut machines = state.in_aws().filter(|one| one.token == INSTANCE);
    let is_other_there = machines.any(|one| one.name != "grafana" && one.name != machine);
    let is_half_made =
        state.resource(INSTANCE, &machine).is_some() && state.resource(ATTACHMENT, &volume).is_none();
    !deployment.clickhouse.restores.is_empty() && (is_other_there || is_half_made)
}

/// What happens when there is no deployment yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Or {
    MakeIt,
    Fail,
}

/// What is said while Pulumi works that nobody sees.
const PREPARING: &str = "preparing Pulumi's project, and passwords and keys that are not there yet";

/// Looks whether what is intended can be carried out, and what would be done; nothing when somebody has had enough. What an
/// earlier run was cut off in is settled first. `described` is what is there, as far as is known; what is intended may
/// depend on what really is.
async fn look(
    tools: &Tools,
    recovery: &Recovery,
    trust: &Trust,
    or: Or,
    described: &Deployment,
    intended: impl FnOnce(&StackState) -> Intent,
) -> anyhow::Result<Option<Planned>> {
    let workspace = tools.workspace(described).await?;
    recovery.unlock(&workspace).await?;
    if or == Or::MakeIt {
        showing(PREPARING, workspace.prepare()).await?;
    }
    let Some(state) = recovery.state(&workspace, described).await? else {
        return Ok(None);
    };
    if or == Or::Fail {
        require_deployed(described, &state)?;
        // What another machine has deployed has its configuration there.
        showing(PREPARING, workspace.prepare()).await?;
    }
    let aws = checks::same_account(described, &state).await?;
    let state = match trust.skip_checks {
        true => state,
        false => match lost::settled(&aws, &workspace, state).await? {
            Some(state) => state,
            None => return Ok(None),
        },
    };
    let intent = intended(&state);
    let deployment = &intent.deployment;
    require_backups(tools, deployment, &state)?;
    declared(deployment)?;
    if !trust.skip_checks {
        checks::ask(&aws, deployment, &state, intent.renew_machines).await?;
    }
    let summary = plan(&workspace, intent.clone()).await?;
    Ok(summary.map(|summary| Planned {
        workspace,
        state,
        intent,
        summary,
    }))
}

/// What a deployment was restored from is gone with it.
fn require_backups(tools: &Tools, deployment: &Deployment, state: &StackState) -> anyhow::Result<()> {
    ensure!(
        !state.is_empty() || deployment.clickhouse.restores.is_empty(),
        "the description names restores ([[clickhouse.restores]]), and there is nothing to restore: they were of a deployment that is \
         gone. Take them out of {}",
        tools.file.display()
    );
    Ok(())
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
    args.recovery.unlock(&workspace).await?;
    let Some(state) = args.recovery.state(&workspace, &deployment).await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    if state.is_empty() {
        output::note("there is nothing to take down");
        return Ok(ExitCode::SUCCESS);
    }
    let aws = checks::same_account(&deployment, &state).await?;
    let Some(state) = lost::settled(&aws, &workspace, state).await? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let kept = state
        .in_aws()
        .filter(|resource| workspace.keeps(&resource.token, &resource.name))
        .count();
    let all = state.in_aws().count();
    if keep == Keep::Data && kept == all {
        output::note("there is nothing left to take down but the data, which `--delete-data` deletes");
        return Ok(ExitCode::SUCCESS);
    }
    let going = match keep {
        Keep::Data => all - kept,
        Keep::Nothing => all,
    };
    let question = match keep {
        Keep::Data => format!(
            "{going} resources of {name} are deleted; the database's volume and its backups are kept. Do it?"
        ),
        Keep::Nothing => {
            format!("all {all} resources of {name} are deleted, WITH ALL DATA AND BACKUPS. Do it?")
        }
    };
    if !agreed(args.yes, &question).await? {
        bail!("nothing has been deleted");
    }
    let done = watched(Some(going), false, async |run| workspace.destroy(keep, run).await).await?;
    let Some(summary) = done else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    output::line(&show::summary(&summary));
    if keep == Keep::Nothing && !deployment.clickhouse.restores.is_empty() {
        output::note(&format!(
            "before you deploy {name} again, take the restores ([[clickhouse.restores]]) out of {}: their backups are gone",
            args.tools.file.display()
        ));
    }
    if keep == Keep::Data {
        output::note(&format!(
            "kept: the database's volume, the backups, and what they need; `aurora deploy` takes them up again, \
             `aurora destroy --delete-data {name}` deletes them"
        ));
    }
    Ok(ExitCode::SUCCESS)
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
