//! `aurora sql`
//!
//! | module | does |
//! |---|---|
//! | `show` | runs a statement and brings what comes of it to a terminal, a pipe or a file |
//! | `answer` | rows and progress from a node's events |
//! | `transfer` | files, piece by piece |
//! | `repl`, `command` | statements typed at a prompt |
//! | `lexer`, `statements`, `completion` | what a text of SQL is, as far as a prompt has to know |

mod answer;
mod command;
mod completion;
mod lexer;
mod repl;
mod show;
mod statements;
mod transfer;

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;

pub(super) use self::show::{ShowArgs, Target, params, show};
use self::statements::Statements;
pub(super) use self::statements::names_param;
use super::client::{Client, NodeAddress};
use super::interrupt::{INTERRUPTED, Interrupts};
use super::output;

/// Run a statement and show its rows, or type statements at a prompt.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aurora sql                                   # a prompt; \\? says what can be typed there
  aurora sql 'SELECT event_type, count() FROM shop_events GROUP BY ALL'
  aurora sql 'SELECT count() FROM shop_events WHERE category = {c:String}' --param c=Books
  aurora sql 'SELECT * FROM shop_events' --output events.parquet
  aurora sql 'SELECT * FROM shop_events' --format csv | gzip > events.csv.gz
  aurora sql < statements.sql

Times are in UTC, wherever they are shown. Ctrl-C ends the statement, on the node too.")]
pub(super) struct SqlArgs {
    /// The statement, or - to read statements, with ; between them, from standard input
    statement: Option<String>,
    #[command(flatten)]
    show: ShowArgs,
    #[command(flatten)]
    address: NodeAddress,
}

pub(super) async fn run(args: SqlArgs) -> anyhow::Result<ExitCode> {
    let client = Client::new(&args.address)?;
    let texts = match args.statement {
        Some(text) if text != "-" => vec![text],
        None if std::io::stdin().is_terminal() => {
            if !output::is_terminal() || args.show.output.is_some() {
                bail!("no statement is given; write one, or - to read it from standard input");
            }
            return repl::run(&client, args.show).await;
        }
        _ => {
            let text = from_standard_input()?;
            let statements = Statements::of(&text).all().into_iter();
            statements.map(str::to_owned).collect()
        }
    };
    let target = Target::of(&args.show)?;
    if texts.len() > 1 && !target.takes_several() {
        bail!(
            "there are {} statements; a file, and any format but json and table, takes the rows of one",
            texts.len()
        );
    }
    // For all of them: who ends one wants none after it.
    let mut interrupts = Interrupts::listen();
    for text in texts {
        let statement = args.show.statement(text)?;
        if show(&client, &statement, &target, &mut interrupts)
            .await?
            .is_none()
        {
            return Ok(ExitCode::from(INTERRUPTED));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What standard input has to say, which must be a statement at least.
pub(super) fn from_standard_input() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("standard input cannot be read")?;
    if Statements::of(&text).all().is_empty() {
        bail!("no statement is given, and there is none on standard input");
    }
    Ok(text)
}
