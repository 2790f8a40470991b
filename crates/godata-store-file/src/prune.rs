//! Finds old runs, a few at a time.

use std::sync::Arc;

use godata_core::tables::PruneCursor;
use godata_core::{PipelineName, Retention, RunId};
use time::UtcDateTime;

use crate::options::Options;
use crate::state::{Shared, read};

/// How many rows are read per lock of the state.
const ROWS: usize = 128;
/// How many times the state is locked per item of the iterator.
const LOCKS: usize = 8;
/// The maximum number of runs per item of the iterator.
const RUNS: usize = 1_000;

/// The retention that the options ask for, if any.
pub(crate) fn retention(options: &Options, now: UtcDateTime) -> Option<Retention> {
    let mut retention = Retention::new();
    retention.keep_newest = options.keep_newest;
    retention.ended_before = options.keep_for.and_then(|time| now.checked_sub(time.try_into().ok()?));
    (retention != Retention::new()).then_some(retention)
}

/// Iterates over the runs to forget, some at a time. An empty list means that there are not enough yet for a line of
/// the journal; the iteration continues.
///
/// Commits may come in between. Runs that finish meanwhile are not counted, so more runs may be kept than were asked
/// for. Before it forgets a run, the writer checks again whether the run is needed.
pub(crate) struct OldRuns {
    state: Shared,
    retention: Retention,
    /// The pipelines still to be searched; the last is the next.
    names: Vec<PipelineName>,
    cursor: PruneCursor,
    found: Vec<RunId>,
}

impl OldRuns {
    pub(crate) fn new(state: &Shared, retention: Retention) -> Self {
        let names = read(state).tables.names_with_runs().cloned().collect();
        let (cursor, found) = (PruneCursor::default(), Vec::new());
        Self { state: Arc::clone(state), retention, names, cursor, found }
    }
}

impl Iterator for OldRuns {
    type Item = Vec<RunId>;

    fn next(&mut self) -> Option<Vec<RunId>> {
        for _ in 0..LOCKS {
            let Some(name) = self.names.last() else {
                let rest = std::mem::take(&mut self.found);
                return (!rest.is_empty()).then_some(rest);
            };
            let rows = ROWS.min(RUNS - self.found.len());
            match read(&self.state).tables.old_runs(name, &self.retention, &mut self.cursor, rows) {
                Some(old) => self.found.extend(old),
                None => {
                    self.names.pop();
                    self.cursor = PruneCursor::default();
                }
            }
            if self.found.len() == RUNS {
                return Some(std::mem::take(&mut self.found));
            }
        }
        Some(Vec::new())
    }
}
