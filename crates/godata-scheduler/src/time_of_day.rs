//! Times of day as text.

use std::fmt;

use time::Time;

use crate::ScheduleError;
use crate::text::{list_items, listed};
use crate::wall::{Second, Times};

const EXPECTED: &str = "HH:MM or HH:MM:SS from 00:00 to 23:59:59";

/// Times of day in ascending order, each once.
pub(crate) fn times(times: impl IntoIterator<Item = Time>) -> Result<Times, ScheduleError> {
    let mut seconds = Vec::new();
    for time in times {
        if time.nanosecond() != 0 {
            return Err(ScheduleError::invalid("time of day", time, "whole seconds"));
        }
        let (hour, minute, second) = time.as_hms();
        seconds.push(Second::from(hour) * 3_600 + Second::from(minute) * 60 + Second::from(second));
    }
    if seconds.is_empty() {
        return Err(ScheduleError::invalid("list of times of day", "", "at least one"));
    }
    seconds.sort_unstable();
    seconds.dedup();
    Ok(Times::List(seconds.into()))
}

/// Reads `02:00,14:30`.
pub(crate) fn parse_times(text: &str) -> Result<Times, ScheduleError> {
    let parsed = list_items(text).map(parse_time).collect::<Result<Vec<_>, _>>()?;
    times(parsed)
}

fn parse_time(text: &str) -> Result<Time, ScheduleError> {
    let parts: Option<Vec<u8>> = text.split(':').map(two_digits).collect();
    let time = match parts.as_deref() {
        Some([hour, minute]) => Time::from_hms(*hour, *minute, 0).ok(),
        Some([hour, minute, second]) => Time::from_hms(*hour, *minute, *second).ok(),
        _ => None,
    };
    time.ok_or_else(|| ScheduleError::invalid("time of day", text, EXPECTED))
}

fn two_digits(text: &str) -> Option<u8> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// `02:00`, or `02:00:30` if there are seconds.
#[derive(Clone, Copy)]
pub(crate) struct TimeText(pub(crate) Second);

impl fmt::Display for TimeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = (self.0 / 3_600, self.0 / 60 % 60, self.0 % 60);
        write!(f, "{hour:02}:{minute:02}")?;
        if second == 0 { Ok(()) } else { write!(f, ":{second:02}") }
    }
}

/// `02:00,14:30`.
pub(crate) struct TimesText<'a>(pub(crate) &'a Times);

impl fmt::Display for TimesText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, second) in self.0.listed().iter().enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { "," }, TimeText(*second))?;
        }
        Ok(())
    }
}

/// `02:00 and 14:30`.
pub(crate) fn describe_times(times: &Times) -> String {
    listed(times.listed().iter().map(|second| TimeText(*second).to_string()))
}
