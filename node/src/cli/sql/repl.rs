//! Statements typed at a prompt.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::bail;
use clap::ValueEnum;
use comfy_table::Cell;

use super::command::{Command, HELP};
use super::completion::Names;
use super::show::{Format, ShowArgs, Statement, Target, params, show};
use super::statements::{self, Statements};
use crate::cli::client::{Client, in_path};
use crate::cli::interrupt::{Interrupts, unless_interrupted};
use crate::cli::output;
use crate::cli::output::harmless;
use crate::cli::prompt::{Input, Language, Prompt};
use crate::http::schema::{TableView, Tables};

/// The name of the history's file.
const HISTORY: &str = "sql_history";
/// What begins with a backslash.
const COMMANDS: [&str; 5] = ["\\?", "\\d", "\\format", "\\param", "\\q"];

/// SQL as it is typed.
struct Sql {
    names: Names,
}

/// A session.
struct Repl<'a> {
    client: &'a Client,
    limit: Option<usize>,
    params: BTreeMap<String, String>,
    format: Format,
}

/// What comes after an input.
enum Next {
    GoOn,
    Leave,
}

/// Reads statements until somebody leaves.
pub(super) async fn run(client: &Client, args: ShowArgs) -> anyhow::Result<ExitCode> {
    // What is wrong with the arguments is told before anything is typed.
    Target::of(&args)?;
    let mut repl = Repl {
        client,
        limit: args.limit,
        params: params(&args.params)?,
        format: args.format.unwrap_or(Format::Table),
    };
    let names = Names::default();
    let mut prompt = Prompt::new(Sql { names }, HISTORY)?;
    output::note(&format!(
        "SQL on {}. Statements end with ; and \\? says what else there is.",
        client.base()
    ));
    repl.learn(&mut prompt).await;
    loop {
        let text = match prompt.read("sql> ")? {
            Input::Text(text) => text,
            Input::Cleared => continue,
            Input::End => return Ok(ExitCode::SUCCESS),
        };
        match repl.take(&text, &mut prompt).await {
            Ok(Next::GoOn) => {}
            Ok(Next::Leave) => return Ok(ExitCode::SUCCESS),
            Err(error) => output::error(&format!("{error:#}")),
        }
    }
}

impl Repl<'_> {
    async fn take(&mut self, text: &str, prompt: &mut Prompt<Sql>) -> anyhow::Result<Next> {
        if let Some(command) = Command::of(text) {
            return self.obey(command, prompt).await;
        }
        let mut interrupts = Interrupts::listen();
        for sql in Statements::of(text).all() {
            let statement = Statement {
                sql: sql.to_owned(),
                params: self.params.clone(),
                limit: self.limit.filter(|_| self.format.takes_limit()),
            };
            let target = Target::terminal(self.format);
            if show(self.client, &statement, &target, &mut interrupts)
                .await?
                .is_none()
            {
                bail!("the statement was ended before it was done");
            }
        }
        Ok(Next::GoOn)
    }

    async fn obey(&mut self, command: Command<'_>, prompt: &mut Prompt<Sql>) -> anyhow::Result<Next> {
        match command {
            Command::Quit => return Ok(Next::Leave),
            Command::Help => output::line(HELP),
            Command::Tables => {
                if let Some(tables) = self.ask::<Tables>("/api/v1/schema").await? {
                    show_tables(&tables.tables);
                    know(prompt, tables);
                }
            }
            Command::Table(name) => {
                let path = format!("/api/v1/schema/{}", in_path(&name.replace(['`', '"'], "")));
                if let Some(table) = self.ask::<TableView>(&path).await? {
                    show_columns(&table);
                }
            }
            Command::Format(None) => output::line(&self.format.name()),
            Command::Format(Some(name)) => match Format::from_str(name, true) {
                Ok(format) if format.is_text() => self.format = format,
                Ok(_) => bail!("{name} is nothing to read on a terminal; use aurora sql with --output FILE"),
                Err(_) => bail!("there is no format {name:?}; there are table, json, jsonlines and csv"),
            },
            Command::Params => {
                for (name, value) in &self.params {
                    output::line(&format!("{name}={value}"));
                }
            }
            Command::SetParam(name, value) => drop(self.params.insert(name.to_owned(), value.to_owned())),
            Command::ForgetParam(name) => {
                if self.params.remove(name).is_none() {
                    bail!("no parameter {name:?} is set; \\param NAME=VALUE sets one");
                }
            }
            Command::Unknown(what) => bail!("there is no \\{what}; \\? says what there is"),
        }
        Ok(Next::GoOn)
    }

    /// Asks the node, unless Ctrl-C comes first.
    async fn ask<T: serde::de::DeserializeOwned>(&self, path: &str) -> anyhow::Result<Option<T>> {
        unless_interrupted(self.client.get(path)).await.transpose()
    }

    /// Gets to know the names that there are. Who cannot be asked for them may still run statements.
    async fn learn(&self, prompt: &mut Prompt<Sql>) {
        match self.ask::<Tables>("/api/v1/schema").await {
            Ok(Some(tables)) => know(prompt, tables),
            Ok(None) => {}
            Err(error) => output::error(&format!("{error:#}")),
        }
    }
}

