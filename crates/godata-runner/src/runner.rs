//! The public handle of a runner.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use godata_core::{AnyJob, Job, JobRunner, RunHandle, RunId, RunRequest, RunResult, RunnerError, StopReason};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tracing::{Instrument as _, Span};

use crate::entry::Entry;
use crate::shared::Shared;
use crate::task::{self, DROP_GRACE};
use crate::{RunEvents, RunnerBuilder, ShutdownReport, logs};

/// Runs jobs concurrently, and keeps the result of each run.
///
/// Clones are cheap and refer to the same runner. Dropping it stops nothing.
///
/// ```
/// use godata_runner::{RunContext, RunStatus, Runner, RunnerError, job_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), RunnerError> {
/// let runner = Runner::new();
/// let hello = runner.start(job_fn("hello", |_cx| async { Ok(()) }))?;
/// let forever = runner.start(job_fn("forever", |cx: RunContext| async move {
///     cx.canceled().await;
///     Ok(cx.check()?)
/// }))?;
///
/// hello.finished().await;
/// runner.stop(forever.id())?;
/// forever.finished().await;
///
/// assert_eq!(runner.result(hello.id()).map(|run| run.status), Some(RunStatus::Succeeded));
/// assert_eq!(runner.result(forever.id()).map(|run| run.status), Some(RunStatus::Canceled));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Runner(Arc<Shared>);

impl Runner {
    /// Makes a runner without limits, so that each job starts at once. [`RunnerBuilder`] lists the other defaults.
    #[must_use]
    pub fn new() -> Self {
        RunnerBuilder::new().built()
    }

    /// Returns a builder for a runner with limits, pools or a timeout.
    pub fn builder() -> RunnerBuilder {
        RunnerBuilder::new()
    }

    /// Starts a job, or queues it until there is a slot, and returns at once.
    ///
    /// # Errors
    ///
    /// [`RunnerError::ShuttingDown`], if [`shutdown`](Self::shutdown) was called, and [`RunnerError::NoRuntime`],
    /// outside of a tokio runtime. The job is then not run.
    pub fn start(&self, job: impl Job) -> Result<RunHandle, RunnerError> {
        self.start_with(job, RunRequest::new())
    }

