//! The start and end of one stage's work on one batch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Run, Stage};
use crate::{Outcome, StageEnd};

/// One stage's work on one batch, from start to end. Opening it fires the start hooks, and it fires the end hooks
/// exactly once (invariant 2). It moves between threads with the batch.
#[derive(Debug)]
pub(crate) struct Bracket {
    run: Arc<Run>,
    stage: Stage,
    records_in: u64,
    rejected: u64,
    busy: Duration,
    closed: bool,
}

impl Bracket {
    pub(crate) fn open(run: &Arc<Run>, stage: Stage, records_in: u64) -> Self {
        run.hooks.stage_start(run, stage, records_in);
        Self { run: Arc::clone(run), stage, records_in, rejected: 0, busy: Duration::ZERO, closed: false }
    }

    /// Counts the time that `f` takes.
    pub(crate) fn time<T>(&mut self, f: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = f();
        self.add_time(start.elapsed());
        result
    }

    pub(crate) fn add_time(&mut self, busy: Duration) {
        self.busy += busy;
    }

    pub(super) fn stage(&self) -> Stage {
        self.stage
    }

    pub(crate) fn records_in(&self) -> u64 {
        self.records_in
    }

    /// How many of the records were rejected.
    pub(crate) fn rejected(&self) -> u64 {
        self.rejected
    }

    pub(crate) fn add_rejected(&mut self, records: u64) {
        self.rejected += records;
    }

    pub(crate) fn close(mut self, records_out: u64, outcome: Outcome<'_>) {
        self.end(records_out, outcome);
    }

    fn end(&mut self, records_out: u64, outcome: Outcome<'_>) {
        self.closed = true;
        self.run.count_busy(self.stage, self.busy);
        let Self { records_in, rejected, busy: took, .. } = *self;
        let end = StageEnd { records_in, records_out, rejected, outcome, took };
        self.run.hooks.stage_end(&self.run, self.stage, &end);
    }
}

impl Drop for Bracket {
    fn drop(&mut self) {
        if !self.closed {
            self.end(0, Outcome::Canceled);
        }
    }
}
