//! Whether a new run may be queued beside the queued and running ones.

use godata_core::{Cause, RunId, RunRecord, RunStatus};

use super::draft::Draft;
use crate::Overlap;

/// The decision about a new run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is queued, and starts when it can.
    Queue,
    /// It is refused, because this run is in the way.
    Refuse(RunId),
}

/// Decides about a new run, and makes room for it if the rule says so.
pub(super) fn admit(draft: &mut Draft<'_>, overlap: Overlap) -> Admission {
    let Some(other) = draft.active().map(|(_, run)| run).find(|run| is_in_the_way(run)) else {
        return Admission::Queue;
    };
    let other = other.id;
    let mut buffered = draft.with_status(RunStatus::Queued).filter(|run| is_buffered(run));
    let has_room = match overlap {
        Overlap::Skip => false,
        Overlap::BufferOne => buffered.next().is_none(),
        Overlap::BufferAll(bound) => buffered.count() < bound,
        Overlap::Allow => true,
        Overlap::CancelOther => {
            drop(buffered);
            cancel_others(draft);
            true
        }
    };
    if has_room { Admission::Queue } else { Admission::Refuse(other) }
}

/// How many more runs may be queued.
pub(super) fn room(draft: &Draft<'_>, overlap: Overlap) -> usize {
    let buffered = draft.with_status(RunStatus::Queued).filter(|run| is_buffered(run)).count();
    match overlap {
        Overlap::BufferAll(bound) => bound.saturating_sub(buffered),
        _ => usize::MAX,
    }
}

/// Queued backfills are never in the way.
fn is_in_the_way(run: &RunRecord) -> bool {
    run.status == RunStatus::Running || run.cause != Cause::Backfill
}

/// Retries don't count, because their first attempt was in the buffer before.
fn is_buffered(run: &RunRecord) -> bool {
    matches!(run.cause, Cause::Schedule | Cause::Manual | Cause::After)
}

fn cancel_others(draft: &mut Draft<'_>) {
    let others: Vec<_> = draft.active().filter(|(_, run)| is_in_the_way(run)).map(at_place).collect();
    for (place, status) in others {
        match status {
            RunStatus::Queued => draft.drop_queued(place, RunStatus::Skipped, "superseded by a newer one"),
            _ => draft.stop(place),
        }
    }
}

fn at_place((place, run): (usize, &RunRecord)) -> (usize, RunStatus) {
    (place, run.status)
}
