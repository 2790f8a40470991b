//! Old runs, found a few at a time.

use std::sync::Arc;

use godata_core::{PipelineName, PruneCursor, Retention, RunId};
use time::UtcDateTime;

use crate::options::Options;
use crate::writer::{Shared, read};

/// How many rows are looked at while nobody can write, and how many are forgotten at once.
const ROWS: usize = 1_000;

/// What the options say is to be forgotten, if anything is.
pub(crate) fn retention(options: &Options, now: UtcDateTime) -> Option<Retention> {
    let mut retention = Retention::new();
    retention.keep_newest = options.keep_newest;
    retention.ended_before = options.keep_for.and_then(|time| now.checked_sub(time.try_into().ok()?));
    (retention != Retention::new()).then_some(retention)
}

/// The runs to forget, some at a time.
pub(crate) struct OldRuns {
    state: Shared,
    retention: Retention,
    /// The pipelines that are still to be looked at, of which the last is the next.
    names: Vec<PipelineName>,
    cursor: PruneCursor,
}

impl OldRuns {
    pub(crate) fn new(state: &Shared, retention: Retention) -> Self {
        let names = read(state).tables.pipelines().map(|pipeline| pipeline.name.clone()).collect();
        Self { state: Arc::clone(state), retention, names, cursor: PruneCursor::default() }
    }
}

impl Iterator for OldRuns {
    type Item = Vec<RunId>;

    fn next(&mut self) -> Option<Vec<RunId>> {
        let mut found = Vec::new();
        while let (Some(name), rows @ 1..) = (self.names.last(), ROWS - found.len()) {
            match read(&self.state).tables.old_runs(name, &self.retention, &mut self.cursor, rows) {
                Some(old) => found.extend(old),
                None => {
                    self.names.pop();
                    self.cursor = PruneCursor::default();
                }
            }
        }
        (!found.is_empty()).then_some(found)
    }
}
