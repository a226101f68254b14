//! Nodes that find, lose and leave each other, over real UDP.

mod support;

use std::sync::Arc;

use aurora_cluster::{IdCheck, MemberState, MembershipChange, MembershipError, Protocol, SeedSource};
use support::{Weather, cluster, names, options, start, start_with, state_of, until};

#[tokio::test]
async fn three_nodes_see_each_other_whoever_starts_first() {
    // Each has the next as seed, in a ring: the first two knock where nobody is yet.
    let weather = Arc::default();
    let reserved: Vec<_> = (0..3)
        .map(|_| std::net::UdpSocket::bind("127.0.0.1:0").unwrap())
        .collect();
    let addresses: Vec<_> = reserved
        .iter()
        .map(|socket| socket.local_addr().unwrap())
        .collect();
    drop(reserved);
    let mut nodes = Vec::new();
    for n in [2, 0, 1] {
        let mut options = options(&format!("n{n}"), &[addresses[(n + 1) % 3]]);
        (options.listen, options.advertise) = (addresses[n], addresses[n]);
        nodes.push(start_with(options, &weather).await);
    }
    for node in &nodes {
        let view = until(node, "all three are here", |view| view.members.len() == 3).await;
        assert_eq!(names(&view), ["n0", "n1", "n2"]);
        assert_eq!(view.own().unwrap().gossip, node.gossip_address());
        assert!(node.contacts().heard_anyone);
    }
}

#[tokio::test]
async fn states_travel_and_a_node_that_leaves_is_gone_at_once() {
    let weather = Arc::default();
    let mut nodes = cluster(3, &weather).await;
    let mut changes = nodes[0].changes();
    for _ in 0..3 {
        assert!(matches!(changes.next().await, Some(MembershipChange::Joined(_))));
    }
    for state in [MemberState::Ready, MemberState::Draining] {
        nodes[2].set_state(state).await;
        for node in &nodes {
            until(node, "the state has arrived", |view| {
                state_of(view, "n2") == Some(state)
            })
            .await;
        }
        let Some(MembershipChange::Changed { after, .. }) = changes.next().await else {
            panic!("no change was told");
        };
        assert_eq!((after.id.as_str(), after.state), ("n2", state));
    }
    nodes.pop().unwrap().leave().await;
    for node in &nodes {
        until(node, "n2 is gone", |view| names(view) == ["n0", "n1"]).await;
    }
    assert!(
        matches!(changes.next().await, Some(MembershipChange::Left(member)) if member.id.as_str() == "n2")
    );
}

