//! Turns local times into instants.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use time::UtcDateTime;

use crate::horizon::{END_SECOND, instant_of, second_of};
use crate::local_time::Pattern;
use crate::text::policy_in;
use crate::zone::OffsetPeriod;
use crate::{Dst, DstGap, DstOverlap, Zone, search_budget};

/// No offset from UTC is larger than this, in seconds.
const MAX_OFFSET: i64 = 26 * 3_600;

/// Local times in a zone. `DailyAt`, `MonthlyAt` and `Cron` are built on it.
///
/// It searches one offset period after the other. Within a period the offset is constant, so local times and instants
/// are in the same order, and each search is one lookup in the pattern plus an addition. Gaps and overlaps are handled
/// where two periods meet, and nowhere else:
///
/// * the times of an overlap belong to the period before the change, to the one after it, or to both;
/// * the times of a gap belong to the period after it: they run at its start, or later by the length of the gap.
#[derive(Clone, Debug)]
pub(crate) struct LocalSchedule {
    pub(crate) pattern: Arc<Pattern>,
    pub(crate) zone: Zone,
    pub(crate) dst: Dst,
    /// From the first instant to the last. Without it, each search for an instant after the last one would walk through all
    /// the gaps until the end of the horizon.
    fires: Range<i64>,
}

impl PartialEq for LocalSchedule {
    fn eq(&self, other: &Self) -> bool {
        let policy = |schedule: &Self| policy_in(&schedule.zone, schedule.dst);
        self.pattern == other.pattern && self.zone == other.zone && policy(self) == policy(other)
    }
}

impl Eq for LocalSchedule {}

impl LocalSchedule {
    pub(crate) fn new(pattern: Arc<Pattern>, zone: Zone, dst: Dst) -> Self {
        let mut schedule = Self { pattern, zone, dst, fires: 0..END_SECOND };
        if policy_in(&schedule.zone, dst).gap == DstGap::Skip {
            let first = schedule.next(UtcDateTime::MIN).map_or(END_SECOND, second_of);
            let last = schedule.previous(UtcDateTime::MAX).map_or(0, second_of);
            schedule.fires = first..last + 1;
        }
        schedule
    }

    /// See [`Schedule::next`](godata_core::Schedule::next).
    pub(crate) fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        let mut from = (second_of(after) + 1).max(self.fires.start);
        while from < self.fires.end {
            search_budget::spend(4);
            let period = self.zone.offset_period(from);
            if let Some(found) = self.first_in(&period, from) {
                return instant_of(found);
            }
            // Skip to the earliest instant that the pattern's next local time can have at any offset.
            let local = self.pattern.at_or_after(period.end + period.offset.min(period.offset_after))?;
            from = period.end.max(local - MAX_OFFSET);
        }
        None
    }

    /// See [`Schedule::previous`](godata_core::Schedule::previous).
    pub(crate) fn previous(&self, before: UtcDateTime) -> Option<UtcDateTime> {
        // The start of a second is before every later instant within it.
        let last_before = second_of(before) - i64::from(before.nanosecond() == 0);
        let mut to = last_before.min(self.fires.end - 1);
        while to >= self.fires.start {
            search_budget::spend(4);
            let period = self.zone.offset_period(to);
            if let Some(found) = self.last_in(&period, to) {
                return instant_of(found);
            }
            let local = self.pattern.before(period.start + period.offset.max(period.offset_before))?;
            to = (period.start - 1).min(local + MAX_OFFSET);
        }
        None
    }

    /// See [`Schedule::count_between`](godata_core::Schedule::count_between).
    pub(crate) fn count_between(&self, after: UtcDateTime, until: UtcDateTime) -> u64 {
        let mut from = (second_of(after) + 1).max(0);
        let to = second_of(until).min(END_SECOND - 1);
        let mut count = 0;
        while from <= to {
            let period = self.zone.offset_period(from);
            count += self.count_in(&period, from..=to);
            from = period.end;
        }
        count
    }

    /// The first second in a period, at or after `from`, at which the schedule fires.
    fn first_in(&self, period: &OffsetPeriod, from: i64) -> Option<i64> {
        let own = self.own(period);
        let own = own.start.max(from + period.offset)..own.end;
        let plain = self.pattern.first_in(own).map(|local| local - period.offset);
        let gap = gap(period);
        let moved = match self.dst.gap {
            _ if gap.is_empty() => None,
            DstGap::Skip => None,
            DstGap::RunAfter if from > period.start => None,
            DstGap::RunAfter => self.pattern.first_in(gap).map(|_| period.start),
            DstGap::Shift => {
                let gap = gap.start.max(from + period.offset_before)..gap.end;
                self.pattern.first_in(gap).map(|local| local - period.offset_before)
            }
        };
        plain.into_iter().chain(moved).min()
    }

    /// The last second in a period, at or before `to`, at which the schedule fires.
    fn last_in(&self, period: &OffsetPeriod, to: i64) -> Option<i64> {
        let own = self.own(period);
        let own = own.start..own.end.min(to + 1 + period.offset);
        let plain = self.pattern.last_in(own).map(|local| local - period.offset);
        let gap = gap(period);
        let moved = match self.dst.gap {
            _ if gap.is_empty() => None,
            DstGap::Skip => None,
            DstGap::RunAfter if to < period.start => None,
            DstGap::RunAfter => self.pattern.first_in(gap).map(|_| period.start),
            DstGap::Shift => {
                let gap = gap.start..gap.end.min(to + 1 + period.offset_before);
                self.pattern.last_in(gap).map(|local| local - period.offset_before)
            }
        };
        plain.into_iter().chain(moved).max()
    }

    /// The number of seconds in a period and a range at which the schedule fires.
    fn count_in(&self, period: &OffsetPeriod, range: RangeInclusive<i64>) -> u64 {
        let (from, to) = range.into_inner();
        let own = self.own(period);
        let plain = own.start.max(from + period.offset)..own.end.min(to + 1 + period.offset);
        let is_plain = |second: i64| {
            let local = second + period.offset;
            plain.contains(&local) && self.pattern.first_in(local..local + 1).is_some()
        };
        let gap = gap(period);
        let moved = match self.dst.gap {
            _ if gap.is_empty() => 0,
            DstGap::Skip => 0,
            DstGap::RunAfter => {
                let due = (from..=to).contains(&period.start) && self.pattern.first_in(gap).is_some();
                u64::from(due && !is_plain(period.start))
            }
            DstGap::Shift => {
                let start = gap.start.max(from + period.offset_before);
                let end = gap.end.min(to + 1 + period.offset_before);
                let mut count = 0;
                let mut next = self.pattern.first_in(start..end);
                while let Some(local) = next {
                    count += u64::from(!is_plain(local - period.offset_before));
                    next = self.pattern.first_in(local + 1..end);
                }
                count
            }
        };
        self.pattern.count_in(plain.clone()) + moved
    }

    /// The local times that belong to a period, without those of a gap.
    fn own(&self, period: &OffsetPeriod) -> Range<i64> {
        let mut start = period.start + period.offset;
        let mut end = period.end + period.offset;
        match self.dst.overlap {
            DstOverlap::First => start = start.max(period.start + period.offset_before),
            DstOverlap::Last => end = end.min(period.end + period.offset_after),
            DstOverlap::Both => {}
        }
        start..end
    }
}

/// The local times that the clock change at the start of a period skips; empty unless the clocks went forward.
fn gap(period: &OffsetPeriod) -> Range<i64> {
    period.start + period.offset_before..period.start + period.offset
}
