//! Which node should work on which partition: weighted rendezvous hashing.
//!
//! Every member draws a score for every partition from a hash of both, and the highest score owns
//! it. The answer depends on nothing but the arguments, so nodes with the same view agree without
//! talking; and when a member joins or leaves, only the partitions it wins or held move.
//! Weights follow Schindelhauer and Schomaker, "Weighted Distributed Hash Tables" (SPAA 2005): with
//! `u` uniform in (0, 1), the score `-weight / ln(u)` is the highest with a chance in proportion
//! to the weight.

use crate::ids::{NodeId, Partition, StreamId};

/// A node that takes part in the assignment.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The node.
    pub id: NodeId,
    /// Its share of the work, relative to the others'; not negative. A member of weight 0 gets
    /// nothing, as a draining one should.
    pub weight: f64,
}

/// The member that should own `partition` of `stream`; `None` when nobody has a weight.
pub fn assign<'a>(members: &'a [Member], stream: &StreamId, partition: Partition) -> Option<&'a NodeId> {
    members
        .iter()
        .filter(|member| member.weight > 0.0)
        .map(|member| (score(member, stream, partition), &member.id))
        // Equal scores are all but impossible; the id then decides, so that nodes still agree.
        .max_by(|(a, a_id), (b, b_id)| a.total_cmp(b).then_with(|| a_id.cmp(b_id)))
        .map(|(_, id)| id)
}

fn score(member: &Member, stream: &StreamId, partition: Partition) -> f64 {
    let mut hash = Fnv64::new();
    hash.write(member.id.as_str().as_bytes());
    hash.write(&[0xff]);
    hash.write(stream.connection().as_bytes());
    hash.write(&[0xff]);
    hash.write(stream.topic().as_bytes());
    hash.write(&[0xff]);
    hash.write(&partition.to_le_bytes());
    // 53 bits make a uniform number strictly inside (0, 1).
    let uniform = ((hash.finish() >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    -member.weight / uniform.ln()
}

/// FNV-1a with a finishing mix (that of MurmurHash3). Written out, since nodes of different builds
/// must agree on it, which no library's default hasher promises.
struct Fnv64(u64);

impl Fnv64 {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(self) -> u64 {
        let mut h = self.0;
        h = (h ^ (h >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        h = (h ^ (h >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        h ^ (h >> 33)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn members(count: usize) -> Vec<Member> {
        (0..count)
            .map(|n| Member {
                id: format!("node-{n}").parse().unwrap(),
                weight: 1.0,
            })
            .collect()
    }

    fn stream() -> StreamId {
        StreamId::new("c", "events").unwrap()
    }

    #[test]
    fn nobody_owns_a_partition_of_an_empty_cluster() {
        assert_eq!(assign(&[], &stream(), 0), None);
        let draining = [Member {
            id: "a".parse().unwrap(),
            weight: 0.0,
        }];
        assert_eq!(assign(&draining, &stream(), 0), None);
    }

    #[test]
    fn shares_follow_the_weights() {
        let mut two = members(2);
        two[1].weight = 3.0;
        let heavy = (0..10_000)
            .filter(|p| assign(&two, &stream(), *p) == Some(&two[1].id))
            .count();
        assert!((7_200..7_800).contains(&heavy), "{heavy}");
    }

    proptest! {
        #[test]
        fn the_order_of_members_does_not_matter(count in 1usize..20, partition in 0i32..1_000) {
            let forward = members(count);
            let mut backward = forward.clone();
            backward.reverse();
            prop_assert_eq!(assign(&forward, &stream(), partition), assign(&backward, &stream(), partition));
        }

        #[test]
        fn a_join_moves_partitions_to_the_newcomer_only(count in 1usize..20, partition in 0i32..1_000) {
            let after = members(count + 1);
            let before = assign(&after[..count], &stream(), partition);
            let owner = assign(&after, &stream(), partition);
            prop_assert!(owner == before || owner == Some(&after[count].id));
        }
    }
}
