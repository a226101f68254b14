//! `aurora saved`: queries with a name.

use std::process::ExitCode;

use anyhow::bail;
use aurora_actors::query::memory::saved::SavedQuery;
use clap::{Args, Subcommand};
use comfy_table::Cell;
use reqwest::StatusCode;

use super::client::{Client, ListArgs, NodeAddress, Refused, Seen, in_path};
use super::interrupt::{INTERRUPTED, Interrupts};
use super::output;
use super::output::harmless;
use super::sql::{ShowArgs, Target, from_standard_input, names_param, params, show};
use crate::http::memory::saved::{SavedList, SavedView};

/// Show, run and change queries with a name.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  aurora saved
  aurora saved save 'lost parcels' \"SELECT count() FROM parcels WHERE status = 'lost'\"
  aurora saved save by-country 'SELECT count() FROM parcels WHERE country = {c:String}' --param c=AT
  aurora saved run by-country --param c=DE
  aurora saved run 'lost parcels' --output lost.parquet
  aurora saved show 'lost parcels'
  aurora saved remove 'lost parcels'"
)]
pub(super) struct SavedArgs {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show all
    List(ListArgs),
    /// Show one, with its statement
    Show {
        /// Its name
        name: String,
        #[command(flatten)]
        how: ListArgs,
    },
    /// Save one under a name
    Save(SaveArgs),
    /// Run one and show its rows
    Run {
        /// Its name
        name: String,
        #[command(flatten)]
        show: ShowArgs,
        #[command(flatten)]
        address: NodeAddress,
    },
    /// Forget one
    Remove {
        /// Its name
        name: String,
        #[command(flatten)]
        address: NodeAddress,
    },
}

#[derive(Debug, Args)]
struct SaveArgs {
    /// Its name
    name: String,
    /// The statement, or - to read it from standard input
    sql: String,
    /// What a {name:Type} parameter is when nothing else is said; can be given several times
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// The question it answers
    #[arg(long)]
    question: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Put it in the place of the one that has the name already; what is not given stays, and what is given as '' goes
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    address: NodeAddress,
}

pub(super) async fn run(args: SavedArgs) -> anyhow::Result<ExitCode> {
    match args.action {
        None => list(&args.list).await?,
        Some(Action::List(how)) => list(&how).await?,
        Some(Action::Show { name, how }) => show_one(&name, &how).await?,
        Some(Action::Save(args)) => save(args).await?,
        Some(Action::Run { name, show, address }) => return run_one(&name, &show, &address).await,
        Some(Action::Remove { name, address }) => {
            Client::new(&address)?.delete(&path(&name)).await?;
            output::note(&format!("{name:?} is forgotten"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn path(name: &str) -> String {
    format!("/api/v1/saved/{}", in_path(name))
}

async fn list(how: &ListArgs) -> anyhow::Result<()> {
    let found: SavedList = how.client()?.get("/api/v1/saved").await?;
    if how.is_json() {
        return output::json(&found);
    }
    let mut table = output::table(&[
        "name",
        "question or description",
        "owner",
        "changed by",
        "changed",
    ]);
    for saved in &found.saved {
        let about = saved.question.as_deref().unwrap_or(&saved.description);
        table.add_row(vec![
            Cell::new(harmless(&saved.name)),
            Cell::new(harmless(about)),
            Cell::new(harmless(&saved.owner)),
            Cell::new(harmless(&saved.changed_by)),
            Cell::new(format!("{:.0}", saved.changed_at)),
        ]);
    }
    output::line(&table.to_string());
    Ok(())
}

async fn show_one(name: &str, how: &ListArgs) -> anyhow::Result<()> {
    let saved: SavedView = how.client()?.get(&path(name)).await?;
    if how.is_json() {
        return output::json(&saved);
    }
    let summary = &saved.summary;
    let texts = [summary.question.as_deref(), Some(&summary.description)];
    for text in texts.into_iter().flatten().filter(|text| !text.is_empty()) {
        output::note(&harmless(text));
    }
    output::line(&harmless(&saved.sql));
    for (name, value) in &saved.params {
        output::note(&harmless(&format!("{name} = {value}")));
    }
    output::note(&harmless(&format!(
        "saved by {}, changed by {} at {:.0}",
        summary.owner, summary.changed_by, summary.changed_at
    )));
    Ok(())
}

/// Saves under a name that nobody has, or in the place of the version that was there a moment ago.
async fn save(args: SaveArgs) -> anyhow::Result<()> {
    let client = Client::new(&args.address)?;
    let mut query = SavedQuery {
        question: args.question,
        sql: match args.sql {
            sql if sql == "-" => from_standard_input()?,
            sql => sql,
        },
        params: params(&args.params)?,
        description: String::new(),
        chart: None,
    };
    let path = path(&args.name);
    let seen = if args.replace {
        let (there, seen) = client.get_seen::<SavedView>(&path).await?;
        keep(&mut query, there);
        seen
    } else {
        Seen::Nothing
    };
    query.description = args.description.unwrap_or(query.description);
    query.question = query.question.filter(|question| !question.is_empty());
    let saved = client.put::<SavedView>(&path, &query, &seen).await;
    if let Err(error) = &saved
        && !args.replace
        && Refused::is(error, StatusCode::PRECONDITION_FAILED)
    {
        bail!(
            "there is a saved query {:?} already; --replace puts this one in its place",
            args.name
        );
    }
    let saved = saved?;
    output::note(&format!("{:?} is saved", saved.summary.name));
    Ok(())
}

/// Keeps of what was there what may be given anew, as far as the statement still has a use for it.
fn keep(query: &mut SavedQuery, there: SavedView) {
    query.question = query.question.take().or(there.summary.question);
    query.description = there.summary.description;
    if query.params.is_empty() {
        query.params = there.params;
        query.params.retain(|name, _| names_param(&query.sql, name));
    }
    query.chart = there.chart;
}

async fn run_one(name: &str, args: &ShowArgs, address: &NodeAddress) -> anyhow::Result<ExitCode> {
    let client = Client::new(address)?;
    let target = Target::of(args)?;
    let saved: SavedView = client.get(&path(name)).await?;
    let mut statement = args.statement(saved.sql)?;
    for (name, value) in saved.params {
        statement.params.entry(name).or_insert(value);
    }
    let shown = show(&client, &statement, &target, &mut Interrupts::listen()).await?;
    Ok(shown.map_or(ExitCode::from(INTERRUPTED), |()| ExitCode::SUCCESS))
}
