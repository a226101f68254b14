//! `aurora grafana`

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use aurora_actors::store::sql::TableName;
use clap::{Args, Subcommand};

use super::client::{Client, NodeAddress};
use super::new_file::NewFile;
use super::output;
use crate::config::default_database;
use crate::grafana::access;
use crate::grafana::alerts::AlertOptions;
use crate::grafana::dashboards::{Column, StreamTable};
use crate::grafana::datasource::Address;
use crate::grafana::names::{Names, PREFIX};
use crate::grafana::provisioning::{PASSWORD_VARIABLE, Provisioning, files};
use crate::http::grafana::GrafanaView;
use crate::http::schema::Tables;
use crate::http::streams::Streams;

/// Dashboards and alerts for a Grafana of your own.
///
/// A node that has a login for Grafana keeps everything in step by itself; see docs/grafana.md. These are for a Grafana that
/// is provisioned by files.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aurora grafana files --output provisioning --clickhouse http://clickhouse:8123
  aurora grafana user < password.txt | clickhouse-client
  aurora grafana status")]
pub(super) struct GrafanaArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write provisioning files: data source, dashboards, alert rules
    Files(FilesArgs),
    /// Print the statements that make ClickHouse's user for Grafana; the password comes from standard input
    User(UserArgs),
    /// Show whether Grafana answers, and whether it is in step
    Status {
        #[command(flatten)]
        address: NodeAddress,
    },
}

#[derive(Debug, Args)]
struct FilesArgs {
    /// Where to write them; files of streams that are gone are removed
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// ClickHouse, as Grafana reaches it
    #[arg(long, value_name = "URL", default_value = "http://localhost:8123")]
    clickhouse: String,
    /// ClickHouse's user for Grafana
    #[arg(long, default_value = access::USER)]
    user: String,
    /// The database of the tables of events
    #[arg(long, default_value_t = default_database())]
    database: String,
    /// Where Grafana will find what is in the output directory
    #[arg(long, value_name = "DIR", default_value = "/etc/grafana/provisioning")]
    directory: String,
    /// With what uids begin
    #[arg(long, default_value = PREFIX)]
    prefix: String,
    /// The contact point of your Grafana that alerts go to; without it your notification policies decide
    #[arg(long, value_name = "NAME")]
    contact_point: Option<String>,
    /// Ask no node, and write no dashboards of streams
    #[arg(long)]
    without_streams: bool,
    #[command(flatten)]
    address: NodeAddress,
}

#[derive(Debug, Args)]
struct UserArgs {
    /// A database of tables of events; can be given several times
    #[arg(long = "database", value_name = "DATABASE", default_values_t = [default_database()])]
    databases: Vec<String>,
}

pub(super) async fn run(args: GrafanaArgs) -> anyhow::Result<ExitCode> {
    match args.action {
        Action::Files(args) => write_files(&args).await,
        Action::User(args) => print_user(&args),
        Action::Status { address } => show(&address).await,
    }
}

async fn write_files(args: &FilesArgs) -> anyhow::Result<ExitCode> {
    let names = Names::new(&args.prefix)?;
    let address = Address::of_url(&args.clickhouse).with_context(|| {
        format!(
            "--clickhouse {:?} is no URL such as http://clickhouse:8123",
            args.clickhouse
        )
    })?;
    let streams = match args.without_streams {
        true => Vec::new(),
        false => streams(&Client::new(&args.address)?).await?,
    };
    let made = files(&Provisioning {
        names: names.clone(),
        address,
        user: args.user.clone(),
        database: args.database.clone(),
        directory: args.directory.trim_end_matches('/').to_owned(),
        alerts: AlertOptions {
            contact_point: args.contact_point.clone(),
            ..AlertOptions::default()
        },
        streams: &streams,
    });
    for file in &made {
        let path = args.output.join(&file.path);
        let parent = path.parent().unwrap_or(&args.output);
        fs::create_dir_all(parent)
            .with_context(|| format!("the directory {} cannot be made", parent.display()))?;
        let new = NewFile::create(&path)?;
        new.writer()
            .and_then(|mut writer| writer.write_all(file.content.as_bytes()))
            .with_context(|| format!("cannot write {}", path.display()))?;
        new.finish()?;
    }
    let kept: Vec<PathBuf> = made.iter().map(|file| args.output.join(&file.path)).collect();
    let removed = remove_others(&args.output.join("dashboards/aurora"), &names, &kept)?;
    output::note(&format!(
        "{} files in {}{}; Grafana needs the variable {PASSWORD_VARIABLE} with the password of {}",
        made.len(),
        args.output.display(),
        match removed {
            0 => String::new(),
            removed => format!(", {removed} of streams that are gone removed"),
        },
        args.user
    ));
    Ok(ExitCode::SUCCESS)
}

