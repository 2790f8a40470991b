//! Due times that have passed undecided when the schedule ends or starts anew.

use super::draft::Draft;
use super::skips::{self, Skipped};

/// Records them in a skipped row, to which no more are added.
pub(super) fn record(draft: &mut Draft<'_>, reason: &'static str) {
    if let Some(passed) = passed(draft, reason) {
        skips::skip(draft, passed);
    }
    skips::close(draft);
}

/// The due times from the last decided one up to now.
pub(super) fn passed(draft: &Draft<'_>, reason: &'static str) -> Option<Skipped> {
    let (facts, row) = (draft.facts, draft.row());
    if !row.enabled || row.removed_at.is_some() {
        return None;
    }
    let (cursor, until) = (draft.cursor(), facts.due_until());
    let Some(due_times) = facts.plan.and_then(|plan| plan.schedule_of(row)) else {
        // The schedule is no longer known. The stored row says when it was first due, but not how often.
        let first = row.next_due.filter(|first| *first > cursor && *first <= until)?;
        return Some(Skipped { first, last: first, count: 1, is_exact: false, reason });
    };
    let first = due_times.next(cursor).ok()?.filter(|first| *first <= until)?;
    let last = due_times.last_until(until, first).ok()?;
    let (count, is_exact) = due_times.count(first, last).ok()?;
    Some(Skipped { first, last, count, is_exact, reason })
}
