//! One query, from its turn to its last row.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clickhouse::query::Query;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::limits::QueryLimits;
use super::super::sql::{Event, LastWord, Output, SqlError, Statistics};
use super::super::statement::Statement;
use super::super::stream::{self, End, Stop};
use super::{Engine, Jobs};
use crate::store::StoreError;

/// How long ClickHouse may take to hear that a query is to end.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// A query that waits or runs.
pub(super) struct Job {
    pub(super) statement: Statement,
    pub(super) output: Output,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) cancel: CancellationToken,
    pub(super) asked: Instant,
    /// How long it may take from then on.
    pub(super) limit: Duration,
    pub(super) ticket: Ticket,
}

/// That a query is here: while it exists the query is counted, and can be cancelled. It takes the last word to
/// whoever reads, past all that waits to be read.
pub(super) struct Ticket {
    jobs: Arc<Jobs>,
    query_id: String,
    last_word: LastWord,
    is_running: bool,
}

impl Ticket {
    pub(super) fn new(jobs: Arc<Jobs>, query_id: String) -> Self {
        jobs.metrics.waiting.inc();
        Self {
            jobs,
            query_id,
            last_word: Arc::new(Mutex::new(None)),
            is_running: false,
        }
    }

    pub(super) fn last_word(&self) -> LastWord {
        self.last_word.clone()
    }

    /// Says how it ended; only the first time counts.
    pub(super) fn say(&self, word: Result<Event, SqlError>) {
        self.last_word.lock().get_or_insert(word);
    }

    fn start(&mut self) {
        self.is_running = true;
        self.jobs.metrics.waiting.dec();
        self.jobs.metrics.running.inc();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let metrics = &self.jobs.metrics;
        if self.is_running {
            metrics.running.dec();
        } else {
            metrics.waiting.dec();
        }
        self.jobs.all.lock().remove(&self.query_id);
    }
}

