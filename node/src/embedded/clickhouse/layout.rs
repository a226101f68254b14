//! Where things are in the data directory.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::config::ServerConfig;
use super::error::EmbeddedError;

/// What a start needs at the very least, for its configuration, logs and tables.
const SPACE_PROBE_BYTES: usize = 1 << 20;

/// The paths below `data_dir/clickhouse`.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) root: PathBuf,
    pub(super) data: PathBuf,
    pub(super) logs: PathBuf,
    /// What the child writes to stdout and stderr: why it did not start, or what it said when it crashed.
    pub(super) output: PathBuf,
    pub(super) config: PathBuf,
    pub(super) users: PathBuf,
    pub(super) secrets: PathBuf,
    user_files: PathBuf,
    format_schemas: PathBuf,
}

impl Layout {
    /// Creates what is missing, readable for this user only.
    pub(super) fn prepare(data_dir: &Path) -> Result<Self, EmbeddedError> {
        // Absolute, because the child may be started from elsewhere, and text, because the paths go into XML.
        let absolute =
            std::path::absolute(data_dir).map_err(|error| EmbeddedError::data_dir(data_dir, error))?;
        if absolute.to_str().is_none() {
            return Err(EmbeddedError::PathNotUtf8 { path: absolute });
        }
        let root = absolute.join("clickhouse");
        let layout = Self {
            data: root.join("data"),
            logs: root.join("logs"),
            output: root.join("logs").join("output.log"),
            config: root.join("config.xml"),
            users: root.join("users.xml"),
            secrets: root.join("secrets.json"),
            user_files: root.join("user_files"),
            format_schemas: root.join("format_schemas"),
            root,
        };
        for directory in [
            &layout.root,
            &layout.data,
            &layout.logs,
            &layout.user_files,
            &layout.format_schemas,
        ] {
            create_private_dir(directory).map_err(|error| EmbeddedError::data_dir(directory, error))?;
        }
        Ok(layout)
    }

    /// Tells of a full disk before ClickHouse does: it starts on one, and then fails insert by insert.
    pub(super) fn check_space(&self) -> Result<(), EmbeddedError> {
        let probe = self.root.join("space.probe");
        let written = fs::write(&probe, vec![0; SPACE_PROBE_BYTES]);
        let removed = fs::remove_file(&probe);
        written
            .and(removed)
            .map_err(|error| EmbeddedError::data_dir(&self.root, error))
    }

    /// The file that ClickHouse locks while it runs on this data.
    pub(super) fn status_file(&self) -> PathBuf {
        self.data.join("status")
    }

    pub(super) fn server_config(&self, http_port: u16) -> ServerConfig {
        ServerConfig {
            data: self.data.clone(),
            user_files: self.user_files.clone(),
            format_schemas: self.format_schemas.clone(),
            users_file: self.users.clone(),
            log_file: self.logs.join("clickhouse.log"),
            http_port,
        }
    }
}

fn create_private_dir(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        result => result,
    }
}
