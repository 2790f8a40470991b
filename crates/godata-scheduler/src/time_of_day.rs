//! Times of day, and their text.

use std::fmt;

use time::Time;

use crate::ScheduleError;
use crate::local_time::{Second, Times};
use crate::text::{list_items, listed};

const EXPECTED: &str = "HH:MM or HH:MM:SS from 00:00 to 23:59:59";

/// The times of day in ascending order, without duplicates.
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
    time.ok_or_else(|| ScheduleError::invalid("time of day", text, EXPECTED).meaning(|| meant_time(text)))
}

/// Reads `2am`, `2:30pm`, `2:00`, `noon` as the time that was surely meant.
pub(crate) fn meant_time(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (clock, half) = match text.strip_suffix("am").or_else(|| text.strip_suffix("a.m.")) {
        Some(clock) => (clock, Some(0)),
        None => match text.strip_suffix("pm").or_else(|| text.strip_suffix("p.m.")) {
            Some(clock) => (clock, Some(12)),
            None => (&*text, None),
        },
    };
    let (hour, minute) = match (clock.split_once(':'), half) {
        _ if text == "noon" => (12, 0),
        _ if text == "midnight" => (0, 0),
        (Some((hour, minute)), _) => (number(hour)?, two_digits(minute)?),
        (None, Some(_)) => (number(clock)?, 0),
        (None, None) => return None,
    };
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    let time = Time::from_hms(hour, minute, 0).ok()?;
    Some(format!("{:02}:{:02}", time.hour(), time.minute()))
}

fn number(text: &str) -> Option<u8> {
    let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

fn two_digits(text: &str) -> Option<u8> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// `02:00`, or `02:00:30` with seconds.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_other_notations_are_refused_with_the_accepted_one() {
        for (text, meant) in [
            ("2am", "02:00"),
            ("12AM", "00:00"),
            ("12pm", "12:00"),
            ("2:30pm", "14:30"),
            ("11:05a.m.", "11:05"),
            ("2:00", "02:00"),
            ("noon", "12:00"),
            ("Midnight", "00:00"),
        ] {
            let error = parse_times(text).unwrap_err().to_string();
            assert_eq!(error, format!("invalid time of day `{text}`; did you mean `{meant}`?"));
        }
    }

    #[test]
    fn other_texts_are_refused_with_what_is_accepted() {
        for text in
            ["", "2", "24:00", "25:00", "13pm", "0am", "2:5", "2:60", "02:00:60", "2:00:00", "am", "é"]
        {
            let error = parse_times(text).unwrap_err().to_string();
            assert_eq!(error, format!("invalid time of day `{text}`: expected {EXPECTED}"));
        }
    }
}
