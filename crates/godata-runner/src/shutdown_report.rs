//! What a shutdown reports.

use godata_core::{RunResult, RunStatus};

/// What became of the runs that were there when a runner shut down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Each of them, as it was at the end; one that is not terminal is [stuck](Self::stuck).
    pub runs: Vec<RunResult>,
}

impl ShutdownReport {
    /// A report of these runs.
    #[must_use]
    pub fn new(runs: Vec<RunResult>) -> Self {
        Self { runs }
    }

    /// The runs that were cut short: their jobs stopped when asked, or were dropped.
    pub fn interrupted(&self) -> impl Iterator<Item = &RunResult> {
        self.runs.iter().filter(|run| run.status == RunStatus::Interrupted)
    }

    /// The runs that did not end, because their jobs neither listen nor return: they hold a thread until they do.
    pub fn stuck(&self) -> impl Iterator<Item = &RunResult> {
        self.runs.iter().filter(|run| !run.status.is_terminal())
    }
}
