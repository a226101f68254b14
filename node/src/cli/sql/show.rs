//! Runs a statement, and brings what comes of it to a terminal, a pipe or a file.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, bail};
use aurora_actors::query::format::ExportFormat;
use aurora_actors::query::limits::DEFAULT_LIMIT;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::answer::{self, Answer};
use super::transfer;
use crate::cli::client::Client;
use crate::cli::interrupt::{Interrupts, Stop};
use crate::cli::new_file::NewFile;
use crate::cli::sink::Sink;
use crate::cli::{output, rows};

/// What a statement is run with, and where its rows go.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct ShowArgs {
    /// A value for a {name:Type} parameter; can be given several times
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(super) params: Vec<String>,
    /// Most rows of a table or of JSON, in a file too: 1000 unless said, and at most 100000 or 64 MiB; csv, jsonlines,
    /// parquet and arrow always have all
    #[arg(long)]
    pub(super) limit: Option<usize>,
    /// How rows are written; a table on a terminal and JSON elsewhere, unless said, or as the file's name ends
    #[arg(long, value_enum)]
    pub(super) format: Option<Format>,
    /// Write the rows to a file, which is there only once all have come; in table and json not more than --limit
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// For people
    Table,
    /// One object with columns, rows and what it cost
    Json,
    /// An object for each row, on a line
    Jsonlines,
    /// Comma-separated, with a first line of names
    Csv,
    /// Apache Parquet
    Parquet,
    /// Apache Arrow's file format
    Arrow,
}

/// A statement as nodes take it.
#[derive(Debug, Clone, Serialize)]
pub(in crate::cli) struct Statement {
    pub(in crate::cli) sql: String,
    pub(in crate::cli) params: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) limit: Option<usize>,
}

/// Where rows go, and how they are written there.
#[derive(Debug)]
pub(in crate::cli) struct Target {
    format: Format,
    output: Option<PathBuf>,
}

impl ShowArgs {
    /// A statement with these parameters and this limit.
    pub(in crate::cli) fn statement(&self, sql: String) -> anyhow::Result<Statement> {
        Ok(Statement {
            sql,
            params: params(&self.params)?,
            limit: self.limit,
        })
    }
}

/// The values of parameters, as they were given.
pub(in crate::cli) fn params(given: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut params = BTreeMap::new();
    for param in given {
        let Some((name, value)) = param.split_once('=') else {
            bail!("--param {param:?} has no '='; write it as --param NAME=VALUE");
        };
        params.insert(name.to_owned(), value.to_owned());
    }
    Ok(params)
}

impl Format {
    /// What the node makes of it, if the node makes it.
    fn export(self) -> Option<ExportFormat> {
        match self {
            Self::Table | Self::Json => None,
            Self::Jsonlines => Some(ExportFormat::JsonLines),
            Self::Csv => Some(ExportFormat::Csv),
            Self::Parquet => Some(ExportFormat::Parquet),
            Self::Arrow => Some(ExportFormat::Arrow),
        }
    }

    /// Its name.
    pub(super) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Whether there may be fewer rows in it than the statement has.
    pub(super) fn takes_limit(self) -> bool {
        self.export().is_none()
    }

    /// Whether people can read it.
    pub(super) fn is_text(self) -> bool {
        !matches!(self, Self::Parquet | Self::Arrow)
    }

    /// The format that a file's name ends with.
    fn of_name(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "json" => Self::Json,
            "jsonl" | "jsonlines" | "ndjson" => Self::Jsonlines,
            "csv" => Self::Csv,
            "parquet" => Self::Parquet,
            "arrow" => Self::Arrow,
            _ => return None,
        })
    }
}

impl Target {
    /// Where the arguments want rows to go.
    pub(in crate::cli) fn of(args: &ShowArgs) -> anyhow::Result<Self> {
        let is_terminal = args.output.is_none() && output::is_terminal();
        let by_name = args.output.as_deref().and_then(Format::of_name);
        let usual = if is_terminal { Format::Table } else { Format::Json };
        let format = args.format.or(by_name).unwrap_or(usual);
        if is_terminal && !format.is_text() {
            bail!(
                "{} is nothing to read on a terminal; name a file with --output, or use a pipe",
                format.name()
            );
        }
        if format.export().is_some() && args.limit.is_some() {
            bail!(
                "{} has all rows of its statement; write LIMIT into the statement instead of --limit",
                format.name()
            );
        }
        Ok(Self {
            format,
            output: args.output.clone(),
        })
    }

    /// The terminal, in a format that people can read.
    pub(super) fn terminal(format: Format) -> Self {
        Self { format, output: None }
    }

    /// Whether the rows of several statements can go there one after the other.
    pub(super) fn takes_several(&self) -> bool {
        self.output.is_none() && self.format.export().is_none()
    }
}

/// Runs a statement and shows what comes of it. Ctrl-C ends it, on the node too; then there is nothing.
pub(in crate::cli) async fn show(
    client: &Client,
    statement: &Statement,
    target: &Target,
    interrupts: &mut Interrupts,
) -> anyhow::Result<Option<()>> {
    let query_id = OnceLock::new();
    let shown = bring(client, statement, target, &query_id, interrupts).await?;
    if shown.is_none()
        && let Some(query_id) = query_id.get()
    {
        // Who presses Ctrl-C again does not wait for that either.
        interrupts.unless(client.cancel(query_id)).await;
    }
    Ok(shown)
}

