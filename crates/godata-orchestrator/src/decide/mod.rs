//! Decisions about a pipeline: pure functions, without a clock, a store or a task.
//!
//! [`decide`] takes all facts about one pipeline and returns at most one commit. Each rule has its own file and writes into a
//! [`Draft`], so that later rules see what earlier ones have decided.

mod after;
mod draft;
mod dropped;
mod due;
mod due_times;
mod ends;
mod orphans;
mod overlap;
mod requests;
mod skips;
mod standby;
mod starts;
#[cfg(test)]
mod tests;

pub(crate) use draft::{READ_EVERY, later};
pub(crate) use due::{MISSED, Misfired};
pub(crate) use due_times::DueTimes;
pub(crate) use orphans::{GONE, STUCK};
pub(crate) use requests::{Refusal, Registered, Request, Verdict};
pub(crate) use skips::Fold;
#[cfg(test)]
pub(crate) use skips::Skipped;
pub(crate) use standby::Standby;

use std::sync::Arc;
use std::time::Duration;

use godata_core::{
    Commit, Failure, FailureKind, OwnerId, Params, PipelineName, PipelineRecord, RunCounts, RunId, RunRecord,
    RunResult, RunStatus, StopReason,
};
use time::UtcDateTime;

use self::draft::Draft;
use crate::code::Code;
use crate::ids::Ids;
use crate::registration::Rules;
use crate::{Recovery, ScheduleFault};

/// How far an instant that another instance has stored may be ahead of the clock. If it is further ahead, that instance's
/// clock was wrong.
pub(crate) const AHEAD: time::Duration = time::Duration::HOUR;

/// How far a clock may be behind a decided due time, or behind what it has shown before, until that is reported.
pub(crate) const NOTED: time::Duration = time::Duration::MINUTE;

/// Whether due times, and successes of upstream pipelines, lead to runs.
pub(crate) fn fires(row: &PipelineRecord) -> bool {
    row.enabled && row.paused_at.is_none() && row.removed_at.is_none()
}

/// The registration of a pipeline.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) code: Code,
    pub(crate) registered: Arc<Registered>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) pool: Option<usize>,
}

impl Plan {
    /// The schedule, unless another one is stored.
    pub(crate) fn schedule_of(&self, row: &PipelineRecord) -> Option<DueTimes<'_>> {
        let schedule = self.code.schedule.as_deref().filter(|_| row.spec == self.registered.spec);
        schedule.map(DueTimes)
    }

    /// The parameters of a run for a due time: those of the registration, and those of the schedules that are due then.
    pub(crate) fn params_at(&self, due: UtcDateTime) -> Result<Params, ScheduleFault> {
        let mut params = self.rules.params.clone();
        params.extend(self.code.params_at(due)?.iter());
        Ok(params)
    }

    /// The pipelines that this one runs after.
    pub(crate) fn upstream(&self) -> impl Iterator<Item = &PipelineName> {
        self.registered.after.iter().map(|(name, _)| name)
    }
}

/// Which decisions are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All decisions.
    Scheduling,
    /// No due times. Queued runs start, and requests are carried out.
    Stopped,
    /// No run starts.
    Draining,
}

/// All facts about a pipeline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) row: &'a PipelineRecord,
    /// Its queued and running rows, of all owners.
    pub(crate) runs: &'a [RunRecord],
    /// `None` if the pipeline is not registered here.
    pub(crate) plan: Option<&'a Plan>,
    pub(crate) fold: &'a Fold,
    /// The rev of the last success of each pipeline that this one runs after.
    pub(crate) upstream: &'a [(PipelineName, u64)],
    /// The jobs that have ended and whose final rows are not stored yet.
    pub(crate) ends: &'a [End],
    pub(crate) request: Option<&'a Request>,
    pub(crate) orphans: &'a [Orphan],
    pub(crate) owner: OwnerId,
    pub(crate) now: UtcDateTime,
    pub(crate) mode: Mode,
    /// How far the store's clock is behind this one. A due time has come when it has come by the store's clock.
    pub(crate) behind: Duration,
    /// How many runs may start.
    pub(crate) slots: usize,
    pub(crate) recovery: Recovery,
    /// Whether other instances may work on the same store.
    pub(crate) is_shared: bool,
    /// `None` if this instance tries first.
    pub(crate) standby: Option<Standby>,
}

