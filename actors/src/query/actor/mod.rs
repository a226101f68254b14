//! The factory: a bounded queue by priority in front of as many workers as queries may run at once.
//!
//! A job in a mailbox is small. Its rows go through a bounded channel, and the worker stays with the query
//! until whoever asked has taken the last of them: a slow reader holds one slot, and no memory. A query ends
//! early when its reader goes away, when it is cancelled by its id, and at its deadline, whichever is first;
//! its connection to ClickHouse is then dropped, and ClickHouse told to end it. (The connection alone is
//! enough for most queries, in less than a third of a second; a KILL reaches some that sleep, and those that
//! write into a socket that nobody reads need the connection closed.)

mod job;
mod queue;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clickhouse::Client;
use parking_lot::Mutex;
use ractor::factory::routing::QueuerRouting;
use ractor::factory::{
    DiscardHandler, DiscardMode, DiscardReason, DiscardSettings, Factory, FactoryArguments, FactoryMessage,
    Job as Dispatched, JobOptions, Worker, WorkerId, worker_builder,
};
use ractor::{Actor, ActorProcessingErr, ActorRef, SpawnErr};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::job::{Job, Ticket};
use self::queue::ByPriority;
use super::guard::Judged;
use super::limits::QueryLimits;
use super::metrics::QueryMetrics;
use super::sql::{Output, Priority, QUERY_ID_PREFIX, SqlError, SqlStream, Terms};
use super::statement::Statement;
use super::wall::Wall;
use crate::store::sql::literal;
use crate::store::{Store, StoreError};

/// Events that may wait for their reader: about a megabyte.
const EVENTS: usize = 4;
/// Jobs beyond the queue that may be on their way to the factory, so that it can choose which to shed.
const SLACK: usize = 64;
/// The longest that anybody is told to stay away.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

type Pooled = Factory<Priority, Job, (), SqlWorker, QueuerRouting<Priority, Job>, ByPriority<Job>>;

/// What all workers share.
pub(super) struct Engine {
    /// ClickHouse as the reader.
    pub(super) client: Client,
    /// ClickHouse as the writer, for ending queries.
    pub(super) store: Store,
    pub(super) limits: QueryLimits,
    pub(super) metrics: QueryMetrics,
    pub(super) wall: Wall,
    /// Statements that the guard has let pass.
    pub(super) judged: Judged,
}

impl Engine {
    /// Has ClickHouse end a query. It does so in its own time.
    pub(super) async fn kill(&self, query_id: &str) -> Result<(), StoreError> {
        let kill = format!("KILL QUERY WHERE query_id = {} ASYNC", literal(query_id));
        self.store.execute(&kill).await
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.wall.stop();
    }
}

/// The jobs of a node, and how long they take.
#[derive(Debug)]
struct Jobs {
    /// Those that wait or run, by their ids, with what cancels them.
    all: Mutex<HashMap<String, CancellationToken>>,
    /// How long a query runs these days, in microseconds: a mean in which the last tenth counts most.
    mean_us: AtomicU64,
    concurrent: usize,
    metrics: QueryMetrics,
}

impl Jobs {
    fn ran(&self, time: Duration) {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let mean = self.mean_us.load(Ordering::Relaxed);
        // Two at once may overwrite each other: it is an estimate.
        self.mean_us
            .store(mean - mean / 10 + time / 10, Ordering::Relaxed);
    }

    fn busy(&self) -> SqlError {
        let waiting = usize::try_from(self.metrics.waiting.get()).unwrap_or_default();
        let mean = Duration::from_micros(self.mean_us.load(Ordering::Relaxed));
        let turns = u32::try_from(waiting / self.concurrent.max(1)).unwrap_or(u32::MAX);
        let wait = mean.saturating_mul(turns);
        SqlError::Busy {
            waiting,
            // Whole seconds, rounded up: 0 would say that it is not busy.
            retry_after: Duration::from_secs(wait.as_secs() + 1).min(MAX_RETRY_AFTER),
        }
    }
}

/// The factory, from outside.
pub(super) struct Pool {
    factory: ActorRef<FactoryMessage<Priority, Job>>,
    task: Mutex<Option<JoinHandle<()>>>,
    jobs: Arc<Jobs>,
    limits: QueryLimits,
    stopping: CancellationToken,
}

