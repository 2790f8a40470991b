//! Periodic work: renewing the lease, taking over runs of dead owners, comparing clocks, pruning history.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use godata_core::{Clock as _, OwnerId, PipelineName, Retention, RunId, RunRecord, Store as _, StoreError};
use tokio::time::Instant;

use super::entry::Replier;
use super::{Engine, Stage, Unregistered};
use crate::command::Command;
use crate::decide::{AHEAD, NOTED, Orphan, Request};
use crate::recovery::{LiveOwner, Opened, Renewed, Round, Rounded};
use crate::{Event, OrchestratorError, logs, recovery};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// How long runs of dead owners wait for their pipeline to be registered, here or by another instance.
pub(super) const ORPHAN_WAIT: Duration = Duration::from_secs(60);

impl Engine {
    /// The store was read, and the waiting commands are carried out; or reading failed, and they are refused.
    pub(super) fn opened(&mut self, opened: Result<Opened, StoreError>) {
        let Stage::Opening(waiting, _) = std::mem::replace(&mut self.stage, Stage::Closed(Vec::new())) else {
            return;
        };
        match opened {
            Ok(opened) => {
                self.stage = Stage::Open;
                self.call_succeeded("open");
                self.take_snapshot(opened);
                waiting.into_iter().for_each(|command| self.handle(command));
                self.step_all();
            }
            Err(error) => {
                let source = Arc::new(error);
                self.call_failed("open", &source);
                let source = || OrchestratorError::Store { source: Arc::clone(&source) };
                waiting.into_iter().for_each(|command| command.refuse(source()));
            }
        }
    }

    fn take_snapshot(&mut self, opened: Opened) {
        let Opened { behind, renewal, pipelines, runs, orphans } = opened;
        self.behind = behind;
        self.unregistered.clear();
        let unknown = pipelines.into_iter().filter(|row| !self.names.contains_key(&row.name));
        self.stored = unknown.map(|row| (row.name.clone(), row)).collect();
        for run in runs {
            match self.names.get(&run.pipeline_name) {
                // The entry exists because the owner id changed. It is read again.
                Some(key) => self.mark_stale(*key),
                None => self.unregistered_mut(&run.pipeline_name).runs.push(run),
            }
        }
        self.receive_orphans(&orphans);
        self.stop_all(&renewal.cancel);
    }

    fn unregistered_mut(&mut self, pipeline: &PipelineName) -> &mut Unregistered {
        self.unregistered.entry(pipeline.clone()).or_default()
    }

    /// Takes runs of dead owners. The loop decides about those of registered pipelines; the others wait for a registration.
    fn receive_orphans(&mut self, runs: &[RunRecord]) {
        let mut keys = BTreeSet::new();
        for run in runs {
            let orphan = Orphan { run: run.id, owner: run.owner };
            let key = self.names.get(&run.pipeline_name).copied();
            let entry = key.and_then(|key| Some((key, self.entry(key)?)));
            match entry {
                Some((_, entry)) if entry.orphans.contains(&orphan) => {}
                Some((key, entry)) if entry.plan.is_some() => {
                    entry.orphans.push(orphan);
                    entry.is_stale = true;
                    keys.insert(key);
                }
                _ => self.unregistered_mut(&run.pipeline_name).add(orphan),
            }
        }
        keys.into_iter().for_each(|key| self.step(key));
    }

    fn stop_all(&mut self, runs: &[RunId]) {
        for run in runs {
            if let Some(key) = self.jobs.get(run).copied() {
                self.mark_stale(key);
                self.stop_job(key, *run);
                self.step(key);
            }
        }
    }

    /// Reads the whole store. Commands wait for that.
    pub(super) fn open(&mut self, waiting: Vec<Command>) {
        let (store, clock) = (self.store.clone(), Arc::clone(&self.clock));
        let opened = recovery::open(store, clock, self.owner.id(), self.lease, self.store_timeout);
        self.stage = Stage::Opening(waiting, opened.boxed());
    }