    /// Starts a job with a context, in a pool, or with its own timeout.
    ///
    /// # Errors
    ///
    /// The errors of [`start`](Self::start), [`RunnerError::UnknownPool`], and [`RunnerError::Duplicate`] if a run with the
    /// id of this context was started before.
    ///
    /// ```
    /// use godata_runner::{BoxError, RunContext, Runner, job_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let import = job_fn("import", |cx: RunContext| async move {
    ///     assert_eq!(cx.params().require("day")?, "2024-02-29");
    ///     Ok(())
    /// });
    /// let run = Runner::new().start_with(import, RunContext::new().with_param("day", "2024-02-29"))?;
    /// run.finished().await.success()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn start_with(
        &self,
        job: impl Job,
        request: impl Into<RunRequest>,
    ) -> Result<RunHandle, RunnerError> {
        self.launch(AnyJob::new(job), request.into())
    }

    /// Asks a run to stop.
    ///
    /// A run that waits for a slot is not started. A running job has the [`stop_grace`](RunnerBuilder::stop_grace) to return,
    /// and is then dropped. A run that has ended stays as it is.
    ///
    /// # Errors
    ///
    /// [`RunnerError::UnknownRun`], if the run was not started here or its result is no longer kept.
    pub fn stop(&self, id: RunId) -> Result<(), RunnerError> {
        let Some(run) = self.0.registry.handle(id) else {
            return self.result(id).map(drop).ok_or(RunnerError::UnknownRun { run: id });
        };
        run.stop();
        Ok(())
    }

    /// Returns the current state of all runs that are queued or running, in no particular order.
    #[must_use]
    pub fn active(&self) -> Vec<RunResult> {
        let runs = self.0.registry.active().into_iter().map(|run| run.result());
        runs.filter(|run| !run.status.is_terminal()).collect()
    }

    /// Returns the current state of a run, or its final result; `None` if the run was not started here or its result is
    /// no longer [kept](RunnerBuilder::keep_results).
    #[must_use]
    pub fn result(&self, id: RunId) -> Option<RunResult> {
        self.0.registry.result(id)
    }

    /// Returns the events of all runs from now on.
    ///
    /// A reader that is too slow learns how many events it missed. It holds up neither runs nor other readers. If this
    /// is called on a tokio runtime, the reader also learns when a run that was started before is
    /// [stuck](crate::RunEvent::Stuck).
    #[must_use]
    pub fn subscribe(&self) -> RunEvents {
        let events = self.0.events.subscribe();
        // A stuck one is logged without its run, because its span was not kept: the log had no readers when it was started.
        let watch = |run: &RunHandle| task::watch_stop(&self.0, run.id(), Span::none());
        self.0.registry.active().iter().for_each(watch);
        events
    }

    /// Shuts down, and reports what became of each run.
    ///
    /// New runs are refused from this call on, even before the future is polled. Queued and running runs get up to
    /// `grace` to end. The rest are asked to stop, and their jobs are dropped after the
    /// [`stop_grace`](RunnerBuilder::stop_grace). Such a run ends as interrupted, unless its job returns `Ok` or an error
    /// that is not [`Canceled`](crate::Canceled).
    ///
    /// The future completes at the latest one second after both graces. It may be awaited outside of a tokio runtime; its
    /// timers are then those of the runtime of the first run.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use godata_runner::{RunContext, Runner, RunnerError, job_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), RunnerError> {
    /// let runner = Runner::new();
    /// runner.start(job_fn("forever", |cx: RunContext| async move {
    ///     cx.canceled().await;
    ///     Ok(cx.check()?)
    /// }))?;
    /// tokio::task::yield_now().await;
    ///
    /// let report = runner.shutdown(Duration::ZERO).await;
    /// assert_eq!(report.interrupted().count(), 1);
    /// assert_eq!(report.stuck().count(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn shutdown(&self, grace: Duration) -> BoxFuture<'static, ShutdownReport> {
        let runs = self.0.registry.close();
        let runner = Arc::clone(&self.0);
        let runtime = runner.runtime.get().cloned();
        async move {
            match runtime.filter(|_| Handle::try_current().is_err()) {
                // The caller has no timers, so the runtime of the runs waits for them.
                Some(runtime) => {
                    let results = runs.clone();
                    let report = runtime.spawn(drain(runner, runs, grace)).await;
                    report.unwrap_or_else(|_| report_of(&results))
                }
                None if runs.is_empty() => report_of(&runs),
                None => drain(runner, runs, grace).await,
            }
        }
        .boxed()
    }

    fn launch(&self, job: AnyJob, request: RunRequest) -> Result<RunHandle, RunnerError> {
        let runtime = Handle::try_current().map_err(|_| RunnerError::NoRuntime)?;
        let runner = &self.0;
        runner.runtime.get_or_init(|| runtime.clone());
        let turn = runner.slots.queue(request.pool())?;
        let limit = request.timeout().or(runner.timeout);
        let (handle, run) =
            RunHandle::new(job.shared_name(), request.into_context(), Arc::clone(&runner.clock));
        runner.registry.accept(handle.clone())?;
        let span = logs::span(&handle);
        let entry = Entry::new(Arc::clone(runner), handle.clone(), run);
        runtime.spawn(task::run(entry, job, turn, limit).instrument(span));
        Ok(handle)
    }
}

async fn drain(runner: Arc<Shared>, runs: Vec<RunHandle>, grace: Duration) -> ShutdownReport {
    let all_ended = || join_all(runs.iter().map(RunHandle::finished));
    if timeout(grace, all_ended()).await.is_err() {
        runs.iter().for_each(|run| run.stop_because(StopReason::Shutdown));
        // Stuck runs do not end. The report says so.
        let _ = timeout(runner.stop_grace.saturating_add(DROP_GRACE), all_ended()).await;
    }
    report_of(&runs)
}

fn report_of(runs: &[RunHandle]) -> ShutdownReport {
    ShutdownReport::new(runs.iter().map(RunHandle::result).collect())
}

impl JobRunner for Runner {
    fn start(&self, job: AnyJob, request: RunRequest) -> Result<RunHandle, RunnerError> {
        self.launch(job, request)
    }

    fn stop_grace(&self) -> Duration {
        self.0.stop_grace
    }
}

impl From<Shared> for Runner {
    fn from(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Default for Runner {
    /// The same as [`Runner::new`].
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("active", &self.0.registry.active().len()).finish_non_exhaustive()
    }
}
