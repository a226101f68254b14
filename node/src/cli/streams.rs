//! `aurora streams`, `aurora streams add` and `aurora streams remove`

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::client::{Client, ListArgs, NodeAddress};
use super::output;
use crate::http::registry::{AddedStream, NewStream};
use crate::http::streams::Streams;

/// Show the streams: state, rate, freshness, lag; add or remove one.
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
        /// The connection's name, as the nodes' configuration has it
        connection: String,
        /// The topic; it may be made later
        topic: String,
        #[command(flatten)]
        address: NodeAddress,
    },
    /// Ingest a stream no more; its rows are kept
    Remove {
        /// The stream, as `aurora streams` shows it
        id: String,
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
                address,
            } => {
                let stream = NewStream {
                    connection: connection.clone(),
                    topic: topic.clone(),
                };
                let added: AddedStream = Client::new(address)?.post("/api/v1/streams", &stream).await?;
                output::note(&format!("{} is ingested from now on", added.id));
            }
            Self::Remove { id, address } => {
                let path = format!("/api/v1/streams/{}", id.replace('/', "%2F"));
                Client::new(address)?.delete(&path).await?;
                output::note(&format!("{id} is ingested no more; its rows are kept"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
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
