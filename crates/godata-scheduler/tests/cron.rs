//! What cron patterns mean.

#![cfg(feature = "cron")]
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::cmp::Ordering;

use croner::errors::CronError;
use croner::parser::CronParser;
use croner::{CivilDateTime, CronDateTime, JobType, Resolution, Weekday};
use godata_scheduler::{Cron, HORIZON, Schedule, ScheduleError, ScheduleExt};
use proptest::prelude::*;
use proptest::sample::select;
use time::{Date, Month, Time, UtcDateTime};

/// The days of a month of 2026 on which a pattern fires.
fn days(pattern: &str, month: Month) -> Vec<u8> {
    let first = Date::from_calendar_date(2026, month, 1).unwrap().midnight().as_utc();
    let cron = Cron::new(pattern).unwrap();
    let in_month = |due: &UtcDateTime| (due.year(), due.month()) == (2026, month);
    cron.upcoming(first - time::Duration::SECOND).take_while(in_month).map(UtcDateTime::day).collect()
}

#[test]
fn a_day_matches_either_field_unless_one_is_a_star_or_has_a_plus() {
    let november = |pattern| days(pattern, Month::November);
    let (fridays, thirteenth) = (vec![6, 13, 20, 27], vec![13]);
    assert_eq!(november("0 0 13 * *"), thirteenth);
    assert_eq!(november("0 0 * * FRI"), fridays);
    assert_eq!(november("0 0 13 * +FRI"), [13]);
    assert_eq!(november("0 0 12 * FRI"), [6, 12, 13, 20, 27]);
    // A step is not exactly `*`: days 1 and 21, and every Friday.
    assert_eq!(november("0 0 */20 * FRI"), [1, 6, 13, 20, 21, 27]);
}

#[test]
fn special_days_depend_on_the_month() {
    for (pattern, month, expected) in [
        ("0 0 L * *", Month::February, &[28][..]),
        ("0 0 LW * *", Month::May, &[29]),
        ("0 0 15W * *", Month::August, &[14]),
        ("0 0 15W * *", Month::November, &[16]),
        ("0 0 1W * *", Month::August, &[3]),
        ("0 0 * * FRIL", Month::May, &[29]),
        ("0 0 * * 5L", Month::May, &[29]),
        ("0 0 * * MON#5", Month::November, &[30]),
        ("0 0 * * 7", Month::November, &[1, 8, 15, 22, 29]),
        ("0 0 ? * TUE#2", Month::November, &[10]),
        ("0 0 31 * *", Month::November, &[]),
    ] {
        assert_eq!(days(pattern, month), expected, "{pattern}");
    }
}

#[test]
fn at_names_stand_for_patterns() {
    for (name, pattern) in [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * SUN"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
    ] {
        let (named, spelled) = (Cron::new(name).unwrap(), Cron::new(pattern).unwrap());
        let start = UtcDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        assert!(named.upcoming(start).take(20).eq(spelled.upcoming(start).take(20)), "{name}");
    }
}

#[test]
fn equal_patterns_are_parsed_once() {
    let (a, b) = (Cron::new("5 4 * * mon").unwrap(), Cron::new(" 5  4 * * MON").unwrap());
    assert_eq!(a, b);
    assert!(std::ptr::eq(a.pattern(), b.pattern()));
    assert_ne!(a, Cron::new("5 4 * * 1").unwrap());
}

