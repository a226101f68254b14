//! The journal of this machine, shipped to a stream of CloudWatch Logs.
//!
//! ```text
//! journald ──▶ journalctl --follow --output=json ──pipe──▶ Lines ──▶ Batch ──PutLogEvents──▶ CloudWatch Logs
//!                 ▲                                        bounded    bounded      │
//!                 └────────── --after-cursor ◀── the file `cursor` ◀───────────────┘
//! ```
//!
//! The cursor is kept only after AWS has taken everything up to it, so nothing is left out, whatever ends in between; what
//! was taken and not noted comes twice. While AWS is away nothing is read: the journal itself is the queue, as long as it
//! goes back. What AWS never takes (older than a fortnight, say) is left out and logged.

mod batch;
mod entry;
mod lines;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use crate::aws::client::pause;
use crate::aws::{self, AwsError};
use batch::Batch;
use lines::Lines;

/// How long a line waits for others.
const GATHER: Duration = Duration::from_secs(2);
/// How long what is left may take when the service is stopped.
const LAST_LIMIT: Duration = Duration::from_secs(5);
/// The pause before journalctl is started again when it has ended.
const RESTART_PAUSE: Duration = Duration::from_secs(1);
/// Between attempts, once they have failed for a while.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What is shipped where.
#[derive(Debug, Clone)]
pub struct JournalOptions {
    /// The log group, which has to be there.
    pub group: String,
    /// The stream in it, which is made.
    pub stream: String,
    /// Only these units; all of the journal when there are none.
    pub units: Vec<String>,
    /// Where the cursor is kept.
    pub state: PathBuf,
}

/// Ships until `stop` is cancelled. `begun` is called once journalctl runs.
pub async fn ship(
    options: &JournalOptions,
    stop: &CancellationToken,
    begun: impl Fn(),
) -> anyhow::Result<()> {
    std::fs::create_dir_all(&options.state)
        .with_context(|| format!("the directory {} cannot be made", options.state.display()))?;
    let mut shipper = Shipper {
        options,
        stop,
        batch: Batch::default(),
        is_made: false,
    };
    while !stop.is_cancelled() {
        // journalctl only goes forward: where it is to begin is said at its start.
        let mut reader = Reader::start(options, shipper.kept_cursor().as_deref())?;
        begun();
        shipper.follow(&mut reader.lines).await?;
        if !stop.is_cancelled() {
            tracing::warn!("journalctl has ended, and is started again");
            tokio::select! {
                () = tokio::time::sleep(RESTART_PAUSE) => {}
                () = stop.cancelled() => {}
            }
        }
    }
    // One attempt for what is left. The cursor stands before it, so that nothing is lost if it fails.
    let last = shipper.put();
    if !matches!(tokio::time::timeout(LAST_LIMIT, last).await, Ok(Ok(()))) {
        tracing::warn!("the last lines are shipped when this starts again");
        return Ok(());
    }
    shipper.keep_cursor()
}

/// journalctl, which ends when this does.
struct Reader {
    lines: Lines,
    _child: Child,
}

impl Reader {
    fn start(options: &JournalOptions, cursor: Option<&str>) -> anyhow::Result<Self> {
        let mut command = Command::new("journalctl");
        command.args([
            "--follow",
            "--no-tail",
            "--all",
            "--quiet",
            "--no-pager",
            "--output=json",
        ]);
        command.arg("--output-fields=MESSAGE,SYSLOG_IDENTIFIER,_COMM");
        match cursor {
            Some(cursor) => command.arg(format!("--after-cursor={cursor}")),
            None => command.arg("--boot"),
        };
        command.args(options.units.iter().map(|unit| format!("--unit={unit}")));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().context("journalctl cannot be started")?;
        let stdout = child.stdout.take().context("journalctl has no output")?;
        Ok(Self {
            lines: Lines::new(stdout),
            _child: child,
        })
    }
}

struct Shipper<'a> {
    options: &'a JournalOptions,
    stop: &'a CancellationToken,
    batch: Batch,
    /// The stream is there.
    is_made: bool,
}

impl Shipper<'_> {
    /// Ships what comes until there is no more, or this is stopped.
    async fn follow(&mut self, lines: &mut Lines) -> anyhow::Result<()> {
        loop {
            let gathered = self.batch.begun().map(|begun| begun + GATHER);
            let until_gathered = async {
                match gathered {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => return Ok(()),
                () = until_gathered => self.send().await?,
                line = lines.next() => {
                    let Some(line) = line.context("the journal cannot be read")? else {
                        return self.send().await;
                    };
                    let Some(mut entry) = entry::parse(&line) else { continue };
                    if let Err(full) = self.batch.add(entry) {
                        self.send().await?;
                        entry = full;
                        // One that fits into no batch does not exist: they are cut.
                        let _ = self.batch.add(entry);
                    }
                }
            }
            if self.stop.is_cancelled() {
                return Ok(());
            }
        }
    }

    /// Sends what was gathered, for as long as it takes, and keeps the cursor.
    async fn send(&mut self) -> anyhow::Result<()> {
        let mut attempt = 1;
        while let Err(error) = self.put().await {
            if let AwsError::Rejected { .. } = &error {
                let lost = self.batch.len();
                tracing::error!(%error, lost, "cloudwatch logs does not take these lines at all; they are left out");
                break;
            }
            tracing::warn!(%error, "lines cannot be shipped to cloudwatch logs yet");
            // The stream may have been removed.
            self.is_made &= !matches!(error, AwsError::NotFound { .. });
            let pause = (pause(attempt) * 5).min(LONGEST_PAUSE);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => return Ok(()),
            }
            attempt += 1;
        }
        self.keep_cursor()?;
        self.batch = Batch::default();
        Ok(())
    }

    async fn put(&mut self) -> Result<(), AwsError> {
        let JournalOptions { group, stream, .. } = self.options;
        let events = self.batch.sorted();
        let is_made = self.is_made;
        aws::ask(async |aws| {
            if !is_made {
                aws.create_log_stream(group, stream).await?;
            }
            match events.is_empty() {
                true => Ok(()),
                false => aws.put_log_events(group, stream, &events).await,
            }
        })
        .await?;
        self.is_made = true;
        Ok(())
    }

    fn cursor_path(&self) -> PathBuf {
        self.options.state.join("cursor")
    }

    fn kept_cursor(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.cursor_path()).ok()?;
        Some(text.trim().to_owned()).filter(|cursor| !cursor.is_empty())
    }

    fn keep_cursor(&self) -> anyhow::Result<()> {
        let Some(cursor) = self.batch.cursor() else {
            return Ok(());
        };
        let path = self.cursor_path();
        let cannot = || format!("the cursor cannot be kept in {}", path.display());
        let mut file = tempfile::NamedTempFile::new_in(&self.options.state).with_context(cannot)?;
        std::io::Write::write_all(&mut file, cursor.as_bytes()).with_context(cannot)?;
        file.as_file().sync_all().with_context(cannot)?;
        file.persist(&path).with_context(cannot)?;
        Ok(())
    }
}
