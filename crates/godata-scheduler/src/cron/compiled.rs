//! Parsed patterns, shared by all schedules with an equal pattern.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use croner::CronComponent;
use croner::parser::CronParser;

use super::fields;
use crate::ScheduleError;
use crate::horizon::HORIZON;
use crate::local_time::{Days, Pattern, Times};

/// A parsed pattern.
///
/// The crate croner only parses the fields. Its own value takes some 5 KiB per pattern, and searches second by second around
/// clock changes. What is kept here is small, and is searched by the same code as `DailyAt` and `MonthlyAt`.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) text: Box<str>,
    pub(super) description: Box<str>,
    /// Whether it follows real time when the clocks change.
    pub(super) wildcard: bool,
    pub(super) pattern: Arc<Pattern>,
}

/// The patterns of all existing schedules.
static PATTERNS: LazyLock<Mutex<HashMap<Box<str>, Weak<Compiled>>>> = LazyLock::new(Mutex::default);

impl Compiled {
    /// Parses a pattern, unless a schedule with the same one still exists.
    pub(super) fn get(pattern: &str) -> Result<Arc<Self>, ScheduleError> {
        let text = normalized(pattern);
        // A panic can't leave the map in an inconsistent state.
        let mut patterns = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = patterns.get(&*text).and_then(Weak::upgrade) {
            return Ok(compiled);
        }
        let compiled = Arc::new(Self::parse(text)?);
        if patterns.len() == patterns.capacity() {
            patterns.retain(|_, compiled| compiled.strong_count() > 0);
        }
        patterns.insert(compiled.text.clone(), Arc::downgrade(&compiled));
        Ok(compiled)
    }

    fn parse(text: Box<str>) -> Result<Self, ScheduleError> {
        let fields = nickname(&text)?.unwrap_or(&text);
        fields::check(fields)?;
        let cron = CronParser::new().parse(fields).map_err(|_| fields::blame(fields))?;
        let parts: Vec<_> = fields.split_whitespace().collect();
        let begins_with_star = |index: usize| parts.get(index).is_some_and(|field| field.starts_with('*'));
        let minute = usize::from(parts.len() > 5);
        Ok(Self {
            wildcard: begins_with_star(minute) || begins_with_star(minute + 1),
            description: describe(&cron).into(),
            pattern: Arc::new(pattern_of(&cron)),
            text,
        })
    }
}

/// Single spaces between fields, and the case that `Cron::pattern` documents.
fn normalized(pattern: &str) -> Box<str> {
    let fields: Vec<_> = pattern.split_whitespace().collect();
    let joined = fields.join(" ");
    if joined.starts_with('@') { joined.to_ascii_lowercase() } else { joined.to_ascii_uppercase() }.into()
}

/// The fields that an `@` name stands for; `None` for a pattern of fields.
fn nickname(text: &str) -> Result<Option<&'static str>, ScheduleError> {
    let fields = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ if text.starts_with('@') => {
            let expected = "@yearly, @annually, @monthly, @weekly, @daily, @midnight or @hourly; write `every 5m` \
                            for `@every 5m`";
            return Err(ScheduleError::invalid("cron pattern", text, expected));
        }
        _ => return Ok(None),
    };
    Ok(Some(fields))
}

fn pattern_of(cron: &croner::Cron) -> Pattern {
    let fields = &cron.pattern;
    let times = Times::Product {
        hours: bits(&fields.hours),
        minutes: bits(&fields.minutes),
        seconds: bits(&fields.seconds),
    };
    let picks = |length: u8, first_weekday: u8, day: u8| {
        // Some month of that length. The parser only looks at the length and the weekday, not at the year.
        let (year, month) = match length {
            28 => (2_023, 2),
            29 => (2_024, 2),
            30 => (2_023, 4),
            _ => (2_023, 1),
        };
        let from_sunday = (u32::from(first_weekday) + u32::from(day)) % 7;
        let weekday = croner::Weekday::from_days_from_sunday(from_sunday);
        fields.day_match(year, month, day.into(), weekday).unwrap_or_default()
    };
    let months = (1..=12).filter(|month| fields.months.values().contains(month));
    let months = months.fold(0, |bits, month| bits | 1 << (month - 1));
    let mut days = Days::new(picks).in_months(months);
    // Local years can start before the UTC year and end after it.
    let all = HORIZON.start.year() - 1..=HORIZON.end.year();
    let years: Vec<i32> = all.clone().filter(|year| fields.year_match(*year).unwrap_or_default()).collect();
    if years.len() < all.count() {
        days = days.in_years(&years);
    }
    Pattern { days, times }
}

fn bits(field: &CronComponent) -> u64 {
    field.values().into_iter().fold(0, |bits, value| bits | 1 << value)
}

/// The parser's description, as part of a sentence.
fn describe(cron: &croner::Cron) -> String {
    let mut text = cron.describe();
    if cron.as_str().split_whitespace().any(|field| field == "LW") {
        text = text.replace("the last day of the month", "the last weekday of the month");
    }
    let text = text.trim_end_matches('.').replacen("At every", "every", 1).replace(", of hour", " of hour");
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
