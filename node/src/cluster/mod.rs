//! This node among others: joining, what the cluster looks like, asking other nodes, leaving.
//!
//! A node without a `[cluster]` section is a cluster of one. Everything else sees no difference: it
//! asks [`Cluster`] who is here and how the streams are doing.

pub mod ec2;
pub mod joining;
pub mod peer;
pub mod usage;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aurora_actors::ingest::reconcile::{Members, NoPeers, Peers};
use aurora_actors::ingest::status::Snapshot;
use aurora_actors::ingest::status::merge::{Merged, merge};
use aurora_actors::ingest::supervisor::StreamTable;
use aurora_cluster::Protocol;
use aurora_cluster::assignment::Member;
use aurora_cluster::gossip::seal::{ClusterKey, Purpose};
use aurora_cluster::membership::{ClusterView, MemberState, MemberView, Membership};
use aurora_cluster::{Generation, NodeId, Partition, StreamId};
use futures_util::future::{BoxFuture, join_all};
use parking_lot::Mutex;
use tokio::sync::watch;

use peer::{Answer, Incarnation, PeerPost, Report, Request};
use usage::{Gauge, Usage};

use crate::grafana::keeper::Standing;

/// How old a look at the other nodes may be.
const LOOK_AGE: Duration = Duration::from_secs(1);
/// How long a node may take to say how its streams are doing.
const LOOK_LIMIT: Duration = Duration::from_secs(1);
/// How long the report of a node that no longer answers is still shown.
const REPORT_AGE: Duration = Duration::from_secs(10);

