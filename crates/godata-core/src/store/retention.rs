//! Which history to keep.

use time::UtcDateTime;

use crate::{PipelineRecord, RunRecord};

/// Which runs to forget; none, unless something is set.
///
/// ```
/// use godata_core::{Clock, Retention, SystemClock};
/// use std::time::Duration;
///
/// let month = Duration::from_secs(30 * 24 * 60 * 60);
/// let retention = Retention::new().keep_newest(1_000).ended_before(SystemClock.now() - month);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// Forget what is older than this many finished runs of the same pipeline.
    pub keep_newest: Option<usize>,
    /// Forget what ended before this instant.
    pub ended_before: Option<UtcDateTime>,
}

impl Retention {
    /// Keeps everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets what is older than this many finished runs of the same pipeline.
    #[must_use]
    pub fn keep_newest(self, runs: usize) -> Self {
        Self { keep_newest: Some(runs), ..self }
    }

    /// Forgets what ended before this instant.
    #[must_use]
    pub fn ended_before(self, at: UtcDateTime) -> Self {
        Self { ended_before: Some(at), ..self }
    }

    /// Whether to forget a run that is the `newer`-th finished one of its pipeline, counted from 0 at the newest.
    ///
    /// This is clause 8 of the [contract](crate::Store#the-contract): a run is kept, whatever was set, while it is
    /// not finished, is the pipeline's open skip, or is due after the pipeline's cursor.
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
