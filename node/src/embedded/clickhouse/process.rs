//! Keeps one ClickHouse running: start, restart with the same port when it dies, stop.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::error::EmbeddedError;
use super::layout::Layout;
use super::secrets::{Secrets, write_private};
use super::server::{Recipe, Server, is_taken, pick_port};
use aurora_actors::store::Login;

use super::{ClickHouseOptions, config, download, package};
use crate::embedded::lock::DataDirLock;
use crate::grafana::access;

/// A child whose parent was killed needs a moment to be gone; one that was told to stop may take longer.
const PREVIOUS_CHILD_TIMEOUT: Duration = Duration::from_secs(25);
const PREVIOUS_CHILD_POLL_INTERVAL: Duration = Duration::from_millis(100);
/// A port is picked, released, then taken by the child: somebody else may come in between.
const MAX_PORT_ATTEMPTS: u32 = 5;
const MIN_RESTART_DELAY: Duration = Duration::from_millis(200);
const MAX_RESTART_DELAY: Duration = Duration::from_secs(30);
/// A child that lived this long was healthy: the next restart is immediate again.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);
/// No child runs at the moment.
const NO_PID: u32 = 0;

/// A ClickHouse of our own. Dropping it kills the server at once; [`stop`](Self::stop) ends it in order.
#[derive(Debug)]
pub struct EmbeddedClickHouse {
    writer: Login,
    reader: Login,
    grafana: Login,
    observed: Arc<Observed>,
    stop: oneshot::Sender<()>,
    supervisor: JoinHandle<()>,
}

/// What the supervisor lets others see.
#[derive(Debug, Default)]
struct Observed {
    pid: AtomicU32,
    restarts: AtomicU64,
}

impl Observed {
    fn set_pid(&self, pid: Option<u32>) {
        self.pid.store(pid.unwrap_or(NO_PID), Ordering::Release);
    }
}

impl EmbeddedClickHouse {
    /// Starts ClickHouse and returns when `/ping` answers and the writer can log in. The first start ever
    /// downloads the library. From then on a child that dies is started again, with the same port and
    /// passwords.
    pub async fn start(options: ClickHouseOptions) -> Result<Self, EmbeddedError> {
        let layout = Layout::prepare(&options.data_dir)?;
        let lock = DataDirLock::acquire(&layout.root)?;
        layout.check_space()?;
        let library = package::ensure_library(&options.cache_dir).await?;
        let secrets = Secrets::load_or_create(&layout.secrets)
            .map_err(|error| EmbeddedError::data_dir(&layout.secrets, error))?;
        let users = config::users_xml(&secrets, &options.exposed_databases);
        write_private(&layout.users, users.as_bytes())
            .map_err(|error| EmbeddedError::data_dir(&layout.users, error))?;
        wait_for_previous_child(&layout.status_file()).await?;

        let (recipe, server) = start_on_free_port(&options, layout, library, &secrets).await?;
        tracing::info!(
            url = recipe.writer.url,
            pid = server.pid(),
            "embedded clickhouse is up"
        );

        let observed = Arc::new(Observed::default());
        observed.set_pid(server.pid());
        let writer = recipe.writer.clone();
        let reader = login(recipe.port, config::READER, &secrets.reader_password);
        let grafana = login(recipe.port, access::USER, &secrets.grafana_password);
        let (stop, stop_requested) = oneshot::channel();
        let supervisor = Supervisor {
            recipe,
            observed: Arc::clone(&observed),
            _lock: lock,
        };
        let supervisor = tokio::spawn(supervisor.run(server, stop_requested));
        Ok(Self {
            writer,
            reader,
            grafana,
            observed,
            stop,
            supervisor,
        })
    }

    /// The login that ingest uses.
    pub fn writer(&self) -> Login {
        self.writer.clone()
    }

    /// The login that queries use.
    pub fn reader(&self) -> Login {
        self.reader.clone()
    }

    /// The login that a Grafana uses.
    pub fn grafana(&self) -> Login {
        self.grafana.clone()
    }

    /// The child's process id. `None` between a crash and the restart.
    pub fn pid(&self) -> Option<u32> {
        Some(self.observed.pid.load(Ordering::Acquire)).filter(|pid| *pid != NO_PID)
    }

    /// How many times ClickHouse died and came back.
    pub fn restarts(&self) -> u64 {
        self.observed.restarts.load(Ordering::Acquire)
    }

    /// Ends ClickHouse and returns when its process is gone. What is being written or read is cut off: end that first.
    pub async fn stop(self) {
        // Both fail only when the supervisor is gone, and the child with it.
        let _ = self.stop.send(());
        if let Err(error) = self.supervisor.await {
            tracing::warn!(%error, "clickhouse's supervisor had ended before");
        }
    }
}

fn login(port: u16, user: &str, password: &str) -> Login {
    Login {
        url: format!("http://127.0.0.1:{port}"),
        user: user.to_owned(),
        password: password.to_owned(),
    }
}

