//! The loop's state of one pipeline.

use std::sync::Arc;
use std::time::Duration;

use godata_core::{
    ActiveRun, Commit, Completer, Failure, FailureKind, JobEnd, OwnerId, PipelineName, PipelineRecord,
    RunHandle, RunId, RunKey, RunRecord, RunStatus, StopReason, StoreError,
};
use time::UtcDateTime;
use tokio::time::Instant;

use crate::command::{Answer, Reply};
use crate::decide::{DueTimes, End, Fold, Misfired, Orphan, Plan, Request, Verdict};
use crate::slots::Held;
use crate::{OrchestratorError, RegisterError};

/// The loop's state of one pipeline. Its invariants:
///
/// 1. `row`, `runs` and `fold` are what the store had when they were last written or read. If they are stale, the next
///    commit conflicts.
/// 2. At most one call of the store is in flight for a pipeline: `flight`. During that call nothing is decided. What happens
///    meanwhile is decided after its answer.
/// 3. `ends` holds the jobs that have ended and whose final rows are not known to be stored. `asked` holds the requests that
///    are not answered. While a commit is in flight, what it is about stays first in both. Requests behind it may be
///    removed.
pub(super) struct Entry {
    pub(super) row: PipelineRecord,
    pub(super) runs: Vec<RunRecord>,
    pub(super) fold: Fold,
    /// `None` if it is not registered.
    pub(super) plan: Option<Arc<Plan>>,
    pub(super) upstream: Vec<(PipelineName, u64)>,
    pub(super) jobs: Vec<Job>,
    pub(super) ends: Vec<End>,
    pub(super) asked: Vec<Asked>,
    pub(super) orphans: Vec<Orphan>,
    pub(super) flight: Option<Flight>,
    /// The pipeline has to be read before anything is decided.
    pub(super) is_stale: bool,
    pub(super) is_in_line: bool,
    /// Whether a run would start if a slot were free. A pipeline that no longer needs a slot stays in line until its turn.
    pub(super) waits_for_slot: bool,
    /// The rev that a commit with a lost answer expected. The commit may still arrive as long as this is the stored rev.
    pub(super) unconfirmed_rev: Option<u64>,
    /// A run waits for a run of another instance, so the pipeline is read before its next step.
    pub(super) reads_before_step: bool,
    /// How often the store has failed in a row.
    pub(super) failures: u32,
    pub(super) error: Option<Arc<StoreError>>,
    /// The end of its schedule was logged.
    pub(super) has_ended: bool,
    /// How long its successful runs usually take.
    pub(super) usual: Option<Duration>,
}

/// A run that a commit collided with, and the keys of the rows that the commit was to insert.
pub(super) struct Duplicate {
    pub(super) run: RunId,
    pub(super) keys: Vec<RunKey>,
}

/// A call of the store that is in flight.
pub(super) enum Flight {
    Commit(Box<Pending>),
    /// `duplicate` is the run that a commit collided with.
    Reload {
        duplicate: Option<RunId>,
    },
}

/// What to do once a commit is durable.
pub(super) struct Pending {
    pub(super) starts: Vec<RunId>,
    pub(super) stops: Vec<RunId>,
    pub(super) verdict: Option<Verdict>,
    pub(super) fold: Fold,
    pub(super) misfired: Option<Misfired>,
    /// How many of the ends it stores.
    pub(super) ends: usize,
    /// The slots for the jobs to start.
    pub(super) slots: Held,
}

/// A request in the queue of its pipeline.
pub(super) struct Asked {
    pub(super) request: Request,
    pub(super) reply: Replier,
    /// The store's error when the request was to be stored.
    pub(super) error: Option<Arc<StoreError>>,
}

impl Asked {
    /// Whether the store failed for it, and a caller waits to learn whether it was stored all the same.
    pub(super) fn waits_for_answer(&self) -> bool {
        self.error.is_some() && !matches!(self.reply, Replier::Nobody)
    }
}

/// Where the answer goes.
pub(super) enum Replier {
    Nobody,
    Ask(Reply<Answer>),
    Register(Reply<(), RegisterError>),
    Cancel(Reply<bool>),
}

impl Replier {
    /// Whether the caller has gone away. The loop's own requests are carried out all the same, and so is a registration, which
    /// holds from the call on.
    pub(super) fn is_gone(&self) -> bool {
        match self {
            Self::Nobody | Self::Register(_) => false,
            Self::Ask(reply) => reply.is_closed(),
            Self::Cancel(reply) => reply.is_closed(),
        }
    }

