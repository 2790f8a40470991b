//! Rule 10: a schedule survives the round trip through text and serde.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use godata_scheduler::{
    AnyOf, AnySchedule, Between, Calendar, Cron, DailyAt, Except, Interval, MonthlyAt, Never, Once, Schedule,
    ScheduleError, ScheduleExt, Zone, every, parse,
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::{Date, Duration, UtcDateTime};

use crate::schedules::{instants, texts};
use crate::some_after;

proptest! {
    #[test]
    fn rule_10_a_schedule_reads_back_as_the_same(text in texts(), after in instants()) {
        let Ok(schedule) = parse(&text) else { return Ok(()) };
        let again = parse(&schedule.spec()).unwrap();
        prop_assert_eq!(again.spec(), schedule.spec());
        prop_assert_eq!(schedule.to_string(), schedule.spec());
        prop_assert_eq!(some_after(&again, after), some_after(&schedule, after));
        through_json(&text);
    }
}

/// Sends a schedule through JSON as its concrete type.
fn through_json(text: &str) {
    match text.split([' ', '(']).next().unwrap() {
        "every" => same_in_json::<Interval>(text),
        "daily" => same_in_json::<DailyAt>(text),
        "monthly" => same_in_json::<MonthlyAt>(text),
        "cron" => same_in_json::<Cron>(text),
        "once" => same_in_json::<Once>(text),
        "never" => same_in_json::<Never>(text),
        "any" => same_in_json::<AnyOf>(text),
        "except" => same_in_json::<Except>(text),
        "between" => same_in_json::<Between>(text),
        _ => panic!("{text} is of no kind"),
    }
}

fn same_in_json<T>(text: &str)
where
    T: FromStr<Err = ScheduleError> + Serialize + DeserializeOwned + Display + Debug,
{
    let value: T = text.parse().unwrap();
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(json, serde_json::to_string(&value.to_string()).unwrap());
    assert_eq!(serde_json::from_str::<T>(&json).unwrap().to_string(), value.to_string());
}

#[test]
fn rule_10_holds_for_dates_outside_the_horizon() {
    let often = every(std::time::Duration::from_secs(60)).unwrap();
    let (first, last) = (Date::MIN, Date::MAX);
    let idle = Calendar::new().date(first).date(last).range(first..=first.saturating_add(Duration::days(9)));
    for schedule in [
        AnySchedule::new(often.between(UtcDateTime::MIN..).unwrap()),
        AnySchedule::new(often.between(..=UtcDateTime::MAX).unwrap()),
        AnySchedule::new(often.except(idle.unwrap()).unwrap()),
    ] {
        assert_eq!(parse(&schedule.spec()).unwrap().spec(), schedule.spec());
        through_json(&schedule.spec());
    }
}

#[test]
fn each_kind_is_its_text_in_json_and_refuses_other_kinds() {
    through_json("never");
    same_in_json::<Zone>("Europe/Berlin");
    let error = serde_json::from_str::<DailyAt>("\"every 5m\"").unwrap_err().to_string();
    assert!(error.starts_with("invalid schedule `every 5m`: expected `daily TIMES"), "{error}");
    let error = serde_json::from_str::<Zone>("\"Europe/Berln\"").unwrap_err().to_string();
    assert!(error.contains("did you mean `Europe/Berlin`?"), "{error}");
}

#[test]
fn upper_and_lower_case_do_not_matter() {
    for (text, canonical) in [
        ("EVERY 5m From 2026-01-01t00:00:00z", "every 5m from 2026-01-01T00:00:00Z"),
        (
            "Daily 02:00 MON-Fri europe/berlin Gap=SKIP OVERLAP=Both",
            "daily 02:00 mon-fri Europe/Berlin gap=skip overlap=both",
        ),
        ("monthly LAST,2ND-Tue,Last-FRI 10:00", "monthly last,2nd-tue,last-fri 10:00"),
        ("CRON 0 2 * jan mon", "cron 0 2 * JAN MON"),
        ("Cron @Daily", "cron 0 0 * * *"),
        ("Once 2026-03-29T01:00:00Z", "once 2026-03-29T01:00:00Z"),
        ("Any(NEVER; Every 1d)", "any(never; every 1d)"),
        ("Except(daily 02:00; NONE)", "except(daily 02:00; none)"),
        ("EXCEPT(daily 02:00; On(Monthly last 00:00) utc)", "except(daily 02:00; on(monthly last 00:00))"),
        ("Between(every 1d; ..2030-01-01T00:00:00Z)", "between(every 1d; ..2030-01-01T00:00:00Z)"),
    ] {
        assert_eq!(parse(text).unwrap().spec(), canonical);
    }
    let daily: DailyAt = "DAILY 02:00".parse().unwrap();
    assert_eq!(daily.to_string(), "daily 02:00");
    // In ISO 8601 an `M` can mean months.
    assert!(parse("every 5M").is_err());
}
