//! How long an assignment takes at the size the design asks for. A measurement, so it asserts no time:
//!
//! ```text
//! cargo test --release -p aurora-cluster --test assignment_speed -- --ignored --nocapture
//! ```

use std::time::{Duration, Instant};

use aurora_cluster::{Candidate, Member, NodeId, StreamId, assign};

const MEMBERS: usize = 100;
const PARTITIONS: i32 = 10_000;
const ROUNDS: usize = 51;

fn members(count: usize) -> Vec<Member> {
    let weight = |number: usize| if number.is_multiple_of(3) { 2.0 } else { 1.0 };
    (0..count)
        .map(|number| Member {
            id: format!("node-{number}").parse().unwrap(),
            weight: weight(number),
        })
        .collect()
}

fn partitions() -> Vec<Candidate> {
    let stream = StreamId::new("production", "orders.v1").unwrap();
    (0..PARTITIONS)
        .map(|partition| Candidate {
            stream: stream.clone(),
            partition,
            owner: None,
        })
        .collect()
}

/// The median over some rounds, and the result.
fn measured(members: &[Member], partitions: &[Candidate]) -> (Duration, Vec<Candidate>) {
    let mut times = Vec::new();
    let mut plan = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        plan = assign(members, partitions);
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let owner = |index: Option<usize>| -> Option<NodeId> { Some(members[index?].id.clone()) };
    let after = partitions.iter().zip(plan).map(|(candidate, index)| Candidate {
        owner: owner(index),
        ..candidate.clone()
    });
    (times[ROUNDS / 2], after.collect())
}

#[test]
#[ignore = "a measurement"]
fn how_long_an_assignment_takes() {
    let members = members(MEMBERS + 1);
    let (from_scratch, before) = measured(&members[..MEMBERS], &partitions());
    let (unchanged, _) = measured(&members[..MEMBERS], &before);
    let (a_join, _) = measured(&members, &before);
    let (a_leave, _) = measured(&members[1..MEMBERS], &before);
    eprintln!(
        "{MEMBERS} members, {PARTITIONS} partitions, medians of {ROUNDS}: from scratch {from_scratch:?}, \
         nothing changed {unchanged:?}, a join {a_join:?}, a leave {a_leave:?}"
    );
}
