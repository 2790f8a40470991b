//! The walk of a pipeline: its state becomes a decision, the decision a commit, and the answer of the store the new state.

use std::sync::Arc;
use std::time::Duration;

use godata_core::{Clock as _, RunId, RunRecord, RunStatus};
use time::UtcDateTime;
use tokio::time::Instant;

use super::Engine;
use super::jobs::{stop, watched_handle};
use crate::command::Answer;
use crate::decide::{Decision, Facts, NOTED, READ_EVERY, Refusal, Request, Verdict, decide, later};
use crate::entry::{Asked, Entry, EntryId, Pending, Replier};
use crate::persist::{StoreAnswer, backoff};
use crate::reconcile::{Effect, Effects, Instance, Wait, lost, reconcile};
use crate::slots::Held;
use crate::{Event, OrchestratorError, ScheduleFault, logs};

/// How many answers of the store are handled before their jobs start.
const MOST_ANSWERS: usize = 32;

impl Engine {
    /// Steps all pipelines whose timers have expired.
    pub(super) fn step_due(&mut self) {
        self.alarm = None;
        let (now, is_shared) = (self.clock.now(), self.link.is_shared());
        let mut to_look_at = Vec::new();
        while let Some(id) = self.directory.timers.pop_due(now) {
            let mut looks = false;
            if let Some(entry) = self.directory.entry_mut(id) {
                let waits_for_others = std::mem::take(&mut entry.reads_before_step);
                looks = is_shared && (waits_for_others || entry.looks_at.is_some_and(|at| at <= now));
                entry.is_stale |= waits_for_others && !is_shared;
                self.jobs.report_overdue(entry, now);
            }
            if looks { to_look_at.push(id) } else { self.step(id) }
        }
        self.look(to_look_at);
    }

    pub(super) fn step_all(&mut self, ids: impl IntoIterator<Item = EntryId>) {
        ids.into_iter().for_each(|id| self.step(id));
    }

    /// Gives free slots to the pipelines that wait for them.
    pub(super) fn give_slots(&mut self) {
        while let Some(id) = self.jobs.slots.next() {
            if let Some(entry) = self.directory.entry_mut(id) {
                entry.is_in_line = false;
            }
            self.step(id);
        }
    }

    /// Puts a request into the queue of its pipeline.
    pub(super) fn queue_request(&mut self, id: EntryId, request: Request, reply: Replier) {
        if let Some(entry) = self.directory.entry_mut(id) {
            entry.ask(request, reply);
            self.step(id);
        }
    }

    /// Decides about a pipeline. While a call of the store is in flight for it, this does nothing: the answer leads to the next
    /// step.
    pub(super) fn step(&mut self, id: EntryId) {
        if !self.link.is_open() {
            return;
        }
        // Each pass but the last has answered a request or stopped a schedule, so this ends.
        while self.decide_once(id) {}
        self.directory.drop_if_idle(id);
    }

    /// Decides once. Returns whether there may be more to decide at once.
    fn decide_once(&mut self, id: EntryId) -> bool {
        let Some(entry) = self.directory.entry_mut(id).filter(|entry| entry.flight.is_none()) else {
            return false;
        };
        if entry.is_stale {
            self.link.read(entry, Duration::ZERO, None);
            return false;
        }
        if self.answer_without_decision(id) {
            return true;
        }
        let now = self.link.now();
        let Some(entry) = self.directory.entry(id) else { return false };
        let standby = self.standby(entry);
        let request = entry.request().filter(|asked| !asked.waits_for_answer());
        let facts = Facts {
            row: &entry.row,
            runs: &entry.runs,
            plan: entry.plan.as_deref(),
            fold: &entry.fold,
            upstream: &entry.upstream,
            ends: &entry.ends,
            request: request.map(|asked| &asked.request),
            orphans: &entry.orphans,
            owner: self.link.owner(),
            now,
            mode: self.lifecycle.mode,
            behind: self.link.behind(),
            slots: self.jobs.slots.free(entry.pool()),
            recovery: self.recovery,
            is_shared: self.link.is_shared(),
            standby,
        };
        let decision = decide(&facts, &mut self.ids);
        self.directory.entry_mut(id).into_iter().for_each(|entry| entry.was_read = false);
        if self.is_to_be_read(id, &decision) {
            let Some(entry) = self.directory.entry_mut(id) else { return false };
            self.link.read(entry, Duration::ZERO, None);
            return false;
        }
        self.watch_cursor(id, now);
        self.carry_out(id, decision)
    }

