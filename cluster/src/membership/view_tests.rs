use super::*;

/// A live life of `id`.
pub(crate) fn life(id: &str, incarnation: u64, state: MemberState) -> Observed {
    Observed {
        id: id.parse().unwrap(),
        incarnation,
        gossip: SocketAddr::from(([10, 0, 0, 1], 7_000 + incarnation as u16)),
        is_self: false,
        is_live: true,
        heartbeat: 1,
        facts: Some(Facts {
            protocol: Protocol::CURRENT,
            state,
            capacity: 1,
            http: format!("http://{id}"),
            version: "0.1.0".to_owned(),
            pid: 1,
            started_at_ms: 0,
        }),
    }
}

fn dead(mut life: Observed) -> Observed {
    life.is_live = false;
    life
}

fn shown(observed: &[Observed]) -> Vec<(String, u64)> {
    let view = view_of(observed);
    view.members
        .values()
        .map(|member| (member.id.to_string(), member.incarnation))
        .collect()
}

#[test]
fn the_dead_and_those_whose_facts_have_not_arrived_are_not_shown() {
    let mut unknown = life("b", 1, MemberState::Ready);
    unknown.facts = None;
    let observed = [
        life("a", 1, MemberState::Ready),
        unknown,
        dead(life("c", 1, MemberState::Ready)),
    ];
    assert_eq!(shown(&observed), [("a".to_owned(), 1)]);
}

#[test]
fn the_working_life_of_a_name_is_shown_and_of_two_the_later_one() {
    let cases = [
        (MemberState::Ready, MemberState::Joining, 1),
        (MemberState::Draining, MemberState::Joining, 1),
        (MemberState::Joining, MemberState::Ready, 2),
        (MemberState::Ready, MemberState::Ready, 2),
        (MemberState::Joining, MemberState::Joining, 2),
        (MemberState::Left, MemberState::Joining, 2),
    ];
    for (first, second, expected) in cases {
        let mut observed = vec![life("a", 1, first), life("a", 2, second)];
        assert_eq!(
            shown(&observed),
            [("a".to_owned(), expected)],
            "{first:?} {second:?}"
        );
        observed.reverse();
        assert_eq!(
            shown(&observed),
            [("a".to_owned(), expected)],
            "{first:?} {second:?}"
        );
    }
    let restarted = [
        dead(life("a", 1, MemberState::Ready)),
        life("a", 2, MemberState::Joining),
    ];
    assert_eq!(shown(&restarted), [("a".to_owned(), 2)]);
}

#[test]
fn one_that_went_in_order_left_and_one_that_fell_silent_is_lost() {
    let before = view_of(&[
        life("a", 1, MemberState::Ready),
        life("b", 1, MemberState::Draining),
    ]);
    let after = view_of(&[
        dead(life("a", 1, MemberState::Ready)),
        life("b", 1, MemberState::Left),
    ]);
    assert!(after.members.is_empty());
    let (a, b) = (
        before.members.values().next().unwrap(),
        before.members.values().last().unwrap(),
    );
    let expected = [
        MembershipChange::Lost(a.clone()),
        MembershipChange::Left(b.clone()),
    ];
    assert_eq!(diff(&before, &after), expected);
    // Also when it is dead by the time the word arrives.
    let late = view_of(&[dead(life("b", 1, MemberState::Left))]);
    assert_eq!(diff(&before, &late)[1], MembershipChange::Left(b.clone()));
}

#[test]
fn a_restarted_node_is_gone_and_comes() {
    let before = view_of(&[life("a", 1, MemberState::Ready)]);
    let after = view_of(&[
        dead(life("a", 1, MemberState::Ready)),
        life("a", 2, MemberState::Joining),
    ]);
    let changes = diff(&before, &after);
    assert!(matches!(&changes[0], MembershipChange::Lost(member) if member.incarnation == 1));
    assert!(matches!(&changes[1], MembershipChange::Joined(member) if member.incarnation == 2));
    // One that left and came back under its name did leave, and the new life has not.
    let returned = view_of(&[
        life("a", 1, MemberState::Left),
        life("a", 2, MemberState::Joining),
    ]);
    assert!(matches!(&diff(&before, &returned)[0], MembershipChange::Left(_)));
    assert!(matches!(
        &diff(&returned, &view_of(&[]))[0],
        MembershipChange::Lost(_)
    ));
}

#[test]
fn a_change_of_state_is_told_with_both_sides_and_no_change_is_not_told() {
    let before = view_of(&[life("a", 1, MemberState::Joining)]);
    let after = view_of(&[life("a", 1, MemberState::Ready)]);
    assert!(diff(&after, &after).is_empty());
    let changes = diff(&before, &after);
    let [MembershipChange::Changed { before, after }] = changes.as_slice() else {
        panic!("{changes:?}");
    };
    assert_eq!(
        (before.state, after.state),
        (MemberState::Joining, MemberState::Ready)
    );
}

#[test]
fn an_incompatible_member_is_shown_but_shares_no_work() {
    let mut stranger = life("b", 1, MemberState::Ready);
    stranger.facts.as_mut().unwrap().protocol.major += 1;
    let mut sibling = life("c", 1, MemberState::Ready);
    let facts = sibling.facts.as_mut().unwrap();
    (facts.protocol.minor, facts.version) = (facts.protocol.minor + 1, "9.9.9".to_owned());
    let view = view_of(&[
        life("a", 1, MemberState::Ready),
        stranger,
        sibling,
        life("d", 1, MemberState::Draining),
    ]);
    assert_eq!(view.members.len(), 4);
    let ready: Vec<_> = view.ready().map(|member| member.id.as_str()).collect();
    assert_eq!(ready, ["a", "c"]);
}

#[test]
fn a_view_that_keeps_the_missing_still_lets_go_those_that_left() {
    let before = view_of(&[life("a", 1, MemberState::Ready), life("b", 1, MemberState::Ready)]);
    let mut after = view_of(&[life("b", 1, MemberState::Left)]);
    after.keep_the_missing(&before);
    let kept: Vec<_> = after.members.keys().map(NodeId::as_str).collect();
    assert_eq!(kept, ["a"]);
}
