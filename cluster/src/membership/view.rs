//! What a node sees of its cluster, as values, and what changed between two views.
//!
//! Everything here is a function of what gossip brought; nothing waits, asks or remembers.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::gossip::keys::{Facts, Protocol};
use crate::ids::NodeId;

/// How far a node is, in its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MemberState {
    /// It takes no work yet.
    Joining,
    /// It works.
    Ready,
    /// It gives its work back and takes no more.
    Draining,
    /// It is about to stop and holds nothing any more. Views do not show it.
    Left,
}

/// A node as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberView {
    /// Its name.
    pub id: NodeId,
    /// Which life of the node this is: a later one has a higher number.
    pub incarnation: u64,
    /// How far it is.
    pub state: MemberState,
    /// Its share of the work, relative to the others'; at least 1.
    pub capacity: u32,
    /// URL at which the others reach its HTTP server.
    pub http: String,
    /// Address at which the others reach its gossip.
    pub gossip: SocketAddr,
    /// Version of its software.
    pub version: String,
    /// What it speaks. See [`MemberView::is_compatible`].
    pub protocol: Protocol,
    /// Its process id.
    pub pid: u32,
    /// When it started, by its own clock, in milliseconds since 1970.
    pub started_at_ms: i64,
    /// Whether it is the node that looks.
    pub is_self: bool,
}

impl MemberView {
    /// Whether this build and the member's understand each other. One that is not compatible is shown,
    /// but shares no work.
    pub fn is_compatible(&self) -> bool {
        self.protocol.major == Protocol::CURRENT.major
    }
}

/// The members a node sees, one for each name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterView {
    /// Those that are alive, as far as gossip tells, and have not left.
    pub members: BTreeMap<NodeId, MemberView>,
    /// Lives that ended in order: the node's name and the incarnation. They are forgotten after a while.
    pub left: BTreeMap<NodeId, u64>,
    /// Grows with every change; counted by the node that looks, so two nodes' numbers mean nothing to
    /// each other.
    pub version: u64,
}

impl ClusterView {
    /// The members among which work is shared.
    pub fn ready(&self) -> impl Iterator<Item = &MemberView> {
        self.members
            .values()
            .filter(|member| member.state == MemberState::Ready && member.is_compatible())
    }

    /// The node that looks; `None` when it has left, or another of its name is shown in its place.
    pub fn own(&self) -> Option<&MemberView> {
        self.members.values().find(|member| member.is_self)
    }

    /// Whether both show the same, whatever their version.
    pub(crate) fn shows_the_same(&self, other: &Self) -> bool {
        self.members == other.members && self.left == other.left
    }

    /// Takes over from `before` whoever is missing here without having left.
    pub(crate) fn keep_the_missing(&mut self, before: &Self) {
        for (id, member) in &before.members {
            let has_left = self.left.get(id).is_some_and(|left| *left >= member.incarnation);
            if !has_left && !member.is_self {
                self.members.entry(id.clone()).or_insert_with(|| member.clone());
            }
        }
    }
}

/// What happened to the membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MembershipChange {
    /// A node is here that was not.
    Joined(MemberView),
    /// The same life of a node says something else of itself.
    Changed {
        /// What it said.
        before: MemberView,
        /// What it says.
        after: MemberView,
    },
    /// A node is silent: it died, is paused or cut off. Nobody knows which.
    Lost(MemberView),
    /// A node went in order.
    Left(MemberView),
}

/// What turns `before` into `after`: first who is gone, then who changed and who came. A node that was
/// restarted is gone and comes.
pub fn diff(before: &ClusterView, after: &ClusterView) -> Vec<MembershipChange> {
    let same_life = |member: &MemberView| {
        let now = after.members.get(&member.id);
        now.is_some_and(|now| now.incarnation == member.incarnation)
    };
    let gone = before
        .members
        .values()
        .filter(|member| !same_life(member))
        .map(|member| {
            if after
                .left
                .get(&member.id)
                .is_some_and(|left| *left >= member.incarnation)
            {
                MembershipChange::Left(member.clone())
            } else {
                MembershipChange::Lost(member.clone())
            }
        });
    let here = after.members.values().filter_map(|member| {
        let known = before
            .members
            .get(&member.id)
            .filter(|known| known.incarnation == member.incarnation);
        match known {
            None => Some(MembershipChange::Joined(member.clone())),
            Some(known) if known == member => None,
            Some(known) => Some(MembershipChange::Changed {
                before: known.clone(),
                after: member.clone(),
            }),
        }
    });
    gone.chain(here).collect()
}

/// One life of a node, as gossip has it.
#[derive(Debug, Clone)]
pub(crate) struct Observed {
    pub(crate) id: NodeId,
    pub(crate) incarnation: u64,
    pub(crate) gossip: SocketAddr,
    pub(crate) is_self: bool,
    /// Accepted by the failure detector.
    pub(crate) is_live: bool,
    pub(crate) heartbeat: u64,
    /// `None` until all of them have arrived.
    pub(crate) facts: Option<Facts>,
}

impl Observed {
    pub(crate) fn has_left(&self) -> bool {
        self.facts
            .as_ref()
            .is_some_and(|facts| facts.state == MemberState::Left)
    }

    fn member(&self) -> Option<MemberView> {
        let facts = self.facts.clone()?;
        Some(MemberView {
            id: self.id.clone(),
            incarnation: self.incarnation,
            state: facts.state,
            capacity: facts.capacity,
            http: facts.http,
            gossip: self.gossip,
            version: facts.version,
            protocol: facts.protocol,
            pid: facts.pid,
            started_at_ms: facts.started_at_ms,
            is_self: self.is_self,
        })
    }
}

/// The view of all lives that gossip knows. The values of dead ones are not read, save that they left.
pub(crate) fn view_of(observed: &[Observed]) -> ClusterView {
    let mut view = ClusterView::default();
    for life in observed.iter().filter(|life| life.has_left()) {
        let latest = view.left.entry(life.id.clone()).or_insert(life.incarnation);
        *latest = life.incarnation.max(*latest);
    }
    let live = observed.iter().filter(|life| life.is_live && !life.has_left());
    for member in live.filter_map(Observed::member) {
        match view.members.get(&member.id) {
            Some(other) if precedence(other) >= precedence(&member) => {}
            _ => {
                view.members.insert(member.id.clone(), member);
            }
        }
    }
    view
}

/// Of several lives of one name, the one that works is shown rather than the one that is about to join
/// (which may be a second node under the same name), and the latest of those. The address comes last,
/// so that all nodes choose alike.
fn precedence(member: &MemberView) -> (bool, u64, SocketAddr) {
    (
        member.state != MemberState::Joining,
        member.incarnation,
        member.gossip,
    )
}

#[cfg(test)]
#[path = "view_tests.rs"]
pub(crate) mod tests;