impl Job {
    /// Runs it until its end, of which kind ever.
    pub(super) async fn run(mut self, engine: &Engine) {
        self.ticket.start();
        let (started, waited) = (Instant::now(), self.asked.elapsed());
        engine.metrics.wait_seconds.observe(waited.as_secs_f64());
        // Whether ClickHouse may be working on it.
        let is_sent = AtomicBool::new(false);
        let ended = tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Stop::Error(SqlError::Cancelled)),
            () = self.events.closed() => Err(Stop::Abandoned),
            () = tokio::time::sleep(self.limit.saturating_sub(waited)) => Err(Stop::Error(SqlError::Deadline {
                waited: false,
                limit: self.limit,
            })),
            ended = self.execute(engine, &is_sent) => ended,
        };
        let is_unfinished = !matches!(
            &ended,
            Ok(End {
                is_complete: true,
                ..
            })
        );
        let (outcome, word) = self.verdict(ended, waited);
        if let Some(word) = word {
            self.ticket.say(word);
        }
        engine.metrics.ended(outcome);
        // The reader learns of the end now, while the slot is kept until ClickHouse has heard of it.
        let Self { events, ticket, .. } = self;
        drop(events);
        if is_unfinished
            && is_sent.load(Ordering::Relaxed)
            && !matches!(outcome, "failed" | "refused" | "done")
        {
            let kill = tokio::time::timeout(KILL_TIMEOUT, engine.kill(&ticket.query_id));
            if !matches!(kill.await, Ok(Ok(()))) {
                tracing::debug!(
                    query_id = ticket.query_id,
                    "a query that is over could not be ended"
                );
            }
        }
        ticket.jobs.ran(started.elapsed());
        engine
            .metrics
            .run_seconds
            .observe(started.elapsed().as_secs_f64());
    }

    async fn execute(&self, engine: &Engine, is_sent: &AtomicBool) -> Result<End, Stop> {
        self.judge(engine).await?;
        let query = self.query(engine, &self.statement.sql);
        let query = query.with_setting("query_id", &self.ticket.query_id);
        let narrowed = engine.wall.narrowed();
        let query = match &narrowed {
            Some(limits) => self.narrow(limits, query),
            None => query,
        };
        let format = match self.output {
            Output::Rows(_) => stream::FORMAT,
            Output::Export(format) => format.clickhouse_name(),
        };
        is_sent.store(true, Ordering::Relaxed);
        let mut cursor = query
            .fetch_bytes(format)
            .map_err(|error| SqlError::from(StoreError::from(error)))?;
        let mut end = match self.output {
            Output::Rows(limit) => {
                // ClickHouse stops at its limit without a word: the one before it must be the last to be shown.
                let most =
                    narrowed.map_or(u64::MAX, |limits| limits.max_result_rows.saturating_sub(1).max(1));
                let limit = limit.min(usize::try_from(most).unwrap_or(usize::MAX));
                stream::rows(&mut cursor, limit, &self.events).await?
            }
            Output::Export(_) => stream::bytes(&mut cursor, &self.events).await?,
        };
        // Exports, and queries that are over before there was any progress to tell.
        if end.progress.rows_read == 0
            && let Some(summary) = cursor.summary()
        {
            end.progress.rows_read = summary.read_rows().unwrap_or_default();
            end.progress.bytes_read = summary.read_bytes().unwrap_or_default();
        }
        Ok(end)
    }

    /// Asks the guard, unless it has let the very same statement pass a moment ago.
    async fn judge(&self, engine: &Engine) -> Result<(), SqlError> {
        if engine.judged.knows(&self.statement) {
            return Ok(());
        }
        let explain = format!("EXPLAIN AST {}", self.statement.sql);
        let ast = async {
            let mut cursor = self.query(engine, &explain).fetch_bytes("TSVRaw")?;
            cursor.collect().await
        };
        let ast = ast.await.map_err(StoreError::from)?;
        super::super::guard::judge(&self.statement.sql, &String::from_utf8_lossy(&ast))?;
        engine.judged.remember(&self.statement);
        Ok(())
    }

    fn query(&self, engine: &Engine, sql: &str) -> Query {
        let params = self.statement.params.iter();
        params.fold(engine.client.query_raw(sql), |query, (name, value)| {
            query.with_setting(format!("param_{name}"), value)
        })
    }

    /// Lowers the limits of the reader's profile to what this node and this query allow, where the profile lets
    /// us: so ClickHouse stops by itself, and does no work for rows that nobody will read.
    fn narrow(&self, limits: &QueryLimits, query: Query) -> Query {
        let most = limits.max_result_rows;
        let (rows, overflow) = match self.output {
            // One more, by which we see that there are more.
            Output::Rows(limit) => ((limit as u64).saturating_add(1).min(most), "break"),
            Output::Export(_) => (most, "throw"),
        };
        let left = self.limit.saturating_sub(self.asked.elapsed());
        let seconds = (left.as_secs() + 1).min(u64::from(limits.max_seconds));
        let query = query
            .with_setting("max_result_rows", rows.to_string())
            .with_setting("result_overflow_mode", overflow)
            .with_setting("max_execution_time", seconds.to_string())
            .with_setting("max_memory_usage", limits.max_memory_bytes.to_string());
        match limits.max_rows_to_read {
            0 => query,
            rows => query.with_setting("max_rows_to_read", rows.to_string()),
        }
    }

    /// How it ended, for the figures and for the reader.
    fn verdict(
        &self,
        ended: Result<End, Stop>,
        waited: Duration,
    ) -> (&'static str, Option<Result<Event, SqlError>>) {
        match ended {
            Ok(end) => {
                let statistics = Statistics {
                    elapsed_ms: self.asked.elapsed().as_secs_f64() * 1_000.0,
                    waited_ms: waited.as_secs_f64() * 1_000.0,
                    rows_read: end.progress.rows_read,
                    bytes_read: end.progress.bytes_read,
                };
                let truncated = end.truncated;
                (
                    "done",
                    Some(Ok(Event::Done {
                        truncated,
                        statistics,
                    })),
                )
            }
            Err(Stop::Abandoned) => ("abandoned", None),
            Err(Stop::Error(error)) => {
                let outcome = match &error {
                    SqlError::Cancelled => "cancelled",
                    SqlError::Deadline { .. } => "deadline",
                    SqlError::Refused(_) => "refused",
                    _ => "failed",
                };
                (outcome, Some(Err(self.said_otherwise(error))))
            }
        }
    }

    /// A query that another node has ended says so, too.
    fn said_otherwise(&self, error: SqlError) -> SqlError {
        const QUERY_WAS_CANCELLED: u32 = 394;
        match error {
            SqlError::Store(StoreError::Exception {
                code: QUERY_WAS_CANCELLED,
                ..
            }) => SqlError::Cancelled,
            other => other,
        }
    }
}
