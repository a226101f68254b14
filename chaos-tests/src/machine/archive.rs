//! An archive as packages.clickhouse.com publishes it, whose server is libchdb, and the place from where machines download it.
//!
//! libchdb is the same ClickHouse without the part that is the server's main function: it reads the same configuration,
//! has the same users, tables, BACKUP and HTTP. Its own two needs are files besides: see [`Mirror::files`].

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::routing::get;

use crate::sandbox::Sandbox;

const SERVER: &str = include_str!("server.c");
/// Where the server finds the library.
const LIBRARY: &str = "/opt/libchdb.so";
/// The session that listens is the user `default`'s, see `node/src/embedded/clickhouse/config.rs`.
const LISTENER: &str = "<clickhouse>
  <profiles><listener><max_sessions_for_user>1</max_sessions_for_user><log_queries>0</log_queries></listener></profiles>
  <users><default>
    <no_password/><networks><ip>::1</ip></networks><profile>listener</profile><quota>default</quota>
    <grants><query>GRANT SYSTEM LISTEN ON *.*</query><query>GRANT SELECT ON system.numbers</query></grants>
  </default></users>
</clickhouse>";
/// clickhouse-local takes no notice of `logger`.
const QUIET: &str = "<clickhouse><log-level>warning</log-level></clickhouse>";

/// What machines download from. It ends when it is dropped.
#[derive(Debug)]
pub struct Mirror {
    address: SocketAddr,
    downloads: Arc<AtomicU64>,
    files: Vec<(PathBuf, String)>,
    task: tokio::task::JoinHandle<()>,
}

impl Mirror {
    /// Makes the archive of `version` and serves it on an address of this computer. `library` is libchdb.
    pub async fn start(sandbox: &Sandbox, host: Ipv4Addr, version: &str, library: &Path) -> Result<Self> {
        let name = format!("clickhouse-common-static-{version}");
        let archive = archive(sandbox, &name)?;
        let sum = sha512(&archive)?;
        let bytes = std::fs::read(&archive)?;
        let downloads = Arc::new(AtomicU64::new(0));
        let (counter, file) = (Arc::clone(&downloads), format!("/{name}-amd64.tgz"));
        // As it is published: with the path that it was built at.
        let published = format!("{sum}  /output{file}\n");
        let router = Router::new()
            .route(
                &file,
                get(async move || {
                    counter.fetch_add(1, Ordering::Relaxed);
                    bytes.clone()
                }),
            )
            .route(&format!("{file}.sha512"), get(async move || published.clone()));
        let listener = tokio::net::TcpListener::bind((host, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        let configuration = |place: &str| format!("/etc/clickhouse-server/{place}.d/libchdb.xml");
        let files = vec![
            (library.to_owned(), LIBRARY.to_owned()),
            (
                sandbox.write("libchdb-users.xml", LISTENER)?,
                configuration("users"),
            ),
            (
                sandbox.write("libchdb-config.xml", QUIET)?,
                configuration("config"),
            ),
        ];
        Ok(Self {
            address,
            downloads,
            files,
            task,
        })
    }

    /// What [`ClickHouseRelease::mirror`](aurora_pulumi::machines::ClickHouseRelease::mirror) is to be.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many times the archive was downloaded.
    pub fn downloads(&self) -> u64 {
        self.downloads.load(Ordering::Relaxed)
    }

    /// What a machine has to have besides: the library, and its needs.
    pub fn files(&self) -> Vec<(PathBuf, String)> {
        self.files.clone()
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn archive(sandbox: &Sandbox, name: &str) -> Result<PathBuf> {
    let source = sandbox.write("clickhouse-server.c", SERVER)?;
    let program = sandbox.write(format!("{name}/usr/bin/clickhouse"), "")?;
    run(Command::new("cc")
        .args(["-O1", "-Wall", "-Werror", "-pthread", "-o"])
        .arg(&program)
        .arg(&source)
        .arg("-ldl"))?;
    let archive = sandbox.path(format!("{name}.tgz"));
    run(Command::new("tar")
        .arg("-czf")
        .arg(&archive)
        .arg("-C")
        .arg(sandbox.directory())
        .arg(name))?;
    Ok(archive)
}

fn sha512(path: &Path) -> Result<String> {
    let output = run(Command::new("sha512sum").arg(path))?;
    let sum = output.split(' ').next().context("sha512sum said nothing")?;
    Ok(sum.to_owned())
}

fn run(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}
