//! Numbers that only look random: a function of a seed, the same on every machine.

/// A source of numbers that follow from a seed: Steele, Lea and Flood's `SplitMix64`.
///
/// ```
/// use wasi_poll_preview1::Random;
/// let (mut one, mut other) = (Random::new(7), Random::new(7));
/// assert_eq!(one.next_u64(), other.next_u64());
/// assert!(one.below(6) < 6);
/// ```
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The numbers of this seed, from the first on.
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// Any number.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 when that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // The upper half of the product: evenly enough, and without a division.
        ((u128::from(self.next_u64()) * u128::from(end)) >> 64) as u64
    }

    /// True `parts` times in a million.
    pub fn chance(&mut self, parts_per_million: u32) -> bool {
        parts_per_million > 0 && self.below(1_000_000) < u64::from(parts_per_million)
    }

    /// Another source, whose numbers have nothing to do with those that follow here.
    #[must_use]
    pub fn split(&mut self) -> Random {
        Random::new(self.next_u64())
    }
}

#[cfg(test)]
mod tests {
    use super::Random;
    use crate::test_attribute::test;

    #[test]
    fn a_seed_has_the_numbers_its_authors_publish() {
        let mut random = Random::new(1_234_567);
        let numbers: Vec<u64> = (0..3).map(|_| random.next_u64()).collect();
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn a_number_below_an_end_never_reaches_it() {
        let mut random = Random::new(0);
        assert!((0..1_000).all(|_| random.below(3) < 3));
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn a_chance_of_a_million_in_a_million_is_certain_and_one_of_none_never_comes() {
        let mut random = Random::new(0);
        assert!((0..1_000).all(|_| random.chance(1_000_000) && !random.chance(0)));
    }
}
