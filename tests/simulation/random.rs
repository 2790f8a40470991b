//! Chance that repeats.

use std::time::Duration;

/// SplitMix64 (Steele, Lea, Flood 2014): the same seed draws the same on every machine and with every version of every
/// dependency, so that a seed which is written down stays what it is.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own, which drawing from this one does not change.
    pub(crate) fn stream(seed: u64, name: &str) -> Self {
        let label = name.bytes().fold(0_u64, |label, byte| label.wrapping_mul(131).wrapping_add(byte.into()));
        Self(Self(seed ^ label).next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to and without `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True once in so many times.
    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn per_mille(&mut self, share: u64) -> bool {
        self.below(1_000) < share
    }

    pub(crate) fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        let at = self.below(among.len() as u64) as usize;
        &among[at]
    }

    /// Up to `longest`; short ones are as likely as long ones, by their order of magnitude.
    pub(crate) fn duration(&mut self, longest: Duration) -> Duration {
        let magnitudes = u64::from(longest.as_millis().max(1).ilog2()) + 1;
        let magnitude = self.below(magnitudes);
        let bound = 1_u64 << (magnitude + 1);
        Duration::from_millis(self.below(bound)).min(longest)
    }

    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            all.swap(last, other);
        }
    }
}
