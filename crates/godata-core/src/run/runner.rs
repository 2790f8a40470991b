//! What runs jobs.

use std::time::Duration;

use crate::{AnyJob, RunHandle, RunId, RunRequest};

/// Runs jobs, one attempt each, now.
///
/// It is what an orchestrator starts jobs by, as an `Arc<dyn JobRunner>`. `godata-runner` has the usual one.
pub trait JobRunner: Send + Sync + 'static {
    /// Starts a job, or queues it until there is a slot, and returns at once.
    ///
    /// Called from any thread, also concurrently.
    ///
    /// # Errors
    ///
    /// [`RunnerError`]; the job is not run then.
    fn start(&self, job: AnyJob, request: RunRequest) -> Result<RunHandle, RunnerError>;

    /// How long a run that was asked to stop may take to end. After that, the runner drops its job.
    ///
    /// It is the same on every call. The orchestrator waits this long for stopped runs when it shuts down.
    fn stop_grace(&self) -> Duration;
}

/// Why a runner did not do what it was asked.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// It shuts down, and takes no more runs.
    #[error("the runner shuts down")]
    ShuttingDown,
    /// It was called outside of a tokio runtime, which runs jobs.
    #[error("there is no tokio runtime to run jobs on")]
    NoRuntime,
    /// The request names a pool that the runner was not built with.
    #[error("the runner has no pool {pool:?}")]
    UnknownPool {
        /// The pool.
        pool: String,
    },
    /// A run with this id was started before, and is not forgotten: a context is for one run.
    #[error("run {run} was started before")]
    Duplicate {
        /// The run.
        run: RunId,
    },
    /// The run was never started here, or has been forgotten.
    #[error("run {run} is not known")]
    UnknownRun {
        /// The run.
        run: RunId,
    },
}

debug_as_chain!(RunnerError);
