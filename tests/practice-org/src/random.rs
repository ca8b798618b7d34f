//! Random numbers that repeat: a seed means the same org on every machine and with every version of our dependencies.
//! SplitMix64 is an algorithm with a reference stream, which its crate cannot change.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// A stream of pseudo-random numbers.
#[derive(Debug, Clone)]
pub struct Random(SplitMix64);

impl Random {
    /// The stream of a seed.
    pub fn of_seed(seed: u64) -> Self {
        Self(SplitMix64::seed_from_u64(seed))
    }

    /// The stream of a seed and a purpose: streams of different purposes do not disturb each other when one grows.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mix =
            |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        Self::of_seed(purpose.bytes().fold(seed ^ 0xCBF2_9CE4_8422_2325, mix))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        if bound == 0 {
            0
        } else {
            (self.bits() % bound as u64) as usize
        }
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as usize) as i64
    }

    /// True in `percent` of 100 cases.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the items.
    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_purpose_give_the_same_stream() {
        let (mut a, mut b, mut c) = (
            Random::new(1, "jobs"),
            Random::new(1, "jobs"),
            Random::new(1, "users"),
        );
        let first: Vec<u64> = (0..8).map(|_| a.bits()).collect();
        assert_eq!(first, (0..8).map(|_| b.bits()).collect::<Vec<_>>());
        assert_ne!(first[0], c.bits());
        assert!((0..100).all(|_| (3..=5).contains(&a.between(3, 5))));
    }

    #[test]
    fn the_stream_is_the_one_of_the_reference_implementation() {
        let mut stream = Random::of_seed(1_477_776_061_723_855_037);
        assert_eq!(
            [stream.bits(), stream.bits()],
            [1_985_237_415_132_408_290, 2_979_275_885_539_914_483]
        );
    }
}
