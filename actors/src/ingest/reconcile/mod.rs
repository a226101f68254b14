//! Which partitions work on this node: what should be against what is.
//!
//! Every node makes the same plan from the same facts: who is ready (gossip), what partitions there
//! are (Kafka), and who has them now (ClickHouse, which decides). The plan is
//! [`aurora_cluster::assignment`]. Carrying it out is *pulling*: a node to which a
//! partition is assigned asks the one that has it to hand over, and takes it then. Nobody lets go of
//! a partition because of a plan alone, so one about which two nodes disagree keeps its owner, and
//! none is ever nobody's. A node that has died, or does not answer, is not waited for: the fence and
//! settling make taking by force as exact as a handover, only less smooth.
//!
//! Two nodes that cannot see each other would take a partition from each other for as long as that
//! lasts. Each time a node loses one it waits longer before it may take it back, so both sides'
//! turns grow, and events are never late by more than the handover itself. It waits only for an owner
//! that can be heard, or whose journal moves: one that took a partition and then died is no reason.

mod patience;
mod plan;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aurora_cluster::assignment::Member;
use aurora_cluster::{Epoch, Generation, NodeId, Partition, StreamId};
use futures_util::future::BoxFuture;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::patience::Patience;
use self::plan::{Wanted, assigned_to};
use super::journal;
use super::metrics::{IngestMetrics, StreamLabels};
use super::ownership::StreamTarget;
use super::ownership::owners::{self, HighestEpochs, Ownership};
use super::status::{Arrival, ArrivalKind};
use super::stream::Shape;
use super::supervisor::{IngestMessage, StreamTable};
use crate::store::Store;

/// How often to look, when nothing is said to have changed.
const INTERVAL: Duration = Duration::from_secs(2);
/// How long the members have to hold still before a node that works well is asked to let go of anything: nodes
/// that join one after the other then make one plan. What belongs to a node that goes is not delayed.
const STILL: Duration = Duration::from_millis(750);
/// How long another node may take to hand over before its partitions are taken all the same.
const HANDOVER_LIMIT: Duration = Duration::from_secs(5);
/// How long it takes at most until what is to be taken shows as being here.
const UNTIL_TAKEN: Duration = Duration::from_secs(1);
/// The cluster, as far as assignment needs it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Members {
    /// The nodes that may own partitions.
    pub ready: Vec<Member>,
    /// All nodes that can be asked, also those on their way out.
    pub alive: BTreeSet<NodeId>,
    /// Whether this very process is one of those that may own partitions. Its name may be among them and belong to
    /// another process, of which this one is a namesake.
    pub takes_part: bool,
}

impl Members {
    /// A cluster of one.
    pub fn alone(node: &NodeId) -> Self {
        Self {
            ready: vec![Member {
                id: node.clone(),
                weight: 1.0,
            }],
            alive: BTreeSet::from([node.clone()]),
            takes_part: true,
        }
    }
}

/// How other nodes are asked.
pub trait Peers: Send + Sync {
    /// Asks `node` to hand over partitions of a stream. Returns once it has let go of them.
    fn release<'a>(
        &'a self,
        node: &'a NodeId,
        stream: &'a StreamId,
        generation: Generation,
        partitions: &'a [Partition],
    ) -> BoxFuture<'a, Result<(), String>>;
}

/// There are no others.
#[derive(Debug)]
pub struct NoPeers;

impl Peers for NoPeers {
    fn release<'a>(
        &'a self,
        node: &'a NodeId,
        _stream: &'a StreamId,
        _generation: Generation,
        _partitions: &'a [Partition],
    ) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move { Err(format!("{node} is not known")) })
    }
}

/// The actor that reconciles.
#[derive(Debug)]
pub struct Reconciler;

/// What a reconciler needs.
#[derive(Clone)]
pub struct ReconcilerContext {
    /// This node.
    pub node: NodeId,
    /// ClickHouse.
    pub store: Store,
    /// The streams of this node.
    pub streams: StreamTable,
    /// Who is here.
    pub members: watch::Receiver<Members>,
    /// How to ask others.
    pub peers: Arc<dyn Peers>,
    /// Who carries plans out.
    pub ingest: ActorRef<IngestMessage>,
    /// Figures.
    pub metrics: IngestMetrics,
}

/// What a reconciler is told.
#[derive(Debug)]
pub enum ReconcilerMessage {
    /// Something may have changed.
    Reconcile,
    /// Another node has taken a partition.
    Lost(StreamId, Generation, Partition),
    /// Partitions have been handed over, under these epochs, to a node that asked for them.
    Released(StreamId, Generation, Vec<(Partition, Epoch)>),
    /// What was to come is here now, or will never be.
    Asked(StreamId, Generation, Vec<Partition>),
}

type Key = (StreamId, Generation, Partition);

/// The state of a [`Reconciler`].
pub struct ReconcilerState {
    context: ReconcilerContext,
    /// The members last seen, and when they were seen to change.
    members: (Members, Instant),
    /// What is on its way here.
    asking: HashSet<Key>,
    patience: Patience,
    tasks: Vec<JoinHandle<()>>,
}

