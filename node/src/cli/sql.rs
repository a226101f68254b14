//! `aurora sql`

use std::collections::BTreeMap;
use std::io::Read;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::{Client, NodeAddress};
use super::output;

/// Run a statement and show its rows.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aurora sql 'SELECT event_type, count() FROM shop_events GROUP BY ALL'\n  \
    aurora sql 'SELECT count() FROM shop_events WHERE category = {c:String}' --param c=Books\n  \
    echo 'SHOW TABLES' | aurora sql -"
)]
pub(super) struct SqlArgs {
    /// The statement, or - to read it from standard input
    statement: String,
    /// A value for a {name:Type} parameter; can be given several times
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// Most rows to show
    #[arg(long, default_value_t = 1_000)]
    limit: usize,
    #[command(flatten)]
    address: NodeAddress,
}

#[derive(Serialize)]
struct Request {
    sql: String,
    params: BTreeMap<String, String>,
    limit: usize,
}

#[derive(Deserialize)]
struct Answer {
    columns: Vec<AnswerColumn>,
    rows: Vec<Vec<Value>>,
    truncated: bool,
    statistics: AnswerStatistics,
    complete_to: Option<jiff::Timestamp>,
}

/// A column of an answer.
#[derive(Deserialize)]
pub(super) struct AnswerColumn {
    name: String,
    #[serde(rename = "type")]
    column_type: String,
}

#[derive(Deserialize)]
struct AnswerStatistics {
    elapsed_ms: f64,
    rows_read: String,
}

pub(super) async fn run(args: SqlArgs) -> anyhow::Result<ExitCode> {
    let request = Request {
        sql: statement(args.statement)?,
        params: params(&args.params)?,
        limit: args.limit,
    };
    let client = Client::new(&args.address)?;
    if !output::is_terminal() {
        let answer: Box<serde_json::value::RawValue> = client.post("/api/v1/sql", &request).await?;
        output::line(answer.get());
        return Ok(ExitCode::SUCCESS);
    }
    let answer: Answer = client.post("/api/v1/sql", &request).await?;
    show(&answer);
    Ok(ExitCode::SUCCESS)
}

fn statement(given: String) -> anyhow::Result<String> {
    if given != "-" {
        return Ok(given);
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("standard input cannot be read")?;
    Ok(text)
}

fn params(given: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut params = BTreeMap::new();
    for param in given {
        let Some((name, value)) = param.split_once('=') else {
            bail!("--param {param:?} has no '='; write it as --param NAME=VALUE");
        };
        params.insert(name.to_owned(), value.to_owned());
    }
    Ok(params)
}

/// Rows under the names of their columns; numbers stand on the right.
pub(super) fn rows(columns: &[AnswerColumn], rows: &[Vec<Value>]) {
    let headings: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let mut table = output::table(&headings);
    for row in rows {
        let cells = row.iter().zip(columns).map(|(value, column)| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Null => "NULL".to_owned(),
                other => other.to_string(),
            };
            if is_number(&column.column_type) {
                output::number(text)
            } else {
                comfy_table::Cell::new(text)
            }
        });
        table.add_row(cells);
    }
    output::line(&table.to_string());
}

fn show(answer: &Answer) {
    rows(&answer.columns, &answer.rows);
    let more = if answer.truncated {
        ", and more: raise --limit"
    } else {
        ""
    };
    let complete = answer
        .complete_to
        .map_or_else(String::new, |time| format!(", complete up to {time:.0}"));
    output::note(&format!(
        "{} rows{more} in {:.0} ms, {} rows read{complete}",
        answer.rows.len(),
        answer.statistics.elapsed_ms,
        answer.statistics.rows_read
    ));
}

fn is_number(column_type: &str) -> bool {
    let inner = column_type.trim_start_matches("Nullable(");
    ["Int", "UInt", "Float", "Decimal"]
        .iter()
        .any(|number| inner.starts_with(number))
}
