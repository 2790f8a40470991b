//! Which instants a schedule has, found by looking at every minute.

use std::ops::Range;

use godata::scheduler::{DstGap, DstOverlap};

use crate::offsets::Offsets;
use crate::subjects::{Local, Subject};

const DAY: i64 = 86_400;
const MINUTE: i64 = 60;

/// Three days, minute by minute.
pub(crate) struct Window {
    range: Range<i64>,
    minutes: Vec<Minute>,
}

/// One minute of local time.
struct Minute {
    local: Local,
    /// The instants at which clocks show it, in ascending order: none in a gap, two in an overlap.
    instants: Vec<i64>,
    /// If it is in a gap: the instant after the gap, and the instant as much later as the gap is long.
    after_gap: Option<(i64, i64)>,
}

impl Window {
    pub(crate) fn around(middle: i64, offsets: &Offsets) -> Self {
        let range = (middle - 3 * DAY / 2).max(0)..middle + 3 * DAY / 2;
        let first = (range.start - DAY).div_euclid(MINUTE) * MINUTE;
        let locals = (first..range.end + DAY).step_by(60);
        Self { minutes: locals.map(|local| Minute::of(local, offsets)).collect(), range }
    }

    pub(crate) fn range(&self) -> Range<i64> {
        self.range.clone()
    }

    /// The instants of a schedule, each once, in ascending order.
    pub(crate) fn instants(&self, subject: &Subject) -> Vec<i64> {
        let minutes = self.minutes.iter().filter(|minute| (subject.has)(&minute.local));
        let mut instants: Vec<i64> = minutes.flat_map(|minute| minute.instants_of(subject)).collect();
        instants.retain(|instant| self.range.contains(instant));
        instants.sort_unstable();
        instants.dedup();
        instants
    }
}

impl Minute {
    fn of(local: i64, offsets: &Offsets) -> Self {
        let near = offsets.near(local);
        let mut instants: Vec<i64> = near
            .iter()
            .map(|offset| (local - offset, offset))
            .filter(|(second, offset)| offsets.at(*second) == **offset)
            .map(|(second, _)| second)
            .collect();
        instants.sort_unstable();
        let after_gap = instants.is_empty().then(|| {
            let end = offsets.end_of_gap(local);
            (end, local - offsets.before(end))
        });
        Self { local: Local::of(local), instants, after_gap }
    }

    fn instants_of(&self, subject: &Subject) -> Vec<i64> {
        let [first, .., last] = self.instants[..] else {
            return match (self.after_gap, subject.dst) {
                (Some(_), None) => vec![],
                (Some((end, shifted)), Some(dst)) => match dst.gap {
                    DstGap::RunAfter => vec![end],
                    DstGap::Shift => vec![shifted],
                    DstGap::Skip => vec![],
                    other => unreachable!("the oracle does not know {other}"),
                },
                (None, _) => self.instants.clone(),
            };
        };
        match subject.dst.map(|dst| dst.overlap) {
            Some(DstOverlap::First) => vec![first],
            Some(DstOverlap::Last) => vec![last],
            Some(DstOverlap::Both) | None => self.instants.clone(),
            Some(other) => unreachable!("the oracle does not know {other}"),
        }
    }
}
