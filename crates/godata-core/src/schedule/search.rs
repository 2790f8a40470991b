//! The defaults of a schedule's methods, which only use `next`.

use std::iter;

use time::{Duration, UtcDateTime};

/// The last instant strictly before `before`.
///
/// Whether anything is due between an instant and `before` is true up to some instant and false from there on, so
/// the last due instant is found by bisection. The search also ends if a schedule breaks the rules and goes back.
pub(super) fn previous(
    next: impl Fn(UtcDateTime) -> Option<UtcDateTime>,
    before: UtcDateTime,
) -> Option<UtcDateTime> {
    let next = |after| next(after).filter(|due| *due > after && *due < before);
    // Nothing is due after `late`, and `found` is due before it.
    let mut late = before;
    let mut step = Duration::SECOND;
    let mut found = loop {
        let early = before.saturating_sub(step);
        if let Some(due) = next(early) {
            break due;
        }
        if early == UtcDateTime::MIN {
            return None;
        }
        late = early;
        step = step.saturating_add(step);
    };
    while let Some(due) = next(found) {
        found = due;
        let middle = found + (late - found) / 2;
        match next(middle) {
            Some(due) => found = due,
            None => late = middle,
        }
    }
    Some(found)
}

/// The number of instants from `after`, exclusive, to `until`, inclusive.
pub(super) fn count_between(
    next: impl Fn(UtcDateTime) -> Option<UtcDateTime>,
    after: UtcDateTime,
    until: UtcDateTime,
) -> u64 {
    let due = |after| next(after).filter(|due| *due > after && *due <= until);
    iter::successors(due(after), |last| due(*last)).fold(0, |count, _| count + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> UtcDateTime {
        UtcDateTime::UNIX_EPOCH + Duration::milliseconds(millis)
    }

    /// The next of these instants.
    fn among(millis: &[i64]) -> impl Fn(UtcDateTime) -> Option<UtcDateTime> {
        move |after| millis.iter().map(|m| at(*m)).find(|due| *due > after)
    }

    #[test]
    fn the_last_due_time_before_an_instant_is_found_at_any_distance() {
        let day = 86_400_000;
        let due = [-3_000_000 * day, -400 * day, -1, 0, 1, 2, 1_000, day, 365 * day, 1_000_000 * day];
        for (index, millis) in due.iter().enumerate() {
            let earlier = index.checked_sub(1).map(|i| at(due[i]));
            assert_eq!(previous(among(&due), at(*millis)), earlier);
            assert_eq!(previous(among(&due), at(millis + 1)), Some(at(*millis)));
        }
        assert_eq!(previous(among(&due), UtcDateTime::MAX), Some(at(1_000_000 * day)));
        assert_eq!(previous(among(&due), UtcDateTime::MIN), None);
    }

    #[test]
    fn the_last_of_many_due_times_is_found_with_few_calls() {
        let calls = std::cell::Cell::new(0);
        let each_second = |after: UtcDateTime| {
            calls.set(calls.get() + 1);
            after.truncate_to_second().checked_add(Duration::SECOND)
        };
        assert_eq!(previous(each_second, at(10_500)), Some(at(10_000)));
        let once = |after: UtcDateTime| {
            calls.set(calls.get() + 1);
            (after < at(0)).then_some(at(0))
        };
        assert_eq!(previous(once, UtcDateTime::MAX), Some(at(0)));
        assert!(calls.get() < 100, "{} calls", calls.get());
    }

    #[test]
    fn a_range_excludes_its_start_and_includes_its_end() {
        let due = [0, 1, 5, 9];
        for (after, until, count) in [(0, 9, 3), (-1, 9, 4), (0, 8, 2), (9, 9, 0), (9, 0, 0)] {
            assert_eq!(count_between(among(&due), at(after), at(until)), count);
        }
    }

    #[test]
    fn a_search_ends_for_a_schedule_that_breaks_rule_1() {
        let still = |after: UtcDateTime| Some(after);
        let back = |after: UtcDateTime| after.checked_sub(Duration::SECOND);
        for next in [still as fn(_) -> _, back] {
            assert_eq!(previous(next, at(0)), None);
            assert_eq!(count_between(next, at(0), at(10)), 0);
        }
    }
}
