//! The days of a calendar.

use std::fmt;
use std::ops::Range;

use godata_core::Schedule;
use time::Month;

use crate::combine::just_before;
use crate::horizon::{END_SECOND, second_of};
use crate::local_time::{DAY, date_of, weekday_of};
use crate::text::{DateText, canonical_list, listed};
use crate::weekdays::Weekdays;
use crate::zone::OffsetPeriod;
use crate::{AnySchedule, search_budget};

/// Farther away than any day that a search reaches, and small enough for arithmetic without overflow.
const EVER: (i64, i64) = (-(1 << 40), 1 << 40);

/// A set of days. Days are counted from 1970-01-01.
#[derive(Clone, Debug, Default)]
pub(super) struct DaySet {
    weekdays: Option<Weekdays>,
    /// First and last day, in ascending order. They neither overlap nor touch.
    ranges: Vec<(i64, i64)>,
    /// Month and day, in ascending order.
    yearly: Vec<(u8, u8)>,
    schedules: Vec<AnySchedule>,
}

impl DaySet {
    pub(super) fn add_weekdays(&mut self, weekdays: Weekdays) {
        self.weekdays = Some(self.weekdays.map_or(weekdays, |others| others.and(weekdays)));
    }

    pub(super) fn add_ranges(&mut self, ranges: impl IntoIterator<Item = (i64, i64)>) {
        self.ranges.extend(ranges);
        self.ranges.sort_unstable();
        self.ranges.dedup_by(|(first, last), (_, earlier_last)| {
            let joins = *first <= *earlier_last + 1;
            if joins {
                *earlier_last = (*last).max(*earlier_last);
            }
            joins
        });
    }

    pub(super) fn add_yearly(&mut self, month: Month, day: u8) {
        self.yearly.push((month.into(), day));
        self.yearly.sort_unstable();
        self.yearly.dedup();
    }

    pub(super) fn add_schedule(&mut self, schedule: AnySchedule) {
        self.schedules.push(schedule);
    }

    /// First and last days, within the horizon and a little beyond.
    pub(super) fn ranges(&self) -> impl Iterator<Item = (i64, i64)> {
        let last = END_SECOND / DAY + 2;
        let within = move |day: i64| day.clamp(-2, last);
        self.ranges.iter().map(move |(first, last)| (within(*first), within(*last)))
    }

    pub(super) fn schedules(&self) -> impl Iterator<Item = &AnySchedule> {
        self.schedules.iter()
    }

    /// Nothing known yet about its schedules.
    pub(super) fn idle_spans(&self) -> IdleSpans {
        IdleSpans(vec![IdleSpan::default(); self.schedules.len()])
    }

    /// Whether the set contains a day. Some part of the day must be in `period`.
    pub(super) fn contains(&self, day: i64, period: &OffsetPeriod, idle: &mut IdleSpans) -> bool {
        search_budget::spend(1);
        self.weekdays.is_some_and(|weekdays| weekdays.contains(weekday_of(day)))
            || self.range_of(day).is_some()
            || self.in_years(day)
            || (!self.schedules.is_empty() && self.in_schedules(day, period, idle))
    }

    /// The last day of the range that contains a day, or the day itself. All days until then are alike.
    pub(super) fn last_alike(&self, day: i64) -> i64 {
        self.range_of(day).map_or(day, |(_, last)| last)
    }

    /// The first day of the range that contains a day, or the day itself.
    pub(super) fn first_alike(&self, day: i64) -> i64 {
        self.range_of(day).map_or(day, |(first, _)| first)
    }

    fn range_of(&self, day: i64) -> Option<(i64, i64)> {
        if self.weekdays == Some(Weekdays::ALL) {
            return Some(EVER);
        }
        let started = self.ranges.partition_point(|(first, _)| *first <= day);
        let range = *self.ranges.get(started.checked_sub(1)?)?;
        (range.1 >= day).then_some(range)
    }

    fn in_years(&self, day: i64) -> bool {
        if self.yearly.is_empty() {
            return false;
        }
        search_budget::spend(1);
        let found =
            |(_, month, day): (i32, Month, u8)| self.yearly.binary_search(&(month.into(), day)).is_ok();
        date_of(day).is_some_and(|date| found(date.to_calendar_date()))
    }

