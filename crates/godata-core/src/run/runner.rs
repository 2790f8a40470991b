//! The trait of runners.

use std::time::Duration;

use crate::{AnyJob, RunHandle, RunId, RunRequest, excerpt};

/// For implementors of runners: starts jobs, one attempt each, as soon as there is a slot.
///
/// An orchestrator starts its jobs through an `Arc<dyn JobRunner>`. `Runner` of the crate `godata-runner` implements it.
///
/// # Example
///
/// A runner that starts every job at once. It has neither pools nor timeouts, and waits for jobs that do not stop:
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use godata_core::{
///     AnyJob, BoxError, Job, JobRunner, RunHandle, RunRequest, RunnerError, SystemClock, job_fn,
/// };
///
/// struct Unlimited;
///
/// impl JobRunner for Unlimited {
///     fn start(&self, job: AnyJob, request: RunRequest) -> Result<RunHandle, RunnerError> {
///         let runtime = tokio::runtime::Handle::try_current().map_err(|_| RunnerError::NoRuntime)?;
///         let (handle, run) =
///             RunHandle::new(job.shared_name(), request.into_context(), Arc::new(SystemClock));
///         let cx = handle.context().clone();
///         runtime.spawn(async move {
///             run.start();
///             run.end(job.run(&cx).await.into());
///         });
///         Ok(handle)
///     }
///
///     fn stop_grace(&self) -> Duration {
///         Duration::from_secs(60)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let import = AnyJob::new(job_fn("import", |_cx| async { Ok(()) }));
/// let run = Unlimited.start(import, RunRequest::new())?;
/// assert_eq!(&*run.finished().await.success()?.job_name, "import");
/// # Ok(())
/// # }
/// ```
pub trait JobRunner: Send + Sync + 'static {
    /// Starts a job, or queues it until there is a slot, and returns at once.
    ///
    /// Called from any thread, possibly concurrently.
    ///
    /// # Errors
    ///
    /// [`RunnerError`], if the job will not be run. The orchestrator records the run as failed, or as interrupted if the
    /// error is [`RunnerError::ShuttingDown`].
    fn start(&self, job: AnyJob, request: RunRequest) -> Result<RunHandle, RunnerError>;

    /// How long a run that was asked to stop may take to end. After that, the runner drops its job.
    ///
    /// It is the same on every call. The orchestrator waits this long for stopped runs when it shuts down.
    fn stop_grace(&self) -> Duration;
}

/// Why a runner refused a request.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// The runner is shutting down or has shut down.
    #[error("the runner is shutting down and starts no more runs")]
    ShuttingDown,
    /// The runner was called outside of a tokio runtime.
    #[error("there is no tokio runtime to run the job on; call the runner from within one")]
    NoRuntime,
    /// The request names a pool that the runner does not have.
    #[error("the runner has no pool `{}`; pools are added when the runner is built", excerpt(pool))]
    UnknownPool {
        /// The name of the pool.
        pool: String,
    },
    /// A run with this id was already started, and the runner still knows it.
    #[error("run {run} was already started; make a new context for each run")]
    Duplicate {
        /// The id of the run.
        run: RunId,
    },
    /// The run was never started by this runner, or the runner has forgotten it.
    #[error("the runner does not know run {run}: it did not start it, or has forgotten its result")]
    UnknownRun {
        /// The id of the run.
        run: RunId,
    },
}

debug_as_chain!(RunnerError);