    /// Whether the first request would be answered by rows that may be out of date: without a commit, which would conflict, in a
    /// store that other instances write to, or because of a run of another orchestrator.
    fn is_to_be_read(&self, id: EntryId, decision: &Decision) -> bool {
        let Some(entry) = self.directory.entry(id) else { return false };
        let owner = self.link.owner();
        let is_of_other =
            |run: RunId| entry.run(run).and_then(|run| run.owner).is_some_and(|other| other != owner);
        let may_be_outdated = match decision.verdict {
            None => false,
            Some(Verdict::Granted) => decision.commit.is_none() && self.link.is_shared(),
            Some(Verdict::Refused(Refusal::AlreadyRunning(run) | Refusal::Duplicate(run))) => {
                self.link.is_shared() || is_of_other(run)
            }
        };
        may_be_outdated && entry.request().is_some_and(|asked| !asked.is_read)
    }

    /// Answers the first request if the answer of the store was lost, or if its pipeline was unregistered meanwhile. Drops it if
    /// its caller has gone away, unless it may have been stored.
    fn answer_without_decision(&mut self, id: EntryId) -> bool {
        let Some(entry) = self.directory.entry_mut(id) else { return false };
        let Some(asked) = entry.request() else { return false };
        if asked.error.is_some() {
            let Some(effect) = lost::settle(entry) else { return false };
            self.apply(id, effect, &mut Held::default());
            return true;
        }
        if asked.reply.is_gone() {
            entry.take_request();
            return true;
        }
        let is_stored = entry.row.rev > 0 && entry.row.removed_at.is_none();
        let needs_plan = match asked.request {
            Request::Cancel(_) | Request::Rebase | Request::Unregister => false,
            Request::Pause | Request::Resume | Request::ResumeFromNow => !is_stored,
            Request::Run(_) | Request::Backfill(_) | Request::Register(_) => true,
        };
        if !needs_plan || entry.plan.is_some() {
            return false;
        }
        let (name, asked) = (entry.name().clone(), entry.take_request());
        let error = self.directory.unknown_pipeline(name.as_str());
        asked.into_iter().for_each(|asked| self.fail(id, asked, error.clone()));
        true
    }

    fn carry_out(&mut self, id: EntryId, mut decision: Decision) -> bool {
        if let Some(fault) = decision.fault {
            self.stop_schedule(id, fault);
        }
        // A refusal, or a grant that changes nothing, is answered now. A grant with a commit is answered when that is durable.
        let is_refused = matches!(decision.verdict, Some(Verdict::Refused(_)));
        let verdict_now = decision.verdict.filter(|_| decision.commit.is_none() || is_refused);
        let Some(entry) = self.directory.entry_mut(id) else { return false };
        decision.superseded.iter().for_each(|run| self.jobs.supersede(entry, *run));
        if let Some(verdict) = verdict_now
            && let Some(asked) = entry.take_request()
        {
            self.answer(id, asked, verdict);
        }
        let Some(entry) = self.directory.entry_mut(id) else { return false };
        let waits_elsewhere = entry.waits_for_run_elsewhere(self.link.owner());
        entry.reads_before_step = decision.waits_for_others || waits_elsewhere;
        entry.looks_at = [entry.looks_at, decision.looks_at].into_iter().flatten().min();
        entry.waits_for_slot = decision.waits_for_slot;
        let pool = entry.pool();
        if decision.waits_for_slot && !entry.is_in_line {
            entry.is_in_line = true;
            self.jobs.slots.wait(pool, id);
        }
        if decision.commit.is_none() {
            entry.fold = decision.fold.clone();
            if let Some(misfired) = decision.misfired.take() {
                logs::misfired(entry.name(), &misfired);
            }
        }
        if decision.schedule_has_ended && !entry.has_ended {
            entry.has_ended = true;
            logs::schedule_ended(entry.name());
        }
        let Some(commit) = decision.commit.or_else(|| lost::fencing_commit(entry, self.link.owner())) else {
            let overdue = entry.jobs.iter().filter_map(|job| job.overdue_at).min();
            entry.give_back_memory();
            self.link.recovered(entry);
            let looks_at = waits_elsewhere.then(|| later(self.clock.now(), READ_EVERY));
            let wake_at = [decision.wake_at, overdue, entry.looks_at, looks_at].into_iter().flatten().min();
            self.directory.timers.set(id, wake_at);
            return verdict_now.is_some() || decision.fault.is_some();
        };
        let pending = Pending {
            slots: self.jobs.slots.take(pool, decision.starts.len()),
            starts: decision.starts,
            stops: decision.stops,
            verdict: decision.verdict.filter(|_| verdict_now.is_none()),
            fold: decision.fold,
            misfired: decision.misfired,
            ends: entry.ends.len(),
        };
        self.link.commit(entry, commit, pending);
        false
    }

