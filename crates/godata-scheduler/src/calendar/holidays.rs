//! Lists of holidays.

use godata_core::excerpt;

use super::Calendar;
use crate::ScheduleError;
use crate::text::{date, month_and_day};

/// Adds the days of a list.
pub(super) fn add(mut calendar: Calendar, list: &str) -> Result<Calendar, ScheduleError> {
    let mut dates = Vec::new();
    for (number, line) in (1..).zip(list.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let day = line.split_whitespace().next().unwrap_or_default();
        let invalid = || ScheduleError::HolidayLine { line: number, found: excerpt(line) };
        if let Some(date) = date(day) {
            dates.push(date);
        } else {
            let (month, day) = month_and_day(day).ok_or_else(invalid)?;
            calendar = calendar.yearly(month, day).map_err(|_| invalid())?;
        }
    }
    Ok(calendar.dates(dates))
}
