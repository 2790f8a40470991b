//! What runs jobs.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::{AnyJob, RunHandle, RunId, RunRequest, RunResult, RunStatus};

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

    /// Asks a run to stop, as [`RunHandle::stop`]. For one that has ended this does nothing.
    ///
    /// # Errors
    ///
    /// [`RunnerError::UnknownRun`].
    fn stop(&self, id: RunId) -> Result<(), RunnerError>;

    /// What is known of the runs that wait or run, in no order.
    fn active(&self) -> Vec<RunResult>;

    /// What is known of a run; `None` if it was never started here or has been forgotten.
    fn result(&self, id: RunId) -> Option<RunResult>;

    /// Takes no more runs, lets those that are there end for as long as `grace`, and stops the others.
    ///
    /// A run that still waits then ends interrupted here; its row in a store stays queued, for whoever starts next.
    ///
    /// Runs are refused from the call on, not from the first poll. May be called again: each call reports.
    fn shutdown(&self, grace: Duration) -> BoxFuture<'static, ShutdownReport>;
}

/// Why a runner did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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

/// What became of the runs that were there when a runner shut down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Each of them, as it was at the end; one that is not terminal is [stuck](Self::stuck).
    pub runs: Vec<RunResult>,
}

impl ShutdownReport {
    /// A report of these runs.
    #[must_use]
    pub fn new(runs: Vec<RunResult>) -> Self {
        Self { runs }
    }

    /// The runs that were cut short: their jobs stopped when asked, or were dropped.
    pub fn interrupted(&self) -> impl Iterator<Item = &RunResult> {
        self.runs.iter().filter(|run| run.status == RunStatus::Interrupted)
    }

    /// The runs that did not end, because their jobs neither listen nor return: they hold a thread until they do.
    pub fn stuck(&self) -> impl Iterator<Item = &RunResult> {
        self.runs.iter().filter(|run| !run.status.is_terminal())
    }
}