impl Actor for Reconciler {
    type Msg = ReconcilerMessage;
    type State = ReconcilerState;
    type Arguments = ReconcilerContext;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        context: ReconcilerContext,
    ) -> Result<ReconcilerState, ActorProcessingErr> {
        let mut members = context.members.clone();
        let watcher = tokio::spawn(async move {
            loop {
                // Whoever says who is here has gone when the node goes down.
                let changed = tokio::time::timeout(INTERVAL, members.changed()).await;
                if matches!(changed, Ok(Err(_))) {
                    tokio::time::sleep(INTERVAL).await;
                }
                if myself.cast(ReconcilerMessage::Reconcile).is_err() {
                    return;
                }
            }
        });
        let members = (context.members.borrow().clone(), Instant::now());
        Ok(ReconcilerState {
            context,
            members,
            asking: HashSet::new(),
            patience: Patience::default(),
            tasks: vec![watcher],
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: ReconcilerMessage,
        state: &mut ReconcilerState,
    ) -> Result<(), ActorProcessingErr> {
        let now = Instant::now();
        match message {
            ReconcilerMessage::Reconcile => state.reconcile(&myself).await,
            ReconcilerMessage::Lost(stream, generation, partition) => {
                state.patience.lost((stream, generation, partition), now);
            }
            ReconcilerMessage::Released(stream, generation, partitions) => {
                for (partition, epoch) in partitions {
                    let key = (stream.clone(), generation, partition);
                    state.patience.released(key, epoch, now);
                }
            }
            ReconcilerMessage::Asked(stream, generation, partitions) => {
                for partition in partitions {
                    state.asking.remove(&(stream.clone(), generation, partition));
                }
            }
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _myself: ActorRef<Self::Msg>,
        state: &mut ReconcilerState,
    ) -> Result<(), ActorProcessingErr> {
        state.tasks.iter().for_each(JoinHandle::abort);
        Ok(())
    }
}

impl ReconcilerState {
    async fn reconcile(&mut self, myself: &ActorRef<ReconcilerMessage>) {
        let members = self.context.members.borrow().clone();
        if members != self.members.0 {
            self.members = (members.clone(), Instant::now());
        }
        if !members.takes_part {
            return;
        }
        let shapes: Vec<Shape> = {
            let streams = self.context.streams.read();
            streams
                .values()
                .filter_map(|stream| stream.shape.lock().clone())
                .collect()
        };
        let targets: Vec<StreamTarget> = shapes.iter().map(|shape| shape.target.clone()).collect();
        let owned = match owners::read(&self.context.store, &targets).await {
            Ok(owned) => owned,
            Err(error) => {
                // Without ClickHouse nothing can be taken either.
                tracing::debug!(%error, "who owns what cannot be read");
                return;
            }
        };
        self.tell_epochs(&owned);
        let owners: HashMap<Key, (NodeId, Epoch)> = owned
            .into_iter()
            .map(|owned| {
                let key = (owned.stream, owned.generation, owned.partition);
                (key, (owned.node, owned.epoch))
            })
            .collect();
        let mine = assigned_to(&self.context.node, &members.ready, &shapes, &owners);
        self.watch_unheard(&members, &mine).await;
        let mut missing = self.missing(mine);
        let still_for = self.members.1.elapsed();
        if still_for < STILL {
            let works_well = |wanted: &Wanted| {
                let is_owner = |member: &Member| wanted.owner.as_ref() == Some(&member.id);
                members.ready.iter().any(is_owner) && wanted.owner.as_ref() != Some(&self.context.node)
            };
            let before = missing.len();
            missing.retain(|wanted| !works_well(wanted));
            if missing.len() < before {
                myself.send_after(STILL - still_for, || ReconcilerMessage::Reconcile);
            }
        }
        if missing.is_empty() {
            return;
        }
        self.context.metrics.rebalances.inc();
        self.fetch(myself, &members, missing);
    }

    /// Tells each stream's pipelines the epochs that were read.
    fn tell_epochs(&self, owned: &[Ownership]) {
        let mut by_stream: HashMap<&StreamId, HighestEpochs> = HashMap::new();
        for owned in owned {
            let epochs = by_stream.entry(&owned.stream).or_default();
            epochs.insert((owned.generation, owned.partition), owned.epoch);
        }
        for (id, stream) in self.context.streams.read().iter() {
            let epochs = by_stream.remove(id).unwrap_or_default();
            stream.highest.send_if_modified(|known| {
                let is_new = *known != epochs;
                *known = epochs;
                is_new
            });
        }
    }

    /// Looks for a sign of life, in ClickHouse, of owners that are waited for and that nobody hears.
    async fn watch_unheard(&mut self, members: &Members, mine: &[Wanted]) {
        let mut unheard: BTreeMap<&StreamId, Vec<&Wanted>> = BTreeMap::new();
        for wanted in mine {
            let is_heard = |owner: &NodeId| *owner == self.context.node || members.alive.contains(owner);
            let is_unheard = wanted.owner.as_ref().is_some_and(|owner| !is_heard(owner));
            if is_unheard && !self.patience.allows(&wanted.key(), wanted.epoch, Instant::now()) {
                unheard.entry(&wanted.target.stream).or_default().push(wanted);
            }
        }
        for (stream, all) in unheard {
            let partitions: Vec<Partition> = all.iter().map(|wanted| wanted.partition).collect();
            let generation = all[0].target.generation;
            let Ok(positions) =
                journal::positions(&self.context.store, stream, generation, &partitions).await
            else {
                continue;
            };
            let now = Instant::now();
            for wanted in all {
                let next = positions
                    .get(&wanted.partition)
                    .and_then(|position| position.next);
                self.patience.watch(&wanted.key(), (wanted.epoch, next), now);
            }
        }
    }

    /// Of what should work here, that which does not and may be taken.
    fn missing(&mut self, mine: Vec<Wanted>) -> Vec<Wanted> {
        let now = Instant::now();
        self.patience.forgive(now);
        let streams = self.context.streams.read();
        let here: HashMap<&StreamId, BTreeSet<Partition>> = streams
            .iter()
            .map(|(id, stream)| (id, stream.status.here()))
            .collect();
        mine.into_iter()
            .filter(|wanted| {
                let key = wanted.key();
                !here.get(&key.0).is_some_and(|here| here.contains(&key.2))
                    && !self.asking.contains(&key)
                    && self.patience.allows(&key, wanted.epoch, now)
            })
            .collect()
    }

    /// Takes what nobody has, and asks for the rest.
    fn fetch(&mut self, myself: &ActorRef<ReconcilerMessage>, members: &Members, missing: Vec<Wanted>) {
        type Batch = (StreamTarget, Vec<(Partition, Epoch)>);
        let mut batches: BTreeMap<(Option<NodeId>, StreamId), Batch> = BTreeMap::new();
        for wanted in missing {
            let batch = batches
                .entry((wanted.owner, wanted.target.stream.clone()))
                .or_insert_with(|| (wanted.target, Vec::new()));
            batch.1.push((wanted.partition, wanted.epoch));
        }
        for ((owner, stream), (target, partitions)) in batches {
            let asked = owner
                .clone()
                .filter(|owner| *owner != self.context.node && members.alive.contains(owner));
            let keys = partitions
                .iter()
                .map(|(partition, _)| (stream.clone(), target.generation, *partition));
            self.asking.extend(keys);
            self.tasks.retain(|task| !task.is_finished());
            self.tasks.push(tokio::spawn(fetch_batch(
                self.context.clone(),
                myself.clone(),
                (asked, owner),
                target,
                partitions,
            )));
        }
    }
}

/// Asks whoever can be asked for partitions, then takes them.
async fn fetch_batch(
    context: ReconcilerContext,
    myself: ActorRef<ReconcilerMessage>,
    (asked, owner): (Option<NodeId>, Option<NodeId>),
    target: StreamTarget,
    from: Vec<(Partition, Epoch)>,
) {
    let partitions: Vec<Partition> = from.iter().map(|(partition, _)| *partition).collect();
    let at = jiff::Timestamp::now();
    let StreamTarget {
        stream, generation, ..
    } = target;
    let labels = StreamLabels {
        stream: stream.to_string(),
    };
    let kind = match (&asked, &owner) {
        (Some(peer), _) => {
            let ask = context.peers.release(peer, &stream, generation, &partitions);
            let answer = tokio::time::timeout(HANDOVER_LIMIT, ask).await;
            match answer.unwrap_or_else(|_| Err("no answer in time".to_owned())) {
                Ok(()) => ArrivalKind::HandedOver,
                Err(reason) => {
                    tracing::warn!(%stream, %peer, reason, "partitions are taken without being handed over");
                    ArrivalKind::TakenOver
                }
            }
        }
        (None, Some(owner)) if *owner == context.node => ArrivalKind::Resumed,
        (None, Some(_)) => ArrivalKind::TakenOver,
        (None, None) => ArrivalKind::New,
    };
    let count = partitions.len() as u64;
    match kind {
        ArrivalKind::HandedOver => drop(context.metrics.handovers.get_or_create(&labels).inc_by(count)),
        ArrivalKind::TakenOver => drop(context.metrics.takeovers.get_or_create(&labels).inc_by(count)),
        ArrivalKind::New | ArrivalKind::Resumed => {}
    }
    tracing::info!(%stream, ?kind, from = owner.as_ref().map(NodeId::as_str), ?partitions, "partitions come here");
    let arrival = Arrival {
        at,
        kind,
        from: owner,
    };
    // When ingest has ended, so has all this.
    let _ = context
        .ingest
        .cast(IngestMessage::Take(stream.clone(), generation, from, arrival));
    tokio::time::sleep(UNTIL_TAKEN).await;
    let _ = myself.cast(ReconcilerMessage::Asked(stream, generation, partitions));
}