    pub(super) fn answer(self, answer: Result<Answer, OrchestratorError>) {
        // The caller may have gone away.
        match self {
            Self::Nobody => {}
            Self::Ask(reply) => drop(reply.send(answer)),
            Self::Register(reply) => drop(reply.send(answer.map(drop).map_err(RegisterError::from))),
            Self::Cancel(reply) => drop(reply.send(answer.map(|_| true))),
        }
    }
}

/// A run that is watched here, because its job runs or because a caller has its handle.
pub(super) struct Job {
    pub(super) run: RunId,
    pub(super) key: RunKey,
    /// The runner's handle. `None` before the job starts, and after it has ended.
    pub(super) handle: Option<RunHandle>,
    pub(super) waiter: Option<Waiter>,
    pub(super) slot: Held,
    /// When the job ended.
    pub(super) ended: Option<Instant>,
    pub(super) overdue_at: Option<UtcDateTime>,
    pub(super) is_cancel_logged: bool,
}

/// The handle that a caller got for a run by hand, and the other end of it.
pub(super) struct Waiter {
    pub(super) handle: RunHandle,
    run: Option<ActiveRun>,
    completer: Option<Completer>,
}

impl Waiter {
    pub(super) fn new(handle: RunHandle, run: ActiveRun) -> Self {
        let (handle, completer) = handle.with_completer();
        Self { handle, run: Some(run), completer: Some(completer) }
    }

    /// For a run whose job had started before a caller asked for its handle. The runner ends it.
    pub(super) fn of_running(handle: RunHandle) -> Self {
        let (handle, completer) = handle.with_completer();
        Self { handle, run: None, completer: Some(completer) }
    }

    pub(super) fn start(&self) {
        if let Some(run) = &self.run {
            run.start();
        }
    }

    /// Ends the handle as the job has ended. `reason` is why the job was asked to stop.
    pub(super) fn end(&mut self, status: RunStatus, error: Option<Failure>, reason: Option<StopReason>) {
        let Some(run) = self.run.take() else { return };
        if let Some(reason) = reason {
            self.handle.stop_because(reason);
        }
        let failure = || Failure::new(FailureKind::Failed, "it failed");
        run.end(match status {
            RunStatus::Succeeded => JobEnd::Succeeded,
            RunStatus::Failed => JobEnd::Failed(error.unwrap_or_else(failure)),
            RunStatus::Interrupted => {
                self.handle.stop_because(StopReason::Shutdown);
                JobEnd::Dropped
            }
            _ => {
                self.handle.stop();
                JobEnd::Dropped
            }
        });
    }

    /// The final row is durable, with this status. If the job ended otherwise, another instance has written the row meanwhile,
    /// and the caller of `done` learns that the result it sees is not stored.
    pub(super) fn complete(self, stored: RunStatus) {
        let status = self.handle.result().status;
        let is_stored = match stored {
            RunStatus::Skipped => status == RunStatus::Canceled,
            RunStatus::Canceled => matches!(status, RunStatus::Canceled | RunStatus::Interrupted),
            stored => status == stored,
        };
        if let Some(completer) = self.completer.filter(|_| is_stored) {
            completer.complete();
        }
    }

    /// The final row can't be stored for now.
    pub(super) fn fail(&mut self, error: &Arc<StoreError>) {
        if let Some(completer) = self.completer.take() {
            completer.fail(StoreError::unavailable(Arc::clone(error)));
        }
    }
}

impl Entry {
    pub(super) fn new(row: PipelineRecord, runs: Vec<RunRecord>) -> Self {
        Self {
            row,
            runs,
            fold: Fold::default(),
            plan: None,
            upstream: Vec::new(),
            jobs: Vec::new(),
            ends: Vec::new(),
            asked: Vec::new(),
            orphans: Vec::new(),
            flight: None,
            is_stale: false,
            is_in_line: false,
            waits_for_slot: false,
            unconfirmed_rev: None,
            reads_before_step: false,
            failures: 0,
            error: None,
            has_ended: false,
            usual: None,
        }
    }

    pub(super) fn name(&self) -> &PipelineName {
        &self.row.name
    }

