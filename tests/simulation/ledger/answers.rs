//! Callers, jobs, and pipelines that run after others learn exactly what is stored.

use godata::{Cause, PipelineName, PipelineRecord, RunContext, RunRecord, RunResult, RunStatus};

use super::{Books, Decision, Incarnation, Job, Verdict, retries};

/// A job starts only once its row is durable, as the row says, and only once. Returns whether another instance has given up
/// the run meanwhile, which an instance that was stopped that long can't know in time.
pub(super) fn job_is_recorded(books: &Books, by: Incarnation, cx: &RunContext) -> Result<bool, String> {
    let Some(run) = books.runs.get(&cx.run_id()) else {
        return Err("its job starts, and it is not stored".to_owned());
    };
    let row = &run.row;
    if run.job != Job::NotStarted {
        return Err(format!("its job starts a second time; {:?}", run.job));
    }
    if row.owner.and_then(|owner| books.owners.get(&owner)) != Some(&by) {
        return Err(format!("its job is started by {by}, and its owner is {:?}", row.owner));
    }
    let is_told = (cx.job_id(), cx.attempt(), cx.cause(), cx.params())
        == (row.job_id, row.attempt, row.cause, &row.params);
    if !is_told || cx.due() != row.due {
        return Err(format!("its job is told {cx:?}, and the row says {row:?}"));
    }
    let is_given_up = row.owner.is_some_and(|owner| books.dead.contains(&owner))
        && matches!(row.status, RunStatus::Interrupted | RunStatus::Canceled);
    match row.status {
        RunStatus::Running => Ok(false),
        _ if is_given_up => Ok(true),
        status => Err(format!("its job starts while it is {status}")),
    }
}

/// A caller that was told that a run is done finds it done in the store.
pub(super) fn done_is_stored(books: &Books, result: &RunResult) -> Verdict {
    match books.runs.get(&result.id).map(|run| run.row.status) {
        Some(status) if status == result.status => Ok(()),
        // Superseded by a newer run while it was queued.
        Some(RunStatus::Skipped) if result.status == RunStatus::Canceled => Ok(()),
        // Interrupted while it was also asked to stop.
        Some(RunStatus::Canceled) if result.status == RunStatus::Interrupted => Ok(()),
        status => Err(format!("it is done and {}, and it is stored as {status:?}", result.status)),
    }
}

/// Pipelines that run after others see each of their successes; backfills don't count.
pub(super) fn to_successes_are_counted(decision: &Decision<'_>, books: &Books) -> Verdict {
    let after = &decision.after;
    let mut successes = decision.changes.iter().filter(|change| change.becomes(RunStatus::Succeeded));
    let succeeds = successes.any(|change| retries::origin(change.after, books) != Cause::Backfill);
    let before = decision.before.as_ref().map_or(0, |before| before.last_success_rev);
    let expected = if succeeds { after.rev } else { before };
    if after.last_success_rev != expected {
        return Err(format!(
            "its last success is said to be rev {}, and it is {expected}",
            after.last_success_rev
        ));
    }
    for run in decision.changes.iter().filter(|change| change.before.is_none()).map(|change| change.after) {
        if run.cause != Cause::After {
            continue;
        }
        let upstream = &books.terms(&after.name)?.after;
        if upstream.is_empty() {
            return Err("it runs after no other".to_owned());
        }
        upstream.iter().try_for_each(|upstream| answers_a_success(decision, run, upstream, books))?;
    }
    Ok(())
}

/// A run after others answers a success of each that no run has answered before.
fn answers_a_success(
    decision: &Decision<'_>,
    run: &RunRecord,
    upstream: &PipelineName,
    books: &Books,
) -> Verdict {
    let seen = |row: &PipelineRecord| row.after_seen.get(upstream).copied().unwrap_or_default();
    let before = decision.before.as_ref().map(seen).unwrap_or_default();
    let seen = seen(&decision.after);
    let success = books.pipelines.get(upstream).map_or(0, |book| book.row.last_success_rev);
    if seen > before && seen <= success {
        return Ok(());
    }
    Err(format!("run {} answers rev {seen} of {upstream}; seen was {before}, and there is {success}", run.id))
}
