//! The stages of a shutdown.

use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(feature = "signal")]
use std::sync::Arc;
use std::time::Duration;

use godata_core::{Clock as _, RunHandle, RunId, RunStatus, StopReason};
use tokio::sync::oneshot;

use super::entry::{Entry, Flight, Job};
use super::{Engine, Stage};
#[cfg(feature = "signal")]
use crate::OrchestratorError;
use crate::code::wait_for_drops;
#[cfg(feature = "signal")]
use crate::command::Reply;
use crate::decide::{End, Mode, STUCK};
use crate::shutdown::{Closing, ClosingStage};
use crate::signal::{Received, Signals};
use crate::{DrainReport, logs};

impl Engine {
    /// Begins a shutdown: nothing new is decided. During the grace, running jobs may continue, and the jobs of runs whose rows
    /// are being written as `running` may start.
    pub(super) fn close(
        &mut self,
        cause: &'static str,
        grace: Duration,
        reply: Option<oneshot::Sender<DrainReport>>,
    ) {
        let closing = self.begin_shutdown(cause, Some(grace));
        closing.hurry(grace);
        closing.replies.extend(reply);
        self.write_skips();
    }

    /// The last handle is gone. Running jobs continue without a limit, and nobody waits for them.
    pub(super) fn close_when_idle(&mut self) {
        self.has_handles = false;
        self.begin_shutdown("the last handle was dropped", None);
        self.write_skips();
    }

    /// Writes skipped due times that are only in memory, because nothing would write them later.
    fn write_skips(&mut self) {
        let entries = self.entries.iter().enumerate();
        let unsaved = |entry: &Entry| entry.fold.unsaved.is_some();
        let skipping = entries.filter(|(_, entry)| entry.as_deref().is_some_and(unsaved));
        for key in skipping.map(|(key, _)| key).collect::<Vec<_>>() {
            self.step(key);
        }
    }

    fn begin_shutdown(&mut self, cause: &str, grace: Option<Duration>) -> &mut Closing {
        self.mode = Mode::Draining;
        let mut runs = Vec::new();
        if self.closing.is_none() {
            runs = self.running();
            logs::shutdown_began(cause, grace, runs.len());
        }
        let stop_grace = self.runner.stop_grace();
        let closing = self.closing.get_or_insert_with(|| Closing::new(grace, stop_grace, runs));
        closing.replies.append(&mut self.until_signal);
        closing
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
    pub(super) fn signal_came(&mut self, signal: Received) {
        if self.closing.is_some() {
            signal.end_process();
        }
        self.close(signal.name(), self.grace, None);
    }

    /// Begins the next stage, because the deadline of this one has passed.
    pub(super) fn next_stage(&mut self) {
        match self.closing.as_ref().map(|closing| closing.stage) {
            Some(ClosingStage::Draining) => {
                self.running().iter().for_each(|run| run.stop_because(StopReason::Shutdown));
                self.begin_stage(ClosingStage::Stopping);
            }
            Some(ClosingStage::Stopping) => {
                self.give_up_stuck();
                self.begin_stage(ClosingStage::Saving);
            }
            Some(ClosingStage::Saving) => self.begin_stage(ClosingStage::Over),
            Some(ClosingStage::Over) | None => {}
        }
    }

    fn begin_stage(&mut self, stage: ClosingStage) {
        if let Some(closing) = &mut self.closing {
            closing.begin(stage);
        }
    }

    /// Whether a shutdown is complete. Skips stages in which there is nothing to wait for.
    pub(super) fn is_over(&mut self) -> bool {
        let Some(stage) = self.closing.as_ref().map(|closing| closing.stage) else { return false };
        let has_ended = match stage {
            ClosingStage::Draining => self.running().is_empty() && !self.is_about_to_start(),
            ClosingStage::Stopping => self.running().is_empty(),
            ClosingStage::Saving | ClosingStage::Over => false,
        };
        if has_ended {
            self.begin_stage(ClosingStage::Saving);
        }
        let is_saving = self.closing.as_ref().is_some_and(|closing| closing.stage == ClosingStage::Saving);
        if is_saving && self.is_saved() {
            self.begin_stage(ClosingStage::Over);
        }
        self.closing.as_ref().is_some_and(|closing| closing.stage == ClosingStage::Over)
    }

    /// The runs whose jobs are running, by id.
    fn running(&self) -> Vec<RunHandle> {
        let jobs = self.watched_jobs().filter_map(|job| job.handle.clone());
        let mut running: Vec<_> = jobs.collect();
        running.sort_unstable_by_key(RunHandle::id);
        running
    }

    /// Whether jobs start once a commit that is in flight is stored.
    fn is_about_to_start(&self) -> bool {
        self.entries.iter().flatten().any(|entry| match &entry.flight {
            Some(Flight::Commit(pending)) => !pending.starts.is_empty(),
            Some(Flight::Reload { .. }) | None => false,
        })
    }

    fn watched_jobs(&self) -> impl Iterator<Item = &Job> {
        let entry = |key: &usize| self.entries.get(*key).and_then(Option::as_deref);
        self.jobs.iter().filter_map(move |(run, key)| entry(key)?.jobs.iter().find(|job| job.run == *run))
    }

    fn is_saved(&self) -> bool {
        let is_open = !matches!(self.stage, Stage::Opening(..));
        is_open && self.flights.is_empty() && self.watched_jobs().all(|job| job.ended.is_none())
    }

    /// Counts runs that neither stopped nor returned as interrupted.
    fn give_up_stuck(&mut self) {
        let now = self.clock.now();
        for handle in self.running() {
            let (run, started_at) = (handle.id(), handle.started_at());
            let Some(key) = self.jobs.get(&run).copied() else { continue };
            let reason = STUCK.to_owned();
            self.ended(key, End::without_result(run, RunStatus::Interrupted, reason, started_at, now));
            self.step(key);
        }
    }

    /// Reports what became of the runs, and returns the signals. The store is released first, because the caller that gets the
    /// report may open it again.
    pub(super) fn report(mut self: Box<Self>) -> Option<Signals> {
        let signals = self.signals.take();
        let Some(closing) = self.closing.take() else { return signals };
        let entries = || self.entries.iter().flatten();
        let owner = self.owner.id();
        let queued = entries().flat_map(|entry| &entry.runs);
        let queued = queued.filter(|run| run.status == RunStatus::Queued && run.owner == Some(owner));
        let mut queued: Vec<RunId> = queued.map(|run| run.id).collect();
        queued.sort_unstable();
        let unsaved = entries().flat_map(|entry| &entry.ends).map(|end| end.run).collect();
        let runs = closing.runs.iter().map(RunHandle::result).collect();
        let report = DrainReport { runs, unsaved, queued };
        logs::shutdown_ended(&report);
        // Jobs and schedules are foreign code, and may panic when they are dropped.
        drop(catch_unwind(AssertUnwindSafe(|| drop(self))));
        // A job may have a handle of this orchestrator, which keeps the store open.
        wait_for_drops();
        for reply in closing.replies {
            // The caller may have gone away.
            drop(reply.send(report.clone()));
        }
        signals
    }
}
