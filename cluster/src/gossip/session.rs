//! Who may talk to whom: handshakes, bindings and replay windows, without sockets or clocks of others.
//!
//! A node draws a random *incarnation* when it starts. It accepts data only if it is bound to that
//! incarnation, and each counter of a sender once. So a recorded packet is refused by whoever saw it
//! already (the window) and by whoever did not exist then (the incarnation); no clock is compared.
//!
//! ```text
//! A                                        B
//! │  Hello(A, nonce, A's address)       ─▶ │   asked when A has a message for B's address: it waits
//! │ ◀─ Welcome(B, A, nonce)                │   to the address the hello *advertises*
//! │  Data(A, B, counter, A's address)   ─▶ │   the message that waited; B now knows A, and answers
//! │ ◀─ Data(B, A, counter, B's address)    │
//! ```
//!
//! A node that others cannot reach at its advertised address never gets a welcome: it neither joins nor
//! learns. A link that turns one-way is asked for again with a hello after a while, so it becomes no
//! link instead of half a one. Data for an incarnation that is no more is answered with `Stale`,
//! whereupon the sender says hello again: a restart heals within two round trips.
//!
//! What can be replayed to what effect: a hello makes its receiver send one welcome that nobody waits
//! for, at most ten a second; a welcome opens nothing without the nonce of a handshake under way; a
//! stale makes its receiver ask with a hello, at most five times a second; data does nothing.
//!
//! Everything here is bounded. The table of senders cannot forget a window, or its packets could be
//! replayed; so when it is full the node draws a new incarnation instead and starts with an empty one.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::limit::{PerKey, Throttle};
use super::seal::Sealer;
use super::window::ReplayWindow;
use super::wire::{Data, Incarnation, MAX_PART_BYTES, MAX_PARTS, Nonce, Packet, random_16};

/// Addresses talked to; beyond, the one not used for the longest time is forgotten.
const MAX_PEERS: usize = 1_024;
/// Senders whose windows are kept, in one incarnation.
const MAX_SENDERS: usize = 4_096;
/// Hellos to one address are this far apart.
const HELLO_EVERY: Duration = Duration::from_millis(200);
/// Answers to the same hello, or to data from the same stale sender, are this far apart.
const ANSWER_EVERY: Duration = Duration::from_millis(100);
/// Answers of one kind within [`ANSWER_EVERY`].
const MAX_ANSWERS: usize = 256;
/// Warnings of one kind are this far apart.
const WARN_EVERY: Duration = Duration::from_secs(30);

/// What happened to datagrams since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GossipCounters {
    /// Messages handed on to chitchat.
    pub received: u64,
    /// Datagrams that this cluster's key and name do not open.
    pub unopened: u64,
    /// Datagrams of this cluster that this version cannot read.
    pub unreadable: u64,
    /// Data whose counter was seen before or is too old.
    pub replayed: u64,
    /// Data bound to another incarnation of this node.
    pub stale: u64,
    /// Messages that were too long to be sent.
    pub oversized: u64,
    /// Handshakes completed by a welcome.
    pub welcomed: u64,
}

/// What an address answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Nothing: down, unreachable, or of another cluster (another key or name).
    #[default]
    Silent,
    /// It hears this node, but its answer to this node's advertised address does not arrive.
    HeardOnly,
    /// It is this node itself, perhaps under another name.
    Itself,
    /// It answered, and is talked to.
    Connected,
}

/// Bytes to be sent, and where to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Datagram {
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

/// What a datagram led to.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// The advertised address of a member, and what it said.
    pub(crate) message: Option<(SocketAddr, Vec<u8>)>,
    /// What to send.
    pub(crate) answers: Vec<Datagram>,
}

/// An address talked to.
#[derive(Debug)]
struct Peer {
    /// Who is there, as far as known.
    bound: Option<Incarnation>,
    /// The nonce of the handshake under way.
    nonce: Option<Nonce>,
    last_hello: Option<Instant>,
    /// When something from there was last accepted.
    last_heard: Instant,
    last_used: Instant,
    /// What it answered besides a welcome.
    answer: Answer,
    /// The last message, while the handshake runs.
    pending: Option<Vec<u8>>,
}

