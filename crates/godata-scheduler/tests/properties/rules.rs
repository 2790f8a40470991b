//! The rules that say when.

use godata_core::Schedule;
use godata_scheduler::{HORIZON, ScheduleError, parse};
use proptest::prelude::*;
use time::UtcDateTime;

use crate::schedules::{instants, texts};
use crate::{MILLISECOND, some_after};

/// Most texts make a schedule; the others are refused because they never fire or take too long (rule 6), and for
/// nothing else.
fn schedule(text: &str) -> Option<godata_scheduler::AnySchedule> {
    match parse(text) {
        Ok(schedule) => Some(schedule),
        Err(ScheduleError::NeverFires { .. } | ScheduleError::TooCostly { .. }) => None,
        Err(error) => panic!("{text}: {error}"),
    }
}

proptest! {
    #[test]
    fn rules_1_and_3_instants_are_later_whole_and_within_the_horizon(text in texts(), after in instants()) {
        let Some(schedule) = schedule(&text) else { return Ok(()) };
        let due = some_after(&schedule, after);
        prop_assert!(due.iter().all(|due| *due > after && HORIZON.contains(due)));
        prop_assert!(due.is_sorted_by(|a, b| a < b));
        let milliseconds = text.contains("ms");
        prop_assert!(due.iter().all(|due| due.nanosecond() == 0 || milliseconds && due.microsecond() % 1_000 == 0));
    }

    #[test]
    fn rule_2_the_answer_stays_the_same_until_it_is_due(text in texts(), after in instants(), part in 0.0..1.0) {
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
    fn rule_4_what_was_before_and_how_many_there_are_agree_with_what_is_next(text in texts(), after in instants()) {
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
    fn rule_5_every_instant_there_is_can_be_asked_for(text in texts()) {
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
