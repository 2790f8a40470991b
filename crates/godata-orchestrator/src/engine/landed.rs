//! The answers of the store, and what follows from them.

use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use godata_core::{Commit, Committed, PipelineRecord, RunChange, RunId, RunRecord, RunStatus, StoreError};

use super::Engine;
use super::entry::{Asked, Duplicate, Flight, Pending, Replier};
use crate::decide::{Refusal, Request, Verdict};
use crate::persist::{Reloaded, StoreAnswer, backoff};
use crate::{Event, OrchestratorError, logs};

/// How many answers of the store are handled before their jobs start.
const MOST_ANSWERS: usize = 32;

impl Engine {
    /// Handles an answer of the store, and those that are ready by now. The jobs of all these commits are started together,
    /// because each separate start would wake a worker thread that has just gone to sleep.
    pub(super) fn take_answers(&mut self, first: (usize, StoreAnswer)) {
        let mut keys = Vec::new();
        let mut next = Some(first);
        while let Some((key, answer)) = next {
            self.take_answer(key, answer);
            keys.push(key);
            next =
                if keys.len() < MOST_ANSWERS { self.flights.next().now_or_never().flatten() } else { None };
        }
        self.start_jobs();
        for key in keys {
            self.step(key);
        }
    }

    fn take_answer(&mut self, key: usize, answer: StoreAnswer) {
        let Some(flight) = self.entry(key).and_then(|entry| entry.flight.take()) else { return };
        match (flight, answer) {
            (Flight::Commit(pending), StoreAnswer::Committed(commit, Ok(Committed::Done(rev)))) => {
                self.done(key, *pending, *commit, rev);
            }
            (Flight::Commit(mut pending), StoreAnswer::Committed(commit, answer)) => {
                let was_asked = pending.verdict.is_some();
                self.slots.give_back(&mut pending.slots);
                self.not_done(key, &commit, answer, was_asked);
            }
            (Flight::Reload { duplicate }, StoreAnswer::Reloaded(Ok(reloaded))) => {
                // Jobs are compared with the rows that were read, so none of them may be about to start.
                self.start_jobs();
                self.reloaded(key, *reloaded, duplicate);
            }
            (Flight::Reload { .. }, StoreAnswer::Reloaded(Err(error))) => {
                let error = self.failed(key, Vec::new(), error);
                self.answer_unconfirmed(key, &error);
                self.try_later(key);
            }
            (Flight::Commit(_), StoreAnswer::Reloaded(_))
            | (Flight::Reload { .. }, StoreAnswer::Committed(..)) => {}
        }
    }

    /// A commit is durable. Carries out what follows from it.
    fn done(&mut self, key: usize, pending: Pending, commit: Commit, rev: u64) {
        let Some(entry) = self.entries.get_mut(key).and_then(Option::as_deref_mut) else { return };
        let before = std::mem::replace(&mut entry.row, commit.pipeline);
        entry.row.rev = rev;
        logs::edited(&before, &entry.row);
        logs::paused_or_resumed(&before, &entry.row);
        if let Some(misfired) = &pending.misfired {
            logs::misfired(entry.name(), misfired);
        }
        let open_skip = std::mem::replace(&mut entry.fold, pending.fold).stored;
        entry.ends.drain(..pending.ends);
        let mut ended = Vec::new();
        for run in commit.runs.into_iter().map(RunChange::into_run) {
            let place = entry.runs.iter().position(|other| other.id == run.id);
            let before = place.map(|place| entry.runs.remove(place));
            let before = before.as_ref().or(open_skip.as_deref().filter(|row| row.id == run.id));
            let was_not_asked = before.is_some_and(|before| before.cancel_requested_at.is_none());
            if was_not_asked && run.cancel_requested_at.is_some() && !entry.is_cancel_logged(run.id) {
                logs::cancel_requested(&run.pipeline_name, run.id);
            }
            logs::written(&run, before, entry.plan.as_ref().map(|plan| &*plan.rules));
            if run.status.is_terminal() {
                let job = entry.job(run.id).filter(|job| job.handle.is_none());
                ended.extend(job.map(|job| (job.run, run.status)));
                self.events.send(|| ended_event(&run));
                let job = entry.job(run.id).and_then(|job| job.waiter.as_mut());
                if let Some(waiter) = job {
                    waiter.end(run.status, run.error, None);
                }
            } else {
                if run.status == RunStatus::Queued {
                    self.events.send(|| Event::Queued(Arc::new(run.clone())));
                }
                entry.runs.push(run);
            }
        }
        entry.orphans.retain(|orphan| entry.runs.iter().any(|run| orphan.is(run)));
        self.recovered(key);
        for (run, status) in ended {
            self.job_is_written(key, run, status);
        }
        if let Some(verdict) = pending.verdict {
            self.answer(key, verdict);
        }
        let mut slots = pending.slots;
        for run in pending.starts {
            self.starting.push((key, run, slots.split_one()));
        }
        for run in pending.stops {
            self.stop_job(key, run);
        }
        self.notify_followers(key, &before);
    }

