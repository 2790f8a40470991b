//! Which combinations answer in time.

use godata_core::Schedule;
use time::{Duration, UtcDateTime};

use super::just_before;
use crate::error::excerpt;
use crate::horizon::HORIZON;
use crate::{ScheduleError, effort};

/// What a question may take, in steps.
const MOST_STEPS: u32 = 8_000;

/// What it may take to find out that no question takes more.
const MOST_STEPS_TO_BUILD: u32 = 2_000_000;

/// How many days there are at most between the questions that find it out.
const MOST_DAYS: u32 = 256;

/// How many days the horizon has.
const ALL_DAYS: u32 = 84_006;

/// Refuses a combination that never fires, or of which some question would take too long.
///
/// What takes long is to pass over what is left out day by day, so it is asked now and then over the whole horizon: where
/// that goes on for long enough to matter, one of these questions falls into it. A combination that is inside of others
/// (`depth`) is asked but once, as the questions to those ask it too.
pub(crate) fn must_answer<S: Schedule>(schedule: S, depth: u8) -> Result<S, ScheduleError> {
    let mut after = just_before(HORIZON.start);
    let (mut questions, mut steps) = (0, 0);
    while after < HORIZON.end && (questions == 0 || depth == 0) {
        let answer = effort::within(MOST_STEPS, || schedule.next(after));
        let Some((due, taken)) = answer.filter(|_| steps < MOST_STEPS_TO_BUILD) else {
            return Err(refused(&schedule, after, questions == 0));
        };
        let Some(due) = due else { break };
        questions += 1;
        steps += taken;
        after = due.max(after + Duration::days(days_apart(steps / questions).into()));
    }
    if questions > 0 { Ok(schedule) } else { Err(ScheduleError::NeverFires { spec: schedule.spec() }) }
}

/// How far apart the questions are, if one usually takes so many steps.
///
/// If each day that is passed over takes as many, fewer days than `enough` do not matter. But all questions together may
/// not take more than half of what they may, as later ones may take more than earlier ones.
fn days_apart(usual: u32) -> u32 {
    let enough = MOST_STEPS / usual.max(1);
    let affordable = ALL_DAYS / (MOST_STEPS_TO_BUILD / 2 / usual.max(1));
    enough.min(MOST_DAYS).max(affordable)
}

/// Whether it is that it never fires, if that can be known in time, is worth one more question.
fn refused(schedule: &impl Schedule, after: UtcDateTime, is_first: bool) -> ScheduleError {
    let spec = schedule.spec();
    let found = is_first.then(|| effort::within(MOST_STEPS_TO_BUILD, || schedule.next(after)));
    match found.flatten() {
        Some((None, _)) => ScheduleError::NeverFires { spec },
        _ => ScheduleError::TooCostly { spec: excerpt(&spec) },
    }
}

#[cfg(all(test, feature = "cron"))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};
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

    /// Combinations that leave out much, of much that is to be looked at.
    fn combinations() -> impl Strategy<Value = String> {
        simple().prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(|all| format!("any({})", all.join("; "))),
                (inner.clone(), days(inner))
                    .prop_map(|(schedule, days)| format!("except({schedule}; {days})")),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_built_answers_in_time(text in combinations()) {
            let Ok(schedule) = parse(&text) else { return Ok(()) };
            // Days that no question fell into when it was built may take as much again.
            let most = 2 * MOST_STEPS;
            for year in 1970..2200 {
                let start = Date::from_ordinal_date(year, 1).unwrap().midnight().as_utc();
                let next = effort::within(most, || schedule.next(just_before(start)));
                prop_assert!(next.is_some(), "{} after {}", schedule, start);
                let previous = effort::within(most, || schedule.previous(start));
                prop_assert!(previous.is_some(), "{} before {}", schedule, start);
            }
        }

        #[test]
        fn to_build_or_to_refuse_takes_a_limited_time(text in combinations()) {
            // Each combination inside of it is asked once.
            let most = MOST_STEPS_TO_BUILD + 64 * MOST_STEPS;
            prop_assert!(effort::within(most, || parse(&text).is_ok()).is_some(), "{}", text);
        }
    }
}