/// A process that data was accepted from.
#[derive(Debug, Default)]
struct Sender {
    window: ReplayWindow,
    /// A message in two parts of which one has come: its first counter, and the parts.
    partial: Option<(u64, [Option<Vec<u8>>; MAX_PARTS])>,
}

/// All sessions of a node.
pub(crate) struct Sessions {
    sealer: Sealer,
    own: Incarnation,
    advertised: SocketAddr,
    /// A peer that was not heard for so long must be asked who it is before it is told anything.
    idle_after: Duration,
    counter: u64,
    peers: HashMap<SocketAddr, Peer>,
    senders: HashMap<Incarnation, Sender>,
    welcomes: PerKey<Nonce>,
    stales: PerKey<Incarnation>,
    warn_unopened: Throttle,
    warn_oversized: Throttle,
    counters: GossipCounters,
}

impl Sessions {
    pub(crate) fn new(sealer: Sealer, advertised: SocketAddr, idle_after: Duration) -> Self {
        Self {
            sealer,
            own: Incarnation::random(),
            advertised,
            idle_after,
            counter: 0,
            peers: HashMap::new(),
            senders: HashMap::new(),
            welcomes: PerKey::new(ANSWER_EVERY, MAX_ANSWERS),
            stales: PerKey::new(ANSWER_EVERY, MAX_ANSWERS),
            warn_unopened: Throttle::new(WARN_EVERY),
            warn_oversized: Throttle::new(WARN_EVERY),
            counters: GossipCounters::default(),
        }
    }

    pub(crate) fn counters(&self) -> GossipCounters {
        self.counters
    }

    /// What `address` answered so far.
    pub(crate) fn answer_of(&self, address: SocketAddr) -> Answer {
        match self.peers.get(&address) {
            _ if address == self.advertised => Answer::Itself,
            Some(peer) if peer.bound.is_some() => Answer::Connected,
            Some(peer) => peer.answer,
            None => Answer::Silent,
        }
    }

    /// The datagrams that bring `message` to `to`: the message itself, or a hello (or nothing, if one
    /// was just sent) while it waits for who is there.
    pub(crate) fn send(&mut self, now: Instant, to: SocketAddr, message: Vec<u8>) -> Vec<Datagram> {
        if message.len() > MAX_PARTS * MAX_PART_BYTES {
            self.counters.oversized += 1;
            if let Some(suppressed) = self.warn_oversized.pass(now) {
                let (bytes, limit) = (message.len(), MAX_PARTS * MAX_PART_BYTES);
                tracing::error!(
                    bytes,
                    limit,
                    suppressed,
                    "a gossip message is too long and was not sent"
                );
            }
            return Vec::new();
        }
        let idle_after = self.idle_after;
        let peer = self.peer(to, now);
        if now.saturating_duration_since(peer.last_heard) > idle_after {
            peer.bound = None;
        }
        match peer.bound {
            Some(receiver) => self.seal_message(to, receiver, &message),
            None => {
                peer.pending = Some(message);
                self.hello(to, now).into_iter().collect()
            }
        }
    }

    /// What an arriving datagram means. `source` is where it came from, which proves nothing.
    pub(crate) fn open(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) -> Opened {
        let Ok(plaintext) = self.sealer.open(b"", datagram) else {
            self.counters.unopened += 1;
            if let Some(suppressed) = self.warn_unopened.pass(now) {
                tracing::warn!(%source, suppressed, "a packet that this cluster's key and name do not open");
            }
            return Opened::default();
        };
        let Some(packet) = Packet::decode(&plaintext) else {
            self.counters.unreadable += 1;
            return Opened::default();
        };
        let answers = match packet {
            Packet::Hello {
                sender,
                nonce,
                advertised,
            } => self.on_hello(now, source, sender, nonce, advertised),
            Packet::Heard { receiver, nonce } => {
                if receiver == self.own {
                    self.note(nonce, Answer::HeardOnly);
                }
                Vec::new()
            }
            Packet::Welcome {
                sender,
                receiver,
                nonce,
            } => self.on_welcome(now, sender, receiver, nonce),
            Packet::Stale {
                receiver,
                stale,
                advertised,
            } => self.on_stale(now, receiver, stale, advertised),
            Packet::Data(data) => return self.on_data(now, data),
        };
        Opened {
            message: None,
            answers,
        }
    }

