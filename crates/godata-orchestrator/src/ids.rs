//! Ids and random numbers.

use godata_core::{JobId, OwnerId, RunId};
use time::UtcDateTime;
use uuid::Uuid;

/// Generates ids and random numbers, from a seed if there is one.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    /// With a seed, ids are generated here and don't depend on the system's clock.
    is_seeded: bool,
    state: u64,
    count: u64,
}

impl Ids {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        let random = || OwnerId::generate().as_uuid().as_u64_pair().1;
        Self { is_seeded: seed.is_some(), state: seed.unwrap_or_else(random), count: 0 }
    }

    pub(crate) fn run(&mut self, now: UtcDateTime) -> RunId {
        if self.is_seeded { self.uuid(now).into() } else { RunId::generate() }
    }

    pub(crate) fn job(&mut self, now: UtcDateTime) -> JobId {
        if self.is_seeded { self.uuid(now).into() } else { JobId::generate() }
    }

    pub(crate) fn owner(&mut self, now: UtcDateTime) -> OwnerId {
        if self.is_seeded { self.uuid(now).into() } else { OwnerId::generate() }
    }

    /// A random number from 0, inclusive, to 1, exclusive.
    pub(crate) fn share(&mut self) -> f64 {
        share_of(self.next())
    }

    /// A UUID of version 7, ordered by the calls within a millisecond: 32 bits count, 42 bits are random.
    fn uuid(&mut self, now: UtcDateTime) -> Uuid {
        self.count += 1;
        let millis = (now.unix_timestamp_nanos() / 1_000_000).max(0).unsigned_abs();
        let (high, low) = (u128::from(self.count >> 20 & 0xfff), u128::from(self.count & 0xf_ffff));
        let random = u128::from(self.next() >> 22);
        Uuid::from_u128(millis << 80 | 7 << 76 | high << 64 | 0b10 << 62 | low << 42 | random)
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }
}

pub(crate) fn mix(state: u64) -> u64 {
    let z = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// A number from 0, inclusive, to 1, exclusive, from as many bits as its mantissa has: 53.
pub(crate) fn share_of(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