fn know(prompt: &mut Prompt<Sql>, tables: Tables) {
    if let Some(sql) = prompt.language() {
        sql.names = Names::of(tables);
    }
}

fn show_tables(tables: &[TableView]) {
    let mut shown = output::table(&["database", "table", "columns"]);
    for table in tables {
        shown.add_row(vec![
            Cell::new(harmless(&table.database)),
            Cell::new(harmless(&table.table)),
            output::number(table.columns.len().to_string()),
        ]);
    }
    output::line(&shown.to_string());
}

fn show_columns(table: &TableView) {
    let mut shown = output::table(&["column", "type", "comment"]);
    for column in &table.columns {
        shown.add_row([&column.name, &column.column_type, &column.comment].map(|text| harmless(text)));
    }
    output::line(&shown.to_string());
}

impl Language for Sql {
    fn is_complete(&self, text: &str) -> bool {
        Command::of(text).is_some() || statements::is_complete(text)
    }

    fn complete(&self, text: &str, cursor: usize) -> (usize, Vec<String>) {
        let before = text.get(..cursor).unwrap_or_default();
        if !before.starts_with('\\') {
            return self.names.complete(text, cursor);
        }
        let (start, all) = match before.rsplit_once(char::is_whitespace) {
            None => (0, COMMANDS.map(str::to_owned).to_vec()),
            Some((command, word)) => {
                let start = cursor - word.len();
                match command.trim() {
                    "\\d" => (start, self.names.table_names()),
                    "\\format" => (start, formats()),
                    _ => return (cursor, Vec::new()),
                }
            }
        };
        let word = &before[start..];
        let fitting = all.into_iter().filter(|name| name.starts_with(word));
        (start, fitting.collect())
    }
}

/// The formats that people can read.
fn formats() -> Vec<String> {
    let text = Format::value_variants().iter().filter(|format| format.is_text());
    text.map(|format| format.name()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql() -> Sql {
        let tables = serde_json::json!({ "tables": [
            { "database": "events", "table": "parcels", "columns": [{ "name": "status", "type": "String", "comment": "" }] },
        ] });
        Sql {
            names: Names::of(serde_json::from_value(tables).unwrap()),
        }
    }

    fn complete(text: &str) -> (usize, Vec<String>) {
        sql().complete(text, text.len())
    }

    #[test]
    fn commands_end_with_the_line_and_statements_with_their_semicolon() {
        for complete in ["\\d", "\\q", "exit", "SELECT 1;", "", "  "] {
            assert!(sql().is_complete(complete), "{complete:?}");
        }
        for goes_on in ["SELECT 1", "SELECT '\\d", "SELECT 1\nFROM x"] {
            assert!(!sql().is_complete(goes_on), "{goes_on:?}");
        }
    }

    #[test]
    fn commands_and_what_they_take_are_completed() {
        assert_eq!(complete("\\f"), (0, vec!["\\format".to_owned()]));
        assert_eq!(complete("\\").1.len(), COMMANDS.len());
        assert_eq!(complete("\\d par"), (3, vec!["parcels".to_owned()]));
        assert_eq!(complete("\\d events.p"), (3, vec!["events.parcels".to_owned()]));
        assert_eq!(
            complete("\\format js"),
            (8, vec!["json".to_owned(), "jsonlines".to_owned()])
        );
        assert_eq!(complete("\\format par"), (8, Vec::new()));
        assert_eq!(complete("\\param x"), (8, Vec::new()));
        assert_eq!(complete("SELECT 1 FROM par"), (14, vec!["parcels".to_owned()]));
    }
}
