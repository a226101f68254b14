//! What a query is, what comes of it, and the handle to run one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use utoipa::ToSchema;

use super::actor::{Engine, Pool};
use super::format::ExportFormat;
use super::guard::Refusal;
use super::limits::QueryLimits;
use super::metrics::QueryMetrics;
use super::statement::Statement;
use super::wall::{Wall, WallView};
use crate::store::sql::literal;
use crate::store::{Login, Store, StoreError};

pub use super::limits::{DEFAULT_LIMIT, MAX_LIMIT};

/// What the ids of all queries begin with. Nothing else in ClickHouse can be cancelled through Aurora.
pub const QUERY_ID_PREFIX: &str = "aurora-query-";

/// What a runner is made of.
#[derive(Debug)]
pub struct SqlOptions {
    /// The user whom queries run as.
    pub reader: Login,
    /// The user who ends queries, and makes the reader if it may.
    pub writer: Login,
    /// The database of tables that are named without one; the reader may read it.
    pub database: String,
    /// What queries may use.
    pub limits: QueryLimits,
    /// Where figures go.
    pub metrics: QueryMetrics,
}

/// Runs statements as the reading user. Cheap to clone.
#[derive(Clone)]
pub struct SqlRunner {
    pool: Arc<Pool>,
    engine: Arc<Engine>,
}

impl std::fmt::Debug for SqlRunner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqlRunner")
    }
}

/// A statement to run.
#[derive(Debug, Clone, Default)]
pub struct SqlRequest {
    /// The statement.
    pub sql: String,
    /// Values for its `{name:Type}` parameters: texts as they are, arrays and maps as ClickHouse's literals,
    /// `\N` for NULL.
    pub params: BTreeMap<String, String>,
    /// Most rows to return.
    pub limit: Option<usize>,
}

/// What goes first when there are more queries than may run at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Somebody waits for it.
    #[default]
    Interactive,
    /// A file is made.
    Export,
    /// Nobody waits: looking at columns for the sake of later questions.
    Background,
}

impl Priority {
    /// All of them, first ones first.
    pub const ALL: [Self; 3] = [Self::Interactive, Self::Export, Self::Background];
}

/// Under what terms a query runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms {
    /// What goes first.
    pub priority: Priority,
    /// How long it may take, waiting included; the limit of queries when nothing is said, and never more.
    pub time: Option<Duration>,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResultColumn {
    /// Its name.
    pub name: String,
    /// Its ClickHouse type.
    #[serde(rename = "type")]
    pub column_type: String,
}

/// What a statement returned.
#[derive(Debug, Serialize)]
pub struct SqlResult {
    /// Its id in ClickHouse.
    pub query_id: String,
    /// The columns.
    pub columns: Vec<ResultColumn>,
    /// The rows, each an array as ClickHouse wrote it: see [`format`](mod@super::format).
    pub rows: Vec<Box<RawValue>>,
    /// Whether there are more rows than these.
    pub truncated: bool,
    /// What it cost.
    pub statistics: Statistics,
}

/// What a statement cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Statistics {
    /// From when it was asked for to the last row, milliseconds.
    pub elapsed_ms: f64,
    /// Of these, how long it waited for its turn.
    pub waited_ms: f64,
    /// Rows read.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub rows_read: u64,
    /// Bytes read.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub bytes_read: u64,
}

/// How far a query has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Progress {
    /// Rows read.
    #[serde(serialize_with = "as_text")]
    pub rows_read: u64,
    /// Bytes read.
    #[serde(serialize_with = "as_text")]
    pub bytes_read: u64,
    /// Rows that there are to read, as far as ClickHouse knows; it may grow.
    #[serde(serialize_with = "as_text")]
    pub total_rows: u64,
    /// The part that is read, 0 to 100; nothing while the whole is not known.
    pub percent: Option<f64>,
}

fn as_text<S: serde::Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

/// What comes of a query, in this order: the columns, then rows and progress by turns, `Done` last. An
/// export is bytes and `Done`. Without `Done`, what came is not all there is.
#[derive(Debug)]
pub enum Event {
    /// The columns.
    Columns(Vec<ResultColumn>),
    /// Some rows, each an array.
    Rows(Vec<Box<RawValue>>),
    /// How far it is.
    Progress(Progress),
    /// A piece of the file.
    Bytes(Bytes),
    /// That was all.
    Done {
        /// Whether there are more rows than came.
        truncated: bool,
        /// What it cost.
        statistics: Statistics,
    },
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The statement is empty, too long, or asks for a format of its own.
    #[error("{0}")]
    Statement(String),
    /// The statement is not allowed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// ClickHouse could not or would not run it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too many wait already.
    #[error("{waiting} queries wait for their turn already; try again in {} s", retry_after.as_secs())]
    Busy {
        /// How many wait.
        waiting: usize,
        /// When it is likely to be better.
        retry_after: Duration,
    },
    /// It took longer than it may.
    #[error("{}", if *waited { "its turn did not come in time" } else { "it took longer than it may" })]
    Deadline {
        /// Whether it was still waiting for its turn.
        waited: bool,
        /// How long it was allowed to take.
        limit: Duration,
    },
    /// Somebody has cancelled it.
    #[error("it was cancelled")]
    Cancelled,
    /// The reading user is not what it has to be, so nothing runs.
    #[error("{0}")]
    NoWall(String),
    /// The node stops.
    #[error("the node is stopping")]
    Stopping,
}

/// The events of a query that waits or runs. Dropping it cancels the query, in ClickHouse too.
#[derive(Debug)]
pub struct SqlStream {
    query_id: String,
    events: mpsc::Receiver<Event>,
    last_word: LastWord,
    is_over: bool,
}

