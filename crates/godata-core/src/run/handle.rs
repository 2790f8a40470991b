//! Both ends of a run: who watches it, and who runs it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use time::UtcDateTime;

use super::cell::{Phase, RunCell, StopReason};
use super::completer::{Completer, Saved};
use super::verdict::{JobEnd, verdict};
use crate::{Clock, JobId, PersistError, RunContext, RunCounts, RunId, RunResult, RunStatus};

/// What both ends have in common. The context, and with it what stops the run, is there before anybody can know of
/// the run.
struct Shared {
    cx: RunContext,
    job_name: Arc<str>,
    queued_at: UtcDateTime,
    clock: Arc<dyn Clock>,
    cell: RunCell<Arc<RunResult>>,
}

impl Shared {
    fn result(
        &self,
        status: RunStatus,
        started_at: Option<UtcDateTime>,
        stop: Option<StopReason>,
    ) -> RunResult {
        RunResult {
            id: self.cx.run_id(),
            job_id: self.cx.job_id(),
            job_name: Arc::clone(&self.job_name),
            status,
            stop_reason: stop,
            queued_at: self.queued_at,
            started_at,
            ended_at: None,
            error: None,
            counts: RunCounts::from(self.cx.progress()),
        }
    }

    fn now(&self) -> RunResult {
        match self.cell.phase() {
            Phase::Queued => self.result(RunStatus::Queued, None, self.stop_reason()),
            Phase::Running(at) => self.result(RunStatus::Running, Some(at), self.stop_reason()),
            Phase::Ended(result) => RunResult::clone(&result),
        }
    }

    /// A clock is foreign code, and a run ends also if it panics; the time is then when the run was queued.
    fn time(&self) -> UtcDateTime {
        catch_unwind(AssertUnwindSafe(|| self.clock.now())).unwrap_or(self.queued_at)
    }

    fn stop_reason(&self) -> Option<StopReason> {
        self.cell.stop_reason().or_else(|| self.canceled())
    }

    /// Whoever cancels the context, or what it was made from, asks the run to stop as well.
    fn canceled(&self) -> Option<StopReason> {
        self.cx.is_canceled().then_some(StopReason::Requested)
    }

    fn stop(&self, reason: StopReason) {
        // Canceled from above before now: that was the first reason.
        let reason = if self.cx.is_canceled() { StopReason::Requested } else { reason };
        if self.cell.stop(reason) {
            self.cx.cancel();
        }
    }

    fn end(&self, end: JobEnd) {
        let (ended_at, canceled) = (self.time(), self.canceled());
        self.cell.end(|started_at, stop| {
            let stop = stop.or(canceled);
            let (status, error) = verdict(end, stop);
            let result = self.result(status, started_at, stop);
            Arc::new(RunResult { ended_at: Some(ended_at), error, ..result })
        });
    }
}

/// A run that was started: to watch it, to wait for it, to stop it.
///
/// Clones are cheap and refer to the same run. Dropping a handle changes nothing; the run goes on.
///
/// A [`JobRunner`](crate::JobRunner) returns one.
#[derive(Clone)]
pub struct RunHandle {
    run: Arc<Shared>,
    saved: Saved,
}

impl RunHandle {
    /// A run that is queued, for a runner: the handle to give away, and the end that the job is run by.
    ///
    /// The run's instants are those of `clock`.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use godata_core::{JobEnd, RunContext, RunHandle, RunStatus, SystemClock};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (handle, run) = RunHandle::new("import", RunContext::new(), Arc::new(SystemClock));
    /// assert_eq!(handle.result().status, RunStatus::Queued);
    ///
    /// run.start();
    /// run.end(JobEnd::Succeeded);
    /// assert_eq!(handle.finished().await.status, RunStatus::Succeeded);
    /// # }
    /// ```
    pub fn new(job_name: impl Into<Arc<str>>, cx: RunContext, clock: Arc<dyn Clock>) -> (Self, ActiveRun) {
        let queued_at = clock.now();
        let run = Arc::new(Shared { cx, job_name: job_name.into(), queued_at, clock, cell: RunCell::new() });
        (Self { run: Arc::clone(&run), saved: Saved::default() }, ActiveRun(Some(run)))
    }

