//! Schedules on days of the month.

mod day;

pub use day::MonthDay;
#[cfg(feature = "cron")]
pub(crate) use day::ordinal;

use std::fmt;
use std::sync::Arc;

use godata_core::Schedule;
use time::{Time, UtcDateTime};

use crate::local_schedule::LocalSchedule;
use crate::local_time::{Days, Pattern, Times};
use crate::text::{self, LocalSuffix, TextForm, describe_local, list_items, listed};
use crate::time_of_day::{TimesText, describe_times, parse_times, times};
use crate::weekdays::{Weekdays, weekday};
use crate::{Dst, ScheduleError, Zone};

/// Fires on days of the month at times of day, in a zone.
///
/// Its text is `monthly DAYS TIMES [ZONE] [gap=…] [overlap=…]`, such as `monthly 1,15,last,2nd-tue,last-fri 18:00
/// Europe/Berlin`. A time that the clocks skip or repeat is handled as [`Dst`] says.
///
/// # Example
///
/// ```
/// use godata_scheduler::time::{Time, Weekday};
/// use godata_scheduler::{MonthDay, MonthlyAt, Schedule};
///
/// let closing = MonthlyAt::new([MonthDay::LastWeekday(Weekday::Friday)], [Time::from_hms(18, 0, 0)?])?;
/// assert_eq!(closing.spec(), "monthly last-fri 18:00");
/// assert_eq!(closing.describe(), "at 18:00 on the last Friday of the month, UTC");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthlyAt {
    /// In ascending order, without duplicates.
    days: Box<[MonthDay]>,
    local: LocalSchedule,
}

impl MonthlyAt {
    /// Makes a schedule that fires on these days of each month at these times, in UTC.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::Invalid`] if there are no days or no times, a day is outside 1 to 31 (or 1 to 5 for a weekday),
    /// or a time is not in whole seconds.
    pub fn new(
        days: impl IntoIterator<Item = MonthDay>,
        at: impl IntoIterator<Item = Time>,
    ) -> Result<Self, ScheduleError> {
        Self::of(days.into_iter().collect(), times(at)?)
    }

    /// Sets the zone of the times. Default: UTC.
    #[must_use]
    pub fn in_zone(mut self, zone: Zone) -> Self {
        self.local = LocalSchedule::new(self.local.pattern, zone, self.local.dst);
        self
    }

    /// Sets what happens to times that a clock change skips or repeats. Default: [`Dst::new`].
    #[must_use]
    pub fn dst(mut self, dst: Dst) -> Self {
        self.local = LocalSchedule::new(self.local.pattern, self.local.zone, dst);
        self
    }

    fn of(mut listed: Vec<MonthDay>, times: Times) -> Result<Self, ScheduleError> {
        if let Some(day) = listed.iter().find(|day| !day.is_possible()) {
            return Err(MonthDay::invalid(day));
        }
        listed.sort_unstable_by_key(|day| day.rank());
        listed.dedup();
        if listed.is_empty() {
            return Err(ScheduleError::invalid("list of days of the month", "", "at least one"));
        }
        let days = Days::new(|length, first_weekday, day| {
            let on = weekday(usize::from(first_weekday + day - 1) % 7);
            listed.iter().any(|listed| listed.is(length, on, day))
        });
        let pattern = Arc::new(Pattern { days, times });
        let local = LocalSchedule::new(pattern, Zone::UTC, Dst::default());
        Ok(Self { days: listed.into(), local })
    }
}

impl Schedule for MonthlyAt {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        self.local.next(after)
    }

    fn previous(&self, before: UtcDateTime) -> Option<UtcDateTime> {
        self.local.previous(before)
    }

    fn count_between(&self, after: UtcDateTime, until: UtcDateTime) -> u64 {
        self.local.count_between(after, until)
    }

    fn spec(&self) -> String {
        self.to_string()
    }

    fn has_spec(&self, stored: &str) -> bool {
        text::is_text_of(stored, self)
    }

    fn describe(&self) -> String {
        let days = listed(self.days.iter().map(|day| day.describe()));
        let times = describe_times(&self.local.pattern.times);
        format!("at {times} on {days} of the month{}", describe_local(&self.local.zone, self.local.dst))
    }
}

impl fmt::Display for MonthlyAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("monthly ")?;
        for (index, day) in self.days.iter().enumerate() {
            write!(f, "{}{day}", if index == 0 { "" } else { "," })?;
        }
        let suffix = LocalSuffix::of(&self.local.zone, self.local.dst);
        write!(f, " {}{suffix}", TimesText(&self.local.pattern.times))
    }
}

impl TextForm for MonthlyAt {
    const KEYWORD: &'static str = "monthly";
    const FORM: &'static str =
        "`monthly DAYS TIMES [ZONE] [gap=…] [overlap=…]`, such as `monthly 1,last-fri 18:00 Europe/Berlin`";

    fn parse_body(body: &str, _depth: u8) -> Result<Self, ScheduleError> {
        let (words, dst) = LocalSuffix::split(body)?;
        let (days, times, zone) = match words[..] {
            [days, times] => (days, times, Zone::UTC),
            [_, _, weekdays] if Weekdays::are_meant(weekdays) => return Err(MonthDay::refused(weekdays)),
            [days, times, zone] => (days, times, Zone::new(zone)?),
            _ => return Err(Self::malformed(body)),
        };
        let day = |text| MonthDay::parse(text).ok_or_else(|| MonthDay::refused(text));
        let days = list_items(days).map(day).collect::<Result<_, _>>()?;
        Ok(Self::of(days, parse_times(times)?)?.in_zone(zone).dst(dst))
    }
}
