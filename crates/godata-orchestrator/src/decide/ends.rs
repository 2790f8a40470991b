//! Ends of jobs, and their retries.

use godata_core::{Cause, RunKey, RunRecord, RunStatus, StopReason};

use super::draft::{Draft, later};
use super::{End, Mode};
use crate::Recovery;

/// How often an interrupted attempt is queued again.
const MOST_INTERRUPTIONS: u32 = 3;

/// Records how jobs have ended, each with its retry if there is one.
pub(super) fn record(draft: &mut Draft<'_>) {
    for end in draft.facts.ends {
        let own = draft.active().find(|(_, run)| is_own(run, end, draft));
        match own.map(|(place, run)| (place, run.clone())) {
            Some((place, run)) => write(draft, place, &run, end),
            None => draft.superseded.push(end.run),
        }
    }
}

fn is_own(run: &RunRecord, end: &End, draft: &Draft<'_>) -> bool {
    run.id == end.run && run.status == RunStatus::Running && run.owner == Some(draft.facts.owner)
}

fn write(draft: &mut Draft<'_>, place: usize, before: &RunRecord, end: &End) {
    let now = draft.facts.now;
    let status = match end.status {
        RunStatus::Interrupted if before.cancel_requested_at.is_some() => RunStatus::Canceled,
        status => status,
    };
    if let Some(run) = draft.run_mut(place) {
        run.status = status;
        run.reason.clone_from(&end.reason);
        run.error.clone_from(&end.error);
        run.counts = end.counts;
        run.report = end.report.as_deref().map(str::to_owned);
        run.started_at = end.started_at;
        run.ended_at = Some(end.ended_at.unwrap_or(now));
    }
    match status {
        RunStatus::Succeeded if !is_backfill(before) => {
            draft.row_mut().last_success_rev = draft.next_rev();
        }
        RunStatus::Failed => retry(draft, before, end),
        // The job was not called, so it still runs at most once.
        RunStatus::Interrupted if end.started_at.is_none() && draft.facts.mode == Mode::Draining => {
            queue_again(draft, before, before.interruptions);
        }
        RunStatus::Interrupted => recover(draft, before),
        _ => {}
    }
}

/// Queues the next attempt of a failed run, if the policy allows one.
fn retry(draft: &mut Draft<'_>, before: &RunRecord, end: &End) {
    let Some(plan) = draft.facts.plan else { return };
    let Some(failure) = &end.error else { return };
    let was_stopped = end.stop_reason == Some(StopReason::Requested);
    if was_stopped || before.cancel_requested_at.is_some() || draft.row().removed_at.is_some() {
        return;
    }
    let share = draft.ids.share();
    let Some(delay) = plan.rules.retry.delay(before.attempt, failure, share) else { return };
    let mut retry = again(draft, before, RunKey::retry(before.id), Cause::Retry);
    retry.attempt = before.attempt.saturating_add(1);
    retry.not_before = Some(later(draft.facts.now, delay));
    draft.insert(retry);
}

/// Queues the same attempt of an interrupted run again, if recovery is on.
pub(super) fn recover(draft: &mut Draft<'_>, before: &RunRecord) {
    if draft.facts.recovery == Recovery::Rerun && before.interruptions < MOST_INTERRUPTIONS {
        queue_again(draft, before, before.interruptions + 1);
    }
}

/// Queues the same attempt again, if its pipeline is still registered.
fn queue_again(draft: &mut Draft<'_>, before: &RunRecord, interruptions: u32) {
    if draft.facts.plan.is_none() || draft.row().removed_at.is_some() {
        return;
    }
    let mut rerun = again(draft, before, RunKey::recover(before.id), Cause::Recovery);
    (rerun.attempt, rerun.interruptions) = (before.attempt, interruptions);
    draft.insert(rerun);
}

/// A new run of the same job.
fn again(draft: &mut Draft<'_>, before: &RunRecord, key: RunKey, cause: Cause) -> RunRecord {
    let mut run = draft.new_run(key, cause);
    run.job_id = before.job_id;
    run.retry_of = Some(before.id);
    run.params = before.params.clone();
    (run.due, run.spec_since) = (before.due, before.spec_since);
    run
}

/// Whether a run, or the run that it retries, belongs to a backfill: it has a due time, but not from a schedule.
pub(super) fn is_backfill(run: &RunRecord) -> bool {
    run.due.is_some() && run.spec_since.is_none()
}
