use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use super::*;

fn member(number: usize, weight: f64) -> Member {
    Member {
        id: format!("node-{number}").parse().unwrap(),
        weight,
    }
}

fn members(count: usize) -> Vec<Member> {
    (0..count).map(|number| member(number, 1.0)).collect()
}

/// `count` partitions of three streams, owned by nobody.
fn unowned(count: usize) -> Vec<Candidate> {
    (0..count)
        .map(|number| Candidate {
            stream: StreamId::new("c", ["orders", "clicks", "events"][number % 3]).unwrap(),
            partition: (number / 3) as Partition,
            owner: None,
        })
        .collect()
}

/// The partitions with the owners that `plan` gives them.
fn carried_out(members: &[Member], partitions: &[Candidate], plan: &[Option<usize>]) -> Vec<Candidate> {
    let owner = |index: &Option<usize>| index.map(|index| members[index].id.clone());
    partitions
        .iter()
        .zip(plan)
        .map(|(candidate, index)| Candidate {
            owner: owner(index),
            ..candidate.clone()
        })
        .collect()
}

fn assigned(members: &[Member], partitions: &[Candidate]) -> Vec<Candidate> {
    carried_out(members, partitions, &assign(members, partitions))
}

fn loads(members: &[Member], partitions: &[Candidate]) -> Vec<usize> {
    let owned_by = |member: &Member| {
        partitions
            .iter()
            .filter(|p| p.owner.as_ref() == Some(&member.id))
            .count()
    };
    members.iter().map(owned_by).collect()
}

/// The bounds of each member, from the definition.
fn bounds(members: &[Member], partitions: usize) -> Vec<Bounds> {
    let sum: f64 = members.iter().map(|member| member.weight).sum();
    let fair = |member: &Member| partitions as f64 * member.weight / sum;
    members
        .iter()
        .map(|member| Bounds::around(fair(member)))
        .collect()
}

/// The partitions whose owner `after` differs from that `before`.
fn moved<'a>(before: &'a [Candidate], after: &'a [Candidate]) -> Vec<(&'a Candidate, &'a Candidate)> {
    before
        .iter()
        .zip(after)
        .filter(|(b, a)| b.owner != a.owner)
        .collect()
}

/// The fewest moves of owned partitions after which everybody can be within bounds.
fn necessary_moves(members: &[Member], partitions: &[Candidate]) -> usize {
    let owned = loads(members, partitions);
    let bounds = bounds(members, partitions.len());
    let sum = |of: fn(Bounds, usize) -> usize| -> usize {
        bounds.iter().zip(&owned).map(|(b, l)| of(*b, *l)).sum()
    };
    let above = sum(|bounds, load| load.saturating_sub(bounds.upper));
    let below = sum(|bounds, load| bounds.lower.saturating_sub(load));
    let free = partitions.len() - owned.iter().sum::<usize>();
    above.max(below.saturating_sub(free))
}

/// Up to a dozen members. Weights are quarters, so that sums of them are exact in every order.
fn any_members() -> impl Strategy<Value = Vec<Member>> {
    prop_oneof![
        (1usize..12).prop_map(members),
        prop::collection::vec(1u32..40, 1..12).prop_map(|quarters| {
            let weight = |(number, quarters): (usize, &u32)| member(number, f64::from(*quarters) / 4.0);
            quarters.iter().enumerate().map(weight).collect()
        }),
    ]
}

/// Partitions with random owners: nobody, a member, or one who is gone. Often nearly all on one node.
fn any_partitions() -> impl Strategy<Value = Vec<Candidate>> {
    let owner = prop_oneof![1 => Just(None), 4 => (0usize..14).prop_map(Some), 4 => Just(Some(3))];
    prop::collection::vec(owner, 0..200).prop_map(|owners| {
        let mut partitions = unowned(owners.len());
        for (candidate, owner) in partitions.iter_mut().zip(owners) {
            candidate.owner = owner.map(|number| member(number, 1.0).id);
        }
        partitions
    })
}

