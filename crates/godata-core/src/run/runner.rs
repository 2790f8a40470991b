//! The trait of runners.

use std::time::Duration;

use crate::{AnyJob, RunHandle, RunId, RunRequest};

/// For implementors of runners: starts jobs, one attempt each, as soon as there is a slot.
///
/// An orchestrator starts its jobs through an `Arc<dyn JobRunner>`. `Runner` of the crate `godata-runner` implements it.
/// An implementation makes the run with [`RunHandle::new`], which shows how.
pub trait JobRunner: Send + Sync + 'static {
    /// Starts a job, or queues it until there is a slot, and returns at once.
    ///
    /// Called from any thread, also concurrently.
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
    #[error("the runner has no pool {pool:?}; pools are added when the runner is built")]
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