#[test]
fn an_error_names_the_field() {
    for (pattern, field, found) in [
        ("61 * * * *", "minute", "61"),
        ("* 24 * * *", "hour", "24"),
        ("* * 0 * *", "day of month", "0"),
        ("* * * 13 *", "month", "13"),
        ("* * * * 8", "day of week", "8"),
        ("60 * * * * *", "second", "60"),
        ("0 0 0 1 1 * 5001", "year", "5001"),
        ("5/15 * * * *", "minute", "5/15"),
        ("*/0 * * * *", "minute", "*/0"),
        ("1,,2 * * * *", "minute", "1,,2"),
        ("9-5 * * * *", "minute", "9-5"),
        ("0 MON * * *", "hour", "MON"),
        ("0 0 * * MONTUE", "day of week", "MONTUE"),
        ("0 0 * * L", "day of week", "L"),
        ("0 0 L,LW * *", "day of month", "L,LW"),
        ("0 0 L-3 * *", "day of month", "L-3"),
        ("0 0 * * MON#6", "day of week", "MON#6"),
        ("0 0 ٣ * *", "day of month", "٣"),
    ] {
        match Cron::new(pattern).unwrap_err() {
            ScheduleError::CronField { field: named, found: text, .. } => {
                assert_eq!((named, text.as_str()), (field, found), "{pattern}");
            }
            other => panic!("{pattern}: {other}"),
        }
    }
}

