//! How fast deaths are noticed and how seldom they are imagined: figures, not pass or fail (save the false
//! alarms). Run with
//! `cargo test -p aurora-cluster --test figures -- --ignored --nocapture --test-threads 1`.
#![allow(clippy::print_stdout, reason = "it prints figures")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aurora_cluster::{Membership, MembershipChange};
use support::{Weather, cluster, until};

/// Kills one of `count` nodes and gives the times until each other one has noticed.
async fn time_a_death(count: usize, (loss, delay): (f64, Duration)) -> Vec<Duration> {
    let weather: Arc<Weather> = Arc::default();
    let mut nodes = cluster(count, &weather).await;
    weather.worsen(loss, delay);
    // The detector has seen how the heartbeats come.
    tokio::time::sleep(Duration::from_secs(3) + Duration::from_millis(u64::from(rand::random::<u8>()))).await;
    let victim = nodes.pop().unwrap();
    weather.cut(victim.gossip_address());
    let (killed, name) = (Instant::now(), format!("n{}", count - 1));
    drop(victim);
    let mut times = Vec::new();
    for node in &nodes {
        until(node, "it is noticed", |view| {
            !support::names(view).contains(&name.as_str())
        })
        .await;
        times.push(killed.elapsed());
    }
    times
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute and prints figures"]
async fn how_long_until_a_death_is_noticed() {
    let fair = (0.0, Duration::ZERO);
    let cases = [
        (3, fair),
        (8, fair),
        (2, fair),
        (3, (0.3, Duration::ZERO)),
        (3, (0.0, Duration::from_millis(500))),
    ];
    for (count, weather) in cases {
        let mut last = Vec::new();
        for _ in 0..4 {
            let five = (0..5).map(|_| tokio::spawn(time_a_death(count, weather)));
            for death in five.collect::<Vec<_>>() {
                last.push(*death.await.unwrap().iter().max().unwrap());
            }
        }
        last.sort();
        println!(
            "{count} nodes, loss {:.0} %, delay {} ms: noticed by all after (20 deaths) best {} ms, median {} ms, worst {} ms",
            weather.0 * 100.0,
            weather.1.as_millis(),
            last[0].as_millis(),
            last[10].as_millis(),
            last[19].as_millis()
        );
    }
}

/// Counts whom `node` loses until `end`.
async fn losses_until(node: &Membership, end: Instant) -> usize {
    let mut changes = node.changes();
    let mut losses = 0;
    while let Ok(Some(change)) = tokio::time::timeout_at(end.into(), changes.next()).await {
        losses += usize::from(matches!(change, MembershipChange::Lost(_)));
    }
    losses
}

async fn false_alarms(count: usize, loss: f64, delay_ms: u64, seconds: u64) -> usize {
    let weather: Arc<Weather> = Arc::default();
    let nodes = cluster(count, &weather).await;
    weather.worsen(loss, Duration::from_millis(delay_ms));
    let end = Instant::now() + Duration::from_secs(seconds);
    // Nobody is dropped before all have counted.
    let watching = nodes
        .into_iter()
        .map(|node| tokio::spawn(async move { (losses_until(&node, end).await, node) }));
    let (mut losses, mut alive) = (0, Vec::new());
    for watched in watching.collect::<Vec<_>>() {
        let (lost, node) = watched.await.unwrap();
        losses += lost;
        alive.push(node);
    }
    losses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes three minutes and prints figures"]
async fn how_many_deaths_are_imagined_in_bad_weather() {
    let seconds = 180;
    let cases = [
        (2, 0.3, 0),
        (3, 0.3, 0),
        (3, 0.0, 500),
        (3, 0.3, 500),
        (8, 0.3, 0),
    ];
    let runs = cases.map(|(count, loss, delay)| tokio::spawn(false_alarms(count, loss, delay, seconds)));
    let pauses = tokio::task::spawn_blocking(move || pauses(Duration::from_secs(1), seconds));
    for ((count, loss, delay), run) in cases.into_iter().zip(runs) {
        let alarms = run.await.unwrap();
        let loss = loss * 100.0;
        println!("{count} nodes, loss {loss:.0} %, delay {delay} ms, {seconds} s: {alarms} false alarms");
        assert_eq!(alarms, 0);
    }
    let alarms = pauses.await.unwrap();
    println!("3 nodes, one paused for 1 s every 3 s, {seconds} s: {alarms} false alarms");
    assert_eq!(alarms, 0);
}

/// Three nodes on threads of their own, one of which stands still for `pause` every three seconds.
fn pauses(pause: Duration, seconds: u64) -> usize {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let weather: Arc<Weather> = Arc::default();
    let steady = runtime();
    let (first, second) = steady.block_on(async {
        let first = support::start("n0", &[], &weather).await;
        let second = support::start("n1", &[first.gossip_address()], &weather).await;
        (first, second)
    });
    let seed = first.gossip_address();
    let end = Instant::now() + Duration::from_secs(seconds);
    let unsteady = std::thread::spawn(move || {
        runtime().block_on(async move {
            let third = support::start("n2", &[seed], &Arc::default()).await;
            until(&third, "all are here", |view| view.members.len() == 3).await;
            let standing_still = async {
                loop {
                    tokio::time::sleep(Duration::from_secs(3)).await;
                    // The whole thread: nothing of this node runs meanwhile.
                    std::thread::sleep(pause);
                }
            };
            tokio::select! {
                losses = losses_until(&third, end) => losses,
                () = standing_still => 0,
            }
        })
    });
    // It stops a second before the third one does, whose end is no false alarm.
    let early = end - Duration::from_secs(2);
    let losses = steady.block_on(async {
        until(&first, "all are here", |view| view.members.len() == 3).await;
        let (a, b) = tokio::join!(losses_until(&first, early), losses_until(&second, early));
        tokio::time::sleep(Duration::from_secs(2)).await;
        a + b
    });
    losses + unsteady.join().unwrap()
}