    pub(super) fn start_round(&mut self) {
        // Even if no call of the store has failed yet: a call may take longer than `done` waits.
        let watched: BTreeSet<_> = self.jobs.values().copied().collect();
        watched.into_iter().for_each(|key| self.fail_waiters(key));
        if self.closing.is_none() {
            self.report_stalls();
        }
        match &mut self.stage {
            Stage::Open => {}
            // The store was open before, and could not be opened again.
            Stage::Closed(waiting) if !self.entries.is_empty() => {
                let waiting = std::mem::take(waiting);
                return self.open(waiting);
            }
            Stage::Closed(_) | Stage::Opening(..) => return,
        }
        // Renewed separately: a slow round must not cost the lease.
        if self.renewal.is_none() {
            let renewed =
                recovery::renew(self.store.clone(), self.owner.id(), self.lease, self.store_timeout);
            self.renewal = Some(renewed.boxed());
        }
        self.compare_clock();
        self.interrupt_abandoned_orphans();
        if self.store.shared() {
            self.reload_inactive();
        }
        if self.round.is_some() {
            return;
        }
        let is_hourly = self.pruned_at.is_none_or(|at| at.elapsed() >= HOUR);
        let forget = self.retention().filter(|_| is_hourly);
        if forget.is_some() {
            self.pruned_at = Some(Instant::now());
        }
        let round = Round {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            limit: self.store_timeout,
            upstream: self.followers.keys().cloned().collect::<BTreeSet<_>>().into_iter().collect(),
            forget,
        };
        self.round = Some(round.go().boxed());
    }

    pub(super) fn renewed(&mut self, renewed: Renewed) {
        let Some(renewal) = self.checked("renew", renewed.renewal) else { return };
        if renewal.valid_for.is_zero() {
            self.lose_owner(renewed.owner, renewal.lost);
        } else {
            self.stop_all(&renewal.cancel);
        }
    }

    pub(super) fn finish_round(&mut self, rounded: Rounded) {
        let Rounded { behind, orphans, upstream, forgotten } = rounded;
        if let Some(behind) = self.checked("now", behind) {
            self.follow_clock(behind);
        }
        if let Some(orphans) = self.checked("reap", orphans) {
            self.receive_orphans(&orphans);
        }
        if let Some(rows) = self.checked("find_pipeline", upstream) {
            rows.into_iter().for_each(|row| self.upstream_succeeded(&row.name, row.last_success_rev));
        }
        if let Some(runs) = self.checked("prune", forgotten).filter(|runs| *runs > 0) {
            logs::pruned(runs);
        }
    }

    /// The answer of a call of the store that is about no single pipeline, if it did not fail.
    fn checked<T>(&mut self, call: &'static str, answer: Result<T, StoreError>) -> Option<T> {
        match answer {
            Ok(answer) => {
                self.call_succeeded(call);
                Some(answer)
            }
            Err(error) => {
                self.call_failed(call, &Arc::new(error));
                None
            }
        }
    }

    fn call_succeeded(&mut self, call: &'static str) {
        if self.failing_calls.remove(call) {
            logs::call_recovered(call);
        }
    }

    fn call_failed(&mut self, call: &'static str, error: &Arc<StoreError>) {
        if self.failing_calls.insert(call) {
            logs::call_failed(call, error);
        }
        self.send_store_failed(None, Vec::new(), error);
    }

    /// Due times are judged by the store's clock. If that is less far behind than before, due times come sooner than the timers
    /// are set for: by hours if this clock was ahead and was corrected.
    fn follow_clock(&mut self, behind: Duration) {
        let is_sooner = behind + Duration::from_secs(1) < self.behind;
        self.behind = behind;
        if is_sooner {
            self.step_all();
        }
    }

    /// A pipeline has succeeded in another instance.
    fn upstream_succeeded(&mut self, upstream: &PipelineName, rev: u64) {
        for follower in self.followers.get(upstream).cloned().unwrap_or_default() {
            let Some(entry) = self.entry(follower) else { continue };
            let known = entry.upstream.iter_mut().find(|(name, known)| name == upstream && *known < rev);
            if let Some((_, known)) = known {
                *known = rev;
                self.step(follower);
            }
        }
    }

