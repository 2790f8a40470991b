//! Combinations, compared with the lists of instants of their parts.

use godata_scheduler::{Calendar, Schedule, ScheduleExt, Zone, any_of, parse};
use proptest::prelude::*;
use proptest::sample::select;
use time::{Duration, UtcDateTime, Weekday};

use crate::schedules::{instants, simple};

const DAYS: Duration = Duration::days(12);

/// Schedules that do not fire on every day.
const RARE: [&str; 5] = [
    "every 70h",
    "daily 23:30 sun Europe/Berlin",
    "monthly 1st-mon,15,30 00:15 Pacific/Apia",
    "cron 30 2 * * TUE America/Santiago",
    "once 2026-03-29T01:00:00Z",
];

/// All instants of twelve days.
fn all(schedule: &(impl Schedule + ?Sized), after: UtcDateTime) -> Vec<UtcDateTime> {
    schedule.upcoming(after).take_while(|due| *due <= after + DAYS).collect()
}

/// Schedules that fire rarely enough to be listed.
fn rare() -> impl Strategy<Value = String> {
    simple().prop_filter("fires too often", |text| {
        let second = UtcDateTime::UNIX_EPOCH + Duration::days(20_000);
        parse(text).is_ok_and(|schedule| schedule.count_between(second, second + DAYS) < 2_000)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_of_is_the_union(texts in prop::collection::vec(rare(), 1..4), after in instants()) {
        let parts: Vec<_> = texts.iter().map(|text| parse(text).unwrap()).collect();
        let mut expected: Vec<_> = parts.iter().flat_map(|part| all(part, after)).collect();
        expected.sort_unstable();
        expected.dedup();
        let any = any_of(parts).unwrap();
        prop_assert_eq!(all(&any, after), &expected[..]);
        prop_assert_eq!(any.count_between(after, after + DAYS), expected.len() as u64);
    }

    #[test]
    fn except_keeps_what_is_not_on_its_days(
        text in rare(),
        after in instants(),
        zone in select(&["UTC", "Europe/Berlin", "Pacific/Apia", "Africa/Cairo", "America/Santiago"][..]),
        on in prop_oneof![0..14_i64, -300..0_i64],
        length in prop_oneof![0..4_i64, 0..400_i64],
        days_of in prop::collection::vec(select(&RARE[..]), 0..3),
    ) {
        let schedule = parse(&text).unwrap();
        let zone = Zone::new(zone).unwrap();
        let first = zone.local(after.saturating_add(Duration::days(on))).date();
        let calendar = Calendar::new()
            .in_zone(zone.clone())
            .weekdays([Weekday::Saturday])
            .range(first..=first.saturating_add(Duration::days(length)))
            .unwrap();
        let calendar = days_of.iter().fold(calendar, |days, text| days.days_of(parse(text).unwrap()));
        let expected: Vec<_> = all(&schedule, after)
            .into_iter()
            .filter(|due| !calendar.contains(zone.local(*due).date()))
            .collect();
        let Ok(except) = schedule.except(calendar) else { return Ok(()) };
        prop_assert_eq!(all(&except, after), &expected[..]);
        prop_assert_eq!(except.count_between(after, after + DAYS), expected.len() as u64);
        for pair in expected.windows(2) {
            prop_assert_eq!(except.previous(pair[1]), Some(pair[0]));
        }
    }

    #[test]
    fn between_keeps_what_is_in_its_range(text in rare(), after in instants(), from in 0..9_000_i64, length in 1..9_000_i64) {
        let schedule = parse(&text).unwrap();
        let from = after.saturating_add(Duration::minutes(from));
        let until = from.saturating_add(Duration::minutes(length));
        let in_range = |due: &UtcDateTime| *due >= from && *due < until;
        let expected: Vec<_> = all(&schedule, after).into_iter().filter(in_range).collect();
        let Ok(between) = schedule.between(from..until) else {
            prop_assert!(expected.is_empty());
            return Ok(());
        };
        let found: Vec<_> = all(&between, after);
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(between.count_between(after, after + DAYS), expected.len() as u64);
        let last = between.previous(after + DAYS + Duration::MILLISECOND);
        prop_assert_eq!(last, expected.last().copied());
    }
}