    fn not_done(
        &mut self,
        key: usize,
        commit: &Commit,
        answer: Result<Committed, StoreError>,
        was_asked: bool,
    ) {
        match answer {
            Ok(Committed::NotYet(store_shows)) => {
                let ahead = self.clock.now() - store_shows;
                self.behind = Duration::try_from(ahead).unwrap_or_default().max(Duration::from_millis(1));
            }
            Ok(Committed::Duplicate(run)) => {
                let inserted = commit.runs.iter().filter(|change| matches!(change, RunChange::Insert(_)));
                let keys = inserted.map(|change| change.run().key.clone()).collect();
                self.reload(key, Duration::ZERO, Some(Duplicate { run, keys }));
            }
            Ok(Committed::OwnerLost) => {
                self.lose_owner(commit.owner, Vec::new());
                self.mark_stale(key);
            }
            Ok(Committed::Done(_)) => {}
            // A conflict, or an answer that this version does not know.
            Ok(_) => {
                // Read again at once. A short random wait keeps two instances from conflicting again and again.
                let wait = Duration::from_millis(5).mul_f64(self.ids.share());
                self.reload(key, wait, None);
            }
            Err(error) => self.commit_failed(key, commit, error, was_asked),
        }
    }

    /// A caller waits until it is known whether the commit of its request was made. A commit that fails does not show that. If
    /// the next one fails too, the caller gets [`OrchestratorError::Unconfirmed`].
    fn commit_failed(&mut self, key: usize, commit: &Commit, error: StoreError, was_asked: bool) {
        let is_refused = matches!(error, StoreError::Invalid { .. });
        let runs = commit.runs.iter().map(|change| change.run().id).collect();
        let error = self.failed(key, runs, error);
        if let Some(entry) = self.entry(key) {
            if !is_refused {
                entry.unconfirmed_rev = Some(commit.pipeline.rev);
            }
            let waits = entry.asked.first().is_some_and(Asked::waits_for_answer);
            match entry.asked.first_mut() {
                Some(_) if was_asked && is_refused => {
                    self.answer_error(key, OrchestratorError::Store { source: error });
                }
                Some(asked) if was_asked => asked.error = Some(error),
                Some(_) if waits => self.answer_unconfirmed(key, &error),
                _ => {}
            }
        }
        self.try_later(key);
    }

    pub(super) fn mark_stale(&mut self, key: usize) {
        if let Some(entry) = self.entry(key) {
            entry.is_stale = true;
        }
    }

    /// Records that the store has failed for a pipeline.
    fn failed(&mut self, key: usize, runs: Vec<RunId>, error: StoreError) -> Arc<StoreError> {
        let error = Arc::new(error);
        if let Some(entry) = self.entry(key) {
            entry.failures = entry.failures.saturating_add(1);
            entry.error = Some(Arc::clone(&error));
            let pipeline = entry.name().clone();
            if self.failing_pipelines.insert(key) {
                logs::store_failed(&pipeline, &runs, &error);
            }
            self.send_store_failed(Some(pipeline), runs, &error);
        }
        error
    }

    /// The pipeline has nothing left to write.
    pub(super) fn recovered(&mut self, key: usize) {
        if self.failing_pipelines.remove(&key)
            && let Some(entry) = self.entry(key)
        {
            logs::store_recovered(entry.name(), entry.failures);
            (entry.failures, entry.error) = (0, None);
        }
    }

    fn try_later(&mut self, key: usize) {
        let failures = self.entry(key).map_or(0, |entry| entry.failures);
        let wait = backoff(failures, self.ids.share());
        self.reload(key, wait, None);
    }

