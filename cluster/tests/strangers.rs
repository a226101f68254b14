//! Those who do not belong: other keys, other clusters, unreachable addresses, recorded packets.

mod support;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use aurora_cluster::{Answer, ClusterKey, MembershipOptions};
use parking_lot::Mutex;
use support::{Weather, cluster, names, options, start_with, until};
use tokio::net::UdpSocket;

/// What was logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn count(&self, text: &str) -> usize {
        String::from_utf8_lossy(&self.0.lock()).matches(text).count()
    }

    fn start(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || log.clone())
            .with_ansi(false)
            .finish();
        tracing::subscriber::set_default(subscriber)
    }
}

async fn stays_outside(change: impl Fn(&mut MembershipOptions)) {
    let log = Log::default();
    // The tests' runtime has this thread only, so all nodes log here.
    let _guard = log.start();
    let weather = Arc::default();
    let node = support::start("n0", &[], &weather).await;
    let mut stranger = options("stranger", &[node.gossip_address()]);
    change(&mut stranger);
    let stranger = start_with(stranger, &weather).await;
    let knocked = async {
        while node.counters().unopened < 10 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(support::LIMIT, knocked)
        .await
        .expect("the stranger does not knock");
    assert_eq!(names(&node.view().borrow()), ["n0"]);
    assert_eq!(names(&stranger.view().borrow()), ["stranger"]);
    // Nothing at all came back: not even that somebody is there.
    assert_eq!(stranger.counters(), Default::default());
    assert!(!stranger.contacts().heard_anyone && !node.contacts().heard_anyone);
    assert_eq!(
        stranger.contacts().seeds[0].addresses,
        [(node.gossip_address(), Answer::Silent)]
    );
    let warning = "a packet that this cluster's key and name do not open";
    assert_eq!(log.count(warning), 1);
    assert_eq!(log.count(&format!("source={}", stranger.gossip_address())), 1);
}

#[tokio::test]
async fn another_key_neither_joins_nor_learns_and_is_warned_about_once() {
    stays_outside(|options| options.key = ClusterKey::generate()).await;
}

#[tokio::test]
async fn another_cluster_name_neither_joins_nor_learns_and_is_warned_about_once() {
    stays_outside(|options| options.cluster = "other".to_owned()).await;
}

#[tokio::test]
async fn a_node_that_cannot_be_reached_where_it_says_stays_alone_and_is_told_why() {
    let weather = Arc::default();
    let node = support::start("n0", &[], &weather).await;
    let nowhere = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut lost = options("lost", &[node.gossip_address()]);
    lost.advertise = nowhere.local_addr().unwrap();
    let lost = start_with(lost, &weather).await;
    let told = async {
        while lost.contacts().seeds[0].addresses != [(node.gossip_address(), Answer::HeardOnly)] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(support::LIMIT, told)
        .await
        .expect("it is not told why");
    // The answers do go where it said.
    let mut welcome = [0; 1_000];
    assert!(nowhere.recv(&mut welcome).await.unwrap() > 0);
    assert!(
        lost.contacts()
            .to_string()
            .contains("hears this node but cannot reach its advertised address")
    );
    assert_eq!(names(&lost.view().borrow()), ["lost"]);
    assert_eq!(names(&node.view().borrow()), ["n0"]);
    assert_eq!(node.counters().received, 0);
}

#[tokio::test]
async fn a_recording_of_all_packets_changes_nothing_at_a_restarted_node() {
    let weather: Arc<Weather> = Arc::default();
    let mut nodes = cluster(3, &weather).await;
    let addresses: Vec<_> = nodes.iter().map(|node| node.gossip_address()).collect();
    nodes[2].set_state(aurora_cluster::MemberState::Ready).await;
    until(&nodes[0], "n2 is ready", |view| {
        support::state_of(view, "n2") == Some(aurora_cluster::MemberState::Ready)
    })
    .await;
    let recorded = weather.recorded();
    for node in nodes.drain(..) {
        node.leave().await;
    }
    // The first one comes back at its address, without seeds, and hears the recording.
    let mut again = options("n0", &[]);
    (again.listen, again.advertise) = (addresses[0], addresses[0]);
    let again = start_with(again, &Arc::default()).await;
    until(&again, "it sees itself", |view| view.members.len() == 1).await;
    let replayer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for (_, datagram) in &recorded {
        replayer.send_to(datagram, addresses[0]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let bound_elsewhere = async {
        while again.counters().stale < 10 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(support::LIMIT, bound_elsewhere)
        .await
        .expect("the recording does not arrive");
    let counters = again.counters();
    assert_eq!(
        (counters.received, counters.welcomed, counters.unopened),
        (0, 0, 0)
    );
    assert_eq!(names(&again.view().borrow()), ["n0"]);
}

#[tokio::test]
async fn what_a_running_node_has_heard_already_it_does_not_hear_again() {
    let weather: Arc<Weather> = Arc::default();
    let nodes = cluster(2, &weather).await;
    let recorded = weather.recorded();
    let to_the_first: Vec<_> = recorded
        .iter()
        .filter(|(to, _)| *to == nodes[0].gossip_address())
        .collect();
    let version = nodes[0].view().borrow().version;
    let replayer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for (to, datagram) in to_the_first.iter().rev() {
        replayer.send_to(datagram, to).await.unwrap();
        tokio::task::yield_now().await;
    }
    let refused = async {
        while nodes[0].counters().replayed == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(support::LIMIT, refused)
        .await
        .expect("nothing was refused as a replay");
    assert_eq!(nodes[0].view().borrow().version, version);
}

#[tokio::test]
async fn nothing_that_nodes_say_travels_in_the_clear() {
    let weather: Arc<Weather> = Arc::default();
    let nodes = cluster(2, &weather).await;
    assert_eq!(
        nodes[1].view().borrow().members[&"n0".parse().unwrap()].http,
        "http://n0"
    );
    let said: Vec<&[u8]> = vec![b"http://n", b"started_at_ms", b"protocol"];
    for (_, datagram) in weather.recorded() {
        assert!(
            !said
                .iter()
                .any(|text| datagram.windows(text.len()).any(|window| window == *text))
        );
    }
}
