//! One live process for one data directory.
//!
//! The lock is a `flock`: the kernel drops it with the process that holds it, so a `kill -9` leaves nothing
//! to clean up. The file also holds the owner's process id, only so that an error can name it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

const LOCK_FILE_NAME: &str = "aurora.lock";

/// Why a data directory could not be taken. The messages tell the cause themselves, so it is not a `source` too.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process is alive and holds the directory.
    #[error(
        "the data directory {} is in use by another aurora{}: stop that one, or give this one a --data-dir of its own",
        dir.display(), owner(*pid)
    )]
    Held {
        /// The directory that was asked for.
        dir: PathBuf,
        /// The process that holds it, when its lock file tells.
        pid: Option<u32>,
    },
    /// The lock file could not be opened or written.
    #[error(
        "cannot lock the data directory {} ({cause}): make it writable, or choose another with --data-dir",
        dir.display()
    )]
    Io {
        /// The directory that was asked for.
        dir: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
}

fn owner(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

/// Holds a data directory for as long as it lives.
#[derive(Debug)]
pub struct DataDirLock {
    _locked_file: File,
}

impl DataDirLock {
    /// Takes `dir`, which must exist, or says at once who has it.
    pub fn acquire(dir: &Path) -> Result<Self, LockError> {
        let failed = |cause| LockError::Io {
            dir: dir.to_owned(),
            cause,
        };
        // Not truncated before the lock is ours: the owner's process id is in there.
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(dir.join(LOCK_FILE_NAME))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held {
                    dir: dir.to_owned(),
                    pid: read_pid(&mut file),
                });
            }
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        write_pid(&mut file).map_err(failed)?;
        Ok(Self { _locked_file: file })
    }
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_directory_names_its_owner_and_is_free_again_afterwards() {
        let dir = std::env::temp_dir().join(format!("aurora-lock-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let first = DataDirLock::acquire(&dir).unwrap();
        let error = DataDirLock::acquire(&dir).unwrap_err();
        assert!(matches!(&error, LockError::Held { pid: Some(pid), .. } if *pid == std::process::id()));
        assert!(error.to_string().contains("--data-dir"), "{error}");
        drop(first);
        DataDirLock::acquire(&dir).unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_named() {
        let error = DataDirLock::acquire(Path::new("/nonexistent/aurora")).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/aurora"), "{error}");
    }
}
