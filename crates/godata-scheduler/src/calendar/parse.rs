//! Calendars as text.

use std::str::FromStr;

use super::Calendar;
use crate::text::{self, date, month_and_day};
use crate::weekdays::Weekdays;
use crate::{ScheduleError, Zone};

const EXPECTED: &str = "weekdays (sat,sun), days of every year (12-25), dates (2026-04-03), ranges \
                        (2026-07-01..2026-07-14), on(SCHEDULE), or none; then a zone if it is not UTC";

impl Calendar {
    pub(crate) fn parse(text: &str, depth: u8) -> Result<Self, ScheduleError> {
        let mut items: Vec<_> = text::parts(text, char::is_whitespace);
        items.retain(|item| !item.is_empty());
        let invalid = |found: &str| ScheduleError::invalid("calendar", found, EXPECTED);
        let mut calendar = Self::new();
        if let Some(zone) = items.pop_if(|item| is_zone(item)) {
            calendar = calendar.in_zone(Zone::new(zone)?);
        }
        if items.is_empty() {
            return Err(invalid(text));
        }
        if let [item] = items[..]
            && item.eq_ignore_ascii_case("none")
        {
            return Ok(calendar);
        }
        let mut ranges = Vec::new();
        for item in items {
            if let Some(schedule) = days_of(item) {
                calendar = calendar.days_of(text::schedule(schedule, depth + 1)?);
            } else if Weekdays::are_meant(item) {
                let weekdays = Weekdays::parse(item)?;
                calendar = calendar.with(|days| days.add_weekdays(weekdays));
            } else if let Some((month, day)) = month_and_day(item) {
                calendar = calendar.yearly(month, day)?;
            } else {
                let (first, last) = item.split_once("..").unwrap_or((item, item));
                ranges.push(date(first).zip(date(last)).ok_or_else(|| invalid(item))?);
            }
        }
        calendar.ranges(ranges)
    }
}

fn is_zone(item: &str) -> bool {
    let begins = item.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_on = item.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("on("));
    begins && !is_on && !item.eq_ignore_ascii_case("none") && !Weekdays::are_meant(item)
}

/// The schedule in `on(SCHEDULE)`.
fn days_of(item: &str) -> Option<&str> {
    let (on, schedule) = item.split_at_checked(2)?;
    if on.eq_ignore_ascii_case("on") { text::inside(schedule) } else { None }
}

impl FromStr for Calendar {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        Self::parse(text, 0)
    }
}
