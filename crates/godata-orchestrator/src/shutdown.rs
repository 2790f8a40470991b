//! The end.

use godata_core::{RunId, RunResult, RunStatus};

/// What became of the runs that were there when an orchestrator shut down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DrainReport {
    /// Each of them, as it was at the end; one that is not terminal is [stuck](Self::stuck).
    pub runs: Vec<RunResult>,
    /// The runs whose final rows could not be stored; whoever opens the store next finds them running.
    pub unsaved: Vec<RunId>,
    /// The runs that stay queued.
    pub queued: Vec<RunId>,
}

impl DrainReport {
    /// The runs that were cut short: their jobs stopped when asked, or were dropped.
    pub fn interrupted(&self) -> impl Iterator<Item = &RunResult> {
        self.runs.iter().filter(|run| run.status == RunStatus::Interrupted)
    }

    /// The runs that did not end, because their jobs neither listen nor return: they hold a thread until they do. Their
    /// rows say interrupted.
    pub fn stuck(&self) -> impl Iterator<Item = &RunResult> {
        self.runs.iter().filter(|run| !run.status.is_terminal())
    }
}
