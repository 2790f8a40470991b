//! Reads a text in a format.

use time::{Date, Month, Time, UtcOffset};

use super::format::Format;
use super::format_item::{Item, MONTHS, SHORT, WEEKDAYS};

/// What a text in a format says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parts {
    year: i32,
    month: u8,
    day: u8,
    hour: u8,
    /// Whether the hour is from 1 to 12, and then whether it is after noon.
    half: Option<bool>,
    minute: u8,
    second: u8,
    nanosecond: u32,
    pub(super) offset: Option<UtcOffset>,
}

impl Parts {
    pub(super) fn date(&self) -> Option<Date> {
        Date::from_calendar_date(self.year, Month::try_from(self.month).ok()?, self.day).ok()
    }

    pub(super) fn time(&self) -> Option<Time> {
        let hour = match self.half {
            None => self.hour,
            Some(is_afternoon) if (1..=12).contains(&self.hour) => {
                self.hour % 12 + if is_afternoon { 12 } else { 0 }
            }
            Some(_) => return None,
        };
        Time::from_hms_nano(hour, self.minute, self.second, self.nanosecond).ok()
    }
}

impl Format {
    /// Reads a whole text.
    pub(super) fn read(&self, text: &str) -> Option<Parts> {
        let mut parts = Parts::default();
        let mut rest = text;
        for &item in &self.items {
            rest = read_item(item, rest, &mut parts)?;
        }
        rest.is_empty().then_some(parts)
    }
}

/// Reads one part, and returns the rest of the text.
fn read_item<'a>(item: Item, text: &'a str, parts: &mut Parts) -> Option<&'a str> {
    let mut rest = text;
    match item {
        Item::Literal(c) => rest = text.strip_prefix(c)?,
        Item::Space => {
            rest = text.trim_start();
            if rest.len() == text.len() {
                return None;
            }
        }
        Item::Year => parts.year = number(&mut rest, 4, 4)?.try_into().ok()?,
        Item::ShortYear => {
            let year: i32 = number(&mut rest, 2, 2)?.try_into().ok()?;
            parts.year = if year < 69 { 2000 + year } else { 1900 + year };
        }
        Item::Month => parts.month = short_number(&mut rest)?,
        Item::Day => parts.day = short_number(&mut rest)?,
        Item::Hour | Item::HourOfHalf => parts.hour = short_number(&mut rest)?,
        Item::Minute => parts.minute = short_number(&mut rest)?,
        Item::Second => parts.second = short_number(&mut rest)?,
        Item::MonthName => parts.month = u8::try_from(name(&mut rest, &MONTHS)? + 1).ok()?,
        Item::WeekdayName => drop(name(&mut rest, &WEEKDAYS)?),
        Item::Half => parts.half = Some(name(&mut rest, &["AM", "PM"])? == 1),
        Item::Fraction => {
            let nanosecond = number(&mut rest, 1, 9)?;
            let digits = u32::try_from(text.len() - rest.len()).ok()?;
            parts.nanosecond = nanosecond * 10_u32.pow(9 - digits);
        }
        Item::Offset => parts.offset = Some(offset(&mut rest)?),
    }
    Some(rest)
}

/// A number with as many digits as there are, from `least` to `most`.
fn number(rest: &mut &str, least: usize, most: usize) -> Option<u32> {
    let digits = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at(digits);
    *rest = after;
    if digits < least { None } else { number.parse().ok() }
}

fn short_number(rest: &mut &str) -> Option<u8> {
    number(rest, 1, 2)?.try_into().ok()
}

/// The position of the name that the text starts with, in its long or short form.
fn name(rest: &mut &str, names: &[&str]) -> Option<usize> {
    let starts = |name: &str| rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let long = names.iter().position(|name| starts(name)).map(|at| (at, names[at].len()));
    let short =
        || names.iter().position(|name| name.len() > SHORT && starts(&name[..SHORT])).map(|at| (at, SHORT));
    let (at, len) = long.or_else(short)?;
    *rest = &rest[len..];
    Some(at)
}

/// `Z`, or hours and minutes east of Greenwich.
fn offset(rest: &mut &str) -> Option<UtcOffset> {
    if let Some(after) = rest.strip_prefix(['Z', 'z']) {
        *rest = after;
        return Some(UtcOffset::UTC);
    }
    let is_west = rest.starts_with('-');
    *rest = rest.strip_prefix(['+', '-'])?;
    let hours = i8::try_from(number(rest, 2, 2)?).ok()?;
    let with_colon = rest.strip_prefix(':');
    let mut after = with_colon.unwrap_or(rest);
    let minutes = match number(&mut after, 2, 2) {
        Some(minutes) => {
            *rest = after;
            i8::try_from(minutes).ok().filter(|&minutes| minutes < 60)?
        }
        None if with_colon.is_some() => return None,
        None => 0,
    };
    let (hours, minutes) = if is_west { (-hours, -minutes) } else { (hours, minutes) };
    UtcOffset::from_hms(hours, minutes, 0).ok().filter(|_| hours.abs() < 24)
}
