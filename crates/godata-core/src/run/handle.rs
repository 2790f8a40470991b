//! The two ends of a run: the handle for callers, and the end for the runner.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use time::UtcDateTime;

use super::cell::{Phase, RunCell, StopReason};
use super::completer::{Completer, Saved};
use super::verdict::{JobEnd, verdict};
use crate::{Clock, JobId, PersistError, RunContext, RunCounts, RunId, RunResult, RunStatus};

/// What both ends share.
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
            report: self.cx.progress().report(),
        }
    }

    fn now(&self) -> RunResult {
        match self.cell.phase() {
            Phase::Queued => self.result(RunStatus::Queued, None, self.stop_reason()),
            Phase::Running(at) => self.result(RunStatus::Running, Some(at), self.stop_reason()),
            Phase::Ended(result) => RunResult::clone(&result),
        }
    }

    /// The current time. A clock is foreign code and may panic, but the run has to end anyway, so the time at which it
    /// was queued is used instead.
    fn time(&self) -> UtcDateTime {
        catch_unwind(AssertUnwindSafe(|| self.clock.now())).unwrap_or(self.queued_at)
    }

    fn stop_reason(&self) -> Option<StopReason> {
        self.cell.stop_reason().or_else(|| self.requested())
    }

    /// Canceling the context, or a parent of its cancellation, is a request to stop as well.
    fn requested(&self) -> Option<StopReason> {
        self.cx.is_canceled().then_some(StopReason::Requested)
    }

    fn stop(&self, reason: StopReason) {
        // If the context was canceled before this call, that was the first reason.
        if self.cell.stop(self.requested().unwrap_or(reason)) {
            self.cx.cancel();
        }
    }

    fn end(&self, end: JobEnd) {
        let (ended_at, requested) = (self.time(), self.requested());
        self.cell.end(|started_at, stop| {
            let stop = stop.or(requested);
            let (status, error) = verdict(end, stop);
            let result = self.result(status, started_at, stop);
            Arc::new(RunResult { ended_at: Some(ended_at), error, ..result })
        });
    }
}

/// Watches one run, waits for its end, and stops it.
///
/// A [`JobRunner`](crate::JobRunner) returns one for each run that it starts. Clones are cheap and refer to the same
/// run. Dropping a handle does not stop the run.
///
/// # Example
///
/// A handle is used like this, whichever runner has made it:
///
/// ```
/// use godata_core::{BoxError, RunHandle};
///
/// async fn wait(run: RunHandle) -> Result<u64, BoxError> {
///     println!("{} runs as {}", run.job_name(), run.id());
///     let result = run.done().await?.success()?;
///     Ok(result.counts.records_written)
/// }
/// ```
#[derive(Clone)]
pub struct RunHandle {
    run: Arc<Shared>,
    saved: Saved,
}

impl RunHandle {
    /// For implementors of runners: makes a run that is queued. The handle is for callers; the [`ActiveRun`] is for the
    /// code that runs the job.
    ///
    /// `clock` tells the instants at which the run is queued, starts and ends.
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

    /// Returns the id of the run.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.run.cx.run_id()
    }

    /// Returns the id of the job, the same in all attempts.
    #[must_use]
    pub fn job_id(&self) -> JobId {
        self.run.cx.job_id()
    }

    /// Returns the name of the job.
    #[must_use]
    pub fn job_name(&self) -> &str {
        &self.run.job_name
    }

    /// Returns when the job was started; `None` while the run is queued, and if it ended without being started.
    #[must_use]
    pub fn started_at(&self) -> Option<UtcDateTime> {
        self.result().started_at
    }

    /// Returns a snapshot of the run: its status and counts as of now.
    #[must_use]
    pub fn result(&self) -> RunResult {
        self.run.now()
    }

    /// Returns the final result without copying it; `None` until the run has ended.
    #[must_use]
    pub fn final_result(&self) -> Option<Arc<RunResult>> {
        match self.run.cell.phase() {
            Phase::Ended(result) => Some(result),
            Phase::Queued | Phase::Running(_) => None,
        }
    }

    /// Returns the context that the job sees.
    #[must_use]
    pub fn context(&self) -> &RunContext {
        &self.run.cx
    }

    /// Asks the run to stop. A queued run ends as canceled and is not started. A running job is asked to stop through
    /// its context, and the run ends as canceled if the job does so.
    ///
    /// Does nothing if the run was already asked to stop, or has ended.
    pub fn stop(&self) {
        self.stop_because(StopReason::Requested);
    }

    /// For implementors of runners: asks the run to stop for this reason. The first reason counts.
    pub fn stop_because(&self, reason: StopReason) {
        self.run.stop(reason);
    }

    /// Waits until the job has ended, and returns the final result.
    ///
    /// Any number of callers can wait. The future can be dropped at any time without losing the result.
    pub async fn finished(&self) -> RunResult {
        RunResult::clone(&*self.run.cell.ended().await)
    }

    /// Waits until the job has ended and its final row is durable, and returns the final result. Without a store it is
    /// the same as [`finished`](Self::finished).
    ///
    /// This is the end of one attempt. An orchestrator that retries a failed run queues the retry as a run of its own, and
    /// `Orchestrator::last_attempt` waits for that too.
    ///
    /// # Errors
    ///
    /// [`PersistError`], if the row could not be stored. The job has ended in any case.
    pub async fn done(&self) -> Result<RunResult, PersistError> {
        let result = self.finished().await;
        self.saved.wait(result.id).await?;
        Ok(result)
    }

    /// For code that stores runs: returns a handle whose [`done`](Self::done) waits for the completer. Handles that
    /// were cloned before do not wait for it.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use godata_core::{JobEnd, PersistError, RunContext, RunHandle, RunStatus, SystemClock};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), PersistError> {
    /// let (handle, run) = RunHandle::new("import", RunContext::new(), Arc::new(SystemClock));
    /// let (handle, completer) = handle.with_completer();
    ///
    /// run.end(JobEnd::Succeeded);
    /// // The final row is written here.
    /// completer.complete();
    /// assert_eq!(handle.done().await?.status, RunStatus::Succeeded);
    /// # Ok(())
    /// # }
    /// ```
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

/// For implementors of runners: the end of a run that the runner holds while it runs the job.
///
/// There is one per run, and [`end`](Self::end) consumes it, so a run ends once. If it is dropped instead, for example
/// with a task when its runtime shuts down, the run ends as with [`JobEnd::Dropped`], never as a success.
#[must_use = "dropping it ends the run"]
pub struct ActiveRun(Option<Arc<Shared>>);

impl ActiveRun {
    /// Marks the job as started now. A second call changes nothing.
    ///
    /// If the run ends without this call, its job counts as never called, and an orchestrator that shuts down queues it again.
    pub fn start(&self) {
        if let Some(run) = &self.0 {
            run.cell.start(run.time());
        }
    }

    /// Ends the run and wakes its waiters. The run's status depends on how the job ended and on why it was asked to
    /// stop:
    ///
    /// | the job | not asked to stop | [`Requested`] | [`Shutdown`] | [`TimedOut`] |
    /// |---|---|---|---|---|
    /// | returned `Ok` | succeeded | succeeded | succeeded | failed |
    /// | returned a canceled error | failed | canceled | interrupted | failed |
    /// | returned another error, or panicked | failed | failed | failed | failed |
    /// | was dropped | interrupted | canceled | interrupted | failed |
    ///
    /// [`Requested`]: StopReason::Requested
    /// [`Shutdown`]: StopReason::Shutdown
    /// [`TimedOut`]: StopReason::TimedOut
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
