//! Archives as ClickHouse and Grafana publish them, with other programs in them, and the places from where machines download them.
//!
//! libchdb is the same ClickHouse without the part that is the server's main function: it reads the same configuration,
//! has the same users, tables, BACKUP and HTTP. Its own two needs are files besides: see [`Mirror::files`]. What stands for Grafana
//! serves nothing: it looks at what it was given.

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
const GRAFANA: &str = include_str!("grafana.py");
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
    /// Makes ClickHouse's archive of `version` and serves it on an address of this computer. `library` is libchdb.
    pub async fn clickhouse(
        sandbox: &Sandbox,
        host: Ipv4Addr,
        version: &str,
        library: &Path,
    ) -> Result<Self> {
        let name = format!("clickhouse-common-static-{version}");
        let source = sandbox.write("clickhouse-server.c", SERVER)?;
        let program = sandbox.write(format!("{name}/usr/bin/clickhouse"), "")?;
        run(Command::new("cc")
            .args(["-O1", "-Wall", "-Werror", "-pthread", "-o"])
            .arg(&program)
            .arg(&source)
            .arg("-ldl"))?;
        let file = format!("{name}-amd64.tgz");
        let archive = pack(sandbox, &name, &file)?;
        // As it is published: with the path that it was built at.
        let sums = format!("{}  /output/{file}\n", sum_of("sha512sum", &archive)?);
        let configuration = |place: &str| format!("/etc/clickhouse-server/{place}.d/libchdb.xml");
        let mut mirror = Self::serve(host, &archive, ("sha512", sums)).await?;
        mirror.files = vec![
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
        Ok(mirror)
    }

    /// Makes Grafana's archive of `version` and serves it on an address of this computer.
    pub async fn grafana(sandbox: &Sandbox, host: Ipv4Addr, version: &str) -> Result<Self> {
        let name = format!("grafana-v{version}");
        let program = sandbox.write(format!("{name}/bin/grafana"), GRAFANA)?;
        run(Command::new("chmod").arg("755").arg(&program))?;
        let archive = pack(sandbox, &name, &format!("grafana-{version}.linux-amd64.tar.gz"))?;
        let sum = sum_of("sha256sum", &archive)?;
        Self::serve(host, &archive, ("sha256", sum)).await
    }

    /// Serves an archive and, beside it, its sum.
    async fn serve(host: Ipv4Addr, archive: &Path, (kind, sum): (&str, String)) -> Result<Self> {
        let bytes = std::fs::read(archive)?;
        let name = archive.file_name().context("an archive without a name")?;
        let path = format!("/{}", name.to_string_lossy());
        let downloads = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&downloads);
        let router = Router::new()
            .route(
                &path,
                get(async move || {
                    counter.fetch_add(1, Ordering::Relaxed);
                    bytes.clone()
                }),
            )
            .route(&format!("{path}.{kind}"), get(async move || sum.clone()));
        let listener = tokio::net::TcpListener::bind((host, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            downloads,
            files: Vec::new(),
            task,
        })
    }

    /// What the `mirror` of a release is to be.
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

fn pack(sandbox: &Sandbox, directory: &str, name: &str) -> Result<PathBuf> {
    let archive = sandbox.path(name);
    let mut tar = Command::new("tar");
    tar.arg("-czf")
        .arg(&archive)
        .arg("-C")
        .arg(sandbox.directory())
        .arg(directory);
    run(&mut tar)?;
    Ok(archive)
}

fn sum_of(program: &str, path: &Path) -> Result<String> {
    let output = run(Command::new(program).arg(path))?;
    let sum = output.split(' ').next().context("there is no sum")?;
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
