//! `aurora streams`

use std::process::ExitCode;

use clap::Args;

use super::client::{Client, NodeAddress};
use super::output;
use crate::http::streams::Streams;

/// Show the streams: state, rate, freshness, lag.
#[derive(Debug, Args)]
pub(super) struct StreamsArgs {
    /// JSON instead of a table; the same when the output is no terminal
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    address: NodeAddress,
}

pub(super) async fn run(args: &StreamsArgs) -> anyhow::Result<ExitCode> {
    let found: Streams = Client::new(&args.address)?.get("/api/v1/streams").await?;
    if args.json || !output::is_terminal() {
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
