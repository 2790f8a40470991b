//! Schedules that fire once or never.

use std::fmt;

use godata_core::Schedule;
use time::UtcDateTime;

use crate::ScheduleError;
use crate::horizon::{HORIZON, within};
use crate::text::{self, TextForm};

/// Fires at one instant. Its text is `once 2026-03-29T01:00:00Z`.
///
/// ```
/// use godata_scheduler::time::format_description::well_known::Rfc3339;
/// use godata_scheduler::time::{Date, Month, Time, UtcDateTime};
/// use godata_scheduler::{Once, Schedule};
///
/// let at = UtcDateTime::new(Date::from_calendar_date(2026, Month::March, 29)?, Time::from_hms(1, 0, 0)?);
/// assert_eq!(at, UtcDateTime::parse("2026-03-29T01:00:00Z", &Rfc3339)?);
///
/// let once = Once::at(at)?;
/// assert_eq!(once.next(UtcDateTime::UNIX_EPOCH), Some(at));
/// assert_eq!(once.next(at), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Once(UtcDateTime);

impl Once {
    /// Makes a schedule that fires at this instant, truncated to whole milliseconds.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::Invalid`] if the instant is outside the [`HORIZON`](crate::HORIZON).
    pub fn at(instant: UtcDateTime) -> Result<Self, ScheduleError> {
        if !HORIZON.contains(&instant) {
            return Err(ScheduleError::invalid(
                "instant",
                text::InstantText(instant),
                "an instant from 1970 to 2199",
            ));
        }
        Ok(Self(instant.truncate_to_millisecond()))
    }
}

impl Schedule for Once {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        within(self.0).filter(|at| *at > after)
    }

    fn previous(&self, before: UtcDateTime) -> Option<UtcDateTime> {
        within(self.0).filter(|at| *at < before)
    }

    fn count_between(&self, after: UtcDateTime, until: UtcDateTime) -> u64 {
        u64::from(self.0 > after && self.0 <= until)
    }

    fn spec(&self) -> String {
        self.to_string()
    }

    fn has_spec(&self, stored: &str) -> bool {
        text::is_text_of(stored, self)
    }

    fn describe(&self) -> String {
        format!("once, at {}", text::describe_instant(self.0))
    }
}

impl fmt::Display for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "once {}", text::InstantText(self.0))
    }
}

impl TextForm for Once {
    const KEYWORD: &'static str = "once";
    const FORM: &'static str = "`once INSTANT`, such as `once 2026-03-29T01:00:00Z`";

    fn parse_body(body: &str, _depth: u8) -> Result<Self, ScheduleError> {
        Self::at(text::instant(body)?)
    }
}

/// Never fires, for pipelines that are only run by hand. Its text is `never`.
///
/// ```
/// use godata_scheduler::time::UtcDateTime;
/// use godata_scheduler::{Never, Schedule};
///
/// assert_eq!(Never.next(UtcDateTime::UNIX_EPOCH), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Never;

impl Schedule for Never {
    fn next(&self, _after: UtcDateTime) -> Option<UtcDateTime> {
        None
    }

    fn previous(&self, _before: UtcDateTime) -> Option<UtcDateTime> {
        None
    }

    fn count_between(&self, _after: UtcDateTime, _until: UtcDateTime) -> u64 {
        0
    }

    fn spec(&self) -> String {
        self.to_string()
    }

    fn has_spec(&self, stored: &str) -> bool {
        text::is_text_of(stored, self)
    }
}

impl fmt::Display for Never {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("never")
    }
}

impl TextForm for Never {
    const KEYWORD: &'static str = "never";
    const FORM: &'static str = "`never`";

    fn parse_body(body: &str, _depth: u8) -> Result<Self, ScheduleError> {
        if body.is_empty() { Ok(Self) } else { Err(Self::malformed(body)) }
    }
}
