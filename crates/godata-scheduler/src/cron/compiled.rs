//! Parsed patterns, shared by all schedules whose patterns mean the same.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use super::describe::describe;
use super::grammar::Fields;
use crate::ScheduleError;
use crate::horizon::HORIZON;
use crate::local_time::{Pattern, Times};

/// What is kept of a pattern. It is searched by the same code as `DailyAt` and `MonthlyAt`.
#[derive(Debug)]
pub(super) struct Compiled {
    /// Canonical.
    pub(super) text: Box<str>,
    pub(super) description: Box<str>,
    /// Whether it follows real time when the clocks change.
    pub(super) wildcard: bool,
    pub(super) pattern: Arc<Pattern>,
}

/// The patterns of all existing schedules, by their canonical text.
static PATTERNS: LazyLock<Mutex<HashMap<Box<str>, Weak<Compiled>>>> = LazyLock::new(Mutex::default);

impl Compiled {
    /// Parses a pattern. It is compiled unless a schedule with an equal one still exists.
    pub(super) fn get(pattern: &str) -> Result<Arc<Self>, ScheduleError> {
        let fields = Fields::parse(pattern)?;
        let text = fields.text().into_boxed_str();
        // A panic can't leave the map in an inconsistent state.
        let mut patterns = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = patterns.get(&*text).and_then(Weak::upgrade) {
            return Ok(compiled);
        }
        let compiled = Arc::new(Self::of(&fields, text));
        if patterns.len() == patterns.capacity() {
            patterns.retain(|_, compiled| compiled.strong_count() > 0);
        }
        patterns.insert(compiled.text.clone(), Arc::downgrade(&compiled));
        Ok(compiled)
    }

    fn of(fields: &Fields, text: Box<str>) -> Self {
        let description = describe(fields).into();
        Self { wildcard: fields.wildcard, description, pattern: Arc::new(pattern_of(fields)), text }
    }
}

fn pattern_of(fields: &Fields) -> Pattern {
    let times = Times::Product {
        hours: bits(&fields.hours),
        minutes: bits(&fields.minutes),
        seconds: bits(&fields.seconds),
    };
    let months = bits(&fields.months) >> 1;
    let mut days = fields.days.days().in_months(u16::try_from(months).unwrap_or_default());
    if let Some(years) = &fields.years {
        // Local years can start before the UTC year and end after it.
        let all = HORIZON.start.year() - 1..=HORIZON.end.year();
        let years: Vec<_> = years.iter().copied().map(i32::from).filter(|year| all.contains(year)).collect();
        days = days.in_years(&years);
    }
    Pattern { days, times }
}

fn bits(values: &[u16]) -> u64 {
    values.iter().fold(0, |bits, value| bits | 1 << value)
}
