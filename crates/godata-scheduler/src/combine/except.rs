//! Schedules that leave out the days of a calendar.

use std::fmt;

use godata_core::Schedule;
use time::UtcDateTime;

use super::{just_before, must_answer};
use crate::horizon::{HORIZON, second_of, within};
use crate::text::{self, TextForm};
use crate::{AnySchedule, Calendar, ScheduleError, search_budget};

/// Fires when another schedule does, except on the days of a calendar; made by
/// [`ScheduleExt::except`](crate::ScheduleExt::except).
///
/// Its text is `except(daily 02:00; sat,sun 12-25 Europe/Berlin)`: the schedule, then the [`Calendar`].
///
/// [`next`](Schedule::next) asks the inner schedule again as long as its answer falls on a day of the calendar. It skips a
/// run of consecutive days at once.
#[derive(Clone, Debug)]
pub struct Except {
    schedule: AnySchedule,
    calendar: Calendar,
}

impl Except {
    pub(crate) fn new(schedule: AnySchedule, calendar: Calendar, depth: u8) -> Result<Self, ScheduleError> {
        must_answer(Self { schedule, calendar }, depth)
    }

    pub(super) fn turns(&self) -> Vec<UtcDateTime> {
        self.schedule.turns().iter().copied().chain(self.calendar.turns()).collect()
    }
}

impl Schedule for Except {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        let mut days = self.calendar.scan();
        let mut after = after.max(just_before(HORIZON.start));
        loop {
            let due = within(self.schedule.next(after)?)?;
            // If the inner schedule breaks rule 1, stop and pass its answer on, so that the caller can notice.
            if due <= after || !days.has(second_of(due)) {
                return Some(due);
            }
            if search_budget::is_spent() {
                return None;
            }
            after = due.max(just_before(days.change_after(second_of(due))));
        }
    }

    fn previous(&self, before: UtcDateTime) -> Option<UtcDateTime> {
        let mut days = self.calendar.scan();
        let mut before = before.min(HORIZON.end);
        loop {
            let due = within(self.schedule.previous(before)?)?;
            if due >= before || !days.has(second_of(due)) {
                return Some(due);
            }
            if search_budget::is_spent() {
                return None;
            }
            before = due.min(days.change_before(second_of(due)));
        }
    }

    fn count_between(&self, after: UtcDateTime, until: UtcDateTime) -> u64 {
        let mut days = self.calendar.scan();
        let mut after = after.max(just_before(HORIZON.start));
        let until = until.min(just_before(HORIZON.end));
        let mut count = 0;
        while after < until {
            let second = second_of(after + std::time::Duration::from_millis(1));
            let end = until.min(just_before(days.change_after(second)));
            if !days.has(second) {
                count += self.schedule.count_between(after, end);
            }
            after = end;
        }
        count
    }

    fn spec(&self) -> String {
        self.to_string()
    }

    fn has_spec(&self, stored: &str) -> bool {
        text::is_text_of(stored, self)
    }

    fn describe(&self) -> String {
        format!("{}, except on {}", self.schedule.describe(), self.calendar.describe())
    }
}

impl fmt::Display for Except {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "except({}; {})", self.schedule, self.calendar)
    }
}

impl TextForm for Except {
    const KEYWORD: &'static str = "except";
    const FORM: &'static str =
        "`except(SCHEDULE; CALENDAR)`, such as `except(daily 02:00; sat,sun 12-25 2026-07-01..2026-07-14)`";

    fn parse_body(body: &str, depth: u8) -> Result<Self, ScheduleError> {
        let parts = text::parts(text::inside(body).unwrap_or_default(), |c| c == ';');
        let [schedule, calendar] = parts[..] else { return Err(Self::malformed(body)) };
        Self::new(text::schedule(schedule, depth + 1)?, Calendar::parse(calendar, depth + 1)?, depth)
    }
}
