//! `aurora node`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use aurora_actors::store::Login;
use clap::Args;

use super::output;
use crate::config::{ClickHouseSection, ClusterSection, Config, GrafanaSeen, UserSection};
use crate::node::{Node, NodeOptions};
use crate::registry::document::Declared;
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
    let config = Config::read(&args.config)?;
    let mut node = Node::start(options(config).await?).await?;
    output::note(&format!(
        "node {} serves http://{}",
        node.state().id,
        node.state().http
    ));
    let verdict = tokio::select! {
        signal = super::up::interrupted() => signal,
        verdict = node.has_to_go() => verdict,
    };
    super::up::or_interrupted_again(node.drain()).await;
    verdict.map(|()| ExitCode::SUCCESS)
}

async fn options(config: Config) -> anyhow::Result<NodeOptions> {
    let access = config.access.options(config.node.token.as_ref())?;
    if access.tokens.is_empty() && !config.node.http.ip().is_loopback() {
        bail!(
            "{} can be reached from other machines, and no token is set: anybody could read the data. \
             Set `token` under [node] or `tokens` under [access], or serve a loopback address such as 127.0.0.1:8080",
            config.node.http
        );
    }
    let listener = super::up::bind(config.node.http).await?;
    let reader = login(&config.clickhouse, &config.clickhouse.reader)?;
    let grafana = config.grafana.options(GrafanaSeen {
        reader: &reader,
        reader_seconds: config.queries.max_seconds,
        database: &config.clickhouse.database,
        owner: config
            .cluster
            .as_ref()
            .map_or(&config.node.id, |cluster| &cluster.name),
    })?;
    Ok(NodeOptions {
        id: config.node.id.parse()?,
        listener,
        access,
        writer: login(&config.clickhouse, &config.clickhouse.writer)?,
        reader,
        database: config.clickhouse.database.clone(),
        buffer_bytes: config.limits.buffer_bytes,
        queries: config.queries.clone(),
        model: config.model.options()?,
        grafana,
        declared: Declared::new(&config.connections, &config.streams)?,
        cluster: config.cluster.as_ref().map(ClusterSection::options).transpose()?,
    })
}

fn login(section: &ClickHouseSection, user: &UserSection) -> anyhow::Result<Login> {
    let password = user
        .password
        .resolve()
        .with_context(|| format!("the password of ClickHouse's user {}", user.user))?;
    Ok(Login {
        url: section.url.trim_end_matches('/').to_owned(),
        user: user.user.clone(),
        password,
    })
}