    /// An owner was declared dead. If it is this one, the instance continues under a new id: its jobs are stopped, and its
    /// state is read again.
    pub(super) fn lose_owner(&mut self, owner: OwnerId, lost: Vec<RunId>) {
        if owner != self.owner.id() {
            return;
        }
        // So that these jobs are asked to stop with the others.
        self.start_jobs();
        self.owner = LiveOwner::new(self.ids.owner(self.clock.now()));
        logs::lease_lost(owner, &lost);
        self.events.send(|| Event::OwnerLost { runs: lost });
        let stale = self.entries.iter_mut().flatten().filter(|entry| !entry.runs.is_empty());
        for entry in stale {
            entry.is_stale = true;
            entry.jobs.iter().filter_map(|job| job.handle.as_ref()).for_each(godata_core::RunHandle::stop);
        }
        self.open(Vec::new());
    }

    /// If the clock was set back, steps all pipelines, because their cursors may be ahead of it now. A schedule whose cursor
    /// stays ahead for an hour, and is still far ahead, continues from now.
    fn compare_clock(&mut self) {
        let now = self.clock.now();
        let went_back = now.saturating_add(NOTED) < self.clock_showed;
        let showed = std::mem::replace(&mut self.clock_showed, now);
        if went_back {
            logs::clock_set_back(showed - now);
            self.step_all();
        }
        let waited = self.ahead.iter().filter(|(_, since)| since.elapsed() >= HOUR);
        for key in waited.map(|(key, _)| *key).collect::<Vec<_>>() {
            if self.entry(key).is_some_and(|entry| entry.row.cursor > Some(now.saturating_add(AHEAD))) {
                self.ahead.remove(&key);
                self.rebase(key);
            }
        }
    }

    pub(super) fn rebase(&mut self, key: usize) {
        let Some(entry) = self.entry(key) else { return };
        let (pipeline, cursor) = (entry.name().clone(), entry.row.cursor);
        logs::rebased(&pipeline, cursor);
        self.events.send(|| Event::Rebased { pipeline, cursor });
        self.queue_request(key, Request::Rebase, Replier::Nobody);
    }

    /// Interrupts runs of dead owners whose pipelines no instance has registered meanwhile.
    fn interrupt_abandoned_orphans(&mut self) {
        let over = self.unregistered.iter().filter(|(_, rows)| rows.has_waited(ORPHAN_WAIT));
        for pipeline in over.map(|(pipeline, _)| pipeline.clone()).collect::<Vec<_>>() {
            let key = self.entry_of(pipeline);
            self.adopt_orphans(key, ORPHAN_WAIT);
            self.step(key);
        }
    }

    /// Gives a pipeline's entry the orphans that have waited at least that long.
    pub(super) fn adopt_orphans(&mut self, key: usize, waited: Duration) {
        let Some(entry) = self.entries.get_mut(key).and_then(Option::as_deref_mut) else { return };
        let Some(rows) = self.unregistered.get_mut(entry.name()) else { return };
        let orphans = rows.take_orphans(waited);
        if rows.is_empty() {
            self.unregistered.remove(entry.name());
        }
        // They may have changed since the store was read.
        entry.is_stale |= !orphans.is_empty();
        entry.orphans.extend(orphans);
    }

    /// Reads inactive pipelines again. They commit nothing that could conflict, so a change by another instance is only seen by
    /// reading.
    fn reload_inactive(&mut self) {
        let entries = self.entries.iter().enumerate();
        let still = entries.filter(|(_, entry)| entry.as_ref().is_some_and(|entry| entry.is_inactive()));
        for key in still.map(|(key, _)| key).collect::<Vec<_>>() {
            self.mark_stale(key);
            self.step(key);
        }
    }

    fn retention(&self) -> Option<Retention> {
        let mut retention = Retention::new();
        retention.keep_newest = self.keep.newest;
        let age = self.keep.age.map(|age| time::Duration::try_from(age).unwrap_or(time::Duration::MAX));
        retention.ended_before = age.map(|age| self.clock.now().saturating_sub(age));
        (retention != Retention::new()).then_some(retention)
    }

    pub(super) fn send_store_failed(
        &self,
        pipeline: Option<PipelineName>,
        runs: Vec<RunId>,
        error: &Arc<StoreError>,
    ) {
        self.events.send(|| Event::StoreFailed { pipeline, runs, error: Arc::clone(error) });
    }
}
