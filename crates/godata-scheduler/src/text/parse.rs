//! Text to schedules.

use std::fmt;

use crate::AnySchedule;

#[cfg(feature = "cron")]
use crate::Cron;
use crate::{AnyOf, Between, DailyAt, Except, Interval, MonthlyAt, Never, Once, ScheduleError};

/// How deep combinations may be nested in text.
const DEEPEST: u8 = 16;

#[cfg(feature = "cron")]
const KEYWORDS: &str =
    "text that begins with every, daily, monthly, cron, once, never, any(, except( or between(";
#[cfg(not(feature = "cron"))]
const KEYWORDS: &str = "text that begins with every, daily, monthly, once, never, any(, except( or between( \
                        (cron needs the feature `cron`)";

/// Makes a schedule from its short text: the one that [`Schedule::spec`](godata_core::Schedule::spec) and
/// `Display` write.
///
/// | text | |
/// |---|---|
/// | `every 5m`, `every 1h30m from 2026-01-01T00:00:00Z` | [`Interval`] |
/// | `daily 02:00,14:30 mon-fri Europe/Berlin` | [`DailyAt`] |
/// | `monthly 1,15,last,2nd-tue,last-fri 18:00 Europe/Berlin` | [`MonthlyAt`] |
/// | `cron 0 2 * * * Europe/Berlin`, `cron @daily` | `Cron`, with the feature `cron` |
/// | `once 2026-03-29T01:00:00Z` | [`Once`] |
/// | `never` | [`Never`] |
/// | `any(daily 02:00; every 6h)` | [`AnyOf`] |
/// | `except(daily 02:00; sat,sun 12-25 2026-04-03 2026-07-01..2026-07-14 Europe/Berlin)` | [`Except`] |
/// | `between(every 5m; 2026-01-01T00:00:00Z..)` | [`Between`] |
///
/// The zone is optional, and UTC without it. What has local times may end with `gap=run-after`, `gap=shift` or
/// `gap=skip`, and `overlap=first`, `overlap=last` or `overlap=both`; see [`Dst`](crate::Dst). Upper and lower case
/// do not matter, but for the units of durations. A text that was read and is written again may be shorter, but means
/// the same. At most 16 combinations may be within each other.
///
/// Each type also has [`FromStr`](std::str::FromStr), for those who want no other.
///
/// # Errors
///
/// [`ScheduleError`] says which part is wrong, and what is accepted.
///
/// # Example
///
/// ```
/// use godata_core::Schedule;
/// use godata_scheduler::parse;
///
/// let schedule = parse("daily 02:00,14:30 mon-fri Europe/Berlin")?;
/// assert_eq!(schedule.to_string(), "daily 02:00,14:30 mon-fri Europe/Berlin");
///
/// let error = parse("daily 25:00").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "invalid time of day `25:00`: expected HH:MM or HH:MM:SS from 00:00 to 23:59:59",
/// );
/// # Ok::<(), godata_scheduler::ScheduleError>(())
/// ```
pub fn parse(text: &str) -> Result<AnySchedule, ScheduleError> {
    schedule(text, 0)
}

/// A schedule that has a text.
pub(crate) trait TextForm: fmt::Display + Sized {
    /// The word that its text begins with.
    const KEYWORD: &'static str;
    /// How its text looks.
    const FORM: &'static str;

    /// Reads what follows the keyword. `depth` is how many combinations it is inside of.
    fn parse_body(body: &str, depth: u8) -> Result<Self, ScheduleError>;

    fn parse(text: &str) -> Result<Self, ScheduleError> {
        match split_keyword(text) {
            (keyword, body) if keyword.eq_ignore_ascii_case(Self::KEYWORD) => Self::parse_body(body, 0),
            _ => Err(ScheduleError::invalid("schedule", text.trim(), Self::FORM)),
        }
    }

    fn malformed(body: &str) -> ScheduleError {
        let found = format!("{} {body}", Self::KEYWORD);
        ScheduleError::invalid("schedule", found.trim_end(), Self::FORM)
    }
}

/// Reads a schedule that is inside of `depth` combinations.
pub(crate) fn schedule(text: &str, depth: u8) -> Result<AnySchedule, ScheduleError> {
    if depth > DEEPEST {
        return Err(ScheduleError::invalid("schedule", text, "at most 16 combinations within each other"));
    }
    let (keyword, body) = split_keyword(text);
    match keyword.to_ascii_lowercase().as_str() {
        Interval::KEYWORD => Interval::parse_body(body, depth).map(AnySchedule::new),
        DailyAt::KEYWORD => DailyAt::parse_body(body, depth).map(AnySchedule::new),
        MonthlyAt::KEYWORD => MonthlyAt::parse_body(body, depth).map(AnySchedule::new),
        #[cfg(feature = "cron")]
        Cron::KEYWORD => Cron::parse_body(body, depth).map(AnySchedule::new),
        Once::KEYWORD => Once::parse_body(body, depth).map(AnySchedule::new),
        Never::KEYWORD => Never::parse_body(body, depth).map(AnySchedule::new),
        AnyOf::KEYWORD => AnyOf::parse_body(body, depth).map(AnySchedule::new),
        Except::KEYWORD => Except::parse_body(body, depth).map(AnySchedule::new),
        Between::KEYWORD => Between::parse_body(body, depth).map(AnySchedule::new),
        _ => Err(ScheduleError::invalid("schedule", text.trim(), KEYWORDS)),
    }
}

/// The first word, and what follows it. A parenthesis is not part of the word.
fn split_keyword(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (keyword, body) =
        text.split_at(text.find(|c: char| c == '(' || c.is_whitespace()).unwrap_or(text.len()));
    (keyword, body.trim_start())
}

/// What is between the parentheses that a text begins and ends with.
pub(crate) fn inside(text: &str) -> Option<&str> {
    text.strip_prefix('(')?.strip_suffix(')')
}

/// What stands between separators that are not in parentheses.
pub(crate) fn parts(text: &str, is_separator: impl Fn(char) -> bool) -> Vec<&str> {
    let mut depth = 0_i32;
    let outside = |c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0 && is_separator(c)
    };
    text.split(outside).map(str::trim).collect()
}