    fn stop_schedule(&mut self, id: EntryId, reason: ScheduleFault) {
        let Some(entry) = self.directory.entry_mut(id) else { return };
        let pipeline = entry.name().clone();
        if let Some(plan) = &mut entry.plan {
            Arc::make_mut(plan).code.stop_schedule();
        }
        logs::schedule_stopped(&pipeline, reason);
        self.events.send(|| Event::ScheduleStopped { pipeline, reason });
    }

    /// Remembers since when the cursor has been ahead of the clock, and reports it once. Up to a minute is ignored, because the
    /// clocks of instances differ.
    fn watch_cursor(&mut self, id: EntryId, now: UtcDateTime) {
        let Some(entry) = self.directory.entry(id) else { return };
        let has_schedule = entry.plan.as_ref().is_some_and(|plan| plan.code.schedule.is_some());
        let ahead = entry.row.cursor.filter(|cursor| has_schedule && *cursor > now.saturating_add(NOTED));
        let Some(cursor) = ahead else {
            self.directory.ahead.remove(&id);
            return;
        };
        if self.directory.ahead.contains_key(&id) {
            return;
        }
        let pipeline = entry.name().clone();
        logs::waits_for_clock(&pipeline, cursor);
        self.events.send(|| Event::WaitsForClock { pipeline, cursor });
        self.directory.ahead.insert(id, Instant::now());
    }

    /// Handles an answer of the store, and those that are ready by now. The jobs of all these commits are started together,
    /// because each separate start would wake a worker thread that has just gone to sleep.
    pub(super) fn take_answers(&mut self, first: (EntryId, StoreAnswer)) {
        let mut ids = Vec::new();
        let mut next = Some(first);
        while let Some((id, answer)) = next {
            self.take_answer(id, answer);
            ids.push(id);
            next = if ids.len() < MOST_ANSWERS { self.link.next_ready() } else { None };
        }
        self.start_jobs();
        self.step_all(ids);
    }

    pub(super) fn take_answer(&mut self, id: EntryId, answer: StoreAnswer) {
        if matches!(answer, StoreAnswer::Reloaded(Ok(_))) {
            // Jobs are compared with the rows that were read, so none of them may be about to start.
            self.start_jobs();
        }
        let instance = Instance { owner: self.link.owner(), now: self.clock.now() };
        let Some(entry) = self.directory.entry_mut(id) else { return };
        let Effects { list, mut slots } = reconcile(entry, answer, instance);
        list.into_iter().for_each(|effect| self.apply(id, effect, &mut slots));
        self.jobs.slots.give_back(&mut slots);
    }

    pub(super) fn start_jobs(&mut self) {
        self.jobs.start_all(&mut self.directory, self.lifecycle.closing.as_mut());
    }

    /// Does what follows from an answer of the store. `slots` are reserved for jobs to start.
    fn apply(&mut self, id: EntryId, effect: Effect, slots: &mut Held) {
        let Self { directory, jobs, link, events, .. } = self;
        let Some(entry) = directory.entry_mut(id) else { return };
        let pipeline = || entry.row.name.clone();
        match effect {
            Effect::Edited(before) => {
                logs::edited(entry.name(), before.as_deref(), entry.row.spec.as_deref());
            }
            Effect::Paused => {
                logs::paused(entry.name());
                events.send(|| Event::Paused { pipeline: pipeline() });
            }
            Effect::Resumed => {
                logs::resumed(entry.name());
                events.send(|| Event::Resumed { pipeline: pipeline() });
            }
            Effect::Misfired(misfired) => logs::misfired(entry.name(), &misfired),
            Effect::CancelRequested(run) => events.cancel_requested(entry.name(), run),
            Effect::Active(run, before) => {
                let Some(row) = entry.run(run) else { return };
                logs::written(row, before, entry.plan.as_deref().map(|plan| &*plan.rules));
                if row.status == RunStatus::Queued {
                    events.send(|| Event::Queued(Arc::new(row.clone())));
                }
            }
            Effect::Ended(row, before) => {
                logs::written(&row, before, entry.plan.as_deref().map(|plan| &*plan.rules));
                events.send(|| ended_event(&row));
                jobs.written(entry, &row);
            }
            Effect::Recovered => link.recovered(entry),
            Effect::Answer(asked, verdict) => self.answer(id, asked, verdict),
            Effect::Fail(asked, error) => self.fail(id, asked, error),
            Effect::Start(run) => jobs.will_start(id, run, slots.split_one()),
            Effect::StartLate(run) => {
                let slot = jobs.slots.take(entry.pool(), 1);
                jobs.start(entry, run, slot, self.lifecycle.closing.as_mut());
            }
            Effect::Stop(run) => stop(entry, run),
            Effect::Forget(run) => drop(jobs.forget(entry, run)),
            Effect::EndedElsewhere(row) => jobs.ended_elsewhere(entry, &row),
            Effect::Read(wait, duplicate) => {
                let wait = match wait {
                    Wait::No => Duration::ZERO,
                    Wait::Jitter => Duration::from_millis(5).mul_f64(self.ids.share()),
                    Wait::Backoff => backoff(entry.failures, self.ids.share()),
                };
                link.read(entry, wait, duplicate);
            }
            Effect::StoreFailed(runs, error) => link.failed(entry, runs, &error),
            Effect::OwnerLost(owner) => self.lose_owner(owner, Vec::new()),
            Effect::StoreIsBehind(behind) => {
                link.set_behind(behind);
            }
            Effect::SpecDiffers(stored, registered) => {
                logs::spec_differs(entry.name(), stored.as_deref(), registered.as_deref());
                events.send(|| Event::SpecDiffers { pipeline: pipeline(), stored, registered });
            }
            Effect::UnregisteredElsewhere => {
                logs::unregistered_elsewhere(entry.name());
                events.send(|| Event::Unregistered { pipeline: pipeline(), by_another: true });
                self.directory.remove_plan(id);
            }
            Effect::Rebase => self.rebase(id),
            Effect::Succeeded => {
                let (name, rev) = (pipeline(), entry.row.last_success_rev);
                let followers = self.directory.succeeded(&name, rev, |_known| true);
                self.step_all(followers);
            }
        }
    }

