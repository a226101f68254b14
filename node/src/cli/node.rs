//! `aurora node`

use std::future::pending;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use aurora_actors::store::Login;
use clap::Args;
use tokio::task::JoinHandle;

use super::interrupt::Interrupts;
use super::on_aws::OnAws;
use super::output;
use crate::config::{ClickHouseSection, Config, GrafanaSeen, UserSection};
use crate::node::{Node, NodeOptions, NodeState};
use crate::registry::document::Declared;
use crate::systemd::{self, ServiceManager};
use crate::telemetry::{self, LogFormat};

/// Run one node, as its configuration file says.
#[derive(Debug, Args)]
pub(super) struct NodeArgs {
    /// The configuration file, in TOML
    #[arg(long, value_name = "FILE", env = "AURORA_CONFIG")]
    config: PathBuf,
    /// How logs look
    #[arg(long, value_enum, default_value = "text", env = "AURORA_LOG_FORMAT")]
    log_format: LogFormat,
}

pub(super) async fn run(args: &NodeArgs) -> anyhow::Result<ExitCode> {
    // The AWS SDK reports each reading of its files; what goes wrong with them is said with the seed.
    telemetry::start(args.log_format, "info,aws_config=error,aws_runtime=error");
    // From the beginning: HTTP is served before all of the node has started, and whoever sees that may want it to end.
    let mut interrupts = Interrupts::listen_to_all();
    let Some(started) = interrupts.unless(start(args)).await else {
        output::note("told to end before the node had started");
        return Ok(ExitCode::SUCCESS);
    };
    match started? {
        Started::Going(on_aws) => {
            output::note("this machine is about to go: the node does not start");
            interrupts.unless_again(on_aws.left()).await;
            Ok(ExitCode::SUCCESS)
        }
        Started::Node(node, on_aws) => serve(node, on_aws, interrupts).await,
    }
}

/// What has come of starting.
enum Started {
    Node(Node, OnAws),
    /// The machine is about to be taken away.
    Going(OnAws),
}

async fn start(args: &NodeArgs) -> anyhow::Result<Started> {
    let mut config = Config::read(&args.config)?;
    OnAws::fill_in(&mut config).await?;
    let seeds = config.cluster.as_ref().map(|cluster| cluster.seeds.as_slice());
    let mut on_aws = OnAws::start(config.aws.options(seeds.unwrap_or_default())?);
    if on_aws.is_going().await {
        return Ok(Started::Going(on_aws));
    }
    let node = Node::start(options(config).await?).await?;
    Ok(Started::Node(node, on_aws))
}

/// Works until somebody says that it is enough, and hands over then.
async fn serve(mut node: Node, mut on_aws: OnAws, mut interrupts: Interrupts) -> anyhow::Result<ExitCode> {
    let manager = ServiceManager::of_this_process().map(Arc::new);
    on_aws.attend(node.state());
    let told = manager.as_ref().map(|manager| Told::start(manager, node.state()));
    output::note(&format!(
        "node {} serves http://{}",
        node.state().id,
        node.state().http
    ));
    let (verdict, goes_with_machine) = tokio::select! {
        _ = interrupts.unless(pending::<()>()) => (Ok(()), false),
        verdict = node.has_to_go() => (verdict, false),
        () = on_aws.has_to_go() => (Ok(()), true),
    };
    if let Some(told) = told {
        told.stopping();
    }
    if goes_with_machine {
        // Load balancers are to see first that this node takes no more requests. A signal meanwhile says nothing new.
        node.state().draining.cancel();
        let _ = interrupts.unless(tokio::time::sleep(on_aws.linger())).await;
    }
    let leaving = async {
        node.drain().await;
        on_aws.left().await;
    };
    interrupts.unless_again(leaving).await;
    verdict.map(|()| ExitCode::SUCCESS)
}

/// What keeps telling systemd how the node is doing.
struct Told {
    manager: Arc<ServiceManager>,
    status: JoinHandle<()>,
    alive: Option<JoinHandle<()>>,
}

impl Told {
    fn start(manager: &Arc<ServiceManager>, state: &Arc<NodeState>) -> Self {
        manager.ready();
        let status = {
            let state = state.clone();
            systemd::keep_status(manager.clone(), move || {
                let state = state.clone();
                async move {
                    match state.not_ready().await {
                        None => format!("ready, serving http://{}", state.http),
                        Some(why) => format!("not ready: {why}"),
                    }
                }
            })
        };
        Self {
            manager: manager.clone(),
            status,
            alive: systemd::keep_alive(manager, state.http),
        }
    }

    /// From here on systemd waits for the end, and for no sign of life.
    fn stopping(self) {
        self.status.abort();
        self.alive.iter().for_each(JoinHandle::abort);
        self.manager.stopping();
    }
}

async fn options(config: Config) -> anyhow::Result<NodeOptions> {
    let access = config.access.options(config.node.token.as_ref()).await?;
    if access.tokens.is_empty() && !config.node.http.ip().is_loopback() {
        bail!(
            "{} can be reached from other machines, and no token is set: anybody could read the data. \
             Set `token` under [node] or `tokens` under [access], or serve a loopback address such as 127.0.0.1:8080",
            config.node.http
        );
    }
    let listener = super::up::bind(config.node.http).await?;
    let reader = login(&config.clickhouse, &config.clickhouse.reader).await?;
    let cluster = config.cluster.as_ref();
    let seen = GrafanaSeen {
        reader: &reader,
        reader_seconds: config.queries.max_seconds,
        database: &config.clickhouse.database,
        owner: cluster.map_or(&config.node.id, |cluster| &cluster.name),
    };
    let grafana = config.grafana.options(seen).await?;
    Ok(NodeOptions {
        id: config.node.id.parse()?,
        listener,
        access,
        writer: login(&config.clickhouse, &config.clickhouse.writer).await?,
        reader,
        database: config.clickhouse.database.clone(),
        buffer_bytes: config.limits.buffer_bytes,
        queries: config.queries.clone(),
        model: config.model.options().await?,
        grafana,
        declared: Declared::new(&config.connections, &config.streams)?,
        cluster: match &config.cluster {
            Some(cluster) => Some(cluster.options().await?),
            None => None,
        },
    })
}

async fn login(section: &ClickHouseSection, user: &UserSection) -> anyhow::Result<Login> {
    let password = user
        .password
        .resolve_at_start()
        .await
        .with_context(|| format!("the password of ClickHouse's user {}", user.user))?;
    Ok(Login {
        url: section.url.trim_end_matches('/').to_owned(),
        user: user.user.clone(),
        password,
    })
}
