//! ClickHouse, as far as Aurora needs it: statements, small results, fenced inserts.
//!
//! Errors are sorted here, once, into what the delivery protocol has to tell apart.

pub mod error;
pub mod identity;
pub mod registry;
pub mod sql;
pub mod system;

use std::time::Duration;

use bytes::Bytes;
use clickhouse::{Client, Compression, RowOwned, RowRead};

pub use error::StoreError;

/// Where ClickHouse is and who we are there.
#[derive(Clone)]
pub struct Login {
    /// `http://HOST:PORT` or `https://HOST:PORT`.
    pub url: String,
    /// The user.
    pub user: String,
    /// The user's password.
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("url", &self.url)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl Login {
    /// The URL with the login in it, for tools that take nothing else.
    pub fn url_with_login(&self) -> String {
        let (scheme, address) = self.url.split_once("://").unwrap_or(("http", &self.url));
        let encode = |text: &str| -> String {
            text.bytes()
                .map(|b| {
                    if b.is_ascii_alphanumeric() {
                        char::from(b).to_string()
                    } else {
                        format!("%{b:02X}")
                    }
                })
                .collect()
        };
        format!(
            "{scheme}://{}:{}@{}/",
            self.user,
            encode(&self.password),
            address.trim_end_matches('/')
        )
    }

    /// A client for this login. What stays on this machine is not worth compressing.
    pub fn client(&self) -> Client {
        let local = ["://127.", "://localhost", "://[::1]"]
            .iter()
            .any(|host| self.url.contains(host));
        Client::default()
            .with_url(&self.url)
            .with_user(&self.user)
            .with_password(&self.password)
            .with_compression(if local {
                Compression::None
            } else {
                Compression::Lz4
            })
    }
}

/// ClickHouse seen by the writing user.
#[derive(Clone)]
pub struct Store {
    client: Client,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

/// How long a statement or a small result may take.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(60);
/// How long ClickHouse may work on an insert before it gives up, in seconds.
const INSERT_EXECUTION_SECONDS: u32 = 30;
/// How long we wait for an insert's answer: longer than ClickHouse works on it.
const INSERT_TIMEOUT: Duration = Duration::from_secs(45);
/// Pieces in which a body is handed to the connection, in bytes.
const BODY_PIECE_BYTES: usize = 256 << 10;

impl Store {
    /// Talks to the ClickHouse of `login` with its user's own settings: a reader may not change them.
    pub fn new_plain(login: &Login) -> Self {
        Self {
            client: login.client(),
        }
    }

    /// Talks to the ClickHouse of `login`, as one who writes.
    pub fn new(login: &Login) -> Self {
        let client = login
            .client()
            .with_setting("async_insert", "0")
            // What one insert carries must be one block: a retry can then be told apart from a rest.
            .with_setting("max_insert_threads", "1")
            .with_setting("max_partitions_per_insert_block", "0")
            .with_setting("deduplicate_blocks_in_dependent_materialized_views", "1");
        Self { client }
    }

    /// Runs a statement that returns nothing.
    pub async fn execute(&self, statement: &str) -> Result<(), StoreError> {
        let query = self.client.query_raw(statement);
        within(STATEMENT_TIMEOUT, query.execute()).await
    }

    /// Runs a query and returns its rows.
    pub async fn rows<T: RowOwned + RowRead>(&self, query: &str) -> Result<Vec<T>, StoreError> {
        let query = self.client.query_raw(query);
        within(STATEMENT_TIMEOUT, query.fetch_all::<T>()).await
    }

    /// Runs a query that returns one row.
    pub async fn row<T: RowOwned + RowRead>(&self, query: &str) -> Result<T, StoreError> {
        let query = self.client.query_raw(query);
        within(STATEMENT_TIMEOUT, query.fetch_one::<T>()).await
    }

    /// Runs `statement`, an `INSERT … FORMAT …`, with `body` as its data, under `query_id`. An error
    /// does not say that nothing landed: see [`StoreError::surely_nothing_landed`].
    ///
    /// How long ClickHouse waits for a body that stands still is `http_receive_timeout` of its default profile (30 s
    /// unless set), whatever an insert says; whoever takes a partition over from a frozen node waits as long.
    pub async fn insert(&self, statement: String, query_id: &str, body: Vec<u8>) -> Result<(), StoreError> {
        let mut insert = self
            .client
            .insert_formatted_with(statement)
            .with_setting("query_id", query_id)
            .with_setting("max_execution_time", INSERT_EXECUTION_SECONDS.to_string());
        let mut body = Bytes::from(body);
        let send = async move {
            while !body.is_empty() {
                let piece = body.split_to(body.len().min(BODY_PIECE_BYTES));
                insert.send(piece).await?;
            }
            insert.end().await
        };
        within(INSERT_TIMEOUT, send).await
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = clickhouse::error::Result<T>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result.map_err(StoreError::from),
        Err(_) => Err(StoreError::TimedOut(limit)),
    }
}
