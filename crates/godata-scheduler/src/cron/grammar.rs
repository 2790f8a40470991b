//! What a pattern says, and its canonical text.

use super::days::{DayRule, MonthDays, WeekDays};
use super::fields::{DAY_OF_MONTH, DAY_OF_WEEK, Field, HOUR, MINUTE, MONTH, SECOND, YEAR};
use super::values::{self, Star, Values};
use crate::ScheduleError;

/// A pattern, field by field. Patterns that mean the same are equal and have the same text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) seconds: Values,
    pub(super) minutes: Values,
    pub(super) hours: Values,
    /// Whether the minute or hour begins with `*`: then the pattern follows real time when the clocks change.
    pub(super) wildcard: bool,
    pub(super) days: DayRule,
    pub(super) months: Values,
    /// `None` for every year.
    pub(super) years: Option<Values>,
}

impl Fields {
    /// Reads a pattern, in any case.
    pub(super) fn parse(pattern: &str) -> Result<Self, ScheduleError> {
        if pattern.contains('=') {
            return Err(not_a_pattern(pattern));
        }
        let upper = pattern.to_ascii_uppercase();
        let upper = nickname(&upper).unwrap_or(&upper);
        let texts: Vec<_> = upper.split_whitespace().collect();
        let [second, minute, hour, day, month, weekday, year] = match texts[..] {
            [minute, hour, day, month, weekday] => ["0", minute, hour, day, month, weekday, "*"],
            [second, minute, hour, day, month, weekday] => [second, minute, hour, day, month, weekday, "*"],
            [second, minute, hour, day, month, weekday, year] => {
                [second, minute, hour, day, month, weekday, year]
            }
            _ => return Err(not_a_pattern(pattern)),
        };
        let blame = |field: &Field, text: &str, refused| {
            let written = pattern.split_whitespace().find(|written| written.eq_ignore_ascii_case(text));
            field.error(refused, written.unwrap_or(text), pattern)
        };
        let values = |field, text| values::parse(field, text).map_err(|refused| blame(field, text, refused));
        let (both, weekdays) = weekday.strip_prefix('+').map_or((false, weekday), |weekday| (true, weekday));
        let years = if year == "*" { None } else { Some(values(&YEAR, year)?) };
        Ok(Self {
            seconds: values(&SECOND, second)?,
            minutes: values(&MINUTE, minute)?,
            hours: values(&HOUR, hour)?,
            wildcard: minute.starts_with('*') || hour.starts_with('*'),
            days: DayRule::of(
                MonthDays::parse(day).map_err(|refused| blame(&DAY_OF_MONTH, day, refused))?,
                WeekDays::parse(weekdays).map_err(|refused| blame(&DAY_OF_WEEK, weekday, refused))?,
                both,
            ),
            months: values(&MONTH, month)?,
            years: years.filter(|years| years.len() < YEAR.values.len()),
        })
    }

    /// The one text of all patterns that are equal.
    pub(super) fn text(&self) -> String {
        let (minutes, hours) = self.minutes_and_hours();
        let both = if self.days.both { "+" } else { "" };
        let days = self.days.month.as_ref().map_or("*".to_owned(), MonthDays::text);
        let weekdays = self.days.week.as_ref().map_or("*".to_owned(), WeekDays::text);
        let months = values::text(&MONTH, &self.months, Star::Allowed);
        let text = format!("{minutes} {hours} {days} {months} {both}{weekdays}");

        let seconds = values::text(&SECOND, &self.seconds, Star::Allowed);
        match (&self.years, &*self.seconds) {
            (None, [0]) => text,
            (None, _) => format!("{seconds} {text}"),
            (Some(years), _) => format!("{seconds} {text} {}", values::text(&YEAR, years, Star::Allowed)),
        }
    }

    /// Neither begins with `*`, unless the pattern is a wildcard. Then one of them does.
    fn minutes_and_hours(&self) -> (String, String) {
        let star = if self.wildcard { Star::Allowed } else { Star::Forbidden };
        let minutes = values::text(&MINUTE, &self.minutes, star);
        let hours = values::text(&HOUR, &self.hours, star);
        if !self.wildcard || minutes.starts_with('*') || hours.starts_with('*') {
            return (minutes, hours);
        }
        match values::text_with_star(&MINUTE, &self.minutes) {
            Some(minutes) => (minutes, hours),
            None => (minutes, values::text_with_star(&HOUR, &self.hours).unwrap_or(hours)),
        }
    }
}

/// The fields that an `@` name stands for.
fn nickname(text: &str) -> Option<&'static str> {
    let fields = match text.trim() {
        "@YEARLY" | "@ANNUALLY" => "0 0 1 1 *",
        "@MONTHLY" => "0 0 1 * *",
        "@WEEKLY" => "0 0 * * 0",
        "@DAILY" | "@MIDNIGHT" => "0 0 * * *",
        "@HOURLY" => "0 * * * *",
        _ => return None,
    };
    Some(fields)
}

fn not_a_pattern(pattern: &str) -> ScheduleError {
    let expected = if pattern.contains('=') {
        "only the fields; the zone comes after them, or from `in_zone`"
    } else if pattern.trim().eq_ignore_ascii_case("@reboot") {
        "a time; to run something at the start, call it in `main`"
    } else if pattern.trim_start().starts_with('@') {
        "@yearly, @annually, @monthly, @weekly, @daily, @midnight or @hourly; write `every 5m` for `@every 5m`"
    } else {
        "5 fields (minute, hour, day of month, month, day of week), 6 with seconds before them, 7 with years after \
         those; or @yearly, @monthly, @weekly, @daily or @hourly"
    };
    ScheduleError::invalid("cron pattern", pattern.trim(), expected)
}