#[test]
fn a_step_must_be_smaller_than_its_field() {
    for (pattern, longest, field, found) in [
        ("*/60 * * * * *", "*/59 * * * * *", "second", "*/60"),
        ("*/70 * * * *", "*/59 * * * *", "minute", "*/70"),
        ("1,0-30/60 * * * *", "1,0-30/59 * * * *", "minute", "1,0-30/60"),
        ("0 */24 * * *", "0 */23 * * *", "hour", "*/24"),
        ("0 0 */31 * *", "0 0 */30 * *", "day of month", "*/31"),
        ("0 0 1 */12 *", "0 0 1 */11 *", "month", "*/12"),
        ("0 0 * * */7", "0 0 * * */6", "day of week", "*/7"),
        ("0 0 0 1 1 * */5000", "0 0 0 1 1 * */999", "year", "*/5000"),
        ("*/99999999999 * * * *", "*/1 * * * *", "minute", "*/99999999999"),
    ] {
        assert!(Cron::new(longest).is_ok(), "{longest}");
        let error = Cron::new(pattern).unwrap_err().to_string();
        let expected =
            format!("invalid {field} `{found}` in cron pattern `{pattern}`: expected a step from 1 to ");
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn steps_of_years_count_from_year_1() {
    let odd = Cron::new("0 0 0 1 1 * */2").unwrap();
    let years: Vec<_> = odd.upcoming(UtcDateTime::UNIX_EPOCH).take(3).map(UtcDateTime::year).collect();
    assert_eq!(years, [1971, 1973, 1975]);
}

#[test]
fn too_few_or_too_many_fields_and_unknown_names_are_refused() {
    for pattern in ["", "* * * *", "* * * * * * * *", "@reboot", "@every 5m"] {
        let error = Cron::new(pattern).unwrap_err();
        assert!(matches!(error, ScheduleError::Invalid { what: "cron pattern", .. }), "{pattern}: {error}");
    }
}

#[test]
fn rule_6_a_pattern_that_no_day_matches_is_refused() {
    for pattern in
        ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 0 1 1 * 1969", "0 0 0 29 2 * 2023", "0 0 1 * +MON#2"]
    {
        let error = Cron::new(pattern).unwrap_err();
        assert!(matches!(error, ScheduleError::NeverFires { .. }), "{pattern}: {error}");
    }
    for pattern in ["0 0 29 2 *", "0 0 29 2 +MON", "0 0 0 31 12 * 2199", "0 0 7 * +MON#1"] {
        assert!(Cron::new(pattern).is_ok(), "{pattern}");
    }
}

/// To croner, a pattern is fixed-time only if its second, minute and hour are a single value each.
#[test]
fn rule_9_lists_and_ranges_are_fixed_times_although_croner_disagrees() {
    for pattern in ["0,30 2 * * *", "30 1-3 * * *", "0-30/15 2 * * *"] {
        assert_eq!(CronParser::new().parse(pattern).unwrap().determine_job_type(), JobType::IntervalWildcard);
        let berlin: Cron = format!("cron {pattern} Europe/Berlin").parse().unwrap();
        let autumn = UtcDateTime::from_unix_timestamp(1_792_886_400).unwrap();
        let due: Vec<_> =
            berlin.upcoming(autumn).take_while(|due| *due < autumn + time::Duration::DAY).collect();
        assert_eq!(berlin.count_between(autumn, autumn + time::Duration::DAY), due.len() as u64);
        let real_time: Vec<_> = format!("cron {pattern} Europe/Berlin overlap=both")
            .parse::<Cron>()
            .unwrap()
            .upcoming(autumn)
            .take_while(|due| *due < autumn + time::Duration::DAY)
            .collect();
        assert!(due.len() < real_time.len(), "{pattern}");
    }
}

fn patterns() -> impl Strategy<Value = String> {
    const MINUTES: [&str; 6] = ["*", "0", "59", "*/7", "5-20/5", "0,30,45"];
    const HOURS: [&str; 6] = ["*", "0", "23", "*/6", "2-4", "1,13"];
    const DAYS: [&str; 9] = ["*", "1", "29", "31", "L", "LW", "15W", "1W,31W", "*/10"];
    const MONTHS: [&str; 5] = ["*", "2", "*/3", "JAN,JUL", "4-6"];
    const WEEKDAYS: [&str; 9] = ["*", "0", "7", "MON-FRI", "5L", "TUE#2", "+MON", "+FRI#1,SAT", "1#5"];
    (select(&MINUTES[..]), select(&HOURS[..]), select(&DAYS[..]), select(&MONTHS[..]), select(&WEEKDAYS[..]))
        .prop_map(|(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}"))
}

/// An instant in UTC, for the parser's own search.
#[derive(Clone)]
struct Utc(UtcDateTime);

impl Utc {
    fn second(&self) -> i64 {
        self.0.unix_timestamp()
    }
}

impl CronDateTime for Utc {
    fn to_civil(&self) -> CivilDateTime {
        let (date, time) = (self.0.date(), self.0.time());
        let (hour, minute, second) = time.as_hms();
        CivilDateTime::from_ymd_hms(
            date.year(),
            u8::from(date.month()).into(),
            date.day().into(),
            hour.into(),
            minute.into(),
            second.into(),
        )
        .unwrap()
    }

    fn civil_weekday(&self) -> Weekday {
        Weekday::from_days_from_sunday(self.0.weekday().number_days_from_sunday().into())
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let part = |number: u32| u8::try_from(number).unwrap();
        let month = Month::try_from(part(civil.month())).unwrap();
        let date = Date::from_calendar_date(civil.year(), month, part(civil.day()));
        let date = date.map_err(|_| CronError::InvalidDate)?;
        let time = Time::from_hms(part(civil.hour()), part(civil.minute()), part(civil.second())).unwrap();
        Ok(Resolution::Single(Self(UtcDateTime::new(date, time))))
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        self.0.checked_add(time::Duration::seconds(seconds)).map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

proptest! {
    /// Both searches agree where there are no clock changes.
    #[test]
    fn in_utc_the_search_agrees_with_croners_own(pattern in patterns(), second in 0..4_000_000_000_i64) {
        let Ok(cron) = Cron::new(&pattern) else { return Ok(()) };
        let theirs = CronParser::new().parse(&pattern).unwrap();
        let start = UtcDateTime::from_unix_timestamp(second).unwrap();
        let ours: Vec<_> = cron.upcoming(start).take(5).map(UtcDateTime::unix_timestamp).collect();
        let found = theirs.iter_after(Utc(start)).take(5).map(|at| at.second());
        let found: Vec<_> = found.filter(|second| *second < HORIZON.end.unix_timestamp()).collect();
        prop_assert_eq!(ours, found);
        let before = theirs.find_previous_occurrence(&Utc(start), false).ok().map(|at| at.second());
        let before = before.filter(|second| *second >= 0);
        prop_assert_eq!(cron.previous(start).map(UtcDateTime::unix_timestamp), before);
    }
}
