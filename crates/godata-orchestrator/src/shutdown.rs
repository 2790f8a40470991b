//! The stages of a shutdown, and its report.

use std::fmt;
use std::time::Duration;

use godata_core::{RunHandle, RunId, RunResult, RunStatus};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What became of the runs that were active when an orchestrator shut down. `Display` prints a summary in one line, without
/// a line end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DrainReport {
    /// Each run that was running or about to start, as it was at the end of the shutdown. A run that is not terminal is
    /// [stuck](Self::stuck).
    pub runs: Vec<RunResult>,
    /// The runs whose final rows could not be stored, and those whose start may be stored although the store did not say so. The
    /// next process that opens the store may find them running.
    pub unsaved: Vec<RunId>,
    /// The runs that stay queued, for other instances or for the next process that opens the store. Nobody owns them, so other
    /// instances may have started some already.
    pub queued: Vec<RunId>,
}

impl DrainReport {
    /// Returns the interrupted runs: their jobs stopped when asked to, or were dropped, or had not started when the grace was
    /// over. Runs that had not started have no `started_at`, and are queued again.
    pub fn interrupted(&self) -> impl Iterator<Item = &RunResult> {
        self.runs.iter().filter(|run| run.status == RunStatus::Interrupted)
    }

    /// Returns the runs whose jobs have not ended. These jobs block a thread, so they could not be dropped. The rows of
    /// these runs are stored as interrupted.
    pub fn stuck(&self) -> impl Iterator<Item = &RunResult> {
        self.runs.iter().filter(|run| !run.status.is_terminal())
    }
}

impl fmt::Display for DrainReport {
    /// One line, such as `2 runs were running, 1 succeeded, 1 interrupted`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |status| self.runs.iter().filter(|run| run.status == status).count();
        let stuck = self.stuck().count();
        let runs = self.runs.len();
        write!(f, "{runs} {} running", if runs == 1 { "run was" } else { "runs were" })?;
        for status in RunStatus::ALL.into_iter().filter(|status| status.is_terminal() && count(*status) > 0) {
            write!(f, ", {} {status}", count(status))?;
        }
        let stays = if self.queued.len() == 1 { "stays queued" } else { "stay queued" };
        for (count, what) in [(stuck, "stuck"), (self.unsaved.len(), "not saved"), (self.queued.len(), stays)]
        {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

/// How long dropping a job may take before its run counts as stuck.
const DROP_GRACE: Duration = Duration::from_secs(2);
/// How long final rows may take to be stored.
const SAVE_GRACE: Duration = Duration::from_secs(5);
/// How long they may take if nobody waits for the shutdown.
const LONG_SAVE_GRACE: Duration = Duration::from_secs(60);

/// A shutdown in progress.
#[derive(Debug)]
pub(crate) struct Closing {
    pub(crate) stage: ClosingStage,
    /// How long the runner lets stopped jobs run before it drops them.
    stop_grace: Duration,
    /// When the stage ends. `None` if nobody waits for the shutdown, so that running jobs have no limit.
    deadline: Option<Instant>,
    /// The runs that were running when the shutdown began, and those that have started since.
    pub(crate) runs: Vec<RunHandle>,
    pub(crate) replies: Vec<oneshot::Sender<DrainReport>>,
}

/// A stage of a shutdown. The next stage begins when the deadline has passed, or when there is nothing left to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClosingStage {
    /// Running jobs may end by themselves, and the jobs of runs that were just stored as running may start.
    Draining,
    /// Running jobs were asked to stop.
    Stopping,
    /// No job runs, and final rows are written.
    Saving,
    Over,
}

impl Closing {
    pub(crate) fn new(grace: Option<Duration>, stop_grace: Duration, runs: Vec<RunHandle>) -> Self {
        let deadline = grace.and_then(|grace| Instant::now().checked_add(grace));
        Self { stage: ClosingStage::Draining, stop_grace, deadline, runs, replies: Vec::new() }
    }

    /// Whether the job of a run that was just stored as running may start.
    pub(crate) fn may_start(&self) -> bool {
        self.stage == ClosingStage::Draining
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Another caller asks for a shutdown, within this grace.
    pub(crate) fn hurry(&mut self, grace: Duration) {
        if self.stage == ClosingStage::Draining
            && let Some(deadline) = Instant::now().checked_add(grace)
        {
            self.deadline = Some(self.deadline.map_or(deadline, |earlier| earlier.min(deadline)));
        }
    }

    /// Begins a stage.
    pub(crate) fn begin(&mut self, stage: ClosingStage) {
        self.stage = stage;
        self.deadline = match stage {
            ClosingStage::Draining | ClosingStage::Over => None,
            ClosingStage::Stopping => Instant::now().checked_add(self.stop_grace.saturating_add(DROP_GRACE)),
            ClosingStage::Saving if self.replies.is_empty() => Some(Instant::now() + LONG_SAVE_GRACE),
            ClosingStage::Saving => Some(Instant::now() + SAVE_GRACE),
        };
    }
}