    fn on_hello(
        &mut self,
        now: Instant,
        source: SocketAddr,
        sender: Incarnation,
        nonce: Nonce,
        advertised: SocketAddr,
    ) -> Vec<Datagram> {
        if sender == self.own {
            self.note(nonce, Answer::Itself);
            return Vec::new();
        }
        if !self.can_send_to(advertised) || !self.welcomes.pass(nonce, now) {
            return Vec::new();
        }
        let welcome = Packet::Welcome {
            sender: self.own,
            receiver: sender,
            nonce,
        };
        let mut answers = vec![self.seal(advertised, &welcome)];
        if source != advertised {
            answers.push(self.seal(
                source,
                &Packet::Heard {
                    receiver: sender,
                    nonce,
                },
            ));
        }
        answers
    }

    /// Something other than a welcome came of the hello with this nonce.
    fn note(&mut self, nonce: Nonce, answer: Answer) {
        if let Some(peer) = self.peers.values_mut().find(|peer| peer.nonce == Some(nonce)) {
            peer.answer = answer;
        }
    }

    fn on_welcome(
        &mut self,
        now: Instant,
        sender: Incarnation,
        receiver: Incarnation,
        nonce: Nonce,
    ) -> Vec<Datagram> {
        if receiver != self.own || sender == self.own {
            return Vec::new();
        }
        let waiting = self.peers.iter().find(|(_, peer)| peer.nonce == Some(nonce));
        let Some(address) = waiting.map(|(address, _)| *address) else {
            return Vec::new();
        };
        self.counters.welcomed += 1;
        self.bind(now, address, sender)
    }

