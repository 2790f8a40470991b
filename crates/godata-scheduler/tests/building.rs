//! What can be built, and the errors for what can't.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use godata_scheduler::{
    AnySchedule, Calendar, DailyAt, HORIZON, MonthDay, MonthlyAt, Once, Schedule, ScheduleError, ScheduleExt,
    any_of, every, parse,
};
use time::{Date, Month, Time, UtcDateTime, Weekday};

fn never_fires(result: Result<impl Schedule, ScheduleError>) -> bool {
    result.is_err_and(|error| matches!(error, ScheduleError::NeverFires { .. }))
}

fn is_invalid(result: Result<impl Sized, ScheduleError>, what: &str) -> bool {
    result.is_err_and(|error| matches!(error, ScheduleError::Invalid { what: found, .. } if found == what))
}

#[test]
fn an_error_says_what_is_wrong_and_what_is_accepted() {
    for (text, error) in [
        (
            "every 0s",
            "invalid interval `0s`: expected whole milliseconds, at least 1ms and less than 230 years",
        ),
        (
            "every 90000d",
            "invalid interval `90000d`: expected whole milliseconds, at least 1ms and less than 230 years",
        ),
        (
            "every 1h from 1969-12-31T23:00:00Z",
            "invalid start of an interval `1969-12-31T23:00:00Z`: expected an instant from 1970 to 2199",
        ),
        (
            "once 2200-01-01T00:00:00Z",
            "invalid instant `2200-01-01T00:00:00Z`: expected an instant from 1970 to 2199",
        ),
        (
            "every 1.5h",
            "invalid duration `1.5h`: expected numbers with units from long to short (d, h, m, s, ms), such as 5m or \
             1h30m",
        ),
        ("daily 25:00", "invalid time of day `25:00`: expected HH:MM or HH:MM:SS from 00:00 to 23:59:59"),
        ("daily 02:00 Europe/Berln", "there is no time zone `Europe/Berln`; did you mean `Europe/Berlin`?"),
        (
            "daily 02:00 Mars",
            "there is no time zone `Mars`: expected a name of the IANA database, such as `Europe/Berlin`",
        ),
        (
            "except(every 1d; 12-25 n)\nn)",
            "there is no time zone `n)\\nn`: expected a name of the IANA database, such as `Europe/Berlin`",
        ),
        (
            "daily 02:00 mon-fry",
            "invalid weekday `mon-fry`: expected mon, tue, wed, thu, fri, sat or sun, a range such as mon-fri, or a \
             list such as sat,sun",
        ),
        ("daily 02:00 gap=no", "invalid option `gap=no`: expected gap=run-after, gap=shift or gap=skip"),
        (
            "monthly 6th-mon 02:00",
            "invalid day of the month `6th-mon`: expected 1 to 31, last, 1st-mon to 5th-sun, or last-mon to last-sun",
        ),
        (
            "once tomorrow",
            "invalid instant `tomorrow`: expected a date and a time, such as 2026-03-29T01:00:00Z",
        ),
        (
            "except(every 1s; mon-sun)",
            "`except(every 1s; mon-sun)` never fires: no instant from 1970 to 2199 matches",
        ),
        (
            "except(every 1ms; on(daily 03:00 Africa/Casablanca) Africa/Casablanca)",
            "it takes too long to find out when `except(every 1ms; on(daily 03:00 Africa/Casablanca) Africa/Casablanca)` \
             fires: combine fewer schedules, except ranges of dates, or leave a due time in each year",
        ),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), error);
    }
    let error = Calendar::new().holidays("# ok\n2026-01-01 New Year\n2026-02-30\n").unwrap_err();
    let expected = "invalid line 3 of a list of holidays, `2026-02-30`: expected YYYY-MM-DD or MM-DD, then optionally a name";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn rule_6_an_interval_takes_from_one_millisecond_to_the_whole_horizon() {
    for period in
        [Duration::ZERO, Duration::from_micros(1_500), Duration::from_secs(7_258_118_400), Duration::MAX]
    {
        assert!(is_invalid(every(period), "interval"), "{period:?}");
    }
    for period in [Duration::from_millis(1), Duration::from_secs(7_258_118_399)] {
        assert_eq!(every(period).unwrap().next(HORIZON.start), Some(HORIZON.start + period));
    }
    for start in [HORIZON.end, HORIZON.start - Duration::from_millis(1), UtcDateTime::MAX] {
        assert!(is_invalid(
            every(Duration::from_secs(1)).unwrap().starting_at(start),
            "start of an interval"
        ));
        assert!(is_invalid(Once::at(start), "instant"));
    }
}

