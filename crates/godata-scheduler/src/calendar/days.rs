//! The days of a calendar.

use std::fmt;
use std::ops::Range;

use crate::AnySchedule;
use godata_core::Schedule;
use time::Month;

use crate::combine::just_before;
use crate::effort;
use crate::horizon::second_of;
use crate::text::{DateText, listed};
use crate::wall::{DAY, date_of, weekday_of};
use crate::weekdays::Weekdays;
use crate::zone::Stretch;

/// Days farther away than any that is looked at, and near enough to calculate with.
const EVER: (i64, i64) = (-(1 << 40), 1 << 40);

/// A set of days, each counted from 1970-01-01.
#[derive(Clone, Debug, Default)]
pub(super) struct DaySet {
    weekdays: Option<Weekdays>,
    /// First and last day, in ascending order, with days between them.
    ranges: Vec<(i64, i64)>,
    /// In ascending order.
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

    /// What is known of its schedules before any was asked.
    pub(super) fn gaps(&self) -> Gaps {
        Gaps(vec![Gap::default(); self.schedules.len()])
    }

    /// Whether a day is in it, of which some part is in a stretch of its zone.
    pub(super) fn contains(&self, day: i64, stretch: &Stretch, gaps: &mut Gaps) -> bool {
        effort::spend(1);
        self.weekdays.is_some_and(|weekdays| weekdays.contains(weekday_of(day)))
            || self.range_of(day).is_some()
            || self.in_years(day)
            || (!self.schedules.is_empty() && self.in_schedules(day, stretch, gaps))
    }

    /// The last day of the range that a day is in, or else the day itself: all until then are as it is.
    pub(super) fn last_alike(&self, day: i64) -> i64 {
        self.range_of(day).map_or(day, |(_, last)| last)
    }

    /// The first day of that range, or else the day itself.
    pub(super) fn first_alike(&self, day: i64) -> i64 {
        self.range_of(day).map_or(day, |(first, _)| first)
    }

    fn range_of(&self, day: i64) -> Option<(i64, i64)> {
        if self.weekdays == Some(Weekdays::ALL) {
            return Some(EVER);
        }
        let begun = self.ranges.partition_point(|(first, _)| *first <= day);
        let last_begun = *self.ranges.get(begun.checked_sub(1)?)?;
        (last_begun.1 >= day).then_some(last_begun)
    }

    fn in_years(&self, day: i64) -> bool {
        if self.yearly.is_empty() {
            return false;
        }
        effort::spend(1);
        let found =
            |(_, month, day): (i32, Month, u8)| self.yearly.binary_search(&(month.into(), day)).is_ok();
        date_of(day).is_some_and(|date| found(date.to_calendar_date()))
    }

    /// A day on which the clocks change may have other parts in the stretches before and after, also if it comes
    /// twice.
    fn in_schedules(&self, day: i64, stretch: &Stretch, gaps: &mut Gaps) -> bool {
        effort::spend(self.schedules.len().try_into().unwrap_or(u32::MAX));
        let at = |offset| day * DAY - offset..(day + 1) * DAY - offset;
        let (before, own, after) = (at(stretch.offset_before), at(stretch.offset), at(stretch.offset_after));
        let parts = [
            before.start..before.end.min(stretch.start),
            own.start.max(stretch.start)..own.end.min(stretch.end),
            after.start.max(stretch.end)..after.end,
        ];
        let mut fires = |part: &Range<i64>| {
            let mut schedules = self.schedules.iter().zip(&mut gaps.0);
            schedules.any(|(schedule, gap)| fires_in(schedule, part, gap))
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

/// What each schedule of a set last answered.
///
/// A walk over many days keeps it, so that a schedule that fires seldom is asked once for all the days between two
/// of its instants, and not on each of them to search as far again.
pub(super) struct Gaps(Vec<Gap>);

/// Seconds in which a schedule does not fire, and the one beside them in which it does, if it is known.
#[derive(Clone, Debug, Default)]
struct Gap {
    seconds: Range<i64>,
    due: Option<i64>,
}

/// Whether a schedule fires in some seconds. It is asked in the direction in which the walk goes.
fn fires_in(schedule: &AnySchedule, seconds: &Range<i64>, gap: &mut Gap) -> bool {
    let fires = |due: Option<i64>| due.is_some_and(|due| seconds.contains(&due));
    if fires(gap.due) {
        return true;
    }
    if gap.seconds.start <= seconds.start && seconds.end <= gap.seconds.end {
        return false;
    }
    if seconds.end <= gap.seconds.start {
        gap.due = schedule.previous(super::instant(seconds.end)).map(second_of);
        gap.seconds = gap.due.map_or(i64::MIN, |last| last + 1)..seconds.end;
    } else {
        gap.due = schedule.next(just_before(super::instant(seconds.start))).map(second_of);
        gap.seconds = seconds.start..gap.due.unwrap_or(i64::MAX);
    }
    fires(gap.due)
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
        let schedules = self.schedules.iter().map(|schedule| format!("on({schedule})"));
        let all: Vec<_> = weekdays.into_iter().chain(yearly).chain(ranges).chain(schedules).collect();
        f.write_str(if all.is_empty() { "none" } else { "" })?;
        f.write_str(&all.join(" "))
    }
}

fn day_text(day: i64) -> String {
    date_of(day).map(|date| DateText(date).to_string()).unwrap_or_default()
}
