//! What systemd is told of a node that it runs (`Type=notify`, `WatchdogSec=`); nothing at all without it.
//!
//! | message | when |
//! |---|---|
//! | `READY=1` | HTTP is served. Not only once ClickHouse answers: a ClickHouse that is away is no reason to start nodes again |
//! | `STATUS=…` | whether it is ready, or what for it waits |
//! | `WATCHDOG=1` | its own `/healthz` has just been answered, over HTTP, so sockets, threads and runtime work |
//! | `STOPPING=1` | it hands over |
//!
//! The protocol is a datagram of text to a socket of the file system, or of Linux's abstract names.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// How often the status is looked at.
const STATUS_INTERVAL: Duration = Duration::from_secs(5);
/// Longest status.
const STATUS_CHARACTERS: usize = 200;
/// Of the time after which systemd takes the node for dead: how often it is told otherwise, and how long the node may
/// take to answer itself.
const WATCHDOG_SHARE: u32 = 3;

/// Who waits for messages.
#[derive(Debug)]
pub struct ServiceManager {
    socket: UnixDatagram,
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// The one that started this process and wants to hear of it, if there is one.
    pub fn of_this_process() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        let found = Self::named(&variable("NOTIFY_SOCKET")?, watchdog(variable));
        match found {
            Ok(found) => Some(found),
            Err(error) => {
                tracing::warn!(%error, "systemd cannot be told how this process is doing: NOTIFY_SOCKET leads nowhere");
                None
            }
        }
    }

    fn named(path: &str, watchdog: Option<Duration>) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        match path.strip_prefix('@') {
            #[cfg(target_os = "linux")]
            Some(name) => {
                use std::os::linux::net::SocketAddrExt;
                let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
                socket.connect_addr(&address)?;
            }
            #[cfg(not(target_os = "linux"))]
            Some(_) => return Err(io::ErrorKind::Unsupported.into()),
            None => socket.connect(path)?,
        }
        Ok(Self { socket, watchdog })
    }

    /// It is up.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// It goes.
    pub fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=hands over and stops");
    }

    /// It is at this.
    pub fn status(&self, text: &str) {
        let line: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(STATUS_CHARACTERS)
            .collect();
        self.tell(&format!("STATUS={line}"));
    }

    fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    fn tell(&self, message: &str) {
        if let Err(error) = self.socket.send(message.as_bytes()) {
            tracing::debug!(%error, message, "systemd was not told");
        }
    }
}

/// How long systemd waits for a sign of life, if it wants any from this process.
fn watchdog(variable: impl Fn(&str) -> Option<String>) -> Option<Duration> {
    let is_ours = variable("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
    let micros = variable("WATCHDOG_USEC")?
        .parse()
        .ok()
        .filter(|micros| *micros > 0)?;
    is_ours.then(|| Duration::from_micros(micros))
}

/// Keeps telling that what serves HTTP at `served` is alive, as long as it answers. Ends when it is aborted.
pub fn keep_alive(manager: &Arc<ServiceManager>, served: SocketAddr) -> Option<JoinHandle<()>> {
    let limit = manager.watchdog? / WATCHDOG_SHARE;
    let manager = manager.clone();
    let url = format!("http://{}/healthz", reached_at(served));
    // One connection, kept open: it stays even when others use up all that there are.
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(limit)
        .pool_idle_timeout(None)
        .build()
        .ok()?;
    Some(tokio::spawn(async move {
        let mut ticks = tokio::time::interval(limit);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // Any answer says that it works; one that it has no time is one, too.
            let answered = match client.get(&url).send().await {
                Ok(answer) => answer.bytes().await.map(drop),
                Err(error) => Err(error),
            };
            match answered {
                Ok(()) => manager.alive(),
                Err(error) => {
                    let error = error.without_url();
                    tracing::error!(%error, "this node does not answer itself; systemd starts it again if that goes on");
                }
            }
        }
    }))
}

