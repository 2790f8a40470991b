//! Days of a calendar, such as holidays.

mod days;
mod holidays;
mod parse;

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::AnySchedule;
use godata_core::Schedule;
use time::{Date, Month, UtcDateTime, Weekday};

use crate::effort;
use crate::horizon::END_SECOND;
use crate::text::DateText;
use crate::wall::{DAY, day_of};
use crate::weekdays::Weekdays;
use crate::zone::Stretch;
use crate::{ScheduleError, Zone};

use days::{DaySet, Gaps};

/// A set of days, to keep a schedule [off](crate::ScheduleExt::except) them: holidays, weekends, maintenance.
///
/// A day is what the clocks of its zone call one, from midnight to midnight, in UTC if no other zone is given. The
/// methods add days; nothing takes them away. Clones are cheap.
///
/// Its text is a list of what was added, and the zone: `sat,sun 12-25 2026-04-03 2026-07-01..2026-07-14
/// on(monthly last-fri 00:00) Europe/Berlin`.
///
/// # Example
///
/// ```
/// use godata_scheduler::{Calendar, Zone};
/// use time::{Date, Month, Weekday};
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
    /// No days, in UTC.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// By the clocks of this zone.
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

    /// Adds one day of one year.
    #[must_use]
    pub fn date(self, date: Date) -> Self {
        self.dates([date])
    }

    /// Adds days, each of one year.
    #[must_use]
    pub fn dates(self, dates: impl IntoIterator<Item = Date>) -> Self {
        self.with(|days| days.add_ranges(dates.into_iter().map(|date| (day_of(date), day_of(date)))))
    }

    /// Adds the days from one to another, with both.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::Invalid`] if the first is after the last.
    pub fn range(self, dates: RangeInclusive<Date>) -> Result<Self, ScheduleError> {
        self.ranges([dates.into_inner()])
    }

    /// Adds a day of every year. February 29 is one in leap years only.
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
                "MM-DD, a day that the month has",
            ));
        }
        Ok(self.with(|days| days.add_yearly(month, day)))
    }

    /// Adds the days on which another schedule fires.
    ///
    /// It is asked for each of them, so they are for what is left out now and then: one that leaves out all days for
    /// years is [too costly](ScheduleError::TooCostly), where a [`range`](Self::range) would not be.
    ///
    /// ```
    /// use godata_core::Schedule;
    /// use godata_scheduler::{Calendar, ScheduleExt, parse};
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

    /// Adds a list of holidays: one a line, as `YYYY-MM-DD` for one year or `MM-DD` for every year, and its name
    /// if you like. Empty lines, and lines that begin with `#`, are passed over.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::HolidayLine`] with the number of the line.
    pub fn holidays(self, list: &str) -> Result<Self, ScheduleError> {
        holidays::add(self, list)
    }

    /// Whether a day is in it.
    #[must_use]
    pub fn contains(&self, date: Date) -> bool {
        let noon = day_of(date) * DAY + DAY / 2;
        let offset = self.zone.stretch(noon).offset;
        self.days.contains(day_of(date), &self.zone.stretch(noon - offset), &mut self.days.gaps())
    }

    /// What people call it: `Saturday and Sunday, and every 12-25`.
    pub(crate) fn describe(&self) -> String {
        let zone = if self.zone.is_utc() { "UTC".to_owned() } else { format!("{} time", self.zone) };
        format!("{} ({zone})", self.days.describe())
    }

    /// Begins to look at one day after the other.
    pub(crate) fn walk(&self) -> Walk<'_> {
        Walk { calendar: self, gaps: self.days.gaps() }
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

/// A look at the days of a calendar, one after the other, which are remembered as far as that saves time.
pub(crate) struct Walk<'a> {
    calendar: &'a Calendar,
    gaps: Gaps,
}

impl Walk<'_> {
    /// Whether the day that a second is in is in it.
    pub(crate) fn has(&mut self, second: i64) -> bool {
        let stretch = self.calendar.zone.stretch(second);
        self.contains(day_in(&stretch, second), &stretch)
    }

    /// The next instant from which it is in it if `second` is not, or not any more if it is.
    pub(crate) fn change_after(&mut self, second: i64) -> UtcDateTime {
        let (mut second, mut has) = (second, None);
        while second < END_SECOND {
            // A change of clocks may begin another day, or the same again.
            let stretch = self.calendar.zone.stretch(second);
            let mut day = day_in(&stretch, second);
            while second < stretch.end.min(END_SECOND) {
                let here = self.contains(day, &stretch);
                if here != *has.get_or_insert(here) || effort::is_spent() {
                    return instant(second);
                }
                day = self.calendar.days.last_alike(day) + 1;
                second = day * DAY - stretch.offset;
            }
            second = second.min(stretch.end);
        }
        instant(END_SECOND)
    }

    /// The first instant from which it has been as it is at `second`.
    pub(crate) fn change_before(&mut self, second: i64) -> UtcDateTime {
        let (mut second, mut has) = (second, None);
        while second >= 0 {
            let stretch = self.calendar.zone.stretch(second);
            let mut day = day_in(&stretch, second);
            while second >= stretch.start.max(0) {
                let here = self.contains(day, &stretch);
                if here != *has.get_or_insert(here) || effort::is_spent() {
                    return instant(second + 1);
                }
                day = self.calendar.days.first_alike(day) - 1;
                second = (day + 1) * DAY - 1 - stretch.offset;
            }
            second = second.max(stretch.start - 1);
        }
        instant(0)
    }

    fn contains(&mut self, day: i64, stretch: &Stretch) -> bool {
        self.calendar.days.contains(day, stretch, &mut self.gaps)
    }
}

fn day_in(stretch: &Stretch, second: i64) -> i64 {
    (second + stretch.offset).div_euclid(DAY)
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