    /// The run's id.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.run.cx.run_id()
    }

    /// The id of its job, the same in all attempts.
    #[must_use]
    pub fn job_id(&self) -> JobId {
        self.run.cx.job_id()
    }

    /// What its job is called.
    #[must_use]
    pub fn job_name(&self) -> &str {
        &self.run.job_name
    }

    /// When its job was started; `None` while it waits, and if it never was.
    #[must_use]
    pub fn started_at(&self) -> Option<UtcDateTime> {
        self.result().started_at
    }

    /// What is known of it now.
    #[must_use]
    pub fn result(&self) -> RunResult {
        self.run.now()
    }

    /// The final result, without a copy, for whoever keeps many; `None` until the run has ended.
    #[must_use]
    pub fn final_result(&self) -> Option<Arc<RunResult>> {
        match self.run.cell.phase() {
            Phase::Ended(result) => Some(result),
            Phase::Queued | Phase::Running(_) => None,
        }
    }

    /// The context that its job sees.
    #[must_use]
    pub fn context(&self) -> &RunContext {
        &self.run.cx
    }

    /// Asks it to stop. One that waits ends canceled and is not started; one that runs is canceled if it stops. The
    /// second time, and after the end, nothing happens.
    pub fn stop(&self) {
        self.stop_because(StopReason::Requested);
    }

    /// Asks it to stop for this reason, for a runner. The first reason counts.
    pub fn stop_because(&self, reason: StopReason) {
        self.run.stop(reason);
    }

    /// Completes when the job has ended, with the final result.
    ///
    /// Dropping the future loses nothing; any number may wait.
    pub async fn finished(&self) -> RunResult {
        RunResult::clone(&*self.run.cell.ended().await)
    }

    /// Completes when the job has ended and its final row is durable. Without a store that is the same as
    /// [`finished`](Self::finished).
    ///
    /// # Errors
    ///
    /// [`PersistError`], if the row could not be stored in time. The job has ended all the same.
    pub async fn done(&self) -> Result<RunResult, PersistError> {
        let result = self.finished().await;
        self.saved.wait(result.id).await?;
        Ok(result)
    }

    /// A handle whose [`done`](Self::done) waits for the completer, for whoever stores the run's row. Handles that
    /// were cloned before do not wait for it.
    pub fn with_completer(mut self) -> (Self, Completer) {
        let (saved, completer) = Saved::pending();
        self.saved = saved;
        (self, completer)
    }
}

impl fmt::Debug for RunHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunHandle").field(&self.result()).finish()
    }
}

/// The end of a run that its job is run by, for a runner.
///
/// There is one of it per run, and ending the run uses it up, so a run ends once. Dropped before that, as with the
/// task of a runtime that shuts down, it ends the run as one whose job was dropped: never as a success.
#[must_use = "dropping it ends the run"]
pub struct ActiveRun(Option<Arc<Shared>>);

impl ActiveRun {
    /// Marks the job as started, now. A second time changes nothing.
    pub fn start(&self) {
        if let Some(run) = &self.0 {
            run.cell.start(run.time());
        }
    }

    /// Ends the run, and wakes who waits for it.
    ///
    /// | the job | not asked to stop | stopped | its runner shuts down | out of time |
    /// |---|---|---|---|---|
    /// | returned `Ok` | succeeded | succeeded | succeeded | failed |
    /// | returned a canceled error | failed | canceled | interrupted | failed |
    /// | returned another error, or panicked | failed | failed | failed | failed |
    /// | was dropped | interrupted | canceled | interrupted | failed |
    pub fn end(mut self, end: JobEnd) {
        if let Some(run) = self.0.take() {
            run.end(end);
        }
    }
}

impl Drop for ActiveRun {
    fn drop(&mut self) {
        if let Some(run) = self.0.take() {
            run.end(JobEnd::Dropped);
        }
    }
}

impl fmt::Debug for ActiveRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ActiveRun").field(&self.0.as_ref().map(|run| run.now())).finish()
    }
}
