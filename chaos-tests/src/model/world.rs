//! Everything there is, and everything that can happen to it next.

use std::collections::BTreeMap;
use std::fmt;

use aurora_cluster::{Candidate, Member, assign};

use super::node::{Node, Writer};
use super::server::{Answers, Outcome, Server, Statement};
use super::{RequestId, Setup};

/// ClickHouse, nodes, and what is on its way between them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    /// ClickHouse.
    pub server: Server,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Requests that have not arrived. They may arrive in any order, however late.
    pub network: BTreeMap<RequestId, Statement>,
    /// Answers that somebody waits for and has not seen.
    pub answers: BTreeMap<RequestId, Outcome>,
    /// The next request's number.
    pub next_request: RequestId,
    /// How many faults there were.
    pub faults: u32,
    /// How many of the last messages of each partition have not been produced yet.
    pub withheld: u64,
}

/// The smallest thing that can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A pipeline takes its next step: node and partition.
    Pipeline(usize, usize),
    /// A pipeline reads a message: node and partition.
    Read(usize, usize),
    /// A node's writer looks at its answer, or commits what is ready.
    Writer(usize),
    /// A node's writer begins to write the journal.
    Journal(usize),
    /// A node looks at the owners, and decides what it wants.
    Reconcile(usize),
    /// A request arrives at ClickHouse.
    Arrive(RequestId),
    /// ClickHouse looks at the fence of an insert.
    Proceed(RequestId),
    /// The next part of an insert becomes visible.
    Land(RequestId),
    /// A killed insert ends.
    EndKilled(RequestId),
    /// A request is lost on its way, and its sender learns that the connection is gone.
    LoseRequest(RequestId),
    /// A request could not even be sent, which its sender knows.
    Refuse(RequestId),
    /// Its sender gives up; the request goes on.
    GiveUp(RequestId),
    /// The answer is lost.
    LoseAnswer(RequestId),
    /// A claim arrives at a ClickHouse that has forgotten the token of its epoch.
    Forget(RequestId),
    /// A node is killed and starts again.
    CrashNode(usize),
    /// ClickHouse is killed and starts again.
    CrashServer,
    /// A node takes these nodes for the members, one bit each.
    SeeMembers(usize, u8),
}

impl Action {
    /// Whether nothing of the kind happens on a good day.
    pub fn is_fault(self) -> bool {
        matches!(
            self,
            Self::LoseRequest(_)
                | Self::Refuse(_)
                | Self::GiveUp(_)
                | Self::LoseAnswer(_)
                | Self::Forget(_)
                | Self::CrashNode(_)
                | Self::CrashServer
                | Self::SeeMembers(..)
        )
    }

    /// The node that acts, if one does.
    pub fn node(self) -> Option<usize> {
        match self {
            Self::Pipeline(node, _)
            | Self::Read(node, _)
            | Self::Writer(node)
            | Self::Journal(node)
            | Self::Reconcile(node) => Some(node),
            _ => None,
        }
    }

    /// The request that gets on, if one does.
    pub fn request(self) -> Option<RequestId> {
        match self {
            Self::Arrive(id) | Self::Proceed(id) | Self::Land(id) | Self::EndKilled(id) => Some(id),
            _ => None,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pipeline(node, partition) => {
                write!(f, "node {node}: the pipeline of partition {partition} steps")
            }
            Self::Read(node, partition) => write!(f, "node {node}: partition {partition} is read"),
            Self::Writer(node) => write!(f, "node {node}: the writer steps"),
            Self::Journal(node) => write!(f, "node {node}: the journal is sent"),
            Self::Reconcile(node) => write!(f, "node {node}: looks at the owners"),
            Self::Arrive(id) => write!(f, "request {id} arrives"),
            Self::Proceed(id) => write!(f, "request {id} passes its fence, or does not"),
            Self::Land(id) => write!(f, "request {id} lands a part"),
            Self::EndKilled(id) => write!(f, "request {id} ends, killed"),
            Self::LoseRequest(id) => write!(f, "FAULT request {id} is lost"),
            Self::Refuse(id) => write!(f, "FAULT request {id} finds no connection"),
            Self::GiveUp(id) => write!(f, "FAULT the sender of request {id} gives up"),
            Self::LoseAnswer(id) => write!(f, "FAULT the answer to request {id} is lost"),
            Self::Forget(id) => write!(f, "FAULT request {id} arrives, its token forgotten"),
            Self::CrashNode(node) => write!(f, "FAULT node {node} is killed and starts again"),
            Self::CrashServer => write!(f, "FAULT clickhouse is killed and starts again"),
            Self::SeeMembers(node, view) => write!(f, "FAULT node {node} takes {view:#b} for the members"),
        }
    }
}