    fn on_stale(
        &mut self,
        now: Instant,
        receiver: Incarnation,
        stale: Incarnation,
        advertised: SocketAddr,
    ) -> Vec<Datagram> {
        if receiver != self.own {
            return Vec::new();
        }
        // The old binding stays until a welcome replaces it: this packet may be a replay.
        match self.peers.get(&advertised) {
            Some(peer) if peer.bound == Some(stale) => self.hello(advertised, now).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn on_data(&mut self, now: Instant, data: Data) -> Opened {
        if data.sender == self.own || !self.can_send_to(data.advertised) {
            return Opened::default();
        }
        let is_new = !self.senders.contains_key(&data.sender);
        if data.receiver == self.own && is_new && self.senders.len() >= MAX_SENDERS {
            self.start_over();
        }
        if data.receiver != self.own {
            self.counters.stale += 1;
            let answers = if self.stales.pass(data.sender, now) {
                let (receiver, stale, advertised) = (data.sender, data.receiver, self.advertised);
                vec![self.seal(
                    data.advertised,
                    &Packet::Stale {
                        receiver,
                        stale,
                        advertised,
                    },
                )]
            } else {
                Vec::new()
            };
            return Opened {
                message: None,
                answers,
            };
        }
        let sender = self.senders.entry(data.sender).or_default();
        if !sender.window.accept(data.counter) {
            self.counters.replayed += 1;
            return Opened::default();
        }
        let (advertised, incarnation) = (data.advertised, data.sender);
        let message = sender.complete(data);
        self.counters.received += u64::from(message.is_some());
        // It is bound to this incarnation and was never seen: its sender is alive, and was reached at
        // its advertised address, or it would not know the incarnation.
        let answers = self.bind(now, advertised, incarnation);
        let message = message.map(|message| (advertised, message));
        Opened { message, answers }
    }

    /// Everything recorded so far is now bound to an incarnation that is no more.
    fn start_over(&mut self) {
        self.own = Incarnation::random();
        self.senders.clear();
        self.peers.clear();
        tracing::info!("gossip sessions start over: there were too many restarts to remember");
    }

    /// `incarnation` is at `address`: what waited for it can go.
    fn bind(&mut self, now: Instant, address: SocketAddr, incarnation: Incarnation) -> Vec<Datagram> {
        let peer = self.peer(address, now);
        peer.bound = Some(incarnation);
        peer.nonce = None;
        peer.last_heard = now;
        peer.answer = Answer::Silent;
        match peer.pending.take() {
            Some(message) => self.seal_message(address, incarnation, &message),
            None => Vec::new(),
        }
    }

    /// A hello to `to`, unless one was sent just now. The nonce stays the same until the handshake is
    /// over, or answers that take longer than [`HELLO_EVERY`] would always be to the last but one.
    fn hello(&mut self, to: SocketAddr, now: Instant) -> Option<Datagram> {
        let (sender, advertised) = (self.own, self.advertised);
        let peer = self.peer(to, now);
        if peer
            .last_hello
            .is_some_and(|last| now.saturating_duration_since(last) < HELLO_EVERY)
        {
            return None;
        }
        peer.last_hello = Some(now);
        let nonce = *peer.nonce.get_or_insert_with(random_16);
        Some(self.seal(
            to,
            &Packet::Hello {
                sender,
                nonce,
                advertised,
            },
        ))
    }

    fn peer(&mut self, address: SocketAddr, now: Instant) -> &mut Peer {
        if self.peers.len() >= MAX_PEERS && !self.peers.contains_key(&address) {
            let oldest = self.peers.iter().min_by_key(|(_, peer)| peer.last_used);
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                self.peers.remove(&oldest);
            }
        }
        let peer = self.peers.entry(address).or_insert_with(|| Peer {
            bound: None,
            nonce: None,
            last_hello: None,
            last_heard: now,
            last_used: now,
            answer: Answer::Silent,
            pending: None,
        });
        peer.last_used = now;
        peer
    }

    fn can_send_to(&self, address: SocketAddr) -> bool {
        let ip = address.ip();
        address.port() != 0
            && !ip.is_unspecified()
            && !ip.is_multicast()
            && address.is_ipv4() == self.advertised.is_ipv4()
    }

    fn seal_message(&mut self, to: SocketAddr, receiver: Incarnation, message: &[u8]) -> Vec<Datagram> {
        let parts = message.len().div_ceil(MAX_PART_BYTES).max(1);
        let first = self.counter + 1;
        self.counter += parts as u64;
        (0..parts)
            .map(|part| {
                let start = part * MAX_PART_BYTES;
                let end = message.len().min(start + MAX_PART_BYTES);
                let data = Data {
                    sender: self.own,
                    receiver,
                    counter: first + part as u64,
                    message: first,
                    part: part as u8,
                    parts: parts as u8,
                    advertised: self.advertised,
                    payload: message[start..end].to_vec(),
                };
                self.seal(to, &Packet::Data(data))
            })
            .collect()
    }

    fn seal(&self, to: SocketAddr, packet: &Packet) -> Datagram {
        let bytes = self.sealer.seal(b"", &packet.encode());
        Datagram { to, bytes }
    }
}

impl Sender {
    /// The message that `data` is, or completes. Of messages in parts, only the one begun last is kept.
    fn complete(&mut self, data: Data) -> Option<Vec<u8>> {
        if data.parts == 1 {
            return Some(data.payload);
        }
        let begun = self
            .partial
            .take()
            .filter(|(message, _)| *message == data.message);
        let (message, mut parts) = begun.unwrap_or_else(|| (data.message, Default::default()));
        parts[usize::from(data.part)] = Some(data.payload);
        if parts.iter().all(Option::is_some) {
            return Some(parts.into_iter().flatten().flatten().collect());
        }
        self.partial = Some((message, parts));
        None
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
