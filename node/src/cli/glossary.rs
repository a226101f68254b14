//! `aurora glossary`: what words mean.

use std::process::ExitCode;

use anyhow::bail;
use aurora_actors::query::memory::glossary::{Glossary, Term};
use clap::{Args, Subcommand};
use reqwest::StatusCode;

use super::client::{Client, ListArgs, NodeAddress, Refused};
use super::output;
use super::output::harmless;
use crate::http::memory::glossary::GlossaryView;

const PATH: &str = "/api/v1/glossary";
/// How often a change is tried that somebody else's overtakes: each time at least one of all is through.
const TRIES: usize = 20;

/// Show and change what words mean in questions.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  aurora glossary
  aurora glossary set revenue --sql 'sum(price * quantity)' --table orders --synonym turnover
  aurora glossary set astray --table parcels --column status --value lost --meaning 'nobody knows where'
  aurora glossary remove astray"
)]
pub(super) struct GlossaryArgs {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show all terms
    List(ListArgs),
    /// Say what a term means; what was said of it before goes
    Set(SetArgs),
    /// Forget a term
    Remove {
        /// The term
        term: String,
        #[command(flatten)]
        address: NodeAddress,
    },
}

#[derive(Debug, Args)]
struct SetArgs {
    /// The term; its case does not matter
    term: String,
    /// What it means, for people and models
    #[arg(long, value_name = "TEXT")]
    meaning: Option<String>,
    /// Another word for it; can be given several times
    #[arg(long = "synonym", value_name = "WORD")]
    synonyms: Vec<String>,
    /// The table it is about
    #[arg(long)]
    table: Option<String>,
    /// The column it stands for
    #[arg(long)]
    column: Option<String>,
    /// The value of that column it stands for
    #[arg(long, requires = "column")]
    value: Option<String>,
    /// The expression of SQL it stands for
    #[arg(long, value_name = "EXPRESSION")]
    sql: Option<String>,
    #[command(flatten)]
    address: NodeAddress,
}

pub(super) async fn run(args: GlossaryArgs) -> anyhow::Result<ExitCode> {
    match args.action {
        None => list(&args.list).await?,
        Some(Action::List(how)) => list(&how).await?,
        Some(Action::Set(args)) => set(args).await?,
        Some(Action::Remove { term, address }) => {
            let client = Client::new(&address)?;
            change(&client, |glossary| remove(glossary, &term)).await?;
            output::note(&format!("{term:?} is forgotten"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(how: &ListArgs) -> anyhow::Result<()> {
    let found: GlossaryView = how.client()?.get(PATH).await?;
    if how.is_json() {
        return output::json(&found);
    }
    let mut table = output::table(&["term", "synonyms", "stands for", "meaning"]);
    for term in &found.entries {
        let row = [
            term.term.clone(),
            term.synonyms.join(", "),
            stands_for(term),
            term.meaning.clone(),
        ];
        table.add_row(row.map(|text| harmless(&text)));
    }
    output::line(&table.to_string());
    Ok(())
}

/// What a term stands for, in a few characters.
fn stands_for(term: &Term) -> String {
    let place: Vec<&str> = [&term.table, &term.column]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let place = place.join(".");
    match (&term.sql, &term.value) {
        (Some(sql), _) if place.is_empty() => sql.clone(),
        (Some(sql), _) => format!("{sql} of {place}"),
        (None, Some(value)) => format!("{place} = {value}"),
        (None, None) => place,
    }
}

async fn set(args: SetArgs) -> anyhow::Result<()> {
    let client = Client::new(&args.address)?;
    let term = Term {
        term: args.term,
        meaning: args.meaning.unwrap_or_default(),
        synonyms: args.synonyms,
        table: args.table,
        column: args.column,
        value: args.value,
        sql: args.sql,
    };
    change(&client, |glossary| {
        put(glossary, &term);
        Ok(())
    })
    .await?;
    output::note(&format!("{:?} is in the glossary", term.term));
    Ok(())
}

/// Reads the glossary, changes it and writes it; again from the start when somebody else was faster, since both may
/// have changed different terms.
async fn change(client: &Client, change: impl Fn(&mut Glossary) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut tries = 0;
    loop {
        tries += 1;
        let (found, seen) = client.get_seen::<GlossaryView>(PATH).await?;
        let mut glossary = Glossary {
            entries: found.entries,
        };
        change(&mut glossary)?;
        match client.put::<GlossaryView>(PATH, &glossary, &seen).await {
            Err(error) if tries < TRIES && Refused::is(&error, StatusCode::PRECONDITION_FAILED) => {}
            written => return written.map(drop),
        }
    }
}

/// Puts a term in the place of the one that is called the same, or at the end.
fn put(glossary: &mut Glossary, term: &Term) {
    match glossary
        .entries
        .iter_mut()
        .find(|known| is_called(known, &term.term))
    {
        Some(known) => known.clone_from(term),
        None => glossary.entries.push(term.clone()),
    }
}

fn remove(glossary: &mut Glossary, name: &str) -> anyhow::Result<()> {
    let before = glossary.entries.len();
    glossary.entries.retain(|known| !is_called(known, name));
    if glossary.entries.len() == before {
        bail!("there is no term {name:?}; see `aurora glossary`");
    }
    Ok(())
}

fn is_called(term: &Term, name: &str) -> bool {
    term.term.trim().to_lowercase() == name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(name: &str, sql: Option<&str>) -> Term {
        Term {
            term: name.to_owned(),
            sql: sql.map(str::to_owned),
            ..Term::default()
        }
    }

    #[test]
    fn a_term_takes_the_place_of_the_one_called_the_same() {
        let mut glossary = Glossary::default();
        put(&mut glossary, &term("AOV", None));
        put(&mut glossary, &term("west", None));
        put(&mut glossary, &term(" aov", Some("avg(amount)")));
        let names: Vec<&str> = glossary.entries.iter().map(|term| term.term.as_str()).collect();
        assert_eq!(names, [" aov", "west"]);
        assert_eq!(glossary.entries[0].sql.as_deref(), Some("avg(amount)"));
        remove(&mut glossary, "Aov ").unwrap();
        assert_eq!(glossary.entries.len(), 1);
        assert!(remove(&mut glossary, "AOV").is_err());
    }

    #[test]
    fn what_a_term_stands_for_is_short() {
        let of = |table: Option<&str>, column: Option<&str>, value: Option<&str>, sql: Option<&str>| {
            let text = |text: Option<&str>| text.map(str::to_owned);
            stands_for(&Term {
                table: text(table),
                column: text(column),
                value: text(value),
                ..term("t", sql)
            })
        };
        assert_eq!(of(None, None, None, Some("sum(x)")), "sum(x)");
        assert_eq!(of(Some("orders"), None, None, Some("sum(x)")), "sum(x) of orders");
        assert_eq!(
            of(Some("parcels"), Some("status"), Some("lost"), None),
            "parcels.status = lost"
        );
        assert_eq!(of(None, Some("status"), None, None), "status");
        assert_eq!(of(None, None, None, None), "");
    }
}