    /// Whether one of the schedules fires on a day. A day on which the clocks change, or which occurs twice, can also have
    /// parts in the periods before and after.
    fn in_schedules(&self, day: i64, period: &OffsetPeriod, idle: &mut IdleSpans) -> bool {
        search_budget::spend(self.schedules.len().try_into().unwrap_or(u32::MAX));
        let at = |offset| day * DAY - offset..(day + 1) * DAY - offset;
        let (before, own, after) = (at(period.offset_before), at(period.offset), at(period.offset_after));
        let parts = [
            before.start..before.end.min(period.start),
            own.start.max(period.start)..own.end.min(period.end),
            after.start.max(period.end)..after.end,
        ];
        let mut fires = |part: &Range<i64>| {
            let mut schedules = self.schedules.iter().zip(&mut idle.0);
            schedules.any(|(schedule, idle)| fires_in(schedule, part, idle))
        };
        parts.iter().any(|part| !part.is_empty() && fires(part))
    }

    pub(super) fn describe(&self) -> String {
        let weekdays = self.weekdays.map(Weekdays::describe);
        let yearly = self.yearly.iter().map(|(month, day)| format!("{month:02}-{day:02} of every year"));
        let ranges = self.ranges.iter().map(|(first, last)| {
            let (first, last) = (day_text(*first), day_text(*last));
            if first == last { first } else { format!("{first} to {last}") }
        });
        let schedules = self.schedules.iter().map(|schedule| format!("days of ({})", schedule.describe()));
        let all: Vec<_> = weekdays.into_iter().chain(yearly).chain(ranges).chain(schedules).collect();
        if all.is_empty() { "no day".to_owned() } else { listed(all) }
    }
}

/// For each schedule of a set, a span of time in which it is known not to fire.
///
/// A scan over many days keeps it, so that a schedule that rarely fires is called once for all the days between two of its
/// instants, and not once per day for the same long search.
pub(super) struct IdleSpans(Vec<IdleSpan>);

/// Seconds in which a schedule does not fire, and the adjacent second in which it does, if known.
#[derive(Clone, Debug, Default)]
struct IdleSpan {
    seconds: Range<i64>,
    due: Option<i64>,
}

/// Whether a schedule fires in some seconds. A new span is searched in the direction of the scan.
fn fires_in(schedule: &AnySchedule, seconds: &Range<i64>, idle: &mut IdleSpan) -> bool {
    let fires = |due: Option<i64>| due.is_some_and(|due| seconds.contains(&due));
    if fires(idle.due) {
        return true;
    }
    if idle.seconds.start <= seconds.start && seconds.end <= idle.seconds.end {
        return false;
    }
    if seconds.end <= idle.seconds.start {
        idle.due = schedule.previous(super::instant(seconds.end)).map(second_of);
        idle.seconds = idle.due.map_or(i64::MIN, |last| last + 1)..seconds.end;
    } else {
        idle.due = schedule.next(just_before(super::instant(seconds.start))).map(second_of);
        idle.seconds = seconds.start..idle.due.unwrap_or(i64::MAX);
    }
    fires(idle.due)
}

/// `sat,sun 12-25 2026-04-03 2026-07-01..2026-07-14 on(monthly last-fri 00:00)`, or `none`.
impl fmt::Display for DaySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weekdays = self.weekdays.map(|weekdays| weekdays.to_string());
        let yearly = self.yearly.iter().map(|(month, day)| format!("{month:02}-{day:02}"));
        let ranges = self.ranges.iter().map(|(first, last)| {
            let (first, last) = (day_text(*first), day_text(*last));
            if first == last { first } else { format!("{first}..{last}") }
        });
        let schedules = canonical_list(&self.schedules).into_iter().map(|schedule| format!("on({schedule})"));
        let all: Vec<_> = weekdays.into_iter().chain(yearly).chain(ranges).chain(schedules).collect();
        f.write_str(if all.is_empty() { "none" } else { "" })?;
        f.write_str(&all.join(" "))
    }
}

fn day_text(day: i64) -> String {
    date_of(day).map(|date| DateText(date).to_string()).unwrap_or_default()
}
