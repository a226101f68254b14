//! A ClickHouse server inside Aurora, for machines that have none.
//!
//! The server is libchdb (ClickHouse as a shared library), run by a child process of our own binary:
//!
//! ```text
//! aurora up ──spawns──▶ aurora internal-clickhouse ──dlopen──▶ libchdb.so
//!    │                       │
//!    └── holds the pipe ────▶└── stdin: end of file means the parent is gone → SIGKILL
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `package`, `download` | the library: fetched once, verified, cached |
//! | `layout`, `secrets`, `config` | directories, passwords and the two configuration files |
//! | `process`, `server` | `server` is one child, from spawn to exit; `process` keeps one running |
//! | `child`, `sandbox` | what the child does, and what it may not |
//!
//! Invariants: it listens on loopback only; the child never outlives its parent, however the parent ends; one
//! data directory has one live owner; port and passwords survive a restart of the child, so URLs stay valid.
//!
//! In `data_dir/clickhouse`: `aurora.lock`, `secrets.json`, `config.xml`, `users.xml`, `data/`, `logs/`, and
//! the empty directories `user_files/` and `format_schemas/`.

mod child;
mod config;
mod download;
mod error;
mod layout;
mod package;
mod process;
mod sandbox;
mod secrets;
mod server;

use std::path::PathBuf;

pub use child::run_child;
pub use error::EmbeddedError;
pub use package::{PackageError, default_cache_dir, verify_library};
pub use process::EmbeddedClickHouse;
pub(crate) use secrets::write_private;

/// The hidden subcommand that `EmbeddedClickHouse` starts: `program internal-clickhouse --library PATH
/// --config PATH --data PATH`. It must call [`run_child`], before any async runtime is started.
pub const CHILD_SUBCOMMAND: &str = "internal-clickhouse";

/// Where the embedded ClickHouse lives and whom it serves.
#[derive(Debug, Clone)]
pub struct ClickHouseOptions {
    /// ClickHouse's files go to `data_dir/clickhouse`.
    pub data_dir: PathBuf,
    /// Where the library is kept between starts, see [`default_cache_dir`].
    pub cache_dir: PathBuf,
    /// What the reader may SELECT from.
    pub exposed_databases: Vec<String>,
    /// The aurora binary, which is started again as the child.
    pub program: PathBuf,
}
