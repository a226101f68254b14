//! Two nodes under one name.
//!
//! A node that starts must find out whether its name is taken. What it hears first proves nothing: the
//! life of a node that crashed just now is still rumoured about. A rumour dies down within the time of
//! the failure detector, though, so a life of the same name whose heartbeat advances after that
//! belongs to a running node.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::view::{MemberState, Observed};
use crate::ids::NodeId;

/// Another node runs under this node's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("another node called {id} is running: gossip {gossip}, http {http}")]
pub struct Conflict {
    /// The name.
    pub id: NodeId,
    /// The other's URL; empty if it has not been heard yet.
    pub http: String,
    /// The other's gossip address.
    pub gossip: SocketAddr,
}

/// Whether a node's name is its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdCheck {
    /// Not known yet.
    Pending,
    /// Nobody else was heard to use it.
    Free,
    /// It is taken: this node should not take work.
    Taken(Conflict),
}

/// Watches the other lives of the own name.
pub(crate) struct Rivals {
    /// How long a rumour about a dead node may go on.
    rumour: Duration,
    started: Instant,
    /// When somebody else was first heard.
    met_others: Option<Instant>,
    /// Whether there is anybody to ask.
    has_seeds: bool,
    known: HashMap<(u64, SocketAddr), Rival>,
}

struct Rival {
    first_seen: Instant,
    heartbeat: u64,
    is_proven: bool,
}

impl Rivals {
    pub(crate) fn new(started: Instant, rumour: Duration, has_seeds: bool) -> Self {
        Self {
            rumour,
            started,
            met_others: None,
            has_seeds,
            known: HashMap::new(),
        }
    }

    /// What `observed` says about the name of `own`, which is in state `own_state`.
    ///
    /// A node that is still joining yields to whoever runs already. Should two nodes of one name have
    /// begun to work while they were cut off from each other, the one with the lower incarnation, which
    /// nobody's view shows, is the one that is told.
    pub(crate) fn check(
        &mut self,
        now: Instant,
        own: &Observed,
        own_state: MemberState,
        observed: &[Observed],
    ) -> IdCheck {
        let is_other = |life: &&Observed| !life.is_self && life.is_live;
        if self.met_others.is_none() && observed.iter().any(|life| is_other(&life)) {
            self.met_others = Some(now);
        }
        let rivals: Vec<&Observed> = observed
            .iter()
            .filter(is_other)
            .filter(|life| life.id == own.id && !life.has_left())
            .collect();
        self.known.retain(|life, _| {
            rivals
                .iter()
                .any(|rival| (rival.incarnation, rival.gossip) == *life)
        });
        for rival in &rivals {
            let known = self
                .known
                .entry((rival.incarnation, rival.gossip))
                .or_insert(Rival {
                    first_seen: now,
                    heartbeat: rival.heartbeat,
                    is_proven: false,
                });
            let rumour_is_over = now.saturating_duration_since(known.first_seen) >= self.rumour;
            known.is_proven |= rumour_is_over && rival.heartbeat > known.heartbeat;
            known.heartbeat = rival.heartbeat;
        }
        let proven = rivals.iter().find(|rival| {
            let yields =
                own_state == MemberState::Joining || is_working(rival) && rival.incarnation > own.incarnation;
            yields && self.known[&(rival.incarnation, rival.gossip)].is_proven
        });
        if let Some(rival) = proven {
            return IdCheck::Taken(Conflict {
                id: own.id.clone(),
                http: rival
                    .facts
                    .as_ref()
                    .map(|facts| facts.http.clone())
                    .unwrap_or_default(),
                gossip: rival.gossip,
            });
        }
        if rivals.is_empty() && self.has_listened(now) || own_state != MemberState::Joining {
            return IdCheck::Free;
        }
        IdCheck::Pending
    }

    /// Whether a rival would have been heard by now.
    fn has_listened(&self, now: Instant) -> bool {
        let since = |start: Instant| now.saturating_duration_since(start);
        !self.has_seeds
            || since(self.started) >= self.rumour
            || self.met_others.is_some_and(|met| since(met) >= self.rumour / 2)
    }
}