/// The cluster as this node sees it.
pub struct Cluster {
    /// Its name; `None` for a node on its own.
    pub name: Option<String>,
    this: NodeId,
    view: watch::Receiver<Arc<ClusterView>>,
    post: Option<Arc<PeerPost>>,
    /// What the other nodes said last, and when.
    reports: Mutex<BTreeMap<NodeId, (Instant, Report)>>,
    /// Held while looking, so that many requests look once.
    look: tokio::sync::Mutex<Option<Instant>>,
    streams: StreamTable,
    usage: Gauge,
    grafana: Mutex<Option<Standing>>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Cluster {
    /// A node on its own, reached at `http`.
    pub fn alone(this: &NodeId, http: SocketAddr, streams: StreamTable) -> Self {
        let member = MemberView {
            id: this.clone(),
            incarnation: 0,
            state: MemberState::Ready,
            capacity: 1,
            http: format!("http://{http}"),
            gossip: SocketAddr::from(([127, 0, 0, 1], 0)),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: Protocol::CURRENT,
            pid: std::process::id(),
            started_at_ms: jiff::Timestamp::now().as_millisecond(),
            is_self: true,
        };
        let view = ClusterView {
            members: BTreeMap::from([(this.clone(), member)]),
            version: 1,
            ..ClusterView::default()
        };
        let (_, view) = watch::channel(Arc::new(view));
        Self::new(None, this, view, None, streams)
    }

    /// A node among others.
    pub fn joined(
        name: &str,
        key: &ClusterKey,
        this: &NodeId,
        membership: &Membership,
        streams: StreamTable,
    ) -> Result<Self, reqwest::Error> {
        let incarnation = Incarnation {
            node: this.clone(),
            number: membership.incarnation(),
        };
        let post = PeerPost::new(key.sealer(name, Purpose::NODE_HTTP), incarnation)?;
        let post = Some(Arc::new(post));
        Ok(Self::new(
            Some(name.to_owned()),
            this,
            membership.view(),
            post,
            streams,
        ))
    }

    fn new(
        name: Option<String>,
        this: &NodeId,
        view: watch::Receiver<Arc<ClusterView>>,
        post: Option<Arc<PeerPost>>,
        streams: StreamTable,
    ) -> Self {
        Self {
            name,
            this: this.clone(),
            view,
            post,
            reports: Mutex::default(),
            look: tokio::sync::Mutex::default(),
            streams,
            usage: Gauge::default(),
            grafana: Mutex::default(),
        }
    }

    /// The nodes now.
    pub fn view(&self) -> Arc<ClusterView> {
        self.view.borrow().clone()
    }

    /// Who may own partitions, and who can be asked, kept up to date.
    pub fn members(&self) -> watch::Receiver<Members> {
        let mut view = self.view.clone();
        let (sender, members) = watch::channel(members_of(&view.borrow_and_update()));
        tokio::spawn(async move {
            // Ends when the membership does. Then the last known members stay.
            while view.changed().await.is_ok() {
                let now = members_of(&view.borrow_and_update());
                sender.send_if_modified(|before| {
                    let differs = *before != now;
                    *before = now;
                    differs
                });
            }
            sender.closed().await;
        });
        members
    }

    /// How ingest asks other nodes.
    pub fn peers(self: &Arc<Self>) -> Arc<dyn Peers> {
        match &self.post {
            Some(_) => Arc::new(ClusterPeers(self.clone())),
            None => Arc::new(NoPeers),
        }
    }

    /// Opens what another node asks; see [`PeerPost::open`].
    pub fn open(&self, sealed: &[u8]) -> Option<(NodeId, Request)> {
        self.post.as_ref()?.open(sealed)
    }

    /// Seals the answer to `sealed`.
    pub fn answer(&self, sealed: &[u8], answer: &Answer) -> Option<Vec<u8>> {
        Some(self.post.as_ref()?.answer(sealed, answer))
    }

    /// Asks a node that is here. The error says why there is no answer.
    pub async fn ask(&self, node: &NodeId, request: Request) -> Result<Answer, String> {
        let view = self.view();
        let (Some(post), Some(member)) = (&self.post, view.members.get(node)) else {
            return Err(format!("{node} is not here"));
        };
        let to = Incarnation {
            node: node.clone(),
            number: member.incarnation,
        };
        post.ask(&to, &member.http, request)
            .await
            .map_err(|error| error.to_string())
    }

    /// How the streams are doing on this node.
    pub fn report(&self) -> Report {
        let streams = self.streams.read();
        Report {
            streams: streams
                .values()
                .map(|stream| (stream.id.clone(), stream.status.snapshot()))
                .collect(),
            usage: self.usage.read(),
            grafana: self.grafana.lock().clone(),
        }
    }

    /// Says what part this node has in keeping Grafana in step.
    pub(crate) fn set_grafana(&self, standing: Standing) {
        *self.grafana.lock() = Some(standing);
    }

    /// The nodes that can keep Grafana in step, as far as they have said.
    pub(crate) async fn grafana_standings(&self) -> BTreeMap<NodeId, Standing> {
        self.look_around().await;
        let reports = self.reports.lock();
        let others = reports
            .iter()
            .map(|(node, (_, report))| (node.clone(), report.grafana.clone()));
        let this = (self.this.clone(), self.grafana.lock().clone());
        others
            .chain([this])
            .filter_map(|(node, standing)| Some((node, standing?)))
            .collect()
    }

    /// How the streams are doing in the whole cluster, by their names. Other nodes are asked at most once a
    /// second; of one that does not answer, the last report counts for a while.
    pub async fn streams(&self) -> BTreeMap<StreamId, Merged> {
        self.look_around().await;
        let mut by_stream: BTreeMap<StreamId, Vec<(NodeId, Snapshot)>> = BTreeMap::new();
        let mut add = |node: &NodeId, report: Report| {
            for (stream, snapshot) in report.streams {
                by_stream
                    .entry(stream)
                    .or_default()
                    .push((node.clone(), snapshot));
            }
        };
        add(&self.this, self.report());
        for (node, (_, report)) in self.reports.lock().iter() {
            add(node, report.clone());
        }
        by_stream
            .into_iter()
            .filter_map(|(stream, parts)| Some((stream, merge(parts)?)))
            .collect()
    }

    /// What the nodes use of their machines, as far as they have said.
    pub fn usage(&self) -> BTreeMap<NodeId, Usage> {
        let reports = self.reports.lock();
        let others = reports
            .iter()
            .map(|(node, (_, report))| (node.clone(), report.usage));
        let this = (self.this.clone(), self.usage.read());
        others
            .chain([this])
            .filter_map(|(node, usage)| Some((node, usage?)))
            .collect()
    }

    async fn look_around(&self) {
        if self.post.is_none() {
            return;
        }
        let mut looked = self.look.lock().await;
        if looked.is_some_and(|at| at.elapsed() < LOOK_AGE) {
            return;
        }
        let view = self.view();
        let others = view.members.keys().filter(|node| **node != self.this);
        let answers = join_all(others.map(|node| async move {
            let answer = tokio::time::timeout(LOOK_LIMIT, self.ask(node, Request::Report)).await;
            (node.clone(), answer)
        }))
        .await;
        let mut reports = self.reports.lock();
        for (node, answer) in answers {
            if let Ok(Ok(Answer::Report(report))) = answer {
                reports.insert(node, (Instant::now(), report));
            }
        }
        reports.retain(|node, (at, _)| view.members.contains_key(node) && at.elapsed() < REPORT_AGE);
        *looked = Some(Instant::now());
    }
}

fn members_of(view: &ClusterView) -> Members {
    Members {
        ready: view
            .ready()
            .map(|member| Member {
                id: member.id.clone(),
                weight: f64::from(member.capacity),
            })
            .collect(),
        alive: view.members.keys().cloned().collect(),
        takes_part: view
            .own()
            .is_some_and(|own| own.state == MemberState::Ready && own.is_compatible()),
    }
}

struct ClusterPeers(Arc<Cluster>);

impl Peers for ClusterPeers {
    fn release<'a>(
        &'a self,
        node: &'a NodeId,
        stream: &'a StreamId,
        generation: Generation,
        partitions: &'a [Partition],
    ) -> BoxFuture<'a, Result<(), String>> {
        let request = Request::Release(stream.clone(), generation, partitions.to_vec());
        Box::pin(async move { self.0.ask(node, request).await.map(drop) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A view in which `node-1` is ready, and is this process or another one of that name.
    fn view(is_self: bool) -> ClusterView {
        let this: NodeId = "node-1".parse().unwrap();
        let alone = Cluster::alone(&this, ([127, 0, 0, 1], 1).into(), StreamTable::default());
        let mut view = ClusterView::clone(&alone.view());
        for member in view.members.values_mut() {
            member.is_self = is_self;
        }
        view
    }

    #[test]
    fn a_namesake_of_a_ready_node_takes_no_part() {
        assert!(members_of(&view(true)).takes_part);
        let namesake = members_of(&view(false));
        assert!(!namesake.takes_part && namesake.ready.len() == 1);
    }
}
