//! `aurora streams`, and its changes: `add`, `pause`, `resume`, `retry`, `remove`

use std::process::ExitCode;

use aurora_actors::ingest::schema::choice::ColumnChoice;
use aurora_actors::ingest::start::Start;
use clap::{Args, Subcommand};

use super::client::{Client, ListArgs, NodeAddress, in_path};
use super::{output, retry};
use crate::http::registry::{AddedStream, NewStream};
use crate::http::streams::Streams;

/// Show the streams: state, rate, freshness, lag; add, pause, resume or remove one, retry its dead letters.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct StreamsArgs {
    #[command(subcommand)]
    change: Option<Change>,
    #[command(flatten)]
    how: ListArgs,
}

#[derive(Debug, Subcommand)]
enum Change {
    /// Ingest a further topic of a connection, on all nodes
    Add {
        /// The connection's name, as `aurora connect` or a node's configuration has it
        connection: String,
        /// The topic; it may be made later
        topic: String,
        /// Where it begins: `earliest`, `latest`, or a time such as 2026-11-01T00:00:00Z
        #[arg(long, value_name = "START")]
        start: Option<Start>,
        /// Give a field's column this type, such as `customer.age=Int64`, instead of what a sample speaks for; a key that
        /// has a dot in it is written as JSON: `["a.b","c"]=Bool`
        #[arg(long = "column", value_name = "FIELD=TYPE", value_parser = typed_column)]
        columns: Vec<ColumnChoice>,
        /// Make no column for this field and what lies beneath it, now or later
        #[arg(long = "leave-out", value_name = "FIELD", value_parser = left_out)]
        left_out: Vec<ColumnChoice>,
        #[command(flatten)]
        address: NodeAddress,
    },
    /// Stop ingesting a stream until it is resumed
    Pause {
        /// The stream, as `aurora streams` shows it
        id: String,
        #[command(flatten)]
        address: NodeAddress,
    },
    /// Let a paused stream go on where it was
    Resume {
        /// The stream, as `aurora streams` shows it
        id: String,
        #[command(flatten)]
        address: NodeAddress,
    },
    /// Try a stream's dead letters again: those that fit by now become rows, each once
    Retry {
        /// The stream, as `aurora streams` shows it
        id: String,
        /// Only those with this reason, such as wrong_type
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        address: NodeAddress,
    },
    /// Ingest a stream no more; its rows are kept
    Remove {
        /// The stream, as `aurora streams` shows it
        id: String,
        /// Drop its rows, its dead letters and how far it has come as well
        #[arg(long)]
        drop_data: bool,
        #[command(flatten)]
        address: NodeAddress,
    },
}

impl Change {
    async fn run(&self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add {
                connection,
                topic,
                start,
                columns,
                left_out,
                address,
            } => {
                let stream = NewStream {
                    connection: connection.clone(),
                    topic: topic.clone(),
                    start: start.map(|start| start.to_string()),
                    columns: columns.iter().chain(left_out).cloned().collect(),
                };
                let added: AddedStream = Client::new(address)?.post("/api/v1/streams", &stream).await?;
                output::note(&format!("{} is ingested from now on", added.id));
            }
            Self::Pause { id, address } => {
                let path = format!("/api/v1/streams/{}/pause", in_path(id));
                Client::new(address)?.post_empty(&path).await?;
                output::note(&format!("{id} is paused"));
            }
            Self::Resume { id, address } => {
                let path = format!("/api/v1/streams/{}/resume", in_path(id));
                Client::new(address)?.post_empty(&path).await?;
                output::note(&format!("{id} goes on where it was"));
            }
            Self::Retry { id, reason, address } => {
                return retry::run(&Client::new(address)?, id, reason.as_deref()).await;
            }
            Self::Remove {
                id,
                drop_data,
                address,
            } => {
                let data = if *drop_data { "drop" } else { "keep" };
                let path = format!("/api/v1/streams/{}?data={data}", in_path(id));
                Client::new(address)?.delete(&path).await?;
                let kept = if *drop_data { "dropped" } else { "kept" };
                output::note(&format!("{id} is ingested no more; its rows are {kept}"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A field as it is typed: keys with dots between them, or in JSON.
fn field(text: &str) -> Result<Vec<String>, String> {
    if !text.starts_with('[') {
        return Ok(text.split('.').map(str::to_owned).collect());
    }
    serde_json::from_str(text).map_err(|error| format!("the keys are no JSON array of texts: {error}"))
}

fn typed_column(text: &str) -> Result<ColumnChoice, String> {
    // No type has such a sign in it, and a key may.
    let (path, column_type) = text.rsplit_once('=').ok_or("it has to look like FIELD=TYPE")?;
    Ok(ColumnChoice {
        path: field(path)?,
        column_type: Some(column_type.to_owned()),
        leave_out: false,
    })
}

fn left_out(text: &str) -> Result<ColumnChoice, String> {
    Ok(ColumnChoice {
        path: field(text)?,
        column_type: None,
        leave_out: true,
    })
}

pub(super) async fn run(args: &StreamsArgs) -> anyhow::Result<ExitCode> {
    if let Some(change) = &args.change {
        return change.run().await;
    }
    let found: Streams = args.how.client()?.get("/api/v1/streams").await?;
    if args.how.is_json() {
        output::json(&found)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = output::table(&[
        "stream",
        "table",
        "state",
        "events/s",
        "p50 ms",
        "p99 ms",
        "lag",
        "rows",
        "dead letters",
        "audit",
    ]);
    for stream in &found.streams {
        let quantile = |of: fn(&crate::http::streams::Quantiles) -> f64| {
            stream
                .freshness_ms
                .as_ref()
                .map_or_else(|| "–".to_owned(), |q| format!("{:.0}", of(q)))
        };
        table.add_row(vec![
            comfy_table::Cell::new(&stream.id),
            comfy_table::Cell::new(stream.table.as_deref().unwrap_or("–")),
            output::verdict(&stream.state, stream.state == "running"),
            output::number(output::thousands(stream.events_per_s as u64)),
            output::number(quantile(|q| q.p50)),
            output::number(quantile(|q| q.p99)),
            output::number(output::thousands(stream.lag)),
            output::number(output::thousands(stream.rows)),
            output::number(output::thousands(stream.dead_letters)),
            output::verdict(&stream.audit.state, stream.audit.state != "broken"),
        ]);
    }
    output::line(&table.to_string());
    for stream in &found.streams {
        if let Some(reason) = &stream.reason {
            output::note(&format!("{} waits: {reason}", stream.id));
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_typed_with_dots_or_as_json() {
        let path = |text: &str| typed_column(text).map(|choice| choice.path.join("|"));
        assert_eq!(path("customer.age=Int64").unwrap(), "customer|age");
        assert_eq!(path(r#"["a.b","c"]=Bool"#).unwrap(), "a.b|c");
        assert_eq!(path("a=b=Bool").unwrap(), "a=b");
        assert!(path("customer.age").is_err() && path("[1]=Bool").is_err());
        let choice = typed_column("at=DateTime64(3, 'UTC')").unwrap();
        assert_eq!(choice.column_type.as_deref(), Some("DateTime64(3, 'UTC')"));
        assert!(left_out("customer.email").unwrap().leave_out);
    }
}
