//! The schedules that are asked.

use std::ops::Range;

use godata::scheduler::{Calendar, Cron, DailyAt, Dst, DstGap, DstOverlap, MonthlyAt, ScheduleExt, Zone};
use godata::{AnySchedule, Schedule};
use time::UtcDateTime;

/// A schedule, and the local times that it has.
pub(crate) struct Subject {
    schedule: AnySchedule,
    pub(crate) has: fn(&Local) -> bool,
    /// None for what follows real time.
    pub(crate) dst: Option<Dst>,
}

/// A local time, taken apart.
pub(crate) struct Local {
    day: u8,
    /// How many days its month has.
    length: u8,
    /// 0 for Monday.
    weekday: u8,
    hour: u8,
    minute: u8,
}

impl Local {
    pub(crate) fn of(local: i64) -> Self {
        let at = instant(local);
        Self {
            day: at.day(),
            length: at.month().length(at.year()),
            weekday: at.weekday().number_days_from_monday(),
            hour: at.hour(),
            minute: at.minute(),
        }
    }
}

impl Subject {
    /// Asks for what comes next, what came before, and how many there are.
    pub(crate) fn agrees(&self, expected: &[i64], range: Range<i64>) -> Result<(), String> {
        let (start, end) = (instant(range.start), instant(range.end));
        let just_before = start - time::Duration::MILLISECOND;

        let mut forward = Vec::new();
        let mut after = just_before;
        while let Some(due) = self.schedule.next(after).filter(|due| *due < end) {
            forward.push(due.unix_timestamp());
            after = due;
        }
        self.differs("next", expected, &forward)?;

        let mut backward = Vec::new();
        let mut before = end;
        while let Some(due) = self.schedule.previous(before).filter(|due| *due >= start) {
            backward.push(due.unix_timestamp());
            before = due;
        }
        backward.reverse();
        self.differs("previous", expected, &backward)?;

        let count = self.schedule.count_between(just_before, end - time::Duration::MILLISECOND);
        if count == expected.len() as u64 { Ok(()) } else { Err(format!("{} counts {count}", self.schedule)) }
    }

    fn differs(&self, question: &str, expected: &[i64], found: &[i64]) -> Result<(), String> {
        let only_in = |a: &[i64], b: &[i64]| a.iter().copied().find(|instant| !b.contains(instant));
        match (only_in(expected, found), only_in(found, expected)) {
            (None, None) if expected.len() == found.len() => Ok(()),
            (missing, extra) => {
                Err(format!("{question} of {}: misses {missing:?}, adds {extra:?}", self.schedule))
            }
        }
    }
}

fn instant(second: i64) -> UtcDateTime {
    UtcDateTime::from_unix_timestamp(second).unwrap()
}

/// Each kind with each choice for clock changes.
pub(crate) fn subjects(zone: &Zone) -> Vec<Subject> {
    let mut subjects = real_time(zone);
    for gap in [DstGap::RunAfter, DstGap::Shift, DstGap::Skip] {
        for overlap in [DstOverlap::First, DstOverlap::Last, DstOverlap::Both] {
            subjects.extend(fixed_time(zone, Dst::new().gap(gap).overlap(overlap)));
        }
    }
    subjects
}

fn fixed_time(zone: &Zone, dst: Dst) -> Vec<Subject> {
    let subject = |schedule, has| Subject { schedule, has, dst: Some(dst) };
    let daily = |text: &str| {
        let daily: DailyAt = text.parse().unwrap();
        AnySchedule::new(daily.in_zone(zone.clone()).dst(dst))
    };
    let monthly = |text: &str| {
        let monthly: MonthlyAt = text.parse().unwrap();
        AnySchedule::new(monthly.in_zone(zone.clone()).dst(dst))
    };
    let cron = |text: &str| {
        let cron = Cron::new(text).unwrap();
        AnySchedule::new(cron.in_zone(zone.clone()).unwrap().dst(dst).unwrap())
    };
    vec![
        subject(daily("daily 02:30"), |at| (at.hour, at.minute) == (2, 30)),
        subject(daily("daily 00:00,00:20,01:15,01:45,02:00,03:00,23:30 sat-mon"), |at| {
            [(0, 0), (0, 20), (1, 15), (1, 45), (2, 0), (3, 0), (23, 30)].contains(&(at.hour, at.minute))
                && [5, 6, 0].contains(&at.weekday)
        }),
        subject(monthly("monthly 1,30,last,last-sun,2nd-sun,1st-fri 00:00,02:10,03:10"), |at| {
            let sunday = at.weekday == 6 && (at.day + 7 > at.length || (8..=14).contains(&at.day));
            let friday = at.weekday == 4 && at.day <= 7;
            (sunday || friday || [1, 30, at.length].contains(&at.day))
                && [(0, 0), (2, 10), (3, 10)].contains(&(at.hour, at.minute))
        }),
        subject(cron("5,30-31 0-3,22 * * *"), |at| {
            [5, 30, 31].contains(&at.minute) && [0, 1, 2, 3, 22].contains(&at.hour)
        }),
        subject(cron("0-59/7 2 8-14 * SUN"), |at| {
            at.minute.is_multiple_of(7) && at.hour == 2 && (at.weekday == 6 || (8..=14).contains(&at.day))
        }),
    ]
}

fn real_time(zone: &Zone) -> Vec<Subject> {
    let cron = |text: &str| AnySchedule::new(Cron::new(text).unwrap().in_zone(zone.clone()).unwrap());
    let subject = |schedule, has| Subject { schedule, has, dst: None };
    let sundays = Calendar::new().in_zone(zone.clone()).weekdays([time::Weekday::Sunday]);
    let second_week: MonthlyAt = "monthly 1,8,9,10,11,12,13,14 00:00".parse().unwrap();
    let second_week = Calendar::new().in_zone(zone.clone()).days_of(second_week.in_zone(zone.clone()));
    vec![
        subject(cron("*/15 * * * *"), |at| at.minute.is_multiple_of(15)),
        subject(cron("7 * * * *"), |at| at.minute == 7),
        subject(cron("*/20 0-2 * * *"), |at| at.minute.is_multiple_of(20) && at.hour <= 2),
        subject(cron("40 */2 * * SUN"), |at| at.minute == 40 && at.hour.is_multiple_of(2) && at.weekday == 6),
        subject(AnySchedule::new(cron("*/30 * * * *").except(sundays).unwrap()), |at| {
            at.minute.is_multiple_of(30) && at.weekday != 6
        }),
        subject(AnySchedule::new(cron("*/30 * * * *").except(second_week).unwrap()), |at| {
            at.minute.is_multiple_of(30) && at.day != 1 && !(8..=14).contains(&at.day)
        }),
    ]
}
