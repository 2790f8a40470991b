//! Instants and dates as text.

use std::fmt;

use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, UtcDateTime};

use crate::ScheduleError;

/// Reads `2026-03-29T01:00:00Z`. Other offsets are converted to UTC.
pub(crate) fn instant(text: &str) -> Result<UtcDateTime, ScheduleError> {
    match OffsetDateTime::parse(text, &Rfc3339) {
        Ok(instant) if instant.checked_to_utc().is_some() => Ok(instant.to_utc()),
        _ => Err(ScheduleError::invalid("instant", text, "a date and a time, such as 2026-03-29T01:00:00Z")),
    }
}

/// Reads `2026-03-29`, or `-0044-03-15` for a year before 0.
pub(crate) fn date(text: &str) -> Option<Date> {
    let (sign, unsigned) = text.strip_prefix('-').map_or((1, text), |unsigned| (-1, unsigned));
    let (year, rest) = unsigned.split_once('-')?;
    let (month, day) = month_and_day(rest)?;
    let year = sign * i32::from(digits(year, 4)?);
    Date::from_calendar_date(year, month, day).ok()
}

/// Reads `12-25`. It does not check whether the day exists.
pub(crate) fn month_and_day(text: &str) -> Option<(Month, u8)> {
    let (month, day) = text.split_once('-')?;
    let month = Month::try_from(u8::try_from(digits(month, 2)?).ok()?).ok()?;
    Some((month, u8::try_from(digits(day, 2)?).ok()?))
}

fn digits(text: &str, count: usize) -> Option<u16> {
    let digits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// `2026-03-29T01:00:00Z`.
pub(crate) struct InstantText(pub(crate) UtcDateTime);

impl fmt::Display for InstantText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, self.0, 'T', "Z")
    }
}

/// `2026-03-29 01:00:00 UTC`.
pub(crate) fn describe_instant(instant: UtcDateTime) -> String {
    struct Described(UtcDateTime);

    impl fmt::Display for Described {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write(f, self.0, ' ', " UTC")
        }
    }

    Described(instant).to_string()
}

fn write(f: &mut fmt::Formatter<'_>, instant: UtcDateTime, between: char, zone: &str) -> fmt::Result {
    let (hour, minute, second, milli) = instant.as_hms_milli();
    write!(f, "{}{between}{hour:02}:{minute:02}:{second:02}", DateText(instant.date()))?;
    if milli != 0 {
        write!(f, ".{milli:03}")?;
    }
    f.write_str(zone)
}

/// `2026-03-29`.
pub(crate) struct DateText(pub(crate) Date);

impl fmt::Display for DateText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.0.to_calendar_date();
        let sign = if year < 0 { "-" } else { "" };
        write!(f, "{sign}{:04}-{:02}-{day:02}", year.unsigned_abs(), u8::from(month))
    }
}
