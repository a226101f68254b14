//! Where `aurora` is run as somebody types it.

use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::fake_aws::FakeAws;
use aurora_chaos_tests::moto::{AccessKey, Moto};
use aurora_chaos_tests::sandbox::Sandbox;
use aurora_chaos_tests::{binary, cached_tool};
use aurora_pulumi::deployment::Deployment;
use aurora_pulumi::engine::Intent;

use super::{mishaps, program, variables, workspace};

/// A folder in which somebody deploys, an account for Pulumi and one for `aurora`'s own questions.
pub(super) struct Shell {
    pub(super) aws: FakeAws,
    quotas: String,
    ec2: String,
    pub(super) moto: Moto,
    pub(super) folder: tempfile::TempDir,
    _sandbox: Sandbox,
}

impl Shell {
    pub(super) async fn open() -> Result<Self> {
        let sandbox = Sandbox::new("deploy")?;
        let (aws, moto) = (FakeAws::start().await?, Moto::start(&sandbox).await?);
        Ok(Self {
            ec2: aws.ec2_before(moto.endpoint()).await?,
            aws,
            quotas: quotas().await?,
            moto,
            folder: tempfile::tempdir()?,
            _sandbox: sandbox,
        })
    }

    pub(super) async fn run(&self, arguments: &[&str]) -> Result<Output> {
        self.run_with(arguments, &[]).await
    }

    /// Runs `aurora`; variables without a value are taken away.
    pub(super) async fn run_with(&self, arguments: &[&str], more: &[(&str, Option<&str>)]) -> Result<Output> {
        let mut command = tokio::process::Command::from(self.command(arguments).await?);
        command.stdin(Stdio::null()).kill_on_drop(true);
        for (name, value) in more {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.output().await.context("aurora cannot be run")
    }

    /// An `aurora` that is not run yet.
    pub(super) async fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = binary::command(arguments).await?;
        let key = AccessKey {
            id: "AKIAEXAMPLE".to_owned(),
            secret: "example".to_owned(),
        };
        command
            .current_dir(self.folder.path())
            .envs(Moto::variables(self.moto.endpoint(), &key))
            .envs(variables(&self.aws, self.folder.path()))
            .env("AWS_ENDPOINT_URL_SERVICE_QUOTAS", &self.quotas)
            .env("AWS_ENDPOINT_URL_EC2", &self.ec2)
            .env("AURORA_PULUMI", cached_tool::pulumi().await?);
        Ok(command)
    }

    /// A run of what is described that is killed while it makes this, such as `NatGateway nat-1`.
    pub(super) async fn cut_off(&self, name: &str) -> Result<()> {
        let deployment = Deployment::read(&self.file())?;
        let workspace = workspace(&self.aws, &deployment, self.folder.path()).await?;
        workspace.prepare().await?;
        let intent = Intent {
            deployment,
            program: program(self.folder.path())?,
            renew_machines: false,
            set_nodes: false,
        };
        mishaps::cut_off(&self.aws, &workspace, intent, name).await
    }

    pub(super) fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("aurora-aws.toml")
    }
}

/// Where somebody answers for Service Quotas, which moto does not know for EC2: 128 of everything.
async fn quotas() -> Result<String> {
    answering(r#"{ "Quota": { "Value": 128.0 } }"#).await
}

/// Where STS says that whoever asks is of the account 210987654321.
pub(super) async fn another_account() -> Result<String> {
    answering(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::210987654321:user/ann</Arn>\
         <Account>210987654321</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
    )
    .await
}

/// Where somebody says the same whatever is asked. It ends with the test.
pub(super) async fn answering(text: &'static str) -> Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    let router = axum::Router::new().fallback(async move || text);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

pub(super) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(super) fn written(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(super) fn ensure_failed(output: &Output, says: &[&str]) -> Result<()> {
    ensure!(!output.status.success(), "it worked: {}", written(output));
    for says in says {
        ensure!(
            said(output).contains(says),
            "{says:?} is not in: {}",
            said(output)
        );
    }
    Ok(())
}