#[test]
fn rule_6_empty_and_impossible_schedules_are_refused() {
    let noon = Time::from_hms(12, 0, 0).unwrap();
    assert!(is_invalid(DailyAt::new([]), "list of times of day"));
    assert!(is_invalid(DailyAt::new([noon + Duration::from_millis(1)]), "time of day"));
    assert!(is_invalid(DailyAt::new([noon]).unwrap().on([]), "list of weekdays"));
    assert!(is_invalid(MonthlyAt::new([], [noon]), "list of days of the month"));
    for day in [
        MonthDay::Day(0),
        MonthDay::Day(32),
        MonthDay::Nth(0, Weekday::Monday),
        MonthDay::Nth(6, Weekday::Monday),
    ] {
        assert!(is_invalid(MonthlyAt::new([day], [noon]), "day of the month"), "{day}");
    }
    assert!(is_invalid(Calendar::new().yearly(Month::February, 30), "day of every year"));
    let (first, last) = (Date::MIN, Date::MAX);
    assert!(is_invalid(Calendar::new().range(last..=first), "range of dates"));
    assert!(never_fires(any_of(Vec::<AnySchedule>::new())));
    assert!(never_fires(every(Duration::from_secs(60)).unwrap().between(HORIZON.end..)));
    assert!(never_fires(
        every(Duration::from_secs(60)).unwrap().except(Calendar::new().range(first..=last).unwrap())
    ));
}

/// Without the limit, these would search through all milliseconds of the horizon.
#[test]
fn rule_5_and_6_exceptions_that_leave_nothing_of_a_frequent_schedule_are_refused() {
    for text in [
        "except(every 1ms; mon-sun Pacific/Apia)",
        "except(every 1ms; 1969-12-31..2200-01-01 Africa/Casablanca)",
        "except(daily 02:00 sat,sun Europe/Berlin; sat,sun Europe/Berlin)",
        "except(daily 02:00; on(daily 03:00))",
        "except(daily 02:00; on(except(daily 02:00; 1970-01-01..2199-12-30)) on(daily 00:00))",
    ] {
        assert!(never_fires(parse(text)), "{text}");
    }
}

#[test]
fn rule_6_combinations_that_would_take_too_long_are_refused() {
    let crons = |count: usize| vec!["cron 0 2 * * * Europe/Berlin"; count].join("; ");
    for text in [
        // It fires in the last hour of the horizon. In that zone the hour is the first of a day without 03:00.
        "except(every 1ms; on(daily 03:00 Africa/Casablanca) Africa/Casablanca)",
        // It fires in 1970 and in 2199.
        "except(any(daily 02:00 mon,wed; once 2199-12-31T00:00:00Z); on(between(daily 00:00; 1971-01-01T00:00:00Z..)))",
        &format!("any({})", crons(2_000)),
    ] {
        let error = parse(text).unwrap_err();
        assert!(matches!(error, ScheduleError::TooCostly { .. }), "{text}: {error}");
    }
    for text in [
        "except(daily 02:00; 1970-01-01..2199-12-30 Africa/Casablanca)",
        "except(daily 02:00; on(between(daily 00:00; 2030-01-01T00:00:00Z..2031-01-01T00:00:00Z)))",
        "except(cron 0 12 29 2 * Europe/Berlin; tue-sun Europe/Berlin)",
        &format!("except(any({}); sat,sun 12-24 12-25 12-26 Europe/Berlin)", crons(50)),
    ] {
        assert!(parse(text).is_ok(), "{text}");
    }
}

/// Fires on the last day of the horizon, and counts its calls.
#[derive(Debug, Default)]
struct LastDay {
    called: Arc<AtomicUsize>,
}

impl Schedule for LastDay {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        self.called.fetch_add(1, Ordering::Relaxed);
        Some(HORIZON.end - time::Duration::DAY).filter(|due| *due > after)
    }

    fn spec(&self) -> String {
        "last day".into()
    }
}

#[test]
fn a_schedule_that_rarely_fires_is_not_called_for_each_day_of_a_calendar() {
    let rare = LastDay::default();
    let called = Arc::clone(&rare.called);
    let last_year = parse("between(daily 00:00; 2199-01-01T00:00:00Z..)").unwrap();
    let calendar = Calendar::new().days_of(rare).days_of(last_year);
    let year = Duration::from_secs(365 * 86_400);
    let except = parse("daily 02:00").unwrap().except(calendar).unwrap();
    called.store(0, Ordering::Relaxed);
    assert_eq!(except.next(HORIZON.end - year), None);
    let forward = called.swap(0, Ordering::Relaxed);
    assert!(forward < 10, "{forward} times");

    assert_eq!(except.previous(UtcDateTime::MAX), Some(HORIZON.end - year - Duration::from_secs(22 * 3_600)));
    let backward = called.load(Ordering::Relaxed);
    assert!(backward < 500, "{backward} times");
}

