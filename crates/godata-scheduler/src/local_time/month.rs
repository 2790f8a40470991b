//! Months as ranges of days.

use time::util::days_in_month;
use time::{Date, Month as MonthName};

/// The Julian day of 1970-01-01.
const JULIAN_DAY_OF_EPOCH: i64 = 2_440_588;

/// One month of one year. Days are counted from 1970-01-01, which is day 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Month {
    pub(crate) year: i32,
    pub(crate) name: MonthName,
    /// Its first day.
    pub(crate) first: i64,
    /// Its number of days, 28 to 31.
    pub(crate) length: u8,
}

impl Month {
    /// The month that contains a day; `None` if its year has more than four digits.
    pub(crate) fn of(day: i64) -> Option<Self> {
        let date = date_of(day)?;
        Some(Self::from_first(date.year(), date.month(), day - i64::from(date.day()) + 1))
    }

    /// January of a year.
    pub(crate) fn january(year: i32) -> Option<Self> {
        let first = Date::from_calendar_date(year, MonthName::January, 1).ok()?;
        Some(Self::from_first(year, MonthName::January, day_of(first)))
    }

    fn from_first(year: i32, name: MonthName, first: i64) -> Self {
        Self { year, name, first, length: days_in_month(name, year) }
    }

    pub(crate) fn next(self) -> Self {
        let year = if self.name == MonthName::December { self.year + 1 } else { self.year };
        Self::from_first(year, self.name.next(), self.first + i64::from(self.length))
    }

    pub(crate) fn previous(self) -> Self {
        let year = if self.name == MonthName::January { self.year - 1 } else { self.year };
        let name = self.name.previous();
        Self::from_first(year, name, self.first - i64::from(days_in_month(name, year)))
    }

    /// The weekday of its first day, 0 for Monday.
    pub(crate) fn first_weekday(self) -> usize {
        weekday_of(self.first)
    }
}

/// The date of a day; `None` if its year has more than four digits.
pub(crate) fn date_of(day: i64) -> Option<Date> {
    Date::from_julian_day(i32::try_from(day + JULIAN_DAY_OF_EPOCH).ok()?).ok()
}

/// The day of a date.
pub(crate) fn day_of(date: Date) -> i64 {
    i64::from(date.to_julian_day()) - JULIAN_DAY_OF_EPOCH
}

/// The weekday of a day, 0 for Monday. Day 0 is a Thursday.
pub(crate) fn weekday_of(day: i64) -> usize {
    (day + 3).rem_euclid(7) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_each_other_without_gaps() {
        let mut month = Month::january(1968).unwrap();
        for _ in 0..12 * 240 {
            let next = month.next();
            assert_eq!(next.previous(), month);
            assert_eq!(Month::of(next.first - 1), Some(month));
            assert_eq!(Month::of(next.first), Some(next));
            let first = date_of(next.first).unwrap();
            assert_eq!((first.year(), first.month(), first.day()), (next.year, next.name, 1));
            assert_eq!(usize::from(first.weekday().number_days_from_monday()), next.first_weekday());
            month = next;
        }
        assert_eq!((month.year, day_of(date_of(17).unwrap())), (2208, 17));
    }

    #[test]
    fn days_beyond_four_digit_years_have_no_month() {
        for day in [i64::from(i32::MAX), 1 << 40, -(1 << 40), 10_000_000] {
            assert_eq!(Month::of(day), None);
        }
    }
}
