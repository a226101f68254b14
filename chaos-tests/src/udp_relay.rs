//! A relay for datagrams that delays, reorders, doubles and loses them, in front of a gossip address.
//!
//! For TCP there is toxiproxy, and in network namespaces nftables drop packets; what is missing is what a
//! kernel's netem does, which not every kernel has. A node that is to be reached through a relay announces the
//! relay's address. What it answers goes to where the question came from, so the relay has, for each client, a
//! socket of its own towards the node, as a router with address translation does.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

/// The largest datagram there is.
const MAX_DATAGRAM_BYTES: usize = 65_536;

/// What happens to datagrams, in either direction. The default is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct UdpFaults {
    /// Every datagram comes so much later.
    pub delay: Duration,
    /// And up to so much more, by chance: later ones can overtake.
    pub jitter: Duration,
    /// The share that is lost, from 0 to 1.
    pub loss: f64,
    /// The share of the rest that comes twice, each copy with a delay of its own.
    pub duplication: f64,
    /// The share of the rest that is held back for `reorder_by`, so that those behind overtake it.
    pub reordering: f64,
    /// For how long.
    pub reorder_by: Duration,
}

impl UdpFaults {
    /// The delays of the copies of one datagram that arrive: none when it is lost.
    ///
    /// Always draws the same number of random numbers, so that the fate of a datagram depends on the seed and on
    /// how many came before, not on what happened to them.
    fn fate(&self, random: &mut StdRng) -> Vec<Duration> {
        let [loss, duplication]: [f64; 2] = [random.random(), random.random()];
        let [first, second] = [self.copy_delay(random), self.copy_delay(random)];
        if loss < self.loss {
            Vec::new()
        } else if duplication < self.duplication {
            vec![first, second]
        } else {
            vec![first]
        }
    }

    fn copy_delay(&self, random: &mut StdRng) -> Duration {
        let [jitter, reordering]: [f64; 2] = [random.random(), random.random()];
        let held = match reordering < self.reordering {
            true => self.reorder_by,
            false => Duration::ZERO,
        };
        self.delay + self.jitter.mul_f64(jitter) + held
    }
}

/// How many datagrams a relay has seen, both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UdpCounts {
    /// Those that came.
    pub received: u64,
    /// Those that went on, copies included.
    pub sent: u64,
    /// Those that were lost on purpose.
    pub lost: u64,
    /// Those that went on twice.
    pub doubled: u64,
}

/// A running relay. Dropping it ends it, with all that it holds back.
#[derive(Debug)]
pub struct UdpRelay {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    dice: Mutex<(UdpFaults, StdRng)>,
    received: AtomicU64,
    sent: AtomicU64,
    lost: AtomicU64,
    doubled: AtomicU64,
}

