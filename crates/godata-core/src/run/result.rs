//! The result of a run.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use time::UtcDateTime;

use super::cell::StopReason;
use crate::{Failure, JobId, PipelineName, RunCounts, RunId, RunRecord, RunStatus, excerpt_within};

/// A snapshot of a run. It is final once its status is [terminal](RunStatus::is_terminal).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunResult {
    /// The id of the run.
    pub id: RunId,
    /// The id of the job, the same in all attempts.
    pub job_id: JobId,
    /// The name of the job.
    pub job_name: Arc<str>,
    /// The state that the run is in.
    pub status: RunStatus,
    /// Why the run was asked to stop, if it was.
    pub stop_reason: Option<StopReason>,
    /// When the runner accepted the run.
    pub queued_at: UtcDateTime,
    /// When the job was started; `None` while the run is queued, and if it ended without being started.
    pub started_at: Option<UtcDateTime>,
    /// When the run ended; `None` until then.
    pub ended_at: Option<UtcDateTime>,
    /// Why the run failed; `None` unless its status is [`Failed`](RunStatus::Failed).
    pub error: Option<Failure>,
    /// How many records and bytes the run has read and written.
    pub counts: RunCounts,
    /// What the run did, as JSON text that its job has [set](crate::Progress::set_report); `None` if it set none.
    pub report: Option<Arc<str>>,
}

impl RunResult {
    /// Returns the time from the start to the end of the job by the wall clock; zero if the clock was set back.
    ///
    /// `None` until the run has ended, and if its job was never started.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        Some((self.ended_at? - self.started_at?).try_into().unwrap_or_default())
    }

    /// Returns this result if the run succeeded, and an error otherwise.
    ///
    /// # Errors
    ///
    /// [`RunFailed`], if the run failed, was canceled or was interrupted, or has not ended.
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

/// Makes the result of a stored run. Its [`stop_reason`](RunResult::stop_reason) is `None`, because it is not stored.
impl From<RunRecord> for RunResult {
    fn from(run: RunRecord) -> Self {
        Self {
            id: run.id,
            job_id: run.job_id,
            job_name: run.pipeline_name.as_str().into(),
            status: run.status,
            stop_reason: None,
            queued_at: run.created_at,
            started_at: run.started_at,
            ended_at: run.ended_at,
            error: run.error,
            counts: run.counts,
            report: run.report.map(Arc::from),
        }
    }
}

/// A run did not succeed. Returned by [`RunResult::success`].
#[derive(Clone, PartialEq, Eq)]
pub struct RunFailed {
    result: Box<RunResult>,
}

impl RunFailed {
    /// Returns the result of the run: its status, its failure, its counts.
    #[must_use]
    pub fn result(&self) -> &RunResult {
        &self.result
    }

    /// Converts into the result of the run.
    #[must_use]
    pub fn into_result(self) -> RunResult {
        *self.result
    }
}

impl fmt::Display for RunFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RunResult { id, status, .. } = self.result();
        let job_name = excerpt_within(&self.result.job_name, PipelineName::MAX_BYTES);
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