/// ClickHouse locks `status` while it runs. It would refuse to start at once, so the wait is here.
async fn wait_for_previous_child(status_file: &Path) -> Result<(), EmbeddedError> {
    let Ok(file) = File::open(status_file) else {
        return Ok(());
    };
    let started = Instant::now();
    let mut announced = false;
    // The lock is dropped with `file`, before the new child wants it.
    while let Err(TryLockError::WouldBlock) = file.try_lock() {
        let waited = started.elapsed();
        if waited >= PREVIOUS_CHILD_TIMEOUT {
            return Err(EmbeddedError::StillRunning {
                status_file: status_file.to_owned(),
                waited,
            });
        }
        if !announced {
            tracing::info!(status_file = %status_file.display(), "waiting for the previous clickhouse to end");
            announced = true;
        }
        tokio::time::sleep(PREVIOUS_CHILD_POLL_INTERVAL).await;
    }
    Ok(())
}

async fn start_on_free_port(
    options: &ClickHouseOptions,
    layout: Layout,
    library: PathBuf,
    secrets: &Secrets,
) -> Result<(Recipe, Server), EmbeddedError> {
    let mut recipe = Recipe {
        program: options.program.clone(),
        library,
        layout,
        port: 0,
        writer: login(0, config::WRITER, &secrets.writer_password),
        http: probe_client()?,
    };
    let mut attempt = 1;
    loop {
        recipe.port = pick_port().map_err(|cause| EmbeddedError::NoPort { cause })?;
        recipe.writer = login(recipe.port, config::WRITER, &secrets.writer_password);
        write_config(&recipe)?;
        match Server::start(&recipe).await {
            Ok(server) => return Ok((recipe, server)),
            Err(_) if is_taken(recipe.port) && attempt < MAX_PORT_ATTEMPTS => {
                tracing::info!(
                    port = recipe.port,
                    attempt,
                    "port was taken meanwhile, trying another"
                );
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

fn write_config(recipe: &Recipe) -> Result<(), EmbeddedError> {
    let layout = &recipe.layout;
    let config = config::config_xml(&layout.server_config(recipe.port));
    write_private(&layout.config, config.as_bytes())
        .map_err(|error| EmbeddedError::data_dir(&layout.config, error))
}

/// No proxy: it would be asked for a loopback address.
fn probe_client() -> Result<reqwest::Client, EmbeddedError> {
    download::install_crypto_provider();
    reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .build()
        .map_err(EmbeddedError::HttpClient)
}

/// The task that owns the child.
struct Supervisor {
    recipe: Recipe,
    observed: Arc<Observed>,
    /// Held until the child is gone.
    _lock: DataDirLock,
}

impl Supervisor {
    async fn run(self, mut server: Server, mut stop_requested: oneshot::Receiver<()>) {
        let mut delay = MIN_RESTART_DELAY;
        loop {
            let up_since = Instant::now();
            tokio::select! {
                biased;
                stop = &mut stop_requested => return self.end(server, stop.is_ok()).await,
                end = server.ended() => {
                    self.observed.set_pid(None);
                    tracing::warn!(error = %end, delay_ms = delay.as_millis(), "clickhouse died, restarting it");
                }
            }
            if up_since.elapsed() >= HEALTHY_AFTER {
                delay = MIN_RESTART_DELAY;
            }
            tokio::select! {
                biased;
                // A child that is just starting is killed by being dropped.
                _ = &mut stop_requested => return,
                restarted = self.restart(&mut delay) => server = restarted,
            }
            self.observed.set_pid(server.pid());
            self.observed.restarts.fetch_add(1, Ordering::AcqRel);
            tracing::info!(
                pid = server.pid(),
                restarts = self.observed.restarts.load(Ordering::Acquire),
                "clickhouse is back"
            );
        }
    }

    /// `in_order`: somebody called `stop`; otherwise the handle was dropped.
    async fn end(&self, mut server: Server, in_order: bool) {
        if in_order {
            server.stop().await;
        } else {
            server.kill().await;
        }
        self.observed.set_pid(None);
    }

    /// Tries until it works: there is nobody to give up to, and the reason may pass (a full disk, a port in
    /// use).
    async fn restart(&self, delay: &mut Duration) -> Server {
        loop {
            tokio::time::sleep(*delay).await;
            *delay = (*delay * 2).min(MAX_RESTART_DELAY);
            if is_taken(self.recipe.port) {
                tracing::warn!(
                    port = self.recipe.port,
                    retry_ms = delay.as_millis(),
                    "clickhouse's port was taken by another process"
                );
                continue;
            }
            match Server::start(&self.recipe).await {
                Ok(server) => return server,
                Err(error) => {
                    tracing::warn!(%error, retry_ms = delay.as_millis(), "clickhouse did not come back");
                }
            }
        }
    }
}