async fn bring(
    client: &Client,
    statement: &Statement,
    target: &Target,
    query_id: &OnceLock<String>,
    interrupts: &mut Interrupts,
) -> anyhow::Result<Option<()>> {
    // Made first, so that nothing runs for a file that cannot be.
    let file = match (target.output.clone(), target.format) {
        (Some(path), format) => {
            // A pipe is open only when somebody reads it.
            let created = interrupts.unless_in_thread(move |_| create(&path, format));
            let Some(file) = created.await? else {
                return Ok(None);
            };
            Some(file?)
        }
        (None, _) => None,
    };
    let sink = match &file {
        Some(file) => Sink::File(file.writer()?),
        None => Sink::Stdout,
    };
    let notes = if let Some(format) = target.format.export() {
        let transferred = transfer::transfer(client, statement, format, sink, query_id, interrupts);
        transferred.await?.map(|()| Vec::new())
    } else {
        let collected = interrupts.unless(answer::collect(client, statement, query_id));
        let Some(answer) = collected.await.transpose()? else {
            return Ok(None);
        };
        let notes = notes(&answer, statement, target.format);
        let format = target.format;
        let written = interrupts.unless_in_thread(move |stop| write(&answer, format, sink, stop));
        written.await?.transpose()?.map(|()| notes)
    };
    let Some(notes) = notes else {
        return Ok(None);
    };
    file.map(NewFile::finish).transpose()?;
    notes.iter().for_each(|note| output::note(note));
    Ok(Some(()))
}

fn create(path: &Path, format: Format) -> anyhow::Result<NewFile> {
    let file = NewFile::create(path)?;
    if !format.is_text() && file.writer()?.is_terminal() {
        bail!(
            "{} is nothing to read on a terminal, which {} is",
            format.name(),
            path.display()
        );
    }
    Ok(file)
}

/// Writes what has been collected.
fn write(answer: &Answer, format: Format, mut sink: Sink, stop: &Stop) -> anyhow::Result<()> {
    let text = match (format, &sink) {
        (Format::Table, Sink::File(_)) => rows::wide_table(&answer.columns, &answer.rows)?.to_string(),
        (Format::Table, _) => rows::table(&answer.columns, &answer.rows)?.to_string(),
        _ => serde_json::to_string(answer)?,
    };
    let written = sink.take(format!("{text}\n").as_bytes(), stop);
    written
        .and_then(|()| sink.sync())
        .context("the rows cannot be written")
}

/// What is worth knowing besides the rows.
fn notes(answer: &Answer, statement: &Statement, format: Format) -> Vec<String> {
    let limit = statement.limit.unwrap_or(DEFAULT_LIMIT);
    let summary = (format == Format::Table).then(|| answer.summary());
    summary.into_iter().chain(answer.more(limit)).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        show: ShowArgs,
    }

    fn parse(arguments: &[&str]) -> ShowArgs {
        let line = Line::try_parse_from(std::iter::once(&"sql").chain(arguments));
        line.unwrap_or_else(|error| panic!("{error}")).show
    }

    #[test]
    fn parameters_are_names_and_values() {
        let args = parse(&["--param", "a=1", "--param", "b=x=y", "--param", "c="]);
        let statement = args.statement("SELECT 1".to_owned()).unwrap();
        let params: Vec<(&str, &str)> = statement
            .params
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(params, [("a", "1"), ("b", "x=y"), ("c", "")]);
        let error = parse(&["--param", "a"]).statement(String::new()).unwrap_err();
        assert!(error.to_string().contains("--param NAME=VALUE"), "{error}");
    }

    #[test]
    fn a_file_has_the_format_of_its_name_unless_another_is_said() {
        let format = |arguments: &[&str]| Target::of(&parse(arguments)).unwrap().format;
        for (name, expected) in [
            ("a.csv", Format::Csv),
            ("a.JSONL", Format::Jsonlines),
            ("a.ndjson", Format::Jsonlines),
            ("a.parquet", Format::Parquet),
            ("a.arrow", Format::Arrow),
            ("a.json", Format::Json),
            ("a.txt", Format::Json),
            ("csv", Format::Json),
        ] {
            assert_eq!(format(&["--output", name]), expected, "{name}");
        }
        assert_eq!(format(&["--output", "a.csv", "--format", "table"]), Format::Table);
        assert!(Line::try_parse_from(["sql", "--format", "xlsx"]).is_err());
    }

    #[test]
    fn files_have_all_rows_and_one_statement() {
        let error = Target::of(&parse(&["--format", "csv", "--limit", "5"])).unwrap_err();
        assert!(error.to_string().contains("LIMIT"), "{error}");
        assert!(Target::of(&parse(&["--format", "json", "--limit", "5"])).is_ok());
        let several = |arguments: &[&str]| Target::of(&parse(arguments)).unwrap().takes_several();
        assert!(several(&["--format", "json"]) && several(&["--format", "table"]));
        assert!(!several(&["--format", "csv"]) && !several(&["--output", "a.json"]));
    }

    #[test]
    fn every_format_of_the_node_can_be_named() {
        let exported: Vec<ExportFormat> = Format::value_variants()
            .iter()
            .filter_map(|format| format.export())
            .collect();
        for format in ExportFormat::ALL {
            assert!(exported.contains(&format), "{format:?}");
            assert!(
                Format::from_str(format.name(), false).is_ok(),
                "{}",
                format.name()
            );
        }
    }
}
