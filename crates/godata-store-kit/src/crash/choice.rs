//! Chooses which of the unsynced changes survive a crash.

use std::fmt::Write as _;

use super::Thoroughness;
use super::moment::Open;
use crate::{Event, Seeded};

/// The unit in which a disk writes.
const BLOCK: usize = 512;

/// The fate of a change that was not durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Kept,
    Dropped,
    /// Only this many bytes of the write survive.
    Cut(usize),
    /// The file has the length after the write, and some of the bytes are zeros.
    Zeros {
        from: usize,
        to: usize,
    },
    /// The same with garbage instead of zeros.
    Garbage {
        from: usize,
        to: usize,
        seed: u64,
    },
}

/// A fate for each change that is not durable.
#[derive(Clone, Debug)]
pub(super) struct Choices(Vec<Fate>);

impl Choices {
    pub(super) fn fates(&self) -> &[Fate] {
        &self.0
    }

    /// No change survives.
    pub(super) fn nothing(open: &[Open]) -> Self {
        Self(vec![Fate::Dropped; open.len()])
    }

    /// The possible choices, as thoroughly as asked.
    pub(super) fn all(open: &[Open], thoroughness: Thoroughness, seeded: &mut Seeded) -> Vec<Self> {
        let mut all = Self::subsets(open.len(), thoroughness, seeded);
        if let Some(last) = open.iter().rposition(|open| matches!(open.change, Event::Write { .. })) {
            let fates = torn(&open[last], thoroughness, seeded);
            all.extend(fates.into_iter().map(|fate| {
                let mut choices = Self(vec![Fate::Kept; open.len()]);
                choices.0[last] = fate;
                choices
            }));
        }
        if open.len() > 1 {
            all.extend((0..1 << thoroughness.subsets_of).map(|_| Self::random(open, seeded)));
        }
        all
    }

    /// Each change survives as a whole or not at all.
    fn subsets(count: usize, thoroughness: Thoroughness, seeded: &mut Seeded) -> Vec<Self> {
        let fate = |kept| if kept { Fate::Kept } else { Fate::Dropped };
        let choose = |kept: &mut dyn FnMut(usize) -> bool| Self((0..count).map(|n| fate(kept(n))).collect());
        if count <= thoroughness.subsets_of as usize {
            return (0..1_u32 << count).map(|bits| choose(&mut |n| bits >> n & 1 == 1)).collect();
        }
        let mut all = vec![choose(&mut |_| true), choose(&mut |_| false)];
        for one in 0..count {
            all.push(choose(&mut |n| n != one));
            all.push(choose(&mut |n| n == one));
            all.push(choose(&mut |n| n <= one));
        }
        all.extend((0..1 << thoroughness.subsets_of).map(|_| choose(&mut |_| seeded.one_in(2))));
        all
    }

    /// Each change has any fate.
    fn random(open: &[Open], seeded: &mut Seeded) -> Self {
        Self(
            open.iter()
                .map(|open| match seeded.below(6) {
                    0 | 1 => Fate::Kept,
                    2 | 3 => Fate::Dropped,
                    _ => torn_at_random(open, seeded),
                })
                .collect(),
        )
    }

    /// In words, one line per change.
    pub(super) fn describe(&self, open: &[Open]) -> String {
        let mut text = String::new();
        for (open, fate) in open.iter().zip(&self.0) {
            let _infallible = match &open.change {
                Event::Write { file, at, bytes } => {
                    writeln!(text, "write of {} bytes at {at} of {file:?}: {fate:?}", bytes.len())
                }
                change => writeln!(text, "{change:?}: {fate:?}"),
            };
        }
        text
    }
}

/// The possible fates of the last write.
fn torn(open: &Open, thoroughness: Thoroughness, seeded: &mut Seeded) -> Vec<Fate> {
    let Event::Write { at, bytes, .. } = &open.change else { return Vec::new() };
    let len = bytes.len();
    let mut fates: Vec<Fate> = if len <= thoroughness.cuts {
        (0..len).map(Fate::Cut).collect()
    } else {
        (0..thoroughness.cuts).map(|_| Fate::Cut(seeded.below(len))).collect()
    };
    if open.grows {
        // Whole blocks of the file, as many as there are of them in the write.
        let mut blocks = vec![0];
        blocks.extend((at.next_multiple_of(BLOCK)..at + len).step_by(BLOCK).map(|block| block - at));
        blocks.dedup();
        if blocks.len() > thoroughness.cuts {
            blocks = (0..thoroughness.cuts).map(|_| *seeded.pick(&blocks)).collect();
        }
        for from in blocks {
            let next = (at + from + 1).next_multiple_of(BLOCK) - at;
            for to in [len, next.min(len)] {
                fates.push(Fate::Zeros { from, to });
                fates.push(Fate::Garbage { from, to, seed: seeded.number() });
            }
        }
    }
    fates
}

fn torn_at_random(open: &Open, seeded: &mut Seeded) -> Fate {
    let Event::Write { bytes, .. } = &open.change else { return Fate::Kept };
    let (from, to) = (seeded.below(bytes.len()), bytes.len());
    match seeded.below(3) {
        0 if open.grows => Fate::Zeros { from, to },
        1 if open.grows => Fate::Garbage { from, to, seed: seeded.number() },
        _ => Fate::Cut(from),
    }
}
