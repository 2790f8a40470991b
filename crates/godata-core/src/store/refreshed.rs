//! A pipeline that has changed since it was read.

use crate::{PipelineName, PipelineRecord, RunRecord};

/// A pipeline whose row has another rev than its reader knew; returned by [`Store::refresh`](crate::Store::refresh).
///
/// ```
/// use godata_core::{PipelineName, Refreshed};
///
/// let name = PipelineName::new("orders")?;
/// let pruned = Refreshed::new(name, None, Vec::new());
/// assert!(pruned.pipeline.is_none());
/// # Ok::<(), godata_core::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refreshed {
    /// The name of the pipeline.
    pub name: PipelineName,
    /// Its row; `None` if there is none any more.
    pub pipeline: Option<PipelineRecord>,
    /// Its queued and running runs, and its `open_skip`.
    pub runs: Vec<RunRecord>,
}

impl Refreshed {
    /// Makes the answer about a pipeline.
    #[must_use]
    pub fn new(name: PipelineName, pipeline: Option<PipelineRecord>, runs: Vec<RunRecord>) -> Self {
        Self { name, pipeline, runs }
    }
}