/// Keeps telling what `status` says. Ends when it is aborted.
pub fn keep_status<F>(manager: Arc<ServiceManager>, status: impl Fn() -> F + Send + 'static) -> JoinHandle<()>
where
    F: Future<Output = String> + Send,
{
    tokio::spawn(async move {
        let mut told = String::new();
        loop {
            let now = status().await;
            if now != told {
                manager.status(&now);
                told = now;
            }
            tokio::time::sleep(STATUS_INTERVAL).await;
        }
    })
}

/// Where this machine reaches what is served at all its addresses.
fn reached_at(served: SocketAddr) -> SocketAddr {
    let ip = match served.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, served.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 1_024];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    #[test]
    fn messages_arrive_as_systemd_reads_them() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let manager = ServiceManager::named(path.to_str().unwrap(), None).unwrap();
        manager.ready();
        assert_eq!(received(&socket), "READY=1");
        manager.status(&format!("a\nREADY=0 {}", "x".repeat(500)));
        let status = received(&socket);
        assert!(status.starts_with("STATUS=a READY=0 x"), "{status}");
        assert_eq!(status.len(), "STATUS=".len() + STATUS_CHARACTERS);
        manager.stopping();
        assert!(received(&socket).starts_with("STOPPING=1\n"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_socket_may_have_an_abstract_name() {
        use std::os::linux::net::SocketAddrExt;
        let name = format!("aurora-test-{}", std::process::id());
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        ServiceManager::named(&format!("@{name}"), None).unwrap().ready();
        assert_eq!(received(&socket), "READY=1");
    }

    #[test]
    fn a_socket_that_is_not_there_is_an_error_and_one_that_goes_is_none() {
        assert!(ServiceManager::named("/nowhere/at/all", None).is_err());
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let manager = ServiceManager::named(path.to_str().unwrap(), None).unwrap();
        drop(socket);
        manager.ready();
    }

    #[test]
    fn the_watchdog_may_be_another_process_s() {
        let with = |pid: Option<&str>, micros: Option<&str>| {
            watchdog(|name| match name {
                "WATCHDOG_PID" => pid.map(str::to_owned),
                _ => micros.map(str::to_owned),
            })
        };
        let own = std::process::id().to_string();
        let some = Some(Duration::from_secs(3));
        assert_eq!(with(None, Some("3000000")), some);
        assert_eq!(with(Some(&own), Some("3000000")), some);
        assert_eq!(with(Some("1"), Some("3000000")), None);
        assert_eq!(with(None, Some("0")), None);
        assert_eq!(with(None, None), None);
    }

    #[test]
    fn what_is_served_everywhere_is_reached_on_loopback() {
        for (served, reached) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("10.0.0.5:80", "10.0.0.5:80"),
        ] {
            assert_eq!(reached_at(served.parse().unwrap()), reached.parse().unwrap());
        }
    }

    #[tokio::test]
    async fn there_is_a_sign_of_life_for_each_answer_and_none_without() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = tokio::net::UnixDatagram::bind(&path).unwrap();
        let watchdog = Some(Duration::from_millis(600));
        let manager = ServiceManager::named(path.to_str().unwrap(), watchdog).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let served = listener.local_addr().unwrap();
        // It answers, and later takes everything and says nothing.
        let (hang, hangs) = tokio::sync::watch::channel(false);
        let app = axum::Router::new().route(
            "/healthz",
            axum::routing::get(move || async move {
                if *hangs.borrow() {
                    std::future::pending::<()>().await;
                }
                "ok"
            }),
        );
        let server = tokio::spawn(async move { axum::serve(listener, app).await });
        let task = keep_alive(&Arc::new(manager), served).unwrap();
        let mut bytes = [0; 64];
        for _ in 0..3 {
            let sign = tokio::time::timeout(Duration::from_secs(60), socket.recv(&mut bytes)).await;
            assert_eq!(&bytes[..sign.unwrap().unwrap()], b"WATCHDOG=1");
        }
        hang.send(true).unwrap();
        let since = std::time::Instant::now();
        // What was answered before may still be said.
        while tokio::time::timeout(Duration::from_secs(2), socket.recv(&mut bytes))
            .await
            .is_ok()
        {
            assert!(
                since.elapsed() < Duration::from_secs(60),
                "a node that does not answer is called alive"
            );
        }
        task.abort();
        server.abort();
    }
}
