//! Any text is a cron pattern exactly if the documented grammar says so, and then it fires when the grammar says.
//!
//! The oracle here shares no code with the scheduler, and works in another way: it keeps no sets of values, but asks of each
//! minute whether the text matches it.

use godata::scheduler::{Cron, ScheduleError, ScheduleExt};
use time::{Duration, UtcDateTime};

/// What random bytes are turned into, so that many of them are almost patterns.
const PIECES: [&str; 64] = [
    " ", " ", " ", " ", " ", " ", " ", "*", "*", "*", "*", "*", "*", "*", ",", ",", ",", "-", "-", "-", "/",
    "/", "/", "#", "#", "L", "L", "W", "W", "+", "?", "0", "0", "1", "1", "2", "2", "3", "4", "5", "5", "7",
    "9", "10", "12", "15", "23", "30", "31", "59", "60", "00", "MON", "TUE", "fri", "SUN", "Sat", "JAN",
    "feb", "DEC", "2026", "2027", "@daily", "x",
];

/// Checks `data` as text, and as pieces of patterns.
pub fn check(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        check_pattern(text);
    }
    let pieces = data.iter().filter_map(|byte| PIECES.get(usize::from(byte % 64)));
    check_pattern(&pieces.copied().collect::<String>());
}

fn check_pattern(text: &str) {
    let oracle = Oracle::parse(text);
    let cron = match Cron::new(text) {
        Ok(cron) => cron,
        Err(ScheduleError::NeverFires { .. }) => {
            let oracle = oracle.unwrap_or_else(|| panic!("`{text}` is no pattern, and said to never fire"));
            // 28 years in a row have every kind of year.
            let mut years = (1970..2200).filter(|year| oracle.year(*year)).take(28);
            assert!(!years.any(|year| oracle.fires_in(year)), "`{text}` fires");
            return;
        }
        Err(error) => {
            assert!(oracle.is_none(), "`{text}` is refused: {error}");
            return;
        }
    };
    let oracle = oracle.unwrap_or_else(|| panic!("`{text}` is accepted"));
    let again = Cron::new(cron.pattern()).expect("the canonical text is a pattern");
    assert_eq!(again, cron, "`{text}`");
    assert_eq!(again.pattern(), cron.pattern(), "`{text}`");
    let canonical = Oracle::parse(cron.pattern()).expect("the canonical text is a pattern");
    assert_eq!(canonical.is_wildcard(), oracle.is_wildcard(), "`{text}` and `{}`", cron.pattern());

    for days in [0, 20_500] {
        oracle.agrees(&cron, UtcDateTime::UNIX_EPOCH + Duration::days(days) - Duration::SECOND);
    }
}

/// A pattern as seven texts.
struct Oracle {
    second: String,
    minute: String,
    hour: String,
    day: String,
    month: String,
    weekday: String,
    year: String,
}

