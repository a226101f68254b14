//! chitchat over sealed UDP datagrams.
//!
//! The socket gives chitchat the illusion of plain datagrams: it seals what chitchat says, does the
//! handshakes of [`session`](super::session) unseen, and names as a message's origin the address that
//! its sender advertises.
//!
//! A message longer than a datagram goes in two; one longer than two is dropped, counted, and an error
//! in the log. chitchat cuts what it tells to 65,507 bytes, but not the list of all lives it knows (some
//! 70 bytes each, those of the dead included for a while): beyond about 1,800 of them gossip would end.
//!
//! No error of the socket ends it: whatever the network says, the next datagram may arrive.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chitchat::transport::{Socket, Transport};
use chitchat::{ChitchatMessage, Deserializable, Serializable};
use parking_lot::Mutex;
use tokio::net::UdpSocket;

use super::limit::Throttle;
use super::session::{Datagram, Sessions};

/// Socket errors are logged this far apart.
const WARN_EVERY: Duration = Duration::from_secs(30);
/// After an error of the socket, the next attempt waits so long, lest it spin.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(20);

/// What becomes of a datagram on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is sent.
    Deliver,
    /// It is lost.
    Lose,
    /// It is sent after a while.
    Delay(Duration),
}

/// A bad network, for tests: decides the fate of every datagram.
pub trait Network: Send + Sync + 'static {
    /// What becomes of `datagram`, which the node that listens on `from` sends to `to`.
    fn fate(&self, from: SocketAddr, to: SocketAddr, datagram: &[u8]) -> Fate;
}

/// The network as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Untouched;

impl Network for Untouched {
    fn fate(&self, _from: SocketAddr, _to: SocketAddr, _datagram: &[u8]) -> Fate {
        Fate::Deliver
    }
}

/// Opens one socket: the one it was made with, so that its port is known before chitchat starts.
pub(crate) struct SealedTransport(Mutex<Option<SealedSocket>>);

impl SealedTransport {
    pub(crate) fn new(
        socket: UdpSocket,
        sessions: Arc<Mutex<Sessions>>,
        network: Arc<dyn Network>,
    ) -> io::Result<Self> {
        let local = socket.local_addr()?;
        Ok(Self(Mutex::new(Some(SealedSocket {
            socket: Arc::new(socket),
            local,
            sessions,
            network,
            received: vec![0; 1 << 16].into_boxed_slice(),
            warn: Throttle::new(WARN_EVERY),
        }))))
    }
}

#[async_trait]
impl Transport for SealedTransport {
    async fn open(&self, _listen: SocketAddr) -> anyhow::Result<Box<dyn Socket>> {
        let socket = self.0.lock().take();
        let socket = socket.ok_or_else(|| anyhow::anyhow!("the gossip socket is open already"))?;
        Ok(Box::new(socket))
    }
}

/// See the module.
struct SealedSocket {
    socket: Arc<UdpSocket>,
    local: SocketAddr,
    sessions: Arc<Mutex<Sessions>>,
    network: Arc<dyn Network>,
    received: Box<[u8]>,
    warn: Throttle,
}

impl SealedSocket {
    /// Sends without waiting, so that receiving stays cancellable: a full socket buffer loses the
    /// datagram, as any router on the way might.
    fn dispatch(&mut self, datagrams: Vec<Datagram>) {
        for Datagram { to, bytes } in datagrams {
            match self.network.fate(self.local, to, &bytes) {
                Fate::Deliver => {
                    if let Err(error) = self.socket.try_send_to(&bytes, to) {
                        self.warn(&error, "gossip could not be sent", Some(to));
                    }
                }
                Fate::Lose => {}
                Fate::Delay(delay) => {
                    let socket = Arc::clone(&self.socket);
                    tokio::spawn(async move {
                        tokio::time::sleep(delay).await;
                        // Late or never: the network of a test.
                        let _ = socket.try_send_to(&bytes, to);
                    });
                }
            }
        }
    }

    fn warn(&mut self, error: &io::Error, what: &'static str, to: Option<SocketAddr>) {
        // A closed port of a node that went away comes back as such an error: nothing to tell.
        if error.kind() == io::ErrorKind::ConnectionRefused {
            return;
        }
        if let Some(suppressed) = self.warn.pass(Instant::now()) {
            let to = to.map(tracing::field::display);
            tracing::warn!(%error, to, suppressed, "{what}");
        }
    }
}

#[async_trait]
impl Socket for SealedSocket {
    async fn send(&mut self, to: SocketAddr, message: ChitchatMessage) -> anyhow::Result<()> {
        let message = message.serialize_to_vec();
        let datagrams = self.sessions.lock().send(Instant::now(), to, message);
        self.dispatch(datagrams);
        Ok(())
    }

    /// Cancellable: once a datagram is out of the socket, nothing is awaited until it is dealt with.
    async fn recv(&mut self) -> anyhow::Result<(SocketAddr, ChitchatMessage)> {
        loop {
            let (length, source) = match self.socket.recv_from(&mut self.received).await {
                Ok(received) => received,
                Err(error) => {
                    self.warn(&error, "gossip could not be received", None);
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                    continue;
                }
            };
            let opened = self
                .sessions
                .lock()
                .open(Instant::now(), source, &self.received[..length]);
            self.dispatch(opened.answers);
            let Some((from, message)) = opened.message else {
                continue;
            };
            match ChitchatMessage::deserialize(&mut message.as_slice()) {
                Ok(message) => return Ok((from, message)),
                Err(error) => {
                    tracing::debug!(%from, %error, "a gossip message of a member that this version cannot read");
                }
            }
        }
    }
}
