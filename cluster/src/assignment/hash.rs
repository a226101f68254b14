//! Hashes on which all nodes agree. Written out, since nodes of different builds must agree on them,
//! which no library's default hasher promises.

use crate::ids::{NodeId, Partition, StreamId};

pub(super) fn digest_of_node(id: &NodeId) -> u64 {
    let mut hash = Fnv64::new();
    hash.write(id.as_str().as_bytes());
    mix(hash.0)
}

pub(super) fn digest_of_partition(stream: &StreamId, partition: Partition) -> u64 {
    let mut hash = Fnv64::new();
    hash.write(stream.connection().as_bytes());
    // A byte that no name can hold.
    hash.write(&[0xff]);
    hash.write(stream.topic().as_bytes());
    hash.write(&[0xff]);
    hash.write(&partition.to_le_bytes());
    mix(hash.0)
}

/// 52 bits from the digests of a node and of a partition, as good as random.
pub(super) fn uniform_bits(node: u64, partition: u64) -> u64 {
    mix(node ^ partition) >> 12
}

/// `bits` as a number strictly between 0 and 1. A 53rd bit would round the largest up to 1.
pub(super) fn uniform(bits: u64) -> f64 {
    (bits as f64 + 0.5) / (1u64 << 52) as f64
}

/// The finishing mix of MurmurHash3.
fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// FNV-1a.
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uniform_number_is_never_0_or_1() {
        assert!(uniform(0) > 0.0);
        assert!(uniform((1 << 52) - 1) < 1.0);
    }

    #[test]
    fn builds_agree_on_the_hashes() {
        let partition = digest_of_partition(&"c:events".parse().unwrap(), 7);
        let node = digest_of_node(&"node-1".parse().unwrap());
        assert_eq!(
            (node, partition, uniform_bits(node, partition)),
            (
                10_510_626_701_084_584_709,
                1_557_097_750_712_969_170,
                798_189_280_035_701
            )
        );
    }
}
