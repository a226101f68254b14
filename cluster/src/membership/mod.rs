//! Who is here: chitchat's gossip as a typed view of the cluster and a stream of changes.
//!
//! ```text
//! Membership ── observe (task): chitchat's state → view, changes, conflict; knocks at seeds
//!     │
//!     └── chitchat ── sealed transport ── UDP          seeds (task): names → addresses
//! ```
//!
//! The view is what this node believes, nothing more: another node may believe otherwise for a moment,
//! and one that is shown may be dead for as long as [`GossipTiming::suspect_after`].

mod observe;
mod options;
mod rivals;
mod view;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use chitchat::{ChitchatConfig, ChitchatHandle, ChitchatId, ListenerHandle, spawn_chitchat};
use parking_lot::Mutex;
use tokio::net::UdpSocket;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::gossip::keys::{self, Facts, Protocol};
use crate::gossip::seal::Purpose;
use crate::gossip::session::{GossipCounters, Sessions};
use crate::gossip::transport::{Network, SealedTransport, Untouched};
use crate::seeds::{self, Contacts, Resolved, SeedReport};

pub use options::{GossipTiming, MembershipError, MembershipOptions};
pub use rivals::{Conflict, IdCheck};
pub use view::{ClusterView, MemberState, MemberView, MembershipChange, diff};

/// Members told at once of a change of this node's state; the others hear it by gossip.
const TELL_AT_ONCE: usize = 64;

/// This node's part in the gossip. Dropping it is like a crash: the others notice after
/// [`GossipTiming::suspect_after`]. [`Membership::leave`] goes in order.
pub struct Membership {
    shared: Arc<Shared>,
    view: watch::Receiver<Arc<ClusterView>>,
    id_check: watch::Receiver<IdCheck>,
    resolved: watch::Receiver<Vec<Resolved>>,
    tasks: Vec<JoinHandle<()>>,
    /// Wakes the observer as soon as a value arrives.
    _listener: ListenerHandle,
}

/// What the tasks and [`Membership`] have in common.
struct Shared {
    options: MembershipOptions,
    own: ChitchatId,
    chitchat: ChitchatHandle,
    sessions: Arc<Mutex<Sessions>>,
    /// Something worth a look has happened.
    wake: Arc<Notify>,
}

impl Shared {
    /// Gossips with the other live members now.
    fn tell_the_others(&self, view: &ClusterView) {
        for member in view
            .members
            .values()
            .filter(|member| !member.is_self)
            .take(TELL_AT_ONCE)
        {
            // An error means that gossip has ended: the observer says so.
            let _ = self.chitchat.gossip(member.gossip);
        }
    }
}

impl Membership {
    /// Binds the socket and starts to gossip, in state [`MemberState::Joining`]. It does not wait for
    /// others: see [`Self::contacts`] and [`Self::id_is_settled`].
    pub async fn start(options: MembershipOptions) -> Result<Self, MembershipError> {
        Self::start_in(options, Arc::new(Untouched)).await
    }

    /// [`Self::start`] over a network that may be bad, for tests.
    pub async fn start_in(
        options: MembershipOptions,
        network: Arc<dyn Network>,
    ) -> Result<Self, MembershipError> {
        options.check()?;
        let bind_error = |source| MembershipError::Bind {
            address: options.listen,
            source,
        };
        let socket = UdpSocket::bind(options.listen).await.map_err(bind_error)?;
        let local = socket.local_addr().map_err(bind_error)?;
        let advertise = match options.advertise.port() {
            0 => SocketAddr::new(options.advertise.ip(), local.port()),
            _ => options.advertise,
        };
        let sealer = options.key.sealer(&options.cluster, Purpose::GOSSIP);
        let idle_after = options.timing.suspect_after * 2;
        let sessions = Arc::new(Mutex::new(Sessions::new(sealer, advertise, idle_after)));
        let transport = SealedTransport::new(socket, Arc::clone(&sessions), network).map_err(bind_error)?;

        let started_at_ms = options::unix_ms();
        let own = ChitchatId::new(
            options.node.as_str(),
            options.incarnation(started_at_ms),
            advertise,
        );
        let facts = Facts {
            protocol: options.protocol,
            state: MemberState::Joining,
            capacity: options.capacity,
            http: options.http.clone(),
            version: options.version.clone(),
            pid: std::process::id(),
            started_at_ms,
        };
        let config = ChitchatConfig {
            chitchat_id: own.clone(),
            cluster_id: options.cluster.clone(),
            gossip_interval: options.timing.interval,
            listen_addr: local,
            // Seeds are knocked at by the observer: chitchat asks for names once a minute only, and
            // knows no other kind of seed.
            seed_nodes: Vec::new(),
            failure_detector_config: options.timing.failure_detector(),
            marked_for_deletion_grace_period: options.timing.forget_after,
            catchup_callback: None,
            extra_liveness_predicate: None,
        };
        let chitchat = spawn_chitchat(config, facts.to_key_values(), &transport)
            .await
            .map_err(|error| MembershipError::Gossip(error.to_string()))?;
        let shared = Shared {
            options,
            own,
            chitchat,
            sessions,
            wake: Arc::new(Notify::new()),
        };
        Ok(Self::spawn(Arc::new(shared)).await)
    }

