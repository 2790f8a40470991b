//! Periodic work: renewing the lease, taking over runs of dead owners, comparing clocks, pruning history.

use std::sync::Arc;
use std::time::Duration;

use godata_core::{
    Clock as _, OwnerId, PipelineName, PipelineRecord, RunHandle, RunId, StopReason, StoreError,
};
use time::UtcDateTime;

use super::Engine;
use super::directory::Directory;
use super::jobs::{fail_waiters, stop};
use crate::decide::AHEAD;
use crate::entry::{Entry, EntryId};
use crate::recovery::{Opened, Renewed, Rounded};
use crate::{OrchestratorError, logs};

/// How long the cursor of a schedule may be far ahead of the clock, until the schedule continues from now.
const REBASE_AFTER: Duration = Duration::from_secs(60 * 60);

/// How long runs of dead owners wait for their pipeline to be registered, here or by another instance.
pub(super) const ORPHAN_WAIT: Duration = Duration::from_secs(60);

impl Engine {
    /// The store was read, and the waiting commands are carried out; or reading failed, and they are refused.
    pub(super) fn opened(&mut self, opened: Result<Opened, StoreError>) {
        let waiting = std::mem::take(&mut self.waiting);
        self.link.opened(opened.is_ok());
        match opened {
            Ok(Opened { behind, enrolled_at, mut renewal, pipelines, runs, orphans }) => {
                self.link.call_succeeded("open");
                if renewal.valid_for.is_zero() {
                    // Another instance has declared it dead since it enrolled.
                    self.waiting = waiting;
                    return self.lose_owner(self.link.owner(), renewal.lost);
                }
                self.link.is_renewed(enrolled_at, &mut renewal);
                self.link.set_behind(behind);
                self.directory.load(pipelines, runs);
                let found = self.directory.add_orphans(&orphans);
                self.step_all(found);
                self.stop_all(&renewal.cancel);
                waiting.into_iter().for_each(|command| self.handle(command));
                self.step_all(self.directory.ids());
            }
            Err(error) => {
                let source = Arc::new(error);
                self.link.call_failed("open", &source);
                let source = || OrchestratorError::Store { source: Arc::clone(&source) };
                waiting.into_iter().for_each(|command| command.refuse(source()));
            }
        }
    }

    /// Stops runs that were asked to stop through other instances.
    fn stop_all(&mut self, runs: &[RunId]) {
        for run in runs {
            let Some(id) = self.jobs.pipeline_of(*run) else { continue };
            if let Some(entry) = self.directory.entry_mut(id) {
                entry.is_stale = true;
                stop(entry, *run);
            }
            self.step(id);
        }
    }

    pub(super) fn start_round(&mut self) {
        // Even if no call of the store has failed yet: a call may take longer than `done` waits.
        for id in self.jobs.pipelines() {
            self.directory.entry_mut(id).into_iter().for_each(fail_waiters);
        }
        if !self.lifecycle.is_closing() {
            self.jobs.report_stalls(&self.directory);
        }
        if !self.link.is_open() {
            // The store was open before, and could not be opened again.
            if !self.link.is_opening() && self.directory.has_had_entries() {
                self.link.open();
            }
            return;
        }
        self.link.renew();
        self.compare_clock();
        self.interrupt_abandoned_orphans();
        if self.link.is_shared() {
            self.read_inactive();
        }
    }

    /// The rest of a round follows a renewal that has succeeded: only an owner that is alive may declare others dead.
    pub(super) fn renewed(&mut self, renewed: Renewed) {
        let Renewed { owner, sent_at, renewal } = renewed;
        if owner != self.link.owner() {
            return;
        }
        let Some(mut renewal) = self.link.checked("renew", renewal) else { return self.link.renew_again() };
        if renewal.valid_for.is_zero() {
            return self.lose_owner(owner, renewal.lost);
        }
        if self.link.is_renewed(sent_at, &mut renewal) {
            self.rank_anew();
        }
        self.stop_all(&renewal.cancel);
        if self.link.is_open() {
            self.link.start_round(|| self.directory.upstream());
        }
    }

