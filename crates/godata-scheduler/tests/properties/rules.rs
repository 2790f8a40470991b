//! Rules 1 to 5.

use godata_scheduler::{HORIZON, Schedule, ScheduleError, parse};
use proptest::prelude::*;
use time::UtcDateTime;

use crate::schedules::{instants, texts};
use crate::{MILLISECOND, some_after};

/// The schedule of a text, or `None` if it never fires or takes too long (rule 6). Fails on any other error.
fn schedule(text: &str) -> Option<godata_scheduler::AnySchedule> {
    match parse(text) {
        Ok(schedule) => Some(schedule),
        Err(ScheduleError::NeverFires { .. } | ScheduleError::TooCostly { .. }) => None,
        Err(error) => panic!("{text}: {error}"),
    }
}

proptest! {
    #[test]
    fn rules_1_and_3_instants_ascend_are_whole_and_within_the_horizon(text in texts(), after in instants()) {
        let Some(schedule) = schedule(&text) else { return Ok(()) };
        let due = some_after(&schedule, after);
        prop_assert!(due.iter().all(|due| *due > after && HORIZON.contains(due)));
        prop_assert!(due.is_sorted_by(|a, b| a < b));
        let milliseconds = text.contains("ms");
        prop_assert!(due.iter().all(|due| due.nanosecond() == 0 || milliseconds && due.microsecond() % 1_000 == 0));
    }

    #[test]
    fn rule_2_next_stays_the_same_until_it_is_due(text in texts(), after in instants(), part in 0.0..1.0) {
        let Some(schedule) = schedule(&text) else { return Ok(()) };
        let Some(due) = schedule.next(after) else {
            prop_assert_eq!(schedule.next(after + (UtcDateTime::MAX - after) * part), None);
            return Ok(());
        };
        for later in [after + (due - after) * part, due - MILLISECOND] {
            prop_assert_eq!(schedule.next(later.max(after)), Some(due));
        }
    }

    #[test]
    fn rule_4_previous_and_count_between_agree_with_next(text in texts(), after in instants()) {
        let Some(schedule) = schedule(&text) else { return Ok(()) };
        let due = some_after(&schedule, after);
        for (index, pair) in due.windows(2).enumerate() {
            prop_assert_eq!(schedule.previous(pair[1]), Some(pair[0]));
            prop_assert_eq!(schedule.previous(pair[0] + MILLISECOND), Some(pair[0]));
            prop_assert_eq!(schedule.count_between(after, pair[1]), index as u64 + 2);
            prop_assert_eq!(schedule.count_between(pair[0], pair[1] - MILLISECOND), 0);
        }
        if let Some(before) = schedule.previous(after) {
            prop_assert!(before < after);
            prop_assert_eq!(schedule.next(before).filter(|due| *due < after), None);
        }
    }

    #[test]
    fn rule_5_every_instant_is_a_valid_argument(text in texts()) {
        let Some(schedule) = schedule(&text) else { return Ok(()) };
        prop_assert!(schedule.next(UtcDateTime::MIN).is_some());
        prop_assert_eq!(schedule.next(UtcDateTime::MIN), schedule.next(HORIZON.start - MILLISECOND));
        prop_assert_eq!(schedule.next(UtcDateTime::MAX), None);
        prop_assert_eq!(schedule.previous(UtcDateTime::MIN), None);
        prop_assert_eq!(schedule.previous(UtcDateTime::MAX), schedule.previous(HORIZON.end));
        prop_assert_eq!(schedule.count_between(UtcDateTime::MAX, UtcDateTime::MIN), 0);
        prop_assert!(!schedule.describe().is_empty());
    }
}
