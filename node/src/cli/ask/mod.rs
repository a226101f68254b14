//! `aurora ask`
//!
//! `answer` asks one question and shows what comes of it, `steps` says what happens meanwhile, `conversation` takes
//! one question after the other.

mod answer;
mod conversation;
mod steps;

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

use self::answer::{Question, ask};
use super::client::{Client, NodeAddress};
use super::interrupt::{INTERRUPTED, Interrupts};
use super::output;

/// Ask a question in plain words, or one after the other at a prompt.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aurora ask                       # a conversation; \\? says what can be typed there
  aurora ask 'How many orders were there per hour today?'
  aurora ask 'And by country?' --after 'How many orders were there today?'

Times are in UTC, wherever they are shown. Ctrl-C ends the question, on the node too.")]
pub(super) struct AskArgs {
    /// The question
    question: Option<String>,
    /// A question before it, when it goes on from one; can be given several times, the oldest first
    #[arg(long, value_name = "QUESTION")]
    after: Vec<String>,
    /// Most rows to show
    #[arg(long, default_value_t = 1_000)]
    limit: usize,
    /// Print the whole answer as JSON, as it is when the output is no terminal
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    address: NodeAddress,
}

pub(super) async fn run(args: AskArgs) -> anyhow::Result<ExitCode> {
    let client = Client::new(&args.address)?;
    let is_for_people = !args.json && output::is_terminal();
    let Some(question) = args.question else {
        if !is_for_people || !std::io::stdin().is_terminal() {
            bail!("no question is given; write one in quotes");
        }
        return conversation::run(&client, args.after, args.limit).await;
    };
    let question = Question {
        question,
        conversation: args.after,
        limit: args.limit,
    };
    let mut interrupts = Interrupts::listen();
    let asking = interrupts.unless(ask(&client, &question, is_for_people));
    let Some(reply) = asking.await.transpose()? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let shown = interrupts.unless_in_thread(move |stop| {
        if is_for_people {
            reply.show(args.limit, stop)
        } else {
            output::print(reply.json(), stop)
        }
    });
    let shown = shown.await?.transpose()?;
    Ok(shown.map_or(ExitCode::from(INTERRUPTED), |()| ExitCode::SUCCESS))
}
