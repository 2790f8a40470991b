//! Queries for runs.

use std::cmp::Reverse;

use time::UtcDateTime;

use crate::{OwnerId, PipelineName, RunId, RunKey, RunRecord, RunStatus};

/// Which runs to list: those that match everything that was set, newest first, up to a limit.
///
/// Runs are ordered by `created_at` and then by id, both descending. [`after`](Self::after) asks for the next page. Runs
/// that are inserted between two calls are newer and do not shift the pages.
///
/// # Example
///
/// ```
/// use godata_core::{AnyStore, BoxError, MemoryStore, PipelineName, RunQuery, RunStatus, Store};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let store = AnyStore::new(MemoryStore::new());
///
/// let failures = RunQuery::new()
///     .pipeline(PipelineName::new("orders")?)
///     .status(RunStatus::Failed)
///     .limit(20);
/// let page = store.list_runs(&failures).await?;
/// assert!(page.is_empty());
///
/// if let Some(last) = page.last() {
///     let next_page = store.list_runs(&failures.after(last)).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunQuery {
    /// The pipeline of the runs.
    pub pipeline: Option<PipelineName>,
    /// The key of the run; it is unique within a pipeline.
    pub key: Option<RunKey>,
    /// The statuses of the runs. If it is empty, any status matches.
    pub statuses: Vec<RunStatus>,
    /// The owner of the runs.
    pub owner: Option<OwnerId>,
    /// The earliest `created_at` of the runs, inclusive. A store that does not know it may ignore it: [`AnyStore`](crate::AnyStore)
    /// drops the runs that are older.
    pub since: Option<UtcDateTime>,
    /// The `created_at` and the id of the run after which the page starts, exclusive.
    pub after: Option<(UtcDateTime, RunId)>,
    /// The most runs that are returned.
    pub limit: usize,
}

impl RunQuery {
    /// Makes a query for the newest 100 runs of all pipelines.
    #[must_use]
    pub fn new() -> Self {
        Self {
            pipeline: None,
            key: None,
            statuses: Vec::new(),
            owner: None,
            since: None,
            after: None,
            limit: 100,
        }
    }

    /// Matches only runs of this pipeline. Default: runs of any.
    #[must_use]
    pub fn pipeline(self, name: PipelineName) -> Self {
        Self { pipeline: Some(name), ..self }
    }

    /// Matches only runs with this key. Default: any key.
    #[must_use]
    pub fn key(self, key: RunKey) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Adds a status. Runs with any of the added statuses match. Default: any status.
    #[must_use]
    pub fn status(mut self, status: RunStatus) -> Self {
        self.statuses.push(status);
        self
    }

    /// Matches only queued and running runs. It replaces the statuses that were set before.
    #[must_use]
    pub fn active(self) -> Self {
        Self { statuses: RunStatus::ACTIVE.into(), ..self }
    }

    /// Matches only runs of this owner. Default: any owner.
    #[must_use]
    pub fn owner(self, owner: OwnerId) -> Self {
        Self { owner: Some(owner), ..self }
    }

    /// Matches only runs that were created at this instant or later. Default: runs of any age.
    #[must_use]
    pub fn since(self, at: UtcDateTime) -> Self {
        Self { since: Some(at), ..self }
    }

    /// Starts the page after `last`, the last run of the previous page. Default: the page starts with the newest run.
    #[must_use]
    pub fn after(self, last: &RunRecord) -> Self {
        Self { after: Some(place(last)), ..self }
    }

    /// Sets the most runs that are returned. Default: 100.
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// For implementors of stores: whether a run matches the query. The limit is not considered.
    #[must_use]
    pub fn matches(&self, run: &RunRecord) -> bool {
        self.pipeline.as_ref().is_none_or(|name| *name == run.pipeline_name)
            && self.key.as_ref().is_none_or(|key| *key == run.key)
            && (self.statuses.is_empty() || self.statuses.contains(&run.status))
            && self.owner.is_none_or(|owner| run.owner == Some(owner))
            && self.since.is_none_or(|since| run.created_at >= since)
            && self.after.is_none_or(|after| place(run) < after)
    }

    /// For implementors of stores: returns the whole answer to the query, from all rows of a store.
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

/// The position of a run in the order of queries. A greater one is newer.
pub(crate) type Place = (UtcDateTime, RunId);

pub(crate) fn place(run: &RunRecord) -> Place {
    (run.created_at, run.id)
}
