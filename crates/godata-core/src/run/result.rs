//! What is known of a run.

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
}
