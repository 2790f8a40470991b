//! Sets of days, such as holidays.

mod days;
mod holidays;
mod parse;

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use godata_core::Schedule;
use time::{Date, Month, UtcDateTime, Weekday};

use crate::horizon::END_SECOND;
use crate::local_time::{DAY, day_of};
use crate::search_budget;
use crate::text::DateText;
use crate::weekdays::Weekdays;
use crate::zone::OffsetPeriod;
use crate::{AnySchedule, ScheduleError, Zone};

use days::{DaySet, IdleSpans};

/// A set of days that a schedule [leaves out](crate::ScheduleExt::except): holidays, weekends, maintenance.
///
/// A day lasts from midnight to midnight in the calendar's zone, which is UTC by default. The methods add days; there is
/// no way to remove them. Clones are cheap.
///
/// Its text lists what was added, then the zone: `sat,sun 12-25 2026-04-03 2026-07-01..2026-07-14
/// on(monthly last-fri 00:00) Europe/Berlin`.
///
/// # Example
///
/// ```
/// use godata_scheduler::time::{Date, Month, Weekday};
/// use godata_scheduler::{Calendar, Zone};
///
/// let calendar = Calendar::new()
///     .in_zone(Zone::new("Europe/Berlin")?)
///     .weekdays([Weekday::Saturday, Weekday::Sunday])
///     .yearly(Month::December, 25)?
///     .holidays("2026-04-03 Good Friday\n2026-04-06 Easter Monday\n")?;
///
/// assert!(calendar.contains(Date::from_calendar_date(2026, Month::April, 3)?));
/// assert!(!calendar.contains(Date::from_calendar_date(2026, Month::April, 7)?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Calendar {
    days: Arc<DaySet>,
    zone: Zone,
}

impl Calendar {
    /// Makes an empty calendar in UTC.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the zone in which days start and end. Default: UTC.
    #[must_use]
    pub fn in_zone(self, zone: Zone) -> Self {
        Self { zone, ..self }
    }

    /// Adds weekdays.
    #[must_use]
    pub fn weekdays(self, weekdays: impl IntoIterator<Item = Weekday>) -> Self {
        match Weekdays::new(weekdays) {
            Some(weekdays) => self.with(|days| days.add_weekdays(weekdays)),
            None => self,
        }
    }

    /// Adds a single date.
    #[must_use]
    pub fn date(self, date: Date) -> Self {
        self.dates([date])
    }

    /// Adds single dates.
    #[must_use]
    pub fn dates(self, dates: impl IntoIterator<Item = Date>) -> Self {
        self.with(|days| days.add_ranges(dates.into_iter().map(|date| (day_of(date), day_of(date)))))
    }

