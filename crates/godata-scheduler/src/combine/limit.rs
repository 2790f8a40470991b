//! Refuses combinations that take too long to answer.

use godata_core::{Schedule, excerpt};
use time::{Duration, UtcDateTime};

use super::{just_before, turns};
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
/// A search is slow where it has to skip many days one by one. Trial searches all over the horizon find such a run of days:
/// one of them starts inside any run that is long enough to matter, and one starts at each [turn](turns), because the days of
/// a short range can cost more than all others. A combination inside another one (`depth` above 0) gets a single trial
/// search, because those of the outer combination cover it too.
pub(crate) fn must_answer<S: Schedule>(schedule: S, depth: u8) -> Result<S, ScheduleError> {
    let turns = if depth == 0 { turns::of(&schedule) } else { None };
    let turns = turns.as_deref().unwrap_or_default();
    let mut after = just_before(HORIZON.start);
    let (mut searches, mut steps) = (0, 0);
    while after < HORIZON.end && (searches == 0 || depth == 0) {
        let answer = search_budget::within(MOST_STEPS, || schedule.next(after));
        let Some((due, taken)) = answer.filter(|_| steps < MOST_STEPS_TO_BUILD) else {
            return Err(refused(&schedule, after, searches == 0));
        };
        if due.is_none() && searches == 0 {
            return Err(ScheduleError::NeverFires { spec: schedule.spec() });
        }
        searches += 1;
        steps += taken;
        if let Some(due) = due {
            steps += steps_back(&schedule, due)?;
        }
        // A schedule that breaks rule 1 must not stop the walk.
        let reached = due.filter(|due| *due > after).unwrap_or(after + 2 * Duration::MILLISECOND);
        after = next_trial(after, reached, turns, steps / searches);
    }
    if depth == 0 {
        steps_back(&schedule, HORIZON.end)?;
    }
    Ok(schedule)
}

/// The steps of a search backward, which can cost more than the one forward over the same days.
fn steps_back(schedule: &impl Schedule, before: UtcDateTime) -> Result<u32, ScheduleError> {
    let answer = search_budget::within(MOST_STEPS, || schedule.previous(before));
    answer.map(|(_, taken)| taken).ok_or_else(|| refused(schedule, before, false))
}

/// Where the next trial search starts, after one from `after` that covered everything until `due`. `usual` is the average
/// steps of a search.
fn next_trial(after: UtcDateTime, due: UtcDateTime, turns: &[UtcDateTime], usual: u32) -> UtcDateTime {
    let days_later = |days: u32| after + Duration::days(days.into());
    let far = days_later(days_apart(usual));
    let Some(turn) = turns.get(turns.partition_point(|turn| *turn < due)) else { return due.max(far) };
    let all_turns = u32::try_from(turns.len()).unwrap_or(u32::MAX).saturating_mul(usual);
    let least = if all_turns < MOST_STEPS_TO_BUILD / 4 { after } else { days_later(affordable_days(usual)) };
    due.max(far.min(least.max(just_before(*turn))))
}

/// The days between two trial searches, where `usual` is the average steps of a search.
///
/// Even if each skipped day costs `usual` steps, a run shorter than `enough` days stays within the limit.
fn days_apart(usual: u32) -> u32 {
    let enough = MOST_STEPS / usual.max(1);
    enough.min(MOST_DAYS).max(affordable_days(usual))
}

/// The least affordable number of days between two trial searches. Together, the searches aim for half of what they may take,
/// because later ones can cost more.
fn affordable_days(usual: u32) -> u32 {
    ALL_DAYS / (MOST_STEPS_TO_BUILD / 2 / usual.max(1))
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
    use time::Date;

    use super::*;
    use crate::{AnySchedule, parse};

    const CASES: u32 = 64;

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

    /// Asks from instants all over the horizon, and beside each turn.
    fn answers_in_time(schedule: &AnySchedule) -> Result<(), TestCaseError> {
        // A run of days that no trial search started in can cost as much again.
        let most = 2 * MOST_STEPS;
        let years = (1970..2200).map(|year| Date::from_ordinal_date(year, 1).unwrap().midnight().as_utc());
        for start in years.chain(schedule.turns().iter().copied()) {
            let next = search_budget::within(most, || schedule.next(just_before(start)));
            prop_assert!(next.is_some(), "{} after {}", schedule, start);
            let previous = search_budget::within(most, || schedule.previous(start));
            prop_assert!(previous.is_some(), "{} before {}", schedule, start);
        }
        Ok(())
    }

    /// Trial searches that are far apart pass by these days.
    #[test]
    fn costly_days_of_a_short_range_are_found() {
        let crons: Vec<_> = (0..40).map(|hour| format!("cron {hour} 2 * * * Europe/Berlin")).collect();
        let crons = crons.join("; ");
        for days in [
            format!("on(between(any({crons}); 1982-01-01T00:00:00Z..1982-04-01T00:00:00Z))"),
            format!("on(except(any({crons}); 1970-01-01..1981-12-31 1982-04-01..2199-12-31))"),
            format!("on(any({}))", crons.replace("cron", "cron 0").replace(" Europe", " 1982 Europe")),
        ] {
            let text = format!("except(daily 00:00; {days})");
            let error = parse(&text).unwrap_err();
            assert!(matches!(error, ScheduleError::TooCostly { .. }), "{error}");
        }
    }

    /// The cron pattern fires in the seventies only: later the clocks skip its time. If each search for it walked through the
    /// centuries until 2199, the combination would be too costly.
    #[test]
    fn a_schedule_that_has_ended_costs_nothing() {
        let ended = "cron 30 2 * 3 0L Europe/Berlin gap=skip";
        let range = "1982-01-01T00:00:00Z..1982-06-01T00:00:00Z";
        let days =
            format!("on(between(any(daily 00:00 sun Europe/Berlin; {ended}; daily 00:00 thu); {range})) sat");
        answers_in_time(&parse(&format!("except(daily 00:00 thu; {days})")).unwrap()).unwrap();
        let ended = parse(ended).unwrap();
        let last = ended.previous(UtcDateTime::MAX).unwrap();
        assert_eq!(search_budget::within(100, || ended.next(last)), Some((None, 0)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(CASES))]

        #[test]
        fn every_combination_that_can_be_built_answers_in_time(text in combinations()) {
            let Ok(schedule) = parse(&text) else { return Ok(()) };
            answers_in_time(&schedule)?;
        }

        #[test]
        fn building_and_refusing_take_a_limited_time(text in combinations()) {
            // Each combination inside gets one trial search of its own.
            let most = MOST_STEPS_TO_BUILD + 64 * MOST_STEPS;
            prop_assert!(search_budget::within(most, || parse(&text).is_ok()).is_some(), "{}", text);
        }
    }
}
