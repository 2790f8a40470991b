//! Which runs are removed from the history.

use time::UtcDateTime;

use crate::{PipelineRecord, RunRecord};

/// Which old runs to remove: those that any of the settings selects. Nothing is removed if nothing is set.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use godata_core::{AnyStore, Clock, MemoryStore, Retention, Store, StoreError, SystemClock};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), StoreError> {
/// let store = AnyStore::new(MemoryStore::new());
/// let month = Duration::from_secs(30 * 24 * 60 * 60);
/// let retention = Retention::new().keep_newest(1_000).ended_before(SystemClock.now() - month);
/// assert_eq!(store.prune(&retention).await?, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// The number of finished runs to keep per pipeline. Older ones are removed.
    pub keep_newest: Option<usize>,
    /// Runs that ended before this instant are removed.
    pub ended_before: Option<UtcDateTime>,
}

impl Retention {
    /// Makes settings that keep everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Removes all finished runs of each pipeline except the newest `runs`. Default: keeps them all.
    #[must_use]
    pub fn keep_newest(self, runs: usize) -> Self {
        Self { keep_newest: Some(runs), ..self }
    }

    /// Removes runs that ended before this instant. Default: keeps runs of any age.
    #[must_use]
    pub fn ended_before(self, at: UtcDateTime) -> Self {
        Self { ended_before: Some(at), ..self }
    }

    /// For implementors of stores: whether to remove a run. `newer` is the number of newer finished runs of its pipeline,
    /// and `pipeline` is the row of the pipeline, if there is one.
    ///
    /// This is clause 8 of the [contract](crate::Store#the-contract): whatever was set, a run is kept while it is not
    /// finished, is the pipeline's open skip, or is due after the pipeline's cursor.
    #[must_use]
    pub fn forgets(&self, run: &RunRecord, newer: usize, pipeline: Option<&PipelineRecord>) -> bool {
        let beyond_count = self.keep_newest.is_some_and(|keep| newer >= keep);
        let beyond_age =
            self.ended_before.is_some_and(|before| run.ended_at.unwrap_or(run.created_at) < before);
        (beyond_count || beyond_age) && !is_needed(run, pipeline)
    }
}

fn is_needed(run: &RunRecord, pipeline: Option<&PipelineRecord>) -> bool {
    let Some(pipeline) = pipeline else { return !run.status.is_terminal() };
    !run.status.is_terminal() || pipeline.open_skip == Some(run.id) || run.due > pipeline.cursor
}
