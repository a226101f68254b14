//! The wall: the reading user, whom every query runs as.
//!
//! At the start, and every minute, it is asked what it may do, and what must be refused is tried
//! (`verify`). Where it is missing or not what it has to be, and the writing user may manage access, Aurora
//! makes it (`profile`): a profile of its own, a quota, and SELECT on the database of the events. A user that
//! somebody else has made is never changed. As long as the wall does not stand no query runs, and everybody
//! who asks is told why; ingest has nothing to do with it.

pub mod profile;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::metrics::gauge::Gauge;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use self::verify::Found;
use super::limits::QueryLimits;
use super::sql::{SqlError, SqlOptions};
use crate::store::sql::literal;
use crate::store::{Login, Store, StoreError};

/// How often it is looked at while it stands, and while it does not.
const WHILE_IT_STANDS: Duration = Duration::from_secs(60);
const WHILE_IT_DOES_NOT: Duration = Duration::from_secs(5);

/// How long a query waits for the first look.
const FIRST_LOOK: Duration = Duration::from_secs(5);

/// Exceptions that say that the reader is not known, or not by this password.
const UNKNOWN_LOGIN: [u32; 4] = [
    192, // UNKNOWN_USER
    193, // WRONG_PASSWORD
    194, // REQUIRED_PASSWORD
    516, // AUTHENTICATION_FAILED
];

/// How the wall is, for people and programs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WallView {
    /// Whether queries are served.
    pub stands: bool,
    /// The user whom queries run as.
    pub reader: String,
    /// Why they are not; empty while it stands, and before it was looked at.
    pub faults: Vec<String>,
    /// When it was last seen to stand.
    pub verified_at: Option<String>,
    /// The limits that ClickHouse enforces whatever Aurora asks for.
    pub enforced: Option<Enforced>,
}

/// Limits of the reader, as ClickHouse tells them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enforced {
    /// Seconds of a query.
    pub max_seconds: u64,
    /// Memory of a query, in bytes.
    pub max_memory_bytes: u64,
    /// Rows of a result.
    pub max_result_rows: u64,
    /// Rows that a query may read; 0 is no limit.
    pub max_rows_to_read: u64,
}

#[derive(Debug, Default)]
enum Standing {
    /// ClickHouse could not be asked yet.
    #[default]
    Unknown,
    Stands(Found, jiff::Timestamp),
    Missing(Vec<String>),
}

/// The wall of one node. Cheap to clone.
#[derive(Clone)]
pub(super) struct Wall {
    inner: Arc<Inner>,
}

struct Inner {
    login: Login,
    reader: Store,
    writer: Store,
    database: String,
    limits: QueryLimits,
    gauge: Gauge,
    standing: Mutex<Standing>,
    /// One look at a time.
    looking: tokio::sync::Mutex<()>,
    stop: CancellationToken,
}

impl Wall {
    pub(super) fn new(options: &SqlOptions, writer: Store) -> Self {
        Self {
            inner: Arc::new(Inner {
                login: options.reader.clone(),
                reader: Store::new_plain(&options.reader),
                writer,
                database: options.database.clone(),
                limits: options.limits.clone(),
                gauge: options.metrics.wall.clone(),
                standing: Mutex::default(),
                looking: tokio::sync::Mutex::default(),
                stop: CancellationToken::new(),
            }),
        }
    }

