//! Which changes of a run are allowed, and by whom.

use godata::{Cause, FailureKind, RunRecord, RunStatus};

use super::{Books, Change, Decision, Job, Verdict, kind_of};

pub(super) fn change_legally(decision: &Decision<'_>, _books: &Books) -> Verdict {
    let expected = decision.before.as_ref().map_or(1, |before| before.rev + 1);
    if decision.after.rev != expected {
        return Err(format!("rev {} follows on rev {}", decision.after.rev, expected - 1));
    }
    for change in &decision.changes {
        let (run, to) = (change.after, change.after.status);
        let is_legal = match &change.before {
            None => matches!(to, RunStatus::Queued | RunStatus::Running | RunStatus::Skipped),
            Some(row) if row.status == RunStatus::Skipped => {
                to == RunStatus::Skipped && is_open_skip(decision, row)
            }
            Some(row) => is_same(row, run) && is_a_way(row.status, to),
        };
        if !is_legal {
            let from = change.before.as_ref().map(|row| row.status);
            return Err(format!("run {} goes from {from:?} to {to}", run.id));
        }
    }
    Ok(())
}

fn is_a_way(from: RunStatus, to: RunStatus) -> bool {
    use RunStatus::{Canceled, Failed, Interrupted, Queued, Running, Skipped, Succeeded};
    match from {
        Queued => matches!(to, Queued | Running | Canceled | Skipped),
        Running => matches!(to, Running | Succeeded | Failed | Canceled | Interrupted),
        _ => false,
    }
}

fn is_open_skip(decision: &Decision<'_>, row: &RunRecord) -> bool {
    decision.before.as_ref().is_some_and(|before| before.open_skip == Some(row.id))
}

fn is_same(row: &RunRecord, run: &RunRecord) -> bool {
    row.key == run.key && row.job_id == run.job_id && row.due == run.due && row.created_at == run.created_at
}

/// Only the owner starts and finishes a run, and anybody starts one without an owner; `interrupted` needs a dead owner, or one that
/// shuts down or could not keep its lease.
pub(super) fn change_by_whom_they_may(decision: &Decision<'_>, books: &Books) -> Verdict {
    for change in &decision.changes {
        let run = change.after;
        let owner = change.before.as_ref().map_or(Some(decision.owner), |row| row.owner);
        let is_own = owner == Some(decision.owner);
        let is_orphan = owner.is_some_and(|owner| books.dead.contains(&owner));
        let is_free = owner.is_none();
        let may = match run.status {
            _ if run.status == change.before.as_ref().map_or(RunStatus::Skipped, |row| row.status) => true,
            RunStatus::Running => {
                (is_own || is_orphan || is_free)
                    && run.owner == Some(decision.owner)
                    && run.fence == decision.after.rev
            }
            RunStatus::Interrupted => {
                let may_stop = books.plan.stops_when_lost || books.leaving.contains(&decision.by);
                is_orphan || is_own && may_stop
            }
            RunStatus::Canceled if was_running(change) => {
                // The store's answer did not arrive in time, and the pipeline was unregistered meanwhile.
                let name = &decision.after.name;
                let has_not_begun = books.runs.get(&run.id).is_some_and(|run| run.job == Job::NotStarted);
                let is_given_up = has_not_begun && !books.registered.contains(&(decision.by, name.clone()));
                books.was_asked_to_stop(run) && (is_own || is_orphan) || is_given_up && is_own
            }
            RunStatus::Succeeded | RunStatus::Failed => is_own,
            _ => true,
        };
        if !may {
            return Err(format!("{} makes run {} of owner {owner:?} {}", decision.by, run.id, run.status));
        }
    }
    Ok(())
}

fn was_running(change: &Change<'_>) -> bool {
    change.before.as_ref().is_some_and(|row| row.status == RunStatus::Running)
}

pub(super) fn end_as_their_jobs_did(decision: &Decision<'_>, books: &Books) -> Verdict {
    for change in decision.changes.iter().filter(|change| was_running(change)) {
        let run = change.after;
        let Some(job) = books.runs.get(&run.id).map(|known| known.job) else { continue };
        let kind = run.error.as_ref().map(|error| error.kind);
        let fits = match (run.status, job) {
            (RunStatus::Succeeded, job) => job == Job::Ended(super::End::Succeeded),
            // It was too late, or the runner did not take it.
            (RunStatus::Failed, Job::Ended(_)) if kind == Some(FailureKind::TimedOut) => true,
            (RunStatus::Failed, Job::Ended(end)) => kind_of(end) == kind,
            (RunStatus::Failed, Job::NotStarted) => false,
            (RunStatus::Failed, Job::Runs(by)) => by != decision.by,
            // Its owner was declared dead, which may be an earlier one of the same process; or it did not stop and was given up
            // in a shutdown.
            (RunStatus::Canceled, Job::Runs(by)) => {
                run.owner != Some(decision.owner) || by != decision.by || books.leaving.contains(&by)
            }
            _ => true,
        };
        if !fits {
            return Err(format!("run {} is {} ({kind:?}), and its job: {job:?}", run.id, run.status));
        }
    }
    Ok(())
}

/// A paused pipeline decides nothing new, except that earlier skips may be written now, and its queued runs wait. A removed
/// pipeline has no waiting runs.
pub(super) fn of_what_is_paused_or_removed_wait(decision: &Decision<'_>, books: &Books) -> Verdict {
    let Some(before) = &decision.before else { return Ok(()) };
    let after = &decision.after;
    let stays_paused = before.paused_at.is_some() && after.paused_at.is_some();
    let stays_removed = before.removed_at.is_some() && after.removed_at.is_some();
    let is_new = |change: &&Change<'_>| {
        let run = change.after;
        let by_itself = matches!(run.cause, Cause::Schedule | Cause::After);
        change.before.is_none() && by_itself && run.status != RunStatus::Skipped
    };
    if (stays_paused || stays_removed)
        && let Some(new) = decision.changes.iter().find(is_new)
    {
        return Err(format!("run {} is decided though it is paused or removed", new.after.id));
    }
    let starts =
        |change: &&Change<'_>| change.becomes(RunStatus::Running) && change.after.cause != Cause::Manual;
    if stays_paused && let Some(started) = decision.changes.iter().find(starts) {
        return Err(format!("run {} starts though it is paused", started.after.id));
    }
    if after.removed_at.is_some() && before.removed_at.is_none() {
        let active = books.pipelines.get(&after.name).into_iter().flat_map(|book| &book.active);
        let is_queued =
            |id: &&godata::RunId| books.runs.get(*id).is_some_and(|run| run.row.status == RunStatus::Queued);
        if let Some(id) = active.into_iter().find(is_queued) {
            return Err(format!("run {id} waits though the pipeline was removed"));
        }
    }
    Ok(())
}
