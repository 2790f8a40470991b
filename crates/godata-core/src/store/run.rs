//! The row of a run.

use serde::{Deserialize, Serialize};
use time::UtcDateTime;

use super::instant;
use crate::{Cause, Failure, JobId, OwnerId, Params, PipelineName, Progress, RunId, RunKey, RunStatus};

/// The row of a run: one attempt at a job, or due times that were skipped.
///
/// The first fields identify the run, and never change once the row is inserted. The fields from `status` on say what
/// became of it, and change until the status is terminal. In JSON, the fields have these names and instants are RFC
/// 3339.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunRecord {
    /// The id, unique among the rows of runs.
    pub id: RunId,
    /// The pipeline of the run.
    pub pipeline_name: PipelineName,
    /// The id of the job, the same in all attempts.
    pub job_id: JobId,
    /// The reason for the run, unique among the runs of the pipeline.
    pub key: RunKey,
    /// Why the run was started.
    pub cause: Cause,
    /// The due time of the run. For a skipped run, the last due time that it covers, as far as that is known.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub due: Option<UtcDateTime>,
    /// The due times that the run covers, if it covers others than `due`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covers: Option<Covers>,
    /// The version of the schedule that the run comes from: the pipeline's `spec_since` at that time.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub spec_since: Option<UtcDateTime>,
    /// The number of this attempt at the job; the first is 1.
    pub attempt: u32,
    /// How often this attempt was interrupted before.
    #[serde(default)]
    pub interruptions: u32,
    /// The run that this one retries or repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<RunId>,
    /// The parameters of the run.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub params: Params,
    /// When the row was inserted.
    #[serde(with = "instant")]
    pub created_at: UtcDateTime,

    /// The state that the run is in.
    pub status: RunStatus,
    /// Why the run has this status, in words for people, where the status alone does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The earliest start of a queued run.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<UtcDateTime>,
    /// When the run was asked to stop.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub cancel_requested_at: Option<UtcDateTime>,
    /// The owner that runs it or will run it. Every running run has one. Any owner may start a queued run that has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerId>,
    /// The pipeline's `rev` after the commit that started the run; 0 before that.
    #[serde(default)]
    pub fence: u64,
    /// When the job was started. If it is `None` in a run that has ended, the job was never called.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<UtcDateTime>,
    /// When the run became terminal. If its process died, this is when another one found that out, not when the job ended.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<UtcDateTime>,
    /// Why the run failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// How many records and bytes the run has read and written.
    #[serde(default)]
    pub counts: RunCounts,
    /// What the run did, as JSON text of at most [16 KiB](Progress::MAX_REPORT_BYTES) that its job has
    /// [set](Progress::set_report). Neither the orchestrator nor the store interprets it. `None` if the job set none, and in
    /// rows of an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
}

impl RunRecord {
    /// Makes the row of the first attempt at a new job, with new ids, created at `now`.
    #[must_use]
    pub fn new(
        pipeline: &PipelineName,
        key: RunKey,
        cause: Cause,
        status: RunStatus,
        now: UtcDateTime,
    ) -> Self {
        Self {
            id: RunId::generate(),
            pipeline_name: pipeline.clone(),
            job_id: JobId::generate(),
            key,
            cause,
            due: None,
            covers: None,
            spec_since: None,
            attempt: 1,
            interruptions: 0,
            retry_of: None,
            params: Params::new(),
            created_at: now.truncate_to_millisecond(),
            status,
            reason: None,
            not_before: None,
            cancel_requested_at: None,
            owner: None,
            fence: 0,
            started_at: None,
            ended_at: None,
            error: None,
            counts: RunCounts::default(),
            report: None,
        }
    }
}

/// The due times that one run covers.
///
/// ```
/// use godata_core::Covers;
/// use time::UtcDateTime;
///
/// let covers = Covers::exactly(3, UtcDateTime::UNIX_EPOCH);
/// assert_eq!((covers.count, covers.exact), (3, true));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Covers {
    /// The first of the due times. The last is the run's `due`.
    #[serde(with = "instant")]
    pub first: UtcDateTime,
    /// The number of due times.
    pub count: u64,
    /// Whether `count` is exact. Otherwise it is a lower bound.
    pub exact: bool,
}

impl Covers {
    /// Covers exactly `count` due times from `first` on.
    #[must_use]
    pub fn exactly(count: u64, first: UtcDateTime) -> Self {
        Self { first, count, exact: true }
    }

    /// Covers at least `count` due times from `first` on.
    #[must_use]
    pub fn at_least(count: u64, first: UtcDateTime) -> Self {
        Self { first, count, exact: false }
    }
}

/// How many records and bytes a run has read, written and left out, as its [`Progress`] counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RunCounts {
    /// Records read from the inputs.
    pub records_read: u64,
    /// Records written to the outputs, also those of an output that was discarded later.
    pub records_written: u64,
    /// Records that were left out because they could not be processed.
    #[serde(skip_serializing_if = "is_zero")]
    pub records_rejected: u64,
    /// Bytes read from the inputs, as they are stored.
    pub bytes_read: u64,
    /// Bytes written to the outputs, as they are stored.
    pub bytes_written: u64,
}

/// Most runs reject nothing, and rows of an earlier version have no such count.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl From<&Progress> for RunCounts {
    fn from(progress: &Progress) -> Self {
        Self {
            records_read: progress.records_read(),
            records_written: progress.records_written(),
            records_rejected: progress.records_rejected(),
            bytes_read: progress.bytes_read(),
            bytes_written: progress.bytes_written(),
        }
    }
}