    /// Takes the stored text of the schedule as the registered one, if it means the same.
    pub(super) fn keep_stored_spec(&mut self) {
        let (Some(plan), Some(stored)) = (&mut self.plan, &self.row.spec) else { return };
        let Some(schedule) = plan.code.schedule.as_deref() else { return };
        if plan.registered.spec.as_ref() == Some(stored) || !DueTimes(schedule).has_spec(stored) {
            return;
        }
        let registered = &mut Arc::make_mut(plan).registered;
        Arc::make_mut(registered).spec = Some(stored.clone());
        for asked in &mut self.asked {
            if let Request::Register(asked) = &mut asked.request {
                *asked = Arc::clone(registered);
            }
        }
    }

    pub(super) fn pool(&self) -> Option<usize> {
        self.plan.as_ref().and_then(|plan| plan.pool)
    }

    /// Appends a request to the queue. Before the queue grows, requests of callers that have gone away are removed, except
    /// the first one, which may be in flight.
    pub(super) fn ask(&mut self, request: Request, reply: Replier) {
        if self.asked.len() == self.asked.capacity() {
            let mut is_first = true;
            self.asked.retain(|asked| std::mem::take(&mut is_first) || !asked.reply.is_gone());
        }
        self.asked.push(Asked { request, reply, error: None });
    }

    pub(super) fn job(&mut self, run: RunId) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.run == run)
    }

    pub(super) fn is_cancel_logged(&self, run: RunId) -> bool {
        self.jobs.iter().any(|job| job.run == run && job.is_cancel_logged)
    }

    /// Whether the pipeline is registered here but makes no decisions, because it is paused or another schedule is stored.
    pub(super) fn is_inactive(&self) -> bool {
        let is_other = |plan: &Arc<Plan>| plan.registered.spec != self.row.spec;
        self.plan.as_ref().is_some_and(|plan| self.row.paused_at.is_some() || is_other(plan))
    }

    /// Whether a commit with a lost answer may still arrive. A newer commit would prevent that.
    pub(super) fn has_unconfirmed_commit(&self) -> bool {
        self.row.rev > 0 && self.unconfirmed_rev == Some(self.row.rev)
    }

    /// Whether at most one commit was made since the rev that the lost commit expected. It was the lost commit, or another one
    /// in its place.
    pub(super) fn is_right_after_unconfirmed(&self) -> bool {
        self.unconfirmed_rev.is_none_or(|rev| self.row.rev == rev + 1)
    }

    /// A commit that changes nothing but the rev, if a commit with a lost answer may still arrive. The store refuses one of
    /// the two. If it refuses this one, the pipeline is read again.
    pub(super) fn fencing_commit(&self, owner: OwnerId) -> Option<Commit> {
        self.has_unconfirmed_commit().then(|| Commit::new(owner, self.row.clone()))
    }

    /// Frees the memory of empty lists, because most pipelines are idle most of the time.
    pub(super) fn give_back_memory(&mut self) {
        fn give_back<T>(list: &mut Vec<T>) {
            if list.is_empty() {
                *list = Vec::new();
            }
        }
        give_back(&mut self.runs);
        give_back(&mut self.jobs);
        give_back(&mut self.ends);
        give_back(&mut self.asked);
        give_back(&mut self.orphans);
    }

    /// Whether the entry holds nothing that is not in the store.
    pub(super) fn is_idle(&self) -> bool {
        self.plan.is_none()
            && self.flight.is_none()
            && self.runs.is_empty()
            && self.jobs.is_empty()
            && self.ends.is_empty()
            && self.asked.is_empty()
            && self.orphans.is_empty()
            && !self.is_stale
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that can't continue fails")]

    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn a_queue_of_requests_does_not_grow_by_callers_that_have_gone_away() {
        let row = PipelineRecord::new(PipelineName::new("a").unwrap(), UtcDateTime::UNIX_EPOCH);
        let mut entry = Entry::new(row, Vec::new());
        let (reply, _waits) = oneshot::channel();
        entry.ask(Request::Resume, Replier::Ask(reply));
        for _ in 0..10_000 {
            entry.ask(Request::Pause, Replier::Ask(oneshot::channel().0));
        }
        assert!(entry.asked.len() < 10, "{}", entry.asked.len());
        assert!(matches!(entry.asked.first().unwrap().request, Request::Resume));
    }
}
