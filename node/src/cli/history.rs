//! `aurora history`

use std::process::ExitCode;

use aurora_actors::query::memory::history::Outcome;
use clap::Args;
use comfy_table::Cell;

use super::client::ListArgs;
use super::output;
use crate::http::memory::history::{HistoryEntry, HistoryPage};

/// Longest statement or question that is shown in a table, in characters.
const MAX_SHOWN_CHARS: usize = 120;

/// Show who asked what, and what came of it: your own history, or everybody's for admins.
#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// Whose history; only admins may see others'
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only what has this text in its question or statement
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Also what dashboards and pages have asked by themselves
    #[arg(long)]
    all: bool,
    /// Most records to show
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
    #[command(flatten)]
    how: ListArgs,
}

pub(super) async fn run(args: &HistoryArgs) -> anyhow::Result<ExitCode> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &args.limit.to_string());
    for (name, value) in [("user", &args.user), ("search", &args.search)] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    if args.all {
        query.append_pair("purpose", "all");
    }
    let path = format!("/api/v1/history?{}", query.finish());
    let page: HistoryPage = args.how.client()?.get(&path).await?;
    if args.how.is_json() {
        output::json(&page)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = output::table(&["at", "user", "asked", "outcome", "rows", "ms", "thumb"]);
    for entry in &page.history {
        table.add_row(row(entry));
    }
    output::line(&table.to_string());
    Ok(ExitCode::SUCCESS)
}

fn row(entry: &HistoryEntry) -> Vec<Cell> {
    let asked = entry.question.as_deref().unwrap_or(&entry.sql);
    vec![
        Cell::new(format!("{:.0}", entry.at)),
        Cell::new(output::harmless(&entry.user)),
        Cell::new(one_line(asked)),
        output::verdict(entry.outcome.name(), entry.outcome == Outcome::Ok),
        output::number(&entry.rows),
        output::number(format!("{:.0}", entry.elapsed_ms)),
        Cell::new(entry.verdict.map_or("", |verdict| verdict.name())),
    ]
}

/// A text without what would move a terminal's cursor, and not too long.
fn one_line(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut shown: String = plain.take(MAX_SHOWN_CHARS).collect();
    if text.chars().count() > MAX_SHOWN_CHARS {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_others_asked_cannot_move_the_cursor() {
        assert_eq!(super::one_line("SELECT\n\u{1b}[2J1"), "SELECT  [2J1");
        assert_eq!(super::one_line(&"ä".repeat(200)).chars().count(), 121);
    }
}
