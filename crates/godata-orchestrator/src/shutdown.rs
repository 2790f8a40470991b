//! The end: how far it is, and what is reported of it.

use std::fmt;
use std::time::Duration;

use godata_core::{RunHandle, RunId, RunResult, RunStatus};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What became of the runs that were there when an orchestrator shut down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DrainReport {
    /// Each that was running or about to start, as it was at the end; one that is not terminal is
    /// [stuck](Self::stuck).
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

impl fmt::Display for DrainReport {
    /// What became of how many, in a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |status| self.runs.iter().filter(|run| run.status == status).count();
        let stuck = self.stuck().count();
        write!(f, "{} runs were going on", self.runs.len())?;
        for status in RunStatus::ALL.into_iter().filter(|status| status.is_terminal() && count(*status) > 0) {
            write!(f, ", {} {status}", count(status))?;
        }
        for (count, what) in
            [(stuck, "stuck"), (self.unsaved.len(), "not saved"), (self.queued.len(), "stay queued")]
        {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

/// How long dropping it may take, before the run counts as stuck.
const DROP_GRACE: Duration = Duration::from_secs(2);
/// How long final rows may take that the store does not take at once.
const SAVE_GRACE: Duration = Duration::from_secs(5);
/// The same, where nobody waits for it.
const LONG_SAVE_GRACE: Duration = Duration::from_secs(60);

/// A shutdown under way.
#[derive(Debug)]
pub(crate) struct Closing {
    pub(crate) stage: ClosingStage,
    /// How long the runner lets stopped jobs run before it drops them.
    stop_grace: Duration,
    /// Until when the stage lasts; for ever, if nobody waits.
    deadline: Option<Instant>,
    /// The runs that were running at the start, and those that were about to.
    pub(crate) runs: Vec<RunHandle>,
    pub(crate) replies: Vec<oneshot::Sender<DrainReport>>,
}

/// How far a shutdown is. It goes on with the next stage when the deadline has passed, or when there is nothing to wait
/// for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClosingStage {
    /// Runs go on.
    Draining,
    /// They were asked to stop.
    Stopping,
    /// None goes on, and rows are written.
    Saving,
    Over,
}

impl Closing {
    pub(crate) fn new(grace: Option<Duration>, stop_grace: Duration, runs: Vec<RunHandle>) -> Self {
        let deadline = grace.and_then(|grace| Instant::now().checked_add(grace));
        Self { stage: ClosingStage::Draining, stop_grace, deadline, runs, replies: Vec::new() }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// One more wants it to be over, within his grace.
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
