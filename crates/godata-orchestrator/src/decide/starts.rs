//! Starts of queued runs.

use godata_core::{Cause, OwnerId, RunId, RunRecord, RunStatus};
use time::UtcDateTime;

use super::draft::Draft;
use super::ends::is_backfill;
use super::{AHEAD, Mode, Request, standby};
use crate::Overlap;

/// A queued run of this instance or of nobody, in the order of the queue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    is_backfill: bool,
    created_at: UtcDateTime,
    id: RunId,
    place: usize,
}

/// Starts queued runs in order, as far as slots and the overlap rule allow. Unless runs may overlap, one runs at a time, and
/// retries go first. Backfills come last, one at a time.
pub(super) fn start(draft: &mut Draft<'_>) {
    let facts = draft.facts;
    let Some(plan) = facts.plan else { return };
    // If the registration fails, its plan is removed, and the runs could not start.
    if facts.mode == Mode::Draining || matches!(facts.request, Some(Request::Register(_))) {
        return;
    }
    let mut line: Vec<_> =
        draft.active().filter_map(|(place, run)| waiting(place, run, facts.owner)).collect();
    line.sort_unstable();
    let may_overlap = plan.rules.overlap == Overlap::Allow;
    for waiting in line {
        let Some((_, run)) = draft.active().find(|(place, _)| *place == waiting.place) else { continue };
        if draft.row().paused_at.is_some() && run.cause != Cause::Manual {
            continue;
        }
        let clock_was_wrong = run.created_at > facts.now.saturating_add(AHEAD);
        let start = run.not_before.filter(|_| !clock_was_wrong).map(|at| standby::start_at(draft, at));
        if let Some(at) = start.filter(|at| *at > facts.now) {
            draft.wake_at(at);
            continue;
        }
        let others = draft.active().map(|(_, run)| run).filter(|other| other.id != run.id);
        let is_in_the_way = |other: &&RunRecord| match may_overlap {
            true => waiting.is_backfill && is_backfill(other) && other.status == RunStatus::Running,
            false => goes_first(other, run, draft),
        };
        let in_the_way = others.into_iter().find(is_in_the_way).map(|other| (other.owner, other.status));
        if let Some((owner, status)) = in_the_way {
            if facts.is_of_others(owner) {
                draft.wait_for_others();
            }
            // It is also in the way of all runs behind this one. There may be many, so they are not tried.
            if status == RunStatus::Running || waiting.is_backfill {
                break;
            }
            continue;
        }
        if draft.starts.len() == facts.slots {
            draft.waits_for_slot = true;
            break;
        }
        if !standby::may_start(draft) {
            break;
        }
        start_one(draft, waiting);
    }
}

fn waiting(place: usize, run: &RunRecord, owner: OwnerId) -> Option<Waiting> {
    let is_ours = run.status == RunStatus::Queued && run.owner.is_none_or(|other| other == owner);
    let is_backfill = run.cause == Cause::Backfill;
    is_ours.then_some(Waiting { is_backfill, created_at: run.created_at, id: run.id, place })
}

/// Whether `other` has to end before `run` of the same pipeline starts.
fn goes_first(other: &RunRecord, run: &RunRecord, draft: &Draft<'_>) -> bool {
    let is_retry = |run: &RunRecord| matches!(run.cause, Cause::Retry | Cause::Recovery);
    match other.status {
        RunStatus::Running => true,
        // While the pipeline is paused, a queued retry does not start, so a run by hand does not wait for it.
        _ => is_retry(other) && !is_retry(run) && draft.row().paused_at.is_none(),
    }
}

fn start_one(draft: &mut Draft<'_>, waiting: Waiting) {
    let (now, rev, owner) = (draft.facts.now, draft.next_rev(), draft.facts.owner);
    if let Some(run) = draft.run_mut(waiting.place) {
        run.status = RunStatus::Running;
        run.owner = Some(owner);
        run.fence = rev;
        run.started_at = Some(now);
    }
    draft.starts.push(waiting.id);
}
