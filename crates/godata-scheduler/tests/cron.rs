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
        ("0 0 * * FRI#L", Month::May, &[29]),
        ("0 0 * * 5#L", Month::May, &[29]),
        ("0 0 * * fri#l,7#1", Month::May, &[3, 29]),
        ("0 0 L,LW * *", Month::May, &[29, 31]),
        ("0 0 1,l * *", Month::May, &[1, 31]),
        ("0 0 1W,15W * *", Month::August, &[3, 14]),
        ("0 0 31W * *", Month::May, &[29]),
        ("0 0 31W * *", Month::November, &[]),
        ("0 0 1-31 * FRI", Month::February, &(1..=28).collect::<Vec<_>>()),
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
    assert!(std::ptr::eq(a.pattern(), Cron::new("0 05 04 ? * 1").unwrap().pattern()));
    assert_ne!(a, Cron::new("5 4 * * 2").unwrap());
}

#[test]
fn patterns_that_mean_the_same_have_one_text() {
    for (spellings, text) in [
        (
            &["0 2 * * 1-5", "0 02 ? * mon,tue-fri", "0 0 2 * * MON-FRI *", "00 2 * 1-12 5,4,3,2,1"][..],
            "0 2 * * MON-FRI",
        ),
        (&["* * * * *", "*/1 * * * *", "* 0-23 */1 1-12 0-6", "0 * * * * 1-7"], "* * * * *"),
        (&["0,1,2 5 * * *", "0-2 5 * * *", "2,1,0,1 5 * * *"], "0-2 5 * * *"),
        (&["@daily", "@midnight", "0 0 * * *", " 00 00 1-31 * * "], "0 0 * * *"),
        (&["@weekly", "0 0 * * 0", "0 0 * * 7", "0 0 * * SUN"], "0 0 * * SUN"),
        (&["@yearly", "@ANNUALLY", "0 0 1 1 *", "0 0 1 jan ?"], "0 0 1 JAN *"),
        (&["*/30 * * * *", "0,30 * * * *", "0-59/30 */1 * * *"], "0,30 * * * *"),
        (&["*/15 * * * *", "0,15,30,45 * * * *", "*/30,15,45 * * * *"], "*/15 * * * *"),
        (&["0 8-18/2 * * *", "0 8,10,12,14,16,18 * * *"], "0 8-18/2 * * *"),
        (&["0 0 * * 6-7", "0 0 * * 0,6", "0 0 * * SAT-SUN"], "0 0 * * SAT,SUN"),
        (&["0 0 * * 5L", "0 0 * * FRIL", "0 0 * * FRI#L"], "0 0 * * FRI#L"),
        (&["0 0 * * 2#3,1#1", "0 0 * * MON#1,TUE#3,TUE#3"], "0 0 * * MON#1,TUE#3"),
        (&["0 0 * * MON,MON#2,1L", "0 0 * * 1", "0 0 * * 1#1,1#2,1#3,1#4,1#5"], "0 0 * * MON"),
        (&["0 0 L,15w,2-3,1 * *", "0 0 1-3,15W,L,2 * *"], "0 0 1-3,15W,L * *"),
        (&["0 0 13 * +FRI", "0 0 13 * +5"], "0 0 13 * +FRI"),
        (&["0 0 * * +FRI", "0 0 1-31 * +FRI", "0 0 * * FRI"], "0 0 * * FRI"),
        (&["0 0 13 * +*", "0 0 13 * +SUN-SAT", "0 0 13 * ?"], "0 0 13 * *"),
        (&["0 0 1-31 * FRI", "0 0 */1 * FRI", "0 0 13 * 0-7", "0 0 * * *"], "0 0 * * *"),
        (&["*/10 * * * * *", "0,10,20,30,40,50 * * * * *"], "*/10 * * * * *"),
        (&["0 0 0 1 1 * 2026,2027,2028", "0 0 0 1 1 * 2026-2028"], "0 0 0 1 JAN * 2026-2028"),
        (&["0 0 1 1,4,7,10 *", "0 0 1 */3 *"], "0 0 1 */3 *"),
    ] {
        for spelling in spellings {
            assert_eq!(Cron::new(spelling).unwrap().pattern(), text, "{spelling}");
        }
        assert_eq!(Cron::new(text).unwrap().pattern(), text);
    }
}

#[test]
fn patterns_that_differ_when_the_clocks_change_have_different_texts() {
    for (wildcard, text, fixed) in [
        ("*/30 2 * * *", "*/30 2 * * *", "0,30 2 * * *"),
        ("* 2 * * *", "* 2 * * *", "0-59 2 * * *"),
        ("*/5 2 * * *", "*/5 2 * * *", "0-55/5 2 * * *"),
        ("0 */12 * * *", "0 */12 * * *", "0 0,12 * * *"),
        ("7 * * * *", "7 * * * *", "7 0-23 * * *"),
        ("*/20,5 2 * * *", "*/20,5 2 * * *", "0,5,20,40 2 * * *"),
    ] {
        assert_eq!(Cron::new(wildcard).unwrap().pattern(), text);
        assert_eq!(Cron::new(fixed).unwrap().pattern(), fixed);
    }
}

