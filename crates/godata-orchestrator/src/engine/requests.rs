//! What a caller asks for becomes a request.

use std::sync::Arc;

use godata_core::{Cause, Params, PipelineName, RunKey, RunRecord, RunStatus, Schedule};
use time::UtcDateTime;

use crate::backfill::Times;
use crate::command::Ask;
use crate::decide::{DueTimes, Request};
use crate::entry::Entry;
use crate::ids::Ids;
use crate::{Backfill, OrchestratorError, RunOptions};

/// What new runs are made with.
pub(super) struct NewRuns<'a> {
    pub(super) ids: &'a mut Ids,
    pub(super) now: UtcDateTime,
}

/// The request of a caller about a registered pipeline.
pub(super) fn request(entry: &Entry, ask: Ask, new: NewRuns<'_>) -> Result<Request, OrchestratorError> {
    Ok(match ask {
        Ask::Run(options) => run(entry, &options, new)?,
        Ask::Backfill(asked) => backfill(entry, &asked, new)?,
        Ask::Pause => Request::Pause,
        Ask::Resume => Request::Resume,
        Ask::ResumeFromNow => Request::ResumeFromNow,
        Ask::Unregister => Request::Unregister,
    })
}

/// The schedule of a registered pipeline.
pub(super) fn schedule_of(entry: &Entry) -> Result<Arc<dyn Schedule>, OrchestratorError> {
    let pipeline = entry.name().to_string();
    match entry.plan.as_ref().map(|plan| (&plan.code.schedule, &plan.registered.spec)) {
        Some((Some(schedule), _)) => Ok(Arc::clone(schedule)),
        Some((None, Some(_))) => Err(OrchestratorError::BrokenSchedule { pipeline }),
        Some((None, None)) | None => Err(OrchestratorError::NoSchedule { pipeline }),
    }
}

fn run(entry: &Entry, options: &RunOptions, new: NewRuns<'_>) -> Result<Request, OrchestratorError> {
    let key_of_token = match &options.token {
        Some(token) => Some(
            RunKey::manual(token)
                .map_err(|source| OrchestratorError::Token { token: token.clone(), source })?,
        ),
        None => None,
    };
    check_params(entry.name(), &options.params)?;
    let NewRuns { ids, now } = new;
    let id = ids.run(now);
    let key = key_of_token.unwrap_or_else(|| RunKey::manual_run(id));
    let mut run = new_run(entry.name(), key, Cause::Manual, ids, now);
    run.id = id;
    run.params = entry.plan.as_ref().map(|plan| plan.rules.params.clone()).unwrap_or_default();
    run.params.extend(options.params.iter());
    Ok(Request::Run(Box::new(run)))
}

fn backfill(entry: &Entry, asked: &Backfill, new: NewRuns<'_>) -> Result<Request, OrchestratorError> {
    let pipeline = || entry.name().to_string();
    let broken = || OrchestratorError::BrokenSchedule { pipeline: pipeline() };
    check_params(entry.name(), &asked.params)?;
    let times = match &asked.times {
        Times::These(times) => times.clone(),
        Times::Between(from, until) => {
            due_between(&*schedule_of(entry)?, *from, *until).ok_or_else(broken)?
        }
    };
    if times.is_empty() || times.len() > Backfill::MAX {
        return Err(OrchestratorError::BackfillSize { pipeline: pipeline(), times: times.len() });
    }
    let NewRuns { ids, now } = new;
    let name = asked.name.clone().unwrap_or_else(|| ids.job(now).to_string());
    let token = |source| OrchestratorError::Token { token: name.clone(), source };
    let mut runs = Vec::with_capacity(times.len());
    for due in times {
        let key = RunKey::backfill(&name, due).map_err(token)?;
        let mut run = new_run(entry.name(), key, Cause::Backfill, ids, now);
        run.due = Some(due);
        let params = entry.plan.as_ref().map(|plan| plan.params_at(due)).transpose();
        run.params = params.map_err(|_fault| broken())?.unwrap_or_default();
        run.params.extend(asked.params.iter());
        runs.push(run);
    }
    Ok(Request::Backfill(runs))
}

fn new_run(name: &PipelineName, key: RunKey, cause: Cause, ids: &mut Ids, now: UtcDateTime) -> RunRecord {
    let mut run = RunRecord::new(name, key, cause, RunStatus::Queued, now);
    (run.id, run.job_id) = (ids.run(now), ids.job(now));
    run
}

/// Refuses parameters that can't be stored.
pub(super) fn check_params(pipeline: &PipelineName, params: &Params) -> Result<(), OrchestratorError> {
    let has_nul = |(name, value): &(&str, &str)| name.contains('\0') || value.contains('\0');
    match params.iter().find(has_nul) {
        Some((name, _)) => {
            let (pipeline, name) = (pipeline.to_string(), Some(name.to_owned()));
            Err(OrchestratorError::Nul { pipeline, what: "parameter", name })
        }
        None => Ok(()),
    }
}

/// The due times from `from`, inclusive, to `until`, exclusive, but at most one more than a backfill may have. `None` if the
/// schedule fails.
fn due_between(schedule: &dyn Schedule, from: UtcDateTime, until: UtcDateTime) -> Option<Vec<UtcDateTime>> {
    let mut after = from.saturating_sub(time::Duration::MILLISECOND);
    let mut times = Vec::new();
    while times.len() <= Backfill::MAX {
        match DueTimes(schedule).next(after).ok()? {
            Some(due) if due < until => times.push(due),
            _ => break,
        }
        after = times.last().copied()?;
    }
    Some(times)
}
