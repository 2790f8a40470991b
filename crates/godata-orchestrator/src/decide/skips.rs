//! Skipped due times: consecutive ones fold into one row.

use std::sync::Arc;
use std::time::Duration;

use godata_core::{Cause, Covers, RunKey, RunRecord, RunStatus};
use time::UtcDateTime;

use super::Mode;
use super::draft::{Draft, later};

/// A pipeline's skipped row is written at most this often.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// Consecutive skipped due times, to which more may be added because no run has followed yet. Its invariants:
///
/// 1. `stored` is the stored row that the pipeline's `open_skip` names. `None` if there is none, or if it was not read.
/// 2. `unsaved` follows the pipeline's cursor without a gap. It is final although it is only in memory: its due times are not
///    decided again while this exists.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fold {
    pub(crate) stored: Option<Arc<RunRecord>>,
    /// Boxed, because few pipelines have one.
    pub(crate) unsaved: Option<Box<Skipped>>,
    pub(crate) written_at: Option<UtcDateTime>,
}

/// Consecutive due times that were skipped for the same reason.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Skipped {
    pub(crate) first: UtcDateTime,
    pub(crate) last: UtcDateTime,
    pub(crate) count: u64,
    pub(crate) is_exact: bool,
    pub(crate) reason: &'static str,
}

impl Fold {
    /// The last decided due time.
    pub(crate) fn cursor(&self, stored: Option<UtcDateTime>) -> Option<UtcDateTime> {
        self.unsaved.as_ref().map_or(stored, |skipped| Some(skipped.last))
    }
}

/// Skips due times that follow the last decided ones.
pub(super) fn skip(draft: &mut Draft<'_>, more: Skipped) {
    match &mut draft.fold.unsaved {
        Some(unsaved) if unsaved.reason == more.reason => {
            unsaved.last = more.last;
            unsaved.count = unsaved.count.saturating_add(more.count);
            unsaved.is_exact &= more.is_exact;
        }
        Some(_) => {
            flush(draft);
            draft.fold.unsaved = Some(Box::new(more));
        }
        None => draft.fold.unsaved = Some(Box::new(more)),
    }
}

/// Writes the skipped due times and closes their row, because a run or an edit follows.
pub(super) fn close(draft: &mut Draft<'_>) {
    flush(draft);
    forget(draft);
}

/// Closes the row of skipped due times without those that are not written yet: they are undecided again.
pub(super) fn forget(draft: &mut Draft<'_>) {
    if draft.row().open_skip.is_some() {
        draft.row_mut().open_skip = None;
    }
    draft.fold = Fold { written_at: draft.fold.written_at, ..Fold::default() };
}

/// Writes the skipped due times, unless the row was written a moment ago and no shutdown is in progress.
pub(super) fn write(draft: &mut Draft<'_>) {
    if draft.fold.unsaved.is_none() {
        return;
    }
    let now = draft.facts.now;
    match draft.fold.written_at.map(|at| (at, later(at, WRITE_EVERY))) {
        // If the clock was set back, it is before the last write.
        Some((at, next)) if (at..next).contains(&now) && draft.facts.mode != Mode::Draining => {
            draft.wake_at(next);
        }
        _ => flush(draft),
    }
}

/// Writes the skipped due times if they have come by the clock, which may have been set back since.
pub(super) fn flush(draft: &mut Draft<'_>) {
    let facts = draft.facts;
    let Some(skipped) = draft.fold.unsaved.take_if(|skipped| skipped.last <= facts.due_until()) else {
        if let Some(last) = draft.fold.unsaved.as_ref().map(|skipped| skipped.last) {
            draft.wake_at(later(last, facts.behind));
        }
        return;
    };
    let now = facts.now;
    let open = draft.row().open_skip;
    let grows = |row: &&Arc<RunRecord>| {
        open == Some(row.id)
            && row.reason.as_deref() == Some(skipped.reason)
            && row.ended_at <= Some(now)
            && row.spec_since == Some(draft.row().spec_since)
    };
    let row = match draft.fold.stored.as_ref().filter(grows) {
        Some(row) => {
            let row = grown(row, &skipped, now);
            draft.update(row.clone());
            row
        }
        None => {
            let row = new_row(draft, &skipped);
            draft.insert(row.clone());
            row
        }
    };
    let pipeline = draft.row_mut();
    pipeline.open_skip = Some(row.id);
    pipeline.cursor = Some(skipped.last);
    draft.decided(skipped.last);
    draft.fold = Fold { stored: Some(Arc::new(row)), unsaved: None, written_at: Some(now) };
}

fn grown(row: &RunRecord, skipped: &Skipped, now: UtcDateTime) -> RunRecord {
    let mut row = row.clone();
    if let Some(covers) = &mut row.covers {
        covers.count = covers.count.saturating_add(skipped.count);
        covers.exact &= skipped.is_exact;
    }
    (row.due, row.ended_at) = (Some(skipped.last), Some(now));
    row
}

fn new_row(draft: &mut Draft<'_>, skipped: &Skipped) -> RunRecord {
    let since = draft.row().spec_since;
    let mut row = draft.new_run(RunKey::due(since, skipped.first), Cause::Schedule);
    row.status = RunStatus::Skipped;
    row.owner = None;
    row.reason = Some(skipped.reason.to_owned());
    (row.due, row.spec_since, row.ended_at) = (Some(skipped.last), Some(since), Some(row.created_at));
    let covers = if skipped.is_exact { Covers::exactly } else { Covers::at_least };
    row.covers = Some(covers(skipped.count, skipped.first));
    row
}