    /// Adds the dates from the first to the last, both inclusive.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::Invalid`] if the first is after the last.
    ///
    /// ```
    /// use godata_scheduler::Calendar;
    /// use godata_scheduler::time::{Date, Month};
    ///
    /// let first = Date::from_calendar_date(2026, Month::July, 1)?;
    /// let last = Date::from_calendar_date(2026, Month::July, 14)?;
    /// let shutdown = Calendar::new().range(first..=last)?;
    /// assert_eq!(shutdown.to_string(), "2026-07-01..2026-07-14");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn range(self, dates: RangeInclusive<Date>) -> Result<Self, ScheduleError> {
        self.ranges([dates.into_inner()])
    }

    /// Adds a day of every year. February 29 counts in leap years only.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::Invalid`] if the month has no such day.
    pub fn yearly(self, month: Month, day: u8) -> Result<Self, ScheduleError> {
        if Date::from_calendar_date(2_000, month, day).is_err() {
            let found = format_args!("{:02}-{day:02}", u8::from(month));
            return Err(ScheduleError::invalid(
                "day of every year",
                found,
                "MM-DD, a day that exists in that month",
            ));
        }
        Ok(self.with(|days| days.add_yearly(month, day)))
    }

    /// Adds the days on which another schedule fires.
    ///
    /// Each of these days costs one call of the schedule, so use it for schedules that fire rarely. A schedule that
    /// fires every day for years is [too costly](ScheduleError::TooCostly) to leave out; a [`range`](Self::range) is
    /// not.
    ///
    /// ```
    /// use godata_scheduler::{Calendar, Schedule, ScheduleExt, parse};
    ///
    /// let closing = parse("monthly last-fri 18:00")?;
    /// let schedule = parse("daily 02:00")?.except(Calendar::new().days_of(closing))?;
    /// assert_eq!(schedule.spec(), "except(daily 02:00; on(monthly last-fri 18:00))");
    /// # Ok::<(), godata_scheduler::ScheduleError>(())
    /// ```
    #[must_use]
    pub fn days_of(self, schedule: impl Schedule) -> Self {
        self.with(|days| days.add_schedule(AnySchedule::new(schedule)))
    }

    /// Adds a list of holidays, one per line: `YYYY-MM-DD` for one year or `MM-DD` for every year, then optionally a name.
    /// Empty lines and lines that start with `#` are ignored.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::HolidayLine`] with the line number, if a line does not start with a date.
    ///
    /// ```
    /// use godata_scheduler::Calendar;
    ///
    /// let list = "# Germany\n2026-04-03 Good Friday\n12-25 Christmas Day\n";
    /// assert_eq!(Calendar::new().holidays(list)?.to_string(), "12-25 2026-04-03");
    ///
    /// let error = Calendar::new().holidays("2026-02-30 Leap Day").unwrap_err();
    /// assert!(error.to_string().starts_with("invalid line 1 of a list of holidays, `2026-02-30 Leap Day`"));
    /// # Ok::<(), godata_scheduler::ScheduleError>(())
    /// ```
    pub fn holidays(self, list: &str) -> Result<Self, ScheduleError> {
        holidays::add(self, list)
    }

    /// Whether a date is in the calendar.
    #[must_use]
    pub fn contains(&self, date: Date) -> bool {
        let noon = day_of(date) * DAY + DAY / 2;
        let offset = self.zone.offset_period(noon).offset;
        self.days.contains(day_of(date), &self.zone.offset_period(noon - offset), &mut self.days.idle_spans())
    }

    /// For people: `Saturday, Sunday and 12-25 of every year (UTC)`.
    pub(crate) fn describe(&self) -> String {
        let zone = if self.zone.is_utc() { "UTC".to_owned() } else { format!("{} time", self.zone) };
        format!("{} ({zone})", self.days.describe())
    }

    /// The instants at which its days can change for good.
    pub(crate) fn turns(&self) -> impl Iterator<Item = UtcDateTime> {
        let midnight = |day: i64| instant(day * DAY - self.zone.offset_period(day * DAY).offset);
        let dates = self.days.ranges().flat_map(|(first, last)| [first, last + 1]).map(midnight);
        dates.chain(self.days.schedules().flat_map(AnySchedule::turns).copied())
    }

    /// Starts a scan through the days.
    pub(crate) fn scan(&self) -> CalendarScan<'_> {
        CalendarScan { calendar: self, idle: self.days.idle_spans() }
    }

    fn ranges(self, dates: impl IntoIterator<Item = (Date, Date)>) -> Result<Self, ScheduleError> {
        let mut ranges = Vec::new();
        for (first, last) in dates {
            if first > last {
                let found = format_args!("{}..{}", DateText(first), DateText(last));
                return Err(ScheduleError::invalid("range of dates", found, "the earlier date first"));
            }
            ranges.push((day_of(first), day_of(last)));
        }
        Ok(self.with(|days| days.add_ranges(ranges)))
    }

    fn with(mut self, add: impl FnOnce(&mut DaySet)) -> Self {
        add(Arc::make_mut(&mut self.days));
        self
    }
}

/// A scan through the days of a calendar, in one direction. It remembers what it learned about the calendar's schedules.
pub(crate) struct CalendarScan<'a> {
    calendar: &'a Calendar,
    idle: IdleSpans,
}

impl CalendarScan<'_> {
    /// Whether a second is on a day of the calendar.
    pub(crate) fn has(&mut self, second: i64) -> bool {
        let period = self.calendar.zone.offset_period(second);
        self.contains(day_in(&period, second), &period)
    }

    /// The first instant after `second` at which [`has`](Self::has) changes, or the end of the horizon.
    pub(crate) fn change_after(&mut self, second: i64) -> UtcDateTime {
        let (mut second, mut has) = (second, None);
        while second < END_SECOND {
            // A clock change can start another day, or the same day again.
            let period = self.calendar.zone.offset_period(second);
            let mut day = day_in(&period, second);
            while second < period.end.min(END_SECOND) {
                let here = self.contains(day, &period);
                if here != *has.get_or_insert(here) || search_budget::is_spent() {
                    return instant(second);
                }
                day = self.calendar.days.last_alike(day) + 1;
                second = day * DAY - period.offset;
            }
            second = second.min(period.end);
        }
        instant(END_SECOND)
    }

    /// The first instant from which [`has`](Self::has) has been the same up to `second`, or the start of the horizon.
    pub(crate) fn change_before(&mut self, second: i64) -> UtcDateTime {
        let (mut second, mut has) = (second, None);
        while second >= 0 {
            let period = self.calendar.zone.offset_period(second);
            let mut day = day_in(&period, second);
            while second >= period.start.max(0) {
                let here = self.contains(day, &period);
                if here != *has.get_or_insert(here) || search_budget::is_spent() {
                    return instant(second + 1);
                }
                day = self.calendar.days.first_alike(day) - 1;
                second = (day + 1) * DAY - 1 - period.offset;
            }
            second = second.max(period.start - 1);
        }
        instant(0)
    }

    fn contains(&mut self, day: i64, period: &OffsetPeriod) -> bool {
        self.calendar.days.contains(day, period, &mut self.idle)
    }
}

fn day_in(period: &OffsetPeriod, second: i64) -> i64 {
    (second + period.offset).div_euclid(DAY)
}

fn instant(second: i64) -> UtcDateTime {
    UtcDateTime::from_unix_timestamp(second).unwrap_or(UtcDateTime::MAX)
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.days.fmt(f)?;
        if self.zone.is_utc() { Ok(()) } else { write!(f, " {}", self.zone) }
    }
}
