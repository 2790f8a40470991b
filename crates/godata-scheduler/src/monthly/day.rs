//! Days of the month.

use std::fmt;

use time::Weekday;

use crate::ScheduleError;
use crate::weekdays::{short_name, weekday, weekday_named};

/// A day of each month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MonthDay {
    /// A day by its number, 1 to 31. A month that has no such day is left out: use [`Last`](Self::Last) for its
    /// end.
    Day(u8),
    /// The last day.
    Last,
    /// The first (1) to fifth (5) of a weekday. A month with only four of them has no fifth.
    Nth(u8, Weekday),
    /// The last of a weekday.
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

    /// Whether it is this day of a month.
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

    pub(super) fn invalid(found: impl fmt::Display) -> ScheduleError {
        let expected = "1 to 31, last, 1st-mon to 5th-sun, or last-mon to last-sun";
        ScheduleError::invalid("day of the month", found, expected)
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
fn ordinal(number: u8) -> String {
    let suffix = match (number % 10, number / 10) {
        (_, 1) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}
