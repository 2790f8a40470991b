//! Methods for every schedule.

use std::iter::FusedIterator;
use std::ops::RangeBounds;

use godata_core::Schedule;
use time::UtcDateTime;

use crate::{AnySchedule, Between, Calendar, Except, ScheduleError};

/// Methods for every [`Schedule`], including your own and those of other crates.
pub trait ScheduleExt: Schedule {
    /// Iterates over the instants after `after`, in order.
    ///
    /// ```
    /// use godata_scheduler::time::UtcDateTime;
    /// use godata_scheduler::{ScheduleExt, parse};
    ///
    /// let schedule = parse("monthly last 12:00")?;
    /// let days: Vec<_> = schedule.upcoming(UtcDateTime::UNIX_EPOCH).take(3).map(UtcDateTime::day).collect();
    /// assert_eq!(days, [31, 28, 31]);
    /// # Ok::<(), godata_scheduler::ScheduleError>(())
    /// ```
    fn upcoming(&self, after: UtcDateTime) -> Upcoming<'_, Self> {
        Upcoming { schedule: self, after: Some(after) }
    }

    /// Leaves out the days of a calendar.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::NeverFires`] if nothing is left, [`ScheduleError::TooCostly`] if the search for what is left would
    /// take too long.
    ///
    /// ```
    /// use godata_scheduler::time::Weekday;
    /// use godata_scheduler::{Calendar, Schedule, ScheduleExt, parse};
    ///
    /// let weekend = Calendar::new().weekdays([Weekday::Saturday, Weekday::Sunday]);
    /// let schedule = parse("every 6h")?.except(weekend)?;
    /// assert_eq!(schedule.spec(), "except(every 6h; sat,sun)");
    /// # Ok::<(), godata_scheduler::ScheduleError>(())
    /// ```
    fn except(self, calendar: Calendar) -> Result<Except, ScheduleError>
    where
        Self: Sized,
    {
        Except::new(AnySchedule::new(self), calendar, 0)
    }

    /// Keeps only the instants within a range such as `from..until` (which excludes `until`), `from..`, `..until` or
    /// `..=last`.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::NeverFires`] if nothing is left, [`ScheduleError::TooCostly`] if the search for what is left would
    /// take too long.
    ///
    /// ```
    /// use godata_scheduler::time::{Duration, UtcDateTime};
    /// use godata_scheduler::{Schedule, ScheduleExt, parse};
    ///
    /// let first_days = UtcDateTime::UNIX_EPOCH..UtcDateTime::UNIX_EPOCH + Duration::days(7);
    /// let schedule = parse("daily 02:00")?.between(first_days.clone())?;
    /// assert_eq!(schedule.count_between(first_days.start, UtcDateTime::MAX), 7);
    /// # Ok::<(), godata_scheduler::ScheduleError>(())
    /// ```
    fn between(self, range: impl RangeBounds<UtcDateTime>) -> Result<Between, ScheduleError>
    where
        Self: Sized,
    {
        Between::new(AnySchedule::new(self), range, 0)
    }
}

impl<S: Schedule + ?Sized> ScheduleExt for S {}

/// Iterates over the instants of a schedule; made by [`ScheduleExt::upcoming`].
///
/// It ends early if the schedule returns an instant that is not later than the one before.
#[derive(Debug)]
pub struct Upcoming<'a, S: ?Sized> {
    schedule: &'a S,
    /// The last instant returned, or the start; `None` at the end.
    after: Option<UtcDateTime>,
}

impl<S: Schedule + ?Sized> Iterator for Upcoming<'_, S> {
    type Item = UtcDateTime;

    fn next(&mut self) -> Option<UtcDateTime> {
        let after = self.after?;
        self.after = self.schedule.next(after).filter(|due| *due > after);
        self.after
    }
}

impl<S: Schedule + ?Sized> FusedIterator for Upcoming<'_, S> {}

impl<S: ?Sized> Clone for Upcoming<'_, S> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}
