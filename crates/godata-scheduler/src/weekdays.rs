//! Days of the week.

use std::fmt;

use time::Weekday;

use crate::ScheduleError;
use crate::text::{list_items, listed};

const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const EXPECTED: &str =
    "mon, tue, wed, thu, fri, sat or sun, a range such as mon-fri, or a list such as sat,sun";

/// A set of weekdays that is not empty, as bits: bit 0 for Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Weekdays(u8);

impl Weekdays {
    pub(crate) const ALL: Self = Self(0x7F);

    /// None if there are none.
    pub(crate) fn new(weekdays: impl IntoIterator<Item = Weekday>) -> Option<Self> {
        let bit = |weekday: Weekday| 1 << weekday.number_days_from_monday();
        let bits = weekdays.into_iter().fold(0, |bits, weekday| bits | bit(weekday));
        (bits != 0).then_some(Self(bits))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a weekday is among them, 0 for Monday.
    pub(crate) fn contains(self, weekday: usize) -> bool {
        self.0 >> weekday & 1 == 1
    }

    /// Whether a text begins as one of weekdays does, which no name of a zone does.
    pub(crate) fn begins(text: &str) -> bool {
        text.get(..3).is_some_and(|first| weekday_named(first).is_some())
    }

    pub(crate) fn parse(text: &str) -> Result<Self, ScheduleError> {
        let invalid = || ScheduleError::invalid("weekday", text, EXPECTED);
        let mut bits = 0;
        for item in list_items(text) {
            let (first, last) = item.split_once('-').unwrap_or((item, item));
            let first = weekday_named(first).ok_or_else(invalid)?;
            let last = weekday_named(last).ok_or_else(invalid)?;
            let length = (last + 7 - first) % 7;
            bits |= (0..=length).fold(0, |bits, days| bits | 1 << ((first + days) % 7));
        }
        Ok(Self(bits))
    }

    /// Runs of weekdays that follow each other, 0 for Monday.
    fn runs(self) -> Vec<(usize, usize)> {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for weekday in (0..7).filter(|weekday| self.contains(*weekday)) {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == weekday => *last = weekday,
                _ => runs.push((weekday, weekday)),
            }
        }
        runs
    }

    /// `Monday to Friday`, `Saturday and Sunday`.
    pub(crate) fn describe(self) -> String {
        let parts = self.runs().into_iter().flat_map(|(first, last)| match last - first {
            0 => vec![full_name(first)],
            1 => vec![full_name(first), full_name(last)],
            _ => vec![format!("{} to {}", full_name(first), full_name(last))],
        });
        listed(parts)
    }
}

/// `mon-fri`, `sat,sun`.
impl fmt::Display for Weekdays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.runs().into_iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            let (from, to) = (short_name(first), short_name(last));
            match last - first {
                0 => f.write_str(from)?,
                1 => write!(f, "{from},{to}")?,
                _ => write!(f, "{from}-{to}")?,
            }
        }
        Ok(())
    }
}

/// The weekday of a short name, 0 for Monday.
pub(crate) fn weekday_named(name: &str) -> Option<usize> {
    NAMES.iter().position(|short| short.eq_ignore_ascii_case(name))
}

pub(crate) fn short_name(weekday: usize) -> &'static str {
    NAMES.get(weekday).copied().unwrap_or_default()
}

/// The weekday of a number, 0 for Monday.
pub(crate) fn weekday(number: usize) -> Weekday {
    Weekday::Monday.nth_next(u8::try_from(number).unwrap_or_default())
}

fn full_name(number: usize) -> String {
    weekday(number).to_string()
}
