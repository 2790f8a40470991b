//! Days of the month.

use std::fmt;

use time::Weekday;

use crate::ScheduleError;
use crate::weekdays::{Weekdays, short_name, weekday, weekday_named};

/// A day of the month.
///
/// In text it is `15`, `last`, `2nd-tue` or `last-fri`.
///
/// ```
/// use godata_scheduler::time::{Time, Weekday};
/// use godata_scheduler::{MonthDay, MonthlyAt, Schedule};
///
/// let days = [MonthDay::Day(15), MonthDay::Last, MonthDay::Nth(2, Weekday::Tuesday)];
/// let schedule = MonthlyAt::new(days, [Time::MIDNIGHT])?;
/// assert_eq!(schedule.spec(), "monthly 15,last,2nd-tue 00:00");
/// # Ok::<(), godata_scheduler::ScheduleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MonthDay {
    /// A day by its number, 1 to 31. Months without that day are skipped: use [`Last`](Self::Last) for the end of each
    /// month.
    Day(u8),
    /// The last day of the month.
    Last,
    /// The first (1) to fifth (5) of a weekday in the month. Months without a fifth are skipped.
    Nth(u8, Weekday),
    /// The last of a weekday in the month.
    LastWeekday(Weekday),
}

impl MonthDay {
    pub(super) fn is_possible(self) -> bool {
        match self {
            Self::Day(day) => (1..=31).contains(&day),
            Self::Nth(nth, _) => (1..=5).contains(&nth),
            Self::Last | Self::LastWeekday(_) => true,
        }
    }

    /// The place in a list: days by number, the last day, then weekdays.
    pub(super) fn rank(self) -> (u8, u8, u8) {
        match self {
            Self::Day(day) => (0, day, 0),
            Self::Last => (1, 0, 0),
            Self::Nth(nth, weekday) => (2, nth, weekday.number_days_from_monday()),
            Self::LastWeekday(weekday) => (3, 0, weekday.number_days_from_monday()),
        }
    }

    /// Whether it is this day of a month of that length, where the day falls on the weekday `on`.
    pub(super) fn is(self, length: u8, on: Weekday, day: u8) -> bool {
        match self {
            Self::Day(number) => day == number,
            Self::Last => day == length,
            Self::Nth(nth, weekday) => on == weekday && (day - 1) / 7 + 1 == nth,
            Self::LastWeekday(weekday) => on == weekday && day + 7 > length,
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let parsed = match text.to_ascii_lowercase().split_once('-') {
            None if text.eq_ignore_ascii_case("last") => Self::Last,
            None => Self::Day(text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))?),
            Some(("last", name)) => Self::LastWeekday(weekday(weekday_named(name)?)),
            Some((nth, name)) => {
                let nth = (1..=5).find(|number| nth == ordinal(*number))?;
                Self::Nth(nth, weekday(weekday_named(name)?))
            }
        };
        parsed.is_possible().then_some(parsed)
    }

    /// The error for text that is not a day of the month.
    pub(super) fn refused(text: &str) -> ScheduleError {
        if Weekdays::are_meant(text) {
            let expected = "1 to 31, last, 1st-mon to 5th-sun, or last-mon to last-sun; `daily` takes weekdays such as \
                            mon-fri";
            return ScheduleError::invalid("day of the month", text, expected);
        }
        Self::invalid(text).meaning(|| Self::meant(text).map(|day| day.to_string()))
    }

    pub(super) fn invalid(found: impl fmt::Display) -> ScheduleError {
        let expected = "1 to 31, last, 1st-mon to 5th-sun, or last-mon to last-sun";
        ScheduleError::invalid("day of the month", found, expected)
    }

    /// Reads `15th`, `last-friday`, `first-mon`, `last-day` as the day that was surely meant.
    fn meant(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let day = match text.split_once('-') {
            None => Self::Day((1..=31).find(|day| text == ordinal(*day))?),
            Some(("last", "day")) => Self::Last,
            Some((nth, name)) => {
                let weekday = Weekdays::named(name)?;
                match ["first", "second", "third", "fourth", "fifth"].iter().position(|word| *word == nth) {
                    Some(index) => Self::Nth(u8::try_from(index).ok()? + 1, weekday),
                    None if nth == "last" => Self::LastWeekday(weekday),
                    None => Self::Nth((1..=5).find(|number| nth == ordinal(*number))?, weekday),
                }
            }
        };
        Some(day)
    }

    pub(super) fn describe(self) -> String {
        match self {
            Self::Day(day) => format!("the {}", ordinal(day)),
            Self::Last => "the last day".into(),
            Self::Nth(nth, weekday) => format!("the {} {weekday}", ordinal(nth)),
            Self::LastWeekday(weekday) => format!("the last {weekday}"),
        }
    }
}

/// `15`, `last`, `2nd-tue`, `last-fri`.
impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |weekday: Weekday| short_name(usize::from(weekday.number_days_from_monday()));
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Last => f.write_str("last"),
            Self::Nth(nth, weekday) => write!(f, "{}-{}", ordinal(*nth), short(*weekday)),
            Self::LastWeekday(weekday) => write!(f, "last-{}", short(*weekday)),
        }
    }
}

/// `1st`, `2nd`.
pub(crate) fn ordinal(number: u8) -> String {
    let suffix = match (number % 10, number / 10) {
        (_, 1) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_in_other_words_are_refused_with_the_accepted_ones() {
        for (text, meant) in [
            ("15th", "15"),
            ("1st", "1"),
            ("last-friday", "last-fri"),
            ("2nd-Tuesday", "2nd-tue"),
            ("first-mon", "1st-mon"),
            ("Last-Day", "last"),
        ] {
            let error = MonthDay::refused(text).to_string();
            assert_eq!(error, format!("invalid day of the month `{text}`; did you mean `{meant}`?"));
            assert!(MonthDay::parse(meant).is_some(), "{meant}");
        }
    }

    #[test]
    fn weekdays_are_refused_with_the_schedule_that_takes_them() {
        for text in ["mon-fri", "Mo-Fr", "friday"] {
            let error = MonthDay::refused(text).to_string();
            assert!(error.ends_with("; `daily` takes weekdays such as mon-fri"), "{error}");
        }
        for text in ["32", "6th-mon", "last-", "32nd"] {
            let error = MonthDay::refused(text).to_string();
            assert!(
                error.ends_with(": expected 1 to 31, last, 1st-mon to 5th-sun, or last-mon to last-sun"),
                "{error}"
            );
        }
    }
}