    /// The lease has expired, and nobody knows whether others have taken over the runs. Their jobs are asked to stop.
    pub(super) fn lease_expired(&mut self) {
        self.start_jobs();
        let running = self.jobs.running(&self.directory);
        running.iter().for_each(|run| run.stop_because(StopReason::LeaseLost));
        self.link.lease_expired(running.iter().map(RunHandle::id).collect());
    }

    pub(super) fn finish_round(&mut self, rounded: Rounded) {
        let Rounded { behind, orphans, upstream, forgotten } = rounded;
        if let Some(behind) = self.link.checked("now", behind)
            && self.link.set_behind(behind)
        {
            self.step_all(self.directory.ids());
        }
        if let Some(orphans) = self.link.checked("reap", orphans) {
            let found = self.directory.add_orphans(&orphans);
            self.step_all(found);
        }
        for row in self.link.checked("find_pipeline", upstream).into_iter().flatten() {
            // A pipeline may have succeeded in another instance.
            let rev = row.last_success_rev;
            let followers = self.directory.succeeded(&row.name, rev, |known| known < rev);
            for id in &followers {
                // Other instances have heard of it too, and may have answered it.
                self.directory.entry_mut(*id).into_iter().for_each(|entry| entry.is_stale = true);
            }
            self.step_all(followers);
        }
        if let Some(runs) = self.link.checked("prune", forgotten).filter(|runs| *runs > 0) {
            logs::pruned(runs);
        }
    }

    /// An owner was declared dead. If it is this one, the instance continues under a new id: its jobs are stopped, and its
    /// state is read again.
    pub(super) fn lose_owner(&mut self, owner: OwnerId, lost: Vec<RunId>) {
        if owner != self.link.owner() {
            return;
        }
        // So that these jobs are asked to stop with the others.
        self.start_jobs();
        self.link.replace_owner(self.ids.owner(self.clock.now()), lost);
        for entry in self.directory.iter_mut().filter(|entry| !entry.runs.is_empty()) {
            entry.is_stale = true;
            entry.jobs.iter().filter_map(|job| job.handle.as_ref()).for_each(RunHandle::stop);
        }
        self.link.open();
    }

    /// If the clock was set back, steps all pipelines, because their cursors may be ahead of it now. A schedule whose cursor
    /// stays ahead for an hour, and is still far ahead, continues from now.
    fn compare_clock(&mut self) {
        if let Some(by) = self.link.clock_went_back() {
            logs::clock_set_back(by);
            self.step_all(self.directory.ids());
        }
        let now = self.clock.now();
        let ahead = self.directory.ahead.iter().filter(|(_, since)| since.elapsed() >= REBASE_AFTER);
        let ahead: Vec<_> =
            ahead.map(|(id, _)| *id).filter(|id| is_far_ahead(&self.directory, *id, now)).collect();
        for id in ahead {
            self.directory.ahead.remove(&id);
            self.rebase(id);
        }
    }

    /// Interrupts runs of dead owners whose pipelines no instance has registered meanwhile.
    fn interrupt_abandoned_orphans(&mut self) {
        for pipeline in self.directory.with_waiting_orphans(ORPHAN_WAIT) {
            let id = self.open_entry(pipeline);
            self.directory.adopt_orphans(id, ORPHAN_WAIT);
            self.step(id);
        }
    }

    /// The entry of a pipeline, registered or not.
    pub(super) fn open_entry(&mut self, pipeline: PipelineName) -> EntryId {
        let now = self.clock.now();
        self.directory.open(pipeline, |name| PipelineRecord::new(name, now))
    }

    /// Reads inactive pipelines again. They commit nothing that could conflict, so a change by another instance is only seen by
    /// reading.
    fn read_inactive(&mut self) {
        self.look(self.directory.find(Entry::is_inactive));
    }
}

fn is_far_ahead(directory: &Directory, id: EntryId, now: UtcDateTime) -> bool {
    directory.entry(id).is_some_and(|entry| entry.row.cursor > Some(now.saturating_add(AHEAD)))
}
