//! The loop's state of one pipeline.

mod asked;
mod job;

use std::sync::Arc;
use std::time::Duration;

use godata_core::{OwnerId, PipelineName, PipelineRecord, RunId, RunKey, RunRecord, StoreError};
use time::UtcDateTime;

pub(crate) use self::asked::{Asked, Replier};
pub(crate) use self::job::{Job, Waiter};
use crate::decide::{End, Fold, Misfired, Orphan, Plan, Request, Verdict, fires};
use crate::slots::Held;

/// The place of an entry in the directory. It belongs to the entry as long as the entry exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EntryId(pub(crate) usize);

/// The loop's state of one pipeline. Its invariants:
///
/// 1. `row`, `runs` and `fold.stored` are what the store had when they were last written or read. If they are stale, the next
///    commit conflicts.
/// 2. At most one call of the store is in flight for a pipeline: `flight`. During that call nothing is decided. What happens
///    meanwhile is decided after its answer.
/// 3. `ends` holds the jobs that have ended and whose final rows are not known to be stored. `asked` holds the requests that
///    are not answered. While a commit is in flight, what it is about stays first in both. Requests behind it may be
///    removed.
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    pub(crate) row: PipelineRecord,
    pub(crate) runs: Vec<RunRecord>,
    pub(crate) fold: Fold,
    /// `None` if it is not registered.
    pub(crate) plan: Option<Arc<Plan>>,
    pub(crate) upstream: Vec<(PipelineName, u64)>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) ends: Vec<End>,
    pub(crate) asked: Vec<Asked>,
    pub(crate) orphans: Vec<Orphan>,
    pub(crate) flight: Option<Flight>,
    /// The pipeline has to be read before anything is decided.
    pub(crate) is_stale: bool,
    pub(crate) is_in_line: bool,
    /// Whether a run would start if a slot were free. A pipeline that no longer needs a slot stays in line until its turn.
    pub(crate) waits_for_slot: bool,
    /// The rev that a commit with a lost answer expected. The commit may still arrive as long as this is the stored rev.
    pub(crate) unconfirmed_rev: Option<u64>,
    /// A run waits for a run of another instance, so the pipeline is read before its next step.
    pub(crate) reads_before_step: bool,
    /// When to look whether another instance has done what is due.
    pub(crate) looks_at: Option<UtcDateTime>,
    /// The pipeline was read, and nothing was decided since.
    pub(crate) was_read: bool,
    pub(crate) lead: Lead,
    /// How often the store has failed in a row.
    pub(crate) failures: u32,
    pub(crate) error: Option<Arc<StoreError>>,
    /// The end of its schedule was logged.
    pub(crate) has_ended: bool,
    /// How long its successful runs usually take.
    pub(crate) usual: Option<Duration>,
}

/// A run that a commit collided with, and the keys of the rows that the commit was to insert.
pub(crate) struct Duplicate {
    pub(crate) run: RunId,
    pub(crate) keys: Vec<RunKey>,
}

/// Which instance tries first to decide the due times of a pipeline. That the instances disagree costs only a losing commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// The first by rank.
    ByRank,
    /// This one, which has decided the last due time. The first by rank may not have registered the pipeline.
    Here,
    /// Another one, which has.
    Elsewhere,
}

/// A call of the store that is in flight.
pub(crate) enum Flight {
    /// Looks whether it has changed, together with others.
    Look,
    Commit(Box<Pending>),
    /// `duplicate` is the run that a commit collided with.
    Reload {
        duplicate: Option<RunId>,
    },
}

/// What to do once a commit is durable.
pub(crate) struct Pending {
    pub(crate) starts: Vec<RunId>,
    pub(crate) stops: Vec<RunId>,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) fold: Fold,
    pub(crate) misfired: Option<Misfired>,
    /// How many of the ends it stores.
    pub(crate) ends: usize,
    /// The slots for the jobs to start.
    pub(crate) slots: Held,
}

impl Entry {
    pub(crate) fn new(id: EntryId, row: PipelineRecord, runs: Vec<RunRecord>) -> Self {
        Self {
            id,
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
            looks_at: None,
            was_read: false,
            lead: Lead::ByRank,
            failures: 0,
            error: None,
            has_ended: false,
            usual: None,
        }
    }

    pub(crate) fn name(&self) -> &PipelineName {
        &self.row.name
    }

    pub(crate) fn pool(&self) -> Option<usize> {
        self.plan.as_ref().and_then(|plan| plan.pool)
    }

    /// Appends a request to the queue. Before the queue grows, requests of callers that have gone away are removed, except
    /// the first one, which may be in flight.
    pub(crate) fn ask(&mut self, request: Request, reply: Replier) {
        if self.asked.len() == self.asked.capacity() {
            let mut is_first = true;
            self.asked.retain(|asked| std::mem::take(&mut is_first) || !asked.reply.is_gone());
        }
        self.asked.push(Asked::new(request, reply));
    }

    /// Queues a request of the loop itself before those of callers, except for one that is in flight or whose answer was lost.
    pub(crate) fn ask_first(&mut self, request: Request) {
        let is_begun = self.flight.is_some() || self.request().is_some_and(|asked| asked.error.is_some());
        let place = usize::from(is_begun && !self.asked.is_empty());
        self.asked.insert(place, Asked::new(request, Replier::Nobody));
    }

