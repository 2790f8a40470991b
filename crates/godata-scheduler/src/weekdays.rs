//! Sets of weekdays.

use std::fmt;

use time::Weekday;

use crate::ScheduleError;
use crate::text::{list_items, listed};

const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const EXPECTED: &str =
    "mon, tue, wed, thu, fri, sat or sun, a range such as mon-fri, or a list such as sat,sun";

/// Other words for weekdays in English, and two-letter ones in German, from Monday to Sunday.
const OTHER_NAMES: [&[&str]; 7] = [
    &["mo", "monday", "mondays"],
    &["tu", "di", "tues", "tuesday", "tuesdays"],
    &["we", "mi", "weds", "wednesday", "wednesdays"],
    &["th", "do", "thur", "thurs", "thursday", "thursdays"],
    &["fr", "friday", "fridays"],
    &["sa", "saturday", "saturdays"],
    &["su", "so", "sunday", "sundays"],
];

/// Words for several weekdays.
const GROUPS: [(&str, &str); 6] = [
    ("weekday", "mon-fri"),
    ("weekdays", "mon-fri"),
    ("workday", "mon-fri"),
    ("workdays", "mon-fri"),
    ("weekend", "sat,sun"),
    ("weekends", "sat,sun"),
];

/// A non-empty set of weekdays, as bits: bit 0 for Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Weekdays(u8);

impl Weekdays {
    pub(crate) const ALL: Self = Self(0x7F);

    /// `None` if there are no weekdays.
    pub(crate) fn new(weekdays: impl IntoIterator<Item = Weekday>) -> Option<Self> {
        let bit = |weekday: Weekday| 1 << weekday.number_days_from_monday();
        let bits = weekdays.into_iter().fold(0, |bits, weekday| bits | bit(weekday));
        (bits != 0).then_some(Self(bits))
    }

    /// Bit 0 for Monday; `None` if no bit is set.
    #[cfg(feature = "cron")]
    pub(crate) fn from_bits(bits: u8) -> Option<Self> {
        (bits != 0).then_some(Self(bits))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the set contains a weekday, 0 for Monday.
    pub(crate) fn contains(self, weekday: usize) -> bool {
        self.0 >> weekday & 1 == 1
    }

    /// Whether a text starts with a weekday. No zone name does.
    pub(crate) fn begins(text: &str) -> bool {
        text.get(..3).is_some_and(|first| weekday_named(first).is_some())
    }

    /// Whether a text is meant as weekdays, even if it is not written as [`parse`](Self::parse) wants it.
    pub(crate) fn are_meant(text: &str) -> bool {
        Self::begins(text) || Self::meant(text).is_some()
    }

    /// Reads `mon-fri`, `sat,sun`.
    pub(crate) fn parse(text: &str) -> Result<Self, ScheduleError> {
        Self::parse_with(text, weekday_named).ok_or_else(|| {
            let error = ScheduleError::invalid("weekday", text, EXPECTED);
            error.meaning(|| Self::meant(text).map(|weekdays| weekdays.to_string()))
        })
    }

    /// Reads weekdays in any form: `mon-fri`, `Mo-Fr`, `Mon..Fri`, `Monday`, `weekdays`.
    pub(crate) fn loosely(text: &str) -> Option<Self> {
        Self::parse(text).ok().or_else(|| Self::meant(text))
    }

    /// Reads `Mo-Fr`, `Mon..Fri`, `Monday`, `weekdays`.
    fn meant(text: &str) -> Option<Self> {
        let text = text.to_lowercase().replace("..", "-");
        if let Some((_, weekdays)) = GROUPS.iter().find(|(group, _)| *group == text) {
            return Self::parse_with(weekdays, weekday_named);
        }
        Self::parse_with(&text.replace('–', "-"), any_name)
    }

    /// The weekday of a name in any form: `fri`, `fr`, `friday`.
    pub(crate) fn named(name: &str) -> Option<Weekday> {
        any_name(&name.to_lowercase()).map(weekday)
    }

    fn parse_with(text: &str, named: impl Fn(&str) -> Option<usize>) -> Option<Self> {
        let mut bits = 0;
        for item in list_items(text) {
            let (first, last) = item.split_once('-').unwrap_or((item, item));
            let (first, last) = (named(first)?, named(last)?);
            let length = (last + 7 - first) % 7;
            bits |= (0..=length).fold(0, |bits, days| bits | 1 << ((first + days) % 7));
        }
        Some(Self(bits))
    }

    /// The first and last of each run of consecutive weekdays, 0 for Monday.
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

fn any_name(name: &str) -> Option<usize> {
    weekday_named(name).or_else(|| OTHER_NAMES.iter().position(|names| names.contains(&name)))
}

/// The weekday of a short name such as `mon`, 0 for Monday.
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

pub(crate) fn full_name(number: usize) -> String {
    weekday(number).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_words_for_weekdays_are_refused_with_the_accepted_ones() {
        for (text, meant) in [
            ("Mo-Fr", "mon-fri"),
            ("Mo,We", "mon,wed"),
            ("Monday", "mon"),
            ("monday-friday", "mon-fri"),
            ("Mon–Fri", "mon-fri"),
            ("Di,Do", "tue,thu"),
            ("weekdays", "mon-fri"),
            ("Weekend", "sat,sun"),
            ("sat,Sunday", "sat,sun"),
            ("Sa-Mo", "mon,sat,sun"),
            ("Mon..Fri", "mon-fri"),
        ] {
            let error = Weekdays::parse(text).unwrap_err().to_string();
            assert_eq!(error, format!("invalid weekday `{text}`; did you mean `{meant}`?"));
            assert!(Weekdays::are_meant(text), "{text}");
        }
    }

    #[test]
    fn a_misspelled_weekday_is_refused_with_the_list_of_what_is_accepted() {
        for text in ["mon-fry", "mon,", "monn", "mon-fri-sun"] {
            let error = Weekdays::parse(text).unwrap_err().to_string();
            assert_eq!(error, format!("invalid weekday `{text}`: expected {EXPECTED}"));
        }
        for text in ["Europe/Berlin", "CET", "", "Mo-", "first"] {
            assert!(!Weekdays::are_meant(text), "{text}");
        }
    }
}
