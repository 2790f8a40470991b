//! What can be done with every schedule.

use std::iter::FusedIterator;
use std::ops::RangeBounds;

use crate::AnySchedule;
use godata_core::Schedule;
use time::UtcDateTime;

use crate::{Between, Calendar, Except, ScheduleError};

/// What can be done with every [`Schedule`], also with those of other crates.
pub trait ScheduleExt: Schedule {
    /// The instants after `after`, one after the other.
    ///
    /// ```
    /// use godata_scheduler::{ScheduleExt, parse};
    /// use time::UtcDateTime;
    ///
    /// let schedule = parse("monthly last 12:00")?;
    /// let days: Vec<_> = schedule.upcoming(UtcDateTime::UNIX_EPOCH).take(3).map(UtcDateTime::day).collect();
    /// assert_eq!(days, [31, 28, 31]);
    /// # Ok::<(), godata_scheduler::ScheduleError>(())
    /// ```
    fn upcoming(&self, after: UtcDateTime) -> Upcoming<'_, Self> {
        Upcoming { schedule: self, after: Some(after) }
    }

    /// The same, but not on the days of a calendar.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::NeverFires`] if nothing is left, [`ScheduleError::TooCostly`] if nothing is left for so long that
    /// it takes too long to find out what is.
    ///
    /// ```
    /// use godata_core::Schedule;
    /// use godata_scheduler::{Calendar, ScheduleExt, parse};
    /// use time::Weekday;
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

    /// The same, but only within a range such as `from..until`, `from..` or `..until`.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::NeverFires`] if nothing is left, [`ScheduleError::TooCostly`] if it takes too long to find out.
    ///
    /// ```
    /// use godata_core::Schedule;
    /// use godata_scheduler::{ScheduleExt, parse};
    /// use time::UtcDateTime;
    ///
    /// let first_days = UtcDateTime::UNIX_EPOCH..UtcDateTime::UNIX_EPOCH + time::Duration::days(7);
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

/// The instants of a schedule, one after the other; made by [`ScheduleExt::upcoming`].
///
/// It ends if the schedule answers with an instant that is not later than the one before.
#[derive(Debug)]
pub struct Upcoming<'a, S: ?Sized> {
    schedule: &'a S,
    /// The last one; none when it has ended.
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
