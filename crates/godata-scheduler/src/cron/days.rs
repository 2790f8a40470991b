//! The days on which a pattern fires: its fields for days of the month and of the week.

use super::fields::{DAY_OF_MONTH, DAY_OF_WEEK};
use super::values::{self, Refused, Star, Values};
use crate::local_time::Days;
use crate::weekdays::{Weekdays, short_name};

/// What both fields together say. Fields that mean the same are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DayRule {
    /// `None` for `*`.
    pub(super) month: Option<MonthDays>,
    /// `None` for `*`.
    pub(super) week: Option<WeekDays>,
    /// Whether a day has to match both fields and not just one.
    pub(super) both: bool,
}

/// Days of the month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MonthDays {
    pub(super) days: Values,
    /// The weekdays nearest to these days.
    pub(super) nearest: Values,
    pub(super) last: bool,
    pub(super) last_weekday: bool,
}

/// Days of the week.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct WeekDays {
    pub(super) every: Bits,
    /// Of each month, the first to fifth of some weekdays, and the last.
    nth: [Bits; 5],
    last: Bits,
}

/// Weekdays as bits, bit 0 for Monday.
type Bits = u8;

/// Every weekday.
const ALL: Bits = 0x7F;

impl DayRule {
    /// Of two fields. Where both are restricted, a day has to match one of them, unless there is a `+`.
    pub(super) fn of(month: Option<MonthDays>, week: Option<WeekDays>, both: bool) -> Self {
        let every_month = month.as_ref().is_none_or(MonthDays::are_all);
        let every_week = week.as_ref().is_none_or(WeekDays::are_all);
        match (&month, &week) {
            // `1-31` is not `*`: together with a weekday it is every day.
            (Some(_), Some(_)) if !both && (every_month || every_week) => Self::EVERY_DAY,
            _ => {
                let (month, week) = (month.filter(|_| !every_month), week.filter(|_| !every_week));
                let both = both && month.is_some() && week.is_some();
                Self { month, week, both }
            }
        }
    }

    const EVERY_DAY: Self = Self { month: None, week: None, both: false };

    pub(super) fn days(&self) -> Days {
        Days::new(|length, first_weekday, day| {
            let weekday = |day: u8| usize::from(first_weekday + day - 1) % 7;
            let month = self.month.as_ref().map(|days| days.contain(length, weekday, day));
            let week = self.week.as_ref().map(|days| days.contain(length, weekday(day), day));
            match (month, week) {
                (Some(month), Some(week)) if self.both => month && week,
                (Some(month), Some(week)) => month || week,
                (one, None) | (None, one) => one.unwrap_or(true),
            }
        })
    }
}

impl MonthDays {
    /// Reads a field; `None` for `*`.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, Refused> {
        if text == "*" || text == "?" {
            return Ok(None);
        }
        let mut read = Self::default();
        for item in text.split(',') {
            match item.strip_suffix('W') {
                _ if item == "L" => read.last = true,
                Some("L") => read.last_weekday = true,
                Some(day) => read.nearest.push(values::value(&DAY_OF_MONTH, day).ok_or(Refused::Item)?),
                None => read.days.extend(values::parse_item(&DAY_OF_MONTH, item)?),
            }
        }
        read.days = values::sorted(read.days);
        read.nearest = values::sorted(read.nearest);
        Ok(Some(read))
    }

    fn are_all(&self) -> bool {
        self.days.len() == 31
    }

    fn contain(&self, length: u8, weekday: impl Fn(u8) -> usize, day: u8) -> bool {
        let nearest =
            |to: &u16| u8::try_from(*to).is_ok_and(|to| nearest_weekday(length, &weekday, to) == Some(day));
        self.days.binary_search(&day.into()).is_ok()
            || self.nearest.iter().any(nearest)
            || (self.last && day == length)
            || (self.last_weekday && last_weekday(length, &weekday) == day)
    }

    pub(super) fn text(&self) -> String {
        let days = values::text(&DAY_OF_MONTH, &self.days, Star::Allowed);
        let days = (!self.days.is_empty()).then_some(days);
        let nearest = self.nearest.iter().map(|day| format!("{day}W"));
        let last = [(self.last, "L"), (self.last_weekday, "LW")];
        let last = last.into_iter().filter(|(is, _)| *is).map(|(_, text)| text.to_owned());
        days.into_iter().chain(nearest).chain(last).collect::<Vec<_>>().join(",")
    }
}

