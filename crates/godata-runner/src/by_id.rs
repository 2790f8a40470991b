//! A map by run id.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use godata_core::RunId;

/// A map by run id. Ids are random enough that it suffices to mix their bits. A caller that chooses ids which collide only
/// slows down its own runs.
pub(crate) type ById<T> = HashMap<RunId, T, BuildHasherDefault<Mix>>;

/// Multiplies by an odd number, which carries each bit upward, and then folds the high bits down.
#[derive(Default)]
pub(crate) struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for bytes in bytes.chunks(8) {
            let word = bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            self.write_u64(word);
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(32) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::{BuildHasher as _, BuildHasherDefault};

    use super::*;

    /// A map chooses an entry's place by the low bits, and tells it from its neighbors by seven of the high bits.
    #[test]
    fn ids_of_one_process_are_spread_over_low_and_high_bits() {
        let hasher = BuildHasherDefault::<Mix>::default();
        let hashes: Vec<_> = (0..4_096).map(|_| hasher.hash_one(RunId::generate())).collect();
        let low: HashSet<_> = hashes.iter().map(|hash| hash & 0xfff).collect();
        let high: HashSet<_> = hashes.iter().map(|hash| hash >> 57).collect();
        // Of 4,096 random places 63 % are taken.
        assert!(low.len() > 2_300, "{} places", low.len());
        assert_eq!(high.len(), 128);
    }
}
