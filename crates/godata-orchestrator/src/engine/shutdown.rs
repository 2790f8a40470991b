//! The stages of a shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Release};
use std::time::Duration;

use godata_core::{OwnerId, RunHandle, RunId, RunStatus, StopReason};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::directory::Directory;
use super::jobs::Jobs;
use super::link::StoreLink;
#[cfg(feature = "signal")]
use crate::OrchestratorError;
#[cfg(feature = "signal")]
use crate::command::Reply;
use crate::decide::Mode;
use crate::entry::{Entry, Flight};
use crate::shutdown::{Closing, ClosingStage};
use crate::signal::{Received, Signals};
use crate::{DrainReport, logs};

/// Which decisions are allowed, and how the orchestrator ends.
pub(super) struct Lifecycle {
    pub(super) mode: Mode,
    pub(super) closing: Option<Closing>,
    /// Set when the loop ends after a shutdown, and not by a panic.
    ended: Arc<AtomicBool>,
    grace: Duration,
    signals: Option<Signals>,
    /// The callers that wait for a signal, and then for the report of the shutdown.
    until_signal: Vec<oneshot::Sender<DrainReport>>,
}

impl Lifecycle {
    pub(super) fn new(grace: Duration, ended: Arc<AtomicBool>) -> Self {
        Self { mode: Mode::Stopped, closing: None, ended, grace, signals: None, until_signal: Vec::new() }
    }

    /// How long running jobs may continue after a signal.
    pub(super) fn grace(&self) -> Duration {
        self.grace
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.is_some()
    }

    /// When the stage of the shutdown ends.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.closing.as_ref().and_then(Closing::deadline)
    }

    pub(super) fn signals(&mut self) -> Option<&mut Signals> {
        self.signals.as_mut()
    }

    #[cfg(feature = "signal")]
    pub(super) fn listen_for_signals(&mut self, report: oneshot::Sender<DrainReport>, reply: Reply<()>) {
        let signals = match self.signals.take() {
            Some(signals) => Ok(signals),
            None => Signals::listen(),
        };
        let answer = match signals {
            Ok(signals) => {
                self.signals = Some(signals);
                self.until_signal.push(report);
                Ok(())
            }
            Err(error) => Err(OrchestratorError::Signal { source: Arc::new(error) }),
        };
        // The caller may have gone away.
        drop(reply.send(answer));
    }

    /// The first signal begins a shutdown. Another one ends the process.
    pub(super) fn end_process_if_closing(&self, signal: Received) {
        if self.closing.is_some() {
            signal.end_process();
        }
    }

    /// Begins a shutdown: nothing new is decided. During the grace, running jobs may continue, and the jobs of runs whose rows
    /// are being written as `running` may start. Without a grace, nobody waits for the shutdown.
    pub(super) fn begin(
        &mut self,
        cause: &str,
        grace: Option<Duration>,
        jobs: &Jobs,
        directory: &Directory,
    ) -> &mut Closing {
        self.mode = Mode::Draining;
        let mut runs = Vec::new();
        if self.closing.is_none() {
            runs = jobs.running(directory);
            logs::shutdown_began(cause, grace, runs.len());
        }
        let closing = self.closing.get_or_insert_with(|| Closing::new(grace, jobs.stop_grace(), runs));
        closing.replies.append(&mut self.until_signal);
        closing
    }

    /// Begins the next stage, because the deadline of this one has passed. Returns the runs that neither stopped nor returned.
    pub(super) fn next_stage(&mut self, jobs: &Jobs, directory: &Directory) -> Vec<RunHandle> {
        let Some(closing) = &mut self.closing else { return Vec::new() };
        match closing.stage {
            ClosingStage::Draining => {
                let running = jobs.running(directory);
                running.iter().for_each(|run| run.stop_because(StopReason::Shutdown));
                closing.begin(ClosingStage::Stopping);
            }
            ClosingStage::Stopping => {
                closing.begin(ClosingStage::Saving);
                return jobs.running(directory);
            }
            ClosingStage::Saving => closing.begin(ClosingStage::Over),
            ClosingStage::Over => {}
        }
        Vec::new()
    }

    /// Whether a shutdown is complete. Skips stages in which there is nothing to wait for.
    pub(super) fn is_over(&mut self, jobs: &Jobs, directory: &Directory, link: &StoreLink) -> bool {
        let Some(closing) = &mut self.closing else { return false };
        let has_ended = match closing.stage {
            ClosingStage::Draining => !jobs.are_running(directory) && !is_about_to_start(directory),
            ClosingStage::Stopping => !jobs.are_running(directory),
            ClosingStage::Saving | ClosingStage::Over => false,
        };
        if has_ended {
            closing.begin(ClosingStage::Saving);
        }
        let is_saved = || !link.is_opening() && link.has_no_calls() && jobs.are_written(directory);
        if closing.stage == ClosingStage::Saving && is_saved() {
            closing.begin(ClosingStage::Over);
        }
        closing.stage == ClosingStage::Over
    }

    /// The shutdown is complete.
    pub(super) fn end(&mut self, directory: &Directory, link: &StoreLink) -> Ended {
        self.ended.store(true, Release);
        let (runs, replies) =
            self.closing.take().map(|closing| (closing.runs, closing.replies)).unwrap_or_default();
        let is_ours = |owner: Option<OwnerId>| owner.is_none_or(|owner| owner == link.owner());
        let queued = directory.iter().filter(|entry| entry.plan.is_some()).flat_map(|entry| &entry.runs);
        let queued = queued.filter(|run| run.status == RunStatus::Queued && is_ours(run.owner));
        let mut queued: Vec<RunId> = queued.map(|run| run.id).collect();
        queued.sort_unstable();
        let ended = directory.iter().flat_map(|entry| &entry.ends).map(|end| end.run);
        let unsaved = ended.chain(directory.iter().flat_map(about_to_start)).collect();
        let runs = runs.iter().map(RunHandle::result).collect();
        Ended { report: DrainReport { runs, unsaved, queued }, replies, signals: self.signals.take() }
    }
}

/// What is left after a shutdown.
pub(super) struct Ended {
    pub(super) report: DrainReport,
    /// The callers that wait for the report.
    pub(super) replies: Vec<oneshot::Sender<DrainReport>>,
    pub(super) signals: Option<Signals>,
}

/// Whether jobs start once a commit that is in flight is stored.
fn is_about_to_start(directory: &Directory) -> bool {
    directory.iter().any(|entry| about_to_start(entry).next().is_some())
}

/// The runs whose jobs start once the commit that is in flight is stored.
fn about_to_start(entry: &Entry) -> impl Iterator<Item = RunId> {
    let starts = match &entry.flight {
        Some(Flight::Commit(pending)) => &pending.starts[..],
        Some(Flight::Reload { .. } | Flight::Look) | None => &[],
    };
    starts.iter().copied()
}