#[test]
fn patterns_are_described_in_words() {
    for (pattern, words) in [
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("*/10 * * * * *", "every 10 seconds"),
        ("0,30 * * * *", "every 30 minutes"),
        ("0,59 * * * *", "at minutes 0 and 59 of every hour"),
        ("*/30 1-3 * * *", "every 30 minutes of hours 1 to 3"),
        ("* * * * * *", "every second"),
        ("7 * * * *", "at minute 7 of every hour"),
        ("0,20 * * * * *", "at seconds 0 and 20 of every minute"),
        ("0,20 * 9-17 * * *", "at seconds 0 and 20 of every minute of hours 9 to 17"),
        ("0 */2 * * *", "at minute 0, every 2 hours"),
        ("* 0 * * *", "every minute of hour 0"),
        ("*/15 9-17 * * MON-FRI", "every 15 minutes of hours 9 to 17, Monday to Friday"),
        ("0 2 * * *", "at 02:00"),
        ("0,30 2,14 * * *", "at 02:00, 02:30, 14:00 and 14:30"),
        ("30 0 2 * * *", "at 02:00:30"),
        ("0 0 13 * *", "at 00:00, on the 13th of the month"),
        ("0 0 13 * FRI", "at 00:00, on the 13th of the month or Friday"),
        ("0 0 13 * +FRI", "at 00:00, on the 13th of the month if it is Friday"),
        (
            "0 0 1-7,15W,L,LW * *",
            "at 00:00, on the 1st to the 7th, the weekday nearest to the 15th, the last day and the last weekday of the month",
        ),
        ("0 0 * * MON#2,FRI#L", "at 00:00, on the 2nd Monday of the month and the last Friday of the month"),
        ("0 0 1 1,3-5 *", "at 00:00, on the 1st of the month, in January and March to May"),
        ("0 0 0 1 1 * 2026", "at 00:00, on the 1st of the month, in January, in 2026"),
        ("0 0 0 1 1 * 2026-2028", "at 00:00, on the 1st of the month, in January, in the years 2026-2028"),
    ] {
        assert_eq!(Cron::new(pattern).unwrap().describe(), format!("{words}, UTC"), "{pattern}");
    }
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
        ("0 0 L-3 * *", "day of month", "L-3"),
        ("0 0 * * MON#6", "day of week", "MON#6"),
        ("0 0 ٣ * *", "day of month", "٣"),
        ("5,* * * * *", "minute", "5,*"),
        ("0 0 ?,5 * *", "day of month", "?,5"),
        ("? 0 * * *", "minute", "?"),
        ("1- * * * *", "minute", "1-"),
        ("-1 * * * *", "minute", "-1"),
        ("+1 * * * *", "minute", "+1"),
        ("1-2-3 * * * *", "minute", "1-2-3"),
        ("1-9/2/2 * * * *", "minute", "1-9/2/2"),
        (",1 * * * *", "minute", ",1"),
        ("005 * * * *", "minute", "005"),
        ("00000000000000000005 * * * *", "minute", "00000000000000000005"),
        ("18446744073709551617 * * * *", "minute", "18446744073709551617"),
        ("0 0 1-15W * *", "day of month", "1-15W"),
        ("0 0 1W-15 * *", "day of month", "1W-15"),
        ("0 0 32W * *", "day of month", "32W"),
        ("0 0 W * *", "day of month", "W"),
        ("0 0 WL * *", "day of month", "WL"),
        ("0 0 1L * *", "day of month", "1L"),
        ("0 0 +1 * *", "day of month", "+1"),
        ("0 0 * MON *", "month", "MON"),
        ("0 0 * January *", "month", "January"),
        ("0 0 * * JAN", "day of week", "JAN"),
        ("0 0 * * MON#2L", "day of week", "MON#2L"),
        ("0 0 * * SUN#25L", "day of week", "SUN#25L"),
        ("0 0 * * MON#TUE", "day of week", "MON#TUE"),
        ("0 0 * * MON-FRI#231L", "day of week", "MON-FRI#231L"),
        ("0 0 * * MON-FRI#2", "day of week", "MON-FRI#2"),
        ("0 0 * * MON-FRIL", "day of week", "MON-FRIL"),
        ("0 0 * * MON#0", "day of week", "MON#0"),
        ("0 0 * * MON#02", "day of week", "MON#02"),
        ("0 0 * * MON#", "day of week", "MON#"),
        ("0 0 * * #2", "day of week", "#2"),
        ("0 0 * * *#2", "day of week", "*#2"),
        ("0 0 * * */2L", "day of week", "*/2L"),
        ("0 0 * * FRI#L#L", "day of week", "FRI#L#L"),
        ("0 0 * * FRILL", "day of week", "FRILL"),
        ("0 0 * * LFRI", "day of week", "LFRI"),
        ("0 0 * * ++MON", "day of week", "++MON"),
        ("0 0 * * MON,+TUE", "day of week", "MON,+TUE"),
        ("0 0 * * FRI-MON", "day of week", "FRI-MON"),
        ("0 0 * * 7-1", "day of week", "7-1"),
        ("0 0 * * */MON", "day of week", "*/MON"),
        ("0 0 0 1 1 * 02026", "year", "02026"),
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
    for pattern in ["", "* * * *", "* * * * * * * *", "@reboot", "@every 5m", "TZ=Europe/Berlin 0 2 * * *"] {
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
