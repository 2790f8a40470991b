//! Which instants local times are.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use time::UtcDateTime;

use crate::horizon::{END_SECOND, instant_of, second_of};
use crate::wall::Pattern;
use crate::zone::Stretch;
use crate::{Dst, DstGap, DstOverlap, Zone, effort};

/// No zone is farther from UTC than this, in seconds.
const FARTHEST: i64 = 26 * 3_600;

/// Local times in a zone: what every schedule but an interval comes down to.
///
/// Real time is looked at in stretches of one offset each, between two clock changes. Within a stretch local times
/// and instants are in the same order, so each question is one to the pattern and some sums. What a change takes
/// away or repeats is decided where two stretches meet, and nowhere else:
///
/// * an overlap belongs to the stretch before the change, to the one after it, or to both;
/// * the times of a gap belong to the stretch after it, at its start or as much later as the gap is long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalSchedule {
    pub(crate) pattern: Arc<Pattern>,
    pub(crate) zone: Zone,
    pub(crate) dst: Dst,
}

impl LocalSchedule {
    pub(crate) fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        let mut from = (second_of(after) + 1).max(0);
        while from < END_SECOND {
            effort::spend(4);
            let stretch = self.zone.stretch(from);
            if let Some(found) = self.first_in(&stretch, from) {
                return instant_of(found);
            }
            // Nothing is due before the next local time that is left, wherever its zone is by then.
            let local = self.pattern.at_or_after(stretch.end + stretch.offset.min(stretch.offset_after))?;
            from = stretch.end.max(local - FARTHEST);
        }
        None
    }

    pub(crate) fn previous(&self, before: UtcDateTime) -> Option<UtcDateTime> {
        // An instant within a second is after that second has begun.
        let begun = second_of(before) - i64::from(before.nanosecond() == 0);
        let mut to = begun.min(END_SECOND - 1);
        while to >= 0 {
            effort::spend(4);
            let stretch = self.zone.stretch(to);
            if let Some(found) = self.last_in(&stretch, to) {
                return instant_of(found);
            }
            let local = self.pattern.before(stretch.start + stretch.offset.max(stretch.offset_before))?;
            to = (stretch.start - 1).min(local + FARTHEST);
        }
        None
    }

    pub(crate) fn count_between(&self, after: UtcDateTime, until: UtcDateTime) -> u64 {
        let mut from = (second_of(after) + 1).max(0);
        let to = second_of(until).min(END_SECOND - 1);
        let mut count = 0;
        while from <= to {
            let stretch = self.zone.stretch(from);
            count += self.count_in(&stretch, from..=to);
            from = stretch.end;
        }
        count
    }

    /// The first second of a stretch, from `from` on, at which it is due.
    fn first_in(&self, stretch: &Stretch, from: i64) -> Option<i64> {
        let own = self.own(stretch);
        let own = own.start.max(from + stretch.offset)..own.end;
        let plain = self.pattern.first_in(own).map(|local| local - stretch.offset);
        let gap = gap(stretch);
        let moved = match self.dst.gap {
            _ if gap.is_empty() => None,
            DstGap::Skip => None,
            DstGap::RunAfter if from > stretch.start => None,
            DstGap::RunAfter => self.pattern.first_in(gap).map(|_| stretch.start),
            DstGap::Shift => {
                let gap = gap.start.max(from + stretch.offset_before)..gap.end;
                self.pattern.first_in(gap).map(|local| local - stretch.offset_before)
            }
        };
        plain.into_iter().chain(moved).min()
    }

    /// The last second of a stretch, up to `to`, at which it is due.
    fn last_in(&self, stretch: &Stretch, to: i64) -> Option<i64> {
        let own = self.own(stretch);
        let own = own.start..own.end.min(to + 1 + stretch.offset);
        let plain = self.pattern.last_in(own).map(|local| local - stretch.offset);
        let gap = gap(stretch);
        let moved = match self.dst.gap {
            _ if gap.is_empty() => None,
            DstGap::Skip => None,
            DstGap::RunAfter if to < stretch.start => None,
            DstGap::RunAfter => self.pattern.first_in(gap).map(|_| stretch.start),
            DstGap::Shift => {
                let gap = gap.start..gap.end.min(to + 1 + stretch.offset_before);
                self.pattern.last_in(gap).map(|local| local - stretch.offset_before)
            }
        };
        plain.into_iter().chain(moved).max()
    }

    /// How many seconds of a stretch it is due at, of those asked for.
    fn count_in(&self, stretch: &Stretch, asked: RangeInclusive<i64>) -> u64 {
        let (from, to) = asked.into_inner();
        let own = self.own(stretch);
        let plain = own.start.max(from + stretch.offset)..own.end.min(to + 1 + stretch.offset);
        let is_plain = |second: i64| {
            let local = second + stretch.offset;
            plain.contains(&local) && self.pattern.first_in(local..local + 1).is_some()
        };
        let gap = gap(stretch);
        let moved = match self.dst.gap {
            _ if gap.is_empty() => 0,
            DstGap::Skip => 0,
            DstGap::RunAfter => {
                let due = (from..=to).contains(&stretch.start) && self.pattern.first_in(gap).is_some();
                u64::from(due && !is_plain(stretch.start))
            }
            DstGap::Shift => {
                let start = gap.start.max(from + stretch.offset_before);
                let end = gap.end.min(to + 1 + stretch.offset_before);
                let mut count = 0;
                let mut next = self.pattern.first_in(start..end);
                while let Some(local) = next {
                    count += u64::from(!is_plain(local - stretch.offset_before));
                    next = self.pattern.first_in(local + 1..end);
                }
                count
            }
        };
        self.pattern.count_in(plain.clone()) + moved
    }

    /// The local times of a stretch that run in it.
    fn own(&self, stretch: &Stretch) -> Range<i64> {
        let mut start = stretch.start + stretch.offset;
        let mut end = stretch.end + stretch.offset;
        match self.dst.overlap {
            DstOverlap::First => start = start.max(stretch.start + stretch.offset_before),
            DstOverlap::Last => end = end.min(stretch.end + stretch.offset_after),
            DstOverlap::Both => {}
        }
        start..end
    }
}

/// The local times that the clock change at the start of a stretch took away.
fn gap(stretch: &Stretch) -> Range<i64> {
    stretch.start + stretch.offset_before..stretch.start + stretch.offset
}

/// What a kind of schedule leaves to its field `local`, and to its `Display`.
macro_rules! local_schedule {
    () => {
        fn next(&self, after: time::UtcDateTime) -> Option<time::UtcDateTime> {
            self.local.next(after)
        }

        fn previous(&self, before: time::UtcDateTime) -> Option<time::UtcDateTime> {
            self.local.previous(before)
        }

        fn count_between(&self, after: time::UtcDateTime, until: time::UtcDateTime) -> u64 {
            self.local.count_between(after, until)
        }

        fn spec(&self) -> String {
            self.to_string()
        }
    };
}

pub(crate) use local_schedule;