#[test]
fn nobody_owns_a_partition_of_an_empty_cluster() {
    assert_eq!(assign(&[], &unowned(2)), [None, None]);
    assert_eq!(assign(&members(2), &[]), []);
}

#[test]
fn members_without_a_usable_weight_get_nothing() {
    let weights = [0.0, -1.0, f64::NAN, f64::INFINITY, 2.0];
    let members: Vec<Member> = (0..)
        .zip(weights)
        .map(|(number, weight)| member(number, weight))
        .collect();
    let mut partitions = unowned(20);
    partitions[3].owner = Some(members[0].id.clone());
    assert_eq!(assign(&members, &partitions), vec![Some(4); 20]);
    assert_eq!(assign(&members[..4], &partitions), vec![None; 20]);
}

#[test]
fn extreme_weights_do_no_harm() {
    let all = [f64::MAX, f64::MAX, f64::MIN_POSITIVE, 1.0];
    let members: Vec<Member> = (0..)
        .zip(all)
        .map(|(number, weight)| member(number, weight))
        .collect();
    assert_eq!(loads(&members, &assigned(&members, &unowned(20))), [10, 10, 0, 0]);
}

#[test]
fn of_two_members_of_one_id_one_counts() {
    let twice = [member(0, 1.0), member(1, 1.0), member(0, 1.0)];
    let loads = loads(&twice[..2], &assigned(&twice, &unowned(100)));
    assert_eq!(loads, [50, 50]);
}

#[test]
fn from_scratch_everybody_gets_the_fair_share() {
    let loads_of = |members: &[Member]| loads(members, &assigned(members, &unowned(1_000)));
    assert!(loads_of(&members(7)).iter().all(|load| [142, 143].contains(load)));
    let weighted = [member(0, 1.0), member(1, 3.0), member(2, 4.0)];
    assert_eq!(loads_of(&weighted), [125, 375, 500]);
    // A great one does not leave the little ones with nothing.
    let mut little = vec![member(0, 1_000.5)];
    little.extend((1..100).map(|number| member(number, 0.5)));
    let loads = loads(&little, &assigned(&little, &unowned(1_050)));
    assert!(
        loads[1..].iter().filter(|load| **load == 1).count() >= 49,
        "{loads:?}"
    );
}

#[test]
fn most_partitions_are_where_unbounded_rendezvous_hashing_has_them() {
    let members = members(10);
    let partitions = unowned(1_000);
    let highest_score = |candidate: &Candidate| {
        let partition = digest_of_partition(&candidate.stream, candidate.partition);
        (0..10).max_by_key(|member| uniform_bits(digest_of_node(&members[*member].id), partition))
    };
    let plan = assign(&members, &partitions);
    let same = partitions
        .iter()
        .zip(&plan)
        .filter(|(p, to)| highest_score(p) == **to)
        .count();
    assert!(same > 850, "{same}");
}

#[test]
fn a_hundred_nodes_share_ten_thousand_partitions_and_let_one_in_and_out() {
    let hundred_and_one = members(101);
    let before = assigned(&hundred_and_one[..100], &unowned(10_000));
    assert!(
        loads(&hundred_and_one[..100], &before)
            .iter()
            .all(|load| *load == 100)
    );
    let joined = assigned(&hundred_and_one, &before);
    let moves = moved(&before, &joined);
    assert!(moves.len() <= 110, "{}", moves.len());
    assert!(
        moves
            .iter()
            .all(|(_, after)| after.owner.as_ref() == Some(&hundred_and_one[100].id))
    );
    let left = assigned(&hundred_and_one[1..], &joined);
    assert!(
        moved(&joined, &left)
            .iter()
            .all(|(from, _)| from.owner.as_ref() == Some(&hundred_and_one[0].id))
    );
}

