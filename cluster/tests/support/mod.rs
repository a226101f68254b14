//! Nodes on 127.0.0.1 and a network between them that can be made bad.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aurora_cluster::gossip::transport::{Fate, Network};
use aurora_cluster::{
    ClusterKey, ClusterView, GossipTiming, MemberState, Membership, MembershipOptions, Protocol, SeedSource,
};
use parking_lot::Mutex;

/// Generous: what is waited for happens much sooner, or never.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);
pub(crate) const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// What the network does to datagrams; all nodes of a test share it.
#[derive(Default)]
pub(crate) struct Weather(Mutex<Rules>);

#[derive(Default)]
struct Rules {
    /// Addresses cut off from all others.
    cut: BTreeSet<SocketAddr>,
    /// Addresses cut off from all that are not among them.
    island: BTreeSet<SocketAddr>,
    /// Share of datagrams that are lost.
    loss: f64,
    delay: Duration,
    recorded: Vec<(SocketAddr, Vec<u8>)>,
}

impl Weather {
    pub(crate) fn cut(&self, address: SocketAddr) {
        self.0.lock().cut.insert(address);
    }

    pub(crate) fn isolate(&self, island: impl IntoIterator<Item = SocketAddr>) {
        self.0.lock().island = island.into_iter().collect();
    }

    pub(crate) fn worsen(&self, loss: f64, delay: Duration) {
        let mut rules = self.0.lock();
        (rules.loss, rules.delay) = (loss, delay);
    }

    /// All datagrams sent so far, and where to.
    pub(crate) fn recorded(&self) -> Vec<(SocketAddr, Vec<u8>)> {
        self.0.lock().recorded.clone()
    }
}

impl Network for Weather {
    fn fate(&self, from: SocketAddr, to: SocketAddr, datagram: &[u8]) -> Fate {
        let mut rules = self.0.lock();
        if rules.recorded.len() < 10_000 {
            rules.recorded.push((to, datagram.to_vec()));
        }
        let is_cut = rules.cut.contains(&from) || rules.cut.contains(&to);
        let is_split = rules.island.contains(&from) != rules.island.contains(&to);
        if is_cut || is_split || rand::random::<f64>() < rules.loss {
            Fate::Lose
        } else if rules.delay.is_zero() {
            Fate::Deliver
        } else {
            Fate::Delay(rules.delay)
        }
    }
}

pub(crate) fn options(name: &str, seeds: &[SocketAddr]) -> MembershipOptions {
    MembershipOptions {
        node: name.parse().unwrap(),
        cluster: "test".to_owned(),
        key: HEX.parse::<ClusterKey>().unwrap(),
        listen: "127.0.0.1:0".parse().unwrap(),
        advertise: "127.0.0.1:0".parse().unwrap(),
        seeds: seeds
            .iter()
            .map(|seed| SeedSource::Address(seed.to_string()))
            .collect(),
        http: format!("http://{name}"),
        capacity: 1,
        version: "0.1.0".to_owned(),
        protocol: Protocol::CURRENT,
        last_incarnation: None,
        timing: GossipTiming::default(),
    }
}

pub(crate) async fn start(name: &str, seeds: &[SocketAddr], weather: &Arc<Weather>) -> Membership {
    start_with(options(name, seeds), weather).await
}

pub(crate) async fn start_with(options: MembershipOptions, weather: &Arc<Weather>) -> Membership {
    Membership::start_in(options, Arc::clone(weather) as Arc<dyn Network>)
        .await
        .unwrap()
}

/// `count` nodes, `n0` and on, that know each other; all have the first as seed.
pub(crate) async fn cluster(count: usize, weather: &Arc<Weather>) -> Vec<Membership> {
    let mut nodes = vec![start("n0", &[], weather).await];
    for n in 1..count {
        let seed = nodes[0].gossip_address();
        nodes.push(start(&format!("n{n}"), &[seed], weather).await);
    }
    for node in &nodes {
        until(node, "all are here", |view| view.members.len() == count).await;
    }
    nodes
}

/// Waits until `condition` holds of what `node` sees.
pub(crate) async fn until(
    node: &Membership,
    what: &str,
    condition: impl Fn(&ClusterView) -> bool,
) -> Arc<ClusterView> {
    let mut view = node.view();
    let holds = view.wait_for(|view| condition(view));
    let waited = tokio::time::timeout(LIMIT, holds)
        .await
        .map(|seen| Arc::clone(&seen.unwrap()));
    match waited {
        Ok(view) => view,
        Err(_) => panic!("not within {LIMIT:?}: {what}; seen: {:?}", node.view().borrow()),
    }
}

pub(crate) fn names(view: &ClusterView) -> Vec<&str> {
    view.members.keys().map(|id| id.as_str()).collect()
}

pub(crate) fn state_of(view: &ClusterView, name: &str) -> Option<MemberState> {
    view.members
        .get(&name.parse().unwrap())
        .map(|member| member.state)
}