/// Removes the dashboards of streams that are gone, which an earlier run has written.
fn remove_others(directory: &Path, names: &Names, kept: &[PathBuf]) -> anyhow::Result<usize> {
    let mut removed = 0;
    let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        let uid = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_suffix(".json"));
        if uid.is_some_and(|uid| names.is_of_stream(uid)) && !kept.contains(&path) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// The streams that a node knows, with the columns of their tables.
async fn streams(client: &Client) -> anyhow::Result<Vec<StreamTable>> {
    let streams: Streams = client.get("/api/v1/streams").await?;
    let tables: Tables = client.get("/api/v1/schema").await?;
    let mut found = Vec::new();
    for stream in streams.streams {
        let table = tables.tables.iter().find_map(|table| {
            let name = TableName {
                database: table.database.clone(),
                table: table.table.clone(),
            };
            (stream.table.as_ref() == Some(&name.to_string())).then_some((name, table))
        });
        let Some((name, table)) = table else {
            output::note(&format!("{} has no table yet, and gets no dashboard", stream.id));
            continue;
        };
        let columns = table.columns.iter().map(|column| Column {
            name: column.name.clone(),
            column_type: column.column_type.clone(),
        });
        found.push(StreamTable {
            id: stream.id.parse()?,
            table: name,
            columns: columns.collect(),
        });
    }
    Ok(found)
}

fn print_user(args: &UserArgs) -> anyhow::Result<ExitCode> {
    let mut password = String::new();
    std::io::stdin()
        .read_line(&mut password)
        .context("the password cannot be read from standard input")?;
    let password = password.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("there is no password on standard input; try: aurora grafana user < FILE");
    }
    for statement in access::sql(&args.databases, password) {
        output::line(&format!("{statement};"));
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(address: &NodeAddress) -> anyhow::Result<ExitCode> {
    let view: GrafanaView = Client::new(address)?.get("/api/v1/grafana").await?;
    let url = view.url.as_deref().unwrap_or("(no url for browsers)");
    match (view.state.as_str(), &view.reason) {
        ("none", _) => output::line("No Grafana is named in the node's configuration; see docs/grafana.md."),
        (state, Some(reason)) => output::line(&format!("{url}  {state}: {}", output::harmless(reason))),
        (state, None) => output::line(&format!("{url}  {state} {}", view.version.unwrap_or_default())),
    }
    let Some(managed) = view.managed else {
        output::line("No node has a login for it, so nothing is kept in step there.");
        return Ok(ExitCode::SUCCESS);
    };
    let synced = managed
        .synced_at
        .map_or_else(|| "never".to_owned(), |at| at.to_string());
    output::line(&format!("kept in step by {}, last at {synced}", managed.keeper));
    for note in &managed.notes {
        output::line(&format!("note: {}", output::harmless(note)));
    }
    if let Some(error) = &managed.error {
        output::line(&format!("error: {}", output::harmless(error)));
    }
    let dashboards = managed
        .streams
        .iter()
        .map(|stream| (stream.stream.as_str(), stream.url.as_str()));
    let operations = managed.operations.as_deref().map(|url| ("operations", url));
    for (name, url) in operations.into_iter().chain(dashboards) {
        output::line(&format!("{name}  {url}"));
    }
    Ok(match managed.error {
        None => ExitCode::SUCCESS,
        Some(_) => ExitCode::FAILURE,
    })
}
