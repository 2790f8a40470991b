//! The runner.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use godata_core::{
    AnyJob, Clock, Job, JobRunner, RunHandle, RunId, RunRequest, RunResult, RunnerError, StopReason,
};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tracing::Instrument as _;

use crate::entry::Entry;
use crate::events::Events;
use crate::registry::Registry;
use crate::slots::Slots;
use crate::task::{self, DROP_GRACE};
use crate::{RunEvents, RunnerBuilder, ShutdownReport, logs};

/// Runs jobs concurrently, and knows of each what became of it.
///
/// Clones are cheap and are the same runner. Dropping it stops nothing.
///
/// ```
/// use godata_core::{RunStatus, RunnerError, job_fn};
/// use godata_runner::Runner;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), RunnerError> {
/// let runner = Runner::new();
/// let hello = runner.start(job_fn("hello", |_cx| async { Ok(()) }))?;
/// let forever = runner.start(job_fn("forever", |cx| async move {
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
pub struct Runner(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) stop_grace: Duration,
    pub(crate) slots: Slots,
    pub(crate) registry: Registry,
    pub(crate) events: Events,
}

impl Runner {
    /// A runner without limits: what is started runs at once. The rest is as [`RunnerBuilder`] says.
    #[must_use]
    pub fn new() -> Self {
        RunnerBuilder::new().built()
    }

    /// A runner with limits, pools, a timeout.
    pub fn builder() -> RunnerBuilder {
        RunnerBuilder::new()
    }

    /// Starts a job, or queues it until there is a slot, and returns at once.
    ///
    /// # Errors
    ///
    /// [`RunnerError::ShuttingDown`], [`RunnerError::NoRuntime`].
    pub fn start(&self, job: impl Job) -> Result<RunHandle, RunnerError> {
        self.start_with(job, RunRequest::new())
    }

    /// Starts a job in a context, a pool, or with a timeout of its own.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), and [`RunnerError::UnknownPool`], [`RunnerError::Duplicate`].
    ///
    /// ```
    /// use godata_core::{BoxError, RunContext, job_fn};
    /// use godata_runner::Runner;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let import = job_fn("import", |cx| async move {
    ///     assert_eq!(cx.params().require("day")?, "2024-02-29");
    ///     Ok(())
    /// });
    /// let run = Runner::new().start_with(import, RunContext::new().with_param("day", "2024-02-29"))?;
    /// assert_eq!(run.finished().await.error, None);
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

    /// Asks a run to stop. One that waits is not started; one that runs has the
    /// [grace](RunnerBuilder::stop_grace) to return, and is dropped after it. One that has ended stays as it is.
    ///
    /// # Errors
    ///
    /// [`RunnerError::UnknownRun`].
    pub fn stop(&self, id: RunId) -> Result<(), RunnerError> {
        let Some(run) = self.0.registry.handle(id) else {
            return self.result(id).map(drop).ok_or(RunnerError::UnknownRun { run: id });
        };
        run.stop();
        Ok(())
    }

    /// What is known of the runs that wait or run, in no order.
    #[must_use]
    pub fn active(&self) -> Vec<RunResult> {
        let runs = self.0.registry.active().into_iter().map(|run| run.result());
        runs.filter(|run| !run.status.is_terminal()).collect()
    }

    /// What is known of a run; `None` if it was not started here, or its result is no longer
    /// [kept](RunnerBuilder::keep_results).
    #[must_use]
    pub fn result(&self, id: RunId) -> Option<RunResult> {
        self.0.registry.result(id)
    }

    /// What happens to runs from now on. A reader that is too slow is told how much it has missed, and holds up
    /// nobody. On a tokio runtime it is also told of runs that were started before and are [stuck](crate::RunEvent::Stuck)
    /// later.
    #[must_use]
    pub fn subscribe(&self) -> RunEvents {
        let events = self.0.events.subscribe();
        self.0.registry.active().iter().for_each(|run| task::watch_stop(&self.0, run.id()));
        events
    }

    /// Takes no more runs, lets those that are there go on for as long as `grace`, those that wait among them; then
    /// asks the others to stop, and drops those that do not within the [grace](RunnerBuilder::stop_grace) of a stop.
    /// These are interrupted. The report says what became of each run.
    ///
    /// Runs are refused from the call on. It is polled on a tokio runtime, and completes at the latest a second after
    /// both graces.
    #[must_use]
    pub fn shutdown(&self, grace: Duration) -> BoxFuture<'static, ShutdownReport> {
        let runs = self.0.registry.close();
        drain(Arc::clone(&self.0), runs, grace).boxed()
    }

    fn launch(&self, job: AnyJob, request: RunRequest) -> Result<RunHandle, RunnerError> {
        let runtime = Handle::try_current().map_err(|_| RunnerError::NoRuntime)?;
        let runner = &self.0;
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

async fn drain(runner: Arc<Inner>, runs: Vec<RunHandle>, grace: Duration) -> ShutdownReport {
    let all_ended = || join_all(runs.iter().map(RunHandle::finished));
    if timeout(grace, all_ended()).await.is_err() {
        runs.iter().for_each(|run| run.stop_because(StopReason::Shutdown));
        // Those that are stuck do not end, and the report says so.
        let _ = timeout(runner.stop_grace.saturating_add(DROP_GRACE), all_ended()).await;
    }
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

impl From<Inner> for Runner {
    fn from(inner: Inner) -> Self {
        Self(Arc::new(inner))
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
