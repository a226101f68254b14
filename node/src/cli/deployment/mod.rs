//! `aurora preview`, `deploy`, `scale`, `restore`, `destroy` and `logs`: a deployment in AWS.
//!
//! ```text
//! description ─▶ checks: file, program, Pulumi, credentials, region, machines, quota, certificate ─▶ plan and cost ─▶ yes? ─▶ up
//! (aurora-aws.toml)                     nothing has been made so far
//! ```
//!
//! | module | does |
//! |---|---|
//! | `begin` | a description that is named on the command line |
//! | `file` | the description: begun, and its number of nodes changed |
//! | `binary` | the program that machines are to run: for which processor and system it was built |
//! | `checks`, `quotas` | what can be found wrong before anything is made |
//! | `commands` | the commands themselves |
//! | `operation` | running one while somebody watches, agrees, and may have had enough |
//! | `pending` | going on after a run that was cut off |
//! | `lost` | going on after machines have gone that nobody here took away |
//! | `refresh` | waiting until the group has replaced its machines |
//! | `show` | plans, costs, and what happens |
//! | `language_host` | a plain `pulumi up` |
//! | `logs`, `status` | what machines say, and how they are |

mod begin;
mod binary;
mod checks;
mod commands;
mod file;
mod language_host;
mod logs;
mod lost;
mod operation;
mod pending;
mod quotas;
mod refresh;
mod show;
mod status;

use std::path::{Path, PathBuf};

use anyhow::Context;
use aurora_pulumi::deployment::Deployment;
use aurora_pulumi::engine::{Pulumi, Workspace};
use clap::Args;

pub(super) use commands::{
    DeployArgs, DestroyArgs, PreviewArgs, RestoreArgs, ScaleArgs, deploy, destroy, preview, restore, scale,
};
pub(super) use language_host::serve as serve_language;
pub(super) use logs::{LogsArgs, run as logs};
pub(super) use status::show as status;

/// The type of machines that there is one of, in a state.
const INSTANCE: &str = "aws:ec2/instance:Instance";

/// Where a deployment is described, and what works on it.
#[derive(Debug, Clone, Args)]
pub(super) struct Tools {
    /// The deployment's description, in TOML
    #[arg(
        long,
        short,
        value_name = "FILE",
        default_value = "aurora-aws.toml",
        env = "AURORA_DEPLOYMENT"
    )]
    pub(super) file: PathBuf,
    /// The program `pulumi`, if it is not in the search path
    #[arg(long, value_name = "PROGRAM", env = "AURORA_PULUMI")]
    pulumi: Option<PathBuf>,
}

impl Tools {
    /// The description.
    pub(super) fn deployment(&self) -> anyhow::Result<Deployment> {
        match Deployment::read(&self.file) {
            Err(_) if !self.file.exists() => anyhow::bail!(
                "there is no {}: describe the deployment in it, or begin with `aurora preview --name NAME --region REGION` \
                 to see one, or `aurora deploy` with the same, which writes it",
                self.file.display()
            ),
            read => Ok(read?),
        }
    }

    /// What works on `deployment`.
    async fn workspace(&self, deployment: &Deployment) -> anyhow::Result<Workspace> {
        let pulumi = Pulumi::find(self.pulumi.as_deref()).await?;
        let base = self.file.parent().filter(|parent| !parent.as_os_str().is_empty());
        let base = base.unwrap_or(Path::new("."));
        let workspace = Workspace::open(pulumi, deployment, base);
        workspace.with_context(|| format!("the deployment's folder beside {}", self.file.display()))
    }
}