impl Pool {
    pub(super) async fn start(engine: Arc<Engine>) -> Result<Self, SpawnErr> {
        let limits = engine.limits.clone();
        let jobs = Arc::new(Jobs {
            all: Mutex::default(),
            mean_us: AtomicU64::new(10_000),
            concurrent: limits.concurrent,
            metrics: engine.metrics.clone(),
        });
        let arguments = FactoryArguments {
            worker_builder: Box::new(worker_builder(move |_| {
                let engine = engine.clone();
                (SqlWorker { engine }, ())
            })),
            num_initial_workers: limits.concurrent,
            router: QueuerRouting::default(),
            queue: ByPriority::default(),
            discard_handler: Some(Arc::new(Shed { jobs: jobs.clone() })),
            discard_settings: DiscardSettings::Static {
                limit: limits.queue,
                // The queue decides which one that is.
                mode: DiscardMode::Oldest,
            },
            dead_mans_switch: None,
            capacity_controller: None,
            lifecycle_hooks: None,
            stats: None,
        };
        let (factory, task) = Actor::spawn(None, Pooled::default(), arguments).await?;
        Ok(Self {
            factory,
            task: Mutex::new(Some(task)),
            jobs,
            limits,
            stopping: CancellationToken::new(),
        })
    }

    /// Puts a query into the queue.
    pub(super) fn submit(
        &self,
        statement: Statement,
        output: Output,
        terms: Terms,
    ) -> Result<SqlStream, SqlError> {
        if self.stopping.is_cancelled() {
            return Err(SqlError::Stopping);
        }
        let limit = terms.time.unwrap_or(self.limits.time()).min(self.limits.time());
        let query_id = format!("{QUERY_ID_PREFIX}{}", uuid::Uuid::new_v4());
        let cancel = CancellationToken::new();
        {
            let mut all = self.jobs.all.lock();
            if all.len() >= self.limits.concurrent + self.limits.queue + SLACK {
                self.jobs.metrics.ended("shed");
                return Err(self.jobs.busy());
            }
            all.insert(query_id.clone(), cancel.clone());
        }
        let ticket = Ticket::new(self.jobs.clone(), query_id.clone());
        let (events, reader) = tokio::sync::mpsc::channel(EVENTS);
        let stream = SqlStream::new(query_id, reader, ticket.last_word());
        let job = Job {
            statement,
            output,
            events,
            cancel,
            asked: Instant::now(),
            limit,
            ticket,
        };
        let options = JobOptions::new(Some(limit));
        let job = Dispatched::with_options(terms.priority, job, options);
        self.factory
            .cast(FactoryMessage::Dispatch(job))
            .map_err(|_| SqlError::Stopping)?;
        Ok(stream)
    }

    /// Cancels a query, if it waits or runs here.
    pub(super) fn cancel(&self, query_id: &str) -> bool {
        let all = self.jobs.all.lock();
        all.get(query_id).inspect(|cancel| cancel.cancel()).is_some()
    }

    pub(super) async fn stop(&self, limit: Duration) {
        self.stopping.cancel();
        let Some(mut task) = self.task.lock().take() else {
            return;
        };
        // It ends when the last query has; without any it looks for that only when it gets a message.
        let _ = self.factory.cast(FactoryMessage::DrainRequests);
        if tokio::time::timeout(limit, &mut task).await.is_ok() {
            return;
        }
        for cancel in self.jobs.all.lock().values() {
            cancel.cancel();
        }
        if tokio::time::timeout(Duration::from_secs(5), &mut task)
            .await
            .is_err()
        {
            self.factory.stop(None);
        }
    }
}

impl Drop for Pool {
    /// The workers go, and with them the engine. After [`Pool::stop`] there is nothing left to do.
    fn drop(&mut self) {
        self.factory.stop(None);
    }
}

/// Tells those whose query will not run.
struct Shed {
    jobs: Arc<Jobs>,
}

impl DiscardHandler<Priority, Job> for Shed {
    fn discard(&self, reason: DiscardReason, job: &mut Dispatched<Priority, Job>) {
        let (outcome, error) = match reason {
            DiscardReason::Loadshed | DiscardReason::RateLimited => ("shed", self.jobs.busy()),
            DiscardReason::TtlExpired => (
                "deadline",
                SqlError::Deadline {
                    waited: true,
                    limit: job.msg.limit,
                },
            ),
            DiscardReason::Shutdown => ("failed", SqlError::Stopping),
        };
        self.jobs.metrics.ended(outcome);
        job.msg.ticket.say(Err(error));
    }
}

/// Runs one query at a time.
struct SqlWorker {
    engine: Arc<Engine>,
}

impl Worker for SqlWorker {
    type Key = Priority;
    type Message = Job;
    type Arguments = ();
    type State = ();

    async fn pre_start(
        &self,
        _: WorkerId,
        _: &ActorRef<FactoryMessage<Priority, Job>>,
        (): (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: WorkerId,
        _: &ActorRef<FactoryMessage<Priority, Job>>,
        job: Dispatched<Priority, Job>,
        (): &mut (),
    ) -> Result<Priority, ActorProcessingErr> {
        job.msg.run(&self.engine).await;
        Ok(job.key)
    }
}
