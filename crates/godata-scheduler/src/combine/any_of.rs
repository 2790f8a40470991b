//! The union of several schedules.

use std::fmt;
use std::iter;

use godata_core::Schedule;
use time::UtcDateTime;

use super::{just_before, must_answer};
use crate::horizon::{HORIZON, within};
use crate::text::{self, TextForm, listed};
use crate::{AnySchedule, ScheduleError, search_budget};

/// Fires whenever one of these schedules does. An instant at which several of them fire counts once.
///
/// Wrap schedules of different types as [`AnySchedule`]s.
///
/// # Errors
///
/// [`ScheduleError::NeverFires`] if none of them ever fires, or there are none; [`ScheduleError::TooCostly`] if there are
/// very many.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use godata_scheduler::time::UtcDateTime;
/// use godata_scheduler::{AnySchedule, Schedule, any_of, every, parse};
///
/// let schedule = any_of([AnySchedule::new(every(Duration::from_secs(21_600))?), parse("daily 05:00")?])?;
/// assert_eq!(schedule.spec(), "any(daily 05:00; every 6h)");
/// assert_eq!(schedule.next(UtcDateTime::UNIX_EPOCH).map(UtcDateTime::hour), Some(5));
/// # Ok::<(), godata_scheduler::ScheduleError>(())
/// ```
pub fn any_of<S: Schedule>(schedules: impl IntoIterator<Item = S>) -> Result<AnyOf, ScheduleError> {
    must_answer(AnyOf(schedules.into_iter().map(AnySchedule::new).collect()), 0)
}

/// Fires whenever one of several schedules does; made by [`any_of`]. Its text is `any(daily 02:00; every 6h)`, sorted.
///
/// [`count_between`](Schedule::count_between) calculates the count of the schedule that fires most, and walks through the
/// instants of all others, because an instant must not count twice. `any(every 1ms; daily 02:00)` walks through one
/// instant a day, `any(every 1ms; every 7ms)` through twelve million.
#[derive(Clone, Debug)]
pub struct AnyOf(Box<[AnySchedule]>);

impl AnyOf {
    pub(super) fn turns(&self) -> Vec<UtcDateTime> {
        self.0.iter().flat_map(AnySchedule::turns).copied().collect()
    }

    /// The steps to call each schedule, in addition to those that the schedules charge themselves.
    fn steps(&self) -> u32 {
        u32::try_from(2 * self.0.len()).unwrap_or(u32::MAX)
    }
}

impl Schedule for AnyOf {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        search_budget::spend(self.steps());
        let after = after.max(just_before(HORIZON.start));
        self.0.iter().filter_map(|schedule| schedule.next(after)).min().and_then(within)
    }

    fn previous(&self, before: UtcDateTime) -> Option<UtcDateTime> {
        search_budget::spend(self.steps());
        let before = before.min(HORIZON.end);
        self.0.iter().filter_map(|schedule| schedule.previous(before)).max().and_then(within)
    }

    fn count_between(&self, after: UtcDateTime, until: UtcDateTime) -> u64 {
        let after = after.max(just_before(HORIZON.start));
        let until = until.min(just_before(HORIZON.end));
        let counts = self.0.iter().map(|schedule| schedule.count_between(after, until));
        let Some((densest, count)) = counts.enumerate().max_by_key(|(_, count)| *count) else { return 0 };
        let (before, rest) = self.0.split_at(densest);
        let Some((densest, behind)) = rest.split_first() else { return 0 };
        let next = |after| {
            let due = before.iter().chain(behind).filter_map(|schedule| schedule.next(after)).min();
            // Stop at a schedule that breaks rule 1.
            due.filter(|due| *due > after && *due <= until)
        };
        let is_counted = |due: UtcDateTime| densest.next(just_before(due)) == Some(due);
        let others = iter::successors(next(after), |last| next(*last));
        others.fold(count, |count, due| count + u64::from(!is_counted(due)))
    }

    fn spec(&self) -> String {
        self.to_string()
    }

    fn has_spec(&self, stored: &str) -> bool {
        text::is_text_of(stored, self)
    }

    fn describe(&self) -> String {
        listed(self.0.iter().map(|schedule| format!("({})", schedule.describe())))
    }
}

impl fmt::Display for AnyOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "any({})", text::canonical_list(&self.0).join("; "))
    }
}

impl TextForm for AnyOf {
    const KEYWORD: &'static str = "any";
    const FORM: &'static str = "`any(SCHEDULE; SCHEDULE; …)`, such as `any(daily 02:00; every 6h)`";

    fn parse_body(body: &str, depth: u8) -> Result<Self, ScheduleError> {
        let inside = text::inside(body).ok_or_else(|| Self::malformed(body))?;
        let schedules = text::parts(inside, |c| c == ';');
        let parsed: Result<_, _> =
            schedules.into_iter().map(|schedule| text::schedule(schedule, depth + 1)).collect();
        must_answer(Self(parsed?), depth)
    }
}