    /// Looks at it from now on, in a task of its own.
    pub(super) fn watch(&self) {
        let inner = self.inner.clone();
        tokio::spawn(async move {
            loop {
                if let Err(error) = inner.look().await {
                    tracing::debug!(%error, "the reading user could not be looked at");
                }
                let stands = matches!(*inner.standing.lock(), Standing::Stands(..));
                let pause = if stands {
                    WHILE_IT_STANDS
                } else {
                    WHILE_IT_DOES_NOT
                };
                tokio::select! {
                    () = inner.stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        });
    }

    pub(super) fn stop(&self) {
        self.inner.stop.cancel();
    }

    /// Whether queries may run. Looks now if nobody has been able to yet.
    pub(super) async fn stands(&self) -> Result<(), SqlError> {
        if let Some(verdict) = self.verdict() {
            return verdict;
        }
        // Those who ask meanwhile wait for the same look, and not for long.
        let look = tokio::time::timeout(FIRST_LOOK, self.inner.look_first());
        look.await.unwrap_or(Err(StoreError::TimedOut(FIRST_LOOK)))?;
        self.verdict().unwrap_or_else(|| {
            let reason = "the reading user could not be looked at";
            Err(SqlError::NoWall(reason.to_owned()))
        })
    }

    fn verdict(&self) -> Option<Result<(), SqlError>> {
        match &*self.inner.standing.lock() {
            Standing::Unknown => None,
            Standing::Stands(..) => Some(Ok(())),
            Standing::Missing(faults) => Some(Err(SqlError::NoWall(format!(
                "the reading user {} is not safe to run queries as: {}",
                self.inner.login.user,
                faults.join("; ")
            )))),
        }
    }

    /// What a query may use at most, by ClickHouse and by the node, if it may lower its own limits.
    pub(super) fn narrowed(&self) -> Option<QueryLimits> {
        let Standing::Stands(found, _) = &*self.inner.standing.lock() else {
            return None;
        };
        let ours = self.inner.limits.clone();
        let [seconds, memory, rows, rows_to_read] = found.limits;
        found.narrows.then(|| QueryLimits {
            max_seconds: ours
                .max_seconds
                .min(u32::try_from(seconds).unwrap_or(u32::MAX))
                .max(1),
            max_memory_bytes: ours.max_memory_bytes.min(memory),
            max_result_rows: ours.max_result_rows.min(rows),
            max_rows_to_read: match (ours.max_rows_to_read, rows_to_read) {
                (0, theirs) => theirs,
                (ours, 0) => ours,
                (ours, theirs) => ours.min(theirs),
            },
            ..ours
        })
    }

    pub(super) fn view(&self) -> WallView {
        let mut view = WallView {
            reader: self.inner.login.user.clone(),
            ..WallView::default()
        };
        match &*self.inner.standing.lock() {
            Standing::Unknown => {}
            Standing::Missing(faults) => view.faults.clone_from(faults),
            Standing::Stands(found, at) => {
                let [max_seconds, max_memory_bytes, max_result_rows, max_rows_to_read] = found.limits;
                view.stands = true;
                view.verified_at = Some(at.to_string());
                view.enforced = Some(Enforced {
                    max_seconds,
                    max_memory_bytes,
                    max_result_rows,
                    max_rows_to_read,
                });
            }
        }
        view
    }
}

impl Inner {
    /// Looks at the reader, makes it if it may be made, and notes how it is. While ClickHouse is away, what was
    /// known stays true: no query can run either.
    async fn look(&self) -> Result<(), StoreError> {
        let _one = self.looking.lock().await;
        self.look_alone().await
    }

    /// The same, unless somebody has looked already.
    async fn look_first(&self) -> Result<(), StoreError> {
        let _one = self.looking.lock().await;
        let is_known = !matches!(&*self.standing.lock(), Standing::Unknown);
        if is_known { Ok(()) } else { self.look_alone().await }
    }

    async fn look_alone(&self) -> Result<(), StoreError> {
        let first = match self.look_once().await? {
            found if found.faults.is_empty() => return self.note(found),
            found => found,
        };
        match self.build().await {
            Ok(()) => {}
            // Whoever else may make it has to know what is missing, not why we cannot.
            Err(Unbuilt::NotOurs(why)) => {
                let mut faults = first.faults;
                faults.push(why);
                return self.note(Found {
                    faults,
                    ..Found::default()
                });
            }
            Err(Unbuilt::Store(error)) => return Err(error),
        }
        let found = self.look_once().await?;
        self.note(found)
    }

    async fn look_once(&self) -> Result<Found, StoreError> {
        match verify::look(&self.reader).await {
            Err(StoreError::Exception { code, .. }) if UNKNOWN_LOGIN.contains(&code) => Ok(Found {
                faults: vec!["ClickHouse does not know it, or not with this password".to_owned()],
                ..Found::default()
            }),
            // Its answer, whatever it is, is not the one of a reader; unless ClickHouse has no time for it.
            Err(StoreError::Exception { code, message }) if !verify::PASSING.contains(&code) => Ok(Found {
                faults: vec![format!("it could not be verified: {message}")],
                ..Found::default()
            }),
            looked => looked,
        }
    }

    fn note(&self, found: Found) -> Result<(), StoreError> {
        let mut standing = self.standing.lock();
        let stood = matches!(*standing, Standing::Stands(..));
        if found.faults.is_empty() {
            if !stood {
                tracing::info!(
                    reader = self.login.user,
                    "queries run as a reader that was verified"
                );
            }
            *standing = Standing::Stands(found, jiff::Timestamp::now());
        } else {
            let is_news = !matches!(&*standing, Standing::Missing(faults) if *faults == found.faults);
            if is_news {
                let faults = found.faults.join("; ");
                tracing::warn!(reader = self.login.user, faults, "no queries are served");
            }
            *standing = Standing::Missing(found.faults);
        }
        let stands = matches!(*standing, Standing::Stands(..));
        self.gauge.set(i64::from(stands));
        Ok(())
    }

    /// Makes the reader, if it is not there or was made by us, and if the writer may.
    async fn build(&self) -> Result<(), Unbuilt> {
        let user = literal(&self.login.user);
        let profile = literal(&profile::profile_name(&self.login.user));
        // The profile is there once a statement of ours has made the user.
        let users = format!("SELECT count() FROM system.users WHERE name = {user}");
        let ours = format!(
            "SELECT count() FROM system.settings_profile_elements \
             WHERE user_name = {user} AND inherit_profile = {profile}"
        );
        let users: u64 = self.writer.row(&users).await.map_err(not_ours)?;
        let ours: u64 = self.writer.row(&ours).await.map_err(not_ours)?;
        if users > 0 && ours == 0 {
            let why = "Aurora did not make it and does not change it";
            return Err(Unbuilt::NotOurs(why.to_owned()));
        }
        let [create, alter] = profile::make_profile(&self.login.user, &self.limits, true);
        self.writer.execute(&create).await.map_err(not_ours)?;
        if let Err(error) = self.writer.execute(&alter).await {
            tracing::debug!(%error, "ClickHouse knows no settings that can be changed in readonly mode");
            let [_, alter] = profile::make_profile(&self.login.user, &self.limits, false);
            self.writer.execute(&alter).await.map_err(not_ours)?;
        }
        for statement in profile::make_user(&self.login, &self.database) {
            self.writer.execute(&statement).await.map_err(not_ours)?;
        }
        tracing::info!(reader = self.login.user, "the reading user was made");
        Ok(())
    }
}

/// Why the reader was not made.
enum Unbuilt {
    /// It is for somebody else to make it.
    NotOurs(String),
    Store(StoreError),
}

fn not_ours(error: StoreError) -> Unbuilt {
    match error {
        StoreError::Exception { message, .. } => {
            let message: String = message.chars().take(300).collect();
            Unbuilt::NotOurs(format!("the writing user cannot make it: {message}"))
        }
        other => Unbuilt::Store(other),
    }
}
