//! Runs of dead owners.

use godata_core::{RunRecord, RunStatus};

use super::draft::Draft;
use super::ends;
use super::requests::NEVER_STARTED;

/// The reason of a run whose job still runs at the end of a shutdown.
pub(crate) const STUCK: &str = "its job had not ended when the shutdown did";

/// The reason of a run whose process died while the job ran. It is not known when the job ended: the row's `ended_at` is when
/// the death was found out.
pub(crate) const GONE: &str = "its instance died or lost its lease";

/// Interrupts running orphans, and releases queued ones, so that any instance may start them. Orphans that were asked to stop are
/// canceled.
///
/// If the pipeline is not registered here, queued runs are left to an instance that has registered it.
pub(super) fn take_over(draft: &mut Draft<'_>) {
    let facts = draft.facts;
    let is_orphan = |run: &RunRecord| facts.orphans.iter().any(|orphan| orphan.is(run));
    let orphans: Vec<_> =
        draft.active().filter(|(_, run)| is_orphan(run)).map(|(place, run)| (place, run.clone())).collect();
    for (place, run) in orphans {
        let was_stopped = run.cancel_requested_at.is_some();
        match run.status {
            RunStatus::Queued if was_stopped => draft.drop_queued(place, RunStatus::Canceled, NEVER_STARTED),
            RunStatus::Queued if facts.plan.is_some() => release(draft, place),
            RunStatus::Running => interrupt(draft, place, &run, was_stopped),
            _ => {}
        }
    }
}

fn release(draft: &mut Draft<'_>, place: usize) {
    if let Some(run) = draft.run_mut(place) {
        run.owner = None;
    }
}

fn interrupt(draft: &mut Draft<'_>, place: usize, before: &RunRecord, was_stopped: bool) {
    let now = draft.facts.now;
    if let Some(run) = draft.run_mut(place) {
        run.status = if was_stopped { RunStatus::Canceled } else { RunStatus::Interrupted };
        run.reason = Some(GONE.to_owned());
        run.ended_at = Some(now);
    }
    if !was_stopped {
        ends::recover(draft, before);
    }
}
