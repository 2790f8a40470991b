//! What is kept of a run.

use serde::{Deserialize, Serialize};
use time::UtcDateTime;

use super::instant;
use crate::{Cause, Failure, JobId, OwnerId, Params, PipelineName, Progress, RunId, RunKey, RunStatus};

/// A run's row: one attempt at a job, or due times that were not run.
///
/// What the run *is* never changes once the row is inserted; what became of it does, until its status is terminal.
/// In JSON its fields have these names and instants are RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunRecord {
    /// The id, which no other row has.
    pub id: RunId,
    /// The pipeline that it is a run of.
    pub pipeline_name: PipelineName,
    /// The piece of work, the same in all its attempts.
    pub job_id: JobId,
    /// What it answers, unique among the rows of the pipeline.
    pub key: RunKey,
    /// Why it was decided.
    pub cause: Cause,
    /// The due time it runs for; of a skipped row the last one that it covers.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub due: Option<UtcDateTime>,
    /// The due times that the row answers, if that is not `due` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covers: Option<Covers>,
    /// Which version of the schedule decided it: the pipeline's `spec_since` of then.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub spec_since: Option<UtcDateTime>,
    /// Which attempt at the job it is; the first is 1.
    pub attempt: u32,
    /// How often this attempt was interrupted before.
    #[serde(default)]
    pub interruptions: u32,
    /// The run that it tries again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<RunId>,
    /// What the job is told.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub params: Params,
    /// When the row was inserted.
    #[serde(with = "instant")]
    pub created_at: UtcDateTime,

    /// What has become of it.
    pub status: RunStatus,
    /// Why, for people, where the status alone does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A queued run is not started before this.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<UtcDateTime>,
    /// When it was asked to stop.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub cancel_requested_at: Option<UtcDateTime>,
    /// Who runs it, or is to run it. A queued or running row has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerId>,
    /// The pipeline's rev of the commit that started it; 0 before that.
    #[serde(default)]
    pub fence: u64,
    /// When its job was started.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<UtcDateTime>,
    /// When it became terminal.
    #[serde(with = "instant::option", default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<UtcDateTime>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// How much it did.
    #[serde(default)]
    pub counts: RunCounts,
}

impl RunRecord {
    /// The first attempt at a new job, with new ids, created at `now`.
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
        }
    }
}

/// The due times that one row answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Covers {
    /// The first of them; the last is the row's `due`.
    #[serde(with = "instant")]
    pub first: UtcDateTime,
    /// How many there are.
    pub count: u64,
    /// Whether `count` was counted; it is a lower bound otherwise.
    pub exact: bool,
}

impl Covers {
    /// A counted number of due times from `first` on.
    #[must_use]
    pub fn exactly(count: u64, first: UtcDateTime) -> Self {
        Self { first, count, exact: true }
    }

    /// More due times from `first` on than were counted.
    #[must_use]
    pub fn at_least(count: u64, first: UtcDateTime) -> Self {
        Self { first, count, exact: false }
    }
}

/// How much a run did, as its [`Progress`] counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RunCounts {
    /// Records that came out of its inputs.
    pub records_read: u64,
    /// Records that went into its outputs.
    pub records_written: u64,
    /// Bytes of its inputs, as they are stored.
    pub bytes_read: u64,
    /// Bytes of its outputs, as they are stored.
    pub bytes_written: u64,
}

impl From<&Progress> for RunCounts {
    fn from(progress: &Progress) -> Self {
        Self {
            records_read: progress.records_read(),
            records_written: progress.records_written(),
            bytes_read: progress.bytes_read(),
            bytes_written: progress.bytes_written(),
        }
    }
}