/// Fires when another schedule does, and counts its calls.
#[derive(Debug)]
struct Counted {
    schedule: AnySchedule,
    called: Arc<AtomicUsize>,
}

impl Schedule for Counted {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        self.called.fetch_add(1, Ordering::Relaxed);
        self.schedule.next(after)
    }

    fn previous(&self, before: UtcDateTime) -> Option<UtcDateTime> {
        self.schedule.previous(before)
    }

    fn spec(&self) -> String {
        self.schedule.spec()
    }
}

#[test]
fn a_schedule_is_called_at_most_once_for_each_day_of_a_calendar() {
    let (start, end) = ("2100-01-01T00:00:00Z", "2101-01-01T00:00:00Z");
    let schedule = parse(&format!("between(daily 12:00 mon,wed,fri,sun; {start}..{end})")).unwrap();
    let days = schedule.count_between(UtcDateTime::MIN, UtcDateTime::MAX);
    let called = Arc::new(AtomicUsize::new(0));
    let calendar = Calendar::new().days_of(Counted { schedule, called: Arc::clone(&called) });
    let except = parse("daily 02:00 mon,wed,fri,sun").unwrap().except(calendar).unwrap();
    called.store(0, Ordering::Relaxed);
    let year = Date::from_calendar_date(2100, Month::January, 1).unwrap().midnight().as_utc();
    assert_eq!(except.next(year).map(UtcDateTime::year), Some(2101));
    let called = called.load(Ordering::Relaxed);
    assert!(called as u64 <= days + 1, "{called} times for {days} days");
}

/// A user's schedule that fires before, during and after the horizon. If `faulty`, it breaks rule 1 after the year 2000.
#[derive(Debug)]
struct Yearly {
    faulty: bool,
}

impl Schedule for Yearly {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        let year = if self.faulty && after.year() > 2_000 { after.year() } else { after.year() + 1 };
        Some(Date::from_calendar_date(year, Month::January, 1).ok()?.midnight().as_utc())
    }

    fn spec(&self) -> String {
        "yearly".into()
    }
}

#[test]
fn rule_6_holds_for_combinations_of_schedules_that_fire_outside_the_horizon() {
    let combinations = [
        AnySchedule::new(any_of([Yearly { faulty: false }]).unwrap()),
        AnySchedule::new(Yearly { faulty: false }.except(Calendar::new().date(Date::MIN)).unwrap()),
        AnySchedule::new(Yearly { faulty: false }.between(..).unwrap()),
    ];
    for schedule in combinations {
        let start = UtcDateTime::MIN;
        assert_eq!(schedule.next(start), Some(HORIZON.start), "{schedule}");
        assert_eq!(schedule.upcoming(start).count(), 230, "{schedule}");
        assert_eq!(schedule.previous(UtcDateTime::MAX).map(UtcDateTime::year), Some(2199), "{schedule}");
        assert_eq!(schedule.count_between(start, UtcDateTime::MAX), 230, "{schedule}");
    }
}

#[test]
fn a_schedule_that_breaks_rule_1_ends_the_combination() {
    let except = Yearly { faulty: true }.except(Calendar::new().weekdays([Weekday::Monday])).unwrap();
    let monday = Date::from_calendar_date(2024, Month::January, 1).unwrap().midnight().as_utc();
    assert_eq!(except.next(monday), Some(monday));
    assert_eq!(except.upcoming(monday).next(), None);
    assert_eq!(except.count_between(monday, UtcDateTime::MAX), 0);
}

/// A walk from one instant to the next would not end.
#[test]
fn a_count_of_several_schedules_calculates_the_one_that_fires_most() {
    for text in ["any(every 1ms)", "any(every 1ms; daily 02:00; once 2026-01-01T00:00:00Z)"] {
        let schedule = parse(text).unwrap();
        let milliseconds = (HORIZON.end - HORIZON.start).whole_milliseconds().unsigned_abs();
        assert_eq!(u128::from(schedule.count_between(UtcDateTime::MIN, UtcDateTime::MAX)), milliseconds);
    }
}