impl Oracle {
    fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other => other,
        };
        let mut fields: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        if fields.len() == 5 {
            fields.insert(0, "0".to_owned());
        }
        if fields.len() == 6 {
            fields.push("*".to_owned());
        }
        let [second, minute, hour, day, month, weekday, year] = <[String; 7]>::try_from(fields).ok()?;
        let oracle = Self { second, minute, hour, day, month, weekday, year };
        let none = |_: &str, _: u32| None;
        let is_valid = field(&oracle.second, 0, 59, &[], 0, none).is_some()
            && field(&oracle.minute, 0, 59, &[], 0, none).is_some()
            && field(&oracle.hour, 0, 23, &[], 0, none).is_some()
            && oracle.days(1, 1, 31).is_some()
            && field(&oracle.month, 1, 12, &MONTHS, 1, none).is_some()
            && oracle.weekdays(1, 0, 31).is_some()
            && field(&oracle.year, 1, 5_000, &[], 1, none).is_some();
        is_valid.then_some(oracle)
    }

    fn is_wildcard(&self) -> bool {
        self.minute.starts_with('*') || self.hour.starts_with('*')
    }

    fn year(&self, year: i32) -> bool {
        field(&self.year, 1, 5_000, &[], year.unsigned_abs(), |_, _| None).unwrap_or_default()
    }

    /// Whether the days of the month match; `None` if their text is invalid.
    fn days(&self, day: u32, weekday: u32, length: u32) -> Option<bool> {
        // The weekday of another day of the month, from 0 for Sunday.
        let weekday_of = |other: u32| (weekday + 35 + other - day) % 7;
        let special = |item: &str, _: u32| {
            if item == "l" {
                return Some(day == length);
            }
            let of = item.strip_suffix('w')?;
            if of == "l" {
                let last = (1..=length).rev().find(|day| !matches!(weekday_of(*day), 0 | 6))?;
                return Some(day == last);
            }
            let of = number(of, 1, 31)?;
            // The nearest, in the order in which they are tried.
            let tried = [of, of.wrapping_sub(1), of + 1, of.wrapping_sub(2), of + 2];
            let is_candidate = |day: &u32| (1..=length).contains(day) && !matches!(weekday_of(*day), 0 | 6);
            Some(of <= length && tried.into_iter().find(is_candidate) == Some(day))
        };
        match &*self.day {
            "?" => Some(true),
            text => field(text, 1, 31, &[], day, special),
        }
    }

    /// Whether the weekday matches, from 0 for Sunday; `None` if the text is invalid.
    fn weekdays(&self, day: u32, weekday: u32, length: u32) -> Option<bool> {
        let special = |item: &str, _: u32| {
            let (of, nth) = match item.find(['#', 'l']) {
                // `jul` is no weekday, so the first `l` is the mark.
                Some(at) => item.split_at(at),
                None => return None,
            };
            let of = named(of, 0, 7, &WEEKDAYS)? % 7;
            let matches = match nth {
                "l" | "#l" => day + 7 > length,
                "#1" => day <= 7,
                "#2" => (8..=14).contains(&day),
                "#3" => (15..=21).contains(&day),
                "#4" => (22..=28).contains(&day),
                "#5" => day >= 29,
                _ => return None,
            };
            Some(of == weekday && matches)
        };
        let text = self.weekday.strip_prefix('+').unwrap_or(&self.weekday);
        if text == "?" {
            return Some(true);
        }
        let sunday = if weekday == 0 { field(text, 0, 7, &WEEKDAYS, 7, special)? } else { false };
        Some(field(text, 0, 7, &WEEKDAYS, weekday, special)? || sunday)
    }

    fn day(&self, at: UtcDateTime) -> bool {
        let (year, month, day) = at.to_calendar_date();
        let (day, length) = (u32::from(day), u32::from(month.length(year)));
        let weekday = u32::from(at.weekday().number_days_from_sunday());
        let in_month = field(&self.month, 1, 12, &MONTHS, u8::from(month).into(), |_, _| None);
        if !in_month.unwrap_or_default() || !self.year(year) {
            return false;
        }
        let days = self.days(day, weekday, length).unwrap_or_default();
        let weekdays = self.weekdays(day, weekday, length).unwrap_or_default();
        let is_star = |text: &str| text == "*" || text == "?";
        if self.weekday.starts_with('+') || is_star(&self.day) || is_star(&self.weekday) {
            days && weekdays
        } else {
            days || weekdays
        }
    }

    fn fires_in(&self, year: i32) -> bool {
        let start = time::Date::from_ordinal_date(year, 1).map(|day| day.midnight().as_utc());
        let start = start.unwrap_or(UtcDateTime::MAX);
        (0..366).map(|days| start + Duration::days(days)).any(|day| day.year() == year && self.day(day))
    }

    /// Compares the first five instants within two years.
    fn agrees(&self, cron: &Cron, after: UtcDateTime) {
        let end = after + Duration::days(800);
        let found: Vec<_> = cron.upcoming(after).take_while(|due| *due < end).take(5).collect();
        let expected: Vec<_> = self.instants(after, end).take(5).collect();
        assert_eq!(found, expected, "`{cron}` after {after}");
    }

    fn instants(&self, after: UtcDateTime, end: UtcDateTime) -> impl Iterator<Item = UtcDateTime> {
        let matches =
            |text: &str, last: u32, value: u32| field(text, 0, last, &[], value, |_, _| None) == Some(true);
        let hours: Vec<u32> = (0..24).filter(|hour| matches(&self.hour, 23, *hour)).collect();
        let minutes: Vec<u32> = (0..60).filter(|minute| matches(&self.minute, 59, *minute)).collect();
        let seconds: Vec<u32> = (0..60).filter(|second| matches(&self.second, 59, *second)).collect();
        let days = (0..=800).map(move |days| after.truncate_to_day() + Duration::days(days));
        let days = days.filter(|day| self.day(*day));
        let at = move |day: UtcDateTime| {
            let mut of_day = Vec::new();
            for hour in &hours {
                for minute in &minutes {
                    of_day.extend(seconds.iter().map(|second| {
                        day + std::time::Duration::from_secs(u64::from(hour * 3_600 + minute * 60 + second))
                    }));
                }
            }
            of_day
        };
        days.flat_map(at).filter(move |at| *at > after && *at < end)
    }
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Whether a field matches a value; `None` if its text is invalid. `special` judges the items that are not numbers.
fn field(
    text: &str,
    first: u32,
    last: u32,
    names: &[&str],
    value: u32,
    special: impl Fn(&str, u32) -> Option<bool>,
) -> Option<bool> {
    if text == "*" {
        return Some(true);
    }
    let mut matched = false;
    for item in text.split(',') {
        matched |= special(item, value).or_else(|| plain(item, first, last, names, value))?;
    }
    Some(matched)
}

fn plain(item: &str, first: u32, last: u32, names: &[&str], value: u32) -> Option<bool> {
    let (range, step) = match item.split_once('/') {
        Some((range, step)) => {
            // Sunday has two numbers, but there are seven weekdays.
            let largest = if names.len() == 7 { 6 } else { last - first };
            (range, Some(number(step, 1, largest)?))
        }
        None => (item, None),
    };
    let (from, to) = match (range.split_once('-'), step) {
        _ if range == "*" => (first, step.and(Some(last))?),
        (Some((from, to)), _) => {
            let (from, to) = (named(from, first, last, names)?, named(to, first, last, names)?);
            (from, if names.len() == 7 && to == 0 && from > 0 { 7 } else { to })
        }
        (None, Some(_)) => return None,
        (None, None) => {
            let only = named(range, first, last, names)?;
            (only, only)
        }
    };
    (from <= to).then(|| (from..=to).contains(&value) && (value - from).is_multiple_of(step.unwrap_or(1)))
}

fn named(text: &str, first: u32, last: u32, names: &[&str]) -> Option<u32> {
    match (first..).zip(names).find(|(_, name)| **name == text) {
        Some((value, _)) => Some(value),
        None => number(text, first, last),
    }
}

fn number(text: &str, first: u32, last: u32) -> Option<u32> {
    let longest = if last > 99 { 4 } else { 2 };
    if text.is_empty() || text.len() > longest || !text.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let value = text.chars().filter_map(|c| c.to_digit(10)).fold(0, |value, digit| value * 10 + digit);
    (first..=last).contains(&value).then_some(value)
}
