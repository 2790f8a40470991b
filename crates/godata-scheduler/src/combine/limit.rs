//! Refuses combinations that take too long to answer.

use godata_core::{Schedule, excerpt};
use time::{Duration, UtcDateTime};

use super::just_before;
use crate::horizon::HORIZON;
use crate::{ScheduleError, search_budget};

/// The most steps that one search may take.
const MOST_STEPS: u32 = 8_000;

/// The most steps that all trial searches together may take.
const MOST_STEPS_TO_BUILD: u32 = 2_000_000;

/// The most days between two trial searches.
const MOST_DAYS: u32 = 256;

/// The number of days in the horizon.
const ALL_DAYS: u32 = 84_006;

/// Refuses a combination that never fires, or that would take too long to answer from some instant.
///
/// A search is slow where it has to skip many days one by one. Trial searches all over the horizon find such a run of
/// days, because one of them starts inside any run that is long enough to matter. A combination inside another one
/// (`depth` above 0) gets a single trial search, because those of the outer combination cover it too.
pub(crate) fn must_answer<S: Schedule>(schedule: S, depth: u8) -> Result<S, ScheduleError> {
    let mut after = just_before(HORIZON.start);
    let (mut searches, mut steps) = (0, 0);
    while after < HORIZON.end && (searches == 0 || depth == 0) {
        let answer = search_budget::within(MOST_STEPS, || schedule.next(after));
        let Some((due, taken)) = answer.filter(|_| steps < MOST_STEPS_TO_BUILD) else {
            return Err(refused(&schedule, after, searches == 0));
        };
        let Some(due) = due else { break };
        searches += 1;
        steps += taken;
        after = due.max(after + Duration::days(days_apart(steps / searches).into()));
    }
    if searches > 0 { Ok(schedule) } else { Err(ScheduleError::NeverFires { spec: schedule.spec() }) }
}

/// The days between two trial searches, where `usual` is the average steps of a search.
///
/// Even if each skipped day costs as many steps, a run shorter than `enough` days stays within the limit. The searches
/// must also be affordable: together they aim for half of what they may take, because later ones can cost more.
fn days_apart(usual: u32) -> u32 {
    let enough = MOST_STEPS / usual.max(1);
    let affordable = ALL_DAYS / (MOST_STEPS_TO_BUILD / 2 / usual.max(1));
    enough.min(MOST_DAYS).max(affordable)
}

/// The error for a refused combination. One more search, with a larger limit, tells whether it never fires at all.
fn refused(schedule: &impl Schedule, after: UtcDateTime, is_first: bool) -> ScheduleError {
    let spec = schedule.spec();
    let found = is_first.then(|| search_budget::within(MOST_STEPS_TO_BUILD, || schedule.next(after)));
    match found.flatten() {
        Some((None, _)) => ScheduleError::NeverFires { spec },
        _ => ScheduleError::TooCostly { spec: excerpt(&spec) },
    }
}

#[cfg(all(test, feature = "cron"))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};
    use proptest::test_runner::RngSeed;
    use time::Date;

    use super::*;
    use crate::parse;

    const ZONES: [&str; 6] =
        ["", "Europe/Berlin", "Africa/Casablanca", "Pacific/Apia", "Antarctica/Troll", "America/New_York"];

    fn weekdays() -> impl Strategy<Value = String> {
        let all = vec!["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        subsequence(all, 1..8).prop_map(|weekdays| weekdays.join(","))
    }

    fn simple() -> impl Strategy<Value = String> {
        const OTHERS: [&str; 9] = [
            "every 1ms",
            "every 70h",
            "every 400d",
            "monthly last 00:30",
            "once 2199-12-31T00:00:00Z",
            "cron 0 12 29 2 * Europe/Berlin",
            "cron 0 0 29 2 +MON",
            "cron 30 2 * 3 0L Europe/Berlin gap=skip",
            "cron */5 * * * * Europe/Berlin",
        ];
        prop_oneof![
            2 => (0..24_u8, weekdays(), select(&ZONES[..]))
                .prop_map(|(hour, weekdays, zone)| format!("daily {hour:02}:00 {weekdays} {zone}")),
            1 => select(&OTHERS[..]).prop_map(str::to_owned),
        ]
    }

    fn days(on: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
        let years = (1970..2150, select(&[0, 1, 3, 8][..]));
        let item = (weekdays(), on, years, 0..6).prop_map(|(weekdays, on, (year, years), kind)| match kind {
            0 => weekdays,
            1 => format!("{year}-01-01..{}-06-01", year + years),
            2 => format!("on(between({on}; {year}-01-01T00:00:00Z..))"),
            3 => format!("on(between({on}; {year}-01-01T00:00:00Z..{}-06-01T00:00:00Z))", year + years),
            _ => format!("on({on})"),
        });
        (prop::collection::vec(item, 1..4), select(&ZONES[..]))
            .prop_map(|(items, zone)| format!("{} {zone}", items.join(" ")))
    }

    /// Combinations that leave out many days and are costly to search.
    fn combinations() -> impl Strategy<Value = String> {
        simple().prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(|all| format!("any({})", all.join("; "))),
                (inner.clone(), days(inner))
                    .prop_map(|(schedule, days)| format!("except({schedule}; {days})")),
            ]
        })
    }

    /// The same combinations in each run. The limit samples the horizon, so it misses a few combinations whose costly days
    /// all lie between two trial searches, such as `except(daily 00:00 thu; on(between(any(…); 1982-01-01T00:00:00Z..
    /// 1982-06-01T00:00:00Z)) sat)`. Random ones would fail now and then.
    fn same_each_time() -> ProptestConfig {
        ProptestConfig { cases: 64, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() }
    }

    proptest! {
        #![proptest_config(same_each_time())]

        #[test]
        fn every_combination_that_can_be_built_answers_in_time(text in combinations()) {
            let Ok(schedule) = parse(&text) else { return Ok(()) };
            // A run of days that no trial search started in can cost as much again.
            let most = 2 * MOST_STEPS;
            for year in 1970..2200 {
                let start = Date::from_ordinal_date(year, 1).unwrap().midnight().as_utc();
                let next = search_budget::within(most, || schedule.next(just_before(start)));
                prop_assert!(next.is_some(), "{} after {}", schedule, start);
                let previous = search_budget::within(most, || schedule.previous(start));
                prop_assert!(previous.is_some(), "{} before {}", schedule, start);
            }
        }

        #[test]
        fn building_and_refusing_take_a_limited_time(text in combinations()) {
            // Each combination inside gets one trial search of its own.
            let most = MOST_STEPS_TO_BUILD + 64 * MOST_STEPS;
            prop_assert!(search_budget::within(most, || parse(&text).is_ok()).is_some(), "{}", text);
        }
    }
}
