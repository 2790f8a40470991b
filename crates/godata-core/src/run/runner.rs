//! The trait of runners.

use std::time::Duration;

use crate::{AnyJob, RunHandle, RunId, RunRequest, excerpt};

/// For implementors of runners: starts jobs, one attempt each, as soon as there is a slot.
///
/// An orchestrator starts its jobs through an `Arc<dyn JobRunner>`. `Runner` of the crate `godata-runner` implements it.
///
/// # Logs
///
/// Only the runner logs what happens inside a run. If it logs nothing, a service has no line about its runs. Dashboards and
/// alerts are built on the names, so use these:
///
/// * Poll the job in a root span `run` at level INFO, with the fields `pipeline` (the job's name), `run`, `job`, `attempt`,
///   `cause` and `due` (RFC 3339; empty if there is none). Then every line that the job logs names its run.
/// * In the span, log `run started` at INFO, and exactly one end: `run succeeded` at INFO, `run failed` at ERROR with the
///   whole chain as `error`, `run canceled` or `run interrupted` at WARN, with `took_ms`, `read` and `written`.
/// * Log a timeout that passes as `timeout passed`, and a job that can't be dropped as `run stuck`, both at WARN.
///
/// Names and errors come from elsewhere: show them through [`excerpt`](crate::excerpt()) or
/// [`error_chain`](crate::error_chain()), which escape the characters that control a terminal. The orchestrator logs the rest:
/// what is queued, retried and skipped, and the runs that end without a job.
///
/// # Example
///
/// A runner that starts every job at once. It has neither pools nor timeouts, and waits for jobs that do not stop:
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use godata_core::time::format_description::well_known::Rfc3339;
/// use godata_core::{
///     AnyJob, BoxError, Job, JobRunner, RunHandle, RunRequest, RunResult, RunStatus, RunnerError, SystemClock,
///     excerpt_within, job_fn,
/// };
/// use tracing::{Instrument, Span, error, field, info, info_span, warn};
///
/// struct Unlimited;
///
/// impl JobRunner for Unlimited {
///     fn start(&self, job: AnyJob, request: RunRequest) -> Result<RunHandle, RunnerError> {
///         let runtime = tokio::runtime::Handle::try_current().map_err(|_| RunnerError::NoRuntime)?;
///         let (handle, run) =
///             RunHandle::new(job.shared_name(), request.into_context(), Arc::new(SystemClock));
///         let (cx, watched) = (handle.context().clone(), handle.clone());
///         let work = async move {
///             run.start();
///             info!("run started");
///             run.end(job.run(&cx).await.into());
///             log_end(&watched.result());
///         };
///         runtime.spawn(work.instrument(span(&handle)));
///         Ok(handle)
///     }
///
///     fn stop_grace(&self) -> Duration {
///         Duration::from_secs(60)
///     }
/// }
///
/// fn span(run: &RunHandle) -> Span {
///     let cx = run.context();
///     let due = cx.due().and_then(|due| due.format(&Rfc3339).ok());
///     info_span!(
///         parent: None,
///         "run",
///         pipeline = %excerpt_within(run.job_name(), 200),
///         run = %run.id(),
///         job = %run.job_id(),
///         attempt = cx.attempt(),
///         cause = %cx.cause(),
///         due = due.map(field::display),
///     )
/// }
///
/// fn log_end(run: &RunResult) {
///     let took_ms = run.duration().map(|took| took.as_millis() as u64);
///     let (read, written) = (run.counts.records_read, run.counts.records_written);
///     let error = run.error.as_ref().map(field::display);
///     match run.status {
///         RunStatus::Succeeded => info!(took_ms, read, written, "run succeeded"),
///         RunStatus::Failed => error!(took_ms, read, written, error, "run failed"),
///         RunStatus::Canceled => warn!(took_ms, read, written, "run canceled"),
///         _ => warn!(took_ms, read, written, "run interrupted"),
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
