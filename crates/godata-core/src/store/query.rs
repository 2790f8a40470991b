//! Which runs to list.

use std::cmp::Reverse;

use time::UtcDateTime;

use crate::{OwnerId, PipelineName, RunId, RunKey, RunRecord, RunStatus};

/// Which runs to list: those that fit all that was set, newest first, at most [`limit`](Self::limit) of them.
///
/// The order is by `created_at` and then by id, both descending. [`after`](Self::after) gives the next page; rows
/// that are added meanwhile are newer and do not shift it.
///
/// ```
/// use godata_core::{PipelineName, RunQuery, RunStatus};
///
/// let failures = RunQuery::new()
///     .pipeline(PipelineName::new("orders")?)
///     .status(RunStatus::Failed)
///     .limit(20);
/// # Ok::<(), godata_core::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunQuery {
    /// Only runs of this pipeline.
    pub pipeline: Option<PipelineName>,
    /// Only runs with this key; it is unique within a pipeline.
    pub key: Option<RunKey>,
    /// Only runs of one of these statuses; of any, if empty.
    pub statuses: Vec<RunStatus>,
    /// Only runs of this owner.
    pub owner: Option<OwnerId>,
    /// Only runs that come after this place in the order.
    pub after: Option<(UtcDateTime, RunId)>,
    /// At most this many. Default: 100.
    pub limit: usize,
}

impl RunQuery {
    /// The newest 100 runs of all.
    #[must_use]
    pub fn new() -> Self {
        Self { pipeline: None, key: None, statuses: Vec::new(), owner: None, after: None, limit: 100 }
    }

    /// Only runs of this pipeline.
    #[must_use]
    pub fn pipeline(self, name: PipelineName) -> Self {
        Self { pipeline: Some(name), ..self }
    }

    /// Only runs with this key.
    #[must_use]
    pub fn key(self, key: RunKey) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Only runs of this status, or of one that was added before.
    #[must_use]
    pub fn status(mut self, status: RunStatus) -> Self {
        self.statuses.push(status);
        self
    }

    /// Only runs that are queued or running.
    #[must_use]
    pub fn active(self) -> Self {
        Self { statuses: RunStatus::ACTIVE.into(), ..self }
    }

    /// Only runs of this owner.
    #[must_use]
    pub fn owner(self, owner: OwnerId) -> Self {
        Self { owner: Some(owner), ..self }
    }

    /// Only what comes after `last`, the last run of the page before.
    #[must_use]
    pub fn after(self, last: &RunRecord) -> Self {
        Self { after: Some(place(last)), ..self }
    }

    /// At most this many.
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// Whether a run fits, whatever the limit.
    #[must_use]
    pub fn matches(&self, run: &RunRecord) -> bool {
        self.pipeline.as_ref().is_none_or(|name| *name == run.pipeline_name)
            && self.key.as_ref().is_none_or(|key| *key == run.key)
            && (self.statuses.is_empty() || self.statuses.contains(&run.status))
            && self.owner.is_none_or(|owner| run.owner == Some(owner))
            && self.after.is_none_or(|after| place(run) < after)
    }

    /// The whole answer, for a store that goes through all its rows.
    #[must_use]
    pub fn select<'a>(&self, runs: impl IntoIterator<Item = &'a RunRecord>) -> Vec<RunRecord> {
        let mut found: Vec<_> = runs.into_iter().filter(|run| self.matches(run)).collect();
        found.sort_by_key(|run| Reverse(place(run)));
        found.into_iter().take(self.limit).cloned().collect()
    }
}

impl Default for RunQuery {
    /// The same as [`RunQuery::new`].
    fn default() -> Self {
        Self::new()
    }
}

/// Where a run stands in the order: the greater, the newer.
pub(crate) type Place = (UtcDateTime, RunId);

pub(crate) fn place(run: &RunRecord) -> Place {
    (run.created_at, run.id)
}