    pub(crate) fn job(&self, run: RunId) -> Option<&Job> {
        self.jobs.iter().find(|job| job.run == run)
    }

    pub(crate) fn job_mut(&mut self, run: RunId) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.run == run)
    }

    /// The row of a queued or running run.
    pub(crate) fn run(&self, run: RunId) -> Option<&RunRecord> {
        self.runs.iter().find(|row| row.id == run)
    }

    /// Whether a run is watched because a caller has its handle, and its job does not run here: it is queued, or another instance
    /// has taken it.
    pub(crate) fn is_waiting(&self, run: RunId) -> bool {
        let is_watched = self.job(run).is_some_and(|job| job.handle.is_none() && job.ended.is_none());
        is_watched && self.run(run).is_some()
    }

    /// Whether a run that is watched here runs in another instance. Its end is learned by reading.
    pub(crate) fn waits_for_run_elsewhere(&self, owner: OwnerId) -> bool {
        let is_elsewhere = |row: &RunRecord| row.owner.is_some_and(|other| other != owner);
        self.jobs.iter().any(|job| self.is_waiting(job.run) && self.run(job.run).is_some_and(is_elsewhere))
    }

    /// The first request in the queue, which is the next to be answered.
    pub(crate) fn request(&self) -> Option<&Asked> {
        self.asked.first()
    }

    /// Takes the first request out of the queue.
    pub(crate) fn take_request(&mut self) -> Option<Asked> {
        (!self.asked.is_empty()).then(|| self.asked.remove(0))
    }

    /// Forgets orphans that another instance has taken over, or that have ended.
    pub(crate) fn forget_settled_orphans(&mut self) {
        self.orphans.retain(|orphan| self.runs.iter().any(|run| orphan.is(run)));
    }

    pub(crate) fn is_cancel_logged(&self, run: RunId) -> bool {
        self.job(run).is_some_and(|job| job.is_cancel_logged)
    }

    /// Whether the pipeline is registered here but makes no decisions, because it is paused or another schedule is stored.
    pub(crate) fn is_inactive(&self) -> bool {
        let is_other = |plan: &Arc<Plan>| plan.registered.spec != self.row.spec;
        self.plan.as_ref().is_some_and(|plan| self.row.paused_at.is_some() || is_other(plan))
    }

    /// The next due time, unless the schedule does not fire here: the pipeline is paused or disabled, or another schedule is
    /// stored.
    pub(crate) fn next_due(&self) -> Option<UtcDateTime> {
        let schedule = self.plan.as_ref()?.schedule_of(&self.row)?;
        let cursor = self.fold.cursor(self.row.cursor).unwrap_or(self.row.spec_since);
        match self.row.next_due.filter(|_| self.fold.unsaved.is_none()) {
            _ if !fires(&self.row) => None,
            Some(due) => Some(due),
            None => schedule.next(cursor).ok()?,
        }
    }

    /// Frees the memory of empty lists, because most pipelines are idle most of the time.
    pub(crate) fn give_back_memory(&mut self) {
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
    pub(crate) fn is_idle(&self) -> bool {
        self.plan.is_none()
            && self.flight.is_none()
            && self.runs.is_empty()
            && self.jobs.is_empty()
            && self.ends.is_empty()
            && self.asked.is_empty()
            && self.orphans.is_empty()
            && !self.is_stale
            && !self.is_in_line
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
        let mut entry = Entry::new(EntryId(0), row, Vec::new());
        let (reply, _waits) = oneshot::channel();
        entry.ask(Request::Resume, Replier::Ask(reply));
        for _ in 0..10_000 {
            entry.ask(Request::Pause, Replier::Ask(oneshot::channel().0));
        }
        assert!(entry.asked.len() < 10, "{}", entry.asked.len());
        assert!(matches!(entry.asked.first().unwrap().request, Request::Resume));
    }

    #[test]
    fn a_request_of_the_loop_comes_first_but_not_before_one_that_may_be_stored() {
        for (is_in_flight, is_lost, place) in [(false, false, 0), (true, false, 1), (false, true, 1)] {
            let row = PipelineRecord::new(PipelineName::new("a").unwrap(), UtcDateTime::UNIX_EPOCH);
            let mut entry = Entry::new(EntryId(0), row, Vec::new());
            entry.ask(Request::Pause, Replier::Nobody);
            entry.flight = is_in_flight.then_some(Flight::Reload { duplicate: None });
            entry.asked[0].error = is_lost.then(|| Arc::new(StoreError::unavailable("it is away")));
            entry.ask_first(Request::Rebase);
            assert!(matches!(entry.asked[place].request, Request::Rebase));
        }
        let row = PipelineRecord::new(PipelineName::new("a").unwrap(), UtcDateTime::UNIX_EPOCH);
        let mut entry = Entry::new(EntryId(0), row, Vec::new());
        entry.flight = Some(Flight::Reload { duplicate: None });
        entry.ask_first(Request::Rebase);
        assert_eq!(entry.asked.len(), 1);
    }
}