    /// The schedule of a pipeline continues from now.
    pub(super) fn rebase(&mut self, id: EntryId) {
        let Some(entry) = self.directory.entry_mut(id) else { return };
        // Until then, the commit of a request may collide with a key of the old schedule.
        entry.ask_first(Request::Rebase);
        let (pipeline, cursor) = (entry.name().clone(), entry.row.cursor);
        logs::rebased(&pipeline, cursor);
        self.events.send(|| Event::Rebased { pipeline, cursor });
        self.step(id);
    }

    /// Answers a request that was in the queue of a pipeline.
    fn answer(&mut self, id: EntryId, asked: Asked, verdict: Verdict) {
        let Some(entry) = self.directory.entry_mut(id) else { return };
        let pipeline = || entry.row.name.to_string();
        let answer = match (verdict, asked.request) {
            (Verdict::Refused(Refusal::AlreadyRunning(run)), _) => Err(already_running(entry, run)),
            (Verdict::Refused(Refusal::Duplicate(run)), request) => {
                let error = OrchestratorError::Duplicate { pipeline: pipeline(), run };
                let handle = watched_handle(entry, run).filter(|_| matches!(request, Request::Run(_)));
                handle.map(Answer::Run).ok_or(error)
            }
            (Verdict::Granted, Request::Run(run)) => Ok(Answer::Run(self.jobs.handle_of(entry, &run))),
            (Verdict::Granted, Request::Backfill(runs)) => {
                Ok(Answer::Runs(runs.iter().map(|run| run.id).collect()))
            }
            (Verdict::Granted, Request::Unregister) => {
                logs::unregistered(entry.name());
                let pipeline = entry.name().clone();
                self.events.send(|| Event::Unregistered { pipeline, by_another: false });
                self.directory.remove_plan(id);
                Ok(Answer::Done)
            }
            (Verdict::Granted, Request::Register(registered)) => {
                let (pipeline, spec) = (entry.name().clone(), registered.spec.clone());
                let (enabled, paused) = (registered.enabled, entry.row.paused_at.is_some());
                logs::registered(&pipeline, spec.as_deref(), enabled, paused);
                self.events.send(|| Event::Registered { pipeline, spec, enabled, paused });
                Ok(Answer::Done)
            }
            (Verdict::Granted, _) => Ok(Answer::Done),
        };
        asked.reply.answer(answer);
    }

    /// Answers a request with an error. A registration that fails is removed.
    fn fail(&mut self, id: EntryId, asked: Asked, error: OrchestratorError) {
        if matches!((&asked.request, &asked.reply), (Request::Register(_), Replier::Register(_))) {
            self.directory.remove_plan(id);
        }
        asked.reply.answer(Err(error));
    }
}

fn already_running(entry: &Entry, run: RunId) -> OrchestratorError {
    let row = entry.run(run);
    let (status, not_before) = row.map_or((RunStatus::Running, None), |row| (row.status, row.not_before));
    OrchestratorError::AlreadyRunning { pipeline: entry.name().to_string(), run, status, not_before }
}

fn ended_event(run: &RunRecord) -> Event {
    let run = Arc::new(run.clone());
    if run.status == RunStatus::Skipped { Event::Skipped(run) } else { Event::Ended(run) }
}
