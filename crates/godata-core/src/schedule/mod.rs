//! The trait of schedules.

mod search;

use std::fmt;
use std::sync::Arc;

use time::UtcDateTime;

/// Says when something is due. A schedule is a pure function of instants, without a clock: the same question always has
/// the same answer.
///
/// The crate `godata-scheduler` has schedules for intervals, times of day, cron patterns and calendars. Any other type
/// can implement this trait. An `Arc<dyn Schedule>` is a schedule too, so schedules of different types fit into one
/// collection.
///
/// # Rules for implementors
///
/// 1. `next(after)` is strictly after `after`.
/// 2. If `next(after)` is `t`, then `next` is also `t` for every instant from `after` until just before `t`. If it is
///    `None`, it is `None` for every later instant.
/// 3. Instants are whole milliseconds.
/// 4. The methods do not panic, and answer within microseconds: the loop that serves all schedules waits for them.
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
    note = "make one with `every(duration)?` or `parse(text)?` of `godata::scheduler`, which is the crate `godata_scheduler`, or \
            implement `Schedule`"
)]
pub trait Schedule: fmt::Debug + Send + Sync + 'static {
    /// Returns the first instant strictly after `after`, or `None` if there is none.
    ///
    /// Called from any thread, possibly concurrently, with instants in any order.
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime>;

    /// Returns the last instant strictly before `before`, or `None` if there is none.
    ///
    /// The default finds it by bisection, with about two hundred calls of [`next`](Self::next) at most.
    fn previous(&self, before: UtcDateTime) -> Option<UtcDateTime> {
        search::previous(|after| self.next(after), before)
    }

    /// Counts the instants from `after`, exclusive, to `until`, inclusive.
    ///
    /// The default calls [`next`](Self::next) once per instant, so it is slow for a range with many of them.
    fn count_between(&self, after: UtcDateTime, until: UtcDateTime) -> u64 {
        search::count_between(|after| self.next(after), after, until)
    }

    /// Returns text that identifies the schedule. It must always be the same for the same schedule: if it differs, an
    /// orchestrator treats the schedule as edited.
    fn spec(&self) -> String;

    /// Whether a text that was stored as a [`spec`](Self::spec) is one of this schedule. The default compares the two.
    ///
    /// Override it if the same schedule has or had several texts, so that a text stored by an earlier version is not an edit.
    fn has_spec(&self, stored: &str) -> bool {
        self.spec() == stored
    }

    /// Describes the schedule for people, such as `every 5 minutes`. The default is the [`spec`](Self::spec).
    fn describe(&self) -> String {
        self.spec()
    }
}

/// Forwards every method, including those with a default, so that overrides of the inner schedule are kept.
impl<S: Schedule + ?Sized> Schedule for Arc<S> {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        (**self).next(after)
    }

    fn previous(&self, before: UtcDateTime) -> Option<UtcDateTime> {
        (**self).previous(before)
    }

    fn count_between(&self, after: UtcDateTime, until: UtcDateTime) -> u64 {
        (**self).count_between(after, until)
    }

    fn spec(&self) -> String {
        (**self).spec()
    }

    fn has_spec(&self, stored: &str) -> bool {
        (**self).has_spec(stored)
    }

    fn describe(&self) -> String {
        (**self).describe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: UtcDateTime = UtcDateTime::UNIX_EPOCH;

    /// Overrides every method with an answer that differs from its default.
    #[derive(Debug)]
    struct Odd;

    impl Schedule for Odd {
        fn next(&self, _after: UtcDateTime) -> Option<UtcDateTime> {
            Some(UtcDateTime::MAX)
        }

        fn previous(&self, _before: UtcDateTime) -> Option<UtcDateTime> {
            Some(UtcDateTime::MIN)
        }

        fn count_between(&self, _after: UtcDateTime, _until: UtcDateTime) -> u64 {
            17
        }

        fn spec(&self) -> String {
            "spec".into()
        }

        fn has_spec(&self, stored: &str) -> bool {
            stored == "an older spec"
        }

        fn describe(&self) -> String {
            "for people".into()
        }
    }

    #[test]
    fn a_shared_schedule_answers_as_the_schedule_does() {
        let schedule: Arc<dyn Schedule> = Arc::new(Odd);
        assert_eq!(Schedule::next(&schedule, EPOCH), Some(UtcDateTime::MAX));
        assert_eq!(Schedule::previous(&schedule, EPOCH), Some(UtcDateTime::MIN));
        assert_eq!(Schedule::count_between(&schedule, EPOCH, EPOCH), 17);
        assert_eq!(Schedule::spec(&schedule), "spec");
        assert!(Schedule::has_spec(&schedule, "an older spec"));
        assert!(!Schedule::has_spec(&schedule, "spec"));
        assert_eq!(Schedule::describe(&schedule), "for people");
    }
}
