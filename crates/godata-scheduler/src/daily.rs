//! Schedules at times of day.

use std::fmt;
use std::sync::Arc;

use godata_core::Schedule;
use time::{Time, UtcDateTime, Weekday};

use crate::local_schedule::LocalSchedule;
use crate::local_time::{Days, Pattern, Times};
use crate::text::{self, LocalSuffix, TextForm, describe_local, list_items};
use crate::time_of_day::{TimesText, describe_times, meant_time, parse_times, times};
use crate::weekdays::Weekdays;
use crate::{Dst, ScheduleError, Zone};

/// Fires at times of day, every day or on some weekdays, in a zone.
///
/// Its text is `daily TIMES [WEEKDAYS] [ZONE] [gap=…] [overlap=…]`, such as `daily 02:00,14:30 mon-fri
/// Europe/Berlin gap=shift`. A time that the clocks skip or repeat is handled as [`Dst`] says.
///
/// # Example
///
/// ```
/// use godata_scheduler::time::{Time, Weekday};
/// use godata_scheduler::{DailyAt, Schedule, Zone};
///
/// let (night, noon) = (Time::from_hms(2, 0, 0)?, Time::from_hms(12, 0, 0)?);
/// let schedule = DailyAt::new([night, noon])?
///     .on([Weekday::Monday, Weekday::Tuesday])?
///     .in_zone(Zone::new("Europe/Berlin")?);
///
/// assert_eq!(schedule.spec(), "daily 02:00,12:00 mon,tue Europe/Berlin");
/// assert_eq!(schedule, schedule.spec().parse()?);
/// assert_eq!(schedule.describe(), "at 02:00 and 12:00, Monday and Tuesday, Europe/Berlin time");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyAt {
    weekdays: Weekdays,
    local: LocalSchedule,
}

impl DailyAt {
    /// Makes a schedule that fires every day at these times, in UTC.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::Invalid`] if there are no times, or one is not in whole seconds.
    pub fn new(at: impl IntoIterator<Item = Time>) -> Result<Self, ScheduleError> {
        Ok(Self::of(times(at)?, Weekdays::ALL))
    }

    /// Fires only on these weekdays. They replace those of an earlier call. Default: every day.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::Invalid`] if there are no weekdays.
    pub fn on(self, weekdays: impl IntoIterator<Item = Weekday>) -> Result<Self, ScheduleError> {
        let none = || ScheduleError::invalid("list of weekdays", "", "at least one");
        let weekdays = Weekdays::new(weekdays).ok_or_else(none)?;
        Ok(Self::of(self.local.pattern.times.clone(), weekdays).in_zone(self.local.zone).dst(self.local.dst))
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

    fn of(times: Times, weekdays: Weekdays) -> Self {
        let days =
            Days::new(|_, first_weekday, day| weekdays.contains(usize::from(first_weekday + day - 1) % 7));
        let pattern = Arc::new(Pattern { days, times });
        Self { weekdays, local: LocalSchedule::new(pattern, Zone::UTC, Dst::default()) }
    }
}

impl Schedule for DailyAt {
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
        let times = describe_times(&self.local.pattern.times);
        let days = match self.weekdays {
            Weekdays::ALL => " every day".to_owned(),
            weekdays => format!(", {}", weekdays.describe()),
        };
        format!("at {times}{days}{}", describe_local(&self.local.zone, self.local.dst))
    }
}

impl fmt::Display for DailyAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "daily {}", TimesText(&self.local.pattern.times))?;
        if self.weekdays != Weekdays::ALL {
            write!(f, " {}", self.weekdays)?;
        }
        write!(f, "{}", LocalSuffix::of(&self.local.zone, self.local.dst))
    }
}

impl TextForm for DailyAt {
    const KEYWORD: &'static str = "daily";
    const FORM: &'static str = "`daily TIMES [WEEKDAYS] [ZONE] [gap=…] [overlap=…]`, such as `daily 02:00,14:30 mon-fri Europe/Berlin`";

    fn parse_body(body: &str, _depth: u8) -> Result<Self, ScheduleError> {
        let (words, dst) = LocalSuffix::split(body)?;
        match words[..] {
            [first, second, ..] if Self::is_reworded(first, second) => {
                Err(Self::malformed(body).meaning(|| Self::meant(body)))
            }
            _ => Self::read(&words, body, dst),
        }
    }
}

impl DailyAt {
    /// Reads the words before the options.
    fn read(words: &[&str], body: &str, dst: Dst) -> Result<Self, ScheduleError> {
        let (times, weekdays, zone) = match *words {
            [times] => (times, None, None),
            [times, weekdays] if Weekdays::are_meant(weekdays) => (times, Some(weekdays), None),
            [times, zone] => (times, None, Some(zone)),
            [times, weekdays, zone] => (times, Some(weekdays), Some(zone)),
            _ => return Err(Self::malformed(body)),
        };
        let weekdays = weekdays.map_or(Ok(Weekdays::ALL), Weekdays::parse)?;
        let zone = zone.map_or(Ok(Zone::UTC), Zone::new)?;
        Ok(Self::of(parse_times(times)?, weekdays).in_zone(zone).dst(dst))
    }

    /// Whether a text begins as in `daily mon-fri 02:00`, `daily at 02:00` or `daily 2 am`.
    fn is_reworded(first: &str, second: &str) -> bool {
        Weekdays::are_meant(first) || first.eq_ignore_ascii_case("at") || is_half_of_day(second)
    }

    /// The text that was surely meant by words in another order or with others between them, such as `weekdays at 2 am`,
    /// `every monday 9:00 Europe/Berlin` or `Mon..Fri *-*-* 02:00`.
    pub(crate) fn meant(text: &str) -> Option<String> {
        const FILLERS: [&str; 8] = ["every", "each", "daily", "day", "on", "at", "and", "*-*-*"];
        let (mut words, dst) = LocalSuffix::split(text).ok()?;
        words.retain(|word| !FILLERS.iter().any(|filler| filler.eq_ignore_ascii_case(word)));
        let (mut times, mut weekdays, mut zone) = (Vec::new(), None, None);
        for (index, word) in words.iter().enumerate() {
            let half = words.get(index + 1).filter(|half| is_half_of_day(half)).copied().unwrap_or_default();
            if is_half_of_day(word) {
                continue;
            } else if let Some(meant) = meant_times(&format!("{word}{half}")) {
                times.push(meant);
            } else if let Some(meant) = Weekdays::loosely(word).filter(|_| weekdays.is_none()) {
                weekdays = Some(meant);
            } else {
                zone = Some(Zone::new(word).ok().filter(|_| zone.is_none())?);
            }
        }
        let times = parse_times(&times.join(",")).ok()?;
        let daily = Self::of(times, weekdays.unwrap_or(Weekdays::ALL));
        Some(daily.in_zone(zone.unwrap_or_default()).dst(dst).to_string())
    }
}

/// Reads a list of times in any form.
fn meant_times(text: &str) -> Option<String> {
    let meant = |time| meant_time(time).or_else(|| parse_times(time).is_ok().then(|| time.to_owned()));
    Some(list_items(text).map(meant).collect::<Option<Vec<_>>>()?.join(","))
}

fn is_half_of_day(word: &str) -> bool {
    ["am", "pm", "a.m.", "p.m."].iter().any(|half| half.eq_ignore_ascii_case(word))
}
