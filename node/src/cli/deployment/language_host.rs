//! A plain `pulumi up` in a deployment's folder: Pulumi starts `pulumi-language-aurora` for it, which is this program by
//! another name (`ln -s "$(command -v aurora)" ~/.local/bin/pulumi-language-aurora`).
//!
//! Such a host prints its port on a line of its own and serves until it is ended (Pulumi: `sdk/go/common/resource/plugin`).
//! `aurora deploy` itself does without: it is there already, and tells Pulumi where.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use aurora_pulumi::deployment::Deployment;
use aurora_pulumi::engine::{DeploymentProgram, Intent};
use aurora_pulumi::sdk::language::{Ended, LanguageServer, RunProgram, RunRequest};

use super::binary;
use crate::cli::output;

/// Where the description is, seen from the deployment's folder, unless `AURORA_DEPLOYMENT` says otherwise.
const DESCRIPTION: &str = "../../aurora-aws.toml";

/// Reads the description anew for each run.
#[derive(Debug)]
struct Host;

impl RunProgram for Host {
    fn run(&self, mut request: RunRequest) -> Pin<Box<dyn Future<Output = Ended> + Send + '_>> {
        // Pulumi tells a host where the engine is when it starts it, as the last argument, and a client with each run.
        request.args.splice(..0, std::env::args().next_back());
        Box::pin(async move {
            match intent(Path::new(&request.pwd)) {
                Ok(intent) => DeploymentProgram::new(intent).run(request).await,
                Err(error) => Ended::Badly(format!("{error:#}")),
            }
        })
    }

    fn providers(&self) -> BTreeMap<String, String> {
        aurora_pulumi::engine::providers()
    }
}

fn intent(directory: &Path) -> anyhow::Result<Intent> {
    let file =
        std::env::var_os("AURORA_DEPLOYMENT").map_or_else(|| directory.join(DESCRIPTION), PathBuf::from);
    let deployment = Deployment::read(&file)?;
    // What machines are told is worked out in the middle of a run; what is wrong with it is better said before.
    aurora_pulumi::stacks::declared(&deployment)?;
    Ok(Intent {
        program: binary::program(None, deployment.architecture)?,
        deployment,
        renew_machines: false,
        set_nodes: false,
    })
}

/// Serves until Pulumi ends this process.
pub(in crate::cli) async fn serve() -> anyhow::Result<ExitCode> {
    let server = LanguageServer::start(Arc::new(Host))
        .await
        .context("no port of loopback can be had")?;
    output::line(&server.address().port().to_string());
    std::future::pending().await
}
