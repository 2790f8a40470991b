//! Sets of days by calendar rules.

use std::ops::Range;
use std::sync::Arc;

use time::Month as MonthName;

use super::month::Month;
use crate::search_budget;

/// The days that searches cover: the horizon, with room for every offset from UTC.
const DAYS: Range<i64> = -2..84_009;

/// The steps to search the months of a year.
const STEPS_OF_A_YEAR: u32 = 4;

/// The days of a month as bits, bit 0 for the first.
type Bits = u32;

/// A set of days, by rules that depend only on the calendar.
///
/// Whether a rule such as "the last Friday" or "the weekday nearest to the 15th" matches a day depends only on the length
/// of its month and the weekday of the first. That makes 28 kinds of month. The matching days of each kind are kept as
/// bits, so all rules are searched by the same code and equally fast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Days {
    /// Indexed by the length of the month minus 28, then by the weekday of its first day.
    kinds: [[Bits; 7]; 4],
    /// Bit 0 for January.
    months: u16,
    /// In ascending order; `None` for every year.
    years: Option<Arc<[i32]>>,
}

impl Days {
    /// The days for which `picks(length, first_weekday, day)` is true: the length of the month, the weekday of its first
    /// day (0 for Monday), and the day of the month from 1.
    pub(crate) fn new(mut picks: impl FnMut(u8, u8, u8) -> bool) -> Self {
        let mut kinds = [[0; 7]; 4];
        for (length, kinds) in (28..).zip(&mut kinds) {
            for (first_weekday, kind) in (0..).zip(kinds) {
                for day in 1..=length {
                    *kind |= Bits::from(picks(length, first_weekday, day)) << (day - 1);
                }
            }
        }
        Self { kinds, months: 0xFFF, years: None }
    }

    /// Only the days in these months: bit 0 for January.
    #[cfg(feature = "cron")]
    pub(crate) fn in_months(self, months: u16) -> Self {
        Self { months, ..self }
    }

    /// Only the days in these years, given in ascending order.
    #[cfg(feature = "cron")]
    pub(crate) fn in_years(self, years: &[i32]) -> Self {
        Self { years: Some(years.into()), ..self }
    }

    #[cfg(feature = "cron")]
    pub(crate) fn years(&self) -> Option<&[i32]> {
        self.years.as_deref()
    }

    pub(crate) fn contains(&self, day: i64) -> bool {
        DAYS.contains(&day)
            && Month::of(day).is_some_and(|month| self.of(month) >> (day - month.first) & 1 == 1)
    }

    /// The first one at or after `day`.
    pub(crate) fn on_or_after(&self, day: i64) -> Option<i64> {
        let mut from = day.max(DAYS.start);
        let mut month = Month::of(from)?;
        while month.first < DAYS.end {
            let bits = self.of(month) & from_bit(from - month.first);
            if bits != 0 {
                return Some(month.first + i64::from(bits.trailing_zeros()));
            }
            month = self.skip_years(month.next())?;
            from = month.first;
            search_budget::spend(u32::from(month.name == MonthName::January) * STEPS_OF_A_YEAR);
        }
        None
    }

    /// The last one at or before `day`.
    pub(crate) fn on_or_before(&self, day: i64) -> Option<i64> {
        let mut to = day.min(DAYS.end - 1);
        let mut month = Month::of(to)?;
        while to >= DAYS.start {
            let bits = self.of(month) & !from_bit(to - month.first + 1);
            if bits != 0 {
                return Some(month.first + i64::from(bits.ilog2()));
            }
            to = month.first - 1;
            month = month.previous();
            search_budget::spend(u32::from(month.name == MonthName::December) * STEPS_OF_A_YEAR);
        }
        None
    }

    /// The number of them in a range.
    pub(crate) fn count(&self, days: Range<i64>) -> u64 {
        let days = days.start.max(DAYS.start)..days.end.min(DAYS.end);
        let Some(mut month) = Month::of(days.start) else { return 0 };
        let mut count = 0;
        let mut from = days.start;
        while from < days.end {
            let bits = self.of(month) & from_bit(from - month.first) & !from_bit(days.end - month.first);
            count += u64::from(bits.count_ones());
            month = month.next();
            from = month.first;
        }
        count
    }

    /// The matching days of a month.
    fn of(&self, month: Month) -> Bits {
        let in_month = self.months >> (u8::from(month.name) - 1) & 1 == 1;
        let in_year = self.years.as_ref().is_none_or(|years| years.binary_search(&month.year).is_ok());
        if !(in_month && in_year) {
            return 0;
        }
        let kinds = self.kinds.get(usize::from(month.length - 28));
        kinds.and_then(|kinds| kinds.get(month.first_weekday())).copied().unwrap_or_default()
    }

    /// The month, unless it is a January whose year has none of the days: then January of the next year that has.
    fn skip_years(&self, month: Month) -> Option<Month> {
        let Some(years) = &self.years else { return Some(month) };
        if month.name != MonthName::January {
            return Some(month);
        }
        let next = years.get(years.partition_point(|year| *year < month.year))?;
        if *next == month.year { Some(month) } else { Month::january(*next) }
    }
}

/// This bit and all higher ones.
fn from_bit(bit: i64) -> Bits {
    u32::try_from(bit).ok().and_then(|bit| Bits::MAX.checked_shl(bit)).unwrap_or_default()
}
