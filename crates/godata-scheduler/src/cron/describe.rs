//! Patterns in words.

use std::fmt;

use time::Month;

use super::days::{DayRule, MonthDays, WeekDays};
use super::fields::YEAR;
use super::grammar::Fields;
use super::values::{self, Star};
use crate::monthly::ordinal;
use crate::text::listed;
use crate::time_of_day::TimeText;
use crate::weekdays::{Weekdays, full_name};

/// The most times of day that are listed one by one.
const MOST_TIMES: usize = 4;

/// `at 02:00, Monday to Friday, in January`.
pub(super) fn describe(fields: &Fields) -> String {
    let years = fields.years.as_deref().map(years);
    let parts = [Some(times(fields)), days(&fields.days), months(&fields.months), years];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn times(Fields { seconds, minutes, hours, .. }: &Fields) -> String {
    if hours.len() * minutes.len() * seconds.len() <= MOST_TIMES {
        let mut times = Vec::new();
        for hour in hours {
            for minute in minutes {
                let minute = (u32::from(*hour) * 60 + u32::from(*minute)) * 60;
                times.extend(seconds.iter().map(|second| TimeText(minute + u32::from(*second)).to_string()));
            }
        }
        return format!("at {}", listed(times));
    }
    let smallest = if **seconds == [0] { None } else { Some(Unit::of("second", 60, seconds)) };
    let units = smallest.into_iter().chain([Unit::of("minute", 60, minutes), Unit::of("hour", 24, hours)]);
    let mut text = String::new();
    let mut repeats = false;
    for unit in units {
        text += match unit {
            _ if text.is_empty() => "",
            // Every 5 minutes is every 5 minutes of every hour.
            Unit::All(_) if repeats => continue,
            Unit::Steps(..) => ", ",
            _ => " of ",
        };
        text += &unit.to_string();
        repeats = !matches!(unit, Unit::Some(..));
    }
    if text.starts_with("every") { text } else { format!("at {text}") }
}

/// Which of the seconds, minutes or hours match.
enum Unit<'a> {
    All(&'static str),
    Steps(&'static str, u16),
    Some(&'static str, &'a [u16]),
}

impl<'a> Unit<'a> {
    fn of(name: &'static str, count: u16, values: &'a [u16]) -> Self {
        // 0 and 30 are every 30 minutes, but 0 and 59 are not every 59.
        let are_many = |step: u16| values.len() > 2 || 2 * step == count;
        let steps =
            |step: &u16| are_many(*step) && (0..count).step_by((*step).into()).eq(values.iter().copied());
        match (1..count).find(steps) {
            Some(1) => Self::All(name),
            Some(step) => Self::Steps(name, step),
            None => Self::Some(name, values),
        }
    }
}

impl fmt::Display for Unit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(name) => write!(f, "every {name}"),
            Self::Steps(name, step) => write!(f, "every {step} {name}s"),
            Self::Some(name, [value]) => write!(f, "{name} {value}"),
            Self::Some(name, values) => write!(f, "{name}s {}", in_runs(values, |value| value.to_string())),
        }
    }
}

fn days(days: &DayRule) -> Option<String> {
    match (&days.month, &days.week) {
        (None, None) => None,
        (Some(month), None) => Some(format!("on {}", month_days(month))),
        (None, Some(week)) if week.special().next().is_none() => Some(week_days(week)),
        (None, Some(week)) => Some(format!("on {}", week_days(week))),
        (Some(month), Some(week)) => {
            let or = if days.both { "if it is" } else { "or" };
            Some(format!("on {} {or} {}", month_days(month), week_days(week)))
        }
    }
}

fn month_days(days: &MonthDays) -> String {
    let mut items = Vec::new();
    if !days.days.is_empty() {
        items.push(in_runs(&days.days, |day| format!("the {}", nth(day))));
    }
    items.extend(days.nearest.iter().map(|day| format!("the weekday nearest to the {}", nth(*day))));
    let last = [(days.last, "the last day"), (days.last_weekday, "the last weekday")];
    items.extend(last.into_iter().filter(|(is, _)| *is).map(|(_, text)| text.to_owned()));
    format!("{} of the month", listed(items))
}

fn week_days(days: &WeekDays) -> String {
    let every = Weekdays::from_bits(days.every).map(Weekdays::describe);
    let special = days.special().map(|(weekday, nth)| {
        let nth = nth.to_digit(10).map_or("last".to_owned(), |nth| self::nth(nth as u16));
        format!("the {nth} {} of the month", full_name(weekday))
    });
    listed(every.into_iter().chain(special))
}

fn months(months: &[u16]) -> Option<String> {
    let name = |month: u16| u8::try_from(month).ok().and_then(|month| Month::try_from(month).ok());
    let name = |month| name(month).map(|name| name.to_string()).unwrap_or_default();
    (months.len() < 12).then(|| format!("in {}", in_runs(months, name)))
}

fn years(years: &[u16]) -> String {
    match years {
        [year] => format!("in {year}"),
        _ => format!("in the years {}", values::text(&YEAR, years, Star::Forbidden)),
    }
}

fn nth(number: u16) -> String {
    u8::try_from(number).map(ordinal).unwrap_or_default()
}

/// `1, 3 to 5 and 8`.
fn in_runs(values: &[u16], name: impl Fn(u16) -> String) -> String {
    let mut items = Vec::new();
    for run in values.chunk_by(|a, b| *b == a + 1) {
        match run {
            [first, _, .., last] => items.push(format!("{} to {}", name(*first), name(*last))),
            few => items.extend(few.iter().map(|value| name(*value))),
        }
    }
    listed(items)
}
