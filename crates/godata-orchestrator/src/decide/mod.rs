//! What is decided about a pipeline: pure functions, without a clock, a store or a task.
//!
//! [`decide`] looks at all that is known of one pipeline and answers with at most one commit. Each rule is in a file
//! of its own and writes into a [`Draft`], so that later rules see what earlier ones have decided.

mod after;
mod draft;
mod due;
mod due_times;
mod ends;
mod orphans;
mod overlap;
mod requests;
mod skips;
mod starts;
#[cfg(test)]
mod tests;

pub(crate) use draft::later;
pub(crate) use due::{MISSED, Misfired, contradiction};
pub(crate) use due_times::DueTimes;
pub(crate) use requests::{Refusal, Registered, Request, Verdict};
pub(crate) use skips::Fold;

use std::sync::Arc;
use std::time::Duration;

use godata_core::{
    AnyJob, Commit, Failure, FailureKind, OwnerId, PipelineName, PipelineRecord, RunCounts, RunId, RunRecord,
    RunResult, RunStatus, Schedule, StopReason,
};
use time::UtcDateTime;

use self::draft::Draft;
use crate::ids::Ids;
use crate::registration::Rules;
use crate::{Recovery, ScheduleFault};

/// How far ahead of the clock an instant may be that another instance has stored. One that is further ahead was shown by
/// a clock that was wrong.
pub(crate) const AHEAD: time::Duration = time::Duration::HOUR;

/// What is registered of a pipeline.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) job: AnyJob,
    /// `None` also once it was stopped.
    pub(crate) schedule: Option<Arc<dyn Schedule>>,
    pub(crate) registered: Arc<Registered>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) pool: Option<usize>,
}

impl Plan {
    /// The pipelines that it runs after.
    pub(crate) fn upstream(&self) -> impl Iterator<Item = &PipelineName> {
        self.registered.after.iter().map(|(name, _)| name)
    }
}

/// What may be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All.
    Scheduling,
    /// Nothing new: queued runs start, and what somebody asks for.
    Stopped,
    /// No run starts any more.
    Draining,
}

/// All that is known of a pipeline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) row: &'a PipelineRecord,
    /// Its queued and running rows, of all owners.
    pub(crate) runs: &'a [RunRecord],
    /// `None` if it is not registered here.
    pub(crate) plan: Option<&'a Plan>,
    pub(crate) fold: &'a Fold,
    /// The last success of each pipeline that it runs after.
    pub(crate) upstream: &'a [(PipelineName, u64)],
    /// Its jobs that have ended and whose rows don't say so yet.
    pub(crate) ends: &'a [End],
    pub(crate) request: Option<&'a Request>,
    pub(crate) orphans: &'a [Orphan],
    pub(crate) owner: OwnerId,
    pub(crate) now: UtcDateTime,
    pub(crate) mode: Mode,
    /// How far the store's clock is behind ours. A due time has come when it has come there.
    pub(crate) behind: Duration,
    /// How many runs may start.
    pub(crate) slots: usize,
    pub(crate) recovery: Recovery,
}

impl Facts<'_> {
    /// What time it is where due times are judged: up to this they have come.
    fn due_until(&self) -> UtcDateTime {
        self.now.saturating_sub(time::Duration::try_from(self.behind).unwrap_or(time::Duration::MAX))
    }
}

/// A run whose owner is dead, as long as it has that owner: another instance may have adopted it.
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

/// How a job of ours has ended.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) run: RunId,
    pub(crate) status: RunStatus,
    /// Somebody wished that it end for good; its timeout and a shutdown don't.
    pub(crate) was_stopped: bool,
    /// Why it did not end by itself.
    pub(crate) reason: Option<String>,
    pub(crate) error: Option<Failure>,
    pub(crate) counts: RunCounts,
    pub(crate) started_at: Option<UtcDateTime>,
    pub(crate) ended_at: Option<UtcDateTime>,
}

impl From<RunResult> for End {
    fn from(result: RunResult) -> Self {
        Self {
            run: result.id,
            status: result.status,
            was_stopped: result.stop_reason == Some(StopReason::Requested),
            reason: None,
            error: result.error,
            counts: result.counts,
            started_at: result.started_at,
            ended_at: result.ended_at,
        }
    }
}

impl End {
    /// The end of a run whose job has not come to one: the message is the error of a failure, or the reason.
    pub(crate) fn without_result(run: RunId, status: RunStatus, message: String, now: UtcDateTime) -> Self {
        let (error, reason) = match status {
            RunStatus::Failed => (Some(Failure::new(FailureKind::Failed, message)), None),
            _ => (None, Some(message)),
        };
        let counts = RunCounts::default();
        Self { run, status, was_stopped: false, reason, error, counts, started_at: None, ended_at: Some(now) }
    }
}

/// What is to be done, once the commit is durable if there is one.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) commit: Option<Commit>,
    /// The runs whose jobs start; each takes a slot.
    pub(crate) starts: Vec<RunId>,
    /// The runs whose jobs are asked to stop.
    pub(crate) stops: Vec<RunId>,
    /// The ends that come too late: their rows are somebody else's.
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
    /// A run could start if there were a slot.
    pub(crate) waits_for_slot: bool,
    /// A run of ours waits for one of another instance: its row is to be read again.
    pub(crate) waits_for_others: bool,
}

/// Decides what becomes of a pipeline now.
///
/// The rules follow in this order: first what has happened is written down, then what somebody asks for, or else what is
/// due; and what is queued by then starts, as far as it may. So an answer is not taken back by what is due at the same
/// moment: that is decided next.
pub(crate) fn decide(facts: &Facts<'_>, ids: &mut Ids) -> Decision {
    let mut draft = Draft::new(facts, ids);
    orphans::take_over(&mut draft);
    ends::write_down(&mut draft);
    requests::answer(&mut draft);
    if facts.request.is_none() {
        draft.fault = due::decide(&mut draft).err();
        after::follow(&mut draft);
    }
    starts::start(&mut draft);
    skips::write(&mut draft);
    draft.finish()
}
