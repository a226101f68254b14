use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::aws::machine::SpotNotice;

const TAKEN: Outcome = Outcome::Answered(ActionAnswer::Taken);
const NOBODY: Outcome = Outcome::Answered(ActionAnswer::NobodyWaits);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn target(target: TargetState) -> Event {
    Event::Noticed(Notices {
        target: Some(target),
        ..Notices::default()
    })
}

fn spot() -> Event {
    Event::Noticed(Notices {
        spot: Some(SpotNotice {
            action: "terminate".to_owned(),
            time: "2026-11-27T10:00:00Z".to_owned(),
        }),
        ..Notices::default()
    })
}

#[test]
fn a_machine_comes_works_and_goes() {
    let mut life = Lifecycle::default();
    assert_eq!(life.on(&target(TargetState::InService), seconds(0)), []);
    assert_eq!(
        life.on(&Event::Ready, seconds(5)),
        [Order::Ask(Call::CompleteLaunch)]
    );
    assert_eq!(life.on(&Event::Ready, seconds(6)), []);
    assert_eq!(life.on(&Event::Back(Call::CompleteLaunch, TAKEN), seconds(7)), []);
    assert_eq!(life.next_due(), None);
    let going = life.on(&target(TargetState::Terminated), seconds(100));
    assert_eq!(
        going,
        [Order::Drain(Why::Terminated), Order::Ask(Call::Heartbeat)]
    );
    assert_eq!(life.on(&target(TargetState::Terminated), seconds(105)), []);
    assert_eq!(life.on(&Event::Back(Call::Heartbeat, TAKEN), seconds(106)), []);
    assert_eq!(life.next_due(), Some(seconds(106) + HEARTBEAT));
    assert_eq!(
        life.on(&Event::Tick, seconds(106) + HEARTBEAT),
        [Order::Ask(Call::Heartbeat)]
    );
    assert_eq!(
        life.on(&Event::Left, seconds(130)),
        [Order::Ask(Call::CompleteTermination)]
    );
    let done = life.on(&Event::Back(Call::CompleteTermination, TAKEN), seconds(131));
    assert_eq!(done, [Order::Finish { told: true }]);
    assert_eq!(life.on(&target(TargetState::Terminated), seconds(140)), []);
}

/// The notice comes first, then load balancers let go, and only then somebody waits at the hook.
#[test]
fn a_group_that_is_not_at_its_hook_yet_is_told_again() {
    let mut life = Lifecycle::default();
    life.on(&target(TargetState::Terminated), seconds(0));
    let mut orders = life.on(&Event::Left, seconds(10));
    let mut now = seconds(10);
    while now < seconds(45) {
        assert_eq!(orders, [Order::Ask(Call::CompleteTermination)]);
        assert_eq!(life.on(&Event::Back(Call::CompleteTermination, NOBODY), now), []);
        now = life.next_due().unwrap();
        orders = life.on(&Event::Tick, now);
    }
    let done = life.on(&Event::Back(Call::CompleteTermination, TAKEN), now);
    assert_eq!(done, [Order::Finish { told: true }]);

    // One that never comes to it is not waited for for ever.
    let mut life = Lifecycle::default();
    life.on(&target(TargetState::Terminated), seconds(0));
    life.on(&Event::Left, seconds(10));
    let late = seconds(10) + TELL_FOR;
    let done = life.on(&Event::Back(Call::CompleteTermination, NOBODY), late);
    assert_eq!(done, [Order::Finish { told: false }]);
}

#[test]
fn a_spot_instance_does_not_wait_for_anybody() {
    let mut life = Lifecycle::default();
    let going = life.on(&spot(), seconds(1));
    assert_eq!(going, [Order::Drain(Why::Spot), Order::Ask(Call::Heartbeat)]);
    assert_eq!(
        life.on(&Event::Left, seconds(2)),
        [Order::Ask(Call::CompleteTermination)]
    );
    // The group has not noticed yet: there is nobody to tell.
    let done = life.on(&Event::Back(Call::CompleteTermination, NOBODY), seconds(3));
    assert_eq!(done, [Order::Finish { told: true }]);
}