fn is_working(life: &Observed) -> bool {
    let state = life.facts.as_ref().map(|facts| facts.state);
    matches!(state, Some(MemberState::Ready | MemberState::Draining))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::membership::view::tests::life;

    const RUMOUR: Duration = Duration::from_secs(2);

    fn own(incarnation: u64, state: MemberState) -> Observed {
        Observed {
            is_self: true,
            ..life("a", incarnation, state)
        }
    }

    fn beating(mut life: Observed, heartbeat: u64) -> Observed {
        life.heartbeat = heartbeat;
        life
    }

    #[test]
    fn a_newcomer_reports_a_running_node_of_its_name_once_it_cannot_be_a_rumour() {
        let start = Instant::now();
        let own = own(2, MemberState::Joining);
        let mut rivals = Rivals::new(start, RUMOUR, true);
        let mut check = |seconds: f64, heartbeat| {
            let other = beating(life("a", 1, MemberState::Ready), heartbeat);
            rivals.check(
                start + Duration::from_secs_f64(seconds),
                &own,
                MemberState::Joining,
                &[own.clone(), other],
            )
        };
        assert_eq!(check(0.5, 1), IdCheck::Pending);
        assert_eq!(check(1.0, 2), IdCheck::Pending);
        assert_eq!(check(2.4, 3), IdCheck::Pending);
        let IdCheck::Taken(conflict) = check(2.6, 4) else {
            panic!("not reported");
        };
        assert_eq!(
            (conflict.http.as_str(), conflict.gossip.port()),
            ("http://a", 7_001)
        );
        assert!(matches!(check(2.7, 4), IdCheck::Taken(_)));
    }

    #[test]
    fn a_node_that_crashed_just_now_is_no_rival() {
        let start = Instant::now();
        let own = own(2, MemberState::Joining);
        let mut rivals = Rivals::new(start, RUMOUR, true);
        // The rumour of its last heartbeats goes round, then it is live for a while, then not.
        for (millis, heartbeat, is_live) in [
            (100, 5, true),
            (600, 6, true),
            (2_000, 6, true),
            (2_300, 6, false),
        ] {
            let mut other = beating(life("a", 1, MemberState::Ready), heartbeat);
            other.is_live = is_live;
            let now = start + Duration::from_millis(millis);
            let check = rivals.check(now, &own, MemberState::Joining, &[own.clone(), other]);
            assert_eq!(
                check,
                if is_live { IdCheck::Pending } else { IdCheck::Free },
                "{millis}"
            );
        }
    }

    #[test]
    fn a_name_is_free_when_nobody_uses_it_after_listening_for_a_while() {
        let start = Instant::now();
        let own = own(1, MemberState::Joining);
        let joining = MemberState::Joining;
        let alone = [own.clone()];
        assert_eq!(
            Rivals::new(start, RUMOUR, false).check(start, &own, joining, &alone),
            IdCheck::Free
        );
        let mut rivals = Rivals::new(start, RUMOUR, true);
        assert_eq!(rivals.check(start, &own, joining, &alone), IdCheck::Pending);
        assert_eq!(rivals.check(start + RUMOUR, &own, joining, &alone), IdCheck::Free);
        let mut rivals = Rivals::new(start, RUMOUR, true);
        let together = [own.clone(), life("b", 1, MemberState::Ready)];
        assert_eq!(rivals.check(start, &own, joining, &together), IdCheck::Pending);
        assert_eq!(
            rivals.check(start + RUMOUR / 2, &own, joining, &together),
            IdCheck::Free
        );
    }

    #[test]
    fn a_running_node_is_not_disturbed_by_a_newcomer_of_its_name() {
        let start = Instant::now();
        let own = own(1, MemberState::Ready);
        let mut rivals = Rivals::new(start, RUMOUR, true);
        for beat in 0..10 {
            let other = beating(life("a", 2, MemberState::Joining), beat);
            let now = start + Duration::from_secs(beat);
            let check = rivals.check(now, &own, MemberState::Ready, &[own.clone(), other]);
            assert_eq!(check, IdCheck::Free);
        }
    }

    #[test]
    fn of_two_working_nodes_of_one_name_the_earlier_one_is_told() {
        let start = Instant::now();
        let (first, second) = (own(1, MemberState::Ready), own(2, MemberState::Ready));
        let mut told = Vec::new();
        for (own, other) in [(&first, 2), (&second, 1)] {
            let mut rivals = Rivals::new(start, RUMOUR, true);
            let mut check = IdCheck::Pending;
            for beat in 0..5 {
                let other = beating(life("a", other, MemberState::Ready), beat);
                let now = start + Duration::from_secs(beat);
                check = rivals.check(now, own, MemberState::Ready, &[own.clone(), other]);
            }
            told.push(matches!(check, IdCheck::Taken(_)));
        }
        assert_eq!(told, [true, false]);
    }
}