/// The weekday (Monday to Friday) nearest to a day, within its month; `None` if the month has no such day.
fn nearest_weekday(length: u8, weekday: &impl Fn(u8) -> usize, day: u8) -> Option<u8> {
    let nearest = match weekday(day) {
        5 if day == 1 => 3,
        5 => day - 1,
        6 if day == length => day - 2,
        6 => day + 1,
        _ => day,
    };
    (day <= length).then_some(nearest)
}

/// The last weekday (Monday to Friday) of a month.
fn last_weekday(length: u8, weekday: &impl Fn(u8) -> usize) -> u8 {
    match weekday(length) {
        5 => length - 1,
        6 => length - 2,
        _ => length,
    }
}

impl WeekDays {
    /// Reads a field without its `+`; `None` for `*`.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, Refused> {
        if text == "*" || text == "?" {
            return Ok(None);
        }
        let mut read = Self::default();
        for item in text.split(',') {
            let (weekday, nth) = match item.split_once('#') {
                Some((weekday, nth)) => (weekday, Some(nth)),
                None => item.strip_suffix('L').map_or((item, None), |weekday| (weekday, Some("L"))),
            };
            match nth {
                Some(nth) => {
                    *read.place(nth)? |= bit(values::value(&DAY_OF_WEEK, weekday).ok_or(Refused::Item)?);
                }
                None => {
                    let weekdays = values::parse_item(&DAY_OF_WEEK, weekday)?;
                    read.every = weekdays.into_iter().fold(read.every, |bits, weekday| bits | bit(weekday));
                }
            }
        }
        Ok(Some(read.simplified()))
    }

    fn place(&mut self, nth: &str) -> Result<&mut Bits, Refused> {
        if nth == "L" {
            return Ok(&mut self.last);
        }
        let index = ["1", "2", "3", "4", "5"].iter().position(|known| *known == nth);
        index.and_then(|index| self.nth.get_mut(index)).ok_or(Refused::Item)
    }

    /// Without what other items imply.
    fn simplified(mut self) -> Self {
        self.every |= self.nth.into_iter().fold(ALL, |all, nth| all & nth);
        let others = !self.every;
        Self { every: self.every, nth: self.nth.map(|nth| nth & others), last: self.last & others }
    }

    fn are_all(&self) -> bool {
        self.every == ALL
    }

    fn contain(&self, length: u8, weekday: usize, day: u8) -> bool {
        let nth = self.nth.get(usize::from((day - 1) / 7)).copied().unwrap_or_default();
        let last = if day + 7 > length { self.last } else { 0 };
        (self.every | nth | last) >> weekday & 1 == 1
    }

    pub(super) fn text(&self) -> String {
        let every = Weekdays::from_bits(self.every).map(|weekdays| weekdays.to_string());
        let items = every
            .into_iter()
            .chain(self.special().map(|(weekday, nth)| format!("{}#{nth}", short_name(weekday))));
        items.collect::<Vec<_>>().join(",").to_ascii_uppercase()
    }

    /// The weekdays that only count once a month, each with its `1` to `5`, or `L`.
    pub(super) fn special(&self) -> impl Iterator<Item = (usize, char)> {
        let nth = "12345L".chars().zip(self.nth.into_iter().chain([self.last]));
        nth.flat_map(|(nth, bits)| {
            (0..7).filter(move |weekday| bits >> weekday & 1 == 1).map(move |weekday| (weekday, nth))
        })
    }
}

/// The bit of a weekday, given with 0 and 7 for Sunday.
fn bit(number: u16) -> Bits {
    1 << ((number + 6) % 7)
}