#[test]
fn being_more_likely_to_end_is_no_end() {
    let mut life = Lifecycle::default();
    let rebalance = Event::Noticed(Notices {
        rebalance: true,
        ..Notices::default()
    });
    assert_eq!(life.on(&rebalance, seconds(1)), []);
    assert_eq!(life.on(&target(TargetState::Other), seconds(2)), []);
    assert!(life.is_working());
}

#[test]
fn a_group_that_takes_note_late_is_told_again() {
    let mut life = Lifecycle::default();
    let mut now = seconds(1);
    assert_eq!(life.on(&Event::Ready, now), [Order::Ask(Call::CompleteLaunch)]);
    for _ in 1..EARLY_LAUNCHES {
        assert_eq!(life.on(&Event::Back(Call::CompleteLaunch, NOBODY), now), []);
        now = life.next_due().unwrap();
        assert_eq!(life.on(&Event::Tick, now), [Order::Ask(Call::CompleteLaunch)]);
    }
    life.on(&Event::Back(Call::CompleteLaunch, NOBODY), now);
    assert_eq!(life.next_due(), None);
}

#[test]
fn a_group_waits_for_a_node_that_is_not_ready_yet() {
    let mut life = Lifecycle::default();
    assert_eq!(life.on(&target(TargetState::InService), seconds(0)), []);
    let mut now = life.next_due().unwrap();
    for outcome in [TAKEN, Outcome::Failed, TAKEN, TAKEN] {
        assert_eq!(life.on(&Event::Tick, now), [Order::Ask(Call::LaunchHeartbeat)]);
        assert_eq!(life.on(&Event::Back(Call::LaunchHeartbeat, outcome), now), []);
        assert_eq!(life.next_due(), Some(now + LAUNCH_HEARTBEAT));
        now += LAUNCH_HEARTBEAT;
    }
    assert_eq!(life.on(&Event::Ready, now), [Order::Ask(Call::CompleteLaunch)]);
    // What was under way comes back late.
    assert_eq!(life.on(&Event::Back(Call::LaunchHeartbeat, TAKEN), now), []);
}

#[test]
fn a_machine_that_is_in_service_already_asks_for_no_time() {
    let mut life = Lifecycle::default();
    for _ in 0..EARLY_LAUNCHES {
        let now = life.next_due().unwrap();
        assert_eq!(life.on(&Event::Tick, now), [Order::Ask(Call::LaunchHeartbeat)]);
        life.on(&Event::Back(Call::LaunchHeartbeat, NOBODY), now);
    }
    assert_eq!(life.next_due(), None);
}

#[test]
fn who_cannot_tell_gives_up_after_a_while() {
    let mut life = Lifecycle::default();
    life.on(&spot(), seconds(0));
    let mut orders = life.on(&Event::Left, seconds(10));
    let mut now = seconds(10);
    let mut calls = 0;
    while orders == [Order::Ask(Call::CompleteTermination)] {
        calls += 1;
        orders = life.on(&Event::Back(Call::CompleteTermination, Outcome::Failed), now);
        if orders.is_empty() {
            now = life.next_due().unwrap();
            orders = life.on(&Event::Tick, now);
        }
    }
    assert_eq!(orders, [Order::Finish { told: false }]);
    assert!(
        (5..20).contains(&calls) && now < seconds(10) + TELL_FOR * 2,
        "{calls} calls until {now:?}"
    );
}

#[test]
fn a_drain_that_is_stuck_is_not_kept_alive_for_ever() {
    let mut life = Lifecycle::default();
    life.on(&target(TargetState::Terminated), seconds(0));
    let (mut heartbeats, mut now) = (1, seconds(1));
    let mut outcomes = [Outcome::Failed, TAKEN, NOBODY].into_iter().cycle();
    loop {
        let outcome = outcomes.next().unwrap();
        assert_eq!(life.on(&Event::Back(Call::Heartbeat, outcome), now), []);
        let Some(due) = life.next_due() else { break };
        assert_eq!(life.on(&Event::Tick, due), [Order::Ask(Call::Heartbeat)]);
        heartbeats += 1;
        now = due + seconds(1);
    }
    assert!(heartbeats > 50 && heartbeats < 100, "{heartbeats}");
    assert_eq!(
        life.on(&Event::Left, seconds(2_000)),
        [Order::Ask(Call::CompleteTermination)]
    );
}

