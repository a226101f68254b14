//! Randomness that is the same for the same seed, on every machine and in every version.
//!
//! Generators of the `rand` crate may change their output between versions; a demo that is to be reproducible
//! cannot.

/// Spreads the bits of a number over the whole range. Used to derive stable traits from an id.
pub(super) fn scramble(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// SplitMix64: small, fast and good enough for a shop.
#[derive(Clone, Debug)]
pub(super) struct Random {
    state: u64,
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Random { state: seed }
    }

    pub(super) fn next_u64(&mut self) -> u64 {
        let value = scramble(self.state);
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        value
    }

    /// A number in `0..bound`; 0 when there is nothing to choose from.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next_u64()) * bound as u128) >> 64) as usize
    }

    /// A number in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
}

/// Draws indexes by weight in constant time (Walker's alias method).
#[derive(Clone, Debug)]
pub(super) struct WeightedChoice {
    /// For each slot: the share of it that is its own, and the index that has the rest.
    slots: Vec<(f64, usize)>,
}

impl WeightedChoice {
    pub(super) fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let weights: Vec<f64> = weights.into_iter().collect();
        let total: f64 = weights.iter().sum();
        let mut shares: Vec<f64> = weights
            .iter()
            .map(|weight| weight * weights.len() as f64 / total)
            .collect();
        let mut slots: Vec<(f64, usize)> = (0..weights.len()).map(|index| (1.0, index)).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..shares.len()).partition(|&index| shares[index] < 1.0);
        while let (Some(&donor), Some(needy)) = (large.last(), small.pop()) {
            slots[needy] = (shares[needy], donor);
            shares[donor] -= 1.0 - shares[needy];
            if shares[donor] < 1.0 {
                large.pop();
                small.push(donor);
            }
        }
        WeightedChoice { slots }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn pick(&self, random: &mut Random) -> usize {
        let slot = random.below(self.slots.len());
        let (own_share, other) = self.slots[slot];
        if random.unit() < own_share { slot } else { other }
    }
}

#[cfg(test)]
mod tests {
    use super::{Random, WeightedChoice};

    #[test]
    fn numbers_are_fixed_for_ever() {
        let mut random = Random::new(0);
        assert_eq!(random.next_u64(), 0xE220_A839_7B1D_CDAF);
        assert_eq!(random.next_u64(), 0x6E78_9E6A_A1B9_65F4);
    }

    #[test]
    fn stays_below_the_bound() {
        let mut random = Random::new(7);
        assert!((0..10_000).all(|_| random.below(3) < 3));
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn draws_in_proportion_to_the_weights() {
        let choice = WeightedChoice::new([1.0, 0.0, 6.0, 3.0]);
        let mut random = Random::new(1);
        let mut drawn = [0_u32; 4];
        for _ in 0..100_000 {
            drawn[choice.pick(&mut random)] += 1;
        }
        assert_eq!(drawn[1], 0);
        for (count, expected) in drawn.into_iter().zip([10_000_u32, 0, 60_000, 30_000]) {
            assert!(count.abs_diff(expected) < 1_000, "{drawn:?}");
        }
    }
}
