//! Rows of pipelines that are not registered here.

use std::mem;
use std::time::Duration;

use godata_core::RunRecord;
use tokio::time::Instant;

use crate::decide::Orphan;

/// Rows of a pipeline that is not registered here.
#[derive(Default)]
pub(super) struct Unregistered {
    /// Its queued and running rows when the store was read. The pipeline's entry takes them.
    pub(super) runs: Vec<RunRecord>,
    /// Its orphans, each with the time when it was found. They wait until the pipeline is registered, here or by another
    /// instance, but no longer than [`ORPHAN_WAIT`](super::rounds::ORPHAN_WAIT).
    orphans: Vec<(Instant, Orphan)>,
}

impl Unregistered {
    pub(super) fn add(&mut self, orphan: Orphan) {
        if !self.orphans.iter().any(|(_, known)| *known == orphan) {
            self.orphans.push((Instant::now(), orphan));
        }
    }

    /// Whether an orphan has waited at least that long.
    pub(super) fn has_waited(&self, wait: Duration) -> bool {
        self.orphans.iter().any(|(found_at, _)| found_at.elapsed() >= wait)
    }

    /// Takes the orphans that have waited at least that long.
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
