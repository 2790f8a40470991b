//! A run that failed or was interrupted is followed by its retry in the same decision, or never.

use godata::{Cause, RunId, RunRecord, RunStatus};

use super::{Books, Decision, Job, Verdict};
use crate::plan::Recovery;

/// How many times an attempt is recovered.
const RECOVERIES: u32 = 3;

/// The run that this run follows, by its key.
enum Follows {
    Failure(RunId),
    Interruption(RunId),
}

fn follows(run: &RunRecord) -> Option<Follows> {
    let (kind, of) = run.key.as_str().split_once('/')?;
    let of = of.parse().ok()?;
    match kind {
        "retry" => Some(Follows::Failure(of)),
        "recover" => Some(Follows::Interruption(of)),
        _ => None,
    }
}

pub(super) fn is_retry(run: &RunRecord) -> bool {
    matches!(follows(run), Some(Follows::Failure(_)))
}

pub(super) fn is_recovery(run: &RunRecord) -> bool {
    matches!(follows(run), Some(Follows::Interruption(_)))
}

/// Why the first attempt at a job was decided.
pub(super) fn origin(run: &RunRecord, books: &Books) -> Cause {
    let earlier =
        follows(run).and_then(|(Follows::Failure(of) | Follows::Interruption(of))| books.runs.get(&of));
    earlier.map_or(run.cause, |earlier| origin(&earlier.row, books))
}

/// A failure that the policy retries, and the row of the next attempt, are one decision.
pub(super) fn follow_failures(decision: &Decision<'_>, books: &Books) -> Verdict {
    let policy = &books.terms(&decision.after.name)?.retry;
    let is_kept = is_registered(decision, books);
    for failed in decision.changes.iter().filter(|change| change.becomes(RunStatus::Failed)) {
        let run = failed.after;
        let longest = run.error.as_ref().and_then(|error| policy.delay(run.attempt, error, 1.0));
        let next = added(decision, |of| matches!(of, Follows::Failure(of) if *of == run.id));
        match (longest, next) {
            (None, Some(_)) => return Err(format!("run {} is tried again, against its policy", run.id)),
            (Some(_), None) if is_kept && !books.was_asked_to_stop(run) => {
                return Err(format!("run {} failed, and is not tried again in the same decision", run.id));
            }
            (Some(longest), Some(next)) => {
                let wait = next.not_before.map(|not_before| not_before - next.created_at);
                if next.attempt != run.attempt + 1
                    || wait.is_none_or(|wait| wait > longest || wait.is_negative())
                {
                    return Err(format!(
                        "run {} is tried again as attempt {} after {wait:?}",
                        run.id, next.attempt
                    ));
                }
            }
            _ => {}
        }
    }
    each_follows_on(decision, RunStatus::Failed)
}

/// An interruption and the row that recovers it are one decision.
pub(super) fn follow_interruptions(decision: &Decision<'_>, books: &Books) -> Verdict {
    let is_kept = is_registered(decision, books);
    for interrupted in decision.changes.iter().filter(|change| change.becomes(RunStatus::Interrupted)) {
        let run = interrupted.after;
        let next = added(decision, |of| matches!(of, Follows::Interruption(of) if *of == run.id));
        let may = books.plan.recovery == Recovery::Rerun && run.interruptions < RECOVERIES && is_kept;
        let may = may && !books.was_asked_to_stop(run);
        let is_reaped = run.owner != Some(decision.owner);
        if !is_reaped && run.started_at.is_none() {
            was_too_late(run, next, is_kept, books)?;
            continue;
        }
        match next {
            None if may && is_reaped => return Err(format!("run {} is not recovered", run.id)),
            Some(_) if books.plan.recovery == Recovery::Off || run.interruptions >= RECOVERIES => {
                return Err(format!("run {} is recovered, against what was asked for", run.id));
            }
            Some(next) if next.attempt != run.attempt || next.interruptions != run.interruptions + 1 => {
                let (attempt, times) = (next.attempt, next.interruptions);
                return Err(format!(
                    "run {} is recovered as attempt {attempt}, interrupted {times} times",
                    run.id
                ));
            }
            _ => {}
        }
    }
    each_follows_on(decision, RunStatus::Interrupted)
}

/// A shutdown kept the job from starting, so the run is queued again, whatever the recovery. That uses up nothing.
fn was_too_late(run: &RunRecord, next: Option<&RunRecord>, is_kept: bool, books: &Books) -> Verdict {
    if books.runs.get(&run.id).is_some_and(|known| known.job != Job::NotStarted) {
        return Err(format!("run {} is said not to have started, and its job was called", run.id));
    }
    match next {
        None if is_kept && !books.was_asked_to_stop(run) => {
            Err(format!("run {} was not started, and is not queued again", run.id))
        }
        Some(next) if (next.attempt, next.interruptions) != (run.attempt, run.interruptions) => {
            Err(format!("run {} was not started, and that used up an attempt", run.id))
        }
        _ => Ok(()),
    }
}

/// All attempts have the job's id, due time and parameters; another job has another id.
pub(super) fn keep_the_job(decision: &Decision<'_>, books: &Books) -> Verdict {
    for run in decision.changes.iter().filter(|change| change.before.is_none()).map(|change| change.after) {
        let Some(Follows::Failure(of) | Follows::Interruption(of)) = follows(run) else { continue };
        let Some(earlier) = books.runs.get(&of).map(|run| &run.row) else {
            return Err(format!("run {} follows on run {of}, which there is not", run.id));
        };
        let same = earlier.job_id == run.job_id && earlier.due == run.due && earlier.params == run.params;
        if !same || earlier.pipeline_name != run.pipeline_name {
            return Err(format!("run {} follows on run {of}, and is of another job", run.id));
        }
    }
    Ok(())
}

/// Whether the deciding instance has the pipeline registered: without its rules nothing follows.
fn is_registered(decision: &Decision<'_>, books: &Books) -> bool {
    let row = &decision.after;
    row.removed_at.is_none() && books.registered.contains(&(decision.by, row.name.clone()))
}

fn added<'a>(decision: &'a Decision<'_>, is: impl Fn(&Follows) -> bool) -> Option<&'a RunRecord> {
    let new = decision.changes.iter().filter(|change| change.before.is_none()).map(|change| change.after);
    new.into_iter().find(|run| follows(run).is_some_and(|of| is(&of)))
}

/// A follow-up of a run is added with the run's end, not later.
fn each_follows_on(decision: &Decision<'_>, end: RunStatus) -> Verdict {
    for run in decision.changes.iter().filter(|change| change.before.is_none()).map(|change| change.after) {
        let of = match follows(run) {
            Some(Follows::Failure(of)) if end == RunStatus::Failed => of,
            Some(Follows::Interruption(of)) if end == RunStatus::Interrupted => of,
            _ => continue,
        };
        if !decision.changes.iter().any(|change| change.after.id == of && change.becomes(end)) {
            return Err(format!("run {} follows on run {of}, which did not become {end} with it", run.id));
        }
    }
    Ok(())
}