impl World {
    /// The beginning: nothing is written, and every node sees all.
    pub fn new(setup: &Setup) -> Self {
        Self {
            server: Server::new(setup),
            nodes: vec![Node::new(setup, everybody(setup)); setup.nodes.len()],
            network: BTreeMap::new(),
            answers: BTreeMap::new(),
            next_request: 1,
            faults: 0,
            withheld: 0,
        }
    }

    pub(super) fn send(&mut self, statement: Statement) -> RequestId {
        let id = self.next_request;
        self.next_request += 1;
        self.network.insert(id, statement);
        id
    }

    /// The offset after a partition's last message.
    pub fn end(&self, setup: &Setup, partition: usize) -> u64 {
        setup.kafka[partition].len() as u64 - self.withheld
    }

    /// What can happen, faults apart, in a fixed order. Some of it may turn out to change nothing.
    pub fn steps(&self, setup: &Setup, actions: &mut Vec<Action>) {
        for (number, node) in self.nodes.iter().enumerate() {
            actions.push(Action::Reconcile(number));
            if node.writer != Writer::Free || node.has_batches() {
                actions.push(Action::Writer(number));
            }
            if node.writer == Writer::Free && !node.unjournaled.is_empty() {
                actions.push(Action::Journal(number));
            }
            for partition in 0..setup.kafka.len() {
                actions.push(Action::Pipeline(number, partition));
                if self.can_read(setup, number, partition) {
                    actions.push(Action::Read(number, partition));
                }
            }
        }
        actions.extend(self.network.keys().copied().map(Action::Arrive));
        for (id, running) in &self.server.running {
            if !(running.has_passed && running.is_listed) {
                actions.push(Action::Proceed(*id));
            } else if !running.insert.parts.is_empty() {
                actions.push(Action::Land(*id));
            }
            if running.is_killed {
                actions.push(Action::EndKilled(*id));
            }
        }
    }

    /// The faults that can happen to requests and to ClickHouse, in a fixed order.
    pub fn faults_of_requests(&self, actions: &mut Vec<Action>) {
        for (id, statement) in &self.network {
            actions.extend([Action::LoseRequest(*id), Action::Refuse(*id), Action::GiveUp(*id)]);
            if matches!(statement, Statement::Claim { .. }) {
                actions.push(Action::Forget(*id));
            }
        }
        let inside = self.server.running.keys().chain(self.server.kills.keys());
        actions.extend(inside.copied().map(Action::GiveUp));
        actions.extend(self.answers.keys().copied().map(Action::LoseAnswer));
    }