#[tokio::test]
async fn a_killed_node_is_lost_and_comes_back_under_its_name() {
    let weather = Arc::default();
    let mut nodes = cluster(3, &weather).await;
    nodes[2].set_state(MemberState::Ready).await;
    until(&nodes[0], "n2 is ready", |view| {
        state_of(view, "n2") == Some(MemberState::Ready)
    })
    .await;
    let mut changes = nodes[0].changes();
    for _ in 0..3 {
        changes.next().await.unwrap();
    }
    let (address, incarnation) = (nodes[2].gossip_address(), nodes[2].incarnation());
    drop(nodes.pop());
    // At once, at the same address: the port is free as soon as the tasks of the old life are gone.
    let mut options = options("n2", &[nodes[0].gossip_address()]);
    (options.listen, options.advertise) = (address, address);
    options.last_incarnation = Some(incarnation);
    let bound = async {
        loop {
            match aurora_cluster::Membership::start(options.clone()).await {
                Ok(node) => break node,
                Err(MembershipError::Bind { .. }) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    let again = tokio::time::timeout(support::LIMIT, bound).await.unwrap();
    assert!(again.incarnation() > incarnation);
    // Its old life is no rival, although it is taken for alive for a while.
    assert_eq!(again.id_is_settled().await, Ok(()));
    for node in nodes.iter().chain([&again]) {
        until(node, "the new life is shown", |view| {
            let shown = view.members.get(&"n2".parse().unwrap());
            shown.is_some_and(|member| member.incarnation == again.incarnation())
        })
        .await;
    }
    assert!(
        matches!(changes.next().await, Some(MembershipChange::Lost(member)) if member.incarnation == incarnation)
    );
    assert!(
        matches!(changes.next().await, Some(MembershipChange::Joined(member)) if member.incarnation > incarnation)
    );
}

#[tokio::test]
async fn a_second_node_of_a_name_learns_that_it_is_taken_and_disturbs_nobody() {
    let weather = Arc::default();
    let nodes = cluster(3, &weather).await;
    nodes[1].set_state(MemberState::Ready).await;
    let is_ready = |view: &aurora_cluster::ClusterView| state_of(view, "n1") == Some(MemberState::Ready);
    for node in &nodes {
        until(node, "n1 is ready", is_ready).await;
    }
    let before: Vec<_> = nodes.iter().map(|node| node.view().borrow().version).collect();
    let twin = start("n1", &[nodes[0].gossip_address()], &weather).await;
    let conflict = tokio::time::timeout(support::LIMIT, twin.id_is_settled())
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(
        (conflict.gossip, conflict.http.as_str()),
        (nodes[1].gossip_address(), "http://n1")
    );
    assert!(
        conflict
            .to_string()
            .starts_with("another node called n1 is running")
    );
    let after: Vec<_> = nodes.iter().map(|node| node.view().borrow().version).collect();
    assert_eq!(before, after);
    assert_eq!(*nodes[1].id_check().borrow(), IdCheck::Free);
}

#[tokio::test]
async fn a_split_is_noticed_on_both_sides_and_heals() {
    let weather: Arc<Weather> = Arc::default();
    let nodes = cluster(4, &weather).await;
    weather.isolate(nodes[2..].iter().map(|node| node.gossip_address()));
    for (node, side) in nodes
        .iter()
        .zip([["n0", "n1"], ["n0", "n1"], ["n2", "n3"], ["n2", "n3"]])
    {
        until(node, "only the own side is here", |view| names(view) == side).await;
    }
    weather.isolate([]);
    for node in &nodes {
        until(node, "all are here again", |view| view.members.len() == 4).await;
    }
}

#[tokio::test]
async fn a_split_heals_although_what_was_known_of_the_others_is_forgotten() {
    let weather: Arc<Weather> = Arc::default();
    let mut options_0 = options("n0", &[]);
    options_0.timing.forget_after = std::time::Duration::from_millis(100);
    let first = start_with(options_0.clone(), &weather).await;
    let mut options_1 = options("n1", &[first.gossip_address()]);
    options_1.timing = options_0.timing;
    let second = start_with(options_1, &weather).await;
    for node in [&first, &second] {
        until(node, "both are here", |view| view.members.len() == 2).await;
    }
    weather.isolate([first.gossip_address()]);
    for node in [&first, &second] {
        until(node, "each is alone", |view| view.members.len() == 1).await;
    }
    weather.isolate([]);
    for node in [&first, &second] {
        until(node, "both are here again", |view| view.members.len() == 2).await;
    }
}

#[tokio::test]
async fn a_member_of_another_protocol_is_shown_but_not_ready() {
    let weather = Arc::default();
    let node = start("n0", &[], &weather).await;
    let mut newer = options("n1", &[node.gossip_address()]);
    newer.protocol = Protocol {
        major: Protocol::CURRENT.major + 1,
        minor: 0,
    };
    let newer = start_with(newer, &weather).await;
    let mut sibling = options("n2", &[node.gossip_address()]);
    sibling.version = "9.9.9".to_owned();
    let sibling = start_with(sibling, &weather).await;
    for member in [&node, &newer, &sibling] {
        member.set_state(MemberState::Ready).await;
    }
    let all_are_ready = |view: &aurora_cluster::ClusterView| {
        view.members.len() == 3
            && view
                .members
                .values()
                .all(|member| member.state == MemberState::Ready)
    };
    let view = until(&node, "all say that they are ready", all_are_ready).await;
    let ready: Vec<_> = view.ready().map(|member| member.id.as_str()).collect();
    assert_eq!(ready, ["n0", "n2"]);
}

#[tokio::test]
async fn a_taken_port_is_told_with_its_address() {
    let weather = Arc::default();
    let node = start("n0", &[], &weather).await;
    let mut second = options("n1", &[]);
    second.listen = node.gossip_address();
    let error = aurora_cluster::Membership::start(second).await.err().unwrap();
    assert!(
        error.to_string().contains(&node.gossip_address().to_string()),
        "{error}"
    );
}

#[tokio::test]
async fn a_seed_that_is_down_or_unknown_is_no_error_and_the_own_address_is_known_as_such() {
    let weather = Arc::default();
    let down = std::net::UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let node = start("n0", &[], &weather).await;
    let mut second = options("n1", &[down, node.gossip_address()]);
    second
        .seeds
        .push(SeedSource::Dns("nowhere.invalid:7000".to_owned()));
    let second = start_with(second, &weather).await;
    until(&second, "both are here", |view| view.members.len() == 2).await;
    let report = second.contacts();
    assert!(report.heard_anyone);
    let answers: Vec<_> = report
        .seeds
        .iter()
        .map(|seed| seed.addresses.first().map(|(_, answer)| *answer))
        .collect();
    assert_eq!(
        &answers[..2],
        [
            Some(aurora_cluster::Answer::Silent),
            Some(aurora_cluster::Answer::Connected)
        ]
    );
}

#[tokio::test]
async fn a_node_that_stood_still_gives_nobody_up_when_it_goes_on() {
    let weather: Arc<Weather> = Arc::default();
    let first = start("n0", &[], &weather).await;
    let seed = first.gossip_address();
    let (seen_gone, is_seen_gone) = std::sync::mpsc::channel();
    let unsteady = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let second = start("n1", &[seed], &Arc::default()).await;
            until(&second, "both are here", |view| view.members.len() == 2).await;
            let mut changes = second.changes();
            for _ in 0..2 {
                changes.next().await.unwrap();
            }
            // Nothing of this node runs until it has been missed, which is longer than it takes to suspect somebody.
            is_seen_gone.recv().unwrap();
            let lost = tokio::time::timeout(std::time::Duration::from_secs(5), changes.next()).await;
            lost.ok().flatten()
        })
    });
    until(&first, "both are here", |view| view.members.len() == 2).await;
    until(&first, "the other is silent", |view| view.members.len() == 1).await;
    seen_gone.send(()).unwrap();
    until(&first, "the other is back", |view| view.members.len() == 2).await;
    let told = tokio::task::spawn_blocking(move || unsteady.join().unwrap())
        .await
        .unwrap();
    assert_eq!(told, None);
}