/// Something that happens to a node; whether calls come to anything is decided apart.
fn event() -> impl Strategy<Value = Event> {
    let outcome = prop_oneof![Just(TAKEN), Just(NOBODY), Just(Outcome::Failed)];
    let call = prop_oneof![
        Just(Call::LaunchHeartbeat),
        Just(Call::CompleteLaunch),
        Just(Call::Heartbeat),
        Just(Call::CompleteTermination)
    ];
    prop_oneof![
        3 => Just(Event::Tick),
        2 => Just(Event::Ready),
        2 => Just(target(TargetState::InService)),
        1 => Just(target(TargetState::Other)),
        1 => Just(target(TargetState::Terminated)),
        1 => Just(spot()),
        1 => Just(Event::Left),
        5 => (call, outcome).prop_map(|(call, outcome)| Event::Back(call, outcome)),
    ]
}

proptest! {
    /// Whatever happens in whatever order.
    #[test]
    fn nothing_is_done_out_of_turn(events in vec((event(), 0u64..40), 1..200)) {
        let mut life = Lifecycle::default();
        let mut now = Duration::ZERO;
        let (mut ready, mut noticed, mut left, mut finished) = (false, false, false, false);
        let mut under_way: Vec<Call> = Vec::new();
        let mut drains = 0;
        for (event, pause) in events {
            now += seconds(pause);
            // Only what was asked comes back.
            if let Event::Back(call, _) = &event {
                let Some(place) = under_way.iter().position(|asked| asked == call) else { continue };
                under_way.remove(place);
            }
            match &event {
                Event::Noticed(notices) => noticed |= why(notices).is_some() && !left,
                Event::Ready => ready = true,
                Event::Left => left = true,
                _ => {}
            }
            for order in life.on(&event, now) {
                prop_assert!(!finished, "{order:?} after the end");
                match order {
                    Order::Drain(_) => {
                        drains += 1;
                        prop_assert!(!left && why_of(&event).is_some());
                    }
                    Order::Ask(call) => {
                        prop_assert!(!under_way.contains(&call), "{call:?} twice at once");
                        under_way.push(call);
                        match call {
                            Call::LaunchHeartbeat => prop_assert!(!ready && !noticed && !left),
                            Call::CompleteLaunch => prop_assert!(ready && !noticed && !left),
                            Call::Heartbeat => prop_assert!(drains == 1 && !left),
                            Call::CompleteTermination => prop_assert!(drains == 1 && left),
                        }
                    }
                    Order::Finish { .. } => {
                        prop_assert!(left);
                        finished = true;
                    }
                }
            }
            // A notice is never missed, and never heeded twice.
            prop_assert_eq!(drains, usize::from(noticed));
        }
    }

    /// AWS may fail as often as it likes: the machine drains at the notice, and it ends.
    #[test]
    fn every_life_comes_to_an_end(
        outcomes in vec(prop_oneof![Just(TAKEN), Just(NOBODY), Just(Outcome::Failed)], 0..40),
        drain_s in 0u64..600,
    ) {
        let mut outcomes = outcomes.into_iter();
        let mut life = Lifecycle::default();
        let mut waiting = life.on(&Event::Ready, Duration::ZERO);
        waiting.extend(life.on(&target(TargetState::Terminated), seconds(1)));
        prop_assert!(waiting.contains(&Order::Drain(Why::Terminated)));
        let left_at = seconds(1 + drain_s);
        let (mut now, mut has_left) = (seconds(1), false);
        for _ in 0..2_000 {
            let Some(order) = waiting.pop() else {
                let due = life.next_due().filter(|due| has_left || *due < left_at);
                let (event, at) = match due {
                    Some(due) => (Event::Tick, due),
                    None => {
                        prop_assert!(!has_left, "it waits for nothing");
                        has_left = true;
                        (Event::Left, left_at)
                    }
                };
                now = now.max(at);
                waiting = life.on(&event, now);
                continue;
            };
            match order {
                Order::Ask(call) => {
                    let outcome = outcomes.next().unwrap_or(TAKEN);
                    let more = life.on(&Event::Back(call, outcome), now);
                    waiting.extend(more);
                }
                Order::Finish { told } => {
                    prop_assert!(told || now >= left_at + TELL_FOR);
                    return Ok(());
                }
                Order::Drain(_) => {}
            }
        }
        prop_assert!(false, "it goes on for ever");
    }
}