    /// Lets `action` happen; false when it changes nothing.
    pub fn apply(&mut self, setup: &Setup, action: Action) -> bool {
        let changed = match action {
            Action::Pipeline(node, partition) => self.step_pipeline(setup, node, partition),
            Action::Read(node, partition) => self.read(setup, node, partition),
            Action::Writer(node) => self.step_writer(setup, node),
            Action::Journal(node) => self.journal(node),
            Action::Reconcile(node) => self.reconcile(setup, node),
            Action::Arrive(id) => self.arrive(setup, id, false),
            Action::Forget(id) => self.arrive(setup, id, true),
            Action::Proceed(id) => {
                let answers = self.server.proceed(setup, id);
                self.answer(answers)
            }
            Action::Land(id) => {
                let answers = self.server.land(id);
                self.answer(answers)
            }
            Action::EndKilled(id) => {
                let answers = self.server.end(id, Outcome::Unknown);
                self.answer(answers)
            }
            Action::LoseRequest(id) => {
                self.network.remove(&id).is_some() && self.answer(vec![(id, Outcome::Unknown)])
            }
            Action::Refuse(id) => self.refuse(id),
            Action::GiveUp(id) => self.is_awaited(id) && self.answer(vec![(id, Outcome::Unknown)]),
            Action::LoseAnswer(id) => {
                let answer = self
                    .answers
                    .get_mut(&id)
                    .filter(|answer| **answer != Outcome::Unknown);
                answer.map(|answer| *answer = Outcome::Unknown).is_some()
            }
            Action::CrashNode(node) => {
                let lost: Vec<RequestId> = self
                    .answers
                    .keys()
                    .copied()
                    .filter(|id| self.nodes[node].waits_for(*id))
                    .collect();
                self.answers.retain(|id, _| !lost.contains(id));
                self.nodes[node] = Node::new(setup, self.nodes[node].view);
                true
            }
            Action::CrashServer => {
                let answers = self.server.crash();
                self.answer(answers)
            }
            Action::SeeMembers(node, view) => std::mem::replace(&mut self.nodes[node].view, view) != view,
        };
        self.faults += u32::from(changed && action.is_fault());
        changed
    }

    fn arrive(&mut self, setup: &Setup, id: RequestId, is_forgotten: bool) -> bool {
        let Some(statement) = self.network.remove(&id) else {
            return false;
        };
        let answers = self.server.arrive(setup, id, statement, is_forgotten);
        self.answer(answers)
    }

    /// Only who still waits can learn that there was no connection: who has given up knows less.
    fn refuse(&mut self, id: RequestId) -> bool {
        self.is_awaited(id)
            && self.network.remove(&id).is_some()
            && self.answer(vec![(id, Outcome::Unreachable)])
    }

    /// Somebody waits for the answer to a request, and there is none yet.
    fn is_awaited(&self, id: RequestId) -> bool {
        !self.answers.contains_key(&id) && self.nodes.iter().any(|node| node.waits_for(id))
    }

    fn answer(&mut self, answers: Answers) -> bool {
        for (id, outcome) in answers {
            if self.is_awaited(id) {
                self.answers.insert(id, outcome);
            }
        }
        true
    }

    fn reconcile(&mut self, setup: &Setup, node: usize) -> bool {
        let wanted = wanted(setup, node, self.nodes[node].view, |partition| {
            self.server.owner(partition)
        });
        std::mem::replace(&mut self.nodes[node].wanted, wanted.clone()) != wanted
    }
}

/// The view in which all are members.
pub fn everybody(setup: &Setup) -> u8 {
    u8::MAX >> (8 - setup.nodes.len())
}

/// What a node should own by production's assignment, among the members it sees.
pub fn wanted(setup: &Setup, node: usize, view: u8, owner: impl Fn(usize) -> Option<usize>) -> Vec<bool> {
    let seen: Vec<usize> = (0..setup.nodes.len())
        .filter(|other| view & (1 << other) != 0)
        .collect();
    let member = |other: &usize| Member {
        id: setup.nodes[*other].clone(),
        weight: 1.0,
    };
    let members: Vec<Member> = seen.iter().map(member).collect();
    let candidates: Vec<Candidate> = (0..setup.kafka.len())
        .map(|partition| Candidate {
            stream: setup.stream.clone(),
            partition: Setup::partition(partition),
            owner: owner(partition).map(|owner| setup.nodes[owner].clone()),
        })
        .collect();
    let plan = assign(&members, &candidates);
    plan.into_iter()
        .map(|index| index.map(|index| seen[index]) == Some(node))
        .collect()
}
