//! Local times: dates and times of day as a clock on the wall shows them, without a zone.

mod days;
mod month;
mod times;

pub(crate) use days::Days;
pub(crate) use month::{date_of, day_of, weekday_of};
pub(crate) use times::{Second, Times};

use std::ops::Range;

pub(crate) const DAY: i64 = 86_400;

/// The local times at which a schedule fires: some times of day on some days.
///
/// `DailyAt`, `MonthlyAt` and `Cron` all search their local times here;
/// [`LocalSchedule`](crate::local_schedule::LocalSchedule) turns them into instants of a zone. A local time is a number:
/// the seconds since 1970-01-01 00:00 on a clock that is never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) days: Days,
    pub(crate) times: Times,
}

impl Pattern {
    /// The first one at or after `local`.
    pub(crate) fn at_or_after(&self, local: i64) -> Option<i64> {
        let (day, second) = split(local);
        let today = || Some(self.times.at_or_after(second)?).filter(|_| self.days.contains(day));
        match today() {
            Some(second) => Some(join(day, second)),
            None => Some(join(self.days.on_or_after(day + 1)?, self.times.at_or_after(0)?)),
        }
    }

    /// The last one before `local`.
    pub(crate) fn before(&self, local: i64) -> Option<i64> {
        let (day, second) = split(local - 1);
        let today = || Some(self.times.at_or_before(second)?).filter(|_| self.days.contains(day));
        match today() {
            Some(second) => Some(join(day, second)),
            None => Some(join(self.days.on_or_before(day - 1)?, self.times.at_or_before(Second::MAX)?)),
        }
    }

    /// The first one in a range.
    pub(crate) fn first_in(&self, local: Range<i64>) -> Option<i64> {
        self.at_or_after(local.start).filter(|found| *found < local.end)
    }

    /// The last one in a range.
    pub(crate) fn last_in(&self, local: Range<i64>) -> Option<i64> {
        self.before(local.end).filter(|found| *found >= local.start)
    }

    /// The number of them in a range. It is calculated, so it takes the same time for any number.
    pub(crate) fn count_in(&self, local: Range<i64>) -> u64 {
        if local.is_empty() {
            return 0;
        }
        let ((first, from), (last, to)) = (split(local.start), split(local.end));
        let before = |day, second| if self.days.contains(day) { self.times.count_before(second) } else { 0 };
        self.days.count(first..last) * self.times.len() + before(last, to) - before(first, from)
    }
}

fn split(local: i64) -> (i64, Second) {
    (local.div_euclid(DAY), local.rem_euclid(DAY) as Second)
}

fn join(day: i64, second: Second) -> i64 {
    day * DAY + i64::from(second)
}