/// How a query ended: [`Event::Done`] or an error. It is there when the channel of events is closed, unless
/// whoever worked on the query is gone.
pub(super) type LastWord = Arc<Mutex<Option<Result<Event, SqlError>>>>;

impl SqlStream {
    pub(super) fn new(query_id: String, events: mpsc::Receiver<Event>, last_word: LastWord) -> Self {
        Self {
            query_id,
            events,
            last_word,
            is_over: false,
        }
    }

    /// The query's id in ClickHouse, by which it can be cancelled.
    pub fn query_id(&self) -> &str {
        &self.query_id
    }

    /// The next event; nothing after [`Event::Done`] or an error.
    pub async fn next(&mut self) -> Result<Option<Event>, SqlError> {
        if self.is_over {
            return Ok(None);
        }
        if let Some(event) = self.events.recv().await {
            return Ok(Some(event));
        }
        self.is_over = true;
        let last_word = self.last_word.lock().take();
        last_word.unwrap_or(Err(SqlError::Stopping)).map(Some)
    }
}

/// What a query returns.
#[derive(Debug, Clone, Copy)]
pub(super) enum Output {
    /// Rows, at most so many.
    Rows(usize),
    /// A file.
    Export(ExportFormat),
}

impl SqlRunner {
    /// Starts what runs queries. ClickHouse may be away. Has to be called within a tokio runtime.
    pub async fn start(options: SqlOptions) -> Result<Self, ractor::SpawnErr> {
        let engine = Arc::new(Engine::new(&options));
        let pool = Arc::new(Pool::start(engine.clone()).await?);
        engine.wall.watch();
        Ok(Self { pool, engine })
    }

    /// Runs a statement and returns its rows, up to the limit. Dropping the future cancels it in ClickHouse
    /// too.
    pub async fn run(&self, request: &SqlRequest) -> Result<SqlResult, SqlError> {
        self.run_with(request, Terms::default()).await
    }

    /// The same under other terms.
    pub async fn run_with(&self, request: &SqlRequest, terms: Terms) -> Result<SqlResult, SqlError> {
        let mut stream = self.stream(request, terms).await?;
        let mut result = SqlResult {
            query_id: stream.query_id().to_owned(),
            columns: Vec::new(),
            rows: Vec::new(),
            truncated: false,
            statistics: Statistics::default(),
        };
        while let Some(event) = stream.next().await? {
            match event {
                Event::Columns(columns) => result.columns = columns,
                Event::Rows(mut rows) => result.rows.append(&mut rows),
                Event::Progress(_) | Event::Bytes(_) => {}
                Event::Done {
                    truncated,
                    statistics,
                } => {
                    result.truncated = truncated;
                    result.statistics = statistics;
                }
            }
        }
        Ok(result)
    }

    /// Starts a statement, of which columns, rows and progress come as they are known. The stream has to be
    /// read: a query that nobody reads stands still, and keeps others from running.
    pub async fn stream(&self, request: &SqlRequest, terms: Terms) -> Result<SqlStream, SqlError> {
        let limit = request.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
        self.submit(request, Output::Rows(limit), terms).await
    }

    /// Starts a statement, of which a file is made.
    pub async fn export(
        &self,
        request: &SqlRequest,
        format: ExportFormat,
        terms: Terms,
    ) -> Result<SqlStream, SqlError> {
        if request.limit.is_some() {
            let reason = "an export has no limit of rows; write LIMIT in the statement";
            return Err(SqlError::Statement(reason.to_owned()));
        }
        self.submit(request, Output::Export(format), terms).await
    }

    async fn submit(
        &self,
        request: &SqlRequest,
        output: Output,
        terms: Terms,
    ) -> Result<SqlStream, SqlError> {
        let statement = Statement::new(&request.sql, &request.params).map_err(SqlError::Statement)?;
        self.engine.wall.stands().await?;
        self.pool.submit(statement, output, terms)
    }

    /// Cancels a query by its id, wherever it runs; `false` when there is none of that id (any more). What
    /// waits for its turn on another node is not found.
    pub async fn cancel(&self, query_id: &str) -> Result<bool, SqlError> {
        let random = query_id.strip_prefix(QUERY_ID_PREFIX);
        if random.is_none_or(|random| uuid::Uuid::try_parse(random).is_err()) {
            return Ok(false);
        }
        if self.pool.cancel(query_id) {
            return Ok(true);
        }
        let is_running = format!(
            "SELECT count() FROM system.processes WHERE query_id = {}",
            literal(query_id)
        );
        if self.engine.store.row::<u64>(&is_running).await? == 0 {
            return Ok(false);
        }
        self.engine.kill(query_id).await?;
        Ok(true)
    }

    /// What queries may use.
    pub fn limits(&self) -> &QueryLimits {
        &self.engine.limits
    }

    /// How the reading user is, as it was last seen.
    pub fn wall(&self) -> WallView {
        self.engine.wall.view()
    }

    /// Takes no more queries, gives those that run until `limit` to end, and cancels the rest.
    pub async fn stop(&self, limit: Duration) {
        self.pool.stop(limit).await;
        self.engine.wall.stop();
    }
}

impl Engine {
    pub(super) fn new(options: &SqlOptions) -> Self {
        let store = Store::new_plain(&options.writer);
        Self {
            client: options.reader.client().with_database(&options.database),
            wall: Wall::new(options, store.clone()),
            store,
            limits: options.limits.clone(),
            metrics: options.metrics.clone(),
            judged: super::guard::Judged::default(),
        }
    }
}