    /// Answers the first request, so that its caller need not wait until the store is back.
    fn answer_unconfirmed(&mut self, key: usize, error: &Arc<StoreError>) {
        let Some(asked) = self.entry(key).and_then(|entry| entry.asked.first()) else { return };
        if matches!(asked.reply, Replier::Nobody) {
            return;
        }
        let run = asked.request.runs().first().map(|run| run.id);
        let source = Arc::clone(error);
        let error = match asked.error.is_some() {
            true => OrchestratorError::Unconfirmed { run, source },
            false => OrchestratorError::Store { source },
        };
        self.answer_error(key, error);
    }

    /// A pipeline was read. Reconciles its state with the rows.
    fn reloaded(&mut self, key: usize, reloaded: Reloaded, duplicate: Option<RunId>) {
        let owner = self.owner.id();
        let Reloaded { row, runs, settled } = reloaded;
        let Some(entry) = self.entries.get_mut(key).and_then(Option::as_deref_mut) else { return };
        let is_gone = row.is_none();
        let row = row.unwrap_or_else(|| PipelineRecord::new(entry.name().clone(), self.clock.now()));
        let before = std::mem::replace(&mut entry.row, row);
        logs::paused_or_resumed(&before, &entry.row);
        entry.runs = runs;
        entry.is_stale = false;
        let open_skip = settled.iter().find(|run| entry.row.open_skip == Some(run.id));
        entry.fold.stored = open_skip.cloned().map(Arc::new);
        if entry.row.cursor != before.cursor || entry.row.spec_since != before.spec_since {
            entry.fold.unsaved = None;
        }
        entry.orphans.retain(|orphan| entry.runs.iter().any(|run| orphan.is(run)));
        let is_written = |end: &RunStatus, row: &RunRecord| {
            row.owner == Some(owner)
                && (row.status == *end || *end == RunStatus::Interrupted && row.status == RunStatus::Canceled)
        };
        let mut written = Vec::new();
        entry.ends.retain(|end| {
            let row = settled.iter().find(|row| row.id == end.run);
            let is_written = row.is_some_and(|row| is_written(&end.status, row));
            written.extend(is_written.then_some(end.run));
            !is_written
        });
        for run in written {
            if let Some(row) = settled.iter().find(|row| row.id == run) {
                logs::written(row, None, None);
                self.events.send(|| ended_event(row));
                self.job_is_written(key, run, row.status);
            }
        }
        if is_gone {
            self.restore(key);
        }
        if let Some(entry) = self.entry(key) {
            entry.keep_stored_spec();
        }
        self.compare_spec(key, &before);
        self.compare_removal(key, &before);
        self.reconcile_jobs(key, &settled);
        if let Some(run) = duplicate {
            self.resolve_duplicate(key, run, &settled);
        }
        self.answer_granted_request(key, &settled);
        self.notify_followers(key, &before);
    }

    /// The row of a registered pipeline was removed. Registers it again.
    fn restore(&mut self, key: usize) {
        let Some(entry) = self.entry(key) else { return };
        let is_asked = entry.asked.iter().any(|asked| matches!(asked.request, Request::Register(_)));
        if let Some(plan) = entry.plan.as_ref().filter(|_| !is_asked) {
            let request = Request::Register(Arc::clone(&plan.registered));
            entry.asked.insert(0, Asked { request, reply: Replier::Nobody, error: None });
        }
    }

    fn compare_spec(&mut self, key: usize, before: &PipelineRecord) {
        let Some(entry) = self.entry(key) else { return };
        let Some(plan) = &entry.plan else { return };
        let registered = plan.registered.spec.clone();
        let stored = entry.row.spec.clone();
        if before.spec == registered && stored != registered {
            let pipeline = entry.name().clone();
            logs::spec_differs(&pipeline, stored.as_deref(), registered.as_deref());
            self.events.send(|| Event::SpecDiffers { pipeline, stored, registered });
        }
    }

    /// Handles a removal by another instance, or a removal that was stored after its caller was answered.
    fn compare_removal(&mut self, key: usize, before: &PipelineRecord) {
        let Some(entry) = self.entry(key) else { return };
        let is_ours = entry.asked.iter().any(|asked| match asked.request {
            Request::Register(_) => true,
            Request::Unregister => asked.error.is_some(),
            _ => false,
        });
        if entry.row.removed_at.is_none() || before.removed_at.is_some() || entry.plan.is_none() || is_ours {
            return;
        }
        let pipeline = entry.name().clone();
        self.remove_plan(key);
        logs::unregistered_elsewhere(&pipeline);
        self.events.send(|| Event::Unregistered { pipeline });
    }

