//! Looks at chitchat's state whenever something may have changed, and publishes what it sees.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use chitchat::{Chitchat, NodeState};
use rand::seq::IteratorRandom;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::rivals::{IdCheck, Rivals};
use super::view::{ClusterView, MemberState, Observed, view_of};
use super::{Shared, since};
use crate::gossip::keys::Facts;
use crate::gossip::session::Answer;
use crate::seeds::Resolved;

/// Addresses of former members that are tried again, should a split heal that no seed bridges.
const MAX_FORMER: usize = 256;
/// Addresses knocked at in one round while this node is alone.
const KNOCKS_ALONE: usize = 16;
/// Rounds between knocks at an address where nobody is known, while there are others to talk to.
const ROUNDS_PER_KNOCK: u64 = 5;

/// The task behind a [`super::Membership`].
pub(super) struct Observer {
    shared: Arc<Shared>,
    resolved: watch::Receiver<Vec<Resolved>>,
    view: watch::Sender<Arc<ClusterView>>,
    id_check: watch::Sender<IdCheck>,
    rivals: Rivals,
    /// Gossip addresses of all members ever shown, bounded.
    former: BTreeSet<SocketAddr>,
    /// Lives whose protocol was complained about.
    complained: BTreeSet<(String, u64)>,
    /// Until then nobody is given up: this node itself was held up.
    forgiving_until: Option<Instant>,
}

impl Observer {
    pub(super) fn new(
        shared: Arc<Shared>,
        resolved: watch::Receiver<Vec<Resolved>>,
        view: watch::Sender<Arc<ClusterView>>,
        id_check: watch::Sender<IdCheck>,
    ) -> Self {
        let rumour = shared.options.timing.suspect_after;
        let has_seeds = !shared.options.seeds.is_empty();
        Self {
            rivals: Rivals::new(Instant::now(), rumour, has_seeds),
            shared,
            resolved,
            view,
            id_check,
            former: BTreeSet::new(),
            complained: BTreeSet::new(),
            forgiving_until: None,
        }
    }

    /// Runs until gossip ends.
    pub(super) async fn run(mut self) {
        let timing = self.shared.options.timing.clone();
        let mut ticks = interval(timing.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut live = self
            .shared
            .chitchat
            .with_chitchat(|chitchat| chitchat.live_nodes_watcher())
            .await;
        let ended = self.shared.chitchat.termination_watcher();
        tokio::pin!(ended);
        let (mut rounds, mut last_tick) = (0, Instant::now());
        loop {
            tokio::select! {
                _ = ticks.tick() => {
                    let now = Instant::now();
                    // Whoever wakes from a pause has heard nobody for as long: that is no sign of death.
                    if since(last_tick, now) > timing.suspect_after / 2 {
                        self.forgiving_until = Some(now + timing.suspect_after);
                        tracing::warn!(paused_ms = since(last_tick, now).as_millis() as u64, "this node was held up");
                    }
                    last_tick = now;
                    self.knock(rounds);
                    rounds += 1;
                }
                () = self.shared.wake.notified() => {}
                Ok(()) = live.changed() => {}
                outcome = &mut ended => {
                    if let Err(error) = outcome {
                        tracing::error!(%error, "gossip has stopped");
                    }
                    return;
                }
            }
            self.look().await;
        }
    }

    /// Publishes what chitchat knows now.
    async fn look(&mut self) {
        let observed = self
            .shared
            .chitchat
            .with_chitchat(|chitchat| observe(chitchat))
            .await;
        let Some(own) = observed.iter().find(|life| life.is_self) else {
            return;
        };
        let now = Instant::now();
        let own_state = own
            .facts
            .as_ref()
            .map_or(MemberState::Joining, |facts| facts.state);
        let check = self.rivals.check(now, own, own_state, &observed);
        let set_check = |current: &mut IdCheck| {
            *current != check && {
                *current = check;
                true
            }
        };
        self.id_check.send_if_modified(set_check);

        let mut view = view_of(&observed);
        let before = Arc::clone(&self.view.borrow());
        if self.forgiving_until.is_some_and(|until| now < until) {
            view.keep_the_missing(&before);
        }
        if view.shows_the_same(&before) {
            return;
        }
        view.version = before.version + 1;
        self.complain(&view);
        self.remember(&view);
        self.view.send_replace(Arc::new(view));
    }

    /// One line in the log for each life that speaks another protocol.
    fn complain(&mut self, view: &ClusterView) {
        let strange = view.members.values().filter(|member| !member.is_compatible());
        let mut strangers = BTreeSet::new();
        for member in strange {
            let life = (member.id.to_string(), member.incarnation);
            if !self.complained.contains(&life) {
                tracing::warn!(
                    node = %member.id, version = %member.version, protocol = %member.protocol,
                    "a member speaks another protocol than this node: it shares no work with it"
                );
            }
            strangers.insert(life);
        }
        self.complained = strangers;
    }

    fn remember(&mut self, view: &ClusterView) {
        for member in view.members.values().filter(|member| !member.is_self) {
            if self.former.len() >= MAX_FORMER && !self.former.contains(&member.gossip) {
                self.former.pop_first();
            }
            self.former.insert(member.gossip);
        }
    }

    /// Says hello where a member may be that is not known: at all seeds while this node is alone, at one
    /// address now and then otherwise, so that a split heals.
    fn knock(&self, round: u64) {
        let view = Arc::clone(&self.view.borrow());
        let known: BTreeSet<SocketAddr> = view.members.values().map(|member| member.gossip).collect();
        let is_alone = known
            .iter()
            .all(|address| *address == self.shared.own.gossip_advertise_addr);
        if !is_alone && !round.is_multiple_of(ROUNDS_PER_KNOCK) {
            return;
        }
        let resolved = self.resolved.borrow();
        let seeds = resolved.iter().flat_map(|seed| &seed.addresses);
        let unknown: BTreeSet<SocketAddr> = seeds.chain(&self.former).copied().collect();
        let unknown = {
            let sessions = self.shared.sessions.lock();
            let elsewhere = |address: &SocketAddr| sessions.answer_of(*address) != Answer::Itself;
            let unknown = unknown.into_iter().filter(|address| !known.contains(address));
            unknown.filter(elsewhere).collect::<Vec<_>>()
        };
        let knocks = if is_alone { KNOCKS_ALONE } else { 1 };
        for address in unknown.into_iter().sample(&mut rand::rng(), knocks) {
            // An error means that gossip has ended: this task is about to learn it.
            let _ = self.shared.chitchat.gossip(address);
        }
    }
}

/// All lives chitchat knows. It holds chitchat's lock: no more than copying.
fn observe(chitchat: &Chitchat) -> Vec<Observed> {
    let live: BTreeSet<_> = chitchat.live_nodes().cloned().collect();
    let own = chitchat.self_chitchat_id();
    let observed = chitchat
        .node_states()
        .iter()
        .filter_map(|(life, state): (_, &NodeState)| {
            Some(Observed {
                // Only a member of this cluster could gossip another name, and none does.
                id: life.node_id.parse().ok()?,
                incarnation: life.generation_id,
                gossip: life.gossip_advertise_addr,
                is_self: life == own,
                is_live: live.contains(life),
                heartbeat: state.heartbeat().into(),
                facts: Facts::of(state),
            })
        });
    observed.collect()
}
