//! What is known of pipelines that are not registered here.

use std::mem;
use std::time::Duration;

use godata_core::RunRecord;
use tokio::time::Instant;

use crate::decide::Orphan;

/// Rows of a pipeline that is not registered.
#[derive(Default)]
pub(super) struct Left {
    /// As they were when the store was read; taken by the pipeline's entry.
    pub(super) runs: Vec<RunRecord>,
    /// Each with when it was found. They wait until the pipeline is registered, here or by another instance, or for so
    /// long that it never may be.
    orphans: Vec<(Instant, Orphan)>,
}

impl Left {
    pub(super) fn add(&mut self, orphan: Orphan) {
        if !self.orphans.iter().any(|(_, known)| *known == orphan) {
            self.orphans.push((Instant::now(), orphan));
        }
    }

    /// Whether one of the orphans has waited so long.
    pub(super) fn has_waited(&self, wait: Duration) -> bool {
        self.orphans.iter().any(|(found_at, _)| found_at.elapsed() >= wait)
    }

    /// Those that have waited so long.
    pub(super) fn take_orphans(&mut self, wait: Duration) -> Vec<Orphan> {
        let orphans = mem::take(&mut self.orphans).into_iter();
        let (over, waiting): (Vec<_>, _) = orphans.partition(|(found_at, _)| found_at.elapsed() >= wait);
        self.orphans = waiting;
        over.into_iter().map(|(_, orphan)| orphan).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.orphans.is_empty()
    }
}