    async fn spawn(shared: Arc<Shared>) -> Self {
        let wake = Arc::clone(&shared.wake);
        // Called under chitchat's lock: it only wakes the observer.
        let subscribe = shared.chitchat.with_chitchat(|chitchat| {
            let wake = Arc::clone(&wake);
            chitchat.subscribe_event(keys::STATE, move |_| wake.notify_one())
        });
        let listener = subscribe.await;
        let seeds = shared.options.seeds.clone();
        let (found, resolved) = watch::channel(vec![Resolved::default(); seeds.len()]);
        let (view_sender, view) = watch::channel(Arc::new(ClusterView::default()));
        let (id_sender, id_check) = watch::channel(IdCheck::Pending);
        let observer = observe::Observer::new(Arc::clone(&shared), resolved.clone(), view_sender, id_sender);
        let mut tasks = vec![tokio::spawn(observer.run())];
        if !seeds.is_empty() {
            let (every, own) = (
                shared.options.timing.seed_refresh,
                shared.own.gossip_advertise_addr,
            );
            let seen = view.clone();
            let is_alone = move || seen.borrow().members.len() <= 1;
            tasks.push(tokio::spawn(seeds::resolve_forever(
                seeds, own, every, is_alone, found,
            )));
        }
        Self {
            shared,
            view,
            id_check,
            resolved,
            tasks,
            _listener: listener,
        }
    }

    /// The address at which this node says the others reach its gossip.
    pub fn gossip_address(&self) -> SocketAddr {
        self.shared.own.gossip_advertise_addr
    }

    /// Which life of this node this is. To be kept for [`MembershipOptions::last_incarnation`].
    pub fn incarnation(&self) -> u64 {
        self.shared.own.generation_id
    }

    /// The latest view. It is empty until the first look, a moment after the start; the sender is gone
    /// when gossip has ended.
    pub fn view(&self) -> watch::Receiver<Arc<ClusterView>> {
        self.view.clone()
    }

    /// The changes from an empty view on, so that the first ones are all members there are. One who
    /// reads slowly skips what has passed meanwhile.
    pub fn changes(&self) -> MembershipChanges {
        let mut view = self.view.clone();
        view.mark_changed();
        MembershipChanges {
            view,
            before: Arc::default(),
            queue: VecDeque::new(),
        }
    }

    /// Says how far this node is, and tells the others at once.
    pub async fn set_state(&self, state: MemberState) {
        let set = self.shared.chitchat.with_chitchat(|chitchat| {
            chitchat
                .self_node_state()
                .set(keys::STATE, keys::state_name(state));
        });
        set.await;
        self.shared.wake.notify_one();
        let view = Arc::clone(&self.view.borrow());
        self.shared.tell_the_others(&view);
    }

    /// Whether anybody was heard, and how the seeds answer.
    pub fn contacts(&self) -> Contacts {
        let resolved = self.resolved.borrow().clone();
        let sessions = self.shared.sessions.lock();
        let seeds = self
            .shared
            .options
            .seeds
            .iter()
            .zip(resolved)
            .map(|(seed, resolved)| SeedReport {
                seed: seed.to_string(),
                addresses: resolved
                    .addresses
                    .into_iter()
                    .map(|address| (address, sessions.answer_of(address)))
                    .collect(),
                error: resolved.error,
            });
        Contacts {
            heard_anyone: sessions.counters().received > 0,
            seeds: seeds.collect(),
        }
    }

    /// What happened to datagrams since the start.
    pub fn counters(&self) -> GossipCounters {
        self.shared.sessions.lock().counters()
    }

    /// Whether this node's name is its own.
    pub fn id_check(&self) -> watch::Receiver<IdCheck> {
        self.id_check.clone()
    }

    /// Waits until this node's name is known to be free, or taken: at most about as long as a crashed
    /// node of that name is taken for alive, and at once if there are no seeds. A node should become
    /// [`MemberState::Ready`] only after that.
    pub async fn id_is_settled(&self) -> Result<(), Conflict> {
        let mut check = self.id_check.clone();
        let settled = check.wait_for(|check| *check != IdCheck::Pending).await;
        match settled.as_deref() {
            Ok(IdCheck::Taken(conflict)) => Err(conflict.clone()),
            // Gossip has ended, which is not for this question to tell.
            _ => Ok(()),
        }
    }

    /// Tells the others that this node goes, for two intervals, and stops.
    pub async fn leave(self) {
        let others = Arc::clone(&self.view.borrow());
        self.set_state(MemberState::Left).await;
        for _ in 0..2 {
            tokio::time::sleep(self.shared.options.timing.interval).await;
            self.shared.tell_the_others(&others);
        }
        let stopped = self.shared.chitchat.termination_watcher();
        // An error means that it has stopped already.
        if self.shared.chitchat.initiate_shutdown().is_ok() {
            let _ = stopped.await;
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.shared.chitchat.abort();
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// The changes of a view, one after the other. See [`Membership::changes`].
pub struct MembershipChanges {
    view: watch::Receiver<Arc<ClusterView>>,
    before: Arc<ClusterView>,
    queue: VecDeque<MembershipChange>,
}

impl MembershipChanges {
    /// The next change; `None` when gossip has ended. Cancelling it loses nothing.
    pub async fn next(&mut self) -> Option<MembershipChange> {
        while self.queue.is_empty() {
            self.view.changed().await.ok()?;
            let after = Arc::clone(&self.view.borrow_and_update());
            self.queue.extend(diff(&self.before, &after));
            self.before = after;
        }
        self.queue.pop_front()
    }
}

/// Time since `start`, as the tasks measure it.
fn since(start: Instant, now: Instant) -> std::time::Duration {
    now.saturating_duration_since(start)
}