impl UdpRelay {
    /// Relays what comes to `listen` (port 0: any free one) to `target`, and what is answered back. The seed decides
    /// what happens to the first, the second and every later datagram.
    pub async fn start(listen: SocketAddr, target: SocketAddr, seed: u64) -> Result<Self> {
        let front = UdpSocket::bind(listen).await;
        let front = Arc::new(front.with_context(|| format!("no relay on {listen}"))?);
        let shared = Arc::new(Shared {
            dice: Mutex::new((UdpFaults::default(), StdRng::seed_from_u64(seed))),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            doubled: AtomicU64::new(0),
        });
        let mut tasks = JoinSet::new();
        let address = front.local_addr()?;
        tasks.spawn(serve(front, target, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            _tasks: tasks,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happens to datagrams from now on.
    pub fn set(&self, faults: UdpFaults) {
        self.shared.dice().0 = faults;
    }

    /// What it has seen so far.
    pub fn counts(&self) -> UdpCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        UdpCounts {
            received: read(&self.shared.received),
            sent: read(&self.shared.sent),
            lost: read(&self.shared.lost),
            doubled: read(&self.shared.doubled),
        }
    }
}

impl Shared {
    fn dice(&self) -> MutexGuard<'_, (UdpFaults, StdRng)> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fate(&self) -> Vec<Duration> {
        let mut dice = self.dice();
        let (faults, random) = &mut *dice;
        let fate = faults.fate(random);
        self.received.fetch_add(1, Ordering::Relaxed);
        match fate.len() {
            0 => drop(self.lost.fetch_add(1, Ordering::Relaxed)),
            1 => {}
            _ => drop(self.doubled.fetch_add(1, Ordering::Relaxed)),
        }
        fate
    }
}

/// Takes what clients send, and starts a way back for each client that is new.
async fn serve(front: Arc<UdpSocket>, target: SocketAddr, shared: Arc<Shared>) {
    let mut clients: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
    // Both end with this task: what is held back, and the ways back.
    let (mut held, mut ways_back) = (JoinSet::new(), JoinSet::new());
    let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
    loop {
        // Linux reports here that an earlier datagram found nobody; the next one may.
        let Ok((length, client)) = front.recv_from(&mut buffer).await else {
            continue;
        };
        let back = match clients.get(&client) {
            Some(back) => Arc::clone(back),
            None => {
                let Ok(back) = towards(target).await else { continue };
                clients.insert(client, Arc::clone(&back));
                let (front, shared) = (Arc::clone(&front), Arc::clone(&shared));
                ways_back.spawn(answer(Arc::clone(&back), front, client, shared));
                back
            }
        };
        while held.try_join_next().is_some() {}
        relay(&mut held, &shared, &buffer[..length], &back, target);
    }
}

/// A socket that hears the target only.
async fn towards(target: SocketAddr) -> std::io::Result<Arc<UdpSocket>> {
    let any = match target {
        SocketAddr::V4(_) => SocketAddr::from(([0, 0, 0, 0], 0)),
        SocketAddr::V6(_) => SocketAddr::from(([0_u16; 8], 0)),
    };
    UdpSocket::bind(any).await.map(Arc::new)
}

/// Takes what the target answers to one client.
async fn answer(back: Arc<UdpSocket>, front: Arc<UdpSocket>, client: SocketAddr, shared: Arc<Shared>) {
    let mut held = JoinSet::new();
    let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
    loop {
        let Ok((length, _)) = back.recv_from(&mut buffer).await else {
            continue;
        };
        while held.try_join_next().is_some() {}
        relay(&mut held, &shared, &buffer[..length], &front, client);
    }
}

/// Lets fate decide about a datagram.
fn relay(
    held: &mut JoinSet<()>,
    shared: &Arc<Shared>,
    datagram: &[u8],
    socket: &Arc<UdpSocket>,
    to: SocketAddr,
) {
    for delay in shared.fate() {
        let (datagram, socket, shared) = (datagram.to_vec(), Arc::clone(socket), Arc::clone(shared));
        held.spawn(async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            // Who is not there gets nothing, as in any network.
            if socket.send_to(&datagram, to).await.is_ok() {
                shared.sent.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use tokio::time::timeout;

    const PATIENCE: Duration = Duration::from_secs(20);
    const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

    fn fates(faults: UdpFaults, seed: u64) -> Vec<Vec<Duration>> {
        let mut random = StdRng::seed_from_u64(seed);
        (0..1_000).map(|_| faults.fate(&mut random)).collect()
    }

    #[test]
    fn fate_follows_seed_and_shares() {
        let ms = Duration::from_millis;
        let faults = UdpFaults {
            delay: ms(10),
            jitter: ms(5),
            loss: 0.2,
            duplication: 0.25,
            reordering: 0.1,
            reorder_by: ms(100),
        };
        let seen = fates(faults, 1);
        assert_eq!(seen, fates(faults, 1));
        assert_ne!(seen, fates(faults, 2));
        let with_copies = |copies| seen.iter().filter(|fate| fate.len() == copies).count();
        assert!((150..250).contains(&with_copies(0)), "{}", with_copies(0));
        assert!((150..250).contains(&with_copies(2)), "{}", with_copies(2));
        let delays: Vec<&Duration> = seen.iter().flatten().collect();
        assert!(delays.iter().all(|delay| (ms(10)..=ms(115)).contains(*delay)));
        let held = delays.iter().filter(|delay| ***delay >= ms(110)).count();
        assert!((50..150).contains(&held), "{held}");
        assert!(
            fates(UdpFaults::default(), 3)
                .iter()
                .all(|fate| fate == &[Duration::ZERO])
        );
    }

    #[tokio::test]
    async fn two_clients_get_the_answers_to_their_own_questions() -> Result<()> {
        let server = UdpSocket::bind(ANY).await?;
        let relay = UdpRelay::start(ANY, server.local_addr()?, 1).await?;
        let clients = [UdpSocket::bind(ANY).await?, UdpSocket::bind(ANY).await?];
        let mut buffer = [0; 16];
        let mut askers = Vec::new();
        for (number, client) in (b'0'..).zip(&clients) {
            client.send_to(&[number], relay.address()).await?;
            let (_, asker) = timeout(PATIENCE, server.recv_from(&mut buffer)).await??;
            assert_eq!(buffer[0], number);
            askers.push(asker);
        }
        for (number, asker) in (b'0'..).zip(askers) {
            server.send_to(&[number, b'!'], asker).await?;
        }
        for (number, client) in (b'0'..).zip(&clients) {
            let (length, from) = timeout(PATIENCE, client.recv_from(&mut buffer)).await??;
            assert_eq!((&buffer[..length], from), (&[number, b'!'][..], relay.address()));
        }
        assert_eq!(relay.counts().sent, 4);
        Ok(())
    }

    #[tokio::test]
    async fn datagrams_are_lost_doubled_and_overtaken() -> Result<()> {
        let server = UdpSocket::bind(ANY).await?;
        let relay = UdpRelay::start(ANY, server.local_addr()?, 7).await?;
        relay.set(UdpFaults {
            loss: 0.2,
            duplication: 0.3,
            reordering: 0.2,
            reorder_by: Duration::from_millis(50),
            ..UdpFaults::default()
        });
        let client = UdpSocket::bind(ANY).await?;
        for number in 0_u8..100 {
            client.send_to(&[number], relay.address()).await?;
            // One after the other: not even loopback promises to keep an order under pressure.
            crate::sandbox::eventually("the relay", PATIENCE, async || {
                relay.counts().received == u64::from(number) + 1
            })
            .await?;
        }
        let counts = relay.counts();
        let arriving = 100 - counts.lost + counts.doubled;
        let mut numbers = Vec::new();
        for _ in 0..arriving {
            let mut buffer = [0; 16];
            timeout(PATIENCE, server.recv_from(&mut buffer)).await??;
            numbers.push(buffer[0]);
        }
        assert!(counts.lost > 0 && counts.doubled > 0, "{counts:?}");
        assert!(!numbers.is_sorted(), "nothing was overtaken: {numbers:?}");
        // What was lost stays lost once nothing is wrong any more, and the next one comes through.
        relay.set(UdpFaults::default());
        client.send_to(&[200], relay.address()).await?;
        let mut buffer = [0; 16];
        timeout(PATIENCE, server.recv_from(&mut buffer)).await??;
        assert_eq!(buffer[0], 200);
        Ok(())
    }
}
