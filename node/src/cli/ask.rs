//! `aurora ask`

use std::process::ExitCode;

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::{Client, NodeAddress};
use super::output;
use super::sql::{self, AnswerColumn};

/// Ask a question in plain words.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aurora ask 'How many orders were there per hour today?'\n  \
    aurora ask 'And by country?' --after 'How many orders were there today?'"
)]
pub(super) struct AskArgs {
    /// The question
    question: String,
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

#[derive(Serialize)]
struct Request {
    question: String,
    conversation: Vec<String>,
    limit: usize,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Rows {
        sql: String,
        columns: Vec<AnswerColumn>,
        rows: Vec<Vec<Value>>,
        explanation: String,
        assumptions: Vec<String>,
        engine: String,
        complete_to: Option<jiff::Timestamp>,
    },
    Question {
        clarification: String,
    },
}

pub(super) async fn run(args: AskArgs) -> anyhow::Result<ExitCode> {
    let client = Client::new(&args.address)?;
    let request = Request {
        question: args.question,
        conversation: args.after,
        limit: args.limit,
    };
    let answer: Box<serde_json::value::RawValue> = client.post("/api/v1/ask", &request).await?;
    if args.json || !output::is_terminal() {
        output::line(answer.get());
        return Ok(ExitCode::SUCCESS);
    }
    match serde_json::from_str(answer.get())? {
        Answer::Question { clarification } => output::line(&clarification),
        Answer::Rows {
            sql,
            columns,
            rows,
            explanation,
            assumptions,
            engine,
            complete_to,
        } => {
            sql::rows(&columns, &rows);
            let complete = complete_to.map_or_else(String::new, |time| format!(", complete up to {time:.0}"));
            output::note(&format!("Read as ({engine}{complete}): {explanation}"));
            for assumption in assumptions {
                output::note(&format!("Taken for granted: {assumption}"));
            }
            output::note(&sql);
        }
    }
    Ok(ExitCode::SUCCESS)
}
