//! Schedules at a fixed interval.

use std::fmt;
use std::time::Duration;

use godata_core::Schedule;
use time::UtcDateTime;

use crate::horizon::{END_SECOND, HORIZON, instant_of_millisecond, millisecond_of};
use crate::text::{self, TextForm};
use crate::weekdays::Weekdays;
use crate::{DailyAt, ScheduleError};

const END: i64 = END_SECOND * 1_000;

/// Fires every `period`, counted from the Unix epoch.
///
/// The epoch is the same everywhere, so the instants are the same after a restart and on all instances: a period of one
/// hour fires on the hour in UTC. [`starting_at`](Interval::starting_at) counts from another instant. The interval is
/// elapsed time: it has no zone, and it does not drift, because instants are calculated from the epoch and not from one
/// another.
///
/// # Errors
///
/// [`ScheduleError::Invalid`] if the period is zero, is not in whole milliseconds, or is as long as the
/// [`HORIZON`](crate::HORIZON) or longer.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use godata_scheduler::time::UtcDateTime;
/// use godata_scheduler::{Schedule, every};
///
/// let schedule = every(Duration::from_secs(300))?;
/// let epoch = UtcDateTime::UNIX_EPOCH;
/// assert_eq!(schedule.next(epoch), Some(epoch + Duration::from_secs(300)));
/// assert_eq!(schedule.spec(), "every 5m");
/// assert_eq!(schedule.describe(), "every 5 minutes");
/// # Ok::<(), godata_scheduler::ScheduleError>(())
/// ```
pub fn every(period: Duration) -> Result<Interval, ScheduleError> {
    Interval::of(period, format_args!("{period:?}"))
}

/// Fires at a fixed interval; made by [`every`].
///
/// Its text is `every 5m`, or `every 1h30m from 2026-01-01T00:00:00Z` with another start. The units are `d` (24 hours),
/// `h`, `m`, `s` and `ms`, from long to short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    /// In milliseconds.
    period: i64,
    /// In Unix milliseconds.
    anchor: i64,
}

impl Interval {
    /// Counts from this instant, truncated to whole milliseconds, instead of the epoch. The schedule first fires at
    /// this instant.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::Invalid`] if the instant is outside the [`HORIZON`](crate::HORIZON).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use godata_scheduler::time::UtcDateTime;
    /// use godata_scheduler::{Schedule, every};
    ///
    /// let hour = Duration::from_secs(3_600);
    /// let start = UtcDateTime::UNIX_EPOCH + Duration::from_secs(900);
    /// let schedule = every(hour)?.starting_at(start)?;
    /// assert_eq!(schedule.next(UtcDateTime::UNIX_EPOCH), Some(start));
    /// assert_eq!(schedule.next(start), Some(start + hour));
    /// # Ok::<(), godata_scheduler::ScheduleError>(())
    /// ```
    pub fn starting_at(self, anchor: UtcDateTime) -> Result<Self, ScheduleError> {
        if !HORIZON.contains(&anchor) {
            let expected = "an instant from 1970 to 2199";
            return Err(ScheduleError::invalid("start of an interval", text::InstantText(anchor), expected));
        }
        Ok(Self { anchor: millisecond_of(anchor), ..self })
    }

    /// Returns the time between two consecutive instants.
    #[must_use]
    pub fn period(&self) -> Duration {
        Duration::from_millis(self.period.unsigned_abs())
    }

    /// `given` is the period as it appears in an error.
    fn of(period: Duration, given: impl fmt::Display) -> Result<Self, ScheduleError> {
        let millis = i64::try_from(period.as_millis()).unwrap_or(i64::MAX);
        if millis == 0 || millis >= END || !period.subsec_nanos().is_multiple_of(1_000_000) {
            let expected = "whole milliseconds, at least 1ms and less than 230 years";
            return Err(ScheduleError::invalid("interval", given, expected));
        }
        Ok(Self { period: millis, anchor: 0 })
    }

    /// The number of instants up to and including a millisecond.
    fn count_until(&self, millisecond: i64) -> u64 {
        let elapsed = millisecond.min(END - 1) - self.anchor;
        if elapsed < 0 { 0 } else { (elapsed / self.period).unsigned_abs() + 1 }
    }
}

impl Schedule for Interval {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        let elapsed = millisecond_of(after) - self.anchor;
        let periods = if elapsed < 0 { 0 } else { elapsed / self.period + 1 };
        instant_of_millisecond(self.anchor + periods * self.period)
    }

    fn previous(&self, before: UtcDateTime) -> Option<UtcDateTime> {
        let whole = before.nanosecond().is_multiple_of(1_000_000);
        let elapsed = (millisecond_of(before) - i64::from(whole)).min(END - 1) - self.anchor;
        if elapsed < 0 {
            return None;
        }
        instant_of_millisecond(self.anchor + elapsed / self.period * self.period)
    }

    fn count_between(&self, after: UtcDateTime, until: UtcDateTime) -> u64 {
        let until = self.count_until(millisecond_of(until));
        until.saturating_sub(self.count_until(millisecond_of(after)))
    }

    fn spec(&self) -> String {
        self.to_string()
    }

    fn has_spec(&self, stored: &str) -> bool {
        text::is_text_of(stored, self)
    }

    fn describe(&self) -> String {
        let period = text::describe_duration(self.period());
        match instant_of_millisecond(self.anchor) {
            Some(anchor) if self.anchor != 0 => {
                format!("every {period}, from {}", text::describe_instant(anchor))
            }
            _ => format!("every {period}"),
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every {}", text::DurationText(self.period()))?;
        match instant_of_millisecond(self.anchor) {
            Some(anchor) if self.anchor != 0 => write!(f, " from {}", text::InstantText(anchor)),
            _ => Ok(()),
        }
    }
}

impl TextForm for Interval {
    const KEYWORD: &'static str = "every";
    const FORM: &'static str = "`every DURATION [from INSTANT]`, such as `every 1h30m`";

    fn parse_body(body: &str, _depth: u8) -> Result<Self, ScheduleError> {
        let words: Vec<_> = body.split_whitespace().collect();
        match words[..] {
            [weekdays, ..] if Weekdays::loosely(weekdays).is_some() => {
                let error = ScheduleError::invalid("schedule", format_args!("every {body}"), text::WEEKDAYS);
                Err(error.meaning(|| DailyAt::meant(body)))
            }
            [period] => Self::of(text::duration(period)?, period),
            [period, from, anchor] if from.eq_ignore_ascii_case("from") => {
                Self::of(text::duration(period)?, period)?.starting_at(text::instant(anchor)?)
            }
            _ => Err(Self::malformed(body).meaning(|| Self::meant(body).or_else(|| DailyAt::meant(body)))),
        }
    }
}

impl Interval {
    /// The text that was surely meant by words such as `5 minutes`.
    pub(crate) fn meant(body: &str) -> Option<String> {
        let (period, anchor) = match body.split_once(" from ") {
            Some((period, anchor)) => (period, Some(text::instant(anchor.trim()).ok()?)),
            None => (body, None),
        };
        let interval = every(text::meant_duration(period)?).ok()?;
        let interval = anchor.map_or(Ok(interval), |anchor| interval.starting_at(anchor)).ok()?;
        Some(interval.to_string())
    }
}
