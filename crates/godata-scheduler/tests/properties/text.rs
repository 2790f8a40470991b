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

/// Texts that mean the same, the canonical one first.
const SAME: [&[&str]; 16] = [
    &["every 1h30m", "every 90m", "EVERY  5400s", "every 1h30m from 1970-01-01T01:00:00+01:00"],
    &["every 5m from 2026-01-01T00:00:00Z", "every 5m from 2026-01-01t02:00:00+02:00"],
    &[
        "daily 02:00",
        "daily 02:00:00 mon-sun UTC",
        "daily 02:00,02:00 gap=skip",
        " Daily 02:00 sun-sat overlap=both ",
    ],
    &["daily 02:00,14:30 mon,tue Europe/Berlin", "daily 14:30,02:00 TUE,mon,mon europe/berlin gap=run-after"],
    &["daily 02:00 mon-fri", "daily 02:00 mon,tue,wed,thu,fri", "daily 02:00 wed-fri,mon-wed"],
    &["daily 02:00 Europe/Berlin gap=skip overlap=last", "daily 02:00 Europe/Berlin overlap=Last GAP=skip"],
    &["monthly 1,15,last,2nd-tue,last-fri 18:00", "monthly last-fri,2nd-tue,last,15,01,15 18:00:00 utc"],
    &["monthly 1st-mon,1st-tue,2nd-mon 18:00", "monthly 2nd-mon,1st-tue,1st-mon 18:00"],
    &[
        "cron 0 2 * * MON-FRI Europe/Berlin",
        "cron 0 2 * * 1-5 Europe/Berlin",
        "cron 00 02 ? * 5,1-4 europe/berlin",
    ],
    &["cron */5 * * * * Europe/Berlin", "cron 0-59/5 * * * * Europe/Berlin gap=skip overlap=last"],
    &["cron 0 0 * * *", "cron @daily", "cron @Midnight UTC gap=shift"],
    &["any(daily 02:00; every 6h)", "any(every 6h; daily 02:00)", "ANY( every 360m;daily 02:00 ; every 6h )"],
    &[
        "except(every 1h; sat,sun 12-24 12-25 2026-01-01..2026-01-03 on(daily 02:00 mon) on(monthly 1 00:00))",
        "except(every 60m; on(monthly 1 00:00) 2026-01-02..2026-01-03 12-25 sun 2026-01-01 on(daily 02:00 mon) \
         12-24 sat on(daily 02:00 mon) UTC)",
    ],
    &[
        "between(every 5m; ..2030-01-01T00:00:00Z)",
        "between(every 300s; 1970-01-01T00:00:00Z..2030-01-01T01:00:00+01:00)",
    ],
    &["between(every 5m; ..)", "between(every 5m; 0001-01-01T00:00:00Z..9999-01-01T00:00:00Z)"],
    &["once 2026-03-29T01:00:00Z", "once 2026-03-29T03:00:00+02:00", "ONCE 2026-03-29T01:00:00.000Z"],
];

#[test]
fn schedules_that_mean_the_same_have_one_text() {
    for texts in SAME {
        for text in texts {
            let schedule = parse(text).unwrap();
            assert_eq!(schedule.spec(), texts[0], "{text}");
            assert!(texts.iter().all(|other| schedule.has_spec(other)), "{text}");
        }
    }
    for (index, texts) in SAME.into_iter().enumerate() {
        let schedule = parse(texts[0]).unwrap();
        let mut others = SAME.into_iter().enumerate().filter(|(other, _)| *other != index);
        assert!(!others.any(|(_, texts)| texts.iter().any(|text| schedule.has_spec(text))), "{schedule}");
    }
}

#[test]
fn schedules_that_can_differ_keep_different_texts() {
    for (a, b) in [
        // They follow different rules when the clocks change.
        ("cron */30 2 * * * Europe/Berlin", "cron 0,30 2 * * * Europe/Berlin"),
        ("daily 02:00 Europe/Berlin", "daily 02:00 Europe/Berlin gap=skip"),
        // Another version of the database can tell these names apart.
        ("daily 02:00 Asia/Calcutta", "daily 02:00 Asia/Kolkata"),
        ("daily 02:00", "daily 02:00 Etc/UTC"),
        // The kind of a schedule is part of it.
        ("daily 02:00", "cron 0 2 * * *"),
        ("every 1d", "daily 00:00"),
        // The days of one of them begin earlier.
        ("except(every 1h; sat)", "except(every 1h; sat Europe/Berlin)"),
        // The first of them also fires before 2026.
        ("every 1h", "every 1h from 2026-01-01T00:00:00Z"),
    ] {
        let (a, b) = (parse(a).unwrap(), parse(b).unwrap());
        assert_ne!(a.spec(), b.spec());
        assert!(!a.has_spec(&b.spec()) && !b.has_spec(&a.spec()), "{a} and {b}");
    }
    assert!(!parse("daily 02:00").unwrap().has_spec("no schedule at all"));
}

/// The same items in another order, some of them twice, in another case and with more spaces.
fn respelled(text: &str, by: usize) -> String {
    let word = |word: &str| {
        // A range of instants or dates, and a duration, are no list.
        let mut items: Vec<&str> = word.split(',').collect();
        if items.len() > 1 && !word.contains(['(', ')', ';']) {
            items.rotate_left(by % word.split(',').count());
            items.push(items[0]);
        }
        items.join(",")
    };
    let spaces = " ".repeat(by % 3 + 1);
    let text = text.split_whitespace().map(word).collect::<Vec<_>>().join(&spaces);
    // The units of a duration are in lower case.
    if by.is_multiple_of(2) && !text.contains("every") { text.to_uppercase() } else { text }
}

proptest! {
    #[test]
    fn the_text_of_a_schedule_does_not_depend_on_its_spelling(text in texts(), by in 0..12_usize) {
        let Ok(schedule) = parse(&text) else { return Ok(()) };
        let respelled = respelled(&text, by);
        // A first item of a cron list can begin with a star, which means something.
        prop_assume!(!text.contains("*/") || !text.contains(','));
        prop_assert_eq!(parse(&respelled).unwrap().spec(), schedule.spec(), "{}", respelled);
        prop_assert!(schedule.has_spec(&respelled));
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
        ("Any(NEVER; Every 1d)", "any(every 1d; never)"),
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
