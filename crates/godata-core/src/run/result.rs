//! What is known of a run.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use time::UtcDateTime;

use super::cell::StopReason;
use crate::{Failure, JobId, RunCounts, RunId, RunStatus};

/// What is known of a run at one moment; final once its status is terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunResult {
    /// The run.
    pub id: RunId,
    /// Its job, the same in all attempts.
    pub job_id: JobId,
    /// What its job is called.
    pub job_name: Arc<str>,
    /// How far it is.
    pub status: RunStatus,
    /// Why it was asked to stop, if it was.
    pub stop_reason: Option<StopReason>,
    /// When it was accepted.
    pub queued_at: UtcDateTime,
    /// When its job was started; `None` while it waits, and if it never was.
    pub started_at: Option<UtcDateTime>,
    /// When it ended; `None` until then.
    pub ended_at: Option<UtcDateTime>,
    /// Why it failed.
    pub error: Option<Failure>,
    /// How much it has done.
    pub counts: RunCounts,
}

impl RunResult {
    /// From the start to the end of the job by the wall clock; zero if that was set back, `None` until both are
    /// known.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        Some((self.ended_at? - self.started_at?).try_into().unwrap_or_default())
    }

    /// This result if the run succeeded, so that `?` does not let a failed run pass.
    ///
    /// # Errors
    ///
    /// [`RunFailed`], if the run has another status: it failed, was canceled or was interrupted, or has not ended.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use godata_core::{BoxError, Failure, FailureKind, JobEnd, RunContext, RunHandle, SystemClock};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (handle, run) = RunHandle::new("import", RunContext::new(), Arc::new(SystemClock));
    /// run.end(JobEnd::Failed(Failure::new(FailureKind::Failed, "orders.csv: no such file")));
    ///
    /// let error = handle.finished().await.success().unwrap_err();
    /// assert_eq!(format!("{error:?}"), format!("run {} of import failed: orders.csv: no such file", handle.id()));
    /// # }
    /// ```
    pub fn success(self) -> Result<Self, RunFailed> {
        if self.status == RunStatus::Succeeded { Ok(self) } else { Err(RunFailed { result: Box::new(self) }) }
    }
}

/// A run did not succeed; made by [`RunResult::success`].
#[derive(Clone, PartialEq, Eq)]
pub struct RunFailed {
    result: Box<RunResult>,
}

impl RunFailed {
    /// The run's result: its status, its failure, its counts.
    #[must_use]
    pub fn result(&self) -> &RunResult {
        &self.result
    }

    /// The run's result, without a copy.
    #[must_use]
    pub fn into_result(self) -> RunResult {
        *self.result
    }
}

impl fmt::Display for RunFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RunResult { id, job_name, status, .. } = self.result();
        match status {
            RunStatus::Failed | RunStatus::Succeeded => write!(f, "run {id} of {job_name} failed"),
            RunStatus::Queued | RunStatus::Running => {
                write!(f, "run {id} of {job_name} has not ended: it is {status}")
            }
            RunStatus::Canceled | RunStatus::Interrupted | RunStatus::Skipped => {
                write!(f, "run {id} of {job_name} was {status}")
            }
        }
    }
}

impl Error for RunFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.result.error.as_ref().map(|failure| failure as _)
    }
}

debug_as_chain!(RunFailed);
