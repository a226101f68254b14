//! Files that a node makes, piece by piece to where they belong.

use std::io;
use std::sync::OnceLock;

use anyhow::Context;
use aurora_actors::query::format::ExportFormat;
use axum::body::Bytes;
use indicatif::HumanBytes;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::show::Statement;
use crate::cli::client::Client;
use crate::cli::interrupt::{Interrupts, Stop, Worker};
use crate::cli::progress::Progress;
use crate::cli::sink::Sink;

/// Pieces that wait to be written; then the node waits, and with it ClickHouse.
const QUEUE: usize = 8;

/// Brings the rows of a statement to where they belong, unless Ctrl-C comes first. The query's id is known when its
/// first rows are.
pub(super) async fn transfer(
    client: &Client,
    statement: &Statement,
    format: ExportFormat,
    sink: Sink,
    query_id: &OnceLock<String>,
    interrupts: &mut Interrupts,
) -> anyhow::Result<Option<()>> {
    let progress = Progress::new();
    let is_terminal = sink.is_terminal();
    let (pieces, waiting) = channel(QUEUE);
    // In a thread of its own: who reads standard output may be slow, and Ctrl-C must be heard.
    let mut writer = Worker::start(move |stop| write(sink, waiting, stop));
    let transferred = async {
        let fetched = fetch(client, statement, format, pieces, query_id, &progress).await;
        let written = writer.done().await?;
        fetched?;
        written.context("the rows cannot be written")
    };
    let transferred = interrupts.unless(async {
        // It would get between the rows.
        if is_terminal {
            return transferred.await;
        }
        tokio::select! {
            done = transferred => done,
            never = progress.appear() => never,
        }
    });
    if let Some(done) = transferred.await {
        return done.map(Some);
    }
    writer.stop().await;
    Ok(None)
}

/// Hands on a body as it comes.
async fn fetch(
    client: &Client,
    statement: &Statement,
    format: ExportFormat,
    pieces: Sender<Bytes>,
    query_id: &OnceLock<String>,
    progress: &Progress,
) -> anyhow::Result<()> {
    let path = format!("/api/v1/sql?format={}", format.name());
    let mut response = client.transfer(&path, statement).await?;
    if let Some(id) = response.headers().get("aurora-query-id") {
        let _ = query_id.set(id.to_str().unwrap_or_default().to_owned());
    }
    let mut bytes = 0;
    loop {
        let piece = response.chunk().await.context(
            "the transfer broke off, so this is not all: the node or the statement failed in the middle",
        )?;
        let Some(piece) = piece else { return Ok(()) };
        bytes += piece.len() as u64;
        progress.say(format!("{} have come", HumanBytes(bytes)));
        // A writer that is gone has had enough, or says itself why.
        if pieces.send(piece).await.is_err() {
            return Ok(());
        }
    }
}

fn write(mut sink: Sink, mut waiting: Receiver<Bytes>, stop: &Stop) -> io::Result<()> {
    while let Some(piece) = waiting.blocking_recv() {
        sink.take(&piece, stop)?;
        if stop.is_said() || sink.has_enough() {
            return Ok(());
        }
    }
    sink.sync()
}
