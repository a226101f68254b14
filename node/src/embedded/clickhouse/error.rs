//! What can keep the embedded ClickHouse from starting.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::package::PackageError;
use crate::embedded::lock::LockError;

/// Why the embedded ClickHouse did not start. Each message says what happened, why, and what to do;
/// as they tell the cause themselves, it is not a `source` too.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// Another aurora has the data directory, or it cannot be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The library is not there and could not be fetched.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The path cannot be written into configuration files.
    #[error(
        "the data directory {path:?} is not valid UTF-8, which ClickHouse needs: choose another with --data-dir"
    )]
    PathNotUtf8 {
        /// The directory that was asked for.
        path: PathBuf,
    },
    /// No space left.
    #[error("the disk is full at {}: free some space, or choose another disk with --data-dir", path.display())]
    DiskFull {
        /// What was being written.
        path: PathBuf,
    },
    /// The data directory cannot be used.
    #[error("cannot use {} ({cause}): make it writable, or choose another directory with --data-dir", path.display())]
    DataDir {
        /// The path that failed.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// A ClickHouse of an earlier run still holds the data.
    #[error(
        "an earlier ClickHouse still holds {} after {} s (its process id is in that file): end it, then start again",
        status_file.display(), waited.as_secs()
    )]
    StillRunning {
        /// ClickHouse's own lock file.
        status_file: PathBuf,
        /// How long this start has waited.
        waited: Duration,
    },
    /// No loopback port was to be had.
    #[error("no free port on 127.0.0.1 ({cause}): end something that holds many ports, then start again")]
    NoPort {
        /// What the operating system said.
        cause: io::Error,
    },
    /// The child process could not be started at all.
    #[error("cannot start {} as ClickHouse's process ({cause}): check that the file can be run", program.display())]
    Spawn {
        /// The program that was to be run.
        program: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// The child ended, before it answered or later.
    #[error("ClickHouse ended unexpectedly ({status}): {reason}; more in {}", log_dir.display())]
    Exited {
        /// How it ended.
        status: String,
        /// The last thing it said.
        reason: String,
        /// Where its logs are.
        log_dir: PathBuf,
    },
    /// The child lives but does not answer.
    #[error("ClickHouse did not answer within {} s: see {}", waited.as_secs(), log_dir.display())]
    NoAnswer {
        /// How long this start has waited.
        waited: Duration,
        /// Where its logs are.
        log_dir: PathBuf,
    },
    /// The HTTP client for the health check could not be made.
    #[error("cannot make an HTTP client ({0}): this is a fault in aurora's build, please report it")]
    HttpClient(reqwest::Error),
}

impl EmbeddedError {
    pub(super) fn data_dir(path: &Path, cause: io::Error) -> Self {
        if cause.kind() == io::ErrorKind::StorageFull {
            Self::DiskFull {
                path: path.to_owned(),
            }
        } else {
            Self::DataDir {
                path: path.to_owned(),
                cause,
            }
        }
    }
}
