//! Old runs, found a few at a time.

use std::sync::Arc;

use godata_core::tables::PruneCursor;
use godata_core::{PipelineName, Retention, RunId};
use time::UtcDateTime;

use crate::options::Options;
use crate::state::{Shared, read};

/// How many rows are looked at while nobody can write, how often that is done at a time, and how many runs are
/// forgotten at once.
const ROWS: usize = 128;
const LOOKS: usize = 8;
const RUNS: usize = 1_000;

/// What the options say is to be forgotten, if anything is.
pub(crate) fn retention(options: &Options, now: UtcDateTime) -> Option<Retention> {
    let mut retention = Retention::new();
    retention.keep_newest = options.keep_newest;
    retention.ended_before = options.keep_for.and_then(|time| now.checked_sub(time.try_into().ok()?));
    (retention != Retention::new()).then_some(retention)
}

/// The runs to forget, some at a time. An empty list means that too few were found yet for a line of the journal: ask
/// again.
///
/// Commits may come in between. Runs that finish meanwhile are not counted, so that more are kept; and the writer looks
/// again whether a run is needed before it forgets it.
pub(crate) struct OldRuns {
    state: Shared,
    retention: Retention,
    /// The pipelines that are still to be looked at, of which the last is the next.
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
        for _ in 0..LOOKS {
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
