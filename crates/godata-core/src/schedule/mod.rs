//! When something is due.

mod any;
mod search;

pub use any::AnySchedule;

use std::fmt;

use time::UtcDateTime;

/// Says when something is due. Pure: there is no clock inside, so the same question has the same answer.
///
/// The crate `godata-scheduler` has schedules for intervals, times of day, cron patterns and calendars; anything
/// else implements this trait. Whoever keeps schedules of different types keeps [`AnySchedule`]s.
///
/// # What an implementation owes
///
/// 1. `next(after)` is strictly after `after`.
/// 2. If `next(after)` is `t`, it is also `t` for every instant from `after` until just before `t`; if it is
///    `None`, it is `None` for every later instant.
/// 3. Instants are whole milliseconds.
/// 4. It does not panic, and answers in microseconds: it is asked on the loop that serves all schedules.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use godata_core::Schedule;
/// use time::UtcDateTime;
///
/// /// At the start of each Unix day, `offset` later.
/// #[derive(Debug)]
/// struct EachDay {
///     offset: Duration,
/// }
///
/// impl Schedule for EachDay {
///     fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
///         let today = after.truncate_to_day() + self.offset;
///         if today > after { Some(today) } else { today.checked_add(time::Duration::DAY) }
///     }
///
///     fn spec(&self) -> String {
///         format!("each day at {:?}", self.offset)
///     }
/// }
///
/// let schedule = EachDay { offset: Duration::from_secs(3_600) };
/// let epoch = UtcDateTime::UNIX_EPOCH;
/// let first = schedule.next(epoch).unwrap();
/// assert_eq!(first, epoch + Duration::from_secs(3_600));
/// assert_eq!(schedule.previous(first), Some(first - time::Duration::DAY));
/// assert_eq!(schedule.count_between(epoch, epoch + time::Duration::days(30)), 30);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a schedule",
    note = "make one with `godata_scheduler::every(duration)` or `parse(text)`, or implement `Schedule`"
)]
pub trait Schedule: fmt::Debug + Send + Sync + 'static {
    /// The first instant strictly after `after`, or `None` if there is none any more.
    ///
    /// Called from any thread, also concurrently, for instants in any order.
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime>;

    /// The last instant strictly before `before`, or `None` if there is none.
    ///
    /// The default finds it by asking [`next`](Self::next) at most some two hundred times.
    fn previous(&self, before: UtcDateTime) -> Option<UtcDateTime> {
        search::previous(|after| self.next(after), before)
    }

    /// How many instants there are after `after` and up to `until`, which counts itself.
    ///
    /// The default asks [`next`](Self::next) for each of them, so it takes as long as there are many: ask it for ranges
    /// in which that is no matter.
    fn count_between(&self, after: UtcDateTime, until: UtcDateTime) -> u64 {
        search::count_between(|after| self.next(after), after, until)
    }

    /// Text that identifies the schedule, always the same for the same one: a schedule with another text counts as
    /// edited.
    fn spec(&self) -> String;

    /// What people call it, such as `every 5 minutes`. The default is the [`spec`](Self::spec).
    fn describe(&self) -> String {
        self.spec()
    }

    /// Erases the type. [`AnySchedule`] overrides it to return itself, so no schedule is wrapped twice.
    #[doc(hidden)]
    fn into_any(self) -> AnySchedule
    where
        Self: Sized,
    {
        AnySchedule::wrap(self)
    }
}
