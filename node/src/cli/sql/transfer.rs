//! Files that a node makes, piece by piece to where they belong.

use std::io::{self, Write};
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, bail};
use aurora_actors::query::format::ExportFormat;
use axum::body::Bytes;
use indicatif::HumanBytes;
use reqwest::Response;
use tokio::sync::mpsc;

use super::show::Statement;
use crate::cli::client::Client;
use crate::cli::new_file::NewFile;
use crate::cli::output;
use crate::cli::progress::Progress;

/// Pieces that wait to be written; then the node waits, and with it ClickHouse.
const QUEUE: usize = 8;

/// Where a file goes.
enum Sink {
    File(NewFile),
    Stdout,
    /// Whoever read standard output has had enough, as `head` has.
    Enough,
}

/// Brings the rows of a statement to a file, or to standard output. The query's id is known when its first rows are.
pub(super) async fn transfer(
    client: &Client,
    statement: &Statement,
    format: ExportFormat,
    output: Option<&Path>,
    query_id: &OnceLock<String>,
) -> anyhow::Result<()> {
    // Made first, so that nothing runs for a file that cannot be.
    let sink = match output {
        Some(path) => Sink::File(create(path, format)?),
        None => Sink::Stdout,
    };
    let progress = Progress::new();
    let transferred = async {
        let path = format!("/api/v1/sql?format={}", format.name());
        let response = client.transfer(&path, statement).await?;
        if let Some(id) = response.headers().get("aurora-query-id") {
            let _ = query_id.set(id.to_str().unwrap_or_default().to_owned());
        }
        write_all(response, sink, &progress).await
    };
    // It would get between the rows.
    let sink = if output.is_none() && output::is_terminal() {
        transferred.await?
    } else {
        tokio::select! {
            sink = transferred => sink?,
            never = progress.appear() => never,
        }
    };
    drop(progress);
    match sink {
        Sink::File(file) => file.finish(),
        Sink::Stdout | Sink::Enough => Ok(()),
    }
}

fn create(path: &Path, format: ExportFormat) -> anyhow::Result<NewFile> {
    let file = NewFile::create(path)?;
    if file.is_terminal() && matches!(format, ExportFormat::Parquet | ExportFormat::Arrow) {
        bail!(
            "{} is nothing to read on a terminal, which {} is",
            format.name(),
            path.display()
        );
    }
    Ok(file)
}

/// Writes a body as it comes, in a thread of its own: who reads standard output may be slow, and Ctrl-C must be heard.
async fn write_all(mut response: Response, mut sink: Sink, progress: &Progress) -> anyhow::Result<Sink> {
    let (pieces, mut waiting) = mpsc::channel::<Bytes>(QUEUE);
    let writer = tokio::task::spawn_blocking(move || -> io::Result<Sink> {
        while let Some(piece) = waiting.blocking_recv() {
            sink.take(&piece)?;
            if matches!(sink, Sink::Enough) {
                break;
            }
        }
        sink.flush()?;
        Ok(sink)
    });
    let mut bytes = 0;
    let broken = loop {
        match response.chunk().await {
            Ok(Some(piece)) => {
                bytes += piece.len() as u64;
                progress.say(format!("{} have come", HumanBytes(bytes)));
                // A writer that is gone has had enough, or says below why.
                if pieces.send(piece).await.is_err() {
                    break None;
                }
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    drop(pieces);
    let written = writer.await.context("the writer panicked")?;
    if let Some(error) = broken {
        return Err(error).context(
            "the transfer broke off, so this is not all: the node or the statement failed in the middle",
        );
    }
    written.context("the rows cannot be written")
}

impl Sink {
    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        let written = match self {
            Self::File(file) => return file.write_all(piece),
            Self::Stdout => io::stdout().lock().write_all(piece),
            Self::Enough => return Ok(()),
        };
        self.or_enough(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = match self {
            Self::File(file) => return file.flush(),
            Self::Stdout => io::stdout().lock().flush(),
            Self::Enough => return Ok(()),
        };
        self.or_enough(flushed)
    }

    fn or_enough(&mut self, written: io::Result<()>) -> io::Result<()> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                *self = Self::Enough;
                Ok(())
            }
            written => written,
        }
    }
}