proptest! {
    #[test]
    fn every_partition_is_assigned_and_every_member_within_bounds(members in any_members(), partitions in any_partitions()) {
        let after = assigned(&members, &partitions);
        prop_assert!(after.iter().all(|candidate| candidate.owner.is_some()));
        for (load, bounds) in loads(&members, &after).into_iter().zip(bounds(&members, partitions.len())) {
            prop_assert!((bounds.lower..=bounds.upper).contains(&load), "{load} is not within {bounds:?}");
        }
    }

    #[test]
    fn the_order_of_the_inputs_does_not_matter(
        members in any_members(),
        partitions in any_partitions(),
        seed in any::<u64>(),
    ) {
        let shuffled = |count: usize, salt: u64| {
            let mut order: Vec<usize> = (0..count).collect();
            order.sort_by_key(|at| uniform_bits(seed ^ salt, (*at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
            order
        };
        let other_members: Vec<Member> = shuffled(members.len(), 1).into_iter().map(|at| members[at].clone()).collect();
        let other_partitions: Vec<Candidate> =
            shuffled(partitions.len(), 2).into_iter().map(|at| partitions[at].clone()).collect();
        let mapping = |after: Vec<Candidate>| -> BTreeMap<(StreamId, Partition), Option<NodeId>> {
            after.into_iter().map(|candidate| ((candidate.stream, candidate.partition), candidate.owner)).collect()
        };
        prop_assert_eq!(
            mapping(assigned(&members, &partitions)),
            mapping(assigned(&other_members, &other_partitions))
        );
    }

    #[test]
    fn only_what_must_move_moves(members in any_members(), partitions in any_partitions()) {
        let ids: BTreeSet<&NodeId> = members.iter().map(|member| &member.id).collect();
        let after = assigned(&members, &partitions);
        let of_members = moved(&partitions, &after)
            .iter()
            .filter(|(before, _)| before.owner.as_ref().is_some_and(|owner| ids.contains(owner)))
            .count();
        prop_assert_eq!(of_members, necessary_moves(&members, &partitions));
    }

    #[test]
    fn a_giver_keeps_what_it_scores_highest_for(members in any_members(), partitions in any_partitions()) {
        let after = assigned(&members, &partitions);
        for member in &members {
            let digest = digest_of_node(&member.id);
            let score = |p: &Candidate| uniform_bits(digest, digest_of_partition(&p.stream, p.partition));
            let had = |p: &&(&Candidate, &Candidate)| p.0.owner.as_ref() == Some(&member.id);
            let pairs: Vec<_> = partitions.iter().zip(&after).collect();
            let (kept, given): (Vec<_>, Vec<_>) = pairs.iter().filter(had).partition(|(b, a)| b.owner == a.owner);
            let lowest_kept = kept.iter().map(|(p, _)| score(p)).min().unwrap_or(u64::MAX);
            prop_assert!(given.iter().all(|(p, _)| score(p) <= lowest_kept));
            // Nobody gives and takes.
            let taken = pairs.iter().any(|(b, a)| a.owner.as_ref() == Some(&member.id) && b.owner != a.owner);
            prop_assert!(given.is_empty() || !taken);
        }
    }

    #[test]
    fn no_two_moving_partitions_would_rather_be_swapped(members in any_members(), partitions in any_partitions()) {
        let plan = assign(&members, &partitions);
        let after = carried_out(&members, &partitions, &plan);
        let cost = |p: &Candidate, to: usize| {
            let bits = uniform_bits(digest_of_node(&members[to].id), digest_of_partition(&p.stream, p.partition));
            -hash::uniform(bits).ln() / members[to].weight
        };
        let moving: Vec<(&Candidate, usize)> = moved(&partitions, &after)
            .into_iter()
            .map(|(_, p)| (p, members.iter().position(|member| Some(&member.id) == p.owner.as_ref()).unwrap()))
            .collect();
        for (p, to) in &moving {
            for (other, elsewhere) in &moving {
                let both_gain = cost(p, *elsewhere) < cost(p, *to) && cost(p, *elsewhere) < cost(other, *elsewhere);
                prop_assert!(to == elsewhere || !both_gain);
            }
        }
    }

    #[test]
    fn an_assignment_is_final(members in any_members(), partitions in any_partitions()) {
        let after = assigned(&members, &partitions);
        prop_assert_eq!(assigned(&members, &after), after);
    }

    #[test]
    fn nothing_moves_within_the_bounds(members in any_members(), count in 0usize..200, dice in any::<[Index; 16]>()) {
        // A fair start, from which partitions wander between members as long as both stay within bounds.
        let mut partitions = assigned(&members, &unowned(count));
        let bounds = bounds(&members, count);
        for two in dice.chunks_exact(2).filter(|_| count > 0) {
            let (at, to) = (two[0].index(count), two[1].index(members.len()));
            let owned = loads(&members, &partitions);
            let from = members.iter().position(|member| Some(&member.id) == partitions[at].owner.as_ref()).unwrap();
            if owned[from] > bounds[from].lower && owned[to] < bounds[to].upper {
                partitions[at].owner = Some(members[to].id.clone());
            }
        }
        prop_assert_eq!(assigned(&members, &partitions), partitions);
    }

    #[test]
    fn whatever_is_carried_out_first_the_rest_of_the_plan_stays(
        members in any_members(),
        (partitions, first) in any_partitions().prop_flat_map(|partitions| {
            let all: Vec<usize> = (0..partitions.len()).collect();
            (Just(partitions), subsequence(all.clone(), 0..=all.len()))
        }),
    ) {
        let after = assigned(&members, &partitions);
        let mut partly = partitions;
        for at in first {
            partly[at].owner.clone_from(&after[at].owner);
        }
        prop_assert_eq!(assigned(&members, &partly), after);
    }

    #[test]
    fn a_join_moves_no_more_than_a_share_and_only_to_the_newcomer(count in 1usize..20, partitions in 0usize..300) {
        let together = members(count + 1);
        let before = assigned(&together[..count], &unowned(partitions));
        let after = assigned(&together, &before);
        let moves = moved(&before, &after);
        prop_assert!(moves.len() <= partitions / (count + 1), "{} moves", moves.len());
        prop_assert!(moves.iter().all(|(_, to)| to.owner.as_ref() == Some(&together[count].id)));
    }

    #[test]
    fn a_leave_moves_only_what_the_leaver_had(count in 2usize..20, partitions in 0usize..300, who in any::<Index>()) {
        let mut staying = members(count);
        let before = assigned(&staying, &unowned(partitions));
        let leaver = staying.remove(who.index(count));
        let after = assigned(&staying, &before);
        prop_assert!(moved(&before, &after).iter().all(|(from, _)| from.owner.as_ref() == Some(&leaver.id)));
    }

    #[test]
    fn through_any_history_the_bounds_hold_and_moves_are_the_fewest(
        history in prop::collection::vec((0usize..12, 1u32..8), 1..30),
        count in 0usize..200,
    ) {
        let mut here: BTreeMap<usize, f64> = BTreeMap::new();
        let mut partitions = unowned(count);
        for (number, weight) in history {
            // Who is here leaves, who is not joins.
            if here.remove(&number).is_none() {
                here.insert(number, f64::from(weight) / 4.0);
            }
            let members: Vec<Member> = here.iter().map(|(number, weight)| member(*number, *weight)).collect();
            let after = assigned(&members, &partitions);
            let of_members = moved(&partitions, &after)
                .iter()
                .filter(|(before, _)| members.iter().any(|member| Some(&member.id) == before.owner.as_ref()))
                .count();
            prop_assert_eq!(of_members, necessary_moves(&members, &partitions));
            for (load, bounds) in loads(&members, &after).into_iter().zip(bounds(&members, count)) {
                prop_assert!((bounds.lower..=bounds.upper).contains(&load), "{load} is not within {bounds:?}");
            }
            partitions = after;
        }
    }
}