    /// Reconciles the jobs with the rows that were read. Stops jobs whose runs belong to another instance or were asked to
    /// stop, starts jobs whose start turns out to be committed, and ends the wait for runs that other instances have ended.
    fn reconcile_jobs(&mut self, key: usize, settled: &[RunRecord]) {
        let owner = self.owner.id();
        let Some(entry) = self.entry(key) else { return };
        let mut gone = Vec::new();
        for job in &mut entry.jobs {
            let row = entry.runs.iter().find(|run| run.id == job.run);
            let is_ours = row.is_some_and(|row| row.owner == Some(owner));
            let was_stopped = row.is_some_and(|row| row.cancel_requested_at.is_some());
            match &job.handle {
                Some(handle) if !is_ours || was_stopped => handle.stop(),
                None if job.ended.is_none() && !is_ours => gone.push(job.run),
                _ => {}
            }
        }
        let is_missing = |run: &&RunRecord| {
            let job = entry.jobs.iter().find(|job| job.run == run.id);
            let is_known = job.is_some_and(|job| job.handle.is_some() || job.ended.is_some());
            run.status == RunStatus::Running && run.owner == Some(owner) && !is_known
        };
        let missing: Vec<_> = entry.runs.iter().filter(is_missing).map(|run| run.id).collect();
        let pool = entry.pool();
        for run in gone {
            let row = settled.iter().find(|row| row.id == run && row.status.is_terminal());
            match row {
                Some(row) => self.job_was_ended(key, row),
                None => drop(self.forget_job(key, run)),
            }
        }
        // A caller that asked for one of them is answered first, and gets the handle under which the job starts.
        let asked = self.entry(key).and_then(|entry| entry.asked.first());
        if asked.is_some_and(|asked| asked.request.runs().iter().any(|run| missing.contains(&run.id))) {
            self.answer(key, Verdict::Granted);
        }
        for run in missing {
            let slot = self.slots.take(pool, 1);
            self.start(key, run, slot);
        }
    }

    /// A row was to be inserted whose key exists already.
    fn resolve_duplicate(&mut self, key: usize, duplicate: RunId, settled: &[RunRecord]) {
        let Some(entry) = self.entry(key) else { return };
        let Some(row) = entry.runs.iter().chain(settled).find(|run| run.id == duplicate) else { return };
        let (text, run) = (row.key.as_str().to_owned(), row.key.clone());
        let asked = entry.asked.first();
        if asked.is_some_and(|asked| asked.request.runs().iter().any(|asked| asked.key == run)) {
            return self.answer(key, Verdict::Refused(Refusal::Duplicate(duplicate)));
        }
        if text.starts_with("after/") {
            // The upstream row was removed and created again, and its revs start over. The next success counts.
            entry.upstream.iter_mut().for_each(|(_, rev)| *rev = 0);
        } else if text.starts_with("due/") {
            self.rebase(key);
        }
    }

    /// Answers a request that was granted by a commit with a lost answer, and whose runs have ended since.
    fn answer_granted_request(&mut self, key: usize, settled: &[RunRecord]) {
        let Some(asked) = self.entry(key).and_then(|entry| entry.asked.first()) else { return };
        let happened = |run: &RunRecord| settled.iter().any(|row| row.id == run.id);
        match &asked.request {
            Request::Backfill(runs) if runs.first().is_some_and(happened) => {
                self.answer(key, Verdict::Granted);
            }
            Request::Run(run) if happened(run) => {
                let run = run.id;
                let pipeline = self.entry(key).map(|entry| entry.name().to_string()).unwrap_or_default();
                self.answer_error(key, OrchestratorError::Duplicate { pipeline, run });
            }
            _ => {}
        }
    }

    /// Tells the pipelines that run after this one about a success.
    pub(super) fn notify_followers(&mut self, key: usize, before: &PipelineRecord) {
        let Some(entry) = self.entry(key) else { return };
        let rev = entry.row.last_success_rev;
        if rev == before.last_success_rev {
            return;
        }
        let name = entry.name().clone();
        for follower in self.followers.get(&name).cloned().unwrap_or_default() {
            if let Some(entry) = self.entry(follower) {
                let known = entry.upstream.iter_mut().filter(|(upstream, _)| *upstream == name);
                known.for_each(|(_, known)| *known = rev);
                self.step(follower);
            }
        }
    }
}

fn ended_event(run: &RunRecord) -> Event {
    let run = Arc::new(run.clone());
    if run.status == RunStatus::Skipped { Event::Skipped(run) } else { Event::Ended(run) }
}
