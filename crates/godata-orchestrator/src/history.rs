//! Runs as a table.

use std::fmt;

use godata_core::RunRecord;

/// Runs, newest first; its `Display` is a table for people, with counts and the last error below it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct History {
    /// The rows as they are stored.
    pub runs: Vec<RunRecord>,
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.runs.iter().try_for_each(|run| writeln!(f, "{} {}", run.pipeline_name, run.status))
    }
}