impl Facts<'_> {
    /// The time by the store's clock. Due times up to it, inclusive, have come.
    fn due_until(&self) -> UtcDateTime {
        self.now.saturating_sub(time::Duration::try_from(self.behind).unwrap_or(time::Duration::MAX))
    }

    /// Whether other instances change a run with this owner.
    fn is_of_others(&self, owner: Option<OwnerId>) -> bool {
        owner.map_or(self.is_shared, |owner| owner != self.owner)
    }
}

/// A run whose owner is dead. It is an orphan only while it has that owner, because another instance may take it over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Orphan {
    pub(crate) run: RunId,
    pub(crate) owner: Option<OwnerId>,
}

impl Orphan {
    pub(crate) fn is(&self, run: &RunRecord) -> bool {
        self.run == run.id && self.owner == run.owner
    }
}

/// How a job of this instance has ended.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) run: RunId,
    pub(crate) status: RunStatus,
    /// Why it was asked to stop.
    pub(crate) stop_reason: Option<StopReason>,
    /// Why the run ended without a result of its job.
    pub(crate) reason: Option<String>,
    pub(crate) error: Option<Failure>,
    pub(crate) counts: RunCounts,
    pub(crate) report: Option<Arc<str>>,
    /// `None` if the job was never called.
    pub(crate) started_at: Option<UtcDateTime>,
    pub(crate) ended_at: Option<UtcDateTime>,
}

impl From<RunResult> for End {
    fn from(result: RunResult) -> Self {
        Self {
            run: result.id,
            status: result.status,
            stop_reason: result.stop_reason,
            reason: None,
            error: result.error,
            counts: result.counts,
            report: result.report,
            started_at: result.started_at,
            ended_at: result.ended_at,
        }
    }
}

impl End {
    /// The end of a run without a result of its job. The message becomes the error of a failed run, or else the reason.
    pub(crate) fn without_result(
        run: RunId,
        status: RunStatus,
        message: String,
        started_at: Option<UtcDateTime>,
        now: UtcDateTime,
    ) -> Self {
        let (error, reason) = match status {
            RunStatus::Failed => (Some(Failure::new(FailureKind::Failed, message)), None),
            _ => (None, Some(message)),
        };
        let (counts, ended_at) = (RunCounts::default(), Some(now));
        Self { run, status, stop_reason: None, reason, error, counts, report: None, started_at, ended_at }
    }
}

/// What to do. If there is a commit, `starts`, `stops`, a granted `verdict`, `fold` and `misfired` wait until it is durable. The
/// rest applies at once.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) commit: Option<Commit>,
    /// The runs whose jobs start. Each takes a slot.
    pub(crate) starts: Vec<RunId>,
    /// The runs whose jobs are asked to stop.
    pub(crate) stops: Vec<RunId>,
    /// The runs whose ends came too late: their rows belong to another instance, or have ended.
    pub(crate) superseded: Vec<RunId>,
    /// The answer to the request.
    pub(crate) verdict: Option<Verdict>,
    pub(crate) fold: Fold,
    pub(crate) fault: Option<ScheduleFault>,
    /// The due times that were missed, for the log.
    pub(crate) misfired: Option<Misfired>,
    /// The schedule has no due time after those that are decided.
    pub(crate) schedule_has_ended: bool,
    /// When to decide again, if nothing happens before.
    pub(crate) wake_at: Option<UtcDateTime>,
    /// When to look whether another instance has done what is due.
    pub(crate) looks_at: Option<UtcDateTime>,
    /// A run would start if there were a free slot.
    pub(crate) waits_for_slot: bool,
    /// A run of this instance waits for one of another instance, so the pipeline has to be read again.
    pub(crate) waits_for_others: bool,
}

/// Decides about a pipeline.
///
/// The rules apply in this order: orphans are taken over, ends are recorded, the request is carried out, or else due
/// times and the successes of upstream pipelines are decided, and then queued runs start. A request and due times are
/// never decided together, so a due time can't take back an answer.
pub(crate) fn decide(facts: &Facts<'_>, ids: &mut Ids) -> Decision {
    let mut draft = Draft::new(facts, ids);
    orphans::take_over(&mut draft);
    ends::record(&mut draft);
    requests::answer(&mut draft);
    if facts.request.is_none() {
        draft.fault = due::decide(&mut draft).err();
        after::follow(&mut draft);
    }
    starts::start(&mut draft);
    skips::write(&mut draft);
    draft.finish()
}
