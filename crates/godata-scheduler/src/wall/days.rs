//! On which days.

use std::ops::Range;
use std::sync::Arc;

use time::Month as MonthName;

use super::month::Month;
use crate::effort;

/// The days that are looked at: the horizon, with room for every offset from UTC.
const DAYS: Range<i64> = -2..84_009;

/// What it takes to look at the months of a year.
const STEPS_OF_A_YEAR: u32 = 4;

/// The days of a month as bits, bit 0 for the 1st.
type Bits = u32;

/// A set of days, by rules that depend on nothing but the calendar.
///
/// Whether a rule such as "the last Friday" or "the weekday nearest to the 15th" picks a day depends on how long
/// its month is and on the weekday of its 1st. So there are only 28 kinds of month, and for each of them the days
/// are kept as bits, which makes all rules equal and equally fast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Days {
    /// By the length of the month less 28, and by the weekday of its 1st.
    kinds: [[Bits; 7]; 4],
    /// Bit 0 for January.
    months: u16,
    /// In ascending order; every year if there is none.
    years: Option<Arc<[i32]>>,
}

impl Days {
    /// The days for which `picks(length, first_weekday, day)` is true: the length of the month, the weekday of its
    /// 1st (0 for Monday), and the day of the month from 1.
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

    /// Only those in these months: bit 0 for January.
    #[cfg(feature = "cron")]
    pub(crate) fn in_months(self, months: u16) -> Self {
        Self { months, ..self }
    }

    /// Only those in these years, which are in ascending order.
    #[cfg(feature = "cron")]
    pub(crate) fn in_years(self, years: &[i32]) -> Self {
        Self { years: Some(years.into()), ..self }
    }

    pub(crate) fn contains(&self, day: i64) -> bool {
        DAYS.contains(&day)
            && Month::of(day).is_some_and(|month| self.of(month) >> (day - month.first) & 1 == 1)
    }

    /// The first of them from `day` on.
    pub(crate) fn on_or_after(&self, day: i64) -> Option<i64> {
        let mut from = day.max(DAYS.start);
        let mut month = Month::of(from)?;
        while month.first < DAYS.end {
            let left = self.of(month) & from_bit(from - month.first);
            if left != 0 {
                return Some(month.first + i64::from(left.trailing_zeros()));
            }
            month = self.year_from(month.next())?;
            from = month.first;
            effort::spend(u32::from(month.name == MonthName::January) * STEPS_OF_A_YEAR);
        }
        None
    }

    /// The last of them up to `day`, which counts itself.
    pub(crate) fn on_or_before(&self, day: i64) -> Option<i64> {
        let mut to = day.min(DAYS.end - 1);
        let mut month = Month::of(to)?;
        while to >= DAYS.start {
            let left = self.of(month) & !from_bit(to - month.first + 1);
            if left != 0 {
                return Some(month.first + i64::from(left.ilog2()));
            }
            to = month.first - 1;
            month = month.previous();
            effort::spend(u32::from(month.name == MonthName::December) * STEPS_OF_A_YEAR);
        }
        None
    }

    /// How many of them are in a range.
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

    /// The days of a month.
    fn of(&self, month: Month) -> Bits {
        let in_month = self.months >> (u8::from(month.name) - 1) & 1 == 1;
        let in_year = self.years.as_ref().is_none_or(|years| years.binary_search(&month.year).is_ok());
        if !(in_month && in_year) {
            return 0;
        }
        let kinds = self.kinds.get(usize::from(month.length - 28));
        kinds.and_then(|kinds| kinds.get(month.first_weekday())).copied().unwrap_or_default()
    }

    /// The month, or January of the next year if none of the days is in this one.
    fn year_from(&self, month: Month) -> Option<Month> {
        let Some(years) = &self.years else { return Some(month) };
        if month.name != MonthName::January {
            return Some(month);
        }
        let next = years.get(years.partition_point(|year| *year < month.year))?;
        if *next == month.year { Some(month) } else { Month::january(*next) }
    }
}

/// All bits from this one on.
fn from_bit(bit: i64) -> Bits {
    u32::try_from(bit).ok().and_then(|bit| Bits::MAX.checked_shl(bit)).unwrap_or_default()
}
