//! Rules 7, 8 and 9, by examples of real clock changes.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use godata_scheduler::{Schedule, ScheduleExt, Zone, parse};
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;

/// Checks the local times at which a schedule fires after an instant.
#[track_caller]
fn check(text: &str, after: &str, expected: &[&str]) {
    let schedule = parse(text).unwrap();
    let zone = text.split(' ').find_map(|word| Zone::new(word).ok()).unwrap();
    let after = UtcDateTime::parse(after, &Rfc3339).unwrap();
    let due: Vec<_> = schedule.upcoming(after).take(expected.len()).collect();
    let local: Vec<String> = due
        .iter()
        .map(|due| {
            let text = zone.local(*due).format(&Rfc3339).unwrap().replace('Z', "+00:00");
            text.replace(":00+", "+").replace(":00-", "-").replace('T', " ")
        })
        .collect();
    assert_eq!(local, expected, "{text}");

    let last = *due.last().unwrap();
    assert_eq!(schedule.count_between(after, last), due.len() as u64, "{text}");
    assert!(due.windows(2).all(|pair| schedule.previous(pair[1]) == Some(pair[0])), "{text}");
}

/// On 2026-03-29 at 02:00 the clocks go to 03:00.
#[test]
fn rule_7_a_time_in_a_gap_runs_after_it_or_later_or_not_at_all() {
    let after = "2026-03-28T12:00:00Z";
    let next_day = "2026-03-30 02:30+02:00";
    check("daily 02:30 Europe/Berlin", after, &["2026-03-29 03:00+02:00", next_day]);
    check("daily 02:30 Europe/Berlin gap=shift", after, &["2026-03-29 03:30+02:00", next_day]);
    check("daily 02:30 Europe/Berlin gap=skip", after, &[next_day]);
}

/// On 2026-10-25 at 03:00 the clocks go to 02:00.
#[test]
fn rule_7_a_time_in_an_overlap_runs_first_or_last_or_twice() {
    let after = "2026-10-24T12:00:00Z";
    let (first, last) = ("2026-10-25 02:30+02:00", "2026-10-25 02:30+01:00");
    let next_day = "2026-10-26 02:30+01:00";
    check("daily 02:30 Europe/Berlin", after, &[first, next_day]);
    check("daily 02:30 Europe/Berlin overlap=last", after, &[last, next_day]);
    check("daily 02:30 Europe/Berlin overlap=both", after, &[first, last, next_day]);
}

#[test]
fn rule_7_a_time_in_a_gap_at_midnight_keeps_its_day() {
    let after = "2026-04-23T12:00:00Z";
    check("daily 00:00 fri Africa/Cairo", after, &["2026-04-24 01:00+03:00", "2026-05-01 00:00+03:00"]);
    check(
        "monthly 24 00:30 Africa/Cairo gap=shift",
        after,
        &["2026-04-24 01:30+03:00", "2026-05-24 00:30+03:00"],
    );
}

#[test]
fn rule_7_a_time_on_a_skipped_day_runs_when_that_day_would_have_ended() {
    let after = "2011-12-29T12:00:00-10:00";
    check("daily 14:00 fri Pacific/Apia", after, &["2011-12-31 00:00+14:00", "2012-01-06 14:00+14:00"]);
    check("daily 14:00 Pacific/Apia gap=skip", after, &["2011-12-29 14:00-10:00", "2011-12-31 14:00+14:00"]);
}

#[test]
fn rule_7_holds_for_clock_changes_of_thirty_minutes_and_of_two_hours() {
    let (after, zone) = ("2026-10-03T00:00:00Z", "Australia/Lord_Howe");
    check(&format!("daily 02:15 {zone}"), after, &["2026-10-04 02:30+11:00", "2026-10-05 02:15+11:00"]);
    check(
        &format!("daily 02:15 {zone} gap=shift"),
        after,
        &["2026-10-04 02:45+11:00", "2026-10-05 02:15+11:00"],
    );
    let both = ["2026-10-25 01:30+02:00", "2026-10-25 01:30+00:00"];
    check("daily 01:30 Antarctica/Troll overlap=both", "2026-10-24T12:00:00Z", &both);
}

#[test]
fn rule_8_instants_that_coincide_count_once() {
    let after = "2026-03-28T12:00:00Z";
    let due = ["2026-03-29 03:00+02:00", "2026-03-30 02:00+02:00", "2026-03-30 02:30+02:00"];
    check("daily 02:00,02:30,03:00 Europe/Berlin", after, &due);
    check(
        "daily 02:30,03:30 Europe/Berlin gap=shift",
        after,
        &["2026-03-29 03:30+02:00", "2026-03-30 02:30+02:00"],
    );
    check("any(daily 02:30 Europe/Berlin ; daily 01:00 UTC)", after, &["2026-03-29 03:00+02:00"]);
}

#[test]
fn rule_9_intervals_have_no_zone() {
    let schedule = parse("every 6h").unwrap();
    let start = UtcDateTime::from_unix_timestamp(1_774_700_000).unwrap();
    let due: Vec<_> = schedule.upcoming(start).take(100).collect();
    assert!(due.windows(2).all(|pair| pair[1] - pair[0] == time::Duration::hours(6)));
}

#[cfg(feature = "cron")]
mod cron {
    use super::check;

    #[test]
    fn rule_9_a_wildcard_follows_real_time() {
        let due = ["2026-03-29 01:30+01:00", "2026-03-29 03:00+02:00", "2026-03-29 03:30+02:00"];
        check("cron */30 * * * * Europe/Berlin", "2026-03-29T00:00:00Z", &due);
        check("cron 30 * * * * Europe/Berlin", "2026-03-29T00:00:00Z", &[due[0], due[2]]);
        let due = ["2026-10-25 02:30+02:00", "2026-10-25 02:00+01:00", "2026-10-25 02:30+01:00"];
        check("cron */30 2 * * * Europe/Berlin", "2026-10-25T00:00:00Z", &due);
        check("cron 30 */2 * * * Europe/Berlin", "2026-10-25T00:00:00Z", &[due[0], due[2]]);
    }

    #[test]
    fn rule_9_every_other_pattern_is_treated_like_a_time_of_day() {
        for hour in ["2", "2,4-23/2", "1-3/1"] {
            let text = format!("cron 30 {hour} * * * Europe/Berlin gap=shift overlap=last");
            check(&text, "2026-03-29T01:00:00Z", &["2026-03-29 03:30+02:00"]);
            check(&text, "2026-10-25T00:30:00Z", &["2026-10-25 02:30+01:00"]);
        }
        check(
            "cron 0,30 2 * * * Europe/Berlin",
            "2026-03-28T12:00:00Z",
            &["2026-03-29 03:00+02:00", "2026-03-30 02:00+02:00"],
        );
    }
}
