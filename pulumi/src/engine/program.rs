//! What the engine runs: the stacks of a deployment, with secrets from the engine's configuration.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use crate::deployment::Deployment;
use crate::schema::AWS_VERSION;
use crate::sdk::language::{Ended, RunProgram, RunRequest};
use crate::sdk::{Engine, RunSettings, run};
use crate::stacks::{OwnCertificate, Plan, ProgramFile, SecretKey, Secrets, program};

/// The project that all deployments are stacks of.
pub const PROJECT: &str = "aurora";
/// Where the certificate and its key are in the configuration.
pub(super) const CERTIFICATE: &str = "certificate";
pub(super) const CERTIFICATE_KEY: &str = "certificate-key";
/// And until when it is good, in seconds since 1970.
pub(super) const CERTIFICATE_UNTIL: &str = "certificate-until";
/// The region whose load balancers it is for; not written by versions before this one.
pub(super) const CERTIFICATE_REGION: &str = "certificate-region";

/// What is to be done to a deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// What it is to be.
    pub deployment: Deployment,
    /// The program that its machines run.
    pub program: ProgramFile,
    /// Whether the machines of the database and of Grafana are made anew, with the newest image.
    pub renew_machines: bool,
    /// Whether the group is brought to the description's number of nodes, although it scales by itself.
    pub set_nodes: bool,
}

/// A deployment as a program that an engine can run.
#[derive(Debug)]
pub struct DeploymentProgram {
    intent: Intent,
}

impl DeploymentProgram {
    /// The program of `intent`.
    pub fn new(intent: Intent) -> Self {
        Self { intent }
    }

    async fn carry_out(&self, request: RunRequest) -> Result<(), Ended> {
        let badly = |reason: String| Ended::Badly(reason);
        let find = |key: &str| request.config.get(&format!("{PROJECT}:{key}")).cloned();
        let secrets = Secrets::find(|key: SecretKey| find(key.name()))
            .map_err(|error| badly(format!("{error}; `aurora deploy` makes it")))?;
        let own_certificate = match (find(CERTIFICATE), find(CERTIFICATE_KEY)) {
            (Some(certificate), Some(private_key)) => Some(OwnCertificate {
                certificate,
                private_key,
            }),
            _ => None,
        };
        let Intent {
            deployment,
            program: file,
            ..
        } = &self.intent;
        let plan = Plan {
            deployment,
            secrets: &secrets,
            program: file.clone(),
            own_certificate,
            renew_machines: self.intent.renew_machines,
            set_nodes: self.intent.set_nodes,
        };
        let address = request.args.first().map(String::as_str).unwrap_or_default();
        let engine = Engine::connect(&request.monitor_address, address).await;
        let engine = engine.map_err(|error| badly(format!("the engine cannot be reached: {error}")))?;
        let settings = RunSettings {
            project: request.project,
            stack: request.stack,
            dry_run: request.dry_run,
            versions: providers(),
        };
        match run(&program(&plan), &engine, &settings).await {
            Ok(()) => Ok(()),
            Err(error) if error.is_said_already() => Err(Ended::SaidAlready),
            Err(error) => Err(badly(error.to_string())),
        }
    }
}

impl RunProgram for DeploymentProgram {
    fn run(&self, request: RunRequest) -> Pin<Box<dyn Future<Output = Ended> + Send + '_>> {
        Box::pin(async move { self.carry_out(request).await.err().unwrap_or(Ended::Well) })
    }

    fn providers(&self) -> BTreeMap<String, String> {
        providers()
    }
}

/// The providers that deployments are made by: versions, by package.
pub fn providers() -> BTreeMap<String, String> {
    BTreeMap::from([("aws".to_owned(), AWS_VERSION.to_owned())])
}
