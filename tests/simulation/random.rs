//! Repeatable random numbers.

use std::time::Duration;

/// SplitMix64 (Steele, Lea, Flood 2014). The same seed gives the same numbers on every machine and with every version of the
/// dependencies, so a seed in a report stays valid.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A separate stream, which does not depend on later draws from this one.
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

    /// A number from 0 to `bound`, exclusive. `bound` must not be 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True once in this many calls, on average.
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

    /// A duration up to `longest`; each order of magnitude is equally likely.
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
