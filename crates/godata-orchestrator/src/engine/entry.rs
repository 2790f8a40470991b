//! What the loop knows of one pipeline.

use std::sync::Arc;
use std::time::Duration;

use godata_core::{
    ActiveRun, Commit, Completer, Failure, FailureKind, JobEnd, OwnerId, PipelineName, PipelineRecord,
    RunHandle, RunId, RunKey, RunRecord, RunStatus, StopReason, StoreError,
};
use time::UtcDateTime;
use tokio::time::Instant;

use crate::command::{Answer, Reply};
use crate::decide::{End, Fold, Misfired, Orphan, Plan, Request, Verdict};
use crate::slots::Held;
use crate::{OrchestratorError, RegisterError};

/// What the loop knows of one pipeline.
///
/// 1. `row`, `runs` and `fold` are what was stored when they were last written or read; a commit that expects another
///    rev finds out if they are not any more.
/// 2. At most one call of the store is under way for a pipeline: `flight`. While it is, nothing is decided; what
///    happens meanwhile is decided when it has landed.
/// 3. `ends` has the jobs that have ended and whose rows are not known to say so; `asked` what was asked and not
///    answered. While a commit is under way, what it is about stays first in both; whoever waits behind it in `asked`
///    may leave.
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
    /// It has to be read before anything is decided.
    pub(super) is_stale: bool,
    pub(super) is_in_line: bool,
    /// The rev that a commit expected whose answer was lost: it may arrive as long as that is the stored one.
    pub(super) unsure: Option<u64>,
    /// A run of it waits for one of another instance, so it is read when it is due.
    pub(super) looks_at_others: bool,
    /// How often the store has failed in a row.
    pub(super) failures: u32,
    pub(super) error: Option<Arc<StoreError>>,
    /// It was logged that its schedule has ended.
    pub(super) has_ended: bool,
    /// How long its runs usually take.
    pub(super) usual: Option<Duration>,
}

/// A run that is in the way of a commit that was to insert rows with these keys.
pub(super) struct Duplicate {
    pub(super) run: RunId,
    pub(super) keys: Vec<RunKey>,
}

/// A call of the store that is under way.
pub(super) enum Flight {
    Commit(Box<Pending>),
    /// `duplicate` is the run that stood in the way of a commit.
    Reload {
        duplicate: Option<RunId>,
    },
}

/// What follows once a commit is durable.
pub(super) struct Pending {
    pub(super) starts: Vec<RunId>,
    pub(super) stops: Vec<RunId>,
    pub(super) verdict: Option<Verdict>,
    pub(super) fold: Fold,
    pub(super) misfired: Option<Misfired>,
    /// How many of the ends it writes down.
    pub(super) ends: usize,
    /// For the jobs that start.
    pub(super) slots: Held,
}

/// Something that was asked, in line.
pub(super) struct Asked {
    pub(super) request: Request,
    pub(super) reply: Replier,
    /// The store failed when it was to be written.
    pub(super) error: Option<Arc<StoreError>>,
}

impl Asked {
    /// Whether the store has failed for it, and somebody is to be told whether it was made all the same.
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
    /// Whether whoever has asked has gone. What the loop asks itself is done all the same, and so is a registration,
    /// which holds from when it was asked.
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

/// A run that is watched here: its job runs, or somebody waits for it.
pub(super) struct Job {
    pub(super) run: RunId,
    pub(super) key: RunKey,
    /// `None` before it is started, and once it has ended.
    pub(super) handle: Option<RunHandle>,
    pub(super) waiter: Option<Waiter>,
    pub(super) slot: Held,
    /// When its job ended.
    pub(super) ended: Option<Instant>,
    pub(super) overdue_at: Option<UtcDateTime>,
}

/// A run that was asked for by hand, and the handle that was given away.
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

    /// Of a run whose job was started before anybody waited for it: it ends by itself.
    pub(super) fn of_running(handle: RunHandle) -> Self {
        let (handle, completer) = handle.with_completer();
        Self { handle, run: None, completer: Some(completer) }
    }

    pub(super) fn start(&self) {
        if let Some(run) = &self.run {
            run.start();
        }
    }

    /// Its job has ended like this.
    pub(super) fn end(&mut self, status: RunStatus, error: Option<Failure>) {
        let Some(run) = self.run.take() else { return };
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

    /// Its final row is durable, with this status. If its job has come to another end, somebody else has written the
    /// row meanwhile, and whoever waits learns that the end that he sees is not stored.
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

    /// Its final row can't be stored for now.
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
            unsure: None,
            looks_at_others: false,
            failures: 0,
            error: None,
            has_ended: false,
            usual: None,
        }
    }

    pub(super) fn name(&self) -> &PipelineName {
        &self.row.name
    }

    pub(super) fn pool(&self) -> Option<usize> {
        self.plan.as_ref().and_then(|plan| plan.pool)
    }

    /// Puts a request at the end of the line. Before that grows, those leave it who have gone; the first may be under
    /// way.
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

    /// Whether nothing is decided for what is stored, though it is registered here.
    pub(super) fn stands_still(&self) -> bool {
        let is_other = |plan: &Arc<Plan>| plan.registered.spec != self.row.spec;
        self.plan.as_ref().is_some_and(|plan| self.row.paused_at.is_some() || is_other(plan))
    }

    /// Whether a commit may be under way that would arrive unseen, and another one would keep it from that.
    pub(super) fn may_be_outrun(&self) -> bool {
        self.row.rev > 0 && self.unsure == Some(self.row.rev)
    }

    /// Whether no more than one commit can have been made since the one whose answer was lost was to be: it was that, or
    /// another one in its place.
    pub(super) fn is_right_after_unsure(&self) -> bool {
        self.unsure.is_none_or(|rev| self.row.rev == rev + 1)
    }

    /// A commit that changes nothing but the rev, if one may be under way that would arrive unseen: one of the two is
    /// refused, and if that is this one, the pipeline is read.
    pub(super) fn outrun(&self, owner: OwnerId) -> Option<Commit> {
        self.may_be_outrun().then(|| Commit::new(owner, self.row.clone()))
    }

    /// Gives back the memory of lists that are empty: most of many pipelines do nothing most of the time.
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

    /// Nothing is known of it that is not stored.
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
    #![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn a_line_of_requests_does_not_grow_by_those_who_have_gone() {
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
