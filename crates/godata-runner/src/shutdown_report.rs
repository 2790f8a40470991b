//! The result of a shutdown.

use godata_core::{RunResult, RunStatus};

/// What became of the runs that were active when a runner shut down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Each of these runs, as it was at the end of the shutdown. A run that is not terminal is [stuck](Self::stuck).
    pub runs: Vec<RunResult>,
}

impl ShutdownReport {
    /// Makes a report about these runs.
    #[must_use]
    pub fn new(runs: Vec<RunResult>) -> Self {
        Self { runs }
    }

    /// Returns the interrupted runs. Their jobs stopped when they were asked to, or were dropped.
    pub fn interrupted(&self) -> impl Iterator<Item = &RunResult> {
        self.runs.iter().filter(|run| run.status == RunStatus::Interrupted)
    }

    /// Returns the runs that have not ended. Their jobs block a thread, so they could not be dropped.
    pub fn stuck(&self) -> impl Iterator<Item = &RunResult> {
        self.runs.iter().filter(|run| !run.status.is_terminal())
    }
}
